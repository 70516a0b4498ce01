"""Pipelines of the Hub, from small local ones: drawing beside diffusers, steps, loading."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_pipeline
import torch
from hub_standin import HubStandIn
from tiny_hub import retold
from tiny_pipeline import CAT, HUB_ID, KINDS, SIDE, THINGS, WORDS

from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.errors import (
    BadCheckpoint,
    HubGated,
    HubNotFound,
    HubOffline,
    HubTruncated,
    HubUnsafe,
    ViewUnsupported,
)
from pretrained.images import evaluate
from pretrained.images.errors import BadPoint, BadSteps, BadText
from pretrained.images.hub.entries import LONGEST, PIPELINE_ENTRIES, PIPELINES, PipelineEntry
from pretrained.images.hub.pipeline import KINDS as SERVED
from pretrained.images.hub.pipeline import read
from pretrained.images.hub.serve import Painter
from pretrained.sources import hub as downloads

cat, things, words = tiny_pipeline.cat, tiny_pipeline.things, tiny_pipeline.words


def served(folder: Path, entry: Entry) -> Painter:
    return Painter(read(folder), entry.key, PIPELINES[entry.key].steps, "cpu")


def points(*seeds: int) -> list[dict[str, Any]]:
    return [{"mix": [[seed, 1.0]]} for seed in seeds]


def noise(seed: int, channels: int = 3) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, SIDE, SIDE, generator=chance)


def same(image: np.ndarray, theirs: np.ndarray) -> None:
    """A picture 0..255 and diffusers' 0..1, as equal as rounding lets them be."""
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image / 255, theirs, atol=2 / 255)


# ---- drawing -----------------------------------------------------------------------------------


def test_a_picture_of_pixels_is_the_one_that_diffusers_draws(cat: Path) -> None:
    from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel

    schedule = DDIMScheduler(timestep_spacing="trailing")
    theirs = DDIMPipeline(UNet2DModel.from_pretrained(cat), schedule)
    theirs.set_progress_bar_config(disable=True)
    model = served(cat, CAT)
    for seed in (7, 8):
        chance = torch.Generator().manual_seed(seed)
        (wanted,) = theirs(generator=chance, num_inference_steps=4, output_type="np").images
        (answer,) = model.predict(points(seed), steps=4)
        same(answer["image"], wanted)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_kind_of_thing_is_the_one_that_diffusers_draws(things: Path, steps: int) -> None:
    from diffusers import ConsistencyModelPipeline

    theirs = ConsistencyModelPipeline.from_pretrained(things)
    theirs.set_progress_bar_config(disable=True)
    (wanted,) = theirs(
        latents=noise(7),
        class_labels=7,
        generator=torch.Generator().manual_seed(7),
        num_inference_steps=steps,
        output_type="np",
    ).images
    (answer,) = served(things, THINGS).predict(points(7), steps=steps)
    same(answer["image"], wanted)
    assert answer["label"] == "7"


def test_a_text_is_drawn_as_diffusers_draws_it(words: Path) -> None:
    from diffusers import StableDiffusionPipeline

    model = served(words, WORDS)
    parts = model.parts
    parts.words.model_max_length = parts.reader.config.max_position_embeddings
    theirs = StableDiffusionPipeline(
        parts.vae, parts.reader, parts.words, parts.unet, parts.schedule, None, None,
        requires_safety_checker=False,
    )  # fmt: skip
    theirs.set_progress_bar_config(disable=True)
    for text in ("a cat sat", ""):
        (wanted,) = theirs(
            text,
            latents=noise(7, 4),
            guidance_scale=0.0,
            num_inference_steps=1,
            height=2 * SIDE,
            width=2 * SIDE,
            output_type="np",
        ).images
        (answer,) = model.predict(points(7), text=text)
        same(answer["image"], wanted)


def test_what_a_text_says_counts(words: Path) -> None:
    model = served(words, WORDS)
    one, other = (model.predict(points(7), text=text)[0]["image"] for text in ("a cat", "zebra"))
    assert (one != other).any()


def test_together_and_one_by_one_are_the_same(things: Path) -> None:
    model = served(things, THINGS)
    together = model.predict(points(3, 4, 12), steps=2)
    assert [answer["label"] for answer in together] == ["3", "4", str(12 % KINDS)]
    for seed, answer in zip((3, 4, 12), together, strict=True):
        (alone,) = model.predict(points(seed), steps=2)
        np.testing.assert_allclose(answer["image"].astype(int), alone["image"], atol=1)


def test_drawings_at_different_steps_advance_together(cat: Path) -> None:
    model = served(cat, CAT)
    early, late = (model.begin(point, steps=3) for point in points(1, 2))
    model.step([early])
    events = model.step([early, late])
    assert [event["step"] for event in events] == [2, 1]
    (event,) = model.step([early])
    assert event["done"] and early.done and not late.done
    model.step([late])
    (last,) = model.step([late])
    for seed, found in ((1, event), (2, last)):
        (answer,) = model.predict(points(seed), steps=3)
        np.testing.assert_allclose(found["noisy"].astype(int), answer["image"], atol=1)


def test_a_step_that_fails_leaves_its_drawings_where_they_were(
    cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = served(cat, CAT)
    state = model.begin(points(7)[0], steps=2)
    with monkeypatch.context() as broken:
        broken.setattr(model, "pictures", lambda drawn: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            model.step([state])
    while not state.done:
        (event,) = model.step([state])
    np.testing.assert_array_equal(event["noisy"], model.predict(points(7), steps=2)[0]["image"])


def test_every_step_is_shown(cat: Path) -> None:
    model = served(cat, CAT)
    (answer,) = model.predict(points(7), view="steps", steps=3)
    assert np.shape(answer["frames"]) == (4, SIDE, SIDE, 3)
    assert np.shape(answer["guesses"]) == (3, SIDE, SIDE, 3)
    np.testing.assert_array_equal(answer["frames"][-1], answer["image"])
    assert (answer["frames"][0] != answer["image"]).any()


def test_a_mix_is_drawn_from_mixed_noise(cat: Path) -> None:
    model = served(cat, CAT)
    (one,) = model.predict(points(7), steps=2)
    (mixed,) = model.predict([{"mix": [[7, 0.9], [12, 0.44]]}], steps=2)
    (all_but,) = model.predict([{"mix": [[7, 0.9], [12, 1e-6]]}], steps=2)
    assert (mixed["image"] != one["image"]).any()
    np.testing.assert_allclose(all_but["image"].astype(int), one["image"], atol=1)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"steps": 0}, BadSteps),
        ({"steps": 101}, BadSteps),
        ({"steps": 2.5}, BadSteps),
        ({"text": "x" * (LONGEST + 1)}, BadText),
        ({"text": 7}, BadText),
        ({"view": "occlusion"}, ViewUnsupported),
    ],
    ids=str,
)
def test_refusals(cat: Path, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        served(cat, CAT).predict(points(7), **options)


def test_what_is_no_point_is_refused(cat: Path) -> None:
    with pytest.raises(BadPoint):
        served(cat, CAT).predict([{"mix": []}])


def test_a_long_text_and_odd_signs_are_taken(words: Path) -> None:
    for text in ("cat " * 70, "猫 <b>&amp; 😀", "<|endoftext|>"):
        served(words, WORDS).predict(points(7), text=text)


def test_measured_bytes_and_moving(words: Path) -> None:
    model = served(words, WORDS)
    learnt = sum(p.numel() for network in model.networks for p in network.parameters())
    assert len(model.networks) == 3 and model.bytes >= 4 * learnt
    model.to("cpu")
    assert model.device == torch.device("cpu")


# ---- loading -----------------------------------------------------------------------------------


def test_loads_from_the_hub_once_and_then_offline(hub: HubStandIn, cat: Path) -> None:
    commit = hub.add_folder(HUB_ID, cat)
    seen: list[tuple[int, int]] = []
    assert not downloads.state(CAT).here
    model = CAT.load("cpu", lambda done, total: seen.append((done, total)))
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1] > 0
    here = downloads.state(CAT)
    assert here.here and here.commit == commit
    hub.stop()
    (again,) = CAT.load("cpu").predict(points(7), steps=2)
    np.testing.assert_array_equal(again["image"], model.predict(points(7), steps=2)[0]["image"])


def test_parts_in_folders_of_their_own_load_too(hub: HubStandIn, things: Path, words: Path) -> None:
    for entry, folder in ((THINGS, things), (WORDS, words)):
        entry = replace(entry, hub_id=f"museum/{folder.name}")
        hub.add_folder(str(entry.hub_id), folder)
        entry.load("cpu").predict(points(7))
        assert downloads.state(entry).here


def test_a_part_that_is_missing_is_not_whole(hub: HubStandIn, words: Path, tmp_path: Path) -> None:
    less = shutil.copytree(words, tmp_path / "less")
    shutil.rmtree(less / "vae")
    hub.add_folder(HUB_ID, less)
    with pytest.raises(HubNotFound, match="vae"):
        WORDS.load("cpu")
    assert not downloads.state(WORDS).here


def test_older_names_of_the_attention_are_understood(cat: Path, tmp_path: Path) -> None:
    """google/ddpm-cat-256 was written when diffusers called them otherwise."""
    from safetensors.torch import load_file, save_file

    older = shutil.copytree(cat, tmp_path / "older")
    file = older / "diffusion_pytorch_model.safetensors"
    names = {"to_q.": "query.", "to_k.": "key.", "to_v.": "value.", "to_out.0.": "proj_attn."}
    weights = load_file(file)
    for now, then in names.items():
        weights = {name.replace(now, then): weight for name, weight in weights.items()}
    assert any("proj_attn" in name for name in weights)
    save_file(weights, file)
    (wanted,) = served(cat, CAT).predict(points(7), steps=1)
    (found,) = served(older, CAT).predict(points(7), steps=1)
    np.testing.assert_array_equal(found["image"], wanted["image"])


def test_pickles_are_refused(hub: HubStandIn, cat: Path, tmp_path: Path) -> None:
    taken = shutil.copytree(cat, tmp_path / "pickled")
    weights = taken / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    hub.add_folder(HUB_ID, taken)
    with pytest.raises(HubUnsafe, match="pickle"):
        CAT.load("cpu")


def test_offline_gated_and_missing_are_said(
    hub: HubStandIn, cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HubNotFound):
        CAT.load("cpu")
    hub.add_folder(HUB_ID, cat, gated=True)
    with pytest.raises(HubGated):
        CAT.load("cpu")
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    with pytest.raises(HubOffline):
        CAT.load("cpu")


def test_a_download_that_breaks_off_goes_on(hub: HubStandIn, cat: Path) -> None:
    from pretrained.sources.hub.download import ATTEMPTS

    hub.add_folder(HUB_ID, cat)
    hub.breaks = [100] * (4 * ATTEMPTS)
    with pytest.raises(HubTruncated):
        CAT.load("cpu")
    hub.breaks = []
    CAT.load("cpu")
    assert any(request.range for request in hub.bodies())


@pytest.mark.parametrize("name", CAT.files)
def test_damaged_files(cat: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(cat, tmp_path / "damaged")
    (folder / name).write_bytes(b"\x08" + b"\0" * 500)
    with pytest.raises(BadCheckpoint):
        read(folder)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("model_index.json", {"_class_name": "NoSuchPipeline"}),
        ("model_index.json", {"_class_name": "DiTPipeline"}),
        ("model_index.json", {"scheduler": ["diffusers", "NoSuchScheduler"]}),
        ("model_index.json", {"scheduler": ["diffusers", "UNet2DModel"]}),
        ("config.json", {"_class_name": "UNet2DConditionModel"}),
        ("config.json", {"quantization_config": {"quant_method": "gptq"}}),
        ("config.json", {"block_out_channels": [16, 24]}),
        ("config.json", {"layers_per_block": 2}),
        ("config.json", {"out_channels": 6}),
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit(
    cat: Path, tmp_path: Path, file: str, change: dict[str, Any]
) -> None:
    with pytest.raises(BadCheckpoint):
        read(retold(cat, tmp_path / "changed", file, **change))


@pytest.mark.parametrize("name", ["tokenizer/vocab.json", "text_encoder/model.safetensors"])
def test_a_text_s_network_that_is_damaged(words: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(words, tmp_path / "damaged")
    (folder / name).write_bytes(b"\x08" + b"\0" * 500)
    with pytest.raises(BadCheckpoint):
        read(folder)


def test_code_that_comes_with_a_pipeline_is_not_run(
    hub: HubStandIn, cat: Path, tmp_path: Path
) -> None:
    folder = retold(cat, tmp_path / "evil", "model_index.json", unet=["evil", "Evil"])
    (folder / "evil.py").write_text("raise SystemExit('run')\n")
    hub.add_folder(HUB_ID, folder)
    CAT.load("cpu").predict(points(7), steps=1)
    assert not any(request.path.endswith(".py") for request in hub.requests)


# ---- the catalogue -----------------------------------------------------------------------------


def beside(entry: PipelineEntry) -> list[torch.nn.Module]:
    """Networks besides the U-Net: the text's, which is CLIP ViT-L/14's, and the small decoder."""
    from diffusers import AutoencoderTiny
    from transformers import CLIPTextConfig, CLIPTextModel

    if not entry.words:
        return []
    shape = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
    return [CLIPTextModel(CLIPTextConfig(**shape)), AutoencoderTiny()]


@pytest.mark.parametrize("entry", PIPELINE_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_counted(entry: PipelineEntry) -> None:
    """Parameters of the published architecture; bytes are theirs in single precision."""
    import diffusers

    kind = diffusers.UNet2DConditionModel if entry.words else diffusers.UNet2DModel
    with torch.device("meta"):
        networks = [kind(**dict(entry.network)), *beside(entry)]
    count = sum(p.numel() for network in networks for p in network.parameters())
    assert (entry.parameters, entry.bytes) == (count, 4 * count)


@pytest.mark.parametrize("entry", PIPELINE_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_in_the_catalogue(entry: PipelineEntry) -> None:
    listed = catalog.find(entry.key)
    assert listed.task == "images" and not listed.bundled
    assert (listed.hub_id, listed.revision) == (entry.hub_id, entry.revision)
    assert listed.files == entry.files and listed.max_batch == entry.max_batch
    assert listed.licence in {"apache-2.0", "mit", "openrail++"}
    assert entry.files[-1].endswith(".safetensors") and "model_index.json" in entry.files
    assert not any("*" in file or file.endswith((".bin", ".py")) for file in entry.files)
    assert catalog.labels(listed) == {"en": [], "zh": None}


def test_the_entries_load_nothing_heavy() -> None:
    code = (
        "import sys, pretrained.catalog as c; c.entries(); "
        "sys.exit(bool({'torch', 'diffusers', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_pipeline_that_is_served_is_one_of_diffusers() -> None:
    import diffusers

    assert all(hasattr(diffusers, name) for pair in SERVED.items() for name in pair)


def test_they_are_not_scored_as_faces(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="faces"):
        evaluate.evaluate(CAT, tmp_path)
