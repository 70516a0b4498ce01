"""Where sentences end: the networks see one at a time, the visitor's text keeps its shape.

Small rules, not a model: an ending sign, then a blank and something that can begin a sentence. They
split too seldom rather than too often.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Words with a full stop that ends nothing.
SHORT = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "prof",
        "sr",
        "jr",
        "vs",
        "etc",
        "e.g",
        "i.e",
        "a.m",
        "p.m",
        "no",
    }
    | {"mm", "mme", "mlle", "m", "cf", "p.ex", "av", "boul", "ch"}
)
#: Both patterns give nothing back and enter a run of signs once: time grows as the text does.
ENDING = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)]*+(?= )|[。！？…]++[”’」』）\"]*+")
#: What may begin a sentence after a blank.
BEGIN = re.compile(r" *+[\"'“‘«¿¡(\[—-]*+ *+[A-ZÀ-ÖØ-Þ0-9\u3040-\u9fff]")


@dataclass(frozen=True)
class Part:
    """A sentence with the blanks and line breaks around it, which are kept as they are."""

    before: str
    text: str
    after: str


def split(text: str) -> list[Part]:
    """The sentences of a text. Joined again, before and after included, they are the text."""
    parts: list[Part] = []
    for line in text.splitlines(keepends=True):
        start = 0
        for match in ENDING.finditer(line):
            if match.end() > start and _ends(line, start, match):
                end = match.end()
                while end < len(line) and line[end] == " ":  # the blank belongs to what it follows
                    end += 1
                parts.append(_part(line[start:end]))
                start = end
        if start < len(line):
            parts.append(_part(line[start:]))
    return parts


def _ends(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether an ending sign really ends a sentence."""
    if match[0][0] in "。！？":
        return True
    if not BEGIN.match(line, match.end()):
        return False
    begins = max(start, line.rfind(" ", start, match.start()) + 1)
    word = line[begins : match.start()].lower().lstrip("\"'“«(")
    initial = len(word) == 1 and word not in "ià" and word.isalpha()
    return not (match[0][0] == "." and (word in SHORT or initial))


def _part(text: str) -> Part:
    inner = text.strip()
    at = text.index(inner) if inner else len(text)
    return Part(text[:at], inner, text[at + len(inner) :])
