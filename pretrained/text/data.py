"""Texts to learn to write from: plays, poems, or a visitor's own file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pretrained import own_files, splits
from pretrained.classification.folders import files_in, named_briefly
from pretrained.errors import BadData
from pretrained.text.alphabet import LINE_ENDS, PLAIN, UNKNOWN, Alphabet, plain

#: Fewest characters that are worth training on.
LEAST = 2_000
#: Files of JSON objects, a line each, or of one list of them.
JSON = (".jsonl", ".ndjson", ".jsonlines", ".json")
TABLES = (".csv", ".tsv")
#: Keys of an object that are shown, in characters.
SHOWN = 80
#: What opens a poem, and what ends it, in the texts that poems are trained and written as.
OPEN, CLOSE = "\n", "\n"


@dataclass(frozen=True)
class Texts:
    """What is trained on, what is kept aside, and how both are named in the card.

    ``works``: (title, first character) of each work in ``train``, in their order. ``own``: a
    visitor's text. ``told``: what was replaced in it or left out, counted, in sentences.
    """

    train: str
    held_out: str
    split: str
    held_out_split: str
    works: tuple[tuple[str, int], ...] = ()
    own: bool = False
    told: tuple[str, ...] = ()


#: Files that were left out, of which so many are named.
NAMED = 5
CONTROL = re.compile("[\x01-\x08\x0e-\x1f\x7f]")


def read_text(source: Path | str) -> str:
    """A text file, or every ``text`` of a JSONL file with its lines: each on a line of its own, or,
    where some have several lines, with a blank line between them. Quatrains take one line each.

    Raises:
        BadData: there is no such file, its encoding cannot be told, or its lines are not as they
            should be.
    """
    return _read(Path(source))[0]


def _read(path: Path) -> tuple[str, list[str]]:
    """`read_text`, and what it changed, in sentences that count."""
    told: list[str] = []
    text = _newlines(read_text_raw(path, told))
    if path.suffix.lower() in JSON:
        whole = [*records(text, path)]
    elif cells := _column(text, path):
        whole = cells
        told.append("it is a table: the cells of its column text are read, and nothing else")
    elif (rows := _objects(text)) and _is_text(rows[0][1]):
        told.append("its lines are JSON objects: the text of each is read")
        whole = [*_texts(rows, path)]
    else:
        if rows:
            keys = ", ".join(rows[0][1])[:SHOWN]
            told.append(f"it is JSON without a text: its signs and names are learnt too ({keys})")
        elif path.suffix.lower() in TABLES:
            told.append(
                "it is a table without a column called text: all of it is learnt as it stands"
            )
        text, changed = _without_controls(text)
        return text, [*told, *changed]
    whole = [_newlines(record) for record in whole]
    given = [own_files.whole(text) for text in whole]
    if halves := sum(map(len, whole)) - sum(map(len, given)):
        told.append(f"{halves:,} halves of characters were left out")
    found = [text for text in given if text.strip()]
    empty = len(given) - len(found)
    told += [f"{empty:,} empty texts were left out"] if empty else []
    poems = [one if quatrain(one := text.replace("\n", "")) else text for text in found]
    both = zip(found, poems, strict=True)
    joined = sum("\n" in text.strip("\n") and "\n" not in poem for text, poem in both)
    told += [f"{joined:,} quatrains were put on one line each"] if joined else []
    gap = "\n\n" if any("\n" in text.strip("\n") for text in poems) else CLOSE
    text, changed = _without_controls("".join(text.strip("\n") + gap for text in poems))
    return text, [*told, *changed]


def _read_all(source: Path) -> tuple[str, list[str]]:
    """`_read` of a file, or of every text of a folder, a blank line between them. What is no text
    is left out, named and counted, and so is a text that is there already; of files that are named
    by split those of the training.

    Raises:
        BadData: as `_read`; or there is no text in the folder.
    """
    if not source.is_dir():
        return _read(source)
    told: list[str] = []
    texts: dict[str, Path] = {}
    twice: list[str] = []
    lost: dict[str, list[str]] = {}
    for place in _of_training(source, told):
        try:
            text, changed = _read(source / place)
        except BadData as refusal:
            lost.setdefault(refusal.fields["reason"], []).append(place.as_posix())
            continue
        if text.strip() and text in texts:
            twice.append(place.as_posix())
            continue
        texts[text] = place
        told += [f"{place.as_posix()}: {one}" for one in changed]
    for reason, files in lost.items():
        told.append(f"{len(files):,} files were left out, {reason} ({named_briefly(files, NAMED)})")
    if not texts:
        reason = "there is no text in it: give files of UTF-8 text"
        raise BadData(path=source, reason=". ".join([reason, *told]))
    if twice:
        names = named_briefly(twice, NAMED)
        told.append(f"{len(twice):,} files hold what another one holds and were left out: {names}")
    joined = "\n".join(text.strip("\n") + "\n" for text in texts)
    return joined, [f"{len(texts):,} files were read", *told]


def _of_training(folder: Path, told: list[str]) -> list[Path]:
    """The files in a folder that people put there, in the order of their names; where they are
    named train and test, or stand in folders called so, not those that are to test with."""
    every = [path.relative_to(folder) for path in files_in(folder) if path.is_file()]
    part = {path: splits.named(Path(path.parts[0]).stem) for path in every}
    aside = {"validation", "test"}
    if "train" not in part.values() or not aside & {*part.values()}:
        return every
    taken, others = (
        [*dict.fromkeys(path.parts[0] for path in every if (part[path] in aside) == wanted)]
        for wanted in (False, True)
    )
    first, second = named_briefly(taken, NAMED), named_briefly(others, NAMED)
    told.append(f"{folder}: it has splits; {first} is taken, not {second}")
    return [path for path in every if part[path] not in aside]


def records(text: str, path: Path) -> Iterator[str]:
    """The ``text`` of each line of JSONL, blank lines passed over, or of each object of a list, or
    each of a list of texts; "" where it is null.

    Raises:
        BadData: a line or an object has no such text.
    """
    return _texts(own_files.json_values(text, _is_text), path)


def _texts(rows: Iterable[tuple[str, Any]], path: Path) -> Iterator[str]:
    """`records` of values that are read already, each with where it stands."""
    for place, row in rows:
        found = _text_of(row)
        if found is None:
            reason = f'{place} is no JSON object with a "text": mend it or take it out'
            if isinstance(row, Mapping) and "text" not in {key.casefold() for key in row}:
                keys = ", ".join(map(str, row))[:SHOWN]
                reason = f'{place} has no "text", but {keys}: call so what is to be learnt'
            raise BadData(path=path, reason=reason)
        yield found


def _text_of(row: Any) -> str | None:
    """The ``text`` of an object, in whichever case, or a text itself."""
    if isinstance(row, Mapping):
        keys = [key for key in row if key.casefold() == "text"]
        row = (row[keys[0]] or "") if len(keys) == 1 else None
    return row if isinstance(row, str) else None


def _is_text(row: Mapping[str, Any]) -> bool:
    return _text_of(row) is not None


def _objects(text: str) -> list[tuple[str, Any]]:
    """The values of a file, however it is called, that begins as JSON objects do, each with where
    it stands; none of a text."""
    if not text.lstrip().startswith(("{", "[")):
        return []
    values = own_files.json_values(text, _is_text)
    place, first = next(values, ("", None))
    return [(place, first), *values] if isinstance(first, Mapping) and first else []


def _column(text: str, path: Path) -> list[str]:
    """The cells of the column ``text`` of a table, or none where it has no such heading."""
    if path.suffix.lower() not in TABLES:
        return []
    signs = "\t,;" if path.suffix.lower() == ".tsv" else ",;\t"
    first = text.partition("\n")[0]  # one column may have any of them in its sentences
    sign = own_files.parted_by(text, [one for one in signs if one in first] or signs[0])
    read = own_files.cells(text, sign)
    if sign == "\t":  # where quotation marks are text
        lines = text.removesuffix("\n").split("\n")
        read = ((n, line.split(sign)) for n, line in enumerate(lines, start=1))
    try:
        _, heading = next(read, (1, []))
    except own_files.Unclosed:
        return []
    names = [cell.strip().casefold() for cell in heading]
    if names.count("text") != 1:
        return []
    try:
        rows = [row for _, row in read]
    except own_files.Unclosed:
        reason = "a quotation mark takes several rows for one text: take it out or close it"
        raise BadData(path=path, reason=reason) from None
    return [row[names.index("text")] if len(row) > names.index("text") else "" for row in rows]


def _without_controls(text: str) -> tuple[str, list[str]]:
    """A text without zero bytes and control characters, and sentences that count them."""
    zeros, others = text.count("\0"), Counter(CONTROL.findall(text))
    told = [f"{zeros:,} zero bytes were left out"] if zeros else []
    if others:
        each = ", ".join(counted(c, n) for c, n in others.most_common(NAMED))
        told.append(f"{others.total():,} control characters were left out: {each}")
    return CONTROL.sub("", text.replace("\0", "")), told


def read_text_raw(path: Path, told: list[str] | None = None) -> str:
    """A file's text as it stands; ``told`` as for `own_files.text`.

    Raises:
        BadData: there is no such file, or it is no text.
    """
    return own_files.text(path, told)


def _newlines(text: str) -> str:
    """A text whose lines end in line feeds; some programs write two carriage returns before one."""
    return re.sub(r"(?<!\r)\r++\n", "\n", text).replace("\r", "\n")


def own(source: Path | str) -> Texts:
    """A visitor's own text as it is learnt from (`alphabet.plain`), its end kept aside; of a folder
    all its texts one after the other, in the order of their names.

    Raises:
        BadData: it cannot be read or is too little.
    """
    raw, told = _read_all(Path(source))
    text = plain(raw).strip("\n") + "\n"
    if len(text.strip()) < LEAST:
        reason = f"{len(text.strip())} characters are too few to learn from: give {LEAST:,} or more"
        raise BadData(path=source, reason=reason)
    if len({*text} - {" ", "\n"}) < 2:
        reason = "it is one character over and over: give a text with words"
        raise BadData(path=source, reason=reason)
    cut = end_of_training(text)
    name, share = Path(source).name, round(100 * cut / len(text))
    return Texts(
        text[:cut],
        text[cut:],
        f"first {share}% of {name}",
        f"last {100 - share}% of {name}",
        own=True,
        told=(*told, *own_files.odd(raw), *_told(raw)),
    )


def end_of_training(text: str) -> int:
    """Where the last twentieth of a text begins: at the last end of a paragraph between 90 and 95
    hundredths of it; where there is none, of a line, of a sentence, of a word."""
    first, last = int(len(text) * 0.90), int(len(text) * 0.95)
    for end in ("\n\n", "\n", ". ", "。", " "):
        place = text.rfind(end, first, last)
        if place >= 0:
            return place + len(end)
    return last


def _told(text: str) -> Iterator[str]:
    """What `alphabet.plain` does to a text, in sentences that count."""
    found = Counter(c for c in text if ord(c) in PLAIN)
    gone = {c: n for c, n in found.items() if not PLAIN[ord(c)]}
    found -= Counter(gone)
    if found:
        each = ", ".join(f"{counted(c, n)} by {PLAIN[ord(c)]!r}" for c, n in found.most_common())
        yield f"{found.total():,} characters were replaced by plain ones: {each}"
    if gone:
        each = ", ".join(counted(c, n) for c, n in gone.items())
        yield f"{sum(gone.values()):,} signs without width were left out: {each}"


def counted(character: str, count: int) -> str:
    """A character, by its code where it cannot be seen, and how often it occurs."""
    seen = character.isprintable() and not character.isspace()
    return f"{character if seen else f'U+{ord(character):04X}'} {count:,} times"


def quatrain(poem: str) -> bool:
    """Whether it has four lines of equal length, 5 or 7 characters each, and nothing else."""
    lines = re.split(f"[{LINE_ENDS}]", poem)
    return len(lines) == 5 and not lines[4] and {*map(len, lines[:4])} in ({5}, {7})


def are_quatrains(text: str) -> bool:
    """Whether a text, a poem to a line, is nearly all quatrains."""
    poems = [poem for poem in text.split(CLOSE) if poem]
    return sum(map(quatrain, poems)) > 0.9 * len(poems) > 0


def encoded(text: str, alphabet: Alphabet) -> Tensor:
    """Indices, int32 [T] where many, of a whole text."""
    return torch.tensor(alphabet.encode(text), dtype=torch.int32)


def share_unknown(indices: Tensor) -> float:
    """The share of characters that the alphabet does not hold."""
    return float((indices == UNKNOWN).double().mean()) if len(indices) else 0.0
