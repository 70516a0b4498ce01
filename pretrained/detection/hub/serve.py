"""Detectors of today, from their files on the Hub to what the app serves.

A network of the family of DETR answers with a fixed number of boxes, most of them "nothing". There
are no anchors and no suppression to look into: `predict` has the view ``answer`` only. Weights come
as safetensors, and no code comes with a model.

A picture is made small before anything is computed, so that a panorama of 8,000 pixels costs no
more than any other, and a strip of one pixel's height is still some pixels high. None is padded:
those that come out equally large are looked at together, the others one after another, and so an
answer does not depend on what else was asked at the time.

Masks are drawn by DETR's panoptic head for the objects that are answered and for no others.
transformers draws one for each of a hundred queries at once: 13 GB and forty seconds for a
photograph. Each is drawn by itself, so a few at a time are the same maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.detection import rle
from pretrained.detection.hub.entries import DETECTORS
from pretrained.errors import BadCheckpoint, ViewUnsupported
from pretrained.sources import hub
from pretrained.sources.hub import networks

#: ``model_type`` and the class that transformers has for it.
KINDS = {
    "detr": "DetrForObjectDetection",
    "yolos": "YolosForObjectDetection",
    "rt_detr": "RTDetrForObjectDetection",
    "rt_detr_v2": "RTDetrV2ForObjectDetection",
}
#: Those whose last class is "nothing"; the others say yes or no to each class.
NOTHING = frozenset({"detr", "yolos"})
#: Answers below this score are not told; the most that are.
LEAST_SCORE, MOST_OBJECTS = 0.05, 100
#: COCO's things have the numbers up to 90; above them stand grass, sky and other stuff.
LAST_THING = 90
#: COCO's names, where a network was taught others.
COCO_NAMES = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
}
PREPROCESSING = "preprocessor_config.json"


class HubDetector:
    """A detector of transformers, as the engine holds it.

    Attributes:
        labels: the name of each class by its number; None for one that is not answered.
    """

    def __init__(
        self,
        network: Any,
        preprocessing: Preprocessing,
        labels: Sequence[str | None],
        key: str,
        device: str,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.preprocessing, self.labels, self.key = preprocessing, list(labels), key
        self.masks = hasattr(network, "mask_head")
        self.nothing = network.config.model_type in NOTHING
        self.to(device)
        tensors = [*network.parameters(), *network.buffers()]
        self.bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: str) -> None:
        """Move the weights, to another device or to host memory."""
        self.device = torch.device(device)
        self.network.to(self.device)

    def predict(self, inputs: list[np.ndarray], *, view: str = "answer") -> list[dict[str, Any]]:
        """Objects in each picture, uint8 [H, W, 3] of any size.

        Returns:
            For each ``objects``, the highest score first: ``label``, ``score``, ``box`` [x0, y0,
            x1, y1] in its pixels, ``mask`` as COCO's compressed RLE, or None.

        Raises:
            ViewUnsupported: another view than ``answer`` is asked for.
        """
        if view != "answer":
            raise ViewUnsupported(model=self.key, view=view)
        sizes = [self.preprocessing.size(*picture.shape[:2]) for picture in inputs]
        answers: dict[int, dict[str, Any]] = {}
        for size in dict.fromkeys(sizes):
            alike = [number for number, own in enumerate(sizes) if own == size]
            found = self._look([inputs[number] for number in alike], size)
            answers.update(zip(alike, found, strict=True))
        return [answers[number] for number in range(len(inputs))]

    @torch.inference_mode()
    def _look(self, pictures: list[np.ndarray], size: tuple[int, int]) -> list[dict[str, Any]]:
        """Pictures that are all seen at one size."""
        pixels = torch.stack([self.preprocessing.pixels(picture, size) for picture in pictures])
        if self.masks:
            told, features = looked(self.network, pixels.to(self.device))
        else:
            told = self.network(pixel_values=pixels.to(self.device))
        probabilities = told.logits.float()
        probabilities = (
            probabilities.softmax(-1)[..., :-1] if self.nothing else probabilities.sigmoid()
        )
        unnamed = [number for number, label in enumerate(self.labels) if label is None]
        probabilities[..., unnamed] = 0.0
        answers = []
        for n, picture in enumerate(pictures):
            queries, classes, scores = best(probabilities[n], self.nothing)
            boxes = corners(told.pred_boxes[n, queries].float(), picture.shape[:2])
            maps = None
            if self.masks:
                maps = drawn(self.network, told, features, n, queries)
            answers.append({"objects": self._objects(classes, scores, boxes, maps, picture)})
        return answers

    def _objects(
        self,
        classes: Tensor,
        scores: Tensor,
        boxes: np.ndarray,
        maps: np.ndarray | None,
        picture: np.ndarray,
    ) -> list[dict[str, Any]]:
        """The answer, without boxes that hold no part of the picture."""
        objects = []
        for n, (kind, score) in enumerate(zip(classes.tolist(), scores.tolist(), strict=True)):
            left, top, right, bottom = box = [round(float(side), 2) for side in boxes[n]]
            if left < right and top < bottom:
                mask = None if maps is None else cut(maps[n], boxes[n], picture.shape[:2])
                told = {"label": self.labels[kind], "score": round(score, 6)}
                objects.append({**told, "box": box, "mask": mask})
        return objects


def best(probabilities: Tensor, one_each: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Query, class and score of the best answers, the highest score first.

    Args:
        probabilities: [queries, classes].
        one_each: one class for a query, or as many as it says yes to.
    """
    if one_each:
        highest, classes = probabilities.max(-1)
        scores, queries = highest.sort(descending=True, stable=True)
        classes = classes[queries]
    else:
        scores, flat = probabilities.flatten().sort(descending=True, stable=True)
        queries, classes = flat // probabilities.shape[-1], flat % probabilities.shape[-1]
    count = min(int((scores >= LEAST_SCORE).sum()), MOST_OBJECTS)
    return queries[:count], classes[:count], scores[:count]


def corners(boxes: Tensor, size: tuple[int, ...]) -> np.ndarray:
    """Centre, width and height as shares of the picture -> corners in its pixels, inside it."""
    height, width = size
    middle, half = boxes[:, :2], boxes[:, 2:] / 2
    shares = torch.cat([middle - half, middle + half], 1).clamp(0, 1).cpu().numpy()
    return shares * np.array([width, height, width, height], np.float32)


def cut(mask: np.ndarray, box: np.ndarray, size: tuple[int, ...]) -> dict[str, Any]:
    """An object's map [h, w] over the whole picture, above 0 where it is -> RLE, within its box."""
    height, width = size
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.minimum(np.ceil(box[2:]).astype(int), (width, height))
    across, down = mask.shape[1] / width, mask.shape[0] / height
    part = (left * across, top * down, right * across, bottom * down)
    inside = Image.fromarray(mask).resize(
        (right - left, bottom - top), Image.Resampling.BILINEAR, part
    )
    return rle.encode(np.asarray(inside) > 0, left, top, height, width)


def names(labels: Mapping[int, str], masks: bool) -> list[str | None]:
    """The name of each class in COCO's words; None where it has none, or counts nothing."""
    found: list[str | None] = []
    for number in range(len(labels)):
        name = labels[number]
        stuff = masks and number > LAST_THING
        unnamed = name == "N/A" or name.startswith("LABEL_")
        found.append(None if stuff or unnamed else COCO_NAMES.get(name, name))
    return found


def load(entry: Entry, device: str, progress: Progress) -> HubDetector:
    """The loader of the Hub entries.

    Raises:
        HubOffline and its kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is none of the networks that are served.
    """
    assert entry.hub_id is not None
    folder = hub.fetch(entry.hub_id, entry.revision, entry.files, progress)
    masks = DETECTORS[entry.key].masks
    network, preprocessing = build(folder, masks=masks)
    labels = names(network.config.id2label, masks)
    return HubDetector(network, preprocessing, labels, entry.key, device)


def load_tuned(entry: Entry, device: str, progress: Progress) -> HubDetector:
    """The loader of a folder that `train` wrote, whose classes are called as they were taught.

    Raises:
        BadCheckpoint: it is damaged or incomplete.
    """
    folder = Path(str(entry.folder))
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    told, preprocessing = config.get("network"), config.get("preprocessing")
    if not (isinstance(told, dict) and isinstance(preprocessing, dict)):
        reason = "its config.json does not tell its network and preprocessing: train it again"
        raise BadCheckpoint(path=folder, reason=reason)
    progress(0, entry.bytes)
    transformers = networks.library(folder, told, tuple(KINDS))
    weights = checkpoint.load_weights(folder)
    with networks.reading(folder):
        network = getattr(transformers, KINDS[told["model_type"]])(settings(transformers, told))
        network.load_state_dict(weights)
        labels = [network.config.id2label[number] for number in range(len(told["id2label"]))]
        seen = Preprocessing.of(preprocessing, told.get("patch_size", 1))
    progress(entry.bytes, entry.bytes)
    return HubDetector(network, seen, labels, entry.key, device)


def settings(transformers: Any, told: Mapping[str, Any]) -> Any:
    """A network's config as transformers keeps it, from ``config.json``.

    Raises:
        ValueError: it would fetch something (see `networks.harmless`).
    """
    told = networks.harmless(told)
    kept = {name: value for name, value in told.items() if name != "model_type"}
    return transformers.AutoConfig.for_model(told["model_type"], **kept)


def build(folder: Path, *, masks: bool = False) -> tuple[Any, Preprocessing]:
    """Network, in single precision, and preprocessing of a folder as the Hub has it.

    Raises:
        BadCheckpoint, MissingDependency: as they say.
    """
    told = checkpoint.read_json(folder, checkpoint.CONFIG)
    transformers = networks.library(folder, told, tuple(KINDS))
    kind = "DetrForSegmentation" if masks else KINDS[told["model_type"]]
    with networks.reading(folder):
        preprocessing = Preprocessing.of(
            checkpoint.read_json(folder, PREPROCESSING), told.get("patch_size", 1)
        )
        network, loaded = getattr(transformers, kind).from_pretrained(
            folder,
            config=settings(transformers, told),
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    networks.check_complete(folder, loaded)
    return network, preprocessing


#: Objects that are drawn together.
TOGETHER = 4

Features = list[tuple[Tensor, Tensor]]  #: of the body, fine to coarse: maps and where a picture is


def looked(network: Any, pixels: Tensor) -> tuple[Any, Features]:
    """What the detector in a ``DetrForSegmentation`` says of pictures [N, 3, H, W], which fill
    their frame, and the body's features on its way."""
    passed: list[Features] = []
    body = network.detr.model.backbone
    handle = body.register_forward_hook(lambda module, given, found: passed.append(found))
    try:
        told = network.detr(pixel_values=pixels)
    finally:
        handle.remove()
    return told, passed[0]


def drawn(network: Any, told: Any, features: Features, number: int, queries: Tensor) -> np.ndarray:
    """Maps of some queries of the picture ``number``: float [queries, h, w], above 0 inside."""
    fine = [maps[number : number + 1] for maps, _ in features]
    coarse = network.detr.model.input_projection(fine[-1])
    memory = told.encoder_last_hidden_state[number : number + 1].transpose(1, 2)
    memory = memory.reshape(coarse.shape)
    found = [np.zeros((0, *fine[0].shape[-2:]), np.float32)]
    for part in queries.split(TOGETHER) if len(queries) else ():
        looks = network.bbox_attention(told.last_hidden_state[number : number + 1, part], memory)
        maps = network.mask_head(
            features=coarse, attention_masks=looks, fpn_features=[fine[2], fine[1], fine[0]]
        )
        found.append(maps[:, 0].float().cpu().numpy())
    return np.concatenate(found)


#: Pixels of the shortest side that every network can work on, and of the longest that it is given.
LEAST, MOST = 32, 1333


@dataclass(frozen=True)
class Preprocessing:
    """Sizes in pixels and the colours that count as grey.

    Attributes:
        fixed: (height, width) of every picture, stretched; None: its shape is kept.
        shortest, longest: bounds of the sides where the shape is kept.
        mean, std: of each colour, taken from and divided into 0..1.
        step: the sides are multiples of it, for a network that cuts a picture into patches.
    """

    fixed: tuple[int, int] | None
    shortest: int
    longest: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    step: int = 1

    @classmethod
    def of(cls, told: Mapping[str, Any], step: int = 1) -> Preprocessing:
        """From ``preprocessor_config.json``, of any age.

        Raises:
            KeyError, TypeError, ValueError: it is none of a detector.
        """
        size = told["size"]
        if not isinstance(size, Mapping):
            size = {"shortest_edge": size, "longest_edge": told.get("max_size", MOST)}
        fixed = None
        if "height" in size:
            fixed = _bounded(size["height"]), _bounded(size["width"])
        plain = not told.get("do_normalize", True)
        mean = (0.0,) * 3 if plain else tuple(float(v) for v in told["image_mean"])
        std = (1.0,) * 3 if plain else tuple(float(v) for v in told["image_std"])
        if not len(mean) == len(std) == 3 or min(std) <= 0:
            raise ValueError("three colours are normalised")
        shortest = _bounded(size.get("shortest_edge", MOST))
        longest = _bounded(size.get("longest_edge", MOST))
        return cls(fixed, shortest, longest, mean, std, max(1, min(int(step), LEAST)))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which a picture of this height and width is seen."""
        if self.fixed is not None:
            return self.fixed
        scale = min(self.shortest / min(height, width), self.longest / max(height, width))
        high, wide = (max(LEAST, round(side * scale)) for side in (height, width))
        return high - high % self.step, wide - wide % self.step

    def pixels(self, picture: np.ndarray, size: tuple[int, int]) -> Tensor:
        """uint8 [H, W, 3] -> float [3, height, width], as the network was taught to see."""
        image = Image.fromarray(picture)
        if image.size != size[::-1]:
            image = image.resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=3.0)
        shares = torch.from_numpy(np.asarray(image, np.float32) / 255)
        return ((shares - torch.tensor(self.mean)) / torch.tensor(self.std)).permute(2, 0, 1)


def _bounded(side: Any) -> int:
    """A side in pixels, kept within what a machine can hold."""
    return max(LEAST, min(int(side), MOST))
