"""Data to begin with, for whoever has none at hand: made when asked for, nothing of it is shipped.

    python -m pretrained starter shapes --out DIR

Every one is the same for the same seed, on any machine, and is read by the recipe that it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pretrained.errors import Refusal
from pretrained.starters import pictures, words


@dataclass(frozen=True)
class Starter:
    """One kind of data.

    Attributes:
        keys: the recipes that can learn from it, the one that it is made for first.
        data: what of its folder the recipe is given, "" for all of it.
        write: fills a folder that is there, from a seed.
    """

    keys: tuple[str, ...]
    data: str
    write: Callable[[Path, int], None]


CLASSES = ("classification/imagenet", "classification/cifar10")
FACES = ("images/faces-gan", "images/faces-diffusion")
FRENCH, CHINESE = ("translation/en-fr", "translation/en-fr-plain"), ("translation/en-zh",)
STARTERS = {
    "shapes": Starter(CLASSES, "", pictures.shapes),
    "digits": Starter(CLASSES, "", pictures.digits),
    "shapes-boxes": Starter(("detection/everyday",), "", pictures.boxes),
    "shapes-images": Starter(FACES, "", pictures.images),
    "text": Starter(("text/shakespeare",), words.TEXT, words.english),
    "text-zh": Starter(("text/tang",), words.TEXT, words.chinese),
    "pairs": Starter(FRENCH, words.PAIRS, words.french_pairs),
    "pairs-zh": Starter(CHINESE, words.PAIRS, words.chinese_pairs),
}


class UnknownStarter(Refusal):
    """No such data are made here. Fields: name, known."""

    code = "unknown_starter"
    sentence = "There is no starter data called {name}: choose one of {known}."


def make(name: str, folder: Path, seed: int = 0) -> Path:
    """Make one in ``folder``, and give what the recipe is to learn from: it, or a file in it.

    Raises:
        UnknownStarter: none is called so.
    """
    if name not in STARTERS:
        raise UnknownStarter(name=name[:40], known=", ".join(STARTERS))
    starter = STARTERS[name]
    folder.mkdir(parents=True, exist_ok=True)
    starter.write(folder, seed)
    return folder / starter.data
