"""What a visitor may ask of a worker, and the command that asks it: the command line's recipes."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.errors import BadJobOption
from jobs.folder import OUT
from jobs.store import Record

#: The option of a job that measures a model (`Jobs.evaluate`).
EVALUATE = "evaluate"
#: What a visitor may choose, besides ``minutes``: the type, and what `pretrained train` calls it.
OPTIONS: Mapping[str, type] = {
    "minutes": float, "epochs": int, "lr": float, "seed": int,
    "scratch": bool, "head_only": bool, "smoke": bool,
}  # fmt: skip


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, each a value of its type that a run can follow.

    Raises:
        BadJobOption: one is not.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        kind = OPTIONS.get(name)
        right = kind is not None and isinstance(value, (int, float) if kind is float else kind)
        if right and kind is not bool:
            right = not isinstance(value, bool) and math.isfinite(value)
            right = right and (0 <= value < 2**31 if name == "seed" else value > 0)
        if not right:
            raise BadJobOption(name=name, value=value)
        found[name] = value
    return found


def train(record: Record, place: Path, minutes: float) -> list[str]:
    """The command of a worker: the same recipe that the command line has."""
    command = [sys.executable, "-m", "pretrained", "train", record.key]
    command += ["--data", str(place / record.data), "--out", str(place / OUT)]
    command += ["--minutes", f"{minutes:g}", "--resume", "--watch"]
    return command + flags({n: value for n, value in record.options.items() if n != "minutes"})


def command_of(record: Record, place: Path, minutes: float) -> list[str]:
    """The command of a worker that trains, or of one that measures."""
    if EVALUATE not in record.options:
        return train(record, place, minutes)
    command = [sys.executable, "-m", "pretrained", "evaluate", record.key]
    command += ["--data", str(place / record.data), "--out", str(place / OUT), "--json"]
    return command + flags(record.options[EVALUATE]["options"])


def flags(options: Mapping[str, Any]) -> list[str]:
    """What a visitor chose (`OPTIONS`), as `pretrained train` is told it."""
    words: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if name == "scratch":
            words.append(flag if value else "--no-scratch")
        elif isinstance(value, bool):
            words += [flag] if value else []
        else:
            words += [flag, str(value)]
    return words
