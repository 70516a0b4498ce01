"""The game that trains the two networks, as the training loop wants it.

One scalar holds both players' losses: the discriminator's, with the drawings cut loose from the
generator, and the generator's, judged by weights that are cut loose from the discriminator. One
update moves both, each down its own slope.

Each photograph is compared with one drawing (Jolicoeur-Martineau 2018, arXiv 1807.00734), and the
discriminator's slope is held small on both (Mescheder et al. 2018, arXiv 1801.04406); Huang et al.
2024 (R3GAN, arXiv 2501.05441) show that the two together are steady and keep variety. The penalty
is computed at every eighth update of a round and weighs eight times as much (Karras et al. 2020,
arXiv 1912.04958).
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
from pretrained.images.model import Gan

#: Updates of one round: one row of the history, one moment of the replay.
ROUND = 100
#: Updates from one penalty to the next.
EVERY = 8
#: Pairs by which a round is judged.
WATCHED = 128


@dataclass(frozen=True)
class Turn:
    """One update's share: photographs [N, 3, 64, 64] in -1..1, latents [N, L]."""

    real: Tensor
    latent: Tensor
    penalise: bool
    chance: torch.Generator


class Game:
    """Photographs and two networks.

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
        judge_rate: float = 1.0,
        seed: int = 0,
        shown: Callable[[Gan, int], None] = lambda model, number: None,
    ) -> None:
        self.model: nn.Module = model
        self.networks, self.device = model, device
        self.train, self.batch, self.steepness = train, batch, steepness
        self.judge_rate, self.seed, self.shown = judge_rate, seed, shown
        self.steps_per_epoch = ROUND
        self.round = 0
        self.sums = torch.zeros(4)
        self.chance = torch.Generator()
        chance = torch.Generator().manual_seed(seed)
        self.watched = data.signed(held_out[:WATCHED]).to(device)
        latent = model.generator.latent
        self.latents = torch.randn(len(self.watched), latent, generator=chance).to(device)

    def groups(self) -> list[dict[str, Any]]:
        """Both networks, the discriminator at its own pace."""
        return [
            {"params": list(self.networks.generator.parameters())},
            {"params": list(self.networks.discriminator.parameters()), "lr_scale": self.judge_rate},
        ]

    def batches(self, epoch: int, progress: float) -> Iterator[Turn]:
        """The turns of one round; photographs are drawn anew, half of them mirrored."""
        self.round = epoch + 1
        self.sums.zero_()
        chance = self.chance = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        for number in range(ROUND):
            rows = torch.randint(len(self.train), (self.batch,), generator=chance)
            real = data.signed(self.train[rows])
            mirrored = torch.rand(self.batch, 1, 1, 1, generator=chance) < 0.5
            real = torch.where(mirrored, real.flip(3), real)
            real = real.to(self.device).contiguous(memory_format=torch.channels_last)
            latent = torch.randn(self.batch, self.networks.generator.latent, generator=chance)
            yield Turn(real, latent.to(self.device), number % EVERY == 0, chance)

    def loss(self, model: nn.Module, turn: Turn) -> Tensor:
        """The discriminator's loss and the generator's, in one sum whose slopes do not mix."""
        assert isinstance(model, Gan)
        judge = model.discriminator
        drawn = model.generator(turn.latent)
        real, loose = changed(turn.real, turn.chance), changed(drawn, turn.chance)
        scores = judge(torch.cat([real, loose.detach()])).float()
        on_real, on_drawn = scores.chunk(2)
        believed = functional_call(
            judge, {n: p.detach() for n, p in judge.named_parameters()}, loose
        )
        judged = F.softplus(on_drawn - on_real).mean()
        fooled = F.softplus(on_real.detach() - believed.float()).mean()
        right = (on_real > on_drawn).float().mean()
        self.sums += torch.stack([judged, fooled, right, judged.new_ones(())]).detach().cpu()
        total = judged + fooled
        if turn.penalise:
            total = total + EVERY * self.steepness / 2 * slope(judge, real, loose.detach())
        return total

    def carried(self) -> dict[str, Tensor]:
        """What a turn hands on to the next: the round's sums, and where its chance stands."""
        return {"sums": self.sums, "chance": self.chance.get_state()}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take it back, to go on in the middle of a round."""
        self.sums.copy_(tensors["sums"])
        self.chance.set_state(tensors["chance"].cpu())

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The round's mean losses and the discriminator's share of pairs told apart: on training
        pairs as they were played, and by the averaged networks on photographs kept aside."""
        assert isinstance(model, Gan)
        self.shown(model, self.round)
        told = model.discriminator(self.watched) > model.discriminator(
            model.generator(self.latents)
        )
        judged, fooled, right, count = self.sums.tolist()
        count = max(count, 1.0)
        return {
            "discriminator_loss": judged / count,
            "generator_loss": fooled / count,
            "told_apart": right / count,
            "held_out_told_apart": told.float().mean().item(),
        }


def slope(judge: nn.Module, real: Tensor, drawn: Tensor) -> Tensor:
    """Mean square of the scores' gradient by the pixels, of photographs plus of drawings."""
    pictures = torch.cat([real, drawn]).requires_grad_()
    (gradient,) = torch.autograd.grad(judge(pictures).float().sum(), pictures, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean() * 2
