"""What visitors sent and have not trained on yet: a folder each, below one of its owner's.

There are `UPLOADS` at most, and one address has half of them, as of the queue: owners are tokens
that anybody makes for themselves.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from jobs import errors
from jobs.folder import DATA
from jobs.limits import MIB, Limits
from pretrained.disk import bytes_below

UPLOADS = 512  # folders of all visitors
UNUSED = 300.0  # seconds in which something comes into a folder that is in use
#: What `secrets.token_urlsafe(16)` makes.
TOKEN = re.compile(r"[\w-]{22}")


class Uploads:
    """Owners are named by the hash of their token (`jobs.store.hashed`)."""

    def __init__(self, limits: Limits, lock: threading.RLock) -> None:
        """lock: held by whoever removes what is old, among it folders of owners that are empty."""
        self.limits, self.folder, self._lock = limits, limits.folder / "uploads", lock
        self._sent_from: dict[Path, str] = {}  # since the start of this server

    def new(self, owner: str, address: str = "") -> Path:
        """A new folder. Where there are too many, one makes room that nothing came into.

        Args: address: hashed; "" where it is not known.

        Raises:
            TooManyYours, UploadsFull: it is not to be had.
        """
        mine = self.folder / owner
        made = mine / secrets.token_urlsafe(16)
        with self._lock:
            held = sorted(self.folder.glob("*/*"), key=lambda one: one.stat().st_mtime)
            if len(held) >= UPLOADS and not self._unused(held):
                raise errors.UploadsFull(most=len(held))
            self._sent_from = {
                one: self._sent_from[one] for one in held if one in self._sent_from and one.is_dir()
            }
            theirs = [one for one, where in self._sent_from.items() if where == address]
            if address and len(theirs) >= max(1, UPLOADS // 2) and not self._unused(theirs):
                raise errors.UploadsFull(most=len(theirs))
            mine.mkdir(mode=0o700, exist_ok=True)
            if len(list(mine.iterdir())) >= self.limits.kept:
                raise errors.TooManyYours(most=self.limits.kept)
            made.mkdir(mode=0o700)
            if address:
                self._sent_from[made] = address
        return made

    @staticmethod
    def _unused(folders: Iterable[Path]) -> bool:
        """Remove the first of these that has stood empty for long; whether there was one."""
        for folder in folders:
            with suppress(OSError):  # it holds something, or is gone
                if time.time() - folder.stat().st_mtime > UNUSED:
                    folder.rmdir()
                    return True
        return False

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
