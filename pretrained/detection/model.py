"""Mask R-CNN on the photo network: the one definition that training and serving read.

He et al. 2017 (arXiv 1703.06870) in torchvision's parts, made small: the body is the photo
network's, the pyramid (Lin et al. 2016, arXiv 1612.03144) has few channels, and boxes and masks
are the same for every class, because a few hundred pictures cannot teach each class its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss, maskrcnn_loss
from torchvision.models.detection.rpn import (
    RegionProposalNetwork,
    RPNHead,
    concat_box_prediction_layers,
)
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, batched_nms, box_iou
from torchvision.ops.boxes import clip_boxes_to_image
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock

from pretrained.classification.model import ResidualNet

#: Pictures are padded to whole cells of the coarsest level, so many pixels wide and high.
CELL = 32
#: Names and strides of the pyramid's levels.
LEVELS = {"8": 8, "16": 16, "32": 32}
#: Most proposals, those of them that are looked at, most candidates and most objects of a picture.
PROPOSALS, LOOKED_AT, CANDIDATES, OBJECTS = 1000, 300, 1000, 100
#: Least score of a candidate; two boxes of a class that overlap by more than SAME are one object.
LEAST_SCORE, SAME = 0.05, 0.5

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


class Coarser(ExtraFPNBlock):
    """One more level on top of the pyramid, by a convolution with stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2, 1)

    def forward(
        self, results: list[Tensor], x: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        """The levels, coarsest last, and their names; and one more."""
        return [*results, self.conv(results[-1])], [*names, "32"]


class SingleHead(RPNHead):
    """The usual head, its answers in single precision whatever it computes in."""

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Maps [N, C, H, W] -> scores [N, A, H, W] and deltas [N, 4 A, H, W] of each level."""
        scores, deltas = super().forward(x)
        return [s.float() for s in scores], [d.float() for d in deltas]


class Proposer(RegionProposalNetwork):
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


@dataclass(frozen=True)
class Sight:
    """Everything that the network made of one picture, in the pixels that it saw.

    Attributes:
        maps: [C, h, w] of each level, the finest first.
        proposals [P, 4], chances [P]: highest first; the first `LOOKED_AT` are looked at.
        anchors: how many boxes were tried.
        boxes [K, 4], origins [K], labels [K], scores [K]: candidates, highest first, with the
            number of the proposal that each came from; labels count from 0.
        kept: [O] which of the candidates are the objects.
        masks: [O, 28, 28] in 0..1, over each object's box.
    """

    maps: tuple[Tensor, ...]
    proposals: Tensor
    chances: Tensor
    anchors: int
    boxes: Tensor
    origins: Tensor
    labels: Tensor
    scores: Tensor
    kept: Tensor
    masks: Tensor


class Detector(nn.Module, PyTorchModelHubMixin):
    """Pictures in; boxes, classes and masks out. It normalises its own input.

    Args:
        classes: number of classes, background not counted.
        body: arguments of `ResidualNet` besides the classes.
        channels: of the pyramid and both heads. hidden: numbers that a proposal is told by.
        anchors: sides in pixels of the boxes tried at each level. ratios: height by width.
    """

    def __init__(
        self,
        classes: int,
        body: Mapping[str, Any],
        channels: int = 96,
        hidden: int = 128,
        anchors: Sequence[Sequence[int]] = ((12, 20, 34), (54, 80, 115), (160, 220, 300)),
        ratios: Sequence[float] = (0.5, 1.0, 2.0),
    ) -> None:
        super().__init__()
        self.architecture = {
            "body": dict(body),
            "channels": channels,
            "hidden": hidden,
            "anchors": [list(sides) for sides in anchors],
            "ratios": list(ratios),
        }
        self.body = ResidualNet(1, **body)
        widths = [stage.widen.conv.out_channels for stage in self.body.stages[1:]]
        self.body.head = nn.Identity()  # type: ignore[assignment]
        self.pyramid = FeaturePyramidNetwork(widths, channels, Coarser(channels))
        tried = AnchorGenerator(
            tuple(tuple(sides) for sides in anchors), (tuple(ratios),) * len(anchors)
        )
        self.rpn = Proposer(
            tried,
            SingleHead(channels, tried.num_anchors_per_location()[0]),
            fg_iou_thresh=0.6,
            bg_iou_thresh=0.3,
            batch_size_per_image=128,
            positive_fraction=0.5,
            pre_nms_top_n={"training": 300, "testing": 500},
            post_nms_top_n={"training": 300, "testing": PROPOSALS},
            nms_thresh=0.7,
        )
        names = list(LEVELS)
        self.heads = RoIHeads(
            _pool(names, 7),
            BoxHead(channels, hidden),
            BoxPredictor(hidden, classes),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=64,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=LEAST_SCORE,
            nms_thresh=SAME,
            detections_per_img=OBJECTS,
            mask_roi_pool=_pool(names, 14),
            mask_head=MaskHead(channels),
            mask_predictor=nn.Identity(),
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Detector:
        """The network that a checkpoint's config describes, its weights still random."""
        asked = {n: config["architecture"][n] for n in signature(cls).parameters if n != "classes"}
        return cls(classes=len(config["labels"]), **asked)

    def freeze(self) -> None:
        """Leave what every picture has in common, the stem and the first stage, as it is."""
        for part in (self.body.stem, self.body.stages[0]):
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> Detector:
        """The body's batch statistics stay those that it was trained with."""
        super().train(mode)
        self.body.eval()
        return self

    def maps(self, pictures: Tensor) -> dict[str, Tensor]:
        """[N, 3, H, W] in 0..1, H and W multiples of `CELL` -> float [N, C, h, w] by level."""
        return self.levels(self.body.features(pictures)[2:])

    def levels(self, stages: list[Tensor]) -> dict[str, Tensor]:
        """The last two stages' outputs -> float [N, C, h, w] by level."""
        named = OrderedDict(zip(LEVELS, stages, strict=False))
        return {name: x.float().contiguous() for name, x in self.pyramid(named).items()}

    def losses(self, pictures: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """The five losses of a batch [N, 3, H, W] in 0..1."""
        sizes = [tuple(pictures.shape[2:])] * len(pictures)
        maps = self.maps(pictures)
        proposals, found = self.rpn(ImageList(pictures, sizes), maps, targets)
        heads = self.heads
        kept = [p[_told(p, t)] for p, t in zip(proposals, targets, strict=True)]
        rois, matched, labels, deltas = heads.select_training_samples(kept, targets)
        logits, moved = heads.box_predictor(heads.box_head(heads.box_roi_pool(maps, rois, sizes)))
        every = moved.repeat(1, logits.shape[1])
        found["loss_class"], found["loss_box"] = (
            fastrcnn_loss(logits, every, labels, deltas)
            if len(logits)
            else (logits.sum(), every.sum())
        )
        chosen = [
            (own > 0) & target["masked"][at]
            if len(target["masked"])
            else torch.zeros_like(own, dtype=torch.bool)
            for own, at, target in zip(labels, matched, targets, strict=True)
        ]
        shapes = [roi[rows] for roi, rows in zip(rois, chosen, strict=True)]
        drawn = heads.mask_head(heads.mask_roi_pool(maps, shapes, sizes)).float()
        found["loss_mask"] = maskrcnn_loss(
            drawn,
            shapes,
            [target["masks"] for target in targets],
            [torch.zeros_like(target["labels"]) for target in targets],  # one mask for all classes
            [at[rows] for at, rows in zip(matched, chosen, strict=True)],
        )
        return found

    @torch.no_grad()
    def look(
        self, pictures: Tensor, sizes: list[tuple[int, int]], offered: Tensor | None = None
    ) -> list[Sight]:
        """All that is seen in pictures [N, 3, H, W] in 0..1, each of a size (height, width).

        Args:
            offered: bool [classes]: candidates are of these classes only.
        """
        maps = self.maps(pictures)
        proposals, chances, anchors = self.rpn.propose(ImageList(pictures, sizes), maps)
        found = []
        for row, size in enumerate(sizes):
            own = {name: level[row : row + 1] for name, level in maps.items()}
            looked_at = proposals[row][:LOOKED_AT]
            logits, deltas = self.judge(own, looked_at, size)
            scores = logits.softmax(1)[:, 1:]
            if offered is not None:
                scores = scores * offered
            moved = self.heads.box_coder.decode(deltas, [looked_at])[:, 0]
            moved = clip_boxes_to_image(moved, size)
            origins, labels = (scores >= LEAST_SCORE).nonzero(as_tuple=True)
            order = scores[origins, labels].argsort(descending=True)[:CANDIDATES]
            origins, labels = origins[order], labels[order]
            boxes, best = moved[origins], scores[origins, labels]
            kept = batched_nms(boxes, best, labels, SAME)[:OBJECTS]
            cells = self.heads.mask_roi_pool(own, [boxes[kept]], [size])
            found.append(
                Sight(
                    tuple(level[0] for level in own.values()),
                    proposals[row],
                    chances[row],
                    anchors,
                    boxes,
                    origins,
                    labels,
                    best,
                    kept,
                    self.heads.mask_head(cells).float().sigmoid()[:, 0],
                )
            )
        return found

    def judge(
        self, maps: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Logits [R, 1 + classes] and deltas [R, 4] of boxes [R, 4] in one picture's maps."""
        cells = self.heads.box_roi_pool(maps, [boxes], [size])
        return self.heads.box_predictor(self.heads.box_head(cells))


def _pool(names: list[str], side: int) -> MultiScaleRoIAlign:
    """Cells of a box from the level that suits its size: 112 to 224 pixels from stride 16."""
    return MultiScaleRoIAlign(names, side, 1, canonical_scale=112, canonical_level=4)


def _told(boxes: Tensor, target: Target) -> Tensor:
    """Which proposals [P, 4] can be learnt from: objects, and what is known to be none. [P]"""
    hidden = unknown(boxes, target)
    if len(target["boxes"]):
        hidden &= box_iou(boxes, target["boxes"]).amax(1) < 0.5
    return ~hidden
