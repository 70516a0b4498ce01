"""What gates buy: a plain recurrent network, a GRU and an LSTM of equal size on equal text.

    python -m experiments.text_ablation --data FOLDER --keep

The standard setting: the train part of tinyshakespeare only, the first nine tenths to learn from,
the last tenth to be surprised by. All three see the same characters in the same order, with the
same settings but for the learning rate: each cell gets the one that served it best on that tenth,
since none is best for all. The figures go into the card of ``text/shakespeare``; the weights are
not kept.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from pretrained import catalog, checkpoint
from pretrained.metrics import mean_of_blocks
from pretrained.text import corpora, data, likelihood, train
from pretrained.text.data import Texts
from pretrained.text.model import CELLS, CharNet
from training import loop
from training.hardware import choose_device

KEY = "text/shakespeare"
#: The LSTM's width; the others are widened until they weigh as much.
HIDDEN = 256
#: Learning rates that each cell is trained with, in full: the best of a short run may diverge in
#: a longer one.
RATES = (5e-3, 1e-2, 2e-2)
NAMES = {"rnn": "plain recurrent network", "gru": "GRU", "lstm": "LSTM"}


def weights(characters: int, cell: str, hidden: int) -> int:
    """How many numbers such a network holds."""
    network = CharNet(characters, hidden, cell=cell)
    return sum(p.numel() for p in network.parameters())


def width(characters: int, cell: str, goal: int) -> int:
    """The width, a multiple of 8, at which a network of that cell comes closest to ``goal``."""
    return min(range(64, 1025, 8), key=lambda h: abs(weights(characters, cell, h) - goal))


@dataclass(frozen=True)
class Variant:
    """One network after its training; ``nll``: negative log-likelihood of each character (nats)."""

    network: CharNet
    nll: Tensor
    characters: int
    seconds: float


def learn(texts: Texts, cell: str, rate: float, passes: float, out: Path) -> Variant:
    """Train a network of that cell, ``passes`` times over the text; seed 0 for all."""
    recipe = train.RECIPES[KEY]
    alphabet = train.alphabet_of(texts.train, recipe.rare)
    goal = weights(len(alphabet), "lstm", HIDDEN)
    hidden = HIDDEN if cell == "lstm" else width(len(alphabet), cell, goal)
    device = choose_device()
    torch.manual_seed(0)
    network = CharNet(len(alphabet), hidden, cell=cell, dropout=0.1)
    encoded = data.encoded(texts.train, alphabet), data.encoded(texts.held_out, alphabet)
    task = train.WritingTask(network, *encoded, recipe, device)
    seen = task.streams * task.recipe.window * task.steps_per_epoch
    rounds = max(1, round(passes * len(encoded[0]) / seen))
    plan = replace(recipe.plan, epochs=rounds, peak=rate)
    began = time.monotonic()
    averaged, _ = loop.fit(task, plan, out, device=device)
    seconds = time.monotonic() - began
    assert isinstance(averaged, CharNet)
    nll = likelihood.nats(averaged.cpu(), encoded[1], streams=1)
    return Variant(averaged, nll, rounds * seen, seconds)


def compare(texts: Texts, cell: str, passes: float, out: Path) -> dict[str, Any]:
    """Train with every rate and keep the best: one row of the ablation."""
    variants = {rate: learn(texts, cell, rate, passes, out / cell / f"{rate:g}") for rate in RATES}
    rate = min(RATES, key=lambda rate: variants[rate].nll.mean().item())
    variant = variants[rate]
    return {
        "name": NAMES[cell],
        "cell": cell,
        "metric": "nats_per_char",
        **mean_of_blocks(variant.nll.double().numpy()),
        "split": texts.held_out_split,
        "n": len(variant.nll),
        "hidden": variant.network.cells.hidden_size,
        "parameters": sum(p.numel() for p in variant.network.parameters()),
        "characters": variant.characters,
        "wall_seconds": round(variant.seconds, 1),
        "learning_rate": rate,
        "tried": {f"{rate:g}": round(r.nll.mean().item(), 4) for rate, r in variants.items()},
        "data": texts.split,
    }


def main(
    data_: Annotated[Path, typer.Option("--data", help="The folder of tinyshakespeare.")],
    passes: Annotated[float, typer.Option(help="Times that each network reads the text.")] = 8.0,
    out: Annotated[Path, typer.Option(help="Where to work.")] = Path("runs/text-ablation"),
    keep: Annotated[bool, typer.Option(help="Write the rows into the card.")] = False,
) -> None:
    """Train and score the three."""
    texts = corpora.shakespeare(data_, plays=False)
    rows = []
    for cell in CELLS:
        row = compare(texts, cell, passes, out)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    rows.sort(key=lambda row: -row["value"])
    if keep:
        folder = Path(str(catalog.find(KEY).folder))
        checkpoint.keep_ablation(folder, rows, "experiments.text_ablation")


if __name__ == "__main__":
    typer.run(main)
