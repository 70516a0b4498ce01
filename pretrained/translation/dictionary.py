"""Words that the pairs lack, from a dictionary: by themselves, in frames, and exchanged into pairs.

Of the 12,600 words of ``dictionary.zh.tsv`` (from CC-CEDICT: `experiments.translation_dictionary`)
some 7,200 are in none of the 29,507 pairs of English and Chinese. A network guesses those by their
characters: 食堂, a canteen, became "church". French (``dictionary.fr.tsv``, our own words) lacks
fewer. A word is learnt alone, in a short sentence of our own, and in place of a noun that a pair of
the data has on both sides (Fadaee et al. 2017, arXiv 1705.00440): there nothing but reading it
tells what to write.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from pretrained.translation import everyday

#: A word that fewer sentences than that hold is lacking.
LEAST = {"fr": 20, "zh": 1}
#: Share of what is drawn that is a word by itself, and of the pairs with a noun of the table on
#: both sides in which another one takes its place.
ALONE, EXCHANGED = 0.5, 0.5
#: What stands before a noun that may be exchanged.
BEFORE = r"(?i:a|an|the|my|your|his|her|our|their|this|that)"
GENERAL = "个"  #: the measure word of what has none of its own
VOWELS = "aeiouàâéèêëîïôœ"
LETTERS = re.compile(r"[^\W\d_]+")
#: Short sentences by kind of word: English, and the other language.
Frames = dict[str, tuple[tuple[str, str], ...]]

FRAMES_ZH: Frames = {
    "noun": (
        ("Where is the {}?", "{}在哪里？"),
        ("This is the {}.", "这是{}。"),
        ("That isn't the {}.", "那不是{}。"),
        ("I like this {}.", "我喜欢这{measure}{}。"),
        ("I can't find the {}.", "我找不到{}。"),
        ("He is looking for the {}.", "他在找{}。"),
        ("We talked about the {}.", "我们谈到了{}。"),
        ("The {} is very important.", "{}很重要。"),
        ("My {} is new.", "我的{}是新的。"),
        ("Do you have a question about the {}?", "你有关于{}的问题吗？"),
        ("She took a picture of the {}.", "她拍了一张{}的照片。"),
        ("Who knows this {}?", "谁知道这{measure}{}？"),
        ("The {} is over there.", "{}在那边。"),
        ("I need the {} today.", "我今天需要{}。"),
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
FRAMES_FR: Frames = {
    "noun": (
        ("Where is the {}?", "Où est {the} ?"),
        ("This is the {}.", "C'est {the}."),
        ("That isn't the {}.", "Ce n'est pas {the}."),
        ("I like this {}.", "J'aime {this}."),
        ("I can't find the {}.", "Je ne trouve pas {the}."),
        ("He is looking for the {}.", "Il cherche {the}."),
        ("We talked about the {}.", "Nous avons parlé {of}."),
        ("My {} is over there.", "{my} est là-bas."),
        ("Do you have a question about the {}?", "As-tu une question sur {the} ?"),
        ("She took a picture of the {}.", "Elle a pris une photo {of}."),
        ("Who knows this {}?", "Qui connaît {this} ?"),
        ("I need the {} today.", "J'ai besoin {of} aujourd'hui."),
        ("There is a problem with the {}.", "Il y a un problème avec {the}."),
        ("They saw the {} yesterday.", "Ils ont vu {the} hier."),
    ),
    "verb": (
        ("I want to {}.", "Je veux {}."),
        ("We must {}.", "Nous devons {}."),
        ("He cannot {}.", "Il ne peut pas {}."),
        ("Do you want to {}?", "Veux-tu {} ?"),
        ("They are going to {}.", "Ils vont {}."),
        ("I don't want to {}.", "Je ne veux pas {}."),
        ("You should {}.", "Tu devrais {}."),
        ("Who can {}?", "Qui peut {} ?"),
    ),
    "adjective": (
        ("He is very {}.", "Il est très {}."),
        ("This is too {}.", "C'est trop {}."),
        ("It isn't {}.", "Ce n'est pas {}."),
        ("Tom looks {}.", "Tom a l'air {}."),
        ("I find this very {}.", "Je trouve ça très {}."),
    ),
}
FRAMES = {"fr": FRAMES_FR, "zh": FRAMES_ZH}


@dataclass(frozen=True)
class Word:
    """A row of the table.

    Attributes:
        other: the word in French or Chinese.
        detail: of a noun: "un" or "une" in French, what Chinese counts it with.
    """

    english: str
    other: str
    kind: str
    detail: str = ""

    @property
    def framed(self) -> bool:
        """Whether it may stand in a frame: not a French verb with "se", nor a noun in h, whose
        article the spelling does not tell."""
        return not re.match(r"se |s'|h", self.other)

    def forms(self) -> dict[str, str]:
        """How a frame may ask for it."""
        if self.detail not in ("un", "une"):
            return {"measure": self.detail or GENERAL}
        feminine, vowel = self.agreement
        the = f"l'{self.other}" if vowel else f"{'la' if feminine else 'le'} {self.other}"
        this = "cette" if feminine else "cet" if vowel else "ce"
        my = "Ma" if feminine and not vowel else "Mon"
        of = f"du {self.other}" if the.startswith("le ") else f"de {the}"
        return {"the": the, "this": f"{this} {self.other}", "my": f"{my} {self.other}", "of": of}

    @property
    def agreement(self) -> tuple[bool, bool]:
        """What the French words around a noun go by: feminine, and begun with a vowel."""
        return self.detail == "une", self.other[0] in VOWELS


@cache
def table(language: str) -> tuple[Word, ...]:
    """The words of ``dictionary.fr.tsv`` or ``dictionary.zh.tsv``, the most used first."""
    lines = Path(__file__).with_name(f"dictionary.{language}.tsv").read_text("utf-8").splitlines()
    return tuple(Word(*line.split("\t")) for line in lines if not line.startswith("#"))


def everyday_nouns() -> Iterator[Word]:
    """The nouns of ``everyday.tsv``, which the pairs do have: French ones."""
    for english, french, _ in everyday.table()["nouns"]:
        article, noun = french.split("/")[0].split(" ", 1)
        yield Word(english.split("/")[0], noun, "noun", article)


def sentences_with(texts: Iterable[str]) -> Callable[[str], int]:
    """How many of the texts hold a word, or the rarest of its parts."""
    held = Counter(word for text in texts for word in {*LETTERS.findall(text.casefold())})
    return lambda word: min(held[part] for part in LETTERS.findall(word.casefold()))


class Dictionary:
    """The words that some pairs of English and another language lack, to be mixed into them.

    Args:
        pairs: of English and ``other``, tidied.
        source: the language that is read: what counts as lacking is the side that is read.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], other: str, source: str) -> None:
        self.other = other
        english, foreign = zip(*pairs, strict=True)
        # nothing tells where a Chinese word ends
        there = "\n".join(foreign).__contains__ if other == "zh" else sentences_with(foreign)
        here, side = sentences_with(english), int(source != "en")
        self.lacking: list[Word] = []
        self.nouns: dict[str, list[Word]] = {}  # those that the pairs have, by their English
        told: set[str] = set()
        for word in (*table(other), *(everyday_nouns() if other == "fr" else ())):
            known = here(word.english) >= LEAST[other], there(word.other) >= LEAST[other]
            if all(known) and word.kind == "noun" and word.framed:
                self.nouns.setdefault(word.english, []).append(word)
            reads = (word.english, word.other)[side]
            if not known[side] and reads not in told:  # the most used answer to what is read
                told.add(reads)
                self.lacking.append(word)
        # the most used words come most often: the first four times as often as the 7,500th
        self.often = [*accumulate(1 / (rank + 2_500) for rank in range(len(self.lacking)))]
        self.new_nouns = [word for word in self.lacking if word.kind == "noun" and word.framed]
        longest = "|".join(sorted(self.nouns, key=len, reverse=True))  # "bus stop" before "bus"
        self.anchor = re.compile(rf"\b({BEFORE}) ({longest or '(?!)'})\b")

    def sample(self, count: int, rng: random.Random) -> list[tuple[str, str]]:
        """``count`` pairs of English and the other language: words by themselves, or in a frame."""
        if not self.lacking:
            return []
        return [
            self.one(word, rng)
            for word in rng.choices(self.lacking, cum_weights=self.often, k=count)
        ]

    def one(self, word: Word, rng: random.Random) -> tuple[str, str]:
        """A word by itself, with and without a capital and a full stop, or in a short sentence."""
        frames = FRAMES[self.other].get(word.kind, ()) if word.framed else ()
        if frames and rng.random() >= ALONE:
            english, foreign = rng.choice(frames)
            told = foreign.format(word.other, **word.forms())
            return english.format(word.english), told[:1].upper() + told[1:]
        way = rng.random()
        if way < 0.5:
            return word.english, word.other
        english = word.english[:1].upper() + word.english[1:]
        if self.other == "zh":
            return (english, word.other) if way < 0.75 else (f"{english}.", f"{word.other}。")
        foreign = word.other.capitalize()
        return (english, foreign) if way < 0.75 else (f"{english}.", f"{foreign}.")

    def exchanged(self, english: str, foreign: str, rng: random.Random) -> tuple[str, str]:
        """The pair with another noun in place of one that both sides have once, or as it was."""
        found = list(self.anchor.finditer(english))
        if not found or not self.new_nouns or rng.random() >= EXCHANGED:
            return english, foreign
        there = rng.choice(found)
        before, noun = there.groups()
        for old in self.nouns[noun]:
            if english.count(noun) == 1 and self.once(old.other, foreign):
                some = rng.choices(self.new_nouns, k=20)
                if self.other == "fr":
                    some = [new for new in some if new.agreement == old.agreement]
                if not some:
                    break
                new = some[0]
                if before.lower() in ("a", "an"):
                    before = before[0] + ("n" if new.english[0] in "aeiou" else "")
                english = (
                    f"{english[: there.start()]}{before} {new.english}{english[there.end() :]}"
                )
                counted = (old.detail or GENERAL) + old.other
                if self.other == "zh" and counted in foreign:
                    return english, foreign.replace(counted, (new.detail or GENERAL) + new.other)
                return english, foreign.replace(old.other, new.other)
        return english, foreign

    def once(self, word: str, text: str) -> bool:
        """Whether a text holds a word once, and not within another one where those can be told."""
        if text.count(word) != 1:
            return False
        return self.other == "zh" or re.search(rf"\b{re.escape(word)}\b", text) is not None
