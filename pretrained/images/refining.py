"""A denoiser goes on, and a discriminator teaches its last step.

The mean square error is least where a network guesses the mean of all pictures that the noise
leaves possible, and a small network is far from knowing which it is: what it draws is dull. Ours
had about half of the photographs' variance in details of two to four pixels. A discriminator sees
that at once. Adversarial losses beside a denoiser's own: Xiao et al. 2022 (arXiv 2112.07804) and
Sauer et al. 2023 (arXiv 2311.17042).

Judged is what drawing really ends with, since errors add up from step to step: a photograph with
the noise of one of the last four steps, drawn on without gradients to the last, whose guess stands
beside the photograph itself, so that nothing is gained by other colours or another face. The steps
before are taught by the error alone. A discriminator for the last three made dark lines in faces;
one that saw guesses at twice as much noise as picture made mid-size details 2.4 times too strong;
one without the photograph beside the guess made all faces of one colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pretrained.images import data
from pretrained.images.diffusion import Denoiser
from pretrained.images.model import Discriminator
from pretrained.images.serve_diffusion import STEPS
from pretrained.images.tasks import EVERY, Batch, DenoisingTask, played, slope

#: Steps before the last one at which a photograph may get its noise, at most.
BEFORE = 3
#: Photographs of an update, for the error and for the discriminator each.
BATCH = 8
#: What the discriminator counts beside the error. At 0.08 its slope by the network's answers was as
#: large as the error's (0.9 to 1.2 times).
SHARE = 0.06
#: Weight of the penalty of the discriminator's slope, gamma in the papers; its learning rate beside
#: the denoiser's.
STEEPNESS, RATE = 1.0, 2 / 3


class Refined(nn.Module):
    """Both networks, because they are trained together; the denoiser alone is kept."""

    def __init__(self, denoiser: Denoiser, discriminator: Discriminator) -> None:
        super().__init__()
        self.denoiser, self.discriminator = denoiser, discriminator

    def state(self) -> dict[str, Tensor]:
        """What is kept: the denoiser's weights, by their own names."""
        return self.denoiser.state_dict()


@dataclass(frozen=True)
class Lesson:
    """One update's share.

    ``usual``: what `DenoisingTask` learns from. ``real`` [N, 3, 64, 64] in -1..1: photographs for
    the discriminator. ``first``: the step of a drawing whose noise is added to them.
    """

    usual: Batch
    real: Tensor
    first: int
    penalise: bool


class RefiningTask(DenoisingTask):
    """Photographs, a denoiser that has learnt, and a discriminator. ``sample`` as there.

    Args:
        model: both. train, held_out: see `DenoisingTask`.
    """

    def __init__(
        self, model: Refined, train: Tensor, held_out: Tensor, device: Any, *, seed: int = 0
    ) -> None:
        super().__init__(model.denoiser, train, held_out, device, batch=BATCH, seed=seed)
        self.model: nn.Module = model
        self.ladder = model.denoiser.degrees(STEPS)[:-1]
        self.rng = torch.Generator()

    def groups(self) -> list[dict[str, Any]]:
        """Both networks, the discriminator at its own pace."""
        assert isinstance(self.model, Refined)
        return [
            {"params": list(self.model.denoiser.parameters())},
            {
                "params": list(self.model.discriminator.parameters()),
                "lr_scale": RATE,
                "weight_decay": 0.0,
            },
        ]

    def batches(self, epoch: int, progress: float) -> Iterator[Lesson]:  # type: ignore[override]
        """One round: as many photographs again for the discriminator."""
        rng = self.rng = torch.Generator().manual_seed(self.seed * 2_000_003 + epoch)
        last = len(self.ladder) - 1
        for number, usual in enumerate(super().batches(epoch, progress)):
            rows = torch.randint(len(self.train), (self.batch,), generator=rng)
            real = data.signed(self.train[rows])
            mirrored = torch.rand(self.batch, 1, 1, 1, generator=rng) < 0.5
            real = torch.where(mirrored, real.flip(3), real).to(self.device)
            first = last - int(torch.randint(BEFORE + 1, (), generator=rng))
            yield Lesson(usual, real, first, number % EVERY == 0)

    def noise(self, like: Tensor) -> Tensor:
        """Normal random numbers as large as pictures [N, 3, 64, 64]."""
        return torch.randn(like.shape, generator=self.rng).to(self.device)

    @torch.no_grad()
    def brought(self, denoiser: Denoiser, lesson: Lesson) -> Tensor:
        """Photographs [N, 3, 64, 64] with the noise of the lesson's first step, drawn on to the
        last."""
        now = before = torch.full((len(lesson.real),), self.ladder[lesson.first]).to(self.device)
        picture_share, noise_share = denoiser.shares(now)
        noisy = picture_share * lesson.real + noise_share * self.noise(lesson.real)
        guess = torch.zeros_like(noisy)
        for degree in self.ladder[lesson.first + 1 :]:
            then = torch.full_like(now, degree)
            noisy, guess = denoiser.step(noisy, now, then, before, guess, self.noise(noisy))
            before, now = now, then
        return noisy

    def loss(self, model: nn.Module, lesson: Lesson) -> Tensor:  # type: ignore[override]
        """The error, the discriminator's loss and what the denoiser has to fool it by, in one sum
        whose slopes do not mix."""
        assert isinstance(model, Refined)
        denoiser, discriminator = model.denoiser, model.discriminator
        noisy = self.brought(denoiser, lesson)
        degrees = torch.full((len(noisy),), self.ladder[-1]).to(self.device)
        picture_share, noise_share = denoiser.shares(degrees)
        guess = picture_share * noisy - noise_share * denoiser(noisy, degrees).float()
        pair = played(discriminator, lesson.real, guess, self.rng)
        total = super().loss(denoiser, lesson.usual) + pair.judged + SHARE * pair.fooled
        if lesson.penalise:
            total = total + EVERY * STEEPNESS / 2 * slope(discriminator, pair.real, pair.drawn)
        return total

    def carried(self) -> dict[str, Tensor]:
        """Where its random numbers stand, for the next lesson."""
        return {"chance": self.rng.get_state()}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take it back, to go on in the middle of a round."""
        self.rng.set_state(tensors["chance"].cpu())

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The error on pictures kept aside, always with the same noise."""
        assert isinstance(model, Refined)
        return {"held_out_loss": super().loss(model.denoiser, self.watched).item()}
