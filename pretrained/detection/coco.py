"""Folders of pictures with labels as COCO writes them, in the layouts of the tools that export so.

Labels are looked for where COCO itself, Roboflow, CVAT, Label Studio and VIA put them, and pictures
by the name that the labels have for them, however that machine wrote it: with backslashes, with
folders that are not here, accents as one character or as two, in other case. Two that would answer
to one name are never guessed between.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pretrained import picture_files, splits
from pretrained.classification.folders import files_in, is_picture, passed_over
from pretrained.detection import rle
from pretrained.errors import BadData
from pretrained.pixels import lies_on_its_side, upright_rgb

#: What a split is called by one tool or another.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test",),
}
#: Labels that belong to no split: COCO's, CVAT's, Roboflow's, Label Studio's.
WHOLE = (
    "annotations.json",
    "annotations/instances_default.json",
    "annotations/annotations.json",
    "_annotations.coco.json",
    "result.json",
)
#: So many of each kind are named, the others counted.
NAMED = 5
#: Boxes are corners where at least so many have an area, this part of them that of corners, and
#: less than the rest that of sides. By chance a few areas of any labels are those of corners.
AREAS, AGREED = 5, 0.95
LARGEST_SIDE = 1e9
DAMAGED = "pictures that are damaged or no pictures"
Row = tuple[Path, Any, Any, list[tuple[Any, ...]], str]
"""The picture's file, its width and height, its objects (label, box, segmentation, crowd), and what
to call it."""


class LeftOut:
    """Pictures and objects that were left out, cut or guessed, by reason."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def add(self, what: str, name: str) -> None:
        """One more: ``what`` is a plural such as "pictures that are damaged"."""
        self.names.setdefault(what, []).append(name)

    def sentences(self) -> tuple[str, ...]:
        """One for each reason: what, how many, and the first names."""
        return tuple(
            f"{what}: {len(names)} ({_listed(list(dict.fromkeys(names)))})"
            for what, names in self.names.items()
        )


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def labels_of(folder: Path, split: str) -> tuple[Path, bool] | None:
    """The file of a folder's labels, and whether it is of this split alone; None if there is none.

    Where no name is known a single JSON file is taken.
    """
    for name in SPLITS.get(split, (split,)):
        found = sorted(seen(folder / "annotations", f"instances_{name}*.json"))
        places = (f"{name}.json", f"{name}/_annotations.coco.json", f"{name}/annotations.json")
        found = [folder / places[0], *found, *(folder / place for place in places[1:])]
        if file := next((file for file in found if file.is_file()), None):
            return file, True
    if file := next((folder / name for name in WHOLE if (folder / name).is_file()), None):
        return file, False
    others = sorted(
        file
        for file in (found for depth in ("*", "*/*", "*/*/*") for found in folder.glob(depth))
        if file.suffix.lower() == ".json"
        and not any(part.startswith((".", "__MACOSX")) for part in file.relative_to(folder).parts)
    )
    called = {
        file: splits.named(file.stem, split) or splits.named(file.parent.name, split)
        for file in others
    }
    for own in (split, None):
        rest = [file for file in others if called[file] == own]
        usual = [file for file in rest if file.stem.lower().startswith("instances")]
        if len(rest) == 1 or len(usual) == 1:
            return (usual or rest)[0], own is not None
    return None


def other_labels(folder: Path) -> list[str]:
    """Every JSON file of a folder, however deep, that has COCO's lists."""
    found = []
    for file in files_in(folder) if folder.is_dir() else ():
        if file.suffix.lower() == ".json":
            with suppress(BadData):
                _told(file)
                found.append(file.relative_to(folder).as_posix())
    return found


def seen(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that are not hidden (macOS leaves ``._name`` beside ``name``)."""
    return [file for file in folder.glob(pattern) if not file.name.startswith(".")]


def rows(folder: Path, labels: Path, split: str, left_out: LeftOut) -> Iterator[Row]:
    """Every picture that is there, with its objects.

    Raises:
        BadData: the labels are no COCO file, or contradict themselves.
    """
    told = _told(labels)
    names = _classes(told["categories"], labels)
    if _are_corners(told["annotations"]):
        reason = (
            "its boxes seem to be left, top, right, bottom: COCO's are left, top, width, height; "
            "take left from right and top from bottom"
        )
        raise BadData(path=labels, reason=reason)
    things: dict[str, list[tuple[Any, ...]]] = {}
    for one in told["images"]:
        key = _id(one, "id", labels)
        if key in things:
            raise BadData(path=labels, reason=f"two pictures have the id {key[:40]}: export again")
        things[key] = []
    _put(told, things, names, labels, left_out)
    yield from _pictures(told["images"], things, Files(folder, labels, split), labels, left_out)


def _put(
    told: dict[str, list[dict[str, Any]]],
    things: dict[str, list[tuple[Any, ...]]],
    names: dict[str, str],
    labels: Path,
    left_out: LeftOut,
) -> None:
    """Each object to its picture in ``things``, which are called by id; some call them by name."""
    called = {str(one.get("file_name")): _id(one, "id", labels) for one in told["images"]}
    seen: set[tuple[str, str, str]] = set()
    for one in told["annotations"]:
        kind, picture = (_id(one, name, labels) for name in ("category_id", "image_id"))
        if kind not in names:
            reason = (
                f"an object is of category {kind[:40]}, which categories lacks: export it again"
            )
            raise BadData(path=labels, reason=reason)
        if picture not in things:
            picture = called.get(picture, picture)
        if picture not in things:
            left_out.add("objects of pictures that are not listed", f"id {picture[:40]}")
            continue
        crowd = one.get("iscrowd") not in (None, 0, False, "", "0", "0.0", "false", "False")
        if crowd:
            left_out.add("crowds, which are not learnt as objects", f"id {picture[:40]}")
        row = (names[kind], one.get("bbox"), one.get("segmentation"), crowd)
        if _is_box(one.get("bbox")):
            same = (picture, kind, str(one["bbox"]))
            if same in seen:
                left_out.add("objects that are listed twice, left out once", f"id {picture[:40]}")
                continue
            seen.add(same)
        things[picture].append(row)


def _pictures(
    listed: list[dict[str, Any]],
    things: dict[str, list[tuple[Any, ...]]],
    files: Files,
    labels: Path,
    left_out: LeftOut,
) -> Iterator[Row]:
    """Those that are there and as large as they are told; a file that is listed again adds its
    objects to the first."""
    found: dict[Path, Row] = {}
    there: set[Path] = set()
    for one in listed:
        key = _id(one, "id", labels)
        name = _field(one, "file_name", labels, "images")
        file = files.find(name)
        if file is None:
            left_out.add("pictures that are not beside the labels", str(name)[:80])
            continue
        if file in found:
            left_out.add("pictures that are listed twice, taken once", file.name)
            found[file][3].extend(row for row in things[key] if row not in found[file][3])
            continue
        there.add(file)
        sizes = _sizes(file)
        if isinstance(sizes, str):
            left_out.add(sizes, file.name)
            continue
        width, height = (
            _side(one.get(side)) or usual
            for side, usual in zip(("width", "height"), sizes[0], strict=True)
        )
        if (width, height) not in sizes and _plausible(width, height):
            left_out.add("pictures of another size than their labels say", file.name)
            continue
        if not things[key]:
            left_out.add("pictures without a labelled object, taken as empty", file.name)
        found[file] = (file, width, height, things[key], str(file))
    yield from found.values()
    unlisted = [
        file
        for place in sorted({file.parent for file in there})
        for file in sorted(place.iterdir())
        if file not in there and not passed_over(file) and is_picture(file)
    ]
    for file in _of_no_labels(unlisted, files, labels):
        left_out.add("pictures that the labels do not list, left out", file.name)


def _of_no_labels(unlisted: list[Path], files: Files, labels: Path) -> list[Path]:
    """Those that no other file of labels lists either: splits may share a folder of pictures."""
    for other in files.json_files():
        if not unlisted:
            break
        if other.resolve() == labels.resolve():
            continue
        try:
            names = [one.get("file_name") for one in _told(other)["images"]]
        except BadData:
            continue  # it is not of COCO's kind
        its = files.as_of(other)
        listed = {its.find(name) for name in names}
        unlisted = [file for file in unlisted if file not in listed]
    return unlisted


def _are_corners(annotations: list[dict[str, Any]]) -> bool:
    """Whether boxes are left, top, right and bottom by the areas that are told of them."""
    counted = corners = sides = 0
    for one in annotations:
        box: Any = one.get("bbox")
        area: Any = one.get("area")
        if one.get("segmentation") or not _is_box(box) or not isinstance(area, int | float):
            continue
        left, top, right, bottom = box
        if (left == top == 0) or not 0 < area < LARGEST_SIDE**2:
            continue  # at the origin both are the same
        counted += 1
        corners += _near((right - left) * (bottom - top), area)
        sides += _near(right * bottom, area)
    return counted >= AREAS and corners >= AGREED * counted and sides < (1 - AGREED) * counted


def _is_box(value: Any) -> bool:
    """Whether it is four numbers of a size that pixels have."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(side, int | float) and abs(side) < LARGEST_SIDE for side in value)
    )


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 0.02 * other


def _side(value: Any) -> Any:
    """A side in pixels, which some tools write as text."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


def _classes(categories: list[dict[str, Any]], labels: Path) -> dict[str, str]:
    """Each category's name by its id.

    Raises:
        BadData: one has no name, or an id stands for two names.
    """
    names: dict[str, str] = {}
    for one in categories:
        key, name = _id(one, "id", labels), _name(_field(one, "name", labels, "categories"))
        if not name:
            reason = f"the category with the id {key[:40]} has an empty name: give it one"
            raise BadData(path=labels, reason=reason)
        if names.setdefault(key, name) != name:
            reason = (
                f"two categories have the id {key[:40]}, {names[key][:40]} and {name[:40]}: "
                "export again"
            )
            raise BadData(path=labels, reason=reason)
    return names


class Files:
    """The pictures of a folder, by the names that labels may have for them.

    A name is compared with its accents composed (macOS takes them apart) and in lower case.
    """

    def __init__(self, folder: Path, labels: Path, split: str) -> None:
        self.folder = folder.resolve()
        self.near = self._beside(labels, SPLITS.get(split, (split,)))
        self.paths: dict[str, list[Path]] = defaultdict(list)
        self.names: dict[str, list[Path]] = defaultdict(list)
        for place, inner, files in os.walk(self.folder):
            inner[:] = [name for name in inner if not name.startswith((".", "__MACOSX"))]
            for name in files:
                if not name.startswith("."):
                    path = Path(place) / name
                    self.paths[_key(path.relative_to(self.folder).as_posix())].append(path)
                    self.names[_key(name)].append(path)

    def _beside(self, labels: Path, aliases: tuple[str, ...]) -> list[str]:
        """Where the pictures of labels are looked for first; a link that leads out is passed by."""
        folder, tail = self.folder, labels.stem.removeprefix("instances_")
        near = [labels.parent, folder, labels.parent / "images", folder / "images"]
        both = (folder, folder / "images")
        near += [place / alias for alias in (tail, *aliases) for place in both]
        inside = [place.resolve() for place in near if place.resolve().is_relative_to(folder)]
        return [_key(place.relative_to(folder).as_posix()) for place in inside]

    def as_of(self, labels: Path) -> Files:
        """The same files by the names that other labels have for them."""
        its = copy(self)
        its.near = self._beside(labels, ())
        return its

    def json_files(self) -> list[Path]:
        """Every JSON file of the folder."""
        return [file for key, same in self.paths.items() if key.endswith(".json") for file in same]

    def find(self, name: Any) -> Path | None:
        """The file that labels call so; None if there is none, or more than one that may be it."""
        if not isinstance(name, str):
            return None
        for spelled in _spellings(name):
            if file := self._find(spelled):
                return file
        return None

    def _find(self, name: str) -> Path | None:
        posix = PurePosixPath(name.replace("\\", "/"))
        for place in self.near:
            if file := _only(self.paths.get(_key((PurePosixPath(place) / posix).as_posix())), name):
                return self._inside(file)
        same = self.names.get(_key(posix.name), [])
        for depth in range(min(len(posix.parts), 8), 0, -1):  # as many folders as agree
            tail = _key("/".join(posix.parts[-depth:]))
            ends = [file for file in same if ("/" + _key(file.as_posix())).endswith("/" + tail)]
            if ends:
                return self._inside(_only(ends, name))
        return None

    def _inside(self, file: Path | None) -> Path | None:
        """A link that leads out of the folder is no picture of it."""
        return file if file and self.folder in file.resolve().parents else None


def _spellings(name: str) -> list[str]:
    """A name as it stands, then as an address would have it: without its query, with its percent
    signs undone, or what Label Studio puts after ``?d=``."""
    query = parse_qs(urlsplit(name).query).get("d", []) if "?" in name else []
    return list(dict.fromkeys([name, *query, unquote(name), unquote(name.partition("?")[0])]))


def _only(files: list[Path] | None, name: str) -> Path | None:
    """The single one, or the one that is written just so."""
    if not files or len(files) == 1:
        return files[0] if files else None
    exact = [file for file in files if file.name == name.replace("\\", "/").rsplit("/", 1)[-1]]
    return exact[0] if len(exact) == 1 else None


def _key(name: str) -> str:
    parts = [part.strip() for part in name.split("/") if part not in ("", ".")]
    return unicodedata.normalize("NFKC", "/".join(parts)).casefold()


def _told(labels: Path) -> dict[str, list[dict[str, Any]]]:
    """The three lists of a file of labels, in whichever Unicode encoding it is."""
    try:
        told = json.loads(labels.read_bytes())  # finds out the encoding, with or without its mark
    except (OSError, ValueError, RecursionError) as error:
        reason = f"it is no readable JSON ({type(error).__name__}): export it again"
        raise BadData(path=labels, reason=reason) from error
    for part in ("images", "annotations", "categories"):
        value = told.get(part) if isinstance(told, dict) else None
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            reason = f"it has no list called {part}, as COCO's labels have: export it as COCO"
            raise BadData(path=labels, reason=reason)
    return told


def _field(row: dict[str, Any], name: str, labels: Path, part: str) -> Any:
    if row.get(name) is None:
        reason = f"one of its {part} has no {name}: export it again"
        raise BadData(path=labels, reason=reason)
    return row[name]


def _id(row: dict[str, Any], name: str, labels: Path) -> str:
    """An id as text: some tools write 100, others "100"."""
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,40}(\.0+)?\s*", value):
        value = int(value.partition(".")[0])
    if isinstance(value, bool) or not isinstance(value, int | str):
        reason = f"one of its rows has no number or text as {name}: export it again"
        raise BadData(path=labels, reason=reason)
    return str(value).strip()


def _name(value: Any) -> str:
    """A class's name, accents composed, so that one name is one class."""
    return unicodedata.normalize("NFC", str(value)).strip()


def _sizes(file: Path) -> list[tuple[int, int]] | str:
    """Width and height as stored, and as it is shown where the camera was turned; why it is left
    out where it is no picture or damaged, however far in."""
    try:
        picture = picture_files.opened(file.read_bytes())
        size = picture.size
        turned = [size[::-1]] if lies_on_its_side(picture) else []
        picture.draft("RGB", (64, 64))  # of a JPEG an eighth is decoded
        upright_rgb(picture, 64)
        return [size, *turned]
    except MemoryError:
        raise
    except picture_files.NoPicture as error:
        if error.code == "picture_heic":
            return "HEIC pictures, which cannot be read here: save them as JPEG"
        return DAMAGED
    except Exception:  # Pillow's plug-ins raise nearly anything on damaged data
        return DAMAGED


def _plausible(*sides: Any) -> bool:
    """Whether these may be sides of a picture; what may not is refused by whoever reads on."""
    return all(isinstance(side, int) and 1 <= side <= rle.LARGEST for side in sides)
