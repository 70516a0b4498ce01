"""Rewind: the weights that a training kept on its way, and a checkpoint folder made of one.

`training.watching` writes them. They are safetensors, read and written here without torch: eight
bytes that say how long the header is, the header in JSON, then the numbers
(https://github.com/huggingface/safetensors).

A recipe that is watched leaves the checkpoint that it begins from in `START`
(`training.run.Run.fit`): until a training has weights of its own, its moments are asked with
those papers.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pretrained import checkpoint
from pretrained.errors import BadCheckpoint

FOLDER, START = "moments", "moments/start"
MOST_COPIES = 6  # of a checkpoint, of one training at a time: those that were asked last
_making = threading.Lock()  # one copy of a checkpoint at a time
MOST_HEADER = 100_000_000  # bytes; safetensors' own bound
FLOATS: dict[str, Any] = {"F16": np.float16, "F32": np.float32, "F64": np.float64}


@dataclass(frozen=True)
class Moment:
    """``name`` of its file, and where in the training it was: step, epoch, progress 0 to 1."""

    name: str
    step: int
    epoch: int
    progress: float


def listed(out: Path) -> list[Moment]:
    """Those that a worker has kept so far, the earliest first."""
    found = []
    with suppress(OSError):
        for file in sorted((out / FOLDER).glob("[0-9]*.safetensors")):
            with suppress(OSError, ValueError, KeyError):
                told = _opened(file)[0]["__metadata__"]
                place = int(told["step"]), int(told["epoch"]), float(told["progress"])
                found.append(Moment(file.stem, *place))
    return found


def has(out: Path, name: str) -> bool:
    """Whether a moment is kept, and can be asked."""
    return name.isdigit() and _file(out, name).is_file() and _base(out) is not None


def folder_of(out: Path, name: str) -> Path:
    """A checkpoint folder that the app loads, with the weights of one moment.

    It is made when it is first asked for, and `MOST_COPIES` stay that were asked last. What did not
    learn is taken from the final weights; while there are none, from those that it began with.

    Raises:
        BadCheckpoint: the training has kept no such moment, or has no papers for it yet, or the
            weights do not fit together.
    """
    base = _base(out)
    if base is None or not has(out, name):
        raise BadCheckpoint(path=out, reason="it has no such moment, or has not begun to learn")
    # What was copied of the beginning's papers is not what the end's would give.
    folder = out / FOLDER / (name if base == out else f"{name}.begun")
    with _making:
        if not folder.is_dir():
            _made(base, _file(out, name), folder)
        folder.touch()
        copies = [one for one in (out / FOLDER).glob("[0-9]*") if one.is_dir()]
        for old in sorted(copies, key=lambda one: one.stat().st_mtime_ns)[:-MOST_COPIES]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _file(out: Path, name: str) -> Path:
    return out / FOLDER / f"{name}.safetensors"


def _base(out: Path) -> Path | None:
    """The checkpoint that moments are put into: that of the end, or else of the beginning."""
    found = (out, out / START)
    papers = (checkpoint.WEIGHTS, checkpoint.CONFIG)
    return next((one for one in found if all((one / name).is_file() for name in papers)), None)


def _made(base: Path, file: Path, folder: Path) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        for other in base.iterdir():  # its papers, and its weights, such as probes
            whole = other.is_file() and other.name != "state.pt"
            taken = other.suffix in (".json", ".md", ".safetensors")
            if whole and (taken or other.stat().st_size < 2**20):
                shutil.copy2(other, part / other.name)
        for weights in (checkpoint.WEIGHTS, checkpoint.REVERSE):
            if (part / weights).is_file():
                _merge(file, part / weights)
    except (ValueError, KeyError, IndexError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise BadCheckpoint(path=file, reason="it does not fit the other weights") from error
    os.replace(part, folder)


def _opened(file: Path) -> tuple[dict[str, Any], int]:
    """The header of a safetensors file, and where its numbers begin."""
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8).ljust(8, b"\0"))
        if length > MOST_HEADER:
            raise ValueError("no header")
        header = json.loads(opened.read(length))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header, 8 + length


def _merge(moment: Path, final: Path) -> None:
    """Write the moment's weights over those of the final ones that it has, tensor by tensor."""
    header, begin = _opened(final)
    learnt, start = _opened(moment)
    learnt.pop("__metadata__", None)
    names = header.keys() - {"__metadata__"}
    # A recipe may have wrapped the network: `network.head.weight` is learnt, `head.weight` kept.
    prefixes = {"", *(name.partition(".")[0] + "." for name in learnt)}
    matching = {p: {n.removeprefix(p): n for n in learnt if n.startswith(p)} for p in prefixes}
    prefix = max(sorted(prefixes), key=lambda p: len(matching[p].keys() & names))
    if not matching[prefix].keys() & names:
        raise ValueError("no tensor in common")
    with moment.open("rb") as earlier, final.open("r+b") as written:
        for name in matching[prefix].keys() & names:
            old, new = learnt[matching[prefix][name]], header[name]
            if old["shape"] != new["shape"]:
                raise ValueError(f"{name} has another shape")
            a, b = old["data_offsets"]
            earlier.seek(start + a)
            numbers = earlier.read(b - a)
            if old["dtype"] != new["dtype"]:
                kinds = FLOATS[old["dtype"]], FLOATS[new["dtype"]]
                numbers = np.frombuffer(numbers, kinds[0]).astype(kinds[1]).tobytes()
            a, b = new["data_offsets"]
            if b - a != len(numbers):
                raise ValueError(f"{name} has another size")
            written.seek(begin + a)
            written.write(numbers)
