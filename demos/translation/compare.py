"""Then and now: the bundled network beside a translator of today, on one text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

from demos import page
from demos.language import Words
from demos.models import offer, on_disk, ready, waiting
from demos.translation import answers, pane
from demos.translation.answers import Translated
from inference.errors import Refusal

EVERY = 0.5  # seconds between two looks at how far a download is
FIRST = asyncio.FIRST_COMPLETED
OURS = frozenset(answers.BUNDLED.values())


@dataclass
class Side:
    """One model's column: a download on its way, then an answer or the reason why there is none."""

    entry: Any
    progress: tuple[int, int] | None = None
    now: Translated | None = None
    error: Refusal | None = None


def compared(engine: Any, direction: str, key: str) -> tuple[list[Any], list[Any]]:
    """(the bundled model and one of the Hub that is here, the chosen one if it is; those that would
    have to be downloaded). Where none is here and none can come, the network without attention
    stands beside the one with it."""
    known = answers.models(engine, direction)
    chosen = answers.entry_of(engine, key)
    own = [e for e in known.values() if not e.hub_id]
    then = chosen if chosen in own else next(iter(own), chosen)
    hub = [e for e in known.values() if e.hub_id and e is not then]
    here = sorted((e for e in hub if on_disk(e)), key=lambda e: e is not chosen)
    hub.sort(key=lambda e: e is not chosen)
    if here or not engine.settings.offline:
        return [then, *here[:1]], [] if here else hub[:1]
    pair = [known[k] for k in (answers.PLAIN, answers.BUNDLED.get(direction)) if k in known]
    return pair if then in pair else [then], []


async def comparing(
    engine: Any, words: Words, lang: str, sent: Any, direction: Any, key: Any, fetch: bool = False
) -> AsyncIterator[tuple[str, bool]]:
    """(the columns as HTML while they fill, whether one could be downloaded). ``fetch``: what would
    have to be downloaded, is."""
    try:
        text = answers.checked(sent)
        entries, offered = compared(engine, str(direction), key)
    except Refusal as error:
        yield answers.refusal(words.speaker(lang), error), False
        return
    needed = "offline" if engine.settings.offline else "none"
    if fetch:
        entries, offered = [*entries, *offered], []
    sides = [Side(entry) for entry in entries]
    tasks = [asyncio.ensure_future(fill(engine, side, text, str(direction))) for side in sides]
    try:
        left = set(tasks)
        yield columns(words, lang, sides, offered, needed), False
        while left:
            done, left = await asyncio.wait(left, timeout=EVERY, return_when=FIRST)
            for task in done:
                task.result()  # what nobody expected is raised
            missing = any(side.error and not on_disk(side.entry) for side in sides)
            again = not left and (bool(offered) or missing)
            yield columns(words, lang, sides, offered, needed), again
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fill(engine: Any, side: Side, text: str, direction: str) -> None:
    """Load the model of a column and ask it; what is refused is said in the column."""
    source, _, target = direction.partition("-")
    key = side.entry.key
    try:
        async with aclosing(ready(engine, side.entry)) as loading:
            async for side.progress in loading:
                pass
        began = time.monotonic()
        result = await answers.ask(engine, key, text, source, target)
        side.now = Translated(text, source, target, key, result, time.monotonic() - began)
    except Refusal as error:
        side.error = error


def columns(
    words: Words, lang: str, sides: list[Side], offered: list[Any], needed: str = "none"
) -> str:
    """Each model's translation in its column; one that fails says why in its own. ``needed``: what
    is said where none of today stands among them."""
    say = words.speaker(lang)
    parts = [headed(words, lang, side.entry, body(words, lang, side)) for side in sides]
    parts += [headed(words, lang, entry, offer(words.speaker(lang), entry)) for entry in offered]
    today = any(entry.hub_id for entry in [*(side.entry for side in sides), *offered])
    told = [say("translation.compare.about" if today else f"translation.compare.{needed}")]
    if not today and len(parts) > 1:
        told.insert(0, say("translation.compare.about_own"))
    return (
        f'<section class="compare"><h2>{say("translation.compare.title")}</h2>'
        f'<p class="quiet">{page.sentences(lang, *told)}</p>'
        f'<div class="columns">{"".join(parts)}</div></section>'
    )


def body(words: Words, lang: str, side: Side) -> str:
    """One model's translation, or what is waited for, or why there is none."""
    if side.error:
        return answers.refusal(words.speaker(lang), side.error)
    if side.now is None:
        return waiting(words.speaker(lang), side.entry, side.progress)
    written = pane.written_in(side.now)
    tag = answers.TAGS.get(written, written)
    return (
        f'<div class="said" lang="{tag}" dir="auto">{pane.shaded(side.now.result)}</div>'
        + pane.line(words, lang, side.entry, side.now)
        + pane.threads(words, lang, side.now)
    )


def headed(words: Words, lang: str, entry: Any, inner: str) -> str:
    """A column under its era and its name."""
    era = "now" if entry.hub_id else "then" if entry.key in OURS else "yours"
    era = "before" if entry.key == answers.PLAIN else era
    said = words.speaker(lang)(f"translation.compare.{era}")
    name = escape(words.speaker(lang).model(entry))
    return f'<section class="answered"><p class="era">{said}</p><h3>{name}</h3>{inner}</section>'
