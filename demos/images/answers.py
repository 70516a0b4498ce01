"""Asking the two networks for faces."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from demos import models
from demos.language import Words
from demos.models import size
from inference.errors import Unfiltered, UnknownModel

TASK = "images"
GAN, DIFFUSION = "images/faces-gan", "images/faces-diffusion"
GENERATOR = "pretrained.images.serve:load"  # what loads a network that draws at once
TOGETHER = 16  # faces of one visitor that wait for a network at the same time
STEPS = 20  # in which the diffusion model draws
EVERY = 0.25  # seconds between two looks of the page at what emerges


@dataclass(frozen=True)
class Drawn:
    """Faces and how long they took, the wait for other visitors included. ``images``: uint8
    [64, 64, 3] each."""

    images: tuple[np.ndarray, ...]
    seconds: float


def painters(engine: Any) -> dict[str, Any]:
    """The models that draw, by key."""
    return {key: entry for key, entry in engine.entries.items() if entry.task == TASK}


def most_together(engine: Any) -> int:
    """How many visitors' events may ask at the same time."""
    return max((entry.max_batch for entry in painters(engine).values()), default=1)


def entry_of(engine: Any, sent: Any) -> Any:
    """A model of this room, as `demos.models.entry_of` finds it.

    Raises:
        Unfiltered: the settings keep it from being served. UnknownModel: there is none.
    """
    try:
        return models.entry_of(TASK, engine, sent)
    except UnknownModel:
        name = str(sent or "").strip()
        key = name if "/" in name else f"{TASK}/{name}"
        if key in engine.withheld:
            raise Unfiltered(model=key) from None
        raise


def yours(engine: Any) -> list[Any]:
    """The models of this room that whoever runs the server has added."""
    ours = (GAN, DIFFUSION)
    return [e for e in painters(engine).values() if not e.hub_id and e.key not in ours]


def at_once(entry: Any) -> bool:
    """Whether a model draws in one go, and has no steps to be followed."""
    return entry.loader == GENERATOR


async def drawn(
    engine: Any, key: str, wanted: Sequence[Mapping[str, Any]], **options: Any
) -> Drawn:
    """The faces of some points. If nobody listens any more, all are given up."""
    began = time.monotonic()
    found: list[np.ndarray] = []
    for start in range(0, len(wanted), TOGETHER):
        group = wanted[start : start + TOGETHER]
        found += [one["image"] for one in await together(engine, key, group, **options)]
    return Drawn(tuple(found), time.monotonic() - began)


async def together(engine: Any, key: str, inputs: Sequence[Any], **options: Any) -> list[Any]:
    """All answers, asked for at once. If one fails, the others are given up."""
    asked = [asyncio.ensure_future(engine.predict(key, one, **options)) for one in inputs]
    try:
        return list(await asyncio.gather(*asked))
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def followed(work: Awaitable[None], every: float) -> AsyncIterator[None]:
    """A sign every so many seconds while something is under way, and one at its end. Given up if
    nobody listens any more; what nobody expected is raised."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=every))[0]:
            yield
        task.result()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def once(work: Awaitable[Any]) -> AsyncIterator[Any]:
    """What is awaited, as the only step of a run."""
    yield await work


def took(words: Words, lang: str, seconds: float) -> str:
    """A time as one says it: "40 ms", "2.1 s"."""
    if seconds < 1:
        return words.say(lang, "images.try.ms", n=max(1, round(seconds * 1000)))
    return words.say(lang, "images.try.s", n=f"{seconds:.1f}")


def by_whom(words: Words, lang: str, entry: Any) -> str:
    """The model and its size: "Faces GAN, 3.3 million weights"."""
    name, weights = words.speaker(lang).model(entry), size(words.speaker(lang), entry.parameters)
    return words.say(lang, "images.try.by", model=name, weights=weights)
