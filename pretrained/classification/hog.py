"""How it was done before deep learning: histograms of oriented gradients and a linear SVM.

Dalal & Triggs 2005. The features are designed by hand (which way edges run in each small cell),
only the last, linear step is learnt. scikit-image computes them, scikit-learn fits the machine.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.cards import cards
from pretrained.catalog import Entry, Progress
from pretrained.classification import calibration, chinese, data
from pretrained.classification.classifier import rank
from pretrained.classification.data import fit_square
from pretrained.errors import ViewUnsupported
from training.provenance import provenance
from training.run import Run

KEY = "classification/hog-svm"
SIZE = 32
COSTS = (0.01, 0.1, 1.0)
SETTINGS: dict[str, Any] = {"orientations": 9, "pixels_per_cell": (4, 4), "cells_per_block": (2, 2)}


def describe(picture: np.ndarray) -> np.ndarray:
    """uint8 [32, 32, 3] -> [1764]: 7x7 normalised blocks of 2x2 cells of 9 directions."""
    from skimage.feature import hog

    return np.asarray(hog(picture, channel_axis=-1, **SETTINGS), dtype=np.float32)


def draw(features: np.ndarray, side: int = 40) -> np.ndarray:
    """What `describe` gave -> float32 [8 * side, 8 * side] in 0..1: in each cell one stroke for
    each of the 9 directions, along the edge, as bright as that direction is strong.

    A cell lies in up to four blocks, each of which normalises it anew: drawn is their mean.
    """
    from skimage.draw import line_aa

    directions, cells = SETTINGS["orientations"], SIZE // SETTINGS["pixels_per_cell"][0]
    blocks = features.reshape(cells - 1, cells - 1, 2, 2, directions)
    total, times = np.zeros((cells, cells, directions)), np.zeros((cells, cells, 1))
    for row, column in np.ndindex(2, 2):
        part = np.s_[row : row + cells - 1, column : column + cells - 1]
        total[part] += blocks[:, :, row, column]
        times[part] += 1
    strength = total / times
    picture = np.zeros((cells * side, cells * side))
    reach = side / 2 - 2
    for row, column, n in np.ndindex(strength.shape):
        angle = np.pi * (n + 0.5) / directions  # of the gradient; the edge runs across it
        down, right = reach * np.cos(angle), reach * np.sin(angle)
        y, x = (row + 0.5) * side, (column + 0.5) * side
        ends = (round(v) for v in (y - down, x + right, y + down, x - right))
        ys, xs, coverage = line_aa(*ends)
        picture[ys, xs] = np.maximum(picture[ys, xs], coverage * strength[row, column, n])
    return (picture / (picture.max() or 1.0)).astype(np.float32)


class HogSvm:
    """The served machine; the same ``predict`` as `serve.Classifier`."""

    def __init__(self, config: dict[str, Any], weight: np.ndarray, bias: np.ndarray) -> None:
        self.config, self.weight, self.bias = config, weight, bias
        self.labels = tuple(config["labels"])
        self.labels_zh = tuple(config["labels_zh"]) if config.get("labels_zh") else None
        self.parameters = weight.size + bias.size
        self.bytes = weight.nbytes + bias.nbytes

    def predict(
        self, images: list[Image.Image], *, view: str = "answer", top_k: int = 5
    ) -> list[Any]:
        """Views ``answer``, ``scores`` and ``hog``: ``{"picture": [320, 320] in 0..1}``."""
        if view not in ("answer", "scores", "hog"):
            raise ViewUnsupported(model=self.config["key"], view=view)
        features = np.stack([describe(np.asarray(fit_square(i, SIZE))) for i in images])
        if view == "hog":
            return [{"picture": draw(row)} for row in features]
        margins = (features @ self.weight.T + self.bias) / self.config.get("temperature", 1.0)
        exponentials = np.exp(margins - margins.max(1, keepdims=True))
        probabilities = exponentials / exponentials.sum(1, keepdims=True)
        if view == "scores":
            return list(probabilities)
        below = self.config.get("unsure_below", 0.0)
        return [rank(p, self.labels, top_k, below) for p in probabilities]


def load(entry: Entry, device: str, progress: Progress) -> HogSvm:
    """The loader; this machine always runs on the CPU."""
    assert entry.folder is not None
    folder = Path(entry.folder)
    weights = checkpoint.load_weights(folder)
    progress(entry.bytes, entry.bytes)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    return HogSvm(config, weights["weight"].numpy(), weights["bias"].numpy())


def train(source: Path | str, out: Path, run: Run) -> Path:
    """Fit the machine one class against the rest, its cost chosen on pictures kept aside.

    Raises:
        BadData: the data cannot be read.
    """
    import torch
    from sklearn.svm import LinearSVC

    started = time.monotonic()
    pictures = data.read(source, "train", SIZE)
    told = pictures.say()
    if run.smoke:  # a few of each class, however the rows are sorted
        few = [(pictures.labels == n).nonzero()[:20, 0] for n in range(len(pictures.names))]
        pictures = pictures.subset(torch.cat(few), pictures.split)
    shipped = catalog.labels(catalog.find(KEY))["en"]
    own = list(pictures.names) != shipped
    train_on, held_out = data.split_held_out(pictures, 2000, run.seed, stratified=own)
    features, unseen = (
        np.stack([describe(image) for image in part.images.permute(0, 2, 3, 1).numpy()])
        for part in (train_on, held_out)
    )
    tried = {}
    for cost in COSTS:
        machine = LinearSVC(C=cost, dual=False, tol=1e-3).fit(features, train_on.labels.numpy())
        right = machine.score(unseen, held_out.labels.numpy())
        tried[right] = (cost, machine)
        print(f"cost {cost}: {right:.4f} of {len(held_out)} kept aside", file=sys.stderr)
    cost, machine = tried[max(tried)]
    weight, bias = (torch.from_numpy(a).float() for a in (machine.coef_, machine.intercept_))
    if len(bias) == 1:  # of two classes it tells by how much it is the second
        weight, bias = torch.cat([-weight, weight]), torch.cat([-bias, bias])
    margins = torch.from_numpy(unseen) @ weight.T + bias
    fitted = calibration.calibrate(margins, held_out.labels, held_out.split)
    checkpoint.save_weights(out, {"weight": weight, "bias": bias})
    card = cards()[KEY]
    if own:
        card = replace(
            card,
            title=out.resolve().name,
            licence="unknown",
            description=f"{card.description[:-1]}, on {pictures.split}.",
            limits=card.limits.replace("knows ten", f"knows {len(pictures.names)}"),
        )
    config = {
        "key": f"classification/{out.resolve().name}" if own else KEY,
        **card.told(),
        "loader": "pretrained.classification.hog:load",
        "parameters": weight.numel() + bias.numel(),
        "max_batch": 32,
        "size": SIZE,
        "cost": cost,
        "temperature": fitted["temperature"],
        "unsure_below": fitted["unsure_below"],
        "labels": list(pictures.names),
        "labels_zh": chinese.names(pictures.names),
    }
    made = provenance(
        run,
        torch.device("cpu"),
        [{"seconds": time.monotonic() - started}],
        data=pictures.split,
        pictures=len(train_on),
        **told,
        tried={str(c): round(right, 4) for right, (c, _) in tried.items()},
    )
    checkpoint.write_metadata(out, config, made, fitted)
    return out
