"""Scoring a network that writes: nats per character of an unseen text, the form of its poems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from pretrained.catalog import Entry
from pretrained.errors import BadData
from pretrained.metrics import mean_of_blocks, wilson
from pretrained.text import corpora, data, likelihood, train
from pretrained.text.hub import evaluate as hub_evaluate
from pretrained.text.serve import Writer

#: Poems that are written to see how many are well formed.
POEMS = 1_000
#: Longest text that is read in one go; a longer one is read in parts side by side.
ONE_GO = 200_000


def evaluate(
    entry: Entry, source: Path | str, *, split: str = "validation", device: str = "cpu"
) -> dict[str, Any]:
    """Nats per character on a text that the network has not seen; for poems also the share of
    well-formed ones among `POEMS` that are drawn at temperature 1 without constraint.

    Args:
        source: a text file, a JSONL file of poems, or the folder of the recipe, whose own part kept
            aside is scored. The recipe's own training file stands for the part kept aside.

    Raises:
        BadData: the text cannot be read or is empty.
    """
    if entry.loader.startswith("pretrained.text.hub.serve"):
        return hub_evaluate.evaluate(entry, source, device)
    writer = entry.load(device)
    assert isinstance(writer, Writer)
    text, name = scored(entry.key, source, writer.kind)
    indices = data.encoded(text, writer.alphabet)
    if writer.kind == "quatrains":
        nll = likelihood.poem_nats(writer.network, indices).double().numpy()
    else:
        # The first character is foretold from the sign that parts texts.
        first = torch.tensor([writer.alphabet.index(writer.alphabet.begin)], dtype=torch.int32)
        streams = max(1, len(indices) // ONE_GO)
        nll = likelihood.nats(writer.network, torch.cat([first, indices]), streams).double().numpy()
    metrics = {"nats_per_char": mean_of_blocks(nll)}
    if writer.kind == "quatrains":
        metrics["wellformed"] = wilson(well_formed(writer, POEMS), POEMS) | {"n": POEMS}
    return {
        "key": entry.key,
        "split": name,
        "n": len(nll),
        "metrics": metrics,
        "per_class": {},
        "unknown_share": data.share_unknown(indices),
    }


def scored(key: str, source: Path | str, kind: str) -> tuple[str, str]:
    """The text to score, and what it is called."""
    path = Path(source)
    if path.is_dir():
        texts = train.read(key, path)
        return texts.held_out, texts.held_out_split
    if path.name == corpora.POEMS:
        texts = corpora.tang(path)
        return texts.held_out, texts.held_out_split
    text = data.read_text(path)
    if not text:
        raise BadData(path=path, reason="it is empty: give a text")
    if kind == "quatrains":
        text = text.rstrip(data.CLOSE) + data.CLOSE
    return text, path.stem


def well_formed(writer: Writer, count: int, at_once: int = 64) -> int:
    """How many of ``count`` poems, drawn at temperature 1, have four lines of equal length."""
    right = 0
    for first in range(0, count, at_once):
        seeds = range(first, min(first + at_once, count))
        states = [writer.begin("", length=100, temperature=1.0, seed=seed) for seed in seeds]
        poems = ["" for _ in states]
        while live := [n for n, state in enumerate(states) if not state.done]:
            pieces = writer.step([states[n] for n in live])
            for n, piece in zip(live, pieces, strict=True):
                poems[n] += piece.text if piece else ""
        right += sum(data.quatrain(poem) for poem in poems)
    return right
