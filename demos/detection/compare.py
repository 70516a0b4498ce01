"""Then and now: one picture through the first R-CNN of 2014, our own network, and detectors of
today, each told with size and licence before it is downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from html import escape
from typing import Any

from demos import page
from demos.detection import answers, sheet
from demos.detection.answers import Found
from demos.language import Words
from demos.models import offer, on_disk, ready, waiting
from demos.streaming import Latest
from inference.errors import Refusal

EVERY = 0.5  # seconds between two looks at how far a download is


@dataclass
class Beside:
    """Kept for a visit: who compares, and what was answered about one picture, by model."""

    turn: Latest = field(default_factory=Latest)
    about: Any = None
    found: dict[str, Found] = field(default_factory=dict)

    def see(self, one: Mapping[str, Any]) -> dict[str, Found]:
        """The answers about a picture that are known."""
        if self.about is not one["picture"]:
            self.about, self.found = one["picture"], {}
        return self.found


@dataclass
class Side:
    """One model's column: a download on its way, then an answer or the reason why there is none.
    ``drawn``: the answer as HTML, once there is one."""

    entry: Any
    progress: tuple[int, int] | None = None
    found: Found | None = None
    error: Refusal | None = None
    drawn: str = ""


def compared(engine: Any, key: str, fetch: str = "") -> tuple[list[Any], list[Any]]:
    """(the models that answer: the bundled ones, the visitor's own if it was chosen, those of today
    that are here, and the one that is to be fetched; those that could be downloaded)."""
    known = answers.detectors(engine)
    ours = [known[k] for k in (answers.RCNN, answers.EVERYDAY) if k in known]
    own = [e for e in known.values() if not e.hub_id and e.key == key and e not in ours]
    today = [e for e in known.values() if e.hub_id]
    here = [e for e in today if e.key == fetch or on_disk(e)]
    return [*ours, *own, *here], [e for e in today if e not in here]


async def comparing(
    engine: Any,
    words: Words,
    lang: str,
    one: Mapping[str, Any] | None,
    beside: Beside,
    fetch: str = "",
) -> AsyncIterator[str]:
    """The columns as HTML while they fill. ``one``: {"key", "picture", ...}, the answer on the
    page. ``fetch``: the key of a model that is downloaded first."""
    if one is None:
        yield ""
        return
    known = beside.see(one)
    entries, offered = compared(engine, one["key"], fetch)
    sides = [Side(entry, found=known.get(entry.key)) for entry in entries]
    tasks = [
        asyncio.ensure_future(fill(engine, side, one, known)) for side in sides if not side.found
    ]
    left = set(tasks)
    try:
        told = ""
        while True:
            now = await asyncio.to_thread(columns, engine, words, lang, sides, offered)
            if now != told:
                yield (told := now)
            if not left:
                return
            done, left = await asyncio.wait(
                left, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()  # what nobody expected is raised
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fill(engine: Any, side: Side, one: Mapping[str, Any], known: dict[str, Found]) -> None:
    """Load the model of a column and ask it; what is refused is said in the column."""
    try:
        async with aclosing(ready(engine, side.entry)) as loading:
            async for side.progress in loading:
                pass
        side.found = await answers.ask(engine, side.entry.key, one["picture"])
        known[side.entry.key] = side.found
    except Refusal as error:
        side.error = error


def columns(
    engine: Any, words: Words, lang: str, sides: Sequence[Side], offered: Sequence[Any]
) -> str:
    """Each model's answer in its column, then those that could be downloaded."""
    say = words.speaker(lang)
    offline = engine.settings.offline
    parts = [headed(words, lang, side.entry, body(words, lang, side)) for side in sides]
    rest = ""
    if offered and offline:
        rest = f'<p class="note">{say("detection.compare.offline")}</p>'
    elif offered:
        cards = "".join(headed(words, lang, e, download(words, lang, e)) for e in offered)
        rest = f'<h3>{say("detection.compare.today")}</h3><div class="columns">{cards}</div>'
    about = say("detection.compare.about")
    return (
        f'<section class="compare"><h2>{say("detection.compare.title")}</h2>'
        f'<p class="quiet">{about}</p><div class="columns">{"".join(parts)}</div>{rest}</section>'
    )


def body(words: Words, lang: str, side: Side) -> str:
    """One model's picture, or what is waited for, or why there is none."""
    if side.found:
        side.drawn = side.drawn or sheet.small(words, lang, side.entry, side.found)
        return side.drawn
    if side.error:
        again = "" if on_disk(side.entry) else download(words, lang, side.entry)
        return page.refusal(words.speaker(lang), side.error) + again
    return waiting(words.speaker(lang), side.entry, side.progress)


def download(words: Words, lang: str, entry: Any) -> str:
    """What a model of today weighs, and the button that fetches it."""
    press = words.speaker(lang)("detection.try.fetch")
    name = escape(words.speaker(lang).model(entry))
    return (
        f'{offer(words.speaker(lang), entry)}<p><button type="button" class="ghost" '
        f'data-pick="{escape(entry.key)}" aria-label="{press} · {name}">{press}</button></p>'
    )


def headed(words: Words, lang: str, entry: Any, inner: str) -> str:
    """A column under its era and its name."""
    era = words.speaker(lang)(f"detection.compare.{era_of(entry)}")
    name = escape(words.speaker(lang).model(entry))
    return f'<section class="answered"><p class="era">{era}</p><h3>{name}</h3>{inner}</section>'


def era_of(entry: Any) -> str:
    """then: proposals classified one by one. learnt: trained here. now: of the Hub. yours."""
    if entry.hub_id:
        return "now"
    return {answers.RCNN: "then", answers.EVERYDAY: "learnt"}.get(entry.key, "yours")
