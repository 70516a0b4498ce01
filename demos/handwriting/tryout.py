"""The pen under Try: what to write and in whose hand on the left, pens at work on the right.

The form and the board live in the browser (`pen.js`): the board asks the server when the
exhibit is first seen and whenever the visitor presses Write, and draws the points as they come.
"""

from __future__ import annotations

import html
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
from gradio.context import Context

from demos import page, share, streaming, training
from demos.handwriting.request import (
    MOST_TEXT,
    PEN,
    Asked,
    asked,
    hands,
    note,
    pen_of,
    refusal,
    wrong,
)
from demos.handwriting.writing import Sample, one_word, reads, writing
from demos.language import Say, Words
from demos.models import ready, waiting
from demos.page.html import Fact
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal
from jobs import Jobs
from pretrained.catalog import Entry

#: Written when the exhibit opens. The pen knows Latin letters only, so it is the same in Chinese.
EXAMPLE = "I learned to write by watching hands."
#: The hand and the seed that it opens with: of eight hands and twelve seeds each the one that is
#: clean to the eye both on one line and on two. Whoever presses Write gets another seed.
HAND, SEED = 0, 11
OWN_WORDS = "this is my hand"  # what a visitor is asked to write on the pad
LETTER = 1.0  # x-heights that a letter takes in a hand of which nothing is known
THUMBNAIL = "hello"
#: Of the words, those that `pen.js` says.
WORDS = [
    "again",
    "finish",
    "speed",
    "download",
    "take",
    "alt",
    "writing",
    "written",
    "see",
    "seeded",
    "link",
    "copied",
    "credited",
    "credit",
]
SCRIPT = "import(new URL('house/pen.js', document.baseURI)).then((pen) => pen.%s);"
# Gradio knows an event of ours by finding its name, in quotes, in the script that fires it.
BOARD = """mountBoard(element, {
  write: (sent) => trigger('write', sent), stop: () => trigger('stop'),
  hands: () => trigger('hands'),
}, props, watch)"""


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """Lay out the exhibit and wire it to the engine. ``jobs``: where the pens are that visitors
    have taught their hands."""
    entry = pen_of(engine)
    styles = hands(entry)
    unmet = share.unmet("pen-unmet")
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            gr.HTML(
                words.markup(lambda say: form(say, styles)),
                js_on_load=SCRIPT % "mountForm(element)",
                apply_default_css=False,
                elem_id="pen-form",
            )
        with gr.Column(scale=6, elem_classes="get"):
            board = feed(BOARD, elem_id="pen-board")
            thumbnails = feed("mountHands(props, watch)", elem_classes="pen-feed")
            pens = feed("mountPens(props, watch)", page.KEPT, elem_classes="pen-feed")
    facts(words, entry)
    mine = gr.State(Latest())
    drawn: WeakKeyDictionary[Engine, list[str]] = WeakKeyDictionary()

    @streaming.event(words, gr.skip())
    def on_write(
        mine: Latest, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[dict[str, Any], None]:
        sent = payload(event)
        run = updates(engine, words.speaker(request), sent)
        return streaming.or_broken(run, {"run": sent.get("run"), "ended": True})

    @page.guard(words)
    async def on_stop(mine: Latest) -> None:
        mine.end()

    @streaming.event(words, gr.skip())
    def on_hands() -> AsyncGenerator[list[str], None]:
        return thumbnails_of(engine, drawn, len(styles))

    @page.guard(words)
    def on_pens(secret: str, request: gr.Request) -> list[dict[str, str]]:
        """The pens that a visitor has taught, by the secret that their browser keeps."""
        say = words.speaker(request)
        found = training.mine(jobs, engine, "handwriting", secret)
        return [{"key": one.key, "name": say.model(one)} for one in found]

    @page.guard(words)
    async def on_load(request: gr.Request) -> Any:
        """What of the address cannot be had."""
        return share.refused(words.speaker(request), wrong(engine, share.query(request)), refusal)

    assert Context.root_block is not None
    Context.root_block.load(on_load, None, unmet, queue=False, **page.PRIVATE)
    secret = gr.Textbox("", visible=False)
    for asks in (Context.root_block.load, pens.kept):
        asks(on_pens, secret, pens, js=page.SECRET, queue=False, **page.PRIVATE)
    options = {"concurrency_limit": entry.max_batch, **page.PRIVATE}
    board.write(on_write, mine, board, trigger_mode="multiple", **options)
    board.stop(on_stop, mine, None, **page.PRIVATE)
    board.hands(on_hands, None, thumbnails, **options)


def feed(script: str, first: str = "", **options: Any) -> gr.HTML:
    """A place that the server sends data to: `pen.js` makes the page of it. ``first``: JavaScript
    that runs before."""
    load = first + SCRIPT % script
    return gr.HTML(None, html_template="", js_on_load=load, apply_default_css=False, **options)


async def thumbnails_of(
    engine: Engine, drawn: WeakKeyDictionary[Engine, list[str]], count: int
) -> AsyncGenerator[list[str], None]:
    """The same word in each of the model's hands, each drawn by the pen itself, once for as long as
    the engine serves: all that are there so far."""
    found: list[str] = drawn.get(engine, [])
    if not found:
        for number in range(count):
            found = [*found, await one_word(engine, THUMBNAIL, number)]
            yield found
        drawn[engine] = found
    yield found


def payload(event: gr.EventData) -> Mapping[str, Any]:
    """What the page sent with an event: anything, or nothing."""
    sent = getattr(event, "_data", None)
    return sent if isinstance(sent, Mapping) else {}


async def updates(
    engine: Engine, say: Say, sent: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """What the board shows: each update holds all of it, since a page may skip one."""
    start = {"run": sent.get("run")}
    try:
        wish = asked(engine, sent)
        entry = pen_of(engine, wish.key)
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield start | {"said": waiting(say, entry, progress)}
        start |= {"begin": beginning(engine, wish), "said": note(say, wish)}
        yield start
        async with aclosing(writing(engine, wish)) as written:
            async for samples in written:
                shown = [shown_of(say, sample) for sample in samples]
                done = all(sample.done for sample in samples)
                yield start | {"samples": shown, "ended": done}
    except Refusal as error:
        yield {**start, "said": refusal(say, error), "refused": True, "ended": True}


def beginning(engine: Engine, wish: Asked) -> dict[str, Any]:
    """What the board must know before the first point comes; ``width`` in x-heights, about."""
    style = hands(pen_of(engine, wish.key))[wish.style] if wish.style is not None else {}
    width = letter(style) * max(len(line) for line in wish.lines)
    return {"lines": list(wish.lines), "samples": wish.samples, "width": width}


def letter(style: Mapping[str, Any]) -> float:
    """How wide a letter of a hand is, in x-heights: what the config says of it, or a guess."""
    return float(style.get("width", LETTER))


def shown_of(say: Say, sample: Sample) -> dict[str, Any]:
    """A sample as the board reads it."""
    lines = [line.sent for line in sample.lines]
    return {"lines": lines, "done": sample.written, "reads": reads(say, sample)}


# ---- markup --------------------------------------------------------------------------------


def form(say: Say, styles: Sequence[Mapping[str, Any]]) -> str:
    """What a visitor gives. Wired by `pen.js`."""
    spoken = {word: say.plain(f"handwriting.try.{word}") for word in WORDS}
    return f"""<form class="pen" data-seed="{SEED}" data-pen-words="{
        html.escape(json.dumps(spoken))
    }">
<label class="asks"><span>{say("handwriting.try.text")}</span>
<textarea name="text" rows="2" spellcheck="false" dir="auto">{EXAMPLE}</textarea></label>
<p class="quiet">{say("handwriting.try.latin", most=MOST_TEXT)}</p>
<fieldset class="hands"><legend>{say("handwriting.try.hands")}</legend>{
        "".join(hand(say, number, letter(style)) for number, style in enumerate(styles))
    }{trained(say)}<label class="hand own"><input type="radio" name="style" value="own">
<span>{say("handwriting.try.own")}</span></label></fieldset>
{own(say)}
<div class="knobs"><div class="knob">{slide(say("handwriting.try.bias"), "bias", 0, 3, 0.1, 0.6)}
<p class="quiet">{say("handwriting.try.bias_help")}</p></div>
<div class="knob"><label>{say("handwriting.try.seed")}
<input name="seed" inputmode="numeric" value="" autocomplete="off"></label>
<p class="quiet">{say("handwriting.try.seed_help")}</p></div>
{slide(say("handwriting.try.samples"), "samples", 1, 4, 1, 1)}</div>
<div class="buttons"><button type="submit" class="btn">{say("handwriting.try.write")}</button>
<button type="button" class="ghost" data-do="stop" hidden>{
        say("handwriting.try.stop")
    }</button></div>
</form>"""


def hand(say: Say, number: int, width: float) -> str:
    """One of the model's hands to choose: a radio button with a place for its thumbnail."""
    checked = " checked" if number == HAND else ""
    return f"""<label class="hand"><input type="radio" name="style" value="{number}"
data-letter="{width:g}"{checked}>
<svg data-hand="{number}" aria-hidden="true" viewBox="0 0 8 3"></svg>
<span>{say("handwriting.try.hand", number=number + 1)}</span></label>"""


def trained(say: Say) -> str:
    """The hand of a pen that somebody taught theirs: what `pen.js` copies for each pen that this
    visitor has taught, and for the one that the page's address names."""
    return f"""<label class="hand" data-show="trained" hidden><input type="radio" name="style"
value="trained"><span>{say("handwriting.try.trained")}</span></label>
"""


def own(say: Say) -> str:
    """The pad, and what was written on it."""
    return f"""<div class="own-hand" data-show="own" hidden>
<p id="pen-pad-help">{say("handwriting.try.pad_help")}</p>
<div class="pad"><svg data-pad role="img" aria-label="{say("handwriting.try.pad")}"
aria-describedby="pen-pad-help pen-pad-pointer"></svg><i aria-hidden="true"></i></div>
<p class="quiet" id="pen-pad-pointer">{say("handwriting.try.pointer")}</p>
<div class="buttons"><button type="button" class="ghost" data-do="undo" disabled>{
        say("handwriting.try.undo")
    }</button>
<button type="button" class="ghost" data-do="clear" disabled>{
        say("handwriting.try.clear")
    }</button></div>
<p class="note" data-show="full" role="status" hidden>{say("handwriting.try.full")}</p>
<label class="asks"><span>{say("handwriting.try.written_words")}</span>
<input name="written" value="{OWN_WORDS}" autocomplete="off" spellcheck="false"></label>
<p class="note" data-show="need" role="alert" hidden>{say("handwriting.try.need")}</p></div>"""


def slide(label: str, name: str, low: float, high: float, step: float, value: float) -> str:
    """A labelled slider that shows its value."""
    return (
        f'<label>{label} <span class="reading">{value}</span><input type="range" name="{name}" '
        f'min="{low}" max="{high}" step="{step}" value="{value}"></label>'
    )


def facts(words: Words, entry: Entry) -> None:
    """What was measured, from the card, at the foot of the room."""
    rows: list[Fact] = []
    for result in page.read_metrics(PEN).get("results", ()):
        if "cer_ratio" in (found := result["metrics"]):
            fields = {"n": f"{result['n']:,}"}  # told by the first label
            for name in ("cer", "cer_real", "cer_ratio"):
                if name in found:
                    rows.append(
                        (page.figure(name, found[name]), f"handwriting.fact.{name}", fields)
                    )
            break
    rows.append((f"{entry.parameters:,}", "handwriting.fact.parameters"))
    page.facts(words, rows)
