"""A timm classifier as the app serves it: answers, and views into the stages of its network.

The same interface as `serve.Classifier`. What timm's weights need before them (size, crop,
interpolation, mean and spread) comes in their own configuration.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from pretrained.classification.classifier import NetworkClassifier, occlusion

STAGES = 6  # of a plain stack of equal blocks, as many as can be looked at side by side


class Backbone(nn.Module):
    """A timm network that normalises its own input, so that nobody else can forget to."""

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def normalise(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> what the network was trained on."""
        return (pixels - self.mean) / self.std

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> logits [N, classes]."""
        logits: Tensor = self.network(self.normalise(pixels))
        return logits


class TimmClassifier(NetworkClassifier):
    """A timm network with its labels and preprocessing.

    Its ``config`` has ``key``, ``size``, ``preprocessing`` and what the folder's config.json says;
    ``calibrated`` tells whether the confidences were fitted to held-out pictures.
    """

    unsure_below = 0.5  # of weights that nobody calibrated here: more likely wrong than right

    def __init__(
        self, model: Backbone, labels: tuple[str, ...], config: dict[str, Any], device: str
    ) -> None:
        from timm.data import create_transform

        self.preprocessing: dict[str, Any] = config["preprocessing"]
        super().__init__(model, labels, self.preprocessing["input_size"][-1], config)
        self.model = model
        self.transform = create_transform(**self.preprocessing, normalize=False)
        self.stages = _stages_of(model.network)
        self.to(device)

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        batch = torch.stack([self.transform(image.convert("RGB")) for image in images])
        return (batch.to(self.device).float() / 255).contiguous(memory_format=torch.channels_last)

    def _crop(self, size: tuple[int, int]) -> list[int]:
        width, height = size
        if self.preprocessing["crop_mode"] == "squash":
            return [0, 0, width, height]
        resized = math.floor(self.size / self.preprocessing["crop_pct"])
        side = round(min(width, height) * self.size / resized)
        left, top = (width - side) // 2, (height - side) // 2
        return [left, top, left + side, top + side]

    def _stage_rows(self) -> list[tuple[str, int]]:
        return [(stage["name"], stage["parameters"]) for stage in self.stages]

    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        if not self.stages:
            raise self._unsupported(view)
        found = self.model.network.forward_intermediates(  # type: ignore[operator]
            self.model.normalise(pixels),
            indices=[stage["index"] for stage in self.stages],
            intermediates_only=True,
            output_fmt="NCHW",
        )
        return [maps.float() for maps in found]

    def _kernels(self) -> Tensor:
        name = self.model.network.pretrained_cfg.get("first_conv")  # type: ignore[union-attr,operator]
        conv = self.model.network.get_submodule(name) if isinstance(name, str) else None
        if not isinstance(conv, nn.Conv2d) or conv.in_channels != 3:
            raise self._unsupported("filters")
        return conv.weight

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Which places of a deep layer spoke for the target -> [N, 1, size, size].

        Grad-CAM (Selvaraju et al. 2016, arXiv 1610.02391) where the layer puts out maps. Where it
        puts out a row of patches, gradient times activation summed over the channels, at the last
        block but one: after it, only a class token may still reach the answer.
        """
        from captum.attr import LayerAttribution, LayerGradCam, LayerGradientXActivation

        if not self.stages:
            raise self._unsupported("where")
        network = self.model.network
        blocks = getattr(network, "blocks", None)
        if getattr(network, "num_prefix_tokens", None) is not None and blocks is not None:
            found = LayerGradientXActivation(self.model, blocks[-2]).attribute(pixels, target)
            grid = network.patch_embed.dynamic_feat_size(pixels.shape[2:])  # type: ignore[union-attr,operator]
            patches = found[:, -grid[0] * grid[1] :].sum(2)
            cam = patches.reshape(-1, 1, *grid)
        else:
            layer = network.get_submodule(self.stages[-1]["module"])
            cam = LayerGradCam(self.model, layer).attribute(pixels, target)
            if cam.ndim != 4:
                raise self._unsupported("gradcam")
        cam = cam.detach().clamp_min(0)
        smooth: Tensor = LayerAttribution.interpolate(cam, (self.size, self.size), "bicubic")
        return smooth

    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        step = self.size // 8  # 49 places: seconds, not minutes, on a CPU
        return occlusion(self.model, pixels, target, grey=self.model.mean, step=step, at_once=4)


def _stages_of(network: nn.Module) -> list[dict[str, Any]]:
    """Name, module, index and parameters of each stage; none where the network tells none.

    A stage's parameters are those from the end of the stage before it to its own end.
    """
    told = list(getattr(network, "feature_info", None) or [])
    if not told or not hasattr(network, "forward_intermediates"):
        return []
    if len(told) > STAGES:  # a transformer's blocks: some of them, evenly spread, the last too
        chosen = [round((i + 1) * len(told) / STAGES) - 1 for i in range(STAGES)]
    else:
        chosen = list(range(len(told)))
    names, own = [], []
    for name, module in network.named_modules():
        names.append(name)
        own.append(sum(p.numel() for p in module.parameters(recurse=False)))
    stages, start = [], 0
    for number, index in enumerate(chosen, 1):
        module_name = told[index]["module"]
        inside = (module_name, f"{module_name}.")
        ends = [i for i, n in enumerate(names) if n == inside[0] or n.startswith(inside[1])]
        if not ends:
            return []
        stop = max(ends) + 1
        stages.append(
            {
                "name": f"stage{number}",
                "module": module_name,
                "index": index,
                "parameters": sum(own[start:stop]),
            }
        )
        start = stop
    return stages
