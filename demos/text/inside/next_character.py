"""Another path: what may come next, as bars to choose from; the choice is appended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from demos import page, typed
from demos.language import Say
from demos.page import percent
from demos.text import answers
from demos.text.inside import glyphs
from demos.text.tryout.leaf import LINE
from pretrained.catalog import Entry

SHOWN = 12  # bars
TAIL = 160  # characters of the path that are shown
MOST_TAKEN = 40  # characters of one choice: a token of a language model may hold several


def beginning(entry: Entry, text: str) -> str:
    """Where the path starts: at the end of a text; of a poem, which is over there, after its first
    couplet."""
    if not answers.writes_poems(entry):
        return text
    lines = LINE.findall(text)
    return "".join(lines[: max(1, len(lines) // 2)])


def drawn(say: Say, path: str, added: int, got: Mapping[str, Any]) -> str:
    """The end of the path, the visitor's own part of it in the accent, and the bars."""
    kept, own = (path[:-added], path[-added:]) if added else (path, "")
    more = "…" if len(kept) > TAIL else ""
    tail = (
        f'<div class="path" dir="auto">{more}{typed.shown(kept[-TAIL:])}'
        f'<b>{typed.shown(own)}</b><i class="caret"></i></div>'
    )
    most = max((p for _, p in got["probabilities"]), default=1.0)
    bars = []
    for text, p in got["probabilities"]:
        width = f"{p / most:.2%}"
        shown = (
            f'<b>{glyphs.label(say, text)}</b><div aria-hidden="true"><i style="width:{width}"></i>'
            f"</div><span>{percent(p)}</span>"
        )
        if text:
            take = escape(text, quote=True)
            bars.append(f'<li><button type="button" data-take="{take}">{shown}</button></li>')
        else:
            bars.append(f'<li><div class="bar-rest">{shown}</div></li>')
    rest = say("text.inside.next.rest", share=percent(got["rest"]))
    ways = f"{math.exp(got['entropy']):.1f}"
    mind = say("text.inside.next.entropy", nats=f"{got['entropy']:.2f}", ways=ways)
    back = ""
    if added:
        word = say("text.inside.next.back")
        back = f'<button type="button" class="ghost" data-back>{word}</button>'
    body = (
        f'{tail}<ul class="likeliest" '
        f'aria-label="{say("text.inside.next.label")}">{"".join(bars)}</ul>'
        f'<p class="quiet">{page.sentences(say.lang, rest, mind)}</p>{back}'
    )
    return page.section(say, "text.inside.next", body)
