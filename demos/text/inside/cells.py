"""What one memory cell holds along the text, and what its three gates do there.

The cells that are offered were found by measuring (`pretrained.text.memory`): each with the
correlation that it has on text that it was not chosen on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import Any

from demos import page
from demos.language import Say
from demos.text.inside import glyphs

SHOWN = 600  # characters of the text: its last ones
STEPS = 5  # shades on each side of zero
GATES = ("forget", "input", "output")


def listed(say: Say, tracking: Sequence[Mapping[str, Any]], layer: int, cell: int) -> str:
    """The cells that were found to track something, to choose from, and a way to any other."""
    rows = []
    for number, found in enumerate(tracking):
        chosen = str(number == 0).lower()
        where = say("text.inside.cells.where", layer=found["layer"] + 1, cell=found["cell"] + 1)
        how = say("text.inside.cells.r", r=signed(found["r"]), n=f"{found['n']:,}")
        rows.append(
            f'<li><button type="button" data-layer="{found["layer"]}" data-cell="{found["cell"]}" '
            f'aria-pressed="{chosen}"><b>{property_name(say, found["property"])}</b>'
            f"<span>{where}</span><span>{how}</span>"
            f'<span class="meter" aria-hidden="true"><i style="width:{abs(found["r"]):.0%}"></i>'
            "</span></button></li>"
        )
    split = split_name(say, str(tracking[0]["split"])) if tracking else ""
    measured = say("text.inside.cells.measured", split=split) if tracking else ""
    told = page.sentences(say.lang, say("text.inside.cells.text"), measured)
    names = f'<ul class="cells">{"".join(rows)}</ul>' if rows else ""
    return (
        f'<section class="step"><h2>{say("text.inside.cells.title")}</h2>'
        f'<p class="quiet">{told}</p>{names}'
        f'<div class="any"><span>{say("text.inside.cells.any")}</span>'
        f"<label>{say('text.inside.cells.layer')} "
        f'<input type="number" name="layer" min="1" value="{layer + 1}"></label>'
        f"<label>{say('text.inside.cells.cell')} "
        f'<input type="number" name="cell" min="1" value="{cell + 1}"></label>'
        f'<button type="button" class="ghost" data-other>{say("text.inside.cells.show")}</button>'
        "</div></section>"
    )


def split_name(say: Say, split: str) -> str:
    """The text that was kept aside in the visitor's language, as plain text; its own name where the
    house has no words for it."""
    name, _, rest = split.partition("/")
    number = re.search(r"\d[\d,]*", rest)
    try:
        return unescape(say(f"text.split.{name}", n=number[0] if number else ""))
    except KeyError:
        return split


def property_name(say: Say, name: str) -> str:
    """What a cell tracks, in the visitor's language; a property without words keeps its name."""
    try:
        return say(f"text.property.{name}")
    except KeyError:
        return escape(name.replace("_", " "))


def signed(value: float) -> str:
    """A number with its sign, the minus as wide as the plus."""
    return f"{value:+.2f}".replace("-", "−")


def shade(value: float) -> int:
    """tanh(c) from -1 to 1 as a shade from -5 (blue) to 5 (red)."""
    return round(max(-1.0, min(1.0, value)) * STEPS)


def drawn(say: Say, got: Mapping[str, Any], layer: int, cell: int) -> str:
    """The text in the cell's colours, the three gates beneath each character."""
    layer, cell = got.get("layer", layer), got.get("cell_index", cell)
    held = [math.tanh(c) for c in got["cell"][-SHOWN:]]
    pieces, rows = [], []
    gates = [got[name][-SHOWN:] for name in GATES]
    of = len(got["characters"])
    end = say("text.inside.cell.end", count=SHOWN, of=f"{of:,}") if of > SHOWN else ""
    for i, (text, value) in enumerate(zip(got["characters"][-SHOWN:], held, strict=True)):
        three = [gate[i] for gate in gates]
        style = ";".join(f"--{n[0]}:{g:.2f}" for n, g in zip(GATES, three, strict=True))
        wide = " wide" if glyphs.wide(text) else ""
        sign = glyphs.sign(text)
        quiet = " blank" if not text.strip() else ""
        pieces.append(
            f'<span class="ch c{shade(value)}{wide}{quiet}" style="{style}"><b>{sign}</b>'
            "<i></i><i></i><i></i></span>"
        )
        if "\n" in text:
            pieces.append("<br>")
        rows.append([glyphs.name(say, text), signed(value), *(f"{g:.2f}" for g in three)])
    data = escape(json.dumps(rows, ensure_ascii=False), quote=True)
    title = say("text.inside.cell.title", layer=layer + 1, cell=cell + 1)
    said = say("text.inside.cell.said")
    key = "".join(
        f'<span><i class="{name}" aria-hidden="true"></i>{say(f"text.inside.cell.{name}")}</span>'
        for name in GATES
    )
    scale = "".join(f'<i class="c{n}"></i>' for n in range(-STEPS, STEPS + 1))
    return (
        f'<section class="one-cell"><h3>{title}</h3>'
        f'<p class="legend-row"><span class="scale">−1 <span aria-hidden="true">{scale}</span> +1'
        f"</span> {say('text.inside.cell.scale')}</p>{end and page.quiet(unescape(end))}"
        f'<p class="legend-row gates">{key}</p>'
        f'<div class="strips" tabindex="0" role="group" aria-label="{title}" data-rows="{data}">'
        f"{''.join(pieces)}</div>"
        f'<p class="readout quiet" aria-live="polite" data-said="{said}">'
        f"{say('text.inside.cell.point')}</p>"
        f'<p class="quiet">{say("text.inside.cell.text")}</p></section>'
    )
