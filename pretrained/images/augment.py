"""Changes that the discriminator sees on photographs and drawings alike, so that it cannot learn
the few photographs by heart and the generator does not learn to draw the changes.

Zhao et al. 2020, arXiv 2006.10738, with small measures: a shift, brightness and colour. Gradients
flow through.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Farthest shift, in pixels of 64; largest change of brightness (-1..1) and of colourfulness.
SHIFT, BRIGHTNESS, COLOUR = 6, 0.2, 0.5


def changed(pictures: Tensor, chance: torch.Generator) -> Tensor:
    """[N, 3, H, W] in -1..1 -> the same shape, each picture changed by itself."""
    n = len(pictures)
    device = pictures.device

    def drawn(spread: float) -> Tensor:
        uniform = torch.rand(n, 1, 1, 1, generator=chance) * 2 - 1
        return (uniform * spread).to(device, pictures.dtype)

    mean = pictures.mean(1, keepdim=True)
    coloured = mean + (pictures - mean) * (1 + drawn(COLOUR)) + drawn(BRIGHTNESS)
    padded = F.pad(coloured, (SHIFT,) * 4, mode="replicate")
    corner = torch.randint(0, 2 * SHIFT + 1, (n, 2), generator=chance).tolist()
    height, width = pictures.shape[2:]
    return torch.stack(
        [row[:, y : y + height, x : x + width] for row, (y, x) in zip(padded, corner, strict=True)]
    )
