"""The copy meter: how near a drawn face comes to the nearest face that its network learnt from.

The training faces are not shipped. What is shipped is where each lies in the space of
`pretrained.images.features`, along its widest directions, a byte for each: enough to tell how near
a face is, too little to draw one from. A mirror image is no new face, so both sides are averaged.
How near is too near, photographs tell: those that the network never saw, measured likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pretrained.errors import BadCheckpoint
from pretrained.images.features import FILE, Features, kept

#: Directions that a face is placed along, and faces that are looked up together.
DIRECTIONS, BATCH = 64, 256
#: What the meter needs of what is kept.
NEEDED = ("mean", "projection", "scale", "neighbours", "real")


class Copies:
    """Where the training faces lie.

    Args:
        tensors: ``mean`` [F] of the features; ``projection`` [F, D]; ``neighbours`` int8 [M, D],
            to be multiplied by ``scale`` [D]; ``real`` [101].

    Attributes:
        real: quantiles, in steps of a hundredth, of the distance from photographs kept aside to
            their nearest training face.
    """

    def __init__(self, features: Features, tensors: Mapping[str, Tensor]) -> None:
        self.features = features
        self.mean, self.projection = tensors["mean"].float(), tensors["projection"].float()
        self.neighbours = tensors["neighbours"].float() * tensors["scale"]
        self.real = tensors["real"]

    @classmethod
    def load(cls, folder: Path, features: Features | None = None) -> Copies:
        """What `pretrained.images.statistics` wrote into a checkpoint folder.

        Raises:
            BadCheckpoint: nothing did, the file is damaged, or another photo network is here.
        """
        features = features or Features()
        tensors = kept(folder, features.sha256)
        if not set(NEEDED) <= tensors.keys():
            raise BadCheckpoint(path=folder, reason=f"{FILE} lacks a part: make or fetch it again")
        return cls(features, tensors)

    def distance(self, features: Tensor) -> Tensor:
        """What `Features.mirrored` makes of faces, [N, F] -> [N], each to the nearest."""
        places = (features - self.mean) @ self.projection
        near = [torch.cdist(part, self.neighbours).amin(1) for part in places.split(BATCH)]
        return torch.cat(near) if near else torch.zeros(0)

    def of(self, faces: Tensor) -> Tensor:
        """Faces, uint8 [N, 3, 64, 64] -> [N], each to the nearest."""
        return self.distance(self.features.mirrored(faces))


def places(features: Tensor, mean: Tensor) -> dict[str, Tensor]:
    """Training faces' mirrored features [M, F], as `Copies` reads them but for ``real``."""
    centred = features - mean
    _, directions = torch.linalg.eigh(centred.double().T @ centred.double())
    projection = directions[:, -DIRECTIONS:].half()
    spots = centred @ projection.float()
    scale = spots.abs().amax(0).clamp(min=1e-12) / 127
    return {
        "projection": projection,
        "scale": scale,
        "neighbours": (spots / scale).round().to(torch.int8),
    }
