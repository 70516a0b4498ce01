"""Look inside: the room and its wires. What stands in it is made in the modules beside this one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.images import judge, moves, player
from demos.images.answers import most_together, once
from demos.images.look import Look, Looked
from demos.images.opened import EMPTY, PLACES, opened
from demos.language import Words
from demos.streaming import Latest

# A face that is picked while the room is open is looked at too; one that is picked elsewhere waits
# for the room to be opened.
NEWS = "watch('value', () => element.offsetParent && trigger('news'));"
#: Whatever may be asked while the rest is computed has a turn of its own.
TURNS = ("face", "moved", "strip", "judged")
Turns = Mapping[str, Latest]


def build(engine: Any, words: Words, chosen: gr.State, room: gr.Tab) -> None:
    """``chosen`` holds {"point", "key", "image"} of the face that was picked."""
    looked = gr.State(None)
    head = gr.HTML(js_on_load=None, elem_id="look-images-head")
    layers = gr.HTML(js_on_load=None, elem_id="look-layers")
    with gr.Column(elem_classes="moved-face"):
        sliders = gr.HTML(js_on_load=moves.SCRIPT, elem_id="look-moves")
        moved = gr.HTML(js_on_load=None, elem_id="look-moved")
    strip = gr.HTML(js_on_load=None, elem_id="look-strip")
    judge_head = gr.HTML(js_on_load=None, elem_id="look-judge")
    with gr.Row(elem_classes="actions", elem_id="judge-ask"):
        send = gr.UploadButton(
            words("images.inside.judge.send"), file_types=["image"], elem_id="judge-picture"
        )
        back = gr.Button(words("images.inside.judge.back"), visible=False, elem_id="judge-back")
    limit_mb = engine.settings.max_upload_mb
    gr.HTML(words.markup(lambda say: judge.refusals(say, limit_mb)), js_on_load=judge.GUARD)
    judged = gr.HTML(js_on_load=judge.SCRIPT, elem_id="look-judged")
    replay = gr.HTML(js_on_load=player.SCRIPT, elem_id="look-replay")
    denoise = gr.HTML(js_on_load=player.SCRIPT, elem_id="look-denoise")
    copy = gr.HTML(js_on_load=None, elem_id="look-copy")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    turns = gr.State({name: Latest() for name in TURNS})
    boxes = [
        *(looked, head, layers, sliders, moved, strip),
        *(judge_head, judged, back, replay, denoise, copy),
    ]
    nothing_new, neither = (gr.skip(),) * len(PLACES), (gr.skip(), gr.skip())
    options: dict[str, Any] = {"concurrency_limit": most_together(engine), **page.PRIVATE}
    options |= {"trigger_mode": "multiple", "preprocess": False}

    @page.guard(words)
    async def on_open(
        mine: Turns, now: Mapping[str, Any] | None, before: Looked | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        face = Looked.at(now, str(request.query_params))
        if face.same(before) and before and (before.whole or mine["face"].under_way):
            yield nothing_new
            return
        taken = {name: turn.take() for name, turn in mine.items()}

        def piece(pieces: Mapping[str, Any], name: str) -> Any:
            """What is new in a place, unless the visitor asked for something else there."""
            if name in TURNS and mine[name].halt is not taken[name]:
                return gr.skip()
            return pieces.get(name, gr.skip())

        look = Look(engine, words, face, words.lang(request))
        run = streaming.or_broken(opened(look), EMPTY)
        async with aclosing(streaming.in_place(mine["face"], run)) as found:
            async for pieces in found:
                if pieces is streaming.HEARTBEAT:
                    yield nothing_new
                else:
                    yield tuple(piece(pieces, name) for name in PLACES)

    async def answer(
        turn: Latest,
        state: Looked | None,
        request: gr.Request,
        made: Callable[[Look], AsyncIterator[Any]],
        nothing: Any,
    ) -> AsyncIterator[Any]:
        """Answers about the face, each in the last one's place, until the same is asked again."""
        if state is None:
            yield nothing
            return
        look = Look(engine, words, state, words.lang(request))
        async with aclosing(streaming.in_place(turn, made(look))) as found:
            async for piece in found:
                yield nothing if piece is streaming.HEARTBEAT else piece

    @page.guard(words)
    async def on_move(
        mine: Turns, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        def made(look: Look) -> AsyncIterator[str]:
            return once(look.own(moves.answer(look, event.moves)))

        async with aclosing(answer(mine["moved"], state, request, made, gr.skip())) as found:
            async for piece in found:
                yield piece

    @page.guard(words)
    async def on_strip(
        mine: Turns, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        def made(look: Look) -> AsyncIterator[str]:
            return once(look.own(moves.strip(look, event.moves, event.direction)))

        async with aclosing(answer(mine["strip"], state, request, made, gr.skip())) as found:
            async for piece in found:
                yield piece

    @page.guard(words)
    async def on_send(
        mine: Turns, state: Looked | None, payload: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        def made(look: Look) -> AsyncIterator[str]:
            return look.each(judge.of_picture(look, payload))

        async with aclosing(answer(mine["judged"], state, request, made, None)) as found:
            async for piece in found:
                yield neither if piece is None else (piece, gr.update(visible=True))

    @page.guard(words)
    async def on_back(mine: Turns, state: Looked | None, request: gr.Request) -> AsyncIterator[Any]:
        def made(look: Look) -> AsyncIterator[str]:
            return look.each(judge.verdicts(look, look.looked.point))

        async with aclosing(answer(mine["judged"], state, request, made, None)) as found:
            async for piece in found:
                yield neither if piece is None else (piece, gr.update(visible=False))

    room.select(on_open, [turns, chosen, looked], boxes, **options)
    chosen.change(lambda: f"<span hidden>{secrets.token_hex(4)}</span>", None, news, **page.PRIVATE)
    news.news(on_open, [turns, chosen, looked], boxes, **options)
    sliders.move(on_move, [turns, looked], moved, **options)
    sliders.strip(on_strip, [turns, looked], strip, **options)
    send.upload(on_send, [turns, looked, send], [judged, back], **options)
    back.click(on_back, [turns, looked], [judged, back], **options)
