"""How the pen and the reader were trained: two recipes over the one loop, from random weights.

Made for a single CPU core: about ten points a character, batches of lines alike in length, words
before lines, matrix products in bfloat16 where the processor multiplies it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pretrained.errors import UnknownEntry
from pretrained.handwriting import data, tasks
from pretrained.handwriting.model import PenNet
from pretrained.handwriting.reader import ReaderNet
from training import loop
from training.provenance import provenance
from training.run import USUAL, Run


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one of the two networks, apart from the data.

    Attributes:
        points: points of a batch.
        spans: shortest and longest line by progress, see `tasks.Lines`.
        held_out: share of the training writers kept aside, to watch and to choose by.
    """

    plan: loop.Plan
    points: int
    spans: tuple[tuple[float, int, int], ...]
    held_out: float = 0.06
    architecture: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "handwriting/pen": Recipe(
        plan=loop.Plan(
            epochs=60, peak=3e-3, weight_decay=0.0, warmup=0.04, optimiser="adamw", clip=1.0
        ),
        points=5000,
        spans=((0.2, 20, 100), (0.5, 40, 180), (1.0, 60, 240)),
    ),
    "handwriting/reader": Recipe(
        plan=loop.Plan(
            epochs=60, peak=3e-3, weight_decay=0.02, warmup=0.06, optimiser="adamw", clip=1.0
        ),
        points=6000,
        spans=((0.15, 10, 80), (1.0, 20, 200)),
    ),
}


def train(
    key: str,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
) -> Path:
    """Train one of the two networks from random weights and leave a checkpoint folder in ``out``.

    Args:
        run: its epochs are rounds of `tasks.ROUND` steps; both networks start anew always.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the data cannot be read.
    """
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    plan = run.plan(RECIPES[key].plan)
    task, facts = task_of(key, source, run.seed)
    _, history = run.fit(task, plan, out, run.identity(key, Path(source)))
    made = provenance(run, loop.choose_device(), history, **facts)
    from pretrained.handwriting import finish

    finish.write(key, out, task, made)
    return out


def task_of(key: str, source: Path | str, seed: int) -> tuple[Any, dict[str, Any]]:
    """The task of a recipe, and what the card tells about its data."""
    recipe = RECIPES[key]
    torch.manual_seed(seed)
    writings, split = data.read(source, "train", blind=key == "handwriting/reader")
    train_on, held_out = data.apart(writings, recipe.held_out)
    held_out = held_out or train_on
    characters = data.alphabet_of(train_on)
    lines = tasks.Lines(train_on, seed, recipe.points, recipe.spans)
    facts = {
        "data": split,
        "writings": len(train_on),
        "writers": len({one.writer for one in train_on}),
        "started_from": "random weights",
    }
    if key == "handwriting/reader":
        net = ReaderNet(characters, **recipe.architecture)
        return tasks.ReaderTask(net, held_out, lines), facts
    hands = sorted({one.writer for one in train_on})
    pen = PenNet(characters, len(hands), **recipe.architecture)
    return tasks.PenTask(pen, train_on, held_out, hands, lines), facts
