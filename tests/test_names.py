"""Names are the field's words: a reader can look every one of them up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("demos", "inference", "jobs", "pretrained", "training", "experiments", "benchmarks")
SOURCES = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]
SOURCES.append(ROOT / "app.py")
#: Words of our own that once stood for a term of the field: no name has them as a part.
REPLACED = {
    "halt": "cancellation",
    "pulse": "heartbeat",
    "turns": "streaming",
    "sight": "visibility",
    "bell": "wakeup",
    "lane": "worker",
    "contract": "protocols",
    "arrival": "LoadRequest",
    "settle": "evict_due",
    "door": "endpoint",
    "doors": "api",
    "teach": "train",
    "odds": "probabilities",
    "chance": "rng",
    "surprise": "nll",
    "taste": "SamplingParams",
    "rung": "Variant",
    "rungs": "variants",
    "ladder": "ablation",
    "papers": "metadata",
    "detecting": "DetectionTask",
    "remember": "init_forget_bias",
    "loudness": "embed_scale",
    "captured": "CudaGraphStep",
    "judge": "discriminator",
    "road": "inference_steps",
    "twin": "attention_ablation",
}
#: Ordinary words that named a module in a sense of its own.
MODULES = {
    "find",
    "write",
    "translate",
    "draw",
    "exact",
    "undo",
    "finish",
    "offer",
    "hands",
    "game",
}
MODULES |= {"why", "others", "thread", "kept", "tuning", "frame", "halt", "utils", "helpers"}
#: Names that a class no longer has.
CLASSES = {"Live", "Arrival", "Taste", "Sight", "Place", "Game", "Detecting", "Denoising", "Tuning"}


def parts(name: str) -> set[str]:
    """The words of an identifier: ``on_sightOf`` has on, sight and of."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names(path: Path) -> Iterator[tuple[int, str]]:
    """The names that a file gives to classes, functions and parameters, with their lines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        if isinstance(node, ast.ClassDef):  # a dataclass takes its fields as parameters
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield field.lineno, field.target.id


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_is_a_word_of_our_own(path: Path) -> None:
    modules = [part.removesuffix(".py") for part in path.relative_to(ROOT).parts[1:]]
    assert not set(modules) & MODULES, f"{path}: no module bears this name"
    for line, name in [*((0, module) for module in modules), *names(path)]:
        found = parts(name) & set(REPLACED)
        assert not found, f"{path}:{line}: {name}: say {[REPLACED[word] for word in found]}"
        assert name not in CLASSES, f"{path}:{line}: class {name}"


def test_the_words_are_told_apart() -> None:
    assert parts("on_sightOf") == {"on", "sight", "of"} and parts("CudaGraphStep") == {
        "cuda", "graph", "step"
    }  # fmt: skip
