"""One step of the pen for many writings at once, the same bits whoever else is writing.

Every matrix product goes through `BatchInvariantLinear`. The window and the mixture are computed in
double precision, one number at a time or in whole numbers, so that no sum depends on the batch.

A limit: the window is computed by numpy, so that a GPU hands its numbers over and waits twice in
every step. No graph is captured, as the network of characters does, and the pen gains little there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pretrained.batch_invariant import BatchInvariantLinear, fake_quantize, sigmoid
from pretrained.handwriting.model import PACE, SHARPEST, PenNet, features

Doubles = NDArray[np.float64]

#: The window's weights are multiples of this, so that their sums are exact.
FINEST = 2.0**-20
#: Smallest logarithm of a deviation before the bias narrows it.
LOWEST = math.log(SHARPEST)


@dataclass
class Memory:
    """What the network remembers of one writing.

    Attributes:
        h1, c1, h2, c2: of the two layers, [H]. seen: what the window shows, [A].
        kappa: places of the window's Gaussians, [K], in characters.
        middle: where the window is: half of its weight lies to the left.
    """

    h1: Tensor
    c1: Tensor
    h2: Tensor
    c2: Tensor
    seen: Tensor
    kappa: Doubles
    middle: float = 0.0


@dataclass
class Mixture:
    """Where the pen may go next: each [M], deviations and means in x-heights; pen [3]."""

    weight: Doubles
    mx: Doubles
    my: Doubles
    sx: Doubles
    sy: Doubles
    rho: Doubles
    pen: Doubles


class Stepper(nn.Module):
    """The step of a `PenNet`, its weights as whole numbers."""

    def __init__(self, network: PenNet) -> None:
        super().__init__()
        self.characters = network.characters
        self.alphabet, self.window, self.mixture = (
            network.alphabet,
            network.window,
            network.mixture,
        )
        self.first, self.second = network.sizes
        with torch.no_grad():
            upper = dict(network.upper.named_parameters())
            # [features | hand | window | own state], as in training.
            self.below = BatchInvariantLinear(
                torch.cat([network.outer.weight, network.inner.weight], 1), network.outer.bias
            )
            self.steer = BatchInvariantLinear(network.steer.weight, network.steer.bias)
            self.above = BatchInvariantLinear(
                torch.cat([upper["weight_ih_l0"], upper["weight_hh_l0"]], 1),
                upper["bias_ih_l0"] + upper["bias_hh_l0"],
            )
            self.head = BatchInvariantLinear(network.head.weight, network.head.bias)
            hands = fake_quantize(torch.tanh(network.hands.weight))
            self.register_buffer("hands", hands)
        self.hands: Tensor

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.hands.device

    def begin(self) -> Memory:
        """The memory before the first point."""

        def zeros(size: int) -> Tensor:
            return torch.zeros(size, device=self.device)

        first, second = self.first, self.second
        return Memory(
            zeros(first),
            zeros(first),
            zeros(second),
            zeros(second),
            zeros(self.alphabet),
            np.zeros(self.window),
        )

    @torch.no_grad()
    def forward(
        self,
        memories: list[Memory],
        points: Doubles,
        hands: Tensor,
        texts: list[NDArray[np.int64]],
        starts: list[int],
    ) -> tuple[list[Memory], Tensor, list[Doubles]]:
        """One step for all.

        Args:
            points: [B, 3], the point before. hands: [B, E], vectors of the writers.
            texts: the character numbers of each, and starts: the place of the first of them.

        Returns:
            the new memories, raw mixture parameters [B, 6 M + 3], weights of the characters [U].
        """
        x = features(torch.from_numpy(points).float()).to(self.device)
        h1, c1, h2, c2, seen = (
            torch.stack([getattr(memory, name) for memory in memories])
            for name in ("h1", "c1", "h2", "c2", "seen")
        )
        given = torch.cat([x, hands], 1)
        h1, c1 = _cell(self.below(torch.cat([given, seen, h1], 1)), c1)
        steer = self.steer(h1).cpu().double().numpy()
        kappa = np.stack([memory.kappa for memory in memories])
        kappa, middles, phi, shown = self._look(steer, kappa, texts, starts)
        seen = fake_quantize(torch.from_numpy(shown).float().to(self.device))
        h2, c2 = _cell(self.above(torch.cat([given, seen, h1, h2], 1)), c2)
        raw = self.head(torch.cat([h1, h2], 1))
        new = [
            Memory(*rows, kappa[i], middles[i])
            for i, rows in enumerate(zip(h1, c1, h2, c2, seen, strict=True))
        ]
        return new, raw, phi

    def _look(
        self,
        steer: Doubles,
        kappa: Doubles,
        texts: list[NDArray[np.int64]],
        starts: list[int],
    ) -> tuple[Doubles, list[float], list[Doubles], Doubles]:
        """As `PenNet.look`, with sums of whole numbers: places, where the middle of the window is,
        weights, what they show [B, A]."""
        weight, width, move = np.split(np.clip(steer, -30, 30), 3, axis=1)
        kappa = kappa + PACE * np.exp(move)
        share = np.exp(weight)
        share = share / np.cumsum(share, axis=1)[:, -1:]  # added in order, whatever the batch
        width = np.exp(width)
        # Some Gaussians carry no weight and run ahead: they must not count.
        order = np.argsort(kappa, axis=1, kind="stable")
        half = (np.cumsum(np.take_along_axis(share, order, 1), axis=1) < 0.5).sum(1)
        half = half.clip(max=self.window - 1)
        middles = [float(kappa[i, order[i, n]]) for i, n in enumerate(half)]
        shown = np.zeros((len(texts), self.alphabet))
        weights = []
        for i, (text, start) in enumerate(zip(texts, starts, strict=True)):
            places = np.arange(start, start + len(text), dtype=np.float64)
            phi = np.zeros(len(text))
            for k in range(self.window):
                off = kappa[i, k] - places
                phi += share[i, k] * np.exp(-width[i, k] * off * off)
            whole = np.round(phi / FINEST)
            np.add.at(shown[i], text, whole)
            scale = FINEST / max(1.0, float(whole.sum()) * FINEST)
            shown[i, 0] = 0
            shown[i] *= scale
            weights.append(whole * scale)
        return kappa, middles, weights, shown

    def mixtures(self, raw: Tensor, bias: Doubles) -> list[Mixture]:
        """Raw outputs [B, 6 M + 3] with each writing's bias [B] (Graves 2013, section 5.4)."""
        m = self.mixture
        numbers = raw.cpu().double().numpy()
        sharper = bias[:, None]
        weight = numbers[:, :m] * (1 + sharper)
        weight = np.exp(weight - weight.max(1, keepdims=True))
        weight = weight / np.cumsum(weight, axis=1)[:, -1:]
        sx, sy = (
            np.exp(np.clip(numbers[:, n * m : (n + 1) * m] - 1, LOWEST, 5) - sharper)
            for n in (3, 4)
        )
        rho = 0.98 * np.tanh(numbers[:, 5 * m : 6 * m])
        pen = numbers[:, 6 * m :] * (1 + sharper)
        pen = np.exp(pen - pen.max(1, keepdims=True))
        pen = pen / np.cumsum(pen, axis=1)[:, -1:]
        mx, my = numbers[:, m : 2 * m], numbers[:, 2 * m : 3 * m]
        rows = zip(weight, mx, my, sx, sy, rho, pen, strict=True)
        return [Mixture(*row) for row in rows]


def _cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The gates of an LSTM layer, in the order of nn.LSTM: its output and its cells."""
    i, f, g, o = gates.chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return fake_quantize(sigmoid(o) * torch.tanh(c)), c
