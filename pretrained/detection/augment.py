"""Training pictures made from others: zoomed, cut, mirrored, relit, with objects pasted in.

Pasting is the simple one of Ghiasi et al. 2021 (arXiv 2012.07177): an object is cut out along its
mask and put anywhere at any size; what it covers is covered in the labels too, by its mask or, of
an object without one, by its box. A region of which nothing is known stays one where it is covered:
of what is pasted there the object is learnt, but not the background.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image

from pretrained.detection import rle
from pretrained.detection.data import Scene, Thing

#: Least share of an object that must still be seen; of one that is less seen nothing is learnt.
SEEN = 0.3
#: Least width and height in pixels of an object that is learnt from.
TINY = 3.0


@dataclass
class Part:
    """One object on the canvas: label, box [4], its mask bool [H, W] or None, the pixels or area
    that it would have if nothing hid it, and, where it has no mask, what lies on it, bool [H, W]
    each."""

    label: str
    box: np.ndarray
    mask: np.ndarray | None
    whole: float
    covers: list[np.ndarray] = field(default_factory=list)

    def seen(self, box: np.ndarray) -> float:
        """The share of it that is seen, ``box`` being what is left of its box."""
        if self.mask is not None:
            return float(self.mask.sum()) / max(self.whole, 1.0)
        left = float(np.prod(np.maximum(box[2:] - box[:2], 0)))
        if self.covers and left:
            x0, y0 = np.floor(box[:2]).astype(int).tolist()
            x1, y1 = np.ceil(box[2:]).astype(int).tolist()
            left *= 1 - float(np.any(self.covers, axis=0)[y0:y1, x0:x1].mean())
        return left / max(self.whole, 1.0)


@dataclass
class Canvas:
    """A picture in the making: pixels uint8 [H, W, 3], objects, regions [4] of which nothing is
    known, whether nothing is known outside the objects, the kinds that are labelled (None: all)."""

    pixels: np.ndarray
    parts: list[Part]
    ignore: list[np.ndarray]
    partial: bool
    kinds: frozenset[str] | None = None


def laid(
    scene: Scene, picture: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> Canvas:
    """A picture zoomed, moved and perhaps mirrored onto a grey canvas of ``size`` (width, height).

    A quarter of the pictures shrink to as little as 0.6 of what fits, the rest grow to as much as
    1.8 times and lose what stands out.
    """
    width, height = size
    fit = min(width / scene.width, height / scene.height)
    shrunk = rng.random() < 0.25
    zoom = fit * (rng.uniform(0.6, 1.0) if shrunk else 1.8 ** rng.random())
    wide, high = max(1, round(scene.width * zoom)), max(1, round(scene.height * zoom))
    left, top = (
        int(rng.integers(min(0, room), max(0, room) + 1)) for room in (width - wide, height - high)
    )
    mirrored = rng.random() < 0.5
    pixels = np.full((height, width, 3), 116, np.uint8)
    shown = Image.fromarray(picture).resize((wide, high), Image.Resampling.BILINEAR)
    _put(pixels, _turned(np.asarray(shown), mirrored), left, top)
    canvas = Canvas(pixels, [], [], scene.partial, scene.kinds)
    for thing in scene.things:
        x0, y0, x1, y1 = (
            np.array(thing.box)
            * (wide, high, wide, high)
            / (
                scene.width,
                scene.height,
                scene.width,
                scene.height,
            )
        )
        if mirrored:
            x0, x1 = wide - x1, wide - x0
        box = np.array([x0 + left, y0 + top, x1 + left, y1 + top])
        if thing.crowd:
            canvas.ignore.append(box)
            continue
        mask, whole = None, (x1 - x0) * (y1 - y0)
        if thing.mask is not None:
            small = Image.fromarray(rle.decode(thing.mask)).resize((wide, high), 0)
            full = _turned(np.asarray(small), mirrored)
            mask, whole = np.zeros((height, width), bool), float(full.sum())
            _put(mask, full.astype(bool), left, top)
        canvas.parts.append(Part(thing.label, box, mask, whole))
    return canvas


def _turned(array: np.ndarray, mirrored: bool) -> np.ndarray:
    return array[:, ::-1] if mirrored else array


def _put(onto: np.ndarray, array: np.ndarray, left: int, top: int) -> None:
    """Lay one array on another, what stands out cut off."""
    high, wide = onto.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + array.shape[1], wide), min(top + array.shape[0], high)
    if x1 > x0 and y1 > y0:
        onto[y0:y1, x0:x1] = array[y0 - top : y1 - top, x0 - left : x1 - left]


def paste(canvas: Canvas, thing: Thing, picture: np.ndarray, rng: np.random.Generator) -> None:
    """Cut an object out of another picture and lay it on the canvas, at a random size and place."""
    assert thing.mask is not None
    height, width = canvas.pixels.shape[:2]
    x0, y0, x1, y1 = (round(side) for side in thing.box)
    cut = picture[y0:y1, x0:x1]
    if not cut.size:
        return
    longest = max(cut.shape[:2])
    zoom = min(width, height) * rng.uniform(0.2, 0.95) / longest
    zoom = min(zoom, 2.0)
    wide, high = (max(2, round(side * zoom)) for side in (cut.shape[1], cut.shape[0]))
    mask = Image.fromarray(rle.decode(thing.mask)[y0:y1, x0:x1] * 255)
    shape = np.asarray(mask.resize((wide, high), Image.Resampling.BILINEAR)) > 127
    shown = np.asarray(Image.fromarray(cut).resize((wide, high), Image.Resampling.BILINEAR))
    if rng.random() < 0.5:
        shape, shown = shape[:, ::-1], shown[:, ::-1]
    left = int(rng.integers(0, max(width - wide, 0) + 1))
    top = int(rng.integers(0, max(height - high, 0) + 1))
    shape, shown = shape[: height - top, : width - left], shown[: height - top, : width - left]
    inside = np.zeros((height, width), bool)
    inside[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    if inside.sum() < TINY**2:
        return
    canvas.pixels[inside] = shown[shape]
    for part in canvas.parts:
        if part.mask is not None:
            part.mask &= ~inside
        else:
            part.covers.append(inside)
    box = np.array([left, top, left + shape.shape[1], top + shape.shape[0]], float)
    canvas.parts.append(Part(thing.label, box, inside, float(inside.sum())))


def relit(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lighter or darker, of more or less contrast and colour, a little: float [H, W, 3] in 0..1."""
    light, contrast, colour = rng.uniform(0.75, 1.3, 3).tolist()
    x = pixels.astype(np.float32) / 255
    grey = x.mean(2, keepdims=True)
    x = (grey + (x - grey) * colour) * light
    mean = float(x.mean())
    return np.clip(mean + (x - mean) * contrast, 0, 1)


def target(canvas: Canvas, numbers: dict[str, int]) -> dict[str, Any]:
    """What the network is to find on a canvas; ``numbers`` of the classes count from 1.

    An object of which too little is seen, or that is too small, is neither object nor background.
    """
    height, width = canvas.pixels.shape[:2]
    boxes, labels, masks, masked = [], [], [], []
    ignore = [_clipped(box, width, height) for box in canvas.ignore]
    for part in canvas.parts:
        box = _clipped(part.box, width, height)
        if part.mask is not None and part.mask.any() and part.seen(box) < 0.98:
            rows, columns = (np.flatnonzero(part.mask.any(axis)) for axis in (1, 0))
            box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
        sides = box[2:] - box[:2]
        if sides.min() <= 0:
            continue
        if part.seen(box) < SEEN or sides.min() < TINY:
            ignore.append(box)
            continue
        boxes.append(box)
        labels.append(numbers[part.label])
        masked.append(part.mask is not None)
        masks.append(part.mask if part.mask is not None else np.zeros((height, width), bool))
    return {
        "boxes": torch.tensor(np.array(boxes).reshape(-1, 4), dtype=torch.float32),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": torch.from_numpy(np.array(masks, np.uint8).reshape(-1, height, width)),
        "masked": torch.tensor(masked, dtype=torch.bool),
        "ignore": torch.tensor(np.array(ignore).reshape(-1, 4), dtype=torch.float32),
        "partial": canvas.partial,
        "unlabelled": torch.tensor(
            [False, *(canvas.kinds is not None and name not in canvas.kinds for name in numbers)]
        ),
    }


def _clipped(box: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.clip(box, 0, (width, height, width, height))
