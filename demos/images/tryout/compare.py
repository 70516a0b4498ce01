"""Then and next: the same seeds drawn by the GAN in one step and by the diffusion model in twenty,
side by side, with the time that each took; a model of the visitor's own beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from html import escape
from typing import Any

import gradio as gr

from demos import columns, models, page, streaming
from demos.images import answers, cards, faces
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.images.tryout.sheet import Sheet, counted, filled
from demos.language import Say, Words
from demos.models import waiting
from demos.streaming import Latest
from inference import Engine

SHOWN = 4  # faces of each
ERAS = {answers.GAN: "then", answers.DIFFUSION: "next"}


def build(engine: Engine, words: Words, gallery: gr.State, chosen: gr.State) -> None:
    """The button, and the columns under it."""
    own = answers.yours(engine)
    page.markup(words, faces.heading("compare"))
    page.markup(words, lambda say: cards.learnt(answers.DIFFUSION, say))
    third = gr.Radio(
        [(page.UNNAMED, key) for key in ("", *(entry.key for entry in own))],
        value=own[0].key if own else "",
        label=words("images.compare.third"),
        visible=bool(own),
        elem_id="face-third",
    )

    def named(say: Say) -> list[tuple[str, str]]:
        mine = [(escape(say.model(entry)), entry.key) for entry in own]
        return [*mine, (say("images.compare.none"), "")]

    page.choices(words, third, named)
    go = gr.Button(words("images.compare.go"), elem_id="face-compare")
    beside_each_other = gr.HTML(js_on_load=None, elem_id="face-beside")
    latest = gr.State(Latest())

    @streaming.event(words, nothing=gr.skip(), broken="")
    def on_go(
        mine: Latest,
        now: Gallery | None,
        one: Mapping[str, Any] | None,
        third: Any,
        request: gr.Request,
    ) -> AsyncIterator[str] | None:
        if now is None or one is None:
            return None
        keys = [*ERAS, *(entry.key for entry in own if entry.key == third)]
        keys += [now.key] if now.key not in keys else []
        return comparing(engine, words.speaker(request), wanted(now, one["point"]), keys)

    go.click(
        on_go,
        [latest, gallery, chosen, third],
        beside_each_other,
        preprocess=False,
        concurrency_limit=answers.most_together(engine),
        trigger_mode="multiple",
        **page.PRIVATE,
    )


def wanted(gallery: Gallery, first: Mapping[str, Any]) -> list[Point]:
    """The face that was picked, then others of the grid: `SHOWN` in all where there are as many. No
    moves: the diffusion model has no directions of ours."""

    def still(point: Mapping[str, Any]) -> Point:
        return {name: value for name, value in point.items() if name != "moves"}

    found = [still(first)]
    for point in gallery.points:
        if (plain := still(point)) not in found:
            found.append(plain)
    return found[:SHOWN]


async def comparing(
    engine: Engine, say: Say, points: Sequence[Point], keys: Sequence[str] = tuple(ERAS)
) -> AsyncGenerator[str, None]:
    """The columns as HTML while they fill."""
    sheets = [Sheet(answers.entry_of(engine, key), points) for key in keys]
    async with aclosing(filled(engine, sheets)) as moments:
        async for now in moments:
            yield await asyncio.to_thread(beside, say, now)


def beside(say: Say, sheets: Sequence[Sheet]) -> str:
    """All columns."""
    parts = "".join(column(say, sheet) for sheet in sheets)
    return f'<div class="columns">{parts}</div><p class="note">{say("images.compare.seeds")}</p>'


def column(say: Say, sheet: Sheet) -> str:
    """One network under its era and its name: its faces, and how far it is or how long it took."""
    if sheet.error:
        body = page.refusal(say, sheet.error)
    elif sheet.loading:
        body = waiting(say, sheet.entry, sheet.progress)
    else:
        cells = [
            faces.tag(event["image"], faces.name(say, point, sheet.entry.key), lossless=False)
            if event
            else '<i class="face"></i>'
            for point, event in zip(sheet.points, sheet.events, strict=True)
        ]
        body = f'<div class="faces" data-columns="4">{"".join(cells)}</div>{told(say, sheet)}'
    era = ERAS.get(sheet.entry.key, "yours")
    return columns.headed(say, f"images.compare.{era}", sheet.entry, body)


def told(say: Say, sheet: Sheet) -> str:
    """The step that a sheet is at, or the time that it took."""
    if sheet.seconds is not None:
        key = "done" if answers.at_once(sheet.entry) else "done_steps"
        took = models.took(say, sheet.seconds)
        count = len(sheet.points)
        said = say(f"images.compare.{key}", count=count, time=took, steps=sheet.steps)
        return f'<p class="quiet" role="status">{said}</p>'
    if sheet.begun:
        return counted(say, sheet)
    return f'<p class="quiet">{say("images.compare.waits")}</p>'
