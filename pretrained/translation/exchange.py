"""Names and numbers exchanged on both sides of a pair, so that a network learns to copy them
instead of learning by heart those that the data happen to hold.

Half of Tatoeba speaks of Tom. "Tom is 30." / « Tom a 30 ans. » becomes "Paul is 74." / « Paul a 74
ans. »: a name for one of the same kind (so that French agrees and elides as before) or, in a third
of the cases, for one that nobody has.
"""

from __future__ import annotations

import random
import re
from functools import cache

from pretrained.translation import everyday

#: Shares of the pairs with a name, or with figures that both sides have, that are changed.
NAMES, NUMBERS = 0.6, 0.6
FIGURES = re.compile(r"\d+")


@cache
def known(language: str) -> tuple[dict[str, everyday.Row], re.Pattern[str]]:
    """The names of the table by how English writes them, and what finds them there."""
    rows = {row[0]: row for row in everyday.table()["names"] if " " not in row[0]}
    return rows, re.compile(rf"\b(?:{'|'.join(rows)})\b")


def exchanged(english: str, other: str, language: str, rng: random.Random) -> tuple[str, str]:
    """A pair of English and ``language`` with other names and other numbers, or as it was."""
    if rng.random() < NUMBERS:
        english, other = other_numbers(english, other, rng)
    if rng.random() < NAMES:
        english, other = other_names(english, other, language, rng)
    return english, other


def other_numbers(english: str, other: str, rng: random.Random) -> tuple[str, str]:
    """Each number that both sides write in figures becomes another one with as many digits."""
    figures = set(FIGURES.findall(english))
    if not figures or figures != set(FIGURES.findall(other)) or "1" in figures:
        return english, other  # what agrees with one thing does not with two
    new = {
        old: str(rng.randint(max(2, 10 ** (len(old) - 1)), 10 ** len(old) - 1)) for old in figures
    }
    return tuple(FIGURES.sub(lambda m: new[m[0]], text) for text in (english, other))  # type: ignore[return-value]


def other_names(english: str, other: str, language: str, rng: random.Random) -> tuple[str, str]:
    """Each name that both sides have becomes another one."""
    rows, pattern = known(language)
    column = everyday.COLUMN[language]
    there = [
        name for name in dict.fromkeys(pattern.findall(english)) if rows[name][column] in other
    ]
    new: dict[str, everyday.Row] = {}
    for name in there:
        if rng.random() < 1 / 3:
            new[name] = everyday.made_up(rng)
        else:
            new[name] = rng.choice([row for row in rows.values() if alike(row, rows[name])])
    if len({row[0] for row in new.values()} | set(pattern.findall(english)) - set(there)) < len(
        set(pattern.findall(english))
    ):
        return english, other  # two people have become one
    if language == "zh" and any(
        other.count(rows[a][column]) != len(re.findall(rf"\b{a}\b", english)) for a in there
    ):
        return english, other  # the short ones, such as 简, also stand within words
    for name in there:
        theirs = rows[name][column]
        bound = (r"\b", r"\b") if language == "fr" else ("", "")
        other = re.sub(bound[0] + re.escape(theirs) + bound[1], f"\0{there.index(name)}\0", other)
        english = re.sub(rf"\b{name}\b", f"\0{there.index(name)}\0", english)
    for number, name in enumerate(there):
        english = english.replace(f"\0{number}\0", new[name][0])
        other = other.replace(f"\0{number}\0", new[name][column])
    return english, other


def alike(one: everyday.Row, two: everyday.Row) -> bool:
    """Both of women or both of men, and both beginning with a vowel or both with none."""
    vowels = [row[1][0] in "AEIOUHÉ" for row in (one, two)]
    return one[3:] == two[3:] and vowels[0] == vowels[1]
