"""A tiny language model as transformers saves one: random weights, a tokeniser made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_hub
import torch

HUB_ID = "museum/tiny-writer"
ENTRY = tiny_hub.entry("text/tiny", "pretrained.text.hub.serve:load", HUB_ID)
SENTENCES = (
    "The museum opens at nine and closes at six.",
    "The river runs under the bridge and into the sea.",
    "床前明月光，疑是地上霜。",
    "The quick brown fox jumps over the lazy dog.",
)
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(template: str | None = TEMPLATE) -> Any:
    """Byte-level BPE with so few merges that most Chinese characters take three tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=list(MARKS), initial_alphabet=sorted(alphabet)
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", extra_special_tokens=list(MARKS)
    )
    fast.chat_template = template
    return fast


def save(folder: Path, kind: str = "llama", template: str | None = TEMPLATE, **changes: Any) -> Any:
    """Write the model into ``folder`` and give the network."""
    from transformers import AutoConfig, AutoModelForCausalLM

    words = tokenizer(template)
    config = AutoConfig.for_model(
        kind,
        **{
            "vocab_size": 320,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "tie_word_embeddings": True,
            "initializer_range": 0.2,  # so that it has likes and dislikes
            "eos_token_id": words.eos_token_id,
            "bos_token_id": None,
            "head_dim": 16,
            **changes,
        },
    )
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config).eval()
    network.generation_config.eos_token_id = [words.eos_token_id]
    network.save_pretrained(folder, safe_serialization=True)
    words.save_pretrained(folder)
    return network


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that answers; made once, for reading only."""
    folder = tmp_path_factory.mktemp("tiny")
    save(folder)
    return folder
