"""How far two sets of pictures are apart, and what each covers of the other, by their features.

The Fréchet distance takes each set for a normal distribution and compares means and covariances
(Heusel et al. 2017, arXiv 1706.08500). It cannot tell dull pictures from too few kinds of them.
Precision and recall can (Kynkäänniemi et al. 2019, arXiv 1904.06991): the share of drawings that
lie among the photographs, and the share of photographs that lie among the drawings.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Neighbours that a picture's ball reaches, as in the paper.
NEIGHBOURS = 3


def distance(one: Tensor, other: Tensor) -> float:
    """The squared Fréchet distance of two sets of features, [N, F] and [M, F], N and M above 1.

    With covariances A'A and B'B the trace of the square root of their product is the sum of the
    singular values of AB'. So no root of a covariance is taken, which would be inexact wherever it
    is singular, as it is with fewer pictures than features.
    """
    gap = (one.double().mean(0) - other.double().mean(0)).square().sum()
    a, b = _root(one), _root(other)
    shared = torch.linalg.svdvals(a @ b.T).sum()
    return max(0.0, (gap + a.square().sum() + b.square().sum() - 2 * shared).item())


def _root(features: Tensor) -> Tensor:
    """[N, F] -> A [min(N, F), F] with A'A the covariance."""
    centred = features.double() - features.double().mean(0)
    return torch.linalg.qr(centred, mode="r").R / (len(features) - 1) ** 0.5


def within(points: Tensor, others: Tensor) -> float:
    """Share of ``points`` [N, F] in a ball around one of ``others`` [M, F], M above 3, each as wide
    as the way to its own third nearest neighbour."""
    own = torch.cdist(others.double(), others.double())
    own.fill_diagonal_(torch.inf)
    reach = own.kthvalue(NEIGHBOURS, 1).values
    return (torch.cdist(points.double(), others.double()) <= reach).any(1).double().mean().item()


def precision_recall(drawn: Tensor, real: Tensor) -> tuple[float, float]:
    """Precision and recall of drawings [N, F] beside photographs [M, F], 0 to 1."""
    return within(drawn, real), within(real, drawn)
