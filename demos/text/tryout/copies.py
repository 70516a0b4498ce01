"""The copy meter: the longest run of a text that stands, word for word, in the training text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from demos import page, typed
from demos.language import Say
from demos.text import answers
from demos.text.tryout.writing import Written
from inference import Engine
from inference.errors import Refusal
from pretrained.errors import ViewUnsupported

WORTH = 20  # characters below which there is nothing to measure
MOST = 3  # runs that are shown
#: What parts the lines of a poem, which are alike in every poem: they copy nothing.
SIGNS = "，。！？；、：\n"


async def meter(engine: Engine, say: Say, now: Written) -> str:
    """The meter as HTML; "" where the text is too short or the model's training text is unknown."""
    entry = answers.entry_of(engine, now.wish.key)
    if len(now.text.strip()) < WORTH:
        return ""
    try:
        if answers.writes_poems(entry):
            found = await in_verses(engine, entry.key, now.text)
        else:
            found = await engine.predict(entry.key, now.text, view="copies")
    except ViewUnsupported:
        return page.note(say.plain("text.copies.closed")) if entry.hub_id else ""
    except Refusal as error:
        return answers.refusal(say, error)
    return drawn(say, now.text, found)


async def in_verses(engine: Engine, key: str, text: str) -> dict[str, Any]:
    """The ``copies`` view of a poem, with signs left out of account: of the whole, where runs of
    several lines show, and of each line by itself, which no sign cuts short. A run's ``length``
    tells its place on the strip, ``count`` how many characters of it are none of `SIGNS`.

    Raises a `Refusal` as the engine does.
    """
    places = [(0, text), *((m.start(), m[0]) for m in re.finditer(f"[^{SIGNS}]+", text))]
    asked = (engine.predict(key, part, view="copies") for _, part in places)
    runs: list[dict[str, Any]] = []
    for (start, part), found in zip(places, answered := await asyncio.gather(*asked), strict=True):
        for number, run in enumerate(found["runs"]):
            said = part[run["start"] : run["start"] + run["length"]]
            kept = said.strip(SIGNS)
            count = sum(c not in SIGNS for c in kept)
            at = start + run["start"] + said.find(kept)
            # Where it stands in the training text is told of the first run only.
            known = None if number else found["where"]
            runs.append({"start": at, "length": len(kept), "count": count, "where": known})
    least = answered[0]["least"]
    runs = apart(sorted(runs, key=lambda run: (-run["count"], run["start"], not run["where"])))
    runs = [run for run in runs if run["count"] >= least][:MOST]
    first = runs[0] if runs else {"count": 0, "start": 0, "where": None}
    return {
        "longest": first["count"], "start": first["start"], "where": first["where"],
        "runs": runs, "least": least, "signs": False,
    }  # fmt: skip


def apart(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that overlap none before them."""
    kept: list[dict[str, Any]] = []
    for run in runs:
        start, end = run["start"], run["start"] + run["length"]
        if all(end <= one["start"] or one["start"] + one["length"] <= start for one in kept):
            kept.append(run)
    return kept


def where(say: Say, place: Mapping[str, Any]) -> str:
    """Where the longest run stands: in a work, or in one of the poems; "" if nobody knows."""
    if place.get("poem"):
        return say("text.copies.poem", poem=f"{place['poem']:,}", of=f"{place['of']:,}")
    if not place.get("work"):
        return ""
    told = say("text.copies.where", work="\0", share=f"{place['share']:.0%}")
    return told.replace("\0", f"<cite>{escape(place['work'])}</cite>")


def drawn(say: Say, text: str, found: dict[str, Any]) -> str:
    """What was found: one sentence, the runs on a strip as long as the text, and their words."""
    runs = [run for run in found["runs"] if run["length"] >= found["least"]]
    if not runs:
        sentence = say("text.copies.none", least=found["least"])
    else:
        sentence = say("text.copies.some", count=found["longest"])
        if place := where(say, found["where"] or {}):
            sentence = page.sentences(say.lang, sentence, place)
    marks = "".join(
        f'<i style="left:{run["start"] / len(text):.2%};width:{run["length"] / len(text):.2%}"></i>'
        for run in runs
    )
    quotes = "".join(
        f"<li><q>{typed.shown(text[run['start'] : run['start'] + run['length']])}</q> "
        f"<b>{run.get('count', run['length'])}</b></li>"
        for run in runs
    )
    told = [say("text.copies.how", least=found["least"])]
    if not found.get("signs", True):
        told.append(say("text.copies.signs"))
    listed = f'<ol class="runs">{quotes}</ol>' if runs else ""
    return (
        f'<section class="copies"><h2>{say("text.copies.title")}</h2>'
        f'<p>{sentence}</p><div class="strip" aria-hidden="true">{marks}</div>{listed}'
        f'<p class="quiet">{page.sentences(say.lang, *told)}</p></section>'
    )
