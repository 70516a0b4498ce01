"""The figures of the pen for Learn, from its card: how legible it is, whose hand it writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from demos import page
from demos.handwriting.request import PEN
from demos.language import Say

#: What tells the rows of the card apart, and the words for each.
HANDS = {
    "real writing": "real",
    "no vector": "read",
    "nobody": "nobody",
    "by chance": "chance",
    "the pen": "pen",
}


def figures() -> dict[str, Callable[[Say], str]]:
    """What the article of the tab may place with ``{{figure:NAME}}``."""
    return {"pen": legibility, "hands": hands}


def legibility(say: Say) -> str:
    """How legible the pen's writing is beside people's, in the same texts: both from its card."""
    for result in page.read_metrics(PEN).get("results", ()):
        found = result["metrics"]
        if "cer_real" in found and "cer_ratio" in found:
            told = say(
                "handwriting.chart.legibility",
                cer=page.figure("cer_real", found["cer_real"]),
                ratio=page.figure("cer_ratio", found["cer_ratio"]),
                n=f"{result['n']:,}",
            )
            return f"<p>{told}</p>"
    return ""


def hands(say: Say) -> str:
    """How often a writing is taken for its own hand, with 95% intervals, from the pen's card."""
    rows = [r for r in page.read_metrics(PEN).get("ladder", ()) if r.get("metric") == "hand"]
    if len(rows) < 2:  # nothing to compare
        return ""
    lines = []
    for row in sorted(rows, key=lambda row: -row["value"]):
        spread = row["high"] - row["low"]
        value = f"{row['value']:.1%}" + (f" ± {spread / 2:.1%}".rstrip("%") if spread else "")
        bar = f'<i class="span" style="left:{row["low"]:.2%};width:{spread:.2%}"></i>'
        dot = f'<i class="dot" style="left:{row["value"]:.2%}"></i>'
        lines.append(
            f"<li><span>{hand_name(say, str(row['name']))}</span><b>{value}</b>"
            f'<div aria-hidden="true">{bar if spread else ""}{dot}</div></li>'
        )
    count = next((m[1] for r in rows if (m := re.search(r"(\d+) hands", r["name"]))), "?")
    caption = say("handwriting.chart.hands", count=count, n=f"{rows[0]['n']:,}")
    ends = '<p class="axis" aria-hidden="true"><span>0%</span><span>100%</span></p>'
    return page.drawn(f'<ul class="ladder">{"".join(lines)}</ul>{ends}', caption)


def hand_name(say: Say, name: str) -> str:
    """A row of `hands` in the visitor's language, by the words that tell it in the card."""
    found = next((key for part, key in HANDS.items() if part in name), None)
    return say(f"handwriting.chart.hand.{found}") if found else escape(name)
