"""Then and next: the same seeds drawn by the GAN in one step and by the diffusion model in twenty,
side by side, with the time that each took; a model of the visitor's own beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import gradio as gr

from demos import columns, page, streaming
from demos.images import answers, cards, faces
from demos.images.answers import Pixels
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.language import Say, Words
from demos.models import Progress, ready, waiting
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

SHOWN = 4  # faces of each
ERAS = {answers.GAN: "then", answers.DIFFUSION: "next"}


@dataclass
class Side:
    """One network's column: what is drawn so far, or why nothing is."""

    key: str
    images: list[Pixels | None]
    entry: Entry | None = None
    loading: bool = False
    progress: Progress = None
    steps: list[int] = field(default_factory=list)  # that each face has had
    whole: int = 1  # steps that a face takes
    seconds: float | None = None
    error: Refusal | None = None

    @property
    def now(self) -> Side:
        """It, as it stands at this moment."""
        return replace(self, images=list(self.images), steps=list(self.steps))

    @property
    def news(self) -> tuple[Any, ...]:
        """What tells two moments of it apart."""
        return self.loading, self.progress, tuple(self.steps), self.seconds, self.error


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
    """The columns as HTML while they fill. The networks draw one after the other, so that neither
    waits for the other."""
    known = answers.entries(engine)
    sides = [Side(key, [None] * len(points), known.get(key)) for key in keys]
    told: Any = None
    async with aclosing(answers.followed(fill(engine, sides, points), answers.EVERY)) as looks:
        async for _ in looks:
            now = [side.now for side in sides]  # they change while they are drawn
            news = [side.news for side in now]
            if news != told:
                told = news
                yield await asyncio.to_thread(beside, say, now, points)


async def fill(engine: Engine, sides: Sequence[Side], points: Sequence[Point]) -> None:
    """Draws one side after the other; what is refused is said in its column."""
    for side in sides:
        try:
            side.entry = answers.entry_of(engine, side.key)
            side.loading = True
            async with aclosing(ready(engine, side.entry)) as loading:
                async for side.progress in loading:
                    pass
            side.loading, began = False, time.monotonic()
            if answers.at_once(side.entry):
                side.images = list((await answers.drawn(engine, side.key, points)).images)
            else:
                await emerge(engine, side, points)
            side.seconds = time.monotonic() - began
        except Refusal as error:
            side.loading, side.error = False, error


async def emerge(engine: Engine, side: Side, points: Sequence[Point]) -> None:
    """Draws all faces of a side step by step, at the same time."""
    side.steps = [0] * len(points)

    async def follow(number: int) -> None:
        async with aclosing(engine.stream(side.key, points[number])) as events:
            async for event in events:
                side.images[number] = event["image"]
                side.steps[number], side.whole = event["step"], event["steps"]

    tasks = [asyncio.ensure_future(follow(number)) for number in range(len(points))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def beside(say: Say, sides: Sequence[Side], points: Sequence[Point]) -> str:
    """All columns."""
    parts = "".join(column(say, side, points) for side in sides)
    return f'<div class="columns">{parts}</div><p class="note">{say("images.compare.seeds")}</p>'


def column(say: Say, side: Side, points: Sequence[Point]) -> str:
    """One network under its era and its name: its faces, and how far it is or how long it took."""
    body = page.refusal(say, side.error) if side.error else ""
    if side.entry is None:
        return f'<section class="answered">{body}</section>'
    if side.loading:
        body = waiting(say, side.entry, side.progress)
    elif not side.error:
        cells = [
            faces.tag(image, faces.name(say, point), lossless=False)
            if image is not None
            else '<i class="face"></i>'
            for point, image in zip(points, side.images, strict=True)
        ]
        body = f'<div class="faces" data-columns="4">{"".join(cells)}</div>'
        body += told(say, side, len(points))
    era = ERAS.get(side.key, "yours")
    return columns.headed(say, f"images.compare.{era}", side.entry, body)


def told(say: Say, side: Side, count: int) -> str:
    """The step that a side is at, or the time that it took."""
    if side.seconds is not None:
        time = answers.took(say, side.seconds)
        key = "images.compare.done_steps" if side.steps else "images.compare.done"
        sentence = say(key, count=count, time=time, steps=side.whole)
        return f'<p class="quiet" role="status">{sentence}</p>'
    if side.steps:
        return counted(say, min(side.steps), side.whole)
    return f'<p class="quiet">{say("images.compare.waits")}</p>'


def counted(say: Say, step: int, steps: int) -> str:
    """A bar that counts steps."""
    said = say("images.compare.step", step=step, steps=steps)
    return (
        f'<progress max="{steps}" value="{step}" aria-label="{said}"></progress>'
        f'<p class="quiet">{said}</p>'
    )
