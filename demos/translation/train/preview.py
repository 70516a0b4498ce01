"""The first pairs of what a visitor gave, read by the very reader that the recipe has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SHOWN = 3


def pairs(data: Path, key: str) -> dict[str, Any]:
    """What `translation_train.js` shows before a training begins.

    Returns:
        ``languages`` [2]; ``pairs``, the first `SHOWN`, each [2], tidied as they are learnt;
        ``directions``; ``learn`` and ``aside``, how many pairs each; ``told``, sentences on what
        was guessed or left out.

    Raises:
        BadData: the recipe would refuse them. UnknownEntry: there is no such recipe.
    """
    from pretrained.errors import UnknownEntry
    from pretrained.translation import train
    from pretrained.translation.data import read

    if key not in train.RECIPES:
        raise UnknownEntry(model=key)
    recipe = train.RECIPES[key]
    found = read(data, recipe.languages)
    return {
        "languages": list(recipe.languages),
        "pairs": [list(pair) for pair in train.tidied(found.train[:SHOWN], recipe.languages)],
        "directions": list(recipe.directions),
        "learn": len(found.train),
        "aside": len(found.held_out),
        "told": list(found.told),
    }
