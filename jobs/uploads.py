"""What visitors sent and have not trained on yet: a folder each, below one of its owner's."""

from __future__ import annotations

import os
import re
import secrets
import threading
from pathlib import Path

from jobs import errors
from jobs.folder import DATA
from jobs.limits import MIB, Limits
from pretrained.disk import bytes_below

UPLOADS = 512  # folders of all visitors
#: What `secrets.token_urlsafe(16)` makes.
TOKEN = re.compile(r"[\w-]{22}")


class Uploads:
    """Owners are named by the hash of their token (`jobs.store.hashed`)."""

    def __init__(self, limits: Limits, lock: threading.RLock) -> None:
        """lock: held by whoever removes what is old, among it folders of owners that are empty."""
        self.limits, self.folder, self._lock = limits, limits.folder / "uploads", lock

    def new(self, owner: str) -> Path:
        """A new folder.

        Raises:
            TooManyYours, NoSpace: it is not to be had.
        """
        if sum(1 for _ in self.folder.glob("*/*")) >= UPLOADS:
            raise errors.NoSpace
        mine = self.folder / owner
        made = mine / secrets.token_urlsafe(16)
        with self._lock:
            mine.mkdir(mode=0o700, exist_ok=True)
            if len(list(mine.iterdir())) >= self.limits.kept:
                raise errors.TooManyYours(most=self.limits.kept)
            made.mkdir(mode=0o700)
        return made

    def named(self, owner: str, name: str) -> Path:
        """An owner's folder by its name.

        Raises:
            UnknownUpload: this owner has none of that name.
        """
        found = self.folder / owner / name
        if not TOKEN.fullmatch(name) or not found.is_dir():
            raise errors.UnknownUpload
        return found

    def containing(self, data: Path, owner: str) -> Path | None:
        """The folder of this owner's that data are in, or None."""
        mine = self.folder / owner
        inside = data.resolve().is_relative_to(mine.resolve()) and data.resolve() != mine
        if not inside or data.is_symlink():
            return None
        return mine / data.resolve().relative_to(mine.resolve()).parts[0]

    def move(self, data: Path, upload: Path, target: Path) -> str:
        """Move an upload to its job; what of it to learn from, relative to the job's folder.

        Raises:
            NoData: it has been moved before. DataTooLarge: it is more than one job may have.
        """
        if not data.exists():
            raise errors.NoData
        if bytes_below(upload) > self.limits.data_mb * MIB:
            raise errors.DataTooLarge(limit=self.limits.data_mb)
        relative = data.resolve().relative_to(upload.resolve())
        os.rename(upload, target)
        return (Path(DATA) / relative).as_posix()
