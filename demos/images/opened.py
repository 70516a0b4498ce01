"""What fills the room when it is opened: each piece as soon as it is computed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from html import unescape
from typing import Any

import gradio as gr

from demos import models, page
from demos.images import copy, denoise, judge, layers, moves, replayed
from demos.images.answers import DIFFUSION, GAN
from demos.images.faces import name, tag
from demos.images.look import Look
from inference.errors import Refusal

PLACES = (
    *("looked", "head", "layers", "sliders", "moved", "strip"),
    *("judge_head", "judged", "back", "replay", "denoise", "copy"),
)
EVERY = 0.25  #: seconds between two looks at a bar
HIDDEN = gr.update(visible=False)
#: What stands in the places while nothing is looked at.
EMPTY: dict[str, Any] = dict.fromkeys(PLACES, "") | {
    "looked": None,
    "back": HIDDEN,
}


async def opened(look: Look) -> AsyncIterator[dict[str, Any]]:
    """The pieces that are new, by their places. A piece that is refused says so in its own."""
    say, entries = look.say, look.engine.entries
    yield EMPTY | {"looked": look.looked, "head": head(look)}
    if GAN not in entries:
        yield {"head": head(look) + page.note(unescape(say("images.inside.no_gan")))}
        return
    try:
        async with aclosing(loading(look, GAN)) as bars:
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
        "layers": layers.drawn(say, seen),
        "sliders": moves.drawn(say, look.looked.point),
        "moved": moves.picture(say, seen["image"]),
    }
    yield {"strip": await look.own(moves.strip_of(look, look.looked.point, 0))}
    yield {
        "judge_head": judge.heading(say),
        "replay": replayed.drawn(say, entries[GAN].folder),
    }
    async with aclosing(look.each(judge.verdicts(look, look.looked.point))) as verdicts:
        async for judged in verdicts:
            yield {"judged": judged}
    yield {"copy": await look.of("copy", copy.drawn)}
    if DIFFUSION in entries:
        async with aclosing(denoised(look)) as pieces:
            async for piece in pieces:
                yield {"denoise": piece}
    if not look.refused:
        yield {"looked": replace(look.looked, whole=True)}


async def loading(look: Look, key: str) -> AsyncIterator[str]:
    """What is waited for until a network is there. Raises a `Refusal`."""
    entry = look.engine.entries[key]
    yield models.waiting(look.words.speaker(look.lang), entry, None)
    async with aclosing(models.ready(look.engine, entry)) as steps:
        async for progress in steps:
            yield models.waiting(look.words.speaker(look.lang), entry, progress)


async def denoised(look: Look) -> AsyncIterator[str]:
    """A bar while the network loads, one that counts the steps, then the steps; or the sentence
    that refuses them."""
    told, found = time.monotonic(), None
    try:
        async with aclosing(loading(look, DIFFUSION)) as bars:
            async for bar in bars:
                yield bar
        yield denoise.waiting(look.say)
        async with aclosing(denoise.steps_of(look)) as drawing:
            async for found in drawing:
                if time.monotonic() - told >= EVERY:
                    told = time.monotonic()
                    yield denoise.waiting(look.say, len(found.guesses))
        if found is not None:
            yield denoise.drawn(look.say, found)
    except Refusal as error:
        yield look.refusal(error)


def head(look: Look) -> str:
    """Which face is looked at, and that it is nobody's."""
    image = look.looked.image
    key = "carried_diffusion" if look.looked.key == DIFFUSION else "carried"
    called = unescape(name(look.say, look.looked.point))
    told = look.say(f"images.inside.{key}", face=called)
    shown = '<i class="face"></i>' if image is None else tag(image, called)
    return f'<div class="carried">{shown}<p>{told}</p></div>'
