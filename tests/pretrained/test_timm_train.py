"""Fine-tuning a Hub entry by the command that fine-tunes everything, then serving the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rewound
import torch
from hub_standin import HubStandIn
from PIL import Image
from test_timm_backbone import ENTRY, push

from pretrained import catalog
from pretrained.classification.hub import serve, train
from training.run import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve red and twelve blue pictures, with noise."""
    values = np.random.default_rng(0)
    for name, colour in (("blue", (40, 60, 200)), ("red", (200, 60, 40))):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for n in range(12):
            noise = values.integers(-40, 40, (80, 90, 3))
            pixels = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{n}.png")
    return tmp_path / "pictures"


@pytest.mark.parametrize("head_only", [True, False])
def test_learns_new_classes_and_is_served_from_its_folder(
    hub: HubStandIn, tmp_path: Path, folder: Path, head_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights know nothing yet, so they learn faster than trained ones should.
    monkeypatch.setattr(train, "BATCH", 8)
    monkeypatch.setattr(train, "PEAK_HEAD", 3e-2)
    monkeypatch.setattr(train, "PEAK_WHOLE", 3e-3)
    original = push(hub, tmp_path, "test_resnet")
    out = train.train(ENTRY, folder, tmp_path / "colours", Run(head_only=head_only, epochs=12))
    hub.stop()  # from here on the folder must be enough

    entry = catalog.from_folder(out)
    assert entry.classes == 2 and entry.licence == ENTRY.licence
    model = entry.load("cpu")
    assert model.labels == ("blue", "red") and model.config["calibrated"]
    for name in model.labels:
        answers = model.predict([Image.open(file) for file in sorted((folder / name).iterdir())])
        assert sum(answer["label"] == name for answer in answers) >= 11

    if head_only:  # the body stays what it was, its batch statistics too
        after = model.model.network.state_dict()
        for name, value in original.state_dict().items():
            if value.is_floating_point() and not name.startswith("fc."):
                assert torch.equal(value.half().float(), after[name]), name

    again, _ = serve.build(entry, num_classes=4)  # and can be fine-tuned further
    assert again(torch.rand(1, 3, 96, 96)).shape == (1, 4)


@pytest.mark.parametrize("head_only", [True, False])
def test_a_training_that_is_watched_can_be_rewound(
    hub: HubStandIn, tmp_path: Path, folder: Path, head_only: bool
) -> None:
    original = push(hub, tmp_path, "test_resnet").state_dict()
    run = Run(head_only=head_only, epochs=2, watch=True)
    out = train.train(ENTRY, folder, tmp_path / "colours", run)
    begun, learnt = rewound.ends(out)
    assert learnt.labels == begun.labels == ("blue", "red")
    for name, value in begun.model.network.state_dict().items():
        if not name.startswith("fc."):  # the new last layer
            assert torch.equal(value, original[name].half().float()), name


def test_smoke_is_two_steps(hub: HubStandIn, tmp_path: Path, folder: Path) -> None:
    push(hub, tmp_path, "test_resnet")
    out = train.train(ENTRY, folder, tmp_path / "smoke", Run(smoke=True))
    assert catalog.from_folder(out).classes == 2
