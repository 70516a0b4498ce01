"""Then and now: one picture through the first R-CNN of 2014, our own network, and detectors of
today, each told with size and licence before it is downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from html import escape
from typing import Any

from demos import columns, models, page
from demos.columns import Column
from demos.detection import answers
from demos.detection.answers import Found
from demos.detection.tryout import sheet
from demos.language import Say
from demos.streaming import Latest
from inference import Engine
from pretrained.catalog import Entry


class Comparison(Latest):
    """Kept for a visit: who compares, and what was answered about one picture, by model."""

    def __init__(self) -> None:
        super().__init__()
        self.about: Any = None
        self.found: dict[str, Found] = {}

    def known(self, one: Mapping[str, Any]) -> dict[str, Found]:
        """The answers about a picture so far."""
        if self.about is not one["picture"]:
            self.about, self.found = one["picture"], {}
        return self.found


def compared(engine: Engine, key: str, fetch: str = "") -> tuple[list[Entry], list[Entry]]:
    """(the models that answer: the bundled ones, the visitor's own if it was chosen, those of today
    that are here, and the one that is to be fetched; those that could be downloaded)."""
    known = answers.detectors(engine)
    ours = [known[k] for k in (answers.RCNN, answers.EVERYDAY) if k in known]
    chosen = answers.entry_of(engine, key)  # one that was trained from the page is not listed
    own = [chosen] if not chosen.hub_id and chosen not in ours else []
    today = [e for e in known.values() if e.hub_id]
    here = [e for e in today if e.key == fetch or models.on_disk(e)]
    return [*ours, *own, *here], [e for e in today if e not in here]


async def comparing(
    engine: Engine,
    say: Say,
    one: Mapping[str, Any] | None,
    mine: Comparison,
    fetch: str = "",
) -> AsyncGenerator[str, None]:
    """The columns as HTML while they fill. ``one``: {"key", "picture", ...}, the answer on the
    page. ``fetch``: the key of a model that is downloaded first."""
    if one is None:
        yield ""
        return
    known = mine.known(one)

    async def drawn(entry: Entry) -> str:
        if entry.key not in known:
            known[entry.key] = await answers.ask(engine, entry.key, one["picture"])
        return await asyncio.to_thread(sheet.small, say, entry, known[entry.key])

    entries, offered = compared(engine, one["key"], fetch)
    sides = [
        Column(entry, answer=await drawn(entry) if entry.key in known else None)
        for entry in entries
    ]
    told = ""
    async with aclosing(columns.filled(engine, sides, columns.once(drawn))) as steps:
        async for _ in steps:
            if (now := rendered(engine, say, sides, offered)) != told:
                yield (told := now)


def rendered(
    engine: Engine, say: Say, sides: Sequence[Column[str]], offered: Sequence[Entry]
) -> str:
    """Each model's answer in its column, then those that could be downloaded."""
    parts = [columns.headed(say, era_of(side.entry), side.entry, body(say, side)) for side in sides]
    rest = ""
    if offered and engine.settings.offline:
        rest = f'<p class="note">{say("detection.compare.offline")}</p>'
    elif offered:
        cards = "".join(columns.headed(say, era_of(e), e, download(say, e)) for e in offered)
        rest = f'<h3>{say("detection.compare.today")}</h3><div class="columns">{cards}</div>'
    about = say("detection.compare.about")
    return (
        f'<section class="compare"><h2>{say("detection.compare.title")}</h2>'
        f'<p class="quiet">{about}</p><div class="columns">{"".join(parts)}</div>{rest}</section>'
    )


def body(say: Say, side: Column[str]) -> str:
    """One model's picture, or what is waited for, or why there is none."""
    if side.answer is not None:
        return side.answer
    if side.error:
        again = "" if models.on_disk(side.entry) else download(say, side.entry)
        return page.refusal(say, side.error) + again
    return models.waiting(say, side.entry, side.progress)


def download(say: Say, entry: Entry) -> str:
    """What a model of today weighs, and the button that fetches it."""
    press, name = say("detection.try.fetch"), escape(say.model(entry))
    return (
        f'{models.offer(say, entry)}<p><button type="button" class="ghost" '
        f'data-pick="{escape(entry.key)}" aria-label="{press} · {name}">{press}</button></p>'
    )


def era_of(entry: Entry) -> str:
    """The key of what stands above a model's column: proposals classified one by one, trained here,
    of the Hub, the visitor's own."""
    names = {answers.RCNN: "then", answers.EVERYDAY: "learnt"}
    return f"detection.compare.{'now' if entry.hub_id else names.get(entry.key, 'yours')}"
