"""What a run computes on: the device, the precision that pays on it, and its name for the card."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from training.data_parallel import world_size


def choose_device() -> torch.device:
    """CUDA where there is one, then Apple's, then the CPU."""
    if torch.cuda.is_available():
        own = os.environ.get("LOCAL_RANK")  # of several processes each has one
        return torch.device(f"cuda:{own}" if own else "cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it, else float32.

    On a CPU without such instructions bfloat16 is emulated and several times slower.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        flags = Path("/proc/cpuinfo")
        if flags.exists() and "avx512_bf16" in flags.read_text():
            return torch.bfloat16
    return torch.float32


def hardware(device: torch.device) -> str:
    """What a run ran on, for the card."""
    size = world_size()
    times = f"{size} × " if size > 1 else ""
    if device.type == "cuda":
        return times + torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    threads = torch.get_num_threads()
    plural = "" if threads == 1 else "s"
    return f"{times}{name or platform.processor() or 'CPU'}, {threads} thread{plural}"
