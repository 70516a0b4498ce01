"""A finished writing as an SVG picture or as plain lists. Imports no torch.

The pen's points are ten a character; between them runs the smoothest curve that is simple: one
quadratic from the middle of each leg to the middle of the next, with the point as its handle.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: White around the writing, and from one baseline to the next, in x-heights.
MARGIN, LEADING = 1.0, 3.6
#: Width of the pen in x-heights, and pixels of one.
PEN, PIXELS = 0.13, 16.0


def pieces(points: ArrayLike) -> list[NDArray[np.float64]]:
    """Points [T, 3] (x, y, up; absolute, y down) to one array [N, 2] for each stroke."""
    xyu = np.asarray(points, np.float64).reshape(-1, 3)
    if not len(xyu):
        return []
    return np.split(xyu[:, :2], np.flatnonzero(xyu[:-1, 2] > 0.5) + 1)


def strokes(points: ArrayLike) -> list[list[list[float]]]:
    """Points [T, 3] as lists of strokes of ``[x, y]``, rounded to a hundredth of an x-height."""
    return [[[round(float(x), 2), round(float(y), 2)] for x, y in s] for s in pieces(points)]


def path(stroke: NDArray[np.float64]) -> str:
    """One stroke [N, 2] as the ``d`` of a path; a single point becomes a dot."""

    def at(point: NDArray[np.float64]) -> str:
        return f"{point[0]:.2f} {point[1]:.2f}"

    if len(stroke) == 1:
        return f"M{at(stroke[0])}h.01"
    middles = (stroke[1:] + stroke[:-1]) / 2
    curves = "".join(
        f"Q{at(handle)} {at(end)}" for handle, end in zip(stroke[1:-1], middles[1:], strict=True)
    )
    return f"M{at(stroke[0])}L{at(middles[0])}{curves}L{at(stroke[-1])}"


def picture(
    lines: Sequence[ArrayLike],
    *,
    text: str = "",
    title: str = "Handwriting",
    colour: str = "currentColor",
    pen: float = PEN,
) -> str:
    """A whole SVG document of lines of writing, each under the one before.

    Args:
        lines: points [T, 3] (x, y, up; absolute, in x-heights, baseline at 0, y down).
        text: what stands written, for those who cannot see it. title: what the picture is.
        colour: of the ink. pen: its width in x-heights.
    """
    moved = []
    for number, points in enumerate(lines):
        for stroke in pieces(points):
            moved.append(stroke + np.array([0.0, number * LEADING]))
    every = np.concatenate(moved) if moved else np.zeros((1, 2))
    low, high = every.min(0) - MARGIN, every.max(0) + MARGIN
    wide, tall = high - low
    paths = "".join(f'<path d="{path(stroke)}"/>' for stroke in moved)
    clean = "".join(c if c.isprintable() else " " for c in text)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="{low[0]:.2f} {low[1]:.2f} {wide:.2f} {tall:.2f}" '
        f'width="{wide * PIXELS:.0f}" height="{tall * PIXELS:.0f}">'
        f"<title>{escape(title)}</title><desc>{escape(clean)}</desc>"
        f'<g fill="none" stroke="{escape(colour)}" stroke-width="{pen:g}" '
        f'stroke-linecap="round" stroke-linejoin="round">{paths}</g></svg>\n'
    )


def document(lines: Sequence[ArrayLike], text: str = "") -> dict[str, Any]:
    """The strokes for download as JSON."""
    return {
        "text": text,
        "unit": "x-height",
        "y": "down, 0 at the baseline of its line",
        "lines": [strokes(points) for points in lines],
    }
