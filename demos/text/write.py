"""Try: give a beginning, watch a network write on, stop it, let it continue.

Whatever asks for a text (a button, an example, another model) halts the order that stands in one
state and puts its own there; the state's change starts the writing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from demos import page, streaming, typed
from demos.language import Say, Words
from demos.streaming import until
from demos.text import answers, charts, compare, openings, orders, writing
from demos.text.writing import Written
from demos.visibility import on_visible
from inference.errors import Refusal

#: Keeps the newest line in sight while it is written, and goes back to where that began at its end,
#: unless the visitor has scrolled.
FOLLOW = """let below = true, busy = false, begun = 0, top = 0;
element.addEventListener('scroll', (event) => {
  const leaf = event.target;
  if (!leaf.matches('.leaf')) return;
  top = leaf.scrollTop;
  below = leaf.scrollHeight - top - leaf.clientHeight < 24;
}, true);
watch('value', () => {
  const leaf = element.querySelector('.leaf');
  if (!leaf) return;
  const now = leaf.getAttribute('aria-busy') === 'true';
  if (now && !busy) {
    below = true;
    const long = leaf.scrollHeight > leaf.clientHeight + 1;
    begun = long ? leaf.scrollHeight - leaf.clientHeight / 2 : 0;
  }
  if (now) leaf.scrollTop = below ? leaf.scrollHeight : top;
  else if (busy) leaf.scrollTop = below ? begun : top;
  busy = now;
});"""
PICK = """element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-pick]');
  if (chosen) trigger('pick', {number: chosen.dataset.pick});
});"""


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one."""

    written: gr.State
    seen: gr.Button


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
                    50, 2000, 400, step=50, label=words("text.try.length"),
                    info=words("text.try.length_help"), buttons=[],
                )  # fmt: skip
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
                seen = gr.Button(words("text.try.inside"), visible=False, elem_id="write-inside")
                then = gr.Button(words("text.try.compare"), visible=False, elem_id="write-compare")
            below = gr.HTML(js_on_load=None, elem_id="write-below")
    beside = gr.HTML(js_on_load=None, elem_id="write-beside")
    fetch_now = gr.Button(words("text.try.fetch"), visible=False, elem_id="write-fetch-now")
    page.facts(words, charts.headline(engine))
    sight = on_visible()
    page.choices(words, model, lambda say: answers.model_choices(engine, words, say))

    order, written, stands = gr.State(orders.Order()), gr.State(None), gr.State(None)
    chosen = [model, temperature, length, seed]
    asked = [prompt, acrostic, *chosen]
    shown = [sheet, fetch, stop, more, seen, then, below, beside, fetch_now, written]
    nothing_new = (gr.skip(),) * len(shown)
    limit = max(entry.max_batch for entry in answers.writers(engine).values())
    heavy: dict[str, Any] = {"concurrency_limit": limit, **page.PRIVATE}

    def wish(key: Any, begin: Any, hidden: Any, options: Mapping[str, Any]) -> orders.Order:
        try:
            entry = answers.entry_of(engine, key)
            return orders.Order(writing.wished(entry, begin, hidden, **options))
        except Refusal as error:
            return orders.Order(error=error)

    def asked_for(
        begin: Any, hidden: Any, key: Any, temperature: Any, length: Any, seed: Any
    ) -> orders.Order:
        options = {"temperature": temperature, "length": length, "seed": seed}
        return wish(key, begin, hidden, options)

    # What follows is async so that it runs on the event loop, where a halt belongs.

    async def on_write(before: orders.Order, *values: Any) -> orders.Order:
        before.halt.replace()
        return asked_for(*values)

    async def on_fetch(before: orders.Order, *values: Any) -> orders.Order:
        before.halt.replace()
        return replace(asked_for(*values), fetch=True)

    async def on_continue(before: orders.Order, now: Written | None) -> Any:
        if now is None:
            return gr.skip()
        before.halt.replace()
        return orders.Order(start=replace(now, fresh=0), fetch=True)

    async def on_stop(order: orders.Order) -> None:
        order.halt.stop()

    def setting(
        before: orders.Order, say: Say, key: str, opening: openings.Opening, sent: Sequence[Any]
    ) -> tuple[Any, ...]:
        """(order, prompt, acrostic, openings, model, what stands there) for a beginning."""
        before.halt.replace()
        entry = answers.entry_of(engine, key)
        options = dict(zip(("temperature", "length", "seed"), sent, strict=True))
        if opening.seed is not None and not options["seed"]:
            options["seed"] = opening.seed
        poems = answers.writes_poems(entry)
        hidden = gr.update(visible=True if poems else "hidden", value="")
        chips = openings.chips(say, entry)
        put = openings.Standing(key, opening.text)
        return wish(key, opening.text, "", options), opening.text, hidden, chips, key, put

    async def on_open(
        before: orders.Order, stood: openings.Standing | None, temperature: Any, length: Any,
        seed: Any, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        if stood is not None:  # back from another room: what was written here stays
            return (gr.skip(),) * len(set_up)
        say = words.speaker(words.lang(request))
        key = openings.first(say.lang, engine)
        opening = openings.openings(answers.entry_of(engine, key))[0]
        return setting(before, say, key, opening, (temperature, length, seed))

    @page.guard(words)
    async def on_model(
        before: orders.Order, stood: openings.Standing | None, begin: Any, key: Any,
        temperature: Any, length: Any, seed: Any, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        if stood is not None and stood.key == key:  # the list was closed without a choice
            return (gr.skip(),) * len(set_up)
        say = words.speaker(words.lang(request))
        entry = answers.entry_of(engine, key)
        opening = openings.openings(entry)[0]
        begin = typed.checked_text(begin)
        if stood is not None and not stood.is_ours(begin):  # the visitor's own stays
            opening = openings.Opening(begin)
        return setting(before, say, entry.key, opening, (temperature, length, seed))

    @page.guard(words)
    async def on_pick(
        before: orders.Order, key: Any, temperature: Any, length: Any, seed: Any,
        event: gr.EventData, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        say = words.speaker(words.lang(request))
        ours = openings.openings(answers.entry_of(engine, key))
        opening = ours[min(int(event.number), len(ours) - 1)]
        return setting(before, say, key, opening, (temperature, length, seed))

    def placed(step: orders.Step, keep: bool = True) -> tuple[Any, ...]:
        """A step in its places; a comparison stays only where it is about the same text. Nothing
        can be looked into before there is a text."""
        whole = step.now is not None and orders.ended(engine, step.now)
        some = step.now is not None
        return (
            step.html,
            gr.update(visible=step.offered),
            gr.update(visible=step.busy),
            gr.update(visible=some and not step.busy and not whole),
            gr.update(visible=some),
            gr.update(visible=some or not step.busy),
            step.below,
            gr.skip() if keep else "",
            gr.skip() if keep else gr.update(visible=False),
            step.now,
        )

    @page.guard(words)
    async def on_order(order: orders.Order, request: gr.Request) -> AsyncIterator[Any]:
        run = orders.steps(engine, words, order, words.lang(request))
        async with aclosing(streaming.heartbeats(run)) as grown:
            keep = False
            async for step in grown:
                yield nothing_new if step is streaming.HEARTBEAT else placed(step, keep)
                keep = keep or step is not streaming.HEARTBEAT

    async def comparison(
        order: orders.Order, values: Sequence[Any], request: gr.Request, fetch: bool
    ) -> AsyncIterator[Any]:
        """(the columns, whether a download is offered beneath them)."""
        lang = words.lang(request)
        begin, key, *options = values
        one = asked_for(begin, "", key, *options)
        if one.wish is None:
            assert one.error is not None
            yield answers.refusal(words.speaker(lang), one.error), gr.update(visible=False)
            return
        yield "<progress></progress>", gr.update(visible=False)
        run = compare.comparing(engine, words, one.wish, lang, fetch)
        run = until(order.halt.replaced, run)
        async with aclosing(streaming.heartbeats(streaming.or_broken(run, ("", False)))) as columns:
            async for step in columns:
                if step is streaming.HEARTBEAT:
                    yield gr.skip(), gr.skip()
                else:
                    yield step[0], gr.update(visible=step[1])

    @page.guard(words)
    async def on_compare(
        order: orders.Order, begin: Any, key: Any, temperature: Any, length: Any, seed: Any,
        request: gr.Request,
    ) -> AsyncIterator[Any]:  # fmt: skip
        values = (begin, key, temperature, length, seed)
        async with aclosing(comparison(order, values, request, False)) as steps:
            async for step in steps:
                yield step

    @page.guard(words)
    async def on_fetch_now(
        order: orders.Order, begin: Any, key: Any, temperature: Any, length: Any, seed: Any,
        request: gr.Request,
    ) -> AsyncIterator[Any]:  # fmt: skip
        values = (begin, key, temperature, length, seed)
        async with aclosing(comparison(order, values, request, True)) as steps:
            async for step in steps:
                yield step

    order.change(on_order, order, shown, trigger_mode="multiple", **heavy)
    compared = [order, prompt, *chosen]
    then.click(on_compare, compared, [beside, fetch_now], **heavy)
    fetch_now.click(on_fetch_now, compared, [beside, fetch_now], **heavy)
    stop.click(on_stop, order, None, **page.PRIVATE)
    every = [order, *asked]
    gr.on([write.click, prompt.submit, acrostic.submit], on_write, every, order, **page.PRIVATE)
    fetch.click(on_fetch, every, order, **page.PRIVATE)
    more.click(on_continue, [order, written], order, **page.PRIVATE)
    set_up = [order, prompt, acrostic, strip, model, stands]
    sight.shown(on_open, [order, stands, temperature, length, seed], set_up, **page.PRIVATE)
    model.input(on_model, [order, stands, prompt, *chosen], set_up, **page.PRIVATE)
    strip.pick(on_pick, [order, *chosen], set_up, **page.PRIVATE)
    return TryParts(written, seen)
