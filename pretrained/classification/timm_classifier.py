"""A timm classifier as the app serves it: answers, and views into the stages of its network.

The same interface as `serve.Classifier`. What timm's weights need before them (size, crop,
interpolation, mean and spread) comes in their own configuration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pretrained.classification.serve import rank
from pretrained.errors import ViewUnsupported
from training.loop import precision

STAGES = 6  # of a plain stack of equal blocks, as many as can be looked at side by side
UNSURE_BELOW = 0.5  # of weights that nobody calibrated here: more likely wrong than right


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


class TimmClassifier:
    """A timm network with its labels and preprocessing.

    Attributes:
        labels: class names in English; ``labels_zh`` Chinese or None.
        config: ``key``, ``size``, ``preprocessing`` and what the folder's config.json says.
            ``calibrated`` tells whether the confidences were fitted to held-out pictures.
        bytes: measured weights in memory.
    """

    def __init__(
        self, model: Backbone, labels: tuple[str, ...], config: dict[str, Any], device: str
    ) -> None:
        from timm.data import create_transform

        self.model, self.labels, self.config = model.eval(), labels, config
        self.labels_zh = tuple(config["labels_zh"]) if config.get("labels_zh") else None
        self.preprocessing: dict[str, Any] = config["preprocessing"]
        self.size: int = self.preprocessing["input_size"][-1]
        self.transform = create_transform(**self.preprocessing, normalize=False)
        self.parameters = sum(p.numel() for p in model.parameters())
        tensors = (*model.parameters(), *model.buffers())
        self.bytes = sum(t.numel() * t.element_size() for t in tensors)
        self.stages = _stages_of(model.network)
        self.views: dict[str, Callable[..., list[Any]]] = {
            "answer": self._answers,
            "scores": self._scores,
            "stages": self._stages,
            "maps": self._maps,
            "where": self._where,
            "filters": self._filters,
        }
        self.to(device)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self.model.to(self.device).to(memory_format=torch.channels_last)

    def predict(
        self, images: list[Image.Image], *, view: str = "answer", **options: Any
    ) -> list[Any]:
        """One result per picture.

        Args:
            images: RGB pictures of any size.
            view: ``answer`` (``top_k=5``), ``scores``, ``stages``, ``maps`` (``stage``,
                ``count=32``), ``where`` (``label=None``, ``method="gradcam"``) or ``filters``.

        Raises:
            ViewUnsupported: this network cannot be looked into in that way.
        """
        if view not in self.views:
            raise self._unsupported(view)
        return self.views[view](self._pixels(images), images, **options)

    def _unsupported(self, view: str) -> ViewUnsupported:
        return ViewUnsupported(model=self.config["key"], view=view)

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        """Pictures -> float [N, 3, size, size] in 0..1 on the device."""
        batch = torch.stack([self.transform(image.convert("RGB")) for image in images])
        return (batch.to(self.device).float() / 255).contiguous(memory_format=torch.channels_last)

    def _crop(self, size: tuple[int, int]) -> list[int]:
        """Which part of a picture of ``size`` (width, height) the network sees, in its pixels."""
        width, height = size
        if self.preprocessing["crop_mode"] == "squash":
            return [0, 0, width, height]
        resized = math.floor(self.size / self.preprocessing["crop_pct"])
        side = round(min(width, height) * self.size / resized)
        left, top = (width - side) // 2, (height - side) // 2
        return [left, top, left + side, top + side]

    def _logits(self, pixels: Tensor) -> Tensor:
        # Single precision on a CPU: the answer to one picture must not depend on the machine.
        half = self.device.type == "cuda"
        with torch.autocast(self.device.type, precision(self.device), enabled=half):
            logits: Tensor = self.model(pixels)
        temperature: float = self.config.get("temperature", 1.0)
        return logits.float() / temperature

    @torch.inference_mode()
    def _scores(self, pixels: Tensor, images: object) -> list[np.ndarray]:
        """Probabilities [classes]."""
        return list(self._logits(pixels).softmax(1).cpu().numpy())

    def _answers(self, pixels: Tensor, images: object, top_k: int = 5) -> list[dict[str, Any]]:
        below = self.config.get("unsure_below", UNSURE_BELOW)
        return [rank(p, self.labels, top_k, below) for p in self._scores(pixels, images)]

    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        """Feature maps [N, C, H, W] of every stage."""
        if not self.stages:
            raise self._unsupported(view)
        found = self.model.network.forward_intermediates(  # type: ignore[operator]
            self.model.normalise(pixels),
            indices=[stage["index"] for stage in self.stages],
            intermediates_only=True,
            output_fmt="NCHW",
        )
        return [maps.float() for maps in found]

    @torch.inference_mode()
    def _stages(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """What each stage puts out. No probes were trained on these, so no answers by stage."""
        found = self._features(pixels, "stages")
        results = []
        for n in range(len(pixels)):
            stages = [
                {
                    "name": stage["name"],
                    "shape": list(maps.shape[1:]),
                    "parameters": stage["parameters"],
                    "answer": None,
                    "probe_top1": None,
                }
                for stage, maps in zip(self.stages, found, strict=True)
            ]
            shown = (pixels[n].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
            results.append({"stages": stages, "input": shown})
        return results

    @torch.inference_mode()
    def _maps(
        self, pixels: Tensor, images: object, stage: str = "stage1", count: int = 32
    ) -> list[dict[str, Any]]:
        """The channels of one stage that answer most strongly, each scaled to 0..1."""
        names = [known["name"] for known in self.stages]
        if stage not in names:
            raise self._unsupported(f"maps of {stage}")
        results = []
        for maps in self._features(pixels, "maps")[names.index(stage)]:
            strongest = maps.amax((1, 2)).argsort(descending=True)[: max(1, int(count))]
            chosen = maps[strongest]
            low, high = chosen.amin((1, 2), keepdim=True), chosen.amax((1, 2), keepdim=True)
            scaled = ((chosen - low) / (high - low).clamp_min(1e-6)).cpu().numpy()
            results.append({"maps": scaled, "channels": strongest.tolist()})
        return results

    @torch.inference_mode()
    def _filters(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """The first layer's kernels as small pictures [N, h, w, 3], each scaled to 0..1."""
        name = self.model.network.pretrained_cfg.get("first_conv")  # type: ignore[union-attr,operator]
        conv = self.model.network.get_submodule(name) if isinstance(name, str) else None
        if not isinstance(conv, nn.Conv2d) or conv.in_channels != 3:
            raise self._unsupported("filters")
        kernels = conv.weight.detach().float()
        kernels = kernels / kernels.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-6)
        filters = (kernels.permute(0, 2, 3, 1) * 0.5 + 0.5).cpu().numpy()
        return [{"filters": filters}] * len(pixels)

    def _where(
        self,
        pixels: Tensor,
        images: list[Image.Image],
        label: str | None = None,
        method: str = "gradcam",
    ) -> list[dict[str, Any]]:
        """Which part of the picture spoke for a label: [size, size] in 0..1."""
        with torch.no_grad():
            best = self._logits(pixels).argmax(1)
        if label is not None:
            if label not in self.labels:
                raise self._unsupported(f"where for {label}")
            best = torch.full_like(best, self.labels.index(label))
        attribute = {"gradcam": self._gradcam, "occlusion": self._occlusion}.get(method)
        if attribute is None:
            raise self._unsupported(method)
        heat = attribute(pixels, best).clamp_min(0).squeeze(1)
        heat = heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-6)
        return [
            {
                "heat": heat[n].cpu().numpy(),
                "label": self.labels[int(best[n])],
                "crop": self._crop(image.size),
            }
            for n, image in enumerate(images)
        ]

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

    @torch.no_grad()
    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Zeiler & Fergus 2013: how far the score falls with a grey square here -> [N, 1, S, S]."""
        from captum.attr import Occlusion

        window, step = self.size // 4, self.size // 8  # 49 places: seconds, not minutes, on a CPU
        drop = Occlusion(self.model).attribute(
            pixels,
            sliding_window_shapes=(3, window, window),
            strides=(3, step, step),
            target=target,
            baselines=self.model.mean.expand_as(pixels),
            perturbations_per_eval=4,
        )
        one_channel: Tensor = drop[:, :1]
        return one_channel


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
