"""Where labelled pictures are found, and in which formats; none is decoded before it is asked for.

`listing` reads a Parquet file (columns ``img`` or ``image``, and ``label``), a folder of such
files, a folder with one sub-folder of pictures a class (`folders`), or a data set on the Hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PIL import Image

from pretrained import own_files, splits
from pretrained.classification import folders
from pretrained.classification.decoding import decoded
from pretrained.errors import BadData

if TYPE_CHECKING:
    import pyarrow

MOST_CLASSES = 100_000  # that numbers may name: each of them takes memory
HUB_SECONDS = 5.0  # to find out whether the Hub has such a data set


@dataclass(frozen=True)
class Listing:
    """Pictures not yet decoded: encoded bytes or files, with a label number each; and sentences on
    what was left out, guessed, or is odd."""

    cells: list[bytes | Path]
    labels: list[int]
    names: tuple[str, ...]
    split: str
    told: tuple[str, ...] = ()

    def place(self, number: int) -> str:
        """Where one picture stands."""
        cell = self.cells[number]
        return str(cell) if isinstance(cell, Path) else f"{self.split}, row {number},"

    def picture(self, number: int) -> Image.Image:
        """Decode one picture: RGB, upright, transparency on white, as serving does.

        Raises:
            BadData: it is damaged, or of a kind that is not read.
        """
        return decoded(self.cells[number], self.place(number))


def listing(
    source: Path | str,
    split: str,
    names: Sequence[str] | None = None,
    synonyms: Mapping[str, int] = MappingProxyType({}),
) -> Listing:
    """Find the pictures of one split.

    Args:
        source: a Parquet file (taken whole, unless it has a column of splits), a folder of Parquet
            files named by split, a folder with one sub-folder of pictures a class (or one such
            folder a split), or the id of a data set on the Hub.
        split: which split of a folder, of a table or of a Hub data set.
        names: the classes that a model already has, so that label numbers agree with it.
        synonyms: the numbers of other names by which the data may call them.

    Raises:
        BadData: nothing there that can be read, or classes that do not fit ``names``.
    """
    path = Path(source).expanduser()
    name = path.resolve().name
    if path.is_file():
        found = _parquet([path], f"{path.resolve().parent.name}/{path.stem}", split)
    elif path.is_dir():
        tables = _tables(path, split)
        if tables:
            found = _parquet(tables, f"{name}/{split}", split)
        else:
            found = _folders(path, name, split)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)) and not path.parent.is_dir():
        found = _hub(str(source), split)
    else:
        raise BadData(path=source, reason=own_files.missing(path))
    found = replace(found, names=tuple(map(folders.class_name, found.names)))
    return _renumber(found, names, synonyms, source) if names is not None else found


def _tables(path: Path, split: str) -> list[Path]:
    """The Parquet files of a split, in the folder or in its ``data``, as the Hub lays them."""
    there = [*path.iterdir(), *(path / "data").glob("*")]
    every = sorted(
        f for f in there if f.suffix.lower() == ".parquet" and not folders.passed_over(f)
    )
    chosen = [
        file
        for file in every
        if file.name.startswith(split) or splits.named(file.stem, split) == split
    ]
    if every and not chosen:
        names = ", ".join(sorted({re.split(r"[-.]", file.name)[0] for file in every}))
        reason = f"it has no split {split}, but {names}: name one of these files as the data"
        raise BadData(path=path, reason=reason)
    return chosen


def _folders(path: Path, name: str, split: str) -> Listing:
    found = folders.sorted_by_class(path, split)
    cells = [file for _, file in found.files]
    number = {label: n for n, label in enumerate(found.names)}
    labels = [number[label] for label, _ in found.files]
    split = f"{name}/{found.split}" if found.split else name
    return Listing(list(cells), labels, found.names, split, found.told)


#: What the columns with the pictures and the labels may be called, in small letters.
PICTURE = ("img", "image", "images", "picture", "photo", "图片", "图像")
LABEL = ("label", "labels", "class", "category", "target", "标签", "类别")
#: What stands for a label that is missing, as programs save it.
MISSING = ("", "nan", "NaN", "<NA>")


def of_split(table: pyarrow.Table, split: str, file: Path, told: list[str]) -> pyarrow.Table:
    """The rows of a table that its column of splits, if it has one, says are of a split; all of
    them where it knows one split alone.

    Raises:
        BadData: it has other splits, and none of these.
    """
    place = splits.column(table.column_names)
    if place is None:
        return table
    name = table.column_names[place]
    kept = splits.rows_of(split, table[name].to_pylist(), name, file, told)
    return table if kept is None else table.take(kept)


def _parquet(files: list[Path], name: str, split: str) -> Listing:
    told: list[str] = []
    cells: list[Any] = []
    labels: list[Any] = []
    names: tuple[str, ...] = ()
    for file in files:
        table = of_split(own_files.table(file), split, file, told)
        picture, label = _columns(table.column_names, file)
        names = names or _names_in(table.schema.metadata or {}, label)
        cells += [_encoded(value, file) for value in table[picture].to_pylist()]
        labels += table[label].to_pylist()
    found = _checked(cells, labels, names, name, files[0])
    return replace(found, told=(*told, *found.told))


def _columns(columns: Sequence[str], path: Path | str) -> tuple[str, str]:
    """The names of the columns with the pictures and with the labels."""
    lower = {column.strip().lower(): column for column in columns}
    picture, label = (
        next((lower[name] for name in names if name in lower), None) for names in (PICTURE, LABEL)
    )
    if picture is None or label is None:
        reason = (
            f"it needs the columns image (or img) and label, and has {', '.join(columns)[:80]}: "
            "rename its columns"
        )
        raise BadData(path=path, reason=reason)
    return picture, label


def _encoded(value: Any, path: Path | str) -> bytes | None:
    """The bytes of a picture, which `datasets` keeps beside a path, others by themselves; None
    where there is none."""
    content = value.get("bytes") if isinstance(value, Mapping) else value
    if content is not None and not isinstance(content, bytes):
        reason = "a picture in it is not encoded bytes: store it as JPEG or PNG"
        raise BadData(path=path, reason=reason)
    return content


def _checked(
    cells: list[Any], labels: list[Any], names: Sequence[str], split: str, path: Path | str
) -> Listing:
    """A listing whose every label is the number of a class. Labels in words are their names;
    without names, numbers name them. Rows without a picture or a label are left out and told."""
    if not labels:
        raise BadData(path=path, reason="it has no rows: check the file or name another")
    kept = [n for n, label in enumerate(labels) if not _missing(label)]
    if not kept:
        raise BadData(path=path, reason="none of its rows has a label: write its class into each")
    told: list[str] = []
    if count := len(labels) - len(kept):
        rows = folders.named_briefly([f"row {n}" for n in sorted({*range(len(labels))} - {*kept})])
        without = f"{split}: {count} of {len(labels)} rows have no label or nan in its place"
        told.append(f"{without}, left out ({rows})")
    cells, labels = [cells[n] for n in kept], [labels[n] for n in kept]
    labels, names = _numbered(labels, kept, names, path)
    if not 0 <= min(labels) <= max(labels) < len(names):
        reason = f"a label is not one of its {len(names)} classes: number them from 0"
        raise BadData(path=path, reason=reason)
    empty = [n for n, cell in enumerate(cells) if cell is None]
    if len(empty) == len(cells):
        raise BadData(path=path, reason="none of its rows has a picture: store them as JPEG or PNG")
    told += folders.nearly_alike({names[label] for label in labels}, split)
    if empty:
        rows = folders.named_briefly([f"row {kept[n]}" for n in empty])
        told.append(
            f"{split}: {len(empty)} of {len(cells)} rows have no picture, left out ({rows})"
        )
        labels = [label for label, cell in zip(labels, cells, strict=True) if cell is not None]
        cells = [cell for cell in cells if cell is not None]
    return Listing(cells, labels, tuple(names), split, tuple(told))


def _missing(label: Any) -> bool:
    """Whether a label is none, or what programs save in place of one."""
    return label is None or str(label).strip() in MISSING


def _numbered(
    labels: list[Any], rows: Sequence[int], names: Sequence[str], path: Path | str
) -> tuple[list[int], tuple[str, ...]]:
    """Labels of these rows as numbers, and the classes' names: words are sorted, whole numbers
    stand as they are, whether they are kept as such, with a point or as text."""
    if all(isinstance(label, str) for label in labels):
        words = [folders.class_name(label) for label in labels]
        if not all(word.isdecimal() for word in words):
            names = tuple(sorted({*words}))
            number = {name: n for n, name in enumerate(names)}
            return [number[word] for word in words], names
        labels = [int(word) for word in words]
    for n, label in zip(rows, labels, strict=True):
        if not (isinstance(label, int) or (isinstance(label, float) and label.is_integer())):
            reason = f"row {n} has neither a word nor a whole number as its label: give it one"
            raise BadData(path=path, reason=reason)
        if label > MOST_CLASSES:
            reason = (
                f"row {n} has the label {int(label):,}: number the classes from 0, or name them"
            )
            raise BadData(path=path, reason=reason)
    whole = [int(label) for label in labels]
    return whole, tuple(names) or tuple(str(i) for i in range(max(whole) + 1))


def _names_in(metadata: Mapping[bytes, bytes], label: str) -> tuple[str, ...]:
    """Class names from the note that `datasets` leaves in a Parquet file, or none."""
    try:
        note = json.loads(metadata.get(b"huggingface", b"{}"))
        names = note["info"]["features"][label]["names"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _hub(name: str, split: str) -> Listing:
    import datasets
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    cached = Path(datasets.config.HF_DATASETS_CACHE) / name.replace("/", "___")
    try:  # asked once and briefly: most often it is a mistyped path
        if not cached.is_dir():
            HfApi().dataset_info(name, timeout=HUB_SECONDS)
    except RepositoryNotFoundError as error:
        reason = "there is no such folder here and no such data set on the Hub: check the path"
        raise BadData(path=name, reason=reason) from error
    except Exception as error:  # no network, in any of its ways to say so
        reason = (
            "there is no such folder here, and the Hub, where a data set may be called so, cannot "
            "be reached: check the path and the network"
        )
        raise BadData(path=name, reason=reason) from error
    try:
        rows = datasets.load_dataset(name, split=split)
    except (ValueError, datasets.exceptions.DatasetsError) as error:
        reason = f"the Hub gives no split {split} of it: check the id and the split's name"
        raise BadData(path=name, reason=reason) from error
    except OSError as error:
        reason = "it is neither a folder here nor to be had now: check the path and the network"
        raise BadData(path=name, reason=reason) from error
    column, label = _columns(rows.column_names, name)
    names = tuple(getattr(rows.features[label], "names", ()))
    rows = rows.cast_column(column, datasets.Image(decode=False))
    cells = [
        Path(cell["path"]) if not cell["bytes"] and cell["path"] else _encoded(cell, name)
        for cell in rows[column]
    ]
    return _checked(cells, list(rows[label]), names, f"{name}/{split}", name)


def _renumber(
    found: Listing, names: Sequence[str], synonyms: Mapping[str, int], source: Path | str
) -> Listing:
    """The same pictures, their labels counted as in ``names``."""
    number = {**synonyms, **{folders.class_name(name): i for i, name in enumerate(names)}}
    unknown = sorted(set(found.names) - set(number))
    if unknown and found.names == tuple(str(i) for i in range(len(found.names))):
        if len(found.names) > len(names):
            reason = f"the model knows only {len(names)} classes: choose the model that fits"
            raise BadData(path=source, reason=reason)
        return replace(found, names=tuple(names))
    if unknown:
        known = any(found.names[label] in number for label in set(found.labels))
        hint = "rename what is the same or leave it out" if known else "choose the model that fits"
        missing = folders.named_briefly([repr(name) for name in unknown])
        reason = f"the model does not know {missing}: {hint}"
        raise BadData(path=source, reason=reason)
    labels = [number[found.names[label]] for label in found.labels]
    return replace(found, labels=labels, names=tuple(names))
