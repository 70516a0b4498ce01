"""Words of the tokens that the networks read and write, the same in every room.

A token is a part of a word, with the blank before it; what a visitor points at is a word: all that
stands between two blanks, without the signs around it, or one Chinese character. Besides: which
characters have no token, and where a network repeats itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from pretrained.catalog import Entry

END = "</s>"  # what the served model writes for the end of a sentence
HAN = "\u2e80"  # from here on, characters are words of their own, and twice as wide
LETTER = rf"[^\W{HAN}-\U0010ffff]"
ASCII = frozenset(map(chr, range(128)))
WORD = re.compile(rf"{LETTER}+(?:['’-]{LETTER}+)*['’-]?|\S")
#: How often a phrase must stand in a row, and how many words and signs that must be at the least:
#: "no, no, no" is somebody's way of speaking.
TIMES, LEAST = 3, 6
LONGEST = 30  # words and signs of a phrase
PART = re.compile(rf"{LETTER}+|\S")


@dataclass(frozen=True)
class Spelled:
    """A word and the numbers of its tokens. ``text`` is `END` for the end of the sentence."""

    text: str
    tokens: tuple[int, ...]


def words(tokens: Sequence[str]) -> list[Spelled]:
    """The words of tokens, in order. `END` counts as an end only where it is the last token."""
    ended = bool(tokens) and tokens[-1] == END
    body = list(tokens[:-1]) if ended else list(tokens)
    starts = [match.start() for match in WORD.finditer("".join(body))]
    groups: list[list[int]] = []
    at, seen = 0, -1
    for number, token in enumerate(body):
        first = at + len(token) - len(token.lstrip())
        word = max((n for n, start in enumerate(starts) if start <= first), default=0)
        if word == seen and groups:
            groups[-1].append(number)
        else:
            groups.append([number])
        at, seen = at + len(token), word
    found = [Spelled("".join(body[n] for n in group).strip(), tuple(group)) for group in groups]
    return [*found, Spelled(END, (len(body),))] if ended else found


def cut(text: str) -> list[str]:
    """The words of a text, each with the blank before it; together they are the text."""
    return re.findall(rf" ?(?:{WORD.pattern})|\s", text)


def probabilities(words_: Sequence[Spelled], given: Sequence[float]) -> tuple[float, ...]:
    """The probability that the network gave each word, 0..1: the product over its tokens, each of
    which was ``given`` one after those before."""
    return tuple(prod(given[n] for n in one.tokens) for one in words_)


def first_word(text: str) -> tuple[str, bool]:
    """(the first word of a text, whether something follows it that is no part of it)."""
    bare = text.lstrip()
    match = WORD.match(bare)
    return (match[0], match.end() < len(bare)) if match else ("", False)


def until(tokens: Sequence[str], number: int) -> str:
    """The text before a word, as `words` numbers them."""
    return "".join(tokens[: words(tokens)[number].tokens[0]])


def byte_level(entry: Entry, text: str) -> list[str]:
    """The distinct characters of a text that have no token of their own, in their order; none for
    a model that has no such vocabulary here.

    A vocabulary of bytes can read and write anything; but such a character is two to four bytes to
    it, about which it has learnt next to nothing."""
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


def repetition(sentence: Mapping[str, Any]) -> str:
    """How a translation loses its thread, as text of a kind that a network has never met makes it:
    "repeated" where it says the same again and again and its source does not, "incomplete" where
    it came to no end, "" where it does not."""
    if repeats(sentence["translation"]) is not None and repeats(sentence["source"]) is None:
        return "repeated"
    return "" if sentence.get("complete", True) else "incomplete"


def repetition_start(sentence: Mapping[str, Any]) -> int:
    """How many characters of a translation say something, until it repeats itself."""
    text = sentence["translation"]
    found = repeats(text) if repetition(sentence) == "repeated" else None
    return len(text) if found is None else found


def repeats(text: str) -> int | None:
    """Where the first phrase ends that stands several times in a row, in characters; None where
    there is none."""
    parts = list(PART.finditer(text))
    said = [part[0].lower() for part in parts]
    for at in range(len(said)):
        for size in range(1, LONGEST + 1):
            times = max(TIMES, LEAST // size)
            until = at + size * times
            if until > len(said):
                break
            phrase = said[at : at + size]
            if said[at + size] != phrase[0] or said[at:until] != phrase * times:
                continue
            if any(word[0].isalnum() for word in phrase):
                return parts[at + size - 1].end()
    return None
