"""How the pen and the reader were trained: two recipes over the one loop, from random weights.

Made for a single CPU core: about ten points a character, batches of lines alike in length, words
before lines, matrix products in bfloat16 where the processor multiplies it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pretrained import catalog, checkpoint
from pretrained.cards import cards
from pretrained.errors import UnknownEntry
from pretrained.handwriting import adapt, data, evaluate, serve, styles, tasks
from pretrained.handwriting.model import PenNet
from pretrained.handwriting.reader import ReaderNet
from pretrained.handwriting.show import Phrase
from pretrained.metadata import Metadata
from training import loop
from training.hardware import choose_device
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
    From a visitor's own words the bundled pen goes on, see `adapt`.

    Args:
        run: its epochs are rounds of `tasks.ROUND` steps; from a table of many writers both
            networks start anew always.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the data cannot be read.
    """
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    if key == adapt.KEY and adapt.is_own(source):
        return adapt.train(source, out, run)
    plan = run.plan(RECIPES[key].plan)
    task, facts = task_of(key, source, run.seed)
    _, history = run.fit(task, plan, out, run.identity(key, Path(source)))
    made = provenance(run, choose_device(), history, **facts)
    write(key, out, task, made)
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
    task = tasks.PenTask(pen, train_on, held_out, hands, lines)
    task.sample = Phrase({})
    return task, facts


def averaged(run: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a run's last round."""
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    return dict(state["averaged"])


def write(
    key: str,
    run: Path,
    task: Any,
    made: dict[str, Any],
    *,
    out: Path | None = None,
) -> None:
    """Write the checkpoint folder of a run into ``out``, or beside its state."""
    out = out or run
    network = task.model.cpu()
    network.load_state_dict(averaged(run))
    network.eval()
    config: dict[str, Any] = {
        "loader": "pretrained.handwriting.serve:load_" + key.split("/")[1],
        "pipeline_tag": "other",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "characters": network.characters,
        **architecture_of(network),
    }
    checkpoint.save_weights(out, network.state_dict())
    if isinstance(network, PenNet):
        config["styles"] = _hands(out, network, config, task)
    old = out / checkpoint.METRICS
    kept = json.loads(old.read_text()).get("ladder", []) if old.exists() else []
    Metadata(key, cards()[key], made).write(out, config)
    if kept:
        metrics = checkpoint.read_json(out, checkpoint.METRICS)
        checkpoint.write_json(out, checkpoint.METRICS, {**metrics, "ladder": kept})
    if out != run:
        shutil.copy(run / checkpoint.HISTORY, out / checkpoint.HISTORY)


def architecture_of(network: PenNet | ReaderNet) -> dict[str, Any]:
    """The arguments that make a network of the same shape."""
    if isinstance(network, ReaderNet):
        return {"width": network.near.out_channels, "units": network.head.in_features // 2}
    first, second = network.sizes
    return {
        "hands": network.hands.num_embeddings - 1,
        "hand": network.hands.embedding_dim,
        "first": first,
        "second": second,
        "window": network.window,
        "mixture": network.mixture,
    }


def _hands(out: Path, network: PenNet, config: dict[str, Any], task: Any) -> list[dict[str, Any]]:
    """Choose the hands and save their states beside the weights."""
    if not (catalog.folder_of("handwriting/reader") / checkpoint.WEIGHTS).exists():
        return []  # a first run on a machine without a reader: no hands yet
    reader = evaluate.bundled_reader()
    # As it will be served: weights that have been through half precision.
    network.load_state_dict(checkpoint.load_weights(out))
    pen = serve.Pen(network, config, "cpu", {})
    random = np.random.default_rng(5)
    words = sorted({one.text for one in task.aside if 4 <= len(one.text) <= 14})
    texts = [" ".join(random.choice(words, 2)) for _ in range(6)]
    states, told, _ = styles.choose(pen, reader, task.lines.writings, list(task.hands), texts)
    if states:
        checkpoint.save_weights(out, states, serve.STYLES)
    return told
