"""Fine-tuning a timm backbone on pictures of one's own: the last layer, or all with care.

The whole network learns at layer-wise rates, lowest near the pixels; with ``head_only`` the body
stays exactly as it was, its batch statistics included, and a few minutes on a CPU are enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from pretrained import checkpoint
from pretrained.catalog import Entry
from pretrained.classification import calibration, chinese, data, sources
from pretrained.classification.hub.serve import Backbone, build, parameter_groups
from pretrained.classification.tasks import FineTuneTask, Recipe, logits
from training import loop
from training.hardware import choose_device
from training.provenance import provenance
from training.run import USUAL, Run

BATCH = 32
# AdamW rates at which fine-tuning commonly starts; nobody has tuned them here.
PEAK_WHOLE, PEAK_HEAD = 2e-4, 2e-3
EPOCHS_WHOLE, EPOCHS_HEAD = 10, 15


def train(
    entry: Entry,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
) -> Path:
    """Fine-tune a timm entry and leave a checkpoint folder in ``out`` that the app can serve.

    Args:
        source: as `sources.listing` takes it, for instance a folder with one sub-folder a class.

    Raises:
        BadData: the data cannot be read.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
    """
    torch.manual_seed(run.seed)
    found = sources.listing(source, "train")
    model, config = build(entry, num_classes=len(found.names))
    # The size that it was trained at, not the larger one that it is tested at: three times faster.
    size = int(model.network.pretrained_cfg["input_size"][-1])  # type: ignore[index]
    head_only = run.head_only
    usual = loop.Plan(
        epochs=EPOCHS_HEAD if head_only else EPOCHS_WHOLE,
        peak=PEAK_HEAD if head_only else PEAK_WHOLE,
        weight_decay=0.05,
        optimiser="adamw",
        clip=1.0,
    )
    plan = run.plan(usual)
    recipe = Recipe(size=size, plan=plan, batch=BATCH, augmentation="crop")
    pictures = data.read(source, "train", size)
    told = pictures.say()
    train_on, held_out = data.split_held_out(pictures, recipe.held_out, run.seed, stratified=True)
    device = choose_device()
    groups = parameter_groups(model, head_only=head_only)
    task = FineTuneTask(
        model, train_on, held_out, recipe, device, groups=groups, head_only=head_only
    )
    described: dict[str, Any] = {
        "key": f"classification/{out.resolve().name}",
        "title": out.resolve().name,
        "loader": "pretrained.classification.hub.serve:load",
        "licence": entry.licence,
        "description": f"{entry.title}, fine-tuned on {pictures.split}.",
        "architecture": config["architecture"],
        "model_args": config.get("model_args", {}),
        # What the training pictures went through: the middle square, at the training size.
        "preprocessing": {
            **config["preprocessing"],
            "input_size": [3, size, size],
            "crop_pct": 1.0,
            "crop_mode": "center",
        },
        "size": size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "max_batch": entry.max_batch,
        "calibrated": False,
        "labels": list(pictures.names),
        "labels_zh": chinese.names(pictures.names),
    }
    network, history = run.fit(
        task,
        plan,
        out,
        run.identity(entry.key, pictures.images, pictures.labels, classes=pictures.names),
        device=device,
        before=True,
        begin=lambda folder: checkpoint.write(folder, model.network.state_dict(), described),
    )
    assert isinstance(network, Backbone)
    network.cpu()
    fitted = calibration.calibrate(
        logits(network, held_out, torch.device("cpu"), batch=BATCH), held_out.labels, held_out.split
    )
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=pictures.split,
        pictures=len(train_on),
        started_from=entry.hub_id or entry.key,
        learnt="the last layer" if head_only else "every layer, lower ones at lower rates",
        **told,
    )
    calibrated = {name: fitted[name] for name in ("temperature", "unsure_below")}
    config = {**described, **calibrated, "calibrated": True}
    checkpoint.write(out, network.network.state_dict(), config, made, fitted)
    return out
