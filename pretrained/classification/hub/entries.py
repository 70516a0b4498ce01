"""ImageNet-1k backbones of timm that the app offers for download, from small to strong.

Plain data, so that the catalogue imports neither torch nor timm. Identity, licence, parameters
and bytes are those of the installed timm registry (a test compares them); the bytes are the
float32 state dict as one safetensors file, and the Hub tells the exact size before a download.
Accuracy is what timm's author published, in percent, at the picture size given beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pretrained.sources.entry import HubEntry

REFERENCE = (
    "https://github.com/huggingface/pytorch-image-models/blob/"
    "0173a139a2c66db3a41ebfe1d8ac4fb02483642e/results/results-imagenet.csv"
)


@dataclass(frozen=True, kw_only=True)
class TimmEntry(HubEntry):
    """One backbone; its ``name`` is that of the key, ``timm`` the library's.

    Attributes:
        timm: ``architecture.tag``. size: side in pixels of the square picture that it is given.
    """

    task = "classification"

    timm: str
    size: int


def backbone(timm: str, *, top1: float, top5: float, max_batch: int = 32, **more: Any) -> TimmEntry:
    """An entry of timm's name and of what its author published, in percent. Heavier networks take
    fewer pictures in a pass, so that nobody waits long behind a full batch on a CPU."""
    architecture, tag = timm.split(".")
    return TimmEntry(
        name=f"{architecture}-{tag.split('_')[0]}".replace("_", "-"),
        timm=timm,
        hub_id=f"timm/{timm}",
        max_batch=max_batch,
        classes=1000,
        published=(("top1", top1 / 100), ("top5", top5 / 100)),
        split="imagenet-1k/validation",
        n=50_000,
        reference=REFERENCE,
        **more,
    )


TIMM_ENTRIES = (
    backbone(
        "mobilenetv3_small_100.lamb_in1k",
        title="MobileNetV3 small",
        licence="apache-2.0",
        parameters=2_542_856,
        bytes=10_241_912,
        size=224,
        top1=67.656,
        top5=87.636,
    ),
    backbone(
        "resnet18.a1_in1k",
        title="ResNet-18",
        licence="apache-2.0",
        parameters=11_689_512,
        bytes=46_807_448,
        size=288,
        top1=73.158,
        top5=91.026,
    ),
    backbone(
        "efficientnet_b0.ra_in1k",
        title="EfficientNet-B0",
        licence="apache-2.0",
        parameters=5_288_548,
        bytes=21_355_344,
        size=224,
        top1=77.694,
        top5=93.532,
    ),
    backbone(
        "resnet50.a1_in1k",
        title="ResNet-50",
        licence="apache-2.0",
        parameters=25_557_032,
        bytes=102_469_840,
        size=288,
        top1=81.214,
        top5=95.102,
        max_batch=16,
    ),
    backbone(
        "convnext_tiny.in12k_ft_in1k",
        title="ConvNeXt tiny",
        licence="apache-2.0",
        parameters=28_589_128,
        bytes=114_374_272,
        size=288,
        top1=84.45,
        top5=97.34,
        max_batch=16,
    ),
    backbone(
        "eva02_small_patch14_336.mim_in22k_ft_in1k",
        title="EVA-02 small",
        licence="mit",
        parameters=22_129_000,
        bytes=88_530_864,
        size=336,
        top1=85.716,
        top5=97.632,
        max_batch=8,
    ),
)
