"""What one training may take, and how many there may be: from the app's settings."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """The settings ``jobs_*``, and bounds that no host has asked to change.

    Attributes:
        on: whether anything may be trained from the page.
        folder: where everything lies. lasting: whether it is still there when the host restarts.
        minutes: of training, at most. A worker, which reads its data besides, is ended after twice
            that and `SPARE` seconds without its last update; after that update it has `ENDING`
            seconds to measure and write its model. Whoever goes on with a training begins anew.
        memory_mb, disk_mb, data_mb: MiB that a worker may hold, write, and learn from.
        slice_s: longest turn of a worker, in seconds, or None: it has all its time at once.
        keep_hours: how long what has ended, or was never started, is kept.
        at_once: workers that run at the same time.
        waiting: jobs that may be under way or wait, of all visitors; one address has half of them.
        each: jobs of one owner that may be under way or wait. kept: and those that have ended.
        files: that the data of one job may have.
        push: whether a model may go to the Hub, with its owner's token.
    """

    folder: Path
    on: bool = True
    lasting: bool = True
    minutes: float = 30.0
    memory_mb: int = 4096
    disk_mb: int = 1024
    data_mb: int = 500
    slice_s: float | None = None
    keep_hours: float = 72.0
    at_once: int = 1
    waiting: int = 32
    each: int = 2
    kept: int = 8
    files: int = 20_000
    push: bool = True

    @classmethod
    def of(cls, settings: Any) -> Limits:
        """From `inference.Settings`, or whatever else has its fields ``jobs`` and ``jobs_*``."""
        folder, lasting = place(settings.jobs_dir)
        half = int(psutil.virtual_memory().total // 2 // MIB)
        return cls(
            folder=folder,
            on=settings.jobs,
            lasting=lasting,
            minutes=settings.jobs_minutes,
            memory_mb=settings.jobs_memory_mb or half,
            disk_mb=settings.jobs_disk_mb,
            data_mb=settings.jobs_data_mb,
            slice_s=settings.jobs_slice_s,
            keep_hours=settings.jobs_keep_hours,
            at_once=settings.jobs_at_once,
            push=settings.jobs_push and not settings.offline,
        )


# Seconds, for a worker whose work takes a few minutes at most where nothing else runs: it gives way
# to all others (`worker.NICE`). At a load of 10 on two cores, a minute's training took 442 s.
SPARE, ENDING = 1800.0, 3600.0


def place(named: Path | None) -> tuple[Path, bool]:
    """The folder of all jobs, and whether it lasts.

    On a Hugging Face Space only ``/data`` does, and only where its owner has it. Elsewhere it is
    the user's folder for what programs keep (XDG base directories).
    """
    space = bool(os.environ.get("SPACE_ID"))
    if named is not None:
        folder = Path(named).expanduser().absolute()
        return folder, not space or folder.is_relative_to("/data")
    if space:
        lasting = os.access("/data", os.W_OK)
        top = Path("/data") if lasting else Path(tempfile.gettempdir())
        return top / "breakthroughs-jobs", lasting
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "breakthroughs" / "jobs", True
