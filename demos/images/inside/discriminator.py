"""What the discriminator holds of a picture: its score as a rank, and which spots spoke for it.

The score means something beside other scores only. So it is told as a rank, among photographs that
nobody learnt from and among the generator's own drawings; and a spot is told by how much the score
falls when the spot is covered (Zeiler & Fergus 2014, arXiv 1311.2901).
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from html import unescape
from typing import Any

import numpy as np
from PIL import Image

from demos import page
from demos.images.answers import Pixels
from demos.images.faces import tag
from demos.images.inside.look import Look
from demos.language import Say
from demos.pictures import address, fitted
from demos.uploads import opened

WORDS = "images.inside.discriminator"
SIDE, SPOT, STRIDE = 64, 12, 4  #: pixels of a picture, of a covered square, from one to the next
SCRIPT = """import(new URL('house/images_inside.js', document.baseURI))
  .then((inside) => inside.mountHeat(element, watch));"""
#: Pixels of the longer side of a visitor's picture when it is sent to be scored.
OWN_SIDE = 512
#: A change of the score that is no change; the scores of photographs differ by whole units.
FAINT = 0.005


def heading(say: Say) -> str:
    return page.section(say, "images.inside.discriminator", "")


async def verdicts(
    look: Look, one: Mapping[str, Any], own: bool = False
) -> AsyncGenerator[str, None]:
    """The verdict on a point or a picture at once, then with the spots, which take longer. Raises a
    `Refusal`."""
    for view in ("score", "occlusion"):
        yield drawn(look.say, await look.ask(view, one), own)


async def of_picture(look: Look, payload: Any) -> AsyncGenerator[str, None]:
    """`verdicts` on a picture that was sent. Raises a `Refusal`."""
    picture = fitted(await opened(look.engine, payload), OWN_SIDE)
    async with aclosing(verdicts(look, {"picture": np.asarray(picture)}, own=True)) as found:
        async for verdict in found:
            yield verdict


def drawn(say: Say, answer: Mapping[str, Any], own: bool = False) -> str:
    """The verdict on one picture, with the spots once they are known. ``own``: whether it is a
    visitor's."""
    photos, drawings, table = answer["above_photos"], answer["above_drawn"], answer.get("heat")
    rows = [
        (say(f"{WORDS}.photos"), photos),
        (say(f"{WORDS}.drawings"), drawings),
    ]
    who = "yours" if own else "face"
    told = say(f"{WORDS}.{who}", photos=page.percent(photos), drawings=page.percent(drawings))
    shown = unescape(say(f"{WORDS}.yours_alt" if own else "images.inside.face"))
    score = say(f"{WORDS}.score", score=f"{answer['score']:+.2f}".replace("-", "−"))
    if table is None:
        spots, keys = waiting(say, answer["image"]), ""
    else:
        spots, keys = heat(say, answer["image"], table, own), legend(say, table)
    status = ' role="status"' if own and table is None else ""
    return (
        f'<div class="opinion"><div>{spots}</div>'
        f"<div>{tag(answer['image'], shown)}<p{status}>{told}</p>"
        f'{page.bars(rows)}<p class="quiet">{score}</p>{keys}</div></div>'
    )


def waiting(say: Say, pixels: Pixels) -> str:
    """The picture, greyed, while its spots are covered one after the other."""
    count = ((SIDE - SPOT) // STRIDE + 1) ** 2
    said = say(f"{WORDS}.waiting", count=count)
    return (
        f'<div class="spots">{marked(pixels)}</div>'
        f'<div class="readout waiting"><progress aria-label="{said}"></progress>'
        f'<p class="quiet">{said}</p></div>'
    )


def heat(say: Say, pixels: Pixels, table: Sequence[Sequence[float]], own: bool) -> str:
    """The picture, greyed, with a mark on each spot: a square where covering it lowers the score, a
    ring where it raises it, the larger the more. The spot that is pointed at is told below."""
    most = largest(table)
    marks = []
    for row, values in enumerate(table):
        for column, value in enumerate(values):
            x, y = (place * STRIDE + SPOT / 2 for place in (column, row))
            size = STRIDE * 0.92 * (abs(value) / most) ** 0.5 if most > FAINT else 0.0
            marks.append(f'<g data-i="{row * len(values) + column}">{mark(x, y, size, value)}</g>')
    said = {name: say(f"{WORDS}.{name}") for name in ("for", "against", "neither")}
    attributes = "".join(f' data-{name}="{text}"' for name, text in said.items())
    rounded = [[round(float(v), 3) for v in values] for values in table]
    label = say(f"{WORDS}.{'alt_yours' if own else 'alt'}")
    return (
        f'<div class="spots" tabindex="0" role="group" aria-label="{label}" '
        f'data-heat="{json.dumps(rounded, separators=(",", ":"))}"{attributes}>'
        f"{marked(pixels, ''.join(marks))}"
        f'</div><p class="quiet readout" aria-live="polite">{say(f"{WORDS}.point")}</p>'
    )


def marked(pixels: Pixels, marks: str = "") -> str:
    """A picture with what is drawn on it."""
    source = address(Image.fromarray(pixels), lossless=True)
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true">'
        f'<image href="{source}" width="{SIDE}" height="{SIDE}"/>{marks}</svg>'
    )


def mark(x: float, y: float, size: float, value: float) -> str:
    """The ground that the pointer hits, and the mark on it."""
    ground = (
        f'<rect class="ground" x="{x - STRIDE / 2:g}" y="{y - STRIDE / 2:g}" '
        f'width="{STRIDE}" height="{STRIDE}"/>'
    )
    if size < 0.3:
        return ground
    if value > 0:
        corner = f'x="{x - size / 2:.2f}" y="{y - size / 2:.2f}"'
        return f'{ground}<rect class="for" {corner} width="{size:.2f}" height="{size:.2f}"/>'
    stroke = min(0.7, size / 4)
    return (
        f'{ground}<circle class="against" cx="{x:g}" cy="{y:g}" r="{(size - stroke) / 2:.2f}" '
        f'style="stroke-width:{stroke:.2f}"/>'
    )


def largest(table: Sequence[Sequence[float]]) -> float:
    return max((abs(float(v)) for values in table for v in values), default=0.0)


def legend(say: Say, table: Sequence[Sequence[float]]) -> str:
    """What a square and a ring mean, and how much the largest is; or that there is none."""
    if largest(table) <= FAINT:
        return f'<p class="quiet">{say(f"{WORDS}.faint")}</p>'
    most = say(f"{WORDS}.largest", most=f"{largest(table):.3f}")
    square = '<rect class="for" x="1" y="1" width="8" height="8"/>'
    ring = '<circle class="against" cx="5" cy="5" r="4"/>'
    rows = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true">{shape}</svg>'
        f"{say(f'{WORDS}.{name}')}</li>"
        for name, shape in (("spoke_for", square), ("spoke_against", ring))
    )
    return f'<ul class="keys">{rows}</ul><p class="quiet">{most}</p>'
