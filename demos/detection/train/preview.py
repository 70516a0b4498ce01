"""What the recipe will make of pictures and labels that were sent as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Kinds that are named, the most frequent first.
MOST = 12


def labelled(data: Path, key: str) -> dict[str, Any]:
    """``pictures`` and ``boxes``, how many; ``kinds``: [label, boxes] of the most frequent, and
    how many ``more`` there are; ``left_out``: the recipe's own sentences.

    Raises:
        BadData: the recipe would refuse them.
    """
    from pretrained.detection import data as scenes
    from pretrained.detection.train import LEAST

    found = scenes.read(data, "train", LEAST)
    counts = found.counts()
    return {
        "pictures": len(found),
        "boxes": counts.total(),
        "kinds": [[label, count] for label, count in counts.most_common(MOST)],
        "more": max(0, len(counts) - MOST),
        "left_out": list(found.left_out),
    }
