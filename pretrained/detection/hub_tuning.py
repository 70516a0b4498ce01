"""Pictures with boxes and a network of the family of DETR, as the training loop wants them.

Such a network is taught by pairing: each object of a picture is given to the one box that fits it
best, all the others are to say "nothing" (Carion et al. 2020, arXiv 2005.12872). The pairing and
the losses are transformers' own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pretrained.detection.data import Scene, Scenes
from pretrained.detection.hub_detector import HubDetector
from pretrained.detection.hub_preprocessing import Preprocessing
from pretrained.detection.scoring import Scores

#: Pictures of an update; of those kept aside, the most that are looked at after each epoch.
BATCH, WATCHED = 4, 60
#: Shorter side in pixels of a picture that is learnt from, and the longer one by it.
SIDE, SHAPE = 512, 4 / 3
#: Learning rate of the body, by the rest's, as in the article.
BODY_RATE = 0.1
#: What the network answers with: the only layers that learn when the rest stays as it is.
HEADS = (
    "class_labels_classifier", "bbox_predictor",
    "class_embed", "bbox_embed", "enc_score_head", "enc_bbox_head",
)  # fmt: skip
BODY = ("backbone", "vit.embeddings", "vit.encoder")

Batch = tuple[Tensor, list[dict[str, Tensor]]]


class Tuning:
    """Scenes and a network.

    Args:
        train: with at least one scene. held_out: what the training is watched by.
        names: of the classes, in the network's order.
        head_only: only what answers learns.
    """

    def __init__(
        self,
        network: Any,
        preprocessing: Preprocessing,
        train: Scenes,
        held_out: Scenes,
        names: Sequence[str],
        *,
        seed: int = 0,
        head_only: bool = False,
    ) -> None:
        self.model: nn.Module = network
        self.preprocessing, self.seed = preprocessing, seed
        self.train, self.watched = train.scenes, held_out.scenes[:WATCHED]
        self.numbers = {name: number for number, name in enumerate(names)}
        self.batch = min(BATCH, len(train))
        self.steps_per_epoch = math.ceil(len(train) / self.batch)
        if head_only:
            for name, weight in network.named_parameters():
                weight.requires_grad_(any(part in name for part in HEADS))

    def groups(self) -> list[dict[str, Any]]:
        """The body, which is trained already, learns more slowly."""
        body: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for name, weight in self.model.named_parameters():
            if weight.requires_grad:
                (body if any(part in name for part in BODY) else rest).append(weight)
        slow = [{"params": body, "lr_scale": BODY_RATE}] if body else []
        return [{"params": rest}, *slow]

    def batches(self, epoch: int, progress: float) -> Iterator[Batch]:
        """Every picture once, half of them mirrored, in another order in every epoch.

        Those of a batch are stretched to one size, wide or high as the first of them is.
        """
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()  # four pictures tell too little of how bright things are
        chance = np.random.default_rng((self.seed, epoch))
        order = chance.permutation(len(self.train)).tolist()
        for start in range(0, len(order), self.batch):
            lot = [self.train[number] for number in order[start : start + self.batch]]
            size = self._size(lot[0])
            shown = [self.shown(scene, size, bool(chance.random() < 0.5)) for scene in lot]
            yield torch.stack([pixels for pixels, _ in shown]), [told for _, told in shown]

    def _size(self, scene: Scene) -> tuple[int, int]:
        """Height and width at which a batch is seen."""
        long = round(SIDE * SHAPE)
        return self.preprocessing.size(
            *((SIDE, long) if scene.width >= scene.height else (long, SIDE))
        )

    def shown(
        self, scene: Scene, size: tuple[int, int], mirrored: bool = False
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """A picture [3, H, W], and what is in it: ``class_labels`` [n], ``boxes`` [n, 4], centre,
        width and height as shares of it. A crowd is nothing to be learnt."""
        pixels = self.preprocessing.pixels(scene.pixels(), size)
        things = [t for t in scene.things if not t.crowd and t.label in self.numbers]
        sides = torch.tensor([thing.box for thing in things]).reshape(-1, 4)
        shares = sides / torch.tensor([scene.width, scene.height] * 2)
        middle, wide = (shares[:, :2] + shares[:, 2:]) / 2, shares[:, 2:] - shares[:, :2]
        if mirrored:
            pixels, middle = pixels.flip(2), middle * torch.tensor([-1.0, 1.0])
            middle = middle + torch.tensor([1.0, 0.0])
        labels = torch.tensor([self.numbers[thing.label] for thing in things], dtype=torch.long)
        return pixels, {"class_labels": labels, "boxes": torch.cat([middle, wide], 1)}

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The network's own, in single precision: the pairing knows no other."""
        pixels, told = batch
        device = next(model.parameters()).device
        labels = [{name: value.to(device) for name, value in one.items()} for one in told]
        with torch.autocast(device.type, enabled=False):
            loss: Tensor = model(pixel_values=pixels.to(device), labels=labels).loss
        return loss

    @torch.no_grad()
    def evaluate(self, model: Any) -> dict[str, float]:
        """Loss and AP50 of boxes of the pictures that are watched, each alone, as it is served."""
        model.eval()
        if not self.watched:
            return {}
        losses = []
        for scene in self.watched:
            pixels, told = self.shown(scene, self._size(scene))
            losses.append(self.loss(model, (pixels[None], [told])).item())
        device = str(next(model.parameters()).device)
        served = HubDetector(
            model, self.preprocessing, list(self.numbers), "detection/tuning", device
        )
        found = [served.predict([scene.pixels()])[0]["objects"] for scene in self.watched]
        scores = Scores(self.watched, found)
        figures = {"held_out_loss": sum(losses) / len(losses)}
        value = scores.ap50("box", list(self.numbers))
        return {**figures, "held_out_box_ap50": value} if math.isfinite(value) else figures
