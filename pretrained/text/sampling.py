"""Drawing the next character: temperature, top-k, top-p (nucleus) sampling.

Each text draws from its own random numbers and from its own row alone, so that neither the seed nor
the outcome depends on who writes beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SamplingParams:
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
    logits: np.ndarray,
    sampling: SamplingParams,
    rng: np.random.Generator,
    never: int | None = None,
) -> tuple[int, float]:
    """An index of ``logits`` [V] and its negative log-likelihood in nats at temperature 1.

    ``never`` is an index that is not drawn, though it has its share of the probability.
    """
    row = logits.astype(np.float64)
    row -= row.max()
    total = np.log(np.exp(row).sum())
    weights = row / sampling.temperature
    if never is not None:
        weights[never] = -np.inf
    weights = np.exp(weights - weights.max())
    if 0 < sampling.top_k < len(weights):
        weights[weights < np.partition(weights, -sampling.top_k)[-sampling.top_k]] = 0.0
    if sampling.top_p < 1:
        order = np.argsort(-weights, kind="stable")
        shares = np.cumsum(weights[order])
        # The first that reaches the share still belongs to it.
        weights[order[1 + np.searchsorted(shares, sampling.top_p * shares[-1]) :]] = 0.0
    edges = np.cumsum(weights)
    index = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    index = min(index, len(weights) - 1)
    return index, float(total - row[index])


def likeliest(logits: np.ndarray, count: int) -> list[tuple[int, float]]:
    """The ``count`` likeliest indices of ``logits`` [V] with their probabilities."""
    probabilities = np.exp(logits.astype(np.float64) - logits.max())
    probabilities /= probabilities.sum()
    best = np.argsort(-probabilities, kind="stable")[:count]
    return [(int(index), float(probabilities[index])) for index in best]
