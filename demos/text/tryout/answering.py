"""From what a visitor asks for to the pages that show it being written, until its end or Stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from demos.language import Say
from demos.models import on_disk, ready, waiting
from demos.streaming import until
from demos.text import answers
from demos.text.tryout import copies, leaf, sharing, writing
from demos.text.tryout.writing import Wish, Written
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.text import alphabet


@dataclass(frozen=True)
class Order:
    """What is to be written: a wish, or more of a text; or why it cannot be. ``fetch``: a model
    that is not here may be downloaded."""

    wish: Wish | None = None
    start: Written | None = None
    fetch: bool = False
    error: Refusal | None = None


@dataclass(frozen=True)
class Step:
    """What the page shows at a moment of writing. ``below``: the copy meter, once there is one."""

    html: str
    now: Written | None = None
    busy: bool = False
    offered: bool = False
    below: str = ""


async def steps(
    engine: Engine, say: Say, order: Order, stopped: asyncio.Event
) -> AsyncGenerator[Step, None]:
    """From an order to the text, update by update until its end or until it is stopped, in the
    middle of a wait too; then the copy meter."""
    last = Step("")
    try:
        async with aclosing(until(stopped, growing(engine, say, order))) as run:
            async for last in run:
                yield last
    except Exception:  # what there is of the text stays
        yield finished(engine, say, last.now)
        raise
    if not last.busy:
        return
    said = ""
    if last.now is not None:
        entry = answers.entry_of(engine, last.now.wish.key)
        again = order.wish is not None and not stopped.is_set()
        said = sharing.buttons(say, entry, last.now, again=again)
    done = finished(engine, say, last.now, said)
    yield done
    if done.now is not None:
        yield replace(done, below=await copies.meter(engine, say, done.now))


def finished(engine: Engine, say: Say, now: Written | None, said: str = "", **more: Any) -> Step:
    """What stays on the page: the text as far as it came, and ``said`` beneath it."""
    if now is None:  # it was not begun
        return Step(said, **more)
    now = replace(now, fresh=0)
    entry = answers.entry_of(engine, now.wish.key)
    return Step(leaf.sheet(say, entry, now, busy=False) + said, now, **more)


async def growing(engine: Engine, say: Say, order: Order) -> AsyncGenerator[Step, None]:
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
            yield Step(answers.offer(say, entry), offered=True)
            return
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                bar = waiting(say, entry, progress)
                yield finished(engine, say, now, bar, busy=True)
        pace = writing.POEM_PACE if answers.writes_poems(entry) else writing.PACE
        async with aclosing(writing.written(engine, start, pace)) as grown:
            async for now in grown:
                yield Step(leaf.sheet(say, entry, now, busy=True), now, busy=True)
    except Refusal as error:
        again = order.fetch and entry is not None and not on_disk(entry)
        yield finished(engine, say, now, answers.refusal(say, error), offered=again)


def ended(engine: Engine, now: Written) -> bool:
    """Whether there is nothing to continue: a whole poem, or as much as a page holds."""
    if now.full:
        return True
    entry = answers.entry_of(engine, now.wish.key)
    return whole_poem(entry, now.whole) or (answers.writes_poems(entry) and bool(now.wish.acrostic))


def whole_poem(entry: Entry, text: str) -> bool:
    """Whether a text is a poem to which the model adds nothing."""
    return answers.writes_poems(entry) and verses(entry, text) >= alphabet.LINES


def verses(entry: Entry, text: str) -> int:
    """How many lines of a poem a text has, as the model reads it: by the signs that end them."""
    letters = alphabet.of(entry)
    read = (letters.known(text) if letters else text).rpartition("\n")[2]
    return sum(read.count(mark) for mark in alphabet.LINE_ENDS)
