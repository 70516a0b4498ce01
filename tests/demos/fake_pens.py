"""An engine with a pen and a reader that are none: loops for letters, always the same."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import fake_engine
import numpy as np
from fake_engine import FakeEngine

from inference.errors import Refusal
from pretrained import catalog

PEN, READER = "handwriting/pen", "handwriting/reader"
POINTS = 9  # a letter
HANDS = 3


class Point(NamedTuple):
    """As the served pen gives them."""

    dx: float
    dy: float
    up: bool
    at: int
    window: tuple[float, ...] | None = None
    mixture: tuple[tuple[float, ...], ...] | None = None


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A pen, or a reader, without weights."""
    known = "".join(c for c in map(chr, range(32, 127)) if c not in "[]{}^~`|\\<>_")
    usual = {"max_batch": 16, "parameters": 1_234_567, "characters": known}
    return fake_engine.entry(root, key, **usual | config)


def letter(character: str, number: int, letters: int, seed: int) -> list[Point]:
    """Loops whose size tells the letter; a blank moves on."""
    if character == " ":
        return []
    size = 0.35 + (ord(character) % 7) / 12
    turn = 2 * math.pi / (POINTS - 1)
    points = []
    for i in range(POINTS):
        window = [0.0] * letters
        window[number] = 0.75
        window[min(number + 1, letters - 1)] += 0.25 * i / POINTS
        dx = 0.09 + size * 0.45 * math.cos(i * turn + 0.01 * (seed % 7))
        dy = size * 0.6 * math.sin(i * turn) * (-1 if number % 2 else 1)
        mixture = tuple((0.4 - 0.1 * k, dx + 0.1 * k, dy, 0.2, 0.1, 0.3) for k in range(4))
        points.append(Point(dx, dy, i == POINTS - 1, number, tuple(window), mixture))
    return points


class FakePens(FakeEngine):
    """``pause``: seconds between two points; ``gate``: what every point waits for."""

    def __init__(self, root: Path, pause: float = 0) -> None:
        styles = [{"name": f"Hand {n + 1}"} for n in range(HANDS)]
        super().__init__({PEN: entry(root, PEN, styles=styles), READER: entry(root, READER)})
        self.pause = pause
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.read: list[Any] = []
        self.misread: dict[str, str] = {}  # what is written: what the reader reads
        self.texts: dict[int, str] = {}  # by the number of strokes that they take

    async def stream(self, key: str, text: str, **options: Any) -> AsyncIterator[tuple[Point, ...]]:
        self.asked.append((text, options))
        self.texts[sum(c != " " for c in text)] = text
        with self.answering():
            for number, character in enumerate(text):
                x = 0.5 if character == " " else 0.3
                points = letter(character, number, len(text), options["seed"])
                for i, point in enumerate(points):
                    await asyncio.sleep(self.pause)
                    await self.turn()
                    if "stream" in self.failing:
                        raise self.failing["stream"]
                    moved = point._replace(dx=point.dx + x) if i == 0 else point
                    yield (moved,)

    async def predict(self, key: str, strokes: np.ndarray, **options: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        if isinstance(self.failing.get(key), Refusal):
            raise self.failing[key]
        self.read.append(strokes)
        said = self.texts[int(strokes[:, 2].sum())]
        return {"text": self.misread.get(said, said), "confidence": 0.9}
