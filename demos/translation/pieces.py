"""Which characters a translator has a piece for. Its vocabulary is made of bytes, so that it can
read and write anything; but a character too rare for a piece of its own is two to four bytes to it,
about which it has learnt next to nothing."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

ASCII = frozenset(map(chr, range(128)))


def spelled(entry: Any, text: str) -> list[str]:
    """The distinct characters of a text that the model reads byte by byte, in their order; none
    for a model that has no such vocabulary here."""
    if entry.folder is None or not (file := Path(entry.folder) / "tokenizer.json").is_file():
        return []
    known = _known(str(file), file.stat().st_mtime_ns)
    return [c for c in dict.fromkeys(text) if c not in known and not c.isspace()]


@lru_cache(maxsize=16)
def _known(file: str, changed: int) -> frozenset[str]:
    """Every character that stands whole in a token."""
    from pretrained.translation.vocabulary import BYTE_OF

    vocabulary = json.loads(Path(file).read_text("utf-8"))["model"]["vocab"]
    whole = (bytes(BYTE_OF[c] for c in token if c in BYTE_OF) for token in vocabulary)
    return ASCII.union(*(text.decode("utf-8", "ignore") for text in whole))
