"""What every served network has in common: pictures in, answers and views of the network out.

`serve` and `timm_classifier` say where the pixels, the scores and the features come from, and how
Grad-CAM and occlusion are done on their networks; all that is made of these is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pretrained.errors import ViewUnsupported
from training.hardware import precision


def rank(
    probabilities: np.ndarray, labels: tuple[str, ...], top_k: int, unsure_below: float
) -> dict[str, Any]:
    """Probabilities [classes] -> the answer as the API gives it, and whether it is sure."""
    top_k = max(1, min(int(top_k), len(labels)))
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    confidences = [
        {"label": labels[i], "confidence": round(float(probabilities[i]), 6)} for i in order
    ]
    return {
        "label": confidences[0]["label"],
        "confidences": confidences,
        "sure": bool(probabilities[order[0]] >= unsure_below),
    }


def grad_cam(
    module: nn.Module, layer: nn.Module, pixels: Tensor, target: Tensor, size: int
) -> Tensor:
    """Grad-CAM (Selvaraju et al. 2016, arXiv 1610.02391) at one layer -> [N, 1, size, size]."""
    from captum.attr import LayerAttribution, LayerGradCam

    found = LayerGradCam(module, layer).attribute(pixels, target=target, relu_attributions=True)
    smooth: Tensor = LayerAttribution.interpolate(found.detach(), (size, size), "bicubic")
    return smooth


@torch.no_grad()
def occlusion(
    module: nn.Module, pixels: Tensor, target: Tensor, *, grey: Tensor, step: int, at_once: int
) -> Tensor:
    """How far the target's score falls with a grey square here -> [N, 1, size, size].

    Zeiler & Fergus 2013. The square spans a quarter of the side and moves by ``step`` pixels.
    """
    from captum.attr import Occlusion

    window = pixels.shape[-1] // 4
    fall: Tensor = Occlusion(module).attribute(
        pixels,
        sliding_window_shapes=(3, window, window),
        strides=(3, step, step),
        target=target,
        baselines=grey.expand_as(pixels),
        perturbations_per_eval=at_once,
    )
    return fall[:, :1]


class NetworkClassifier(ABC):
    """A network with its labels, preprocessing and temperature.

    Attributes:
        labels, labels_zh: class names, English as in the data set, Chinese or None.
        config: the checkpoint's ``config.json``.
        size: side of the network's input in pixels.
        parameters, bytes: of the network; bytes are measured weights in memory.
        unsure_below: the bar for "not sure" where the config has none.
    """

    unsure_below = 0.0

    def __init__(
        self, module: nn.Module, labels: Sequence[str], size: int, config: dict[str, Any]
    ) -> None:
        self._module, self.labels = module.eval(), tuple(labels)
        self.size, self.config = size, config
        self.labels_zh = tuple(config["labels_zh"]) if config.get("labels_zh") else None
        self.parameters = sum(p.numel() for p in module.parameters())
        tensors = (*module.parameters(), *module.buffers())
        self.bytes = sum(t.numel() * t.element_size() for t in tensors)
        self.views: dict[str, Callable[..., list[Any]]] = {
            "answer": self._answers,
            "scores": self._scores,
            "stages": self._stages,
            "maps": self._maps,
            "where": self._where,
            "filters": self._filters,
        }

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self._module.to(self.device).to(memory_format=torch.channels_last)

    def predict(
        self, images: list[Image.Image], *, view: str = "answer", **options: Any
    ) -> list[Any]:
        """One result per picture.

        Args:
            images: RGB pictures of any size; the network sees the middle of each.
            view: ``answer`` (``top_k=5``), ``scores``, ``stages``, ``maps`` (``stage``,
                ``count=32``), ``where`` (``label=None``, ``method="gradcam"``) or ``filters``.

        Raises:
            ViewUnsupported: this network cannot be looked into in that way.
        """
        if view not in self.views:
            raise self._unsupported(view)
        return self.views[view](self._pixels(images), images, **options)

    # What each kind of network does in its own way

    @abstractmethod
    def _pixels(self, images: list[Image.Image]) -> Tensor:
        """Pictures -> float [N, 3, size, size] in 0..1 on the device, channels last."""

    @abstractmethod
    def _crop(self, size: tuple[int, int]) -> list[int]:
        """What the network sees of a picture of ``size`` (width, height), in its pixels."""

    @abstractmethod
    def _stage_rows(self) -> list[tuple[str, int]]:
        """Name and number of parameters of each stage, in order."""

    @abstractmethod
    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        """Feature maps [N, C, H, W] of every stage."""

    @abstractmethod
    def _kernels(self) -> Tensor:
        """The first layer's kernels [N, 3, h, w]."""

    @abstractmethod
    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Which places of a deep layer spoke for the target -> [N, 1, size, size]."""

    @abstractmethod
    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        """How far the target's score falls with a grey square here -> [N, 1, size, size]."""

    def _probe(self, stage: str, maps: Tensor) -> tuple[dict[str, Any] | None, float | None]:
        """What a linear probe on one stage answers to one picture, and its top-1; none here."""
        return None, None

    # What is the same for all

    def _unsupported(self, view: str) -> ViewUnsupported:
        return ViewUnsupported(model=self.config["key"], view=view)

    def _logits(self, pixels: Tensor) -> Tensor:
        # Single precision on a CPU: the answer to one picture must not depend on the machine.
        half = self.device.type == "cuda"
        with torch.autocast(self.device.type, precision(self.device), enabled=half):
            logits: Tensor = self._module(pixels)
        temperature: float = self.config.get("temperature", 1.0)
        return logits.float() / temperature

    @torch.inference_mode()
    def _scores(self, pixels: Tensor, images: object) -> list[np.ndarray]:
        """Probabilities [classes], calibrated where the config has a temperature."""
        return list(self._logits(pixels).softmax(1).cpu().numpy())

    def _answers(self, pixels: Tensor, images: object, top_k: int = 5) -> list[dict[str, Any]]:
        below = self.config.get("unsure_below", self.unsure_below)
        return [rank(p, self.labels, top_k, below) for p in self._scores(pixels, images)]

    @torch.inference_mode()
    def _stages(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """What each stage puts out, and what a linear probe on it would already answer."""
        found = self._features(pixels, "stages")
        results = []
        for n in range(len(pixels)):
            stages = []
            for (name, parameters), maps in zip(self._stage_rows(), found, strict=True):
                answer, top1 = self._probe(name, maps[n : n + 1])
                stages.append(
                    {
                        "name": name,
                        "shape": list(maps.shape[1:]),
                        "parameters": parameters,
                        "answer": answer,
                        "probe_top1": top1,
                    }
                )
            shown = (pixels[n].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
            results.append({"stages": stages, "input": shown})
        return results

    @torch.inference_mode()
    def _maps(
        self, pixels: Tensor, images: object, stage: str | None = None, count: int = 32
    ) -> list[dict[str, Any]]:
        """The channels of one stage (the first) that answer most strongly, each scaled to 0..1."""
        names = [name for name, _ in self._stage_rows()]
        stage = names[0] if stage is None and names else stage
        if stage not in names:
            raise self._unsupported(f"maps of {stage}")
        results = []
        for maps in self._features(pixels, "maps")[names.index(stage)].float():
            strongest = maps.amax((1, 2)).argsort(descending=True)[: max(1, int(count))]
            chosen = maps[strongest]
            low, high = chosen.amin((1, 2), keepdim=True), chosen.amax((1, 2), keepdim=True)
            scaled = ((chosen - low) / (high - low).clamp_min(1e-6)).cpu().numpy()
            results.append({"maps": scaled, "channels": strongest.tolist()})
        return results

    @torch.inference_mode()
    def _filters(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """The first layer's kernels as small pictures [N, h, w, 3], each scaled to 0..1."""
        kernels = self._kernels().detach().float()
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
