"""Frames to be leafed through: a slider and a button, moved by the browser alone.

`images_inside.js` sets ``--frame``; strips of frames (`film`) and whatever else reads that
variable follow. The sentence of each frame is written here, so that the script knows none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from demos.language import Say

SCRIPT = """import(new URL('house/images_inside.js', document.baseURI))
  .then((inside) => inside.mountPlayer(element, watch));"""


def drawn(say: Say, name: str, body: str, said: Sequence[str]) -> str:
    """``body`` above a slider over ``len(said)`` frames that begins at the last. ``said``: what is
    told of each, plain text. ``name``: of the label."""
    last = len(said) - 1
    told = escape(json.dumps(list(said), ensure_ascii=False))
    return (
        f'<div class="player" data-player data-said="{told}" '
        f'style="--frame:{last};--frames:{len(said)}">{body}<div class="time">'
        f'<button type="button" class="ghost" data-play data-pause="{say("images.inside.pause")}">'
        f"{say('images.inside.play')}</button>"
        f'<input type="range" min="0" max="{last}" step="1" value="{last}" '
        f'aria-label="{say(f"images.inside.{name}.slider")}" '
        f'aria-valuetext="{escape(said[last])}"></div>'
        f'<p class="quiet told">{escape(said[last])}</p></div>'
    )


def film(image: str, caption: str) -> str:
    """A window on a strip of square frames, below one another. ``image``: its ``<img>``."""
    return f'<figure><div class="film">{image}</div><figcaption>{caption}</figcaption></figure>'
