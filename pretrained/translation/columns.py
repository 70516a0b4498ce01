"""Which column of a table of pairs holds which language.

A heading tells it, whatever its order and case. Without one the sentences do: the numbers of
Tatoeba's four columns and the credits of manythings.org are no sentences, and of the rest one has
to read as the one language and another as the other. What cannot be told is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pretrained import splits
from pretrained.errors import BadData
from pretrained.translation.languages import noticed

R = TypeVar("R")
#: What is shown of a first line that nobody understands, in characters.
SHOWN = 80


def _words(text: str) -> set[str]:
    return set(text.split())


#: How a heading may name a language, in small letters.
NAMES = {
    "en": _words("en eng english anglais englisch inglés inglese 英语 英文 英語"),
    "fr": _words("fr fra fre french français francais französisch francés francese 法语 法文 法語"),
    "zh": _words(
        "zh cmn zho chi cn zhs zht chinese chinois mandarin chinesisch chino cinese "
        "中文 汉语 漢語 普通话 华语 简体中文 繁体中文 繁體中文"
    ),
}
#: Languages that no model here knows, as headings name them: by codes, in English, in French, in
#: the language itself, in Chinese.
OTHERS = {
    "de": ("de deu ger", "german", "allemand", "deutsch", "德语"),
    "es": ("es spa", "spanish", "espagnol", "español", "西班牙语"),
    "it": ("it ita", "italian", "italien", "italiano", "意大利语"),
    "pt": ("pt por", "portuguese", "portugais", "português", "葡萄牙语"),
    "nl": ("nl nld", "dutch", "néerlandais", "", ""),
    "ru": ("ru rus", "russian", "russe", "русский", "俄语"),
    "ja": ("ja jpn jp", "japanese", "japonais", "", "日语 日文"),
    "ko": ("ko kor", "korean", "coréen", "", "韩语"),
    "ar": ("ar ara", "arabic", "arabe", "", ""),
    "hi": ("hi hin", "hindi", "hindi", "", ""),
    "pl": ("pl pol", "polish", "polonais", "", ""),
    "tr": ("tr tur", "turkish", "turc", "", ""),
    "vi": ("vi vie", "vietnamese", "vietnamien", "", ""),
    "la": ("la", "latin", "latin", "", ""),
    "el": ("el", "greek", "grec", "", ""),
    "sv": ("sv", "swedish", "suédois", "", ""),
    "da": ("da", "danish", "danois", "", ""),
    "fi": ("fi", "finnish", "finnois", "", ""),
    "uk": ("uk ukr", "ukrainian", "ukrainien", "", ""),
    "yue": ("yue", "cantonese", "cantonais", "", "粤语"),
}
#: What may stand beside it: fr-CA, French (France), text_fr, zh-Hans-CN, zho_Hans, eng_Latn.
BESIDE = _words(
    "text sentence sentences phrase phrases word words translation translated original version "
    "column lang language target source src tgt latn hans hant simplified traditional "
    "us gb uk ca fr ch be cn tw hk sg au xx france canada 简体 文本 句子"
)
#: What a Chinese heading says after the language: 英文原文.
ENDINGS = re.compile("(?:原文|译文|譯文|翻译|翻譯|句子|例句|文本)$")
#: Headings that tell no language, without figures and signs: whatever else they tell, they are no
#: sentence.
GENERAL = _words(
    "source target src tgt trg original translation text sentence sentences phrase lang language "
    "input output prompt completion question answer instruction response sourcetext targettext "
    "srclang tgtlang trglang sourcelang targetlang sourcelanguage targetlanguage sent seg segment "
    "string word words meaning definition id score index no nr comment comments note notes tags "
    "license licence date user 序号 编号 原文 译文 譯文 翻译 备注"
) | {""}
#: Longest heading, in words, and the share of the rows that end as sentences beside it.
LONGEST, ENDED = 4, 0.8
END = re.compile(r"[.!?…。！？][\W]*$")
#: Words, and Chinese characters, from which a sentence should tell its language, and the share of
#: such that do so at least.
TELLING, LEAST_READ = 4, 0.3
#: Rows that are looked at, and how many of those that tell anything must tell the same.
LOOKED_AT, AGREED = 400, 0.8
#: Sentences that must tell their language before what a heading says is doubted.
LEAST_TOLD = 20


def code(name: str) -> str | None:
    """The language that a heading names: "French", "fr-CA" and "text_fr" are "fr"; None where it
    names none, or two."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = re.findall(r"[^\W\d_]+", plain)
    if len(words) > LONGEST:  # a sentence, of which there may be a hundred thousand
        return None
    words = [ENDINGS.sub("", word) or word for word in words]
    found = [next((one for one, names in NAMES.items() if word in names), None) for word in words]
    named = list(dict.fromkeys(filter(None, found)))
    whole = all(one or word in BESIDE for one, word in zip(found, words, strict=True))
    if not named or not whole:
        return None
    # Of two the second is a country: fr-CN.
    return (
        named[0]
        if len(named) == 1 or (words[0] in NAMES[named[0]] and words[-1] in BESIDE)
        else None
    )


def heads(cells: Sequence[str]) -> bool:
    """Whether a row is a heading, and no pair of sentences. What names one language twice is a
    pair: Latin and Latin, English and anglais."""
    known = [code(cell) or _other(cell) for cell in cells]
    named = [one for one in known if one]
    plain = [re.sub(r"[\W\d_]", "", cell.casefold()) for cell in cells]
    return (
        any(plain)
        and len({*named}) == len(named)
        and all(one or word in GENERAL for one, word in zip(known, plain, strict=True))
    )


def foreign(cells: Sequence[str]) -> bool:
    """Whether a row is the heading of other languages: each cell names another one, and one of them
    is known here, or all are codes, or words of one language, or each in the language that it
    names. German beside espagnol is a pair."""
    if not heads(cells):
        return False
    known = [one for cell in cells if (one := code(cell) or _other(cell))]
    others = [cell.strip().casefold() for cell in cells if code(cell) is None and _other(cell)]
    if not others or len(known) < 2:
        return False
    return len(others) < len(known) or bool(set.intersection(*map(_forms, others)))


def _other(cell: str) -> str | None:
    """Which of `OTHERS` a heading names."""
    plain = cell.strip().casefold()
    return next((one for one, names in OTHERS.items() if plain in _words(" ".join(names))), None)


def _forms(name: str) -> set[int]:
    """Under which of the forms in `OTHERS` a name stands there: Latin is English, and French."""
    return {n for names in OTHERS.values() for n, form in enumerate(names) if name in _words(form)}


def stands_out(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a first row is words of a heading, where nearly all that follows are sentences. A
    heading says no word twice, and names no language twice."""
    words = [one for cell in cells if (one := code(cell) or _other(cell) or cell.casefold())]
    if len({*words}) < len(words):
        return False
    short = all(len(cell.split()) <= LONGEST and not END.search(cell) for cell in cells)
    ended = sum(bool(END.search(cell)) for row in rest for cell in row[:2])
    many = sum(len(row[:2]) for row in rest)
    return (
        short and len(rest) >= LEAST_TOLD and ended >= ENDED * many and not any(map(noticed, cells))
    )


def named(cells: Sequence[str], languages: tuple[str, str]) -> tuple[int, int] | None:
    """Where a heading says that the two languages stand; None where it is no such heading."""
    codes = [code(cell) for cell in cells]
    if all(codes.count(language) == 1 for language in languages):
        return codes.index(languages[0]), codes.index(languages[1])
    return None


def doubled(cells: Sequence[str], languages: tuple[str, str]) -> list[str]:
    """What a heading of both languages calls one of them by, more than once: fr, and fr_CA. A pair
    of sentences, or of words, is too short to name both and one of them again."""
    codes = [code(cell) for cell in cells]
    if not all(language in codes for language in languages):
        return []
    twice = [language for language in languages if codes.count(language) > 1]
    return [cell for cell, one in zip(cells, codes, strict=True) if one in twice]


def told(rows: Sequence[Sequence[str]], languages: tuple[str, str]) -> tuple[int, int] | None:
    """Where the two languages stand by what the sentences look like; None where that is not clear.

    Of two columns one is enough: the other one is the other language.
    """
    width = min((len(row) for row in rows), default=0)
    some = rows[:: max(1, len(rows) // LOOKED_AT)]
    texts = [n for n in range(width) if not _no_sentences([row[n] for row in some])]
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


def contradicted(
    pairs: Sequence[tuple[str, str]], languages: tuple[str, str]
) -> tuple[str, str] | None:
    """A language, and the other one in which what is named so is clearly written; None mostly."""
    some = pairs[:: max(1, len(pairs) // LOOKED_AT)]
    for side, language in enumerate(languages):
        found = [one for one in (noticed(pair[side]) for pair in some) if one]
        for other in NAMES.keys() - {language}:
            if len(found) >= LEAST_TOLD and found.count(other) >= AGREED * len(found):
                return language, other
    return None


def unread(pairs: Sequence[tuple[str, str]], languages: tuple[str, str]) -> Iterator[str]:
    """A sentence for each language in which hardly anything reads that is called so."""
    some = pairs[:: max(1, len(pairs) // LOOKED_AT)]
    for side, language in enumerate(languages):
        cells = [pair[side] for pair in some]
        long = [c for c in cells if len(c if language == "zh" else c.split()) >= TELLING]
        read = sum(noticed(cell) == language for cell in long)
        if len(long) >= LEAST_TOLD and read < LEAST_READ * len(long):
            yield (
                f"of {len(long):,} sentences that stand for {language} only {read:,} read as such: "
                "check that it is that language"
            )


def _no_sentences(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers or marks, as those by which Tatoeba counts its sentences, or
    the same all along, as the code of a language."""
    marks = sum(
        bool(re.fullmatch(r"[!-~]*\d[!-~]*", cell.strip())) and len(cell) < 24 for cell in cells
    )
    return marks > len(cells) / 2 or (len(cells) > 9 and len({*cells}) == 1)


def _language(cells: Sequence[str], languages: tuple[str, str]) -> str | None:
    """What most of the cells that tell anything are written in."""
    found = [one for one in map(noticed, cells) if one]
    for language in languages:
        if found and found.count(language) >= AGREED * len(found):
            return language
    return None


def of_split(
    path: Path,
    names: Sequence[str],
    rows: Sequence[R],
    cell: Callable[[R, int], Any],
    split: str,
    told: list[str],
) -> Sequence[R]:
    """The rows that a column of parts, if there is one, counts to one part of the data.

    Args:
        cell: what a row has in the column at a place.

    Raises:
        BadData: it names other parts, and not this one.
    """
    if (place := splits.column(names)) is None:
        return rows
    cells = [cell(row, place) for row in rows]
    kept = splits.rows_of(split, cells, names[place], path, told)
    return rows if kept is None else [rows[n] for n in kept]


def not_doubled(path: Path, names: Sequence[str], languages: tuple[str, str]) -> None:
    """Hold a heading to one column for each language.

    Raises:
        BadData: several stand for one.
    """
    if twice := doubled(names, languages):
        reason = (
            f"several columns stand for one language ({', '.join(twice)[:SHOWN]}): keep one of "
            "them, or give the others other names"
        )
        raise BadData(path=path, reason=reason)
