"""The face that is looked at, how the networks are asked about it, and what every part of the room
is made of.

Frames to be leafed through have a slider and a button, moved by the browser alone:
`images_inside.js` sets ``--frame``; strips of frames (`film`) and whatever else reads that variable
follow. The sentence of each frame is written here, so that the script knows none.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

from demos import models, page
from demos.images.answers import DENOISER, DIFFUSION, GAN, Pixels, at_once
from demos.images.points import Point
from demos.images.tryout.grid import COUNT, SEED, Asked, linked
from demos.language import Say
from inference import Engine
from inference.errors import Refusal

PLAYER = """import(new URL('house/images_inside.js', document.baseURI))
  .then((inside) => inside.mountPlayer(element, watch));"""


@dataclass(frozen=True, eq=False)
class Looked:
    """A face: its point, the model that drew it under Try, and its pixels; no
    pixels where Try has not drawn yet. ``whole``: all of the room was filled with it."""

    point: Mapping[str, Any]
    key: str
    image: Pixels | None = None
    whole: bool = False

    @classmethod
    def at(cls, chosen: Mapping[str, Any] | None, query: str = "", key: str = GAN) -> Looked:
        """What was picked under Try, or what Try opens with at this link, drawn by ``key``."""
        if chosen is None:
            return cls(opening(query), key)
        return cls(chosen["point"], chosen["key"], chosen["image"])

    def same(self, other: Looked | None) -> bool:
        return other is not None and (self.point, self.key) == (other.point, other.key)


def opening(query: str) -> Point:
    """The face that is picked when Try opens at a link; of a broken one, what Try opens with."""
    try:
        asked, _ = linked(query)
    except Refusal:
        asked = Asked(SEED, COUNT)
    return asked.face or asked.points[asked.picked]


class Look:
    """One face, one language: what every piece of the room needs."""

    def __init__(self, engine: Engine, say: Say, looked: Looked) -> None:
        self.engine, self.say, self.looked = engine, say, looked
        self.refused = False  #: whether any piece was

    @property
    def gan(self) -> str:
        """The key of the GAN that is looked into: the one that drew the face, or ours."""
        if self.looked.key == GAN:
            return GAN
        entry = models.found(self.engine, self.looked.key)
        return self.looked.key if entry and at_once(entry) else GAN

    @property
    def diffusion(self) -> str:
        """The key of the diffusion model that is looked into: who drew the face, or ours."""
        entry = models.found(self.engine, self.looked.key)
        return self.looked.key if entry and entry.loader == DENOISER else DIFFUSION

    async def ask(self, view: str, one: Mapping[str, Any] | None = None) -> Any:
        """The GAN's view of the face, or of another point or picture. Raises a `Refusal`."""
        return await self.engine.predict(self.gan, one or self.looked.point, view=view)

    async def of(self, view: str, made: Callable[[Say, Any], str]) -> str:
        """A piece of the room made of one answer, or the sentence that refuses it."""

        async def piece() -> str:
            return made(self.say, await self.ask(view))

        return await self.own(piece())

    async def own(self, piece: Awaitable[str]) -> str:
        try:
            return await piece
        except Refusal as error:
            return self.refusal(error)

    async def each(self, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
        """Pieces that take one another's place, or the sentence that refuses the rest."""
        try:
            async with aclosing(pieces) as found:
                async for piece in found:
                    yield piece
        except Refusal as error:
            yield self.refusal(error)

    def refusal(self, error: Refusal) -> str:
        self.refused = True
        return page.refusal(self.say, error)


def player(say: Say, name: str, body: str, said: Sequence[str]) -> str:
    """``body`` above a slider over ``len(said)`` frames that begins at the last. ``said``: what is
    told of each, plain text. ``name``: of the label."""
    last = len(said) - 1
    told = escape(json.dumps(list(said), ensure_ascii=False))
    return (
        f'<div class="player" data-player data-said="{told}" '
        f'style="--frame:{last};--frames:{len(said)}">{body}<div class="time">'
        f'<button type="button" class="ghost" data-play data-pause="{say("images.inside.pause")}">'
        f"{say('images.inside.play')}</button>"
        f'<input type="range" min="0" max="{last}" step="1" value="{last}" '
        f'aria-label="{say(f"images.inside.{name}.slider")}" '
        f'aria-valuetext="{escape(said[last])}"></div>'
        f'<p class="quiet told">{escape(said[last])}</p></div>'
    )


def film(image: str, caption: str) -> str:
    """A window on a strip of square frames, below one another. ``image``: its ``<img>``."""
    return f'<figure><div class="film">{image}</div><figcaption>{caption}</figcaption></figure>'
