"""Where trained weights come from: what a card must tell so that the run can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import torch

from training.hardware import hardware
from training.run import Run


def provenance(
    run: Run,
    device: torch.device,
    history: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any] | None = None,
    /,
    *,
    data: str,
    **more: Any,
) -> dict[str, Any]:
    """One run as ``metrics.json`` and the card keep it: its command, seed, hardware, wall time,
    updates.

    Args:
        history: rows of the training as `loop.fit` gives them; the last one says how long it took.
        before: such a record of the weights that it began with, whose time and updates are added up
            as ``wall_seconds_in_all`` and ``updates_in_all``; None where it began with none.
        data: the split.
        more: how many of it, and what else this kind of run has to tell.
    """
    last = history[-1]
    took = {"wall_seconds": round(last["seconds"], 1)}
    if "step" in last:
        took["updates"] = last["step"]
    sums = {
        f"{name}_in_all": round(value + before.get(f"{name}_in_all", before.get(name, 0)), 1)
        for name, value in took.items()
        if before
    }
    return {
        "command": run.command,
        "seed": run.seed,
        "hardware": hardware(device),
        **took,
        **sums,
        "data": data,
        **more,
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }


def before_and_after(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The held-out figures of the last row of a history, by name, and those of the weights as they
    came, as ``<name>_before`` (`loop.fit` with ``before``)."""
    first, last = history[0], history[-1]
    began = first if first["epoch"] == 0 else {}
    rows = (("_before", began), ("", last))
    return {
        f"{k}{end}": v for end, row in rows for k, v in row.items() if k.startswith("held_out_")
    }


def compared(
    history: Sequence[Mapping[str, Any]],
    *,
    began: str,
    split: str,
    n: int,
    of: str,
    **more: tuple[float, float],
) -> dict[str, Any] | None:
    """The held-out figures of the first and the last row of a history, as ``metrics.json`` keeps
    them; None where the first is not that of the weights as they came (`loop.fit` with ``before``).

    Args:
        began: what those weights were, in words.
        split: what the figures are on. n, of: how many of it, and of what.
        more: other figures on the same, before and after.

    Returns:
        ``began``, ``split``, ``n``, ``of``, and ``before`` and ``after``: the same figures by name,
        without ``held_out_``.
    """
    first, last = history[0], history[-1]
    if first["epoch"] != 0 or last["epoch"] == 0:
        return None
    names = [k for k in first if k.startswith("held_out_") and k in last]
    before = {name.removeprefix("held_out_"): first[name] for name in names}
    after = {name.removeprefix("held_out_"): last[name] for name in names}
    for name, (was, now) in more.items():
        before[name], after[name] = round(was, 4), round(now, 4)
    if not before:
        return None
    told = {"began": began, "split": split, "n": n, "of": of}
    return {**told, "before": before, "after": after}
