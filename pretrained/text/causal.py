"""Language models of the Hub, from their files to a `CausalWriter`.

Weights come as safetensors, and no code comes with a model. transformers is imported with the
first model, not before.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from pretrained import checkpoint, hub
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadCheckpoint, MissingDependency
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
    kind = config.get("model_type")
    if kind not in KINDS or "quantization_config" in config:
        kind = "quantised weights" if kind in KINDS else kind
        reason = f"it is {kind}, and the app runs {', '.join(KINDS)}: choose another model"
        raise BadCheckpoint(path=folder, reason=reason)
    try:
        import transformers
    except ImportError as error:
        raise MissingDependency(package="transformers") from error
    transformers.utils.logging.disable_progress_bar()
    causal_attention.register()
    try:
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
    except MemoryError:
        raise
    except Exception as error:  # transformers raises nearly anything on damaged files
        reason = "its files are damaged or do not fit one another: fetch it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
    if told["missing_keys"] or told["mismatched_keys"]:
        reason = "its weights do not fit its config.json: fetch it again"
        raise BadCheckpoint(path=folder, reason=reason)
    ends = network.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    return network, Tokens(tokenizer, ends, chat)
