"""What the network said of a collection's pictures, so that nothing is computed twice.

``features.f16`` has 1,280 numbers a picture, ``thumbnails`` small JPEGs one after the other; a
`Picture` tells its place in both. Whoever calls holds the collection's lock.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demos.classification.train.classes import Picture
from demos.classification.train.head import WIDTH, Floats
from demos.pictures import fitted

FEATURES, THUMBNAILS = "features.f16", "thumbnails"
THUMBNAIL = 96  # pixels


def thumbnail_of(picture: Image.Image) -> bytes:
    """A small JPEG."""
    small = io.BytesIO()
    fitted(picture, THUMBNAIL).save(small, "JPEG", quality=80)
    return small.getvalue()


class Features:
    """``rows``: the features, [1280] each. ``folder``: where both files lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[NDArray[np.float16]] = []

    def read(self) -> None:
        """Those on disk; half a row, that a write which broke off left, counts as none."""
        file = self.folder / FEATURES
        raw = file.read_bytes() if file.exists() else b""
        whole = len(raw) // (2 * WIDTH)
        self.rows = [*np.frombuffer(raw[: 2 * WIDTH * whole], np.float16).reshape(-1, WIDTH)]

    @property
    def nbytes(self) -> int:
        """That they take in memory."""
        return len(self.rows) * 2 * WIDTH

    def add(self, picture: Picture, features: Floats, small: bytes) -> None:
        """A picture's features [1280] and its thumbnail."""
        row = features.astype(np.float16)
        with (self.folder / THUMBNAILS).open("ab") as file:
            picture.start, picture.bytes = file.tell(), len(small)
            file.write(small)
        with (self.folder / FEATURES).open("ab") as file:
            file.truncate(self.nbytes)  # what a write that broke off left
            file.write(row.tobytes())
        picture.row = len(self.rows)
        self.rows.append(row)

    def thumbnail(self, picture: Picture) -> bytes:
        """Raises: KeyError: nobody has looked at it yet."""
        if picture.start < 0:
            raise KeyError(picture.id)
        with (self.folder / THUMBNAILS).open("rb") as file:
            file.seek(picture.start)
            return file.read(picture.bytes)

    def forget(self, gone: Sequence[Picture], left: Iterable[Picture]) -> None:
        """Of pictures whose files are gone nothing stays: their thumbnails become zeros, and the
        last rows of the features take the place of theirs. Were it to break off here, reading would
        drop the first and look at the others again."""
        gone = sorted((one for one in gone if one.row >= 0), key=lambda one: -one.row)
        if not gone:
            return
        with (self.folder / THUMBNAILS).open("r+b") as file:
            for one in gone:
                file.seek(one.start)
                file.write(b"\0" * one.bytes)
        at = {one.row: one for one in left}
        with (self.folder / FEATURES).open("r+b") as file:
            for one in gone:
                last = self.rows.pop()
                if one.row == len(self.rows):
                    continue
                self.rows[one.row] = last
                file.seek(one.row * 2 * WIDTH)
                file.write(last.tobytes())
                if moved := at.pop(len(self.rows), None):
                    moved.row = one.row
                    at[one.row] = moved
            file.truncate(self.nbytes)
