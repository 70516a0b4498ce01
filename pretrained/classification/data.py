"""Pictures with labels: reading them, and the random changes that make few look like many.

A set of pictures is two tensors, `Pictures`: that is fast, and enough for a few hundred thousand
small ones. `listing` finds the pictures: in a Parquet file (columns ``img`` or ``image``, and
``label``), in a folder of such files, in a folder with one sub-folder of pictures a class, or in
a data set on the Hub.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pretrained.errors import BadData

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}


@dataclass(frozen=True)
class Pictures:
    """``images`` uint8 [N, 3, H, W], ``labels`` int64 [N], ``names`` of the classes, ``split``."""

    images: Tensor
    labels: Tensor
    names: tuple[str, ...]
    split: str

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor | slice, split: str) -> Pictures:
        """The chosen rows under another split name."""
        return Pictures(self.images[indices], self.labels[indices], self.names, split)


def fit_square(picture: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture at ``size`` pixels, RGB, antialiased."""
    if picture.size == (size, size):
        return picture.convert("RGB")
    return (
        picture.convert("RGB")
        .crop(square(picture.size))
        .resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0)
    )


def square(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The middle square of a picture of ``size`` (width, height): x0, y0, x1, y1 in pixels."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


@dataclass(frozen=True)
class Listing:
    """Pictures not yet decoded: encoded bytes or files, with a label number each."""

    cells: list[bytes | Path]
    labels: list[int]
    names: tuple[str, ...]
    split: str


def listing(source: Path | str, split: str, names: Sequence[str] | None = None) -> Listing:
    """Find the pictures of one split.

    Args:
        source: a Parquet file (taken whole), a folder of Parquet files named by split, a folder
            with one sub-folder of pictures a class (or one such folder a split), or the id of a
            data set on the Hub.
        split: which split of a folder or of a Hub data set.
        names: the classes that a model already has, so that label numbers agree with it.

    Raises:
        BadData: nothing there that can be read, or classes that do not fit ``names``.
    """
    path = Path(source)
    if path.is_file():
        found = _parquet([path], f"{path.parent.name}/{path.stem}")
    elif path.is_dir():
        files = sorted(path.glob(f"{split}*.parquet"))
        if files:
            found = _parquet(files, f"{path.name}/{split}")
        else:
            found = _folders(path / split if (path / split).is_dir() else path, path.name)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)) and not path.parent.is_dir():
        found = _hub(str(source), split)
    else:
        raise BadData(path=source, reason="there is nothing there")
    return _renumber(found, names, source) if names is not None else found


def read(source: Path | str, split: str, size: int, names: Sequence[str] | None = None) -> Pictures:
    """One split as tensors, every picture's middle square at ``size`` pixels. See `listing`."""
    found = listing(source, split, names)
    images = []
    for cell in found.cells:
        try:
            images.append(np.asarray(fit_square(open_cell(cell), size)).transpose(2, 0, 1))
        except OSError as error:
            name = cell if isinstance(cell, Path) else source
            raise BadData(path=name, reason="a picture in it is damaged") from error
    return Pictures(
        torch.from_numpy(np.stack(images)), torch.tensor(found.labels), found.names, found.split
    )


def open_cell(cell: bytes | Path) -> Image.Image:
    """Decode one cell of a listing to RGB."""
    with Image.open(io.BytesIO(cell) if isinstance(cell, bytes) else cell) as picture:
        return picture.convert("RGB")


def _parquet(files: list[Path], split: str) -> Listing:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells: list[bytes | Path] = []
    labels: list[int] = []
    names: tuple[str, ...] = ()
    for file in files:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise BadData(path=file, reason="it is not a readable Parquet file") from error
        column = next((c for c in ("img", "image") if c in table.column_names), None)
        if column is None or "label" not in table.column_names:
            raise BadData(path=file, reason="it needs the columns image (or img) and label")
        names = names or _names_in(table.schema.metadata or {})
        cells += [cell["bytes"] for cell in table[column].to_pylist()]
        labels += table["label"].to_pylist()
    if not labels:
        raise BadData(path=files[0], reason="it has no rows")
    names = names or tuple(str(i) for i in range(max(labels) + 1))
    if not 0 <= min(labels) <= max(labels) < len(names):
        raise BadData(path=files[0], reason=f"a label is not one of its {len(names)} classes")
    return Listing(cells, labels, names, split)


def _names_in(metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """Class names from the note that `datasets` leaves in a Parquet file, or none."""
    note = json.loads(metadata.get(b"huggingface", b"{}"))
    label = note.get("info", {}).get("features", {}).get("label", {})
    return tuple(label.get("names", ()))


def _folders(path: Path, split: str) -> Listing:
    names = sorted(p.name for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(names) < 2:
        raise BadData(path=path, reason="it needs one sub-folder of pictures for each class")
    cells: list[bytes | Path] = []
    labels = []
    for number, name in enumerate(names):
        files = [f for f in sorted((path / name).rglob("*")) if f.suffix.lower() in SUFFIXES]
        if not files:
            raise BadData(path=path / name, reason="no picture there ends in .jpg, .png or .webp")
        cells += files
        labels += [number] * len(files)
    return Listing(cells, labels, tuple(names), split)


def _hub(name: str, split: str) -> Listing:
    import datasets

    try:
        rows = datasets.load_dataset(name, split=split)
    except (ValueError, datasets.exceptions.DatasetsError) as error:
        raise BadData(path=name, reason=f"the Hub gives no split {split} of it") from error
    except OSError as error:
        raise BadData(path=name, reason="it is neither a folder here nor to be had now") from error
    column = next((c for c in ("img", "image") if c in rows.column_names), None)
    if column is None or "label" not in rows.column_names:
        raise BadData(path=name, reason="it needs the columns image (or img) and label")
    names = tuple(getattr(rows.features["label"], "names", ()))
    rows = rows.cast_column(column, datasets.Image(decode=False))
    cells = [cell["bytes"] or Path(cell["path"]) for cell in rows[column]]
    labels = list(rows["label"])
    names = names or tuple(str(i) for i in range(max(labels) + 1))
    return Listing(cells, labels, names, f"{name}/{split}")


def _renumber(found: Listing, names: Sequence[str], source: Path | str) -> Listing:
    """The same pictures, their labels counted as in ``names``."""
    unknown = sorted(set(found.names) - set(names))
    if unknown and found.names == tuple(str(i) for i in range(len(found.names))):
        if len(found.names) > len(names):
            raise BadData(path=source, reason=f"the model knows only {len(names)} classes")
        return Listing(found.cells, found.labels, tuple(names), found.split)
    if unknown:
        raise BadData(path=source, reason=f"the model does not know the class {unknown[0]!r}")
    number = {name: i for i, name in enumerate(names)}
    labels = [number[found.names[label]] for label in found.labels]
    return Listing(found.cells, labels, tuple(names), found.split)


def split_held_out(pictures: Pictures, count: int, seed: int) -> tuple[Pictures, Pictures]:
    """Two disjoint parts: what is trained on, and ``count`` random rows kept aside."""
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    count = min(count, len(pictures) // 5)
    return (
        pictures.subset(order[count:], pictures.split),
        pictures.subset(order[:count], f"{pictures.split} (kept aside)"),
    )


def shift_and_flip(images: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Move each picture by up to ``shift`` pixels and mirror half of them. uint8 -> uint8."""
    count, _, height, width = images.shape
    padded = F.pad(images.float(), (shift,) * 4, mode="reflect").to(torch.uint8)
    rows, columns = (
        torch.randint(0, 2 * shift + 1, (count, 1), generator=generator) + torch.arange(span)
        for span in (height, width)
    )
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns).to(images.device)
    picked = torch.arange(count, device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[picked, rows.to(images.device)[:, :, None], columns[:, None]]
    return moved.permute(0, 3, 1, 2)


def cut_out(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Hide one ``size`` by ``size`` square of each picture (DeVries & Taylor 2017)."""
    count, _, height, width = images.shape
    top = torch.randint(0, height - size + 1, (count, 1, 1), generator=generator)
    left = torch.randint(0, width - size + 1, (count, 1, 1), generator=generator)
    y, x = torch.arange(height)[None, :, None], torch.arange(width)[None, None]
    hidden = (y >= top) & (y < top + size) & (x >= left) & (x < left + size)
    return images.masked_fill(hidden[:, None].to(images.device), 0)


def resized_crop(
    images: Tensor, size: int, generator: torch.Generator, smallest: float = 0.35
) -> Tensor:
    """Random part of each picture, random shape, mirrored or not, at ``size`` pixels.

    The crop of Szegedy et al. 2014 done for a whole batch in one resampling, with the light
    turned up or down by up to 30%.

    Args:
        images: uint8 [N, 3, H, W].
        smallest: the smallest share of the area that is kept.

    Returns:
        float [N, 3, size, size] in 0..1.
    """
    count = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    area, aspect = uniform(smallest, 1), (uniform(-1, 1) * 0.2877).exp()  # aspect 3/4 .. 4/3
    across, down = ((area * a).sqrt().clamp(max=1) for a in (aspect, 1 / aspect))
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = across * torch.where(uniform(0, 1) < 0.5, 1.0, -1.0)
    theta[:, 1, 1] = down
    theta[:, 0, 2] = (1 - across) * uniform(-1, 1)
    theta[:, 1, 2] = (1 - down) * uniform(-1, 1)
    grid = F.affine_grid(theta.to(images.device), [count, 3, size, size], align_corners=False)
    source = images.float().div_(255)
    if size < images.shape[-1]:  # soften first, so that shrinking does not alias
        source = F.interpolate(
            source, size=(size * 5 // 4,) * 2, mode="bilinear", antialias=True, align_corners=False
        )
    seen = F.grid_sample(source, grid, padding_mode="reflection", align_corners=False)
    light = uniform(0.7, 1.3).view(-1, 1, 1, 1).to(images.device)
    return (seen * light).clamp_(0, 1)
