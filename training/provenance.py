"""Where trained weights come from: what a card must tell so that the run can be repeated."""

from __future__ import annotations

from datetime import date
from typing import Any

import torch

from training.loop import hardware


def provenance(
    command: str, *, seed: int, device: torch.device, seconds: float, data: str, **more: Any
) -> dict[str, Any]:
    """One run as ``metrics.json`` and the card keep it.

    Args:
        command: what was typed.
        seconds: wall time of the training.
        data: the split.
        more: how many of it, and what else this kind of run has to tell.
    """
    return {
        "command": command,
        "seed": seed,
        "hardware": hardware(device),
        "wall_seconds": round(seconds, 1),
        "data": data,
        **more,
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }
