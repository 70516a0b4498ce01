"""Checkpoint folders: what is written is read back, what is damaged is refused in a sentence."""

import importlib
import json

import pytest
import torch

from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint


def test_weights_come_back_from_half_precision(tmp_path):
    sent = {"a": torch.linspace(-2, 2, 9), "count": torch.tensor([7])}
    checkpoint.save_weights(tmp_path, sent)
    found = checkpoint.load_weights(tmp_path)
    assert found["a"].dtype == torch.float32
    torch.testing.assert_close(found["a"], sent["a"], atol=1e-3, rtol=1e-3)
    assert found["count"].dtype == torch.int64


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", None, "has no config.json"),
        ("config.json", "{", "cannot be read"),
        ("config.json", "[]", "not a JSON object"),
        ("config.json", "{}", "has no key"),
        ("model.safetensors", None, "has no model.safetensors"),
    ],
)
def test_a_folder_that_is_no_checkpoint_says_why(tmp_path, name, content, reason):
    good = {"key": "classification/x", "loader": "pretrained.classification.serve:load"}
    (tmp_path / "config.json").write_text(json.dumps(good))
    checkpoint.save_weights(tmp_path, {"a": torch.zeros(1)})
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadCheckpoint, match=reason):
        catalog.from_folder(tmp_path)


def test_damaged_weights_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04 not weights")
    with pytest.raises(BadCheckpoint, match="damaged"):
        checkpoint.load_weights(tmp_path)


@pytest.mark.parametrize("loader", ["os:system", "pretrained.__main__:main", "builtins:exec"])
def test_a_folder_cannot_name_a_foreign_function_as_its_loader(tmp_path, loader):
    (tmp_path / "config.json").write_text(json.dumps({"key": "classification/x", "loader": loader}))
    checkpoint.save_weights(tmp_path, {"a": torch.zeros(1)})
    with pytest.raises(BadCheckpoint, match="not one of ours"):
        catalog.from_folder(tmp_path)


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_weights_that_are_no_numbers_are_refused(tmp_path, bad):
    tensors = {"good": torch.ones(3), "mask": torch.tensor([float("-inf"), 0.0])}
    checkpoint.save_weights(tmp_path, tensors)
    assert set(checkpoint.load_weights(tmp_path)) == {"good", "mask"}
    checkpoint.save_weights(tmp_path, {**tensors, "bad": torch.tensor([1.0, float(bad)])})
    with pytest.raises(BadCheckpoint, match=r"bad in .* is not a number"):
        checkpoint.load_weights(tmp_path)


@pytest.mark.parametrize("old", checkpoint.MOVED_LOADERS)
def test_a_checkpoint_of_older_code_finds_its_loader(tmp_path, old):
    config = {"key": f"{old.split('.')[1]}/mine", "loader": old}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").touch()
    module, function = catalog.from_folder(tmp_path).loader.split(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert f"{module}:{function}" != old
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(old.partition(":")[0])


def test_what_a_module_compared_before_is_replaced_and_the_rest_stays(tmp_path):
    checkpoint.write_metadata(tmp_path, {"key": "translation/x"}, {}, {})
    row = {"name": "a", "metric": "bleu", "value": 1.0, "low": 0.5, "high": 1.5, "n": 2}
    row["split"] = "x/test"
    for module in ("one", "two", "one"):
        checkpoint.keep_ablation(tmp_path, [row], module)
    kept = checkpoint.read_json(tmp_path, "metrics.json")["ladder"]
    assert [r["command"].split()[2] for r in kept] == ["two", "one"]
