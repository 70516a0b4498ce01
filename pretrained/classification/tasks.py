"""What a training of classifiers brings to the one loop: its settings, its batches, its loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained.classification import data, show
from pretrained.classification.data import Pictures
from training import loop
from training.hardware import precision


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one classifier, apart from the data.

    Attributes:
        size: side in pixels of the pictures that the network is trained for.
        sizes: sides to train at as progress passes each share: small pictures first are cheap
            and teach the coarse things (Howard 2018).
        held_out: training pictures kept aside, to watch the run and to fit the temperature.
        airbench: learn in few passes, as `airbench` says.
        architecture: arguments of `ResidualNet` besides the classes.
    """

    size: int
    plan: loop.Plan
    batch: int = 512
    held_out: int = 2000
    smoothing: float = 0.1
    augmentation: str = "shift"
    sizes: tuple[tuple[float, int], ...] = ()
    airbench: bool = False
    architecture: dict[str, Any] = field(default_factory=dict)


class ClassifierTask:
    """Pictures and a network, as the loop wants them."""

    samples_kept = 1  #: the confusion matrix of the last evaluation
    reached = 0.0  #: of the run; an epoch may be a large part of it

    def __init__(
        self,
        model: nn.Module,
        train: Pictures,
        held_out: Pictures,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self.scores: Tensor | None = None  # of the last evaluation, if not yet shown
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
        for start in range(0, self.steps_per_epoch * self.batch, self.batch):
            rows = order[start : start + self.batch]
            images = self.images[rows]
            if self.recipe.augmentation == "shift":
                images = data.shift_and_flip(images, self.recipe.size // 8, generator)
                images = data.cut_out(images, self.recipe.size // 4, generator).float() / 255
            else:
                sizes = (side for share, side in self.recipe.sizes if self.reached < share)
                images = data.resized_crop(images, next(sizes, self.recipe.size), generator)
            yield images.contiguous(memory_format=torch.channels_last), self.labels[rows]

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Cross-entropy with smoothed labels (Szegedy et al. 2015)."""
        images, labels = batch
        return F.cross_entropy(model(images), labels, label_smoothing=self.recipe.smoothing)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Accuracy and loss on the training pictures kept aside."""
        self.scores = logits(model, self.held_out, self.device)
        return measured(self.scores, self.held_out.labels)

    def sample(self, model: nn.Module) -> dict[str, str]:
        """What the last evaluation found, see `show.confusion`; nothing where that was shown."""
        scores, self.scores = self.scores, None
        return {} if scores is None else show.confusion(scores, self.held_out)


def measured(scores: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy and loss by logits [N, classes] and labels [N]."""
    return {
        "held_out_top1": (scores.argmax(1) == labels).float().mean().item(),
        "held_out_loss": F.cross_entropy(scores, labels).item(),
    }


@torch.no_grad()
def logits(model: nn.Module, pictures: Pictures, device: torch.device, batch: int = 256) -> Tensor:
    """Scores [N, classes] in float32, without augmentation."""
    model = model.eval().to(device).to(memory_format=torch.channels_last)
    dtype = precision(device)
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
