"""Try: give a beginning, watch a network write on, stop it, let it continue.

Whatever asks for a text (a button, an example, another model) puts an order into one state; the
order's change starts the writing. So that a new order can end the writing before it begins its own.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import frame
from demos.classification.answers import offer, on_disk, or_nothing, waiting, with_progress
from demos.language import Say, Words
from demos.text import answers, charts, compare, copies, exhibits, leaf, openings, writing
from demos.text.writing import Wish, Written
from inference.errors import Refusal

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
#: Keeps the newest line in sight while it is written, unless the visitor has scrolled back.
FOLLOW = """let below = true;
element.addEventListener('scroll', (event) => {
  const leaf = event.target;
  if (leaf.matches('.leaf'))
    below = leaf.scrollHeight - leaf.scrollTop - leaf.clientHeight < 24;
}, true);
watch('value', () => {
  const leaf = element.querySelector('.leaf[aria-busy=true]');
  if (leaf && below) leaf.scrollTop = leaf.scrollHeight;
});"""
PICK = """element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-pick]');
  if (chosen) trigger('pick', {number: chosen.dataset.pick});
});"""


@dataclass(frozen=True)
class Order:
    """What is to be written. ``nonce`` makes every order another one than the last."""

    wish: Wish | None = None
    start: Written | None = None
    fetch: bool = False
    error: Refusal | None = None
    nonce: str = ""


@dataclass(frozen=True)
class Step:
    """What the page shows at a moment of writing. ``below``: the copy meter, once there is one."""

    html: str
    now: Written | None = None
    busy: bool = False
    offered: bool = False
    below: str = ""


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one."""

    written: gr.State
    seen: gr.Button


async def steps(engine: Any, words: Words, order: Order, lang: str) -> AsyncIterator[Step]:
    """From an order to the text, update by update, and the copy meter at the end."""
    entry = None
    try:
        if order.error:
            raise order.error
        start = order.start
        if order.wish:
            start = Written(order.wish)
        if start is None:
            return
        entry = answers.entry_of(engine, start.wish.key)
        if entry.hub_id and not order.fetch and not on_disk(entry):
            yield Step(offer(words, lang, entry), offered=True)
            return
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield Step(waiting(words, lang, entry, progress), busy=True)
        pace = writing.POEM_PACE if answers.writes_poems(entry) else writing.PACE
        now = start
        async with aclosing(writing.written(engine, start, pace)) as grown:
            async for now in grown:
                yield Step(leaf.sheet(words, lang, entry, now, busy=True), now, True)
        done = leaf.sheet(words, lang, entry, now, busy=False)
        yield Step(done, now)
        yield Step(done, now, below=await copies.meter(engine, words, now, lang))
    except Refusal as error:
        again = order.fetch and entry is not None and not on_disk(entry)
        yield Step(answers.refusal(words, lang, error), offered=again)


async def ready(engine: Any, entry: Any) -> AsyncIterator[tuple[int, int] | None]:
    """Load the model; until it is there, give how far it is (None while no bytes are counted)."""

    async def load() -> str:
        await engine.preload(entry.key)
        return "ready"

    async with aclosing(with_progress(engine, entry.key, load())) as loading:
        async for step in loading:
            if step != "ready":
                yield step


def build(engine: Any, words: Words) -> TryParts:
    """What you give on the left, what is written on the right; wired to the engine."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            prompt = gr.Textbox(
                label=words("text.try.prompt"),
                placeholder=words("text.try.placeholder"),
                lines=2,
                max_lines=8,
                elem_id="write-prompt",
            )
            strip = gr.HTML(js_on_load=PICK, elem_id="write-openings")
            acrostic = gr.Textbox(
                label=words("text.try.acrostic"),
                placeholder=words("text.try.acrostic_example"),
                info=words("text.try.acrostic_help"),
                visible="hidden",
                elem_id="write-acrostic",
            )
            model = gr.Dropdown(
                choices=[(e.title, key) for key, e in answers.writers(engine).items()],
                value=openings.first("en", engine),
                label=words("text.try.model"),
                elem_id="write-model",
            )
            with gr.Accordion(words("text.try.more"), open=False, elem_classes="more"):
                temperature = gr.Slider(
                    0.1, 1.5, 0.8, step=0.05, label=words("text.try.temperature"),
                    info=words("text.try.temperature_help"), buttons=[],
                )  # fmt: skip
                length = gr.Slider(
                    50, 2000, 400, step=50, label=words("text.try.length"), buttons=[]
                )
                seed = gr.Textbox(
                    label=words("text.try.seed"),
                    info=words("text.try.seed_help"),
                    max_lines=1,
                    elem_id="write-seed",
                )
            write = gr.Button(words("text.try.write"), variant="primary", elem_id="write-go")
        with gr.Column(scale=6, elem_classes="get"):
            sheet = gr.HTML(js_on_load=FOLLOW, elem_id="write-sheet")
            fetch = gr.Button(
                words("text.try.fetch"), variant="primary", visible=False, elem_id="write-fetch"
            )
            with gr.Row(elem_classes="actions"):
                stop = gr.Button(words("text.try.stop"), visible=False, elem_id="write-stop")
                more = gr.Button(words("text.try.continue"), visible=False, elem_id="write-more")
                seen = gr.Button(words("text.try.inside"), elem_id="write-inside")
                then = gr.Button(words("text.try.compare"), elem_id="write-compare")
            below = gr.HTML(js_on_load=None, elem_id="write-below")
    beside = gr.HTML(js_on_load=None, elem_id="write-beside")
    frame.facts(words, charts.headline())
    sight = exhibits.on_sight()
    frame.choices(words, model, lambda say: answers.model_choices(engine, words, say))

    order, written = gr.State(Order()), gr.State(None)
    asked = [prompt, acrostic, model, temperature, length, seed]
    shown = [sheet, fetch, stop, more, below, beside, written]
    limit = max(entry.max_batch for entry in answers.writers(engine).values())
    heavy: dict[str, Any] = {"concurrency_limit": limit, "trigger_mode": "multiple", **PRIVATE}

    def wish(key: Any, begin: Any, hidden: Any, options: Mapping[str, Any]) -> Order:
        nonce = secrets.token_hex(8)
        try:
            entry = answers.entry_of(engine, key)
            return Order(writing.wished(entry, begin, hidden, **options), nonce=nonce)
        except Refusal as error:
            return Order(error=error, nonce=nonce)

    def asked_for(
        begin: Any, hidden: Any, key: Any, temperature: Any, length: Any, seed: Any
    ) -> Order:
        options = {"temperature": temperature, "length": length, "seed": seed}
        return wish(key, begin, hidden, options)

    def to_fetch(*values: Any) -> Order:
        return replace(asked_for(*values), fetch=True)

    def to_continue(now: Written | None) -> Any:
        if now is None:
            return gr.skip()
        return Order(start=replace(now, fresh=0), fetch=True, nonce=secrets.token_hex(8))

    def setting(say: Say, key: str, opening: openings.Opening, sent: list[Any]) -> tuple[Any, ...]:
        """(order, prompt, acrostic, openings, model) for a beginning of ours."""
        entry = answers.entry_of(engine, key)
        options = {"temperature": sent[0], "length": sent[1], "seed": sent[2]}
        if opening.seed is not None and not options["seed"]:
            options["seed"] = opening.seed
        poems = answers.writes_poems(entry)
        hidden = gr.update(visible=True if poems else "hidden", value="")
        chips = openings.chips(say, entry)
        return wish(key, opening.text, "", options), opening.text, hidden, chips, key

    def on_open(temperature: Any, length: Any, seed: Any, request: gr.Request) -> tuple[Any, ...]:
        say = words.speaker(words.lang(request))
        key = openings.first(say.lang, engine)
        opening = openings.openings(answers.entry_of(engine, key))[0]
        return setting(say, key, opening, [temperature, length, seed])

    @frame.guard(words)
    def on_model(
        begin: Any, hidden: Any, key: Any, temperature: Any, length: Any, seed: Any,
        request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        say = words.speaker(words.lang(request))
        entry = answers.entry_of(engine, key)
        opening = openings.openings(entry)[0]
        if not openings.is_ours(str(begin or "")):  # the visitor's own stays
            opening = openings.Opening(str(begin))
        return setting(say, entry.key, opening, [temperature, length, seed])

    @frame.guard(words)
    def on_pick(
        key: Any, temperature: Any, length: Any, seed: Any, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        say = words.speaker(words.lang(request))
        ours = openings.openings(answers.entry_of(engine, key))
        opening = ours[min(int(event.number), len(ours) - 1)]
        return setting(say, key, opening, [temperature, length, seed])

    def page(step: Step, keep: bool = True) -> tuple[Any, ...]:
        """A step in its places; a comparison stays only where it is about the same text."""
        poem_done = step.now is not None and ended(engine, step.now)
        can_continue = step.now is not None and not step.busy and not poem_done
        return (
            step.html,
            gr.update(visible=step.offered),
            gr.update(visible=step.busy),
            gr.update(visible=can_continue),
            step.below,
            gr.skip() if keep else "",
            step.now,
        )

    @frame.guard(words)
    async def on_order(order: Order, request: gr.Request) -> AsyncIterator[Any]:
        run = steps(engine, words, order, words.lang(request))
        async with aclosing(or_nothing(run, Step(""))) as shown:
            keep = False
            async for step in shown:
                yield page(step, keep)
                keep = True

    @frame.guard(words)
    async def on_stop(now: Written | None, request: gr.Request) -> AsyncIterator[Any]:
        lang = words.lang(request)
        if now is None:
            yield page(Step(""))
            return
        now = replace(now, fresh=0)
        html = leaf.sheet(words, lang, answers.entry_of(engine, now.wish.key), now, busy=False)
        yield page(Step(html, now))
        yield page(Step(html, now, below=await copies.meter(engine, words, now, lang)))

    @frame.guard(words)
    async def on_compare(
        begin: Any, hidden: Any, key: Any, temperature: Any, length: Any, seed: Any,
        request: gr.Request,
    ) -> AsyncIterator[str]:  # fmt: skip
        lang = words.lang(request)
        one = asked_for(begin, "", key, temperature, length, seed)
        if one.wish is None:
            assert one.error is not None
            yield answers.refusal(words, lang, one.error)
            return
        yield "<progress></progress>"
        run = or_nothing(compare.comparing(engine, words, one.wish, lang), "")
        async with aclosing(run) as columns:
            async for html in columns:
                yield html

    running = order.change(on_order, order, shown, **heavy)
    comparing = then.click(on_compare, asked, beside, **heavy)
    stopped = stop.click(on_stop, written, shown, cancels=[running], **heavy)
    ends = {"cancels": [running, stopped, comparing], "queue": True, **PRIVATE}
    gr.on([write.click, prompt.submit, acrostic.submit], asked_for, asked, order, **ends)
    fetch.click(to_fetch, asked, order, **ends)
    more.click(to_continue, written, order, **ends)
    set_up = [order, prompt, acrostic, strip, model]
    sight.shown(on_open, asked[3:], set_up, **PRIVATE)
    model.input(on_model, asked, set_up, **ends)
    strip.pick(on_pick, asked[2:], set_up, **ends)
    assert Context.root_block is not None
    return TryParts(written, seen)


def ended(engine: Any, now: Written) -> bool:
    """Whether a text came to its own end, so that there is nothing to continue: a whole poem."""
    entry = answers.entry_of(engine, now.wish.key)
    lines = sum(now.whole.count(mark) for mark in "，。！？；")
    return answers.writes_poems(entry) and (lines >= 4 or bool(now.wish.acrostic))
