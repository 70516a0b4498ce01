"""The first pairs of what a visitor gave, read by the very reader that the recipe has."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

SHOWN = 3
#: The other pair of languages, which a visitor may have meant.
OTHER = {"translation/en-fr": "translation/en-zh", "translation/en-zh": "translation/en-fr"}


def pairs(data: Path, key: str) -> dict[str, Any]:
    """What `translation_train.js` shows before a training begins.

    Returns:
        ``languages`` [2]; ``pairs``, the first `SHOWN`, each [2], tidied as they are learnt;
        ``directions``; ``learn`` and ``aside``, how many pairs each; ``told``, sentences on what
        was guessed or left out.

    Raises:
        BadData: the recipe would refuse them; where they are clearly pairs for the other one, its
            reason says so. UnknownEntry: there is no such recipe.
    """
    from pretrained.errors import BadData, UnknownEntry
    from pretrained.translation import train
    from pretrained.translation.data import read

    if key not in train.RECIPES:
        raise UnknownEntry(model=key)
    recipe = train.RECIPES[key]
    try:
        found = read(data, recipe.languages)
    except BadData as refusal:
        if key not in OTHER:
            raise
        meant = train.RECIPES[OTHER[key]].languages
        why = refusal
        with suppress(BadData):
            if clearly(read(data, meant).train, meant[1]):
                reason = f"its pairs are in {' and '.join(meant)}"
                why = BadData(**{**refusal.fields, "reason": reason})
        raise why from None
    return {
        "languages": list(recipe.languages),
        "pairs": [list(pair) for pair in train.tidied(found.train[:SHOWN], recipe.languages)],
        "directions": list(recipe.directions),
        "learn": len(found.train),
        "aside": len(found.held_out),
        "told": list(found.told),
    }


def clearly(pairs: Sequence[tuple[str, str]], language: str) -> bool:
    """Whether nearly all of the second sentences whose language can be told are in this one."""
    from pretrained.translation.columns import AGREED, LEAST_TOLD, LOOKED_AT
    from pretrained.translation.languages import noticed

    found = [one for _, other in pairs[:LOOKED_AT] if (one := noticed(other))]
    return len(found) >= LEAST_TOLD and found.count(language) >= AGREED * len(found)
