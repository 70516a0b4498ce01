"""Then and now: the network of characters beside a language model of today, on one beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from html import escape
from typing import Any

from demos import page
from demos.language import Words
from demos.models import on_disk, waiting
from demos.text import answers, leaf
from demos.text.writing import PACE, Side, Wish, Written, side_by_side

OURS = (answers.SHAKESPEARE, answers.TANG)


def compared(engine: Any, wish: Wish) -> tuple[list[Side], list[Any]]:
    """(those that write: the chosen model, or ours for one of the Hub, and what is on disk of the
    Hub; those that would have to be downloaded)."""
    known = answers.writers(engine)
    chosen = known[wish.key]
    then = chosen if not chosen.hub_id else next((known[k] for k in OURS if k in known), chosen)
    hub = [entry for entry in known.values() if entry.hub_id and entry is not then]
    here = [entry for entry in hub if on_disk(entry)]
    if chosen in here:  # the one that was chosen, first
        here.sort(key=lambda entry: entry is not chosen)
    sides = [
        Side(entry, Written(replace(wish, key=entry.key, acrostic="")))
        for entry in (then, *here[:1])
    ]
    return sides, [] if here else hub[:1]


async def comparing(
    engine: Any, words: Words, wish: Wish, lang: str, fetch: bool = False
) -> AsyncIterator[tuple[str, bool]]:
    """(the columns as HTML while they fill, whether one could be downloaded); all streams close
    with this generator. ``fetch``: what would have to be downloaded, is."""
    sides, offered = compared(engine, wish)
    if fetch:
        sides += [
            Side(entry, Written(replace(wish, key=entry.key, acrostic=""))) for entry in offered
        ]
        offered = []
    async with aclosing(side_by_side(engine, sides, PACE)) as steps:
        async for _ in steps:
            yield columns(words, lang, sides, offered), bool(offered)
    # One that could not be had is offered again.
    if any(side.error and not on_disk(side.entry) for side in sides):
        yield columns(words, lang, sides, offered), True


def columns(words: Words, lang: str, sides: list[Side], offered: list[Any]) -> str:
    """Each model's text in its column; one that fails says why in its own."""
    say = words.speaker(lang)
    parts = [column(words, lang, side) for side in sides]
    for entry in offered:
        parts.append(headed(words, lang, entry, answers.offer(words.speaker(lang), entry)))
    title = say("text.compare.title")
    told = say("text.compare.about")
    return (
        f'<section class="compare"><h2>{title}</h2><p class="quiet">{told}</p>'
        f'<div class="columns">{"".join(parts)}</div></section>'
    )


def column(words: Words, lang: str, side: Side) -> str:
    """One model's text, or why there is none."""
    if side.error:
        return headed(words, lang, side.entry, answers.refusal(words.speaker(lang), side.error))
    if side.loading and not on_disk(side.entry):
        bar = waiting(words.speaker(lang), side.entry, side.progress)
        return headed(words, lang, side.entry, bar)
    body = leaf.leaf(side.entry, side.now, busy=not side.done)
    size = answers.weights(words, lang, side.entry)
    return headed(
        words,
        lang,
        side.entry,
        page.quiet(size) + body + leaf.notes(words, lang, side.entry, side.now, side.done),
    )


def headed(words: Words, lang: str, entry: Any, body: str) -> str:
    """A column under its era and its name."""
    era = "now" if entry.hub_id else "then" if entry.key in OURS else "yours"
    said = words.speaker(lang)(f"text.era.{era}")
    name = escape(words.speaker(lang).model(entry))
    return f'<section class="answered"><p class="era">{said}</p><h3>{name}</h3>{body}</section>'
