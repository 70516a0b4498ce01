"""Which column of a table of pairs holds which language.

A heading tells it, whatever its order and case. Without one the sentences do: the numbers of
Tatoeba's four columns and the credits of manythings.org are no sentences, and of the rest one has
to read as the one language and another as the other. What cannot be told is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from pretrained.translation.languages import noticed

#: How a heading may name a language, in small letters.
NAMES = {
    "en": {"en", "eng", "english", "anglais", "英语", "英文", "en-us", "en_us", "en-gb", "en_gb"},
    "fr": {"fr", "fra", "fre", "french", "français", "francais", "法语", "法文", "fr-fr", "fr_fr"},
    "zh": {
        "zh",
        "cmn",
        "zho",
        "chi",
        "chinese",
        "chinois",
        "中文",
        "汉语",
        "zh-cn",
        "zh_cn",
        "zh-hans",
    }
    | {"zh_hans", "simplified chinese", "简体中文", "cn"},
}
#: Rows that are looked at, and how many of those that tell anything must tell the same.
LOOKED_AT, AGREED = 400, 0.8


def code(name: str) -> str | None:
    """The language that a heading names: "French" is "fr"; None where it names none."""
    plain = name.strip().strip('"').lower()
    return next((language for language, names in NAMES.items() if plain in names), None)


def named(cells: Sequence[str], languages: tuple[str, str]) -> tuple[int, int] | None:
    """Where a heading says that the two languages stand; None where it is no such heading."""
    codes = [code(cell) for cell in cells]
    if all(codes.count(language) == 1 for language in languages):
        return codes.index(languages[0]), codes.index(languages[1])
    return None


def told(rows: Sequence[Sequence[str]], languages: tuple[str, str]) -> tuple[int, int] | None:
    """Where the two languages stand by what the sentences look like; None where that is not clear.

    Of two columns one is enough: the other one is the other language.
    """
    width = min((len(row) for row in rows), default=0)
    some = rows[:: max(1, len(rows) // LOOKED_AT)]
    texts = [n for n in range(width) if not _numbers([row[n] for row in some])]
    found = {n: _language([row[n] for row in some], languages) for n in texts}
    places = {one: [n for n in texts if found[n] == one] for one in languages}
    if len(texts) == 2:
        for one, other in (languages, languages[::-1]):
            if len(places[one]) == 1 and not places[other]:
                rest = next(n for n in texts if n not in places[one])
                places[other] = [rest]
    if not all(places.values()):
        return None
    # A third column in English is who wrote it: the sentences come first.
    return places[languages[0]][0], places[languages[1]][0]


def _numbers(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, as the ones that Tatoeba counts its sentences by."""
    return sum(cell.strip().isdigit() for cell in cells) > len(cells) / 2


def _language(cells: Sequence[str], languages: tuple[str, str]) -> str | None:
    """What most of the cells that tell anything are written in."""
    found = [one for one in map(noticed, cells) if one]
    for language in languages:
        if found and found.count(language) >= AGREED * len(found):
            return language
    return None
