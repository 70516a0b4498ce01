"""Look inside: the room and its wires. What stands in it is made in `inference_steps`,
`attribution` and `rcnn`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.detection.answers import EVERYDAY, RCNN, detectors
from demos.detection.inside import attribution, inference_steps, rcnn
from demos.detection.inside.look import Look, Subject
from demos.language import Say, Words
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal

SCRIPT = "import(new URL('house/detection_inside.js', document.baseURI)).then((d) => d.%s);"
STEPS = SCRIPT % "mountSteps(element, (n) => trigger('pick', {n}), watch)"
ATTRIBUTION = SCRIPT % "mountAttribution(element, watch)"
RECTANGLES = SCRIPT % "mountRectangles(element, watch, () => trigger('left'))"
NEWS = SCRIPT % "mountNews(element, watch, () => trigger('news'))"
PLACES = ("looked", "head", "steps", "attribution", "rcnn", "start")
SKIP, HIDDEN, SHOWN = gr.skip(), gr.update(visible=False), gr.update(visible=True)


@dataclass
class Visit:
    """What is under way for one visitor: the room, one object's attribution, the old way."""

    room: Latest = field(default_factory=Latest)
    attribution: Latest = field(default_factory=Latest)
    rcnn: Latest = field(default_factory=Latest)


def placed(**pieces: Any) -> tuple[Any, ...]:
    """The pieces that are new, in their `PLACES`; the page keeps the others."""
    return tuple(pieces.get(name, SKIP) for name in PLACES)


#: The room without anything in it.
EMPTY: dict[str, Any] = dict.fromkeys(PLACES, "") | {"looked": None, "start": HIDDEN}


def build(engine: Engine, words: Words, answered: gr.State, room: gr.Tab) -> None:
    """The room: filled when it is opened, from what stands in Try (`tryout.TryParts`)."""
    head = gr.HTML(js_on_load=None, elem_id="look-detection-head")
    way = gr.HTML(js_on_load=STEPS, elem_id="look-steps")
    seen = gr.HTML(js_on_load=ATTRIBUTION, elem_id="look-attribution")
    old = gr.HTML(js_on_load=RECTANGLES, elem_id="look-rcnn")
    with gr.Row(elem_classes="actions", visible=False) as start:
        go = gr.Button(words("detection.inside.rcnn.go"), elem_id="look-rcnn-go")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    looked = gr.State(None)
    visit = gr.State(Visit())
    places = [looked, head, way, seen, old, start]
    options: dict[str, Any] = {
        "concurrency_limit": models.most_together(detectors(engine).values()),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }

    @streaming.event(words, placed(), broken=placed(**EMPTY), latest=lambda mine: mine.room)
    def on_open(
        mine: Visit, now: Mapping[str, Any] | None, before: Subject | None, request: gr.Request
    ) -> AsyncGenerator[Any, None] | None:
        if before and before.stays(now) and (before.whole or mine.room.under_way):
            return None
        mine.attribution.end()
        mine.rcnn.end()
        return opened(engine, words.speaker(request), now)

    @streaming.event(words, SKIP, broken="", latest=lambda mine: mine.attribution)
    def on_pick(
        mine: Visit, subject: Subject | None, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[str, None] | None:
        number = getattr(event, "n", None)
        known = len(subject.objects) if subject else 0
        if subject is None or not isinstance(number, int) or not 0 <= number < known:
            return None
        return attribution.asked(Look(engine, words.speaker(request), subject), number)

    @streaming.event(words, (SKIP, SKIP), latest=lambda mine: mine.rcnn)
    def on_start(
        mine: Visit, subject: Subject | None, request: gr.Request
    ) -> AsyncGenerator[Any, None] | None:
        if subject is None:
            return None
        look = Look(engine, words.speaker(request), subject)
        return streaming.or_broken(rcnn.sent(look), (rcnn.heading(look.say), SHOWN))

    @streaming.event(words, (SKIP, SKIP))
    def on_left(mine: Visit, request: gr.Request) -> AsyncGenerator[Any, None] | None:
        """Another room is looked at: what is still computed for this one is not waited for."""
        if not mine.rcnn.under_way:
            return None
        mine.rcnn.end()
        return streaming.just((rcnn.heading(words.speaker(request)), SHOWN))

    room.select(on_open, [visit, answered, looked], places, **options)
    answered.change(
        lambda: f"<span hidden>{secrets.token_hex(4)}</span>", None, news, **page.PRIVATE
    )
    news.news(on_open, [visit, answered, looked], places, **options)
    way.pick(on_pick, [visit, looked], seen, **options)
    go.click(on_start, [visit, looked], [old, start], **options)
    old.left(on_left, visit, [old, start], **options)


async def opened(
    engine: Engine, say: Say, answered: Mapping[str, Any] | None
) -> AsyncGenerator[tuple[Any, ...], None]:
    """What fills the room, by its `PLACES`, as soon as it is there. The page itself asks for the
    first object's attribution once it has the steps."""
    try:
        subject = await Subject.of(engine, answered)
    except Refusal as error:
        yield placed(**EMPTY | {"head": page.refusal(say, error)})
        return
    look = Look(engine, say, subject)
    head = look.head()
    below = {"rcnn": rcnn.heading(say), "start": SHOWN} if RCNN in engine.entries else {}
    yield placed(**EMPTY | below | {"looked": subject, "head": head})
    if EVERYDAY not in engine.entries:
        yield placed(head=head + page.note(look.plain("not_here")))
        return
    try:
        async with aclosing(look.loading(EVERYDAY)) as bars:
            async for bar in bars:
                yield placed(head=head + bar)
        yield placed(head=head + page.waiting(say("detection.inside.looking")))
        answer = await look.ask(EVERYDAY, "steps")
    except Refusal as error:
        yield placed(head=head + page.refusal(say, error))
        return
    yield placed(
        looked=replace(subject, objects=inference_steps.followed(answer), whole=True),
        head=head,
        steps=inference_steps.drawn(look, answer),
    )
