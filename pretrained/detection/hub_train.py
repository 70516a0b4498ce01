"""Fine-tuning a detector of the Hub on a visitor's own pictures with boxes, over the one loop."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.detection import data
from pretrained.detection.data import Scenes
from pretrained.detection.errors import NotTunable
from pretrained.detection.hub_detector import COCO_NAMES, PREPROCESSING, build, names
from pretrained.detection.hub_entries import DETECTORS
from pretrained.detection.hub_preprocessing import Preprocessing
from pretrained.detection.hub_tuning import WATCHED, Tuning
from pretrained.detection.left_out import LeftOut
from pretrained.errors import BadData
from pretrained.sources import hub
from training import loop
from training.provenance import provenance
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
    device = loop.choose_device()
    network.to(device)
    task = Tuning(
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
    before = task.evaluate(deepcopy(network))
    tuned, history = run.fit(
        task,
        run.plan(usual),
        out,
        run.identity(entry.key, scenes.contents(), classes=classes),
        device=device,
    )
    checkpoint.save_weights(out, tuned.state_dict())
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
        **{f"{figure}_before": round(value, 4) for figure, value in before.items()},
        **{figure: history[-1][figure] for figure in before if figure in history[-1]},
    )
    name = out.resolve().name
    config = {
        "key": f"detection/{name}",
        "title": name,
        "loader": "pretrained.detection.hub_detector:load_tuned",
        "licence": entry.licence,
        "pipeline_tag": "object-detection",
        "description": f"{entry.title}, fine-tuned on {scenes.split}.",
        "parameters": sum(p.numel() for p in tuned.parameters()),
        "max_batch": entry.max_batch,
        "labels": classes,
        "offered": classes,
        "network": {**checkpoint.read_json(folder, checkpoint.CONFIG), **kinds},
        "preprocessing": checkpoint.read_json(folder, PREPROCESSING),
    }
    checkpoint.write_papers(out, config, made, {})
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
