"""Try: a grid of faces from a seed; one is picked, and the rest of the room is about that one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.images import answers, charts, compare, faces, game, now, points, walk
from demos.images.asked import COUNT, MOST, SEED, Asked, Drawing, drawing, held, linked
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.language import Words
from demos.streaming import Latest, while_latest
from inference.errors import Refusal

MOST_SAID = 100_000  # a seed that is drawn for a visitor can be read out
SCRIPT = "import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.%s);"
GRID = SCRIPT % "mountGrid(element, (at) => trigger('pick', {at}))"
PICKED = SCRIPT % "mountPicked(element)"
WALK = SCRIPT % (
    "mountWalk(element, (at) => trigger('take', {at}), (at) => trigger('drop', {at}), watch)"
)
#: What changes here is read aloud.
ALOUD = "element.setAttribute('aria-live', 'polite')"
# Fires "shown" with what the address says, when the tab first comes into sight.
SHOWN = """new IntersectionObserver((seen, observer) => {
  if (!seen.at(-1).isIntersecting) return;
  observer.disconnect();
  trigger('shown', {query: location.search});
}, {rootMargin: '1000000px'}).observe(element);"""


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``chosen`` holds {"point", "key", "image"}: the face that
    was picked, its model and its pixels, uint8 [64, 64, 3]; None until one is drawn."""

    chosen: gr.State
    seen: gr.Button


def build(engine: Any, words: Words) -> TryParts:
    """The grid on the left, one face on the right; what is done with it below."""
    with gr.Row(elem_classes="asked"):
        seed = gr.Number(
            SEED, label=words("images.try.seed"), precision=0, elem_id="face-seed", min_width=120
        )
        count = gr.Slider(
            1, MOST, COUNT, step=1, label=words("images.try.count"), buttons=[],
            elem_id="face-count", min_width=160,
        )  # fmt: skip
        variety = gr.Slider(
            0, 1, points.TRUNCATION, step=0.1, label=words("images.try.variety"),
            info=words("images.try.variety_help"), buttons=[],
            elem_id="face-variety", min_width=260,
        )  # fmt: skip
        new = gr.Button(words("images.try.new"), variant="primary", elem_id="face-new")
    bar = gr.HTML(js_on_load=None, elem_id="face-bar")
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=6, elem_classes="give"):
            grid = gr.HTML(js_on_load=GRID, elem_id="face-grid")
            line = gr.HTML(js_on_load=ALOUD, elem_id="face-line")
            page.markup(words, lambda say: charts.learnt(answers.GAN, say))
        with gr.Column(scale=5, elem_classes="get"):
            one = gr.HTML(js_on_load=PICKED, elem_id="face-picked")
            with gr.Row(elem_classes="actions"):
                like = gr.Button(words("images.try.more"), elem_id="face-like")
                keep = gr.Button(words("images.try.keep"), elem_id="face-keep")
                seen = gr.Button(words("images.try.inside"), elem_id="face-seen")
            kept = gr.HTML(js_on_load=ALOUD, elem_id="face-kept")
    page.markup(words, faces.heading("walk"))
    way = gr.HTML(js_on_load=WALK, elem_id="face-walk")
    sight = gr.HTML("<span></span>", js_on_load=SHOWN, elem_classes="on-sight")
    turn, walk_turn = gr.State(Latest()), gr.State(Latest())
    gallery, chosen, stops, opened = gr.State(None), gr.State(None), gr.State(()), gr.State(False)
    compare.build(engine, words, gallery, chosen)
    now.build(engine, words, chosen)
    game.build(engine, words)
    page.markup(words, charts.headline(engine))

    shown = [bar, grid, line, one, gallery, chosen]
    nothing = (gr.skip(),) * len(shown)

    def placed(said: Drawing) -> tuple[Any, ...]:
        """A moment in its places: what stood there stays until something new does."""
        if said.gallery is None:
            return (said.bar, *nothing[1:])
        return said.bar, said.grid, said.line, said.one, said.gallery, said.chosen

    async def steps(mine: Latest, lang: str, asked: Asked) -> AsyncIterator[tuple[Any, ...]]:
        halt = mine.take()
        run = drawing(engine, words, lang, asked)
        broken = Drawing("")
        async with aclosing(while_latest(halt, streaming.or_broken(run, broken))) as moments:
            async for moment in moments:
                still = moment is streaming.HEARTBEAT
                yield ("<progress></progress>", *nothing[1:]) if still else placed(moment)
        if halt.replaced.is_set():  # Gradio sends the last of these once more
            yield nothing

    def refused(error: Refusal, request: gr.Request) -> tuple[Any, ...]:
        return (page.refusal(words, words.lang(request), error), *nothing[1:])

    @page.guard(words)
    async def on_open(
        mine: Latest, opened: bool, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        """(seed, count, variety, stops, opened, the grid)."""
        if opened:
            yield (gr.skip(),) * (5 + len(shown))
            return
        lang, said = words.lang(request), ""
        try:
            asked, way = linked(str(getattr(event, "query", "")))
        except Refusal as error:
            asked, way = Asked(SEED, COUNT), ()
            said = page.refusal(words.speaker(lang), error)
        way = way or tuple(points.several(asked.seed, 2, asked.truncation))
        boxes: tuple[Any, ...] = (asked.seed, asked.count, asked.truncation, way, True)
        async with aclosing(steps(mine, lang, asked)) as moments:
            async for bar, *rest in moments:
                yield *boxes, bar or said, *rest
                boxes = (gr.skip(),) * len(boxes)  # what a visitor types meanwhile stays

    @page.guard(words)
    async def on_seed(
        mine: Latest, seed: Any, count: Any, variety: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        if None in (seed, count, variety):  # a box is empty while a number is being typed
            yield ("", *nothing[1:])
            return
        try:
            first, many = points.checked_seed(seed), points.checked_count(count, MOST)
            asked = Asked(first, many, truncation=points.checked_truncation(variety))
        except Refusal as error:
            mine.take()
            yield refused(error, request)
            return
        async with aclosing(steps(mine, words.lang(request), asked)) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_like(
        mine: Latest, count: Any, now: dict[str, Any] | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        if None in (now, count):
            yield nothing
            return
        assert now is not None
        others = max(points.checked_count(count, MOST), 2)  # itself, and at least one more
        near = now["point"]
        truncation = near.get("truncation", 1.0)
        asked = Asked(secrets.randbelow(MOST_SAID), others, near=near, truncation=truncation)
        async with aclosing(steps(mine, words.lang(request), asked)) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_pick(now: Gallery | None, event: gr.EventData, request: gr.Request) -> Any:
        at = event.at
        if now is None or not isinstance(at, int) or not 0 <= at < len(now.points):
            return gr.skip(), gr.skip()
        point, image = now.points[at], now.images[at]
        say = words.speaker(words.lang(request))
        return faces.picked(say, point, image, now.query), held(point, image)

    @page.guard(words)
    async def on_take(
        stops: Sequence[Point], now: Gallery | None, event: gr.EventData, request: gr.Request
    ) -> Any:
        point, lang = walk.place(stops, event.at), words.lang(request)
        if point is None or now is None:
            return gr.skip(), gr.skip()
        image = (await answers.drawn(engine, answers.GAN, [point])).images[0]
        return faces.picked(words.speaker(lang), point, image, now.query), held(point, image)

    @page.guard(words)
    async def on_walk(
        mine: Latest, stops: Sequence[Point], request: gr.Request
    ) -> AsyncIterator[Any]:
        halt, lang = mine.take(), words.lang(request)
        run = answers.once(walk.walked(engine, words, lang, stops))
        async with aclosing(while_latest(halt, streaming.or_broken(run, ""))) as moments:
            async for moment in moments:
                yield gr.skip() if moment is streaming.HEARTBEAT else moment
        if halt.replaced.is_set():
            yield gr.skip()

    def on_keep(stops: Sequence[Point], now: dict[str, Any] | None, request: gr.Request) -> Any:
        if not now:
            return gr.skip(), gr.skip()
        more, said = walk.added(words.speaker(words.lang(request)), stops, now["point"])
        return more, f'<p class="quiet">{said}</p>'

    def on_drop(stops: Sequence[Point], event: gr.EventData) -> Any:
        return walk.dropped(stops, event.at)

    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        "preprocess": False,
        **page.PRIVATE,
    }
    said = [turn, seed, count, variety]
    ask: dict[str, Any] = {"fn": on_seed, "inputs": said, "outputs": shown, **heavy}
    step: dict[str, Any] = {"fn": on_walk, "inputs": [walk_turn, stops], "outputs": way, **heavy}
    boxes = [seed, count, variety, stops, opened]
    sight.shown(on_open, [turn, opened], [*boxes, *shown], **heavy)
    opened.change(**step)
    new.click(rolled, [seed, gallery], seed, preprocess=False, **page.PRIVATE).success(**ask)
    last = {"trigger_mode": "always_last"}
    gr.on([seed.input, seed.submit, count.input, variety.input], **ask | last)
    like.click(on_like, [turn, count, chosen], shown, **heavy)
    grid.pick(on_pick, [gallery], [one, chosen], **page.PRIVATE)
    way.take(on_take, [stops, gallery], [one, chosen], **heavy)
    keep.click(on_keep, [stops, chosen], [stops, kept], **page.PRIVATE).success(**step)
    way.drop(on_drop, stops, stops, **page.PRIVATE).success(**step)
    return TryParts(chosen, seen)


def rolled(seed: Any, now: Gallery | None) -> Any:
    """The seed of new faces: the one in the box if it was typed and not drawn yet, else any."""
    typed = now is not None and now.near is None and seed not in (None, now.seed)
    return gr.skip() if typed else secrets.randbelow(MOST_SAID)
