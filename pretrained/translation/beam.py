"""Beam search: the few best ways to go on are kept at every step, for many sentences at once.

Scores are divided by a power of the length before finished translations are compared, or short ones
would always win (Wu et al. 2016, arXiv 1609.08144, section 7). Ties are broken by the order of the
beam and of the vocabulary, never by chance, so that a sentence gets the same translations whatever
other sentences are searched beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pretrained.translation.figures import Figures, Writing, missing, numbers
from pretrained.translation.stepper import State, Stepper
from pretrained.translation.vocabulary import Vocabulary

Doubles = NDArray[np.float64]

#: Exponent of the length; Wu et al. found 0.6 to 0.7 best.
ALPHA = 0.6
#: A translation has at most this many tokens for each of its source's, and a few more.
LONGER, MORE, MOST = 2, 12, 250
#: How far behind the best one a translation may be that keeps more of the source's figures.
NEAR = 1.0
#: What the way back counts beside the search's own score, see `pretrained.translation.reranking`.
WEIGHT = 0.3
#: Branches of the tree that are told at each step, kept and dropped together.
BRANCHES = 10


@dataclass
class Hypothesis:
    """A translation, finished or cut off at its greatest length.

    ``tokens`` [T]: without mark and end. ``log_probs`` [T], and one more for the end if
    ``finished``; ``attention`` [as many, S]: what each step looked at, rows add up to one.
    ``score``: their sum over the length's penalty; higher is better. ``back``: likewise of the
    source, read back from it, where that was asked: see `pretrained.translation.reranking`.
    """

    tokens: list[int]
    log_probs: list[float]
    attention: Doubles
    score: float
    finished: bool
    back: float | None = None

    @property
    def rank(self) -> float:
        """What the best one is found by."""
        return self.score + WEIGHT * (self.back or 0.0)


@dataclass(frozen=True)
class Node:
    """One branch of the tree. ``parent``: the number of another node, -1 at the root.

    ``total``: sum of the log-probabilities up to here. ``fate``: kept, dropped, or finished.
    """

    parent: int
    token: int
    log_prob: float
    total: float
    fate: str


@dataclass
class Found:
    """The best hypotheses of one sentence, best first, and how they were found."""

    hypotheses: list[Hypothesis]
    meaning: Doubles
    tree: list[Node] = field(default_factory=list)


def penalty(length: int, alpha: float = ALPHA) -> float:
    """What a score of ``length`` tokens, the end included, is divided by."""
    return float(((5 + length) / 6) ** alpha)


@dataclass
class _Sentence:
    """One sentence while it is searched. Lists by step: for each of the K places of the beam, where
    it came from, its token, its log-probability, what it looked at."""

    number: int
    prefix: list[int]
    length: int  # of the source
    limit: int
    figures: tuple[str, ...]  # of the source
    parents: list[list[int]] = field(default_factory=list)
    tokens: list[list[int]] = field(default_factory=list)
    log_probs: list[list[float]] = field(default_factory=list)
    attention: list[Doubles] = field(default_factory=list)
    finished: list[Hypothesis] = field(default_factory=list)
    tree: list[Node] = field(default_factory=list)
    nodes: list[int] = field(default_factory=lambda: [-1])  # of the places of the beam
    writing: list[Writing] = field(default_factory=list)  # its numbers, likewise

    def __post_init__(self) -> None:
        self.writing = [("", self.figures)]

    def trace(self, place: int) -> tuple[list[int], list[float], list[Doubles]]:
        """Tokens, log-probabilities and attention of the hypothesis that stands at ``place``."""
        tokens, log_probs, looks = [], [], []
        for step in reversed(range(len(self.tokens))):
            tokens.append(self.tokens[step][place])
            log_probs.append(self.log_probs[step][place])
            place = self.parents[step][place]
            looks.append(self.attention[step][place])
        return tokens[::-1], log_probs[::-1], looks[::-1]


class Search:
    """Beam search over a network and its vocabulary."""

    def __init__(self, stepper: Stepper, vocabulary: Vocabulary) -> None:
        self.stepper, self.vocabulary, self.figures = stepper, vocabulary, Figures(vocabulary)
        # Tokens that go on with a word: after a forced word they would make another one of it.
        self.inside = torch.tensor(
            [_word(text.decode("utf-8", "ignore")[:1]) for text in vocabulary.bytes_of]
        )

    @torch.no_grad()
    def __call__(
        self,
        sources: Sequence[Sequence[int]],
        languages: Sequence[str],
        *,
        beams: int,
        alpha: float = ALPHA,
        prefixes: Sequence[Sequence[int]] | None = None,
        tree: bool = False,
    ) -> list[Found]:
        """Translate sentences.

        Args:
            sources: token numbers of each, ended. languages: to write.
            beams: hypotheses that are kept, K; 1 is greedy.
            prefixes: tokens that each translation must begin with.
            tree: tell the branches, at most `BRANCHES` a step.

        Where the best translation lacks numbers of its source, a second search may not end before
        all are written; what it finds counts if it is not far behind (`NEAR`).
        """
        given = beams, alpha, tree
        found = self._search(sources, languages, prefixes, *given, False)
        lacking = [n for n, one in enumerate(found) if self._lacks(sources[n], one.hypotheses[0])]
        if lacking:
            again = self._search(
                [sources[n] for n in lacking],
                [languages[n] for n in lacking],
                [prefixes[n] for n in lacking] if prefixes else None,
                *given,
                True,
            )
            for n, other in zip(lacking, again, strict=True):
                best, new = found[n].hypotheses[0], other.hypotheses[0]
                if new.finished and new.score >= best.score - NEAR:
                    found[n] = other
        return found

    def _lacks(self, source: Sequence[int], best: Hypothesis) -> bool:
        wanted = numbers(self.vocabulary.decode(source))
        return bool(wanted and missing(self.vocabulary.decode(best.tokens), wanted))

    def _search(
        self,
        sources: Sequence[Sequence[int]],
        languages: Sequence[str],
        prefixes: Sequence[Sequence[int]] | None,
        beams: int,
        alpha: float,
        tree: bool,
        whole: bool,
    ) -> list[Found]:
        """One search. ``whole``: none may end that lacks a number of its source."""
        read = self.stepper.read(sources)
        state = self.stepper.begin(read)
        marks = [[self.vocabulary.marks[language]] for language in languages]
        last = torch.tensor(marks, device=self.stepper.device)
        totals = np.zeros((len(sources), 1))
        live = [
            _Sentence(
                n,
                list(prefixes[n]) if prefixes else [],
                len(source),
                min(LONGER * len(source) + MORE, MOST),
                numbers(self.vocabulary.decode(source)),
            )
            for n, source in enumerate(sources)
        ]
        found = [Found([], row) for row in read.meaning.double().cpu().numpy()]
        while live:
            token_log_probs, looks, state = self.stepper(read, last, state)
            chosen = self._choose(live, token_log_probs, totals, beams, whole)
            rows = looks.cpu().numpy()
            parents = np.zeros((len(live), beams), np.int64)
            tokens = np.full((len(live), beams), self.vocabulary.end, np.int64)
            totals = np.full((len(live), beams), -np.inf)
            for n, (one, candidates) in enumerate(zip(live, chosen, strict=True)):
                kept = self._step(one, candidates, rows[n, :, : one.length], beams, alpha, tree)
                for place, (parent, token, _, total) in enumerate(kept):
                    parents[n, place], tokens[n, place], totals[n, place] = parent, token, total
            staying = []
            for n, one in enumerate(live):
                if self._done(one, totals[n], beams, alpha):
                    found[one.number].hypotheses = self._ended(one, totals[n], beams, alpha)
                    found[one.number].tree = one.tree
                else:
                    staying.append(n)
            if not staying:
                break
            # Places that are empty in every sentence need not be computed.
            width = int(np.isfinite(totals[staying]).sum(1).max())
            keep = torch.tensor(staying, device=self.stepper.device)
            where = torch.from_numpy(parents[staying, :width]).to(self.stepper.device)
            last = torch.from_numpy(tokens[staying, :width]).to(self.stepper.device)
            totals = totals[staying, :width]
            state = _follow(state, keep, where)
            if len(staying) < len(live):
                read = read.keep(keep)
                live = [live[n] for n in staying]
        return found

    def _choose(
        self,
        live: list[_Sentence],
        token_log_probs: Tensor,
        totals: Doubles,
        beams: int,
        whole: bool,
    ) -> list[list[tuple[int, int, float, float]]]:
        """The candidates of each sentence, best first: parent, token, log-probability, total."""
        for n, one in enumerate(live):
            if not one.tokens:  # a translation has at least one token
                token_log_probs[n, :, self.vocabulary.end] = float("-inf")
            if one.prefix and len(one.tokens) == len(one.prefix) and self._closed(one.prefix):
                token_log_probs[n].masked_fill_(
                    self.inside.to(token_log_probs.device), float("-inf")
                )
            if one.figures and len(one.tokens) >= len(one.prefix):
                for place, writing in enumerate(one.writing):
                    never = self.figures.never(writing)
                    token_log_probs[n, place].masked_fill_(
                        never.to(token_log_probs.device), float("-inf")
                    )
                    if whole and self.figures.follow(writing, self.vocabulary.end)[1]:
                        token_log_probs[n, place, self.vocabulary.end] = float("-inf")
        count = min(max(beams + 1, BRANCHES), token_log_probs.shape[2])
        values, tokens = best(token_log_probs.flatten(0, 1), count)
        shape = (len(live), -1)
        log_probs = values.double().cpu().numpy().reshape(*shape, count)
        numbers = tokens.cpu().numpy().reshape(*shape, count)
        sums = (totals[:, :, None] + log_probs).reshape(shape)
        order = np.argsort(-sums, axis=1, kind="stable")[:, : 2 * max(beams, BRANCHES)]
        chosen = []
        for n, one in enumerate(live):
            step = len(one.tokens)
            if step < len(one.prefix):
                token = one.prefix[step]
                log_prob = float(token_log_probs[n, 0, token])
                chosen.append([(0, token, log_prob, float(totals[n, 0]) + log_prob)])
                continue
            chosen.append(
                [
                    (
                        int(at) // count,
                        int(numbers[n].flat[at]),
                        float(log_probs[n].flat[at]),
                        float(sums[n, at]),
                    )
                    for at in order[n]
                    if np.isfinite(sums[n, at])
                ]
            )
        return chosen

    def _step(
        self,
        one: _Sentence,
        candidates: list[tuple[int, int, float, float]],
        looks: Doubles,
        beams: int,
        alpha: float,
        tree: bool,
    ) -> list[tuple[int, int, float, float]]:
        """Sort the candidates into finished, kept and dropped; gives those kept."""
        kept: list[tuple[int, int, float, float]] = []
        nodes: list[int] = []
        for rank, (parent, token, log_prob, total) in enumerate(candidates):
            if token == self.vocabulary.end:
                fate = "finished" if rank < beams else "dropped"
            else:
                fate = "kept" if len(kept) < beams else "dropped"
            if fate == "finished":
                tokens, log_probs, seen = one.trace(parent)
                length = len(tokens) + 1
                one.finished.append(
                    Hypothesis(
                        tokens,
                        [*log_probs, log_prob],
                        np.array([*seen, looks[parent]]),
                        total / penalty(length, alpha),
                        True,
                    )
                )
            elif fate == "kept":
                kept.append((parent, token, log_prob, total))
            if tree and (fate != "dropped" or rank < BRANCHES):
                if fate == "kept":
                    nodes.append(len(one.tree))
                one.tree.append(Node(one.nodes[parent], token, log_prob, total, fate))
        one.nodes = nodes
        if one.figures:
            follow = self.figures.follow
            one.writing = [follow(one.writing[parent], token) for parent, token, *_ in kept]
        one.parents.append([parent for parent, *_ in kept])
        one.tokens.append([token for _, token, *_ in kept])
        one.log_probs.append([log_prob for *_, log_prob, _ in kept])
        one.attention.append(looks.copy())
        return kept

    def _done(self, one: _Sentence, totals: Doubles, beams: int, alpha: float) -> bool:
        """Whether nothing better can be found, or it has gone on for long enough."""
        if len(one.tokens) >= max(one.limit, len(one.prefix) + 1) or not np.isfinite(totals[0]):
            return True
        if len(one.finished) < beams:
            return False
        # Even if the best one that is not finished ended now and at no cost.
        worst = sorted(h.score for h in one.finished)[-beams]
        return bool(totals[0] / penalty(len(one.tokens) + 1, alpha) <= worst)

    def _ended(self, one: _Sentence, totals: Doubles, beams: int, alpha: float) -> list[Hypothesis]:
        """The best finished hypotheses; if there is none, the best unfinished one."""
        if not one.finished:
            tokens, log_probs, seen = one.trace(0)
            score = float(totals[0]) / penalty(len(tokens), alpha)
            return [Hypothesis(tokens, log_probs, np.array(seen), score, False)]
        return ordered(one.finished, self.vocabulary.decode, one.figures)[:beams]

    def _closed(self, prefix: list[int]) -> bool:
        """Whether a forced beginning ends with a letter, so that its last word is complete."""
        return _word(self.vocabulary.decode(prefix)[-1:])


def ordered(
    finished: Sequence[Hypothesis],
    decode: Callable[[Sequence[int]], str],
    figures: tuple[str, ...],
) -> list[Hypothesis]:
    """Translations of a sentence, best first: those that keep its numbers before others."""
    lacking = [missing(decode(h.tokens), figures) if figures else 0 for h in finished]
    # One that is far behind says its numbers in a sentence that means nothing.
    top = max(h.score for h in finished)
    far = [h.score < top - NEAR for h in finished]
    lacking = [len(figures) if f else n for f, n in zip(far, lacking, strict=True)]
    order = sorted(range(len(lacking)), key=lambda n: (lacking[n], -finished[n].rank, n))
    return [finished[n] for n in order]


def best(token_log_probs: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` largest of each row [R, V], and where they are; of equals, the first ones."""
    values, places = token_log_probs.topk(count, 1)
    last = values[:, -1:]
    # `topk` may leave out any of several that are equal to its last one.
    crowded = ((token_log_probs >= last).sum(1) > count).nonzero()[:, 0]
    if len(crowded):
        sorted_, where = token_log_probs[crowded].sort(dim=1, descending=True, stable=True)
        values[crowded], places[crowded] = sorted_[:, :count], where[:, :count]
    order = places.argsort(1)  # by place, then by value: equals keep the order of their places
    values, places = values.gather(1, order), places.gather(1, order)
    order = values.argsort(stable=True, dim=1, descending=True)
    return values.gather(1, order), places.gather(1, order)


def _follow(state: State, keep: Tensor, where: Tensor) -> State:
    """The states [B, K, H] of the sentences ``keep`` [B'], each place from its parent [B', K']."""
    h1, c1, h2, c2 = (
        part[keep].gather(1, where[:, :, None].expand(-1, -1, part.shape[2])) for part in state
    )
    return h1, c1, h2, c2


def _word(text: str) -> bool:
    """Whether this is a letter or a digit of a language that writes blanks between words."""
    return text.isalnum() and text < "\u2e80" if text else False
