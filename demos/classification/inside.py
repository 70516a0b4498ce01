"""Look inside: how the model came to its answer, step by step, on the visitor's own picture.

Each step is one view of the served model (`view=` of its predict) and one piece of HTML. Pictures
travel inside the HTML, so nothing of a visitor's stays in a folder of the server.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from demos import models, page, pictures, streaming, uploads
from demos.classification import answers
from demos.classification.answers import classifiers
from demos.language import Say, Words
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.errors import ViewUnsupported

HOG = "classification/hog-svm"
#: Networks whose first layer began from the data: `whiten_stem` of pretrained's model.py.
FROM_PATCHES = ("pretrained.classification.serve:load",)
MAPS = 32
STEPS = ("stages", "maps", "touch", "where", "filters", "hog")
NOTHING = ("",) * (1 + len(STEPS))
SCRIPT = "import(new URL('house/classify_inside.js', document.baseURI)).then((it) => it.%s);"
#: What the script of the convolution says while the visitor moves.
SAID = ("place", "below", "above", "outside", "filter")
COLOURS = ("red", "green", "blue")


@dataclass
class Visit:
    """What is under way for one visitor: the room, and the maps of a stage that was chosen."""

    room: Latest = field(default_factory=Latest)
    maps: Latest = field(default_factory=Latest)


def build(
    engine: Engine, words: Words, picture: gr.Image, model: gr.Dropdown, room: gr.Tab
) -> None:
    """The room: filled when it is opened, from the picture and the model chosen under Try."""
    head = gr.HTML(js_on_load=None, elem_id="inside-head")
    stages = gr.HTML(
        js_on_load=SCRIPT % "stages(element, trigger, 'choose')", elem_id="inside-stages"
    )
    maps = gr.HTML(js_on_load=None, elem_id="inside-maps")
    touch = gr.HTML(js_on_load=SCRIPT % "convolution(element)", elem_id="inside-touch")
    where = gr.HTML(js_on_load=None, elem_id="inside-where")
    filters = gr.HTML(js_on_load=None, elem_id="inside-filters")
    hog = gr.HTML(js_on_load=None, elem_id="inside-hog")
    places = [head, stages, maps, touch, where, filters, hog]
    visit = gr.State(Visit())
    options: dict[str, Any] = {
        "concurrency_limit": models.most_together(classifiers(engine).values()),
        "trigger_mode": "multiple",
        "preprocess": False,
        **page.PRIVATE,
    }

    @streaming.event(words, only(), broken=NOTHING, latest=lambda mine: mine.room)
    def on_open(
        mine: Visit, payload: Mapping[str, Any] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        mine.maps.end()
        return opened(engine, words.speaker(request), payload, key)

    @streaming.event(words, gr.skip(), latest=lambda mine: mine.maps)
    def on_choose(
        mine: Visit,
        payload: Mapping[str, Any] | None,
        key: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> AsyncIterator[Any]:
        stage = str(event.stage)
        return streaming.once(chosen(engine, words.speaker(request), payload, key, stage))

    room.select(on_open, [visit, picture, model], places, **options)
    stages.choose(on_choose, [visit, picture, model], maps, **options)


async def opened(
    engine: Engine, say: Say, payload: Mapping[str, Any] | None, key: str
) -> AsyncIterator[tuple[Any, ...]]:
    """The head, then `STEPS`, each sent once it is computed and then left alone: the visitor may
    have clicked another stage meanwhile. A step that is refused says so in its own place; only
    where there is no picture or no such model is the whole room cleared."""
    try:
        look = await Look.at(engine, say, payload, key)
    except Refusal as error:
        yield page.refusal(say, error), *NOTHING[1:]
        return
    head = look.head()
    yield head + models.waiting(say, look.entry, None), *NOTHING[1:]
    if reason := await look.closed():
        yield only(head=head + reason, hog=await look.own(look.hog()))
        return
    try:
        seen = await look.ask("stages")
    except ViewUnsupported:  # some of timm's networks tell no stages
        yield only(head=head)
    except Refusal as error:
        yield only(head=head, stages=page.refusal(say, error))
    else:
        first = seen["stages"][0]["name"]
        yield only(head=head, stages=look.stages(seen, chosen=first))
        yield only(maps=await look.own(look.maps(first)))
    yield only(touch=await look.own(look.touch()))
    gradcam = await look.where_by("gradcam")
    yield only(where=look.where(gradcam, None, pending=True))
    yield only(filters=await look.own(look.filters()), hog=await look.own(look.hog()))
    yield only(where=look.where(gradcam, await look.where_by("occlusion")))


async def chosen(
    engine: Engine, say: Say, payload: Mapping[str, Any] | None, key: str, stage: str
) -> str:
    """The feature maps of the stage that was clicked, or why there are none."""
    try:
        look = await Look.at(engine, say, payload, key)
        return await look.closed() or await look.maps(stage)
    except Refusal as error:
        return page.refusal(say, error)


def only(**pieces: str) -> tuple[Any, ...]:
    """The pieces that are new, in their places; the page keeps the others."""
    return tuple(pieces.get(name, gr.skip()) for name in ("head", *STEPS))


class Look:
    """One picture, one model, one language: what every step needs."""

    def __init__(self, engine: Engine, say: Say, picture: Image.Image, entry: Entry):
        self.engine, self.say, self.picture, self.entry = engine, say, picture, entry

    @classmethod
    async def at(
        cls, engine: Engine, say: Say, payload: Mapping[str, Any] | None, key: str
    ) -> Look:
        """Raises a `Refusal` for a picture or a model that cannot be looked at."""
        entry = answers.entry_of(engine, key)
        return cls(engine, say, await uploads.opened(engine, payload), entry)

    async def ask(self, view: str, key: str | None = None, **options: Any) -> Any:
        return await self.engine.predict(key or self.entry.key, self.picture, view=view, **options)

    async def closed(self) -> str:
        """Why the model cannot be looked into, as HTML; "" where it can, and then it is loaded."""
        say, start = self.say.plain, "classification.inside."
        if self.entry.key == HOG:
            return page.note(say(start + "hog_only"))
        if not models.on_disk(self.entry):
            return page.note(say(start + "not_here"))
        return await self.own(self.loaded())

    async def loaded(self) -> str:
        await self.engine.preload(self.entry.key)
        return ""

    async def own(self, step: Awaitable[str]) -> str:
        """A step, nothing where the model has no such view, or the sentence that refuses it."""
        try:
            return await step
        except ViewUnsupported:
            return ""
        except Refusal as error:
            return page.refusal(self.say, error)

    def head(self) -> str:
        """The picture that travelled here from Try, and the model that looks at it."""
        name = self.say.model(self.entry)
        alt = self.say("classification.inside.picture")
        return (
            f'<div class="carried">{pictures.img(pictures.fitted(self.picture, 160), alt)}'
            f"<p>{self.say('classification.inside.carried', model=name)}</p></div>"
        )

    def stages(self, seen: Mapping[str, Any], chosen: str) -> str:
        """The network as it is: a block a stage, as tall as its maps, as deep as its channels."""
        small = Image.fromarray(seen["input"])
        height, width = seen["input"].shape[:2]
        alt = self.say("classification.inside.input_alt", width=width, height=height)
        given = pictures.img(small, alt, classes="pixels", lossless=True)
        size = self.say("classification.inside.input", width=width, height=height)
        cells = [f'<li class="given">{given}<span class="shape">{size}</span></li>']
        tallest = max(stage["shape"][1] for stage in seen["stages"])
        for stage in seen["stages"]:
            cells.append(f"<li>{self.stage(stage, tallest, stage['name'] == chosen)}</li>")
        drawing = f'<ol class="network">{"".join(cells)}</ol>'
        if any(stage.get("answer") for stage in seen["stages"]):
            probes = self.say("classification.inside.stages.probes")
            drawing = f'<p class="quiet">{probes}</p>{drawing}'
        shrinks = seen["stages"][-1]["shape"][1] < tallest
        return page.section(
            self.say,
            "classification.inside.stages",
            drawing,
            text="text" if shrinks else "text_even",
        )

    def stage(self, stage: Mapping[str, Any], tallest: int, chosen: bool) -> str:
        """One button: block, name, shape, weights, and the answer that could be read off here."""
        channels, height, width = stage["shape"]
        lines = [
            f"<b>{escape(self.stage_name(stage['name']))}</b>",
            f'<span class="shape">{channels} &times; {height} &times; {width}</span>',
            f'<span class="shape">{self.weights(stage["parameters"])}</span>',
        ]
        if stage.get("answer"):
            label = answers.label_in(self.say.lang, self.entry, stage["answer"]["label"])
            share = f"{stage['answer']['confidence']:.0%}"
            lines.append(f'<span class="guess">{escape(label)} <i>{share}</i></span>')
        if stage.get("probe_top1") is not None:
            accuracy = f"{stage['probe_top1']:.0%}"
            often = self.say("classification.inside.probe", top1=accuracy)
            lines.append(f'<span class="shape">{often}</span>')
        return (
            f'<button type="button" data-stage="{escape(stage["name"])}" '
            f'aria-pressed="{str(chosen).lower()}">{block(channels, height, tallest)}'
            f"{''.join(lines)}</button>"
        )

    def stage_name(self, name: str) -> str:
        """ "stage2" as the visitor reads it; a name that only the model knows stays as it is."""
        number = name.removeprefix("stage")
        if number.isdigit():
            return self.say.plain("classification.inside.stage", number=number)
        key = f"classification.inside.named.{name}"
        return self.say.words.tables[self.say.lang].get(key, name)

    def weights(self, count: int) -> str:
        return escape(models.size(self.say, count))

    async def maps(self, stage: str) -> str:
        """The strongest feature maps of one stage on this picture."""
        got = await self.ask("maps", stage=stage, count=MAPS)
        name = self.stage_name(stage)
        sheet = pictures.tiles(got["maps"], columns=8, gap=2, side=64)
        alt = self.say("classification.inside.maps.alt", count=len(got["maps"]), stage=name)
        tag = pictures.img(sheet, alt, classes="pixels sheet-picture", lossless=True)
        return page.section(
            self.say, "classification.inside.maps", tag, stage=name, count=len(got["maps"])
        )

    async def touch(self) -> str:
        """The first convolution, to be done by hand."""
        seen = await self.ask("convolution")
        body = convolution(self.say, seen)
        count, colours, side, _ = seen["kernels"].shape
        return page.section(
            self.say,
            "classification.inside.touch",
            body,
            count=count,
            side=side,
            products=colours * side * side,
        )

    async def where_by(self, method: str) -> Mapping[str, Any] | Refusal | None:
        """One heat map, or None where this model cannot be asked in this way."""
        try:
            return await self.ask("where", method=method)
        except ViewUnsupported:
            return None
        except Refusal as error:
            return error

    def where(
        self,
        gradcam: Mapping[str, Any] | Refusal | None,
        occlusion: Mapping[str, Any] | Refusal | None,
        *,
        pending: bool = False,
    ) -> str:
        """Two independent ways to ask which part of the picture carried the answer."""
        refused = [got for got in (gradcam, occlusion) if isinstance(got, Refusal)]
        found = [got for got in (gradcam, occlusion) if isinstance(got, Mapping)]
        if not found:
            return page.refusal(self.say, refused[0]) if refused else ""
        label = answers.label_in(self.say.lang, self.entry, found[0]["label"])
        figures = []
        for name, got in (("gradcam", gradcam), ("occlusion", occlusion)):
            if isinstance(got, Refusal):
                body = page.refusal(self.say, got)
            elif got is not None:
                x0, y0, x1, y1 = (round(n) for n in got["crop"])
                heat = pictures.overlay(self.picture, got["heat"], (x0, y0, x1, y1))
                body = pictures.img(
                    heat, self.say(f"classification.inside.{name}_alt", label=label)
                )
            elif name == "occlusion" and pending:
                body = '<div class="pending"><progress></progress></div>'
            else:
                continue
            caption = self.say(f"classification.inside.{name}")
            figures.append(f"<figure>{body}<figcaption>{caption}</figcaption></figure>")
        return page.section(
            self.say,
            "classification.inside.where",
            f'<div class="pair">{"".join(figures)}</div>',
            label=label,
        )

    async def filters(self) -> str:
        """The first layer's weights, as the little pictures that they are."""
        got = (await self.ask("filters"))["filters"]
        count, height, width = got.shape[:3]
        sheet = pictures.tiles(got, columns=16, gap=2, side=24)
        alt = self.say("classification.inside.filters.alt", count=count)
        tag = pictures.img(sheet, alt, classes="pixels sheet-picture", lossless=True)
        text = "text" if self.entry.loader in FROM_PATCHES else "text_learnt"
        return page.section(
            self.say,
            "classification.inside.filters",
            tag,
            text,
            count=count,
            width=width,
            height=height,
        )

    async def hog(self) -> str:
        """What the way before sees of the same picture."""
        if HOG not in self.engine.entries:
            return ""
        got = (await self.ask("hog", key=HOG))["picture"]
        alt = self.say("classification.inside.hog.alt")
        tag = pictures.img(pictures.grey(got), alt, classes="hog", lossless=True)
        return page.section(self.say, "classification.inside.hog", tag)


def block(channels: int, height: int, tallest: int) -> str:
    """A box in parallel projection, SVG: its face is as tall as the maps (square-root scale), its
    depth grows with the logarithm of the channels. Decoration: the numbers stand beside it."""
    side = 18 + 54 * math.sqrt(height / tallest)
    depth = 5 * math.log2(max(channels, 2))
    dx, dy = depth * 0.9, depth * 0.45
    top = 96 - side
    front = f"{2},{top} {2 + side},{top} {2 + side},{96} {2},{96}"
    lid = f"{2},{top} {2 + dx},{top - dy} {2 + side + dx},{top - dy} {2 + side},{top}"
    flank = f"{2 + side},{top} {2 + side + dx},{top - dy} {2 + side + dx},{96 - dy} {2 + side},{96}"
    return (
        '<svg viewBox="0 0 132 98" width="132" height="98" aria-hidden="true">'
        f'<polygon class="face" points="{front}"/><polygon class="lid" points="{lid}"/>'
        f'<polygon class="flank" points="{flank}"/></svg>'
    )


def convolution(say: Say, seen: Mapping[str, Any]) -> str:
    """A convolution to touch, as HTML: the network's first layer, done by hand on the visitor's
    picture by `classify_inside.js`: pixels, filter, products, their sum, and the map.

    Args:
        seen: the view ``convolution`` of one picture.
    """
    start = "classification.touch."
    layer = {name: seen[name] for name in ("mean", "std", "stride", "most")}
    layer["kernels"] = [round(float(weight), 5) for weight in seen["kernels"].ravel()]
    layer["bias"] = [round(float(bias), 5) for bias in seen["bias"]]
    layer["side"] = int(seen["kernels"].shape[-1])
    said = {name: say.plain(start + name) for name in (*SAID, *COLOURS)}
    height, width = seen["input"].shape[:2]
    picture = Image.fromarray(seen["input"])
    alt = say("classification.inside.input_alt", width=width, height=height)
    side = -(-height // seen["stride"])
    source = pictures.img(picture, alt, lossless=True)
    return (
        f'<div class="convolution" data-layer="{escape(json.dumps(layer))}" '
        f'data-said="{escape(json.dumps(said, ensure_ascii=False))}"><div hidden>{source}</div>'
        f'<div class="filters" role="radiogroup" aria-label="{say(start + "filters")}"></div>'
        '<div class="sides"><figure><canvas class="given" tabindex="0" role="application" '
        f'aria-label="{say(start + "given")}" aria-describedby="touch-line"></canvas>'
        f"<figcaption>{say(start + 'given_text')}</figcaption></figure>"
        f'<figure><canvas class="made" role="img" aria-label="{say(start + "made")}"></canvas>'
        f"<figcaption>{say(start + 'made_text', side=side)} "
        f'<button type="button" class="ghost" data-fill>{say(start + "fill")}</button>'
        "</figcaption></figure></div>"
        '<div class="sum" aria-hidden="true"></div>'
        '<p id="touch-line" class="line" role="status"></p></div>'
    )
