"""From a picture of any size to what the network sees, and back to the picture's own pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pretrained.detection import rle
from pretrained.detection.model import CELL, Detections, Detector

#: The shorter side that a picture is scaled to, the longest side, and the most pixels in all.
SHORT, LONGEST, MOST_PIXELS = 256, 1344, 256 * 512


@dataclass(frozen=True)
class ResizeTransform:
    """How a picture of ``width`` x ``height`` pixels is resized for the network: to ``wide`` x
    ``high``."""

    width: int
    height: int
    wide: int
    high: int

    @classmethod
    def of(cls, picture: np.ndarray) -> ResizeTransform:
        """That of a picture uint8 [H, W, 3]. Its shape is kept, as far as whole pixels
        can; a panorama is seen smaller, not longer without end."""
        height, width = picture.shape[:2]
        scale = min(
            SHORT / min(width, height),
            LONGEST / max(width, height),
            (MOST_PIXELS / (width * height)) ** 0.5,
        )
        return cls(width, height, max(1, round(width * scale)), max(1, round(height * scale)))

    def to_picture(self, boxes: Tensor) -> np.ndarray:
        """Boxes [N, 4] as the network saw them, in the picture's own pixels: float64 [N, 4]."""
        across, down = self.width / self.wide, self.height / self.high
        return boxes.detach().cpu().double().numpy() * (across, down, across, down)

    def to_network(self, boxes: Sequence[Sequence[float]]) -> Tensor:
        """Boxes [N, 4] of the picture, as the network sees them."""
        across, down = self.wide / self.width, self.high / self.height
        return torch.tensor(boxes, dtype=torch.float32) * torch.tensor([across, down, across, down])


def prepared(picture: np.ndarray, transform: ResizeTransform) -> Tensor:
    """uint8 [H, W, 3] -> float [3, H, W] in 0..1, resized and padded to whole cells with grey."""
    shown = Image.fromarray(picture)
    if shown.size != (transform.wide, transform.high):
        shown = shown.resize(
            (transform.wide, transform.high), Image.Resampling.BILINEAR, reducing_gap=2.0
        )
    wide, high = (-(-side // CELL) * CELL for side in (transform.wide, transform.high))
    canvas = torch.full((3, high, wide), 116 / 255)
    pixels = torch.from_numpy(np.array(shown)).permute(2, 0, 1)
    canvas[:, : transform.high, : transform.wide] = pixels.float() / 255
    return canvas


def detect(
    model: Detector,
    pictures: Sequence[np.ndarray],
    offered: Tensor | None = None,
    alike: Tensor | None = None,
) -> tuple[list[Detections], list[ResizeTransform]]:
    """What the network makes of pictures uint8 [H, W, 3], in their order, and how each was
    resized.

    Those seen at one size are computed together, so that an answer never depends on its company.
    """
    device = next(model.parameters()).device
    transforms = [ResizeTransform.of(picture) for picture in pictures]
    by_picture: dict[int, Detections] = {}
    for size in {(one.wide, one.high) for one in transforms}:
        rows = [n for n, one in enumerate(transforms) if (one.wide, one.high) == size]
        batch = torch.stack([prepared(pictures[n], transforms[n]) for n in rows]).to(device)
        batch = batch.contiguous(memory_format=torch.channels_last)
        found = model.detect(batch, [(size[1], size[0])] * len(rows), offered, alike)
        by_picture.update(zip(rows, found, strict=True))
    return [by_picture[n] for n in range(len(pictures))], transforms


def objects(
    detections: Detections, transform: ResizeTransform, names: Sequence[str]
) -> list[dict[str, Any]]:
    """The objects of one picture in its own pixels, highest score first, each with ``label``,
    ``score``, ``box`` and ``mask``."""
    boxes = transform.to_picture(detections.boxes[detections.kept])
    rows = zip(
        boxes,
        mask_bytes(detections),
        detections.labels[detections.kept].tolist(),
        detections.scores[detections.kept].tolist(),
        strict=True,
    )
    return [
        {
            "label": names[label],
            "score": score,
            "box": box.tolist(),
            "mask": pasted(mask, box, transform.width, transform.height),
        }
        for box, mask, label, score in rows
    ]


def mask_bytes(detections: Detections) -> np.ndarray:
    """Each object's mask over its box, before it is cut at one half: uint8 [O, 28, 28]."""
    return (detections.masks.cpu() * 255).round().to(torch.uint8).numpy()


def pasted(mask: np.ndarray, box: np.ndarray, width: int, height: int) -> rle.Rle:
    """A mask uint8 [28, 28] over a box [4], as run lengths over the whole picture."""
    # A pixel belongs to the box if its middle does; a box has one pixel at least.
    x0, y0 = min(round(box[0]), width - 1), min(round(box[1]), height - 1)
    x1, y1 = max(x0 + 1, min(round(box[2]), width)), max(y0 + 1, min(round(box[3]), height))
    cells = mask.shape[0]
    framed = Image.fromarray(np.pad(mask, cells, mode="edge"))
    across, down = (cells / max(side, 1e-6) for side in (box[2] - box[0], box[3] - box[1]))
    part = (
        cells + (x0 - box[0]) * across,
        cells + (y0 - box[1]) * down,
        cells + (x1 - box[0]) * across,
        cells + (y1 - box[1]) * down,
    )
    inside = [min(max(edge, 0.0), 3.0 * cells) for edge in part]
    if inside[2] - inside[0] < 1e-3 or inside[3] - inside[1] < 1e-3:
        inside = [0.0, 0.0, 3.0 * cells, 3.0 * cells]  # a sliver within one pixel
    patch = framed.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, tuple(inside))
    return rle.encode(np.asarray(patch) > 127, x0, y0, height, width)
