"""What a visitor gets: a bundled network that learns from starter data becomes better on what was
kept aside, and shows what it learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pretrained import starters
from training.run import Run


def figures(out: Path) -> dict[str, Any]:
    """What ``metrics.json`` tells of before and after."""
    told: dict[str, Any] = json.loads((out / "metrics.json").read_text())["held_out"]
    assert told["before"].keys() == told["after"].keys() and told["n"] > 0
    assert "## Before and after, on " + told["split"] in (out / "README.md").read_text()
    return told


def samples(out: Path, ending: str) -> list[Path]:
    return sorted((out / "samples").glob(f"*{ending}"))


def shortened(file: Path, count: int) -> Path:
    """The first lines of a file alone."""
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:count]), "utf-8")
    return file


@pytest.mark.parametrize(("name", "lines"), [("text", 12), ("text-zh", 36)])
def test_text(name, lines, tmp_path, monkeypatch):
    from pretrained.text import train

    starter = starters.STARTERS[name]
    key = starter.keys[0]
    monkeypatch.setitem(train.RECIPES, key, replace(train.RECIPES[key], streams=6))
    text = shortened(starters.make(name, tmp_path / "data"), lines)
    out = train.train(key, text, tmp_path / "out", Run(epochs=1, seed=1, watch=True))
    told = figures(out)
    assert told["after"]["nats"] < 0.95 * told["before"]["nats"]
    assert told["split"].endswith("of text.txt") and told["of"] == "characters"
    first, last = (file.read_text("utf-8") for file in (samples(out, ".txt")[i] for i in (0, -1)))
    assert len(first) == len(last) == 200 and first != last


@pytest.mark.parametrize("name", ["pairs", "pairs-zh"])
def test_translation(name, tmp_path):
    from pretrained.translation import train

    starter = starters.STARTERS[name]
    pairs = shortened(starters.make(name, tmp_path / "data"), 31)
    out = train.train(starter.keys[0], pairs, tmp_path / "out", Run(epochs=3, watch=True))
    told = figures(out)
    assert told["after"]["nats"] < told["before"]["nats"]
    assert (told["n"], told["of"]) == (5, "pairs") and "chrf_en" in told["after"]
    shown = [json.loads(file.read_text("utf-8"))["sentences"] for file in samples(out, ".json")]
    assert len(shown) >= 2 and len(shown[0]) == 5
    keys = {"source", "translation", "reference", "target"}
    assert all(row.keys() == keys for row in shown[0])
    assert [row["source"] for row in shown[0]] == [row["source"] for row in shown[-1]]


def test_classification(tmp_path):
    from pretrained.classification import train

    data = starters.make("shapes", tmp_path / "data")
    for file in data.rglob("*.png"):
        if int(file.stem) >= 12:  # of 40
            file.unlink()
    for file in list((data / "star").iterdir())[:6]:  # some that are called by another name
        file.rename(data / "circle" / f"star-{file.name}")
    out = train.train("classification/imagenet", data, tmp_path / "out", Run(epochs=1, watch=True))
    told = figures(out)
    assert told["before"]["top1"] < told["after"]["top1"] and told["after"]["top1"] > 0.5
    assert "head" in told and told["of"] == "pictures"
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1]
    shown = samples(out, ".json")[-1]
    assert int(shown.stem) == rows[-1]["step"]
    found = json.loads(shown.read_text())
    assert sum(map(sum, found["matrix"])) == found["n"] == told["n"]
    right = sum(found["matrix"][n][n] for n in range(4))
    assert right / found["n"] == pytest.approx(told["after"]["top1"], abs=1e-3)
    assert len(found["wrong"]) == found["n"] - right and found["more"] == 0
    for row in found["wrong"]:
        assert row["file"].startswith(row["label"]) and row["predicted"] != row["label"]
        assert (data / row["file"]).is_file() and 0 < row["probability"] <= 1


def test_detection(tmp_path, monkeypatch):
    from pretrained.detection import tasks, train

    monkeypatch.setattr(tasks, "SHORT_ROUND", 12)
    monkeypatch.setattr(tasks, "PASSES", 0)
    monkeypatch.setattr(tasks, "SIDES", ((1.01, (96,)),))
    monkeypatch.setitem(
        train.RECIPES, "detection/everyday", replace(train.RECIPES["detection/everyday"], batch=2)
    )
    data = starters.make("shapes-boxes", tmp_path / "data")
    told = json.loads((data / "annotations.json").read_text())
    told["images"] = told["images"][:10]  # the fewest that a visitor may draw boxes on
    told["annotations"] = [one for one in told["annotations"] if one["image_id"] < 10]
    (data / "annotations.json").write_text(json.dumps(told))
    run = Run(epochs=1, lr=2e-3, watch=True)
    out = train.train("detection/everyday", data, tmp_path / "out", run)
    told = figures(out)
    assert (told["n"], told["of"]) == (2, "pictures")
    assert told["before"]["box_ap50"] < told["after"]["box_ap50"]
    shown = samples(out, ".json")[-1]
    pictures = json.loads(shown.read_text())["pictures"]
    assert len(pictures) == 2 and all((data / one["file"]).is_file() for one in pictures)
    assert all({"label", "score", "box"} == one.keys() for p in pictures for one in p["found"])
    assert all(one["box"][2] <= p["width"] for p in pictures for one in p["objects"])


def test_a_gan(tmp_path, monkeypatch):
    from pretrained.images import tasks, train

    monkeypatch.setattr(tasks, "ROUND", 10)
    data = starters.make("shapes-images", tmp_path / "data")
    for file in sorted(data.iterdir())[50:]:
        file.unlink()
    run = Run(epochs=1, watch=True)
    out = train.train("images/faces-gan", data, tmp_path / "out", run)
    told = figures(out)
    assert told["after"]["kernel_distance"] < told["before"]["kernel_distance"]
    assert (told["n"], told["of"]) == (5, "pictures")
    with Image.open(samples(out, ".png")[0]) as sheet:
        assert sheet.size == (256, 256)
    meter = json.loads(samples(out, ".json")[-1].read_text())
    assert (meter["n"], meter["of"], meter["pictures"]) == (16, 45, 45)
    assert meter["ratio"] > 1  # after so few rounds it copies nothing


def test_diffusion(tmp_path, monkeypatch):
    from pretrained.images import show, tasks, train

    monkeypatch.setattr(tasks, "ROUND", 32)
    monkeypatch.setattr(tasks, "LEAST_WATCHED", 32)
    monkeypatch.setattr(show, "STEPS", 2)
    key = "images/faces-diffusion"
    monkeypatch.setitem(train.RECIPES, key, replace(train.RECIPES[key], batch=4))
    data = starters.make("shapes-images", tmp_path / "data")
    for file in sorted(data.iterdir())[50:]:
        file.unlink()
    out = train.train(key, data, tmp_path / "out", Run(epochs=1, watch=True))
    told = figures(out)
    assert told["after"]["loss"] < told["before"]["loss"]
    with Image.open(samples(out, ".png")[-1]) as sheet:
        assert sheet.size == (256, 256)
