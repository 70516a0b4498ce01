"""When is an answer of ``classification/imagenet`` worth saying: of the kind, or of its group?

    python -m experiments.imagenet_certainty --data ../shared/data

Settles the two limits of Classify images: of the kind (`ImagenetClassifier.unsure_below`) and of
the group (`demos.classification.kinds.SURE_OF_GROUP`). Measured on pictures that no figure of ours
is measured on: things cut out of ``detection`` and ``detection-more`` (train; at most 150 of a
category, 56 pixels or wider, a quarter more around them, no people) and ``flowers`` (train, 120 of
a class). A category counts as one that it knows where `KINDS` has a kind for it; the group is right
where it is one of `GROUPS`: of a bowl with soup in it, food is as right as kitchen.

2026-11-28, 1,902 pictures, one CPU core. The likeliest kind at 0.5 or more: 85.7% [82.1, 88.6] of
447 right that it has a name for, 65.2% of all 587. Else the likeliest group at 0.5 or more: 80.6%
[77.3, 83.6] of 614 right (cats and dogs 94.9% of 137, other things 84.7% of 393, flowers, of which
it knows the daisy alone, 38.1% of 84). Else the kind is right 24.6% of 285 times: not sure. 0.5 is
the smallest limit of the group, in steps of 0.05, at which four in five are right; with
``--group 0.45`` they are 76.6% of 722.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow.parquet as pq
import typer
from PIL import Image

from demos.classification.kinds import SURE_OF_GROUP
from pretrained import catalog
from pretrained.classification import imagenet, imagenet_names
from pretrained.metrics import wilson

PARTS = ("coco-person-only", "clothing-co-parsing", "penn-fudan")  # sources that show people
PETS = ("cat", "dog")
FLOWERS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
COLUMNS = ["image", "objects", "source"]
EACH, EACH_FLOWER, LEAST, AROUND = 150, 120, 56, 1.25

#: The groups that are right for a category of COCO.
GROUPS = {
    group: categories.split(", ")
    for group, categories in {
        "vehicles": "bus, train, motorcycle, car, truck, bicycle",
        "ships": "boat, airplane",
        "cats": "cat",
        "dogs": "dog",
        "birds": "bird",
        "mammals": "elephant, bear, sheep, giraffe, zebra, horse, cow",
        "kitchen": "fork, refrigerator, cup, bowl, microwave, oven, knife, bottle, wine glass, "
        "spoon, dining table, sink, scissors",
        "food": "cake, broccoli, banana, pizza, sandwich, donut, hot dog, carrot, apple, orange, "
        "bowl, cup, knife, fork, spoon, wine glass, bottle, dining table",
        "home": "bed, couch, toilet, dining table, chair, bench, toothbrush, clock, vase, sink, "
        "oven, refrigerator, potted plant, fire hydrant",
        "electronics": "tv, laptop, cell phone, remote, keyboard, clock",
        "clothing": "suitcase, tie, handbag, umbrella, backpack",
        "sport": "baseball bat, frisbee, teddy bear, surfboard, kite, skateboard, snowboard",
        "writing": "book, scissors",
        "tools": "scissors, parking meter, fire hydrant",
        "plants": "potted plant, vase",
        "places": "bench, clock, boat, train, stop sign, fire hydrant",
    }.items()
}
#: The kinds that are right for a category, where it has a name for it.
KINDS = {
    "banana": "banana",
    "broccoli": "broccoli",
    "microwave": "microwave oven",
    "laptop": "laptop, notebook computer",
    "remote": "remote control",
    "pizza": "pizza",
    "hot dog": "hot dog",
    "zebra": "zebra",
    "orange": "orange",
    "teddy bear": "teddy bear",
    "refrigerator": "refrigerator",
    "umbrella": "umbrella",
    "backpack": "backpack",
    "parking meter": "parking meter",
    "keyboard": "computer keyboard, typewriter keyboard, space bar",
    "elephant": "African elephant, Asian elephant, tusker (elephant)",
    "cell phone": "mobile phone, iPod",
    "tv": "television, monitor, screen",
    "toilet": "toilet seat",
    "airplane": "airliner, military aircraft, aircraft wing",
    "bear": "brown bear, American black bear, polar bear, sloth bear",
    "couch": "sofa bed",
    "dining table": "dining table",
    "bicycle": "mountain bike, tandem bicycle",
    "vase": "vase",
    "sink": "washbasin",
    "motorcycle": "moped, motor scooter",
    "cow": "ox",
    "sheep": "ram, bighorn sheep",
    "wine glass": "goblet, red wine",
    "cup": "cup, coffee mug, espresso, goblet, beer glass",
    "oven": "stove, microwave oven",
    "bottle": "water bottle, wine bottle, beer bottle, soda bottle, pill bottle",
    "bench": "park bench",
    "tie": "necktie, bow tie, bolo tie",
    "clock": "analog clock, wall clock, digital clock",
    "handbag": "handbag",
    "apple": "green apple",
    "train": "steam locomotive, electric locomotive, bullet train, railway carriage, freight car, "
    "tram",
    "bus": "minibus, school bus, trolleybus",
    "truck": "fire engine, garbage truck, pickup truck, tow truck, semi-trailer truck, moving van, "
    "ambulance",
    "car": "station wagon, taxi, convertible, jeep, limousine, minivan, Ford Model T, racing car, "
    "sports car, ambulance, police van, minibus, pickup truck, car wheel",
    "daisy": "daisy",
}
WHOLE_GROUPS = {"cat": "cats", "dog": "dogs", "bird": "birds", "boat": "ships"}


def pictures(data: Path) -> Iterator[tuple[str, Image.Image]]:
    """(category, picture): things cut out, then flowers."""
    counts: Counter[str] = Counter()
    files = [*sorted(data.glob("detection/train*")), *sorted(data.glob("detection-more/train*"))]
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(16, columns=COLUMNS):
            for row in batch.to_pylist():
                if row["source"] in PARTS:
                    continue
                for thing in row["objects"]:
                    category, box = thing["category"], thing["bbox"]
                    if thing["iscrowd"] or category == "person" or min(box[2:]) < LEAST:
                        continue
                    if counts[category] < EACH:
                        counts[category] += 1
                        yield category, cut(row["image"]["bytes"], box)
    for file in sorted(data.glob("flowers/train*")):
        for row in pq.read_table(file).to_pylist():
            category = FLOWERS[row["label"]]
            if counts[f"flower {category}"] < EACH_FLOWER:
                counts[f"flower {category}"] += 1
                yield category, Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")


def cut(content: bytes, box: list[float]) -> Image.Image:
    """A thing with some of what is around it, as one would photograph it. box: x, y, w, h."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    x, y, w, h = box
    side = min(max(w, h) * AROUND, max(picture.size))
    edges = []
    for middle, whole in ((x + w / 2, picture.width), (y + h / 2, picture.height)):
        start = max(0.0, min(middle - side / 2, whole - side))
        edges.append((int(start), int(min(whole, start + side))))
    (x0, x1), (y0, y1) = edges
    return picture.crop((x0, y0, x1, y1))


def right_kinds(category: str) -> set[int]:
    """Indices of the kinds that are right for a category; none where it has no name for it."""
    if category in WHOLE_GROUPS:
        return {i for i, g in enumerate(imagenet_names.groups()) if g == WHOLE_GROUPS[category]}
    named = KINDS.get(category)
    return {imagenet_names.english().index(name) for name in named.split(", ")} if named else set()


def told(name: str, right: list[bool]) -> str:
    """One line: how many of these were right, with the 95% interval ."""
    if not right:
        return f"{name}: none"
    found = wilson(sum(right), len(right))
    shown = "{value:.1%} [{low:.1%}, {high:.1%}]".format(**found)
    return f"{name}: {shown} of {len(right)}"


def main(
    data: Annotated[Path, typer.Option(help="The folder of the data sets.")],
    group: Annotated[float, typer.Option(help="The limit of the group.")] = SURE_OF_GROUP,
) -> None:
    """Print how often the kind, the group and the guess are right on either side of the limits."""
    entry = catalog.find(imagenet.KEY)
    model = imagenet.load(entry, "cpu", lambda done, total: None)
    groups = np.array(imagenet_names.groups())
    told_of: defaultdict[str, list[bool]] = defaultdict(list)
    for category, picture in pictures(data):
        scores: Any = model.predict([picture], view="scores")[0]
        kinds, best = right_kinds(category), int(scores.argmax())
        sums = {name: float(scores[groups == name].sum()) for name in imagenet_names.GROUPS}
        likeliest = max(sums, key=lambda name: sums[name])
        fitting = [name for name, members in GROUPS.items() if category in members]
        if scores[best] >= model.unsure_below:
            told_of["kind"].append(best in kinds)
            if kinds:
                told_of["kind, of those it knows"].append(best in kinds)
        elif sums[likeliest] >= group:
            flower = category in FLOWERS
            right = likeliest in (["plants"] if flower else fitting)
            part = "flowers" if flower else "cats and dogs" if category in PETS else "other things"
            told_of["group"].append(right)
            told_of[f"group, {part}"].append(right)
        elif kinds:
            told_of["neither, of those it knows"].append(best in kinds)
    for name, found in told_of.items():
        print(told(name, found))


if __name__ == "__main__":
    typer.run(main)
