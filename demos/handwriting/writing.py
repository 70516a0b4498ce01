"""A wish being granted: samples written at the same time, line by line, then read by the reader.

Each line of each sample is one of the engine's live generations, so that all visitors' pens advance
in one step. Whatever ends the reading of a generator here closes its generations at once.

The reader was trained apart from the pen, on real handwriting alone, so that it tells how legible
the pen is; and it errs itself, on real writing by people too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demos import page
from demos.handwriting.request import PEN, READER, Asked
from demos.language import Say
from inference import Engine
from inference.errors import Refusal

EVERY = 0.25  # seconds between two updates of a page: at most four a second
HUNDREDTHS = 100  # of an x-height: what a place is rounded to on its way to the page
BLANK = "␣"  # a blank that is wrong must be seen


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

    def places(self) -> NDArray[np.float64]:
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
    engine: Engine, wish: Asked, every: float = EVERY, *, read: bool = True
) -> AsyncGenerator[list[Sample], None]:
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
                stream = engine.stream(wish.key, text, **wish.options(sample.number))
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


async def reading(engine: Engine, lines: Sequence[Line]) -> tuple[str, ...] | Refusal | None:
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


async def one_word(engine: Engine, word: str, style: int) -> str:
    """A word in one of the model's hands, as the page reads it: for the thumbnails."""
    line = Line(word)
    async with aclosing(engine.stream(PEN, word, style=style, bias=1.0, seed=WORD_SEED)) as steps:
        async for points in steps:
            for point in points:
                line.add(float(point.dx), float(point.dy), bool(point.up))
    return line.sent


# ---- what the reader reads ----


def alignment(meant: str, read: str) -> Iterator[tuple[str, str]]:
    """Pairs (meant, read) of characters, "" where one of them has none: the fewest differences
    (Levenshtein 1966)."""
    rows = [list(range(len(read) + 1))]
    for i, a in enumerate(meant, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[-1][j - 1] + (a != b), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    i, j = len(meant), len(read)
    back: list[tuple[str, str]] = []
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (meant[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            back.append((meant[i], read[j]))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            back.append((meant[i], ""))
        else:
            j -= 1
            back.append(("", read[j]))
    return reversed(back)


def marked(pairs: Sequence[tuple[str, str]], say: Say) -> str:
    """What was read as HTML: wrong letters underlined, missing ones as a gap, each with what was
    meant as its tooltip."""
    parts = []
    for meant, read in pairs:
        if meant == read:
            parts.append(escape(read))
            continue
        shown = meant.replace(" ", BLANK)
        if not read:
            title = say("handwriting.reads.missed", letter=shown)
            parts.append(f'<mark class="gap" title="{title}">{escape(shown)}</mark>')
        else:
            key = "meant" if meant else "extra"
            title = say(f"handwriting.reads.{key}", letter=shown)
            parts.append(f'<mark title="{title}">{escape(read.replace(" ", BLANK))}</mark>')
    return "".join(parts)


def reads(say: Say, sample: Sample) -> str:
    """The caption of a sample: what the reader reads and how many letters differ; "" until then."""
    if sample.read is None:
        return ""
    if isinstance(sample.read, Refusal):
        sentence = escape(page.sentence_of(sample.read, say))
        heading = say("handwriting.reads.heading")
        return f'<p class="quiet">{page.sentences(say.lang, heading, sentence)}</p>'
    meant = [line.text for line in sample.lines if line.points]
    pairs = [list(alignment(a, b)) for a, b in zip(meant, sample.read, strict=True)]
    wrong = sum(a != b for line in pairs for a, b in line)
    of = sum(map(len, meant))
    key = "all" if not wrong else "one" if wrong == 1 else "some"
    said = say(f"handwriting.reads.{key}", wrong=wrong, of=of)
    body = "\n".join(marked(line, say) for line in pairs)
    return (
        f'<p class="quiet">{say("handwriting.reads.heading")}</p>'
        f'<p class="reading-of">{body}</p><p class="quiet">{said}</p>'
    )
