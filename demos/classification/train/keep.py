"""Keep a classifier: the network with the visitor's head as a checkpoint, a model of theirs."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from demos.classification.train.classes import Class, Learnt, NotLearnt, UnknownClass
from demos.classification.train.collection import Collection
from demos.classification.train.head import PENALTY, WIDTH
from jobs import Job, Jobs
from jobs.folder import clean

UNSURE_BELOW = 0.5  # as of what was fine-tuned without enough pictures to choose a limit by


def keep(jobs: Jobs, collection: Collection, title: str, owner: str, address: str) -> Job:
    """Make what a collection has learnt a model of its owner.

    Raises: NotLearnt, UnknownClass, or why `Jobs.adopt` does not take it.
    """
    if collection.stale:
        collection.learn()
    with collection.lock:
        learnt = collection.learnt
        if learnt is None:
            raise NotLearnt
        if not all(id in collection.classes for id in learnt.classes):
            raise UnknownClass  # one was removed just now
        classes = [collection.classes[id] for id in learnt.classes]
    name = clean(title) or clean(" / ".join(one.name for one in classes))
    with tempfile.TemporaryDirectory(dir=jobs.limits.folder, prefix=".keep-") as place:
        write(Path(place) / "out", learnt, classes, name)
        return jobs.adopt(Path(place) / "out", owner, address)


def write(out: Path, learnt: Learnt, classes: list[Class], title: str) -> None:
    """The checkpoint folder, as ``train classification/imagenet --head-only`` writes it.

    What it was estimated to be right on stands in the curve's one row: pictures that were left out
    in turn, so there is no split that was kept aside.
    """
    import torch

    from pretrained import catalog, checkpoint
    from pretrained.classification import chinese, imagenet

    entry = catalog.find(imagenet.KEY)
    network = imagenet.network()
    network.classifier = torch.nn.Linear(WIDTH, len(classes))
    weights = {"weight": learnt.head.weight.T.copy(), "bias": learnt.head.bias}
    network.classifier.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    checkpoint.save_weights(out, network.state_dict())
    labels = [one.name for one in classes]
    tested = learnt.estimate.tested
    answered = learnt.estimate.left_out.argmax(1)
    right, n = int((answered == learnt.labels)[tested].sum()), int(tested.sum())
    source = checkpoint.read_json(Path(str(entry.folder)), checkpoint.CONFIG)
    config = {
        "key": imagenet.KEY,
        "title": title,
        "loader": "pretrained.classification.imagenet:load",
        "pipeline_tag": "image-classification",
        "licence": "unknown",
        "description": f"{entry.title}, its last layer fitted to a visitor's own pictures.",
        "limits": f"It knows {len(labels)} things and always answers one of them. Its "
        "probabilities were not calibrated.",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": entry.max_batch,
        "classes": len(labels),
        "size": source["size"],
        "crop": source["crop"],
        "temperature": 1.0,
        "unsure_below": UNSURE_BELOW,
        "calibrated": False,
        "labels": labels,
        "labels_zh": chinese.names(labels),
    }
    parts = learnt.estimate.parts
    made = {
        "command": "in the page: Classify, Train your own",
        "started_from": entry.key,
        "learnt": f"the last layer: softmax regression, penalty {PENALTY:g} on its squared weights",
        "pictures": len(learnt.ids),
        "wall_seconds": round(learnt.seconds, 2),
        "estimated_right": f"{right} of {n}, each left out in turn ({parts} parts)",
        "made": time.strftime("%Y-%m-%d"),
    }
    checkpoint.write_metadata(out, config, made, {})
    row = {"epoch": 0, "seconds": round(learnt.seconds, 3)}
    row |= {"held_out_top1": round(right / n, 4)} if n else {}
    (out / checkpoint.HISTORY).write_text(json.dumps(row) + "\n", "utf-8")
