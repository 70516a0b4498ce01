"""What a training of a classifier shows while it learns: which class it takes for which, on the
pictures kept aside, and each of its mistakes."""

from __future__ import annotations

import json

import torch
from torch import Tensor

from pretrained.classification.data import Pictures

#: Mistakes that are named, those it was surest of first.
MOST = 200


def confusion(scores: Tensor, pictures: Pictures) -> dict[str, str]:
    """``{".json": ...}`` with ``split``, ``n``, ``labels``; ``matrix``: row by row the true class,
    in each column how many of its pictures were taken for that class; ``wrong``: of each mistake
    the ``file`` ("" where the data have none), its ``number`` among the pictures kept aside, what
    it is (``label``), what it was taken for (``predicted``), and with what ``probability`` (0..1)
    before calibration. ``more``: mistakes that are not named.

    Args:
        scores: logits [N, classes] of ``pictures``.
    """
    count = len(pictures.names)
    likeliest, answers = scores.softmax(1).max(1)
    matrix = torch.bincount(pictures.labels * count + answers, minlength=count * count)
    wrong = (answers != pictures.labels).nonzero().flatten()
    wrong = wrong[likeliest[wrong].argsort(descending=True, stable=True)]
    rows = [
        {
            "file": pictures.files[n] if pictures.files else "",
            "number": n,
            "label": pictures.names[int(pictures.labels[n])],
            "predicted": pictures.names[int(answers[n])],
            "probability": round(float(likeliest[n]), 4),
        }
        for n in wrong[:MOST].tolist()
    ]
    told = {
        "split": pictures.split,
        "n": len(pictures),
        "labels": list(pictures.names),
        "matrix": matrix.view(count, count).tolist(),
        "wrong": rows,
        "more": len(wrong) - len(rows),
    }
    return {".json": json.dumps(told, ensure_ascii=False)}
