"""The negative log-likelihood of each character: the text coloured by it, and what was expected.

In nats at temperature 1, ``-log p`` (Shannon 1951 asked people the same question).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from html import escape
from typing import Any

from demos import page
from demos.language import Say
from demos.page import percent
from demos.text.inside import glyphs

#: Upper ends in nats of the shades 0 to 5: probabilities of 1/2, 1/5, 1/20, 1/100, 1/1000.
SHADES = tuple(math.log(n) for n in (2, 5, 20, 100, 1000))


def shade(nats: float) -> int:
    """The shade of a negative log-likelihood, from 0 (foreseen) to 5."""
    return sum(nats > end for end in SHADES)


def drawn(say: Say, got: Mapping[str, Any], chinese: bool = False) -> str:
    """The text with its shades, the legend, and the place where what was expected is told."""
    pieces, rows = [], []
    unknown = set(got.get("unknown", ()))
    triples = zip(got["characters"], got["nats"], got["probabilities"], strict=True)
    for i, (text, nats, best) in enumerate(triples):
        sign = glyphs.sign(text) if text.strip() or text == "\n" else escape(text)
        over = " over" if i in unknown else ""
        pieces.append(f'<span class="n{shade(nats)}{over}" data-i="{i}">{sign}</span>')
        if "\n" in text:
            pieces.append("\n")
        likely = [[glyphs.name(say, other), percent(p)] for other, p in best]
        rows.append([glyphs.name(say, text), percent(math.exp(-nats)), f"{nats:.2f}", likely])
    data = escape(json.dumps(rows, ensure_ascii=False), quote=True)
    mean = sum(got["nats"]) / max(1, len(got["nats"]))
    said = say("text.inside.nll.said")
    label = say("text.inside.nll.label")
    lang = ' lang="zh-CN"' if chinese else ' lang="en"'
    average = say("text.inside.nll.mean", nats=f"{mean:.2f}", ways=f"{math.exp(mean):.1f}")
    body = (
        f'{legend(say)}<div class="both">'
        f'<div class="expected" tabindex="0" role="group" dir="auto"{lang} '
        f'aria-label="{label}" data-rows="{data}">{"".join(pieces)}</div>'
        f'<div class="readout" aria-live="polite" data-said="{said}">'
        f'<p class="quiet">{say("text.inside.nll.point")}</p></div></div>'
        f'<p class="quiet">{average}</p>'
    )
    return page.section(say, "text.inside.nll", body)


def legend(say: Say) -> str:
    """The shades with the probabilities that they stand for."""
    ends = ("1/2", "1/5", "1/20", "1/100", "1/1000")
    cells = "".join(
        f'<span><i class="n{number}" aria-hidden="true"></i>{text}</span>'
        for number, text in enumerate((*(f"≥ {end}" for end in ends), "< 1/1000"))
    )
    return f'<p class="legend-row"><b>{say("text.inside.nll.legend")}</b>{cells}</p>'
