"""No config makes memory for more than its weights hold, of the kinds that
`test_take_home_refused` leaves out. It is refused before a tensor is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from home_bench import KINDS as MADE
from home_bench import content, job_folder, reconfigured

from jobs import errors
from jobs.take_home import packed, unpacked

KINDS = {name: make for name, (make, _) in MADE.items()}


def refused(zip: Path, place: Path) -> None:
    with pytest.raises(errors.ModelConfig):
        unpacked(zip, place / "back")
    assert not (place / "back").exists()


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("translation/en-fr", {"hidden": 10**5}),
        ("translation/en-fr", {"embedding": 512}),
        ("translation/en-fr", {"layers": 2}),
        ("detection", {"channels": 10**5}),
        ("detection", {"hidden": 10**5}),
        ("detection", {"anchors": [[1] * 16] * 3}),
        ("detection", {"anchors": [[10**9]] * 3}),
        ("detection", {"ratios": [0]}),
    ],
)
def test_networks_larger_than_their_weights(
    kind: str, changed: dict[str, Any], tmp_path: Path
) -> None:
    zip = packed(job_folder(tmp_path / "jobs" / "one", KINDS[kind]), onnx=False)
    told = json.loads(content(zip)["config.json"])["architecture"]
    refused(reconfigured(zip, tmp_path / "x.zip", architecture={**told, **changed}), tmp_path)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("handwriting/pen", {"first": 10**5}),
        ("handwriting/pen", {"second": 10**5}),
        ("handwriting/pen", {"hands": 10**5}),
        ("handwriting/pen", {"mixture": 10**5}),
        ("handwriting/pen", {"styles": [{"name": "one"}]}),
        ("handwriting/reader", {"width": 10**5}),
        ("handwriting/reader", {"units": 10**5}),
        ("text", {"characters": "abc"}),
        ("text", {"begin": "no character"}),
        ("detection", {"taught": ["one"] * 5000}),
        ("classification/hog-svm", {"labels": ["one", "two"]}),
    ],
)
def test_numbers_beside_the_architecture(
    kind: str, changed: dict[str, Any], tmp_path: Path
) -> None:
    zip = packed(job_folder(tmp_path / "jobs" / "one", KINDS[kind]), onnx=False)
    refused(reconfigured(zip, tmp_path / "x.zip", **changed), tmp_path)
