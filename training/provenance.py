"""Where trained weights come from: what a card must tell so that the run can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import torch

from training.loop import hardware
from training.run import Run


def provenance(
    run: Run,
    device: torch.device,
    history: Sequence[Mapping[str, Any]],
    *,
    data: str,
    **more: Any,
) -> dict[str, Any]:
    """One run as ``metrics.json`` and the card keep it: its command, seed, hardware, wall time,
    updates.

    Args:
        history: rows of the training as `loop.fit` gives them; the last one says how long it took.
        data: the split.
        more: how many of it, and what else this kind of run has to tell.
    """
    last = history[-1]
    return {
        "command": run.command,
        "seed": run.seed,
        "hardware": hardware(device),
        "wall_seconds": round(last["seconds"], 1),
        **({"updates": last["step"]} if "step" in last else {}),
        "data": data,
        **more,
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }
