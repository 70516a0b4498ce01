"""Fine-tuning a detector of the Hub on a visitor's own pictures with boxes, over the one loop.

A network of the family of DETR is taught by pairing: each object of a picture is given to the one
box that fits it best, all the others are to say "nothing" (Carion et al. 2020, arXiv 2005.12872).
The pairing and the losses are transformers' own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.detection import data
from pretrained.detection.coco import LeftOut
from pretrained.detection.data import Scene, Scenes
from pretrained.detection.errors import NotTunable
from pretrained.detection.hub.entries import DETECTORS
from pretrained.detection.hub.serve import (
    COCO_NAMES,
    PREPROCESSING,
    HubDetector,
    Preprocessing,
    build,
    names,
)
from pretrained.detection.scoring import Scores
from pretrained.errors import BadData
from pretrained.sources import hub
from training import loop
from training.hardware import choose_device
from training.provenance import before_and_after, provenance
from training.run import USUAL, Run

#: Where DETR's authors start with AdamW, and how far one update may go.
PEAK, CLIP = 1e-4, 0.1
#: Passes over the pictures, but at least so many updates.
EPOCHS, UPDATES = 10, 300
#: Fewest pictures; share of them kept aside.
LEAST, HELD_OUT = 8, 0.15
#: Weights with a row for each class, and perhaps one for "nothing".
OF_CLASSES = re.compile(
    r"(class_labels_classifier(\.layers\.2)?|class_embed(\.\d+)?|enc_score_head)\.(weight|bias)$"
)


def train(
    entry: Entry,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fine-tune a Hub entry and leave in ``out`` a detector of its own, for the app to serve.

    Args:
        source: pictures with boxes, as `data.read` takes them. Pictures in which not everything is
            labelled are left aside: the network would learn that what is not labelled is nothing.
        progress: of the download, where the model is not on this machine yet.

    Raises:
        NotTunable: it also draws masks, which boxes cannot teach.
        BadData: the pictures cannot be read, are too few, or nothing in them is labelled.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
    """
    assert entry.hub_id is not None
    if DETECTORS[entry.key].masks:
        others = ", ".join(key for key, one in DETECTORS.items() if not one.masks)
        raise NotTunable(model=entry.title, others=others)
    scenes = whole(data.read(source, "train", LEAST), source)
    scenes.say()
    classes = scenes.names()
    train_on, held_out = data.held_apart(scenes, HELD_OUT)
    folder = hub.fetch(entry.hub_id, entry.revision, entry.files, progress)
    torch.manual_seed(run.seed)
    network, preprocessing = begun(folder, classes)
    kinds = {"id2label": network.config.id2label, "label2id": network.config.label2id}
    device = choose_device()
    network.to(device)
    task = FineTuneTask(
        network, preprocessing, train_on, held_out, classes, seed=run.seed, head_only=run.head_only
    )
    usual = loop.Plan(
        epochs=max(EPOCHS, math.ceil(UPDATES / task.steps_per_epoch)),
        peak=PEAK,
        weight_decay=1e-4,
        warmup=0.05,
        optimiser="adamw",
        average=20,
        clip=CLIP,
    )
    name = out.resolve().name
    config = {
        "key": f"detection/{name}",
        "title": name,
        "loader": "pretrained.detection.hub.serve:load_tuned",
        "licence": entry.licence,
        "pipeline_tag": "object-detection",
        "description": f"{entry.title}, fine-tuned on {scenes.split}.",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": entry.max_batch,
        "labels": classes,
        "offered": classes,
        "network": {**checkpoint.read_json(folder, checkpoint.CONFIG), **kinds},
        "preprocessing": checkpoint.read_json(folder, PREPROCESSING),
    }

    tuned, history = run.fit(
        task,
        run.plan(usual),
        out,
        run.identity(entry.key, scenes.contents(), classes=classes),
        device=device,
        before=True,
        begin=lambda folder: checkpoint.write(folder, network.state_dict(), config),
    )
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=scenes.split,
        pictures=len(train_on),
        **scenes.told(),
        started_from=f"{entry.hub_id} at {folder.name}",
        learnt="the heads" if run.head_only else "every layer, the body at a tenth of the rate",
        held_out=f"{min(len(held_out), WATCHED)} pictures {held_out.split}",
        **before_and_after(history),
    )
    checkpoint.write(out, tuned.state_dict(), config, made)
    return out


def whole(scenes: Scenes, source: Path | str) -> Scenes:
    """Those pictures in which everything is labelled.

    Raises:
        BadData: they are too few, or nothing in them is labelled.
    """
    names, left_out = set(scenes.names()), LeftOut()
    kept = []
    for scene in scenes.scenes:
        if scene.partial or (scene.kinds is not None and not names <= scene.kinds):
            left_out.add("pictures left out, only some of what they show is labelled", scene.source)
        else:
            kept.append(scene)
    whole_ones = Scenes(tuple(kept), scenes.split, (*scenes.left_out, *left_out.sentences()))
    if len(kept) < LEAST or not whole_ones.names():
        reason = f"{LEAST} pictures or more in which every object is labelled are needed"
        raise BadData(path=source, reason=reason)
    return whole_ones


def begun(folder: Path, classes: Sequence[str]) -> tuple[Any, Preprocessing]:
    """A network of a visitor's classes that knows all that the published one in ``folder`` does.

    What tells the classes apart is random, but for those that the published one knows too, whatever
    number it gives them and however many it has.
    """
    published, preprocessing = build(folder)
    known = names(published.config.id2label, masks=False)
    alike = [COCO_NAMES.get(name, name) for name in classes]
    rows = {here: known.index(name) for here, name in enumerate(alike) if name in known}
    config = deepcopy(published.config)
    config.id2label = dict(enumerate(classes))
    config.label2id = {name: number for number, name in enumerate(classes)}
    network = type(published)(config)
    weights, fresh = published.state_dict(), network.state_dict()
    for name in filter(OF_CLASSES.search, list(weights)):
        old, new = weights[name], fresh[name]
        for here, there in rows.items():
            new[here] = old[there]
        if len(old) == len(known) + 1:
            new[-1] = old[-1]  # "nothing"
        weights[name] = new
    network.load_state_dict(weights)
    return network, preprocessing


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


class FineTuneTask:
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
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.train)).tolist()
        for start in range(0, len(order), self.batch):
            lot = [self.train[number] for number in order[start : start + self.batch]]
            size = self._size(lot[0])
            shown = [self.shown(scene, size, bool(rng.random() < 0.5)) for scene in lot]
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
