"""Character networks of a few thousand weights, for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from pretrained import checkpoint
from pretrained.text import copies
from pretrained.text.alphabet import Alphabet
from pretrained.text.model import CharNet

VERSE = "ROMEO:\nShall I hear more, or shall I speak at this?\n\nJULIET:\nGood night!\n\n"
QUATRAINS = "空山不见人，但闻人语响。返景入深林，复照青苔上。\n" * 3
ARCHITECTURE = {"hidden": 32, "layers": 2, "embedding": 8}


def tiny(folder: Path, text: str = VERSE, kind: str = "verse", gram: int = 8) -> Path:
    """A checkpoint folder with random weights that knows the characters of ``text``."""
    torch.manual_seed(0)
    alphabet = Alphabet.from_text(text)
    network = CharNet(len(alphabet), **ARCHITECTURE, tied=kind == "quatrains")
    # Larger than at the start of a training, so that the odds are far from even.
    for p in network.cells.parameters():
        p.data *= 3
    checkpoint.save_weights(folder, network.state_dict())
    copies.save(folder, text, gram)
    config = {
        "key": f"text/{folder.name}",
        "title": "Tiny",
        "loader": "pretrained.text.serve:load",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "characters": alphabet.characters,
        "begin": "\n",
        "kind": kind,
        "architecture": ARCHITECTURE | {"tied": kind == "quatrains"},
        "gram": gram,
        "works": [["One", 0], ["Two", len(text) // 2]],
    }
    checkpoint.write_metadata(folder, config, {}, {})
    return folder
