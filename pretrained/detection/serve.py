"""The served detector: it finds objects, shows the steps to them, and says where it looked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops.boxes import clip_boxes_to_image

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.detection import suppression
from pretrained.detection.errors import BadBox, BadLabel
from pretrained.detection.model import LAST, LEVELS, Detections, Detector
from pretrained.detection.transform import ResizeTransform, detect, mask_bytes, objects, prepared
from pretrained.errors import ViewUnsupported

#: Longest side of the map that says where the network looked.
HEAT = 64


class Everyday:
    """A `Detector` with what its card says, as the engine holds it.

    Attributes:
        labels: the classes that it offers; those that it learnt too badly are not among them.
        bytes: what its weights weigh in memory.
    """

    def __init__(self, network: Detector, config: dict[str, Any], device: str) -> None:
        self.network, self.config = network.eval().requires_grad_(False), config
        self.names = tuple(config["taught"])
        self.labels = tuple(name for name in self.names if name in set(config["labels"]))
        self.offered = torch.tensor([name in self.labels for name in self.names])
        self.alike = suppression.groups(self.names)
        state = network.state_dict().values()
        self.bytes = sum(value.numel() * value.element_size() for value in state)
        self.to(device)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.offered = self.offered.to(self.device)
        self.alike = self.alike.to(self.device)

    def predict(
        self,
        inputs: Sequence[np.ndarray],
        *,
        view: str = "answer",
        box: Sequence[float] | None = None,
        label: str | None = None,
    ) -> list[dict[str, Any]]:
        """One answer for each picture uint8 [H, W, 3] of any size, upright.

        Args:
            view: ``answer`` finds objects; ``steps`` adds what was made on the way;
                ``attribution`` says where in the picture the score of ``label`` for ``box`` comes
                from.
            box: left, top, right, bottom in pixels of the picture. label: one of `labels`.

        Returns:
            ``answer``: ``objects``, highest score first, each with ``label``, ``score``, ``box``
            and ``mask``, all in the picture's own pixels. For the others see `steps` and `why`.

        Raises:
            ViewUnsupported: there is no such view.
            BadBox, BadLabel: what is to be explained is no box, or no class of this model.
        """
        if view == "attribution":
            return [self._attribution(picture, box, label) for picture in inputs]
        if view not in ("answer", "steps"):
            raise ViewUnsupported(model=self.config["key"], view=view)
        answers = []
        found = detect(self.network, inputs, self.offered, self.alike)
        for detections, transform in zip(*found, strict=True):
            answer: dict[str, Any] = {"objects": objects(detections, transform, self.names)}
            answers.append(answer | (self.steps(detections, transform) if view == "steps" else {}))
        return answers

    def steps(self, detections: Detections, transform: ResizeTransform) -> dict[str, Any]:
        """What was made on the way to an answer, boxes in the picture's own pixels.

        Returns:
            ``size`` [w, h] as the network saw it, ``scale``; ``pyramid``: each level's ``stride``
            and ``map``, uint8 [h, w], how strong it is; ``proposals``: ``boxes`` [P, 4] and
            ``scores`` [P], of ``anchors_seen`` boxes that were tried; ``candidates``: ``boxes``
            [N, 4], ``from`` [N, 4] the proposal of each, ``labels`` and ``scores`` [N], before the
            weaker of those that overlap are dropped, and ``parts``, the numbers of those that are
            dropped because their pixels are a surer one's; ``masks`` uint8 [O, 28, 28] over each
            object's box, before they are cut at one half. Everything highest score first.
        """
        proposals = transform.to_picture(detections.proposals)
        return {
            "size": [transform.wide, transform.high],
            "scale": transform.wide / transform.width,
            "pyramid": [
                {"stride": stride, "map": _strength(level, transform, stride)}
                for stride, level in zip(LEVELS.values(), detections.maps, strict=True)
            ],
            "proposals": {
                "boxes": proposals,
                "scores": detections.objectness.cpu().numpy(),
                "anchors_seen": detections.anchors,
            },
            "candidates": {
                "boxes": transform.to_picture(detections.boxes),
                "from": proposals[detections.origins.cpu().numpy()],
                "labels": [self.names[label] for label in detections.labels.tolist()],
                "scores": detections.scores.cpu().numpy(),
                "parts": detections.parts.tolist(),
            },
            "masks": mask_bytes(detections),
        }

    def _attribution(
        self, picture: np.ndarray, box: Sequence[float] | None, label: str | None
    ) -> dict[str, Any]:
        """``heat`` float [h, w] in 0..1 over the whole picture: gradient times activation (as
        Selvaraju et al. 2016, arXiv 1610.02391, but place by place) where the stride is 8.

        The slope is that of the class's score against all others', for exactly this box.
        """
        if label not in self.labels:
            raise BadLabel(sent=label, labels=", ".join(self.labels))
        transform = ResizeTransform.of(picture)
        size = (transform.high, transform.wide)
        there = clip_boxes_to_image(transform.to_network([_checked(box, picture)]), size).to(
            self.device
        )
        batch = prepared(picture, transform)[None].to(self.device)
        with torch.enable_grad():
            batch = batch.contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                watched = self.network.deeper(self.network.shallow(batch))[0]
            watched.requires_grad_()
            levels = self.network.levels([watched, *self.network.deeper(watched, LAST[0])])
            logits, _, _ = self.network.classify(levels, there, size)
            score = logits.log_softmax(1)[0, 1 + self.names.index(label)]
            (slope,) = torch.autograd.grad(score, watched)
        heat = (slope * watched.detach()).sum(1, keepdim=True).clamp(min=0)
        heat = heat[:, :, : max(1, -(-transform.high // 8)), : max(1, -(-transform.wide // 8))]
        high, wide = heat.shape[2:]
        shrink = min(1.0, HEAT / max(high, wide))
        heat = F.adaptive_avg_pool2d(
            heat, (max(1, round(high * shrink)), max(1, round(wide * shrink)))
        )
        return {"heat": (heat / heat.amax().clamp(min=1e-12))[0, 0].cpu().numpy()}


def _checked(box: Sequence[float] | None, picture: np.ndarray) -> list[float]:
    """A box cut to the picture.

    Raises:
        BadBox: it is no box, or lies outside.
    """
    height, width = picture.shape[:2]
    try:
        left, top, right, bottom = (float(side) for side in box or ())
        left, right = max(left, 0.0), min(right, width)
        top, bottom = max(top, 0.0), min(bottom, height)
        if right > left and bottom > top:  # false for what is not a number, too
            return [left, top, right, bottom]
    except (TypeError, ValueError):
        pass
    raise BadBox(sent=box)


def _strength(level: Tensor, transform: ResizeTransform, stride: int) -> np.ndarray:
    """A map [C, h, w] -> uint8 [h, w] over the picture alone: mean strength, the strongest 255."""
    mean = level.abs().mean(0)[
        : max(1, -(-transform.high // stride)), : max(1, -(-transform.wide // stride))
    ]
    scaled = mean / mean.amax().clamp(min=1e-12) * 255
    return scaled.round().to(torch.uint8).cpu().numpy()


def load(entry: Entry, device: str, progress: Progress = lambda done, total: None) -> Everyday:
    """The served model of a checkpoint folder.

    Raises:
        BadCheckpoint: the folder is damaged.
    """
    network, config = checkpoint.load_network(Path(str(entry.folder)), Detector.from_config)
    progress(1, 1)
    return Everyday(network, config, device)
