"""timm backbones from a local Hub: tiny random networks, saved the way timm pushes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from hub_standin import HubStandIn
from PIL import Image
from timm.models import get_pretrained_cfg, save_for_hf

from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.classification import imagenet_names
from pretrained.classification.hub import serve
from pretrained.classification.hub.entries import TIMM_ENTRIES, TimmEntry
from pretrained.classification.hub.serve import TimmClassifier
from pretrained.errors import BadCheckpoint, HubOffline, HubUnsafe, ViewUnsupported

# Maps from convolutions, rows of patches, and a head with a norm of its own.
KINDS = ("test_resnet", "test_vit", "test_convnext")
ENTRY = Entry(
    key="classification/tiny",
    task="classification",
    title="Tiny",
    loader="pretrained.classification.hub.serve:load",
    licence="apache-2.0",
    bytes=1_000_000,
    parameters=0,
    hub_id="museum/tiny",
)


def push(hub: HubStandIn, tmp_path: Path, name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval()
    save_for_hf(network, tmp_path / name, safe_serialization=True)
    hub.add_folder("museum/tiny", tmp_path / name)
    return network


def picture(width: int = 200, height: int = 150, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((width, height))


@pytest.fixture(params=KINDS)
def served(request: pytest.FixtureRequest, hub: HubStandIn, tmp_path: Path) -> TimmClassifier:
    push(hub, tmp_path, request.param)
    return serve.load(ENTRY, "cpu", lambda done, total: None)


def test_answers_as_timm_itself_would(hub: HubStandIn, tmp_path: Path) -> None:
    network = push(hub, tmp_path, "test_resnet")
    seen: list[tuple[int, int]] = []
    model = serve.load(ENTRY, "cpu", lambda *p: seen.append(p))
    total = sum(f.stat().st_size for f in (tmp_path / "test_resnet").iterdir())
    assert seen[0] == (0, total) and seen[-1] == (total, total)

    config = timm.data.resolve_data_config(model=network, use_test_size=True)
    transform = timm.data.create_transform(**config)
    images = [picture(), picture(90, 300, seed=1)]
    with torch.inference_mode():
        theirs = network(torch.stack([transform(i) for i in images])).softmax(1).numpy()
    ours = np.stack(model.predict(images, view="scores"))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)

    answer = model.predict(images, top_k=3)[1]
    assert [c["label"] for c in answer["confidences"]] == [
        model.labels[i] for i in np.argsort(-theirs[1])[:3]
    ]
    assert answer["label"] == answer["confidences"][0]["label"]


def test_a_batch_answers_as_one_by_one(served: TimmClassifier) -> None:
    images = [picture(seed=n) for n in range(3)]
    together = served.predict(images, view="scores")
    alone = [served.predict([image], view="scores")[0] for image in images]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_stages_cover_the_network_up_to_its_head(served: TimmClassifier) -> None:
    (found,) = served.predict([picture()], view="stages")
    assert found["input"].shape == (served.size, served.size, 3)
    assert found["input"].dtype == np.uint8
    assert 2 <= len(found["stages"]) <= 6
    counted = sum(stage["parameters"] for stage in found["stages"])
    assert 0.3 * served.parameters < counted <= served.parameters
    for stage in found["stages"]:
        (maps,) = served.predict([picture()], view="maps", stage=stage["name"], count=4)
        channels, height, width = stage["shape"]
        assert maps["maps"].shape == (4, height, width)
        assert maps["maps"].min() >= 0 and maps["maps"].max() <= 1
        assert max(maps["channels"]) < channels


@pytest.mark.parametrize("method", ["gradcam", "occlusion"])
def test_where(served: TimmClassifier, method: str) -> None:
    label = served.labels[7]
    (found,) = served.predict([picture()], view="where", method=method, label=label)
    assert found["label"] == label
    assert found["heat"].shape == (served.size, served.size)
    assert found["heat"].min() >= 0 and found["heat"].max() <= 1 + 1e-6
    x0, y0, x1, y1 = found["crop"]
    assert 0 <= x0 < x1 <= 200 and 0 <= y0 < y1 <= 150 and abs((x1 - x0) - (y1 - y0)) <= 1


def test_gradcam_before_an_average_and_a_linear_layer_is_their_weighted_sum(
    hub: HubStandIn, tmp_path: Path
) -> None:
    """There Grad-CAM is the class activation map of Zhou et al. 2015, which needs no gradient."""
    push(hub, tmp_path, "test_resnet")
    model = serve.load(ENTRY, "cpu", lambda done, total: None)
    seen = []
    model.model.network.layer4.register_forward_hook(lambda *call: seen.append(call[2].detach()))
    model.predict([picture()])
    weights = model.model.network.fc.weight.detach()
    label = int((weights @ seen[-1].mean((2, 3))[0]).argmax())
    (found,) = model.predict([picture()], view="where", label=model.labels[label])
    cam = torch.einsum("c,nchw->nhw", weights[label], seen[0]).clamp_min(0)[:, None]
    size = (model.size, model.size)
    smooth = torch.nn.functional.interpolate(cam, size, mode="bicubic")[0, 0].clamp_min(0)
    np.testing.assert_allclose(found["heat"], smooth / smooth.max(), atol=1e-4)


def test_occlusion_is_nothing_where_the_network_does_not_look(served: TimmClassifier) -> None:
    half = served.size // 2

    def look_right(module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        seen = inputs[0].clone()
        seen[..., :half] = 0
        return (seen,)

    served.model.network.register_forward_pre_hook(look_right)
    heats = [
        served.predict([picture()], view="where", method="occlusion", label=label)[0]["heat"]
        for label in served.labels[:4]
    ]
    assert max(heat.max() for heat in heats) == pytest.approx(1)
    # A square that covers the left quarter does not reach the right half.
    assert max(heat[:, : served.size // 4].max() for heat in heats) < 0.05


def test_filters_and_what_it_cannot_show(served: TimmClassifier) -> None:
    (found,) = served.predict([picture()], view="filters")
    assert found["filters"].ndim == 4 and found["filters"].shape[-1] == 3
    assert found["filters"].min() >= 0 and found["filters"].max() <= 1
    for options in ({"view": "hog"}, {"view": "maps", "stage": "stage99"},
                    {"view": "where", "label": "no such thing"},
                    {"view": "where", "method": "guess"}):  # fmt: skip
        with pytest.raises(ViewUnsupported):
            served.predict([picture()], **options)


def test_measured_bytes(served: TimmClassifier) -> None:
    assert served.bytes >= 4 * served.parameters


def test_loads_with_no_network_once_it_is_here(hub: HubStandIn, tmp_path: Path) -> None:
    push(hub, tmp_path, "test_resnet")
    serve.load(ENTRY, "cpu", lambda done, total: None)
    hub.stop()
    serve.load(ENTRY, "cpu", lambda done, total: None)
    with pytest.raises(HubOffline):
        serve.load(replace(ENTRY, hub_id="museum/other"), "cpu", lambda d, t: None)


def test_a_model_with_pickles_only_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    network = timm.create_model("test_resnet", pretrained=False)
    save_for_hf(network, tmp_path / "pickled", safe_serialization=False)
    hub.add_folder("museum/tiny", tmp_path / "pickled")
    with pytest.raises(HubUnsafe):
        serve.load(ENTRY, "cpu", lambda done, total: None)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "test_vit"},
        {"architecture": "no_such_network"},
        {"architecture": "hf-hub:museum/evil"},
        {"architecture": "local-dir:/tmp"},
        {"architecture": None},
        {"num_classes": 3, "pretrained_cfg": {"num_classes": 3, "input_size": [3, 64, 64]}},
    ],
)
def test_a_configuration_that_does_not_fit(
    hub: HubStandIn, tmp_path: Path, change: dict[str, object]
) -> None:
    push(hub, tmp_path, "test_resnet")
    file = tmp_path / "test_resnet" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    hub.add_folder("museum/tiny", tmp_path / "test_resnet")
    with pytest.raises(BadCheckpoint):
        serve.load(ENTRY, "cpu", lambda done, total: None)


def test_damaged_weights(hub: HubStandIn, tmp_path: Path) -> None:
    push(hub, tmp_path, "test_resnet")
    (tmp_path / "test_resnet" / "model.safetensors").write_bytes(b"\x08" + b"\0" * 500)
    hub.add_folder("museum/tiny", tmp_path / "test_resnet")
    with pytest.raises(BadCheckpoint):
        serve.load(ENTRY, "cpu", lambda done, total: None)


def test_a_new_last_layer_and_the_old_body(hub: HubStandIn, tmp_path: Path) -> None:
    network = push(hub, tmp_path, "test_resnet")
    model, config = serve.build(ENTRY, num_classes=5)
    assert config["architecture"] == {"timm": "test_resnet", "num_classes": 5}
    assert model(torch.rand(1, 3, 96, 96)).shape == (1, 5)
    assert torch.equal(model.network.conv1[0].weight, network.conv1[0].weight)


@pytest.mark.parametrize("name", KINDS)
def test_parameter_groups(name: str, hub: HubStandIn, tmp_path: Path) -> None:
    push(hub, tmp_path, name)
    model, _ = serve.build(ENTRY, num_classes=5)
    groups = serve.parameter_groups(model, layer_decay=0.5)
    listed = [p for group in groups for p in group["params"]]
    assert len(listed) == len(set(map(id, listed))) == len(list(model.parameters()))
    scale = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    head = model.network.get_classifier()
    assert scale[id(head.weight)] == 1
    assert scale[id(next(iter(model.network.parameters())))] < 0.5

    (group,) = serve.parameter_groups(model, head_only=True)
    assert {id(p) for p in group["params"]} == {id(p) for p in head.parameters()}
    frozen = [p for p in model.parameters() if not p.requires_grad]
    assert len(frozen) == len(list(model.parameters())) - len(list(head.parameters()))


def test_imagenet_labels_are_timms_and_all_different() -> None:
    info = timm.data.ImageNetInfo("imagenet-1k")
    labels = imagenet_names.dataset_names()
    assert len(set(labels)) == 1000
    theirs = info.label_descriptions()
    assert [i for i in range(1000) if labels[i] != theirs[i]] == [134, 517]
    assert all(labels[i].startswith(theirs[i]) for i in (134, 517))
    assert "bird" in info.index_to_description(134, detailed=True)


@pytest.mark.parametrize("entry", TIMM_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_what_timm_says(entry: TimmEntry) -> None:
    from safetensors.torch import save

    known = get_pretrained_cfg(entry.timm)
    assert entry.hub_id == known.hf_hub_id
    assert entry.licence == known.license
    assert entry.size == (known.test_input_size or known.input_size)[-1]
    network = timm.create_model(entry.timm, pretrained=False)
    assert entry.parameters == sum(p.numel() for p in network.parameters())
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    assert entry.bytes == len(save(weights))
    top1, top5 = (value for _, value in entry.published)
    assert 0 < top1 < top5 < 1
    listed = catalog.find(entry.key)
    assert listed.hub_id == entry.hub_id and listed.parameters == entry.parameters
