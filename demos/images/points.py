"""A point says what to draw: seeds with weights, and how far to go along the generator's
directions. Both networks take the same ones; a link holds one as text.

    {"mix": [[7, 0.9], [12, 0.44]], "moves": [0.0, 1.5]}   "7*0.9,12*0.44~0,1.5"

Each seed is one draw from the normal distribution, and so is every mix: the weights' squares are
made to add up to one when it is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pretrained.images.errors import BadCount, BadPoint, BadSeed

Point = dict[str, Any]

MOST_SEED = 2**32 - 1
MOST_SEEDS = 8  # of one point
MOST_MOVES, FARTHEST = 8, 3.0  # directions, and standard deviations along one
MOST_WEIGHT = 100.0
#: Weights of the face itself and of the new seed in "more like this one": 81% and 19% of its
#: variance.
LIKE, OTHER = 0.9, 0.436
KEPT = 4  # seeds that a face brings into a mix, so that a mix of two has no more than MOST_SEEDS
SHOWN = 40  # characters of what was sent that a refusal repeats
NUMBER = r"[+-]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})"
PART = re.compile(rf"\s*(\d{{1,20}})\s*(?:\*\s*({NUMBER})\s*)?", re.ASCII)
MOVE = re.compile(rf"\s*({NUMBER})\s*", re.ASCII)


def single(seed: int) -> Point:
    """The face of one seed."""
    return {"mix": [[seed, 1.0]]}


def parse(text: Any) -> Point:
    """The point that a link holds.

    Raises:
        BadPoint, BadSeed: it holds none.
    """
    if not isinstance(text, str) or len(text) > 1_000:
        raise BadPoint(sent=told(text))
    mixed, *moved = text.split("~")
    parts = [PART.fullmatch(part) for part in mixed.split(",")]
    moves = [MOVE.fullmatch(move) for move in moved[0].split(",")] if moved else []
    if len(moved) > 1 or not all(parts) or not all(moves):
        raise BadPoint(sent=told(text))
    mix = [[int(part[1]), float(part[2] or 1)] for part in parts if part]
    return check({"mix": mix, "moves": [float(move[1]) for move in moves if move]}, text)


def check(sent: Any, said: Any = None) -> Point:
    """A point as it is drawn: seeds that occur twice are one, and moves are there where some are.

    ``said``: how a refusal calls it.

    Raises:
        BadPoint: it is none. BadSeed: a seed is out of bounds.
    """
    refused = BadPoint(sent=told(sent if said is None else said))
    if not isinstance(sent, Mapping) or not isinstance(sent.get("mix"), list | tuple):
        raise refused
    moves = sent.get("moves") or []
    if not isinstance(moves, list | tuple) or len(moves) > MOST_MOVES:
        raise refused
    if not all(isinstance(part, list | tuple) and len(part) == 2 for part in sent["mix"]):
        raise refused
    if not 1 <= len(sent["mix"]) <= MOST_SEEDS:
        raise refused
    numbers = [weight for _, weight in sent["mix"]]
    if not all(_within(weight, MOST_WEIGHT) for weight in numbers):
        raise refused
    if not all(_within(move, FARTHEST) for move in moves):
        raise refused
    weights: dict[int, float] = {}
    for seed, weight in sent["mix"]:
        seed = checked_seed(seed)
        weights[seed] = weights.get(seed, 0.0) + weight
    if math.hypot(*weights.values()) < 1e-6:
        raise refused
    point: Point = {"mix": [[seed, float(weight)] for seed, weight in weights.items()]}
    return point | {"moves": [float(move) for move in moves]} if any(moves) else point


def checked_seed(sent: Any) -> int:
    """A seed as a whole number. Raises `BadSeed`."""
    whole = _whole(sent)
    if whole is None or not 0 <= whole <= MOST_SEED:
        raise BadSeed(sent=told(sent), most=MOST_SEED)
    return whole


def checked_count(sent: Any, most: int) -> int:
    """A number of pictures, 1 to ``most``. Raises `BadCount`."""
    whole = _whole(sent)
    if whole is None or not 1 <= whole <= most:
        raise BadCount(sent=told(sent), most=most)
    return whole


def _whole(sent: Any) -> int | None:
    if isinstance(sent, str):
        return int(sent) if re.fullmatch(r"\s*\d{1,20}\s*", sent, re.ASCII) else None
    number = isinstance(sent, int | float) and not isinstance(sent, bool)
    return int(sent) if number and math.isfinite(sent) and sent == int(sent) else None


def _within(sent: Any, most: float) -> bool:
    number = isinstance(sent, int | float) and not isinstance(sent, bool)
    return number and math.isfinite(sent) and abs(sent) <= most


def told(sent: Any) -> str:
    """What was sent, as short as a sentence can repeat it."""
    text = str(sent)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def format(point: Mapping[str, Any]) -> str:
    """A point as a link holds it; `parse` reads the same face from it."""
    mix = point["mix"]
    if len(mix) == 1 and mix[0][1] > 0:
        text = str(mix[0][0])
    else:
        text = ",".join(f"{seed}*{_plain(weight)}" for seed, weight in mix)
    moves = point.get("moves") or []
    return f"{text}~{','.join(map(_plain, moves))}" if any(moves) else text


def _plain(number: float) -> str:
    """Up to six decimals, and none that say nothing."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def several(seed: int, count: int) -> list[Point]:
    """The faces of ``count`` seeds in a row; after the last seed comes 0."""
    return [single((seed + number) % (MOST_SEED + 1)) for number in range(count)]


def mixed(parts: Iterable[tuple[Mapping[str, Any], float]]) -> Point:
    """Faces with their weights as one face: of each its heaviest `KEPT` seeds, `MOST_SEEDS` in all.

    Moves are mixed in the same measure, as directions are straight lines.
    """
    weights: dict[int, float] = {}
    moves = [0.0] * MOST_MOVES
    whole = sum(abs(weight) for _, weight in parts) if (parts := list(parts)) else 0.0
    for point, weight in parts:
        heaviest = sorted(point["mix"], key=lambda part: -abs(part[1]))[:KEPT]
        length = math.hypot(*(each for _, each in heaviest))
        for seed, each in heaviest:
            weights[seed] = weights.get(seed, 0.0) + weight * each / length
        for number, move in enumerate(point.get("moves") or ()):
            moves[number] += move * weight / whole
    found = sorted(weights.items(), key=lambda part: -abs(part[1]))[:MOST_SEEDS]
    mix = [[seed, round(weight, 3)] for seed, weight in found if abs(weight) >= 5e-4]
    point = {"mix": mix if len(mix) > 1 else [[mix[0][0], 1.0]]}
    return point | {"moves": [round(move, 2) for move in moves]} if any(moves) else point


def nearby(point: Mapping[str, Any], seed: int, count: int) -> list[Point]:
    """The face itself, then ``count`` - 1 like it: each with a measure of a seed of its own."""
    others = several(seed, count - 1)
    return [dict(point), *(mixed([(point, LIKE), (other, OTHER)]) for other in others)]


def walk(stops: Sequence[Mapping[str, Any]], leg: int) -> list[Point]:
    """From each stop to the next in ``leg`` steps, along the arc on which all faces are as normal
    as the stops; the last stop ends it."""
    found = [dict(stops[0])]
    for start, end in zip(stops, stops[1:], strict=False):
        for number in range(1, leg):
            angle = number / leg * math.pi / 2
            found.append(mixed([(start, math.cos(angle)), (end, math.sin(angle))]))
        found.append(dict(end))
    return found
