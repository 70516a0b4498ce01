"""Pictures with boxes and masks: reading them from Parquet and from folders in COCO's format.

Pictures stay encoded until they are asked for, those of a folder in their files; masks stay run
lengths.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from pretrained import own_files, picture_files
from pretrained.classification.folders import files_in, is_picture, named_briefly, nearly_alike
from pretrained.classification.sources import of_split
from pretrained.detection import boxes, coco, rle
from pretrained.detection.coco import LeftOut
from pretrained.errors import BadData
from pretrained.pixels import upright_rgb

#: Where only the main person is labelled: of the rest of such a picture nothing is known.
PARTIAL = frozenset({"clothing-co-parsing"})
#: Where only some kinds are labelled: what else is in such a picture is there unlabelled.
KINDS = {
    "coco-person-only": frozenset({"person"}),
    "penn-fudan": frozenset({"person"}),
    "oxford-pets": frozenset({"cat", "dog"}),
    "open-images-5-classes": frozenset({"person", "boat", "apple", "bird", "bicycle"}),
    "pascal-voc-2012": frozenset(
        {
            "airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
            "dining table", "dog", "horse", "motorcycle", "person", "potted plant", "sheep",
            "couch", "train", "tv",
        }
    ),
}  # fmt: skip

CUT = 2  # pixels beyond the edge that no rounding explains
#: Intersection over union below which an outline and a box are not of one object.
APART = 0.05
#: What is told of a box that is not four finite numbers, or of an outline that is no such.
UNREAD = "objects left out, their box or outline is no row of numbers"
#: Whose labels a file is that is not read, by its name in small letters; the first counts.
OTHER_LABELS = {
    "*.yaml": "YOLO's",
    "*.yml": "YOLO's",
    "classes.txt": "YOLO's",
    "obj.names": "YOLO's",
    "obj.data": "YOLO's",
    "_darknet.labels": "YOLO's",
    "labels/*.txt": "YOLO's",
    "annotations.xml": "CVAT's",
    "*.xml": "VOC's",
    "*.csv": "a table",
    "*.tsv": "a table",
    "*.jsonl": "JSON lines",
}
#: Whose labels a text file holds, by how a line of it looks; the first counts.
LINES = {
    "YOLO's": r"\d+( [\d.]+){4,}",
    "KITTI's": r"[A-Z]\w+( -?[\d.]+){14,15}",
    "DOTA's": r"(-?[\d.]+ ){8}[a-z]\S+( \d)?",
}
LOOKED_AT = 2000  # characters of such a file, and so many files


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

    @property
    def kinds(self) -> frozenset[str] | None:
        """The kinds that are labelled; None where all are."""
        return KINDS.get(self.source)

    def pixels(self) -> np.ndarray:
        """uint8 [height, width, 3], as the boxes mean it.

        Raises:
            BadData: the picture is damaged or not of the size that was told.
        """
        try:
            held = self.content
            content = held if isinstance(held, bytes) else held.read_bytes()
            picture = picture_files.opened(content)
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
    """Pictures of one split, the name of the split, and sentences on what was left out of it."""

    scenes: tuple[Scene, ...]
    split: str
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.scenes)

    def say(self) -> None:
        """Tell on standard error what was left out."""
        for sentence in self.left_out:
            print(sentence, file=sys.stderr)

    def contents(self) -> list[Any]:
        """What is learnt from, wherever it stands: pictures, things, sources."""
        return [(scene.content, scene.things, scene.source) for scene in self.scenes]

    def told(self) -> dict[str, str]:
        """The same for a card: ``left_out``, where there is something to tell."""
        return {"left_out": "; ".join(self.left_out)} if self.left_out else {}

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
            (taken whole, unless it has a column of splits), a folder of such files named by split,
            or a folder with pictures and their labels as COCO writes them, in any layout that
            `coco.labels_of` knows. Several are named with commas between them.

    Raises:
        BadData: nothing there that can be read, or fewer than ``least`` pictures; boxes that are
            no pixels.
    """
    left_out = LeftOut()
    told: list[str] = []
    found = [_read(one, split, left_out, told) for one in own_files.parts(source)]
    scenes = tuple(scene for part, _ in found for scene in part)
    name = " and ".join(name for _, name in found)
    labels = {thing.label for scene in scenes for thing in scene.things}
    told += (*left_out.sentences(), *nearly_alike(labels, name))
    if len(scenes) < least:
        missing = "".join(f"; {sentence}" for sentence in told)
        reason = f"it holds {len(scenes)} pictures: {least} or more are needed{missing}"
        raise BadData(path=source, reason=reason)
    return Scenes(scenes, name, tuple(told))


def _read(path: Path, split: str, left_out: LeftOut, told: list[str]) -> tuple[list[Scene], str]:
    """The pictures of one file or folder, and the split's name."""
    files = sorted(coco.seen(path, f"{split}*.parquet")) if path.is_dir() else [path]
    if path.is_file() and path.suffix.lower() == ".parquet":
        rows, name = _parquet(files, split, told), f"{path.resolve().parent.name}/{path.stem}"
    elif path.is_dir() and files:
        rows, name = _parquet(files, split, told), f"{path.resolve().name}/{split}"
    elif path.is_dir() and (labels := coco.labels_of(path, split)):
        name = f"{path.resolve().name}{f'/{split}' if labels[1] else ''}"
        rows = ((*row[:4], "own", row[4]) for row in coco.rows(path, labels[0], split, left_out))
    elif path.is_file() and path.suffix.lower() == ".json":
        beside = path.parent.parent if path.parent.name.lower() == "annotations" else path.parent
        name = f"{path.resolve().parent.name}/{path.stem}"
        rows = ((*row[:4], "own", row[4]) for row in coco.rows(beside, path, split, left_out))
    else:
        reason = (
            "it is neither a Parquet file nor a folder with such files or with annotations.json: "
            "check the path"
        )
        if not path.exists():
            reason = own_files.missing(path)
        elif others := coco.other_labels(path):
            reason = (
                f"its labels are in {named_briefly(others)}, and none of these is known to be "
                f"of {split}: name one of them as the data, or call it {split}.json"
            )
        elif path.is_dir() and (tables := sorted(coco.seen(path, "*.parquet"))):
            names = named_briefly([file.stem for file in tables])
            reason = f"it has no split {split}, but {names}: name one of these files as the data"
        elif kind := _other_labels(path):
            reason = f"its labels are {kind}: export them as COCO, with annotations.json"
        elif path.is_file():
            reason = own_files.other_kind(path) or reason
        elif any(map(is_picture, files_in(path))):
            reason = "it has pictures and no labels: add annotations.json, as COCO has it"
        raise BadData(path=path, reason=reason)
    every = list(rows)
    boxes.in_pixels([row[:4] for row in every], path)
    scenes = [_scene(*row, left_out) for row in every]
    if UNREAD in left_out.names and not any(scene.things for scene in scenes):
        reason = ". ".join(
            ["none of its boxes can be used: label them again", *left_out.sentences()]
        )
        raise BadData(path=path, reason=reason)
    return scenes, name


def _other_labels(path: Path) -> str | None:
    """Whose labels a file is, or what kind a folder has, how deep they ever lie, by what text files
    begin with and by the names of others."""
    every = [path] if path.is_file() else list(files_in(path))
    named = [PurePath(file.as_posix().lower()) for file in every]
    texts = [file for file in every if file.suffix.lower() == ".txt"]
    starts = [file.read_bytes()[:LOOKED_AT].decode("latin-1") for file in texts[:LOOKED_AT]]
    for kind, line in LINES.items():
        if any(re.search(f"^{line} *\r?$", start, re.MULTILINE) for start in starts):
            return kind
    for pattern, kind in OTHER_LABELS.items():
        if any(file.match(pattern) for file in named):
            return kind
    several = sum(file.suffix == ".json" for file in named)
    many = f"in {several} JSON files, of which none has COCO's lists"
    return many if several else None


Row = tuple[bytes | Path, Any, Any, list[tuple[Any, ...]], Any, str]
"""Picture, width, height, objects (label, box, segmentation, crowd), source, where it stands."""


def _parquet(files: list[Path], split: str, told: list[str]) -> Iterator[Row]:
    for file in files:
        table = of_split(own_files.table(file), split, file, told)
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
            yield content, row["width"], row["height"], things, row.get("source"), place


def _scene(
    content: bytes | Path,
    width: Any,
    height: Any,
    rows: list[tuple[Any, ...]],
    source: Any,
    place: str,
    left_out: LeftOut,
) -> Scene:
    """A picture with its objects; those without any width or height in it are left out."""
    sides = (width, height)
    if not all(isinstance(side, int | float) and 1 <= side <= rle.LARGEST for side in sides) or (
        int(width) != width or int(height) != height or width * height > rle.LARGEST
    ):
        reason = f"its width and height are no pixels of a picture ({str(sides)[:80]}): mend these"
        raise BadData(path=place, reason=reason)
    name, things = Path(place).name, []
    for label, bbox, segmentation, crowd in rows:
        try:
            mask = _mask(segmentation, int(height), int(width), name, left_out)
            if bbox in (None, []) and mask is not None:
                bbox = rle.box(mask)
            left, top, wide, high = (float(number) for number in bbox)
        except (TypeError, ValueError, OverflowError):
            left_out.add(UNREAD, f"{name}, {str(label)[:40]}")
            continue
        if not all(map(math.isfinite, (left, top, wide, high))):
            left_out.add(UNREAD, f"{name}, {str(label)[:40]}")
            continue
        box = (max(left, 0.0), max(top, 0.0), min(left + wide, width), min(top + high, height))
        if box[2] <= box[0] or box[3] <= box[1]:
            left_out.add("objects left out, their box has no width or height in the picture", name)
            continue
        if boxes.shares(np.array([[left, top, wide, high, width, height]])).all():
            left_out.add("objects left out, their box is smaller than a pixel", name)
            continue
        if max(-left, -top, left + wide - width, top + high - height) > CUT:
            left_out.add("boxes cut at the edge of their picture", name)
        if mask is not None and _apart(rle.box(mask), box):
            left_out.add("outlines left out, they lie outside of their box", name)
            mask = None
        things.append(Thing(str(label), box, mask, bool(crowd)))
    return Scene(content, int(width), int(height), tuple(things), str(source or "own"), place)


def _mask(
    segmentation: Any, height: int, width: int, name: str, left_out: LeftOut
) -> rle.Rle | None:
    """The mask of an object; None where it has none, or one that cannot be meant, which is told.

    Raises:
        ValueError: it is damaged.
    """
    try:
        mask = rle.of_coco(segmentation, height, width)
    except rle.OtherSize:
        left_out.add("outlines left out, their run lengths are not of the picture's size", name)
        return None
    if segmentation and mask is None:
        left_out.add("outlines of fewer than three corners, left out", name)
    return mask


def _apart(outline: Sequence[float], box: Sequence[float]) -> bool:
    """Whether an outline's box (left, top, width, height) is not that of its object (left, top,
    right, bottom): shares of the picture beside pixels, for instance. They share a twentieth of
    what both cover at most."""
    left, top, wide, high = outline
    across = max(0.0, min(left + wide, box[2]) - max(left, box[0]))
    down = max(0.0, min(top + high, box[3]) - max(top, box[1]))
    both = wide * high + (box[2] - box[0]) * (box[3] - box[1]) - across * down
    return across * down < APART * both


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
