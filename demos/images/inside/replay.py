"""The training seen again: sixteen faces at forty moments, and the tug of war between both losses.

The strip and what is told of each moment were left by `pretrained.images.replay` while it trained.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from demos import page
from demos.images.inside.look import film, player
from demos.language import Say

WORDS = "images.inside.replay"
STRIP, MOMENTS = "replay.webp", "replay.json"
SIDE = 256  #: pixels of a moment
#: Of the drawing, in its own units: it is about as wide on a phone.
WIDE, LEFT, RIGHT = 420, 54, 14
LOSSES, SHARE = (14, 140), (188, 250)  #: top and bottom of the two plots
HIGH, TICKS = 300, 5
LINES = (("discriminator_loss", "discriminator"), ("generator_loss", "generator"))

Moment = Mapping[str, Any]


def drawn(say: Say, folder: str | None) -> str:
    """The strip and the curve under one slider; a sentence where the model has no replay."""
    if folder is None or not (Path(folder) / STRIP).is_file():
        return page.section(
            say, "images.inside.replay", f'<p class="note">{say(f"{WORDS}.none")}</p>'
        )
    strip, moments = read(folder, (Path(folder) / STRIP).stat().st_mtime_ns)
    alt = escape(unescape(say(f"{WORDS}.alt")))
    image = (
        f'<img alt="{alt}" width="{SIDE}" height="{SIDE * len(moments)}" '
        f'src="data:image/webp;base64,{strip}">'
    )
    body = f'<div class="tug">{film(image, say(f"{WORDS}.film"))}{curve(say, moments)}</div>'
    told = [unescape(sentence(say, moment)) for moment in moments]
    return page.section(
        say, "images.inside.replay", player(say, "replay", body, told), count=len(moments)
    )


@lru_cache(maxsize=2)
def read(folder: str, changed: int) -> tuple[str, tuple[Moment, ...]]:
    """The strip in base64, and its moments. ``changed``: when it was written."""
    strip = base64.b64encode((Path(folder) / STRIP).read_bytes()).decode()
    return strip, tuple(json.loads((Path(folder) / MOMENTS).read_text("utf-8")))


def sentence(say: Say, moment: Moment) -> str:
    """What is told of one moment."""
    if moment["told_apart"] is None:
        return say(f"{WORDS}.before")
    return say(
        f"{WORDS}.moment",
        step=f"{moment['step']:,}",
        minutes=f"{moment['seconds'] / 60:.0f}",
        discriminator=f"{moment['discriminator_loss']:.2f}",
        generator=f"{moment['generator_loss']:.2f}",
        share=f"{moment['told_apart']:.0%}",
    )


def curve(say: Say, moments: Sequence[Moment]) -> str:
    """Both losses above, the share of pairs told apart below, a mark at the moment shown."""
    known = [m for m in moments if m["told_apart"] is not None]
    most = max((m[name] for m in known for name, _ in LINES), default=1.0) or 1.0
    space = (WIDE - LEFT - RIGHT) / max(len(moments) - 1, 1)
    drawing = [rules(LOSSES, [(0.0, "0"), (1.0, f"{most:.1f}")])]
    drawing.append(rules(SHARE, [(0.0, "0%"), (0.5, "50%"), (1.0, "100%")]))
    for name, kind in LINES:
        drawing.append(line(moments, name, most, LOSSES, kind))
    drawing.append(line(moments, "told_apart", 1.0, SHARE, "share"))
    drawing.append(
        f'<path class="now" style="--space:{space:.3f}px" d="M{LEFT} {LOSSES[0]}V{SHARE[1]}"/>'
    )
    drawing.append(ticks(moments, space))
    middle = (LEFT + WIDE - RIGHT) / 2
    drawing.append(f'<text x="{middle}" y="{HIGH - 6}">{say(f"{WORDS}.updates")}</text>')
    drawing.append(
        f'<text class="head" x="{LEFT}" y="{SHARE[0] - 16}">{say(f"{WORDS}.apart")}</text>'
    )
    keys = "".join(
        f'<li><svg viewBox="0 0 30 10" aria-hidden="true"><path class="{kind}" d="M1 5H29"/></svg>'
        f"{say(f'{WORDS}.{kind}')}</li>"
        for _, kind in LINES
    )
    label = say(f"{WORDS}.curve_label")
    return (
        f'<figure><ul class="keys">{keys}</ul><svg class="curve" viewBox="0 0 {WIDE} {HIGH}" '
        f'role="img" aria-label="{label}">{"".join(drawing)}</svg>'
        f"<figcaption>{say(f'{WORDS}.curve')}</figcaption></figure>"
    )


def line(
    moments: Sequence[Moment], name: str, most: float, plot: tuple[int, int], kind: str
) -> str:
    """One quantity over the moments, equally spaced; a moment that has none is left out."""
    space = (WIDE - LEFT - RIGHT) / max(len(moments) - 1, 1)
    top, bottom = plot
    points = [
        f"{LEFT + n * space:.1f} {bottom - (bottom - top) * moment[name] / most:.1f}"
        for n, moment in enumerate(moments)
        if moment[name] is not None
    ]
    return f'<path class="{kind}" d="M{"L".join(points)}"/>' if points else ""


def rules(plot: tuple[int, int], values: Sequence[tuple[float, str]]) -> str:
    """Lines across, each with its value: (0..1 from the bottom, text)."""
    top, bottom = plot
    return "".join(
        f'<path class="rule" d="M{LEFT} {bottom - (bottom - top) * at:g}H{WIDE - RIGHT}"/>'
        f'<text class="scale" x="{LEFT - 6}" y="{bottom - (bottom - top) * at + 5:g}">{text}</text>'
        for at, text in values
    )


def ticks(moments: Sequence[Moment], space: float) -> str:
    """A few moments' updates under the axis: from one moment to the next they grow."""
    last = len(moments) - 1
    places = sorted({round(last * n / (TICKS - 1)) for n in range(TICKS)})
    return "".join(
        f'<text{" class=last" * (n == last)} x="{LEFT + n * space:.1f}" y="{SHARE[1] + 18}">'
        f"{moments[n]['step']:,}</text>"
        for n in places
    )
