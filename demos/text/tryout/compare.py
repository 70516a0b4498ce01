"""Then and now: the network of characters beside a language model of today, on one beginning."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from demos import models, page
from demos.columns import Column, filled, headed
from demos.language import Say
from demos.models import on_disk, waiting
from demos.text import answers
from demos.text.tryout import leaf, writing
from demos.text.tryout.writing import PACE, Wish, Written
from inference import Engine
from pretrained.catalog import Entry

OURS = (answers.SHAKESPEARE, answers.TANG)


def compared(engine: Engine, wish: Wish) -> tuple[list[Entry], list[Entry]]:
    """(those that write: the chosen model, or ours for one of the Hub, and what is on disk of the
    Hub; those that would have to be downloaded)."""
    known = answers.writers(engine)
    chosen = known[wish.key]
    then = chosen if not chosen.hub_id else next((known[k] for k in OURS if k in known), chosen)
    hub = [entry for entry in known.values() if entry.hub_id and entry is not then]
    here = [entry for entry in hub if on_disk(entry)]
    if chosen in here:  # the one that was chosen, first
        here.sort(key=lambda entry: entry is not chosen)
    return [then, *here[:1]], [] if here else hub[:1]


def start_of(entry: Entry, wish: Wish) -> Written:
    """The same beginning for another model."""
    return Written(replace(wish, key=entry.key, acrostic=""))


async def comparing(
    engine: Engine, say: Say, wish: Wish, fetch: bool = False
) -> AsyncGenerator[tuple[str, bool], None]:
    """(the columns as HTML while they fill, whether one could be downloaded); all streams close
    with this generator. ``fetch``: what would have to be downloaded, is."""
    entries, offered = compared(engine, wish)
    if fetch:
        entries, offered = [*entries, *offered], []

    def write(entry: Entry) -> AsyncGenerator[Written, None]:
        return writing.written(engine, start_of(entry, wish), PACE)

    sides: list[Column[Written]] = [Column(entry) for entry in entries]
    async with aclosing(filled(engine, sides, write)) as steps:
        async for whole in steps:
            # One that could not be had is offered again.
            missing = whole and any(side.error and not on_disk(side.entry) for side in sides)
            yield columns(say, wish, sides, offered), bool(offered) or missing


def columns(
    say: Say, wish: Wish, sides: Sequence[Column[Written]], offered: Sequence[Entry]
) -> str:
    """Each model's text in its column; one that fails says why in its own."""
    parts = [column(say, side, wish) for side in sides]
    parts += [headed(say, era(entry), entry, answers.offer(say, entry)) for entry in offered]
    return (
        f'<section class="compare"><h2>{say("text.compare.title")}</h2>'
        f'<p class="quiet">{say("text.compare.about")}</p>'
        f'<div class="columns">{"".join(parts)}</div></section>'
    )


def column(say: Say, side: Column[Written], wish: Wish) -> str:
    """One model's text, or why there is none."""
    entry = side.entry
    if side.error:
        body = answers.refusal(say, side.error)
    elif not side.loaded and not on_disk(entry):
        body = waiting(say, entry, side.progress)
    else:
        written = side.answer or start_of(entry, wish)
        body = page.quiet(models.size(say, entry.parameters))
        body += leaf.leaf(entry, written, busy=not side.done)
        body += leaf.notes(say, entry, written, side.done)
    return headed(say, era(entry), entry, body)


def era(entry: Entry) -> str:
    """The key of what a column stands under."""
    return f"text.era.{'now' if entry.hub_id else 'then' if entry.key in OURS else 'yours'}"
