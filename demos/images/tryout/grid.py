"""What the grid holds: from what a visitor or a link asks for to what the page shows of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from demos import models, page
from demos.images import answers, faces, points
from demos.images.answers import Pixels
from demos.images.faces import Gallery
from demos.images.points import Point
from demos.images.tryout import walk
from demos.language import Say
from demos.models import ready, waiting
from inference import Engine
from inference.errors import Refusal

#: What the page opens with: the first seeds, chosen by nothing but their number; the most faces in
#: the grid.
SEED, COUNT, MOST = 0, 16, 16
#: The one of these that is picked at first, since it shows what the model can do.
OPENED = 7


@dataclass(frozen=True)
class Asked:
    """What the grid is to hold: faces of seeds in a row at a ``truncation``, or of such like
    ``near``; and the ``face`` to pick, which need not be in it: `picked` where it is None.
    ``key``: of the model that draws."""

    seed: int
    count: int
    near: Point | None = None
    face: Point | None = None
    truncation: float = points.TRUNCATION
    key: str = answers.GAN

    @property
    def points(self) -> list[Point]:
        if self.near:
            return points.nearby(self.near, self.seed, self.count)
        return points.several(self.seed, self.count, self.truncation)

    @property
    def picked(self) -> int:
        """Which of the points is picked where no face is named."""
        ours = (self.seed, self.count, self.near, self.key) == (SEED, COUNT, None, answers.GAN)
        return OPENED if ours else 0


@dataclass(frozen=True)
class Drawing:
    """A moment of the grid: a bar while there is nothing yet, then everything."""

    bar: str
    grid: str = ""
    line: str = ""
    one: str = ""
    gallery: Gallery | None = None
    chosen: dict[str, Any] | None = None


async def drawing(engine: Engine, say: Say, asked: Asked) -> AsyncGenerator[Drawing, None]:
    """From what was asked to what the page shows, a refusal included."""
    try:
        entry = answers.entry_of(engine, asked.key)
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield Drawing(waiting(say, entry, progress))
        wanted = asked.points
        drawn = await answers.drawn(engine, entry.key, wanted)
        now = Gallery(
            asked.seed, tuple(wanted), drawn.images, asked.near, asked.truncation, entry.key
        )
        at: int | None = asked.picked
        point, image = wanted[asked.picked], drawn.images[asked.picked]
        if asked.face and asked.face in wanted:
            at = wanted.index(asked.face)
            point, image = wanted[at], drawn.images[at]
        elif asked.face:
            at, point = None, asked.face
            image = (await answers.drawn(engine, entry.key, [point])).images[0]
    except Refusal as error:
        yield Drawing(page.refusal(say, error))
        return
    told = say.plain(
        "images.try.line" if answers.at_once(entry) else "images.try.line_steps",
        steps=answers.STEPS,
        count=len(wanted),
        time=models.took(say, drawn.seconds),
        by=answers.by_whom(say, entry),
    )
    html = await asyncio.to_thread(faces.grid, say, now, at)
    one = faces.picked(say, point, image, now)
    yield Drawing("", html, page.quiet(told), one, now, held(now, point, image))


def held(now: Gallery, point: Point, image: Pixels) -> dict[str, Any]:
    """The face that was picked, for the other rooms."""
    return {"point": point, "key": now.key, "image": image}


def linked(query: str, usual: int = COUNT) -> tuple[Asked, tuple[Point, ...]]:
    """What a link asks for: (the grid and the face picked in it, the stops of the walk). ``usual``:
    how many faces where it does not say.

    Raises:
        BadPoint, BadSeed, BadCount, TooManyStops: it is broken.
    """
    fields = {name: values[-1] for name, values in parse_qs(query.lstrip("?")[:4_000]).items()}
    truncation = points.TRUNCATION
    if "variety" in fields:
        truncation = points.checked_truncation(fields["variety"])

    def point(text: str) -> Point:
        """A face of the link; one that says nothing of truncation has the grid's."""
        return {"truncation": truncation} | points.parse(text)

    face = point(fields["face"]) if "face" in fields else None
    near = point(fields["near"]) if "near" in fields else None
    seed = SEED
    if "seed" in fields:
        seed = points.checked_seed(fields["seed"])
    elif face and face == points.single(face["mix"][0][0], truncation):
        seed = face["mix"][0][0]
    count = points.checked_count(fields["count"], MOST) if "count" in fields else usual
    stops = walk.parse(fields["walk"], point) if "walk" in fields else ()
    return Asked(seed, count, near, face, truncation), stops
