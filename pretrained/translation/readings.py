"""How a sentence may be read that was typed in a hurry: what the networks saw most is surest.

They learnt from sentences with a capital and a full stop. So SHOUTED words are also read in small
letters, a short text without its last sign also with one, $3 as 3 dollars, and the reading whose
translation is the likeliest counts. Names of our table and long figures (a telephone number, 1,500,
1.80, -42) are read as a name or a number that the networks copy well, and put back where that one
came out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from pretrained.translation import everyday, exchange, quantities, speech
from pretrained.translation.everyday import COLUMN, SIGNS

#: Words (characters of Chinese) of a text that is read in several ways.
SHORT = {"en": 6, "fr": 6, "zh": 10}
#: The names that stand for others: of a man, of a woman.
TOM, MARY = ("Tom", "Tom", "汤姆"), ("Mary", "Marie", "玛丽")
NUMBERS = ("50", "60", "70", "80")
#: A telephone number, a date, fractions, thousands, decimals, what is below zero (in Chinese right
#: after a word).
LONG = (
    r"\+\d{1,3}(?:[ .-]?\d{1,4}){3,}|\d{2,}(?:[ -]\d{2,}){2,}|\d{3}[ -]\d{4}\b|\d+(?:/\d+){1,2}"
    r"|(?<![\w.,-])[-−－]\d+(?:[.,]\d+)*|\d*[¼½¾⅓⅔]|\d{1,3}(?: \d{3}){2,}(?!\d)|\d+(?:[.,]\d+)+"
)
LONGS = {
    "en": re.compile(LONG),
    # A blank parts the thousands, seldom a full stop.
    "fr": re.compile(rf"\d{{1,3}}(?:[ .]\d{{3}})+,\d+|{LONG}|\d{{1,3}} \d{{3}}(?!\d)"),
    "zh": re.compile(LONG.replace(r"(?<![\w.,-])", r"(?<![0-9A-Za-z.,-])")),
}
#: Signs beside a figure, and how each language calls them.
SPOKEN = {
    "$": ("dollars", "dollars", "美元"),
    "€": ("euros", "euros", "欧元"),
    "£": ("pounds", "livres", "英镑"),
    "¥": ("yuan", "yuans", "元"),
    "kg": ("kilograms", "kilos", "公斤"),
    "km": ("kilometers", "kilomètres", "公里"),
    "°C": ("degrees", "degrés", "度"),
}
#: Sections of our table, and other words, that have a capital within a sentence.
NAMED = ("names", "lasts", "cities", "countries", "languages", "days", "months")
TITLES = frozenset(
    {"Mr", "Mrs", "Ms", "Dr", "M", "Mme", "Mlle", "American", "British"}
    | {"Christmas", "Santa", "God", "Dieu", "TV"}
)
FIGURE = r"\d+(?:[.,]\d+)*"
SIGNED = re.compile(
    rf"([$€£¥]) ?({FIGURE}(?: (?:thousand|million|billion))?)"
    rf"|({FIGURE}) ?([$€£¥]|°C|k[gm])(?![^\W_])"
)
CALLED = re.compile(
    r"\b(?:name is|[Cc]all me|appelle|[Aa]ppelle[rz]?-moi|Mrs?\.?|Ms\.?|Dr\.?"
    r"|Monsieur|Madame|Mme|M\.) ([A-ZÀ-Ý][\w'-]+)"
)
#: Frequent family names: 我叫李华 is a name, 我叫车了 is not.
FAMILY = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏"
    "魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万"
)
CALLED_ZH = re.compile(
    rf"(?:我叫|名叫|名字叫|名字是)([{FAMILY}][\u4e00-\u9fff]{{1,2}})(?=[。，！？、,.!?\s]|$)"
)


@dataclass(frozen=True)
class Reading:
    """One way to read a sentence. ``signed``: its last sign is ours, and is taken from the
    translation, too. ``kept``: (what the translation has, what belongs there). ``typed``: nothing
    of it was changed. ``followed``: a clause, whose translation has no last sign whatever it is.
    ``following``: one that goes on after another, in small letters. ``begins``: a whole sentence,
    with a capital."""

    text: str
    signed: bool = False
    kept: tuple[tuple[str, str], ...] = ()
    typed: bool = False
    followed: bool = False
    following: bool = False
    begins: bool = False


def readings(text: str, source: str, target: str) -> list[Reading]:
    """The ways to read a text, those with something to put back first, as typed last."""
    plain = Reading(text)
    stood = stand_ins(text, source, target)
    bases = [stood, plain] if stood.text != text else [plain]
    return [one for base in bases for one in ways(base, source)]


def ways(base: Reading, source: str) -> list[Reading]:
    """A text as it stands, in other letters, with a last sign."""
    text = base.text
    size = len(text) if source == "zh" else len(text.split())
    base = replace(base, begins=is_whole(text))
    texts = list(dict.fromkeys([text, speech.unmarked(text)]))
    if loud := shouted(text):
        texts += [small(text, source), everyday.capital(small(text, source))]
    elif size <= SHORT[source] and source != "zh":
        texts.append(everyday.capital(text))
        if size == 1:
            texts.append(text[:1].lower() + text[1:])
    found = [replace(base, text=one) for one in dict.fromkeys(texts)]
    if (loud or size <= SHORT[source]) and text[-1] not in SIGNS + "，,;:…\"'”»)）":
        stop = "。" if source == "zh" else "."
        found += [replace(one, text=one.text + stop, signed=True) for one in tuple(found)]
    return found


def is_whole(text: str) -> bool:
    """Whether it is a sentence by its last sign, and begins with no small letter; its translation
    then has a capital: as a word of a list "Hello." may be "bonjour."."""
    return text[-1:] in tuple(SIGNS) and not text[:1].islower()


def shouted(text: str) -> bool:
    """Whether all of it is in capitals."""
    return text.isupper() and sum(c.isalpha() for c in text) > 1


def small(text: str, source: str) -> str:
    """In small letters, but for the English "I"."""
    text = text.lower()
    return re.sub(r"\bi\b", "I", text) if source == "en" else text


def stand_ins(text: str, source: str, target: str) -> Reading:
    """A text with what is hard to copy exchanged for what is easy."""
    kept: list[tuple[str, str]] = []

    def number(match: re.Match[str], reckon: Callable[..., str | None] = written) -> str:
        free = [n for n in NUMBERS if n not in text and n not in dict(kept)]
        own = reckon(match[0], source, target)
        if not free or not own or ":" in text[max(0, match.start() - 1) : match.end() + 1]:
            return match[0]
        kept.append((free[0], own))
        return free[0]

    text = SIGNED.sub(lambda match: spoken(match, source), text)
    if large := quantities.pattern(source, target):
        text = re.sub(large, lambda match: number(match, quantities.converted), text)
    text = LONGS[source].sub(number, text)
    for row in names(text, source):
        stand = MARY if row[3:] else TOM
        if stand[COLUMN[source]] in text or stand[COLUMN[target]] in dict(kept):
            continue
        text = text.replace(row[COLUMN[source]], stand[COLUMN[source]], 1)
        kept.append((stand[COLUMN[target]], row[COLUMN[target]]))
    return Reading(text, kept=tuple(kept))


def names(text: str, source: str) -> list[everyday.Row]:
    """The names in a text that our table has, and one that somebody is called, which stays as it is
    written."""
    rows, _ = exchange.known(source if source != "en" else "fr")
    if source == "zh":
        there = [row for row in rows.values() if len(row[2]) > 1 and text.count(row[2]) == 1]
        found = CALLED_ZH.search(text)
        if found and text.count(found[1]) == 1 and not any(row[2] in found[1] for row in there):
            there.append((found[1],) * 3)
        return sorted(there, key=lambda row: text.index(row[2]))
    column = COLUMN[source]
    named = [row for row in rows.values() if len(re.findall(rf"\b{row[column]}\b", text)) == 1]
    found = CALLED.search(text)
    if found and not any(row[column] == found[1] for row in rows.values()):
        named.append((found[1],) * 3)
    return sorted(named, key=lambda row: text.index(row[column]))


def spoken(match: re.Match[str], source: str) -> str:
    """A figure with its sign in words: $3 is 3 dollars."""
    figure, sign = match[2] or match[3], match[1] or match[4]
    name = SPOKEN[sign][COLUMN[source]]
    one = figure == "1" and source != "zh"
    return f"{figure}{'' if source == 'zh' else ' '}{name.removesuffix('s') if one else name}"


def written(number: str, source: str, target: str) -> str:
    """A long number as another language writes it: 1.80 is 1,80 in French, 1,500 is 1 500."""
    number = number.replace("－", "-")
    parted, point = ("[ .]", ",") if source == "fr" else ("[ ,]", r"\.")
    grouped = re.fullmatch(rf"([-−]?\d{{1,3}}(?:{parted}\d{{3}})+)(?:{point}(\d+))?", number)
    if grouped and (source != "fr" or "." not in number or grouped[2]):
        whole = re.sub("[ ,.]", " " if target == "fr" else ",", grouped[1])
        return whole + (("," if target == "fr" else ".") + grouped[2] if grouped[2] else "")
    if "fr" in (source, target) and re.fullmatch(r"[-−]?\d+[.,]\d+", number):
        return re.sub("[.,]", "," if target == "fr" else ".", number)
    return number


def survives(reading: Reading, translation: str) -> bool:
    """Whether everything that is to be put back has its one place."""
    return all(
        len(re.findall(rf"(?<!\d){re.escape(stand)}(?!\d)", translation)) == 1
        for stand, _ in reading.kept
    )


def put_back(text: str, kept: tuple[tuple[str, str], ...]) -> str:
    """A translation with what belongs there."""
    for stand, own in kept:
        text = text.replace(stand, own, 1)
    return text


def going_on(text: str) -> str:
    """The English or French translation of a clause that goes on after another: its first letter is
    small, but in "I" and in what is a name."""
    word = re.match(r"\w+", text)
    if word is None or word[0] in capitals() or word[0][1:].isupper():
        return text
    return text[0].lower() + text[1:]


@cache
def capitals() -> frozenset[str]:
    """The words of our tables that have a capital wherever they stand."""
    table = everyday.table()
    rows = [row for section in NAMED for row in table[section]]
    texts = (text for row in rows for text in row[: COLUMN["zh"]])
    words = {word for text in texts for word in re.findall(r"\w+", text) if word[0].isupper()}
    return frozenset(words | {"I", *TITLES})


def put_back_pieces(
    pieces: list[tuple[str, int]], kept: tuple[tuple[str, str], ...]
) -> list[tuple[str, int]]:
    """The same for pieces with the number of tokens of each: what is put back is one piece."""
    for stand, own in kept:
        whole = "".join(text for text, _ in pieces)
        start = whole.find(stand)
        if start < 0:
            continue
        ends = [0]
        for text, _ in pieces:
            ends.append(ends[-1] + len(text))
        first = max(n for n, at in enumerate(ends[:-1]) if at <= start)
        last = min(n for n, at in enumerate(ends) if at >= start + len(stand))
        run = pieces[first:last]
        text = "".join(piece for piece, _ in run).replace(stand, own, 1)
        pieces = [*pieces[:first], (text, sum(n for _, n in run)), *pieces[last:]]
    return pieces
