"""The pen under Try: what to write and in whose hand on the left, pens at work on the right.

The form and the board live in the browser (`pen.js`): the board asks the server when the
exhibit is first seen and whenever the visitor presses Write, and draws the points as they come.
"""

from __future__ import annotations

import html
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from demos import page, streaming
from demos.language import Say, Words
from demos.models import waiting, with_progress
from demos.text import pen_door
from demos.text.pen_asked import MOST_TEXT, PEN, Asked, asked, hands, note, pen_of, refusal
from demos.text.pen_reading import reads
from demos.text.pen_writing import Sample, one_word, writing
from inference.errors import Refusal

#: Written when the exhibit opens. The pen knows Latin letters only, so it is the same in Chinese.
EXAMPLE = "I learned to write by watching hands."
#: The hand and the seed that it opens with: of eight hands and twelve seeds each the one that is
#: clean to the eye both on one line and on two. Whoever presses Write gets another seed.
HAND, SEED = 0, 11
OWN_WORDS = "this is my hand"  # what a visitor is asked to write on the pad
LETTER = 1.0  # x-heights that a letter takes in a hand of which nothing is known
THUMBNAIL = "hello"
WORDS = ("again", "finish", "speed", "download", "take", "alt", "writing", "written", "see")
WORDS += ("seeded",)
SCRIPT = "import(new URL('house/pen.js', document.baseURI)).then((pen) => pen.%s);"
# Gradio knows an event of ours by finding its name, in quotes, in the script that fires it.
BOARD = """mountBoard(element, {
  write: (sent) => trigger('write', sent), halt: () => trigger('halt'), 
  hands: () => trigger('hands'),
}, props, watch)"""


@dataclass(frozen=True)
class PenParts:
    """What Look inside shares with Try: the board, and whether there is a pen at all."""

    board: gr.HTML | None


def build(engine: Any, words: Words) -> PenParts:
    """Lay out the exhibit and wire it to the engine."""
    if PEN not in engine.entries:
        page.markup(words, lambda say: page.note(html.unescape(say("text.pen.none"))))
        return PenParts(None)
    entry = pen_of(engine)
    styles = hands(entry)
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            gr.HTML(
                words.markup(lambda say: form(say, styles)),
                js_on_load=SCRIPT % "mountForm(element)",
                apply_default_css=False,
                elem_id="pen-form",
            )
        with gr.Column(scale=6, elem_classes="get"):
            board = gr.HTML(
                None,
                html_template="",
                js_on_load=SCRIPT % BOARD,
                apply_default_css=False,
                elem_id="pen-board",
            )
            thumbnails = gr.HTML(
                None,
                html_template="",
                js_on_load=SCRIPT % "mountHands(props, watch)",
                elem_classes="pen-feed",
            )
    facts(words, entry)
    drawn: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()

    @page.guard(words)
    async def on_write(event: gr.EventData, request: gr.Request) -> AsyncIterator[dict[str, Any]]:
        sent, lang = payload(event), words.lang(request)
        async with aclosing(streaming.heartbeats(updates(engine, words, sent, lang))) as steps:
            try:
                async for update in steps:
                    yield gr.skip() if update is streaming.HEARTBEAT else update
            except Exception:
                yield {"run": sent.get("run"), "ended": True}
                raise

    @page.guard(words)
    async def on_hands() -> AsyncIterator[list[str]]:
        """The hands as thumbnails, each drawn by the pen itself, once for as long as it serves."""
        if engine not in drawn:
            found: list[str] = []
            async with aclosing(streaming.heartbeats(words_of(engine, len(styles)))) as each:
                async for word in each:
                    if word is not streaming.HEARTBEAT:
                        found.append(word)
                    yield found
            drawn[engine] = found
        yield drawn[engine]

    options = {"concurrency_limit": entry.max_batch, **page.PRIVATE}
    run = board.write(on_write, None, board, trigger_mode="multiple", **options)
    board.halt(None, cancels=[run], **page.PRIVATE)
    board.hands(on_hands, None, thumbnails, **options)
    pen_door.build(engine, words)
    return PenParts(board)


async def words_of(engine: Any, count: int) -> AsyncIterator[str]:
    """The same word in each of the model's hands."""
    for number in range(count):
        yield await one_word(engine, THUMBNAIL, number)


def payload(event: gr.EventData) -> Mapping[str, Any]:
    """What the page sent with an event: anything, or nothing."""
    sent = getattr(event, "_data", None)
    return sent if isinstance(sent, Mapping) else {}


async def updates(
    engine: Any, words: Words, sent: Mapping[str, Any], lang: str
) -> AsyncIterator[dict[str, Any]]:
    """What the board shows: each update holds all of it, since a page may skip one."""
    start = {"run": sent.get("run")}
    try:
        wish = asked(engine, sent)
        async with aclosing(with_progress(engine, PEN, engine.preload(PEN))) as steps:
            async for step in steps:
                bar = waiting(words.speaker(lang), pen_of(engine), step)
                yield start | {"said": bar}
        start |= {"begin": beginning(engine, wish), "said": note(words, lang, wish)}
        yield start
        async with aclosing(writing(engine, wish)) as written:
            async for samples in written:
                shown = [shown_of(words, lang, sample) for sample in samples]
                done = all(sample.done for sample in samples)
                yield start | {"samples": shown, "ended": done}
    except Refusal as error:
        yield {**start, "said": refusal(words.speaker(lang), error), "refused": True, "ended": True}


def beginning(engine: Any, wish: Asked) -> dict[str, Any]:
    """What the board must know before the first point comes; ``width`` in x-heights, about."""
    style = hands(pen_of(engine))[wish.style] if wish.style is not None else {}
    width = letter(style) * max(len(line) for line in wish.lines)
    return {"lines": list(wish.lines), "samples": wish.samples, "width": width}


def letter(style: Mapping[str, Any]) -> float:
    """How wide a letter of a hand is, in x-heights: what the config says of it, or a guess."""
    return float(style.get("width", LETTER))


def shown_of(words: Words, lang: str, sample: Sample) -> dict[str, Any]:
    lines = [line.sent for line in sample.lines]
    return {"lines": lines, "done": sample.written, "reads": reads(words, lang, sample)}


# ---- markup --------------------------------------------------------------------------------


def form(say: Say, styles: Sequence[Mapping[str, Any]]) -> str:
    """What a visitor gives. Wired by `pen.js`."""
    spoken = {word: html.unescape(say(f"text.pen.{word}")) for word in WORDS}
    return f"""<form class="pen" data-seed="{SEED}" data-pen-words="{
        html.escape(json.dumps(spoken))
    }">
<label class="asks"><span>{say("text.pen.text")}</span>
<textarea name="text" rows="2" spellcheck="false" dir="auto">{EXAMPLE}</textarea></label>
<p class="quiet">{say("text.pen.latin", most=MOST_TEXT)}</p>
<fieldset class="hands"><legend>{say("text.pen.hands")}</legend>{
        "".join(hand(say, number, letter(style)) for number, style in enumerate(styles))
    }<label class="hand own"><input type="radio" name="style" value="own">
<span>{say("text.pen.own")}</span></label></fieldset>
{own(say)}
<div class="knobs">{slide(say("text.pen.bias"), "bias", 0, 3, 0.1, 0.6)}{
        slide(say("text.pen.samples"), "samples", 1, 4, 1, 1)
    }<label>{say("text.pen.seed")}<input name="seed" inputmode="numeric" value=""
autocomplete="off"></label></div>
<p class="quiet">{
        page.sentences(say.lang, say("text.pen.bias_help"), say("text.pen.seed_help"))
    }</p>
<div class="buttons"><button type="submit" class="btn">{say("text.pen.write")}</button>
<button type="button" class="ghost" data-do="stop" hidden>{say("text.pen.stop")}</button></div>
</form>"""


def hand(say: Say, number: int, width: float) -> str:
    """One of the model's hands to choose: a radio button with a place for its thumbnail."""
    checked = " checked" if number == HAND else ""
    return f"""<label class="hand"><input type="radio" name="style" value="{number}"
data-letter="{width:g}"{checked}>
<svg data-hand="{number}" aria-hidden="true" viewBox="0 0 8 3"></svg>
<span>{say("text.pen.hand", number=number + 1)}</span></label>"""


def own(say: Say) -> str:
    """The pad, and what was written on it."""
    return f"""<div class="own-hand" data-show="own" hidden>
<p id="pen-pad-help">{say("text.pen.pad_help")}</p>
<div class="pad"><svg data-pad role="img" aria-label="{say("text.pen.pad")}"
aria-describedby="pen-pad-help pen-pad-pointer"></svg><i aria-hidden="true"></i></div>
<p class="quiet" id="pen-pad-pointer">{say("text.pen.pointer")}</p>
<div class="buttons"><button type="button" class="ghost" data-do="undo" disabled>{
        say("text.pen.undo")
    }</button>
<button type="button" class="ghost" data-do="clear" disabled>{say("text.pen.clear")}</button></div>
<p class="note" data-show="full" role="status" hidden>{say("text.pen.full")}</p>
<label class="asks"><span>{say("text.pen.written_words")}</span>
<input name="written" value="{OWN_WORDS}" autocomplete="off" spellcheck="false"></label>
<p class="note" data-show="need" role="alert" hidden>{say("text.pen.need")}</p></div>"""


def slide(label: str, name: str, low: float, high: float, step: float, value: float) -> str:
    """A labelled slider that shows its value."""
    return (
        f'<label>{label} <span class="reading">{value}</span><input type="range" name="{name}" '
        f'min="{low}" max="{high}" step="{step}" value="{value}"></label>'
    )


def facts(words: Words, entry: Any) -> None:
    """What was measured, from the card, at the foot of the room."""
    rows: list[page.Fact] = []
    for result in page.read_metrics(PEN).get("results", ()):
        if "cer_ratio" in (found := result["metrics"]):
            fields = {"n": f"{result['n']:,}"}  # told by the first label
            for name in ("cer", "cer_real", "cer_ratio"):
                if name in found:
                    rows.append((page.figure(name, found[name]), f"text.pen.fact.{name}", fields))
            break
    rows.append((f"{entry.parameters:,}", "text.pen.fact.parameters"))
    page.facts(words, rows)
