"""Try: two panes. What is written on the left is translated on the right once the visitor pauses.

Whatever asks for an answer takes the visit's place (`streaming.Latest`) and so ends what was asked
before it: answers come in the order of the questions, and one visitor has one question with the
engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.language import Say, Words
from demos.streaming import Latest, while_latest
from demos.translation import answers, asking, browser, charts, compare, examples, files, kept
from demos.translation.answers import Translated
from demos.translation.asking import Step
from demos.visibility import on_sight

BROKEN = Step("")  # stands in for what nobody expected, before it is raised


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``answered`` holds a `Translated`, or None."""

    text: gr.Textbox
    direction: gr.Radio
    model: gr.Dropdown
    answered: gr.State
    seen: gr.Button


def build(engine: Any, words: Words) -> TryParts:
    """What you give on the left, what it says on the right; wired to the engine."""
    with gr.Row(elem_classes="directions"):
        direction = gr.Radio(
            list(answers.DIRECTIONS),
            value=answers.FIRST["en"],
            label=words("translation.direction.label"),
            elem_id="say-direction",
        )
        swap = gr.Button(words("translation.direction.swap"), elem_id="say-swap")
    with gr.Row(elem_classes="two panes"):
        with gr.Column(elem_classes="give"):
            text = gr.Textbox(
                label=words("translation.try.text"),
                placeholder=words("translation.try.placeholder"),
                lines=4,
                max_lines=16,
                elem_id="say-text",
            )
            beneath = gr.HTML(js_on_load=browser.PICK, elem_id="say-noticed")
            strip = gr.HTML(js_on_load=browser.PICK, elem_id="say-examples")
            model = gr.Dropdown(
                choices=[(page.UNNAMED, key) for key in answers.translators(engine)],
                value=answers.BUNDLED[answers.FIRST["en"]],
                label=words("translation.try.model"),
                elem_id="say-model",
            )
        with gr.Column(elem_classes="get"):
            page.markup(words, lambda say: f'<p class="over">{say("translation.try.said")}</p>')
            bar = gr.HTML(js_on_load=None, elem_id="say-bar")
            shown_pane = gr.HTML(js_on_load=browser.TYPED + kept.WATCH, elem_id="say-pane")
            fetch = gr.Button(
                words("translation.try.fetch"),
                variant="primary",
                visible=False,
                elem_id="say-fetch",
            )
            with gr.Row(elem_classes="actions"):
                seen = gr.Button(words("translation.try.inside"), visible=False, elem_id="say-seen")
                then = gr.Button(
                    words("translation.try.compare"), visible=False, elem_id="say-compare"
                )
                copy = gr.Button(words("translation.try.copy"), visible=False, elem_id="say-copy")
                page.markup(words, copied)
            details = gr.HTML(js_on_load=None, elem_id="say-details")
    beside = gr.HTML(js_on_load=None, elem_id="say-beside")
    fetch_now = gr.Button(words("translation.try.fetch"), visible=False, elem_id="say-fetch-now")
    files.build(engine, words, direction, model)
    page.facts(words, charts.headline(engine))
    page.markup(words, charts.targets)
    sight = on_sight()
    page.choices(words, direction, lambda say: direction_choices(words, say))

    turn, beside_turn = gr.State(Latest()), gr.State(Latest())
    answered, opened = gr.State(None), gr.State(False)
    no, yes = gr.State(False), gr.State(True)  # whether a model may be downloaded for it
    asked = [turn, beside_turn, text, direction, model]
    compared = [beside, fetch_now]
    shown = [bar, shown_pane, beneath, fetch, seen, then, copy, details, *compared, answered]
    nothing_new = (gr.skip(),) * len(shown)
    limit = max(entry.max_batch for entry in answers.translators(engine).values())
    heavy: dict[str, Any] = {
        "concurrency_limit": limit,
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }

    def placed(step: Step) -> tuple[Any, ...]:
        """A step in its places. What was said before stays in sight while a model is loaded; a
        comparison is of another text by now."""
        some = step.now is not None
        return (
            step.bar,
            gr.skip() if step.bar else step.html,
            step.beneath,
            gr.update(visible=step.offered),
            *(gr.skip() if step.bar else gr.update(visible=some) for _ in (seen, then, copy)),
            gr.skip() if step.bar else step.details,
            "",
            gr.update(visible=False),
            gr.skip() if step.bar else step.now,
        )

    @page.guard(words)
    async def on_say(
        mine: Latest, other: Latest, sent: Any, direction: Any, key: Any, fetch: bool,
        request: gr.Request,
    ) -> AsyncIterator[Any]:  # fmt: skip
        halt, lang = mine.take(), words.lang(request)
        other.take()
        run = asking.answering(engine, words, lang, sent, direction, key, fetch)
        async with aclosing(while_latest(halt, streaming.or_broken(run, BROKEN))) as steps:
            async for step in steps:
                if step is streaming.HEARTBEAT:
                    yield ("<progress></progress>", *nothing_new[1:])
                elif step is BROKEN:  # no bar stays
                    yield ("", *nothing_new[1:])
                else:
                    yield placed(step)
        if halt.replaced.is_set():  # Gradio sends the last of these once more
            yield nothing_new

    # What follows sets up a question, which is asked right after. What does not change is skipped:
    # the visitor may have written on since.

    def setting(request: gr.Request, direction: Any, text: Any, key: Any) -> tuple[Any, ...]:
        """(direction, text, model, examples) for a direction; the model only where it must be
        another."""
        say = words.speaker(words.lang(request))
        chosen = direction if direction in answers.DIRECTIONS else answers.DIRECTIONS[0]
        choices = answers.model_choices(engine, words, say, chosen)
        keys = [key for _, key in choices]
        other = {} if key in keys else {"value": next(iter(keys), None)}
        model = gr.update(choices=choices, **other)
        return chosen, text, model, examples.chips(say, chosen.partition("-")[0])

    @page.guard(words)
    async def on_open(
        opened: bool, text: Any, key: Any, direction: Any, request: gr.Request
    ) -> tuple[Any, ...]:
        if opened:  # back from another room: what was written here stays
            return (gr.skip(),) * (len(set_up) + 1)
        if kept.own(text, direction):  # from before the page changed its language
            return *setting(request, direction, text, key), True
        direction = answers.FIRST[words.lang(request)]
        source = direction.partition("-")[0]
        return *setting(request, direction, turned(text, source), key), True

    @page.guard(words)
    async def on_direction(
        mine: Latest, direction: Any, text: Any, key: Any, request: gr.Request
    ) -> Any:
        mine.take()
        direction = str(direction)
        new, *rest = setting(request, direction, turned(text, direction.partition("-")[0]), key)
        return gr.skip() if new == direction else new, *rest

    @page.guard(words)
    async def on_swap(
        mine: Latest,
        direction: Any,
        text: Any,
        key: Any,
        now: Translated | None,
        request: gr.Request,
    ) -> Any:
        mine.take()
        source, _, target = str(direction).partition("-")
        if now is not None and (now.text, now.source, now.target) == (text, source, target):
            return setting(request, f"{target}-{source}", now.result["translation"], key)
        return setting(request, f"{target}-{source}", gr.skip(), key)

    @page.guard(words)
    async def on_turn(mine: Latest, key: Any, event: gr.EventData, request: gr.Request) -> Any:
        mine.take()
        return setting(request, str(event.direction), gr.skip(), key)

    @page.guard(words)
    async def on_pick(mine: Latest, direction: Any, event: gr.EventData) -> Any:
        mine.take()
        ours = examples.EXAMPLES[str(direction).partition("-")[0]]
        return ours[min(max(int(event.number), 0), len(ours) - 1)]

    @page.guard(words)
    async def on_compare(
        mine: Latest, sent: Any, direction: Any, key: Any, fetch: bool, request: gr.Request
    ) -> AsyncIterator[Any]:
        """(the columns, whether a download is offered beneath them)."""
        halt, lang = mine.take(), words.lang(request)
        yield "<progress></progress>", gr.update(visible=False)
        run = compare.comparing(engine, words, lang, sent, direction, key, fetch)
        async with aclosing(while_latest(halt, streaming.or_broken(run, ("", False)))) as columns:
            async for step in columns:
                if step is streaming.HEARTBEAT:
                    yield gr.skip(), gr.skip()
                else:
                    yield step[0], gr.update(visible=step[1])
        if halt.replaced.is_set():
            yield gr.skip(), gr.skip()

    ask: dict[str, Any] = {"fn": on_say, "inputs": [*asked, no], "outputs": shown, **heavy}
    set_up = [direction, text, model, strip]
    shown_pane.paused(**ask)
    gr.on([text.submit, model.input], **ask)
    fetch.click(on_say, [*asked, yes], shown, **heavy)
    opening = [opened, text, model, direction]
    sight.shown(on_open, opening, [*set_up, opened], js=kept.TAKE, **page.PRIVATE)
    opened.change(**ask)
    chosen = [turn, direction, text, model]
    latest: dict[str, Any] = {"trigger_mode": "always_last", **page.PRIVATE}
    direction.input(on_direction, chosen, set_up, **latest).success(**ask)
    swap.click(on_swap, [*chosen, answered], set_up, **page.PRIVATE).success(**ask)
    beneath.turn(on_turn, [turn, model], set_up, **page.PRIVATE).success(**ask)
    strip.pick(on_pick, [turn, direction], text, **page.PRIVATE).success(**ask)
    copy.click(None, None, None, js=browser.COPY)
    sides = [beside_turn, text, direction, model]
    then.click(on_compare, [*sides, no], compared, **heavy)
    fetch_now.click(on_compare, [*sides, yes], compared, **heavy)
    return TryParts(text, direction, model, answered, seen)


def turned(text: Any, source: str) -> Any:
    """An example in another language; what the visitor wrote is left as it stands."""
    sent = str(text or "")
    new = examples.turned(sent, source) if source in examples.EXAMPLES else sent
    return gr.skip() if new == sent else new


def copied(say: Say) -> str:
    """What is said once the translation is on the clipboard."""
    return f'<span id="say-copied" role="status" hidden>{say("page.copied")}</span>'


def direction_choices(words: Words, say: Say) -> list[tuple[str, str]]:
    """The four directions by name."""
    return [(answers.arrow(words, say.lang, one), one) for one in answers.DIRECTIONS]
