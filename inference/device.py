"""Where models run, how much memory they may hold there, and what to do when it runs out.

Only `choose` imports torch, and it is called when the first model loads.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from inference.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

MIB = 2**20
#: Share of the free memory that models may hold when no limit was set. The rest is for
#: activations, and on a computer's main memory also for everything else that runs there.
HOST_SHARE, ACCELERATOR_SHARE = 0.5, 0.8


@dataclass(frozen=True)
class Device:
    """A device as torch names it, why it was chosen, and the byte budget of each memory.

    ``budgets`` has the device's own memory, and ``cpu`` too where models can be parked there.
    ``release`` hands freed memory back to the device.
    """

    kind: str
    name: str
    reason: str
    budgets: Mapping[str, int]
    release: Callable[[], None] = field(default=lambda: None, compare=False)


def choose(settings: Settings, torch: Any = None) -> Device:
    """Takes what the settings name; if that is ``auto`` or absent, the best of cuda, mps, cpu."""
    if torch is None:
        import torch
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    wanted = settings.device
    if wanted == "auto":
        kind = next((kind for kind, there in available.items() if there), "cpu")
        reason = (
            f"torch sees a {kind} device" if kind != "cpu" else "torch sees neither cuda nor mps"
        )
    elif wanted == "cpu" or available[wanted]:
        kind, reason = wanted, "asked for by the setting `device`"
    else:
        kind, reason = "cpu", f"{wanted} was asked for, but torch sees none"
        log.warning("%s was asked for, but torch sees none: models run on cpu", wanted)

    host = int(free_host_memory() * HOST_SHARE)
    if kind == "cuda":
        name, free, release = (
            torch.cuda.get_device_name(),
            int(torch.cuda.mem_get_info()[0]),
            torch.cuda.empty_cache,
        )
        budgets = {"cuda": int(free * ACCELERATOR_SHARE), "cpu": host}
    elif kind == "mps":
        name, release = "Apple GPU", torch.mps.empty_cache
        # Apple's GPU shares the host's memory: parking there would free nothing.
        budgets = {"mps": host}
    else:
        name, release, budgets = f"{cores()} CPU cores", _nothing, {"cpu": host}
    if settings.memory_mb is not None:
        budgets[kind] = settings.memory_mb * MIB

    threads = settings.threads or (None if "OMP_NUM_THREADS" in os.environ else cores())
    if threads is not None:
        torch.set_num_threads(threads)
    log.info("models run on %s (%s): %s", kind, name, reason)
    return Device(kind, name, reason, budgets, release)


def _nothing() -> None:
    """The C library takes freed memory back by itself."""


def cores() -> int:
    """CPU cores that this process may use: its affinity mask, capped by a container's quota."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity mask
        allowed = os.cpu_count() or 1
    quota, _, period = _cgroup("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)


def free_host_memory() -> int:
    """Bytes of main memory that could be taken, within a container's limit if there is one."""
    free = int(psutil.virtual_memory().available)
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if limit.isdigit() and used.isdigit():
        free = min(free, max(0, int(limit) - int(used)))
    return free


def _cgroup(name: str) -> str:
    """A file of Linux's control groups (version 2), or nothing where there is none."""
    with contextlib.suppress(OSError):
        return Path("/sys/fs/cgroup", name).read_text().strip()
    return ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the host ran out. Knows torch's errors by name and by what they say."""
    if isinstance(error, MemoryError):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    said = str(error).lower() if isinstance(error, RuntimeError) else ""
    return "out of memory" in said or "can't allocate memory" in said


def with_room(work: Callable[[], T], free: Callable[[], object]) -> T:
    """``work()``. If it runs out of memory: ``free()``, and once more."""
    try:
        return work()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        log.warning("out of memory, trying once more after idle models have left: %s", str(error))
    # Here, and not inside `except`: a traceback holds every tensor of the failed attempt.
    free()
    return work()
