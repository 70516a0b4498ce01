"""Look inside: the room and its wires. What stands in it is made in `road`, `why` and `rcnn`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.detection import rcnn, road, why
from demos.detection.answers import EVERYDAY, RCNN, most_together
from demos.detection.subject import Look, Subject, waiting
from demos.language import Words
from demos.streaming import Latest
from inference.errors import Refusal

# An answer that comes while the room is open is looked at too; one that comes elsewhere waits for
# the room to be opened.
NEWS = "watch('value', () => { if (element.offsetParent) trigger('news'); });"
PLACES = ("looked", "head", "road", "why", "old", "start")
HIDDEN = gr.update(visible=False)
EMPTY: dict[str, Any] = dict.fromkeys(PLACES, "") | {"looked": None, "start": HIDDEN}
Turns = Mapping[str, Latest]


def build(engine: Any, words: Words, answered: gr.State, room: gr.Tab) -> None:
    """The room: filled when it is opened, from what stands in Try (`find.TryParts`)."""
    head = gr.HTML(js_on_load=None, elem_id="look-detection-head")
    way = gr.HTML(js_on_load=road.SCRIPT, elem_id="look-road")
    seen = gr.HTML(js_on_load=why.SCRIPT, elem_id="look-why")
    old = gr.HTML(js_on_load=rcnn.SCRIPT, elem_id="look-rcnn")
    with gr.Row(elem_classes="actions", visible=False) as start:
        go = gr.Button(words("detection.inside.rcnn.go"), elem_id="look-rcnn-go")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    looked = gr.State(None)
    turns = gr.State({"room": Latest(), "why": Latest(), "old": Latest()})
    places = [looked, head, way, seen, old, start]
    neither = gr.skip(), gr.skip()
    options: dict[str, Any] = {"concurrency_limit": most_together(engine), **page.PRIVATE}
    options |= {"trigger_mode": "multiple"}

    @page.guard(words)
    async def on_open(
        mine: Turns, now: Mapping[str, Any] | None, before: Subject | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        if before and before.stays(now) and (before.whole or mine["room"].under_way):
            yield placed({})
            return
        for turn in (mine["why"], mine["old"]):
            turn.take().stop()
        run = streaming.or_broken(opened(engine, words, now, words.lang(request)), EMPTY)
        async with aclosing(streaming.in_place(mine["room"], run)) as steps:
            async for step in steps:
                yield placed({} if step is streaming.HEARTBEAT else step)

    @page.guard(words)
    async def on_pick(
        mine: Turns, subject: Subject | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        number = getattr(event, "n", None)
        known = len(subject.objects) if subject else 0
        if subject is None or not isinstance(number, int) or not 0 <= number < known:
            yield gr.skip()
            return
        run = why.asked(Look(engine, words, subject, words.lang(request)), number)
        async with aclosing(streaming.in_place(mine["why"], streaming.or_broken(run, ""))) as steps:
            async for step in steps:
                yield gr.skip() if step is streaming.HEARTBEAT else step

    @page.guard(words)
    async def on_start(
        mine: Turns, subject: Subject | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        if subject is None:
            yield neither
            return
        look = Look(engine, words, subject, words.lang(request))
        run = streaming.or_broken(rcnn.sent(look), (rcnn.heading(look), True))
        async with aclosing(streaming.in_place(mine["old"], run)) as steps:
            async for step in steps:
                if step is streaming.HEARTBEAT:
                    yield neither
                else:
                    yield step[0], gr.update(visible=step[1])

    @page.guard(words)
    async def on_left(mine: Turns, subject: Subject | None, request: gr.Request) -> Any:
        """Another room is looked at: what is still computed for this one is not waited for."""
        if subject is None or not mine["old"].under_way:
            return neither
        mine["old"].take().stop()
        heading = rcnn.heading(Look(engine, words, subject, words.lang(request)))
        return heading, gr.update(visible=True)

    room.select(on_open, [turns, answered, looked], places, **options)
    answered.change(
        lambda: f"<span hidden>{secrets.token_hex(4)}</span>", None, news, **page.PRIVATE
    )
    news.news(on_open, [turns, answered, looked], places, **options)
    way.pick(on_pick, [turns, looked], seen, **options)
    go.click(on_start, [turns, looked], [old, start], **options)
    old.left(on_left, [turns, looked], [old, start], **options)


def placed(pieces: Mapping[str, Any]) -> tuple[Any, ...]:
    """The pieces that are new, in their places; the page keeps the others."""
    return tuple(pieces.get(name, gr.skip()) for name in PLACES)


async def opened(
    engine: Any, words: Words, answered: Mapping[str, Any] | None, lang: str
) -> AsyncIterator[dict[str, Any]]:
    """What fills the room, by its places, as soon as it is there. The page itself asks for the
    first object's heat once it has the road."""
    try:
        subject = await Subject.of(engine, answered)
    except Refusal as error:
        yield EMPTY | {"head": page.refusal(words.speaker(lang), error)}
        return
    look = Look(engine, words, subject, lang)
    ours, first = EVERYDAY in engine.entries, RCNN in engine.entries
    below = {"old": rcnn.heading(look), "start": gr.update(visible=True)} if first else {}
    yield EMPTY | below | {"looked": subject, "head": look.head()}
    if not ours:
        yield {"head": look.head() + page.note(look.plain("not_here"))}
        return
    try:
        async with aclosing(look.loading(EVERYDAY)) as bars:
            async for bar in bars:
                yield {"head": look.head() + bar}
        yield {"head": look.head() + waiting(look.say("detection.inside.looking"))}
        answer = await look.ask(EVERYDAY, "steps")
    except Refusal as error:
        yield {"head": look.head() + look.refusal(error)}
        return
    yield {
        "looked": replace(subject, objects=road.followed(answer), whole=True),
        "head": look.head(),
        "road": road.drawn(look, answer),
    }
