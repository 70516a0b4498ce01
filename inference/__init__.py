"""How an answer is computed. Knows no Gradio, and imports torch only when a model loads.

engine = Engine(catalog.entries(), Settings())
answer = await engine.predict("classification/cifar10", picture, top_k=5)
async for event in engine.stream("text/shakespeare", "To be"): ...

What it refuses and why: `inference.errors`.
"""

from inference.batching import Answer
from inference.engine import Engine
from inference.settings import Settings

__all__ = ["Answer", "Engine", "Settings"]
