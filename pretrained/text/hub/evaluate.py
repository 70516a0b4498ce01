"""Scoring a language model of tokens in nats per character, as the character networks are scored.

A token's surprise is shared evenly among its characters, so that both kinds can be compared on one
text. It is not the same feat: the tokens' model has read a large part of the Web, perhaps that very
text too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pretrained.catalog import Entry
from pretrained.errors import BadData
from pretrained.metrics import mean_of_blocks
from pretrained.text import corpora, data
from pretrained.text.hub.attention import Memory
from pretrained.text.hub.serve import CHUNK, CausalWriter

#: Tokens that are scored in one window, after as many that are only read.
STRIDE = 512
#: Characters that are scored of what the Shakespeare network's recipe keeps aside: a core reads
#: some 400 a second.
BEGINNING = 10_000


def evaluate(entry: Entry, source: Path | str, device: str = "cpu") -> dict[str, Any]:
    """The result of one text or JSONL file, or of what the Shakespeare network's recipe keeps aside
    of the folder that it is trained on, in the form that `evaluate --json` prints.

    Raises:
        BadData: the text cannot be read or is empty.
        HubOffline and its kin: the model has to be downloaded, and that failed.
    """
    text, split = _scored(Path(source))
    if not text:
        raise BadData(path=source, reason="it is empty: give a text")
    surprise = per_character(entry.load(device), text)
    return {
        "key": entry.key,
        "split": split,
        "n": len(surprise),
        "metrics": {"nats_per_char": mean_of_blocks(surprise)},
        "per_class": {},
        "unknown_share": 0.0,
    }


def _scored(path: Path) -> tuple[str, str]:
    """The text to score, and what it is called."""
    if (path / corpora.TINY).is_file():
        texts = corpora.shakespeare(path, plays=False)
        return texts.held_out[:BEGINNING], f"{texts.held_out_split}, its first {BEGINNING:,}"
    return data.read_text(path), path.stem


@torch.inference_mode()
def per_character(model: CausalWriter, text: str) -> NDArray[np.float64]:
    """How surprised the model was by each character of ``text`` [T], in nats."""
    ids, spans = model.tokens.spans(text)
    before = [model.tokens.opening, *ids[:-1]]
    nats: list[float] = []
    while len(nats) < len(ids):
        first = max(0, len(nats) - STRIDE)  # the context that a window opens with
        last = min(len(ids), len(nats) + STRIDE)
        memory = Memory()
        for start in range(first, last, CHUNK):
            chunk = before[start : min(start + CHUNK, last)]
            found = model.nats_of(memory, chunk, ids[start : start + len(chunk)])
            nats += found[max(0, len(nats) - start) :]
    shared = [
        np.full(len(span.text), sum(nats[span.first : span.end]) / len(span.text)) for span in spans
    ]
    return np.concatenate(shared)
