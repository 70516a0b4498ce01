"""The heads of the detector and their losses, as far as they are not torchvision's as they are.

What they have in common: nothing is learnt where nothing is known, and answers come in single
precision, whatever is computed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import (
    RegionProposalNetwork,
    RPNHead,
    concat_box_prediction_layers,
)
from torchvision.ops import box_iou

Target = Mapping[str, Any]
"""What is in a training picture, in its pixels.

boxes [N, 4], labels [N] from 1 on, masks uint8 [N, H, W], masked bool [N]: whether a mask is known;
ignore [K, 4]: regions of which nothing is known; partial bool: nothing is known outside ``boxes``;
unlabelled bool [1 + classes]: the classes of which such a picture has no labels, so that what is
outside ``boxes`` may be one of them.
"""
#: Objects of a picture whose masks are learnt in an update: half of what is drawn costs half.
DRAWN = 8
#: Least overlap of a box and a labelled object from which the fit is learnt (Kim et al. 2021).
NEAR = 0.3


def unknown(boxes: Tensor, target: Target) -> Tensor:
    """Which boxes [M, 4] lie mostly where nothing is known, so that they are no background: [M]."""
    hidden = _share_inside(boxes, target["ignore"]) > 0.5
    if target["partial"]:
        hidden |= _share_inside(boxes, target["boxes"]) < 0.5
    return hidden


def may_hold(boxes: Tensor, target: Target) -> Tensor:
    """Which boxes [M, 4] may hold a thing that nobody labelled: [M]. The parts of a labelled one
    hold none."""
    hidden = unknown(boxes, target)
    if target["unlabelled"].any():
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


def learnable(boxes: Tensor, target: Target) -> Tensor:
    """Which proposals [P, 4] can be learnt from: objects, and what is known to be none. [P]"""
    hidden = unknown(boxes, target)
    if len(target["boxes"]):
        hidden &= box_iou(boxes, target["boxes"]).amax(1) < 0.5
    return ~hidden


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
            own[(own == 0) & may_hold(boxes, target)] = -1
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
        kept, objectness = self.filter_proposals(boxes, flat_scores, images.image_sizes, counts)
        return kept, objectness, sum(counts)


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
    """[R, hidden] -> logits [R, 1 + classes], the first for background, deltas [R, 4], and logits
    [R] of how well the box, once moved, fits a thing."""

    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, 1 + classes)
        self.deltas = nn.Linear(hidden, 4)
        self.fits = nn.Linear(hidden, 1)
        for layer in (self.classes, self.deltas, self.fits):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        # Most proposals are background, and this says so from the first step on.
        nn.init.constant_(self.classes.bias[:1], 5.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """In single precision."""
        return self.classes(x).float(), self.deltas(x).float(), self.fits(x).float()[:, 0]


def class_loss(logits: Tensor, labels: list[Tensor], targets: list[Target]) -> Tensor:
    """Cross-entropy of logits [R, 1 + classes], labels [R_i] of each picture.

    Where a picture has no labels of some classes, its background may be any of them: then it is
    the probability of all of these together that is learnt (as Zhao et al. 2020, arXiv 2008.06614,
    where sets with different classes are joined).
    """
    if not len(logits):
        return logits.sum()
    right = F.one_hot(torch.cat(labels), logits.shape[1]).bool()
    free = [
        (own == 0)[:, None] & target["unlabelled"]
        for own, target in zip(labels, targets, strict=True)
    ]
    allowed = logits.masked_fill(~(right | torch.cat(free)), -torch.inf)
    return (logits.logsumexp(1) - allowed.logsumexp(1)).mean()


def fit_loss(fits: Tensor, boxes: list[Tensor], moved: Tensor, targets: list[Target]) -> Tensor:
    """Binary cross-entropy of logits [R] and the overlap of the moved boxes [R, 4] with what is
    labelled, of boxes [R_i, 4] of each picture that were near a labelled one."""
    near, overlap, begin = [], [], 0
    for own, target in zip(boxes, targets, strict=True):
        end = begin + len(own)
        if len(target["boxes"]):
            near.append(box_iou(own, target["boxes"]).amax(1) >= NEAR)
            overlap.append(box_iou(moved[begin:end], target["boxes"]).amax(1))
        else:
            near.append(torch.zeros_like(fits[begin:end], dtype=torch.bool))
            overlap.append(torch.zeros_like(fits[begin:end]))
        begin = end
    rows = torch.cat(near)
    if not rows.any():
        return fits.sum() * 0
    return F.binary_cross_entropy_with_logits(fits[rows], torch.cat(overlap)[rows])


def drawable(labels: Tensor, matched: Tensor, target: Target) -> Tensor:
    """Which boxes [R] of a picture lie on an object whose mask is known, `DRAWN` at most."""
    if not len(target["masked"]):
        return torch.zeros_like(labels, dtype=torch.bool)
    known = (labels > 0) & target["masked"][matched]
    return known & (known.cumsum(0) <= DRAWN)


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
