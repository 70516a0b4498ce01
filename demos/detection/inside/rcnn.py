"""The same picture through the first R-CNN, on demand: regions, rectangles, what each was taken
for, and its seconds beside those of our own network."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from demos import page, pictures
from demos.detection.answers import EVERYDAY, RCNN, USUAL
from demos.detection.inside.look import (
    Look,
    beside,
    dial,
    drawing,
    outline,
    packed,
    scene,
)
from demos.detection.tryout.sheet import colours
from demos.language import Say
from inference.errors import Refusal

HIDDEN, SHOWN = gr.update(visible=False), gr.update(visible=True)
STAGES = ("propose", "classify", "suppress")
LISTED = 8  #: objects that are named beside the last picture


def heading(say: Say) -> str:
    return page.section(say, "detection.inside.rcnn", "")


async def sent(look: Look) -> AsyncGenerator[tuple[str, Any], None]:
    """A bar with a count, then the steps, or the sentence that refuses them; each time with whether
    the button shows that asks for them. Closing this stops the work, a few rectangles later."""
    try:
        async with aclosing(look.loading(RCNN)) as bars:
            async for bar in bars:
                yield heading(look.say) + bar, HIDDEN
        yield heading(look.say) + page.waiting(look.say("detection.inside.rcnn.searching")), HIDDEN
        picture = np.array(look.subject.picture)
        async with aclosing(look.engine.stream(RCNN, picture)) as events:
            async for event in events:
                if "objects" in event:
                    answer = event
                else:
                    yield heading(look.say) + counted(look, event["done"], event["of"]), HIDDEN
        yield drawn(look, answer, await own_seconds(look)), HIDDEN
    except Refusal as error:
        yield heading(look.say) + page.refusal(look.say, error), SHOWN


def counted(look: Look, done: int, total: int) -> str:
    said = look.say("detection.inside.rcnn.waiting", done=done, total=total)
    return page.waiting(said, f'max="{total}" value="{done}"')


async def own_seconds(look: Look) -> float | None:
    """How long our own network takes for the picture, its masks included; None where it cannot."""
    if EVERYDAY not in look.engine.entries:
        return None
    try:
        await look.engine.preload(EVERYDAY)
        pixels = np.array(look.subject.picture)
        return (await look.engine.ask(EVERYDAY, pixels, view="answer")).compute_s
    except Refusal:
        return None


def drawn(look: Look, answer: Mapping[str, Any], own: float | None) -> str:
    """All of it. ``answer``: of ``view="steps"``; ``own``: seconds of our network."""
    body = regions(look, answer) + rectangles(look, answer) + objects(look, answer)
    return page.section(
        look.say, "detection.inside.rcnn", f"{body}{clock(look, answer['seconds'], own)}"
    )


def stage(look: Look, name: str, body: str, **fields: Any) -> str:
    """One of the old way's steps."""
    key = f"detection.inside.rcnn.{name}"
    return (
        f'<div class="old old-{name}"><h3>{look.say(f"{key}.title")}</h3>'
        f'<p class="quiet">{look.say(f"{key}.text", **fields)}</p>{body}</div>'
    )


def regions(look: Look, answer: Mapping[str, Any]) -> str:
    """The picture cut into regions of like colour: each in its mean colour, with its border."""
    segments = np.asarray(answer["segments"], int)
    count = len(np.unique(segments))
    painted = flattened(look.subject.picture, segments)
    alt = look.plain("rcnn.regions.alt", count=count)
    view = scene(look.size, "", "", pictures.img(painted, alt, lossless=True))
    return stage(look, "regions", beside(view, ""), count=count)


def flattened(picture: Image.Image, segments: np.ndarray) -> Image.Image:
    """Regions int [h, w] of a picture, in their mean colours, white between them."""
    high, wide = segments.shape
    pixels = np.asarray(picture.resize((wide, high), Image.Resampling.BOX), float)
    _, numbers = np.unique(segments, return_inverse=True)
    numbers = numbers.reshape(-1)
    counts = np.bincount(numbers)
    means = [np.bincount(numbers, pixels[..., c].reshape(-1)) / counts for c in range(3)]
    painted = np.stack(means, -1)[numbers].reshape(high, wide, 3)
    border = np.zeros((high, wide), bool)
    border[:, 1:] |= segments[:, 1:] != segments[:, :-1]
    border[1:] |= segments[1:] != segments[:-1]
    painted[border] = 255
    return Image.fromarray(painted.round().astype(np.uint8))


def rectangles(look: Look, answer: Mapping[str, Any]) -> str:
    """Every rectangle, the surest first; the slider goes through them, one after the other."""
    boxes, scores = np.asarray(answer["rectangles"], float).reshape(-1, 4), answer["scores"]
    if not len(boxes):
        return stage(look, "rectangles", page.note(look.plain("rcnn.none")), count=0)
    order = sorted(range(len(boxes)), key=lambda n: -scores[n])
    said = []
    for number, n in enumerate(order, 1):
        name, _ = look.named(RCNN, answer["labels"][n])
        share = page.percent(scores[n])
        said.append(
            look.plain("rcnn.rectangle", number=number, count=len(order), name=name, share=share)
        )
    kept = [[round(float(side), 1) for side in boxes[n]] for n in order]
    faint = f'<path class="proposed faint" d="{outline(kept)}"/>'
    over = drawing(look.size, f'{faint}<path class="halo"/><path class="kept"/>')
    shown = look.image("rcnn.rectangles.alt", count=len(order))
    control = dial(look.say, "rectangle", 1, len(order), 1, 1)
    view = beside(scene(look.size, "", over, shown), control)
    body = f'<div data-boxes="{packed(kept)}" data-said="{packed(said)}">{view}</div>'
    return stage(look, "rectangles", body, count=len(order))


def objects(look: Look, answer: Mapping[str, Any]) -> str:
    """What is left: the rectangles that it is sure of, as Try shows them."""
    left = [thing for thing in answer["objects"] if thing["score"] >= USUAL]
    left = left or list(answer["objects"][:1])
    if not left:
        return stage(look, "objects", page.note(look.plain("rcnn.nothing")))
    marks, rows = [], []
    for thing, colour in zip(left, colours(left), strict=True):
        name, tag = look.named(RCNN, thing["label"])
        marks.append(f'<path class="ended" style="--c:{colour}" d="{outline([thing["box"]])}"/>')
        rows.append(
            f'<li style="--c:{colour}"><b lang="{tag}">{escape(name)}</b> {thing["score"]:.0%}</li>'
        )
    halo = f'<path class="halo" d="{outline([thing["box"] for thing in left])}"/>'
    over = drawing(look.size, halo + "".join(marks))
    counts = f'<ul class="counts">{"".join(rows[:LISTED])}</ul>'
    if left[0]["score"] < USUAL:
        counts += page.note(look.plain("rcnn.unsure", least=f"{USUAL:.0%}"))
    shown = look.image("rcnn.objects.alt", count=len(left))
    view = beside(scene(look.size, "", over, shown), counts)
    return stage(look, "objects", view)


def clock(look: Look, seconds: Mapping[str, float], own: float | None) -> str:
    """The seconds of each stage, and our own network's, as bars on one scale."""
    whole = sum(seconds[name] for name in STAGES)
    rows = [(look.plain(f"rcnn.clock.{name}"), seconds[name]) for name in STAGES]
    rows.append((look.plain("rcnn.clock.whole"), whole))
    told = ""
    if own is not None:
        rows.append((look.plain("rcnn.clock.own"), own))
        told = look.plain("rcnn.clock.told", times=times(whole / max(own, 1e-6)))
    longest = max(seconds for _, seconds in rows) or 1
    lines = [
        f'<li class="bar"><b>{escape(name)}</b><div aria-hidden="true">'
        f'<i style="width:{seconds / longest:.2%}"></i></div>'
        f"<span>{escape(look.plain('rcnn.clock.seconds', seconds=digits(seconds)))}</span></li>"
        for name, seconds in rows
    ]
    bars = f'<ul class="bars">{"".join(lines)}</ul>'
    return stage(look, "clock", f'{bars}<p class="told" role="status">{escape(told)}</p>')


def digits(seconds: float) -> str:
    """Seconds with the digits that they are worth."""
    return "<0.01" if seconds < 0.005 else f"{seconds:.2f}" if seconds < 1 else f"{seconds:.1f}"


def times(ratio: float) -> str:
    """How many times as long, with the digits that it is worth."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"
