"""Writes what the app keeps of ``detection/rcnn``: papers, and no weights.

python -m pretrained.detection.rcnn_papers pretrained/detection/checkpoints/rcnn
python -m pretrained evaluate detection/rcnn --data ../shared/data/detection --keep
"""

from __future__ import annotations

from pathlib import Path

import typer

from pretrained import catalog, checkpoint
from pretrained.detection.rcnn import BACKBONE, COCO


def write(out: Path) -> None:
    """Config, figures (none yet) and card."""
    photos = checkpoint.read_json(catalog.folder_of(BACKBONE), checkpoint.CONFIG)
    config = {
        "key": "detection/rcnn",
        "title": "R-CNN, as in 2014",
        "loader": "pretrained.detection.rcnn:load",
        "borrows": BACKBONE,
        "pipeline_tag": "object-detection",
        "licence": photos["licence"],
        "description": "The first R-CNN as its article tells it: some hundred rectangles are "
        f"proposed, each is warped to a square and classified by {BACKBONE}, and of those that "
        "overlap only the surest stays. Slow, and easy to follow.",
        "limits": "Nothing was learnt for it. The classifier knows no 'background': whatever "
        "stands in a rectangle, it says the likeliest of its 202 names. A rule stands in for what "
        "the article's classifiers had learnt: an answer counts by the share of the picture's "
        "sides that the rectangle spans. So small things are missed, and much is named that is not "
        "there. The rule's form was chosen on 34 of the validation pictures that it is scored on. "
        "Rectangles stay as they were proposed, for there is no regression. It knows no people.",
        "parameters": photos["parameters"],
        "max_batch": 1,
        "labels": photos["labels"],
        "labels_zh": photos["labels_zh"],
        "offered": sorted(set(COCO.values())),
    }
    made = {
        "command": f"python -m pretrained.detection.rcnn_papers {out}",
        "seed": None,
        "hardware": None,
        "wall_seconds": None,
        "data": f"none: nothing is learnt, it works with {BACKBONE}",
    }
    checkpoint.write_papers(out, config, made, {})


if __name__ == "__main__":
    typer.run(write)
