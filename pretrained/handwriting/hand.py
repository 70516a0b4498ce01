"""A visitor's own strokes, checked and brought to the form in which the pen reads a hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrained.handwriting import strokes
from pretrained.handwriting.errors import BadStrokes, OnePoint
from pretrained.handwriting.strokes import Array

#: Points that a visitor may send, and points of the line that the pen is primed with.
MOST_SENT, MOST_READ = 20_000, 600


def checked(sent: Any) -> list[NDArray[np.float64]]:
    """What was sent as strokes, [N, 2] each.

    Raises:
        BadStrokes: it is no list of lists of pairs of numbers, or too many of them.
        OnePoint: it has no extent.
    """
    try:
        count = sum(len(stroke) for stroke in sent)
        if count > MOST_SENT:
            raise BadStrokes(most=MOST_SENT)
        found = [np.asarray(stroke, np.float64).reshape(len(stroke), 2) for stroke in sent]
    except (TypeError, ValueError):
        raise BadStrokes(most=MOST_SENT) from None
    found = [stroke for stroke in found if len(stroke)]
    if not found:
        raise OnePoint
    every = np.concatenate(found)
    if not np.isfinite(every).all() or np.abs(every).max() > 1e7:
        raise BadStrokes(most=MOST_SENT)
    if np.ptp(every, axis=0).max() <= 0 or max(map(len, found)) < 2:
        raise OnePoint
    return found


def line(sent: Any, text: str) -> tuple[Array, float]:
    """A visitor's strokes that spell ``text`` as a writing [T, 3], and its width in x-heights.

    Raises:
        BadStrokes, OnePoint: see `checked`. OnePoint too if nothing of it has any height.
    """
    drawn = checked(sent)
    size = strokes.size(drawn, text)
    wide = float(np.ptp(np.concatenate(drawn)[:, 0]))
    # A hyphen has no height: then the width of its characters tells the size.
    size = max(size, wide / max(1, len(text)) / 4)
    if not math.isfinite(size) or size <= 0:
        raise OnePoint
    points, width = placed([stroke / size for stroke in drawn], text)
    if len(points) > MOST_READ:
        points = points[:MOST_READ]
        points[-1, 2] = 1
    return points, width


def placed(drawn: Sequence[NDArray[np.float64]], text: str) -> tuple[Array, float]:
    """Strokes in x-heights as a writing that begins at the left end of its baseline, and its width.

    The baseline is the lowest point, or above it where letters hang below.
    """
    xy = np.concatenate(list(drawn))
    hang = strokes.HANG if any(c in strokes.HANGING for c in text) else 0.0
    corner = np.array([xy[:, 0].min(), xy[:, 1].max() - hang])
    return strokes.resample([stroke - corner for stroke in drawn]), float(np.ptp(xy[:, 0]))
