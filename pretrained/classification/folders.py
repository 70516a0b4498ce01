"""A folder with one sub-folder of pictures a class, as people have them.

What cameras, file managers and notebooks leave there is passed over: hidden files and folders,
``._*``, ``__MACOSX``, thumbnails. Whatever else is left out is counted and named, all of it at
once; what was guessed is said.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pretrained import splits
from pretrained.errors import BadData

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".gif"}
SUFFIXES |= {".tif", ".tiff", ".avif", ".heic", ".heif"}
#: What systems, network drives and tools leave beside pictures.
SYSTEM = {"__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "lost+found"}
SYSTEM |= {"$recycle.bin", "system volume information", "@eadir", "#recycle", "@recycle"}
SYSTEM |= {"__pycache__", "thumbs.db:encryptable"}
#: What parts for cross-validation are called; folders of pictures, and of their masks.
FOLD = re.compile(r"(?:fold|split|cv|第|折)[ _-]*\d+ *折?", re.IGNORECASE)
PICTURES = {"images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "图片", "图像"}
MASKS = {"masks", "mask", "labels", "annotations", "segmentationclass", "segmentationobject"}
MASKS |= {"ground truth", "ground_truth", "groundtruth", "gt", "掩码", "标注", "标签"}
#: Endings of archives: some programs export one for each class.
ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".tgz", ".gz"}
NAMED = 40  # files that one sentence names at most


@dataclass(frozen=True)
class Found:
    """``files`` as (class, file), ``names`` of the classes, ``split`` of the folder or none, and
    sentences on what was left out, guessed, or is odd."""

    files: list[tuple[str, Path]]
    names: tuple[str, ...]
    split: str
    told: tuple[str, ...]


def sorted_by_class(folder: Path, split: str) -> Found:
    """The pictures of every class.

    Args:
        folder: one sub-folder a class; or one such folder a split (train, val, test ...).
        split: which one to take, where it has splits.

    Raises:
        BadData: no two classes there, or no such split; folds, or pictures and their masks.
    """
    told: list[str] = []
    top, named = split_of(_unpacked(folder, split, told), split, told)
    top = _unpacked(top, split, told, named)
    files: list[tuple[str, Path]] = []
    strangers: list[str] = []
    spelled: dict[str, list[str]] = defaultdict(list)
    within = _split_in_classes(top, split, told)
    named = named or (split if within else "")
    for sub in folders_in(top):
        name = class_name(sub.name)
        spelled[name].append(sub.name)
        for file in files_in(within.get(sub, sub)):
            if is_picture(file):
                files.append((name, file))
            else:
                strangers.append(file.relative_to(top).as_posix())
    classes = {name for name, _ in files}
    empty = [name for name in spelled if name not in classes]
    loose = [f.name for f in sorted(top.iterdir()) if f.is_file() and not passed_over(f)]
    for count, what, names in (
        (len(strangers), "no picture that is read here", strangers),
        (len(empty), "a folder without pictures, so no class", empty),
        (len(loose), "beside the folders of the classes, so of no class", loose),
    ):
        if count:
            told.append(f"{top}: left out, {what}: {count} ({named_briefly(names)})")
    for name, spellings in spelled.items():
        if len(spellings) > 1:
            told.append(f"{top}: {len(spellings)} folders are called {name!r}: they are one class")
    if reason := _no_classes(sorted(classes), top):
        raise BadData(path=folder, reason=reason)
    told += _odd(files, classes, top)
    if len(classes) < 2:
        packed = any(Path(name).suffix.lower() in ARCHIVES for name in loose)
        reason = "it needs one sub-folder of pictures for each of two classes or more: " + (
            "unpack each archive into one" if packed else "sort them so"
        )
        if told:
            reason += ". " + ". ".join(told)
        raise BadData(path=folder, reason=reason)
    return Found(files, tuple(sorted(classes)), named, tuple(told))


def _no_classes(names: Sequence[str], top: Path) -> str | None:
    """Why folders are no classes: they are parts for cross-validation, each with the same classes,
    or they hold pictures and what goes with each of them; None where they may be classes."""
    inside = {tuple(class_name(one.name) for one in folders_in(sub)) for sub in folders_in(top)}
    alike = len(inside) == 1 and len(inside.pop()) > 1
    if len(names) > 1 and alike and all(FOLD.fullmatch(name) for name in names):
        return (
            f"its folders {named_briefly(names)} are parts for cross-validation and no classes: "
            "put the pictures of each class together, or name one of these folders as the data"
        )
    plain = {name.casefold() for name in names}
    if plain & PICTURES and plain & MASKS and plain <= PICTURES | MASKS:
        return (
            f"its folders {named_briefly(names)} hold pictures and their masks and are no classes: "
            "put the pictures of each class into a folder of its own"
        )
    return None


def class_name(folder: str) -> str:
    """What a class is called by the name of its folder: in the one Unicode form in which most write
    it (é is one character), with single blanks; a name that is no UTF-8 is read as Chinese, as
    archives made on a Chinese Windows leave it."""
    try:
        folder.encode("utf-8")
    except UnicodeEncodeError:
        folder = os.fsencode(folder).decode("gb18030", "replace")
    return " ".join(unicodedata.normalize("NFC", folder).split())


def passed_over(path: Path) -> bool:
    """Whether a system or an office program made it, not a photographer."""
    return path.name.startswith((".", "~$")) or path.name.lower() in SYSTEM


def folders_in(folder: Path) -> list[Path]:
    """The sub-folders that people made, by name; no link to what it stands in."""
    return [
        p for p in sorted(folder.iterdir()) if p.is_dir() and not passed_over(p) and not _loop(p)
    ]


def _loop(path: Path) -> bool:
    """Whether a link leads to a folder that it stands in."""
    return path.is_symlink() and path.resolve() in path.absolute().parents


def files_in(folder: Path) -> Iterator[Path]:
    """Every file that people put there, in sub-folders too, by name."""
    for path in sorted(folder.iterdir()):
        if passed_over(path):
            continue
        if path.is_dir():
            if not _loop(path):
                yield from files_in(path)
        else:
            yield path


def is_picture(file: Path) -> bool:
    """Whether a file is named as a picture, or begins like one."""
    if not file.is_file():  # a link to nowhere
        return False
    if file.suffix.lower() in SUFFIXES:
        return True
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError:
        return False
    if not file.suffix and start.startswith((b"II*\0", b"MM\0*", b"BM")):
        return True
    boxed = start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1")
    riff = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    return boxed or riff or start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8"))


def split_of(folder: Path, split: str, told: list[str], least: int = 2) -> tuple[Path, str]:
    """The folder of a split and its name; the folder itself where it has none.

    A class may be called so, too, trains for instance: so either every folder is a split's, or it
    holds ``least`` folders.
    """
    named = {sub: splits.named(sub.name, split) for sub in folders_in(folder)}
    certain = len(named) > 1 and all(named.values())
    there = {
        name: sub
        for sub, name in named.items()
        if name and (certain or len(folders_in(sub)) >= least)
    }
    if not there:
        return folder, ""
    if split not in there:
        reason = (
            f"it has the splits {named_briefly(sorted(there))} and no {split}: name the folder of "
            f"one of them as the data, or rename it to {split}"
        )
        raise BadData(path=folder, reason=reason)
    others = [sub.name for sub in named if sub != there[split]]
    if others:
        told.append(
            f"{folder}: it has splits; {there[split].name} is taken, not {named_briefly(others)}"
        )
    return there[split], split


def _split_in_classes(top: Path, split: str, told: list[str]) -> dict[Path, Path]:
    """The folder of the split in the folder of each class, where all have such; none otherwise, and
    then it is told which folders count as one class."""
    inside = {sub: folders_in(sub) for sub in folders_in(top)}
    inside = {sub: parts for sub, parts in inside.items() if parts}
    found = {
        sub: {splits.named(part.name, split): part for part in parts}
        for sub, parts in inside.items()
    }
    if len(found) > 1 and all(split in parts and None not in parts for parts in found.values()):
        others = sorted({str(name) for parts in found.values() for name in parts} - {split})
        if others:
            told.append(
                f"{top}: its classes have splits; {split} is taken, not {named_briefly(others)}"
            )
        return {sub: parts[split] for sub, parts in found.items()}
    for sub, parts in inside.items():
        names = [part.name for part in parts if any(map(is_picture, files_in(part)))]
        if len(names) > 1:
            whole = f"{top}: the pictures in the folders of {named_briefly([sub.name])}"
            told.append(f"{whole} are one class ({named_briefly(names)})")
    return {}


def _unpacked(folder: Path, split: str, told: list[str], within: str = "") -> Path:
    """Further in, where an archive left one folder in another; the folder of a split is not passed
    by, unless it is ``within`` one."""
    inside = folders_in(folder)
    while (
        len(inside) == 1
        and folders_in(inside[0])
        and (within or not splits.named(inside[0].name, split))
        and not any(is_picture(f) for f in folder.iterdir() if f.is_file())
    ):
        told.append(f"{folder}: the classes are taken from {inside[0].name}, all that it holds")
        folder = inside[0]
        inside = folders_in(folder)
    return folder


def _odd(files: Sequence[tuple[str, Path]], classes: set[str], top: Path) -> Iterator[str]:
    """Sentences on copies, and on classes whose names differ in capitals or width only."""
    yield from nearly_alike(classes, str(top))
    copies = _copies(files)
    across = [group for group in copies if len({name for name, _ in group}) > 1]
    for groups, what in (
        (across, "stand in two classes or more, so that one of them is wrong"),
        (
            [g for g in copies if g not in across],
            "are there twice or more: what is kept aside may "
            "have been learnt from, and then the figures flatter",
        ),
    ):
        if groups:
            names = [group[0][1].relative_to(top).as_posix() for group in groups]
            yield f"{top}: {len(groups)} pictures {what} ({named_briefly(names)})"


def nearly_alike(classes: Iterable[str], top: str) -> Iterator[str]:
    """A sentence for each few classes whose names differ in capitals, width or blanks only."""
    lowered: dict[str, list[str]] = defaultdict(list)
    for name in sorted(classes):
        plain = unicodedata.normalize("NFKC", name).casefold()
        lowered[" ".join(re.split(r"[\s_-]+", plain))].append(name)
    for alike in lowered.values():
        if len(alike) > 1:
            several = f"{top}: {' and '.join(alike)} are learnt as {len(alike)} classes"
            yield f"{several}: if they are one, put them together"


def _copies(files: Sequence[tuple[str, Path]]) -> list[list[tuple[str, Path]]]:
    """Groups of files that are equal byte by byte. Only those of equal size are read."""
    sizes: dict[int, list[tuple[str, Path]]] = defaultdict(list)
    for one in files:
        sizes[one[1].stat().st_size].append(one)
    groups: dict[bytes, list[tuple[str, Path]]] = defaultdict(list)
    for alike in sizes.values():
        for one in alike if len(alike) > 1 else ():
            groups[hashlib.sha256(one[1].read_bytes()).digest()].append(one)
    return [group for group in groups.values() if len(group) > 1]


def named_briefly(names: Sequence[str], most: int = NAMED) -> str:
    """Names in a row, the first ``most`` of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    shown = (os.fsencode(name).decode("utf-8", "replace") for name in names[:most])
    return ", ".join(shown) + more
