"""From what a visitor asks for to the pages that show it being written, halted when told to.

An order is written down once and never changed; it is ended by its `Cancellation`, in the middle
of a wait too, and whatever was computing for it is closed at once.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from demos.language import Words
from demos.models import on_disk, ready, waiting
from demos.streaming import Cancellation, until
from demos.text import answers, copies, leaf, writing
from demos.text.writing import Wish, Written
from inference.errors import Refusal
from pretrained.text import alphabet

#: A poem has so many lines, each ended by one of these signs (as `pretrained.text.serve` counts).
VERSES, ENDS = 4, "，。？！；"


@dataclass(frozen=True)
class Order:
    """What is to be written. Every order is another one than the last, by its ``nonce``."""

    wish: Wish | None = None
    start: Written | None = None
    fetch: bool = False
    error: Refusal | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    halt: Cancellation = field(default_factory=Cancellation, compare=False)


@dataclass(frozen=True)
class Step:
    """What the page shows at a moment of writing. ``below``: the copy meter, once there is one."""

    html: str
    now: Written | None = None
    busy: bool = False
    offered: bool = False
    below: str = ""


async def steps(engine: Any, words: Words, order: Order, lang: str) -> AsyncIterator[Step]:
    """From an order to the text, update by update until its end or Stop; then the copy meter."""
    last = Step("")
    try:
        async with aclosing(until(order.halt.asked, growing(engine, words, order, lang))) as run:
            async for last in run:
                yield last
    except Exception:  # what there is of the text stays
        yield finished(engine, words, lang, last.now)
        raise
    if order.halt.replaced.is_set() or not last.busy:
        return
    done = finished(engine, words, lang, last.now)
    yield done
    if done.now is not None:
        yield replace(done, below=await copies.meter(engine, words, done.now, lang))


def finished(
    engine: Any, words: Words, lang: str, now: Written | None, said: str = "", **more: Any
) -> Step:
    """What stays on the page: the text as far as it came, and ``said`` beneath it."""
    if now is None:  # it was not begun
        return Step(said, **more)
    now = replace(now, fresh=0)
    entry = answers.entry_of(engine, now.wish.key)
    return Step(leaf.sheet(words, lang, entry, now, busy=False) + said, now, **more)


async def growing(engine: Any, words: Words, order: Order, lang: str) -> AsyncIterator[Step]:
    """The steps while it is written, or the one that says why nothing is."""
    entry, now = None, order.start
    try:
        if order.error:
            raise order.error
        start = Written(order.wish) if order.wish else order.start
        if start is None:
            return
        entry = answers.entry_of(engine, start.wish.key)
        if entry.hub_id and not order.fetch and not on_disk(entry):
            yield Step(answers.offer(words.speaker(lang), entry), offered=True)
            return
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                bar = waiting(words.speaker(lang), entry, progress)
                yield finished(engine, words, lang, now, bar, busy=True)
        pace = writing.POEM_PACE if answers.writes_poems(entry) else writing.PACE
        async with aclosing(writing.written(engine, start, pace)) as grown:
            async for now in grown:
                yield Step(leaf.sheet(words, lang, entry, now, busy=True), now, busy=True)
    except Refusal as error:
        again = order.fetch and entry is not None and not on_disk(entry)
        said = answers.refusal(words.speaker(lang), error)
        yield finished(engine, words, lang, now, said, offered=again)


def ended(engine: Any, now: Written) -> bool:
    """Whether there is nothing to continue: a whole poem, or as much as a page holds."""
    if now.full:
        return True
    entry = answers.entry_of(engine, now.wish.key)
    return answers.writes_poems(entry) and (
        bool(now.wish.acrostic) or verses(entry, now.whole) >= VERSES
    )


def verses(entry: Any, text: str) -> int:
    """How many lines of a poem a text has, as the model reads it: by the signs that end them."""
    letters = alphabet.of(entry)
    read = (letters.known(text) if letters else text).rpartition("\n")[2]
    return sum(read.count(mark) for mark in ENDS)
