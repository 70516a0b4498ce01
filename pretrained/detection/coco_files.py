"""Which file of a folder is the picture that labels call by some name."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from copy import copy
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pretrained.classification.folders import SUFFIXES, is_picture

#: What a split is called by one tool or another.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test",),
}


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

    def other_ending(self, name: Any) -> Path | None:
        """The one picture that has this name but for its ending, as .jpeg for .jpg."""
        path = PurePosixPath(str(name).replace("\\", "/"))
        if path.suffix.lower() not in SUFFIXES:
            return None
        stem = _key(path.stem)
        same = [
            file
            for key, files in self.names.items()
            if key.rpartition(".")[0] == stem
            for file in files
            if is_picture(file)
        ]
        return self._inside(same[0]) if len(same) == 1 else None

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
