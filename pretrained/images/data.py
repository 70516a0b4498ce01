"""Pictures without labels, to draw like them: Parquet files or a folder of pictures.

They are one tensor in memory: the 12,738 training faces of the bundled models take 157 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pretrained import own_files, splits
from pretrained.classification.data import fit_square
from pretrained.classification.decoding import Decoder
from pretrained.classification.folders import (
    files_in,
    folders_in,
    is_picture,
    named_briefly,
    split_of,
)
from pretrained.errors import BadData
from pretrained.images.model import SIZE

#: Fewest pictures that are worth training on.
LEAST = 50
#: Fewest of a visitor's that are kept aside.
ASIDE = 5


@dataclass(frozen=True)
class Faces:
    """``images`` uint8 [N, 3, S, S], S mostly 64, the name of the split, and sentences on what was
    left out or guessed."""

    images: Tensor
    split: str
    told: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def say(self) -> dict[str, str]:
        """Tell on standard error what was left out or guessed, and give it to the card."""
        for sentence in self.told:
            print(sentence, file=sys.stderr, flush=True)
        return {"told": "; ".join(self.told)} if self.told else {}


def read(source: Path | str, split: str = "train", least: int = 1, size: int = SIZE) -> Faces:
    """Every picture's middle square at ``size`` pixels; what cannot be decoded is told.

    Args:
        source: a Parquet file with a column ``image`` or ``img`` (taken whole), a folder of such
            files named by split, or a folder of pictures, sub-folders included; or one such folder
            a split (train, val, test ...).

    Raises:
        BadData: nothing there that can be read, no such split, or fewer than ``least`` pictures.
    """
    path = Path(source)
    told: list[str] = []
    cells: Iterable[tuple[bytes | Path, str]]
    files = sorted(path.glob(f"{split}*.parquet")) if path.is_dir() else [path]
    if path.is_file() and path.suffix.lower() == ".parquet":
        cells, name = _parquet(files), f"{path.resolve().parent.name}/{path.stem}"
    elif path.is_dir() and files:
        cells, name = _parquet(files), f"{path.resolve().name}/{split}"
    elif path.is_dir():
        cells, name = _folder(path, split, told)
    else:
        reason = "it is neither a Parquet file nor a folder of pictures: check the path"
        if not path.exists():
            reason = own_files.missing(path)
        elif path.is_file():
            reason = own_files.other_kind(path) or reason
        raise BadData(path=source, reason=reason)
    decoder = Decoder()
    decoded = (decoder.picture(content, place) for content, place in cells)
    images = [_middle(picture, size) for picture in decoded if picture is not None]
    told += decoder.told(name)
    if len(images) < max(1, least):
        reason = f"it holds {len(images)} pictures: {max(1, least)} or more are needed"
        raise BadData(path=source, reason=". ".join([reason, *told]))
    return Faces(torch.from_numpy(np.stack(images)), name, tuple(told))


def _parquet(files: list[Path]) -> Iterable[tuple[bytes | Path, str]]:
    """Encoded pictures, and where each stands."""
    for file in files:
        table = own_files.table(file)
        column = next((c for c in ("image", "img") if c in table.column_names), None)
        if column is None:
            reason = "it needs a column image (or img): rename its column"
            raise BadData(path=file, reason=reason)
        for number, cell in enumerate(table[column].to_pylist()):
            content = cell.get("bytes") if isinstance(cell, dict) else cell
            place = f"{file}, row {number}"
            if not isinstance(content, bytes):
                reason = "this picture is not encoded bytes: store it as JPEG or PNG"
                raise BadData(path=place, reason=reason)
            yield content, place


def _folder(
    folder: Path, split: str, told: list[str]
) -> tuple[list[tuple[bytes | Path, str]], str]:
    """The pictures of a folder, or of its split where it has splits, and what to call them."""
    inner = folder
    while len(inside := folders_in(inner)) == 1 and not splits.named(inside[0].name, split):
        inner = inside[0]  # an archive left one folder in another
    top, part = split_of(inner, split, told)
    if not part:
        top = folder
    every = list(files_in(top))
    pictures = [file for file in every if is_picture(file)]
    others = [file.relative_to(top).as_posix() for file in every if file not in set(pictures)]
    if others:
        told.append(
            f"{top}: left out, no picture that is read here: {len(others)} "
            f"({named_briefly(others)})"
        )
    name = folder.resolve().name
    return [(file, str(file)) for file in pictures], f"{name}/{part}" if part else name


def _middle(picture: Image.Image, size: int) -> np.ndarray:
    """uint8 [3, S, S]."""
    return np.asarray(fit_square(picture, size)).transpose(2, 0, 1)


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
