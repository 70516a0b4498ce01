"""The generator, looked into: what each layer passes on to the next, and what becomes of the face
in one direction of the latent at a time.

The directions are those in which the generator's first layer changes its output most (Shen & Zhou
2021, arXiv 2007.06600). They are named by number only: nobody said what each of them does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from demos import page, pictures
from demos.images import answers
from demos.images.answers import Pixels
from demos.images.faces import tag
from demos.images.inside.look import Look
from demos.language import Say
from inference.errors import BadInput

LAYERS, MOVES = "images.inside.layers", "images.inside.moves"
COLUMNS, TILE = 4, 64  #: maps side by side, and how wide each is drawn, in pixels
MOST = 3.0  #: standard deviations that a bar of the latent shows; longer ones are cut
BAR, HIGH = 3, 48  #: of the drawing of the latent, in its own units
COUNT, FAR = 6, 3  #: directions, and standard deviations that one can move
STOPS = (-3, -2, -1, 0, 1, 2, 3)  #: of a strip
SCRIPT = """import(new URL('house/images_inside.js', document.baseURI))
  .then((inside) => inside.mountMoves(element, {
    move: (sent) => trigger('move', sent), strip: (sent) => trigger('strip', sent),
  }));"""


def layers(say: Say, answer: Mapping[str, Any]) -> str:
    """The latent, a sheet of maps a layer, the picture. ``answer``: of ``view="layers"``."""
    shown = answer["layers"]
    cards = [card(say, "latent", bars(say, answer["latent"]), count=len(answer["latent"]))]
    for layer in shown:
        size = layer["size"]
        alt = say(f"{LAYERS}.alt", count=len(layer["maps"]), size=size)
        sheet = pictures.tiles(layer["maps"] / 255, COLUMNS, gap=4, side=TILE)
        maps = pictures.img(sheet, unescape(alt), classes="maps", lossless=True)
        cards.append(card(say, f"at{size}", maps, count=layer["channels"]))
    alt = unescape(say("images.inside.face"))
    cards.append(card(say, "picture", tag(answer["image"], alt)))
    return page.section(say, "images.inside.layers", f'<ol class="grown">{"".join(cards)}</ol>')


def card(say: Say, name: str, body: str, **fields: Any) -> str:
    """One layer: its size, what it is made of, what it passes on, one sentence."""
    key = f"{LAYERS}.{name}"
    return (
        f"<li><h3>{say(f'{key}.name')}</h3>"
        f'<p class="shape">{say(f"{key}.shape", **fields)}</p>{body}'
        f"<p>{say(f'{key}.text')}</p></li>"
    )


def bars(say: Say, latent: Sequence[float]) -> str:
    """The numbers as bars up and down from a line, in as many rows as make about a square."""
    rows = max(1, round((len(latent) * BAR / HIGH) ** 0.5))
    each = -(-len(latent) // rows)
    path = []
    for number, value in enumerate(latent):
        row, column = divmod(number, each)
        length = min(max(value / MOST, -1), 1) * (HIGH / 2 - 2)
        path.append(f"M{column * BAR + 1.5} {row * HIGH + HIGH // 2}v{-length:.1f}")
    lines = "".join(f"M0 {row * HIGH + HIGH // 2}H{each * BAR}" for row in range(rows))
    low, high = (f"{value:+.1f}".replace("-", "−") for value in (min(latent), max(latent)))
    label = say(f"{LAYERS}.latent.alt", count=len(latent), low=low, high=high)
    return (
        f'<svg class="latent" viewBox="0 0 {each * BAR} {rows * HIGH}" role="img" '
        f'aria-label="{label}"><path class="rule" d="{lines}"/><path d="{"".join(path)}"/></svg>'
    )


def sliders(say: Say, point: Mapping[str, Any]) -> str:
    """The sliders, where the face stands now."""
    own = [float(n) for n in point.get("moves", ())][:COUNT]
    own += [0.0] * (COUNT - len(own))
    rows, buttons = [], []
    for number, value in enumerate(own):
        name = say(f"{MOVES}.direction", number=number + 1)
        rows.append(
            f'<label><span>{name}</span><input type="range" min="{-FAR}" max="{FAR}" step="0.1" '
            f'value="{value:.1f}" data-start="{value:.1f}"><output>{signed(value)}</output></label>'
        )
        buttons.append(
            f'<button type="button" data-strip="{number}" aria-pressed="{str(not number).lower()}" '
            f'aria-label="{name}">{number + 1}</button>'
        )
    body = (
        f'<div class="sliders">{"".join(rows)}'
        f'<button type="button" class="ghost" data-reset>{say(f"{MOVES}.reset")}</button></div>'
        f'<div class="views" role="group" aria-label="{say(f"{MOVES}.strip")}">'
        f'<span aria-hidden="true">{say(f"{MOVES}.strip")}</span>{"".join(buttons)}</div>'
    )
    return page.section(say, "images.inside.moves", body)


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
    return {**point, "moves": [min(max(n, -FAR), FAR) for n in numbers] + rest}


def picture(say: Say, pixels: Pixels) -> str:
    """The face as the sliders have it."""
    return f'<div aria-live="polite">{tag(pixels, unescape(say(f"{MOVES}.alt")))}</div>'


async def moved_face(look: Look, sent: Any) -> str:
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
    faces = await answers.drawn(look.engine, look.gan, points)
    return row(look.say, direction, faces.images)


def along(point: Mapping[str, Any], direction: int, value: float) -> dict[str, Any]:
    """The point with one of its moves set."""
    moves = list(point.get("moves", ()))
    moves += [0.0] * (direction + 1 - len(moves))
    moves[direction] = float(value)
    return {**point, "moves": moves}


def row(say: Say, direction: int, faces: Sequence[Pixels]) -> str:
    name = unescape(say(f"{MOVES}.direction", number=direction + 1))
    cells = []
    for stop, pixels in zip(STOPS, faces, strict=True):
        alt = unescape(say(f"{MOVES}.stop", name=name, value=signed(stop)))
        cells.append(f"<li>{tag(pixels, alt)}<span>{signed(stop)}</span></li>")
    return f'<ol class="strip" aria-label="{say(f"{MOVES}.row", name=name)}">{"".join(cells)}</ol>'
