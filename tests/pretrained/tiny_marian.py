"""Tiny translators as transformers saves them: random weights, sentencepiece made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_hub
import torch

HUB_ID = "museum/tiny-translator"
ENTRY = tiny_hub.entry("translation/marian-en-fr", "pretrained.translation.hub.serve:load", HUB_ID)
PAIRS = (
    ("The museum opens at nine.", "Le musée ouvre à neuf heures."),
    ("The river runs under the bridge.", "La rivière coule sous le pont."),
    ("I am a student.", "Je suis étudiant."),
    ("We read the letter twice.", "Nous avons lu la lettre deux fois."),
    ("Where is my blue coat?", "Où est mon manteau bleu ?"),
)
CHINESE = (
    "博物馆九点开门。",
    "河水从桥下流过。",
    "我是一名学生。",
    "这封信我们读了两遍。",
    "我的蓝色外套在哪里？",
)
MARK = ">>cmn_Hans<<"
SIZE = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 512,
    "init_std": 0.3,  # so that it has likes and dislikes
}
#: What the model cards' config.json says of writing, which is no part of the network.
WRITING = {
    "bad_words_ids": [[0]],
    "num_beams": 6,
    "max_length": 512,
    "forced_eos_token_id": 0,
    "architectures": ["MarianMTModel"],
    "static_position_embeddings": True,
    "add_bias_logits": False,
}


def pieces(folder: Path, name: str, texts: tuple[str, ...], size: int) -> list[str]:
    """Train sentencepiece into a file of the folder; gives its pieces without marks."""
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    (folder / f"{name}.txt").write_text("\n".join(texts * 20), "utf-8")
    SentencePieceTrainer.train(
        input=str(folder / f"{name}.txt"),
        model_prefix=str(folder / name),
        vocab_size=size,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / f"{name}.txt").unlink()
    (folder / f"{name}.vocab").unlink()
    processor = SentencePieceProcessor(model_file=str(folder / f"{name}.model"))
    return [processor.id_to_piece(n) for n in range(3, processor.get_piece_size())]


def save(folder: Path, *, chinese: bool = False, seed: int = 0, **changes: Any) -> Any:
    """Write a tiny Marian from English into French, or Chinese; gives the network."""
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True, exist_ok=True)
    english, french = zip(*PAIRS, strict=True)
    known = pieces(folder, "source", english, 90)
    known += pieces(folder, "target", CHINESE if chinese else french, 90)
    for name in ("source", "target"):
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
    marks = [MARK] if chinese else []
    words = list(dict.fromkeys(["</s>", "<unk>", *known, *marks, "<pad>"]))
    (folder / "vocab.json").write_text(json.dumps({w: n for n, w in enumerate(words)}), "utf-8")
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=len(words),
        **SIZE,
        eos_token_id=0,
        pad_token_id=len(words) - 1,
        decoder_start_token_id=len(words) - 1,
        scale_embedding=True,
        activation_function="swish",
        **changes,
    )
    return _write(folder, MarianMTModel(config))


def save_many(folder: Path) -> Any:
    """Write a tiny many-to-many model; gives the network."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    texts = (*(text for pair in PAIRS for text in pair), *CHINESE)
    known = pieces(folder, "sentencepiece.bpe", texts, 160)
    words = ["<s>", "<pad>", "</s>", "<unk>", *known]
    (folder / "vocab.json").write_text(json.dumps({w: n for n, w in enumerate(words)}), "utf-8")
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(words) + 108,
        **SIZE,
        eos_token_id=2,
        pad_token_id=1,
        bos_token_id=0,
        decoder_start_token_id=2,
    )
    return _write(folder, M2M100ForConditionalGeneration(config))


def _write(folder: Path, network: Any) -> Any:
    network.eval().save_pretrained(folder)
    (folder / "generation_config.json").unlink()  # not every repository has one
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **WRITING}))
    return network


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny English-French model; made once, for reading only."""
    folder = tmp_path_factory.mktemp("tiny-marian")
    save(folder)
    return folder


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of a many-to-many model."""
    folder = tmp_path_factory.mktemp("tiny-many")
    save_many(folder)
    return folder
