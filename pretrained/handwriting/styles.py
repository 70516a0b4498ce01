"""The hands that are shipped: the pen's memory after it has read a line of a writer's.

No stroke of the data travels with the model: what travels is the state of the LSTM layers, the
window and the writer's vector. Writers are chosen by what they look like (slant, joined or not,
width) so that they differ, and by how well the reader reads the pen in their hand; all of it on
training writers and on texts of training writers kept aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained.handwriting import alphabet, data, reader
from pretrained.handwriting.data import Writing
from pretrained.handwriting.read import Reader
from pretrained.handwriting.serve import Pen

#: Hands that are shipped, and candidates among which they are chosen.
HANDS, CANDIDATES = 8, 20
#: Points of the line that the pen reads, and lines tried for each hand.
LINE, TRIED = (150, 260), 3
#: Rows and characters that a writer needs to be a candidate.
LEAST_ROWS, LEAST_CHARACTERS = 40, 300


@dataclass
class Hand:
    """One writer as a candidate: the number of the vector, rows, and what the hand looks like."""

    number: int
    rows: list[Writing]
    looks: dict[str, float]


def looks(rows: Sequence[Writing]) -> dict[str, float]:
    """What a hand looks like: slant in degrees to the right, strokes and width of a character."""
    points = np.concatenate([one.points[1:] for one in rows])
    ups = np.concatenate([one.points[:-1, 2] for one in rows])
    down = points[(ups == 0) & (points[:, 1] > 0.25)]
    characters = sum(len(one.text.replace(" ", "")) for one in rows)
    return {
        "slant": float(np.degrees(np.arctan2(-down[:, 0].sum(), down[:, 1].sum()))),
        "strokes": float(sum(one.points[:, 2].sum() for one in rows) / characters),
        "width": float(sum(one.width for one in rows) / sum(len(one.text) for one in rows)),
    }


def candidates(writings: Sequence[Writing], hands: Sequence[int], recognizer: Reader) -> list[Hand]:
    """Writers that differ in looks, each legible to the reader."""
    own: dict[int, list[Writing]] = defaultdict(list)
    for one in writings:
        own[one.writer].append(one)
    found, error = [], []
    for number, writer in enumerate(hands, 1):
        rows = own[writer]
        small = sum(c.islower() for one in rows for c in one.text)
        if len(rows) < LEAST_ROWS or small < LEAST_CHARACTERS:
            continue
        found.append(Hand(number, rows, looks(rows)))
        error.append(read_rows(recognizer, rows[:25]))
    if not found:  # little data: nobody wrote enough to be a hand
        return []
    legible = np.array(error) <= np.quantile(error, 0.6)
    found = [one for one, good in zip(found, legible, strict=True) if good]
    table = np.array([[*one.looks.values()] for one in found])
    table = (table - table.mean(0)) / table.std(0).clip(1e-6)
    table = table.clip(-2, 2)  # an outlier in one respect is odd rather than different
    chosen = [int(np.square(table).sum(1).argmin())]
    while len(chosen) < min(CANDIDATES, len(found)):
        away = np.min([np.square(table - table[c]).sum(1) for c in chosen], axis=0)
        chosen.append(int(away.argmax()))
    return [found[c] for c in chosen]


def read_rows(recognizer: Reader, rows: Sequence[Writing]) -> float:
    """Character error rate of the reader on a few rows."""
    wrong = sum(
        reader.errors(answer["text"], one.text) if isinstance(answer, dict) else len(one.text)
        for one, answer in zip(
            rows, recognizer.predict([one.absolute() for one in rows]), strict=True
        )
    )
    return wrong / sum(len(one.text) for one in rows)


def prime(pen: Pen, line: Writing, number: int) -> dict[str, Tensor]:
    """The pen's memory after a line, as `Pen` goes on from it."""
    text, _ = alphabet.spell(line.text, pen.characters)
    state = pen.begin("x")
    state.hand = pen.stepper.hands[number]
    pen.read(state, line.points, text, line.width)
    while len(state.given):
        pen.step([state]) if len(state.given) > 4 else pen._advance([state])
    memory = state.memory
    kappa = memory.kappa - state.own  # counted from the first character of what is to come
    found = {name: getattr(memory, name) for name in ("h1", "c1", "h2", "c2", "seen")}
    found |= {"kappa": torch.from_numpy(kappa), "hand": state.hand}
    found |= {"before": torch.from_numpy(state.before), "origin": torch.from_numpy(state.origin)}
    return {name: value.detach().cpu().half().float() for name, value in found.items()}


def choose(
    pen: Pen,
    recognizer: Reader,
    writings: Sequence[Writing],
    hands: Sequence[int],
    texts: Sequence[str],
) -> tuple[dict[str, Tensor], list[dict[str, Any]], list[list[Writing]]]:
    """The hands to ship: their states, what the config tells of them, and the rows of each."""
    random = np.random.default_rng(0)
    tried: list[tuple[dict[str, Tensor], Hand]] = []
    for one in candidates(writings, hands, recognizer):
        found = data.lines(one.rows, random, shortest=LINE[0], longest=LINE[1])
        found = [line for line in found if LINE[0] * 0.6 <= len(line) <= LINE[1]]
        tried += [(prime(pen, line, one.number), one) for line in found[:TRIED]]
    if not tried:
        return {}, [], []
    error = read_errors(pen, recognizer, [state for state, _ in tried], texts)
    best: dict[int, int] = {}
    for i, (_, one) in enumerate(tried):
        if one.number not in best or error[i] < error[best[one.number]]:
            best[one.number] = i
    # The most legible half, then as different from one another as can be.
    kept = sorted(best.values(), key=lambda i: error[i])[: max(HANDS, len(best) * 3 // 5)]
    table = np.array([[*tried[i][1].looks.values()] for i in kept])
    table = (table - table.mean(0)) / table.std(0).clip(1e-6)
    chosen = [0]
    while len(chosen) < min(HANDS, len(kept)):
        away = np.min([np.square(table - table[c]).sum(1) for c in chosen], axis=0)
        chosen.append(int(away.argmax()))
    states = [tried[kept[c]][0] for c in chosen]
    told = [
        {
            "name": f"Hand {n}",
            "writer": hands[tried[kept[c]][1].number - 1],
            **{name: round(value, 2) for name, value in tried[kept[c]][1].looks.items()},
        }
        for n, c in enumerate(chosen, 1)
    ]
    stacked = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    return stacked, told, [tried[kept[c]][1].rows for c in chosen]


def read_errors(
    pen: Pen, recognizer: Reader, states: Sequence[dict[str, Tensor]], texts: Sequence[str]
) -> list[float]:
    """Character error rate of the reader on the pen's samples of ``texts`` from each state."""
    pen.styles = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    pen.names = [str(n) for n in range(len(states))]
    jobs: list[dict[str, Any]] = [
        {"text": text, "style": style, "seed": seed}
        for style in range(len(states))
        for seed, text in enumerate(texts)
    ]
    wrong = np.zeros(len(states))
    for begin in range(0, len(jobs), 128):
        part = jobs[begin : begin + 128]
        answers = pen.predict(part)
        drawn = [answer["points"] for answer in answers if isinstance(answer, dict)]
        for job, answer in zip(part, recognizer.predict(drawn), strict=True):
            read = answer["text"] if isinstance(answer, dict) else ""
            wrong[job["style"]] += reader.errors(read, job["text"])
    return list(wrong / sum(map(len, texts)))
