"""A residual network for small pictures: the one definition that training and serving read.

The design is the residual network of He et al. 2015 (arXiv 1512.03385) in the short form that
speed runs on CIFAR-10 made popular: each stage is one widening convolution and a pool, then one
residual block. Its stem starts from the principal components of image patches, so that the first
layer sees decorrelated colours and edges from the first step on (Coates & Ng 2012), and learns
from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn


class Conv(nn.Sequential):
    """Convolution without bias, optional 2x2 max-pool, batch normalisation, GELU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, pool: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.GELU()


class Stage(nn.Module):
    """Widen and halve, then one residual block: ``y = widen(x); y + two_convolutions(y)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.widen = Conv(inputs, outputs, pool=True)
        last = Conv(outputs, outputs)
        # The block starts as the identity (Goyal et al. 2017), so that deep trains like shallow.
        nn.init.zeros_(last.norm.weight)
        self.residual = nn.Sequential(Conv(outputs, outputs), last)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H // 2, W // 2]."""
        x = self.widen(x)
        return x + self.residual(x)


class ResidualNet(nn.Module, PyTorchModelHubMixin):
    """Pictures in, logits out. Works at any size divisible by its stride; trained at one.

    Args:
        classes: number of classes.
        widths: channels of each stage.
        stem_width, stem_kernel, stem_stride: the first convolution.
        mean, std: of the training pictures, per colour, on the 0..1 scale: the network
            normalises its own input, so nobody else can forget to.
        pooling: what the last layer sees of the deepest maps, their ``mean`` or their ``max``.
    """

    def __init__(
        self,
        classes: int,
        widths: tuple[int, ...] = (64, 192, 320),
        stem_width: int = 32,
        stem_kernel: int = 3,
        stem_stride: int = 1,
        mean: tuple[float, ...] = (0.4914, 0.4822, 0.4465),
        std: tuple[float, ...] = (0.247, 0.2435, 0.2616),
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))
        self.mean: Tensor
        self.std: Tensor
        self.stem = Conv(3, stem_width, stem_kernel, stem_stride)
        inputs = (stem_width, *widths[:-1])
        self.stages = nn.ModuleList(Stage(i, o) for i, o in zip(inputs, widths, strict=True))
        self.head = nn.Linear(widths[-1], classes)
        self.pool = {"mean": nn.AdaptiveAvgPool2d(1), "max": nn.AdaptiveMaxPool2d(1)}[pooling]

    @classmethod
    def architecture(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """What a checkpoint's config says of the network, besides its classes."""
        names = [name for name in signature(cls).parameters if name != "classes"]
        return {name: config[name] for name in names if name in config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ResidualNet:
        """The network that a checkpoint's config describes, its weights still random."""
        return cls(config["classes"], **cls.architecture(config))

    def features(self, pictures: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in 0..1 -> the output of the stem and of every stage, shallow to deep."""
        x = self.stem((pictures - self.mean) / self.std)
        maps = [x]
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def embed(self, pictures: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> [N, widths[-1]]: what the last layer decides from."""
        pooled: Tensor = self.pool(self.features(pictures)[-1])
        return pooled.flatten(1)

    def forward(self, pictures: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> logits [N, classes]."""
        return self.head(self.embed(pictures))

    @torch.no_grad()
    def whiten_stem(self, pictures: Tensor) -> None:
        """Start the stem from the principal components of patches, each with both signs.

        Args:
            pictures: [N, 3, H, W] in 0..1, a few thousand training pictures.
        """
        conv = self.stem.conv
        outputs, _, kernel, _ = conv.weight.shape
        normal = (pictures - self.mean) / self.std
        patches = F.unfold(normal, kernel, stride=kernel).transpose(1, 2).reshape(-1, 3 * kernel**2)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        half = outputs // 2
        # The smallest components are noise: those kept are the strongest, scaled to unit variance.
        rows = (vectors[:, -half:] / (values[-half:] + 1e-2).sqrt()).T.flip(0)
        conv.weight.copy_(torch.cat([rows, -rows]).view_as(conv.weight))
