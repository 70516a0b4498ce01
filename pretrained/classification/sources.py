"""Where labelled pictures are found, and in which formats; none is decoded before it is asked for.

`listing` reads a Parquet file (columns ``img`` or ``image``, and ``label``), a folder of such
files, a folder with one sub-folder of pictures a class (`folders`), or a data set on the Hub.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL import Image

from pretrained.classification import folders
from pretrained.classification.decoding import decoded
from pretrained.errors import BadData

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
        source: a Parquet file (taken whole), a folder of Parquet files named by split, a folder
            with one sub-folder of pictures a class (or one such folder a split), or the id of a
            data set on the Hub.
        split: which split of a folder or of a Hub data set.
        names: the classes that a model already has, so that label numbers agree with it.
        synonyms: the numbers of other names by which the data may call them.

    Raises:
        BadData: nothing there that can be read, or classes that do not fit ``names``.
    """
    path = Path(source).expanduser()
    name = path.resolve().name
    if path.is_file():
        found = _parquet([path], f"{path.resolve().parent.name}/{path.stem}")
    elif path.is_dir():
        tables = _tables(path, split)
        found = _parquet(tables, f"{name}/{split}") if tables else _folders(path, name, split)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)) and not path.parent.is_dir():
        found = _hub(str(source), split)
    else:
        raise BadData(path=source, reason=f"there is nothing there: check the path{_near(path)}")
    found = replace(found, names=tuple(map(_composed, found.names)))
    return _renumber(found, names, synonyms, source) if names is not None else found


def _composed(name: str) -> str:
    """A name in the one of its Unicode forms in which most write it: é is one character."""
    return unicodedata.normalize("NFC", name)


def _near(path: Path) -> str:
    """The name beside it that was perhaps meant."""
    from difflib import get_close_matches

    others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, others, 1)
    return f", perhaps {path.parent / close[0]} is meant" if close else ""


def _tables(path: Path, split: str) -> list[Path]:
    """The Parquet files of a split, in the folder or in its ``data``, as the Hub lays them."""
    every = sorted(f for f in (*path.glob("*.parquet"), *path.glob("data/*.parquet")))
    every = [file for file in every if not file.name.startswith(".")]
    chosen = [file for file in every if file.name.startswith(split)]
    if every and not chosen:
        there = ", ".join(sorted({re.split(r"[-.]", file.name)[0] for file in every}))
        reason = f"it has no split {split}, but {there}: name one of them or its file"
        raise BadData(path=path, reason=reason)
    return chosen


def _folders(path: Path, name: str, split: str) -> Listing:
    found = folders.sorted_by_class(path, split)
    cells = [file for _, file in found.files]
    number = {label: n for n, label in enumerate(found.names)}
    labels = [number[label] for label, _ in found.files]
    split = f"{name}/{found.split}" if found.split else name
    return Listing(list(cells), labels, found.names, split, found.told)


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
    number = {**synonyms, **{_composed(name): i for i, name in enumerate(names)}}
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
