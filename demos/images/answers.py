"""Asking the two networks for faces, and how the page calls what they drew with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demos import models
from demos.language import Say
from demos.models import size
from inference import Engine
from inference.errors import Unfiltered, UnknownModel
from pretrained.catalog import Entry

TASK = "images"
GAN, DIFFUSION = "images/faces-gan", "images/faces-diffusion"
#: The models that draw faces; what others draw, only who trained them knows.
OURS = (GAN, DIFFUSION)
GENERATOR = "pretrained.images.serve:load"  # what loads a network that draws at once
DENOISER = "pretrained.images.serve_diffusion:load"  # and one that draws in steps
TOGETHER = 16  # faces of one visitor that wait for a network at the same time
STEPS = 20  # in which the diffusion model draws

Pixels = NDArray[np.uint8]  #: [64, 64, 3] of a face


@dataclass(frozen=True)
class Drawn:
    """Faces and how long they took, the wait for other visitors included."""

    images: tuple[Pixels, ...]
    seconds: float


def entries(engine: Engine) -> dict[str, Entry]:
    """The models that draw, by key."""
    return of_task(engine.entries)


def withheld(engine: Engine) -> dict[str, Entry]:
    """Those that the settings keep from being served."""
    return of_task(engine.withheld)


def of_task(known: Mapping[str, Any]) -> dict[str, Entry]:
    """Those of some models that draw."""
    return {key: entry for key, entry in known.items() if entry.task == TASK}


def most_together(engine: Engine) -> int:
    """How many visitors' events may ask at the same time."""
    return models.most_together(entries(engine).values())


def entry_of(engine: Engine, sent: object) -> Entry:
    """A model of this tab, as `demos.models.entry_of` finds it.

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


def yours(engine: Engine) -> list[Entry]:
    """The models of this tab that whoever runs the server has added."""
    return [e for e in entries(engine).values() if not e.hub_id and e.key not in OURS]


def drawers(engine: Engine) -> dict[str, Entry]:
    """The models that the grid may be drawn by, by key: all of this machine but those of the Hub,
    which have a part of their own."""
    return {key: entry for key, entry in entries(engine).items() if not entry.hub_id}


def asked(engine: Engine, request: Any) -> str:
    """The key of the model that the grid is drawn by: our GAN, or one that somebody trained, by the
    page's address."""
    own = named(engine, request)
    return own.key if own else GAN


def named(engine: Engine, request: Any) -> Entry | None:
    """The model that the page's address names, where the grid may be drawn by it."""
    own = models.asked(TASK, engine, request)
    return own if own and not own.hub_id else None


def drawer(engine: Engine, sent: object) -> Entry:
    """The model that the grid is to be drawn by.

    Raises:
        UnknownModel: there is none of this key, or it is one of the Hub. Unfiltered: see above.
    """
    entry = entry_of(engine, sent)
    if entry.hub_id:
        raise UnknownModel(model=entry.key)
    return entry


def at_once(entry: Entry) -> bool:
    """Whether a model draws in one go, and has no steps to be followed."""
    return entry.loader == GENERATOR


async def drawn(
    engine: Engine, key: str, wanted: Sequence[Mapping[str, Any]], **options: Any
) -> Drawn:
    """The faces of some points. If nobody listens any more, all are given up."""
    began = time.monotonic()
    found: list[Pixels] = []
    for start in range(0, len(wanted), TOGETHER):
        group = wanted[start : start + TOGETHER]
        found += [one["image"] for one in await together(engine, key, group, **options)]
    return Drawn(tuple(found), time.monotonic() - began)


async def together(engine: Engine, key: str, inputs: Sequence[Any], **options: Any) -> list[Any]:
    """All answers, asked for at once. If one fails, the others are given up."""
    asked = [asyncio.ensure_future(engine.predict(key, one, **options)) for one in inputs]
    try:
        return list(await asyncio.gather(*asked))
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def by_whom(say: Say, entry: Entry) -> str:
    """The model and its size: "Faces GAN, 3.3 million weights"."""
    weights = size(say, entry.parameters)
    return say.plain("images.try.by", model=say.model(entry), weights=weights)
