"""The face that is looked at, and how the networks are asked about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demos import page
from demos.images.answers import GAN
from demos.images.asked import COUNT, SEED, Asked, linked
from demos.images.points import Point
from demos.language import Say, Words
from inference.errors import Refusal

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Looked:
    """A face: its point, the model that drew it under Try, and its pixels, uint8 [64, 64, 3]; no
    pixels where Try has not drawn yet. ``whole``: all of the room was filled with it."""

    point: Mapping[str, Any]
    key: str
    image: Pixels | None = None
    whole: bool = False

    @classmethod
    def at(cls, chosen: Mapping[str, Any] | None, query: str = "") -> Looked:
        """What was picked under Try, or what Try opens with at this link."""
        if chosen is None:
            return cls(opening(query), GAN)
        return cls(chosen["point"], chosen["key"], chosen["image"])

    def same(self, other: Looked | None) -> bool:
        return other is not None and (self.point, self.key) == (other.point, other.key)


def opening(query: str) -> Point:
    """The face that is picked when Try opens at a link; of a broken one, what Try opens with."""
    try:
        asked, _ = linked(query)
    except Refusal:
        asked = Asked(SEED, COUNT)
    return asked.face or asked.points[0]


class Look:
    """One face, one language: what every piece of the room needs."""

    def __init__(self, engine: Any, words: Words, looked: Looked, lang: str) -> None:
        self.engine, self.words, self.looked, self.lang = engine, words, looked, lang
        self.say = words.speaker(lang)
        self.refused = False  #: whether any piece was

    async def ask(self, view: str, one: Mapping[str, Any] | None = None) -> Any:
        """The GAN's view of the face, or of another point or picture. Raises a `Refusal`."""
        return await self.engine.predict(GAN, one or self.looked.point, view=view)

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

    async def each(self, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
        """Pieces that take one another's place, or the sentence that refuses the rest."""
        try:
            async with aclosing(pieces) as found:
                async for piece in found:
                    yield piece
        except Refusal as error:
            yield self.refusal(error)

    def refusal(self, error: Refusal) -> str:
        self.refused = True
        return page.refusal(self.words.speaker(self.lang), error)


def part(say: Say, name: str, body: str, **fields: Any) -> str:
    """A part of the room: heading, what it is about (filled in with ``fields``), what to see."""
    key = f"images.inside.{name}"
    return (
        f'<section class="step step-{name}"><h2>{say(f"{key}.title")}</h2>'
        f'<p class="quiet">{say(f"{key}.text", **fields)}</p>{body}</section>'
    )
