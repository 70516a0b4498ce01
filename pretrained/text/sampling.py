"""Drawing the next character from its odds: temperature, the likeliest k, the likeliest share p.

Each text draws from its own source of chance and from its own row alone, so that neither the seed
nor the outcome depends on who writes beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Taste:
    """How freely to draw.

    Attributes:
        temperature: the logits' divisor; below 1 the likely becomes likelier.
        top_k: only the k likeliest (Fan et al. 2018); 0 for all.
        top_p: only the likeliest that make up this share (Holtzman et al. 2020); 1 for all.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


def draw(
    logits: np.ndarray, taste: Taste, chance: np.random.Generator, never: int | None = None
) -> tuple[int, float]:
    """An index of ``logits`` [V] and its surprise in nats at temperature 1.

    ``never`` is an index that is not drawn, though it has its share of the odds.
    """
    row = logits.astype(np.float64)
    row -= row.max()
    total = np.log(np.exp(row).sum())
    odds = row / taste.temperature
    if never is not None:
        odds[never] = -np.inf
    odds = np.exp(odds - odds.max())
    if 0 < taste.top_k < len(odds):
        odds[odds < np.partition(odds, -taste.top_k)[-taste.top_k]] = 0.0
    if taste.top_p < 1:
        order = np.argsort(-odds, kind="stable")
        shares = np.cumsum(odds[order])
        # The first that reaches the share still belongs to it.
        odds[order[1 + np.searchsorted(shares, taste.top_p * shares[-1]) :]] = 0.0
    edges = np.cumsum(odds)
    index = int(np.searchsorted(edges, chance.random() * edges[-1], side="right"))
    index = min(index, len(odds) - 1)
    return index, float(total - row[index])


def likeliest(logits: np.ndarray, count: int) -> list[tuple[int, float]]:
    """The ``count`` likeliest indices of ``logits`` [V] with their probabilities."""
    odds = np.exp(logits.astype(np.float64) - logits.max())
    odds /= odds.sum()
    best = np.argsort(-odds, kind="stable")[:count]
    return [(int(index), float(odds[index])) for index in best]
