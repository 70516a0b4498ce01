"""How the classifiers were trained: two recipes over the one loop, from random weights.

On two CPU cores a recipe is bounded by ``--minutes``; on a GPU by its epochs. What each shipped
checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained import catalog, checkpoint
from pretrained.classification import chinese, data, finish, hog, serve
from pretrained.classification.data import Pictures
from pretrained.classification.model import ResidualNet
from pretrained.errors import UnknownEntry
from training import loop
from training.provenance import provenance
from training.run import USUAL, Run


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one classifier, apart from the data.

    Attributes:
        size: side in pixels of the pictures that the network is trained for.
        sizes: sides to train at as progress passes each share: small pictures first are cheap
            and teach the coarse things (Howard 2018).
        held_out: training pictures kept aside, to watch the run and to fit the temperature.
        architecture: arguments of `ResidualNet` besides the classes.
        title, licence, description, limits: for the model card.
    """

    size: int
    plan: loop.Plan
    batch: int = 512
    held_out: int = 2000
    smoothing: float = 0.1
    augmentation: str = "shift"
    sizes: tuple[tuple[float, int], ...] = ()
    architecture: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    licence: str = "apache-2.0"
    description: str = ""
    limits: str = ""


RECIPES = {
    "classification/cifar10": Recipe(
        size=32,
        plan=loop.Plan(epochs=100, peak=0.4, weight_decay=5e-4),
        architecture={"widths": (64, 192, 320)},
        title="CIFAR-10 network",
        description="A residual network that tells ten kinds of things apart in 32-pixel pictures.",
        limits="It knows ten things only and must always choose one of them. It was trained on a "
        "copy of CIFAR-10 stored as JPEG, so its figures differ a little from those on the "
        "lossless original.",
    ),
    "classification/photos": Recipe(
        size=64,
        plan=loop.Plan(epochs=100, peak=0.2, weight_decay=5e-4),
        batch=256,
        held_out=1200,
        augmentation="crop",
        sizes=((0.4, 32), (0.88, 48), (1.0, 64)),
        architecture={
            "widths": (96, 192, 272),
            "stem_width": 48,
            "stem_kernel": 5,
            "stem_stride": 2,
            "mean": (0.480, 0.448, 0.398),
            "std": (0.277, 0.269, 0.282),
        },
        title="Photo network",
        licence="other",
        description="A residual network that tells 202 kinds of things apart in photographs, "
        "trained from random weights on 190 pictures of each.",
        limits="It sees 64 by 64 pixels of the middle square of a photograph. Its pictures come "
        "from ImageNet, whose terms allow non-commercial research.",
    ),
}


class ClassifierTask:
    """Pictures and a network, as the loop wants them."""

    def __init__(
        self,
        model: nn.Module,
        train: Pictures,
        held_out: Pictures,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self.model, self.recipe, self.device = model, recipe, device
        self.train, self.held_out = train, held_out
        self.images = train.images.to(device)
        self.labels = train.labels.to(device)
        self.batch = min(recipe.batch, len(train))
        self.steps_per_epoch = len(train) // self.batch

    def groups(self) -> list[dict[str, Any]]:
        """Weight decay for matrices and kernels only: norms and biases have nothing to shrink."""
        weights = [p for p in self.model.parameters() if p.requires_grad and p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.requires_grad and p.ndim <= 1]
        return [{"params": weights}, {"params": rest, "weight_decay": 0.0}]

    def batches(self, epoch: int, progress: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled, augmented batches: float [B, 3, S, S] in 0..1 and labels [B]."""
        generator = torch.Generator().manual_seed(self.recipe.plan.seed * 10_007 + epoch)
        order = torch.randperm(len(self.train), generator=generator).to(self.device)
        size = next((s for share, s in self.recipe.sizes if progress < share), self.recipe.size)
        for start in range(0, self.steps_per_epoch * self.batch, self.batch):
            rows = order[start : start + self.batch]
            images = self.images[rows]
            if self.recipe.augmentation == "shift":
                images = data.shift_and_flip(images, self.recipe.size // 8, generator)
                images = data.cut_out(images, self.recipe.size // 4, generator).float() / 255
            else:
                images = data.resized_crop(images, size, generator)
            yield images.contiguous(memory_format=torch.channels_last), self.labels[rows]

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Cross-entropy with smoothed labels (Szegedy et al. 2015)."""
        images, labels = batch
        return F.cross_entropy(model(images), labels, label_smoothing=self.recipe.smoothing)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Accuracy and loss on the training pictures kept aside."""
        scores = logits(model, self.held_out, self.device)
        labels = self.held_out.labels
        return {
            "held_out_top1": (scores.argmax(1) == labels).float().mean().item(),
            "held_out_loss": F.cross_entropy(scores, labels).item(),
        }


@torch.no_grad()
def logits(model: nn.Module, pictures: Pictures, device: torch.device, batch: int = 256) -> Tensor:
    """Scores [N, classes] in float32, without augmentation."""
    model = model.eval().to(device).to(memory_format=torch.channels_last)
    dtype = loop.precision(device)
    scores = []
    for images in pictures.images.split(batch):
        x = (images.to(device).float() / 255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
            scores.append(model(x).float().cpu())
    return torch.cat(scores)


def head_and_body(model: nn.Module, head_only: bool, body: float) -> list[dict[str, Any]]:
    """Parameter groups for fine-tuning: the new head at full rate, the body slower or not."""
    head = list(model.head.parameters())  # type: ignore[union-attr]
    rest = [p for name, p in model.named_parameters() if not name.startswith("head.")]
    if head_only:
        for p in rest:
            p.requires_grad_(False)
        return [{"params": head}]
    return [{"params": head}, {"params": rest, "lr_scale": body}]


class FineTuneTask(ClassifierTask):
    """A trained network with a new last layer, learning new classes.

    With ``head_only`` the body stays exactly as it was, its batch statistics included.
    """

    def __init__(self, *arguments: Any, groups: list[dict[str, Any]], head_only: bool) -> None:
        super().__init__(*arguments)
        self._groups, self.head_only = groups, head_only

    def groups(self) -> list[dict[str, Any]]:
        """As chosen when the task was made."""
        return self._groups

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """As for training; a frozen body is kept from adapting to the new pictures' statistics."""
        if self.head_only:
            model.eval()
        return super().loss(model, batch)


def train(
    key: str,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
) -> Path:
    """Train or fine-tune one classifier and leave a checkpoint folder in ``out``.

    The recipe of ``key`` runs from random weights where the data has that recipe's own classes;
    otherwise its trained weights are kept and only the last layer starts anew. ``run.scratch``
    overrides that choice.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the data cannot be read, or is too little.
    """
    if key == "classification/hog-svm":
        return hog.train(source, out, run)
    entry = catalog.entries().get(key)
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe = RECIPES[key]
    pictures = data.read(source, "train", recipe.size)
    scratch = run.scratch
    if scratch is None:
        own = catalog.labels(entry)["en"] if entry else list(pictures.names)
        scratch = list(pictures.names) == own
    device = loop.choose_device()
    torch.manual_seed(run.seed)
    train_on, held_out = data.split_held_out(
        pictures, recipe.held_out, run.seed, stratified=not scratch
    )
    if scratch:
        plan = run.plan(recipe.plan)
        # Few pictures come in smaller batches, so that an epoch still has enough steps.
        recipe = replace(recipe, batch=min(recipe.batch, max(32, len(train_on) // 70)))
        model = ResidualNet(len(pictures.names), **recipe.architecture)
        model.whiten_stem(train_on.images[:2000].float() / 255)
        task = ClassifierTask(model, train_on, held_out, replace(recipe, plan=plan), device)
    else:
        # A third of the rate, half of that for what is already learnt (chosen on the flowers kept
        # aside). Few epochs suffice, but a handful of pictures still needs a few hundred steps.
        batch = 32
        enough = max(15, math.ceil(300 / max(1, len(train_on) // batch)))
        plan = run.plan(replace(recipe.plan, epochs=enough, peak=recipe.plan.peak / 3))
        recipe = replace(
            recipe,
            plan=plan,
            batch=batch,
            sizes=((0.6, recipe.size * 3 // 4),),
            title=out.resolve().name,
            description=f"{recipe.title}, fine-tuned on {pictures.split}.",
            limits="",
        )
        assert entry is not None, "fine-tuning needs the bundled weights"
        model = entry.load("cpu").network
        model.head = nn.Linear(model.head.in_features, len(pictures.names))
        groups = head_and_body(model, run.head_only, 0.5)
        task = FineTuneTask(
            model, train_on, held_out, recipe, device, groups=groups, head_only=run.head_only
        )
    network, history = loop.fit(task, plan, out, device=device, resume=run.resume, smoke=run.smoke)
    assert isinstance(network, ResidualNet)
    network.cpu()
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=pictures.split,
        pictures=len(train_on),
        started_from="random weights" if scratch else key,
    )
    name = key if scratch else f"{key.split('/')[0]}/{out.resolve().name}"
    write(out, name, network, replace(recipe, plan=plan), train_on, held_out, made)
    return out


def write(
    out: Path,
    key: str,
    network: ResidualNet,
    recipe: Recipe,
    train_on: Pictures,
    held_out: Pictures,
    made: dict[str, Any],
) -> None:
    """Calibrate, fit the probes, and write the checkpoint folder."""
    cpu = torch.device("cpu")
    calibration = finish.calibrate(logits(network, held_out, cpu), held_out.labels, held_out.split)
    some = train_on.subset(slice(0, 12_000), train_on.split)
    probes, figures = finish.fit_probes(network, some, held_out, cpu)
    checkpoint.save_weights(out, network.state_dict())
    checkpoint.save_weights(out, probes, serve.PROBES)
    config = {
        "key": key,
        "title": recipe.title,
        "loader": "pretrained.classification.serve:load",
        "licence": recipe.licence,
        "description": recipe.description,
        "limits": recipe.limits,
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 32,
        "classes": len(train_on.names),
        **recipe.architecture,
        "size": recipe.size,
        "temperature": calibration["temperature"],
        "unsure_below": calibration["unsure_below"],
        "probes": figures,
        "labels": list(train_on.names),
        "labels_zh": chinese.names(train_on.names),
    }
    checkpoint.write_papers(out, config, made, calibration, figures)
