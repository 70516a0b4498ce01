"""How unlike two pictures look, by the maps of the photo network, not pixel by pixel.

An edge that is a pixel aside costs a blur nothing and a sharp guess twice in the mean square error;
so a small network learns to blur. The maps of a network that knows photographs say instead whether
there is an edge, an eye, a strand of hair (Zhang et al. 2018, LPIPS, arXiv 1801.03924). Lin & Yang
2024 (arXiv 2401.00110) teach a denoiser with such a distance between what it takes a picture to be
and the picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pretrained.classification import imagenet
from pretrained.classification.efficientnet import normalised

#: Pixels a side that pictures are enlarged to.
SIDE = 96
#: Stages whose maps are compared, of the network's seven: 48, 24, 12 and 6 pixels a side.
STAGES = (1, 2, 3, 5)
TINY = 1e-6


class PerceptualDistance:
    """The first stages of ``classification/imagenet``, frozen.

    Raises:
        Refusal: its weights are not here and cannot be brought.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        network = imagenet.network().eval().requires_grad_(False).to(device)
        self.network = network.to(memory_format=torch.channels_last)

    def maps(self, pictures: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in -1..1 -> maps [N, C, h, w], the channels of each place of length one."""
        large = F.interpolate((pictures.float() + 1) / 2, (SIDE, SIDE), mode="bilinear")
        found, x = [], normalised(large).contiguous(memory_format=torch.channels_last)
        # A CPU learns depthwise convolutions more slowly in half precision: see `loop.fit`.
        with torch.autocast(pictures.device.type, enabled=False):
            x = self.network.stem(x)
            for number in range(max(STAGES)):
                x = self.network.blocks[number](x)
                if number + 1 in STAGES:
                    found.append(x / (x.square().sum(1, keepdim=True) + TINY).sqrt())
        return found

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """Distance [N] of pictures [N, 3, H, W] in -1..1, 0 where they are the same: the squared
        distance of the maps, averaged over places and added up over stages."""
        pairs = zip(self.maps(one), self.maps(other), strict=True)
        each = [(a - b).square().sum(1).mean((1, 2)) for a, b in pairs]
        return torch.stack(each).sum(0)
