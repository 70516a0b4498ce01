"""What a training of a picture model shows while it learns: the same sixteen latents, and how near
what is drawn comes to what is learnt from; and how like pictures kept aside all of it is."""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise

import torch
from PIL import Image
from torch import Tensor, nn

from pretrained.errors import Refusal
from pretrained.images import data
from pretrained.images.diffusion import Denoiser
from pretrained.images.features import Features
from pretrained.images.model import SIZE, Gan
from pretrained.images.point import Point
from pretrained.images.refining import Refined
from pretrained.images.replay import SIDE, grid

#: Steps in which a denoiser draws here: half of those of the page, in half the time.
STEPS = 10
#: Training pictures that are looked at for each sheet, until all have been.
AT_ONCE = 32
#: Drawings that the kernel distance is of.
DRAWN = 64


class Drawings:
    """Draws the pictures of the first sixteen seeds.

    Args:
        train: uint8 [N, 3, 64, 64], what is learnt from.
    """

    def __init__(self, train: Tensor, device: torch.device) -> None:
        self.near: Nearness | None = None
        try:
            self.near = Nearness(train, Features(device))
        except Refusal as refusal:  # the photo network is not here: no meter
            print(refusal, file=sys.stderr)

    def __call__(self, model: nn.Module) -> dict[str, str | bytes]:
        """``{".png": four by four drawings, ".json": the copy meter, see `Nearness`}``."""
        drawn = drawings(model, SIDE**2)
        held = io.BytesIO()
        Image.fromarray(grid(drawn)).save(held, "PNG")
        sheet: dict[str, str | bytes] = {".png": held.getvalue()}
        return sheet | ({".json": json.dumps(self.near(drawn))} if self.near else {})


class Nearness:
    """How near drawings come to the nearest training picture, and how near those are to each other.

    Distances are between what the photo network makes of two pictures, mirrored or not (see
    `features`). Of many training pictures some are looked at with each sheet, until all are known.
    """

    def __init__(self, train: Tensor, features: Features) -> None:
        self.train, self.features = train, features
        self.known = torch.zeros(0)

    def __call__(self, drawn: Tensor) -> dict[str, float]:
        """Of drawings uint8 [n, 3, 64, 64]: ``distance``, the median one to the nearest training
        picture; ``real``, the median one of a training picture to the nearest other one; and their
        ``ratio``. Where it only copies, the ratio is far below one. ``n`` drawings were compared
        with ``of`` of ``pictures`` training pictures."""
        fresh = self.train[len(self.known) : len(self.known) + AT_ONCE]
        if len(fresh):
            found = self.features.mirrored(fresh)
            self.known = torch.cat([self.known, found]) if len(self.known) else found
        apart = torch.cdist(self.known, self.known).fill_diagonal_(torch.inf)
        real = float(apart.amin(1).median())
        distance = float(torch.cdist(self.features.mirrored(drawn), self.known).amin(1).median())
        return {
            "distance": round(distance, 4),
            "real": round(real, 4),
            "ratio": round(distance / max(real, 1e-6), 3),
            "n": len(drawn),
            "of": len(self.known),
            "pictures": len(self.train),
        }


@torch.no_grad()
def drawings(model: nn.Module, count: int) -> Tensor:
    """What a network draws of the seeds 0 to ``count`` - 1: uint8 [count, 3, 64, 64]."""
    if isinstance(model, Refined):
        model = model.denoiser
    device = next(model.parameters()).device
    seeds = [Point(((seed, 1.0),)) for seed in range(count)]
    if isinstance(model, Gan):
        latents = torch.stack([seed.latent(model.generator.latent) for seed in seeds])
        return data.pixels(model.generator(latents.to(device))).cpu()
    assert isinstance(model, Denoiser)
    noisy = torch.stack([seed.latent(3, SIZE, SIZE) for seed in seeds]).to(device)
    guess, degrees = torch.zeros_like(noisy), model.degrees(STEPS)
    before = degrees[0]
    for number, (now, then) in enumerate(pairwise(degrees)):
        fresh = torch.stack([seed.latent(3, SIZE, SIZE, step=number) for seed in seeds])
        here, there, earlier = (
            torch.full((count,), degree, device=device) for degree in (now, then, before)
        )
        noisy, guess = model.step(noisy, here, there, earlier, guess, fresh.to(device))
        before = now
    return data.pixels(noisy).cpu()


def kernel_distance(drawn: Tensor, real: Tensor, features: Features) -> float:
    """How unlike two sets of pictures uint8 [N, 3, 64, 64] are, 0 where they are alike: the squared
    maximum mean discrepancy of their features by a cubic kernel, without bias for few pictures
    (Bińkowski et al. 2018, arXiv 1801.01401)."""
    x, y = (features(pictures).double() for pictures in (drawn, real))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: Tensor) -> Tensor:
        among = kernel(a, a)
        return (among.sum() - among.diagonal().sum()) / max(1, len(a) * (len(a) - 1))

    return float(within(x) + within(y) - 2 * kernel(x, y).mean())
