"""Detectors of the Hub, from small local ones: beside transformers, sizes, masks, loading."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_detr
import torch
from hub_standin import HubStandIn
from PIL import Image
from pycocotools import mask as coco
from tiny_detr import DETR, FILES, HUB_ID, MASKS, SQUARED, YOLOS, picture
from tiny_hub import retold

from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.detection.hub import serve
from pretrained.detection.hub.entries import DETECTOR_ENTRIES, DetectorEntry
from pretrained.detection.hub.serve import (
    KINDS,
    MOST,
    MOST_OBJECTS,
    HubDetector,
    Preprocessing,
    build,
)
from pretrained.errors import (
    BadCheckpoint,
    HubNotFound,
    HubOffline,
    HubUnsafe,
    ViewUnsupported,
)
from pretrained.sources import hub as downloads

detr, yolos, squared, masks = tiny_detr.detr, tiny_detr.yolos, tiny_detr.squared, tiny_detr.masks


def served(folder: Path, entry: Entry) -> HubDetector:
    network, preprocessing = build(folder, masks=entry is MASKS)
    labels = serve.names(network.config.id2label, masks=entry is MASKS)
    return HubDetector(network, preprocessing, labels, entry.key, "cpu")


@pytest.fixture(params=["detr", "yolos", "squared", "masks"])
def model(request: pytest.FixtureRequest) -> HubDetector:
    """Each of the four, one after another."""
    entries = {"detr": DETR, "yolos": YOLOS, "squared": SQUARED, "masks": MASKS}
    return served(request.getfixturevalue(request.param), entries[request.param])


# ---- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["detr", "yolos", "squared"])
def test_objects_are_those_that_transformers_finds(
    request: pytest.FixtureRequest, name: str
) -> None:
    """By its own processor and post-processing; the picture is of a size that needs no scaling."""
    import transformers

    folder = request.getfixturevalue(name)
    kind = {"detr": "Detr", "yolos": "Yolos", "squared": "RTDetr"}[name]
    processor = getattr(transformers, f"{kind}ImageProcessor").from_pretrained(folder)
    seen = picture(64, 64) if name == "squared" else picture(80, 96)
    given = processor(images=Image.fromarray(seen), return_tensors="pt")
    ours = served(folder, DETR)
    wanted = given["pixel_values"]
    assert ours.preprocessing.size(*seen.shape[:2]) == wanted.shape[-2:]
    pixels = ours.preprocessing.pixels(seen, seen.shape[:2])
    torch.testing.assert_close(pixels[None], wanted, atol=1e-5, rtol=0)
    with torch.no_grad():
        told = ours.network(**given)
    (found,) = processor.post_process_object_detection(told, 0.05, [seen.shape[:2]])
    (answer,) = ours.predict([seen])
    objects = answer["objects"]
    names = {"sofa": "couch"}
    labels = [tiny_detr.NAMES[n] for n in found["labels"].tolist()]
    theirs = [
        (names.get(label, label), score, box)
        for label, score, box in zip(
            labels, found["scores"].tolist(), found["boxes"].tolist(), strict=True
        )
        if label != "N/A"
    ]
    theirs.sort(key=lambda one: -one[1])
    assert 3 <= len(objects) <= MOST_OBJECTS
    if (
        name == "squared"
    ):  # transformers tells as many as there are queries, those unnamed with them
        assert len(found["scores"]) == 8
        assert len(objects) == int((told.logits[0, :, 1:].sigmoid() >= 0.05).sum())
        objects = objects[: len(theirs)]
    for mine, (label, score, box) in zip(objects, theirs, strict=True):
        assert mine["label"] == label and mine["score"] == pytest.approx(score, abs=1e-4)
        height, width = seen.shape[:2]
        inside = np.clip(box, 0, [width, height, width, height])
        np.testing.assert_allclose(mine["box"], inside, atol=0.05)


@pytest.mark.parametrize("size", [(60, 90), (1, 8000), (8000, 1), (600, 8000), (1, 1)], ids=str)
def test_every_size_of_picture_is_answered_in_its_own_pixels(
    model: HubDetector, size: tuple[int, int]
) -> None:
    height, width = size
    (answer,) = model.predict([picture(height, width)])
    objects = answer["objects"]
    assert objects, "the tiny networks always see something"
    assert len(objects) <= 100
    scores = [one["score"] for one in objects]
    assert scores == sorted(scores, reverse=True) and min(scores) >= 0.05
    for one in objects:
        left, top, right, bottom = one["box"]
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        assert one["label"] in {"person", "couch", "cat"}
        if one["mask"] is not None:
            assert one["mask"]["size"] == [height, width]
    json.dumps(answer)


def test_together_and_one_by_one_are_the_same(model: HubDetector) -> None:
    pictures = [picture(60, 90, 1), picture(90, 60, 2), picture(60, 90, 3), picture(40, 200, 4)]
    together = model.predict(pictures)
    for one, answer in zip(pictures, together, strict=True):
        (alone,) = model.predict([one])
        assert len(alone["objects"]) == len(answer["objects"])
        for mine, theirs in zip(alone["objects"], answer["objects"], strict=True):
            assert mine["label"] == theirs["label"]
            assert mine["score"] == pytest.approx(theirs["score"], abs=1e-4)
            np.testing.assert_allclose(mine["box"], theirs["box"], atol=0.1)


def test_a_box_lands_where_the_network_says(detr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Centre and size as shares, whatever the picture's shape."""
    from types import SimpleNamespace

    model = served(detr, DETR)
    logits = torch.full((1, 6, 5), -9.0)
    logits[..., 4] = 9.0
    logits[0, 2, 3], logits[0, 2, 4] = 9.0, -9.0
    boxes = torch.tensor([0.5, 0.25, 0.25, 0.5]).expand(1, 6, 4)
    answer = SimpleNamespace(logits=logits, pred_boxes=boxes)
    monkeypatch.setattr(model, "network", lambda pixel_values: answer)
    (found,) = model.predict([picture(100, 8000)])
    (one,) = found["objects"]
    assert one["label"] == "cat" and one["box"] == [3000.0, 0.0, 5000.0, 50.0]
    assert one["mask"] is None and one["score"] > 0.99


def test_a_mask_lies_where_its_map_is_high_and_inside_its_box() -> None:
    map_ = np.full((10, 20), -3.0, np.float32)
    map_[:, :10] = 3.0  # the left half
    found = serve.cut(map_, np.array([50.0, 20.0, 150.0, 80.0]), (100, 200))
    inside = coco.decode({**found, "counts": found["counts"].encode()})
    assert inside.shape == (100, 200)
    assert inside[20:80, 50:98].all()
    assert not inside[:, 103:].any() and not inside[:20].any() and not inside[80:].any()
    assert not inside[:, :50].any()


def test_masks_drawn_a_few_at_a_time_are_those_of_transformers(masks: Path) -> None:
    model = served(masks, MASKS)
    pixels = torch.rand(2, 3, 80, 107, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = model.network(pixel_values=pixels)
        told, features = serve.looked(model.network, pixels)
        torch.testing.assert_close(told.logits, wanted.logits)
        for number in range(2):
            queries = torch.tensor([5, 0, 3, 1, 2])
            maps = serve.drawn(model.network, told, features, number, queries)
            theirs = wanted.pred_masks[number, queries].numpy()
            np.testing.assert_allclose(maps, theirs, atol=1e-4)
            assert serve.drawn(model.network, told, features, number, queries[:0]).size == 0


def test_stuff_is_not_counted() -> None:
    known = serve.names({0: "N/A", 1: "sofa", 2: "LABEL_2", 3: "cat"}, masks=False)
    assert known == [None, "couch", None, "cat"]
    many = {n: f"thing {n}" for n in range(95)}
    assert serve.names(many, masks=True)[89:93] == ["thing 89", "thing 90", None, None]


def test_another_view_is_refused(detr: Path) -> None:
    with pytest.raises(ViewUnsupported):
        served(detr, DETR).predict([picture(40, 40)], view="steps")


def test_weights_are_measured_and_move(model: HubDetector) -> None:
    learnt = sum(p.numel() for p in model.network.parameters())
    assert model.bytes >= 4 * learnt
    assert not any(p.requires_grad for p in model.network.parameters())
    model.to("cpu")
    assert model.device == torch.device("cpu")


# ---- how a picture is seen ---------------------------------------------------------------------


def test_older_and_newer_papers_say_the_same() -> None:
    old = {**tiny_detr.OLD_PREPROCESSING, "size": 512, "max_size": 864}
    new = {**tiny_detr.OLD_PREPROCESSING, "size": {"shortest_edge": 512, "longest_edge": 864}}
    assert Preprocessing.of(old) == Preprocessing.of(new)
    assert Preprocessing.of(old).size(480, 640) == (512, 683)
    assert Preprocessing.of(old).size(600, 8000) == (65, 864)
    assert Preprocessing.of(old, step=16).size(600, 8000) == (64, 864)


def test_no_picture_is_seen_larger_than_a_machine_can_hold() -> None:
    preprocessing = Preprocessing.of(
        {**tiny_detr.OLD_PREPROCESSING, "size": 10**6, "max_size": 10**9}
    )
    for size in ((8000, 8000), (1, 80_000_000), (3, 2)):
        height, width = preprocessing.size(*size)
        assert 32 <= height <= MOST and 32 <= width <= MOST


@pytest.mark.parametrize(
    "change",
    [{"size": "large"}, {"size": {}}, {"image_mean": [0.5]}, {"image_std": [0, 1, 1]}],
    ids=str,
)
def test_papers_that_say_nothing(detr: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    folder = retold(detr, tmp_path / "changed", "preprocessor_config.json", **change)
    if change == {"size": {}}:
        assert build(folder)[1].shortest == MOST
    else:
        with pytest.raises(BadCheckpoint):
            build(folder)


# ---- loading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["detr", "yolos", "squared", "masks"])
def test_loads_from_the_hub_once_and_then_offline(
    hub: HubStandIn, request: pytest.FixtureRequest, name: str
) -> None:
    """The backbone's weights come with the rest: nothing but the three files is asked for."""
    entry = {"detr": DETR, "yolos": YOLOS, "squared": SQUARED, "masks": MASKS}[name]
    commit = hub.add_folder(HUB_ID, request.getfixturevalue(name))
    seen: list[tuple[int, int]] = []
    assert not downloads.state(entry).here
    model = entry.load("cpu", lambda done, total: seen.append((done, total)))
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1] > 0
    assert {request.path.rsplit("/", 1)[-1] for request in hub.bodies()} <= set(FILES)
    here = downloads.state(entry)
    assert here.here and here.commit == commit
    hub.stop()
    again = entry.load("cpu")
    assert again.predict([picture(60, 90)]) == model.predict([picture(60, 90)])


def test_weights_named_as_on_the_hub_are_understood(masks: Path, tmp_path: Path) -> None:
    """The published files are older than the library, which has renamed many weights since."""
    from safetensors.torch import load_file, save_file

    older = shutil.copytree(masks, tmp_path / "older")
    weights = load_file(older / "model.safetensors")
    assert any("backbone.conv_encoder.model." in name for name in weights)
    assert any("mask_head.lay1." in name for name in weights)
    assert any(".fc1." in name and ".mlp." not in name for name in weights)
    weights = {name: weight for name, weight in weights.items() if "num_batches" not in name}
    save_file(weights, older / "model.safetensors", {"format": "pt"})
    seen = [picture(60, 90)]
    assert served(older, MASKS).predict(seen) == served(masks, MASKS).predict(seen)


def test_offline_missing_and_pickles_are_said(
    hub: HubStandIn, detr: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HubNotFound):
        DETR.load("cpu")
    taken = shutil.copytree(detr, tmp_path / "pickled")
    weights = taken / "model.safetensors"
    weights.rename(taken / "pytorch_model.bin")
    hub.add_folder("museum/pickled", taken)
    with pytest.raises(HubUnsafe, match="pickle"):
        replace(DETR, hub_id="museum/pickled").load("cpu")
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    with pytest.raises(HubOffline):
        DETR.load("cpu")


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(detr: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(detr, tmp_path / "damaged")
    (folder / name).write_bytes(b"\x08" + b"\0" * 500)
    with pytest.raises(BadCheckpoint):
        build(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "bert"},
        {"quantization_config": {"quant_method": "gptq"}},
        {"d_model": 32},
        {"decoder_layers": 2},
        {"backbone": "no_such_network"},
        {"id2label": {"0": "only one"}},
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit(
    detr: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(BadCheckpoint):
        build(retold(detr, tmp_path / "changed", **change))


# ---- the catalogue -----------------------------------------------------------------------------


@pytest.mark.parametrize("entry", DETECTOR_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_counted(entry: DetectorEntry) -> None:
    """Parameters of the published architecture; bytes are theirs, what was measured, a header."""
    import transformers

    told = {"model_type": entry.kind, **dict(entry.network)}
    kind = "DetrForSegmentation" if entry.masks else KINDS[entry.kind]
    with torch.device("meta"):
        network = getattr(transformers, kind)(serve.settings(transformers, told))
    count = sum(p.numel() for p in network.parameters())
    measured = sum(b.numel() for b in network.buffers() if b.is_floating_point())
    assert entry.parameters == count
    assert 0 <= entry.bytes - 4 * (count + measured) < 66_000


@pytest.mark.parametrize("entry", DETECTOR_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_in_the_catalogue(entry: DetectorEntry) -> None:
    listed = catalog.find(entry.key)
    assert listed.task == "detection" and not listed.bundled
    assert (listed.hub_id, listed.revision) == (entry.hub_id, entry.revision)
    assert listed.files == FILES and listed.licence == "apache-2.0"
    assert {claim.metric for claim in listed.claims} <= {"box_ap", "mask_ap"} and listed.claims
    assert catalog.labels(listed) == {"en": [], "zh": None}


def test_the_entries_load_nothing_heavy() -> None:
    code = (
        "import sys, pretrained.catalog as c; c.entries(); "
        "sys.exit(bool({'torch', 'torchvision', 'transformers', 'timm'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
