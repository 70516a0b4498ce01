"""Matrix products that do not depend on who else is in the batch.

Floating-point sums depend on their order, and a library adds in another order for one row than for
sixty-four. A generator that feeds its output back would then write another text when others write
beside it. Here every product and every sum is a whole number below 2^24, which float32 holds
exactly, so that any order gives the same bits, on any device that does not round inputs (TF32).

Weights become whole numbers, each row on its own scale, as large as the bound allows (9 to 11
bits); inputs from -1 to 1 become whole numbers of 15 bits, split into two digits, which pass
through the product as two rows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Inputs are multiples of 1 / LEVELS; a number is DIGIT times its high digit plus its low digit.
LEVELS, DIGIT = 16_383, 128
#: The largest whole number up to which float32 holds every one.
EXACT = 2**24


def fake_quantize(x: Tensor) -> Tensor:
    """``x`` in -1..1, rounded to the nearest multiple of 1 / LEVELS."""
    return torch.round(x * LEVELS) / LEVELS


def sigmoid(x: Tensor) -> Tensor:
    """The logistic function by way of tanh.

    `torch.sigmoid` computes the last elements of a tensor by another formula than the rest, so its
    last bit depends on the place; `torch.tanh` does not (a test holds it).
    """
    return 0.5 + 0.5 * torch.tanh(0.5 * x)


class BatchInvariantLinear(nn.Module):
    """``x @ weight.T + bias`` for ``x`` [B, K] in -1..1, the same for a row in every batch.

    Args:
        weight: [N, K], float. bias: [N] or None.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        weight = weight.detach().double()
        # Rounding adds at most half to each of the K weights of a row.
        room = EXACT // DIGIT - weight.shape[1]
        steps = room / weight.abs().sum(1, keepdim=True).clamp_min(1e-30)
        self.register_buffer("weight", torch.round(weight * steps).float().contiguous())
        self.register_buffer("scale", (1 / (steps[:, 0] * LEVELS)).float())
        self.register_buffer("bias", None if bias is None else bias.detach().float())

    def forward(self, x: Tensor) -> Tensor:
        """[B, K] in -1..1 to [B, N]."""
        whole = torch.round(x * LEVELS)
        high = torch.round(whole / DIGIT)
        digits = torch.cat([high, whole - DIGIT * high])
        high_sum, low_sum = nn.functional.linear(digits, self.weight).chunk(2)
        out = (high_sum * DIGIT + low_sum) * self.scale
        return out if self.bias is None else out + self.bias
