"""Fine-tuning a pipeline of the Hub by the command that trains everything, then serving it."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import rewound
import tiny_pipeline
import torch
from hub_standin import HubStandIn
from PIL import Image
from tiny_pipeline import CAT, HUB_ID, SIDE, THINGS
from typer.testing import CliRunner

from pretrained import catalog, checkpoint
from pretrained.__main__ import app
from pretrained.errors import BadCheckpoint, BadData, HubOffline
from pretrained.images.errors import NotTunable
from pretrained.images.hub import train
from pretrained.images.hub.pipeline import read
from pretrained.images.hub.train import LAYERS, FineTuneTask
from pretrained.lora import SCALE, Adapter, merge
from training.run import Run

cat, things = tiny_pipeline.cat, tiny_pipeline.things
POINT = [{"mix": [[7, 1.0]]}]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Squares of one colour on another."""
    folder = tmp_path / "squares"
    folder.mkdir()
    for number in range(8):
        image = np.full((40, 48, 3), (200, 40, 40), np.uint8)
        image[8 + number : 24 + number, 12:30] = (20, 60, 220)
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def base(hub: HubStandIn, cat: Path) -> str:
    """The commit of the pipeline to start from."""
    return hub.add_folder(HUB_ID, cat)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights know nothing yet, so they learn faster than trained ones should."""
    monkeypatch.setattr(train, "PEAK", 5e-3)
    monkeypatch.setattr(train, "ROUND", 15)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_learns_pictures_and_is_served_from_its_folder(
    base: str, short: None, cat: Path, tmp_path: Path, pictures: Path
) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(epochs=2, seed=1))
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["held_out_loss"] < made["held_out_loss_before"] - 0.05
    assert made["pictures"] == 7 and made["started_from"] == f"{HUB_ID} at {base}"
    assert "held_out_loss" in (out / "README.md").read_text("utf-8")

    entry = catalog.from_folder(out)
    assert entry.key == "images/mine" and entry.licence == CAT.licence and entry.bundled
    before = CAT.load("cpu")
    seen: list[tuple[int, int]] = []
    tuned = entry.load("cpu", lambda *p: seen.append(p))
    assert seen[-1] == (entry.bytes, entry.bytes)
    one, other = (m.predict(POINT, steps=3)[0]["image"] for m in (before, tuned))
    assert one.shape == other.shape == (SIDE, SIDE, 3) and (one != other).any()


def test_a_training_that_is_watched_can_be_rewound(
    base: str, short: None, tmp_path: Path, pictures: Path
) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(epochs=1, watch=True))
    drawn = [
        model.predict(POINT, steps=2)[0]["image"] for model in (CAT.load("cpu"), *rewound.ends(out))
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[1] != drawn[2]).any()


def test_the_base_stays_as_it_was(base: str, cat: Path, tmp_path: Path, pictures: Path) -> None:
    (before,) = CAT.load("cpu").predict(POINT, steps=2)
    files = contents(cat)
    train.train(CAT, pictures, tmp_path / "mine", Run(smoke=True))
    (after,) = CAT.load("cpu").predict(POINT, steps=2)
    np.testing.assert_array_equal(after["image"], before["image"])
    assert contents(cat) == files


def test_what_is_served_is_what_was_learnt(cat: Path, tmp_path: Path) -> None:
    """The merged U-Net answers as the one with the adapter beside it did in training."""
    adapter = Adapter.around(read(cat).unet, LAYERS)
    with torch.no_grad():
        for number, weight in enumerate(adapter.weights):
            chance = torch.Generator().manual_seed(number)
            weight.copy_(torch.randn(weight.shape, generator=chance) * 0.1)
        seen = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        degrees = torch.tensor([3, 700])
        expected = adapter(seen, degrees).sample
        plain = read(cat).unet
        original = plain(seen, degrees).sample
        checkpoint.save_weights(tmp_path, adapter.state())
        merge(plain, checkpoint.load_weights(tmp_path), SCALE)
        merged = plain(seen, degrees).sample
    assert (expected - original).abs().max() > 0.1
    torch.testing.assert_close(merged, expected, atol=2e-2, rtol=2e-2)  # half precision on disk


def test_attention_and_convolutions_learn_and_nothing_else(cat: Path) -> None:
    adapter = Adapter.around(read(cat).unet, LAYERS)
    changed = {name.split(".lora_")[0].removeprefix("base_model.model.") for name in adapter.names}
    kinds = tuple(f".{layer}" for layer in LAYERS)
    layers = {name for name, _ in read(cat).unet.named_modules() if name.endswith(kinds)}
    assert changed == layers
    assert any(".attentions." in name for name in changed)
    assert any(".resnets." in name for name in changed)


def test_the_noise_is_what_is_told(cat: Path) -> None:
    """A network that answered with the very noise would make no error."""
    parts = read(cat)
    images = torch.zeros(8, 3, SIDE, SIDE, dtype=torch.uint8)
    adapter = Adapter.around(parts.unet, LAYERS)
    task = FineTuneTask(adapter, parts.schedule, images, images[:2], "cpu", 0)
    batch = next(task.batches(0, 0.0))

    class Knows(torch.nn.Module):
        def forward(self, seen: torch.Tensor, degrees: torch.Tensor) -> object:
            return type("Said", (), {"sample": batch[1]})

    assert task.loss(Knows(), batch).item() == 0
    assert task.watched[2].tolist() == sorted(set(task.watched[2].tolist()))
    assert task.loss(deepcopy(adapter), batch).item() > 0.1
    assert len(list(task.batches(0, 0.0))) == task.steps_per_epoch == train.ROUND


def test_smoke_is_two_steps_and_goes_on(base: str, tmp_path: Path, pictures: Path) -> None:
    out = train.train(CAT, pictures, tmp_path / "smoke", Run(smoke=True))
    rows = (out / "history.jsonl").read_text().splitlines()
    assert json.loads(rows[-1])["step"] == 2
    catalog.from_folder(out).load("cpu")
    train.train(CAT, pictures, out, Run(smoke=True, resume=True))
    assert (out / "history.jsonl").read_text().splitlines() == rows  # it was done already


def test_the_command_trains_it(
    base: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "entries", lambda: {CAT.key: CAT})
    out = tmp_path / "out"
    typed = ["train", CAT.key, "--data", str(pictures), "--out", str(out), "--smoke"]
    trained = CliRunner().invoke(app, typed)
    assert trained.exit_code == 0, trained.output
    assert catalog.from_folder(out).loader == "pretrained.images.hub.serve:load_tuned"


def test_the_folder_holds_only_what_was_learnt(base: str, tmp_path: Path, pictures: Path) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(smoke=True))
    taken = shutil.copytree(out, tmp_path / "home", ignore=shutil.ignore_patterns("state.pt"))
    assert {f.suffix for f in taken.iterdir()} <= {".json", ".jsonl", ".safetensors", ".md"}
    assert all(".lora_" in name for name in checkpoint.load_weights(taken))
    catalog.from_folder(taken).load("cpu")


def test_one_step_models_are_not_fine_tuned(
    hub: HubStandIn, things: Path, tmp_path: Path, pictures: Path
) -> None:
    hub.add_folder(HUB_ID, things)
    with pytest.raises(NotTunable, match=CAT.key):
        train.train(THINGS, pictures, tmp_path / "out", Run(smoke=True))
    assert not hub.bodies() and not (tmp_path / "out").exists()


def test_a_base_that_is_not_here(
    hub: HubStandIn, base: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(smoke=True))
    monkeypatch.setenv("BREAKTHROUGHS_CACHE_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(BadCheckpoint, match=f"hf download {HUB_ID} --revision {base}"):
        catalog.from_folder(out).load("cpu")
    hub.stop()
    with pytest.raises(HubOffline):
        train.train(CAT, pictures, tmp_path / "out", Run(smoke=True))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change", [{"base": {"key": "images/none"}}, {"base": None}, {"lora": {}}], ids=str
)
def test_a_folder_that_does_not_tell_its_base(
    base: str, tmp_path: Path, pictures: Path, change: dict[str, object]
) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(smoke=True))
    config = checkpoint.read_json(out, "config.json")
    checkpoint.write_json(out, "config.json", {**config, **change})
    with pytest.raises(BadCheckpoint, match="train it again"):
        catalog.from_folder(out).load("cpu")


def test_weights_of_another_network(base: str, tmp_path: Path, pictures: Path) -> None:
    out = train.train(CAT, pictures, tmp_path / "mine", Run(smoke=True))
    weights = checkpoint.load_weights(out)
    name = next(iter(weights))
    checkpoint.save_weights(out, {**weights, name: weights[name][..., :1]})
    with pytest.raises(BadCheckpoint, match="do not fit"):
        catalog.from_folder(out).load("cpu")


def test_too_few_pictures_and_none(base: str, tmp_path: Path, pictures: Path) -> None:
    for number in range(5):
        (pictures / f"{number}.png").unlink()
    for source in (pictures, tmp_path / "nothing"):
        with pytest.raises(BadData):
            train.train(CAT, source, tmp_path / "out", Run(smoke=True))
    assert not (tmp_path / "out").exists()
