"""A wish being granted: samples written at the same time, line by line, then read by the reader.

Each line of each sample is one of the engine's live generations, so that all visitors' pens advance
in one step. Whatever ends the reading of a generator here closes its generations at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from demos.text.pen_asked import PEN, READER, Asked
from inference.errors import Refusal

EVERY = 0.25  # seconds between two updates of a page: at most four a second (see FACTS)
HUNDREDTHS = 100  # of an x-height: what a place is rounded to on its way to the page


class Ink(NamedTuple):
    """One point as the page needs it: the way from the point before, in x-heights, y down."""

    dx: float
    dy: float
    up: bool


@dataclass
class Line:
    """One line: what it says and the points so far; ``sent`` is them as the page reads them."""

    text: str
    points: list[Ink] = field(default_factory=list)
    sent: str = ""
    _x: float = 0.0
    _y: float = 0.0
    _at: tuple[int, int] = (0, 0)

    def add(self, dx: float, dy: float, up: bool) -> None:
        """Places are rounded, not ways, so that a long line does not drift."""
        self.points.append(Ink(dx, dy, up))
        self._x, self._y = self._x + dx, self._y + dy
        place = round(self._x * HUNDREDTHS), round(self._y * HUNDREDTHS)
        self.sent += f"{place[0] - self._at[0]},{place[1] - self._at[1]}{'/' if up else ''} "
        self._at = place

    def places(self) -> np.ndarray:
        """The points as [T, 3]: x and y in x-heights from the left end of the baseline, and up."""
        points = np.array(self.points, dtype=float).reshape(-1, 3)
        points[:, :2] = points[:, :2].cumsum(0)
        return points


@dataclass
class Sample:
    """One of the samples: its lines, and what the reader reads in them once they are written."""

    number: int
    lines: list[Line] = field(default_factory=list)
    written: bool = False
    read: tuple[str, ...] | Refusal | None = None
    done: bool = False


async def writing(
    engine: Any, wish: Asked, every: float = EVERY, *, read: bool = True
) -> AsyncIterator[list[Sample]]:
    """The samples as they grow: the same list each time, first as soon as there is ink.

    Raises a `Refusal` of the engine or of the pen; one of the reader stands in ``Sample.read``.
    """
    samples = [Sample(number) for number in range(wish.samples)]
    news = asyncio.Event()

    async def write(sample: Sample) -> None:
        try:
            for text in wish.lines:
                line = Line(text)
                sample.lines.append(line)
                stream = engine.stream(PEN, text, **wish.options(sample.number))
                async with aclosing(stream) as steps:
                    async for points in steps:
                        for point in points:
                            line.add(float(point.dx), float(point.dy), bool(point.up))
                        news.set()
            sample.written = True
            news.set()
            if read:
                sample.read = await reading(engine, sample.lines)
        finally:
            sample.done = True
            news.set()

    tasks = [asyncio.ensure_future(write(sample)) for sample in samples]
    try:
        while not all(sample.done for sample in samples) or news.is_set():
            await news.wait()
            news.clear()
            for task in tasks:
                if task.done():
                    task.result()
            yield samples
            if not all(sample.done for sample in samples):
                await asyncio.wait(tasks, timeout=every)
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def reading(engine: Any, lines: Sequence[Line]) -> tuple[str, ...] | Refusal | None:
    """What the reader, which was trained apart, reads in each line; None where there is none."""
    if READER not in engine.entries:
        return None
    try:
        asked = (engine.predict(READER, line.places()) for line in lines if line.points)
        return tuple(str(said["text"]) for said in await asyncio.gather(*asked))
    except Refusal as error:
        return error


#: The seed that writes one word well in most of the hands, as the reader reads it.
WORD_SEED = 34


async def one_word(engine: Any, word: str, style: int) -> str:
    """A word in one of the model's hands, as the page reads it: for the thumbnails."""
    line = Line(word)
    async with aclosing(engine.stream(PEN, word, style=style, bias=1.0, seed=WORD_SEED)) as steps:
        async for points in steps:
            for point in points:
                line.add(float(point.dx), float(point.dy), bool(point.up))
    return line.sent
