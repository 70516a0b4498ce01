"""Pictures with noise, as the training loop wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from pretrained.images import data
from pretrained.images.diffusion import DEGREES, Denoiser

#: Updates of one round: one row of the history.
ROUND = 100
#: Pictures by which a round is judged.
WATCHED = 128
#: Errors at pictures that are nearly clear say little of faces: an error of the guessed picture
#: counts at most so much more than at pure noise (after Hang et al. 2023, arXiv 2303.09556).
CLEAREST = 5.0

Batch = tuple[Tensor, Tensor, Tensor]  #: pictures, noise [N, 3, 64, 64], degrees [N]


class Denoising:
    """Photographs and a network that takes noise out of them.

    Args:
        train: uint8 [N, 3, 64, 64]. held_out: likewise; nobody learns from them.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Tensor,
        held_out: Tensor,
        device: Any,
        *,
        batch: int = 32,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.device, self.train, self.batch, self.seed = device, train, batch, seed
        self.steps_per_epoch = ROUND
        chance = torch.Generator().manual_seed(seed)
        pictures = data.signed(held_out[:WATCHED])
        degrees = torch.linspace(0, DEGREES - 1, len(pictures)).long()
        noise = torch.randn(pictures.shape, generator=chance)
        self.watched = self.placed(pictures, noise, degrees)

    def groups(self) -> list[dict[str, Any]]:
        """All weights alike."""
        return [{"params": list(self.model.parameters())}]

    def placed(self, pictures: Tensor, noise: Tensor, degrees: Tensor) -> Batch:
        """A batch where the network is."""
        return (
            pictures.to(self.device).contiguous(memory_format=torch.channels_last),
            noise.to(self.device).contiguous(memory_format=torch.channels_last),
            degrees.to(self.device),
        )

    def batches(self, epoch: int, progress: float) -> Iterator[Batch]:
        """One round: photographs drawn anew, half of them mirrored; in each batch the degrees of
        noise are spread evenly."""
        chance = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        for _ in range(ROUND):
            rows = torch.randint(len(self.train), (self.batch,), generator=chance)
            pictures = data.signed(self.train[rows])
            mirrored = torch.rand(self.batch, 1, 1, 1, generator=chance) < 0.5
            pictures = torch.where(mirrored, pictures.flip(3), pictures)
            noise = torch.randn(pictures.shape, generator=chance)
            spread = (torch.arange(self.batch) + torch.rand(1, generator=chance)) / self.batch
            yield self.placed(pictures, noise, (spread * DEGREES).long().clamp(max=DEGREES - 1))

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean square error of the velocity, those of the clearest pictures held down."""
        assert isinstance(model, Denoiser)
        pictures, noise, degrees = batch
        picture_share, noise_share = model.shares(degrees)
        answer = model(picture_share * pictures + noise_share * noise, degrees).float()
        velocity = picture_share * noise - noise_share * pictures
        error = (answer - velocity).square().mean((1, 2, 3))
        return (error * (CLEAREST * noise_share.flatten().square()).clamp(max=1)).mean()

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The same of pictures kept aside, always with the same noise."""
        return {"held_out_loss": self.loss(model, self.watched).item()}
