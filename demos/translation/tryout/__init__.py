"""Try: two panes. What is written on the left is translated on the right once the visitor pauses.

Whatever asks for an answer takes the visit's place (`streaming.Latest`) and so ends what was asked
before it: answers come in the order of the questions, and one visitor has one question with the
engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import models, page, share, streaming, training
from demos.language import Say, Words
from demos.streaming import Latest
from demos.translation import answers, examples, learn
from demos.translation.answers import Translated
from demos.translation.tryout import answering, compare, contest, files, sharing
from demos.visibility import on_visible
from inference import Engine
from jobs import Jobs
from pretrained.catalog import Entry

# What the browser does by itself in this room: `translation.js`.
SCRIPT = "import(new URL('house/translation.js', document.baseURI)).then((it) => it.%s);"
#: The same as the script of an event, which is given and gives the values of its inputs.
EVENT = (
    "async (...given) => "
    "(await import(new URL('house/translation.js', document.baseURI))).%s(...given)"
)
#: `page.SECRET` before what was being written when the page changed its language.
OPENING = f"async (_, ...given) => ({page.SECRET})(_, ...await ({EVENT % 'takeDraft'})(...given))"
TYPED = SCRIPT % "typed(element, watch, () => trigger('paused'))"
TURN = "house.pick(element, trigger, 'turn');"
SKIP = gr.skip()
HIDDEN = gr.update(visible=False)


@dataclass(frozen=True)
class Parts:
    """What other rooms share of this one. ``answered`` holds a `Translated`, or None."""

    answered: gr.State
    seen: gr.Button


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> Parts:
    """What you give on the left, what it says on the right; wired to the engine. ``jobs``: where
    the translators are that visitors have trained."""
    unmet = share.unmet("say-unmet")
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
            beneath = gr.HTML(js_on_load=TURN, elem_id="say-noticed")
            strip = gr.HTML(js_on_load=page.PICK, elem_id="say-examples")
            model = gr.Dropdown(
                choices=[(page.UNNAMED, key) for key in answers.translators(engine)],
                value=answers.BUNDLED[answers.FIRST["en"]],
                label=words("translation.try.model"),
                elem_id="say-model",
            )
        with gr.Column(elem_classes="get answer"):
            page.markup(words, lambda say: f'<p class="over">{say("translation.try.said")}</p>')
            bar = gr.HTML(js_on_load=None, elem_id="say-bar")
            shown_pane = gr.HTML(js_on_load=page.KEPT + TYPED, elem_id="say-pane")
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
    beside = gr.HTML(js_on_load=None, elem_id="say-beside", elem_classes="beneath")
    fetch_now = gr.Button(words("translation.try.fetch"), visible=False, elem_id="say-fetch-now")
    files.build(engine, words, direction, model)
    contest.build(engine, words)
    page.facts(words, learn.headline(engine))
    page.markup(words, learn.targets)
    sight = on_visible()
    page.choices(words, direction, direction_choices)
    page.carried(model)

    latest, latest_beside = gr.State(Latest()), gr.State(Latest())
    answered, opened = gr.State(None), gr.State(False)
    no, yes = gr.State(False), gr.State(True)  # whether a model may be downloaded for it
    asked = [latest, latest_beside, text, direction, model]
    shown = [
        bar,
        shown_pane,
        beneath,
        fetch,
        seen,
        then,
        copy,
        details,
        beside,
        fetch_now,
        answered,
    ]
    nothing_new = (SKIP,) * len(shown)
    heavy: dict[str, Any] = {
        "concurrency_limit": models.most_together(answers.translators(engine).values()),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }

    @streaming.event(
        words,
        nothing_new,
        waiting=("<progress></progress>", *nothing_new[1:]),
        broken=("", *nothing_new[1:]),
    )
    def on_say(
        mine: Latest, other: Latest, sent: object, direction: str, key: str, fetch: bool,
        request: gr.Request,
    ) -> AsyncGenerator[Any, None]:  # fmt: skip
        other.end()
        return placed(engine, words.speaker(request), sent, direction, key, fetch)

    @streaming.event(words, (SKIP, SKIP), broken=("", HIDDEN))
    def on_compare(
        mine: Latest, sent: object, direction: str, key: str, fetch: bool, request: gr.Request
    ) -> AsyncGenerator[Any, None]:
        return compared(engine, words.speaker(request), sent, direction, key, fetch)

    # What follows sets up a question, which is asked right after. What does not change is skipped:
    # the visitor may have written on since.

    def listed(request: gr.Request, secret: str, direction: str) -> dict[str, str]:
        """What each model that knows a direction is called, by key: those of the house, the one
        that the address names, and those that the visitor with this secret has trained."""
        say = words.speaker(request)
        known = answers.known(engine, direction)
        found = {key: text for text, key in models.choices(say, known.values())}
        asked = models.asked(answers.TASK, engine, request)
        own = training.mine(jobs, engine, answers.TASK, secret)
        for entry in (*own, *([asked] if asked else ())):
            if direction in answers.directions(entry):
                found.setdefault(entry.key, say.model(entry))
        return found

    def told(found: dict[str, str]) -> list[tuple[str, str]]:
        return [(text, key) for key, text in found.items()]

    def setting(
        request: gr.Request,
        secret: str,
        direction: str,
        text: Any,
        key: str,
        own: Entry | None = None,
    ) -> tuple[Any, ...]:
        """(direction, text, model, examples) for a direction; the model only where it must be
        another. ``own``: one that must be chosen."""
        say = words.speaker(request)
        chosen = direction if direction in answers.DIRECTIONS else answers.DIRECTIONS[0]
        found = listed(request, secret, chosen)
        model: dict[str, Any] = {"choices": told(found)}
        if own and own.key in found:
            model["value"] = own.key
        elif key not in found:
            model["value"] = next(iter(found), None)
        return chosen, text, gr.update(**model), examples.chips(say, chosen.partition("-")[0])

    @page.guard(words)
    async def on_open(
        secret: str, opened: bool, text: str, key: str, direction: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        if opened:  # back from another room: what was written here stays
            return (SKIP,) * (len(set_up) + 2)
        own = models.asked(answers.TASK, engine, request)
        shared = sharing.linked(engine, share.query(request))
        wrong = shared.wrong if shared else ()
        gone = share.refused(words.speaker(request), wrong, answers.refusal), True
        learnt = answers.directions(own) if own else answers.DIRECTIONS
        # A text of the visitor's own stays when the page changes its language.
        stays = direction and direction in learnt and examples.own(text, direction)
        if shared and shared.direction and not stays:
            direction, text = shared.direction, shared.text
        elif not direction or not stays:
            direction = answers.FIRST[words.lang(request)]
            if learnt and direction not in learnt:
                direction = learnt[0]
            text = shared.text if shared else turned(text, direction)
        # The visitor's models are read from disk: not on the event loop.
        set_to = await asyncio.to_thread(setting, request, secret, direction, text, key, own)
        return *set_to, *gone

    @page.guard(words)
    def on_kept(secret: str, direction: str, key: str, request: gr.Request) -> Any:
        """The models anew. What was chosen stays so, unless it is there no more."""
        if direction not in answers.DIRECTIONS:
            return SKIP
        found = listed(request, secret, direction)
        other: dict[str, Any] = {} if key in found else {"value": next(iter(found), None)}
        return gr.update(choices=told(found), **other)

    @page.guard(words)
    async def on_direction(
        secret: str, mine: Latest, direction: str, text: str, key: str, request: gr.Request
    ) -> tuple[Any, ...]:
        mine.end()
        text = turned(text, direction)
        new, *rest = await asyncio.to_thread(setting, request, secret, direction, text, key)
        return SKIP if new == direction else new, *rest

    @page.guard(words)
    async def on_swap(
        secret: str,
        mine: Latest,
        direction: str,
        text: str,
        key: str,
        now: Translated | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        mine.end()
        source, _, target = direction.partition("-")
        if now is not None and (now.text, now.source, now.target) == (text, source, target):
            return await asyncio.to_thread(
                setting, request, secret, f"{target}-{source}", now.result["translation"], key
            )
        return await asyncio.to_thread(setting, request, secret, f"{target}-{source}", SKIP, key)

    @page.guard(words)
    async def on_turn(
        secret: str, mine: Latest, key: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        mine.end()
        return await asyncio.to_thread(setting, request, secret, str(event.name), SKIP, key)

    @page.guard(words)
    async def on_pick(mine: Latest, direction: str, event: gr.EventData) -> str:
        mine.end()
        ours = examples.EXAMPLES[direction.partition("-")[0]]
        return ours[min(max(int(event.name), 0), len(ours) - 1)]

    ask: dict[str, Any] = {"fn": on_say, "inputs": [*asked, no], "outputs": shown, **heavy}
    set_up = [direction, text, model, strip]
    shown_pane.paused(**ask)
    gr.on([text.submit, model.input], **ask)
    fetch.click(on_say, [*asked, yes], shown, **heavy)
    secret = gr.Textbox("", visible=False)
    opening = [secret, opened, text, model, direction]
    sight.shown(on_open, opening, [*set_up, unmet, opened], js=OPENING, **page.PRIVATE)
    by: dict[str, Any] = {"js": page.SECRET, **page.PRIVATE}
    shown_pane.kept(on_kept, [secret, direction, model], model, queue=False, **by)
    opened.change(**ask)
    chosen = [secret, latest, direction, text, model]
    options: dict[str, Any] = {"trigger_mode": "always_last", **by}
    direction.input(on_direction, chosen, set_up, **options).success(**ask)
    swap.click(on_swap, [*chosen, answered], set_up, **by).success(**ask)
    beneath.turn(on_turn, [secret, latest, model], set_up, **by).success(**ask)
    strip.pick(on_pick, [latest, direction], text, **page.PRIVATE).success(**ask)
    copy.click(None, None, None, js=EVENT % "copy")
    sides = [latest_beside, text, direction, model]
    then.click(on_compare, [*sides, no], [beside, fetch_now], **heavy)
    fetch_now.click(on_compare, [*sides, yes], [beside, fetch_now], **heavy)
    return Parts(answered, seen)


async def placed(
    engine: Engine, say: Say, sent: object, direction: str, key: str, fetch: bool
) -> AsyncGenerator[tuple[Any, ...], None]:
    """What the page shows, in its places, while an answer comes. What was said before stays in
    sight while a model is loaded; a comparison is of another text by now."""
    async with aclosing(answering.answering(engine, say, sent, direction, key, fetch)) as steps:
        async for step in steps:
            some, still = step.now is not None, step.bar and not step.html
            yield (
                step.bar,
                SKIP if still else step.html,
                step.beneath,
                gr.update(visible=step.offered),
                *(SKIP if still else gr.update(visible=some) for _ in ("seen", "then", "copy")),
                SKIP if still else step.details,
                "",
                HIDDEN,
                SKIP if step.bar else step.now,
            )


async def compared(
    engine: Engine, say: Say, sent: object, direction: str, key: str, fetch: bool
) -> AsyncGenerator[tuple[Any, ...], None]:
    """(the columns, whether a download is offered beneath them)."""
    yield "<progress></progress>", HIDDEN
    async with aclosing(compare.comparing(engine, say, sent, direction, key, fetch)) as steps:
        async for html, offered in steps:
            yield html, gr.update(visible=offered)


def turned(text: str, direction: str) -> Any:
    """An example in the language that a direction reads; what the visitor wrote is left as it
    stands."""
    source, sent = direction.partition("-")[0], text or ""
    new = examples.turned(sent, source) if source in examples.EXAMPLES else sent
    return SKIP if new == sent else new


def copied(say: Say) -> str:
    """What is said once the translation is on the clipboard."""
    return f'<span id="say-copied" role="status" hidden>{say("page.copied")}</span>'


def direction_choices(say: Say) -> list[tuple[str, str]]:
    """The four directions by name."""
    return [(answers.arrow(say, one), one) for one in answers.DIRECTIONS]
