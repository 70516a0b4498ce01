"""Pictures with boxes and masks: reading them from Parquet and from folders in COCO's format.

Pictures stay encoded until they are asked for, those of a folder in their files; masks stay run
lengths.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pretrained.detection import rle
from pretrained.errors import BadData
from pretrained.pixels import upright_rgb

#: Where only the main person is labelled: of the rest of such a picture nothing is known.
PARTIAL = frozenset({"clothing-co-parsing"})


@dataclass(frozen=True)
class Thing:
    """One labelled object: ``box`` left, top, right, bottom in pixels; its mask, if known; whether
    it is a ``crowd`` that is not told apart."""

    label: str
    box: tuple[float, float, float, float]
    mask: rle.Rle | None = None
    crowd: bool = False


@dataclass(frozen=True)
class Scene:
    """One picture: its encoded bytes or the file that holds them, what is in it, where it is from
    and where it stands."""

    content: bytes | Path
    width: int
    height: int
    things: tuple[Thing, ...]
    source: str
    place: str

    @property
    def partial(self) -> bool:
        """Whether nothing is known outside the labelled boxes."""
        return self.source in PARTIAL

    def pixels(self) -> np.ndarray:
        """uint8 [height, width, 3], as the boxes mean it.

        Raises:
            BadData: the picture is damaged or not of the size that was told.
        """
        try:
            held = self.content
            with Image.open(io.BytesIO(held) if isinstance(held, bytes) else held) as picture:
                as_stored = picture.size
                shown = upright_rgb(picture)
                if shown.size != (self.width, self.height) == as_stored:
                    shown = picture.convert("RGB")  # labelled as stored, not as turned
        except MemoryError:
            raise
        except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged data
            reason = "this picture is damaged: remove or replace it"
            raise BadData(path=self.place, reason=reason) from error
        if shown.size != (self.width, self.height):
            reason = (
                f"this picture is {shown.width} x {shown.height}, not {self.width} x "
                f"{self.height} as its labels say: label it again"
            )
            raise BadData(path=self.place, reason=reason)
        return np.asarray(shown)


@dataclass(frozen=True)
class Scenes:
    """Pictures of one split, and the name of the split."""

    scenes: tuple[Scene, ...]
    split: str

    def __len__(self) -> int:
        return len(self.scenes)

    def names(self) -> list[str]:
        """Every class, by the alphabet."""
        return sorted(self.counts())

    def counts(self) -> Counter[str]:
        """Objects of each class, crowds not counted."""
        every = (thing for scene in self.scenes for thing in scene.things)
        return Counter(thing.label for thing in every if not thing.crowd)


def read(source: Path | str, split: str = "train", least: int = 1) -> Scenes:
    """Every picture of a split.

    Args:
        source: a Parquet file with the columns ``image``, ``width``, ``height`` and ``objects``
            (taken whole), a folder of such files named by split, or a folder with pictures and
            their labels as COCO writes them: ``SPLIT.json``, ``annotations/instances_SPLIT*.json``
            or else ``annotations.json``.

    Raises:
        BadData: nothing there that can be read, or fewer than ``least`` pictures.
    """
    path = Path(source)
    files = sorted(path.glob(f"{split}*.parquet")) if path.is_dir() else [path]
    if path.is_file() and path.suffix == ".parquet":
        scenes, name = list(_parquet(files)), f"{path.resolve().parent.name}/{path.stem}"
    elif path.is_dir() and files:
        scenes, name = list(_parquet(files)), f"{path.resolve().name}/{split}"
    elif path.is_dir() and (labels := _labels(path, split)):
        own = "" if labels.stem == "annotations" else f"/{split}"
        scenes, name = list(_coco(path, labels)), f"{path.resolve().name}{own}"
    else:
        reason = (
            "it is neither a Parquet file nor a folder with such files or with annotations.json: "
            "check the path"
        )
        raise BadData(path=source, reason=reason)
    if len(scenes) < least:
        reason = f"it holds {len(scenes)} pictures: {least} or more are needed"
        raise BadData(path=source, reason=reason)
    return Scenes(tuple(scenes), name)


def _parquet(files: list[Path]) -> Iterator[Scene]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            reason = "it is not a readable Parquet file: fetch or write it again"
            raise BadData(path=file, reason=reason) from error
        missing = {"image", "width", "height", "objects"} - set(table.column_names)
        if missing:
            reason = f"it has no column {min(missing)}: rename or add it"
            raise BadData(path=file, reason=reason)
        for number, row in enumerate(table.to_pylist()):
            place, cell = f"{file}, row {number},", row["image"]
            content = cell.get("bytes") if isinstance(cell, dict) else cell
            if not isinstance(content, bytes):
                reason = "this picture is not encoded bytes: store it as JPEG or PNG"
                raise BadData(path=place, reason=reason)
            try:
                things = [
                    (one["category"], one["bbox"], one.get("segmentation"), one.get("iscrowd"))
                    for one in row["objects"] or ()
                ]
            except (KeyError, TypeError, AttributeError) as error:
                reason = "its objects have no category and bbox each: name these columns so"
                raise BadData(path=place, reason=reason) from error
            yield _scene(content, row["width"], row["height"], things, row.get("source"), place)


def _labels(folder: Path, split: str) -> Path | None:
    """The file of a folder's labels."""
    inside = sorted((folder / "annotations").glob(f"instances_{split}*.json"))
    asked = (folder / f"{split}.json", *inside, folder / "annotations.json")
    return next((file for file in asked if file.is_file()), None)


def _coco(folder: Path, labels: Path) -> Iterator[Scene]:
    try:
        told = json.loads(labels.read_text("utf-8"))
        names = {one["id"]: str(one["name"]) for one in told["categories"]}
        things: dict[Any, list[tuple[Any, ...]]] = {one["id"]: [] for one in told["images"]}
        for one in told["annotations"]:
            label = names[one["category_id"]]
            row = (label, one["bbox"], one.get("segmentation"), one.get("iscrowd"))
            things[one["image_id"]].append(row)
        rows = [
            (one["file_name"], one["width"], one["height"], one["id"]) for one in told["images"]
        ]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = (
            f"it is not labelled as COCO does ({type(error).__name__} {error}): export it again"
        )
        raise BadData(path=labels, reason=reason) from error
    for name, width, height, key in rows:
        file = _picture(folder, name)
        if file is None:
            reason = f"there is no picture {str(name)[:80]}: put it beside the labels or in images/"
            raise BadData(path=labels, reason=reason)
        try:
            file.open("rb").close()
        except OSError as error:
            raise BadData(path=file, reason="it cannot be read: check its rights") from error
        yield _scene(file, width, height, things[key], "own", str(file))


def _picture(folder: Path, name: Any) -> Path | None:
    """The picture of that name in a folder or its images/; None where it holds none."""
    try:
        file = next((f for f in (folder / name, folder / "images" / name) if f.is_file()), None)
        return file if file and folder.resolve() in file.resolve().parents else None
    except (OSError, ValueError, TypeError):  # no name that a file can have
        return None


def _scene(
    content: bytes | Path,
    width: Any,
    height: Any,
    rows: list[tuple[Any, ...]],
    source: Any,
    place: str,
) -> Scene:
    """A picture with its objects; those without any width or height are left out."""
    sides = (width, height)
    if not all(isinstance(side, int | float) and 1 <= side <= rle.LARGEST for side in sides) or (
        int(width) != width or int(height) != height or width * height > rle.LARGEST
    ):
        reason = f"its width and height are no pixels of a picture ({str(sides)[:80]}): mend these"
        raise BadData(path=place, reason=reason)
    things = []
    for label, bbox, segmentation, crowd in rows:
        try:
            left, top, wide, high = (float(number) for number in bbox)
            mask = rle.of_coco(segmentation, int(height), int(width))
        except (TypeError, ValueError, OverflowError) as error:
            reason = f"an object of class {label} cannot be read ({error}): label it again"
            raise BadData(path=place, reason=reason) from error
        if not all(map(math.isfinite, (left, top, wide, high))):
            reason = f"an object of class {label} has no finite box: label it again"
            raise BadData(path=place, reason=reason)
        box = (max(left, 0.0), max(top, 0.0), min(left + wide, width), min(top + high, height))
        if box[2] > box[0] and box[3] > box[1]:
            things.append(Thing(str(label), box, mask, bool(crowd)))
    return Scene(content, int(width), int(height), tuple(things), str(source or "own"), place)


def held_apart(scenes: Scenes, share: float) -> tuple[Scenes, Scenes]:
    """Those to train on, and the same ``share`` of every source to watch a training by; one
    picture where no source has enough of them, none of a single picture."""
    every = max(2, round(1 / share))
    seen: Counter[str] = Counter()
    train: list[Scene] = []
    aside: list[Scene] = []
    for scene in scenes.scenes:
        (aside if seen[scene.source] % every == every // 2 else train).append(scene)
        seen[scene.source] += 1
    if not aside and len(train) > 1:
        aside.append(train.pop(len(train) // 2))
    return Scenes(tuple(train), scenes.split), Scenes(tuple(aside), f"kept aside of {scenes.split}")
