"""Texts to learn to write from: plays, poems, or a visitor's own file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from pretrained.errors import BadData
from pretrained.text.alphabet import UNKNOWN, Alphabet

#: Where the folder of the recipe keeps what it is trained on.
PLAYS, TINY, POEMS = "shakespeare", "tinyshakespeare_train.txt", "tang_quatrains_train.jsonl"
#: The play whose second half opens the last tenth of the file (the first half stands before it, in
#: what is trained on; the rest is the beginning of another play that is not in the folder).
KEPT_ASIDE = "measureforemeasure"
#: Fewest characters that are worth training on.
LEAST = 2_000
#: What opens a poem, and what ends it, in the texts that poems are trained and written as.
OPEN, CLOSE = "\n", "\n"


@dataclass(frozen=True)
class Texts:
    """What is trained on, what is kept aside, and how both are named in the card.

    ``works``: (title, first character) of each work in ``train``, in their order.
    """

    train: str
    held_out: str
    split: str
    held_out_split: str
    works: tuple[tuple[str, int], ...] = ()


def read_text(source: Path | str) -> str:
    """A text file, or every ``text`` of a JSONL file, one to a line.

    Raises:
        BadData: there is no such file, it is not UTF-8, or its lines are not as they should be.
    """
    path = Path(source)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise BadData(path=path, reason="there is no such file: check the path") from None
    except IsADirectoryError:
        reason = "it is a folder: name one text or JSONL file in it"
        raise BadData(path=path, reason=reason) from None
    except UnicodeDecodeError:
        raise BadData(path=path, reason="it is not UTF-8: save it as UTF-8 text") from None
    if path.suffix != ".jsonl":
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(f"{poem}{CLOSE}" for poem in _poems(text, path))


def _poems(text: str, path: Path) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            poem = json.loads(line)["text"]
            assert isinstance(poem, str)
        except (ValueError, KeyError, TypeError, AssertionError):
            reason = f'line {number} is no JSON object with a "text": mend it or take it out'
            raise BadData(path=path, reason=reason) from None
        yield poem.replace("\n", "")


def own(source: Path | str) -> Texts:
    """A visitor's own text, its last twentieth kept aside.

    Raises:
        BadData: it cannot be read or is too little.
    """
    text = read_text(source)
    if len(text) < LEAST:
        reason = f"{len(text)} characters are too few to learn from: give {LEAST:,} or more"
        raise BadData(path=source, reason=reason)
    text = text.rstrip("\n") + "\n"
    cut = text.rfind("\n", 0, int(len(text) * 0.95)) + 1 or int(len(text) * 0.95)
    name = Path(source).name
    return Texts(text[:cut], text[cut:], f"first 95% of {name}", f"last 5% of {name}")


def shakespeare(folder: Path, *, plays: bool = True) -> Texts:
    """The train part of tinyshakespeare, its last tenth kept aside; with ``plays`` also every play
    but the one in that tenth, put into the same layout. The plays come first, the file last."""
    tiny = read_text(folder / TINY)
    cut = int(len(tiny) * 0.9)
    train, held_out = tiny[:cut], tiny[cut:]
    split = "tinyshakespeare/train, first 90%"
    works: list[tuple[str, int]] = []
    if plays:
        body = ""
        for path in sorted((folder / PLAYS).glob("*.txt")):
            if path.stem != KEPT_ASIDE and (text := layout(path.read_text("utf-8"))):
                works.append((_title(path.read_text("utf-8")), len(body)))
                body += text + "\n"
        works.append(("tinyshakespeare", len(body)))
        split = f"{len(works) - 1} plays and {split}"
        train = body + train
    return Texts(train, held_out, split, "tinyshakespeare/train, last 10%", tuple(works))


def tang(path: Path) -> Texts:
    """The quatrains, shuffled once by a fixed rule, the last twentieth kept aside.

    Of poems that share two lines or more, variants of one, only the first is taken: else what is
    kept aside would stand in the training text by half.
    """
    tidy = (re.sub(r"([。？！])。", r"\1", poem) for poem in _poems(read_text_raw(path), path))
    poems = distinct(sorted({poem for poem in tidy if quatrain(poem)}))
    order = torch.randperm(len(poems), generator=torch.Generator().manual_seed(0)).tolist()
    poems = [poems[i] for i in order]
    cut = int(len(poems) * 0.95)
    join = "".join
    return Texts(
        join(f"{poem}{CLOSE}" for poem in poems[:cut]),
        join(f"{poem}{CLOSE}" for poem in poems[cut:]),
        f"tang_quatrains/train, {cut:,} poems",
        f"tang_quatrains/train, {len(poems) - cut:,} poems kept aside",
    )


def read_text_raw(path: Path) -> str:
    """A file's text, lines and all; `BadData` where there is none."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise BadData(path=path, reason="there is no such file: check the path") from None


def quatrain(poem: str) -> bool:
    """Whether it has four lines of equal length, 5 or 7 characters each, and nothing else."""
    lines = re.split(r"[，。？！；]", poem)
    return len(lines) == 5 and not lines[4] and {*map(len, lines[:4])} in ({5}, {7})


def distinct(poems: list[str]) -> list[str]:
    """The poems without those that share two lines with one taken before."""
    seen: set[tuple[str, str]] = set()
    found = []
    for poem in poems:
        pairs = set(combinations(sorted({*re.split(r"[，。？！；]", poem)[:4]}), 2))
        if not pairs & seen:
            found.append(poem)
            seen |= pairs
    return found


def are_quatrains(text: str) -> bool:
    """Whether a text, a poem to a line, is nearly all quatrains."""
    poems = text.splitlines()
    return sum(map(quatrain, poems)) > 0.9 * len(poems) > 0


def _title(play: str) -> str:
    """The first line of a play, in title case."""
    first, small = play.strip().splitlines()[0], {"AND", "AS", "OF", "THE", "FOR"}

    def cased(word: str) -> str:
        if re.fullmatch("[IV]+", word):
            return word
        return word.lower() if word in small else word.capitalize()

    title = " ".join(map(cased, first.split()))
    return title[0].upper() + title[1:]


def layout(play: str) -> str:
    """A play in stage format as tinyshakespeare prints it: the name, a colon, the lines, a blank.

    Headings, stage directions, choruses of several names and the list of persons are left out.
    Gives "" for poems, which have no persons.
    """
    title = play.strip().splitlines()[0].strip()
    play = re.sub(r"\[[^\]]*\]", "", play)  # stage directions, also over several lines
    play = re.sub(r"[()0-9\"_*]", "", play)
    speeches: list[list[str]] = []
    inside = False  # a scene
    for line in play.splitlines():
        if re.match(r"(ACT|SCENE|PROLOGUE|EPILOGUE|INDUCTION)\b", line.strip()):
            inside = bool(re.match(r"(SCENE|PROLOGUE|EPILOGUE)\b", line.strip())) or inside
            heading = True
            continue
        if not line.strip():
            heading = False
            continue
        if not inside or heading or "|" in line or line.strip() == title:
            continue
        name, tab, words = line.partition("\t")
        if name.strip():
            if tab and words.strip():
                speeches.append([f"{name.strip()}:", " ".join(words.split())])
        elif tab and speeches and words.strip():
            speeches[-1].append(" ".join(words.split()))
    return "".join("\n".join(speech) + "\n\n" for speech in speeches)


def encoded(text: str, alphabet: Alphabet) -> Tensor:
    """Indices, int32 [T] where many, of a whole text."""
    return torch.tensor(alphabet.encode(text), dtype=torch.int32)


def share_unknown(indices: Tensor) -> float:
    """The share of characters that the alphabet does not hold."""
    return float((indices == UNKNOWN).double().mean()) if len(indices) else 0.0
