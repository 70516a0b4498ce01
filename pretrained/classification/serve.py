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
from pretrained.classification.classifier import NetworkClassifier
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
        top1 = next((p["top1"] for p in self.config.get("probes", ()) if p["name"] == stage), None)
        weight = self.probes.get(f"{stage}.weight")
        if weight is None:
            return None, top1
        logits = F.linear(pool_for_probe(maps), weight, self.probes[f"{stage}.bias"])
        confidence, index = logits.softmax(1).max(1)
        return {"label": self.labels[int(index)], "confidence": float(confidence)}, top1

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Selvaraju et al. 2016 (arXiv 1610.02391) at the deepest stage -> [N, 1, size, size]."""
        from captum.attr import LayerAttribution, LayerGradCam

        cam = LayerGradCam(self.network, self.network.stages[-1])
        found = cam.attribute(pixels, target=target, relu_attributions=True)
        smooth = LayerAttribution.interpolate(found, (self.size, self.size), "bicubic")
        return smooth.detach()

    @torch.no_grad()
    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Zeiler & Fergus 2013: how far the score falls with a grey square here -> [N, 1, S, S]."""
        from captum.attr import Occlusion

        window, step = self.size // 4, math.ceil(self.size / 16)
        grey = self.network.mean.expand_as(pixels)
        drop = Occlusion(self.network).attribute(
            pixels,
            sliding_window_shapes=(3, window, window),
            strides=(3, step, step),
            target=target,
            baselines=grey,
            perturbations_per_eval=16,
        )
        return drop[:, :1]


def pool_for_probe(maps: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, 4 C]: the mean of each quarter, which keeps a little of *where*."""
    return F.adaptive_avg_pool2d(maps.float(), 2).flatten(1)


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
