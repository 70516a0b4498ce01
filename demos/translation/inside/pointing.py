"""Figures to point at: what stands under the pointer, or under the arrow keys, is told beside them.

`translation_inside.js` moves the mark; every sentence is written here, in the visitor's
language, so that the script knows none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape

from demos.language import Say
from demos.translation.tokens import HAN


@dataclass(frozen=True)
class Mark:
    """What is told of one place of a figure. Plain text, not HTML.

    ``facts``: names with their shares. ``on``: numbers of the pieces (``data-piece``) that light
    up, and with them those of the mark ``back``. ``go``: which mark each key leads to.
    """

    said: str
    facts: Sequence[tuple[str, str]] = ()
    on: Sequence[int] = ()
    back: int = -1
    go: Mapping[str, int] = field(default_factory=dict)


def closed(say: Say, name: str, key: str) -> str:
    """A part of the room where there is nothing to see, and why."""
    return (
        f'<section class="step step-{name}"><h2>{say(f"translation.inside.{name}.title")}</h2>'
        f'<p class="note">{say(f"translation.inside.{key}")}</p></section>'
    )


def figure(say: Say, name: str, drawing: str, marks: Sequence[Mark]) -> str:
    """A drawing whose marks (``data-i``) are told beside it. ``name``: of its words, ``.label`` and
    ``.point``."""
    rows = json.dumps([asdict(one) for one in marks], ensure_ascii=False, separators=(",", ":"))
    key = f"translation.inside.{name}"
    return (
        f'<div class="pointed"><div class="figure figure-{name}" tabindex="0" role="group" '
        f'aria-label="{say(f"{key}.label")}" data-marks="{escape(rows)}">{drawing}</div>'
        f'<div class="readout" aria-live="polite"><p class="quiet">{say(f"{key}.point")}</p></div>'
        "</div>"
    )


def switch(say: Say, name: str, views: Sequence[tuple[str, str]], again: str | None = None) -> str:
    """Buttons of which one is pressed. ``views``: (value, its words, escaped). ``again``: the value
    that a second press of the same button goes back to."""
    back = f' data-again="{again}"' if again is not None else ""
    buttons = "".join(
        f'<button type="button" data-show="{value}"{back} aria-pressed="false">{word}</button>'
        for value, word in views
    )
    label = say(f"translation.inside.{name}.views")
    return f'<div class="views" role="group" aria-label="{label}">{buttons}</div>'


def clipped(text: str, most: int) -> str:
    """A text that fits into a drawing, escaped; a wide character counts twice."""
    size = 0
    for place, c in enumerate(text):
        size += width(c)
        if size > most:
            return escape(text[:place]) + "…"
    return escape(text)


def width(text: str) -> int:
    """How many Latin letters wide a text is, about."""
    return sum(2 if c >= HAN else 1 for c in text)
