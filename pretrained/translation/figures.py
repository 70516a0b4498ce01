"""Figures kept by construction: what a translation writes in figures stands in its source.

A network of this size takes "11 fish" for "110". While a sentence with figures is searched, a digit
may only be written where it begins or goes on with a number of the source, each number only as
often as it stands there, and a number may only end where the source's does; of finished
translations, those that lack fewer of its numbers come first. Numbers in words stay free, and so
does a source without figures: "nine o'clock" may become « 9 heures ».
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import torch
from torch import Tensor

from pretrained.translation.vocabulary import Vocabulary

NUMBER = re.compile("[0-9]+")
PERCENT = re.compile("[%％]|per ?cent|pour ?cent|百分之", re.IGNORECASE)
#: The number that is being written, "" where there is none, and those that may be written yet, this
#: one among them.
Writing = tuple[str, tuple[str, ...]]


def numbers(text: str) -> tuple[str, ...]:
    """The numbers that a text writes in figures, in their order."""
    return tuple(NUMBER.findall(text))


def missing(text: str, wanted: tuple[str, ...]) -> int:
    """How many of the numbers a text lacks."""
    return (Counter(wanted) - Counter(numbers(text))).total()


def percents(text: str) -> int:
    """How many shares of a hundred a text tells, with the sign or in words."""
    return len(PERCENT.findall(text))


class Figures:
    """Which tokens of a vocabulary may follow what was written."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        texts = [text.decode("utf-8", "ignore") for text in vocabulary.bytes_of]
        #: By token: a digit that goes on with a number, or one that begins one after a blank.
        self.bare = {n: text for n, text in enumerate(texts) if NUMBER.fullmatch(text)}
        self.led = {n: text[1:] for n, text in enumerate(texts) if NUMBER.fullmatch(text[1:])}
        self.led = {n: text for n, text in self.led.items() if texts[n][0] == " "}
        self.size = len(texts)
        self.never = lru_cache(1_024)(self._never)

    def follow(self, state: Writing, token: int) -> Writing:
        """What is being written, and what is left of the source's numbers, after one more token."""
        tail, left = state
        if token in self.bare:
            return tail + self.bare[token], left
        if tail in left:
            place = left.index(tail)
            left = (*left[:place], *left[place + 1 :])
        return self.led.get(token, ""), left

    def _never(self, state: Writing) -> Tensor:
        """Which tokens [V] must not follow."""
        tail, left = state
        begun = {one[:n] for one in left for n in range(1, len(one) + 1)}
        ends = tail not in begun - set(left)  # a beginning that was forced may be anything
        _, rest = self.follow(state, -1)
        after = {one[:n] for one in rest for n in range(1, len(one) + 1)}
        found = torch.full((self.size,), not ends)
        for token, text in self.bare.items():
            found[token] = tail + text not in begun
        for token, text in self.led.items():
            found[token] = not ends or text not in after
        return found
