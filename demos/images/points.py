"""A point says what to draw: seeds with weights, how far to go along the generator's directions,
and how far from the mean face. Both networks take the same ones; a link holds one as text.

    {"mix": [[7, 0.9], [12, 0.44]], "moves": [0.0, 1.5], "truncation": 0.7}
    "7*0.9,12*0.44~0,1.5@0.7"

Each seed is one draw from the normal distribution, and so is every mix: the weights' squares are
made to add up to one when it is drawn. A point that says nothing of truncation has none: it is 1.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pretrained.images import point
from pretrained.images.errors import BadCount, BadPoint, BadSeed, BadTruncation

Point = dict[str, Any]

MOST_SEED = point.SEEDS - 1
MOST_SEEDS = point.MOST  # of one point
LEAST = 1e-3  # weights below this are none
#: Weights of the face itself and of the new seed in "more like this one": 81% and 19% of its
#: variance.
LIKE, OTHER = 0.9, 0.436
KEPT = 4  # seeds that a face brings into a mix, so that a mix of two has no more than MOST_SEEDS
SHOWN = 40  # characters of what was sent that a refusal repeats
NUMBER = r"[+-]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})"
PART = re.compile(rf"\s*(\d{{1,20}})\s*(?:\*\s*({NUMBER})\s*)?", re.ASCII)
MOVE = re.compile(rf"\s*({NUMBER})\s*", re.ASCII)
TRUNCATION = 0.7  # of what the page draws, unless a visitor chooses; chosen by looking


def single(seed: int, truncation: float | None = None) -> Point:
    """The face of one seed."""
    return truncated({"mix": [[seed, 1.0]]}, truncation)


def truncated(face: Mapping[str, Any], truncation: float | None) -> Point:
    """A face at a truncation; None: the one that it has."""
    return dict(face) if truncation is None else {**face, "truncation": truncation}


def parse(text: Any) -> Point:
    """The point that a link holds.

    Raises:
        BadPoint, BadSeed: it holds none.
    """
    if not isinstance(text, str) or len(text) > 1_000:
        raise BadPoint(sent=told(text))
    rest, *near = text.split("@")
    mixed, *moved = rest.split("~")
    parts = [PART.fullmatch(part) for part in mixed.split(",")]
    moves = [MOVE.fullmatch(move) for move in moved[0].split(",")] if moved else []
    if len(moved) > 1 or len(near) > 1 or not all(parts) or not all(moves):
        raise BadPoint(sent=told(text))
    mix = [[int(part[1]), float(part[2] or 1)] for part in parts if part]
    found: Point = {"mix": mix, "moves": [float(move[1]) for move in moves if move]}
    if near:
        found["truncation"] = checked_truncation(near[0])
    return check(found, text)


def checked_truncation(sent: Any) -> float:
    """How far from the mean face, 0 to 1, to three decimals. Raises `BadTruncation`."""
    match = MOVE.fullmatch(str(sent))
    if match is None or not 0 <= float(match[1]) <= 1:
        raise BadTruncation(sent=told(sent))
    return round(float(match[1]), 3)


def check(sent: Any, said: Any = None) -> Point:
    """A point as it is drawn: seeds that occur twice are one, moves are there where some are, and
    truncation where it was said.

    ``said``: how a refusal calls it.

    Raises:
        BadPoint: it is none. BadSeed: a seed is out of bounds.
    """
    try:
        given = point.Point.of(sent)
        weights: dict[int, float] = {}
        for seed, weight in given.mix:
            weights[seed] = weights.get(seed, 0.0) + weight
        if math.hypot(*weights.values()) < LEAST:
            raise BadPoint(sent=sent)
    except BadPoint:
        raise BadPoint(sent=told(sent if said is None else said)) from None
    found: Point = {"mix": [[seed, weight] for seed, weight in weights.items()]}
    if any(given.moves):
        found["moves"] = list(given.moves)
    return truncated(found, given.truncation if "truncation" in sent else None)


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
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        return None
    whole = isinstance(sent, int) or (math.isfinite(sent) and sent == int(sent))
    return int(sent) if whole else None


def told(sent: Any) -> str:
    """What was sent, as short as a sentence can repeat it."""
    text = str(sent)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def format(face: Mapping[str, Any]) -> str:
    """A point as a link holds it; `parse` reads the same face from it."""
    mix = face["mix"]
    if len(mix) == 1 and mix[0][1] > 0:
        text = str(mix[0][0])
    else:
        text = ",".join(f"{seed}*{_plain(weight)}" for seed, weight in mix)
    moves = face.get("moves") or []
    if any(moves):
        text += f"~{','.join(map(_plain, moves))}"
    return f"{text}@{_plain(face['truncation'])}" if "truncation" in face else text


def _plain(number: float) -> str:
    """Up to six decimals, and none that say nothing."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def several(seed: int, count: int, truncation: float | None = None) -> list[Point]:
    """The faces of ``count`` seeds in a row; after the last seed comes 0."""
    return [single((seed + number) % (MOST_SEED + 1), truncation) for number in range(count)]


def mixed(faces: Sequence[tuple[Mapping[str, Any], float]]) -> Point:
    """Faces with their weights as one face: of each its heaviest `KEPT` seeds, `MOST_SEEDS` in all.

    Moves and truncations are mixed in the same measure, as directions are straight lines.
    """
    weights: dict[int, float] = {}
    moves = [0.0] * point.DIRECTIONS
    whole = sum(abs(weight) for _, weight in faces)
    truncation = sum(abs(weight) * face.get("truncation", 1.0) for face, weight in faces) / whole
    said = any("truncation" in face for face, _ in faces)
    for face, weight in faces:
        heaviest = sorted(face["mix"], key=lambda part: -abs(part[1]))[:KEPT]
        length = math.hypot(*(each for _, each in heaviest))
        for seed, each in heaviest:
            weights[seed] = weights.get(seed, 0.0) + weight * each / length
        for number, move in enumerate(face.get("moves") or ()):
            moves[number] += move * weight / whole
    kept = sorted(weights.items(), key=lambda part: -abs(part[1]))[:MOST_SEEDS]
    mix = [[seed, round(weight, 3)] for seed, weight in kept if abs(weight) >= LEAST]
    if not mix:  # a face and its opposite leave nothing
        return dict(faces[0][0])
    if len(mix) == 1:
        mix = [[mix[0][0], math.copysign(1.0, mix[0][1])]]
    far = [round(move, 2) for move in moves]
    found: Point = {"mix": mix, "moves": far} if any(far) else {"mix": mix}
    return truncated(found, round(truncation, 3) if said else None)


def nearby(face: Mapping[str, Any], seed: int, count: int) -> list[Point]:
    """The face itself, then ``count`` - 1 like it: each with a measure of a seed of its own."""
    others = several(seed, count - 1, face.get("truncation"))
    return [dict(face), *(mixed([(face, LIKE), (other, OTHER)]) for other in others)]


def walk(stops: Sequence[Mapping[str, Any]], leg: int) -> list[Point]:
    """From each stop to the next in ``leg`` steps, along the arc on which all faces are as normal
    as the stops; the last stop ends it."""
    found = [dict(stops[0])]
    for start, end in itertools.pairwise(stops):
        for number in range(1, leg):
            angle = number / leg * math.pi / 2
            found.append(mixed([(start, math.cos(angle)), (end, math.sin(angle))]))
        found.append(dict(end))
    return found
