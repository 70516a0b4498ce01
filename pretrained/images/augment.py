"""Changes that the discriminator sees on photographs and drawings alike, so that it cannot learn
the few photographs by heart.

What is changed must not show in what is drawn. Each change is made to a picture by half a chance
only: then most pictures that the discriminator sees are as they were, and only a generator that
draws like the photographs fits (Karras et al. 2020, arXiv 2006.06676, section 2.2: no leak below
0.8). Colours are left alone: when every picture's colourfulness was changed, some faces came out
blue and purple. Gradients flow through.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Probability of each change; farthest shift (pixels of 64); largest change of brightness (-1..1).
PROBABILITY, SHIFT, BRIGHTNESS = 0.5, 6, 0.1


def changed(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """[N, 3, H, W] in -1..1 -> the same shape, each picture changed by itself."""
    n = len(pictures)
    lit, moved = torch.rand(2, n, generator=rng) < PROBABILITY
    light = (torch.rand(n, generator=rng) * 2 - 1) * BRIGHTNESS * lit
    pictures = pictures + light.view(n, 1, 1, 1).to(pictures.device, pictures.dtype)
    padded = F.pad(pictures, (SHIFT,) * 4, mode="replicate")
    corners = torch.randint(0, 2 * SHIFT + 1, (n, 2), generator=rng)
    corners[~moved] = SHIFT
    height, width = pictures.shape[2:]
    return torch.stack(
        [
            row[:, y : y + height, x : x + width]
            for row, (y, x) in zip(padded, corners.tolist(), strict=True)
        ]
    )
