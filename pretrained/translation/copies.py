"""Which sentences stand in the training data: a network may know those by heart.

Only a 32-bit mark of each sentence is kept, not the sentence: one in 20,000 new sentences is taken
for a known one by chance. A network that learnt from the pairs of a bundled one may name it
(``marks_of`` in its config.json) instead of having marks of its own.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch

from pretrained import checkpoint
from pretrained.translation.data import Pairs, plain

FILE = "seen.safetensors"


def mark(text: str) -> int:
    """32 bits, signed, that stand for a sentence."""
    digest = blake2b(plain(text).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little", signed=True)


class Seen:
    """The marks of a language's training sentences, sorted."""

    def __init__(self, marks: dict[str, np.ndarray]) -> None:
        self.marks = marks

    def __contains__(self, sentence: tuple[str, str]) -> bool:
        """Whether (language, text) stood in the training data, but for case and signs."""
        language, text = sentence
        marks = self.marks.get(language, np.zeros(0, np.int32))
        place = int(np.searchsorted(marks, mark(text)))
        return place < len(marks) and int(marks[place]) == mark(text)


def save(folder: Path, pairs: Pairs) -> None:
    """Write the marks of both languages beside the weights."""
    sides = zip(pairs.languages, zip(*pairs.every, strict=True), strict=True)
    marks = {
        language: torch.tensor(sorted({mark(text) for text in set(texts)}), dtype=torch.int32)
        for language, texts in sides
    }
    checkpoint.save_weights(folder, marks, FILE)


def load(folder: Path) -> Seen:
    """The marks of a checkpoint folder.

    Raises:
        BadCheckpoint: they are missing or damaged.
    """
    tensors = checkpoint.load_weights(folder, FILE)
    return Seen({language: t.numpy().astype(np.int32) for language, t in tensors.items()})
