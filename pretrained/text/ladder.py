"""What gates buy: a plain recurrent network, a GRU and an LSTM of equal size on equal text.

    python -m pretrained.text.ladder --data FOLDER --keep

The standard setting: the train part of tinyshakespeare only, the first nine tenths to learn from,
the last tenth to be surprised by. All three see the same characters in the same order, with the
same settings. The figures go into the card of ``text/shakespeare``; the weights are not kept.
"""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from pretrained import catalog, checkpoint
from pretrained.text import data, evaluate, train
from pretrained.text.model import CELLS, CharNet
from training import loop

KEY = "text/shakespeare"
#: The LSTM's width; the others are widened until they weigh as much.
HIDDEN = 256
NAMES = {"rnn": "plain recurrent network", "gru": "GRU", "lstm": "LSTM"}


def weights(characters: int, cell: str, hidden: int) -> int:
    """How many numbers such a network holds."""
    network = CharNet(characters, hidden, cell=cell)
    return sum(p.numel() for p in network.parameters())


def width(characters: int, cell: str, goal: int) -> int:
    """The width, a multiple of 8, at which a network of that cell comes closest to ``goal``."""
    return min(range(64, 1025, 8), key=lambda h: abs(weights(characters, cell, h) - goal))


def climb(folder: Path, cell: str, passes: float, out: Path) -> dict[str, Any]:
    """Train one rung and score it: one row of the ladder."""
    recipe = train.RECIPES[KEY]
    texts = data.shakespeare(folder, plays=False)
    alphabet = train.alphabet_of(texts.train, recipe.rare)
    goal = weights(len(alphabet), "lstm", HIDDEN)
    hidden = HIDDEN if cell == "lstm" else width(len(alphabet), cell, goal)
    # Twice the updates of the recipe: the text is a fifth of the recipe's.
    recipe = replace(recipe, streams=64)
    device = loop.choose_device()
    torch.manual_seed(0)
    network = CharNet(len(alphabet), hidden, cell=cell, dropout=0.1)
    encoded = data.encoded(texts.train, alphabet), data.encoded(texts.held_out, alphabet)
    task = train.WritingTask(network, *encoded, recipe, device)
    seen = task.streams * task.recipe.window * task.steps_per_epoch
    rounds = max(1, round(passes * len(encoded[0]) / seen))
    plan = replace(recipe.plan, epochs=rounds, peak=3e-3)
    task.recipe = replace(recipe, plan=plan)
    began = time.monotonic()
    averaged, _ = loop.fit(task, plan, out / cell, device=device)
    seconds = time.monotonic() - began
    surprise = train.nats(averaged.cpu(), encoded[1], streams=1).double().numpy()
    return {
        "name": NAMES[cell],
        "cell": cell,
        "metric": "nats_per_char",
        **evaluate.blocks(surprise),
        "split": texts.held_out_split,
        "n": len(surprise),
        "hidden": hidden,
        "parameters": sum(p.numel() for p in network.parameters()),
        "characters": rounds * seen,
        "wall_seconds": round(seconds, 1),
        "data": texts.split,
    }


def main(
    data_: Annotated[Path, typer.Option("--data", help="The folder of tinyshakespeare.")],
    passes: Annotated[float, typer.Option(help="Times that each network reads the text.")] = 8.0,
    out: Annotated[Path, typer.Option(help="Where to work.")] = Path("runs/ladder"),
    keep: Annotated[bool, typer.Option(help="Write the rows into the card.")] = False,
) -> None:
    """Train and score the three."""
    rows = []
    for cell in CELLS:
        row = climb(data_, cell, passes, out)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    rows.sort(key=lambda row: -row["value"])
    if keep:
        command = "python -m pretrained.text.ladder " + shlex.join(sys.argv[1:])
        folder = Path(str(catalog.find(KEY).folder))
        metrics = checkpoint.read_json(folder, checkpoint.METRICS)
        metrics["ladder"] = [row | {"command": command} for row in rows]
        checkpoint.write_json(folder, checkpoint.METRICS, metrics)
        checkpoint.write_card(folder)


if __name__ == "__main__":
    typer.run(main)
