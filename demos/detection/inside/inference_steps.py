"""From picture to answer: six steps of the served network, a slider each.

The network is asked once (``view="steps"``). What it said travels lean, as one attribute, and
`detection_inside.js` draws each step from it; no sentence is made there.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from demos import page, pictures
from demos.detection.answers import EVERYDAY, LEAST, USUAL, Thing
from demos.detection.inside.look import Look, beside, dial, drawing, packed, scene
from demos.detection.tryout.sheet import COLOURS, colours

#: Objects that can be followed, the surest first, and how many of them may be doubtful.
MOST, DOUBTFUL = 12, 4
#: Overlap from which our network takes two boxes of a class, or of any two, for one object
#: (pretrained's `suppression`), and how many of its proposals it looks at (`LOOKED_AT`).
SAME, ACROSS, LOOKED_AT = 0.5, 0.7, 300
#: Cells of a mask's side, and from what a pixel is the object's.
CELLS, CUT = 28, 0.5
#: Of the dials: fewest proposals, how many are drawn to begin with, and steps of the others.
FEWEST, FIRST, FINE = 10, 100, 0.05
#: Colour of strength, over a picture in grey, and percent of the squares that are as weak, or as
#: strong, as any.
GLOW, EXTREME = (255, 122, 0), 2


def drawn(look: Look, answer: Mapping[str, Any]) -> str:
    """All steps. ``answer``: of ``view="steps"``. The first scene carries the picture."""
    data = lean(look, answer)
    steps = [pyramid(look, answer), proposals(look, answer), scores(look, data), suppression(look)]
    if data["objects"]:
        picked = picks(look, followed(answer))
        steps += [refined(look, picked), masks(look, picked)]
    else:
        steps.append(f'<p class="note">{escape(look.plain("nothing"))}</p>')
    told = look.say("detection.inside.picked")
    heard = f'<p class="sr-only" role="status" data-heard="{told}"></p>'
    return f'<div class="steps" data-steps="{packed(data)}">{"".join(steps)}{heard}</div>'


def followed(answer: Mapping[str, Any]) -> tuple[Thing, ...]:
    """The objects that can be picked: those that Try shows at first, and the best of the others."""
    sure = sum(thing["score"] >= USUAL for thing in answer["objects"])
    return tuple(answer["objects"][: min(MOST, sure + DOUBTFUL)])


def lean(look: Look, answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the page needs to draw the steps: boxes as flat lists, in pixels of the picture.

    Returns:
        ``size`` [w, h]; ``proposals`` [4 P], ``objectness`` [P]; ``candidates`` [4 N],
        ``scores`` [N], ``classes`` [N] and ``from`` [N], numbers of a class and of a proposal;
        ``parts``, numbers of those that are part of a surer one, ``across``, `ACROSS`; ``names``
        [class name, language, colour]; ``objects``: ``at``, the number of the candidate, ``cells``,
        its mask before it is cut, row by row, a byte each, as base64.
    """
    proposals, found = answer["proposals"], answer["candidates"]
    objects = followed(answer)
    labels = list(dict.fromkeys([o["label"] for o in answer["objects"]] + list(found["labels"])))
    names = [
        [*look.named(EVERYDAY, label), COLOURS[number % len(COLOURS)]]
        for number, label in enumerate(labels)
    ]
    numbers = {label: number for number, label in enumerate(labels)}
    boxes = np.asarray(found["boxes"], float).reshape(-1, 4)
    places = {tuple(box): n for n, box in enumerate(np.asarray(proposals["boxes"]).tolist())}
    return {
        "size": list(look.size),
        "proposals": flat(proposals["boxes"], 1),
        "objectness": [round(float(score), 3) for score in proposals["scores"]],
        "candidates": flat(boxes, 2),
        "scores": [round(float(score), 4) for score in found["scores"]],
        "classes": [numbers[label] for label in found["labels"]],
        "from": [places.get(tuple(box), -1) for box in np.asarray(found["from"]).tolist()],
        "parts": list(found["parts"]),
        "across": ACROSS,
        "names": names,
        "objects": [
            {
                "at": candidate_of(thing, boxes, found["labels"]),
                "cells": b64encode(mask.tobytes()).decode(),
            }
            for thing, mask in zip(objects, answer["masks"], strict=False)
        ],
    }


def flat(boxes: Any, digits: int) -> list[float]:
    """Boxes [N, 4] as 4 N numbers, of so many digits after the point."""
    rounded = np.round(np.asarray(boxes, float).reshape(-1), digits).tolist()
    return [int(side) if side == int(side) else side for side in rounded]


def candidate_of(thing: Mapping[str, Any], boxes: np.ndarray, labels: Sequence[str]) -> int:
    """The number of the candidate that became an object: of its class, the nearest box."""
    far = np.abs(boxes - np.asarray(thing["box"], float)).sum(1)
    far[[label != thing["label"] for label in labels]] = np.inf
    return int(far.argmin())


def told(look: Look, step: str, *names: str) -> str:
    """The sentences of a step, their fields left open, for the page's script."""
    open_ = {name: look.plain(f"{step}.{name}") for name in names}
    return f'data-said="{packed(open_)}"'


def step(look: Look, name: str, over: str, told_beside: str, said: str = "", **fields: Any) -> str:
    """A step: the picture with what is drawn over it, and what is said beside it."""
    view = scene(look.size, look.plain(f"{name}.alt"), over)
    body = f'<div data-step="{name}" {said}>{beside(view, told_beside)}</div>'
    return page.section(look.say, f"detection.inside.{name}", body, **fields)


def pyramid(look: Look, answer: Mapping[str, Any]) -> str:
    """The picture at each stride, as the strength of what the network holds of each place."""
    wide, high = answer["size"]
    levels, said = [], []
    for number, level in enumerate(answer["pyramid"]):
        strength, stride = np.asarray(level["map"]), level["stride"]
        rows, columns = strength.shape
        hidden = " hidden" if number else ""
        place = f"width:{columns * stride / wide:.3%};height:{rows * stride / high:.3%}"
        levels.append(
            f'<div class="level"{hidden} style="{place}">'
            f"{pictures.img(glow(strength), '', lossless=True)}</div>"
        )
        said.append(
            look.plain(
                "pyramid.level", stride=stride, columns=columns, rows=rows, wide=wide, high=high
            )
        )
    view = scene(look.size, "", "".join(levels), look.image("pyramid.alt"))
    control = dial(look.say, "pyramid", 0, len(levels) - 1, 1, 0)
    body = f'<div data-step="pyramid" data-said="{packed(said)}">{beside(view, control)}</div>'
    return page.section(look.say, "detection.inside.pyramid", body)


def glow(strength: np.ndarray) -> Image.Image:
    """uint8 [h, w] as a veil: the stronger, the less is seen through it; none at the weakest."""
    veil = np.empty((*strength.shape, 4), np.uint8)
    veil[..., :3] = GLOW
    weak, strong = np.percentile(strength, (EXTREME, 100 - EXTREME))
    veil[..., 3] = ((strength - weak) / max(strong - weak, 1)).clip(0, 1) * 0.85 * 255
    return Image.fromarray(veil)


def proposals(look: Look, answer: Mapping[str, Any]) -> str:
    found = answer["proposals"]
    count = len(found["boxes"])
    fewest = min(FEWEST, count)
    control = dial(look.say, "proposals", fewest, count, 1, max(fewest, min(FIRST, count)))
    said = told(look, "proposals", "told")
    tried, looked_at = f"{found['anchors_seen']:,}", min(LOOKED_AT, count)
    over = drawing(look.size, '<path class="halo"/><path class="proposed"/>')
    return step(look, "proposals", over, control, said, tried=tried, count=count, looked=looked_at)


def scores(look: Look, data: Mapping[str, Any]) -> str:
    least = USUAL if any(score >= USUAL for score in data["scores"]) else LEAST
    control = dial(look.say, "scores", LEAST, 0.95, 0.01, least)
    over = drawing(look.size, '<path class="halo"/><g class="by-class"></g>')
    counts = f'{control}<ul class="counts"></ul>'
    return step(look, "scores", over, counts, told(look, "scores", "none", "one", "many"))


def suppression(look: Look) -> str:
    control = dial(look.say, "suppression", 0.1, 0.9, FINE, SAME)
    over = drawing(look.size, '<path class="dropped"/><path class="halo"/><g class="by-class"></g>')
    beside_it = f'{control}{keys(look, "suppression", "kept", "dropped")}<ul class="counts"></ul>'
    return step(look, "suppression", over, beside_it, told(look, "suppression", "told"))


def keys(look: Look, name: str, *kinds: str) -> str:
    """What the lines of a step's drawing mean."""
    rows = "".join(
        f'<li><svg viewBox="0 0 30 10" aria-hidden="true"><path class="{kind}" d="M1 5H29"/></svg>'
        f"{look.say(f'detection.inside.{name}.{kind}')}</li>"
        for kind in kinds
    )
    return f'<ul class="keys">{rows}</ul>'


def refined(look: Look, picked: str) -> str:
    over = drawing(
        look.size,
        '<path class="halo"/><path class="begun"/><path class="ended"/><path class="kept"/>',
    )
    control = picked + dial(look.say, "refined", 0, 100, 1, 50)
    said = told(look, "refined", "told")
    return step(look, "refined", over, control + keys(look, "refined", "begun", "ended"), said)


def masks(look: Look, picked: str) -> str:
    over = '<canvas aria-hidden="true"></canvas>' + drawing(look.size, '<path class="ended"/>')
    cells = (
        f'<figure class="cells"><canvas width="{CELLS}" height="{CELLS}" aria-hidden="true">'
        f"</canvas><figcaption>{look.say('detection.inside.masks.cells')}</figcaption></figure>"
    )
    control = picked + dial(look.say, "masks", FINE, 1 - FINE, 0.01, CUT) + cells
    return step(look, "masks", over, control, told(look, "masks", "told", "none"))


def picks(look: Look, objects: Sequence[Thing], picked: int = 0) -> str:
    """A button for each object, the surest first."""
    buttons, doubted = [], False
    for number, (thing, colour) in enumerate(zip(objects, colours(objects), strict=True)):
        (name, tag), score = look.named(EVERYDAY, thing["label"]), thing["score"]
        if score < USUAL and not doubted:
            doubted = True
            buttons.append(
                f"<em>{look.say('detection.inside.doubtful', least=f'{USUAL:.0%}')}</em>"
            )
        buttons.append(
            f'<button type="button" data-pick="{number}" '
            f'aria-pressed="{str(number == picked).lower()}" style="--c:{colour}">'
            f'<span lang="{tag}">{escape(name)}</span> <i>{score:.0%}</i></button>'
        )
    label = escape(look.plain("pick"))
    return f'<div class="picks" role="group" aria-label="{label}">{"".join(buttons)}</div>'
