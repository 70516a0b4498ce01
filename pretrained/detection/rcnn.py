"""The first R-CNN, as Girshick et al. 2014 (arXiv 1311.2524) tell it, with our own classifier.

Rectangles are proposed that know nothing of things (`proposals`), what stands in each is warped to
a square and classified by ``classification/photos``, and of those that overlap and say the same
only the surest stays. Nothing is learnt here and there are no weights of its own.

Two parts of the article are missing, for they would have to be learnt. Its classifiers knew
"background" and ours does not, and is often sure of a patch of grass. A rule stands in: what is
said of a rectangle counts by the share of the picture's sides that it spans. Places, such as a
seashore, are background too. And no regression moves the rectangles: they are as good as they were
proposed.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PIL import Image

from pretrained import catalog
from pretrained.catalog import Entry, Progress
from pretrained.detection.proposals import overlaps, propose
from pretrained.errors import ViewUnsupported

BACKBONE = "classification/photos"
#: Longest side in pixels of the picture that is searched, and of the one that is cut from.
SEARCHED, DETAIL = 320, 1280
#: How much wider than proposed a rectangle is cut, as in the article: 16 of 227 pixels around it.
AROUND = 227 / (227 - 2 * 16)
#: Overlap above which the less sure of two alike is dropped, as in the article.
SUPPRESSED = 0.3
LEAST_SCORE, MOST_OBJECTS = 0.05, 100
#: Rectangles that are classified together.
TOGETHER = 64
#: What the network knows that is no thing but a place.
PLACES = frozenset({"alp", "cliff", "coral reef", "lakeside", "seashore"})
#: Classes that COCO has too, by its names.
COCO = {
    **dict.fromkeys(("Egyptian cat", "tabby", "Persian cat"), "cat"),
    **dict.fromkeys(
        (
            "German shepherd", "Labrador retriever", "golden retriever", "Yorkshire terrier",
            "Chihuahua", "standard poodle",
        ),
        "dog",
    ),
    **dict.fromkeys(("goose", "albatross", "king penguin", "black stork"), "bird"),
    **dict.fromkeys(("beer bottle", "pop bottle", "water jug", "pill bottle"), "bottle"),
    **dict.fromkeys(("sports car", "convertible", "limousine", "beach wagon"), "car"),
    **dict.fromkeys(("school bus", "trolleybus"), "bus"),
    **dict.fromkeys(("moving van", "police van"), "truck"),
    **dict.fromkeys(("bullet train", "freight car"), "train"),
    **dict.fromkeys(("volleyball", "basketball", "rugby ball"), "sports ball"),
    **dict.fromkeys(("gondola", "lifeboat"), "boat"),
    "African elephant": "elephant",
    "backpack": "backpack",
    "banana": "banana",
    "bow tie": "tie",
    "brown bear": "bear",
    "computer keyboard": "keyboard",
    "dining table": "dining table",
    "orange": "orange",
    "ox": "cow",
    "parking meter": "parking meter",
    "pizza": "pizza",
    "refrigerator": "refrigerator",
    "remote control": "remote",
    "rocking chair": "chair",
    "teddy": "teddy bear",
    "umbrella": "umbrella",
    "wooden spoon": "spoon",
}  # fmt: skip


class RCNN:
    """The classifier, asked again and again.

    Attributes:
        labels, labels_zh: class names, as the classifier has them.
        coco: COCO's name of each class that COCO has.
    """

    coco = COCO

    def __init__(self, classifier: Any, key: str) -> None:
        self.classifier, self.key = classifier, key
        self.labels, self.labels_zh = classifier.labels, classifier.labels_zh
        self.places = np.array([label in PLACES for label in self.labels])
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
        answers = [self._look(picture) for picture in inputs]
        return answers if view == "steps" else [{"objects": one["objects"]} for one in answers]

    def _look(self, picture: np.ndarray) -> dict[str, Any]:
        """One picture, with every step."""
        height, width = picture.shape[:2]
        image = Image.fromarray(picture)
        times = [time.perf_counter()]
        small = shrunk(image, SEARCHED)
        segments, rectangles = propose(np.asarray(small))
        scale = max(small.size) / max(height, width)
        across, down = width / small.width, height / small.height
        rectangles *= (across, down, across, down)
        times.append(time.perf_counter())
        odds = self.classified(image, rectangles)
        best, scores = odds.argmax(1), odds.max(1) * spanned(rectangles, height, width)
        times.append(time.perf_counter())
        objects = [
            {
                "label": self.labels[best[n]],
                "score": round(float(scores[n]), 6),
                "box": [round(float(side), 2) for side in rectangles[n]],
                "mask": None,
            }
            for n in suppressed(rectangles, best, scores)
            if scores[n] >= LEAST_SCORE and not self.places[best[n]]
        ]
        times.append(time.perf_counter())
        spent = np.diff(times).tolist()
        return {
            "objects": objects[:MOST_OBJECTS],
            "segments": segments,
            "scale": scale,
            "rectangles": rectangles,
            "labels": [self.labels[n] for n in best],
            "scores": scores.tolist(),
            "seconds": dict(zip(("propose", "classify", "suppress"), spent, strict=True)),
        }

    def classified(self, image: Image.Image, rectangles: np.ndarray) -> np.ndarray:
        """Probabilities of each rectangle [n, 4]: [n, classes]. Each is warped to a square."""
        detail = shrunk(image, DETAIL)
        side = self.classifier.size
        shares = np.array(detail.size) / image.size
        limits = np.array(detail.size * 2)
        crops = []
        for box in rectangles * np.tile(shares, 2):
            middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * AROUND
            wide = np.concatenate([middle - half, middle + half]).clip(0, limits)
            crops.append(
                detail.resize((side, side), Image.Resampling.BICUBIC, tuple(wide), reducing_gap=3.0)
            )
        rows = [
            row
            for start in range(0, len(crops), TOGETHER)
            for row in self.classifier.predict(crops[start : start + TOGETHER], view="scores")
        ]
        return np.stack(rows)


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


def suppressed(boxes: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Which boxes [n, 4] stay, the surest first: of two of one class that overlap, the surer."""
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable").tolist():
        alike = [other for other in kept if classes[other] == classes[number]]
        if not alike or overlaps(boxes[number], boxes[alike]).max() <= SUPPRESSED:
            kept.append(number)
    return kept


def load(entry: Entry, device: str, progress: Progress) -> RCNN:
    """The loader of ``detection/rcnn``: it works with the app's own classifier.

    Raises:
        BadCheckpoint: that is missing or damaged.
    """
    return RCNN(catalog.find(BACKBONE).load(device, progress), entry.key)
