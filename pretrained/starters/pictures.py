"""Pictures to begin with: drawn shapes, alone, several with their outlines, and small digits."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Corners = list[tuple[float, float]]
Colour = tuple[int, int, int]

#: Corners of each shape, that of a star every other one further in.
SHAPES = {"circle": 40, "square": 4, "triangle": 3, "star": 10}
INNER = 0.45
#: Every shape is drawn so many times larger and then made smaller, so that its edges are smooth.
FINER = 3
#: Least distance between the colours of shape and ground, of at most 441.
APART = 130
#: Spread of the noise on every pixel, of 255.
NOISE = 8.0
PER_CLASS, SIDE = 40, 96
PER_DIGIT, DIGIT_SIDE = 40, 64
SCENES, SCENE_SIZE = 24, (192, 144)
IMAGES, IMAGE_SIDE = 200, 64


def shapes(folder: Path, seed: int) -> None:
    """A folder with one sub-folder a shape, `PER_CLASS` PNG each: any colour, size, turn, place."""
    rng = np.random.default_rng(seed)
    for kind in SHAPES:
        (folder / kind).mkdir(exist_ok=True)
        for number in range(PER_CLASS):
            radius = rng.uniform(0.2, 0.42) * SIDE
            middle = rng.uniform(radius + 2, SIDE - radius - 2, 2)
            ground, ink = colours(rng)
            drawn = canvas((SIDE, SIDE), ground)
            draw(drawn, outline(kind, middle, radius, rng.uniform(0, 2 * math.pi)), ink)
            finished(drawn, rng).save(folder / kind / f"{number:02}.png")


def digits(folder: Path, seed: int) -> None:
    """A folder with one sub-folder a digit: `PER_DIGIT` PNG each of the 8 x 8 handwritten ones in
    scikit-learn (Alpaydin & Kaynak 1998), larger."""
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    rng = np.random.default_rng(seed)
    for digit in range(10):
        (folder / str(digit)).mkdir(exist_ok=True)
        rows = rng.permutation(np.flatnonzero(found.target == digit))[:PER_DIGIT]
        for number, row in enumerate(rows):
            grey = Image.fromarray((found.images[row] * 255 / 16).astype(np.uint8))
            grey = grey.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC)
            grey.save(folder / str(digit) / f"{number:02}.png")


def boxes(folder: Path, seed: int) -> None:
    """`SCENES` PNG with one to four shapes each, and annotations.json as COCO has it: box, polygon,
    category."""
    rng = np.random.default_rng(seed)
    kinds = list(SHAPES)
    told: dict[str, list[dict[str, Any]]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": n, "name": kind} for n, kind in enumerate(kinds, 1)],
    }
    width, height = SCENE_SIZE
    columns = 4
    for number in range(SCENES):
        ground, _ = colours(rng)
        drawn = canvas(SCENE_SIZE, ground)
        name = f"{number:02}.png"
        told["images"].append({"id": number, "file_name": name, "width": width, "height": height})
        for cell in rng.permutation(2 * columns)[: rng.integers(1, 5)].tolist():
            row, column = divmod(cell, columns)
            wide, high = width / columns, height / 2
            radius = rng.uniform(0.32, 0.47) * min(wide, high)
            room = np.array([wide, high]) / 2 - radius
            middle = np.array([(column + 0.5) * wide, (row + 0.5) * high])
            middle += rng.uniform(-room, room)
            kind = kinds[rng.integers(len(kinds))]
            corners = outline(kind, middle, radius, rng.uniform(0, 2 * math.pi))
            _, ink = colours(rng, ground)
            draw(drawn, corners, ink)
            told["annotations"].append(annotation(told, number, kinds.index(kind) + 1, corners))
        finished(drawn, rng).save(folder / name)
    (folder / "annotations.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def annotation(
    told: dict[str, list[dict[str, Any]]], picture: int, category: int, corners: Corners
) -> dict[str, Any]:
    """One object as COCO has it: left, top, width, height, and its outline."""
    xy = np.array(corners)
    (left, top), (wide, high) = xy.min(0), np.ptp(xy, axis=0)
    return {
        "id": len(told["annotations"]) + 1,
        "image_id": picture,
        "category_id": category,
        "bbox": [round(float(side), 2) for side in (left, top, wide, high)],
        "area": round(float(area(xy)), 2),
        "iscrowd": 0,
        "segmentation": [[round(float(side), 2) for side in xy.flatten()]],
    }


def area(xy: np.ndarray) -> float:
    """Of a polygon [N, 2] in square pixels."""
    x, y = xy.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def images(folder: Path, seed: int) -> None:
    """`IMAGES` PNG of one large shape each in the middle, in few colours: little enough to be
    learnt in minutes."""
    rng = np.random.default_rng(seed)
    inks: Sequence[Colour] = ((214, 64, 52), (45, 110, 200), (240, 178, 40), (60, 150, 90))
    kinds = list(SHAPES)
    for number in range(IMAGES):
        drawn = canvas((IMAGE_SIDE, IMAGE_SIDE), (242, 238, 230))
        radius = rng.uniform(0.3, 0.42) * IMAGE_SIDE
        middle = IMAGE_SIDE / 2 + rng.uniform(-3, 3, 2)
        kind = kinds[rng.integers(len(kinds))]
        draw(
            drawn, outline(kind, middle, radius, rng.uniform(-0.4, 0.4)), inks[int(rng.integers(4))]
        )
        finished(drawn, rng, noise=3.0).save(folder / f"{number:03}.png")


def outline(kind: str, middle: Sequence[float] | np.ndarray, radius: float, turn: float) -> Corners:
    """The corners (x, y) of a shape, in pixels; ``turn`` in radians."""
    count = SHAPES[kind]
    start = turn - math.pi / 2
    found = []
    for number in range(count):
        reach = radius * (INNER if kind == "star" and number % 2 else 1.0)
        angle = start + 2 * math.pi * number / count
        found.append((middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle)))
    return found


def colours(rng: np.random.Generator, ground: Colour | None = None) -> tuple[Colour, Colour]:
    """A ground and an ink that can be told apart."""
    while True:
        below = rng.integers(0, 256, 3) if ground is None else np.array(ground)
        ink = rng.integers(0, 256, 3)
        if np.linalg.norm(below - ink) >= APART:
            return _colour(below), _colour(ink)


def _colour(numbers: np.ndarray) -> Colour:
    red, green, blue = numbers.tolist()
    return red, green, blue


def canvas(size: tuple[int, int], ground: Colour) -> Image.Image:
    """An empty picture, `FINER` times as large."""
    return Image.new("RGB", (size[0] * FINER, size[1] * FINER), ground)


def draw(picture: Image.Image, corners: Corners, ink: Colour) -> None:
    """Fill an outline."""
    ImageDraw.Draw(picture).polygon([(x * FINER, y * FINER) for x, y in corners], fill=ink)


def finished(picture: Image.Image, rng: np.random.Generator, noise: float = NOISE) -> Image.Image:
    """The picture at its size, with noise."""
    small = picture.resize((picture.width // FINER, picture.height // FINER), Image.Resampling.BOX)
    grain = rng.normal(0, noise, (small.height, small.width, 3))
    return Image.fromarray((np.asarray(small) + grain).clip(0, 255).round().astype(np.uint8))
