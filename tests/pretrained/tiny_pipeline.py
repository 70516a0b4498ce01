"""Tiny pipelines as diffusers saves them, with random weights: pixels, kinds of things, words."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_hub
import torch

from pretrained.catalog import Entry
from pretrained.images.hub.entries import PIPELINES

HUB_ID = "museum/tiny-pipeline"
LOADER = "pretrained.images.hub.serve:load"
SIDE = 16
KINDS = 10
MARKS = ("<|startoftext|>", "<|endoftext|>")
UNET: Mapping[str, Any] = {
    "sample_size": SIDE,
    "layers_per_block": 1,
    "block_out_channels": (16, 16),
    "norm_num_groups": 8,
    "attention_head_dim": 8,
}


def entry(name: str) -> Entry:
    """The catalogue's entry, with a tiny pipeline in the place of the real one."""
    listed = PIPELINES[f"images/{name}"]
    return replace(tiny_hub.entry(listed.key, LOADER, HUB_ID), files=listed.files)


CAT, THINGS, WORDS = entry("ddpm-cat"), entry("consistency"), entry("sdxs")


def save_cat(folder: Path) -> None:
    """As google/ddpm-cat-256: everything in one folder."""
    from diffusers import DDPMScheduler, UNet2DModel

    torch.manual_seed(0)
    blocks = ("DownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "UpBlock2D")
    unet = UNet2DModel(**UNET, down_block_types=blocks[0], up_block_types=blocks[1])
    unet.save_pretrained(folder)
    DDPMScheduler().save_pretrained(folder)
    index(folder, "DDPMPipeline", unet="UNet2DModel", scheduler="DDPMScheduler")


def save_things(folder: Path) -> None:
    """As OpenAI's consistency models: a folder for each part, and kinds of things."""
    from diffusers import CMStochasticIterativeScheduler, ConsistencyModelPipeline, UNet2DModel

    torch.manual_seed(1)
    blocks = ("DownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "UpBlock2D")
    unet = UNet2DModel(
        **UNET, down_block_types=blocks[0], up_block_types=blocks[1], num_class_embeds=KINDS
    )
    ConsistencyModelPipeline(unet, CMStochasticIterativeScheduler()).save_pretrained(folder)


def save_words(folder: Path) -> None:
    """As SDXS: a text's network, a U-Net of latent pictures, a small decoder, no filter."""
    from diffusers import AutoencoderTiny, DEISMultistepScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(2)
    unet = UNet2DConditionModel(
        **UNET,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
    )
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
    letters = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
    vocabulary = {token: n for n, token in enumerate([*letters, "at</w>", *MARKS])}
    reader = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=12,
            initializer_factor=30.0,  # so that it cares what it reads
            bos_token_id=vocabulary[MARKS[0]],
            eos_token_id=vocabulary[MARKS[1]],
        )
    )
    unet.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    reader.save_pretrained(folder / "text_encoder")
    DEISMultistepScheduler().save_pretrained(folder / "scheduler")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\na t</w>\n")
    index(
        folder,
        "StableDiffusionPipeline",
        unet="UNet2DConditionModel",
        scheduler="DEISMultistepScheduler",
    )


def index(folder: Path, kind: str, **parts: str) -> None:
    """Write what diffusers calls the pipeline's index."""
    told = {"_class_name": kind, **{name: ["diffusers", part] for name, part in parts.items()}}
    (folder / "model_index.json").write_text(json.dumps(told))


def made(save: Callable[[Path], None]) -> Callable[..., Path]:
    """A fixture: the folder that ``save`` fills, once for all tests."""

    @pytest.fixture(scope="session", name=save.__name__.removeprefix("save_"))
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        path = tmp_path_factory.mktemp("tiny")
        save(path)
        return path

    return folder


cat, things, words = made(save_cat), made(save_things), made(save_words)
