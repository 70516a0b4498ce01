"""Try: give a beginning, watch a network write on, stop it, let it continue.

Whatever asks for a text (a button, an example, another model) takes the place of the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import models, page, share, streaming, training, typed
from demos.language import Say, Words
from demos.streaming import Latest
from demos.text import answers, learn
from demos.text.tryout import answering, compare, contest, openings, sharing, writing
from demos.text.tryout.answering import Order
from demos.text.tryout.openings import Opening, Standing
from demos.text.tryout.writing import Wish, Written
from demos.visibility import on_visible
from inference import Engine
from inference.errors import Refusal
from jobs import Jobs

SCRIPT = "import(new URL('house/text.js', document.baseURI)).then((it) => it.%s);"
EVENT = (
    "async (...given) => (await import(new URL('house/text.js', document.baseURI))).%s(...given)"
)
SKIP, HIDDEN = gr.skip(), gr.update(visible=False)
#: Places of `set_up` and of `shown` in `build`.
FORM, SHOWN = 8, 10


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one."""

    written: gr.State
    seen: gr.Button


@dataclass
class Visit:
    """What is under way for one visitor: the text and how it is stopped, the comparison beside it.
    To be used on the server's event loop."""

    answer: Latest = field(default_factory=Latest)
    beside: Latest = field(default_factory=Latest)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> TryParts:
    """What you give on the left, what is written on the right; wired to the engine. ``jobs``: where
    the writers are that visitors have trained."""
    unmet = share.unmet("write-unmet")
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            prompt = gr.Textbox(
                label=words("text.try.prompt"),
                placeholder=words("text.try.placeholder"),
                lines=2,
                max_lines=8,
                elem_id="write-prompt",
            )
            strip = gr.HTML(js_on_load=page.PICK, elem_id="write-openings")
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
                    *sharing.SLIDERS["temperature"], 0.8, step=0.05,
                    label=words("text.try.temperature"),
                    info=words("text.try.temperature_help"), buttons=[],
                )  # fmt: skip
                length = gr.Slider(
                    *sharing.SLIDERS["length"], 400, step=50, precision=0,
                    label=words("text.try.length"),
                    info=words("text.try.length_help"), buttons=[], elem_id="write-length",
                )  # fmt: skip
                seed = gr.Textbox(
                    label=words("text.try.seed"),
                    info=words("text.try.seed_help"),
                    max_lines=1,
                    elem_id="write-seed",
                )
            write = gr.Button(words("text.try.write"), variant="primary", elem_id="write-go")
        with gr.Column(scale=6, elem_classes="get"):
            sheet = gr.HTML(
                js_on_load=page.KEPT + SCRIPT % "follow(element, watch)", elem_id="write-sheet"
            )
            fetch = gr.Button(
                words("text.try.fetch"), variant="primary", visible=False, elem_id="write-fetch"
            )
            with gr.Row(elem_classes="actions"):
                stop = gr.Button(words("text.try.stop"), visible=False, elem_id="write-stop")
                more = gr.Button(words("text.try.continue"), visible=False, elem_id="write-more")
                seen = gr.Button(words("text.try.inside"), visible=False, elem_id="write-inside")
                then = gr.Button(words("text.try.compare"), visible=False, elem_id="write-compare")
            below = gr.HTML(js_on_load=None, elem_id="write-below")
    beside = gr.HTML(js_on_load=None, elem_id="write-beside", elem_classes="beneath")
    fetch_now = gr.Button(words("text.try.fetch"), visible=False, elem_id="write-fetch-now")
    contest.build(engine, words)
    page.facts(words, learn.headline(engine))
    visible = on_visible()
    page.choices(
        words,
        model,
        lambda say: models.choices(say, answers.writers(engine).values()),
        partial(models.asked, answers.TASK, engine),
        partial(training.mine, jobs, engine, answers.TASK),
        sheet.kept,
        lambda lang: openings.first(lang, engine),
    )

    visit, written, stands = gr.State(Visit()), gr.State(None), gr.State(None)
    chosen = [model, temperature, length, seed]
    set_up = [prompt, acrostic, strip, model, stands, temperature, length, seed]
    shown = [sheet, fetch, stop, more, seen, then, below, beside, fetch_now, written]
    heavy: dict[str, Any] = {
        "concurrency_limit": models.most_together(answers.writers(engine).values()),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }

    def pages(mine: Visit, say: Say, order: Order) -> AsyncGenerator[tuple[Any, ...], None]:
        """The run that shows an order being written; what stood beside the last one goes."""
        mine.beside.end()
        mine.stopped = asyncio.Event()
        return placed(engine, answering.steps(engine, say, order, mine.stopped))

    event = streaming.event(words, (SKIP,) * SHOWN, latest=lambda mine: mine.answer)

    def asking(fetch: bool) -> Any:
        @event
        def on_write(
            mine: Visit, begin: Any, hidden: Any, key: Any, temperature: Any, length: Any,
            seed: Any, request: gr.Request,
        ) -> AsyncGenerator[Any, None]:  # fmt: skip
            order = ordered(engine, begin, hidden, key, temperature, length, seed)
            return pages(mine, words.speaker(request), replace(order, fetch=fetch))

        return on_write

    @event
    def on_continue(
        mine: Visit, now: Written | None, request: gr.Request
    ) -> AsyncGenerator[Any, None] | None:
        if now is None:
            return None
        order = Order(start=replace(now, fresh=0), fetch=True)
        return pages(mine, words.speaker(request), order)

    @page.guard(words)
    async def on_stop(mine: Visit) -> None:
        mine.stopped.set()

    def begun(
        mine: Visit, say: Say, key: str, opening: Opening, sent: Sequence[Any]
    ) -> AsyncGenerator[Any, None]:
        """Put a beginning into the form (`set_up`), then show how it is written on from there."""
        temperature, length, seed = sent
        if opening.seed is not None and not seed:
            seed = opening.seed
        order = ordered(engine, opening.text, "", key, temperature, length, seed)
        return formed(form(say, engine, key, opening), pages(mine, say, order))

    filled = streaming.event(words, (SKIP,) * (FORM + SHOWN), latest=lambda mine: mine.answer)

    @filled
    def on_open(
        mine: Visit, stood: Standing | None, temperature: Any, length: Any, seed: Any,
        kept: str | None, request: gr.Request,
    ) -> AsyncGenerator[Any, None] | None:  # fmt: skip
        if stood is not None:  # back from another room: what was written here stays
            return None
        say = words.speaker(request)
        own = models.asked(answers.TASK, engine, request)
        key = own.key if own else openings.first(say.lang, engine)
        if kept and models.found(engine, kept):
            key = answers.entry_of(engine, kept).key
        shared = sharing.linked(share.query(request))
        if shared is not None:
            order = ordered(engine, shared.prompt, shared.acrostic, key, *shared.numbers)
            told = form(say, engine, key, Opening(shared.prompt), order.wish)
            return formed(told, pages(mine, say, order))
        opening = openings.openings(answers.entry_of(engine, key))[0]
        return begun(mine, say, key, opening, (temperature, length, seed))

    @filled
    def on_model(
        mine: Visit, stood: Standing | None, begin: Any, key: Any, temperature: Any, length: Any,
        seed: Any, request: gr.Request,
    ) -> AsyncGenerator[Any, None] | None:  # fmt: skip
        if stood is not None and stood.key == key:  # the list was closed without a choice
            return None
        entry = answers.entry_of(engine, key)
        opening = openings.openings(entry)[0]
        begin = typed.checked_text(begin)
        if stood is not None and not stood.is_ours(begin):  # the visitor's own stays
            opening = Opening(begin)
        say = words.speaker(request)
        return begun(mine, say, entry.key, opening, (temperature, length, seed))

    @filled
    def on_pick(
        mine: Visit, key: Any, temperature: Any, length: Any, seed: Any, event: gr.EventData,
        request: gr.Request,
    ) -> AsyncGenerator[Any, None]:  # fmt: skip
        ours = openings.openings(answers.entry_of(engine, key))
        opening = ours[min(int(event.name), len(ours) - 1)]
        # Drawn anew: the example's seed would write again what the page opened with.
        opening = Opening(opening.text)
        return begun(mine, words.speaker(request), key, opening, (temperature, length, seed))

    def comparing(fetch: bool) -> Any:
        @streaming.event(words, (SKIP, SKIP), broken=("", HIDDEN), latest=lambda mine: mine.beside)
        def on_compare(
            mine: Visit, begin: Any, key: Any, temperature: Any, length: Any, seed: Any,
            request: gr.Request,
        ) -> AsyncGenerator[Any, None]:  # fmt: skip
            order = ordered(engine, begin, "", key, temperature, length, seed)
            return comparison(engine, words.speaker(request), replace(order, fetch=fetch))

        return on_compare

    @page.guard(words)
    async def on_load(request: gr.Request) -> Any:
        """What of the address cannot be had."""
        say = words.speaker(request)
        return share.refused(say, sharing.wrong(engine, share.query(request), say), answers.refusal)

    assert Context.root_block is not None
    Context.root_block.load(on_load, None, unmet, queue=False, **page.PRIVATE)
    every, compared = [visit, prompt, acrostic, *chosen], [visit, prompt, *chosen]
    gr.on([write.click, prompt.submit, acrostic.submit], asking(False), every, shown, **heavy)
    fetch.click(asking(True), every, shown, **heavy)
    more.click(on_continue, [visit, written], shown, **heavy)
    stop.click(on_stop, visit, None, **page.PRIVATE)
    numbers = [temperature, length, seed]
    opening = [visit, stands, *numbers, gr.Textbox("", visible=False)]
    visible.shown(on_open, opening, [*set_up, *shown], js=EVENT % "opened", **heavy)
    model.select(None, model, None, js=EVENT % "picked", **page.PRIVATE)
    model.input(on_model, [visit, stands, prompt, *chosen], [*set_up, *shown], **heavy)
    strip.pick(on_pick, [visit, *chosen], [*set_up, *shown], **heavy)
    then.click(comparing(False), compared, [beside, fetch_now], **heavy)
    fetch_now.click(comparing(True), compared, [beside, fetch_now], **heavy)
    return TryParts(written, seen)


def ordered(
    engine: Engine, begin: Any, hidden: Any, key: Any, temperature: Any, length: Any, seed: Any
) -> Order:
    """What was asked for, checked; or why it cannot be had."""
    options = {"temperature": temperature, "length": length, "seed": seed}
    try:
        entry = answers.entry_of(engine, key)
        return Order(writing.wished(entry, begin, hidden, **options))
    except Refusal as error:
        return Order(error=error)


def form(
    say: Say, engine: Engine, key: str, opening: Opening, wish: Wish | None = None
) -> tuple[Any, ...]:
    """(prompt, acrostic, openings, model, what stands there, temperature, length, seed) for a
    beginning; the last three and the acrostic as a link's ``wish`` has them."""
    entry = answers.entry_of(engine, key)
    hidden = wish.acrostic if wish else ""
    acrostic = gr.update(visible=True if answers.writes_poems(entry) else "hidden", value=hidden)
    chips = openings.chips(say, entry)
    numbers: tuple[Any, ...] = (SKIP,) * 3
    if wish is not None:
        options = wish.options
        numbers = (options["temperature"], options["length"], str(options["seed"]))
    return opening.text, acrostic, chips, key, Standing(key, opening.text), *numbers


async def formed(
    filled: tuple[Any, ...], run: AsyncGenerator[tuple[Any, ...], None]
) -> AsyncGenerator[tuple[Any, ...], None]:
    """A form that is filled in once, before the steps of what it asks for."""
    yield *filled, *(SKIP,) * SHOWN
    async with aclosing(run):
        async for step in run:
            yield *(SKIP,) * FORM, *step


async def placed(
    engine: Engine, run: AsyncGenerator[answering.Step, None]
) -> AsyncGenerator[tuple[Any, ...], None]:
    """The steps in their places. Nothing can be looked into before there is a text; a comparison
    goes with the first step, since it was about another text."""
    gone: tuple[Any, ...] = ("", HIDDEN)
    async with aclosing(run):
        async for step in run:
            some = step.now is not None
            whole = step.now is not None and answering.ended(engine, step.now)
            yield (
                step.html,
                gr.update(visible=step.offered),
                gr.update(visible=step.busy),
                gr.update(visible=some and not step.busy and not whole),
                gr.update(visible=some),
                gr.update(visible=some or not step.busy),
                step.below,
                *gone,
                step.now,
            )
            gone = (SKIP, SKIP)


async def comparison(
    engine: Engine, say: Say, order: Order
) -> AsyncGenerator[tuple[Any, Any], None]:
    """(the columns, whether a download is offered beneath them)."""
    if order.wish is None:
        assert order.error is not None
        yield answers.refusal(say, order.error), HIDDEN
        return
    yield "<progress></progress>", HIDDEN
    async with aclosing(compare.comparing(engine, say, order.wish, order.fetch)) as steps:
        async for columns, offered in steps:
            yield columns, gr.update(visible=offered)
