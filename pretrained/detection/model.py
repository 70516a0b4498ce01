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
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, batched_nms
from torchvision.ops.boxes import clip_boxes_to_image
from torchvision.ops.poolers import LevelMapper

from pretrained.classification.model import ResidualNet
from pretrained.detection.parts import (
    BoxHead,
    BoxPredictor,
    Coarser,
    MaskHead,
    Proposer,
    SingleHead,
    Target,
    told,
)

#: Pictures are padded to whole cells of the coarsest level, so many pixels wide and high.
CELL = 32
#: Names and strides of the pyramid's levels.
LEVELS = {"8": 8, "16": 16, "32": 32}
#: Most proposals, those of them that are looked at, most candidates and most objects of a picture.
PROPOSALS, LOOKED_AT, CANDIDATES, OBJECTS = 1000, 300, 1000, 100
#: Least score of a candidate; two boxes of a class that overlap by more than SAME are one object.
LEAST_SCORE, SAME = 0.05, 0.5


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
        widths = list(body["widths"])[1:]
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
        return cls(classes=len(config["taught"]), **asked)

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
        kept = [p[told(p, t)] for p, t in zip(proposals, targets, strict=True)]
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
    """Cells of a box from the level that suits its size: 112 to 224 pixels from stride 16.

    Torchvision would guess the strides by the first picture, for good: wrongly by a narrow strip.
    """
    pool = MultiScaleRoIAlign(names, side, 1, canonical_scale=112, canonical_level=4)
    strides = list(LEVELS.values())
    pool.scales = [1 / stride for stride in strides]
    first, last = (stride.bit_length() - 1 for stride in (strides[0], strides[-1]))
    pool.map_levels = LevelMapper(first, last, canonical_scale=112, canonical_level=4)
    return pool
