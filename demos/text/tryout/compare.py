"""Then and now: the network of characters beside a language model of today, on one beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from demos import models, page
from demos.columns import headed
from demos.language import Say
from demos.models import Progress, on_disk, ready, waiting
from demos.text import answers
from demos.text.tryout import leaf, writing
from demos.text.tryout.writing import PACE, Wish, Written
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

OURS = (answers.SHAKESPEARE, answers.TANG)


@dataclass
class Side:
    """One of several texts that are written at the same time."""

    entry: Entry
    start: Written
    now: Written = field(init=False)
    error: Refusal | None = None
    done: bool = False
    loading: bool = True
    progress: Progress = None

    def __post_init__(self) -> None:
        self.now = self.start


async def side_by_side(
    engine: Engine, sides: Sequence[Side], pace: int
) -> AsyncGenerator[None, None]:
    """Write several texts at once; wakes its reader up to five times a second when one has grown.

    Each side keeps its own text, and its own refusal where it has one."""
    changed = asyncio.Event()

    async def write(side: Side) -> None:
        try:
            async with aclosing(ready(engine, side.entry)) as steps:
                async for side.progress in steps:
                    changed.set()
            side.loading = False
            async with aclosing(writing.written(engine, side.start, pace)) as steps:
                async for side.now in steps:
                    changed.set()
        except Refusal as error:
            side.error = error
        finally:
            side.done = True
            changed.set()

    tasks = [asyncio.ensure_future(write(side)) for side in sides]
    try:
        while True:
            await changed.wait()
            changed.clear()
            yield
            if all(side.done for side in sides) and not changed.is_set():
                break
            await asyncio.sleep(writing.EVERY)
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def compared(engine: Engine, wish: Wish) -> tuple[list[Side], list[Entry]]:
    """(those that write: the chosen model, or ours for one of the Hub, and what is on disk of the
    Hub; those that would have to be downloaded)."""
    known = answers.writers(engine)
    chosen = known[wish.key]
    then = chosen if not chosen.hub_id else next((known[k] for k in OURS if k in known), chosen)
    hub = [entry for entry in known.values() if entry.hub_id and entry is not then]
    here = [entry for entry in hub if on_disk(entry)]
    if chosen in here:  # the one that was chosen, first
        here.sort(key=lambda entry: entry is not chosen)
    return [side_of(entry, wish) for entry in (then, *here[:1])], [] if here else hub[:1]


def side_of(entry: Entry, wish: Wish) -> Side:
    """The same beginning for another model."""
    return Side(entry, Written(replace(wish, key=entry.key, acrostic="")))


async def comparing(
    engine: Engine, say: Say, wish: Wish, fetch: bool = False
) -> AsyncGenerator[tuple[str, bool], None]:
    """(the columns as HTML while they fill, whether one could be downloaded); all streams close
    with this generator. ``fetch``: what would have to be downloaded, is."""
    sides, offered = compared(engine, wish)
    if fetch:
        sides += [side_of(entry, wish) for entry in offered]
        offered = []
    async with aclosing(side_by_side(engine, sides, PACE)) as steps:
        async for _ in steps:
            yield columns(say, sides, offered), bool(offered)
    # One that could not be had is offered again.
    if any(side.error and not on_disk(side.entry) for side in sides):
        yield columns(say, sides, offered), True


def columns(say: Say, sides: list[Side], offered: list[Entry]) -> str:
    """Each model's text in its column; one that fails says why in its own."""
    parts = [column(say, side) for side in sides]
    parts += [headed(say, era(entry), entry, answers.offer(say, entry)) for entry in offered]
    return (
        f'<section class="compare"><h2>{say("text.compare.title")}</h2>'
        f'<p class="quiet">{say("text.compare.about")}</p>'
        f'<div class="columns">{"".join(parts)}</div></section>'
    )


def column(say: Say, side: Side) -> str:
    """One model's text, or why there is none."""
    entry = side.entry
    if side.error:
        body = answers.refusal(say, side.error)
    elif side.loading and not on_disk(entry):
        body = waiting(say, entry, side.progress)
    else:
        body = page.quiet(models.size(say, entry.parameters))
        body += leaf.leaf(entry, side.now, busy=not side.done)
        body += leaf.notes(say, entry, side.now, side.done)
    return headed(say, era(entry), entry, body)


def era(entry: Entry) -> str:
    """The key of what a column stands under."""
    return f"text.era.{'now' if entry.hub_id else 'then' if entry.key in OURS else 'yours'}"
