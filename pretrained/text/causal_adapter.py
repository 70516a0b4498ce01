"""LoRA: what a language model learns from a visitor's text, kept apart from its weights.

To each linear layer's weights W comes a product B A of rank R, which alone is trained (Hu et al.
2021, arXiv 2106.09685). On disk it weighs a few megabytes; to serve, it is added to W.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pretrained import checkpoint, hub
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadCheckpoint
from pretrained.text.causal import build
from pretrained.text.causal_entries import FILES
from pretrained.text.causal_writer import CausalWriter

#: As peft calls them, so that peft can read what is written here.
NAME = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")


def load(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of a folder that `causal_train` wrote. Its base has to be on this machine.

    Raises:
        BadCheckpoint: it is damaged, or its base is missing.
    """
    assert entry.folder is not None
    folder = Path(entry.folder)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    try:
        hub_id, revision = config["base"]["hub_id"], config["base"]["revision"]
        scale = float(config["lora"]["scale"])
    except (KeyError, TypeError, ValueError):
        reason = "its config.json does not tell what it was fine-tuned from: train it again"
        raise BadCheckpoint(path=folder, reason=reason) from None
    progress(0, entry.bytes)
    base = hub.local(str(hub_id), str(revision), FILES)
    if base is None:
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


@torch.no_grad()
def merge(network: nn.Module, weights: Mapping[str, Tensor], scale: float) -> None:
    """Add ``scale * B A`` to each layer's weights: A is [R, K], B is [N, R].

    Raises:
        KeyError, ValueError, RuntimeError, AttributeError: a name or a shape does not fit.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        found = NAME.fullmatch(name)
        if found is None:
            raise KeyError(name)
        parts.setdefault(found["layer"], {})[found["part"]] = tensor
    layers = dict(network.named_modules())
    for name, pair in parts.items():
        weight, change = layers[name].weight, scale * (pair["B"] @ pair["A"])
        if weight.shape != change.shape:
            raise ValueError(name)
        weight += change.to(weight)
