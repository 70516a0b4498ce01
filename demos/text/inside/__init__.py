"""Look inside: what the network expected, where it may go on, what its memory holds.

All on one text: the one just written under Try, or the visitor's own. Each step is one view of the
served model (`view=` of its predict) and one piece of HTML.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np

from demos import models, page, streaming, typed
from demos.language import Say, Words
from demos.models import on_disk, waiting
from demos.streaming import Latest
from demos.text import answers
from demos.text.inside import cells, next_character, nll
from demos.text.tryout import openings
from demos.text.tryout.writing import Written
from demos.visibility import on_visible
from inference import Engine
from inference.errors import Refusal
from pretrained.errors import ViewUnsupported

LOOKED_AT = 1_000  # characters of a text: what the views of memory take
LINE = 120  # characters that are left out so that what is looked at begins with a line
#: Where nothing has been written yet.
EXAMPLES = {
    answers.SHAKESPEARE: "ROMEO:\nI have a thing to say, and yet my tongue\nIs slow to speak it.",
    answers.TANG: "明月出山来，春风江上开。",
}
# Gradio knows an event of ours by finding its name, in quotes, in the script that fires it.
SCRIPT = "import(new URL('house/text_inside.js', document.baseURI)).then((it) => it.%s);"
PLACE = "expected(element, watch, (place) => trigger('place', place))"
CHOOSE = "cells(element, (cell) => trigger('choose', cell))"
TAKE = "next(element, watch, (text) => trigger('take', text), () => trigger('back'))"
PLACES = ("head", "expected", "next", "list", "cell")
Step = AsyncGenerator[tuple[Any, str], None] | None


@dataclass(frozen=True)
class Looked:
    """The text that is looked at, by whom, where the path has left it, and which cell is shown."""

    key: str
    text: str
    of: Any = None  # the writing that it came from; None for an example and a visitor's own text
    example: bool = False
    path: str = ""
    added: int = 0  # characters at the end of the path that the visitor chose
    layer: int = 0
    cell: int = 0
    sent: int = 0  # characters of the whole text, of which ``text`` is the end


class Traces:
    """The last answers about a cell along a text: whoever comes back to one does not ask again.

    Shared by all visitors, so that its size is bounded whoever comes: some 40 kB each."""

    def __init__(self, most: int = 64) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[Any, ...], dict[str, Any]] = OrderedDict()

    async def gates(self, look: Look) -> dict[str, Any]:
        """The ``gates`` view of the cell that is looked at. Raises a `Refusal`."""
        looked = look.looked
        asked = look.entry.key, look.entry.changed, looked.text, looked.layer, looked.cell
        if asked not in self._kept:
            got = await look.ask("gates", layer=looked.layer, cell=looked.cell)
            rows = {name: np.asarray(got[name], np.float32) for name in (*cells.GATES, "cell")}
            self._kept[asked] = {**got, **rows, "characters": "".join(got["characters"])}
        self._kept.move_to_end(asked)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return self._kept[asked]


class Look:
    """One text, one model, one language: what every step needs."""

    def __init__(
        self, engine: Engine, say: Say, looked: Looked, traces: Traces | None = None
    ) -> None:
        self.engine, self.say, self.looked = engine, say, looked
        self.traces = traces or Traces()
        self.entry = answers.entry_of(engine, looked.key)

    async def ask(self, view: str, text: str | None = None, **options: Any) -> Any:
        text = self.looked.text if text is None else text
        return await self.engine.predict(self.entry.key, text, view=view, **options)

    def refused(self, error: Refusal) -> str:
        return answers.refusal(self.say, error)

    def head(self) -> str:
        """Whose text is looked at, by which model, and how much of it."""
        name = self.say.model(self.entry)
        key = "carried" if self.looked.of else "example" if self.looked.example else "own"
        told = self.say(f"text.inside.{key}", model=name)
        if self.looked.sent > len(self.looked.text):
            count, of = f"{len(self.looked.text):,}", f"{self.looked.sent:,}"
            told = page.sentences(
                self.say.lang, told, self.say("text.inside.end", count=count, of=of)
            )
        return f'<p class="carried">{told}</p>'

    async def next(self) -> str:
        """The probabilities of what may come after the path."""
        try:
            got = await self.ask("probabilities", self.looked.path, top_k=next_character.SHOWN)
        except Refusal as error:
            return self.refused(error)
        return next_character.drawn(self.say, self.looked.path, self.looked.added, got)

    async def memory(self) -> tuple[Looked, str, str]:
        """(with the first cell chosen, the list of cells that track something, that cell)."""
        tracking = answers.tracking(self.entry)
        if tracking:
            first = tracking[0]
            self.looked = replace(self.looked, layer=first["layer"], cell=first["cell"])
        try:
            cell = await self.cell()
        except ViewUnsupported:
            return self.looked, page.note(self.say.plain("text.inside.no_memory")), ""
        listed = cells.listed(self.say, tracking, self.looked.layer, self.looked.cell)
        return self.looked, listed, cell

    async def cell(self) -> str:
        """One cell along the text, with its gates. Raises `ViewUnsupported`: it has no cells."""
        try:
            got = await self.traces.gates(self)
        except ViewUnsupported:
            raise
        except Refusal as error:
            return self.refused(error)
        return cells.drawn(self.say, got, self.looked.layer, self.looked.cell)


def from_try(engine: Engine, now: Written | None, lang: str) -> Looked:
    """The text of Try, or an example where none has been written yet."""
    if now is not None and now.whole.strip():
        return ending(Looked(now.wish.key, now.whole, of=now))
    key = now.wish.key if now else openings.first(lang, engine)
    return Looked(key, EXAMPLES.get(key, EXAMPLES[answers.SHAKESPEARE]), example=True)


def stays(before: Looked | None, now: Written | None) -> bool:
    """Whether what was looked at is still what there is to look at: the text of Try, or a text of
    the visitor's own; an example only until there is one."""
    if before is None or not before.path:
        return False
    if before.of is not None:
        return before.of == now
    return not before.example


def ending(looked: Looked) -> Looked:
    """The end of a text, where the writing is: as much as is looked at, from a new line on if one
    begins soon."""
    kept = looked.text[-LOOKED_AT:]
    if len(kept) < len(looked.text) and (line := kept.find("\n", 0, LINE) + 1):
        kept = kept[line:]
    return replace(looked, text=kept, sent=len(looked.text))


async def opened(
    engine: Engine, say: Say, looked: Looked, traces: Traces | None = None
) -> AsyncGenerator[tuple[Looked, dict[str, str]], None]:
    """(what is looked at, the pieces that are new): each piece as soon as it is computed."""
    look = Look(engine, say, looked, traces)
    here, wait = on_disk(look.entry), waiting(say, look.entry, None)
    told = wait if here else page.note(say.plain("text.inside.not_here"))
    yield looked, dict.fromkeys(PLACES, "") | {"head": look.head() + told}
    if not here:
        return
    try:
        await engine.preload(look.entry.key)
        got = await look.ask("nll")
    except Refusal as error:
        yield looked, {"head": look.head() + look.refused(error)}
        return
    got = {**got, "characters": as_sent(looked.text, got)}
    looked = replace(looked, text="".join(got["characters"]))
    looked = look.looked = replace(looked, path=next_character.beginning(look.entry, looked.text))
    read_over = answers.unknown_note(say, look.entry, looked.text)
    head, chinese = look.head() + read_over, answers.writes_poems(look.entry)
    yield looked, {"head": head, "expected": nll.drawn(say, got, chinese)}
    yield looked, {"next": await look.next()}
    looked, listed, cell = await look.memory()
    yield looked, {"list": listed, "cell": cell}


def as_sent(text: str, got: Mapping[str, Any]) -> list[str]:
    """What was read, but where it was read over as it was sent: that is what the visitor knows."""
    found = list(got["characters"])
    if len(found) == len(text):
        for place in got.get("unknown", ()):
            found[place] = text[place]
    return found


def build(engine: Engine, words: Words, written: gr.State) -> None:
    """The room: filled when it comes into sight, from the text of Try."""
    head = gr.HTML(js_on_load=None, elem_id="look-head")
    with gr.Accordion(words("text.inside.yours"), open=False, elem_classes="more"):
        own = gr.Textbox(
            label=words("text.inside.your_text"), lines=3, max_lines=8, elem_id="look-text"
        )
        go = gr.Button(words("text.inside.go"), elem_id="look-go")
    expected = gr.HTML(
        js_on_load=SCRIPT % PLACE,
        elem_id="look-expected",
    )
    path = gr.HTML(js_on_load=SCRIPT % TAKE, elem_id="look-next")
    listed = gr.HTML(js_on_load=SCRIPT % CHOOSE, elem_id="look-list")
    cell = gr.HTML(js_on_load=SCRIPT % "cell(element, watch)", elem_id="look-cell")
    visible, looked, traces = on_visible(), gr.State(None), Traces()
    mine = gr.State(Latest())
    places = [looked, head, expected, path, listed, cell]
    options: dict[str, Any] = {
        "concurrency_limit": models.most_together(answers.writers(engine).values()),
        **page.PRIVATE,
    }
    latest = {"trigger_mode": "always_last", **options}

    async def pieces(start: Looked, say: Say) -> AsyncGenerator[Any, None]:
        async with aclosing(opened(engine, say, start, traces)) as steps:
            async for state, new in steps:
                yield state, *(new.get(name, gr.skip()) for name in PLACES)

    fills = streaming.event(words, (gr.skip(),) * len(places), broken=(None, *("" for _ in PLACES)))

    @fills
    def on_shown(
        mine: Latest, now: Written | None, before: Looked | None, request: gr.Request
    ) -> AsyncGenerator[Any, None] | None:
        say = words.speaker(request)
        return None if stays(before, now) else pieces(from_try(engine, now, say.lang), say)

    @fills
    def on_own(
        mine: Latest, text: Any, now: Written | None, request: gr.Request
    ) -> AsyncGenerator[Any, None]:
        say = words.speaker(request)
        text = typed.checked_text(text).replace("\r\n", "\n").replace("\r", "\n")
        start = from_try(engine, now, say.lang)
        if text.strip():
            text = answers.laid_out(answers.entry_of(engine, start.key), text)
            start = ending(replace(start, text=text, of=None, example=False))
        return pieces(start, say)

    async def following(state: Looked, request: gr.Request) -> tuple[Any, str]:
        return state, await Look(engine, words.speaker(request), state).next()

    async def of_cell(state: Looked, request: gr.Request) -> tuple[Any, str]:
        return state, await Look(engine, words.speaker(request), state, traces).cell()

    steps = streaming.event(words, (gr.skip(), gr.skip()))

    @steps
    def on_place(state: Looked | None, event: gr.EventData, request: gr.Request) -> Step:
        if state is None:
            return None
        at = min(max(int(event.at), 0), len(state.text))
        moved = replace(state, path=state.text[:at], added=0)
        return streaming.once(following(moved, request))

    @steps
    def on_take(state: Looked | None, event: gr.EventData, request: gr.Request) -> Step:
        if state is None:
            return None
        taken = answers.received(event.text)[0][: next_character.MOST_TAKEN]
        longer = replace(state, path=state.path + taken, added=state.added + len(taken))
        return streaming.once(following(longer, request))

    @steps
    def on_back(state: Looked | None, request: gr.Request) -> Step:
        if state is None or not state.added:
            return None
        shorter = replace(state, path=state.path[: -state.added], added=0)
        return streaming.once(following(shorter, request))

    @steps
    def on_cell(state: Looked | None, event: gr.EventData, request: gr.Request) -> Step:
        if state is None:
            return None
        other = replace(state, layer=int(event.layer), cell=int(event.cell))
        return streaming.once(of_cell(other, request))

    filling = {"trigger_mode": "multiple", **options}
    visible.shown(on_shown, [mine, written, looked], places, **filling)
    go.click(on_own, [mine, own, written], places, **filling)
    expected.place(on_place, looked, [looked, path], **latest)
    path.take(on_take, looked, [looked, path], **options)
    path.back(on_back, looked, [looked, path], **options)
    listed.choose(on_cell, looked, [looked, cell], **latest)
