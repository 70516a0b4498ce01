"""The served `ResidualNet`: pictures in, answers out, and every view of how it came to them.

`predict` takes a list of pictures and a *view*. The engine batches requests of the same view and
options. Importing this module loads torch but neither torchvision nor timm; captum comes in with
the first question of where the network looked.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.classification.classifier import NetworkClassifier, grad_cam, occlusion
from pretrained.classification.data import fit_square, square
from pretrained.classification.model import ResidualNet

PROBES = "probes.safetensors"


class Classifier(NetworkClassifier):
    """A `ResidualNet` with its labels, preprocessing, temperature and probes."""

    def __init__(
        self,
        network: ResidualNet,
        config: dict[str, Any],
        device: str,
        probes: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__(network, config["labels"], config["size"], config)
        self.network = network
        self.probes = probes or {}
        self.bytes += sum(t.numel() * t.element_size() for t in self.probes.values())
        self.names = ["stem", *(f"stage{i + 1}" for i in range(len(network.stages)))]
        self.to(device)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        super().to(device)
        self.probes = {name: value.to(self.device) for name, value in self.probes.items()}

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        arrays = [np.asarray(fit_square(image, self.size)) for image in images]
        batch = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).to(self.device)
        return (batch.float() / 255).contiguous(memory_format=torch.channels_last)

    def _crop(self, size: tuple[int, int]) -> list[int]:
        return list(square(size))

    def _stage_rows(self) -> list[tuple[str, int]]:
        modules = [self.network.stem, *self.network.stages]
        counts = [sum(p.numel() for p in module.parameters()) for module in modules]
        return list(zip(self.names, counts, strict=True))

    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        return self.network.features(pixels)

    def _kernels(self) -> Tensor:
        return self.network.stem.conv.weight

    def _probe(self, stage: str, maps: Tensor) -> tuple[dict[str, Any] | None, float | None]:
        return probe_answer(self.probes, self.config, self.labels, stage, maps)

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        return grad_cam(self.network, self.network.stages[-1], pixels, target, self.size)

    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        step = math.ceil(self.size / 16)
        grey = self.network.mean
        return occlusion(self.network, pixels, target, grey=grey, step=step, at_once=16)


def pool_for_probe(maps: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, 4 C]: the mean of each quarter, which keeps a little of *where*."""
    return F.adaptive_avg_pool2d(maps.float(), 2).flatten(1)


def probe_answer(
    probes: dict[str, Tensor],
    config: dict[str, Any],
    labels: tuple[str, ...],
    stage: str,
    maps: Tensor,
) -> tuple[dict[str, Any] | None, float | None]:
    """What a stage's linear probe answers to one picture's maps [1, C, H, W], and its top-1; None
    for what is not there."""
    top1 = next((p["top1"] for p in config.get("probes", ()) if p["name"] == stage), None)
    weight = probes.get(f"{stage}.weight")
    if weight is None:
        return None, top1
    logits = F.linear(pool_for_probe(maps), weight, probes[f"{stage}.bias"])
    confidence, index = logits.softmax(1).max(1)
    return {"label": labels[int(index)], "confidence": float(confidence)}, top1


def load(entry: Entry, device: str, progress: Progress) -> Classifier:
    """The loader of every `ResidualNet` checkpoint.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
    """
    folder = Path(str(entry.folder))
    progress(0, entry.bytes)
    network, config = checkpoint.load_network(folder, ResidualNet.from_config)
    probes = checkpoint.load_weights(folder, PROBES) if (folder / PROBES).exists() else None
    progress(entry.bytes, entry.bytes)
    return Classifier(network, config, device, probes)
