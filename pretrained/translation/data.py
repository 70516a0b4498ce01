"""Sentence pairs to learn to translate from, and sentences with all their references to score.

A pair is (English, the other language); a file names its languages by its columns. Training rows
hold one sentence of each. Rows to score hold a list of references in the second column, because a
sentence has many right translations: all of them count.
"""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from pretrained import own_files, splits
from pretrained.classification.folders import passed_over
from pretrained.errors import BadData
from pretrained.translation import columns, files
from pretrained.translation.languages import noticed

LANGUAGES = ("en", "fr", "zh")
#: Fewest pairs that are worth training on.
LEAST = 20
#: Fewest English sentences of a visitor's file that are kept aside.
ASIDE = 5
#: Longest sentence of a pair, in characters: the longest of the bundled sets has 269.
LONGEST = 1_000
#: Words, or Chinese characters, from which a pair that says the same twice is a sentence.
LEAST_WORDS, LEAST_CHARACTERS = 4, 8
#: What programs write for an empty cell: pandas, data bases, spreadsheets.
EMPTY = {"nan", "NaN", "None", "null", "NULL", "NA", "N/A", "n/a", "<NA>", "NaT", "nil"}
EMPTY |= {"#N/A", "#NA", "#NAME?", "#NOM?", "#REF!", "#VALUE!", "#VALEUR!", "#NULL!", "#ERROR!"}
#: Share of the rows that may be left out: a table may be translated by half only. Where more of
#: them are bad, something else is wrong.
MOST_BAD = 0.5


@dataclass(frozen=True)
class Scored:
    """A sentence to translate, and every translation that is known to be right."""

    source: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """What is trained on, what is kept aside, and how both are named in the card.

    ``train``: (English, the other language). ``held_out``: the same, to choose settings by.
    ``told``: what was guessed or left out, counted, in sentences. ``more``: of another kind than
    what is scored, to learn from as well.
    """

    languages: tuple[str, str]
    train: list[tuple[str, str]]
    held_out: list[tuple[str, str]]
    split: str
    held_out_split: str
    told: tuple[str, ...] = ()
    more: list[tuple[str, str]] = field(default_factory=list)

    @property
    def every(self) -> list[tuple[str, str]]:
        """All that is learnt from."""
        return self.train + self.more


def tidy(text: str, language: str) -> str:
    """A sentence as the networks read and write it. Small, and nothing is lost that is heard:
    composed characters (NFC), one kind of blank, no invisible signs, straight apostrophes.

    French gets its blanks before ``? ! : ;`` and inside ``« »``, Chinese its own punctuation, both
    as most of the data have them.
    """
    text = unicodedata.normalize("NFC", text).translate(PLAIN)
    text = text.replace("’", "'").replace("…", "...")
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace())
    text = " ".join(text.split())
    text = re.sub(r"\.\.\.(?=[^\W\d_])", "... ", text)
    if language == "fr":
        text = re.sub(r"(?<=[\w»\")]) ?([?!;]+|:(?!\S))", r" \1", text)
        text = re.sub(r"« ?(.*?) ?»", r"« \1 »", text)
    if language == "zh" and re.search(r"[\u4e00-\u9fff]", text):
        text = re.sub(r"(?<=[\u4e00-\u9fff”」]) ?([?!,]) ?", lambda m: WIDE[m[1]], text)
        text = re.sub(r"(?<=[\u4e00-\u9fff])\.$", "。", text)
    return text


def plain(text: str) -> str:
    """A sentence without its case, blanks and signs, which make no other sentence of it."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text.strip()


def casually(text: str, rng: random.Random) -> str:
    """A sentence as people type it in a hurry: no capital and no full stop, shouted, or with a
    full stop for an exclamation mark."""
    bare = text.rstrip(".!?。！？ ") or text
    way = rng.random()
    if way < 0.5:
        return bare[:1].lower() + bare[1:]
    if way < 0.7:
        return bare
    return (
        text.upper() if way < 0.8 else text.replace("!", ".").replace("！", "。").replace(" .", ".")
    )


#: Full-width figures and letters, as Chinese keyboards give them.
PLAIN = {0xFEE0 + ord(c): c for c in string.digits + string.ascii_letters}
WIDE = {"?": "？", "!": "！", ",": "，"}


def languages_of(direction: str) -> tuple[str, str]:
    """``"fr-en"`` as source and target.

    Raises:
        BadData: it names no two of the languages.
    """
    source, _, target = direction.partition("-")
    if source == target or not {source, target} <= set(LANGUAGES) or "en" not in (source, target):
        reason = "a direction is en-fr, fr-en, en-zh or zh-en: name one of them"
        raise BadData(path=direction, reason=reason)
    return source, target


def read(source: Path | str, languages: tuple[str, str], split: str = "train") -> Pairs:
    """The pairs of a folder with splits, or of one file, of which a twentieth is kept aside.

    Args:
        source: further files may follow it, with commas between them: `with_more`.

    Raises:
        BadData: they cannot be read, a row is bad, or they are too few.
    """
    path, *others = own_files.parts(source)
    if others:
        return with_more(read(path, languages, split), path, others)
    told: list[str] = []
    if path.is_dir():
        train, held_out = (
            [
                pair
                for file in files_of(path, one)
                for pair in _flat(_rows(file, languages, told, one))
            ]
            for one in (split, "validation")
        )
        names = (f"{path.name}/{split}", f"{path.name}/validation")
        few = f"{len(train)} pairs are too few to learn from: give {LEAST} or more"
        told += _unused(path, split)
        if both := len({*train} & {*held_out}):
            told.append(
                f"{both:,} pairs that are kept aside are learnt from, too: the figures flatter"
            )
    else:
        rows = list(_flat(_rows(path, languages, told, split)))
        every = list(dict.fromkeys(rows))
        if twice := len(rows) - len(every):
            told.append(f"{twice:,} pairs stand in {path.name} again and were left out there")
        train, held_out = _parted(every)
        few = (
            f"{len(every):,} different pairs, of which {len(held_out):,} are kept aside, are too "
            f"few to learn from: give {LEAST + ASIDE} or more"
        )
        share = round(100 * len(held_out) / max(1, len(every)))
        names = (f"{100 - share}% of {path.name}", f"{share}% of {path.name}, kept aside")
    if len(train) < LEAST:
        raise BadData(path=path, reason=". ".join([few, *told]))
    return Pairs(languages, train, held_out, *names, tuple(told))


def with_more(pairs: Pairs, folder: Path, others: Iterable[Path]) -> Pairs:
    """Pairs of further files beside those of a folder with splits, to learn from alone: none with
    a sentence that the folder keeps aside or tests.

    Raises:
        BadData: one cannot be read, or a row is bad.
    """
    told, aside, names = list(pairs.told), set[str](), [pairs.split]
    if not folder.is_dir():
        reason = "further files stand beside a folder with splits: name that first, or one file"
        raise BadData(path=folder, reason=reason)
    for split in ("validation", "test"):
        for file in files_of(folder, split):
            rows = _flat(_rows(file, pairs.languages, split=split))
            aside |= {plain(text) for pair in rows for text in pair}
    more: list[tuple[str, str]] = []
    for path in others:
        found = dict.fromkeys(_flat(_rows(path, pairs.languages, told)))
        kept = [pair for pair in found if not aside & {*map(plain, pair)}]
        if same := len(found) - len(kept):
            told.append(
                f"{same:,} pairs of {path.name} hold a sentence kept aside and were left out"
            )
        more += kept
        names.append(f"{path.resolve().parent.name}/{path.name}")
    return replace(pairs, split=" and ".join(names), told=tuple(told), more=more)


def to_score(source: Path | str, direction: str, split: str = "test") -> tuple[list[Scored], str]:
    """Every different source sentence with all its references, and the name of the split.

    Out of English that is a row of the file. Into English the pairs are turned around: each
    different foreign sentence is a source, and every English sentence that it stands beside is a
    reference, so that a French sentence which renders two English ones may be turned into either.

    Raises:
        BadData: it cannot be read, or a row is bad.
    """
    first, second = languages_of(direction)
    other = second if first == "en" else first
    path = Path(source)
    found: dict[str, dict[str, None]] = {}  # dicts keep the order of the file
    for file in files_of(path, split) if path.is_dir() else [path]:
        for english, translation in _flat(_rows(file, ("en", other), split=split)):
            one, many = (english, translation) if first == "en" else (translation, english)
            found.setdefault(one, {})[many] = None
    name = f"{path.name}/{split}" if path.is_dir() else f"{path.resolve().parent.name}/{path.stem}"
    return [Scored(one, tuple(many)) for one, many in found.items()], f"{name} {direction}"


def file_of(folder: Path, split: str) -> Path:
    """The first file of a split."""
    return files_of(folder, split)[0]


def files_of(folder: Path, split: str) -> list[Path]:
    """The files of a split, in the folder or in its ``data``, as `datasets` would find them: all
    the parts that it is kept in; of several formats one.

    Raises:
        BadData: there is none.
    """
    for suffix in files.SUFFIXES:
        for place in (folder, folder / "data"):
            if found := sorted(
                file
                for file in place.glob("*")
                if file.suffix.lower() == suffix
                and not passed_over(file)
                and splits.named(file.stem, split) == split
            ):
                return found
    reason = f"it has no {split}.parquet, {split}.tsv or {split}.jsonl: name a file, or add one"
    sides = [sorted(folder.glob(f"*{language}*")) for language in LANGUAGES]
    one_each = [found[0].name for found in sides if len(found) == 1 and found[0].is_file()]
    if len(one_each) == 2:
        first, second = one_each
        reason = (
            f"each language has a file of its own: put {first} and {second} side by side, a "
            "tab between them, and name that file"
        )
    raise BadData(path=folder, reason=reason)


def _unused(folder: Path, split: str) -> Iterator[str]:
    """A sentence on files of a split in other formats than the one that is read."""
    taken = files_of(folder, split)
    others = [
        file.name
        for file in sorted(taken[0].parent.glob("*"))
        if file.suffix.lower() in files.SUFFIXES
        and not passed_over(file)
        and splits.named(file.stem, split) == split
        and file not in taken
    ]
    if others:
        rest = ", ".join(others)
        yield f"{folder.name} has {split} in two formats; {taken[0].name} is read, not {rest}"


Row = tuple[str, str | Sequence[str]]


def _flat(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """One pair for each translation of each row."""
    for english, translations in rows:
        for one in [translations] if isinstance(translations, str) else translations:
            yield english, one


def _rows(
    path: Path, languages: tuple[str, str], told: list[str] | None = None, split: str = "train"
) -> Iterator[Row]:
    """The rows of one file, checked.

    Args:
        told: gets what was guessed or left out, in sentences; None: nothing may be left out.
        split: the part of the data that is read, where a column tells them apart.
    """
    rows = files.rows(path, languages, [] if told is None else told, split)
    if not rows:
        raise BadData(path=path, reason="it is empty: give pairs")
    bad: list[str] = []
    turned = copied = 0
    for number, (english, translations) in enumerate(rows, start=1):
        many = [translations] if isinstance(translations, str) else translations
        good = isinstance(many, list) and many and all(isinstance(t, str) for t in [english, *many])
        if good and (cell := _placeholder(english, many)):
            bad.append(f"row {number} has only {cell} for a sentence: mend it or take it out")
        elif not good or not all(t.strip() for t in [english, *many]):
            bad.append(f"row {number} lacks a sentence in one language: mend it or take it out")
        elif (length := max(map(len, [english, *many]))) > LONGEST:
            bad.append(f"row {number} has {length:,} characters: split it below {LONGEST:,}")
        elif isinstance(translations, str) and _crossed(english, translations, languages):
            turned += 1
            yield translations, english
        elif told is not None and _untranslated(english, translations):
            copied += 1
        else:
            yield english, translations
        if told is None and turned:
            reason = (
                f"row {number} is not {languages[0]}, then {languages[1]}: mend it or take it out"
            )
            raise BadData(path=path, reason=reason)
        if bad and (told is None or len(bad) > MOST_BAD * len(rows)):
            raise BadData(path=path, reason=bad[0])
    if bad and told is not None:
        kind = "row lacks" if len(bad) == 1 else "rows lack"
        told.append(
            f"{len(bad):,} {kind} a sentence or run over {LONGEST:,} characters and were left out, "
            f"the first for this: {bad[0].split(':')[0]}"
        )

    if told is not None and turned:
        told.append(f"{turned:,} pairs stood the other way round and were turned around")
    if told is not None and copied:
        told.append(f"{copied:,} pairs say the same in one language twice and were left out")


def _placeholder(english: str, many: Sequence[str]) -> str | None:
    """What a program wrote for an empty cell, beside a sentence; beside a word or two it is a word
    itself: None, and rien."""
    for one, other in ((english, many[0]), *((one, english) for one in many)):
        cell = one.strip()
        if cell in EMPTY and (cell[0] in "#<" or _long(other) or columns.END.search(other)):
            return cell
    return None


def _crossed(english: str, other: str, languages: tuple[str, str]) -> bool:
    """Whether a pair stands the other way round, as far as both sides can be told."""
    return noticed(english) == languages[1] and noticed(other) == languages[0]


def _untranslated(english: str, other: str | Sequence[str]) -> bool:
    """Whether both sides are one sentence of a language that can be told. What is shorter may be a
    name, a title or a word that both languages have."""
    if not isinstance(other, str) or english.strip().casefold() != other.strip().casefold():
        return False
    return noticed(english) is not None and _long(english)


def _long(text: str) -> bool:
    """Whether a text is longer than most names, titles and words."""
    if noticed(text) == "zh":
        return len(text.strip()) >= LEAST_CHARACTERS
    return len(text.split()) >= LEAST_WORDS


def _parted(
    pairs: list[tuple[str, str]],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """A twentieth kept aside by a fixed rule, `ASIDE` sentences at least; no English sentence is in
    both parts."""
    sources = list(dict.fromkeys(english for english, _ in pairs))
    order = torch.randperm(len(sources), generator=torch.Generator().manual_seed(0)).tolist()
    aside = {sources[n] for n in order[: max(ASIDE, len(sources) // 20)]}
    return [p for p in pairs if p[0] not in aside], [p for p in pairs if p[0] in aside]
