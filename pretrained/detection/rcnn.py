"""The first R-CNN, as Girshick et al. 2014 (arXiv 1311.2524) tell it, with our own classifier.

Rectangles are proposed that know nothing of things (`proposals`), what stands in each is warped to
a square and classified by ``classification/imagenet``, and of those that overlap and say the same
or something of the same sort only the surest stays. Nothing is learnt here and there are no weights
of its own.

Two parts of the article are missing, for they would have to be learnt. Its classifiers knew
"background" and ours does not, and is often sure of a patch of grass. A rule stands in: what is
said of a rectangle counts by the share of the picture's sides that it spans. Places, such as a
seashore, are background too. And no regression moves the rectangles: they are as good as they were
proposed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from pretrained import catalog
from pretrained.catalog import Entry, Progress
from pretrained.detection import coco_names
from pretrained.detection.proposals import overlaps, propose
from pretrained.errors import ViewUnsupported

BACKBONE = "classification/imagenet"
#: Longest side in pixels of the picture that is searched, and of the one that is cut from.
SEARCHED, DETAIL = 320, 1280
#: How much wider than proposed a rectangle is cut, as in the article: 16 of 227 pixels around it.
AROUND = 227 / (227 - 2 * 16)
#: Overlap above which the less sure of two alike is dropped, as in the article.
SUPPRESSED = 0.3
LEAST_SCORE, MOST_OBJECTS = 0.05, 100
#: Rectangles that are classified together.
TOGETHER = 64
#: Overlap above which two rectangles are one thing, whatever they are called.
ACROSS = 0.7


@dataclass(eq=False)
class Search:
    """A picture uint8 [H, W, 3] on its way, and what is known of it so far: ``segments``,
    ``scale``, ``rectangles`` and ``seconds`` as `RCNN.predict` tells them, ``probabilities`` of
    as many rectangles as are classified, of all in the end."""

    picture: np.ndarray
    detail: Image.Image | None = None  #: what is cut from
    segments: np.ndarray | None = None
    scale: float = 1.0
    rectangles: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    probabilities: list[np.ndarray] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    done: bool = False

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds what is spent within to the seconds of a stage."""
        begun = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun


class RCNN:
    """The classifier, asked again and again.

    Attributes:
        labels, labels_zh: class names, as the classifier has them.
        coco: COCO's name of each class that COCO has.
    """

    def __init__(self, classifier: Any, key: str) -> None:
        self.classifier, self.key = classifier, key
        self.labels, self.labels_zh = classifier.labels, classifier.labels_zh
        self.coco = coco_names.of_imagenet()
        self.places = np.array([label in coco_names.places() for label in self.labels])
        sorts = [coco_names.groups().get(label, label) for label in self.labels]
        self.sorts = np.unique(sorts, return_inverse=True)[1]
        self.bytes = classifier.bytes

    def to(self, device: str) -> None:
        """Move the weights, to another device or to host memory."""
        self.classifier.to(device)

    def predict(self, inputs: list[np.ndarray], *, view: str = "answer") -> list[dict[str, Any]]:
        """Objects in each picture, uint8 [H, W, 3] of any size.

        Args:
            view: ``answer``, or ``steps``, which adds ``segments`` uint16 [h, w]: the region of
                each pixel of the picture at ``scale``; ``rectangles`` float [n, 4] in the picture's
                pixels, each with its ``labels`` and ``scores``; ``seconds``: how long it took to
                ``propose``, to ``classify`` and to ``suppress``.

        Returns:
            For each ``objects``, the highest score first: ``label``, ``score``, ``box`` [x0, y0,
            x1, y1] in its pixels, ``mask`` None.

        Raises:
            ViewUnsupported: there is no such view.
        """
        if view not in ("answer", "steps"):
            raise ViewUnsupported(model=self.key, view=view)
        answers: list[dict[str, Any]] = []
        for picture in inputs:
            search, answer = self.begin(picture), dict[str, Any]()
            while not search.done:
                (answer,) = self.step([search])
            answers.append(answer)
        return answers if view == "steps" else [{"objects": one["objects"]} for one in answers]

    def begin(self, picture: np.ndarray) -> Search:
        """One picture, to be looked at a few rectangles at a time."""
        return Search(picture)

    def step(self, states: Sequence[Search]) -> list[dict[str, Any]]:
        """Proposes, classifies some, or says what is left.

        Returns:
            ``done`` rectangles ``of`` so many; at the end what `predict` answers to ``steps``.
        """
        return [self._advanced(search) for search in states]

    def _advanced(self, search: Search) -> dict[str, Any]:
        if search.segments is None:
            with search.timed("propose"):
                self._propose(search)
        elif len(search.probabilities) < len(search.rectangles):
            with search.timed("classify"):
                search.probabilities += self._classified(search)
        else:
            return self._ended(search)
        return {"done": len(search.probabilities), "of": len(search.rectangles)}

    def _propose(self, search: Search) -> None:
        """Searches the picture, made small, for rectangles in its own pixels."""
        image = Image.fromarray(search.picture)
        small = shrunk(image, SEARCHED)
        segments, rectangles = propose(np.asarray(small))
        across, down = image.width / small.width, image.height / small.height
        search.rectangles = rectangles * (across, down, across, down)
        search.scale = max(small.size) / max(image.size)
        search.detail, search.segments = shrunk(image, DETAIL), segments

    def _classified(self, search: Search) -> list[np.ndarray]:
        """Probabilities [classes] of the next few rectangles. Each is warped to a square."""
        detail, side = search.detail, self.classifier.size
        assert detail is not None
        height, width = search.picture.shape[:2]
        shares, limits = np.array(detail.size) / (width, height), np.array(detail.size * 2)
        begun, crops = len(search.probabilities), []
        for box in search.rectangles[begun : begun + TOGETHER] * np.tile(shares, 2):
            middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * AROUND
            wide = np.concatenate([middle - half, middle + half]).clip(0, limits)
            crops.append(
                detail.resize((side, side), Image.Resampling.BICUBIC, tuple(wide), reducing_gap=3.0)
            )
        return list(self.classifier.predict(crops, view="scores"))

    def _ended(self, search: Search) -> dict[str, Any]:
        """What is left of the rectangles, and every step to it."""
        with search.timed("suppress"):
            probabilities, boxes = np.stack(search.probabilities), search.rectangles
            height, width = search.picture.shape[:2]
            best, scores = (
                probabilities.argmax(1),
                probabilities.max(1) * spanned(boxes, height, width),
            )
            objects = [
                {
                    "label": self.labels[best[n]],
                    "score": round(float(scores[n]), 6),
                    "box": [round(float(side), 2) for side in boxes[n]],
                    "mask": None,
                }
                for n in suppressed(boxes, self.sorts[best], scores)
                if scores[n] >= LEAST_SCORE and not self.places[best[n]]
            ]
        search.done = True
        return {
            "objects": objects[:MOST_OBJECTS],
            "segments": search.segments,
            "scale": search.scale,
            "rectangles": boxes,
            "labels": [self.labels[n] for n in best],
            "scores": scores.tolist(),
            "seconds": search.seconds,
        }


def shrunk(image: Image.Image, most: int) -> Image.Image:
    """A picture whose longer side has at most ``most`` pixels."""
    scale = min(1.0, most / max(image.size))
    if scale == 1.0:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def spanned(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """The share of a picture's sides that boxes [n, 4] span, width and height taken alike: [n]."""
    sides = (boxes[:, 2:] - boxes[:, :2]) / (width, height)
    shares: np.ndarray = np.sqrt(sides.prod(1)).clip(0, 1)
    return shares


def suppressed(boxes: np.ndarray, sorts: np.ndarray, scores: np.ndarray) -> list[int]:
    """Which boxes [n, 4] stay, the surest first: of two of one sort [n] that overlap, the surer; of
    any two that nearly coincide, too."""
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable").tolist():
        if kept:
            shared = overlaps(boxes[number], boxes[kept])
            most = np.where(sorts[kept] == sorts[number], SUPPRESSED, ACROSS)
            if (shared > most).any():
                continue
        kept.append(number)
    return kept


def load(entry: Entry, device: str, progress: Progress) -> RCNN:
    """The loader of ``detection/rcnn``: it works with the app's own classifier.

    Raises:
        Refusal: that is not here and cannot be brought, or is damaged.
    """
    classifier = catalog.find(BACKBONE).load(device, progress)
    classifier.config = {**classifier.config, "crop": 1.0}  # a rectangle is looked at whole
    return RCNN(classifier, entry.key)
