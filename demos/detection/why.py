"""One object, and where the network looked for it: the slope of its score at each place of
its maps, times what was there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from html import escape

import numpy as np

from demos import frame, pictures
from demos.detection.answers import EVERYDAY, Thing
from demos.detection.road import choice, picks
from demos.detection.sheet import COLOURS
from demos.detection.subject import Box, Look, beside, drawing, outline, part, scene, waiting
from inference.errors import Refusal

SCRIPT = """import(new URL('house/detection_inside.js', document.baseURI))
  .then((inside) => inside.mountWhy(element));"""
SIDE = 560  #: pixels of the longer side of the picture under the heat


async def asked(look: Look, number: int) -> AsyncIterator[str]:
    """A bar, then where the network looked for the object of that number, or what was refused."""
    thing = look.subject.objects[number]
    try:
        yield section(look, number, waiting(look.say("detection.inside.why.waiting")))
        answer = await look.ask(
            EVERYDAY, "why", box=[float(side) for side in thing["box"]], label=thing["label"]
        )
        yield drawn(look, number, answer)
    except Refusal as error:
        yield section(look, number, look.refusal(error))


def section(look: Look, number: int, body: str) -> str:
    return part(look.say, "why", picker(look, number) + body)


def picker(look: Look, picked: int) -> str:
    """The same buttons as on the road."""
    objects = look.subject.objects
    order = list(dict.fromkeys(thing["label"] for thing in objects))
    things = []
    for number, thing in enumerate(objects):
        name, tag = look.named(EVERYDAY, thing["label"])
        colour = COLOURS[order.index(thing["label"]) % len(COLOURS)]
        things.append(choice(number, name, tag, colour, thing["score"], number == picked))
    return picks(look, things)


def drawn(look: Look, number: int, answer: Mapping[str, np.ndarray]) -> str:
    """The heat over the picture, the object's box, and how much of the heat lies within it."""
    thing: Thing = look.subject.objects[number]
    name, _ = look.named(EVERYDAY, thing["label"])
    heat, (width, height) = np.asarray(answer["heat"], float), look.size
    if not heat.any():
        return section(look, number, frame.note(look.plain("why.none", name=name)))
    warm = pictures.overlay(look.subject.picture, heat, (0, 0, width, height), SIDE)
    box = drawing(
        look.size,
        f'<path class="halo" d="{outline([thing["box"]])}"/>'
        f'<path class="ended" d="{outline([thing["box"]])}"/>',
    )
    view = scene(look.size, "", box, pictures.img(warm, look.plain("why.alt", name=name)))
    share = frame.percent(within(heat, thing["box"], look.size))
    told = look.plain("why.told", name=name, share=share)
    legend = (
        f'<p class="scale"><span>{look.say("detection.inside.why.least")}</span><i></i>'
        f"<span>{look.say('detection.inside.why.most')}</span></p>"
    )
    return section(
        look, number, beside(view, f'<p class="told" role="status">{escape(told)}</p>{legend}')
    )


def within(heat: np.ndarray, box: Box, size: tuple[int, int]) -> float:
    """The part of a heat map [h, w] over a picture that lies in a box, 0..1: each cell by how much
    of it does."""
    inside = []
    for cells, low, high, length in (
        (heat.shape[0], box[1], box[3], size[1]),
        (heat.shape[1], box[0], box[2], size[0]),
    ):
        edges = np.arange(cells + 1) * length / cells
        shared = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        inside.append((shared * cells / length).clip(0, 1))
    return float((heat * np.outer(*inside)).sum() / heat.sum())
