"""Writes what the app keeps of ``detection/rcnn``: papers, and no weights.

python -m pretrained.detection.rcnn_papers pretrained/detection/checkpoints/rcnn
python -m pretrained evaluate detection/rcnn --data ../shared/data/detection --keep
"""

from __future__ import annotations

from pathlib import Path

import typer

from pretrained import catalog, checkpoint
from pretrained.detection import imagenet_coco
from pretrained.detection.rcnn import BACKBONE


def write(out: Path) -> None:
    """Config, figures (none yet) and card."""
    imagenet = checkpoint.read_json(catalog.folder_of(BACKBONE), checkpoint.CONFIG)
    config = {
        "key": "detection/rcnn",
        "title": "R-CNN, as in 2014",
        "loader": "pretrained.detection.rcnn:load",
        "borrows": BACKBONE,
        "pipeline_tag": "object-detection",
        "licence": imagenet["licence"],
        "description": "The first R-CNN as its article tells it: some hundred rectangles are "
        f"proposed, each is warped to a square and classified by {BACKBONE}, and of those that "
        "overlap only the surest stays. Slow, and easy to follow.",
        "limits": "Nothing was learnt for it. The classifier knows no 'background': whatever "
        "stands in a rectangle, it says the likeliest of its 1,000 names. A rule stands in for "
        "what the article's classifiers had learnt: an answer counts by the share of the picture's "
        "sides that the rectangle spans. So small things are missed, and much is named that is not "
        "there. The rule's form was chosen, with another classifier, on 34 of the validation "
        "pictures that it is scored on. Rectangles stay as they were proposed, for there is no "
        "regression. It knows no people.",
        "parameters": imagenet["parameters"],
        "max_batch": 1,
        "labels": imagenet["labels"],
        "labels_zh": imagenet["labels_zh"],
        "offered": sorted(set(imagenet_coco.coco().values())),
    }
    made = {
        "command": f"python -m pretrained.detection.rcnn_papers {out}",
        "seed": None,
        "hardware": None,
        "wall_seconds": None,
        "data": f"none: nothing is learnt, it works with {BACKBONE}",
    }
    checkpoint.write_metadata(out, config, made, {})


if __name__ == "__main__":
    typer.run(write)
