"""The network that writes: Graves 2013 (arXiv 1308.0850, section 5), for training and serving.

Two LSTM layers predict where the pen goes next as a mixture of Gaussians. The first layer steers a
soft window along the text: a few Gaussians over the characters that only ever move to the right,
so the network learns by itself which letter it is writing. What differs from the paper: the
window's weights add up to at most 1, every input of a matrix lies in -1..1 (so that serving can
compute exactly, see `pretrained.batch_invariant`), a vector may stand for the writer's hand, and
the pen has three states (draw, lift, finished), so that the network says itself when it is done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: States of the pen after a point.
DRAW, LIFT, FINISHED = 0, 1, 2
#: Characters that the window moves on in one step before anything is learnt: about 11 points each.
PACE = 0.09
#: Smallest standard deviation in x-heights that the mixture may claim.
SHARPEST = 0.01
#: Numbers that describe one point to the network, see `features`.
FEATURES = 5


def features(points: Tensor) -> Tensor:
    """Offsets [..., 3] in x-heights to inputs [..., 5] in -1..1: short ways fine, long coarse."""
    moved = points[..., :2]
    return torch.cat([torch.tanh(moved), (moved / 8).clamp(-1, 1), points[..., 2:]], -1)


class _Recurrent(torch.autograd.Function):
    """``base + x @ weight.T`` for each step of a loop; the weight's gradient comes in one product.

    A plain loop would add a full-size weight gradient at every step, which costs more than the
    step. Here each backward step keeps its two factors, and the first step of the sequence, whose
    turn comes last, multiplies them all at once.
    """

    @staticmethod
    def forward(ctx: Any, base: Tensor, x: Tensor, weight: Tensor, kept: list[Any]) -> Tensor:
        x = x.to(weight.dtype)
        ctx.kept, ctx.first = kept, not kept
        ctx.index = len(kept)
        kept.append([x, None])
        ctx.save_for_backward(weight)
        return base + x @ weight.t()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        low = grad.to(weight.dtype)
        ctx.kept[ctx.index][1] = low
        whole = None
        if ctx.first:
            inputs, grads = zip(*ctx.kept, strict=True)
            whole = torch.cat(grads).t() @ torch.cat(inputs)
            ctx.kept.clear()
        return grad, (low @ weight).to(grad.dtype), whole, None


class PenNet(nn.Module):
    """Text and the points so far in, where the pen goes next out.

    Args:
        characters: the alphabet; a character's number is its place plus one, 0 is nothing.
        hands: how many writers have a learnt vector; vector 0 is nobody's, for any other hand.
        hand: length of that vector.
        first, second: units of the two LSTM layers.
        window: Gaussians of the soft window.
        mixture: Gaussians over the next point.
    """

    def __init__(
        self,
        characters: str,
        hands: int = 0,
        hand: int = 32,
        first: int = 224,
        second: int = 256,
        window: int = 6,
        mixture: int = 20,
    ) -> None:
        super().__init__()
        self.characters, self.window, self.mixture = characters, window, mixture
        self.alphabet = len(characters) + 1
        self.hands = nn.Embedding(hands + 1, hand)
        nn.init.normal_(self.hands.weight, std=0.3)
        # In the order [features | hand | window | own state], gates in the order of nn.LSTM.
        self.outer = nn.Linear(FEATURES + hand, 4 * first)
        self.inner = nn.Linear(self.alphabet + first, 4 * first, bias=False)
        self.steer = nn.Linear(first, 3 * window)
        self.upper = nn.LSTM(FEATURES + hand + self.alphabet + first, second, batch_first=True)
        self.head = nn.Linear(first + second, 6 * mixture + 3)
        with torch.no_grad():
            # Remember at first (Gers et al. 2000).
            self.outer.bias[first : 2 * first] += 1
            dict(self.upper.named_parameters())["bias_ih_l0"][second : 2 * second] += 1
            self.steer.weight *= 0.3
            self.steer.bias.zero_()
            # Windows of different widths to begin with.
            self.steer.bias[window : 2 * window] = torch.linspace(-1.0, 1.0, window)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PenNet:
        """The network that a checkpoint's config describes, its weights still random."""
        return cls(**{name: config[name] for name in signature(cls).parameters if name in config})

    @property
    def sizes(self) -> tuple[int, int]:
        """Units of the two layers."""
        return self.steer.in_features, self.upper.hidden_size

    def look(self, steer: Tensor, kappa: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """One move of the window.

        Args:
            steer: [B, 3 K] from the first layer. kappa: [B, K] places so far. places: [U].

        Returns:
            weights of the characters [B, U], which add up to at most 1, and the new places.
        """
        weight, width, move = steer.chunk(3, 1)
        kappa = kappa + PACE * move.exp()
        off = kappa[:, :, None] - places
        phi = torch.exp(-width.exp()[:, :, None] * off * off)
        phi = (weight.softmax(1)[:, :, None] * phi).sum(1)
        return phi / phi.sum(1, keepdim=True).clamp_min(1.0), kappa

    def forward(self, points: Tensor, text: Tensor, hand: Tensor) -> tuple[Tensor, Tensor]:
        """What comes after each point.

        Args:
            points: [B, T, 3], from before the first point on. text: long [B, U], 0 for padding.
            hand: long [B], 0 for nobody's.

        Returns:
            raw mixture parameters [B, T, 6 M + 3] and the window's weights [B, T, U].
        """
        steps = points.shape[1]
        spelled = F.one_hot(text, self.alphabet).to(points.dtype)
        spelled[..., 0] = 0
        given = torch.cat([features(points), self.hand_of(hand)[:, None].expand(-1, steps, -1)], 2)
        kind = points.device.type
        lower = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        with torch.autocast(
            kind, enabled=False
        ):  # only the large products are worth less precision
            below, seen, phi = self._lower(given, spelled, lower or points.dtype)
        above, _ = self.upper(torch.cat([given, seen, below], 2))
        return self.head(torch.cat([below, above], 2)).to(points.dtype), phi

    def _lower(self, given: Tensor, spelled: Tensor, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """The first layer and its window over [B, T, ...]: its output, what it saw, its weights."""
        batch, units = len(given), self.sizes[0]
        outer = self.outer(given).unbind(1)
        weight = self.inner.weight.to(dtype)
        places = torch.arange(spelled.shape[1], dtype=given.dtype, device=given.device)
        h = c = given.new_zeros(batch, units)
        seen = given.new_zeros(batch, self.alphabet)
        kappa = given.new_zeros(batch, self.window)
        kept: list[Any] = []
        steps = []
        for base in outer:
            gates = _Recurrent.apply(base, torch.cat([seen, h], 1), weight, kept)
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            phi, kappa = self.look(self.steer(h), kappa, places)
            seen = torch.bmm(phi[:, None], spelled)[:, 0]
            steps.append((h, seen, phi))
        below, all_seen, all_phi = (torch.stack(each, 1) for each in zip(*steps, strict=True))
        return below, all_seen, all_phi

    def hand_of(self, hand: Tensor) -> Tensor:
        """Vectors of writers, [B] to [B, hand], in -1..1."""
        return torch.tanh(self.hands(hand))


def mixture_of(raw: Tensor, mixture: int) -> tuple[Tensor, ...]:
    """Raw outputs [..., 6 M + 3] to log weights, means (x, y), log deviations (x, y), correlation,
    each [..., M], and the logits of the pen's states [..., 3]."""
    weight, mx, my, sx, sy, rho = raw[..., : 6 * mixture].unflatten(-1, (6, mixture)).unbind(-2)
    low = math.log(SHARPEST)
    return (
        weight.log_softmax(-1),
        mx,
        my,
        (sx - 1).clamp_min(low),
        (sy - 1).clamp_min(low),
        0.98 * torch.tanh(rho),
        raw[..., 6 * mixture :],
    )


def nll(raw: Tensor, points: Tensor, states: Tensor, mixture: int) -> tuple[Tensor, Tensor]:
    """Negative log-likelihoods [B, T] in nats: of where the points are, of the pen's states.

    Args:
        raw: from the network. points: [B, T, 2 or 3] that came. states: long [B, T].
    """
    weight, mx, my, sx, sy, rho, pen = mixture_of(raw, mixture)
    x = (points[..., 0:1] - mx) * torch.exp(-sx)
    y = (points[..., 1:2] - my) * torch.exp(-sy)
    free = 1 - rho * rho
    z = (x * x + y * y - 2 * rho * x * y) / free
    log = weight - 0.5 * z - sx - sy - 0.5 * torch.log(free) - math.log(2 * math.pi)
    where = -log.logsumexp(-1)
    state = F.cross_entropy(pen.flatten(0, 1), states.flatten(), reduction="none")
    return where, state.view_as(states)
