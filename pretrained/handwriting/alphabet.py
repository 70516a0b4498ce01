"""Which characters the pen can write, and in which lines, known without loading it. Imports no
torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pretrained import checkpoint
from pretrained.catalog import Entry
from pretrained.text import alphabet as of_text

#: Characters of a line on the page, unless told otherwise.
COLUMNS = 36
#: Typographic and full-width signs, which are written as plain ones; those without width are none.
PLAIN = of_text.PLAIN | str.maketrans(
    {
        **{chr(code + 0xFEE0): chr(code) for code in range(ord("!"), ord("~") + 1)},
        "\u3001": ",",
        "\u3002": ".",
        **dict.fromkeys("\u2018\u2019\u201a\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\t\n\r\v\f\u00a0\u2002\u2003\u2009\u202f\u3000", " "),
        "\u2026": "...",
    }
)


@cache
def _characters(folder: str) -> str:
    return str(checkpoint.read_json(Path(folder), checkpoint.CONFIG)["characters"])


def of(entry: Entry) -> str:
    """Every character that this pen or reader knows, sorted."""
    assert entry.folder is not None
    return _characters(entry.folder)


def unknown(entry: Entry, text: str) -> list[str]:
    """The distinct characters of ``text`` that the pen cannot write, in order of appearance."""
    return missing(text, of(entry))


def missing(text: str, characters: str) -> list[str]:
    """The distinct characters of ``text`` that ``characters`` lacks, in order of appearance."""
    return [c for c in dict.fromkeys(text) if not set(c.translate(PLAIN)) <= set(characters)]


def spell(text: str, characters: str) -> tuple[str, list[int]]:
    """The text as the pen writes it, and for each of its characters the place in ``text``.

    Typographic characters become plain ones, unknown ones are left out, white space becomes single
    spaces, none at the ends.
    """
    found: list[tuple[str, int]] = []
    for place, original in enumerate(text):
        for c in original.translate(PLAIN):
            if c not in characters or (c == " " and (not found or found[-1][0] == " ")):
                continue
            found.append((c, place))
    while found and found[-1][0] == " ":
        found.pop()
    return "".join(c for c, _ in found), [place for _, place in found]


def encode(text: str, characters: str) -> list[int]:
    """Numbers of the characters: place in the alphabet plus one; 0 is nothing."""
    return [characters.index(c) + 1 for c in text]


def wrap(text: str, most: int = COLUMNS) -> list[str]:
    """Lines of at most ``most`` characters, broken at spaces where there are any.

    The visitor's own line ends are kept; empty lines are left out. A word longer than a line is
    cut.
    """
    if most < 1:
        raise ValueError("a line holds at least one character")
    found: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > most:
                found.append(line)
                line = ""
            line = f"{line} {word}" if line else word
            while len(line) > most:
                found.append(line[:most])
                line = line[most:]
        if line:
            found.append(line)
    return found
