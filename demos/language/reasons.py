"""Reasons in the visitor's language: why data are refused, what was left out of them or guessed.

Readers and recipes (`pretrained`) say it in English and know no page. Here an English sentence is
found by its template in `reasons.zh.toml`; one that nobody knows stays as it is.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "reasons.zh.toml"
FIELD = re.compile(r"\{(\w+)\}")
#: Fields that are numbers, and those that are sentences of the same list.
NUMBER, ANY = r"[\d,]+", ".+?"
NUMBERS = frozenset({"n", "m", "k", "j", "least", "most"})
SENTENCES = frozenset({"reason", "told"})
#: Fields without which a template would be any text at all: they must be known themselves.
KNOWN = frozenset({"told", "what"})
#: One of several things with its verb, and how one of them is called and what it does.
OF_ONE = {
    **{"were": "was", "are": "is", "have": "has", "hold": "holds", "stand": "stands"},
    **{"say": "says", "lack": "lacks", "seem": "seems"},
}
SINGULAR = {"halves": "half", "boxes": "box", "entries": "entry", "classes": "class"}
COUNTED = re.compile(
    rf"(?<![\w.,-])(?<! x )1 ((?:(?:empty|zero|control|time) )?[a-z]+s)(?=[ .:,;])"
    rf"(?:( [^;:]{{0,200}}?)??(?<= )({'|'.join(OF_ONE)})(?= ))?"
)
COUNTED_TOO = re.compile(r"(?<![\w.,-])(1 [^;:]{0,200}? and) were left out")
#: How readers join several sentences, and how Chinese does.
JOINED = {". ": "。", "; ": "；"}
#: So many of these marks one sentence may hold itself.
MARKS = 8
#: Characters of the longest text that is looked at: who sends long names must not keep it busy.
LONGEST = 6000


@dataclass(frozen=True)
class Template:
    """An English sentence as a pattern, and the Chinese one with the same fields."""

    pattern: re.Pattern[str]
    literals: tuple[str, ...]
    chinese: str

    @property
    def plain(self) -> bool:
        """Whether no sentence stands within it."""
        return not SENTENCES & self.pattern.groupindex.keys()

    @classmethod
    def of(cls, english: str, chinese: str) -> Template:
        """Of the two, each with its ``{fields}``."""
        *pieces, last = FIELD.split(english)
        literals, names = (*pieces[::2], last), pieces[1::2]
        kinds = (NUMBER if name in NUMBERS else ANY for name in names)
        fields = [f"(?P<{name}>{kind})" for name, kind in zip(names, kinds, strict=True)]
        escaped = map(re.escape, literals)
        pattern = "".join(map("".join, zip(escaped, [*fields, ""], strict=True)))
        return cls(re.compile(pattern, re.DOTALL), literals, chinese)

    def fields(self, text: str) -> dict[str, str] | None:
        """What stands in the fields of ``text``; None where it is another sentence."""
        # Most are told apart by their ends, long before a pattern would be.
        if not (text.startswith(self.literals[0]) and text.endswith(self.literals[-1])):
            return None
        found = self.pattern.fullmatch(text)
        return None if found is None else found.groupdict()

    def said(self, text: str) -> str | None:
        """``text`` in Chinese; None where it is another sentence."""
        found = self.fields(text)
        if found is None:
            return None
        fields = {name: within(name, value) for name, value in found.items()}
        if any(fields[name] is None for name in KNOWN & fields.keys()):
            return None
        return self.chinese.format_map(
            {name: found[name] if said is None else said for name, said in fields.items()}
        )


@functools.cache
def templates() -> tuple[tuple[Template, ...], dict[str, tuple[Template, ...]]]:
    """The sentences, and what is known within a field, by the field's name; whatever has most to
    tell it by comes first."""
    told = tomllib.loads(FILE.read_text("utf-8"))
    parts = {name: ordered(pairs) for name, pairs in told["parts"].items()}
    return ordered(told["sentences"]), parts


def ordered(pairs: Iterable[Sequence[str]]) -> tuple[Template, ...]:
    """Templates, the one with most literal text first."""
    made = [Template.of(english, chinese) for english, chinese in pairs]
    return tuple(sorted(made, key=lambda one: -sum(map(len, one.literals))))


def first(known: Iterable[Template], text: str) -> str | None:
    """What the first template that fits makes of ``text``."""
    return next((said for one in known if (said := one.said(text)) is not None), None)


def within(name: str, value: str) -> str | None:
    """A field's own content in Chinese, one by one where it is a row of things; None where nothing
    of it is known."""
    sentences, parts = templates()
    if name in SENTENCES:
        return first((one for one in sentences if one.plain), value)
    if name not in parts:
        return None
    known = parts[name]
    items = value.split(", ")
    each = [first(known, item) for item in items]
    if None in each and (whole := first(known, value)) is not None:
        return whole
    if not any(each):
        return None
    return "、".join(one or item for one, item in zip(each, items, strict=True))


def of_one(text: str) -> str:
    """English as it is said of one: "1 files were left out" is "1 file was left out"."""

    def one(match: re.Match[str]) -> str:
        noun, *rest = match.groups("")
        return f"1 {SINGULAR.get(noun, noun[:-1])}" + "".join(OF_ONE.get(one, one) for one in rest)

    if len(text) > LONGEST:
        return text
    return COUNTED_TOO.sub(r"\1 was left out", COUNTED.sub(one, text))


def said(text: str, lang: str) -> str:
    """A reason, or several that were joined, in ``lang`` ("en" or "zh")."""
    if len(text) > LONGEST:
        return text
    if lang != "zh":
        return of_one(text)
    sentences, _ = templates()
    pieces = re.split(f"({'|'.join(map(re.escape, JOINED))})", text)
    made = ""
    marks: Mapping[str, str]
    while pieces:
        # The shortest beginning that is known: a sentence or a name may hold such a mark, too.
        end, known, marks = 1, pieces[0], {}
        for tried in range(1, min(len(pieces), 2 * MARKS) + 1, 2):
            if (chinese := first(sentences, "".join(pieces[:tried]))) is not None:
                end, known, marks = tried, chinese, JOINED
                break
        made += known + "".join(marks.get(mark, mark) for mark in pieces[end : end + 1])
        pieces = pieces[end + 1 :]
    return made


def held_out(name: str, lang: str) -> str:
    """What a recipe calls the data that it kept aside, in ``lang``; another name as it is."""
    return called("held_out", name, lang)


def hardware(name: str, lang: str) -> str:
    """What a recipe calls the machine that it ran on, in ``lang``; another name as it is."""
    return called("hardware", name, lang)


def data(name: str, lang: str) -> str:
    """What a recipe says that it learnt from, in ``lang``; another name as it is."""
    return called("data", name, lang)


def called(kind: str, name: str, lang: str) -> str:
    """A name that a recipe gives, in ``lang``, by the part ``kind`` of what is known."""
    known = templates()[1][kind]
    return name if lang != "zh" or len(name) > LONGEST else first(known, name) or name


def fields(given: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The fields of a refusal, its reason in ``lang``."""
    reason = given.get("reason")
    return {**given, "reason": said(reason, lang)} if isinstance(reason, str) else {**given}
