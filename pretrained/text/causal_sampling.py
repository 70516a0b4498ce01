"""Which token comes next: drawn from the model's odds, by a generator of each text's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw(
    logits: NDArray[np.float32],
    generator: np.random.Generator,
    *,
    temperature: float,
    top_k: int = 0,
    top_p: float = 1.0,
) -> tuple[int, float]:
    """A token, and how surprising it was at temperature 1 among all tokens, in nats.

    Args:
        logits: [V] of one text. Computed in double precision, so that nothing is lost by summing.
        temperature: above 0; small values nearly always take the likeliest token.
        top_k: draw among so many likeliest tokens (Fan et al. 2018); 0 takes all.
        top_p: draw among the fewest likeliest tokens that together are at least so likely
            (nucleus sampling, Holtzman et al. 2019).
    """
    scores = logits.astype(np.float64)
    scores -= scores.max()
    weights = np.exp(scores / temperature)
    if 0 < top_k < len(weights):
        weights[weights < np.partition(weights, -top_k)[-top_k]] = 0
    if top_p < 1:
        order = np.argsort(-weights, kind="stable")
        reached = np.cumsum(weights[order])
        weights[order[np.searchsorted(reached, top_p * reached[-1]) + 1 :]] = 0
    reached = np.cumsum(weights)
    token = int(np.searchsorted(reached, generator.random() * reached[-1], side="right"))
    token = min(token, int(np.flatnonzero(weights)[-1]))  # the product may round up to the end
    return token, float(np.log(np.exp(scores).sum()) - scores[token])
