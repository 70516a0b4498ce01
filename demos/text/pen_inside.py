"""The pen under Look inside: one line of the visitor's own writing, point by point.

The server writes the line once more, with the window and the mixture of every point (the same seed
gives the same strokes), and sends all of it as one trace; playing it is the browser's business
(`pen_inside.js`).
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr
import numpy as np

from demos import page
from demos.language import Say, Words
from demos.models import waiting, with_progress
from demos.text.pen import EXAMPLE, HAND, SEED, PenParts, payload
from demos.text.pen_asked import PEN, Asked, asked, note, pen_of, refusal
from demos.text.pen_writing import Line
from inference.errors import Refusal

COMPONENTS, FIELDS = 4, 6  # of the mixture; weight, mean x and y, deviation x and y, correlation
#: What each field is multiplied by to travel as a 16-bit number.
SCALE = np.array([1e4, 1e3, 1e3, 1e3, 1e3, 1e4])
WORDS = ("play", "pause", "moment", "stage")
SCRIPT = """import(new URL('house/pen_inside.js', document.baseURI)).then((pen) => pen.mountInside({
  look: (sent) => trigger('look', sent), halt: () => trigger('halt'),
}, props, watch));"""


def build(engine: Any, words: Words, parts: PenParts, room: Any = None) -> None:
    """Lay out the exhibit's part of the room. It is filled when the room comes into sight."""
    if parts.board is None:
        page.markup(words, lambda say: page.note(html.unescape(say("text.pen.none"))))
        return
    page.markup(words, markup, elem_id="pen-inside")
    feed = gr.HTML(None, html_template="", js_on_load=SCRIPT, elem_classes="pen-feed")

    @page.guard(words)
    async def on_look(event: gr.EventData, request: gr.Request) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(looks(engine, words, payload(event), words.lang(request))) as steps:
            async for step in steps:
                yield step

    limit = pen_of(engine).max_batch
    run = feed.look(
        on_look, None, feed, trigger_mode="multiple", concurrency_limit=limit, **page.PRIVATE
    )
    feed.halt(None, cancels=[run], **page.PRIVATE)


async def looks(
    engine: Any, words: Words, sent: Mapping[str, Any], lang: str
) -> AsyncIterator[dict[str, Any]]:
    """A bar while the line is written, then the trace, or the sentence that refuses it."""
    start = {"run": sent.get("run")}
    try:
        wish = asked(
            engine, {"text": EXAMPLE, "style": HAND, "seed": SEED} | dict(sent) | {"samples": 1}
        )
        work = traced(engine, wish)
        async with aclosing(with_progress(engine, PEN, work)) as steps:
            async for step in steps:
                if isinstance(step, dict):
                    said = carried(words, lang, wish) + note(words, lang, wish)
                    yield start | {"said": said, "trace": step}
                else:
                    yield start | {"said": waiting(words.speaker(lang), pen_of(engine), step)}
    except Refusal as error:
        yield start | {"said": refusal(words.speaker(lang), error)}


async def traced(engine: Any, wish: Asked) -> dict[str, Any]:
    """The first line with all that the network thought, packed for the page.

    ``points`` as in `pen_writing`; ``at``: the letter looked at most, one a point; ``window``:
    base64 of bytes [T, U], shares in 255ths; ``mixture``: base64 of little-endian int16 [T, 4, 6],
    see `SCALE`.
    """
    await engine.preload(PEN)
    line, at = Line(wish.lines[0]), []
    windows, mixtures = [], []
    async with aclosing(engine.stream(PEN, line.text, trace=True, **wish.options())) as steps:
        async for points in steps:
            for point in points:
                line.add(float(point.dx), float(point.dy), bool(point.up))
                at.append(int(point.at))
                windows.append(sized(point.window, len(line.text)))
                mixtures.append(components(point.mixture))
    window = np.rint(np.clip(np.array(windows), 0, 1) * 255).astype(np.uint8)
    mixture = np.clip(np.rint(np.array(mixtures) * SCALE), -32768, 32767).astype("<i2")
    return {
        "text": line.text,
        "points": line.sent,
        "at": at,
        "window": base64.b64encode(window.tobytes()).decode(),
        "mixture": base64.b64encode(mixture.tobytes()).decode(),
    }


def sized(weights: Any, letters: int) -> np.ndarray:
    """The window's weights [letters]: none where the model told none."""
    row = np.zeros(letters)
    given = np.asarray(weights if weights is not None else (), dtype=float)[:letters]
    row[: len(given)] = np.nan_to_num(given)
    return row


def components(mixture: Any) -> np.ndarray:
    """The heaviest components [COMPONENTS, FIELDS] of the mixture; missing ones weigh nothing."""
    rows = np.zeros((COMPONENTS, FIELDS))
    given = np.asarray(mixture if mixture is not None else (), dtype=float).reshape(-1, FIELDS)
    rows[: len(given[:COMPONENTS])] = np.nan_to_num(given[:COMPONENTS])
    return rows


def carried(words: Words, lang: str, wish: Asked) -> str:
    """Whose hand writes here, and that it is the first line of what was asked under Try."""
    say = words.speaker(lang)
    own = wish.strokes is not None
    hand = say("text.pen.inside.own") if own else say("text.pen.hand", number=(wish.style or 0) + 1)
    key = "text.pen.inside.carried_first" if len(wish.lines) > 1 else "text.pen.inside.carried"
    return f'<p class="quiet">{say(key, hand=html.unescape(hand))}</p>'


def markup(say: Say) -> str:
    """The room's furniture. Wired by `pen_inside.js`."""
    spoken = {word: html.unescape(say(f"text.pen.inside.{word}")) for word in WORDS}

    def heading(name: str) -> str:
        start = f"text.pen.inside.{name}"
        return f'<h2>{say(f"{start}.title")}</h2><p class="quiet">{say(f"{start}.text")}</p>'

    return f"""<div class="pen-inside" data-pen-inside
data-words="{html.escape(json.dumps(spoken))}"><div data-show="said"></div>
<div data-show="rest" hidden>
<section class="step">{heading("window")}
<svg class="sheet-of-paper" data-show="stage" role="img" aria-label=""></svg>
<ol class="letters" data-show="letters" aria-label="{say("text.pen.inside.letters")}"></ol>
<div class="player"><button type="button" class="btn" data-do="play">{
        say("text.pen.inside.play")
    }</button>
<label class="time"><span>{say("text.pen.inside.time")}</span>
<input type="range" min="0" max="1" step="1" value="0" data-do="time"></label>
<span class="quiet reading" data-show="moment"></span></div></section>
<div class="views"><section class="step">{heading("mixture")}
<svg class="sheet-of-paper loupe" data-show="loupe" role="img"
aria-label="{say("text.pen.inside.mixture.alt")}"></svg></section>
<section class="step">{heading("heat")}
<div class="heat" data-show="heat" role="img" aria-label="{say("text.pen.inside.heat.alt")}">
<div class="axis" aria-hidden="true"></div><div class="plane"><div class="map"></div><i></i></div>
</div></section></div></div></div>"""
