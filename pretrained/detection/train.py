"""How the detector was trained: one recipe over the one loop, on the network of
``classification/imagenet``.

What the shipped checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from pretrained import catalog, checkpoint
from pretrained.detection import data, select_classes, tasks
from pretrained.detection.errors import NotTunable
from pretrained.detection.model import Detector
from pretrained.detection.tasks import DetectionTask
from pretrained.errors import BadData, UnknownEntry
from pretrained.metadata import Metadata
from training import loop
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import USUAL, Run

BODY = "classification/imagenet"
#: Fewest pictures that are worth training on.
LEAST = 8
#: Share of a visitor's pictures that is kept aside, and so many of them at most, or as many as of
#: ours.
ASIDE, MOST_ASIDE = 0.2, 20
#: A trained detector learns a visitor's classes in fewer rounds and more gently.
TUNED: dict[str, Any] = {"epochs": 4, "peak": 2e-4}
#: What the card says of a visitor's own.
OWN_LIMITS = (
    "It has learnt from {pictures} pictures and knows nothing but the kinds that it was taught; it "
    "sees a picture at 256 pixels, so small things escape it."
)


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one detector, apart from the pictures.

    Attributes:
        batch: pictures of an update. held_out: share kept aside, to watch by.
        body_rate: the body's learning rate, by what is new.
        architecture: arguments of `Detector` besides classes and body.
    """

    plan: loop.Plan
    batch: int = 4
    held_out: float = 0.02
    body_rate: float = 0.2
    architecture: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "detection/everyday": Recipe(
        plan=loop.Plan(
            epochs=80,
            peak=1e-3,
            weight_decay=0.02,
            warmup=0.04,
            optimiser="adamw",
            average=200,
            clip=5.0,
        ),
        architecture={
            "channels": 96,
            "hidden": 256,
            "anchors": [[12, 20, 34], [54, 80, 115], [160, 220, 300]],
            "ratios": [0.5, 1.0, 2.0],
        },
    ),
}


def train(key: str, source: Path | str, out: Path, run: Run = USUAL) -> Path:
    """Train one detector and leave a checkpoint folder in ``out``.

    On data with other classes than the shipped detector's, a visitor's own, its weights are the
    start, and what tells the classes apart is new where they are; ``run.scratch`` overrides that.

    Args:
        run: its epochs are rounds of three hundred updates, or fewer where a visitor has few
            pictures; ``head_only`` leaves all but what tells the classes apart as it is.

    Raises:
        UnknownEntry: no recipe is called so. NotTunable: nothing of it is learnt.
        BadData: the pictures cannot be read, or are too few.
    """
    entry = catalog.entries().get(key)
    if entry is not None and entry.borrows:
        raise NotTunable(model=key, others=", ".join(RECIPES))
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe = RECIPES[key]
    scenes = data.read(source, "train", LEAST)
    scenes.say()
    names = scenes.names()
    if not names:
        reason = "none of its pictures has a labelled object: label some"
        raise BadData(path=source, reason=reason)
    shipped = checkpoint.read_json(catalog.folder_of(key), checkpoint.CONFIG) if entry else None
    own = shipped is not None and names != shipped["taught"]
    fresh = shipped is None or run.starts_fresh(own)
    share = recipe.held_out
    if own:
        share = max(share, min(ASIDE, MOST_ASIDE / len(scenes)))
    train_on, held_out = data.held_apart(scenes, share)
    torch.manual_seed(run.seed)
    network = begun(recipe, names)
    if not fresh:
        assert shipped is not None
        started(network, names, catalog.folder_of(key), shipped["taught"])
    if run.head_only:
        network.requires_grad_(False)
        network.heads.box_predictor.requires_grad_(True)
    device = choose_device()
    updates = tasks.ROUND
    if own:
        few = tasks.PASSES * len(train_on) // recipe.batch
        updates = min(updates, max(tasks.SHORT_ROUND, few))
    task = DetectionTask(
        network,
        train_on,
        held_out,
        names,
        device,
        batch=recipe.batch,
        seed=run.seed,
        body_rate=recipe.body_rate,
        updates=updates,
        top=source,
    )
    usual = recipe.plan if fresh else replace(recipe.plan, **TUNED)
    usual = replace(usual, epochs=math.ceil(usual.epochs * tasks.ROUND / updates))
    plan = run.plan(usual)
    metadata = Metadata.of(key, out, own, limits=OWN_LIMITS.format(pictures=len(train_on)))
    averaged, history = run.fit(
        task,
        plan,
        out,
        run.identity(key, scenes.contents(), classes=names),
        device=device,
        before=own and not fresh,
        begin=lambda folder: write(folder, network.eval(), names, metadata),
    )
    made = provenance(
        run,
        device,
        history,
        pictures=len(train_on),
        **scenes.told(),
        passes=round(history[-1]["step"] * recipe.batch / len(train_on), 2),
        data=scenes.split,
        started_from=f"the body of {BODY}" if fresh else key,
    )
    assert isinstance(averaged, Detector)
    both = compared(
        history,
        began=f"{key}, which finds objects but has not learnt the kinds that are new to it",
        split=held_out.split,
        n=len(held_out),
        of="pictures",
    )
    write(out, averaged.cpu().eval(), names, replace(metadata, made=made, held_out=both))
    return out


def begun(recipe: Recipe, names: list[str]) -> Detector:
    """A new detector on the body of ``classification/imagenet``."""
    from pretrained.classification import imagenet

    network = Detector(len(names), **recipe.architecture)
    weights, body = imagenet.network().state_dict(), network.body.state_dict()
    network.body.load_state_dict({name: weights[name] for name in body})
    return network


def started(network: Detector, names: list[str], folder: Path, known: list[str]) -> None:
    """Give a new detector the shipped one's weights, and its rows for the classes it knows."""
    weights, fresh = checkpoint.load_weights(folder), network.state_dict()
    rows = [(n, known.index(name)) for n, name in enumerate(names, 1) if name in known]
    for part in ("weight", "bias"):
        name = f"heads.box_predictor.classes.{part}"
        old, new = weights[name], fresh[name].clone()
        new[0] = old[0]
        for here, there in rows:
            new[here] = old[1 + there]
        weights[name] = new
    network.load_state_dict(weights)


def write(out: Path, network: Detector, names: list[str], metadata: Metadata) -> None:
    """Write the checkpoint: weights and metadata. Every class is offered until
    `select_classes` has chosen."""
    checkpoint.save_weights(out, network.state_dict())
    config: dict[str, Any] = {
        "loader": "pretrained.detection.serve:load",
        "pipeline_tag": "object-detection",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 8,
        "taught": names,
        **select_classes.class_config(names, {}),
        "architecture": network.architecture,
    }
    metadata.write(out, config)
