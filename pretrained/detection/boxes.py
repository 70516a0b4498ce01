"""What the boxes of labels mean: pixels or shares, sides or corners, upright or turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pretrained.errors import BadData

#: Pictures with smaller sides may have boxes of a pixel.
LEAST_SIDE = 8
#: Boxes, and the smaller side of every picture, from which all within 100 x 100 are per cent.
LEAST_BOXES, PER_CENT_SIDE = 10, 250
#: Boxes are corners where at least so many have an area, this part of them that of corners, and
#: less than the rest that of sides. By chance a few areas of any labels are those of corners.
AREAS, AGREED = 5, 0.95
LARGEST_SIDE = 1e9


def in_pixels(rows: Sequence[tuple[Any, ...]], source: Path | str) -> None:
    """Refuse boxes that are not left, top, width and height in pixels: shares of the picture, as
    YOLO has them, or the right and bottom edge in place of width and height.

    Args:
        rows: picture, width, height, objects.

    Raises:
        BadData: half of all boxes or more are so.
    """
    boxes = []
    for _, width, height, things in rows:
        for _, box, *_ in things:
            try:
                boxes.append((*map(float, box), float(width), float(height)))
            except (TypeError, ValueError, OverflowError):  # refused where it is read
                continue
    told = np.array([box for box in boxes if len(box) == 6], float).reshape(-1, 6)
    told = told[(told[:, 2:4] > 0).all(1)]
    x, y, w, h, width, height = told.T
    if len(told) and (shares(told).mean() >= 0.5):
        reason = (
            "its boxes are shares of the picture, from 0 to 1, and not pixels: multiply left and "
            "width by the picture's width, top and height by its height (a box of YOLO's begins "
            "with its middle, COCO's with its left upper corner)"
        )
        raise BadData(path=source, reason=reason)
    per_cent = (told[:, :4] >= 0).all(1) & (x + w <= 100.5) & (y + h <= 100.5)
    large = np.minimum(width, height) >= PER_CENT_SIDE
    if len(told) >= LEAST_BOXES and (per_cent & large).all() and min(max(x + w), max(y + h)) > 60:
        reason = (
            "its boxes all lie in the left upper 100 x 100 pixels of large pictures, so they seem "
            "to be per cent: multiply left and width by a hundredth of the picture's width, top "
            "and height by one of its height"
        )
        raise BadData(path=source, reason=reason)
    corners = (w > x) & (h > y) & (w <= width + 1) & (h <= height + 1)
    beyond = (x + w > width * 1.02 + 1) | (y + h > height * 1.02 + 1)
    if len(told) and (corners & beyond).mean() >= 0.5 and corners.mean() >= 0.95:
        reason = (
            "its boxes seem to be left, top, right, bottom: COCO's are left, top, width, height; "
            "take left from right and top from bottom"
        )
        raise BadData(path=source, reason=reason)


def shares(boxes: np.ndarray) -> np.ndarray:
    """Which boxes (x, y, w, h and the picture's width and height) [N, 6] are no pixels: [N]."""
    small: np.ndarray = (np.abs(boxes[:, :4]) <= 1).all(1) & (boxes[:, 4:].min(1) >= LEAST_SIDE)
    return small


def are_corners(annotations: list[dict[str, Any]]) -> bool:
    """Whether boxes are left, top, right and bottom by the areas that are told of them."""
    counted = corners = sides = 0
    for one in annotations:
        box: Any = one.get("bbox")
        area: Any = one.get("area")
        if one.get("segmentation") or not is_box(box) or not isinstance(area, int | float):
            continue
        left, top, right, bottom = box
        if (left == top == 0) or not 0 < area < LARGEST_SIDE**2:
            continue  # at the origin both are the same
        counted += 1
        corners += _near((right - left) * (bottom - top), area)
        sides += _near(right * bottom, area)
    return counted >= AREAS and corners >= AGREED * counted and sides < (1 - AGREED) * counted


def is_box(value: Any) -> bool:
    """Whether it is four numbers of a size that pixels have."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(side, int | float) and abs(side) < LARGEST_SIDE for side in value)
    )


def turned(one: dict[str, Any]) -> list[float] | None:
    """The upright box around a box that CVAT tells turned, by ``attributes.rotation`` in degrees
    about its middle; None where it is not turned, or has an outline that tells more."""
    told = one.get("attributes")
    angle = told.get("rotation") if isinstance(told, dict) else None
    if not isinstance(angle, int | float) or isinstance(angle, bool) or one.get("segmentation"):
        return None
    if not math.isfinite(angle) or not angle % 180:
        return None
    left, top, wide, high = one["bbox"]
    across, along = (abs(side(math.radians(angle))) for side in (math.cos, math.sin))
    width, height = wide * across + high * along, wide * along + high * across
    return [left + (wide - width) / 2, top + (high - height) / 2, width, height]


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 0.02 * other
