"""What people type first into a translator, as training pairs made of our own words.

Greetings, courtesies, names, numbers and single words stand once or twice among the 158,000 pairs
of Tatoeba: "Good morning." twice, "Hello!" twice, "Yes." never, and only 44 English sentences have
one word. A network that sees each a dozen times makes « Bais ! » of "Good morning!". So a small
table of our own (``everyday.tsv``), some of it with slots for names, numbers, times and things, is
mixed into every pass, each drawn with and without its capital and its last sign; and so are
sentences of a wider kind (``sentences.tsv``), which were written as they are said in each language.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pretrained.translation import clock_times, numerals

FILE = Path(__file__).with_name("everyday.tsv")
SENTENCES = Path(__file__).with_name("sentences.tsv")
COLUMN = {"en": 0, "fr": 1, "zh": 2}
SIGNS = ".!?。！？"
#: The last sign of a sentence in each language, by the English one.
SIGN = {
    "en": {".": ".", "!": "!", "?": "?", "": ""},
    "fr": {".": ".", "!": " !", "?": " ?", "": ""},
    "zh": {".": "。", "!": "！", "?": "？", "": ""},
}
#: Shares of what is drawn: phrases, sentences of a wider kind, those with slots, those that tell a
#: time, words, and slots by themselves.
SHARES = {
    **{"phrases": 0.2, "sentences": 0.44},
    **{"templates": 0.14, "times": 0.08, "words": 0.08, "slots": 0.06},
}

Row = tuple[str, ...]


@cache
def table() -> dict[str, list[Row]]:
    """The sections of ``everyday.tsv``, and ``sentences``: rows of English, French, Chinese."""
    sections: dict[str, list[Row]] = {}
    name = ""
    for line in "\n".join(file.read_text("utf-8") for file in (FILE, SENTENCES)).split("\n"):
        if line.startswith("["):
            name = line.strip("[]")
            sections[name] = []
        elif line and not line.startswith("#"):
            sections[name].append(tuple(line.split("\t")))
    return sections


@dataclass(frozen=True)
class Everyday:
    """Pairs of one direction, drawn from the table.

    Args:
        source, target: ``en``, ``fr`` or ``zh``, one of them English.
    """

    source: str
    target: str

    def sample(self, count: int, rng: random.Random) -> list[tuple[str, str]]:
        """``count`` pairs: what is read, what is written."""
        lots = {name: self.rows(name) for name in SHARES}
        names = rng.choices(list(SHARES), list(SHARES.values()), k=count)
        found = []
        for name in names:
            reads, writes = rng.choice(lots[name])
            if "{" in reads:
                filling = self.filling(rng)
                reads = filled(reads, filling, self.source)
                writes = filled(writes, filling, self.target)
            found.append(self.dressed(reads, writes, rng))
        return found

    @cache  # noqa: B019 (there are four of these)
    def rows(self, section: str) -> list[tuple[str, str]]:
        """Every alternative that may be read, with what is written for it. The first row that
        reads it counts, so that one sentence has one answer."""
        found: dict[str, tuple[str, str]] = {}
        for row in table()[section]:
            reads, writes = row[COLUMN[self.source]], row[COLUMN[self.target]]
            if reads and writes:
                for one in reads.split("|"):
                    told = one.rstrip(SIGNS + " ").casefold() + ("?" if one[-1] in "?？" else "")
                    found.setdefault(told, (one, writes.split("|")[0]))
        return list(found.values())

    def filling(self, rng: random.Random) -> dict[str, Row]:
        """A value for each slot, in the three languages."""
        found: dict[str, Row] = {}
        for slot in ("name", "name2"):
            found[slot] = rng.choice(table()["names"]) if rng.random() < 0.7 else made_up(rng)
        for slot, section in {"city": "cities", "language": "languages", "month": "months"}.items():
            found[slot] = self.one_of(section, rng)
        for slot, section in {"day": "days", "word": "words", "adjective": "adjectives"}.items():
            found[slot] = self.one_of(section, rng)
        english, french, chinese = self.one_of("countries", rng)
        of, inside = french.split("/")
        found |= {"country": (english, "", chinese), "of": ("", of, ""), "in": ("", inside, "")}
        for slot, many in {"n": "many", "n2": "many2", "n3": "many3"}.items():
            number = rng.randint(2, 20) if rng.random() < 0.6 else rng.randint(2, 150)
            found[slot] = counted(number, rng)
            found[many] = thing(self.one_of("nouns", rng), "many")
        noun = self.one_of("nouns", rng)
        found |= {slot: thing(noun, slot) for slot in ("a", "the", "one", "this")}
        number = rng.randint(0, 100) if rng.random() < 0.8 else rng.randint(100, 9_999)
        found["number"] = tuple(numerals.spelled(number, language) for language in COLUMN)
        for slot in ("hour", "hour2"):
            hour = rng.randint(1, 12)
            found[slot] = counted(hour, rng)
        found["heure"] = ("", hours(found["hour"][1]), "")
        found["clock"], found["clock2"] = self.clock(rng), self.clock(rng)
        found["time"] = clock_times.drawn(self.source, rng)
        found["moment"] = clock_times.drawn(self.source, rng, beside=0)
        found["food"], found["aux"] = food(self.one_of("foods", rng))
        found["colour"] = self.one_of("colours", rng)
        found["last"], found["language2"] = (
            self.one_of("lasts", rng),
            self.one_of("languages", rng),
        )
        year, later = sorted(rng.sample(range(1900, 2031), 2))
        found["year"], found["year2"] = (str(year),) * 3, (str(later),) * 3
        found["date"] = (str(rng.randint(1, 28)),) * 3
        found["figures"] = (str(rng.randint(1, 2_000)),) * 3
        found["phone"] = (phone(rng),) * 3
        found["percent"], found["part"] = percent(self.source, rng), self.one_of("parts", rng)
        return found

    def one_of(self, section: str, rng: random.Random) -> Row:
        """A row of a section that has something in both languages; an alternative where it is
        read, the first where it is written."""
        rows = [r for r in table()[section] if r[COLUMN[self.source]] and r[COLUMN[self.target]]]
        row = list(rng.choice(rows))
        for language, column in COLUMN.items():
            ways = row[column].split("|") if column < len(row) else [""]
            row[column] = rng.choice(ways) if language == self.source else ways[0]
        return tuple(row[:3])

    def clock(self, rng: random.Random) -> Row:
        """A time of day, in figures."""
        hour, minute = rng.randint(1, 23), rng.choice((10, 15, 20, 30, 40, 45, 50, 55))
        french = [f"{hour} h {minute}", f"{hour}h{minute}", f"{hour}:{minute}"]
        chinese = [f"{hour}点{minute}分", f"{hour}:{minute}", f"{hour}点{minute}"]
        reads = rng.randrange(3)
        return (
            f"{hour}:{minute}",
            french[reads if self.source == "fr" else 0],
            chinese[reads if self.source == "zh" else 0],
        )

    def dressed(self, reads: str, writes: str, rng: random.Random) -> tuple[str, str]:
        """A pair as it stands, or without its capital, its last sign, or with another one."""
        sign = next((s for s in ".!?" if SIGN[self.source][s].strip() == reads[-1:]), "")
        plain, answer = (text.rstrip(SIGNS + " ") for text in (reads, writes))
        way = rng.random()
        if not sign:  # a word by itself
            if way < 0.4:
                return plain, answer
            if way < 0.65:
                return capital(plain), capital(answer)
            stops = SIGN[self.source]["."], SIGN[self.target]["."]
            if way < 0.9:
                return capital(plain) + stops[0], capital(answer) + stops[1]
            return (plain.upper(), capital(answer)) if way < 0.95 else (plain + stops[0], answer)
        if way < 0.4:
            return reads, writes
        if way < 0.55 and sign != "?" and writes[-1] not in "?？":
            sign = "!" if sign == "." else "."
            return plain + SIGN[self.source][sign], answer + SIGN[self.target][sign]
        short = sign != "?" and len(plain.split()) <= 2 and writes[-1] not in "?？"
        whole = answer if short else writes
        if way < 0.7:
            return plain, whole
        if way < 0.9:
            return plain[:1].lower() + plain[1:], whole
        return (plain.lower(), whole) if way < 0.96 else (reads.upper(), writes)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def filled(template: str, filling: dict[str, Row], language: str) -> str:
    """A template of a language with its slots filled, a sentence with its capital."""
    text = re.sub(r"\{(\w+)\}", lambda m: filling[m[1]][COLUMN[language]], template)
    text = capital(text) if template[-1] in SIGNS else text
    text = text.replace("..", ".")  # after "p.m."
    return elided(text) if language == "fr" else text


def food(row: Row) -> tuple[Row, Row]:
    """What one eats, with its article and after "à" in French: "le lait", "au lait"."""
    english, french, chinese = row
    the, to = french.split("/")
    return (english, the, chinese), ("", to, "")


def elided(text: str) -> str:
    """French: "le anglais" becomes "l'anglais"."""
    return re.sub(r"\b([lL])[ea] (?=[aeiouyhéèêœ])", r"\1'", text)


def counted(number: int, rng: random.Random) -> Row:
    """A number of things, in figures or in words: in Chinese two of something are 两."""
    if number > 20 or rng.random() < 0.6:
        return (str(number),) * 3
    english, french, chinese = (numerals.spelled(number, language) for language in COLUMN)
    return english, french, "两" if number == 2 else chinese


def percent(source: str, rng: random.Random) -> Row:
    """So much of a hundred, in figures or in words; other signs only where they are read."""
    number = rng.randint(1, 100)
    if rng.random() < 0.4:
        names = ("{} percent", "{} pour cent", "百分之{}")
        words = (numerals.spelled(number, language) for language in COLUMN)
        return tuple(name.format(word) for name, word in zip(names, words, strict=True))
    figures = str(number)
    if number < 100 and rng.random() < 0.1:
        figures += f".{rng.randint(1, 9)}"
    here = figures.replace(".", ",")
    ways = {
        "en": (f"{figures}%", f"{figures} percent", f"{figures} per cent", f"{figures} %"),
        "fr": (f"{here} %", f"{here}%", f"{here} pour cent"),
        "zh": (f"{figures}%", f"百分之{figures}"),
    }
    told = {language: rng.choice(w) if language == source else w[0] for language, w in ways.items()}
    return tuple(told[language] for language in COLUMN)


def hours(number: str) -> str:
    """The hour as French tells it."""
    return {"1": "1 heure", "un": "une heure"}.get(number, f"{number} heures")


def thing(noun: Row, slot: str) -> Row:
    """A noun as a slot wants it: ``many``, ``a``, ``the``, ``one`` or ``this`` of it."""
    (one, many), (un, plenty), (measure, chinese) = (cell.split("/") for cell in noun)
    article, french = un.split(" ", 1)
    the = {"un": "le", "une": "la"}[article]
    an = "an" if one[0] in "aeio" and one[:2] != "on" else "a"
    an = "an" if one == "hour" else an
    return {
        "many": (many, plenty, measure + chinese),
        "a": (f"{an} {one}", un, f"一{measure}{chinese}"),
        "the": (f"the {one}", elided(f"{the} {french}"), chinese),
        "one": (one, french, chinese or measure),
        "this": ("", "", measure + chinese),
    }[slot]


def phone(rng: random.Random) -> str:
    """Some digits in groups."""
    groups = rng.choice(((3, 4), (2, 2, 2, 2, 2), (3, 3, 4), (4, 4), (3, 4, 4)))
    blank = rng.choice(" -")
    return blank.join("".join(str(rng.randint(0, 9)) for _ in range(n)) for n in groups)


# What made-up names are put together from, parted by blanks; an end may be nothing.
STARTS = "b br c ch d dr f g gr h j k kr l m n p pr r s sh st t tr v w y z"
MIDDLES = "a e i o u ai ei ia o a e i"
ENDS = ("", "", "", "n", "r", "l", "s", "k", "m", "t", "nd", "sky", "ton")


def made_up(rng: random.Random) -> Row:
    """A name that nobody has, to learn to copy names letter by letter."""
    starts, middles = STARTS.split(), MIDDLES.split()
    length = rng.randint(1, 3)
    parts = [rng.choice(starts) + rng.choice(middles) for _ in range(length)]
    return ("".join(parts).capitalize() + rng.choice(ENDS),) * 3
