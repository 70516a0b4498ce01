"""The pen under Look inside: one line of the visitor's own writing, point by point.

The server writes the line once more, with the window and the mixture of every point (the same seed
gives the same strokes), and sends all of it as one trace; playing it is the browser's business
(`pen_inside.js`).
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from demos import page, streaming
from demos.handwriting.request import Asked, asked, note, pen_of, refusal
from demos.handwriting.tryout import EXAMPLE, HAND, SEED, payload
from demos.handwriting.writing import Line
from demos.language import Say, Words
from demos.models import waiting, with_progress
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal

COMPONENTS, FIELDS = 4, 6  # of the mixture; weight, mean x and y, deviation x and y, correlation
#: What each field is multiplied by to travel as a 16-bit number.
SCALE = np.array([1e4, 1e3, 1e3, 1e3, 1e3, 1e4])
WORDS = ("play", "pause", "moment", "stage")
SCRIPT = """import(new URL('house/pen_inside.js', document.baseURI)).then((pen) => pen.mountInside({
  look: (sent) => trigger('look', sent),
}, props, watch));"""


def build(engine: Engine, words: Words) -> None:
    """Lay out the exhibit's part of the room. It is filled when the room comes into sight."""
    page.markup(words, markup, elem_id="pen-inside")
    trace = gr.HTML(None, html_template="", js_on_load=SCRIPT, elem_classes="pen-feed")

    @streaming.event(words, gr.skip())
    def on_look(
        mine: Latest, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[dict[str, Any], None]:
        return looks(engine, words.speaker(request), payload(event))

    trace.look(
        on_look,
        gr.State(Latest()),
        trace,
        trigger_mode="multiple",
        concurrency_limit=pen_of(engine).max_batch,
        **page.PRIVATE,
    )


async def looks(
    engine: Engine, say: Say, sent: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """A bar while the line is written, then the trace, or the sentence that refuses it."""
    start = {"run": sent.get("run")}
    try:
        usual = {"text": EXAMPLE, "style": HAND, "seed": SEED}
        wish = asked(engine, usual | dict(sent) | {"samples": 1})
        async with aclosing(with_progress(engine, wish.key, traced(engine, wish))) as steps:
            async for step in steps:
                if isinstance(step, dict):
                    yield start | {"said": carried(say, wish) + note(say, wish), "trace": step}
                else:
                    yield start | {"said": waiting(say, pen_of(engine, wish.key), step)}
    except Refusal as error:
        yield start | {"said": refusal(say, error)}


async def traced(engine: Engine, wish: Asked) -> dict[str, Any]:
    """The first line with all that the network thought, packed for the page.

    ``points`` as in `writing.Line`; ``at``: the letter looked at most, one a point; ``window``:
    base64 of bytes [T, U], shares in 255ths; ``mixture``: base64 of little-endian int16 [T, 4, 6],
    see `SCALE`.
    """
    await engine.preload(wish.key)
    line, at = Line(wish.lines[0]), []
    windows, mixtures = [], []
    async with aclosing(engine.stream(wish.key, line.text, trace=True, **wish.options())) as steps:
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


def sized(weights: Any, letters: int) -> NDArray[np.float64]:
    """The window's weights [letters]: none where the model told none."""
    row = np.zeros(letters)
    given = np.asarray(weights if weights is not None else (), dtype=float)[:letters]
    row[: len(given)] = np.nan_to_num(given)
    return row


def components(mixture: Any) -> NDArray[np.float64]:
    """The heaviest components [COMPONENTS, FIELDS] of the mixture; missing ones weigh nothing."""
    rows = np.zeros((COMPONENTS, FIELDS))
    given = np.asarray(mixture if mixture is not None else (), dtype=float).reshape(-1, FIELDS)
    rows[: len(given[:COMPONENTS])] = np.nan_to_num(given[:COMPONENTS])
    return rows


def carried(say: Say, wish: Asked) -> str:
    """Whose hand writes here, and that it is the first line of what was asked under Try."""
    if wish.strokes is not None:
        hand = say.plain("handwriting.inside.own")
    else:
        hand = say.plain("handwriting.try.hand", number=(wish.style or 0) + 1)
    key = "carried_first" if len(wish.lines) > 1 else "carried"
    return f'<p class="quiet">{say(f"handwriting.inside.{key}", hand=hand)}</p>'


def markup(say: Say) -> str:
    """The room's furniture. Wired by `pen_inside.js`."""
    spoken = {word: say.plain(f"handwriting.inside.{word}") for word in WORDS}

    def heading(name: str) -> str:
        start = f"handwriting.inside.{name}"
        return f'<h2>{say(f"{start}.title")}</h2><p class="quiet">{say(f"{start}.text")}</p>'

    return f"""<div class="pen-inside" data-pen-inside
data-words="{html.escape(json.dumps(spoken))}"><div data-show="said"></div>
<div data-show="rest" hidden>
<section class="step">{heading("window")}
<svg class="sheet-of-paper" data-show="stage" role="img" aria-label=""></svg>
<ol class="letters" data-show="letters" aria-label="{say("handwriting.inside.letters")}"></ol>
<div class="player"><button type="button" class="btn" data-do="play">{
        say("handwriting.inside.play")
    }</button>
<label class="time"><span>{say("handwriting.inside.time")}</span>
<input type="range" min="0" max="1" step="1" value="0" data-do="time"></label>
<span class="quiet reading" data-show="moment"></span></div></section>
<div class="views"><section class="step">{heading("mixture")}
<svg class="sheet-of-paper loupe" data-show="loupe" role="img"
aria-label="{say("handwriting.inside.mixture.alt")}"></svg></section>
<section class="step">{heading("heat")}
<div class="heat" data-show="heat" role="img" aria-label="{say("handwriting.inside.heat.alt")}">
<div class="axis" aria-hidden="true"></div><div class="plane"><div class="map"></div><i></i></div>
</div></section></div></div></div>"""
