"""How the CIFAR-10 network was trained, from random weights, and where the other recipes are.

On two CPU cores a recipe is bounded by ``--minutes``; on a GPU by its epochs. What the shipped
checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from pretrained import catalog, checkpoint
from pretrained.cards import cards
from pretrained.classification import (
    airbench,
    calibration,
    chinese,
    data,
    hog,
    imagenet_train,
    serve,
)
from pretrained.classification.data import Pictures
from pretrained.classification.model import ResidualNet
from pretrained.classification.tasks import (
    ClassifierTask,
    FineTuneTask,
    Recipe,
    head_and_body,
    logits,
)
from pretrained.errors import UnknownEntry
from pretrained.metadata import Metadata
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import USUAL, Run

RECIPES = {
    "classification/cifar10": Recipe(
        size=32,
        plan=airbench.PLAN,
        smoothing=0.2,
        airbench=True,
        architecture={
            "widths": (64, 256, 256),
            "stem_width": 24,
            "stem_kernel": 2,
            "pooling": "max",
        },
    ),
}


def train(
    key: str,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
) -> Path:
    """Train or fine-tune one classifier and leave a checkpoint folder in ``out``.

    The recipe of ``key`` runs from random weights where the data has that recipe's own classes, or
    goes on from its trained ones, at a third of the rate, where ``run.scratch`` is False; with
    other classes, or ``run.head_only``, the trained weights are kept and the last layer starts
    anew, unless ``run.scratch`` is True.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the data cannot be read, or is too little.
    """
    if key == "classification/hog-svm":
        return hog.train(source, out, run)
    entry = catalog.entries().get(key)
    if key == "classification/imagenet":
        return imagenet_train.train(catalog.find(key), source, out, run)
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe, card = RECIPES[key], cards()[key]
    pictures = data.read(source, "train", recipe.size)
    told = pictures.say()
    known = catalog.labels(entry)["en"] if entry else list(pictures.names)
    goes_on = run.scratch is False and not run.head_only and list(pictures.names) == known
    scratch = list(pictures.names) == known if run.scratch is None else run.scratch or goes_on
    device = choose_device()
    torch.manual_seed(run.seed)
    train_on, held_out = data.split_held_out(
        # What goes on must not be watched by pictures that it has learnt from.
        pictures,
        recipe.held_out,
        recipe.plan.seed if goes_on else run.seed,
        stratified=not scratch,
    )
    if scratch:
        peak = recipe.plan.peak / 3 if goes_on else recipe.plan.peak
        plan = run.plan(replace(recipe.plan, peak=peak))
        # Few pictures come in smaller batches, so that an epoch still has enough steps.
        recipe = replace(recipe, batch=min(recipe.batch, max(32, len(train_on) // 70)))
        model = ResidualNet(len(pictures.names), **recipe.architecture)
        kind = airbench.AirbenchTask if recipe.airbench else ClassifierTask
        model.whiten_stem(train_on.images[:2000].float() / 255)
        task = kind(model, train_on, held_out, replace(recipe, plan=plan), device)
        if goes_on:
            assert entry is not None, "it goes on from the bundled weights"
            model.load_state_dict(entry.load("cpu").network.state_dict())
            if isinstance(task, airbench.AirbenchTask):
                task.goes_on = True
    else:
        # A third of the rate, half of that for what is already learnt (chosen on the flowers kept
        # aside). Few epochs suffice, but a handful of pictures still needs a few hundred steps.
        assert entry is not None, "fine-tuning needs the bundled weights"
        served = entry.load("cpu")
        model = served.network
        architecture = model.architecture(served.config)
        batch = 32
        enough = max(15, math.ceil(300 / max(1, len(train_on) // batch)))
        plan = run.plan(replace(recipe.plan, epochs=enough, peak=recipe.plan.peak / 3))
        recipe = replace(
            recipe,
            plan=plan,
            batch=batch,
            architecture=architecture,
        )
        card = replace(
            card,
            title=out.resolve().name,
            description=f"{card.title}, fine-tuned on {pictures.split}.",
            limits="",
        )
        model.head = nn.Linear(model.head.in_features, len(pictures.names))
        groups = head_and_body(model, run.head_only, 0.5)
        task = FineTuneTask(
            model, train_on, held_out, recipe, device, groups=groups, head_only=run.head_only
        )
    network, history = run.fit(
        task,
        plan,
        out,
        run.identity(key, pictures.images, pictures.labels, classes=pictures.names),
        device=device,
        before=goes_on or not scratch,
    )
    assert isinstance(network, ResidualNet)
    network.cpu()
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=pictures.split,
        pictures=len(train_on),
        started_from="random weights" if scratch and not goes_on else key,
        **told,
    )
    name = key if scratch else f"{key.split('/')[0]}/{out.resolve().name}"
    both = compared(
        history,
        began=key if goes_on else f"{key} with a new last layer that had learnt nothing",
        split=held_out.split,
        n=len(held_out),
        of="pictures",
    )
    metadata = Metadata(name, card, made, both)
    write(out, network, replace(recipe, plan=plan), train_on, held_out, metadata)
    return out


def write(
    out: Path,
    network: ResidualNet,
    recipe: Recipe,
    train_on: Pictures,
    held_out: Pictures,
    metadata: Metadata,
) -> None:
    """Calibrate, fit the probes, and write the checkpoint folder."""
    cpu = torch.device("cpu")
    fitted = calibration.calibrate(logits(network, held_out, cpu), held_out.labels, held_out.split)
    some = train_on.subset(slice(0, 12_000), train_on.split)
    probes, figures = calibration.fit_probes(network, some, held_out, cpu)
    checkpoint.save_weights(out, network.state_dict())
    checkpoint.save_weights(out, probes, serve.PROBES)
    config = {
        "loader": "pretrained.classification.serve:load",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 32,
        "classes": len(train_on.names),
        **recipe.architecture,
        "size": recipe.size,
        "temperature": fitted["temperature"],
        "unsure_below": fitted["unsure_below"],
        "probes": figures,
        "labels": list(train_on.names),
        "labels_zh": chinese.names(train_on.names),
    }
    metadata.write(out, config, fitted, figures)
