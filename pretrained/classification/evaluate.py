"""Scoring a classifier as the app serves it: same decoding, same preprocessing, same weights."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from pretrained.catalog import Entry
from pretrained.classification import imagenet_names
from pretrained.classification.decoding import Decoder
from pretrained.classification.sources import listing
from pretrained.errors import BadCheckpoint, BadData
from pretrained.metrics import wilson

_Row = TypeVar("_Row")

#: What data sets made of ImageNet call a kind by a name that two kinds share.
SHARED_NAMES = {"crane": "crane (machine)"}


def evaluate(
    entry: Entry, source: Path | str, *, split: str = "validation", device: str = "cpu"
) -> dict[str, Any]:
    """Top-1 and top-5 accuracy, and the recall of each class, of one model on one split.

    Returns:
        ``{"key", "split", "n", "metrics": {NAME: {"value", "low", "high"}}, "per_class"}``.

    Raises:
        BadData: pictures that cannot be read, or classes that the model does not know.
        BadCheckpoint: the model's scores are not numbers.
    """
    model = entry.load(device)
    found = listing(source, split, model.labels, synonyms(model.labels))
    batches = batched(enumerate(found.labels), 64)
    ranks, true, decoder = [], [], Decoder()
    for batch in tqdm(list(batches), desc=entry.key, disable=None):
        images, known = [], []
        for number, label in batch:
            picture = decoder.picture(found.cells[number], found.place(number))
            if picture is not None:
                images.append(picture)
                known.append(label)
        if not images:
            continue
        scores = np.stack(model.predict(images, view="scores"))
        if not np.isfinite(scores).all():
            reason = "its scores are not numbers: train it again, at a lower --lr"
            raise BadCheckpoint(path=entry.folder or entry.key, reason=reason)
        own = scores[np.arange(len(known)), known]
        # A tie counts against the model: one that gives every class the same score knows nothing.
        ranks.append((scores >= own[:, None]).sum(1) - 1)
        true += known
    told = (*found.told, *decoder.told(found.split))
    for sentence in told:
        print(sentence, file=sys.stderr, flush=True)
    if not ranks:
        raise BadData(path=source, reason="it has no picture that can be read: see above")
    rank, labels = np.concatenate(ranks), np.asarray(true)
    n = len(rank)
    metrics = {"top1": wilson(int((rank < 1).sum()), n)}
    if len(model.labels) > 5:
        metrics["top5"] = wilson(int((rank < 5).sum()), n)
    per_class = {
        name: {"recall": round(float((rank[labels == i] < 1).mean()), 4)}
        for i, name in enumerate(model.labels)
        if (labels == i).any()
    }
    return {
        "key": entry.key,
        "split": found.split,
        "n": n,
        "metrics": metrics,
        "per_class": per_class,
    }


def synonyms(labels: Sequence[str]) -> Mapping[str, int]:
    """Other names of a model's classes, with their numbers: those of ImageNet's thousand kinds."""
    if tuple(labels) != imagenet_names.dataset_names():
        return {}
    numbers = imagenet_names.numbers()
    return {**numbers, **{name: numbers[meant] for name, meant in SHARED_NAMES.items()}}


def batched(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    """Lists of up to ``size`` rows (`itertools.batched` comes with Python 3.12)."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch
