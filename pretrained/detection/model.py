"""Mask R-CNN on EfficientNet-Lite0: the one definition that training and serving read.

He et al. 2017 (arXiv 1703.06870) in torchvision's parts, made small: the body is the network of
``classification/imagenet``, the pyramid (Lin et al. 2016, arXiv 1612.03144) has few channels, and
boxes and masks are the same for every class, because a few thousand pictures cannot teach each
class its own. Beside the classes it says of every box how well it fits *a thing*, whatever that is,
taught by the overlap with every labelled object and by nothing else (OLN, Kim et al. 2021, arXiv
2108.06753): what nobody labelled is no counter-example.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads, maskrcnn_loss
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.boxes import clip_boxes_to_image
from torchvision.ops.poolers import LevelMapper

from pretrained.classification.efficientnet import STAGES, EfficientNetLite0, normalised
from pretrained.detection import suppression
from pretrained.detection.heads import (
    BoxHead,
    BoxPredictor,
    MaskHead,
    Proposer,
    SingleHead,
    Target,
    class_loss,
    drawable,
    fit_loss,
    learnable,
)

#: Pictures are padded to whole cells of the coarsest level, so many pixels wide and high.
CELL = 32
#: Names and strides of the pyramid's levels; the stage of the body, from 1 on, of each.
LEVELS = {"8": 8, "16": 16, "32": 32}
LAST = (3, 5, 7)
#: The stem and so many stages see what every picture has in common, and stay as they were.
FROZEN = 2
#: Most proposals, those of them that are looked at, most candidates and most objects of a picture.
PROPOSALS, LOOKED_AT, CANDIDATES, OBJECTS = 1000, 300, 1000, 100
#: Least score of a candidate.
LEAST_SCORE = 0.05


@dataclass(frozen=True)
class Detections:
    """Everything that the network made of one picture, in the pixels that it saw.

    Attributes:
        maps: [C, h, w] of each level, the finest first.
        proposals [P, 4], objectness [P]: highest first; the first `LOOKED_AT` are looked at.
        anchors: how many boxes were tried.
        boxes [K, 4], origins [K], labels [K], scores [K]: candidates, highest first, with the
            number of the proposal that each came from; labels count from 0.
        kept: [O] which of the candidates are the objects. parts: those that were dropped because
            their pixels are a surer one's.
        masks: [O, 28, 28] in 0..1, over each object's box.
    """

    maps: tuple[Tensor, ...]
    proposals: Tensor
    objectness: Tensor
    anchors: int
    boxes: Tensor
    origins: Tensor
    labels: Tensor
    scores: Tensor
    kept: Tensor
    parts: Tensor
    masks: Tensor


class Detector(nn.Module):
    """Pictures in; boxes, classes and masks out. It normalises its own input.

    Args:
        classes: number of classes, background not counted.
        channels: of the pyramid and both heads. hidden: numbers that a proposal is told by.
        anchors: sides in pixels of the boxes tried at each level. ratios: height by width.
    """

    def __init__(
        self,
        classes: int,
        channels: int = 96,
        hidden: int = 128,
        anchors: Sequence[Sequence[int]] = ((12, 20, 34), (54, 80, 115), (160, 220, 300)),
        ratios: Sequence[float] = (0.5, 1.0, 2.0),
    ) -> None:
        super().__init__()
        self.architecture = {
            "channels": channels,
            "hidden": hidden,
            "anchors": [list(sides) for sides in anchors],
            "ratios": list(ratios),
        }
        self.body = EfficientNetLite0()
        for name in ("conv_head", "bn2", "classifier"):  # they only name whole pictures
            setattr(self.body, name, nn.Identity())
        self.pyramid = FeaturePyramidNetwork([STAGES[n - 1][3] for n in LAST], channels)
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
            nms_thresh=suppression.SAME,
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
        """Leave what every picture has in common, the stem and the first stages, as it is."""
        for part in (self.body.conv_stem, self.body.bn1, *self.body.blocks[:FROZEN]):
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> Detector:
        """The body's batch statistics stay those that it was trained with."""
        super().train(mode)
        self.body.eval()
        return self

    def maps(self, pictures: Tensor) -> dict[str, Tensor]:
        """[N, 3, H, W] in 0..1, H and W multiples of `CELL` -> float [N, C, h, w] by level."""
        return self.levels(self.deeper(self.shallow(pictures)))

    def shallow(self, pictures: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> float [N, 24, H / 4, W / 4]: stem and first stages."""
        return self.body.blocks[:FROZEN](self.body.stem(normalised(pictures))).float()

    def deeper(self, x: Tensor, begin: int = FROZEN) -> list[Tensor]:
        """What stage ``begin`` put out -> the outputs of those of `LAST` that come after it.

        In single precision on a CPU: depthwise convolutions learn half as fast in bfloat16 there.
        """
        found = []
        with torch.autocast(x.device.type, enabled=x.device.type != "cpu"):
            for end in (stage for stage in LAST if stage > begin):
                x = self.body.blocks[begin:end](x)
                found.append(x)
                begin = end
        return found

    def levels(self, stages: list[Tensor]) -> dict[str, Tensor]:
        """The outputs of the stages `LAST` -> float [N, C, h, w] by level."""
        named = OrderedDict(zip(LEVELS, stages, strict=True))
        return {name: x.float().contiguous() for name, x in self.pyramid(named).items()}

    def losses(self, pictures: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """The six losses of a batch [N, 3, H, W] in 0..1."""
        sizes = [tuple(pictures.shape[2:])] * len(pictures)
        maps = self.maps(pictures)
        proposals, found = self.rpn(ImageList(pictures, sizes), maps, targets)
        heads = self.heads
        kept = [p[learnable(p, t)] for p, t in zip(proposals, targets, strict=True)]
        rois, matched, labels, wanted = heads.select_training_samples(kept, targets)
        cells = heads.box_roi_pool(maps, rois, sizes)
        logits, deltas, fits = heads.box_predictor(heads.box_head(cells))
        found["loss_class"] = class_loss(logits, labels, targets)
        own = torch.cat(labels) > 0
        moves = F.smooth_l1_loss(deltas[own], torch.cat(wanted)[own], beta=1 / 9, reduction="sum")
        found["loss_box"] = moves / max(len(own), 1)
        moved = heads.box_coder.decode(deltas.detach(), rois)[:, 0]
        found["loss_fit"] = fit_loss(fits, rois, moved, targets)
        chosen = [
            drawable(own, at, target)
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
    def detect(
        self,
        pictures: Tensor,
        sizes: list[tuple[int, int]],
        offered: Tensor | None = None,
        alike: Tensor | None = None,
    ) -> list[Detections]:
        """All that is seen in pictures [N, 3, H, W] in 0..1, each of a size (height, width).

        Args:
            offered: bool [classes]: candidates are of these classes only.
            alike: [classes] the group of each class (`suppression.groups`); each is one by default.
        """
        maps = self.maps(pictures)
        proposals, objectness, anchors = self.rpn.propose(ImageList(pictures, sizes), maps)
        found = []
        for row, size in enumerate(sizes):
            own = {name: level[row : row + 1] for name, level in maps.items()}
            looked_at = proposals[row][:LOOKED_AT]
            logits, deltas, _ = self.classify(own, looked_at, size)
            scores = logits.softmax(1)[:, 1:]
            if offered is not None:
                scores = scores * offered
            moved = self.heads.box_coder.decode(deltas, [looked_at])[:, 0]
            moved = clip_boxes_to_image(moved, size)
            origins, labels = (scores >= LEAST_SCORE).nonzero(as_tuple=True)
            order = scores[origins, labels].argsort(descending=True)[:CANDIDATES]
            origins, labels = origins[order], labels[order]
            boxes, best = moved[origins], scores[origins, labels]
            kept = suppression.distinct(boxes, best, labels)[:OBJECTS]
            cells = self.heads.mask_roi_pool(own, [boxes[kept]], [size])
            masks = self.heads.mask_head(cells).float().sigmoid()[:, 0]
            group = labels[kept] if alike is None else alike[labels[kept]]
            once = suppression.whole(boxes[kept], masks, group, size)
            found.append(
                Detections(
                    tuple(level[0] for level in own.values()),
                    proposals[row],
                    objectness[row],
                    anchors,
                    boxes,
                    origins,
                    labels,
                    best,
                    kept[once],
                    kept[~once],
                    masks[once],
                )
            )
        return found

    def classify(
        self, maps: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [R, 1 + classes], deltas [R, 4] and how well they fit a thing, logits [R], of
        boxes [R, 4] in one picture's maps."""
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
