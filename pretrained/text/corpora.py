"""What the shipped networks learnt from: Shakespeare's plays, and quatrains of the Tang."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import torch

from pretrained.text import data
from pretrained.text.alphabet import LINE_ENDS

#: Where the folder of the recipe keeps what it is trained on.
PLAYS, TINY, POEMS = "shakespeare", "tinyshakespeare_train.txt", "tang_quatrains_train.jsonl"
#: A play is in the file already if it holds so large a share of its longer lines.
IN_FILE, LONGER = 0.5, 20


def shakespeare(folder: Path, *, plays: bool = True) -> data.Texts:
    """The train part of tinyshakespeare, its last tenth kept aside; with ``plays`` also every play
    that is not in that file, put into the same layout. The plays come first, the file last."""
    tiny = data.read_text(folder / TINY)
    cut = int(len(tiny) * 0.9)
    train, held_out = tiny[:cut], tiny[cut:]
    split = "tinyshakespeare/train, first 90%"
    works: list[tuple[str, int]] = []
    if plays:
        body, there = "", {*tiny.split("\n")}
        for path in sorted((folder / PLAYS).glob("*.txt")):
            play = path.read_text("utf-8")
            text = layout(play)
            lines = [line for line in text.split("\n") if len(line) > LONGER]
            # Else it would be read twice, or stand in what is kept aside.
            if text and sum(line in there for line in lines) <= IN_FILE * len(lines):
                works.append((_title(play), len(body)))
                body += text + "\n"
        works.append(("tinyshakespeare", len(body)))
        split = f"{len(works) - 1} plays and {split}"
        train = body + train
    return data.Texts(train, held_out, split, "tinyshakespeare/train, last 10%", tuple(works))


def tang(path: Path) -> data.Texts:
    """The quatrains, shuffled once by a fixed rule, the last twentieth kept aside.

    Of poems that share two lines or more, variants of one, only the first is taken: else what is
    kept aside would stand in the training text by half.
    """
    whole = (poem.replace("\n", "") for poem in data.records(data.read_text_raw(path), path))
    tidy = (re.sub(r"([。？！])。", r"\1", poem) for poem in whole)
    poems = distinct(sorted({poem for poem in tidy if data.quatrain(poem)}))
    order = torch.randperm(len(poems), generator=torch.Generator().manual_seed(0)).tolist()
    poems = [poems[i] for i in order]
    cut = int(len(poems) * 0.95)
    join = "".join
    return data.Texts(
        join(f"{poem}{data.CLOSE}" for poem in poems[:cut]),
        join(f"{poem}{data.CLOSE}" for poem in poems[cut:]),
        f"tang_quatrains/train, {cut:,} poems",
        f"tang_quatrains/train, {len(poems) - cut:,} poems kept aside",
    )


def distinct(poems: list[str]) -> list[str]:
    """The poems without those that share two lines with one taken before."""
    seen: set[tuple[str, str]] = set()
    found = []
    for poem in poems:
        pairs = set(combinations(sorted({*re.split(f"[{LINE_ENDS}]", poem)[:4]}), 2))
        if not pairs & seen:
            found.append(poem)
            seen |= pairs
    return found


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
