"""A text while it is being written: the engine's stream, gathered into a few updates a second.

Whatever ends the reader (the end of the text, Stop, a closed page) closes the stream at once, and
the engine frees its place.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from demos.text import answers
from inference import Engine
from pretrained.catalog import Entry
from pretrained.text import alphabet
from pretrained.text.options import MOST_PROMPT, checked
from pretrained.text.piece import Piece

EVERY = 0.2  # seconds between two updates of a page: five a second
#: Characters of one update, so that the writing can be watched: about 200 a second, a poem in 2 s.
PACE, POEM_PACE = 40, 3
#: Characters of a text that grows by Continue: each update shows all of it.
MOST_TEXT = 20_000


@dataclass(frozen=True)
class Wish:
    """What a visitor asked for, checked: the model's key, where to begin, and the options."""

    key: str
    prompt: str
    sent: int  # characters that the visitor sent; more than len(prompt) where it was cut
    acrostic: str
    options: Mapping[str, Any] = field(hash=False)

    @property
    def cut(self) -> bool:
        return self.sent > len(self.prompt)


@dataclass(frozen=True)
class Written:
    """A text and how it came about: what Continue, Look inside and the copy meter go on with."""

    wish: Wish
    text: str = ""
    nats: tuple[float, ...] = ()
    fresh: int = 0  # characters at the end that came with the last update
    broken: bool = False  # it was ended within a line (`pretrained.text.ending`)

    @property
    def whole(self) -> str:
        """Prompt and text, as the model has it before it."""
        return self.wish.prompt + self.text

    @property
    def full(self) -> bool:
        """Whether it is as long as a text may get."""
        return len(self.text) >= MOST_TEXT

    def and_then(self, pieces: Sequence[Piece]) -> Written:
        more = "".join(piece.text for piece in pieces)
        nats = tuple(n for piece in pieces for n in piece.nats)
        return replace(
            self,
            text=self.text + more,
            nats=self.nats + nats,
            fresh=len(more),
            broken=any(piece.cut for piece in pieces),
        )


def wished(entry: Entry, prompt: Any, acrostic: Any = "", **options: Any) -> Wish:
    """A visitor's wish, checked. Without a seed one is drawn, so that it can be named.

    Raises:
        BadOption, AcrosticTooLong, AcrosticUnknown: it cannot be had.
    """
    if options.get("seed") in (None, ""):
        options["seed"] = secrets.randbelow(100_000)
    numbers = checked(**options)
    hidden = answers.checked_acrostic(entry, acrostic)
    read, sent = ("", 0) if hidden else answers.received(prompt)
    begin = answers.laid_out(entry, read)
    return Wish(entry.key, begin, sent - len(read) + len(begin), hidden, numbers)


def stream(engine: Engine, wish: Wish, before: str = "") -> AsyncIterator[Piece]:
    """The engine's pieces for a wish. ``before``: what was already written after the prompt."""
    options = dict(wish.options)
    options["length"] = min(options["length"], MOST_TEXT - len(before))
    if wish.acrostic and not before:
        options["acrostic"] = wish.acrostic
    if before and alphabet.of(engine.entries[wish.key]) is None:
        # It may be one that answers: what it wrote is its own and no part of the question.
        return engine.stream(wish.key, wish.prompt, so_far=before[-MOST_PROMPT:], **options)
    return engine.stream(wish.key, wish.prompt + before, **options)


async def updates(
    pieces: AsyncIterator[Piece],
    most: int,
    every: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[list[Piece], None]:
    """The pieces in groups, one group each ``every`` seconds (`EVERY`) at most; the first at once.

    A group of ``most`` characters is held back until it is due, which pauses the engine's work for
    this reader alone. ``pieces`` is closed with this generator.
    """
    every = EVERY if every is None else every
    due = clock()
    group: list[Piece] = []
    async with aclosing(pieces):  # type: ignore[type-var]
        async for piece in pieces:
            group.append(piece)
            full = sum(len(each.text) for each in group) >= most
            if full and (early := due - clock()) > 0:
                await sleep(early)
            if full or clock() >= due:
                yield group
                group, due = [], clock() + every
    if group:
        yield group


async def written(engine: Engine, start: Written, pace: int) -> AsyncGenerator[Written, None]:
    """The text as it grows from ``start``. The last one given has nothing fresh: it is the end."""
    now = start
    async with aclosing(updates(stream(engine, start.wish, start.text), pace)) as groups:
        async for group in groups:
            now = now.and_then(group)
            yield now
    yield replace(now, fresh=0)
