"""The tree of a search: which branches there are, what they spell, what may follow them.

A tree is a list of branches as the served model tells them: ``parent`` (the number of another, -1
at the root), ``token``, ``probability``, ``total`` (logarithms added up), ``fate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from demos.translation.spelling import END, HAN, first_word

LANES = 7  # branches of one step that are drawn, though never fewer than were kept
TINY = 1e-300  # that logarithms take


@dataclass(frozen=True)
class Placed:
    """A branch that is drawn: its number in the tree, its step and its rank there, from 0. A forced
    beginning is drawn as one branch, its last, which stands before the steps of the search."""

    number: int
    step: int
    rank: int


def steps(tree: Sequence[Mapping[str, Any]]) -> list[int]:
    """The step of every branch, the first words' being 0."""
    found: list[int] = []
    for node in tree:
        found.append(0 if node["parent"] < 0 else found[node["parent"]] + 1)
    return found


def stem(tree: Sequence[Mapping[str, Any]]) -> int:
    """The last branch of a forced beginning, -1 where nothing was forced. Where a word is forced
    the step has one branch, where the search chooses it has several."""
    at = steps(tree)
    many = Counter(at)
    return next((n for n, step in enumerate(at) if many[step] > 1), len(at)) - 1


def placed(tree: Sequence[Mapping[str, Any]]) -> list[Placed]:
    """The branches that are drawn. A step's branches stand in the tree best first."""
    ranks: dict[int, int] = {}
    found, before = [], max(stem(tree), 0)
    for number, (node, step) in enumerate(zip(tree, steps(tree), strict=True)):
        rank = ranks.get(step, 0)
        if number >= before and (node["fate"] != "dropped" or rank < LANES):
            found.append(Placed(number, step - before, rank))
            ranks[step] = rank + 1
    return found


def path(tree: Sequence[Mapping[str, Any]], number: int) -> list[int]:
    """The branches from the root to this one."""
    found = []
    while number >= 0:
        found.append(number)
        number = tree[number]["parent"]
    return found[::-1]


def written(tree: Sequence[Mapping[str, Any]], number: int) -> str:
    """The text that ends with a branch."""
    pieces = (tree[n]["token"] for n in path(tree, number))
    return "".join(piece for piece in pieces if piece != END).strip()


def winner(sentence: Mapping[str, Any]) -> list[int]:
    """The branches of the translation: its last one has the translation's own probability."""
    tree = sentence["tree"]
    total = log(max(sentence["alternatives"][0]["probability"], TINY))
    fate = "finished" if sentence["complete"] else "kept"
    ends = [n for n, node in enumerate(tree) if node["fate"] == fate]
    if not ends:
        return []
    return path(tree, min(ends, key=lambda n: abs(tree[n]["total"] - total)))


def next_words(tree: Sequence[Mapping[str, Any]], root: int) -> tuple[dict[str, float], set[str]]:
    """Words that may follow a branch (-1: the beginning), with their probabilities there; each with
    the blank before it that it has.

    The second: those of which the tree does not tell whether they end there. The end of the
    sentence and characters cut in two are left out.
    """
    children: dict[int, list[int]] = {}
    for number, node in enumerate(tree):
        children.setdefault(node["parent"], []).append(number)
    found: dict[str, float] = {}
    open_: set[str] = set()

    def walk(number: int, before: str, share: float) -> None:
        token = tree[number]["token"]
        if token == END or "\ufffd" in token:
            return
        text, share = before + token, share * tree[number]["probability"]
        word = text.strip()
        below = children.get(number, [])
        if not word or first_word(word)[0] != word:
            return
        longer = [n for n in below if not ends(text, tree[n]["token"])]
        for n in longer:
            walk(n, text, share)
        rest = share * (1 - sum(tree[n]["probability"] for n in longer))
        alone = not word[-1].isalnum() or word >= HAN
        if word[-1] in "'’-" and word[:-1]:
            return  # an article without its noun, the first part of a compound
        if alone or len(longer) < len(below):
            found[text] = found.get(text, 0.0) + max(rest, 0.0)
        elif not below:
            found[text] = found.get(text, 0.0) + share
            open_.add(text)

    for number in children.get(root, []):
        walk(number, "", 1.0)
    return found, open_


def ends(text: str, token: str) -> bool:
    """Whether a word is over when this token follows."""
    return token == END or first_word(text + token)[1]
