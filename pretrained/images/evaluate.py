"""Scoring a model that draws faces, by how its drawings and photographs lie among each other.

``fd`` is the Fréchet distance between n drawings and the n photographs of ``--data``. With so few
it is never 0, not even between photographs; so ``fd_ratio`` divides it by the distance between n
random training faces and the same n photographs: 1 is as good as photographs. ``precision`` and
``recall`` say what is amiss: see `pretrained.images.frechet`. All depend on n and on the features.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pretrained.catalog import Entry
from pretrained.classification import imagenet
from pretrained.errors import BadCheckpoint, BadData
from pretrained.images import data, frechet
from pretrained.images.features import SIDE, Features, kept
from pretrained.images.model import SIZE
from pretrained.metrics import jackknife

#: Photographs that are compared at most.
MOST = 1_000
#: Parts of all three sets, each left out once, that the interval comes from.
PARTS = 20
#: Share of their spread by which training faces and photographs differ at least, if they are not
#: the same pictures.
LEAST_GAP = 1e-3


def evaluate(
    entry: Entry, source: Path | str, *, split: str = "validation", device: str = "cpu"
) -> dict[str, Any]:
    """Distance, its ratio, precision and recall of a model's drawings, each with its interval.

    The drawings are those of the seeds from 0 on, their latents not truncated.

    Args:
        source: photographs of faces, see `data.read`. More than 1,000, or more than the training
            faces whose features are kept: as many at random, the same ones every time.

    Raises:
        BadData: photographs that cannot be read, too few, or the very ones it was trained on.
        BadCheckpoint: the model refuses, draws no faces, or keeps no statistics of those that it
            was trained on.

    Returns:
        ``{"key", "split", "n", "metrics": {NAME: {"value", "low", "high", "features"}},
        "per_class"}``, and under ``training_faces`` what n training faces reach in their place.
    """
    if entry.folder is None:
        reason = "it was trained on no faces, so that none can be compared: score a face model"
        raise BadCheckpoint(path=entry.key, reason=reason)
    features = Features(device)
    training = kept(Path(entry.folder), features.sha256)["sample"]
    faces = data.read(source, split, data.LEAST)
    faces.say()
    n = min(len(faces), len(training), MOST)
    chosen = torch.randperm(len(faces), generator=torch.Generator().manual_seed(0))[:n]
    real = features(faces.images[chosen])
    gap = frechet.distance(training[:n], real)
    if gap < LEAST_GAP * real.double().var(0).sum():
        reason = "it holds the very faces that the model was trained on: bring others"
        raise BadData(path=source, reason=reason)
    drawn = features(drawings(entry, n, device))
    space = {"features": f"{imagenet.KEY}, its last block at {SIDE} px, SHA-256 {features.sha256}"}
    found = intervals(drawn, training[:n], real)
    return {
        "key": entry.key,
        "split": faces.split,
        "n": n,
        "metrics": {name: figure | space for name, figure in found.items()},
        "per_class": {},
        "training_faces": dict(
            zip(("fd", "precision", "recall"), beside(training[:n], real), strict=True)
        ),
    }


def drawings(entry: Entry, count: int, device: str) -> Tensor:
    """What the served model draws from the seeds 0 to ``count`` - 1, uint8 [N, 3, 64, 64]."""
    model = entry.load(device)
    found = []
    for begin in tqdm(range(0, count, entry.max_batch), desc=entry.key, disable=None):
        seeds = range(begin, min(begin + entry.max_batch, count))
        for answer in model.predict([{"mix": [[seed, 1.0]]} for seed in seeds], view="answer"):
            if isinstance(answer, Exception):
                raise BadCheckpoint(path=entry.folder, reason=str(answer)) from answer
            found.append(np.asarray(answer["image"], np.uint8))
    faces = torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)
    assert faces.shape[1:] == (3, SIZE, SIZE)
    return faces


def beside(one: Tensor, real: Tensor) -> tuple[float, float, float]:
    """Fréchet distance, precision and recall of features [N, F] beside photographs' [N, F]."""
    return frechet.distance(one, real), *frechet.precision_recall(one, real)


def figures(drawn: Tensor, training: Tensor, real: Tensor) -> dict[str, float]:
    """Every metric of three sets of features [N, F]."""
    apart, precision, recall = beside(drawn, real)
    ratio = apart / frechet.distance(training, real)
    return {"fd": apart, "fd_ratio": ratio, "precision": precision, "recall": recall}


def intervals(drawn: Tensor, training: Tensor, real: Tensor) -> dict[str, dict[str, float]]:
    """Every metric with its 95% interval, for other seeds and other faces alike.

    A grouped jackknife (Efron & Stein 1981): the same twentieth of all three sets is left out, each
    once, and Student's t with 19 degrees of freedom makes an interval of how the figures vary. A
    bootstrap would not do: faces that are drawn twice move every one of these figures one way. The
    interval is of the figure at this n. Among training faces, three sets of 1,000 at a time, it is
    as wide as it should be for precision and recall, 1.5 times for the ratio, 1.7 for the distance.
    """
    whole = figures(drawn, training, real)
    part = torch.arange(len(real)) % PARTS
    left = [figures(*(s[part != p] for s in (drawn, training, real))) for p in range(PARTS)]
    return {name: jackknife(name, v, [one[name] for one in left]) for name, v in whole.items()}
