"""Where a translation loses its thread: text of a kind that a network has never met, such as markup
or a third language, makes it write the same again and again, or without an end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from demos.translation.spelling import LETTER

#: How often a phrase must stand in a row, and how many words and signs that must be at the least:
#: "no, no, no" is somebody's way of speaking.
TIMES, LEAST = 3, 6
LONGEST = 30  # words and signs of a phrase
PART = re.compile(rf"{LETTER}+|\S")


def lost(sentence: Mapping[str, Any]) -> str:
    """How: "repeated" where it says the same again and again and its source does not, "incomplete"
    where it came to no end, "" where it did not."""
    if repeats(sentence["translation"]) is not None and repeats(sentence["source"]) is None:
        return "repeated"
    return "" if sentence.get("complete", True) else "incomplete"


def end(sentence: Mapping[str, Any]) -> int:
    """How many characters of a translation say something, until it repeats itself."""
    text = sentence["translation"]
    found = repeats(text) if lost(sentence) == "repeated" else None
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
