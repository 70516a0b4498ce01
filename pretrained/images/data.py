"""Pictures without labels, to draw like them: Parquet files or a folder of pictures.

They are one tensor in memory: the 12,738 training faces of the bundled models take 157 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pretrained.classification.data import fit_square
from pretrained.classification.decoding import decoded
from pretrained.classification.folders import files_in, is_picture
from pretrained.errors import BadData
from pretrained.images.model import SIZE

#: Fewest pictures that are worth training on.
LEAST = 64


@dataclass(frozen=True)
class Faces:
    """``images`` uint8 [N, 3, S, S], S mostly 64, and the name of the split."""

    images: Tensor
    split: str

    def __len__(self) -> int:
        return len(self.images)


def read(source: Path | str, split: str = "train", least: int = 1, size: int = SIZE) -> Faces:
    """Every picture's middle square at ``size`` pixels.

    Args:
        source: a Parquet file with a column ``image`` or ``img`` (taken whole), a folder of such
            files named by split, or a folder of pictures, sub-folders included.

    Raises:
        BadData: nothing there that can be read, or fewer than ``least`` pictures.
    """
    path = Path(source)
    files = sorted(path.glob(f"{split}*.parquet")) if path.is_dir() else [path]
    if path.is_file() and path.suffix == ".parquet":
        cells, name = _parquet(files), f"{path.resolve().parent.name}/{path.stem}"
    elif path.is_dir() and files:
        cells, name = _parquet(files), f"{path.resolve().name}/{split}"
    elif path.is_dir():
        cells, name = _folder(path), path.resolve().name
    else:
        reason = "it is neither a Parquet file nor a folder of pictures: check the path"
        raise BadData(path=source, reason=reason)
    images = [_decoded(content, place, size) for content, place in cells]
    if len(images) < least:
        reason = f"it holds {len(images)} pictures: {least} or more are needed"
        raise BadData(path=source, reason=reason)
    return Faces(torch.from_numpy(np.stack(images)), name)


def _parquet(files: list[Path]) -> Iterator[tuple[bytes, str]]:
    """Encoded pictures, and where each stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            reason = "it is not a readable Parquet file: fetch or write it again"
            raise BadData(path=file, reason=reason) from error
        column = next((c for c in ("image", "img") if c in table.column_names), None)
        if column is None:
            reason = "it needs a column image (or img): rename its column"
            raise BadData(path=file, reason=reason)
        for number, cell in enumerate(table[column].to_pylist()):
            content = cell.get("bytes") if isinstance(cell, dict) else cell
            place = f"{file}, row {number},"
            if not isinstance(content, bytes):
                reason = "this picture is not encoded bytes: store it as JPEG or PNG"
                raise BadData(path=place, reason=reason)
            yield content, place


def _folder(folder: Path) -> Iterator[tuple[bytes, str]]:
    for file in files_in(folder):
        if is_picture(file):
            yield file.read_bytes(), str(file)


def _decoded(content: bytes, place: str, size: int) -> np.ndarray:
    """uint8 [3, S, S]."""
    return np.asarray(fit_square(decoded(content, place), size)).transpose(2, 0, 1)


def held_apart(faces: Faces, share: float = 0.05) -> tuple[Faces, Faces]:
    """The first part to train on, and the last ``share`` to watch a training by."""
    count = max(1, round(share * len(faces)))
    first, last = faces.images[:-count], faces.images[-count:]
    return Faces(first, faces.split), Faces(last, f"last {share:.0%} of {faces.split}")


def signed(images: Tensor) -> Tensor:
    """uint8 0..255 -> float -1..1, as both networks read and draw."""
    return images.float() / 127.5 - 1


def pixels(pictures: Tensor) -> Tensor:
    """float -1..1 -> uint8 0..255."""
    return ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
