"""Scoring: what a figure may be made of, and what it may not."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pretrained.classification import evaluate
from pretrained.errors import BadCheckpoint

NAMES = ("a", "b", "c", "d", "e", "f", "g")


class Constant:
    """Gives every picture the same scores."""

    labels = NAMES

    def __init__(self, scores):
        self.scores = np.asarray(scores, dtype=np.float32)

    def predict(self, images, *, view):
        return [self.scores] * len(images)


@pytest.fixture
def folder(tmp_path):
    """Two pictures of each of seven classes."""
    for name in NAMES:
        (tmp_path / name).mkdir()
        for n in range(2):
            Image.new("RGB", (16, 16), "red").save(tmp_path / name / f"{n}.png")
    return tmp_path


def score(folder, scores):
    entry = SimpleNamespace(key="x/y", folder=None, load=lambda device: Constant(scores))
    return evaluate.evaluate(entry, folder)["metrics"]


def test_a_model_that_tells_nothing_apart_is_never_right(folder):
    metrics = score(folder, [1 / 7] * 7)
    assert metrics["top1"]["value"] == metrics["top5"]["value"] == 0


def test_a_model_that_always_says_the_same_is_right_about_that(folder):
    metrics = score(folder, [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05])
    assert metrics["top1"]["value"] == pytest.approx(1 / 7)
    assert metrics["top5"]["value"] == pytest.approx(5 / 7)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(folder, bad):
    with pytest.raises(BadCheckpoint, match="not numbers"):
        score(folder, [bad] * 7)
