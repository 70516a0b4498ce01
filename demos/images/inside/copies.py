"""The copy meter: is this face one that the network was shown?

Training photographs are not shipped. What is told is how far the face is from the nearest of them,
beside how far photographs that nobody learnt from are from theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from demos import page
from demos.language import Say
from demos.page import percent

WORDS = "images.inside.copy"
BINS = 28
#: Of the photographs' distances, the share at either end that is left out: single ones lie there,
#: and whoever is in the collection twice lies near 0. A face beyond is suspiciously near, or far.
END = 0.01
#: The share at either end that is not called usual.
TENTH = 0.1
#: Of the drawing, in its own units.
WIDE, HIGH, LEFT, RIGHT, TOP, BASE = 420, 210, 12, 12, 40, 158


def drawn(say: Say, answer: Mapping[str, Any]) -> str:
    """The histogram with its mark, and one sentence. ``answer``: of ``view="copy"``."""
    distance, real = float(answer["distance"]), np.asarray(answer["real"], dtype=float)
    told = f'<p class="told">{verdict(say, distance, real)}</p>'
    return page.section(say, "images.inside.copy", told + histogram(say, distance, real))


def verdict(say: Say, distance: float, real: np.ndarray) -> str:
    """How near it is, beside how near photographs are."""
    known, nearer = middle(real), share(distance, real)
    if not known[0] <= distance <= known[-1]:
        key = "near" if distance < known[0] else "far"
        return say(f"{WORDS}.{key}", share=percent(1 - END))
    key = "nearer" if nearer < TENTH else "usual" if nearer <= 1 - TENTH else "away"
    return say(f"{WORDS}.{key}", share=percent(nearer))


def middle(real: np.ndarray) -> np.ndarray:
    """The quantiles [101] without those nearer to an end than `END`: from 1% to 99%."""
    cut = round(END * (len(real) - 1))
    return real[cut : len(real) - cut]


def share(distance: float, real: np.ndarray) -> float:
    """The share of photographs that are nearer to their nearest training face, read off the
    quantiles ``real`` [101]: `END` to 1 - `END`."""
    quantiles = middle(real)
    return float(np.interp(distance, quantiles, np.linspace(END, 1 - END, len(quantiles))))


def histogram(say: Say, distance: float, real: np.ndarray) -> str:
    """How the photographs' distances are spread, from 0 (the very same picture) on, without the
    first and the last hundredth, and a mark at this face's."""
    end = max(float(middle(real)[-1]), distance) * 1.06 or 1.0
    edges = np.linspace(0, end, BINS + 1)
    heights = np.diff([share(edge, real) for edge in edges])
    scale = (BASE - TOP) / max(float(heights.max()), 1e-9)
    wide = (WIDE - LEFT - RIGHT) / BINS
    bars = "".join(
        f'<rect x="{LEFT + n * wide + 0.75:.2f}" y="{BASE - height * scale:.1f}" '
        f'width="{wide - 1.5:.2f}" height="{height * scale:.1f}"/>'
        for n, height in enumerate(heights)
        if height > 0
    )
    x = LEFT + (WIDE - LEFT - RIGHT) * distance / end
    anchor = "start" if x < WIDE / 3 else "end" if x > 2 * WIDE / 3 else "middle"
    label = say(
        f"{WORDS}.alt", distance=f"{distance:.2f}", low=f"{real[5]:.2f}", high=f"{real[95]:.2f}"
    )
    texts = (
        f'<text x="{LEFT}" y="{BASE + 20}" class="start">{say(f"{WORDS}.same")}</text>'
        f'<text x="{WIDE - RIGHT}" y="{BASE + 20}" class="end">{say(f"{WORDS}.farther")}</text>'
        f'<text x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 6}">{say(f"{WORDS}.axis")}</text>'
    )
    return (
        f'<figure class="spread"><svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{label}">'
        f'{bars}<path class="rule" d="M{LEFT} {BASE}H{WIDE - RIGHT}"/>'
        f'<path class="mark" d="M{x:.1f} {BASE}V{TOP - 12}"/>'
        f'<text class="{anchor} mine" x="{x:.1f}" y="{TOP - 20}">{say(f"{WORDS}.mark")}</text>'
        f"{texts}</svg><figcaption>{say(f'{WORDS}.caption')}</figcaption></figure>"
    )
