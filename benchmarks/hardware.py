"""What a table was measured on: a ratio travels between machines better than a duration does."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from inference.device import Device, cores

#: What the figures depend on. uvicorn takes uvloop and httptools where it finds them.
PACKAGES = (
    *("gradio", "torch", "torchvision", "transformers", "ctranslate2"),
    *("litserve", "uvicorn", "uvloop", "httptools"),
)


def hardware(device: Device, threads: int) -> dict[str, Any]:
    """The machine, its load just now, and the versions that matter.

    Args:
        device: what the models run on.
        threads: of one computation on the CPU, the same for everybody.
    """
    return {
        "cpu": cpu(),
        "cores": cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "device": device.name,
        "threads": threads,
        # Above the number of cores means that others were busy on this machine: measure again.
        "load_before": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
    }


def cpu() -> str:
    """The processor's name, as Linux knows it."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def installed(package: str) -> str | None:
    """A package's version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def sentence(machine: dict[str, Any]) -> str:
    """The machine in two lines."""
    packages = ", ".join(f"{n} {v or 'absent'}" for n, v in machine["packages"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; models on "
        f"{machine['device']}, {machine['threads']} threads; load before {machine['load_before']}\n"
        f"{machine['system']}, Python {machine['python']}, {packages}"
    )
