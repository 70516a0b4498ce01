"""Folders of pictures with labels as COCO writes them, in the layouts of the tools that export so.

Labels are looked for where COCO itself, Roboflow, CVAT, Label Studio and VIA put them, and pictures
by the name that the labels have for them, however that machine wrote it: with backslashes, with
folders that are not here, accents as one character or as two, in other case. Two that would answer
to one name are never guessed between.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pretrained import picture_files, splits
from pretrained.classification.decoding import oddities
from pretrained.classification.folders import files_in, is_picture, passed_over
from pretrained.detection import boxes, rle
from pretrained.detection.coco_files import SPLITS, Files
from pretrained.errors import BadData
from pretrained.pixels import is_turned, lies_on_its_side, upright_rgb

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
    forms = {str(one.get("name")).strip() for one in told["categories"]}
    for name in sorted(form for form in forms if form not in names.values()):
        left_out.add("names of classes in another Unicode form, taken as one", name)
    if boxes.are_corners(told["annotations"]):
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
    lacking: list[str] = []
    for one in told["annotations"]:
        kind, picture = (_id(one, name, labels) for name in ("category_id", "image_id"))
        if kind not in names:
            lacking.append(kind[:40])
            continue
        if picture not in things:
            picture = called.get(picture, picture)
        if picture not in things:
            left_out.add("objects of pictures that are not listed", f"id {picture[:40]}")
            continue
        crowd, ignored = _marked(one.get("iscrowd")), _marked(one.get("ignore"))
        place = f"id {picture[:40]}"
        if crowd:
            left_out.add("crowds, which are not learnt as objects", place)
        elif ignored:
            marked = "objects that are marked to be ignored, which are not learnt as objects"
            left_out.add(marked, place)
        if one.get("score") is not None:
            left_out.add("objects with a score, as a detector writes them, taken as sure", place)
        box = one.get("bbox")
        if boxes.is_box(box) and (turned := boxes.turned(one)):
            box = turned
            around = "turned boxes, in whose place the upright box around each is taken"
            left_out.add(around, place)
        row = (names[kind], box, one.get("segmentation"), crowd or ignored)
        if boxes.is_box(box):
            same = (picture, kind, str(box))
            if same in seen:
                left_out.add("objects that are listed twice, left out once", place)
                continue
            seen.add(same)
        things[picture].append(row)
    if lacking and len(lacking) == len(told["annotations"]):
        reason = f"an object is of category {lacking[0]}, which categories lacks: export it again"
        raise BadData(path=labels, reason=reason)
    for each in lacking:
        left_out.add("objects of a category that categories lacks", f"id {each}")


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
        if file is None and (file := files.other_ending(name)):
            left_out.add("pictures found under another ending", f"{str(name)[:80]} as {file.name}")
        if file is None:
            left_out.add("pictures that are not beside the labels", str(name)[:80])
            continue
        if file in found:
            left_out.add("pictures that are listed twice, taken once", file.name)
            found[file][3].extend(row for row in things[key] if row not in found[file][3])
            continue
        there.add(file)
        sizes, odd = _looked_at(file)
        if not sizes:
            left_out.add(odd[0], file.name)
            continue
        for what in odd:
            left_out.add(f"pictures that {what}", file.name)
        sides = [_side(one.get(side)) for side in ("width", "height")]
        width, height = (side or usual for side, usual in zip(sides, sizes[0], strict=True))
        turned = "pictures that the camera turned, their boxes taken as drawn on them"
        if len(sizes) > 1 and sizes[0] == sizes[1] and things[key]:
            left_out.add(f"{turned} as shown", file.name)
        elif len(sizes) > 1 and not all(sides) and things[key]:
            left_out.add(f"{turned} as stored", file.name)
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


def _marked(value: Any) -> bool:
    """Whether a flag is set, as numbers or as text."""
    return value not in (None, 0, False, "", "0", "0.0", "false", "False")


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


def _looked_at(file: Path) -> tuple[list[tuple[int, int]], list[str]]:
    """Width and height as stored, and as it is shown where the camera was turned, with what is
    told of the picture; no sizes, and why, where it is no picture or damaged, however far in."""
    try:
        picture = picture_files.opened(file.read_bytes())
        size = picture.size
        shown = size[::-1] if lies_on_its_side(picture) else size
        picture.draft("RGB", (64, 64))  # of a JPEG an eighth is decoded
        upright_rgb(picture, 64)
        return [size, shown] if is_turned(picture) else [size], oddities(picture)
    except MemoryError:
        raise
    except picture_files.NoPicture as error:
        if error.code == "picture_heic":
            return [], ["HEIC pictures, which cannot be read here: save them as JPEG"]
        return [], [DAMAGED]
    except Exception:  # Pillow's plug-ins raise nearly anything on damaged data
        return [], [DAMAGED]


def _plausible(*sides: Any) -> bool:
    """Whether these may be sides of a picture; what may not is refused by whoever reads on."""
    return all(isinstance(side, int) and 1 <= side <= rle.LARGEST for side in sides)
