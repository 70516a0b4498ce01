"""A folder that an operator names with --model: damaged, it is refused in a sentence; whatever it
says, nothing is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pretrained import catalog
from pretrained.errors import BadCheckpoint
from pretrained.sources.hub import networks

GOOD: dict[str, Any] = {
    "key": "classification/mine",
    "loader": "pretrained.classification.serve:load",
    "title": "Mine",
    "labels": ["a", "b"],
}
RESULT = {"split": "x/test", "n": 5, "metrics": {"top1": {"value": 0.5, "low": 0.1, "high": 0.9}}}


def folder(at: Path, config: Any, metrics: Any = None) -> Path:
    (at / "mine").mkdir(exist_ok=True)
    (at / "mine" / "model.safetensors").write_bytes(b"x")
    text = config if isinstance(config, str) else json.dumps(config)
    (at / "mine" / "config.json").write_text(text)
    if metrics is not None:
        (at / "mine" / "metrics.json").write_text(json.dumps(metrics))
    return at / "mine"


def test_a_good_one_is_taken(tmp_path: Path) -> None:
    entry = catalog.extra(folder(tmp_path, GOOD, {"results": [RESULT]}))
    assert (entry.key, entry.classes, entry.claims[0].value) == ("classification/mine", 2, 0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"key": 7}, {"key": "nothing/mine"}, {"key": ""}, {"loader": None}, {"loader": "os:system"},
        {"loader": "pretrained.classification.serve:load_nothing"},
        {"loader": "pretrained.nothing:load"},
        {"title": 3}, {"title": None}, {"licence": []}, {"parameters": "many"}, {"max_batch": "x"},
        {"labels": 9}, {"labels": {"a": 1}},
    ],
)  # fmt: skip
def test_a_damaged_config_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadCheckpoint):
        catalog.extra(folder(tmp_path, {**GOOD, **change}))


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "null", "\x00"])
def test_what_is_no_config_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadCheckpoint):
        catalog.extra(folder(tmp_path, text))


@pytest.mark.parametrize(
    "results", [5, [5], [{}], [{"metrics": {"top1": 0.5}, "split": "x", "n": 1}],
                [RESULT | {"metrics": {"top1": {"value": "x", "low": 0, "high": 0}}}]],
)  # fmt: skip
def test_damaged_figures_are_refused(tmp_path: Path, results: Any) -> None:
    with pytest.raises(BadCheckpoint):
        catalog.extra(folder(tmp_path, GOOD, {"results": results}))


@pytest.mark.parametrize("borrows", [["x"], {}, 5, "../../etc"])
def test_what_it_borrows_is_a_name_or_nothing(tmp_path: Path, borrows: Any) -> None:
    assert catalog.extra(folder(tmp_path, {**GOOD, "borrows": borrows})).borrows is None


def test_a_config_keeps_nothing_that_makes_a_library_fetch() -> None:
    told = {
        "model_type": "detr",
        "backbone": "resnet50",
        "use_pretrained_backbone": True,
        "_name_or_path": "someone/else",
        "auto_map": {"AutoModel": "someone/else--code.Model"},
        "backbone_config": {"depths": [2, 2], "url": "http://a", "inner": [{"hf_hub_id": "a/b"}]},
    }
    assert networks.harmless(told) == {
        "model_type": "detr",
        "backbone": "resnet50",
        "use_pretrained_backbone": False,
        "backbone_config": {"depths": [2, 2], "inner": [{}]},
    }


@pytest.mark.parametrize("name", ["hf-hub:someone/else", "local-dir:/etc", "someone/else", "a b"])
@pytest.mark.parametrize("place", [("backbone",), ("backbone_config", "architecture")])
def test_a_network_s_name_is_no_address(name: str, place: tuple[str, ...]) -> None:
    told: Any = name
    for key in reversed(place):
        told = {key: told}
    with pytest.raises(ValueError, match="no bare name"):
        networks.harmless(told)
