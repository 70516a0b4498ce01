"""An engine that writes at once, with models that know the same few words: for tests of the tab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fake_engine
import numpy as np

from pretrained import catalog
from pretrained.errors import ViewUnsupported
from pretrained.text.piece import Piece

LATIN = "\n !',-.:;?" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "abcdefghijklmnopqrstuvwxyz"
CHINESE = "\n，。？春夏秋冬风花雪月明江山水白云来去一二三四"
VERSE = "Speak, speak: the night is long and I am here.\n"
POEM = "春风来去水，明月白云山。秋水江山去，冬来一雪花。"
TRACKING = [
    {"property": "inside_name", "layer": 1, "cell": 4, "r": -0.92, "n": 2000, "split": "half"},
    {"property": "line_position", "layer": 0, "cell": 2, "r": 0.78, "n": 2000, "split": "half"},
]


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A writer without weights."""
    usual = {"max_batch": 16, "begin": "\n", "parameters": 1_900_000}
    return fake_engine.entry(root, key, **usual | config)


class FakeEngine(fake_engine.FakeEngine):
    """``gate``: the writing waits for it after ``free`` characters."""

    def __init__(self, root: Path) -> None:
        latin = {"characters": LATIN, "kind": "verse", "tracking": TRACKING}
        chinese = {"characters": CHINESE, "kind": "quatrains"}
        found = [
            entry(root, "text/shakespeare", **latin),
            entry(root, "text/tang", **chinese),
            fake_engine.hub_entry(
                "text/now", "Now-135M", bytes=269_000_000, parameters=134_500_000
            ),
        ]
        super().__init__({one.key: one for one in found})
        self.begun: list[tuple[str, str, dict[str, Any]]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.closed = self.held = 0
        self.refusing: dict[str, Exception] = {}
        self.free = 8
        self.breaking: Exception | None = None  # what a writing ends in after ``free`` characters
        self.cuts = False  # whether the last character of a text is within a line

    async def stream(self, key: str, prompt: str, **options: Any) -> AsyncIterator[Piece]:
        self.known(key)
        self.begun.append((key, prompt, options))
        try:
            with self.answering():
                text = POEM if key == "text/tang" else VERSE * 50
                for place, character in enumerate(text[: options["length"]]):
                    if self.breaking and place >= self.free:
                        raise self.breaking
                    if self.gate and place >= self.free:
                        self.held += 1
                        await self.gate.wait()
                    await asyncio.sleep(0)
                    last = place == min(len(text), options["length"]) - 1
                    yield Piece(character, (0.5,), cut=self.cuts and last)
        finally:
            self.closed += 1

    async def predict(self, key: str, text: str, *, view: str, **options: Any) -> Any:
        self.known(key)
        self.asked.append((key, view, text))
        if view in self.refusing:
            raise self.refusing[view]
        if key == "text/now" and view in ("memory", "gates", "copies"):
            raise ViewUnsupported(model=key, view=view)
        await asyncio.sleep(0)
        return getattr(self, view)(text, **options)

    def nll(self, text: str) -> dict[str, Any]:
        nats = [8.0 if c.isupper() else 0.1 for c in text]
        likely = [[(c, 0.6), ("\n", 0.2), (" ", 0.1), ("", 0.05), ("<", 0.05)] for c in text]
        return {"characters": list(text), "nats": nats, "probabilities": likely, "unknown": []}

    def probabilities(self, text: str, top_k: int = 12) -> dict[str, Any]:
        best = [("e", 0.5), (" ", 0.2), ("\n", 0.1), ("<", 0.05), ("", 0.01)]
        return {"probabilities": best, "rest": 0.14, "entropy": 1.2, "unknown": []}

    def memory(self, text: str) -> dict[str, Any]:
        cells = np.zeros((len(text), 8), dtype=np.float32)
        layers = [{"cells": cells}, {"cells": cells}]
        return {"characters": list(text), "layers": layers, "tracking": TRACKING}

    def gates(self, text: str, layer: int, cell: int) -> dict[str, Any]:
        rise = list(np.linspace(-3, 3, len(text)))
        half = [0.5] * len(text)
        rows = {"input": half, "forget": [0.9] * len(text), "output": half, "candidate": half}
        return {"characters": list(text), "cell": rise, **rows}

    def copies(self, text: str) -> dict[str, Any]:
        run = {"start": 7, "length": 22}
        where = {"work": "Hamlet <b>", "share": 0.34}
        return {"longest": 22, "start": 7, "where": where, "runs": [run], "least": 20}
