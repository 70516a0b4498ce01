"""The last layer of a network, fitted in a moment to what the rest says of a few pictures.

Softmax regression on the 1,280 numbers that ``classification/imagenet`` has for each picture
(Kornblith et al. 2019, arXiv 1805.08974), and, in the same solve, one such regression for every
part of the pictures that is left out: how often those are right on their part is the estimate of
how good the one is that learnt from all. numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

WIDTH = 1280  # numbers that the network has for a picture (`efficientnet.HEAD`, without torch)
#: What features are divided by, so that penalties mean the same for any pictures: their norm is
#: about 16 (600 flowers), and so comes to about 6.
SCALE = 2.75
#: Of the squared weights. On five kinds of flowers, 3, 10 and 40 of each, validation pictures had
#: their least negative log-likelihood here among 0.1 to 0.0001, and 0.003 to 0.0001 were within 5%.
PENALTY = 1e-3
#: More pictures than this are looked at along so many of their principal components.
DIRECTIONS = 256
PASSES = 60  # of L-BFGS, at most
#: Parts that are left out in turn, of few pictures and of many.
PARTS_FEW, PARTS_MANY, MANY = 10, 5, 200
#: Cosine of two pictures' features, less the mean, from which they count as nearly the same.
ALIKE = 0.9


@dataclass(frozen=True)
class Head:
    """A last layer: ``weight`` [D, classes] and ``bias`` [classes], of raw features."""

    weight: Floats
    bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """[N, D] -> [N, classes], each row adding up to 1."""
        return softmax(features @ self.weight + self.bias)


@dataclass(frozen=True)
class Estimate:
    """What classifiers said of pictures that they had not been shown.

    Attributes:
        left_out: probabilities [N, classes] of each picture, by the one that did not learn from it.
        tested: [N], whether it was: the only picture of a class is not.
        group: [N], a number that pictures that are nearly the same share; they are left out
            together, since one of them would give the other away.
        parts: how many parts were left out, one after the other.
        together: [classes], whether all pictures of a class are nearly the same. They had to be
            torn apart, and the figure flatters.
    """

    left_out: Floats
    tested: NDArray[np.bool_]
    group: Ints
    parts: int
    together: NDArray[np.bool_]


def softmax(scores: Floats) -> Floats:
    """Over the last axis."""
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def fit(features: Floats, labels: Ints, classes: int) -> tuple[Head, Estimate]:
    """Fit a head, and estimate how often it will be right.

    Args: features: [N, D]. labels: [N], each below ``classes``, at least two of them in use.
    """
    middle = features.mean(0)
    turned, directions = along((features - middle) / SCALE)
    group = alike(turned)
    part, together = parts(labels, group, classes)
    weight, bias = solved(turned, labels, part, classes)
    first = directions @ weight[0] / SCALE
    head = Head(first.astype(np.float32), (bias[0] - middle @ first).astype(np.float32))
    scores = np.einsum("nd,ndc->nc", turned, weight[1 + part]) + bias[1 + part]
    count = len(weight) - 1
    known = np.stack(
        [np.bincount(labels[part != one], minlength=classes) > 0 for one in range(count)]
    )
    tested = known[part, labels]
    left_out = softmax(np.where(known[part], scores, -np.inf).astype(np.float32))
    return head, Estimate(left_out, tested, group, count, together)


def along(centred: Floats) -> tuple[Floats, Floats]:
    """[N, D] -> [N, r] along its principal components, and these, [D, r]. Nothing is lost of up to
    `DIRECTIONS` pictures; of more, a randomised range finder (Halko 2011) finds the first."""
    if len(centred) <= DIRECTIONS:
        basis = centred.T
    else:
        rng = np.random.default_rng(0)
        guess = rng.standard_normal((len(centred), DIRECTIONS)).astype(np.float32)
        basis = centred.T @ (centred @ np.linalg.qr(centred.T @ guess)[0])
    directions = np.linalg.qr(basis)[0].astype(np.float32)
    return centred @ directions, directions


def alike(turned: Floats) -> Ints:
    """[N, r] -> a group number for each picture: chains of pictures that are nearly the same."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    length = np.linalg.norm(turned, axis=1, keepdims=True)
    unit = turned / np.maximum(length, 1e-6)
    near = csr_array(unit @ unit.T > ALIKE)
    return np.asarray(connected_components(near, directed=False)[1], np.int64)


def parts(labels: Ints, group: Ints, classes: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Which part each picture is left out with, 0 and up; and of which classes all are alike.

    A group goes into one part as a whole. That of a class that has no other is cut into stretches,
    in the order in which the pictures came.
    """
    count = min(len(labels), PARTS_FEW if len(labels) <= MANY else PARTS_MANY)
    part = np.zeros(len(labels), np.int64)
    together = np.zeros(classes, bool)
    rng = np.random.default_rng(0)
    filled = np.zeros(count, np.int64)
    for label in range(classes):
        mine = np.flatnonzero(labels == label)
        if not len(mine):
            continue
        groups = list(dict.fromkeys(group[mine].tolist()))
        together[label] = len(groups) == 1 and len(mine) > 1
        if together[label]:
            portions = np.array_split(mine, min(count, len(mine)))
        else:
            rng.shuffle(groups)
            portions = [mine[group[mine] == one] for one in groups]
            portions.sort(key=len, reverse=True)
        own = np.zeros(count, np.int64)
        for portion in portions:
            place = min(range(count), key=lambda p: (own[p], filled[p]))
            part[portion] = place
            own[place] += len(portion)
            filled[place] += len(portion)
    return np.unique(part, return_inverse=True)[1].astype(np.int64), together


def solved(x: Floats, labels: Ints, part: Ints, classes: int) -> tuple[Floats, Floats]:
    """Softmax regressions on [N, r]: the first of all pictures, then one without each part.

    They are one problem to L-BFGS, so that every pass is two products of matrices.

    Returns: weights [1 + parts, r, classes] and biases [1 + parts, classes].
    """
    from scipy.optimize import minimize

    many, width = int(part.max()) + 2, x.shape[1]
    shown = np.ones((len(x), many), np.float32)
    shown[np.arange(len(x)), 1 + part] = 0
    share = (shown / shown.sum(0))[..., None]
    truth = np.eye(classes, dtype=np.float32)[labels][:, None]
    cut = width * many * classes

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        given = flat.astype(np.float32)
        weight, bias = given[:cut].reshape(width, -1), given[cut:]
        said = softmax((x @ weight + bias).reshape(len(x), many, classes))
        right = (said * truth).sum(-1)
        missed = -(share[..., 0] * np.log(np.maximum(right, 1e-12))).sum()
        slope = ((said - truth) * share).reshape(len(x), -1)
        down = x.T @ slope + 2 * PENALTY * weight
        return float(missed + PENALTY * np.square(weight).sum()), np.concatenate(
            [down.ravel(), slope.sum(0)]
        ).astype(np.float64)

    found: Any = minimize(
        loss, np.zeros(cut + many * classes), jac=True, method="L-BFGS-B",
        options={"maxiter": PASSES, "maxcor": 8},
    ).x  # fmt: skip
    given = found.astype(np.float32)
    weight = given[:cut].reshape(width, many, classes).transpose(1, 0, 2)
    return weight, given[cut:].reshape(many, classes)


def rows(values: Sequence[Any]) -> Floats:
    """Features of pictures, [1280] each, as one array [N, 1280], also where there are none."""
    return np.asarray(values, np.float32).reshape(-1, WIDTH)
