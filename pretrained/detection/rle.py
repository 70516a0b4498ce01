"""Masks as COCO writes them: run lengths down the columns, compressed to a string."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco

Rle = dict[str, Any]  #: ``{"size": [height, width], "counts": str}``
#: Most pixels of a picture whose masks are read; Pillow opens none so large.
LARGEST = 2**28


class OtherSize(ValueError):
    """Run lengths of a picture of another size."""


def encode(patch: np.ndarray, left: int, top: int, height: int, width: int) -> Rle:
    """A mask that is empty but for one patch.

    The cost depends on the patch alone: a panorama with a hundred small objects is never filled in.

    Args:
        patch: bool [h, w], wholly inside. left, top: where it stands.
        height, width: of the picture.
    """
    columns, begin, end = edges(patch)
    offset = (columns + left) * height + top
    return of_runs(begin + offset, end + offset, height, width)


def edges(patch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(the column, the first row, the row after the last) of each run down the columns of a bool
    [h, w], the columns from left to right."""
    framed = np.zeros((patch.shape[0] + 2, patch.shape[1]), np.int8)
    framed[1:-1] = patch
    change = np.diff(framed, axis=0).T  # [w, h + 1]
    columns, begin = np.nonzero(change == 1)
    return columns, begin, np.nonzero(change == -1)[1]


def of_runs(begin: np.ndarray, end: np.ndarray, height: int, width: int) -> Rle:
    """The mask of runs, each from a pixel to before another, counted down the columns, in order."""
    # A run that reaches the bottom of a column goes on at the top of the next.
    apart = np.ones(len(begin) + 1, bool)
    apart[1:-1] = begin[1:] != end[:-1]
    begin, end = begin[apart[:-1]], end[apart[1:]]
    marks = np.empty(2 * len(begin) + 2, np.int64)
    marks[0], marks[-1] = 0, height * width
    marks[1:-1:2], marks[2:-1:2] = begin, end
    counts = np.diff(marks).tolist()
    if len(counts) > 1 and counts[-1] == 0:  # pycocotools leaves out nothing at the end
        counts.pop()
    found = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return {"size": [height, width], "counts": found["counts"].decode("ascii")}


def decode(rle: Rle) -> np.ndarray:
    """uint8 [height, width], 1 inside."""
    return coco.decode(rle)


def area(rle: Rle) -> int:
    """Pixels inside."""
    return int(coco.area(rle))


def of_coco(segmentation: Any, height: int, width: int) -> Rle | None:
    """What a COCO annotation holds, as compressed run lengths: polygons, counts as a list or as a
    string; None where it holds nothing.

    pycocotools checks nothing of this and reads beyond what there is: here all is checked before.

    Args:
        height, width: of the picture, both above 0, at most `LARGEST` pixels together.

    Raises:
        OtherSize: its run lengths are of a picture of another size.
        ValueError: it is none of these, or no mask of such a picture.
    """
    if not segmentation:
        return None
    if isinstance(segmentation, str):
        segmentation = {"size": [height, width], "counts": segmentation}
    try:
        if isinstance(segmentation, Sequence):
            shapes = [_outline(shape, height, width) for shape in polygons(segmentation)]
            if not shapes:
                return None
            found = coco.merge(coco.frPyObjects(shapes, height, width))
            return {"size": [height, width], "counts": found["counts"].decode("ascii")}
        counts, size = segmentation["counts"], [int(side) for side in segmentation["size"]]
        if size != [height, width]:
            raise OtherSize(f"its mask is of size {size}, not {[height, width]}")
        if isinstance(counts, list):
            runs = np.array([operator.index(run) for run in counts], np.int64)
        else:
            counts = counts if isinstance(counts, str) else counts.decode("ascii")
            runs = _runs(counts)
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError("its segmentation is neither polygons nor run lengths") from error
    if (runs < 0).any() or (runs > height * width).any() or runs.sum() != height * width:
        raise ValueError(f"its run lengths do not add up to {height * width} pixels")
    if isinstance(counts, list):
        found = coco.frPyObjects({"size": size, "counts": runs.tolist()}, height, width)
        counts = found["counts"].decode("ascii")
    return {"size": size, "counts": counts}


def box(rle: Rle) -> list[float]:
    """Left, top, width and height of a mask."""
    return [float(side) for side in coco.toBbox(rle)]


def polygons(segmentation: Sequence[Any]) -> list[list[Any]]:
    """Lists of x and y by turns, as COCO has them, of three corners or more each; also of one flat
    list (VIA), and where the corners are pairs."""
    if all(isinstance(one, int | float) for one in segmentation):
        shapes = [list(segmentation)]
    elif all(isinstance(one, Sequence) and len(one) == 2 for one in segmentation):
        shapes = [[side for corner in segmentation for side in corner]]
    else:
        shapes = [
            [side for corner in shape for side in corner]
            if all(isinstance(corner, Sequence) and len(corner) == 2 for corner in shape)
            else list(shape)
            for shape in segmentation
        ]
    return [shape for shape in shapes if len(shape) >= 6]


def _outline(shape: Any, height: int, width: int) -> list[float]:
    """A polygon's x and y by turns.

    Raises:
        ValueError: a number is missing, not finite, or further outside than the picture is large.
    """
    try:
        corners = np.array(shape, float).reshape(len(shape) // 2, 2)
    except ValueError as error:
        raise ValueError("its polygon is no list of pairs of numbers") from error
    beyond = np.abs(corners / (width, height) - 0.5)
    if not (beyond <= 1.5).all():
        raise ValueError("its polygon leads far outside the picture")
    return [float(side) for side in corners.ravel()]


def _runs(counts: str) -> np.ndarray:
    """Run lengths int64 [R] of a compressed string.

    Five bits a character, the lowest first, and a bit that says whether more follow; from the
    fourth on a number is what the run differs by from the last but one (pycocotools' maskApi.c).

    Raises:
        ValueError: it is no such string.
    """
    codes = np.frombuffer(counts.encode("utf-8"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(codes & 32 == 0)
    sizes = np.diff(ends, prepend=-1)
    damaged = ((codes < 0) | (codes > 63)).any() or not len(ends) or ends[-1] != len(codes) - 1
    if damaged or sizes.max() > 6:
        raise ValueError("its run lengths are no string of COCO's")
    firsts = ends - sizes + 1
    places = np.arange(len(codes)) - np.repeat(firsts, sizes)
    runs = np.add.reduceat((codes & 31) << 5 * places, firsts)
    runs -= np.where(codes[ends] & 16, np.left_shift(1, 5 * sizes), 0)
    runs[1::2], runs[2::2] = np.cumsum(runs[1::2]), np.cumsum(runs[2::2])
    return runs
