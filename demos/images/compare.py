"""Then and next: the same seeds drawn by the GAN in one step and by the diffusion model in twenty,
side by side, with the time that each took; a model of the visitor's own beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from demos import page, streaming
from demos.images import answers, charts, faces
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.language import Say, Words
from demos.models import ready, waiting
from demos.streaming import Latest, while_latest
from inference.errors import Refusal

SHOWN = 4  # faces of each
ERAS = {answers.GAN: "then", answers.DIFFUSION: "next"}


@dataclass
class Side:
    """One network's column: what is drawn so far, or why nothing is."""

    key: str
    images: list[np.ndarray | None]
    entry: Any = None
    loading: bool = False
    progress: tuple[int, int] | None = None
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


def build(engine: Any, words: Words, gallery: gr.State, chosen: gr.State) -> None:
    """The button, and the columns under it."""
    own = answers.yours(engine)
    page.markup(words, faces.heading("compare"))
    page.markup(words, lambda say: charts.learnt(answers.DIFFUSION, say))
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
    columns = gr.HTML(js_on_load=None, elem_id="face-beside")
    turn = gr.State(Latest())

    @page.guard(words)
    async def on_go(
        mine: Latest,
        now: Gallery | None,
        one: Mapping[str, Any] | None,
        third: Any,
        request: gr.Request,
    ) -> AsyncIterator[Any]:
        if now is None or one is None:
            yield gr.skip()
            return
        halt = mine.take()
        keys = [*ERAS, *(entry.key for entry in own if entry.key == third)]
        run = comparing(engine, words, words.lang(request), wanted(now, one["point"]), keys)
        async with aclosing(while_latest(halt, streaming.or_broken(run, ""))) as moments:
            async for moment in moments:
                yield gr.skip() if moment is streaming.HEARTBEAT else moment
        if halt.replaced.is_set():  # Gradio sends the last of these once more
            yield gr.skip()

    go.click(
        on_go,
        [turn, gallery, chosen, third],
        columns,
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
    engine: Any, words: Words, lang: str, points: Sequence[Point], keys: Sequence[str] = tuple(ERAS)
) -> AsyncIterator[str]:
    """The columns as HTML while they fill. The networks draw one after the other, so that neither
    waits for the other."""
    sides = [Side(key, [None] * len(points)) for key in keys]
    told: Any = None
    async with aclosing(answers.followed(fill(engine, sides, points), answers.EVERY)) as looks:
        async for _ in looks:
            now = [side.now for side in sides]  # they change while they are drawn
            news = [side.news for side in now]
            if news != told:
                told = news
                yield await asyncio.to_thread(beside, words, lang, now, points)


async def fill(engine: Any, sides: Sequence[Side], points: Sequence[Point]) -> None:
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


async def emerge(engine: Any, side: Side, points: Sequence[Point]) -> None:
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


def beside(words: Words, lang: str, sides: Sequence[Side], points: Sequence[Point]) -> str:
    """All columns."""
    say = words.speaker(lang)
    columns = "".join(column(words, lang, side, points) for side in sides)
    note = f'<p class="note">{say("images.compare.seeds")}</p>'
    return f'<div class="columns">{columns}</div>{note}'


def column(words: Words, lang: str, side: Side, points: Sequence[Point]) -> str:
    """One network under its era and its name: its faces, and how far it is or how long it took."""
    say = words.speaker(lang)
    era = say(f"images.compare.{ERAS.get(side.key, 'yours')}")
    name = escape(words.speaker(lang).model(side.entry)) if side.entry else ""
    if side.error:
        body = page.refusal(words.speaker(lang), side.error)
    elif side.loading:
        body = waiting(words.speaker(lang), side.entry, side.progress)
    else:
        cells = [
            faces.tag(image, faces.name(say, point), lossless=False)
            if image is not None
            else '<i class="face"></i>'
            for point, image in zip(points, side.images, strict=True)
        ]
        body = f'<div class="faces" data-columns="4">{"".join(cells)}</div>'
        body += told(words, lang, side, len(points))
    return f'<section class="answered"><p class="era">{era}</p><h3>{name}</h3>{body}</section>'


def told(words: Words, lang: str, side: Side, count: int) -> str:
    """The step that a side is at, or the time that it took."""
    say = words.speaker(lang)
    if side.seconds is not None:
        time = answers.took(words, lang, side.seconds)
        key = "images.compare.done_steps" if side.steps else "images.compare.done"
        sentence = say(key, count=count, time=time, steps=side.whole)
        return f'<p class="quiet" role="status">{sentence}</p>'
    if side.steps:
        step = min(side.steps)
        return counted(say, step, side.whole)
    return f'<p class="quiet">{say("images.compare.waits")}</p>'


def counted(say: Say, step: int, steps: int) -> str:
    """A bar that counts steps."""
    said = say("images.compare.step", step=step, steps=steps)
    return (
        f'<progress max="{steps}" value="{step}" aria-label="{said}"></progress>'
        f'<p class="quiet">{said}</p>'
    )
