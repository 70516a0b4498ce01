"""One thing is one answer: of boxes that mean the same thing the surest stays.

Suppression within a class, as everywhere, leaves a dog that is also "cat", and a dog beside its own
head. So two boxes of any classes that nearly coincide are one, and so are two of classes that are
easily taken for one another of which one's pixels lie within the other's: people who stand before
others do not share pixels with them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import batched_nms, nms

#: Overlap above which two boxes are one thing: of a class, and of any two.
SAME, ACROSS = 0.5, 0.7
#: Share of the smaller one's pixels above which it is a part of the other, of classes alike. At
#: 0.7 one person behind another was taken for a part: AP50 of people 0.569, at 0.9 it is 0.598 (76
#: training pictures kept aside).
PART = 0.9
#: Pixels are compared in cells of so many pixels' width and height.
CELL = 4
#: Classes that are taken for one another, by COCO's names; every other one is alike itself alone.
ALIKE = (
    ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    ("car", "bus", "truck", "train"),
    ("bicycle", "motorcycle"),
    ("chair", "couch", "bench", "bed"),
    ("bottle", "wine glass", "cup", "bowl", "vase"),
    ("tv", "laptop"),
)


def groups(names: Sequence[str]) -> Tensor:
    """The number of each class's group: [classes]."""
    places = {name: number for number, alike in enumerate(ALIKE) for name in alike}
    return torch.tensor([places.get(name, len(ALIKE) + n) for n, name in enumerate(names)])


def distinct(boxes: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
    """Which boxes [N, 4] stay, the surest first, by how much they overlap: numbers [K]."""
    kept = batched_nms(boxes, scores, labels, SAME)
    return kept[nms(boxes[kept], scores[kept], ACROSS)]


def whole(boxes: Tensor, masks: Tensor, alike: Tensor, size: tuple[int, int]) -> Tensor:
    """Which objects, the surest first, are no part of a surer one and hold none: bool [O].

    Args:
        boxes [O, 4], masks [O, 28, 28] in 0..1 over each, alike [O]: the group of each.
        size: height and width of the picture.
    """
    high, wide = (max(1, round(side / CELL)) for side in size)
    laid = paste_masks_in_image(masks[:, None], boxes / CELL, (high, wide), padding=1)[:, 0] > 0.5
    flat = laid.flatten(1).float()
    areas = flat.sum(1)
    least = torch.minimum(areas[:, None], areas[None]).clamp(min=1)
    part = ((flat @ flat.T) / least > PART) & (alike[:, None] == alike[None])
    kept = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for number in range(1, len(boxes)):
        kept[number] = not (part[number, :number] & kept[:number]).any()
    return kept
