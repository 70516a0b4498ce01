"""Words that the pairs lack, from a dictionary: by themselves, in frames, and exchanged into pairs.

Of 12,600 words of ``dictionary.tsv`` (from CC-CEDICT: `experiments.translation_dictionary`) some
7,200 are in none of the 29,507 pairs of English and Chinese. A network guesses those by their
characters: 食堂, a canteen, became "church". A word is learnt alone, in a short sentence of our
own, and in place of a noun that a pair of the data has on both sides (Fadaee et al. 2017, arXiv
1705.00440): there nothing but reading it tells what to write.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("dictionary.tsv")
#: Share of what is drawn that is a word by itself, and of the pairs with a noun of the table on
#: both sides in which another one takes its place.
ALONE, EXCHANGED = 0.5, 0.5
#: What is always right before a noun, one or many, and never needs "a" or "an".
BEFORE = r"(?i:the|my|your|his|her|our|their|this|that)"
GENERAL = "个"  #: the measure word of what has none of its own

FRAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "noun": (
        ("Where is the {}?", "{}在哪里？"),
        ("This is the {}.", "这是{}。"),
        ("That isn't the {}.", "那不是{}。"),
        ("I like this {}.", "我喜欢这{m}{}。"),
        ("I can't find the {}.", "我找不到{}。"),
        ("He is looking for the {}.", "他在找{}。"),
        ("We talked about the {}.", "我们谈到了{}。"),
        ("The {} is very important.", "{}很重要。"),
        ("My {} is new.", "我的{}是新的。"),
        ("Do you have a question about the {}?", "你对{}有问题吗？"),
        ("She took a picture of the {}.", "她拍了一张{}的照片。"),
        ("Who knows this {}?", "谁知道这{m}{}？"),
        ("The {} is over there.", "{}在那边。"),
        ("I need the {} today.", "我今天需要{}。"),
        ("What is {}?", "什么是{}？"),
        ("They saw the {} yesterday.", "他们昨天看到了{}。"),
    ),
    "verb": (
        ("I want to {}.", "我想{}。"),
        ("We must {}.", "我们必须{}。"),
        ("He cannot {}.", "他不能{}。"),
        ("Do you want to {}?", "你想{}吗？"),
        ("She decided to {}.", "她决定{}。"),
        ("They will {}.", "他们会{}。"),
        ("I don't want to {}.", "我不想{}。"),
        ("It is hard to {}.", "{}很难。"),
        ("You should {}.", "你应该{}。"),
        ("Who can {}?", "谁能{}？"),
    ),
    "adjective": (
        ("He is very {}.", "他很{}。"),
        ("This is too {}.", "这太{}了。"),
        ("You look {}.", "你看起来很{}。"),
        ("I feel {} today.", "我今天觉得很{}。"),
        ("It isn't {}.", "那不{}。"),
        ("They are not very {}.", "他们不太{}。"),
        ("How {}!", "多么{}啊！"),
    ),
}


@dataclass(frozen=True)
class Word:
    """A row of the table. ``measure``: what Chinese counts it with."""

    english: str
    chinese: str
    kind: str
    measure: str = GENERAL


@cache
def table() -> tuple[Word, ...]:
    """The words of ``dictionary.tsv``, the most used first."""
    lines = FILE.read_text("utf-8").splitlines()
    return tuple(Word(*line.split("\t")) for line in lines if not line.startswith("#"))


class Dictionary:
    """The words that some pairs of English and Chinese lack, to be mixed into them.

    Args:
        pairs: of English and Chinese, tidied.
        source: the language that is read: what counts as lacking is the side that is read.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], source: str) -> None:
        self.source = source
        words = {w for english, _ in pairs for w in re.findall(r"[a-z]+", english.casefold())}
        chinese = "\n".join(pair[1] for pair in pairs)
        self.lacking: list[Word] = []
        self.nouns: dict[str, list[Word]] = {}  # those that the pairs have, by their English
        told: set[str] = set()
        for word in table():
            here, there = words.issuperset(word.english.split()), word.chinese in chinese
            if here and there and word.kind == "noun":
                self.nouns.setdefault(word.english, []).append(word)
            reads, known = (word.english, here) if source == "en" else (word.chinese, there)
            if not known and reads not in told:  # the most used answer to what is read
                told.add(reads)
                self.lacking.append(word)
        self.new_nouns = [word for word in self.lacking if word.kind == "noun"]
        self.anchor = re.compile(rf"\b{BEFORE} ({'|'.join(self.nouns) or '(?!)'})\b")

    def sample(self, count: int, rng: random.Random) -> list[tuple[str, str]]:
        """``count`` pairs of English and Chinese: words by themselves, or in a frame."""
        found = []
        for word in rng.choices(self.lacking, k=count) if self.lacking else ():
            frames = FRAMES.get(word.kind, ())
            if not frames or rng.random() < ALONE:
                found.append(alone(word, rng))
            else:
                found.append(framed(rng.choice(frames), word))
        return found

    def exchanged(self, english: str, chinese: str, rng: random.Random) -> tuple[str, str]:
        """The pair with another noun in place of one that both sides have once, or as it was."""
        there = self.anchor.search(english)
        if not there or not self.new_nouns or rng.random() >= EXCHANGED:
            return english, chinese
        for old in self.nouns[there[1]]:
            if chinese.count(old.chinese) == 1 and english.count(there[1]) == 1:
                new = rng.choice(self.new_nouns)
                english = english[: there.start(1)] + new.english + english[there.end(1) :]
                counted = old.measure + old.chinese
                if counted in chinese:
                    return english, chinese.replace(counted, new.measure + new.chinese)
                return english, chinese.replace(old.chinese, new.chinese)
        return english, chinese


def alone(word: Word, rng: random.Random) -> tuple[str, str]:
    """A word by itself, with and without a capital and a full stop."""
    way = rng.random()
    if way < 0.5:
        return word.english, word.chinese
    english = word.english.capitalize()
    return (english, word.chinese) if way < 0.75 else (f"{english}.", f"{word.chinese}。")


def framed(frame: Iterable[str], word: Word) -> tuple[str, str]:
    """A short sentence about a word."""
    english, chinese = frame
    return english.format(word.english), chinese.format(word.chinese, m=word.measure)
