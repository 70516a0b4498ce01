"""What one pass over the pairs holds, drawn anew each time.

Sentences of up to three words are a tenth of the data and are read by everybody first: they come
several times. A share of the sources is typed as people type (`data.casually`), names and numbers
are exchanged (`exchange`), and our own everyday words (`everyday`) and words that the pairs lack
(`dictionary`) are mixed in.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pretrained.translation import data, exchange
from pretrained.translation.dictionary import Dictionary
from pretrained.translation.everyday import Everyday

Example = tuple[str, str, str]  #: source text, target text, target language

#: English words of a short sentence.
SHORT = 3


@dataclass(frozen=True)
class Mixture:
    """How a pass is mixed.

    Attributes:
        casual: share of the sources typed `data.casually`.
        short: how many times a short sentence comes in one pass.
        everyday: pairs of our own words for each pair of the data.
        exchange: whether names and numbers are exchanged.
        dictionary: words that the pairs lack for each pair of the data; above 0 their nouns also
            take the place of nouns of the data.
        more: share of the pairs of another kind (``Pairs.more``) that comes in one pass.
    """

    casual: float = 0.0
    short: int = 1
    everyday: float = 0.0
    exchange: bool = False
    dictionary: float = 0.0
    more: float = 1.0


class Passes:
    """The examples of each pass over some pairs.

    Args:
        pairs: tidied, of English and ``other``. directions: such as ``("en-fr", "fr-en")``.
        more: pairs of another kind; what is counted against ``pairs`` knows nothing of them.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        other: str,
        directions: Sequence[str],
        mixture: Mixture,
        seed: int = 0,
        more: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.more = more
        self.pairs, self.other, self.mixture, self.seed = pairs, other, mixture, seed
        self.ways = [data.languages_of(direction) for direction in directions]
        self.times = [mixture.short if len(english.split()) <= SHORT else 1 for english, _ in pairs]
        self.words = {
            source: Dictionary(pairs, other, source)
            for source, _ in self.ways
            if mixture.dictionary
        }

    def __call__(self, number: int) -> list[Example]:
        """The examples of a pass; the same number gives the same ones."""
        rng = random.Random(self.seed * 10_007 + number)
        found: list[Example] = []
        for source, target in self.ways:
            words = self.words.get(source)
            some = rng.sample(self.more, round(self.mixture.more * len(self.more)))
            drawn = [*zip(self.pairs, self.times, strict=True), *((pair, 1) for pair in some)]
            for pair, times in drawn:
                for _ in range(times):
                    english, foreign = pair
                    if self.mixture.exchange:
                        english, foreign = exchange.exchanged(*pair, self.other, rng)
                    if words:
                        english, foreign = words.exchanged(english, foreign, rng)
                    reads, writes = (english, foreign) if source == "en" else (foreign, english)
                    if rng.random() < self.mixture.casual:
                        reads = data.casually(reads, rng)
                    found.append((reads, writes, target))
            count = round(self.mixture.everyday * len(self.pairs))
            ours = Everyday(source, target).sample(count, rng)
            if words:
                new = words.sample(round(self.mixture.dictionary * len(self.pairs)), rng)
                ours += [pair if source == "en" else pair[::-1] for pair in new]
            found += [(data.tidy(a, source), data.tidy(b, target), target) for a, b in ours]
        return found
