"""Fine-tuning a pipeline of the Hub on a visitor's own pictures, by LoRA over the one loop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.images import data
from pretrained.images.errors import NotTunable
from pretrained.images.hub.entries import PIPELINES
from pretrained.images.hub.pipeline import read
from pretrained.images.tasks import Batch, DenoisingTask
from pretrained.lora import RANK, SCALE, Adapter
from pretrained.sources import hub
from training import loop
from training.hardware import choose_device
from training.provenance import before_and_after, provenance
from training.run import USUAL, Run

#: The attention's layers, and the convolutions of the residual blocks, which are most of the U-Net.
LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2"]
#: Where diffusers' own recipes for LoRA start.
PEAK = 1e-4
#: Pictures of an update; updates of a round; rounds.
BATCH, ROUND, ROUNDS = 2, 20, 20
#: Fewest pictures; looks at pictures kept aside, each at another degree of noise.
LEAST, WATCHED = 4, 8


class FineTuneTask(DenoisingTask):
    """Pictures and a U-Net with LoRA that tells the noise in them.

    Args:
        schedule: diffusers', with as many degrees of noise as the U-Net was taught.
    """

    def __init__(
        self, model: Adapter, schedule: Any, train: Tensor, held_out: Tensor, device: Any, seed: int
    ) -> None:
        self.schedule = schedule
        aside = held_out[torch.arange(WATCHED) % len(held_out)]
        super().__init__(model, train, aside, device, batch=min(BATCH, len(train)), seed=seed)
        self.steps_per_epoch = ROUND

    def batches(self, epoch: int, progress: float) -> Iterator[Batch]:
        """As `DenoisingTask.batches`; a round is shorter."""
        return islice(super().batches(epoch, progress), self.steps_per_epoch)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean square error of the noise, or of the velocity where that was taught."""
        pictures, noise, degrees = batch
        seen = self.schedule.add_noise(pictures, noise, degrees)
        wanted = noise
        if self.schedule.config.prediction_type == "v_prediction":
            wanted = self.schedule.get_velocity(pictures, noise, degrees)
        return F.mse_loss(model(seen, degrees).sample.float(), wanted)

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The same of pictures kept aside, one by one, always with the same noise."""
        rows = zip(*self.watched, strict=True)
        found = [
            self.loss(model, (picture[None], noise[None], degree[None])).item()
            for picture, noise, degree in rows
        ]
        return {"held_out_loss": sum(found) / len(found)}


def train(
    entry: Entry,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fine-tune a Hub entry and leave in ``out`` what it learnt, for the app to serve.

    Args:
        source: pictures, as `data.read` takes them; the middle square of each.
        progress: of the download, where the model is not on this machine yet.

    Raises:
        NotTunable: it draws in one step.
        BadData: the pictures cannot be read, or are too few.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
        MissingDependency: peft is not installed.
    """
    assert entry.hub_id is not None
    if not PIPELINES[entry.key].learns:
        others = ", ".join(key for key, one in PIPELINES.items() if one.learns)
        raise NotTunable(model=entry.title, others=others)
    folder = hub.fetch(entry.hub_id, entry.revision, entry.files, progress)
    parts = read(folder)
    pictures = data.read(source, "train", LEAST, parts.sides[0])
    train_on, held_out = data.held_apart(pictures)
    torch.manual_seed(run.seed)
    device = choose_device()
    model = Adapter.around(parts.unet, LAYERS).to(device)
    task = FineTuneTask(model, parts.schedule, train_on.images, held_out.images, device, run.seed)
    usual = loop.Plan.gentle(ROUNDS, PEAK)
    plan = run.plan(usual)
    name = out.resolve().name
    config = {
        "key": f"images/{name}",
        "title": name,
        "loader": "pretrained.images.hub.serve:load_tuned",
        "licence": entry.licence,
        "pipeline_tag": "unconditional-image-generation",
        "description": f"{entry.title}, fine-tuned on {pictures.split}. These are the changes "
        "only: the app adds them to the model that they were learnt on.",
        "limits": "It draws like the pictures that it was given: share it only where those may "
        "be shared, and present nobody that it draws as a person.",
        "parameters": entry.parameters,
        "max_batch": entry.max_batch,
        "languages": [],
        "base": {"key": entry.key, "hub_id": entry.hub_id, "revision": folder.name},
        "lora": {"rank": RANK, "scale": SCALE},
    }
    learnt, history = run.fit(
        task,
        plan,
        out,
        run.identity(entry.key, pictures.images),
        device=device,
        before=True,
        begin=lambda folder: checkpoint.write(folder, model.state(), config),
    )
    assert isinstance(learnt, Adapter)
    made = provenance(
        run,
        device,
        history,
        data=pictures.split,
        **pictures.say(),
        pictures=len(train_on),
        started_from=f"{entry.hub_id} at {folder.name}",
        learnt=f"LoRA of rank {RANK} on attention and convolutions",
        held_out=f"{min(len(held_out), WATCHED)} of the {held_out.split}",
        **before_and_after(history),
    )
    checkpoint.write(out, learnt.state(), config, made)
    return out
