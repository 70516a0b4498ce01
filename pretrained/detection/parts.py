"""The parts of the detector that are not torchvision's as they are.

What they have in common: nothing is learnt where nothing is known, and answers come in single
precision, whatever is computed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import (
    RegionProposalNetwork,
    RPNHead,
    concat_box_prediction_layers,
)
from torchvision.ops import box_iou
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock

Target = Mapping[str, Any]
"""What is in a training picture, in its pixels.

boxes [N, 4], labels [N] from 1 on, masks uint8 [N, H, W], masked bool [N]: whether a mask is known;
ignore [K, 4]: regions of which nothing is known; partial bool: nothing is known outside ``boxes``.
"""


def unknown(boxes: Tensor, target: Target) -> Tensor:
    """Which boxes [M, 4] lie mostly where nothing is known, so that they are no background: [M]."""
    inside = _share_inside(boxes, target["ignore"])
    hidden = inside > 0.5
    if target["partial"]:
        hidden |= _share_inside(boxes, target["boxes"]) < 0.5
    return hidden


def _share_inside(boxes: Tensor, regions: Tensor) -> Tensor:
    """The largest share of each box [M, 4] that lies in one of the regions [K, 4]: [M]."""
    if not len(regions):
        return boxes.new_zeros(len(boxes))
    low = torch.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    common = (high - low).clamp(min=0).prod(2)
    return common.amax(1) / (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3).prod(1)


def told(boxes: Tensor, target: Target) -> Tensor:
    """Which proposals [P, 4] can be learnt from: objects, and what is known to be none. [P]"""
    hidden = unknown(boxes, target)
    if len(target["boxes"]):
        hidden &= box_iou(boxes, target["boxes"]).amax(1) < 0.5
    return ~hidden


class Coarser(ExtraFPNBlock):  # type: ignore[misc]
    """One more level on top of the pyramid, by a convolution with stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2, 1)

    def forward(
        self, results: list[Tensor], x: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        """The levels, coarsest last, and their names; and one more."""
        return [*results, self.conv(results[-1])], [*names, "32"]


class SingleHead(RPNHead):  # type: ignore[misc]
    """The usual head, its answers in single precision whatever it computes in."""

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Maps [N, C, H, W] -> scores [N, A, H, W] and deltas [N, 4 A, H, W] of each level."""
        scores, deltas = super().forward(x)
        return [s.float() for s in scores], [d.float() for d in deltas]


class Proposer(RegionProposalNetwork):  # type: ignore[misc]
    """Torchvision's, to which an anchor is no background where nothing is known."""

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[Target]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Labels 1, 0, and -1 for what is not learnt from; and the box that each one matches."""
        labels, matched = super().assign_targets_to_anchors(anchors, targets)
        for own, boxes, target in zip(labels, anchors, targets, strict=True):
            own[(own == 0) & unknown(boxes, target)] = -1
        return labels, matched

    def compute_loss(
        self,
        objectness: Tensor,
        pred_bbox_deltas: Tensor,
        labels: list[Tensor],
        regression_targets: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Torchvision's two; nought where nothing is known of any anchor."""
        if all((own < 0).all() for own in labels):
            return objectness.sum() * 0, pred_bbox_deltas.sum() * 0
        found: tuple[Tensor, Tensor] = super().compute_loss(
            objectness, pred_bbox_deltas, labels, regression_targets
        )
        return found

    def propose(
        self, images: ImageList, maps: dict[str, Tensor]
    ) -> tuple[list[Tensor], list[Tensor], int]:
        """Boxes [P, 4] and scores [P] of each picture, highest first; and the anchors of one."""
        levels = list(maps.values())
        scores, deltas = self.head(levels)
        anchors = self.anchor_generator(images, levels)
        counts = [score[0].numel() for score in scores]
        flat_scores, flat_deltas = concat_box_prediction_layers(scores, deltas)
        boxes = self.box_coder.decode(flat_deltas, anchors).view(len(anchors), -1, 4)
        kept, chances = self.filter_proposals(boxes, flat_scores, images.image_sizes, counts)
        return kept, chances, sum(counts)


class BoxHead(nn.Sequential):
    """What each proposal's 7 x 7 cells hold -> [R, hidden]."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(channels * 16, hidden),
            nn.ReLU(),
        )


class BoxPredictor(nn.Module):
    """[R, hidden] -> logits [R, 1 + classes], the first for background, and deltas [R, 4]."""

    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, 1 + classes)
        self.deltas = nn.Linear(hidden, 4)
        for layer in (self.classes, self.deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        # Most proposals are background, and this says so from the first step on.
        nn.init.constant_(self.classes.bias[:1], 5.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """In single precision."""
        return self.classes(x).float(), self.deltas(x).float()


class MaskHead(nn.Sequential):
    """14 x 14 cells of each object -> logits [R, 1, 28, 28]."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 2, dilation=2),
            nn.ReLU(),
            nn.ConvTranspose2d(channels, channels // 2, 2, 2),
            nn.ReLU(),
            nn.Conv2d(channels // 2, 1, 1),
        )
