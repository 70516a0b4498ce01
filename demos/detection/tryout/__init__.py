"""Try: a picture, or several, or the camera; the answer is the picture with what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import fool, models, page, share, streaming, training
from demos.detection import answers
from demos.detection.answers import Payload
from demos.detection.tryout import answering, compare, contest, controls, sharing
from demos.detection.tryout.answering import Looked
from demos.language import Say, Words
from demos.streaming import Latest
from demos.visibility import on_visible
from inference import Engine
from jobs import Jobs

SCRIPT = "import(new URL('house/detection.js', document.baseURI)).then((d) => d.%s);"
GIVE = SCRIPT.replace("detection", "detection_give") % (
    "mountGive(element, upload, (files) => trigger('sent', {files}), "
    "(number, frame) => trigger('frame', {number, frame}), () => trigger('refused'))"
)
STRIP = SCRIPT % "mountPicks(element, (name) => trigger('pick', {name}), watch)"
LEAST = SCRIPT % "mountLeast(element)"
FOUND = SCRIPT % "mountFound(element, (at) => trigger('shown', {at}), watch)"
LIVE = SCRIPT.replace("detection", "detection_give") % "mountLive(element, watch)"
FOOLED = fool.Fooled(
    "detection",
    "detect",
    "#detect-found [data-sheet]:not([hidden]) .plate img",
    "cat",
    answers.entry_of,
    lambda say, entry: {
        label: answers.label_in(say.lang, entry, label)[0] for label in answers.looked_for(entry)
    },
)
LIVE_NEVER = "<p hidden></p>"
SKIP = gr.skip()
#: Bar, sheets, then and now, the pictures given, what was looked at; then those of `on_page`.
NOTHING = (SKIP,) * 8
Steps = AsyncGenerator[tuple[Any, ...], None]


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``answered`` holds {"key", "picture", "objects"}: the
    picture that is on the page, upright, as a PIL image of at most `answers.SIDE` pixels a side,
    the model and what it found there, in that picture's pixels; None while none is.
    ``seen``: the button that leads to Look inside."""

    answered: gr.State
    seen: gr.Button


class Visit(Latest):
    """Whose turn it is to be answered, and which picture of several was chosen last."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen = Latest()


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> TryParts:
    """What is given on top, the answer in the middle, then and now below, and the examples.
    ``jobs``: where the detectors are that visitors have trained."""
    known = answers.detectors(engine)
    unmet = share.unmet("detect-unmet")
    with gr.Row(elem_classes="asked"):
        give = gr.HTML(
            words.markup(lambda say: controls.giving(say, engine.settings.max_upload_mb)),
            js_on_load=page.KEPT + GIVE,
            elem_id="detect-give",
        )
        model = gr.Dropdown(
            choices=[(page.UNNAMED, key) for key in known],
            value=answers.usual(engine),
            label=words("detection.try.model"),
            elem_id="detect-model",
        )
        gr.HTML(words.markup(controls.slider), js_on_load=LEAST, elem_id="detect-least")
    bar = gr.HTML(js_on_load=STRIP, elem_id="detect-bar")
    live = gr.HTML(LIVE_NEVER, js_on_load=LIVE, elem_id="detect-live")
    stage = gr.HTML(js_on_load=FOUND, elem_id="detect-found", elem_classes="answer")
    with gr.Row(elem_classes="actions"):
        seen = gr.Button(
            words("detection.try.inside"), variant="primary", interactive=False, elem_id="detect-in"
        )
        beside = gr.Button(
            words("detection.try.compare"), interactive=False, elem_id="detect-compare"
        )
    below = gr.HTML(js_on_load=STRIP, elem_id="detect-below", elem_classes="beneath")
    strip = gr.HTML(js_on_load=STRIP, elem_id="detect-examples")
    fool.build(engine, words, model, FOOLED)
    contest.build(engine, words)
    controls.headline(words)
    visibility = on_visible()
    page.choices(
        words,
        model,
        lambda say: models.choices(say, known.values()),
        partial(models.asked, answers.TASK, engine),
        partial(training.mine, jobs, engine, answers.TASK),
        give.kept,
    )

    visit, side = gr.State(Visit()), gr.State(compare.Comparison())
    given, looked, answered = gr.State(()), gr.State(()), gr.State(None)
    shown = [bar, stage, below, given, looked, answered, seen, beside]
    asked = streaming.event(words, NOTHING, broken=("", *NOTHING[1:]))
    compared = streaming.event(words, SKIP, broken="")

    @asked
    def on_open(mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request) -> Steps | None:
        say = words.speaker(request)
        shared = sharing.linked(engine, share.query(request), say)
        first = (shared and shared.payload) or answers.first_example()
        if now or first is None:
            return None
        own = models.asked(answers.TASK, engine, request)
        return steps(engine, say, mine, [first], own.key if own else key)

    @asked
    def on_give(mine: Visit, key: Any, event: gr.EventData, request: gr.Request) -> Steps | None:
        """Files that were sent, an example by its name, or the camera's last frame."""
        files = answering.wanted(event)
        if not files:
            return None
        return steps(engine, words.speaker(request), mine, files, key, fresh=True)

    @asked
    def on_refused(mine: Visit) -> Steps:
        """The page itself refused a file: what stands there is the answer to another."""
        return streaming.just(cleared(mine, ({},)))

    @asked
    def on_model(mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request) -> Steps:
        return steps(engine, words.speaker(request), mine, now, key)

    @asked
    def on_fetch(mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request) -> Steps:
        return steps(engine, words.speaker(request), mine, now, key, fetch=True)

    @streaming.event(words, SKIP)
    def on_frame(key: Any, event: gr.EventData, request: gr.Request) -> AsyncGenerator[str, None]:
        return streaming.once(answering.framed(engine, words.speaker(request), key, event))

    @streaming.event(words, (SKIP,) * 3, latest=lambda mine: mine.chosen)
    def on_shown(mine: Visit, now: Sequence[Looked], event: gr.EventData) -> Steps | None:
        at = getattr(event, "at", None)
        if not isinstance(at, int) or not 0 <= at < len(now):
            return None
        return streaming.once(chosen(engine, now[at]))

    @compared
    def on_compare(
        mine: compare.Comparison, one: Mapping[str, Any] | None, request: gr.Request
    ) -> AsyncGenerator[str, None]:
        return compare.comparing(engine, words.speaker(request), one, mine)

    @compared
    def on_compare_fetch(
        mine: compare.Comparison,
        one: Mapping[str, Any] | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> AsyncGenerator[str, None]:
        wanted = str(getattr(event, "name", ""))
        return compare.comparing(engine, words.speaker(request), one, mine, wanted)

    @page.guard(words)
    async def on_load(request: gr.Request) -> tuple[Any, ...]:
        """(the examples, what of a link cannot be had)."""
        say = words.speaker(request)
        html = await asyncio.to_thread(controls.examples_html, say)
        shared = sharing.linked(engine, share.query(request), say)
        return html, share.refused(say, shared.wrong) if shared else SKIP

    assert Context.root_block is not None
    Context.root_block.load(on_load, None, [strip, unmet], queue=False, **page.PRIVATE)
    heavy: dict[str, Any] = {
        "concurrency_limit": models.most_together(known.values()),
        "trigger_mode": "multiple",
        "preprocess": False,
        **page.PRIVATE,
    }
    visibility.shown(on_open, [visit, given, model], shown, **heavy)
    give.sent(on_give, [visit, model], shown, **heavy)
    give.refused(on_refused, visit, shown, **heavy)
    strip.pick(on_give, [visit, model], shown, **heavy)
    give.frame(on_frame, model, live, **heavy)
    model.input(on_model, [visit, given, model], shown, **heavy)
    bar.pick(on_fetch, [visit, given, model], shown, **heavy)
    stage.shown(on_shown, [visit, looked], [answered, seen, beside], **heavy)
    beside.click(on_compare, [side, answered], below, **heavy)
    below.pick(on_compare_fetch, [side, answered], below, **heavy)
    return TryParts(answered, seen)


async def steps(
    engine: Engine,
    say: Say,
    mine: Visit,
    given: Sequence[Payload],
    key: Any,
    *,
    fetch: bool = False,
    fresh: bool = False,
) -> Steps:
    """What stands in each place: what stood there stays until something new does. ``fresh``: the
    pictures are new; where there is no answer to them, the one to others goes."""
    opened = False
    run = answering.answering(engine, say, given, key, fetch=fetch)
    async with aclosing(run) as moments:
        async for moment in moments:
            new = moment.sheets is not None
            first = new and not opened  # from then on the visitor says which one is shown
            opened = opened or new
            if first:
                mine.chosen.end()
            yield (
                moment.bar,
                moment.sheets if new else SKIP,
                "" if first else SKIP,
                tuple(given),
                moment.looked if new else SKIP,
                *(on_page(held(moment.found)) if first else (SKIP,) * 3),
            )
    if fresh and not opened:
        yield (SKIP, *cleared(mine, given)[1:])


def cleared(mine: Visit, given: Sequence[Payload]) -> tuple[Any, ...]:
    """The page without an answer: none is known to what was given."""
    mine.chosen.end()
    return ("", "", "", tuple(given), (), *on_page(None))


async def chosen(engine: Engine, one: Looked) -> tuple[Any, ...]:
    """The one of several pictures that a visitor turned to, for the other rooms."""
    if one.objects is None:
        return on_page(None)
    picture = await answers.opened(engine, one.payload)
    return on_page({"key": one.key, "picture": picture, "objects": one.objects})


def held(found: answers.Found | None) -> dict[str, Any] | None:
    """The answer on the page, for the other rooms."""
    if found is None:
        return None
    return {"key": found.key, "picture": found.picture, "objects": found.objects}


def on_page(one: dict[str, Any] | None) -> tuple[Any, ...]:
    """The answer that is shown, and whether the two buttons under it lead anywhere."""
    ready = gr.update(interactive=one is not None)
    return one, ready, ready
