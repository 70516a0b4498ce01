"""Pictures are counted and compared, beside each model's first way. Nothing is timed here."""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import pytest
import tiny_faces

from benchmarks import images, memory
from benchmarks.load import Effort, Load
from benchmarks.table import Table
from pretrained import catalog

GREY = np.full((4, 4, 3), 100, np.uint8)


def test_a_picture_that_differs_by_more_than_rounding_is_named() -> None:
    assert images.differences([GREY, GREY + images.CLOSE], [GREY, GREY]) == []
    assert images.differences([GREY, GREY + images.CLOSE + 1], [GREY, GREY]) == ["seed 1 differs"]


def test_a_row_stands_beside_the_first_way_and_says_what_failed() -> None:
    row = images.Setting(
        "a way",
        8,
        loads=[Load(2.0, (0.1, 0.3, 0.2, 0.2)), Load(1.0, (0.4,), 1, "TimeoutError: ")],
        references=[1.0, 0.5],
        megabytes=12.5,
        wrong=["seed 1 differs"],
    )
    found = Table("a title", images.COLUMNS, (row.row(),)).as_json()["rows"][0]
    assert found["pictures/s"] == {"median": 1.5, "low": 1.0, "high": 2.0, "n": 2}
    assert found["times the first way"]["median"] == 2.0
    assert found["MB at the peak"] == 12.5 and found["failed"] == 2 and found["pictures"] == 5
    assert row.reasons() == ["a way, 8 at once, a failure: seed 1 differs"]


def rows_of(side: int, device: str):
    """Holds a square of numbers; a batch takes one more for each of its rows."""
    held = np.ones((side, side), np.uint8)
    return lambda seeds: sum(int((held + seed).sum()) for seed in seeds)


@pytest.mark.skipif(sys.platform != "linux", reason="told by /proc")
def test_memory_at_the_peak_is_seen_though_it_is_given_back() -> None:
    taken = memory.alone(rows_of, (8_000, "cpu"), [1])
    assert taken is not None and 60 < taken < 90


@pytest.mark.skipif(sys.platform != "linux", reason="told by /proc")
def test_what_a_batch_before_left_behind_does_not_hide_the_next() -> None:
    found = [memory.alone(rows_of, (8_000, "cpu"), [1]) for _ in range(2)]
    assert None not in found and min(found) > 60


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """Tiny models under the bundled keys."""
    entries = {
        key: catalog.from_folder(make(tmp_path / key.split("/")[1]), key)
        for key, make in ((images.GAN, tiny_faces.gan), (images.DIFFUSION, tiny_faces.denoiser))
    }
    monkeypatch.setattr(catalog, "entries", lambda: entries)
    return entries


def test_every_way_of_both_models_is_measured_and_right(bundled) -> None:
    said: list[str] = []
    effort = Effort(repeats=1, seconds=60, calls=3, callers=(1, 2))
    tables = asyncio.run(images.measure("cpu", effort, said.append))
    for table, first in zip(
        tables, ("the plain module in a loop", "DDIMPipeline of diffusers"), strict=True
    ):
        found = table.as_json()
        ways = (first, "served, predict", "this app's engine")
        rows = [(row["way"], row["at once"]) for row in found["rows"]]
        assert rows == [(way, batch) for way in ways for batch in effort.callers]
        assert all(row["failed"] == 0 and row["pictures"] >= 3 for row in found["rows"])
    assert said


def test_a_model_that_is_not_here_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(catalog, "entries", dict)
    tables = asyncio.run(images.measure("cpu", Effort(), lambda what: None))
    assert [table.rows for table in tables] == [(), ()]
    assert "left out: images/faces-gan" in tables[0].notes[0]
