"""Look inside: the room and its wires. What stands in it is made in `look`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.language import Words
from demos.streaming import Latest
from demos.translation import answers, tokens
from demos.translation.answers import Translated
from demos.translation.inside import choice, embeddings
from demos.translation.inside.look import PLACES, Look, Looked, from_try, opened, stays
from inference import Engine
from inference.errors import Refusal

# What the browser does by itself in this room: `translation_inside.js`.
SCRIPT = "import(new URL('house/translation_inside.js', document.baseURI)).then((it) => it.%s);"
LIST = SCRIPT % "list(element, (given) => trigger('sentence', given))"
EVENTS = "{word: (given) => trigger('word', given), take: (given) => trigger('take', given)"
CHOOSE = SCRIPT % f"choose(element, watch, {EVENTS}, back: () => trigger('back')}})"
# An answer that comes while the room is open is looked at too; one that comes elsewhere waits for
# the room to be opened.
NEWS = "watch('value', () => { if (element.offsetParent) trigger('news'); });"


def build(engine: Engine, words: Words, answered: gr.State, room: gr.Tab) -> None:
    """The room: filled when it is opened, from what stands in Try."""
    mount = SCRIPT % "mount(element, watch)"
    head = gr.HTML(js_on_load=LIST, elem_id="look-translation-head")
    aligned = gr.HTML(js_on_load=mount, elem_id="look-align")
    chosen = gr.HTML(js_on_load=CHOOSE, elem_id="look-choice")
    tree = gr.HTML(js_on_load=mount, elem_id="look-beams")
    map_ = gr.HTML(js_on_load=mount, elem_id="look-meaning")
    beside = gr.HTML(js_on_load=None, elem_id="look-ablation")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    looked, maps = gr.State(None), embeddings.Maps()
    # A word is chosen while map and ablation are still computed; another sentence ends both.
    sentence, word = gr.State(Latest()), gr.State(Latest())
    places = [looked, head, aligned, chosen, tree, beside, map_]
    nothing_new = (gr.skip(),) * len(places)
    cleared = (None, *("" for _ in PLACES))

    def placed(state: Any, new: Mapping[str, str]) -> tuple[Any, ...]:
        return state, *(new.get(name, gr.skip()) for name in PLACES)

    async def filled(start: Looked, request: gr.Request) -> AsyncGenerator[tuple[Any, ...], None]:
        last = None
        look = Look(engine, words.speaker(request), start, maps)
        async with aclosing(opened(look)) as steps:
            async for now, new in steps:
                # A word may have been forced since: what was read is handed on once.
                yield placed(gr.skip() if now is last else now, new)
                last = now

    @streaming.event(words, nothing_new, broken=cleared)
    def on_open(
        mine: Latest, chosen: Latest, now: Translated | None, before: Looked | None,
        request: gr.Request,
    ) -> AsyncGenerator[tuple[Any, ...], None] | None:  # fmt: skip
        if stays(before, now):
            return None
        chosen.end()
        return filled(from_try(now, words.lang(request)), request)

    @streaming.event(words, nothing_new, broken=cleared)
    def on_sentence(
        mine: Latest, chosen: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...], None] | None:
        if state is None:
            return None
        chosen.end()
        number = min(max(int(event.at), 0), len(state.texts) - 1)
        return filled(replace(state, number=number, prefix="", sentence=None, at=-1), request)

    # One answer, unless another word or another sentence is asked for meanwhile.
    of_word = streaming.event(words, nothing_new)

    async def offered(look: Look) -> tuple[Any, ...]:
        return placed(look.looked, {"choice": look.choice(await look.own(look.options()))})

    async def forced(look: Look, prefix: str) -> tuple[Any, ...]:
        before = look.looked
        try:
            look.looked = replace(before, prefix=prefix)
            return placed(await look.read(), look.of_sentence())
        except Refusal as error:
            look.looked = before
            return placed(before, {"choice": look.choice(look.refused(error))})

    @of_word
    def on_word(
        mine: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...], None] | None:
        if state is None or state.sentence is None:
            return None
        last = len(tokens.words(state.sentence["target_tokens"])) - 1
        asked = replace(state, at=min(max(int(event.at), 0), last))
        return streaming.once(offered(Look(engine, words.speaker(request), asked, maps)))

    @of_word
    def on_take(
        mine: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...], None] | None:
        if state is None or state.sentence is None or state.at < 0:
            return None
        before = tokens.until(state.sentence["target_tokens"], state.at)
        taken = answers.checked(str(event.text)[: choice.MOST_TAKEN])
        look = Look(engine, words.speaker(request), state, maps)
        return streaming.once(forced(look, (before + taken).strip()))

    @of_word
    def on_back(
        mine: Latest, state: Looked | None, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...], None] | None:
        if state is None or state.sentence is None:
            return None
        return streaming.once(forced(Look(engine, words.speaker(request), state, maps), ""))

    options: dict[str, Any] = {
        "concurrency_limit": models.most_together(answers.translators(engine).values()),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }
    new, of_chosen = [sentence, word, answered, looked], [word, looked]
    room.select(on_open, new, places, **options)
    answered.change(lambda: secrets.token_hex(4), None, news, **page.PRIVATE)
    news.news(on_open, new, places, **options)
    head.sentence(on_sentence, [sentence, word, looked], places, **options)
    chosen.word(on_word, of_chosen, places, **options)
    chosen.take(on_take, of_chosen, places, **options)
    chosen.back(on_back, of_chosen, places, **options)
