"""What the photo network makes of a face before it decides: the space that faces are compared in.

Usually that is Inception-v3's (Heusel et al. 2017, arXiv 1706.08500). Here it is the last layer but
one of ``classification/photos``, which is bundled, reads 64 pixels as the faces have them, and has
learnt from other pictures than faces. Distances in it are only comparable with distances in it, so
what is kept of features, beside the weights of a model that was trained on such faces, names the
SHA-256 of the network that made them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pretrained import catalog, checkpoint
from pretrained.classification.model import ResidualNet
from pretrained.errors import BadCheckpoint

FILE = "statistics.safetensors"
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


def keep(folder: Path, tensors: Mapping[str, Tensor], sha256: str) -> None:
    """Write what is kept of features, at the precision that it has."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    whole = {name: value.contiguous().cpu() for name, value in tensors.items()}
    part = folder / f".{FILE}.part"
    save_file(whole, part, metadata={"format": "pt", "features": KEY, "sha256": sha256})
    os.replace(part, folder / FILE)


def kept(folder: Path, sha256: str) -> dict[str, Tensor]:
    """What is kept of features, floating-point numbers in single precision. A model that learnt
    from the faces of a bundled one may name it (``statistics_of`` in its config.json) and use its
    file.

    Raises:
        BadCheckpoint: nothing is kept, the file is damaged, or its features were made by another
            network than the one with this hash.
    """
    from safetensors import SafetensorError, safe_open

    if (folder / checkpoint.CONFIG).exists():
        named = checkpoint.read_json(folder, checkpoint.CONFIG).get("statistics_of")
        folder = catalog.folder_of(named) if named else folder
    if not (folder / FILE).exists():
        reason = (
            f"it has no {FILE}: run `python -m pretrained.images.statistics --data FACES "
            f"--folder {folder}` with the faces that it was trained on"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    tensors = checkpoint.load_weights(folder, FILE)
    try:
        with safe_open(folder / FILE, "pt") as file:
            made_by = (file.metadata() or {}).get("sha256")
    except (SafetensorError, OSError) as error:
        raise BadCheckpoint(path=folder, reason=f"{FILE} is damaged: fetch it again") from error
    if made_by != sha256:
        reason = (
            f"{FILE} was made with another {KEY} than the one that is here: make it again by "
            f"`python -m pretrained.images.statistics`"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    return tensors
