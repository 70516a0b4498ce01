"""Where labelled pictures are found, and in which formats; none is decoded before it is asked for.

`listing` reads a Parquet file (columns ``img`` or ``image``, and ``label``), a folder of such
files, a folder with one sub-folder of pictures a class, or a data set on the Hub.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL import Image

from pretrained.errors import BadData
from pretrained.pixels import upright_rgb

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}


@dataclass(frozen=True)
class Listing:
    """Pictures not yet decoded: encoded bytes or files, with a label number each."""

    cells: list[bytes | Path]
    labels: list[int]
    names: tuple[str, ...]
    split: str

    def picture(self, number: int) -> Image.Image:
        """Decode one picture: RGB, upright, transparency on white, as serving does.

        Raises:
            BadData: it is damaged.
        """
        cell = self.cells[number]
        try:
            with Image.open(io.BytesIO(cell) if isinstance(cell, bytes) else cell) as picture:
                return upright_rgb(picture)
        except MemoryError:
            raise
        except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged data
            place = cell if isinstance(cell, Path) else f"{self.split}, row {number},"
            reason = "this picture is damaged: remove or replace it"
            raise BadData(path=place, reason=reason) from error


def listing(
    source: Path | str,
    split: str,
    names: Sequence[str] | None = None,
    synonyms: Mapping[str, int] = MappingProxyType({}),
) -> Listing:
    """Find the pictures of one split.

    Args:
        source: a Parquet file (taken whole), a folder of Parquet files named by split, a folder
            with one sub-folder of pictures a class (or one such folder a split), or the id of a
            data set on the Hub.
        split: which split of a folder or of a Hub data set.
        names: the classes that a model already has, so that label numbers agree with it.
        synonyms: the numbers of other names by which the data may call them.

    Raises:
        BadData: nothing there that can be read, or classes that do not fit ``names``.
    """
    path = Path(source)
    name = path.resolve().name
    if path.is_file():
        found = _parquet([path], f"{path.resolve().parent.name}/{path.stem}")
    elif path.is_dir():
        files = sorted(path.glob(f"{split}*.parquet"))
        if files:
            found = _parquet(files, f"{name}/{split}")
        elif (path / split).is_dir():
            found = _folders(path / split, f"{name}/{split}")
        else:
            found = _folders(path, name)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)) and not path.parent.is_dir():
        found = _hub(str(source), split)
    else:
        raise BadData(path=source, reason="there is nothing there: check the path")
    return _renumber(found, names, synonyms, source) if names is not None else found


def _parquet(files: list[Path], split: str) -> Listing:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells: list[bytes | Path] = []
    labels: list[Any] = []
    names: tuple[str, ...] = ()
    for file in files:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            reason = "it is not a readable Parquet file: fetch or write it again"
            raise BadData(path=file, reason=reason) from error
        column = _picture_column(table.column_names, file)
        names = names or _names_in(table.schema.metadata or {})
        cells += [_encoded(value, file) for value in table[column].to_pylist()]
        labels += table["label"].to_pylist()
    return _checked(cells, labels, names, split, files[0])


def _picture_column(columns: Sequence[str], path: Path | str) -> str:
    """The name of the column with the pictures; there must be one with labels, too."""
    column = next((c for c in ("img", "image") if c in columns), None)
    if column is None or "label" not in columns:
        reason = "it needs the columns image (or img) and label: rename its columns"
        raise BadData(path=path, reason=reason)
    return column


def _encoded(value: Any, path: Path | str) -> bytes:
    """The bytes of a picture, which `datasets` keeps beside a path, others by themselves."""
    content = value.get("bytes") if isinstance(value, Mapping) else value
    if not isinstance(content, bytes):
        reason = "a picture in it is not encoded bytes: store it as JPEG or PNG"
        raise BadData(path=path, reason=reason)
    return content


def _checked(
    cells: list[bytes | Path], labels: list[Any], names: Sequence[str], split: str, path: Path | str
) -> Listing:
    """A listing whose every label is the number of a class; without names, numbers name them."""
    if not labels:
        raise BadData(path=path, reason="it has no rows: check the file or name another split")
    missing = next((n for n, label in enumerate(labels) if not isinstance(label, int)), None)
    if missing is not None:
        reason = f"row {missing} has no whole number as its label: give it one or remove it"
        raise BadData(path=path, reason=reason)
    names = tuple(names) or tuple(str(i) for i in range(max(labels) + 1))
    if not 0 <= min(labels) <= max(labels) < len(names):
        reason = f"a label is not one of its {len(names)} classes: number them from 0"
        raise BadData(path=path, reason=reason)
    return Listing(cells, labels, names, split)


def _names_in(metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """Class names from the note that `datasets` leaves in a Parquet file, or none."""
    note = json.loads(metadata.get(b"huggingface", b"{}"))
    label = note.get("info", {}).get("features", {}).get("label", {})
    return tuple(label.get("names", ()))


def _folders(path: Path, split: str) -> Listing:
    names = sorted(p.name for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(names) < 2:
        reason = "it needs one sub-folder of pictures for each of two classes or more: sort them so"
        raise BadData(path=path, reason=reason)
    cells: list[bytes | Path] = []
    labels = []
    for number, name in enumerate(names):
        files = [f for f in sorted((path / name).rglob("*")) if f.suffix.lower() in SUFFIXES]
        if not files:
            reason = "no picture there ends in .jpg, .png or .webp: add some or remove the folder"
            raise BadData(path=path / name, reason=reason)
        cells += files
        labels += [number] * len(files)
    return Listing(cells, labels, tuple(names), split)


def _hub(name: str, split: str) -> Listing:
    import datasets

    try:
        rows = datasets.load_dataset(name, split=split)
    except (ValueError, datasets.exceptions.DatasetsError) as error:
        reason = f"the Hub gives no split {split} of it: check the id and the split's name"
        raise BadData(path=name, reason=reason) from error
    except OSError as error:
        reason = "it is neither a folder here nor to be had now: check the path and the network"
        raise BadData(path=name, reason=reason) from error
    column = _picture_column(rows.column_names, name)
    names = tuple(getattr(rows.features["label"], "names", ()))
    rows = rows.cast_column(column, datasets.Image(decode=False))
    cells = [
        Path(cell["path"]) if not cell["bytes"] and cell["path"] else _encoded(cell, name)
        for cell in rows[column]
    ]
    return _checked(cells, list(rows["label"]), names, f"{name}/{split}", name)


def _renumber(
    found: Listing, names: Sequence[str], synonyms: Mapping[str, int], source: Path | str
) -> Listing:
    """The same pictures, their labels counted as in ``names``."""
    number = {**synonyms, **{name: i for i, name in enumerate(names)}}
    unknown = sorted(set(found.names) - set(number))
    if unknown and found.names == tuple(str(i) for i in range(len(found.names))):
        if len(found.names) > len(names):
            reason = f"the model knows only {len(names)} classes: choose the model that fits"
            raise BadData(path=source, reason=reason)
        return Listing(found.cells, found.labels, tuple(names), found.split)
    if unknown:
        reason = f"the model does not know the class {unknown[0]!r}: rename it or leave it out"
        raise BadData(path=source, reason=reason)
    labels = [number[found.names[label]] for label in found.labels]
    return Listing(found.cells, labels, tuple(names), found.split)
