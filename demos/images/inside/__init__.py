"""Look inside: the room, its wires, and what fills it when it is opened, each piece as soon as it
is computed."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from html import unescape
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.images.answers import GAN, OURS, asked, entry_of, most_together
from demos.images.faces import name, tag
from demos.images.inside import copies, diffusion, discriminator, generator, replay
from demos.images.inside.look import PLAYER, Look, Looked
from demos.language import Words
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal

# A face that is picked while the room is open is looked at too; one that is picked elsewhere waits
# for the room to be opened.
NEWS = "watch('value', () => element.offsetParent && trigger('news'));"
#: Whatever may be asked while the rest is computed has a place of its own.
OWN = ("moved", "strip", "verdict")
Places = Mapping[str, Latest]
PLACES = (
    *("looked", "head", "layers", "sliders", "moved", "strip"),
    *("discriminator_head", "verdict", "back", "replay", "denoise", "copy"),
)
EVERY = 0.25  #: seconds between two looks at a bar
#: What stands in the places while nothing is looked at.
EMPTY: dict[str, Any] = dict.fromkeys(PLACES, "") | {
    "looked": None,
    "back": gr.update(visible=False),
}


def build(engine: Engine, words: Words, chosen: gr.State, room: gr.Tab) -> None:
    """``chosen`` holds {"point", "key", "image"} of the face that was picked."""
    looked = gr.State(None)
    head = gr.HTML(js_on_load=None, elem_id="look-images-head")
    layers = gr.HTML(js_on_load=None, elem_id="look-layers")
    with gr.Column(elem_classes="moved-face"):
        sliders = gr.HTML(js_on_load=generator.SCRIPT, elem_id="look-moves")
        moved = gr.HTML(js_on_load=None, elem_id="look-moved")
    strip = gr.HTML(js_on_load=None, elem_id="look-strip")
    discriminator_head = gr.HTML(js_on_load=None, elem_id="look-discriminator")
    with gr.Row(elem_classes="actions", elem_id="discriminator-ask"):
        send = gr.UploadButton(
            words("images.inside.discriminator.send"),  # type: ignore[arg-type]
            file_types=["image"],
            elem_id="discriminator-picture",
        )
        back = gr.Button(
            words("images.inside.discriminator.back"), visible=False, elem_id="discriminator-back"
        )
    page.upload_guard(
        words,
        "discriminator-picture",
        "look-verdict",
        engine.settings.max_upload_mb,
        "error.picture_empty",
        "error.picture_unreadable",
    )
    verdict = gr.HTML(js_on_load=discriminator.SCRIPT, elem_id="look-verdict")
    replayed = gr.HTML(js_on_load=PLAYER, elem_id="look-replay")
    denoise = gr.HTML(js_on_load=PLAYER, elem_id="look-denoise")
    copy = gr.HTML(js_on_load=None, elem_id="look-copy")
    news = gr.HTML(js_on_load=NEWS, elem_classes="on-sight")
    places = gr.State({name: Latest() for name in ("face", *OWN)})
    boxes = [
        *(looked, head, layers, sliders, moved, strip),
        *(discriminator_head, verdict, back, replayed, denoise, copy),
    ]
    neither = (gr.skip(), gr.skip())
    options: dict[str, Any] = {"concurrency_limit": most_together(engine), **page.PRIVATE}
    options |= {"trigger_mode": "multiple", "preprocess": False}

    @streaming.event(
        words,
        nothing=(gr.skip(),) * len(PLACES),
        broken=tuple(EMPTY.values()),
        latest=lambda mine: mine["face"],
    )
    def on_open(
        mine: Places, now: Mapping[str, Any] | None, before: Looked | None, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        face = Looked.at(now, str(request.query_params), asked(engine, request))
        if face.same(before) and before and (before.whole or mine["face"].under_way):
            return None
        return filling(mine, Look(engine, words.speaker(request), face))

    @streaming.event(words, nothing=gr.skip(), latest=lambda mine: mine["moved"])
    def on_move(
        mine: Places, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[str] | None:
        if state is None:
            return None
        look = Look(engine, words.speaker(request), state)
        return streaming.once(look.own(generator.moved_face(look, event.moves)))

    @streaming.event(words, nothing=gr.skip(), latest=lambda mine: mine["strip"])
    def on_strip(
        mine: Places, state: Looked | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[str] | None:
        if state is None:
            return None
        look = Look(engine, words.speaker(request), state)
        return streaming.once(look.own(generator.strip(look, event.moves, event.direction)))

    @streaming.event(words, nothing=neither, latest=lambda mine: mine["verdict"])
    def on_send(
        mine: Places, state: Looked | None, payload: Any, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if state is None:
            return None
        look = Look(engine, words.speaker(request), state)
        return beside_back(look.each(discriminator.of_picture(look, payload)), True)

    @streaming.event(words, nothing=neither, latest=lambda mine: mine["verdict"])
    def on_back(
        mine: Places, state: Looked | None, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if state is None:
            return None
        look = Look(engine, words.speaker(request), state)
        return beside_back(look.each(discriminator.verdicts(look, look.looked.point)), False)

    room.select(on_open, [places, chosen, looked], boxes, **options)
    chosen.change(lambda: f"<span hidden>{secrets.token_hex(4)}</span>", None, news, **page.PRIVATE)
    news.news(on_open, [places, chosen, looked], boxes, **options)
    sliders.move(on_move, [places, looked], moved, **options)
    sliders.strip(on_strip, [places, looked], strip, **options)
    send.upload(on_send, [places, looked, send], [verdict, back], **options)
    back.click(on_back, [places, looked], [verdict, back], **options)


async def filling(mine: Places, look: Look) -> AsyncGenerator[tuple[Any, ...], None]:
    """The places of the room as they are filled, but for those in which the visitor has asked for
    something else meanwhile."""
    taken = {name: mine[name].take() for name in OWN}
    async with aclosing(opened(look)) as found:
        async for pieces in found:
            yield tuple(
                gr.skip()
                if name in OWN and mine[name].cancellation is not taken[name]
                else pieces.get(name, gr.skip())
                for name in PLACES
            )


async def beside_back(
    verdicts: AsyncGenerator[str, None], own: bool
) -> AsyncGenerator[tuple[str, Any], None]:
    """Verdicts, and whether there is a way back from a picture of the visitor's own."""
    async with aclosing(verdicts) as found:
        async for verdict in found:
            yield verdict, gr.update(visible=own)


async def opened(look: Look) -> AsyncGenerator[dict[str, Any], None]:
    """The pieces that are new, by their places. A piece that is refused says so in its own."""
    say, entries = look.say, look.engine.entries
    yield EMPTY | {"looked": look.looked, "head": head(look)}
    if look.gan == GAN and GAN not in entries:
        yield {"head": head(look) + page.note(unescape(say("images.inside.no_gan")))}
        return
    try:
        async with aclosing(loading(look, look.gan)) as bars:
            async for bar in bars:
                yield {"head": head(look) + bar}
        seen = await look.ask("layers")
    except Refusal as error:
        yield {"head": head(look) + look.refusal(error)}
        return
    if look.looked.image is None:
        look.looked = replace(look.looked, image=seen["image"])
    yield {
        "looked": look.looked,
        "head": head(look),
        "layers": generator.layers(say, seen),
        "sliders": generator.sliders(say, look.looked.point),
        "moved": generator.picture(say, seen["image"]),
    }
    yield {"strip": await look.own(generator.strip_of(look, look.looked.point, 0))}
    yield {
        "discriminator_head": discriminator.heading(say),
        "replay": replay.drawn(say, entry_of(look.engine, look.gan).folder),
    }
    async with aclosing(look.each(discriminator.verdicts(look, look.looked.point))) as verdicts:
        async for verdict in verdicts:
            yield {"verdict": verdict}
    yield {"copy": await look.of("copy", copies.drawn)}
    if models.found(look.engine, look.diffusion):
        async with aclosing(denoised(look)) as pieces:
            async for piece in pieces:
                yield {"denoise": piece}
    if not look.refused:
        yield {"looked": replace(look.looked, whole=True)}


async def loading(look: Look, key: str) -> AsyncGenerator[str, None]:
    """What is waited for until a network is there. Raises a `Refusal`."""
    entry = entry_of(look.engine, key)
    yield models.waiting(look.say, entry, None)
    async with aclosing(models.ready(look.engine, entry)) as steps:
        async for progress in steps:
            yield models.waiting(look.say, entry, progress)


async def denoised(look: Look) -> AsyncGenerator[str, None]:
    """A bar while the network loads, one that counts the steps, then the steps; or the sentence
    that refuses them."""
    told, found = time.monotonic(), None
    try:
        async with aclosing(loading(look, look.diffusion)) as bars:
            async for bar in bars:
                yield bar
        yield diffusion.waiting(look.say)
        async with aclosing(diffusion.steps_of(look)) as drawing:
            async for found in drawing:
                if time.monotonic() - told >= EVERY:
                    told = time.monotonic()
                    yield diffusion.waiting(look.say, len(found.guesses))
        if found is not None:
            yield diffusion.drawn(look.say, found, look.diffusion)
    except Refusal as error:
        yield look.refusal(error)


def head(look: Look) -> str:
    """Which face is looked at, and that it is nobody's; of a visitor's own model which picture."""
    image, key = look.looked.image, look.looked.key
    called = unescape(name(look.say, look.looked.point, key))
    words = "images.inside" if key in OURS else "images.own"
    carried = "carried_diffusion" if key == look.diffusion else "carried"
    told = look.say(f"{words}.{carried}", face=called)
    shown = '<i class="face"></i>' if image is None else tag(image, called)
    return f'<div class="carried">{shown}<p>{told}</p></div>'
