"""Scoring a detector by COCO's average precision at an overlap of one half, with intervals.

An object is found if a box (or mask) of its class overlaps it by half of what both cover. AP50 is
the area under the curve of precision by recall, by pycocotools, as everybody's. The intervals come
from pictures drawn again and again from those that were scored (bootstrap).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pretrained import checkpoint
from pretrained.catalog import Entry
from pretrained.detection import data
from pretrained.detection.data import Scenes
from pretrained.detection.scoring import KINDS, Found, Scores
from pretrained.errors import BadCheckpoint, BadData
from pretrained.metrics import percentiles

#: Fewest objects of a class by which it can be judged, and the figure that it must reach.
LEAST, BAR = 10, 0.30
#: How often pictures are drawn again for an interval.
DRAWS = 200
PETS = ("cat", "dog")


def evaluate(
    entry: Entry, source: Path | str, *, split: str = "validation", device: str = "cpu"
) -> dict[str, Any]:
    """AP50 of a detector's boxes and masks.

    Returns:
        ``{"key", "split", "n", "metrics", "per_class", "per_source"}``. Each metric has ``value``,
        ``low``, ``high`` and ``n``, its objects. ``person_box_ap50`` and ``person_mask_ap50`` are
        of people; ``catdog_box_ap50`` takes cats and dogs as one class; each is left out for a
        model that knows none; ``box_ap50`` and
        ``mask_ap50`` are means over the classes that the model offers, or for a model of others
        over all classes with ten objects or more. ``per_class`` has each of these classes. What
        no object tells is left out: figures of masks where none is known.

    Raises:
        BadData: pictures that cannot be read, or none with an object of a class of the model's.
        BadCheckpoint: the model refuses a picture.
    """
    scenes = data.read(source, split)
    scenes.say()
    found = answers(entry, scenes, device)
    counts = scenes.counts()
    enough = [name for name, count in counts.items() if count >= LEAST]
    offered, known = enough, list(counts)
    if entry.folder is not None:
        config = checkpoint.read_json(Path(entry.folder), checkpoint.CONFIG)
        offered = [name for name in config.get("offered", enough) if name in counts]
        known = [name for name in config.get("taught", offered) if name in counts]
    if not offered:
        reason = "it has no object of a class that the model finds: bring others"
        raise BadData(path=source, reason=reason)
    scores = Scores(scenes.scenes, found)
    pets = Scores(scenes.scenes, found, pooled={name: "pet" for name in PETS})
    kinds = [kind for kind in KINDS if kind == "box" or any_mask(found)]
    asked = [(f"person_{kind}_ap50", scores, kind, ["person"]) for kind in kinds]
    asked += [("catdog_box_ap50", pets, "box", ["pet"])]
    asked = [one for one in asked if any(one[1].name(label) in one[3] for label in known)]
    means = [(f"{kind}_ap50", scores, kind, sorted(offered)) for kind in kinds]
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(scenes), len(scenes)) for _ in range(DRAWS)]
    metrics = {}
    for name, one, kind, classes in asked + means:
        if count := one.count(kind, classes):
            again = [one.ap50(kind, classes, rows.tolist()) for rows in draws]
            metrics[name] = percentiles(one.ap50(kind, classes), again) | {"n": count}
    each = {f"{kind}_ap50": scores.each(kind) for kind in kinds}
    return {
        "key": entry.key,
        "split": scenes.split,
        "n": len(scenes),
        "metrics": metrics,
        "per_class": {
            label: {
                **{name: ap50[label] for name, ap50 in each.items() if math.isfinite(ap50[label])},
                "n": counts[label],
            }
            for label in sorted(offered, key=lambda label: -counts[label])
        },
        "per_source": per_source(scenes, asked),
    }


def answers(entry: Entry, scenes: Scenes, device: str) -> list[Found]:
    """What the served model finds in every picture."""
    model = entry.load(device)
    coco = getattr(model, "coco", {})  # of a model that has names of its own
    found: list[Found] = []
    for begin in tqdm(range(0, len(scenes), entry.max_batch), desc=entry.key, disable=None):
        part = scenes.scenes[begin : begin + entry.max_batch]
        for answer in model.predict([scene.pixels() for scene in part], view="answer"):
            if isinstance(answer, Exception):
                raise BadCheckpoint(path=entry.folder or entry.key, reason=str(answer)) from answer
            found.append(
                [one | {"label": coco.get(one["label"], one["label"])} for one in answer["objects"]]
            )
    return found


def any_mask(found: Sequence[Found]) -> bool:
    """Whether the model draws masks at all."""
    return any(one["mask"] is not None for objects in found for one in objects)


def per_source(
    scenes: Scenes, asked: Sequence[tuple[str, Scores, str, Sequence[str]]]
) -> dict[str, dict[str, Any]]:
    """The figures that are asked for, (name, scores, kind, classes) each, in each source."""
    rows: dict[str, dict[str, Any]] = {}
    for source in sorted({scene.source for scene in scenes.scenes}):
        pictures = [n for n, scene in enumerate(scenes.scenes) if scene.source == source]
        figures = {name: one.ap50(kind, classes, pictures) for name, one, kind, classes in asked}
        shown = {name: value for name, value in figures.items() if math.isfinite(value)}
        rows[source] = {"pictures": len(pictures), **shown}
    return rows
