"""The served classifier: pictures in, answers out, and every view of how it came to them.

`predict` takes a list of pictures and a *view*. The engine batches requests of the same view and
options. Importing this module loads torch but neither torchvision nor timm; captum comes in with
the first question of where the network looked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.classification.data import fit_square, square
from pretrained.classification.model import ResidualNet
from pretrained.errors import BadCheckpoint, ViewUnsupported
from training.loop import precision

PROBES = "probes.safetensors"


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


class Classifier:
    """A `ResidualNet` with its labels, preprocessing, temperature and probes.

    Attributes:
        labels, labels_zh: class names, English as in the data set, Chinese or None.
        config: the checkpoint's ``config.json``.
        bytes: measured weights in memory.
    """

    def __init__(
        self,
        network: ResidualNet,
        config: dict[str, Any],
        device: str,
        probes: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config
        self.labels = tuple(config["labels"])
        self.labels_zh = tuple(config["labels_zh"]) if config.get("labels_zh") else None
        self.size: int = config["size"]
        self.network = network.eval()
        self.parameters = sum(p.numel() for p in network.parameters())
        self.probes = probes or {}
        self.bytes = sum(
            t.numel() * t.element_size()
            for t in (*network.state_dict().values(), *self.probes.values())
        )
        self.names = ["stem", *(f"stage{i + 1}" for i in range(len(network.stages)))]
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
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.probes = {name: value.to(self.device) for name, value in self.probes.items()}

    def predict(
        self, images: list[Image.Image], *, view: str = "answer", **options: Any
    ) -> list[Any]:
        """One result per picture.

        Args:
            images: RGB pictures of any size; the network sees the middle square.
            view: ``answer`` (``top_k=5``), ``scores``, ``stages``, ``maps`` (``stage``,
                ``count=32``), ``where`` (``label=None``, ``method="gradcam"``) or ``filters``.

        Raises:
            ViewUnsupported: the model has no such view.
        """
        if view not in self.views:
            raise ViewUnsupported(model=self.config["key"], view=view)
        return self.views[view](self._pixels(images), images, **options)

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        """Pictures -> float [N, 3, size, size] in 0..1 on the device."""
        arrays = [np.asarray(fit_square(image, self.size)) for image in images]
        batch = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).to(self.device)
        return (batch.float() / 255).contiguous(memory_format=torch.channels_last)

    def _logits(self, pixels: Tensor) -> Tensor:
        # Single precision on a CPU: the answer to one picture must not depend on the machine.
        half = self.device.type == "cuda"
        with torch.autocast(self.device.type, precision(self.device), enabled=half):
            return self.network(pixels).float() / self.config.get("temperature", 1.0)

    @torch.inference_mode()
    def _scores(self, pixels: Tensor, images: object) -> list[np.ndarray]:
        """Calibrated probabilities [classes]."""
        return list(self._logits(pixels).softmax(1).cpu().numpy())

    def _answers(self, pixels: Tensor, images: object, top_k: int = 5) -> list[dict[str, Any]]:
        below = self.config.get("unsure_below", 0.0)
        return [rank(p, self.labels, top_k, below) for p in self._scores(pixels, images)]

    @torch.inference_mode()
    def _stages(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """What each stage puts out, and what a linear probe on it would already answer."""
        maps = self.network.features(pixels)
        modules = [self.network.stem, *self.network.stages]
        figures = {p["name"]: p["top1"] for p in self.config.get("probes", ())}
        results = []
        for n in range(len(pixels)):
            stages = []
            for name, module, found in zip(self.names, modules, maps, strict=True):
                stages.append(
                    {
                        "name": name,
                        "shape": list(found.shape[1:]),
                        "parameters": sum(p.numel() for p in module.parameters()),
                        "answer": self._probe(name, found[n : n + 1]),
                        "probe_top1": figures.get(name),
                    }
                )
            shown = (pixels[n].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
            results.append({"stages": stages, "input": shown})
        return results

    def _probe(self, name: str, maps: Tensor) -> dict[str, Any] | None:
        weight = self.probes.get(f"{name}.weight")
        if weight is None:
            return None
        logits = F.linear(pool_for_probe(maps), weight, self.probes[f"{name}.bias"])
        confidence, index = logits.softmax(1).max(1)
        return {"label": self.labels[int(index)], "confidence": float(confidence)}

    @torch.inference_mode()
    def _maps(
        self, pixels: Tensor, images: object, stage: str = "stem", count: int = 32
    ) -> list[dict[str, Any]]:
        """The channels of one stage that answer most strongly, each scaled to 0..1."""
        if stage not in self.names:
            raise ViewUnsupported(model=self.config["key"], view=f"maps of {stage}")
        found = self.network.features(pixels)[self.names.index(stage)].float()
        results = []
        for maps in found:
            strongest = maps.amax((1, 2)).argsort(descending=True)[: max(1, int(count))]
            chosen = maps[strongest]
            low, high = chosen.amin((1, 2), keepdim=True), chosen.amax((1, 2), keepdim=True)
            scaled = ((chosen - low) / (high - low).clamp_min(1e-6)).cpu().numpy()
            results.append({"maps": scaled, "channels": strongest.tolist()})
        return results

    @torch.inference_mode()
    def _filters(self, pixels: Tensor, images: object) -> list[dict[str, Any]]:
        """The first layer's kernels as small pictures [N, h, w, 3], each scaled to 0..1."""
        kernels = self.network.stem.conv.weight.detach().float()
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
                raise ViewUnsupported(model=self.config["key"], view=f"where for {label}")
            best = torch.full_like(best, self.labels.index(label))
        attribute = {"gradcam": self._gradcam, "occlusion": self._occlusion}.get(method)
        if attribute is None:
            raise ViewUnsupported(model=self.config["key"], view=method)
        heat = attribute(pixels, best).clamp_min(0).squeeze(1)
        heat = heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-6)
        return [
            {
                "heat": heat[n].cpu().numpy(),
                "label": self.labels[int(best[n])],
                "crop": list(square(image.size)),
            }
            for n, image in enumerate(images)
        ]

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Selvaraju et al. 2016 (arXiv 1610.02391) at the deepest stage -> [N, 1, size, size]."""
        from captum.attr import LayerAttribution, LayerGradCam

        cam = LayerGradCam(self.network, self.network.stages[-1])
        found = cam.attribute(pixels, target=target, relu_attributions=True)
        smooth = LayerAttribution.interpolate(found, (self.size, self.size), "bicubic")
        return smooth.detach()

    @torch.no_grad()
    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Zeiler & Fergus 2013: how far the score falls with a grey square here -> [N, 1, S, S]."""
        from captum.attr import Occlusion

        window, step = self.size // 4, math.ceil(self.size / 16)
        grey = self.network.mean.expand_as(pixels)
        drop = Occlusion(self.network).attribute(
            pixels,
            sliding_window_shapes=(3, window, window),
            strides=(3, step, step),
            target=target,
            baselines=grey,
            perturbations_per_eval=16,
        )
        return drop[:, :1]


def pool_for_probe(maps: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, 4 C]: the mean of each quarter, which keeps a little of *where*."""
    return F.adaptive_avg_pool2d(maps.float(), 2).flatten(1)


def load(entry: Entry, device: str, progress: Progress) -> Classifier:
    """The loader of every `ResidualNet` checkpoint.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
    """
    assert entry.folder is not None
    folder = Path(entry.folder)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    progress(0, entry.bytes)
    weights = checkpoint.load_weights(folder)
    try:
        network = ResidualNet.from_config(config)
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise BadCheckpoint(
            path=folder, reason="its weights do not fit its config.json: train or fetch it again"
        ) from error
    probes = checkpoint.load_weights(folder, PROBES) if (folder / PROBES).exists() else None
    progress(entry.bytes, entry.bytes)
    return Classifier(network, config, device, probes)
