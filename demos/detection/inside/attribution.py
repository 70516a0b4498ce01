"""One object, and where the network looked for it: the slope of its score at each place of
its maps, times what was there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from html import escape

import numpy as np

from demos import page, pictures
from demos.detection.answers import EVERYDAY, Thing
from demos.detection.inside.inference_steps import picks
from demos.detection.inside.look import Box, Look, beside, drawing, outline, scene
from demos.detection.tryout.sheet import colours
from inference.errors import Refusal

SIDE = 560  #: pixels of the longer side of the picture under the heat
SOFTER = 0.5  #: power that the heat is drawn with: a few places are far warmer than all others


async def asked(look: Look, number: int) -> AsyncGenerator[str, None]:
    """A bar, then where the network looked for the object of that number, or what was refused."""
    thing = look.subject.objects[number]
    try:
        yield section(look, number, page.waiting(look.say("detection.inside.attribution.waiting")))
        answer = await look.ask(
            EVERYDAY,
            "attribution",
            box=[float(side) for side in thing["box"]],
            label=thing["label"],
        )
        yield drawn(look, number, answer)
    except Refusal as error:
        yield section(look, number, page.refusal(look.say, error))


def section(look: Look, number: int, told: str, shown: str = "") -> str:
    """The picture with the object's box, the same choice of objects as in the steps, and what is
    told. ``shown``: the picture as an ``<img>``, if it is not as it was sent."""
    objects = look.subject.objects
    path = outline([objects[number]["box"]])
    ended = f'<path class="ended" style="--c:{colours(objects)[number]}" d="{path}"/>'
    box = drawing(look.size, f'<path class="halo" d="{path}"/>{ended}')
    view = scene(look.size, "", box, shown or look.image("picture", SIDE))
    return page.section(
        look.say, "detection.inside.attribution", beside(view, picks(look, objects, number) + told)
    )


def drawn(look: Look, number: int, answer: Mapping[str, np.ndarray]) -> str:
    """The heat over the picture, and how much of it lies within the object's box."""
    thing: Thing = look.subject.objects[number]
    name, _ = look.named(EVERYDAY, thing["label"])
    heat, (width, height) = np.asarray(answer["heat"], float), look.size
    if not heat.any():
        return section(look, number, page.note(look.plain("attribution.none", name=name)))
    picture = look.subject.picture
    warm = pictures.overlay(picture, heat**SOFTER, (0, 0, width, height), SIDE)
    share = page.percent(within(heat, thing["box"], look.size))
    told = look.plain("attribution.told", name=name, share=share)
    legend = (
        f'<p class="scale"><span>{look.say("detection.inside.attribution.least")}</span><i></i>'
        f"<span>{look.say('detection.inside.attribution.most')}</span></p>"
    )
    shown = pictures.img(warm, look.plain("attribution.alt", name=name))
    return section(look, number, f'<p class="told" role="status">{escape(told)}</p>{legend}', shown)


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
