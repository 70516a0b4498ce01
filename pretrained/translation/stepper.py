"""The served arithmetic of a `TranslationNet`: the same bits for a sentence in every batch.

Products go through `BatchInvariantLinear`; the attention's are sums of whole numbers in double
precision, so that neither the other sentences nor the padding that they bring change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pretrained.batch_invariant import LEVELS, BatchInvariantLinear, fake_quantize, sigmoid
from pretrained.translation.model import TranslationNet

#: Questions to the source are multiples of 1 / FINE, at most MOST: exact in double precision.
FINE, MOST = 4096, 1e4
#: Attention weights are multiples of 1 / SHARES before they are made to add up to one.
SHARES = 2**20
#: The logit of what is never written: padding and the direction marks.
NEVER = -1e4


@dataclass
class Read:
    """Sentences that the encoder has read.

    ``seen`` [B, S, H]: vectors of the tokens as whole numbers times 1 / LEVELS, double; ``there``
    [B, S]: which are no padding; ``meaning`` [B, H]: the last state of each direction.
    """

    seen: Tensor
    there: Tensor
    meaning: Tensor

    def keep(self, rows: Tensor) -> Read:
        """Some of the sentences, without padding that none of them needs."""
        there = self.there[rows]
        longest = int(there.sum(1).max())
        return Read(self.seen[rows, :longest], there[:, :longest], self.meaning[rows])


class Cell(nn.Module):
    """One LSTM layer in one direction, a step for many rows."""

    def __init__(self, cell: nn.LSTM, name: str, scale: float) -> None:
        """``name``: ``l0``, ``l0_reverse`` and so on. ``scale``: what the first inputs, as many as
        a token's vector is wide, were divided by to lie within -1..1."""
        super().__init__()
        weights = dict(cell.named_parameters())
        own, before = weights[f"weight_ih_{name}"], weights[f"weight_hh_{name}"]
        bias = weights[f"bias_ih_{name}"] + weights[f"bias_hh_{name}"]
        self.hidden = before.shape[1]
        self.product = BatchInvariantLinear(torch.cat([own * scale, before], 1), bias)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs [R, I], state [R, H] twice -> the new state."""
        i, f, g, o = self.product(torch.cat([x, h], 1)).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
        return fake_quantize(sigmoid(o) * torch.tanh(c)), c


State = tuple[Tensor, Tensor, Tensor, Tensor]  #: h and c of the lower cell, then of the upper one


class Stepper(nn.Module):
    """The encoder over whole sentences, the decoder one token at a time."""

    vectors: Tensor

    def __init__(self, network: TranslationNet, never: Sequence[int]) -> None:
        """``never``: tokens that are not written: padding and marks."""
        super().__init__()
        width = network.lower.hidden_size
        with torch.no_grad():
            largest = float(network.embed.weight.abs().max().clamp_min(1e-6))
            self.register_buffer("vectors", fake_quantize(network.embed.weight / largest))
            scale = largest * network.embed_scale
            layers = network.encoder.num_layers
            ways = [
                [
                    Cell(network.encoder, f"l{n}{way}", scale if n == 0 else 1.0)
                    for n in range(layers)
                ]
                for way in ("", "_reverse")
            ]
            self.onward, self.back = map(nn.ModuleList, ways)
            self.start = BatchInvariantLinear(network.start.weight, network.start.bias)
            self.lower = Cell(network.lower, "l0", scale)
            ask = network.ask
            self.ask = None if ask is None else BatchInvariantLinear(ask.weight * width**-0.5)
            self.upper = Cell(network.upper, "l0", 1.0)
            self.project = BatchInvariantLinear(network.project.weight, network.project.bias)
            bias = network.bias.detach().clone()
            bias[list(never)] = NEVER
            self.out = BatchInvariantLinear(network.embed.weight, bias)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.vectors.device

    @property
    def exact(self) -> torch.device:
        """Where double precision is: Apple's devices have none."""
        return torch.device("cpu") if self.device.type == "mps" else self.device

    @torch.no_grad()
    def read(self, sources: Sequence[Sequence[int]]) -> Read:
        """Token numbers of sentences, each ended, of any lengths."""
        lengths = torch.tensor([len(source) for source in sources], device=self.device)
        longest = int(lengths.max())
        rows = [[*source, *[0] * (longest - len(source))] for source in sources]
        there = torch.arange(longest, device=self.device) < lengths[:, None]
        x = self.vectors[torch.tensor(rows, device=self.device)]
        for cell, reversed_cell in zip(self.onward, self.back, strict=True):
            onward = self._run(cell, x, there, False)
            back = self._run(reversed_cell, x, there, True)
            x = torch.cat([onward, back], 2)
        last = (lengths - 1)[:, None, None].expand(-1, 1, onward.shape[2])
        meaning = torch.cat([onward.gather(1, last)[:, 0], back[:, 0]], 1)
        exact = self.exact
        seen = torch.round(x.to(exact).double() * LEVELS) * there.to(exact)[:, :, None]
        return Read(seen, there.to(exact), meaning)

    def _run(self, cell: Any, x: Tensor, there: Tensor, backwards: bool) -> Tensor:
        """One direction of one layer [B, S, h]; padding leaves the state as it is."""
        h = x.new_zeros(len(x), cell.hidden)
        c, found = h, []
        steps = range(x.shape[1])
        for t in reversed(steps) if backwards else steps:
            new_h, new_c = cell(x[:, t], h, c)
            h = torch.where(there[:, t, None], new_h, h)
            c = torch.where(there[:, t, None], new_c, c)
            found.append(h)
        return torch.stack(found[::-1] if backwards else found, 1)

    @torch.no_grad()
    def begin(self, read: Read) -> State:
        """The decoder's states [B, 1, H] before anything is written."""
        first, second = torch.tanh(self.start(read.meaning))[:, None].chunk(2, 2)
        first, second = fake_quantize(first), fake_quantize(second)
        return first, torch.zeros_like(first), second, torch.zeros_like(second)

    @torch.no_grad()
    def forward(self, read: Read, tokens: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """One step for the K hypotheses of each sentence.

        Args:
            tokens: [B, K], written last. state: of the hypotheses, each [B, K, H].

        Returns:
            log-probabilities of the next token [B, K, V], attention weights [B, K, S] in double
            precision, the new state.
        """
        size = tokens.shape
        h1, c1, h2, c2 = (part.flatten(0, 1) for part in state)
        h1, c1 = self.lower(self.vectors[tokens.flatten()], h1, c1)
        context, weights = self._look(read, h1.view(*size, -1))
        context = context.flatten(0, 1)
        h2, c2 = self.upper(torch.cat([h1, context], 1), h2, c2)
        vectors = torch.tanh(self.project(torch.cat([h2, context], 1)))
        log_probs = torch.log_softmax(self.out(vectors), 1)
        new = (h1, c1, h2, c2)
        h1, c1, h2, c2 = (part.view(*size, -1) for part in new)
        return log_probs.view(*size, -1), weights, (h1, c1, h2, c2)

    def _look(self, read: Read, lower: Tensor) -> tuple[Tensor, Tensor]:
        """As `TranslationNet.attend`: context [B, K, H] and weights [B, K, S]."""
        size = lower.shape[:2]
        if self.ask is None:
            there = read.there[:, None].double()
            even = there / there.sum(2, keepdim=True)
            return read.meaning[:, None].expand(*size, -1), even.expand(*size, -1)
        asked = self.ask(lower.flatten(0, 1)).view(*size, -1).to(self.exact).double()
        asked = torch.round(asked.clamp(-MOST, MOST) * FINE)
        scores = asked @ read.seen.transpose(1, 2) / (FINE * LEVELS)
        scores = scores.masked_fill(~read.there[:, None], float("-inf"))
        below = (scores - scores.amax(2, keepdim=True)).float().clamp_min(-40.0)
        half = torch.tanh(0.5 * below)  # exp(x) = (1 + tanh(x/2)) / (1 - tanh(x/2)): see `sigmoid`
        shares = torch.round((1 + half) / (1 - half) * SHARES).double()
        shares = shares.masked_fill(~read.there[:, None], 0.0)
        whole = shares.sum(2, keepdim=True)
        context = (shares @ read.seen) / (whole * LEVELS)
        return fake_quantize(context.float()).to(self.device), shares / whole
