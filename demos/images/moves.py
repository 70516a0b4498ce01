"""One direction of the latent at a time: sliders, the face that follows, and a strip of one.

The directions are those in which the generator's first layer changes its output most (Shen & Zhou
2021, arXiv 2007.06600). They are named by number only: nobody said what each of them does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from demos.images.answers import GAN
from demos.images.answers import drawn as draw
from demos.images.faces import tag
from demos.images.look import Look, Pixels, part
from demos.language import Say
from inference.errors import BadInput

WORDS = "images.inside.moves"
COUNT, MOST = 6, 3  #: directions, and standard deviations that one can move
STOPS = (-3, -2, -1, 0, 1, 2, 3)  #: of a strip
SCRIPT = """import(new URL('house/images_inside.js', document.baseURI))
  .then((inside) => inside.mountMoves(element, {
    move: (sent) => trigger('move', sent), strip: (sent) => trigger('strip', sent),
  }));"""


def drawn(say: Say, point: Mapping[str, Any]) -> str:
    """The sliders, where the face stands now."""
    own = [float(n) for n in point.get("moves", ())][:COUNT]
    own += [0.0] * (COUNT - len(own))
    rows, buttons = [], []
    for number, value in enumerate(own):
        name = say(f"{WORDS}.direction", number=number + 1)
        rows.append(
            f'<label><span>{name}</span><input type="range" min="{-MOST}" max="{MOST}" step="0.1" '
            f'value="{value:.1f}" data-start="{value:.1f}"><output>{signed(value)}</output></label>'
        )
        buttons.append(
            f'<button type="button" data-strip="{number}" aria-pressed="{str(not number).lower()}" '
            f'aria-label="{name}">{number + 1}</button>'
        )
    body = (
        f'<div class="sliders">{"".join(rows)}'
        f'<button type="button" class="ghost" data-reset>{say(f"{WORDS}.reset")}</button></div>'
        f'<div class="views" role="group" aria-label="{say(f"{WORDS}.strip")}">'
        f'<span aria-hidden="true">{say(f"{WORDS}.strip")}</span>{"".join(buttons)}</div>'
    )
    return part(say, "moves", body)


def signed(value: float) -> str:
    """A number of standard deviations as it is read: "+1.5", "−0.3", "0.0"."""
    return f"{value:+.1f}".replace("-", "−") if round(value, 1) else "0.0"


def moved(point: Mapping[str, Any], sent: Any) -> dict[str, Any]:
    """The point with its sliders as the page sent them. Raises `BadInput` for what are none."""
    if not isinstance(sent, list) or len(sent) != COUNT:
        raise BadInput()
    try:
        numbers = [float(n) for n in sent]
    except (TypeError, ValueError):
        raise BadInput() from None
    if not all(map(math.isfinite, numbers)):
        raise BadInput()
    rest = list(point.get("moves", ()))[COUNT:]
    return {**point, "moves": [min(max(n, -MOST), MOST) for n in numbers] + rest}


def picture(say: Say, pixels: Pixels) -> str:
    """The face as the sliders have it."""
    return f'<div aria-live="polite">{tag(pixels, unescape(say(f"{WORDS}.alt")))}</div>'


async def answer(look: Look, sent: Any) -> str:
    """The face at the sliders that the page sent. Raises a `Refusal`."""
    point = moved(look.looked.point, sent)
    return picture(look.say, (await look.ask("answer", point))["image"])


async def strip(look: Look, sent: Any, direction: Any) -> str:
    """A strip, all else as the sliders have it that the page sent. Raises a `Refusal`."""
    if not isinstance(direction, int) or not 0 <= direction < COUNT:
        raise BadInput()
    return await strip_of(look, moved(look.looked.point, sent), direction)


async def strip_of(look: Look, point: Mapping[str, Any], direction: int) -> str:
    """One direction from end to end. Raises a `Refusal`."""
    points = [along(point, direction, stop) for stop in STOPS]
    faces = await draw(look.engine, GAN, points)
    return row(look.say, direction, faces.images)


def along(point: Mapping[str, Any], direction: int, value: float) -> dict[str, Any]:
    """The point with one of its moves set."""
    moves = list(point.get("moves", ()))
    moves += [0.0] * (direction + 1 - len(moves))
    moves[direction] = float(value)
    return {**point, "moves": moves}


def row(say: Say, direction: int, faces: Sequence[Pixels]) -> str:
    name = unescape(say(f"{WORDS}.direction", number=direction + 1))
    cells = []
    for stop, pixels in zip(STOPS, faces, strict=True):
        alt = unescape(say(f"{WORDS}.stop", name=name, value=signed(stop)))
        cells.append(f"<li>{tag(pixels, alt)}<span>{signed(stop)}</span></li>")
    return f'<ol class="strip" aria-label="{say(f"{WORDS}.row", name=name)}">{"".join(cells)}</ol>'
