"""Try: a grid of faces from a seed; one is picked, and the rest of the room is about that one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import gradio as gr
from gradio.context import Context

from demos import models, page, share, streaming, training
from demos.images import answers, cards, faces, points
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.images.tryout import compare, guess, today, walk
from demos.images.tryout.grid import COUNT, MOST, SEED, Asked, drawing, held, linked
from demos.language import Say, Words
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal
from jobs import Jobs
from pretrained.catalog import Entry

SLOW = 4  # pictures that a model of many steps opens with
MOST_SAID = 100_000  # a seed that is drawn for a visitor can be read out
SCRIPT = "import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.%s);"
GRID = page.KEPT + SCRIPT % "mountGrid(element, (at) => trigger('pick', {at}))"
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


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> TryParts:
    """The grid on the left, one face on the right; what is done with it below. ``jobs``: where the
    models are that visitors have trained."""
    unmet = share.unmet("face-unmet")
    with gr.Row(elem_classes="asked"):
        model = gr.Dropdown(
            choices=[(page.UNNAMED, key) for key in answers.drawers(engine)],
            value=answers.GAN,
            label=words("images.try.model"),
            elem_id="face-model",
            min_width=240,
        )
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
            grid = gr.HTML(js_on_load=GRID, elem_id="face-grid", elem_classes="answer")
            line = gr.HTML(js_on_load=ALOUD, elem_id="face-line")
            page.markup(words, lambda say: cards.learnt(answers.GAN, say), elem_id="face-learnt")
        with gr.Column(scale=5, elem_classes="get"):
            one = gr.HTML(js_on_load=PICKED, elem_id="face-picked")
            with gr.Row(elem_classes="actions"):
                like = gr.Button(words("images.try.more"), elem_id="face-like")
                keep = gr.Button(words("images.try.keep"), elem_id="face-keep")
                seen = gr.Button(words("images.try.inside"), elem_id="face-seen")
            kept = gr.HTML(js_on_load=ALOUD, elem_id="face-kept")
    page.markup(words, faces.heading("walk"))
    way = gr.HTML(js_on_load=WALK, elem_id="face-walk")
    page.choices(
        words,
        model,
        lambda say: models.choices(say, answers.drawers(engine).values()),
        partial(answers.named, engine),
        partial(training.mine, jobs, engine, answers.TASK),
        grid.kept,
    )
    first_sight = gr.HTML("<span></span>", js_on_load=SHOWN, elem_classes="on-sight")
    latest, latest_walk = gr.State(Latest()), gr.State(Latest())
    gallery, chosen, stops, opened = gr.State(None), gr.State(None), gr.State(()), gr.State(False)
    compare.build(engine, words, gallery, chosen)
    today.build(engine, words, chosen)
    guess.build(engine, words)
    page.markup(words, cards.headline(engine))

    shown = [bar, grid, line, one, gallery, chosen]
    nothing = (gr.skip(),) * len(shown)
    cleared, bar_only = ("", *nothing[1:]), ("<progress></progress>", *nothing[1:])
    boxes = [seed, count, variety, stops, opened]
    kept_boxes = (gr.skip(),) * len(boxes)

    async def placed(say: Say, asked: Asked) -> AsyncGenerator[tuple[Any, ...], None]:
        """Moments in their places: what stood there stays until something new does."""
        async with aclosing(drawing(engine, say, asked)) as moments:
            async for now in moments:
                if now.gallery is None:
                    yield (now.bar, *nothing[1:])
                else:
                    yield now.bar, now.grid, now.line, now.one, now.gallery, now.chosen

    async def opening(say: Say, query: str, key: str) -> AsyncGenerator[tuple[Any, ...], None]:
        """(seed, count, variety, stops, opened, the grid) of a link."""
        said, entry = "", models.found(engine, key)
        usual = SLOW if entry and not answers.at_once(entry) else COUNT
        try:
            asked, way = linked(query, usual)
        except Refusal as error:
            asked, way, said = Asked(SEED, usual), (), page.refusal(say, error)
        asked = replace(asked, key=key)
        way = way or tuple(points.several(asked.seed + asked.picked, 2, asked.truncation))
        slider = gr.update(value=asked.truncation, visible=truncates(entry))
        told: tuple[Any, ...] = (asked.seed, asked.count, slider, way, True)
        async with aclosing(placed(say, asked)) as moments:
            async for bar, *rest in moments:
                yield *told, bar or said, *rest
                told = kept_boxes  # what a visitor types meanwhile stays

    @streaming.event(
        words,
        nothing=(*kept_boxes, *nothing),
        broken=(*kept_boxes, *cleared),
        waiting=(*kept_boxes, *bar_only),
    )
    def on_open(
        mine: Latest, opened: bool, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if opened:
            return None
        query, key = str(getattr(event, "query", "")), answers.asked(engine, request)
        return opening(words.speaker(request), query, key)

    @streaming.event(words, nothing=nothing, broken=cleared, waiting=bar_only)
    def on_seed(
        mine: Latest, seed: Any, count: Any, variety: Any, key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        return by_seed(words.speaker(request), seed, count, variety, key)

    def by_seed(
        say: Say, seed: Any, count: Any, variety: Any, key: Any
    ) -> AsyncGenerator[tuple[Any, ...], None]:
        if None in (seed, count, variety):  # a box is empty while a number is being typed
            return streaming.just(cleared)
        try:
            asked = Asked(
                points.checked_seed(seed),
                points.checked_count(within(count, 1, MOST), MOST),
                truncation=points.checked_truncation(within(variety, 0, 1)),
                key=answers.drawer(engine, key).key,
            )
        except Refusal as error:
            return streaming.just((page.refusal(say, error), *nothing[1:]))
        return placed(say, asked)

    @streaming.event(
        words,
        nothing=(gr.skip(), gr.skip(), *nothing),
        broken=(gr.skip(), gr.skip(), *cleared),
        waiting=(gr.skip(), gr.skip(), *bar_only),
    )
    def on_model(
        mine: Latest, seed: Any, count: Any, variety: Any, key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        """The same seeds by another model: fewer of them where it takes many steps."""
        entry = models.found(engine, str(key))
        many = count if count is None or not entry or answers.at_once(entry) else min(count, SLOW)
        slider = gr.update(visible=truncates(entry))
        moments = by_seed(words.speaker(request), seed, many, variety, key)
        return boxed((many, slider), moments)

    @streaming.event(words, nothing=nothing, broken=cleared, waiting=bar_only)
    def on_like(
        mine: Latest, count: Any, now: dict[str, Any] | None, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if now is None or count is None:
            return None
        others = max(points.checked_count(count, MOST), 2)  # itself, and at least one more
        near = now["point"]
        truncation = near.get("truncation", 1.0)
        asked = Asked(
            secrets.randbelow(MOST_SAID),
            others,
            near=near,
            truncation=truncation,
            key=now["key"],
        )
        return placed(words.speaker(request), asked)

    @page.guard(words)
    def on_pick(now: Gallery | None, event: gr.EventData, request: gr.Request) -> Any:
        at = event.at
        if now is None or not isinstance(at, int) or not 0 <= at < len(now.points):
            return gr.skip(), gr.skip()
        point, image = now.points[at], now.images[at]
        one = faces.picked(words.speaker(request), point, image, now)
        return one, held(now, point, image)

    async def taken(say: Say, now: Gallery, point: Point) -> tuple[Any, ...]:
        image = (await answers.drawn(engine, now.key, [point])).images[0]
        return faces.picked(say, point, image, now), held(now, point, image)

    @streaming.event(words, nothing=(gr.skip(), gr.skip()))
    def on_take(
        stops: Sequence[Point], now: Gallery | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        point = walk.place(stops, event.at)
        if point is None or now is None:
            return None
        return streaming.once(taken(words.speaker(request), now, point))

    @streaming.event(words, nothing=gr.skip(), broken="")
    def on_walk(
        mine: Latest, stops: Sequence[Point], now: Gallery | None, request: gr.Request
    ) -> AsyncIterator[str]:
        key = now.key if now else answers.asked(engine, request)
        return streaming.once(walk.walked(engine, words.speaker(request), stops, key))

    @page.guard(words)
    async def on_load(request: gr.Request) -> Any:
        """What of the address cannot be had."""
        wrong: list[Refusal] = []
        told = share.query(request)
        if told.get("tab") == answers.TASK:
            share.model(answers.TASK, engine, told, wrong)
        return share.refused(words.speaker(request), wrong)

    @page.guard(words)
    def on_keep(stops: Sequence[Point], now: dict[str, Any] | None, request: gr.Request) -> Any:
        if not now:
            return gr.skip(), gr.skip()
        more, said = walk.added(words.speaker(request), stops, now["point"], now["key"])
        return more, f'<p class="quiet">{said}</p>'

    @page.guard(words)
    def on_drop(stops: Sequence[Point], event: gr.EventData) -> Any:
        return walk.dropped(stops, event.at)

    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        "preprocess": False,
        **page.PRIVATE,
    }
    assert Context.root_block is not None
    Context.root_block.load(on_load, None, unmet, queue=False, **page.PRIVATE)
    said = [latest, seed, count, variety, model]
    ask: dict[str, Any] = {"fn": on_seed, "inputs": said, "outputs": shown, **heavy}
    step: dict[str, Any] = {
        "fn": on_walk,
        "inputs": [latest_walk, stops, gallery],
        "outputs": way,
        **heavy,
    }
    first_sight.shown(on_open, [latest, opened], [*boxes, *shown], **heavy)
    opened.change(**step)
    new.click(
        page.guard(words)(rolled), [seed, gallery], seed, preprocess=False, **page.PRIVATE
    ).success(**ask)
    last = {"trigger_mode": "always_last"}
    gr.on([seed.input, seed.submit, count.input, variety.input], **ask | last)
    model.input(on_model, said, [count, variety, *shown], **heavy).success(**step)
    like.click(on_like, [latest, count, chosen], shown, **heavy)
    grid.pick(on_pick, [gallery], [one, chosen], **page.PRIVATE)
    way.take(on_take, [stops, gallery], [one, chosen], **heavy)
    keep.click(on_keep, [stops, chosen], [stops, kept], **page.PRIVATE).success(**step)
    way.drop(on_drop, stops, stops, **page.PRIVATE).success(**step)
    return TryParts(chosen, seen)


async def boxed(
    boxes: tuple[Any, ...], moments: AsyncGenerator[tuple[Any, ...], None]
) -> AsyncGenerator[tuple[Any, ...], None]:
    """What stands in the boxes, before the moments of the grid."""
    async with aclosing(moments) as steps:
        async for step in steps:
            yield *boxes, *step


def within(sent: Any, least: float, most: float) -> Any:
    """What a slider makes of a number that was typed beyond its ends, once its box is left."""
    return min(max(sent, least), most) if isinstance(sent, int | float) else sent


def truncates(entry: Entry | None) -> bool | Literal["hidden"]:
    """Whether the slider is seen: a model of many steps draws the same faces wherever it stands."""
    return "hidden" if entry and not answers.at_once(entry) else True


def rolled(seed: Any, now: Gallery | None) -> Any:
    """The seed of new faces: the one in the box if it was typed and not drawn yet, else any."""
    typed = now is not None and now.near is None and seed not in (None, now.seed)
    return gr.skip() if typed else secrets.randbelow(MOST_SAID)
