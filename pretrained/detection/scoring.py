"""Average precision at an overlap of one half, by pycocotools, of any part of the pictures."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pretrained.detection import rle
from pretrained.detection.data import Scene

#: What pycocotools calls the two kinds of figures.
KINDS = {"box": "bbox", "mask": "segm"}
#: Objects of a picture that count, as in COCO's own figures.
MOST = 100

Found = Sequence[Mapping[str, Any]]


class Scores:
    """Scenes with what a model found in each: label, score, box and mask.

    Args:
        pooled: classes told by another name, such as cats and dogs by one.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        found: Sequence[Found],
        pooled: Mapping[str, str] | None = None,
    ) -> None:
        self.scenes, self.found = scenes, found
        self.pooled = dict(pooled or {})
        labels = {self.name(thing.label) for scene in scenes for thing in scene.things}
        self.numbers = {name: number for number, name in enumerate(sorted(labels), 1)}

    def name(self, label: str) -> str:
        """What a class counts as."""
        return self.pooled.get(label, label)

    @cached_property
    def truth(self) -> COCO:
        """What is in the pictures, as pycocotools wants it."""
        rows: list[dict[str, Any]] = []
        for number, scene in enumerate(self.scenes):
            for thing in scene.things:
                left, top, right, bottom = thing.box
                row = {
                    "id": len(rows) + 1,
                    "image_id": number,
                    "category_id": self.numbers[self.name(thing.label)],
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": int(thing.crowd),
                    "segmentation": thing.mask,
                }
                rows.append(row)
        truth = COCO()
        truth.dataset = {
            "images": [
                {"id": n, "width": s.width, "height": s.height} for n, s in enumerate(self.scenes)
            ],
            "annotations": rows,
            "categories": [{"id": id_, "name": name} for name, id_ in self.numbers.items()],
            "info": {},
        }
        return truth

    def _matched(self, kind: str) -> COCOeval:
        """Every object found, matched with those that are there."""
        masks = kind == "mask"
        truth = copy.copy(self.truth)
        if masks:
            truth = COCO()
            truth.dataset = {
                **self.truth.dataset,
                "annotations": [self._masked(row) for row in self.truth.dataset["annotations"]],
            }
        found = [
            {
                "image_id": number,
                "category_id": self.numbers[self.name(one["label"])],
                "score": one["score"],
                **({"segmentation": one["mask"]} if masks else {"bbox": _wide(one["box"])}),
            }
            for number, objects in enumerate(self.found)
            for one in objects
            if self.name(one["label"]) in self.numbers and not (masks and one["mask"] is None)
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            truth.createIndex()
            scored = COCOeval(truth, truth.loadRes(found) if found else COCO(), KINDS[kind])
            scored.params.iouThrs = np.array([0.5])
            scored.params.areaRng, scored.params.areaRngLbl = [[0, 1e10]], ["all"]
            scored.params.maxDets = [MOST]
            if not found:
                scored.cocoDt.dataset = {**truth.dataset, "annotations": []}
                scored.cocoDt.createIndex()
            scored.evaluate()
        return scored

    def _masked(self, row: dict[str, Any]) -> dict[str, Any]:
        """A true object with a mask: where none is known its box, in which nothing found counts,
        neither as right nor as wrong."""
        if row["segmentation"] is not None:
            return row
        scene, (left, top, wide, high) = self.scenes[row["image_id"]], row["bbox"]
        right, bottom = left + wide, top + high
        corners = [[left, top, right, top, right, bottom, left, bottom]]
        region = rle.of_coco(corners, scene.height, scene.width)
        return {**row, "segmentation": region, "iscrowd": 1}

    def count(self, kind: str, classes: Sequence[str]) -> int:
        """The objects that a figure is of: no crowd, and for masks those whose mask is known."""
        return sum(
            self.name(thing.label) in classes and not thing.crowd
            for scene in self.scenes
            for thing in scene.things
            if kind == "box" or thing.mask is not None
        )

    @cached_property
    def _box(self) -> COCOeval:
        return self._matched("box")

    @cached_property
    def _mask(self) -> COCOeval:
        return self._matched("mask")

    def each(self, kind: str, pictures: Iterable[int] | None = None) -> dict[str, float]:
        """AP50 of every class, of the pictures with these numbers, repeated ones counted as often;
        not a number where the class is not there."""
        matched = self._box if kind == "box" else self._mask
        count = len(self.scenes)
        rows = list(range(count)) if pictures is None else list(pictures)
        part = copy.copy(matched)
        part.params = copy.copy(matched.params)
        part._paramsEval = copy.copy(matched._paramsEval)
        part.evalImgs = [
            matched.evalImgs[c * count + row]
            for c in range(len(matched.params.catIds))
            for row in rows
        ]
        part.params.imgIds = part._paramsEval.imgIds = list(range(len(rows)))
        with contextlib.redirect_stdout(io.StringIO()):
            part.accumulate()
        precision = part.eval["precision"][0, :, :, 0, 0]  # [recalls, classes]
        names = list(self.numbers)
        means = precision.mean(0)
        return {
            name: float(means[at]) if means[at] > -1 else float("nan")
            for at, name in enumerate(names)
        }

    def ap50(
        self, kind: str, classes: Sequence[str], pictures: Iterable[int] | None = None
    ) -> float:
        """Mean AP50 of some classes; not a number where none of them is there."""
        every = self.each(kind, pictures)
        values = [every[name] for name in classes if name in every]
        known = [value for value in values if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")


def _wide(box: Sequence[float]) -> list[float]:
    """Left, top, right, bottom -> left, top, width, height."""
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]
