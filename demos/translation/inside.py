"""Look inside: the room and its wires. What stands in it is made in `look`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.language import Words
from demos.streaming import Latest, while_latest
from demos.translation import answers, choice, meaning, pointing
from demos.translation.answers import Translated
from demos.translation.look import PLACES, Look, Looked, from_try, opened, stays
from demos.translation.spelling import until
from demos.translation.spelling import words as spelled
from inference.errors import Refusal

SENTENCE = """element.addEventListener('change', (event) => {
  if (event.target.matches('select')) trigger('sentence', {at: event.target.selectedIndex});
});"""
# An answer that comes while the room is open is looked at too; one that comes elsewhere waits for
# the room to be opened.
NEWS = "watch('value', () => { if (element.offsetParent) trigger('news'); });"


def build(engine: Any, words: Words, answered: gr.State, room: gr.Tab) -> None:
    """The room: filled when it is opened, from what stands in Try."""
    head = gr.HTML(js_on_load=SENTENCE, elem_id="look-translation-head")
    aligned = gr.HTML(js_on_load=pointing.SCRIPT, elem_id="look-align")
    chosen = gr.HTML(js_on_load=choice.CHOOSE, elem_id="look-choice")
    tree = gr.HTML(js_on_load=pointing.SCRIPT, elem_id="look-beams")
    map_ = gr.HTML(js_on_load=pointing.SCRIPT, elem_id="look-meaning")
    beside = gr.HTML(js_on_load=None, elem_id="look-twin")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    looked, maps = gr.State(None), meaning.Maps()
    # A word is chosen while map and twin are still computed; another sentence ends both.
    turn, word_turn = gr.State(Latest()), gr.State(Latest())
    places = [looked, head, aligned, chosen, tree, beside, map_]
    nothing_new = (gr.skip(),) * len(places)
    limit = max((entry.max_batch for entry in answers.translators(engine).values()), default=1)
    options: dict[str, Any] = {"concurrency_limit": limit, **page.PRIVATE}
    multiple = {"trigger_mode": "multiple", **options}

    def pieces(state: Any, new: Mapping[str, str]) -> tuple[Any, ...]:
        return state, *(new.get(name, gr.skip()) for name in PLACES)

    async def fill(mine: Latest, word: Latest, start: Looked, lang: str) -> AsyncIterator[Any]:
        halt, last = mine.take(), None
        word.take()
        nothing = (None, dict.fromkeys(PLACES, ""))
        run = streaming.or_broken(opened(engine, words, start, lang, maps), nothing)
        async with aclosing(while_latest(halt, run)) as steps:
            async for step in steps:
                if step is streaming.HEARTBEAT:
                    yield nothing_new
                    continue
                # A word may have been forced since: what was read is handed on once.
                yield pieces(gr.skip() if step[0] is last else step[0], step[1])
                last = step[0]
        if halt.replaced.is_set():  # Gradio sends the last of these once more
            yield nothing_new

    async def once(mine: Latest, work: Callable[[], Awaitable[Any]]) -> AsyncIterator[Any]:
        """One answer, unless another word or another sentence is asked for meanwhile."""

        async def run() -> AsyncIterator[Any]:
            yield await work()

        halt = mine.take()
        async with aclosing(while_latest(halt, run())) as steps:
            async for step in steps:
                yield nothing_new if step is streaming.HEARTBEAT else step
        if halt.replaced.is_set():
            yield nothing_new

    @page.guard(words)
    async def on_open(
        mine: Latest,
        word: Latest,
        now: Translated | None,
        before: Looked | None,
        request: gr.Request,
    ) -> AsyncIterator[Any]:
        lang = words.lang(request)
        if stays(before, now):
            yield nothing_new
            return
        async with aclosing(fill(mine, word, from_try(engine, now, lang), lang)) as updates:
            async for update in updates:
                yield update

    @page.guard(words)
    async def on_sentence(
        mine: Latest, word: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        if state is None:
            yield nothing_new
            return
        number = min(max(int(event.at), 0), len(state.texts) - 1)
        other = replace(state, number=number, prefix="", sentence=None, at=-1)
        async with aclosing(fill(mine, word, other, words.lang(request))) as updates:
            async for update in updates:
                yield update

    @page.guard(words)
    async def on_word(
        mine: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        if state is None or state.sentence is None:
            yield nothing_new
            return
        last = len(spelled(state.sentence["target_tokens"])) - 1
        asked = replace(state, at=min(max(int(event.at), 0), last))
        look = Look(engine, words, asked, words.lang(request), maps)

        async def offered() -> tuple[Any, ...]:
            return pieces(asked, {"choice": look.choice(await look.own(look.options()))})

        async with aclosing(once(mine, offered)) as updates:
            async for update in updates:
                yield update

    async def forced(state: Looked, prefix: str, lang: str) -> tuple[Any, ...]:
        look = Look(engine, words, replace(state, prefix=prefix), lang, maps)
        try:
            return pieces(await look.read(), look.of_sentence())
        except Refusal as error:
            kept = Look(engine, words, state, lang, maps)
            return pieces(state, {"choice": kept.choice(kept.refused(error))})

    @page.guard(words)
    async def on_take(
        mine: Latest, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        if state is None or state.sentence is None or state.at < 0:
            yield nothing_new
            return
        before = until(state.sentence["target_tokens"], state.at)
        taken = answers.checked(str(event.text)[: choice.MOST_TAKEN])
        made = partial(forced, state, (before + taken).strip(), words.lang(request))
        async with aclosing(once(mine, made)) as updates:
            async for update in updates:
                yield update

    @page.guard(words)
    async def on_back(
        mine: Latest, state: Looked | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        if state is None or state.sentence is None:
            yield nothing_new
            return
        async with aclosing(once(mine, partial(forced, state, "", words.lang(request)))) as updates:
            async for update in updates:
                yield update

    new, chosen_word = [turn, word_turn, answered, looked], [word_turn, looked]
    room.select(on_open, new, places, **multiple)
    answered.change(lambda: secrets.token_hex(4), None, news, **page.PRIVATE)
    news.news(on_open, new, places, **multiple)
    head.sentence(on_sentence, [turn, word_turn, looked], places, **multiple)
    chosen.word(on_word, chosen_word, places, **multiple)
    chosen.take(on_take, chosen_word, places, **multiple)
    chosen.back(on_back, chosen_word, places, **multiple)
