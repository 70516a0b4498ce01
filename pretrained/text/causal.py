"""Language models of the Hub, from their files to a `CausalWriter`.

Weights come as safetensors, and no code comes with a model.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from pretrained import checkpoint, hub, hub_networks
from pretrained.catalog import Entry, Progress
from pretrained.text import causal_attention
from pretrained.text.causal_entries import FILES
from pretrained.text.causal_tokens import Tokens
from pretrained.text.causal_writer import CausalWriter
from training import loop

#: Architectures whose code transformers has and whose attention `causal_attention` can stand in.
KINDS = ("llama", "qwen2", "qwen3")


def load(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of the Hub entries.

    Raises:
        HubOffline and its kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is none of the architectures that are served.
    """
    assert entry.hub_id is not None
    folder = hub.fetch(entry.hub_id, entry.revision, FILES, progress)
    network, tokens = build(folder, torch.device(device))
    return CausalWriter(network, tokens, entry.key, device)


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
    transformers = hub_networks.library(folder, config, KINDS)
    causal_attention.register()
    with hub_networks.reading(folder):
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
    hub_networks.check_complete(folder, told)
    ends = network.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    return network, Tokens(tokenizer, ends, chat)
