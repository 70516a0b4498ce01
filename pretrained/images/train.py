"""How the face models were trained: recipes over the one loop, from random weights.

What each shipped checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pretrained import catalog, checkpoint
from pretrained.errors import UnknownEntry
from pretrained.images import data, replay, statistics
from pretrained.images.diffusion import Denoiser
from pretrained.images.features import Features
from pretrained.images.model import Gan
from pretrained.images.refining import Refined, RefiningTask
from pretrained.images.serve import scores
from pretrained.images.show import DRAWN, Drawings, drawings, kernel_distance
from pretrained.images.tasks import DenoisingTask, GanTask
from pretrained.metadata import Metadata
from training import loop
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import USUAL, Run


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one face model, apart from the pictures.

    Attributes:
        network: the module to train. task: what plays with it.
        batch: pictures of an update. task_options: see the task.
        held_out: share of the training pictures kept aside, to watch by.
    """

    plan: loop.Plan
    network: Callable[..., Gan | Denoiser]
    task: Callable[..., GanTask | DenoisingTask]
    loader: str
    batch: int = 32
    task_options: dict[str, Any] = field(default_factory=dict)
    held_out: float = 0.02
    architecture: dict[str, Any] = field(default_factory=dict)


GAN = "images/faces-gan"
#: Of a denoiser that learns beside a discriminator: a short memory, as is usual of two that play.
BETAS = (0.5, 0.99)
#: What a network that is gone on from may lack, for the recipe has gained it since.
GAINED = "finish."
RECIPES = {
    GAN: Recipe(
        plan=loop.Plan(
            epochs=1_200,
            peak=4e-4,
            weight_decay=0.0,
            warmup=0.02,
            optimiser="adamw",
            betas=(0.0, 0.99),
            average=800,
        ),
        network=Gan,
        task=GanTask,
        loader="pretrained.images.serve:load",
        architecture={"latent": 128, "width": 40, "discriminator_width": 40},
    ),
    "images/faces-diffusion": Recipe(
        plan=loop.Plan(
            epochs=1_200,
            peak=8e-4,
            weight_decay=0.01,
            warmup=0.03,
            optimiser="adamw",
            average=800,
            clip=1.0,
        ),
        network=Denoiser,
        task=DenoisingTask,
        loader="pretrained.images.serve_diffusion:load",
        batch=16,
        # The two parts of the loss then move the weights of the shipped network about equally.
        task_options={"perceptual": 0.02},
        architecture={"widths": [48, 96, 192], "blocks": 1, "finish": 16},
    ),
}


def train(key: str, source: Path | str, out: Path, run: Run = USUAL) -> Path:
    """Train one face model and leave a checkpoint folder in ``out``.

    On a file or folder without splits, a visitor's own pictures, the trained weights are the start;
    ``run.scratch`` overrides that. On the photographs that it was trained on, the denoiser goes on
    with a discriminator beside it (`refining`).

    Args:
        run: its epochs are rounds of a hundred updates.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the pictures cannot be read, or are too few.
    """
    entry = catalog.entries().get(key)
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe = RECIPES[key]
    faces = data.read(source, "train", data.LEAST)
    own = not any(Path(source).glob("train*.parquet"))
    share = max(recipe.held_out, data.ASIDE / len(faces)) if own else recipe.held_out
    train_on, held_out = data.held_apart(faces, share)
    fresh = entry is None or run.starts_fresh(own)
    torch.manual_seed(run.seed)
    network = recipe.network(**recipe.architecture)
    if not fresh:
        weights = checkpoint.load_weights(catalog.folder_of(key))
        own_part = {k: v for k, v in network.state_dict().items() if k.startswith(GAINED)}
        network.load_state_dict(own_part | weights)
    device = choose_device()
    options = dict(recipe.task_options)
    if isinstance(network, Gan):
        options["shown"] = frames = replay.Replay(out, network.generator.latent)
        if not (run.resume and (out / "state.pt").exists()):
            if not fresh:
                frames.goes_on(catalog.folder_of(key))
            frames(network.eval(), 0)
    plan = run.plan(recipe.plan)
    pictures = (train_on.images, held_out.images, device)
    if isinstance(network, Denoiser) and not (fresh or own):
        gan = Gan(**RECIPES[GAN].architecture)
        gan.load_state_dict(checkpoint.load_weights(catalog.folder_of(GAN)))
        plan = replace(plan, betas=BETAS)
        task: GanTask | DenoisingTask = RefiningTask(
            Refined(network, gan.discriminator), *pictures, seed=run.seed
        )
    else:
        task = recipe.task(network, *pictures, batch=recipe.batch, seed=run.seed, **options)
    if run.watch:
        task.sample = Drawings(train_on.images, device)
    metadata = Metadata.of(key, out, own)
    averaged, history = run.fit(
        task,
        plan,
        out,
        run.identity(key, faces.images),
        device=device,
        before=own and not fresh,
        begin=lambda folder: write(folder, network.eval(), recipe, metadata, {}),
    )
    if isinstance(averaged, Refined):
        averaged = averaged.denoiser
    if isinstance(averaged, Gan):
        replay.strip(out, history)
    made = provenance(
        run,
        device,
        history,
        None if fresh else checkpoint.training_record(catalog.folder_of(key)),
        pictures=len(train_on),
        passes=round(history[-1]["step"] * task.batch / len(train_on), 2),
        data=faces.split,
        **faces.say(),
        started_from="random weights" if fresh else key,
    )
    averaged = averaged.cpu().eval()
    both = None
    if own and not fresh and not run.smoke:
        more = {}
        if isinstance(averaged, Gan):
            begun = Gan(**recipe.architecture)
            begun.load_state_dict(checkpoint.load_weights(catalog.folder_of(key)))
            features = Features(str(device))
            was, now = (
                kernel_distance(drawings(one, DRAWN), held_out.images, features)
                for one in (begun.eval(), averaged)
            )
            more = {"kernel_distance": (was, now)}
        both = compared(
            [{k: v for k, v in row.items() if k != "held_out_told_apart"} for row in history],
            began=f"{key} as it came",
            split=held_out.split,
            n=len(held_out),
            of="pictures",
            **more,
        )
    shared = not own and not isinstance(averaged, Gan)  # both recipes learn from the same faces
    known: dict[str, Any] = {"statistics_of": GAN} if shared else {}
    if isinstance(averaged, Gan):
        known = {"scores": scores(averaged, held_out.images)}
    write(out, averaged, recipe, replace(metadata, made=made, held_out=both), known)
    if not (run.smoke or shared):  # with the copy meter's part only where it is shown
        meter = isinstance(averaged, Gan)
        statistics.write([out], faces, str(device), meter, len(held_out) / len(faces))
    return out


def write(
    out: Path, network: nn.Module, recipe: Recipe, metadata: Metadata, known: dict[str, Any]
) -> None:
    """Write the checkpoint: weights and metadata; ``known`` is what serving needs besides."""
    checkpoint.save_weights(out, network.state_dict())
    config: dict[str, Any] = {
        "loader": recipe.loader,
        "pipeline_tag": "unconditional-image-generation",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "languages": [],
        "architecture": recipe.architecture,
        **known,
    }
    metadata.write(out, config)
