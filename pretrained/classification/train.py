"""How the classifiers were trained: two recipes over the one loop, from random weights.

On two CPU cores a recipe is bounded by ``--minutes``; on a GPU by its epochs. What each shipped
checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained.classification import data
from pretrained.classification.data import Pictures
from pretrained.classification.model import ResidualNet
from training import loop


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one classifier, apart from the data.

    Attributes:
        size: side in pixels of the pictures that the network is trained for.
        sizes: sides to train at as progress passes each share: small pictures first are cheap
            and teach the coarse things (Howard 2018).
        held_out: training pictures kept aside, to watch the run and to fit the temperature.
        architecture: arguments of `ResidualNet` besides the classes.
    """

    size: int
    plan: loop.Plan
    batch: int = 512
    held_out: int = 2000
    smoothing: float = 0.1
    augmentation: str = "shift"
    sizes: tuple[tuple[float, int], ...] = ()
    architecture: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "classification/cifar10": Recipe(
        size=32,
        plan=loop.Plan(epochs=100, peak=0.4, weight_decay=5e-4),
        architecture={"widths": (64, 192, 320)},
    ),
    "classification/photos": Recipe(
        size=64,
        plan=loop.Plan(epochs=100, peak=0.2, weight_decay=5e-4),
        batch=256,
        held_out=1200,
        augmentation="crop",
        sizes=((0.4, 32), (0.7, 48), (1.0, 64)),
        architecture={
            "widths": (96, 192, 272),
            "stem_width": 48,
            "stem_kernel": 5,
            "stem_stride": 2,
            "mean": (0.480, 0.448, 0.398),
            "std": (0.277, 0.269, 0.282),
        },
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


@torch.inference_mode()
def logits(model: nn.Module, pictures: Pictures, device: torch.device, batch: int = 256) -> Tensor:
    """Scores [N, classes] in float32, without augmentation."""
    model = model.eval().to(device, memory_format=torch.channels_last)
    dtype = loop.precision(device)
    scores = []
    for images in pictures.images.split(batch):
        x = (images.to(device).float() / 255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
            scores.append(model(x).float().cpu())
    return torch.cat(scores)


def split_held_out(pictures: Pictures, count: int, seed: int) -> tuple[Pictures, Pictures]:
    """Two disjoint parts: what is trained on, and ``count`` random rows kept aside."""
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    count = min(count, len(pictures) // 5)
    return (
        pictures.subset(order[count:], pictures.split),
        pictures.subset(order[:count], f"{pictures.split} (kept aside)"),
    )


def from_scratch(
    key: str,
    data_path: Path,
    out: Path,
    *,
    minutes: float | None = None,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
    smoke: bool = False,
) -> tuple[nn.Module, Pictures, list[dict[str, Any]]]:
    """Run a recipe. Gives the averaged network, the pictures kept aside, and the history."""
    recipe = RECIPES[key]
    plan = replace(
        recipe.plan, minutes=minutes, seed=seed, epochs=epochs or recipe.plan.epochs
    )
    recipe = replace(recipe, plan=plan)
    device = loop.choose_device()
    torch.manual_seed(seed)
    train, held_out = split_held_out(
        data.read(data_path, "train", recipe.size), recipe.held_out, seed
    )
    model = ResidualNet(len(train.names), **recipe.architecture)
    model.whiten_stem(train.images[:2000].float() / 255)
    task = ClassifierTask(model, train, held_out, recipe, device)
    averaged, history = loop.fit(task, plan, out, device=device, resume=resume, smoke=smoke)
    return averaged, held_out, history
