"""Going on with a run: only with the same data, classes, recipe and options, or not at all.

What identifies a run is kept beside its weights, in the same file: a network is not saved under
labels that it did not learn. States of older code tell nothing of the kind and are taken as is.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.errors import CannotKeep, CannotResume

STATE, HISTORY = "state.pt", "history.jsonl"
WORDS = {"peak": "learning rate", "smoke": "--smoke", "head_only": "--head-only"}
UNREADABLE = {"data", "settings"}  # fingerprints say nothing to a reader


def fingerprint(*parts: Any) -> str:
    """A short name of what a run learns from: equal for equal contents, whatever their path.

    Args:
        parts: tensors, arrays, text, bytes, numbers, None, files and folders (what they hold),
            dataclasses, and mappings and sequences of such; anything else by its ``repr``.
    """
    found = hashlib.sha256()
    for part in parts:
        _feed(found, part)
    return found.hexdigest()[:16]


def _feed(found: Any, part: Any) -> None:
    if isinstance(part, Tensor):
        part = part.detach().cpu()
        part = part.float().numpy() if part.dtype is torch.bfloat16 else part.numpy()
    if isinstance(part, np.ndarray) and part.dtype != object:
        found.update(f"{part.dtype}{part.shape}".encode())
        found.update(np.ascontiguousarray(part).data)
    elif isinstance(part, bytes):
        found.update(f"b{len(part)}:".encode() + part)
    elif isinstance(part, Path):
        files = sorted(f for f in part.rglob("*") if f.is_file()) if part.is_dir() else [part]
        _feed(found, [(f.relative_to(part).as_posix(), f.read_bytes()) for f in files])
    elif isinstance(part, Mapping):
        _feed(found, list(part.items()))
    elif is_dataclass(part) and not isinstance(part, type):
        _feed(found, {name: getattr(part, name) for name in part.__dataclass_fields__})
    elif isinstance(part, (set, frozenset)):
        _feed(found, sorted(part, key=repr))  # the order differs from process to process
    elif isinstance(part, (list, tuple, np.ndarray)):
        found.update(f"[{len(part)}".encode())
        for one in part:
            _feed(found, one)
    else:
        found.update(f"{type(part).__name__}:{part!r};".encode())


def identity_of(plan: Any, smoke: bool, told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything that must be the same for a run to go on. How long it may take need not be.

    Args:
        plan: the `loop.Plan`.
        told: what the recipe adds, a word of the reader's language for each thing.
    """
    options = {k: v for k, v in asdict(plan).items() if k not in ("minutes", "epochs")}
    whole = {**(told or {}), "options": {**options, "smoke": smoke}}
    return json.loads(json.dumps(whole))  # as it will be read again: no tuples


def begun(out: Path) -> bool:
    """Whether a run was ever kept in a folder.

    Raises:
        CannotResume: one was, and its state is missing.
    """
    there = (out / STATE).exists()
    if not there and (out / HISTORY).exists():
        raise CannotResume(out, f"its {STATE} is missing")
    return there


def read(
    out: Path, identity: Mapping[str, Any], device: torch.device
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The state and the history to go on from, or None where nothing was ever kept.

    A state that was written before runs had an identity is taken as it is.

    Raises:
        CannotResume: a file is missing or damaged, or the run is another one.
    """
    if not begun(out):
        return None
    try:
        state = torch.load(out / STATE, map_location=device, weights_only=True)
        step, epoch, _ = int(state["step"]), int(state["epoch"]), float(state["seconds"])
        state["model"], state["averaged"], state["optimizer"], state["scaler"]
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, EOFError) as error:
        raise CannotResume(out, f"its {STATE} is damaged or only half written") from error
    except (pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise CannotResume(out, f"its {STATE} is damaged or only half written") from error
    if step < 0 or epoch < 0:
        raise CannotResume(out, f"its {STATE} is damaged")
    other = differences(state.get("identity", {}), identity)
    if other:
        raise CannotResume(out, "; ".join(other))
    try:
        lines = (out / HISTORY).read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        history = [row for row in rows if row.get("epoch", 0) <= epoch]
    except FileNotFoundError:
        raise CannotResume(out, f"its {HISTORY} is missing") from None
    except (OSError, ValueError, AttributeError) as error:
        raise CannotResume(out, f"its {HISTORY} is damaged or only half written") from error
    passes = sum(row.get("epoch", 0) > 0 for row in history)  # the row of epoch 0 is before them
    if passes * identity.get("processes", 1) < epoch:
        raise CannotResume(out, f"its {HISTORY} has {passes} of {epoch} lines")
    return state, history


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was, in words; what only one of the two tells is passed over."""
    found = []
    for name in was.keys() & now.keys():
        old, new = was[name], now[name]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new)
        elif old != new:
            told = f" ({_apart(old, new)})" if name not in UNREADABLE else ""
            found.append(f"it had other {WORDS.get(name, name.replace('_', ' '))}{told}")
    return sorted(found)


def _apart(old: Any, new: Any) -> str:
    """What was, and what is; of two lists what the one has and the other has not, if anything."""
    if isinstance(old, list) and isinstance(new, list):
        gone, come = ([one for one in a if one not in b] for a, b in ((old, new), (new, old)))
        sides = [("with", gone), ("without", come)]
        if gone or come:
            return ", ".join(f"{word} {_few(some)}" for word, some in sides if some)
    return f"{_few(old)}, now {_few(new)}"


def _few(value: Any) -> str:
    """A value as a sentence shows it: a long list cut, line breaks and the like escaped, in
    quotation marks what has neither letters nor figures."""
    if isinstance(value, list):
        shown = ", ".join(map(_few, value[:5]))
        return shown + (f" and {len(value) - 5} more" if value[5:] else "")
    text = str(value)
    escaped = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return escaped if any(map(str.isalnum, text)) else f'"{escaped}"'


def write(out: Path, state: Mapping[str, Any], history: list[dict[str, Any]]) -> None:
    """Keep both: never half a file, wherever the run is killed, and never a state that is ahead of
    the history.

    Raises:
        CannotKeep: there is no room for them; what was kept before is as it was.
    """
    part, half = out / f"{HISTORY}.part", out / "state.part"
    try:
        part.write_text("".join(json.dumps(row) + "\n" for row in history), "utf-8")
        torch.save(dict(state), half)
        os.replace(part, out / HISTORY)
        os.replace(half, out / STATE)
    except (OSError, RuntimeError) as error:  # torch.save says either, the latter in terms of C++
        for file in (part, half):
            with suppress(OSError):
                file.unlink(missing_ok=True)
        reason = (isinstance(error, OSError) and error.strerror) or "the disk took only part of it"
        raise CannotKeep(out, reason, kept=(out / STATE).exists()) from error


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where torch's generators of random numbers stand, the device's too."""
    found = {"cpu": torch.get_rng_state()}
    if device.type in ("cuda", "mps"):
        found[device.type] = getattr(torch, device.type).get_rng_state()
    return found


def restore_random_state(found: Mapping[str, Tensor], device: torch.device) -> None:
    """Put them there again. A state that was written before they were kept has none."""
    if "cpu" in found:
        torch.set_rng_state(found["cpu"].cpu())
    if device.type in found and device.type != "cpu":
        getattr(torch, device.type).set_rng_state(found[device.type].cpu())


def restore(out: Path, state: Mapping[str, Any], **parts: Any) -> None:
    """Load each of ``parts`` (model, averaged, optimizer, scaler) from the state.

    Raises:
        CannotResume: they do not fit, so the run was of another network.
    """
    try:
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotResume(out, "it trained another network, or other classes") from error
