"""Translators of a few thousand weights, for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from pretrained import checkpoint
from pretrained.translation import copies, networks
from pretrained.translation.data import Pairs
from pretrained.translation.model import TranslationNet
from pretrained.translation.vocabulary import Vocabulary

ENGLISH = ["I am a student.", "You are tired.", "Tom isn't here.", "Who are you?", "We won!"]
FRENCH = [
    "Je suis étudiant.",
    "Tu es fatiguée.",
    "Tom n'est pas là.",
    "Qui êtes-vous ?",
    "On a gagné !",
]
CHINESE = ["我是学生。", "你累了。", "汤姆不在这里。", "你是谁？", "我们赢了！"]
TEXTS = {"en": ENGLISH, "fr": FRENCH, "zh": CHINESE}
ARCHITECTURE = {"embedding": 16, "hidden": 32}


def vocabulary(other: str = "fr", size: int = 330) -> Vocabulary:
    """Learnt from five sentences of each language."""
    return Vocabulary.learn([*ENGLISH, *TEXTS[other]], size, ("en", other))


def network(tokens: int, seed: int = 0, **architecture: object) -> TranslationNet:
    """Random weights, larger than at the start of a training, so that the odds are far from even.

    The end is made likely, so that most translations are short.
    """
    torch.manual_seed(seed)
    net = TranslationNet(tokens, **{**ARCHITECTURE, **architecture}).eval()  # type: ignore[arg-type]
    for p in net.parameters():
        p.data *= 3
    net.bias.data[1] = 3.0
    return net


def tiny(folder: Path, other: str = "fr", **architecture: object) -> Path:
    """A checkpoint folder with random weights that translates between English and another."""
    pieces = vocabulary(other)
    directions = [f"en-{other}", f"{other}-en"]
    net: networks.Network = network(len(pieces))
    if architecture.get("separate"):
        each = {other: network(len(pieces)), "en": network(len(pieces), seed=1)}
        net = networks.Separate(each)
    elif architecture:
        net = network(len(pieces), **architecture)
    networks.save(folder, net)
    pieces.save(folder)
    rows = list(zip(ENGLISH, TEXTS[other], strict=True))
    copies.save(folder, Pairs(("en", other), rows, rows, "", ""))
    config = {
        "key": f"translation/{folder.name}",
        "title": "Tiny",
        "loader": "pretrained.translation.serve:load",
        "parameters": sum(p.numel() for p in net.parameters()),
        "max_batch": 64,
        "languages": ["en", other],
        "directions": directions,
        "architecture": ARCHITECTURE | architecture,
    }
    checkpoint.write_metadata(folder, config, {}, {})
    return folder
