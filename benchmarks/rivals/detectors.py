"""Other ways to detect: torchvision's Mask R-CNN and a YOLOS of transformers, each called as its
documentation calls it.

Neither has learnt anything, so that nothing has to be downloaded. A YOLOS takes as long whatever
its weights are: it answers with a hundred boxes, most of them "nothing". A Mask R-CNN takes longer
the more proposals are candidates and the more objects are drawn. So each layer of its body is given
the mean and spread that a trained one has, every proposal is a candidate of one class at the place
of its anchor, and as many objects are answered as our detector answers with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.samples import opened
from pretrained.detection.hub.entries import DETECTORS

#: A candidate's score: above what torchvision needs (0.05), as most candidates barely are.
CANDIDATE = 0.06
#: Sides in pixels at which hustvl/yolos-tiny says that it wants to see a picture.
SEEN = {"shortest_edge": 512, "longest_edge": 864}
YOLOS = "detection/yolos-tiny"
COCO_CLASSES = 91


@dataclass(frozen=True)
class Ready:
    """A loaded detector: ``look(numbers)`` looks at these samples, and tells how many objects it
    answered with for each; ``megabytes`` of weights."""

    look: Callable[[Sequence[int]], list[int]]
    megabytes: float

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        return self.look(numbers)


def weight(network: nn.Module) -> float:
    """Megabytes of a network's numbers."""
    return (
        sum(value.numel() * value.element_size() for value in network.state_dict().values()) / 1e6
    )


def mask_rcnn(side: int, objects: int, device: str) -> Ready:
    """``maskrcnn_resnet50_fpn`` of torchvision.

    Args:
        side: the shorter side in pixels at which it sees a picture; 800 unless one asks for less.
        objects: answered for every picture.
    """
    from torchvision.models import detection
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    torch.manual_seed(0)
    # With trained weights its batch norm is frozen: with none it would be another, slower one.
    body = resnet_fpn_backbone(backbone_name="resnet50", weights=None, trainable_layers=3)
    network = detection.MaskRCNN(
        body, COCO_CLASSES, min_size=side, box_detections_per_img=objects
    ).eval()
    preprocess = detection.MaskRCNN_ResNet50_FPN_Weights.DEFAULT.transforms()
    pictures = opened()
    calibrate_batch_norm(network, [preprocess(picture) for picture in pictures[:1]])
    level(network)
    network.to(device)

    @torch.no_grad()
    def look(numbers: Sequence[int]) -> list[int]:
        answers = network([preprocess(pictures[n]).to(device) for n in numbers])
        drawn = [(answer["masks"] > 0.5).cpu().numpy() for answer in answers]
        return [len(masks) for masks in drawn]

    return Ready(look, weight(network))


@torch.no_grad()
def calibrate_batch_norm(network: nn.Module, pictures: list[Tensor]) -> None:
    """Give every frozen batch norm the statistics of these pictures."""
    from torchvision.ops import FrozenBatchNorm2d

    def measured(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        norm.running_mean = inputs[0].mean((0, 2, 3))
        norm.running_var = inputs[0].var((0, 2, 3))

    norms = [module for module in network.modules() if isinstance(module, FrozenBatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(measured) for norm in norms]
    network(pictures)
    for hook in hooks:
        hook.remove()


@torch.no_grad()
def level(network: Any) -> None:
    """Leave every anchor where it is, and let every proposal be a candidate of the first class, and
    of no other: boxes that random weights move come to lie on each other, and one is left."""
    head, predictor = network.rpn.head, network.roi_heads.box_predictor
    for moves in (head.bbox_pred, predictor.bbox_pred):
        moves.weight.zero_()
        moves.bias.zero_()
    scores = predictor.cls_score
    scores.weight.zero_()
    scores.bias.fill_(-30.0)
    scores.bias[:2] = torch.tensor([log(1 - CANDIDATE), log(CANDIDATE)])


def yolos(device: str) -> Ready:
    """``YolosForObjectDetection`` of transformers, of the size of hustvl/yolos-tiny. No masks."""
    import transformers

    torch.manual_seed(0)
    told: dict[str, Any] = dict(DETECTORS[YOLOS].network)
    network = transformers.YolosForObjectDetection(transformers.YolosConfig(**told))
    network.eval().to(device)
    processor = transformers.YolosImageProcessor(size=SEEN)
    pictures = opened()

    @torch.no_grad()
    def look(numbers: Sequence[int]) -> list[int]:
        chosen = [pictures[n] for n in numbers]
        outputs = network(**processor(images=chosen, return_tensors="pt").to(device))
        sizes = torch.tensor([picture.size[::-1] for picture in chosen])
        found = processor.post_process_object_detection(outputs, threshold=0.5, target_sizes=sizes)
        return [len(answer["scores"]) for answer in found]

    return Ready(look, weight(network))
