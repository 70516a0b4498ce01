"""Masks as COCO writes them: run lengths down the columns, compressed to a string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco

Rle = dict[str, Any]  #: ``{"size": [height, width], "counts": str}``


def encode(patch: np.ndarray, left: int, top: int, height: int, width: int) -> Rle:
    """A mask that is empty but for one patch.

    The cost depends on the patch alone: a panorama with a hundred small objects is never filled in.

    Args:
        patch: bool [h, w], wholly inside. left, top: where it stands.
        height, width: of the picture.
    """
    framed = np.zeros((patch.shape[0] + 2, patch.shape[1]), np.int8)
    framed[1:-1] = patch
    change = np.diff(framed, axis=0).T  # [w, h + 1]
    offsets = (np.arange(patch.shape[1]) + left) * height + top
    begin, end = (
        rows + offsets[columns]
        for columns, rows in (np.nonzero(change == 1), np.nonzero(change == -1))
    )
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

    Raises:
        ValueError: it is none of these.
    """
    if not segmentation:
        return None
    if isinstance(segmentation, str):
        segmentation = {"size": [height, width], "counts": segmentation}
    try:
        if isinstance(segmentation, Sequence):
            shapes = [shape for shape in segmentation if len(shape) >= 6]
            if not shapes:
                return None
            found = coco.merge(coco.frPyObjects(shapes, height, width))
        elif isinstance(segmentation["counts"], list):
            found = coco.frPyObjects(segmentation, height, width)
        else:
            found = segmentation
        counts = found["counts"]
        size = [int(side) for side in found["size"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("its segmentation is neither polygons nor run lengths") from error
    if size != [height, width]:
        raise ValueError(f"its mask is of size {size}, not {[height, width]}")
    return {"size": size, "counts": counts if isinstance(counts, str) else counts.decode("ascii")}
