"""How much memory a batch takes at its peak, beyond what its model holds.

Measured in a process of its own: in one that has computed before, what an earlier batch left to be
used again would count as held, and the next would seem to take nothing.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")

#: What takes seconds to import; imported once for all measurements.
PRELOADED = (
    *("torch", "diffusers.models.unets.unet_2d", "diffusers.pipelines.ddim.pipeline_ddim"),
    *("pretrained.images.serve", "pretrained.images.serve_diffusion"),
)
#: What loads a model and gives a way to draw a batch with it; a function of a module.
Prepare = Callable[..., Callable[[Sequence[int]], Any]]


def alone(prepare: Prepare, given: Sequence[Any], batch: Sequence[int]) -> float | None:
    """Megabytes at the peak of a first batch, ``prepare(*given)(batch)``; None where nobody can
    tell. The last of ``given`` is the device."""
    server = multiprocessing.get_context("forkserver")  # imports once, and computes nothing itself
    server.set_forkserver_preload([*PRELOADED, prepare.__module__])
    with ProcessPoolExecutor(1, server) as process:
        return process.submit(_alone, prepare, tuple(given), list(batch)).result()


def _alone(prepare: Prepare, given: tuple[Any, ...], batch: list[int]) -> float | None:
    draw = prepare(*given)
    return most(lambda: draw(batch), given[-1])


def most(compute: Callable[[], Any], device: str) -> float | None:
    """Megabytes at the peak of ``compute`` beyond those before it; None where nobody can tell.

    On a CPU these are pages of this process (Linux only), on CUDA what torch allocated.
    """
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before: float = torch.cuda.memory_allocated()
        compute()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    if not sys.platform.startswith("linux"):
        return None
    FORGET.write_text("5")  # the peak starts anew (man 5 proc)
    before = _held("VmRSS")
    compute()
    return (_held("VmHWM") - before) / 1e6


def _held(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return float(line.split()[1]) * 1024
