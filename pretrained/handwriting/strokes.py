"""Pen strokes as numbers: the one form in which every network of this room sees handwriting.

A *stroke* is what the pen draws between touching and leaving the paper: float [N, 2], x to the
right, y **down**. A *writing* is float32 [T, 3]: offsets ``dx, dy`` from the point before (the
first from the left end of the baseline), and ``up``, 1 on the last point of a stroke. Lengths are
in units of the writing's own x-height, about the height of a small ``x``.

Raw points come at the rate of a device. `resample` puts a point wherever the pen has moved or
turned enough: about ten a character instead of forty, which is what makes a recurrent network
trainable on one CPU core, and the same whatever the device.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: A new point after so many x-heights of way, or so many radians of turning (chosen by eye:
#: quadratic curves through the points look like the original).
WAY, TURN = 0.9, 1.1
#: Step in x-heights at which a stroke is measured, and width of the smoothing before.
FINE, SMOOTH = 0.05, 0.07
#: Letters that rise above an x, and those that hang below the baseline.
RISING = frozenset("bdfhkltABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!?()/$&%#@\"'*")
HANGING = frozenset("gjpqyQ,;()/$@")
#: How far they do, in x-heights (typical of the data).
RISE, HANG = 0.9, 0.8


def cut(dx: Sequence[float], dy: Sequence[float], up: Sequence[int]) -> list[NDArray[np.float64]]:
    """Offsets as the data set keeps them to strokes; ``y`` is taken as it comes."""
    xy = np.cumsum(np.stack([dx, dy], 1).astype(np.float64), 0)
    ends = np.flatnonzero(np.asarray(up)[:-1]) + 1
    return np.split(xy, ends)


def height_of(text: str) -> float:
    """How tall a writing of ``text`` is between its extremes, in x-heights."""
    return 1 + RISE * any(c in RISING for c in text) + HANG * any(c in HANGING for c in text)


def size(drawn: Sequence[NDArray[np.float64]], text: str) -> float:
    """The x-height of strokes that spell ``text``, in their own units; 0 for a dot."""
    tall = float(np.ptp(np.concatenate(list(drawn))[:, 1]))
    return tall / height_of(text)


def rough_size(drawn: Sequence[NDArray[np.float64]]) -> float:
    """The x-height of strokes whose text nobody knows, in their own units; 0 for a dot.

    From how far the ink lies above and below its middle line (2.3 times its standard deviation:
    the mean over the data's words), which a few tall letters change little.
    """
    middles, weights = [], []
    for stroke in drawn:
        middles.append((stroke[1:] + stroke[:-1]) / 2)
        weights.append(np.hypot(*np.diff(stroke, axis=0).T))
    xy, ink = np.concatenate(middles), np.concatenate(weights)
    if ink.sum() <= 0:
        return 0.0
    off = xy - np.average(xy, axis=0, weights=ink)
    wide = np.average(off[:, 0] ** 2, weights=ink)
    tall = np.average(off[:, 1] ** 2, weights=ink)
    if wide > 16 * tall:  # a line of several words may climb or fall
        slope = np.average(off[:, 0] * off[:, 1], weights=ink) / wide
        tall = np.average((off[:, 1] - slope * off[:, 0]) ** 2, weights=ink)
    return float(2.3 * np.sqrt(tall))


def blind(drawn: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Strokes brought to their `rough_size`; a mere dot stays as small as it is."""
    unit = rough_size(drawn) or 1.0
    return [s / unit for s in drawn]


def smoothed(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """One stroke at equal steps of way, small tremor removed, its ends kept."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    keep = np.concatenate([[True], steps > 1e-6])
    stroke, way = stroke[keep], np.concatenate([[0.0], np.cumsum(steps[keep[1:]])])
    if way[-1] < FINE:
        return stroke[[0, -1]] if len(stroke) > 1 else stroke
    at = np.linspace(0, way[-1], max(3, round(way[-1] / FINE) + 1))
    fine = np.stack([np.interp(at, way, stroke[:, 0]), np.interp(at, way, stroke[:, 1])], 1)
    reach = 3
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * FINE / SMOOTH) ** 2)
    kernel /= kernel.sum()
    if len(fine) <= reach:
        return fine
    # Mirrored at its ends, so that they stay where they are.
    before, after = 2 * fine[0] - fine[reach:0:-1], 2 * fine[-1] - fine[-2 : -2 - reach : -1]
    padded = np.concatenate([before, fine, after])
    return np.stack([np.convolve(padded[:, i], kernel, "valid") for i in (0, 1)], 1)


def thin(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """One stroke with a point wherever the pen has moved or turned enough; [1, 2] for a dot."""
    fine = smoothed(stroke)
    if len(fine) < 3:
        return fine
    leg = np.diff(fine, axis=0)
    angle = np.arctan2(leg[:, 1], leg[:, 0])
    turn = np.abs((np.diff(angle) + np.pi) % (2 * np.pi) - np.pi)
    cost = np.hypot(leg[:, 0], leg[:, 1]) / WAY
    # A corner is one point, however sharp; a turn belongs to the legs before and after it.
    turn = np.minimum(turn / TURN, 0.8)
    cost[:-1] += turn / 2
    cost[1:] += turn / 2
    total = np.concatenate([[0.0], np.cumsum(cost)])
    at = np.linspace(0, total[-1], max(2, round(total[-1]) + 1))
    return np.stack([np.interp(at, total, fine[:, 0]), np.interp(at, total, fine[:, 1])], 1)


def writing(strokes: Sequence[NDArray[np.float64]]) -> Array:
    """Thinned strokes, in x-heights, as offsets [T, 3]."""
    points = np.concatenate(list(strokes))
    out = np.zeros((len(points), 3), np.float32)
    out[:, :2] = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
    out[np.cumsum([len(s) for s in strokes]) - 1, 2] = 1
    return out


def resample(strokes: Sequence[NDArray[np.float64]]) -> Array:
    """Strokes in x-heights to a writing."""
    return writing([thin(s) for s in strokes if len(s)])
