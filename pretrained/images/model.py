"""A generator that draws faces and a discriminator that tells them from photographs.

Goodfellow et al. 2014 (arXiv 1406.2661) set two networks against each other; the shape is that of
Radford et al. 2015 (DCGAN, arXiv 1511.06434): four deconvolutions from 4x4 to 64x64, and four
strided convolutions back. Two things are of today: the latent speaks to every layer through the
normalisation (Chen et al. 2018, arXiv 1810.01365), and the discriminator has no normalisation,
because its steepness is held by a penalty instead (see `pretrained.images.tasks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE = 64  #: pixels a side
#: Size of the first picture that the generator makes, and of the discriminator's last.
SEED_SIZE = 4
SLOPE = 0.2  #: of leaky rectifiers below zero, as in DCGAN


class Modulated(nn.Module):
    """Batch normalisation whose gain and offset are linear in the latent."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.say = nn.Linear(latent, 2 * channels)
        nn.init.normal_(self.say.weight, std=0.02)
        nn.init.zeros_(self.say.bias)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """[N, C, H, W] and [N, L] -> [N, C, H, W]."""
        gain, offset = self.say(latent)[:, :, None, None].chunk(2, 1)
        return self.norm(x) * (1 + gain) + offset


class Generator(nn.Module):
    """Latents in, pictures out.

    Args:
        latent: numbers L that stand for one face, each drawn from the normal distribution.
        width: channels of the last layer but one; each layer before has twice as many.
    """

    def __init__(self, latent: int = 128, width: int = 40) -> None:
        super().__init__()
        self.latent = latent
        widths = [8 * width, 4 * width, 2 * width, width]
        self.first = nn.Linear(latent, widths[0] * SEED_SIZE**2)
        self.norms = nn.ModuleList(Modulated(channels, latent) for channels in widths)
        self.deconvolutions = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 4, 2, 1, bias=o == 3)
            for i, o in zip(widths, [*widths[1:], 3], strict=True)
        )
        for layer in (self.first, *self.deconvolutions):
            nn.init.normal_(layer.weight, std=0.02)  # as in DCGAN

    def layers(self, latent: Tensor) -> list[Tensor]:
        """[N, L] -> what each layer passes on, small to large; the last is the picture, -1..1."""
        channels = self.first.out_features // SEED_SIZE**2  # told, so that ONNX knows it
        x = self.first(latent).view(-1, channels, SEED_SIZE, SEED_SIZE)
        found = []
        for norm, deconvolution in zip(self.norms, self.deconvolutions, strict=True):
            x = F.leaky_relu(norm(x, latent), SLOPE)
            found.append(x)
            x = deconvolution(x)
        return [*found, torch.tanh(x.float())]

    def forward(self, latent: Tensor) -> Tensor:
        """[N, L] -> pictures [N, 3, 64, 64] in -1..1."""
        return self.layers(latent)[-1]


class Discriminator(nn.Module):
    """Pictures in, one score each out: the higher, the more it takes the picture for a photograph.

    Only differences of scores mean anything: it learnt from pairs (see `pretrained.images.tasks`).

    Args:
        width: channels of the first layer; each later one has twice as many.
    """

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in pairwise(widths))
        self.score = nn.Linear(widths[-1] * SEED_SIZE**2, 1)
        self.register_load_state_dict_pre_hook(_renamed)

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, 64, 64] in -1..1 -> [N, C, 4, 4]: a vector for each sixteenth."""
        x = pictures
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), SLOPE)
        return x

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, 64, 64] in -1..1 -> scores [N]."""
        return self.score(self.features(pictures).flatten(1)).squeeze(1)


class Gan(nn.Module):
    """Both networks, because they are trained and shipped together."""

    def __init__(self, latent: int = 128, width: int = 40, discriminator_width: int = 40) -> None:
        super().__init__()
        self.generator = Generator(latent, width)
        self.discriminator = Discriminator(discriminator_width)

    @classmethod
    def of(cls, architecture: Mapping[str, int]) -> Gan:
        """As a checkpoint's config says it; older ones say ``judge_width``."""
        names = {"judge_width": "discriminator_width"}
        return cls(**{names.get(name, name): value for name, value in architecture.items()})


def _renamed(module: nn.Module, state: dict[str, Any], prefix: str, *_: object) -> None:
    """Weights of older checkpoints and trainings, whose layer ``score`` was called otherwise."""
    for part in ("weight", "bias"):
        if (old := f"{prefix}judge.{part}") in state:
            state[f"{prefix}score.{part}"] = state.pop(old)
