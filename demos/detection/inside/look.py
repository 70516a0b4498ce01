"""What Look inside looks at: a picture, how it is asked about, and what all steps share."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from demos import models, pictures
from demos.detection import answers
from demos.detection.answers import EVERYDAY, Size, Thing
from demos.language import Say
from inference import Engine

SIDE = 720  #: pixels of the longer side of the picture as this room shows it
#: A box as the page gets it: left, top, right, bottom in pixels of the picture.
Box = Sequence[float]


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture, upright, and the model that answered under Try; None where nothing did yet, and
    the picture is the first example. ``objects``: those that can be picked, once they are known."""

    picture: Image.Image
    key: str | None
    objects: tuple[Thing, ...] = ()
    whole: bool = False  #: whether all of the room was filled with it

    @classmethod
    async def of(cls, engine: Engine, answered: Mapping[str, Any] | None) -> Subject:
        """What Try shows, or what it would open with. Raises a `Refusal`."""
        if answered is not None:
            return cls(answered["picture"], answered["key"])
        example = answers.first_example()
        return cls(await answers.opened(engine, example), None)

    def stays(self, answered: Mapping[str, Any] | None) -> bool:
        """Whether this is still what Try shows."""
        if answered is None:
            return self.key is None
        return self.picture is answered["picture"] and self.key == answered["key"]


class Look:
    """One picture, one language: what every piece of the room needs."""

    def __init__(self, engine: Engine, say: Say, subject: Subject) -> None:
        self.engine, self.say, self.subject = engine, say, subject

    @property
    def size(self) -> Size:
        return self.subject.picture.size

    async def ask(self, key: str, view: str, **options: Any) -> Any:
        """A model's view of the picture. Raises a `Refusal`."""
        pixels = np.array(self.subject.picture)
        return await self.engine.predict(key, pixels, view=view, **options)

    async def loading(self, key: str) -> AsyncGenerator[str, None]:
        """What is waited for until a model is there. Raises a `Refusal`."""
        entry = answers.entry_of(self.engine, key)
        async with aclosing(models.ready(self.engine, entry)) as steps:
            async for progress in steps:
                yield models.waiting(self.say, entry, progress)

    def plain(self, key: str, **fields: Any) -> str:
        """Words of this room, not escaped."""
        return self.say.plain(f"detection.inside.{key}", **fields)

    def named(self, key: str, label: str) -> tuple[str, str]:
        """(a label of a model in the visitor's language, the language that it is in)."""
        return answers.label_in(self.say.lang, answers.entry_of(self.engine, key), label)

    def model(self, key: str) -> str:
        entry = models.found(self.engine, key)
        return self.say.model(entry) if entry else key

    def image(self, alt: str, side: int = SIDE, **fields: Any) -> str:
        """The picture as an ``<img>``. ``alt``: key of its words in this room, with its fields."""
        return pictures.img(pictures.fitted(self.subject.picture, side), self.plain(alt, **fields))

    def head(self) -> str:
        """Which picture is looked at, and by whom."""
        key = self.subject.key
        kind = "example" if key is None else "carried" if key == EVERYDAY else "other"
        told = self.plain(kind, model=self.model(EVERYDAY), other=self.model(key or EVERYDAY))
        small = pictures.img(
            pictures.fitted(self.subject.picture, 160), self.plain("picture"), classes="small"
        )
        return f'<div class="carried">{small}<p>{escape(told)}</p></div>'


def scene(size: Size, alt: str, over: str, image: str = "") -> str:
    """The picture with what lies over it. Without ``image``, the first picture of the room is
    shown: it travels once. ``alt`` is plain text, ``over`` HTML."""
    width, height = size
    shown = image or f'<img data-same alt="{escape(alt)}" width="{width}" height="{height}">'
    return f'<div class="scene" style="--w:{width};--h:{height}">{shown}{over}</div>'


def drawing(size: Size, body: str = "") -> str:
    """An SVG over a scene, in the picture's pixels."""
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" preserveAspectRatio="none" aria-hidden="true">'
        f"{body}</svg>"
    )


def outline(boxes: Sequence[Box]) -> str:
    """Boxes as one path."""
    return "".join(f"M{x0:.1f} {y0:.1f}H{x1:.1f}V{y1:.1f}H{x0:.1f}Z" for x0, y0, x1, y1 in boxes)


def dial(say: Say, name: str, low: float, high: float, step: float, value: float) -> str:
    """A slider of the room, and the line that says what it shows, written by the page's script."""
    # Not wrapped in its label: that would name the <output>, the first of the two in it.
    own = f"dial-{name}"
    return (
        f'<div class="dial"><label for="{own}">{say(f"detection.inside.{name}.slider")}</label>'
        f'<output for="{own}"></output><input type="range" id="{own}" data-dial="{name}" '
        f'min="{low:g}" max="{high:g}" step="{step:g}" value="{value:g}"></div>'
        f'<p class="told"></p>'
    )


def beside(scene: str, told: str) -> str:
    return f'<div class="beside">{scene}<div class="aside">{told}</div></div>'


def packed(value: Any) -> str:
    """JSON for an attribute."""
    return escape(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
