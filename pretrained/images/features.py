"""What the photo network makes of a face before it decides: the space that faces are compared in.

Usually that is Inception-v3's (Heusel et al. 2017, arXiv 1706.08500). Here it is the last layer but
one of ``classification/photos``, which is bundled, reads 64 pixels as the faces have them, and has
learnt from other pictures than faces. Distances in it are only comparable with distances in it, so
whatever is kept of them names the SHA-256 of those weights.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from pretrained import catalog, checkpoint
from pretrained.classification.model import ResidualNet

KEY = "classification/photos"
#: Faces that go through the network together.
BATCH = 128


def fingerprint(folder: Path | None = None) -> str:
    """SHA-256 of the weights in a folder, by default the bundled photo network's, in hexadecimals.

    Raises:
        BadCheckpoint: there are none.
    """
    folder = folder or catalog.folder_of(KEY)
    checkpoint.read_json(folder, checkpoint.CONFIG)  # says what is missing
    return hashlib.sha256((folder / checkpoint.WEIGHTS).read_bytes()).hexdigest()


class Features:
    """The network without its last layer.

    Args:
        folder: a checkpoint of `ResidualNet`, by default the bundled photo network.

    Attributes:
        sha256: of its weights. size: numbers F that it makes of a face.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
    """

    def __init__(self, device: str | torch.device = "cpu", folder: Path | None = None) -> None:
        folder = folder or catalog.folder_of(KEY)
        network, _ = checkpoint.load_network(folder, ResidualNet.from_config)
        self.sha256, self.size = fingerprint(folder), network.head.in_features
        self.device = torch.device(device)
        self.network = network.eval().to(self.device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, faces: Tensor) -> Tensor:
        """uint8 [N, 3, 64, 64] -> float [N, F], on the host."""
        found = [
            self.network.embed(
                (part.to(self.device).float() / 255).contiguous(memory_format=torch.channels_last)
            ).cpu()
            for part in faces.split(BATCH)
        ]
        return torch.cat(found) if found else torch.zeros(0, self.size)

    def mirrored(self, faces: Tensor) -> Tensor:
        """Likewise, the same for a face and for its mirror image: the mean of both."""
        return (self(faces) + self(faces.flip(3))) / 2
