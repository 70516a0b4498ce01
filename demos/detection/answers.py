"""The pictures that are looked at, a model asked what is where in one, and what it calls things."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from PIL import Image

from demos import models, pictures, uploads
from demos.examples import Example
from inference import Engine
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.classification import imagenet_names
from pretrained.detection.coco_names import CHINESE

TASK = "detection"
EVERYDAY, RCNN = "detection/everyday", "detection/rcnn"
SIDE = 1280  # pixels: of the longest side that a model is shown, finer than any of them looks
LEAST = 0.05  # score below which no model names an object
USUAL = 0.5  # score from which an object is shown, until the visitor says otherwise
LEAST_SHOWN, MOST_SHOWN = 5, 95  # percent between which the visitor may say so
GRADIO, SKIMAGE = "gradio", "skimage"
#: Three that our own network answers rightly, and one that fools it: to it a cheetah is a cat.
EXAMPLES = (
    Example("astronaut", SKIMAGE, "data/astronaut.png"),
    Example("photographer", SKIMAGE, "data/camera.png"),
    Example("cat", SKIMAGE, "data/chelsea.png"),
    Example("cheetah", GRADIO, "media_assets/images/cheetah1.jpg", fools=True),
)

Payload = Mapping[str, Any]  # a file as Gradio sends it, or {"example": its name}
Thing = Mapping[str, Any]  # "label", "score", "box" and "mask", as every detector answers
Size = tuple[int, int]

#: A model of this tab: `demos.models.entry_of`.
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
        width, height = self.picture.info.get("sent", self.picture.size)
        return width, height


def detectors(engine: Engine) -> dict[str, Entry]:
    """The models of this tab, by key."""
    return models.of_task(engine, TASK)


def usual(engine: Engine) -> str:
    """The model that answers until another one is chosen."""
    known = detectors(engine)
    return next((key for key in (EVERYDAY, RCNN) if key in known), next(iter(known), EVERYDAY))


def first_example() -> Payload | None:
    """The example that opens the page; None where none is installed."""
    return next(({"example": example.name} for example in EXAMPLES if example.path), None)


async def opened(engine: Engine, payload: Payload | None) -> Image.Image:
    """A picture that somebody sent, or an example: upright, at most `SIDE` pixels a side; a line of
    pixels is one, too.

    Raises:
        Refusal: it is none, or one that is too large.
    """
    name = (payload or {}).get("example")
    if name is None:
        return await uploads.opened(engine, payload, SIDE, least=1)
    path = next((example.path for example in EXAMPLES if example.name == name), None)
    if path is None:
        raise pictures.BadPicture("picture_missing")
    return await asyncio.to_thread(pictures.open_picture, path, max_side=SIDE)


async def ask(engine: Engine, key: str, picture: Image.Image, name: str = "") -> Found:
    """Load the model if need be, then answer: only the second is timed."""
    await engine.preload(key)
    answered = await engine.ask(key, np.array(picture), view="answer")
    milliseconds = (answered.queue_s + answered.compute_s) * 1000
    return Found(key, name, picture, tuple(answered.value["objects"]), milliseconds)


@lru_cache(maxsize=64)
def _own_chinese(entry: Entry) -> Mapping[str, str]:
    names = catalog.labels(entry)
    return dict(zip(names["en"] or (), names["zh"] or (), strict=False))


@lru_cache(maxsize=64)
def _of_imagenet(entry: Entry) -> bool:
    """Whether a model names things as ImageNet does: with all names that a kind has."""
    return tuple(catalog.labels(entry)["en"] or ()) == imagenet_names.dataset_names()


@lru_cache(maxsize=1)
def _short() -> Mapping[str, str]:
    return dict(zip(imagenet_names.dataset_names(), imagenet_names.english(), strict=True))


def label_in(lang: str, entry: Entry, label: str) -> tuple[str, str]:
    """(a label as the visitor reads it, short; the language that it is in): English where a model
    of the visitor's own has no Chinese names."""
    if lang != "zh":
        return _short().get(label, label) if _of_imagenet(entry) else label, "en"
    chinese = _own_chinese(entry).get(label) or CHINESE.get(label)
    return (chinese, "zh") if chinese else (label, "en")


def looked_for(entry: Entry) -> Sequence[str]:
    """The kinds of object that a model names: those of its card, or COCO's."""
    return catalog.labels(entry)["en"] or tuple(CHINESE) if entry.folder else tuple(CHINESE)
