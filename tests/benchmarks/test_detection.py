"""Detectors are counted and compared, beside torchvision's. Nothing is timed here."""

from __future__ import annotations

import asyncio

import pytest
import tiny_detection
import torch

from benchmarks import detection, memory
from benchmarks.load import Effort, Load
from benchmarks.rivals import detectors
from benchmarks.table import Table
from pretrained import catalog

PERSON = {"label": "person", "score": 0.9, "box": [1.0, 2.0, 30.0, 40.0], "mask": None}


def test_answers_are_alike_within_a_pixel_and_by_name() -> None:
    right = {"objects": [PERSON]}
    assert detection.alike({"objects": [{**PERSON, "box": [1.5, 2.0, 30.0, 40.9]}]}, right)
    assert not detection.alike({"objects": [{**PERSON, "box": [1.0, 2.0, 30.0, 42.0]}]}, right)
    assert not detection.alike({"objects": [{**PERSON, "label": "cat"}]}, right)
    assert not detection.alike({"objects": []}, right)


def test_a_round_is_never_left_half_way() -> None:
    seen: list[int] = []
    for batch in (1, 3, 4):
        seen.clear()
        load = detection.rounds(seen.extend, batch, Effort(seconds=0, calls=1))
        assert seen == list(range(detection.PICTURES))
        assert len(load.latencies) == detection.PICTURES


def test_a_row_stands_beside_the_first_way_and_says_what_failed() -> None:
    row = detection.Setting(
        "a way",
        4,
        weights=12.5,
        objects=2.5,
        megabytes=80.0,
        loads=[Load(2.0, (0.1,) * 4), Load(1.0, (0.2,) * 4, 1, "TimeoutError: ")],
        references=[1.0, 8.0],
        wrong=["picture 1 differs"],
    )
    found = Table("a title", detection.COLUMNS, (row.row(),)).as_json()["rows"][0]
    assert found["ms a picture"] == {"median": 375.0, "low": 250.0, "high": 500.0, "n": 2}
    assert found["times the speed of the first"]["high"] == 2.0
    assert found["MB at the peak"] == 80.0 and found["MB of weights"] == 12.5
    assert found["objects"] == 2.5 and found["pictures"] == 8 and found["failed"] == 2
    assert row.reasons() == ["a way, 4 at once, a failure: picture 1 differs"]


def test_a_way_that_never_answered_has_a_row_too() -> None:
    silent = [Load(1.0, (), 3, "refused")]
    row = detection.Setting("silent", 1, silent, [1.0], weights=1.0, objects=0.0)
    found = dict(zip(detection.COLUMNS, row.row(), strict=True))
    assert found["ms a picture"] is None and found["failed"] == 3


def test_mask_rcnn_answers_with_as_many_objects_as_it_is_asked_for() -> None:
    ready = detectors.mask_rcnn(64, 7, "cpu")
    assert ready([0, 2]) == [7, 7]
    assert ready.megabytes == pytest.approx(178, abs=1)  # as torchvision's documentation says


def test_its_body_sees_what_a_trained_one_would() -> None:
    """Without statistics of its own a body of fifty layers lets its numbers grow without end."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), _frozen(4), torch.nn.Conv2d(4, 4, 3), _frozen(4)
    )
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 100
    detectors.calibrate_batch_norm(network, pictures)
    seen = network(pictures)
    assert seen.mean((0, 2, 3)).abs().max() < 0.01
    assert (seen.var((0, 2, 3)) - 1).abs().max() < 0.01


def _frozen(channels: int) -> torch.nn.Module:
    from torchvision.ops import FrozenBatchNorm2d

    return FrozenBatchNorm2d(channels)


@pytest.fixture
def bundled(tmp_path, monkeypatch) -> None:
    """A tiny detector under the bundled key, and rivals that are soon done."""
    folder = tiny_detection.detector(tmp_path / "everyday")
    entries = {detection.KEY: catalog.from_folder(folder, detection.KEY)}
    monkeypatch.setattr(catalog, "entries", lambda: entries)
    monkeypatch.setattr(detection, "SIDES", (64, 32))
    monkeypatch.setattr(detectors, "SEEN", {"shortest_edge": 64, "longest_edge": 96})
    levelled = detectors.level

    def ten(network: torch.nn.Module) -> None:
        """Ten candidates, for which heads and masks are computed, rather than a thousand."""
        levelled(network)
        network.rpn._post_nms_top_n["testing"] = 10

    monkeypatch.setattr(detectors, "level", ten)
    measured = memory.alone

    def alone(prepare, given, batch) -> float | None:
        """In a process of its own for ours alone: the rivals take half a minute to be made."""
        return measured(prepare, given, batch) if prepare is detection.served else 1.0

    monkeypatch.setattr(memory, "alone", alone)


def test_every_way_is_measured_and_right(bundled) -> None:
    said: list[str] = []
    effort = Effort(repeats=1, seconds=60, calls=4, callers=(1, 4))
    found = asyncio.run(detection.measure("cpu", effort, said.append)).as_json()
    ways = (
        *("torchvision's Mask R-CNN, 64 px", "torchvision's Mask R-CNN, 32 px"),
        *("YOLOS tiny of transformers", "served, predict", "this app's engine"),
    )
    rows = [(row["way"], row["at once"]) for row in found["rows"]]
    assert rows == [(way, batch) for way in ways for batch in effort.callers]
    assert all(row["failed"] == 0 and row["pictures"] >= 4 for row in found["rows"])
    assert all(row["MB of weights"] > 0 for row in found["rows"])
    assert found["rows"][0]["times the speed of the first"]["median"] == 1.0
    assert said


def test_a_model_that_is_not_here_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(catalog, "entries", dict)
    table = asyncio.run(detection.measure("cpu", Effort(), lambda what: None))
    assert table.rows == () and f"left out: {detection.KEY}" in table.notes[0]
