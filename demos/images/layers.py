"""From the latent to the picture, layer by layer: what each deconvolution passes on to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from demos import pictures
from demos.images.faces import tag
from demos.images.look import part
from demos.language import Say

WORDS = "images.inside.layers"
COLUMNS, TILE = 4, 64  #: maps side by side, and how wide each is drawn, in pixels
MOST = 3.0  #: standard deviations that a bar of the latent shows; longer ones are cut
BAR, HIGH = 3, 48  #: of the drawing of the latent, in its own units


def drawn(say: Say, answer: Mapping[str, Any]) -> str:
    """The latent, a sheet of maps a layer, the picture. ``answer``: of ``view="layers"``."""
    shown = answer["layers"]
    cards = [card(say, "latent", bars(say, answer["latent"]), count=len(answer["latent"]))]
    for layer in shown:
        size = layer["size"]
        alt = say(f"{WORDS}.alt", count=len(layer["maps"]), size=size)
        sheet = pictures.tiles(layer["maps"] / 255, COLUMNS, gap=4, side=TILE)
        maps = pictures.img(sheet, unescape(alt), classes="maps", lossless=True)
        cards.append(card(say, f"at{size}", maps, count=layer["channels"]))
    alt = unescape(say("images.inside.face"))
    cards.append(card(say, "picture", tag(answer["image"], alt)))
    return part(say, "layers", f'<ol class="grown">{"".join(cards)}</ol>')


def card(say: Say, name: str, body: str, **fields: Any) -> str:
    """One layer: its size, what it is made of, what it passes on, one sentence."""
    key = f"{WORDS}.{name}"
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
    label = say(f"{WORDS}.latent.alt", count=len(latent), low=low, high=high)
    return (
        f'<svg class="latent" viewBox="0 0 {each * BAR} {rows * HIGH}" role="img" '
        f'aria-label="{label}"><path class="rule" d="{lines}"/><path d="{"".join(path)}"/></svg>'
    )
