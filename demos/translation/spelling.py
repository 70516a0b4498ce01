"""Words of the pieces that the networks read and write, the same in every room.

A piece is a part of a word, with the blank before it; what a visitor points at is a word: all that
stands between two blanks, without the signs around it, or one Chinese character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

END = "</s>"  # what the served model writes for the end of a sentence
HAN = "\u2e80"  # from here on, characters are words of their own, and twice as wide
LETTER = rf"[^\W{HAN}-\U0010ffff]"
WORD = re.compile(rf"{LETTER}+(?:['’-]{LETTER}+)*['’-]?|\S")


@dataclass(frozen=True)
class Spelled:
    """A word and the numbers of its pieces. ``text`` is `END` for the end of the sentence."""

    text: str
    pieces: tuple[int, ...]


def words(pieces: Sequence[str]) -> list[Spelled]:
    """The words of pieces, in order. `END` counts as an end only where it is the last piece."""
    ended = bool(pieces) and pieces[-1] == END
    body = list(pieces[:-1]) if ended else list(pieces)
    starts = [match.start() for match in WORD.finditer("".join(body))]
    groups: list[list[int]] = []
    at, seen = 0, -1
    for number, piece in enumerate(body):
        first = at + len(piece) - len(piece.lstrip())
        word = max((n for n, start in enumerate(starts) if start <= first), default=0)
        if word == seen and groups:
            groups[-1].append(number)
        else:
            groups.append([number])
        at, seen = at + len(piece), word
    found = [Spelled("".join(body[n] for n in group).strip(), tuple(group)) for group in groups]
    return [*found, Spelled(END, (len(body),))] if ended else found


def cut(text: str) -> list[str]:
    """The words of a text, each with the blank before it; together they are the text."""
    return re.findall(rf" ?(?:{WORD.pattern})|\s", text)


def odds(words_: Sequence[Spelled], given: Sequence[float]) -> tuple[float, ...]:
    """The probability that the network gave each word, 0..1: the product over its pieces, each of
    which was ``given`` one after those before."""
    return tuple(prod(given[n] for n in one.pieces) for one in words_)


def first_word(text: str) -> tuple[str, bool]:
    """(the first word of a text, whether something follows it that is no part of it)."""
    bare = text.lstrip()
    match = WORD.match(bare)
    return (match[0], match.end() < len(bare)) if match else ("", False)


def until(pieces: Sequence[str], number: int) -> str:
    """The text before a word, as `words` numbers them."""
    return "".join(pieces[: words(pieces)[number].pieces[0]])
