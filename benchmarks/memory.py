"""How much memory a computation takes at its peak, beyond what was held before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def most(compute: Callable[[], Any], device: str) -> float | None:
    """Megabytes at the peak of ``compute`` beyond those before it; None where nobody can tell.

    On a CPU these are pages of this process (Linux only), on CUDA what torch allocated. What an
    earlier computation left to be used again counts as held.
    """
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        compute()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    try:
        FORGET.write_text("5")  # the peak starts anew (man 5 proc)
        before = _held("VmRSS")
        compute()
        return (_held("VmHWM") - before) / 1e6
    except (OSError, StopIteration):
        return None


def _held(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return float(line.split()[1]) * 1024
