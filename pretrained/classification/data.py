"""Pictures with labels: reading them, and the random changes that make few look like many.

A set of pictures is two tensors, `Pictures`: that is fast, and enough for a few hundred thousand
small ones. Three sources give one: a Parquet file (columns ``img`` or ``image``, and ``label``),
a folder of such files split into ``train`` and ``validation`` or ``test``, or a folder with one
sub-folder of pictures a class.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
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
    return picture.convert("RGB").crop(square(picture.size)).resize(
        (size, size), Image.Resampling.BICUBIC, reducing_gap=3.0
    )


def square(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The middle square of a picture of ``size`` (width, height): x0, y0, x1, y1 in pixels."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def read(path: Path, split: str, size: int, names: Sequence[str] | None = None) -> Pictures:
    """Read one split from a Parquet file, a folder of Parquet files, or a folder of folders.

    Args:
        path: the file or folder.
        split: which split of a folder; a single file is taken whole.
        size: side in pixels to which every picture is brought.
        names: the class names that a model already has, so that labels agree with it.

    Raises:
        BadData: nothing there that can be read, or classes that do not fit ``names``.
    """
    if not path.exists():
        raise BadData(path=path, reason="there is nothing there")
    if path.is_file():
        return _parquet([path], f"{path.parent.name}/{path.stem}", size, names)
    files = sorted(path.glob(f"{split}*.parquet")) or sorted(path.glob(f"*/{split}*.parquet"))
    if files:
        return _parquet(files, f"{path.name}/{split}", size, names)
    return _folders(path / split if (path / split).is_dir() else path, path.name, size, names)


def _parquet(
    files: list[Path], split: str, size: int, names: Sequence[str] | None
) -> Pictures:
    import pyarrow.parquet as pq

    images, labels, found = [], [], tuple(names or ())
    for file in files:
        table = pq.read_table(file)
        column = next((c for c in ("img", "image") if c in table.column_names), None)
        if column is None or "label" not in table.column_names:
            raise BadData(path=file, reason="it needs the columns image (or img) and label")
        found = found or _names_in(table)
        for cell in table[column].to_pylist():
            images.append(_array(cell["bytes"], size))
        labels.extend(table["label"].to_pylist())
    classes = found or tuple(str(i) for i in range(max(labels) + 1))
    if max(labels) >= len(classes):
        raise BadData(path=files[0], reason=f"label {max(labels)} is beyond {len(classes)} classes")
    return Pictures(torch.from_numpy(np.stack(images)), torch.tensor(labels), classes, split)


def _names_in(table: object) -> tuple[str, ...]:
    """Class names from the note that `datasets` leaves in a Parquet file, or none."""
    import json

    note = (table.schema.metadata or {}).get(b"huggingface")  # type: ignore[attr-defined]
    if not note:
        return ()
    label = json.loads(note).get("info", {}).get("features", {}).get("label", {})
    return tuple(label.get("names", ()))


def _folders(
    path: Path, split: str, size: int, names: Sequence[str] | None
) -> Pictures:
    classes = sorted(p.name for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(classes) < 2:
        raise BadData(path=path, reason="it needs one sub-folder of pictures for each class")
    if names is not None and set(classes) - set(names):
        raise BadData(path=path, reason=f"the model knows no class {min(set(classes) - set(names))}")
    order = list(names or classes)
    images, labels = [], []
    for name in classes:
        for file in sorted((path / name).rglob("*")):
            if file.suffix.lower() in SUFFIXES:
                try:
                    images.append(_array(file.read_bytes(), size))
                except OSError as error:
                    raise BadData(path=file, reason="it is not a readable picture") from error
                labels.append(order.index(name))
    if not images:
        raise BadData(path=path, reason=f"no picture there ends in {', '.join(sorted(SUFFIXES))}")
    return Pictures(torch.from_numpy(np.stack(images)), torch.tensor(labels), tuple(order), split)


def _array(data: bytes, size: int) -> np.ndarray:
    """Encoded picture -> uint8 [3, size, size]."""
    with Image.open(io.BytesIO(data)) as picture:
        square_picture = picture.convert("RGB")
        if square_picture.size != (size, size):
            square_picture = fit_square(square_picture, size)
        return np.asarray(square_picture).transpose(2, 0, 1)


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
