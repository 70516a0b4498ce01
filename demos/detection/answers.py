"""Asking a model what is where in a picture, and turning its answer back to the pixels that were
sent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from PIL import Image

from demos import models, uploads
from pretrained import catalog
from pretrained.classification import imagenet_names
from pretrained.detection.coco_names import CHINESE

TASK = "detection"
EVERYDAY, RCNN = "detection/everyday", "detection/rcnn"
SIDE = 1280  # pixels: of the longest side that a model is shown, finer than any of them looks
LEAST = 0.05  # score below which no model names an object
USUAL = 0.5  # score from which an object is shown, until the visitor says otherwise

Thing = Mapping[str, Any]  # "label", "score", "box" and "mask", as every detector answers
Size = tuple[int, int]

#: A model of this room: `demos.models.entry_of`.
entry_of = partial(models.entry_of, TASK)


@dataclass(frozen=True)
class Found:
    """What one model finds in one picture, highest score first, in the pixels of ``picture``.

    ``picture`` is upright and at most `SIDE` pixels a side; ``sent``: width and height of the file
    that it came from. ``milliseconds`` were measured, queue included.
    """

    key: str
    name: str
    picture: Image.Image
    objects: tuple[Thing, ...]
    milliseconds: float

    @property
    def sent(self) -> Size:
        return tuple(self.picture.info.get("sent", self.picture.size))


def detectors(engine: Any) -> dict[str, Any]:
    """The models of this room, by key."""
    return {key: entry for key, entry in engine.entries.items() if entry.task == TASK}


def usual(engine: Any) -> str:
    """The model that answers until another one is chosen."""
    known = detectors(engine)
    return next((key for key in (EVERYDAY, RCNN) if key in known), next(iter(known), EVERYDAY))


def most_together(engine: Any) -> int:
    """How many visitors' events may ask at the same time."""
    return max((entry.max_batch for entry in detectors(engine).values()), default=1)


async def sent(engine: Any, payload: Mapping[str, Any] | None) -> Image.Image:
    """The picture that somebody sent, upright, at most `SIDE` pixels a side; a line of pixels is
    one, too.

    Raises:
        Refusal: it is none, or one that is too large.
    """
    return await uploads.opened(engine, payload, SIDE, least=1)


async def ask(engine: Any, key: str, picture: Image.Image, name: str = "") -> Found:
    """Load the model if need be, then answer: only the second is timed."""
    await engine.preload(key)
    start = time.perf_counter()
    said = await engine.predict(key, np.array(picture), view="answer")
    milliseconds = (time.perf_counter() - start) * 1000
    return Found(key, name, picture, tuple(said["objects"]), milliseconds)


@lru_cache(maxsize=64)
def _own_chinese(entry: Any) -> Mapping[str, str]:
    names = catalog.labels(entry)
    return dict(zip(names["en"] or (), names["zh"] or (), strict=False))


@lru_cache(maxsize=64)
def _of_imagenet(entry: Any) -> bool:
    """Whether a model names things as ImageNet does: with all names that a kind has."""
    return tuple(catalog.labels(entry)["en"] or ()) == imagenet_names.dataset_names()


@lru_cache(maxsize=1)
def _short() -> Mapping[str, str]:
    return dict(zip(imagenet_names.dataset_names(), imagenet_names.english(), strict=True))


def label_in(lang: str, entry: Any, label: str) -> tuple[str, str]:
    """(a label as the visitor reads it, short; the language that it is in): English where a model
    of the visitor's own has no Chinese names."""
    if lang != "zh":
        return _short().get(label, label) if _of_imagenet(entry) else label, "en"
    chinese = _own_chinese(entry).get(label) or CHINESE.get(label)
    return (chinese, "zh") if chinese else (label, "en")


def looked_for(entry: Any) -> Sequence[str]:
    """The kinds of object that a model names: those of its card, or COCO's."""
    return catalog.labels(entry)["en"] or tuple(CHINESE) if entry.folder else tuple(CHINESE)


def share(thing: Thing, size: Size) -> float:
    """The part of a picture that an object covers, 0..1: its mask, or its box if it has none."""
    width, height = size
    if thing["mask"]:
        from pretrained.detection import rle

        return rle.area(thing["mask"]) / (width * height)
    x0, y0, x1, y1 = thing["box"]
    return max(x1 - x0, 0) * max(y1 - y0, 0) / (width * height)


def as_sent(found: Found, least: float) -> list[dict[str, Any]]:
    """The objects with at least a score, in the pixels of the file as it was sent, seen upright."""
    width, height = found.sent
    across, down = width / found.picture.width, height / found.picture.height
    whole = across == down == 1
    return [
        {
            "label": thing["label"],
            "score": float(thing["score"]),
            "box": _scaled_box(thing["box"], across, down),
            "mask": thing["mask"] if whole else _scaled_mask(thing["mask"], found.sent),
        }
        for thing in found.objects
        if thing["score"] >= least
    ]


def _scaled_box(box: Sequence[float], across: float, down: float) -> list[float]:
    return [float(side) * scale for side, scale in zip(box, (across, down) * 2, strict=True)]


def _scaled_mask(mask: Mapping[str, Any] | None, size: Size) -> dict[str, Any] | None:
    """A mask over a picture of another size: each pixel is what its middle falls on. The runs are
    scaled, column by column: the larger picture is never laid out."""
    if mask is None:
        return None
    from pretrained.detection import rle

    pixels = rle.decode(dict(mask))
    (high, wide), (width, height) = pixels.shape, size
    columns, *edges = rle.edges(pixels)
    begin, end = (-((high - 2 * row * height) // (2 * high)) for row in edges)
    source = (2 * np.arange(width) + 1) * wide // (2 * width)  # the column that each is taken from
    first = np.searchsorted(columns, source)
    many = np.searchsorted(columns, source, side="right") - first  # its runs
    offset = np.repeat(np.arange(width) * height, many)
    run = np.arange(len(offset)) + np.repeat(first - np.cumsum(many) + many, many)
    begin, end = begin[run] + offset, end[run] + offset
    return rle.of_runs(begin[begin < end], end[begin < end], height, width)
