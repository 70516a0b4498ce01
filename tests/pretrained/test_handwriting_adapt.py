"""One visitor's hand: read, learnt, measured, served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pretrained import catalog, checkpoint
from pretrained.errors import BadData
from pretrained.handwriting import adapt, serve, svg, train
from training.run import Run

WORDS = ["morning", "river", "window", "garden", "seven", "little", "paper", "under", "yellow"]
WORDS += ["bread", "stone", "quick"]


@pytest.fixture(scope="module")
def pen() -> serve.Pen:
    return catalog.find(adapt.KEY).load("cpu")


@pytest.fixture(scope="module")
def writings(pen) -> list[dict[str, Any]]:
    """Words in a hand that nobody has: the pen's own, tall and slanted, in pixels."""
    jobs = [{"text": word, "style": 0, "seed": n, "bias": 2.0} for n, word in enumerate(WORDS)]
    answers = pen.predict(jobs)
    return [
        {
            "text": one["text"],
            "strokes": [
                (stroke @ np.array([[1.0, 0.0], [-0.7, 1.4]]) * 30 + 200).tolist()
                for stroke in svg.pieces(one["points"])
            ],
        }
        for one in answers
    ]


def saved(folder: Path, rows: Any) -> Path:
    file = folder / "mine.json"
    file.write_text(json.dumps(rows))
    return file


def test_the_pen_writes_more_as_its_new_hand_does(writings, tmp_path, monkeypatch):
    monkeypatch.setattr(adapt, "ROUND", 8)
    monkeypatch.setattr(adapt, "SEEDS", 1)
    out = tmp_path / "mine"
    run = Run(epochs=1, lr=3e-4, watch=True)
    train.train(adapt.KEY, saved(tmp_path, {"writings": writings}), out, run)
    told = json.loads((out / "metrics.json").read_text())["held_out"]
    assert told["after"]["nats"] < told["before"]["nats"] and told["n"] == 2
    assert {"cer", "slant_apart"} <= told["before"].keys() == told["after"].keys()
    entry = catalog.from_folder(out)
    model = entry.load("cpu")
    assert model.names == ["Own hand"]
    [answer] = model.predict([{"text": "river", "style": 0}])
    assert len(answer["points"]) > 10
    begun = catalog.from_folder(out / "moments" / "start").load("cpu")  # asked while it learns
    [first] = begun.predict([{"text": "river", "style": 0}])
    assert len(first["points"]) > 10
    config = checkpoint.read_json(out, "config.json")
    bundled = checkpoint.read_json(catalog.folder_of(adapt.KEY), "config.json")
    assert config["hands"] == bundled["hands"] + 1
    drawn = sorted((out / "samples").glob("*.svg"))
    assert len(drawn) >= 2 and drawn[0].read_text().startswith("<svg")


def test_what_is_no_word_is_left_out_and_told(pen, writings, tmp_path):
    dot = {"text": "dot", "strokes": [[[1, 1]]]}
    wide = {"text": "a", "strokes": [[[0, 0], [900, 40]]]}
    kept, told = adapt.read(saved(tmp_path, [*writings, dot, wide]), pen.characters)
    assert [one.text for one in kept] == WORDS
    assert told == ("2 of 14 writings cannot be what their text says: 'dot', 'a'",)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("soup", "no list of objects"),
        ([{"text": "a"}], "no list of objects"),
        ([], "0 words that can"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(pen, rows, reason, tmp_path):
    with pytest.raises(BadData, match=reason):
        adapt.read(saved(tmp_path, rows), pen.characters)


def test_seven_words_are_too_few(pen, writings, tmp_path):
    with pytest.raises(BadData, match="7 words that can be used, and 8 are needed: write more"):
        adapt.read(saved(tmp_path, writings[:7]), pen.characters)
