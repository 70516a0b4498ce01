"""A safetensors file and its config, looked at before a number is read. Imports no torch.

The file is eight bytes that say how long the header is, the header in JSON, then the numbers
(https://github.com/huggingface/safetensors). What the header says is held against the file; what
the config says of the network is then held against the header by `architectures`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Shape = tuple[int, ...]
Shapes = dict[str, Shape]
Config = Mapping[str, Any]

MOST_HEADER = 4 * 2**20  # bytes; the largest of ours has 30 kB
MOST_TENSORS, LONGEST_NAME, MOST_DIMENSIONS = 10_000, 300, 8
#: Bytes of one number of each kind that safetensors has and a checkpoint of ours may hold.
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "BOOL": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1,
}  # fmt: skip
#: What a whole config.json may hold: values in all, characters of one text, size of one number.
MOST_VALUES, MOST_TEXT, MOST_NUMBER = 200_000, 50_000, 1e12


class Unfit(ValueError):
    """What is wrong, in a few English words that may follow a colon."""


def shapes(file: Path) -> Shapes:
    """The shape of each tensor of a safetensors file.

    Raises:
        Unfit: the header is too long or no header, or what it says is not what the file holds.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(8)
        if len(start) < 8:
            raise Unfit("it is cut off")
        (length,) = struct.unpack("<Q", start)
        if length > min(MOST_HEADER, size - 8):
            raise Unfit("its header is longer than it can be")
        told = _object(opened.read(length))
    told.pop("__metadata__", None)
    if len(told) > MOST_TENSORS:
        raise Unfit("it has too many tensors")
    found, places = {}, []
    for name, tensor in told.items():
        try:
            kind, shape, (begin, end) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        except (TypeError, KeyError, ValueError):
            raise Unfit("its header describes no tensors") from None
        numbers = isinstance(shape, list) and all(map(_count, (*shape, begin, end)))
        if len(name) > LONGEST_NAME or kind not in BYTES or not numbers:
            raise Unfit("its header describes a tensor that no model has")
        if len(shape) > MOST_DIMENSIONS or math.prod(shape) * BYTES[kind] != end - begin:
            raise Unfit("a tensor has another size than its shape")
        found[name] = tuple(shape)
        places.append((begin, end))
    at = 0
    for begin, end in sorted(places):  # one behind the other, as safetensors asks for
        if begin != at:
            raise Unfit("its tensors overlap or leave gaps")
        at = end
    if at != size - 8 - length:
        raise Unfit("its tensors end elsewhere than the file")
    return found


def _object(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise Unfit("its header names a tensor twice")
        return dict(pairs)

    try:
        told = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except Unfit:
        raise
    except (ValueError, RecursionError):
        raise Unfit("its header cannot be read") from None
    if not isinstance(told, dict):
        raise Unfit("its header cannot be read")
    return told


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


# ---- what a config may say --------------------------------------------------------------------


def bounded(config: Any) -> None:
    """Refuse values that no config of ours has, whatever they are called.

    Raises:
        Unfit: there are too many, or one is too long, too large or no number.
    """
    left, waiting = MOST_VALUES, [config]
    while waiting:
        value = waiting.pop()
        left -= 1
        if left < 0:
            raise Unfit("it holds too much")
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and len(value) > MOST_TEXT:
            raise Unfit("a text in it is too long")
        elif isinstance(value, (int, float)) and not abs(value) <= MOST_NUMBER:
            raise Unfit("a number in it is too large")


def number(told: Config, name: str, low: float, high: float, default: float | None = None) -> float:
    """A number of a config, within bounds.

    Raises:
        Unfit: it is none, or lies outside.
    """
    value = told.get(name, default)
    right = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise Unfit(f"{name} is not a number from {low:g} to {high:g}")
    return value


def size(told: Config, name: str, default: int | None = None, most: int = 100_000) -> int:
    """A whole number from 1 to ``most``."""
    value = number(told, name, 1, most, default)
    if not isinstance(value, int):
        raise Unfit(f"{name} is not a whole number")
    return value


def sizes(told: Config, name: str, most: int, longest: int = 8) -> list[int]:
    """A list of whole numbers from 1 to ``most``."""
    values = told.get(name)
    if not isinstance(values, list) or not 1 <= len(values) <= longest:
        raise Unfit(f"{name} is not a list of 1 to {longest} numbers")
    return [size({name: value}, name, most=most) for value in values]


def names(told: Config, name: str, most: int = 10_000) -> list[str]:
    """A list of texts, such as labels."""
    values = told.get(name)
    right = isinstance(values, list) and 1 <= len(values) <= most
    if not right or not all(isinstance(v, str) and 0 < len(v) <= 500 for v in values or ()):
        raise Unfit(f"{name} is not a list of names")
    return list(values or ())
