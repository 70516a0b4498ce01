"""The catalogue. A model is enrolled in these tests by standing in it."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.errors import UnknownEntry

BUNDLED = [e for e in catalog.entries().values() if e.bundled]
SHIPPED = [e for e in BUNDLED if e.folder]
FILES = {"config.json", "model.safetensors", "metrics.json", "README.md"}
MEGABYTE = 2**20


def ids(entry):
    return entry.key


def test_every_bundled_model_is_here():
    assert {e.key for e in SHIPPED} == set(catalog.BUNDLED)


def test_an_unknown_key_names_the_way_out():
    with pytest.raises(UnknownEntry, match="pretrained list"):
        catalog.find("classification/nothing")


def test_the_catalogue_imports_no_torch():
    code = "import sys, pretrained.catalog as c; c.cards(); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("entry", catalog.entries().values(), ids=ids)
def test_an_entry_tells_what_a_visitor_must_know(entry):
    assert entry.title and entry.licence and entry.bytes > 0 and entry.parameters > 0
    assert entry.max_batch >= 1
    assert entry.bundled != bool(entry.hub_id)


@pytest.mark.parametrize("entry", SHIPPED, ids=ids)
def test_a_bundled_model_keeps_its_papers_and_its_size(entry):

    folder = Path(entry.folder)
    kept = FILES - {"model.safetensors"} if entry.borrows or entry.wheel else FILES
    assert {f.name for f in folder.iterdir()} >= kept
    sizes = [file.stat().st_size for file in folder.glob("*.safetensors")]
    assert max(sizes, default=0) <= 12 * MEGABYTE or entry.wheel
    metrics = checkpoint.read_json(folder, "metrics.json")
    assert {"command", "seed", "hardware", "wall_seconds", "data"} <= set(metrics["training"])
    assert metrics["results"], "a shipped model is scored"
    for result in metrics["results"]:
        assert result["n"] >= 100 and "/" in result["split"] and result["command"]
        for figure in result["metrics"].values():
            assert figure["low"] <= figure["value"] <= figure["high"]


def test_a_figure_of_fewer_than_its_result_says_how_many(tmp_path):
    few = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 20, "signature": "case:mixed"}
    result = {"split": "a/b", "n": 100, "command": "c", "metrics": {"few": few, "all": few | {}}}
    del result["metrics"]["all"]["n"]
    source = Path(catalog.find("text/shakespeare").folder)
    shutil.copytree(source, tmp_path / "one")
    checkpoint.write_json(tmp_path / "one", "metrics.json", {"results": [result], "training": {}})
    assert [claim.n for claim in catalog.from_folder(tmp_path / "one").claims] == [20, 100]
    checkpoint.write_card(tmp_path / "one")
    card = (tmp_path / "one" / "README.md").read_text()
    assert "| a/b | 20 |" in card and "| a/b | 100 |" in card and "`case:mixed`" in card


def test_all_bundled_models_together_fit():
    own = [e.bytes for e in SHIPPED if not e.borrows and not e.wheel]
    assert sum(own) <= 120 * MEGABYTE


@pytest.mark.parametrize("entry", [e for e in BUNDLED if e.task == "classification"], ids=ids)
def test_a_bundled_classifier_answers_alike_alone_and_in_a_batch(entry):
    model = entry.load("cpu")
    pictures = [
        Image.fromarray(np.random.default_rng(n).integers(0, 255, (40 + n, 60, 3), np.uint8))
        for n in range(3)
    ]
    together = model.predict(pictures, view="answer", top_k=3)
    few = min(3, len(catalog.labels(entry)["en"]))
    assert [len(a["confidences"]) for a in together] == [few] * 3
    for picture, answer in zip(pictures, together, strict=True):
        alone = model.predict([picture], view="answer", top_k=3)[0]
        assert alone["label"] == answer["label"]
        for mine, theirs in zip(alone["confidences"], answer["confidences"], strict=True):
            assert mine["confidence"] == pytest.approx(theirs["confidence"], abs=1e-4)
    assert model.bytes > 0
    labels = catalog.labels(entry)
    assert tuple(labels["en"]) == model.labels
    assert len(labels["zh"]) == len(labels["en"])
    assert all(any("\u4e00" <= c <= "\u9fff" for c in name) for name in labels["zh"])


def test_what_draws_whatever_a_text_says_is_known_to_have_no_filter():
    unfiltered = [entry.key for entry in catalog.entries().values() if entry.unfiltered]
    assert unfiltered == ["images/sdxs"]
