"""What trains the two kinds of face model, as the training loop wants it.

`GanTask`: one scalar holds both players' losses: the discriminator's, with the drawings cut loose
from the generator, and the generator's, by weights that are cut loose from the discriminator. One
update moves both, each down its own slope. Each photograph is compared with one drawing
(Jolicoeur-Martineau 2018, arXiv 1807.00734), and the discriminator's slope is held small on both
(Mescheder et al. 2018, arXiv 1801.04406); Huang et al. 2024 (R3GAN, arXiv 2501.05441) show that the
two together are steady and keep variety. The penalty is computed at every eighth update of a round
and weighs eight times as much (Karras et al. 2020, arXiv 1912.04958).

`DenoisingTask`: noise is added to photographs, and the network learns to take it out again. Beside
the error of each pixel counts how unlike the picture its guess looks: see `perceptual`. Our own
network has then learnt from a discriminator, too: see `refining`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from pretrained.images import data
from pretrained.images.augment import changed
from pretrained.images.diffusion import DEGREES, Denoiser
from pretrained.images.model import Gan
from pretrained.images.perceptual import PerceptualDistance
from training.watching import Showing

#: Updates of one round: one row of the history, one moment of the replay.
ROUND = 100
#: Updates from one penalty to the next.
EVERY = 8
#: Pictures, or pairs of them, by which a round is measured.
WATCHED = 128
#: Degrees of noise that a round is measured at, at least.
LEAST_WATCHED = 64

#: Errors at pictures that are nearly clear say little of faces: an error of the guessed picture
#: counts at most so much more than at pure noise (after Hang et al. 2023, arXiv 2303.09556).
CLEAREST = 5.0

Batch = tuple[Tensor, Tensor, Tensor]  #: pictures, noise [N, 3, 64, 64], degrees [N]


@dataclass(frozen=True)
class Turn:
    """One update's share: photographs [N, 3, 64, 64] in -1..1, latents [N, L]."""

    real: Tensor
    latent: Tensor
    penalise: bool
    generator: torch.Generator


class GanTask:
    """Photographs and two networks. ``sample`` shows what they draw.

    Args:
        train: uint8 [N, 3, 64, 64]. held_out: likewise; nobody learns from them.
        steepness: weight of the penalty, gamma in the papers.
        shown: told the averaged networks and the number of each finished round.
    """

    def __init__(
        self,
        model: Gan,
        train: Tensor,
        held_out: Tensor,
        device: Any,
        *,
        batch: int = 32,
        steepness: float = 1.0,
        discriminator_rate: float = 1.0,
        seed: int = 0,
        shown: Callable[[Gan, int], None] = lambda model, number: None,
    ) -> None:
        self.sample: Showing | None = None
        self.model: nn.Module = model
        self.networks, self.device = model, device
        self.train, self.batch, self.steepness = train, batch, steepness
        self.discriminator_rate, self.seed, self.shown = discriminator_rate, seed, shown
        self.steps_per_epoch = ROUND
        self.round = 0
        self.sums = torch.zeros(4)
        self.rng = torch.Generator()
        rng = torch.Generator().manual_seed(seed)
        self.watched = data.signed(held_out[:WATCHED]).to(device)
        latent = model.generator.latent
        self.latents = torch.randn(len(self.watched), latent, generator=rng).to(device)

    def groups(self) -> list[dict[str, Any]]:
        """Both networks, the discriminator at its own pace."""
        return [
            {"params": list(self.networks.generator.parameters())},
            {
                "params": list(self.networks.discriminator.parameters()),
                "lr_scale": self.discriminator_rate,
            },
        ]

    def batches(self, epoch: int, progress: float) -> Iterator[Turn]:
        """The turns of one round; photographs are drawn anew, half of them mirrored."""
        self.round = epoch + 1
        self.sums.zero_()
        rng = self.rng = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        for number in range(ROUND):
            rows = torch.randint(len(self.train), (self.batch,), generator=rng)
            real = data.signed(self.train[rows])
            mirrored = torch.rand(self.batch, 1, 1, 1, generator=rng) < 0.5
            real = torch.where(mirrored, real.flip(3), real)
            real = real.to(self.device).contiguous(memory_format=torch.channels_last)
            latent = torch.randn(self.batch, self.networks.generator.latent, generator=rng)
            yield Turn(real, latent.to(self.device), number % EVERY == 0, rng)

    def loss(self, model: nn.Module, turn: Turn) -> Tensor:
        """The discriminator's loss and the generator's, in one sum whose slopes do not mix."""
        assert isinstance(model, Gan)
        discriminator = model.discriminator
        drawn = model.generator(turn.latent)
        pair = played(discriminator, turn.real, drawn, turn.generator)
        one = pair.judged.new_ones(())
        self.sums += torch.stack([pair.judged, pair.fooled, pair.right, one]).detach().cpu()
        total = pair.judged + pair.fooled
        if turn.penalise:
            total = total + EVERY * self.steepness / 2 * slope(discriminator, pair.real, pair.drawn)
        return total

    def carried(self) -> dict[str, Tensor]:
        """The sums of the round, and where its random numbers stand, for the next turn."""
        return {"sums": self.sums, "chance": self.rng.get_state()}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take it back, to go on in the middle of a round."""
        self.sums.copy_(tensors["sums"])
        self.rng.set_state(tensors["chance"].cpu())

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The round's mean losses and the discriminator's share of pairs told apart: on training
        pairs as they were played, and by the averaged networks on photographs kept aside."""
        assert isinstance(model, Gan)
        self.shown(model, self.round)
        told = model.discriminator(self.watched) > model.discriminator(
            model.generator(self.latents)
        )
        aside = {"held_out_told_apart": told.float().mean().item()}
        judged, fooled, right, count = self.sums.tolist()
        if not count:  # before the first round
            return aside
        return {
            "discriminator_loss": judged / count,
            "generator_loss": fooled / count,
            "told_apart": right / count,
            **aside,
        }


@dataclass(frozen=True)
class Played:
    """What comes of one turn of both players: the discriminator's loss, the generator's, and the
    share of pairs told apart; what was looked at, [N, 3, 64, 64], cut loose from both."""

    judged: Tensor
    fooled: Tensor
    right: Tensor
    real: Tensor
    drawn: Tensor


def played(
    discriminator: nn.Module, real: Tensor, drawn: Tensor, generator: torch.Generator
) -> Played:
    """Each photograph [N, 3, 64, 64] beside one drawing. The slopes of the two losses do not mix:
    what fools moves the drawings only, what judges the discriminator only."""
    real, loose = changed(real, generator), changed(drawn, generator)
    scores = discriminator(torch.cat([real, loose.detach()])).float()
    on_real, on_drawn = scores.chunk(2)
    believed = functional_call(
        discriminator, {n: p.detach() for n, p in discriminator.named_parameters()}, loose
    )
    judged = F.softplus(on_drawn - on_real).mean()
    fooled = F.softplus(on_real.detach() - believed.float()).mean()
    right = (on_real > on_drawn).float().mean()
    return Played(judged, fooled, right, real.detach(), loose.detach())


def slope(discriminator: nn.Module, real: Tensor, drawn: Tensor) -> Tensor:
    """Mean square of the scores' gradient by the pixels, of photographs plus of drawings."""
    pictures = torch.cat([real, drawn]).requires_grad_()
    (gradient,) = torch.autograd.grad(
        discriminator(pictures).float().sum(), pictures, create_graph=True
    )
    return gradient.float().square().sum((1, 2, 3)).mean() * 2


class DenoisingTask:
    """Photographs and a network that takes noise out of them. ``sample`` shows what it draws.

    Args:
        train: uint8 [N, 3, 64, 64]. held_out: likewise; nobody learns from them.
        perceptual: what `PerceptualDistance` counts beside the squared error.
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
        perceptual: float = 0.0,
    ) -> None:
        self.sample: Showing | None = None
        self.model = model
        self.perceptual = perceptual
        self.distance = PerceptualDistance(device) if perceptual else None
        self.device, self.train, self.batch, self.seed = device, train, batch, seed
        self.steps_per_epoch = ROUND
        rng = torch.Generator().manual_seed(seed)
        every = torch.arange(max(LEAST_WATCHED, min(len(held_out), WATCHED)))
        pictures = data.signed(held_out[every % len(held_out)])  # few ones several times
        degrees = torch.linspace(0, DEGREES - 1, len(pictures)).long()
        noise = torch.randn(pictures.shape, generator=rng)
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
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        for _ in range(ROUND):
            rows = torch.randint(len(self.train), (self.batch,), generator=rng)
            pictures = data.signed(self.train[rows])
            mirrored = torch.rand(self.batch, 1, 1, 1, generator=rng) < 0.5
            pictures = torch.where(mirrored, pictures.flip(3), pictures)
            noise = torch.randn(pictures.shape, generator=rng)
            spread = (torch.arange(self.batch) + torch.rand(1, generator=rng)) / self.batch
            yield self.placed(pictures, noise, (spread * DEGREES).long().clamp(max=DEGREES - 1))

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean square error of the velocity, those of the clearest pictures held down, and how
        unlike the pictures look what they are taken to be."""
        assert isinstance(model, Denoiser)
        pictures, noise, degrees = batch
        picture_share, noise_share = model.shares(degrees)
        noisy = picture_share * pictures + noise_share * noise
        answer = model(noisy, degrees).float()
        velocity = picture_share * noise - noise_share * pictures
        error = (answer - velocity).square().mean((1, 2, 3))
        loss = (error * (CLEAREST * noise_share.flatten().square()).clamp(max=1)).mean()
        if self.distance is None:
            return loss
        guess = picture_share * noisy - noise_share * answer
        return loss + self.perceptual * self.distance(guess, pictures).mean()

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The same of pictures kept aside, always with the same noise."""
        return {"held_out_loss": self.loss(model, self.watched).item()}
