"""Where sentences end: the networks see one at a time, the visitor's text keeps its shape.

Small rules, not a model: an ending sign, then a blank and something that can begin a sentence, or
no blank between two words that were typed in a hurry. They split too seldom rather than too often.
What is no language (emoji, bullets, addresses, tags, ``%1$s``) stands between sentences and is kept
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pretrained.translation import speech
from pretrained.translation.everyday import SIGNS

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
ENDING = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)]*+(?=[ A-ZÀ-ÖØ-Þ\u3040-\u9fff])|[。！？…]++[”’」』）\"]*+"
)
#: A word or a figure, and a word, beside a full stop without a blank: two sentences, not "ASP.NET"
#: or "e.g.Tom". Beside another sign the second is enough.
HURRIED = (
    re.compile(
        r"(?:(?<![^\W\d_])[^\W\d_]?[a-zà-ÿ]{2,}|(?:[^\W\d_] |[$€£])[\d.,]*+(?<=\d)"
        r"|[\u4e00-\u9fff])$"
    ),
    re.compile(r"(?:[A-ZÀ-ÖØ-Þ][a-zà-ÿ']*|I)[ ,.!?']|[\u4e00-\u9fff]"),
)
#: What may begin a sentence after a blank.
BEGIN = re.compile(r" *+[\"'“‘«¿¡(\[—-]*+ *+[A-ZÀ-ÖØ-Þ0-9\u3040-\u9fff]")
#: What no network is asked about. Possessive: time grows as the text does.
KEPT = re.compile(
    r"(?:https?://|www\.)[^\s\u2e80-\uffef<>\"]*+"
    r"|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++"
    r"|</?[A-Za-z][^<>]{0,300}>|&(?:[a-z]{2,8}|#\d{1,6});"
    r"|%(?:\d\$|\(\w{1,40}\))?[sd](?!\w)|\{\{[^{}\n]{0,60}\}\}|\$?\{[^{}\n]{0,60}\}"
    r"|(?<!\w)[@#][^\W\d]\w*+"
    r"|[\u2022\u25aa\u25cf\u25e6\u2023\u2043]"
    r"|[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff"
    r"\u20e3\ufe0f\u200d]++"
)
#: What may begin a line and is not read: a dash or a number of a list.
LISTED = re.compile(r"\s*+(?:[-*–—+]|\d{1,3}[.)])\s++(?=\S)")
#: A text that stands out by Markdown's marks, which are kept around it.
EMPHASISED = re.compile(r"([*_`~]{1,3})(?! )([^*_`~]++)(?<! )\1")
#: What is left over at the edges of a sentence when something is kept beside it.
EDGES = " ,;:.!?)]，；：。！？）、"
#: A list of counted things, and what parts them: networks of this size keep one number at a time.
COUNTED = {
    "en": (r"\d+ [a-z]+(?: [a-z]+)?", r", and |, | and "),
    "zh": (r"\d+[\u4e00-\u9fff]{1,4}?", "[、，,和]"),
}
#: The same in the other language.
JOINTS = {
    "zh": {", ": "、", " and ": "和", ", and ": "和", ".": "。", "!": "！", "?": "？"},
    "en": {"、": ", ", "，": ", ", ",": ", ", "和": " and ", "。": ".", "！": "!", "？": "?"},
}


@dataclass(frozen=True)
class Part:
    """A sentence with the blanks and line breaks around it, which are kept as they are."""

    before: str
    text: str
    after: str
    listed: bool = False  # one of a list
    followed: bool = False  # the sentence goes on in the next part
    following: bool = False  # it began in the one before
    mark: str = ""  # "open" or "close": a quotation mark, and nothing to translate
    clause: bool = False  # one of several, which were better apart


def split(text: str) -> list[Part]:
    """The sentences of a text. Joined again, before and after included, they are the text."""
    return [part for line in text.splitlines(keepends=True) for part in _sentences(line)]


def spoken(text: str) -> list[Part]:
    """The same, but what somebody says has sentences of its own, and its marks beside them."""
    return [part for line in text.splitlines(keepends=True) for part in _spoken(line)]


def _spoken(line: str) -> list[Part]:
    parts: list[Part] = []
    for text, kind in speech.parted(line):
        if kind in speech.BESIDE:
            if parts and parts[-1].text:
                parts[-1] = replace(parts[-1], followed=parts[-1].text[-1] not in SIGNS)
            parts.append(Part(text, "", "", mark=kind))
            continue
        found = _sentences(text)
        if kind == "frame" and parts:
            following = speech.goes_on(text, parts[-1].before, parts[0].mark != "")
            found[0] = replace(found[0], following=following)
        parts += found
    return parts


def _sentences(line: str) -> list[Part]:
    """The sentences of a line, or of a part of one."""
    parts: list[Part] = []
    start = 0
    if lead := LISTED.match(line):
        parts.append(_part(line[: lead.end()], kept=True))
        start = lead.end()
    for match in ENDING.finditer(line):
        if match.end() > start and _ends(line, start, match):
            end = match.end()
            while end < len(line) and line[end] == " ":  # the blank belongs to what it follows
                end += 1
            parts += _cut(line[start:end])
            start = end
    if start and line[start:].isspace():  # the end of the line belongs to its last sentence
        parts[-1] = replace(parts[-1], after=parts[-1].after + line[start:])
    elif start < len(line):
        parts += _cut(line[start:])
    return parts


def pieces(text: str, together: int, longest: int) -> Iterator[str]:
    """Parts of a text: whole lines, as many as ``together`` have so many characters; a longer line
    is cut at the end of a sentence, if it can be outside of quotation marks, and a sentence longer
    than ``longest`` at a blank. Joined, they are the text."""
    held = ""
    lines = text.splitlines(keepends=True)
    for part in (part for line in lines for part in _fitting(line, together, longest)):
        if held and len(held) + len(part) > together:
            yield held
            held = ""
        held += part
    if held:
        yield held


def _fitting(line: str, together: int, longest: int) -> Iterator[str]:
    while len(line) > together:
        *whole, _ = split(line[:longest])  # the last one may go on
        said = speech.quotations(line[:longest])
        size = torn = at = 0
        for one in whole:
            at += len(one.before + one.text + one.after)
            if size and at > together:
                break
            if any(start < at < end for start, end in said):
                torn = at  # the marks of what is said would lose each other
            elif one.text:  # what is kept has the signs after it with it
                size = at
        if not size and len(line) <= longest:
            break
        size = size or torn or line.rfind(" ", 1, longest) + 1 or longest
        yield line[:size]
        line = line[size:]
    if line:
        yield line


def _cut(text: str) -> list[Part]:
    """A sentence, or what stands of it between what is kept."""
    parts, start = [], 0
    for match in KEPT.finditer(text):
        end = match.end()
        if match[0][0] in "hw":  # the sign after an address is not of it
            end = match.start() + len(match[0].rstrip(".,;:!?)'"))
        if match.start() > start:
            parts.append(_part(text[start : match.start()]))
        parts.append(_part(text[match.start() : end], kept=True))
        start = end
    if start < len(text) or not parts:
        parts.append(_part(text[start:]))
    if len(parts) == 1:
        return parts
    return [_edged(one) if n else one for n, one in enumerate(parts)]


def _edged(part: Part) -> Part:
    """Without the signs that it begins with: they belong to what is kept before it."""
    bare = part.text.lstrip(EDGES)
    return Part(part.before + part.text[: len(part.text) - len(bare)], bare, part.after)


def counted(part: Part, language: str) -> list[Part]:
    """The things of a list of counted things, each for itself; any other sentence as it is.

    "I have 2 cats, 3 dogs and 11 fish." is "I have 2 cats", "3 dogs", "11 fish".
    """
    thing, joint = COUNTED[language]
    whole = re.fullmatch(rf"(\D{{0,40}}?{thing})((?:(?:{joint}){thing})+)([.!?。！？]?)", part.text)
    if not whole:
        return [part]
    texts = [whole[1], *re.findall(rf"(?:{joint})({thing})(?={joint}|$)", whole[2])]
    found: list[Part] = []
    at = 0
    for text in texts:
        start = part.text.index(text, at)
        if found:
            found[-1] = Part(found[-1].before, found[-1].text, part.text[at:start], True)
        found.append(Part("", text, "", True))
        at = start + len(text)
    found[0] = Part(part.before, found[0].text, found[0].after, True)
    found[-1] = Part("", found[-1].text, whole[3] + part.after, True)
    return found


def _ends(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether an ending sign really ends a sentence."""
    if match[0][0] in "。！？":
        return True
    if not line.startswith(" ", match.end()):
        before, after = HURRIED
        whole = match[0][0] in "!?" or before.search(line, start, match.start())
        return bool(whole and after.match(line, match.end()))
    if not BEGIN.match(line, match.end()):
        return False
    begins = max(start, line.rfind(" ", start, match.start()) + 1)
    word = line[begins : match.start()].lower().lstrip("\"'“«(")
    initial = len(word) == 1 and word not in "ià" and word.isalpha()
    return not (match[0][0] == "." and (word in SHORT or initial))


def _part(text: str, kept: bool = False) -> Part:
    if kept:
        return Part(text, "", "")
    inner = text.strip()
    if marked := EMPHASISED.fullmatch(inner):
        inner = marked[2]
    at = text.index(inner) if inner else len(text)
    return Part(text[:at], inner, text[at + len(inner) :])
