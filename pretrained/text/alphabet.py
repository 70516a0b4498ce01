"""The characters that a model knows. Needs no torch: a page can ask before a model loads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pretrained import checkpoint

#: Typographers' signs, and what stands for them in the training text; every kind of line end is
#: one; signs without width are none.
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": " "}
    | dict.fromkeys("\u00a0\u2009\u202f", " ")
    | dict.fromkeys("\r\v\f\u0085\u2028\u2029", "\n")
    | dict.fromkeys("\u00ad\u200b\ufeff", "")
)
#: The signs that end a line of a quatrain.
LINE_ENDS = "，。？！；"
LINES, LENGTHS = 4, (5, 7)  # of a quatrain: its lines, the characters of one
#: The index of every character that the model does not know.
UNKNOWN = 0


def plain(text: str) -> str:
    """A text as it is learnt from: plain quotation marks and dashes, one kind of line end, accents
    and their letters as one character (NFC)."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).translate(PLAIN)


def in_rows(text: str) -> str:
    """Quatrains as a network learnt them, one to a row, of a text that breaks them into lines.

    A break after a sign within a poem is none, and between two verses of one length stands for the
    sign; a break after anything else, or after four lines, begins another poem.
    """
    read = ""
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    for line, following in zip_longest(lines, lines[1:]):
        read += line
        *whole, verse = re.split(f"[{LINE_ENDS}]", read.rpartition("\n")[2])
        if len(whole) >= LINES and not verse:
            read += "\n" if following or text.endswith("\n") else ""
        elif verse and following:
            first, *more = re.split(f"[{LINE_ENDS}]", following)
            alike = len(first) == len(verse) or (len(first) < len(verse) and not more)
            goes_on = len(verse) in LENGTHS and len(whole) < LINES and alike
            read += ("。" if len(whole) % 2 else "，") if goes_on else "\n"
    return read


class Alphabet:
    """Characters and their indices; 0 stands for every other character.

    ``begin`` is the character after which a text starts, and that is never written.
    """

    def __init__(self, characters: str, begin: str = "\n") -> None:
        self.characters, self.begin = characters, begin
        self._index = {character: i for i, character in enumerate(characters, start=1)}

    def __len__(self) -> int:
        """Size of the model's output: the characters and the one for unknown ones."""
        return len(self.characters) + 1

    @classmethod
    def from_text(cls, text: Iterable[str], begin: str = "\n") -> Alphabet:
        """Of all characters of a text."""
        return cls("".join(sorted({*text} | {begin})), begin)

    def clean(self, text: str) -> str:
        """The text as the model reads it: `plain`, and a full-width sign for a half-width one, or
        the other way round, where only that is known."""
        return "".join(c if c in self._index else self._same_sign(c) for c in plain(text))

    def _same_sign(self, character: str) -> str:
        code = ord(character)
        for other in (code - 0xFEE0, code + 0xFEE0):
            if (0x21 <= other <= 0x7E or 0xFF01 <= other <= 0xFF5E) and chr(other) in self._index:
                return chr(other)
        return "。" if character == "." and "。" in self._index else character

    def known(self, text: str) -> str:
        """The cleaned text without the characters that the model does not know."""
        return "".join(c for c in self.clean(text) if c in self._index)

    def unknown(self, text: str) -> list[str]:
        """The distinct characters that the model does not know, as they were given, in their order:
        a sign for which another is read is unknown only if that one is."""
        whole = dict.fromkeys(unicodedata.normalize("NFC", text))
        return [c for c in whole if self.known(c) != self.clean(c)]

    def encode(self, text: str) -> list[int]:
        """Indices of the cleaned text; `UNKNOWN` for what the model does not know."""
        return [self._index.get(character, UNKNOWN) for character in self.clean(text)]

    def index(self, character: str) -> int:
        """The index of one character as it stands; `UNKNOWN` if there is none."""
        return self._index.get(character, UNKNOWN)

    def character(self, index: int) -> str:
        """The character of an index from 1."""
        return self.characters[index - 1]


@lru_cache(maxsize=16)
def _of_folder(folder: str, changed: float) -> Alphabet | None:
    config = checkpoint.read_json(Path(folder), checkpoint.CONFIG)
    characters = config.get("characters")
    return Alphabet(characters, config.get("begin", "\n")) if characters else None


def of(entry: Any) -> Alphabet | None:
    """The alphabet of a catalogue entry; None for a model that writes tokens, not characters."""
    if entry.folder is None:
        return None
    config = Path(entry.folder) / checkpoint.CONFIG
    return _of_folder(entry.folder, config.stat().st_mtime)
