"""How much a folder takes, and how much is free beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """All files in it and in its folders, and links to files. A folder that vanishes meanwhile, as
    installers' and trainings' do, is passed over; `Path.rglob` raises there."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def bytes_below(folder: Path) -> int:
    """Bytes of `files_below`, or of one file; links count nothing, nor does what vanishes."""
    total = 0
    for path in files_below(folder) if folder.is_dir() else [folder]:
        with suppress(OSError):
            total += 0 if path.is_symlink() else path.lstat().st_size
    return total


def free_bytes(folder: Path) -> int:
    """What the disk of a folder has left; the folder need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
