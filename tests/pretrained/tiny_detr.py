"""Tiny detectors as transformers saves them, with random weights, and pictures of known shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_hub

from pretrained.catalog import Entry
from pretrained.detection.hub.entries import DETECTORS, FILES

HUB_ID = "museum/tiny-detector"
LOADER = "pretrained.detection.hub.serve:load"
NAMES = {0: "N/A", 1: "person", 2: "sofa", 3: "cat"}
#: As facebook/detr-resnet-50 has them: older than the library, with a backbone of timm.
OLD_PREPROCESSING = {
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "DetrFeatureExtractor",
    "format": "coco_detection",
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "max_size": 133,
    "size": 80,
}
SQUARE = {
    "do_normalize": False,
    "do_pad": False,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "size": {"height": 64, "width": 64},
}
#: Weights that are made large, so that the boxes differ and depend on the picture.
OPINIONATED = ("bbox_predictor", "bbox_embed", "query_position", "detection_tokens", "class_")
LAYERS: Mapping[str, Any] = {
    "d_model": 64,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
}


def entry(name: str) -> Entry:
    """The catalogue's entry, with a tiny network in the place of the real one."""
    listed = tiny_hub.entry(DETECTORS[f"detection/{name}"].key, LOADER, HUB_ID)
    return replace(listed, files=FILES)


DETR, YOLOS, SQUARED, MASKS = map(
    entry, ("detr-r50", "yolos-tiny", "rtdetr-v2-r18", "detr-r50-masks")
)


def _detr(kind: str, names: Mapping[int, str]) -> Any:
    import transformers

    config = transformers.DetrConfig(
        **LAYERS,
        num_queries=6,
        backbone_config={
            "model_type": "timm_backbone",
            "backbone": "test_resnet",
            "features_only": True,
            "out_indices": [1, 2, 3, 4],
        },
        id2label=dict(names),
    )
    return getattr(transformers, kind)(config)


def save_detr(folder: Path) -> Any:
    """As facebook/detr-resnet-50; gives the network."""
    network = write(folder, _detr("DetrForObjectDetection", NAMES), OLD_PREPROCESSING)
    told = json.loads((folder / "config.json").read_text())
    backbone = told.pop("backbone_config")["backbone"]
    timm = {"use_timm_backbone": True, "use_pretrained_backbone": True, "backbone": backbone}
    (folder / "config.json").write_text(json.dumps({**told, **timm}))
    return network


def save_masks(folder: Path) -> Any:
    """As facebook/detr-resnet-50-panoptic, which also names stuff; gives the network."""
    stuff = {**{n: "N/A" for n in range(94)}, **NAMES, 91: "LABEL_91", 92: "banner"}
    return write(folder, _detr("DetrForSegmentation", stuff), OLD_PREPROCESSING)


def save_yolos(folder: Path) -> Any:
    """As hustvl/yolos-tiny; gives the network."""
    from transformers import YolosConfig, YolosForObjectDetection

    config = YolosConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=[80, 133],
        num_detection_tokens=6,
        use_mid_position_embeddings=False,
        id2label=NAMES,
    )
    return write(folder, YolosForObjectDetection(config), OLD_PREPROCESSING)


def save_squared(folder: Path) -> Any:
    """As PekingU/rtdetr_v2_r18vd: a square, and yes or no to each class; gives the network."""
    from transformers import RTDetrV2Config, RTDetrV2ForObjectDetection

    config = RTDetrV2Config(
        backbone_config={
            "model_type": "rt_detr_resnet",
            "layer_type": "basic",
            "embedding_size": 16,
            "depths": [1, 1, 1, 1],
            "hidden_sizes": [16, 16, 16, 16],
            "out_features": ["stage2", "stage3", "stage4"],
        },
        encoder_in_channels=[16, 16, 16],
        encoder_hidden_dim=32,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        d_model=32,
        hidden_expansion=0.5,
        num_queries=8,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        decoder_layers=2,
        num_denoising=4,
        id2label=NAMES,
    )
    return write(folder, RTDetrV2ForObjectDetection(config), SQUARE)


def write(folder: Path, network: Any, preprocessing: Mapping[str, Any]) -> Any:
    """Save a network, and how it sees; gives it back."""
    import torch

    with torch.no_grad():
        for name, weight in network.named_parameters():
            if any(part in name for part in OPINIONATED):
                weight += 0.25 * torch.randn(weight.shape)
            if name.endswith("class_labels_classifier.bias"):  # rarely nothing, or without a name
                weight[4:] -= 6
                weight[0] -= 6
    network.eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    return network


def made(save: Any) -> Any:
    """A fixture: the folder that ``save`` fills, once for all tests."""

    @pytest.fixture(scope="session", name=save.__name__.removeprefix("save_"))
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        import torch

        torch.manual_seed(0)
        path = tmp_path_factory.mktemp("tiny")
        save(path)
        return path

    return folder


detr, yolos, squared, masks = map(made, (save_detr, save_yolos, save_squared, save_masks))


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise, uint8 [height, width, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
