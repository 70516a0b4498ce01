"""Pairs as the training loop wants them: batches that need no padding where it would be read.

The sources of a batch have exactly one length, so that the encoder and the attention never see
padding and need no mask. Targets of similar length stand together and are padded at the end, where
nothing is read any more. One epoch of the loop is a *round* of about `ROUND` updates, not a pass
over the pairs: on one CPU core a pass takes a quarter of an hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained.translation.networks import Separate, writing
from pretrained.translation.passes import Example
from pretrained.translation.vocabulary import Vocabulary
from training.watching import Showing

#: Updates of one round.
ROUND = 400
#: Pairs whose nll is measured at the end of a round.
WATCHED = 800

Batch = tuple[Tensor, Tensor, Tensor]  #: sources [B, S], given [B, T], wanted [B, T]


class PairsTask:
    """Sentences, a vocabulary and a network, as the loop wants them. ``sample`` shows some.

    Args:
        tokens: of the targets in one batch, padding included.
        smoothing: share of the target's probability spread over all tokens (Szegedy et al. 2016).
        draw: the examples of a pass by its number, such as `Passes`, in place of ``train``.
        respell: dropout of the vocabulary's merges, drawn anew at each pass.
        longest: in tokens: pairs with a longer side are left out of training; ``left_out`` is
            how many of the last pass.
    """

    def __init__(
        self,
        model: nn.Module,
        vocabulary: Vocabulary,
        train: Sequence[Example],
        held_out: Sequence[Example],
        device: Any,
        *,
        tokens: int = 640,
        smoothing: float = 0.1,
        draw: Callable[[int], Sequence[Example]] | None = None,
        respell: float = 0.0,
        longest: int = 60,
        seed: int = 0,
    ) -> None:
        self.sample: Showing | None = None
        self.model, self.vocabulary, self.device = model, vocabulary, device
        self.apart = isinstance(model, Separate)
        self.languages = {number: language for language, number in vocabulary.marks.items()}
        self.tokens, self.smoothing, self.seed = tokens, smoothing, seed
        self.draw, self.respell, self.longest = draw or (lambda _: train), respell, longest
        self.fixed = draw is None and not respell
        self._spelled: list[tuple[list[int], list[int]]] = []
        self._pass: tuple[int, list[list[int]]] = (-1, [])
        first = self.passed(0)
        self.parts = max(1, round(len(first) / ROUND))
        self.steps_per_epoch = len(first) // self.parts
        watched = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(0))
        self.watched = spell(vocabulary, [held_out[n] for n in watched[:WATCHED].tolist()])

    def groups(self) -> list[dict[str, Any]]:
        """Weight decay for matrices only, not for the tokens' vectors, most of which are rare."""
        named = list(self.model.named_parameters())
        decayed = [p for name, p in named if p.ndim > 1 and "embed" not in name]
        rest = [p for name, p in named if p.ndim <= 1 or "embed" in name]
        return [{"params": decayed}, {"params": rest, "weight_decay": 0.0}]

    def passed(self, number: int) -> list[list[int]]:
        """The batches of one pass over the pairs, in their order: numbers of examples."""
        if self._pass[0] != number:
            if not (self._spelled and self.fixed):
                self.vocabulary.dropout(self.respell)
                spelled = spell(self.vocabulary, self.draw(number))
                self.vocabulary.dropout(0.0)
                most = self.longest + 2
                self._spelled = [sides for sides in spelled if max(map(len, sides)) <= most]
                self.left_out = len(spelled) - len(self._spelled)
            generator = torch.Generator().manual_seed(self.seed * 10_007 + number)
            order = torch.randperm(len(self._spelled), generator=generator).tolist()
            lots = batched(self._spelled, order, self.tokens, apart=self.apart)
            shuffled = torch.randperm(len(lots), generator=generator).tolist()
            self._pass = (number, [lots[n] for n in shuffled])
        return self._pass[1]

    def batches(self, epoch: int, progress: float) -> Iterator[Batch]:
        """The round's share of the pass that it belongs to."""
        number, part = divmod(epoch, self.parts)
        for lot in self.passed(number)[part :: self.parts]:
            yield self.stacked([self._spelled[n] for n in lot])

    def stacked(self, lot: Sequence[tuple[list[int], list[int]]]) -> Batch:
        """Examples whose sources have one length, as tensors."""
        pad, length = self.vocabulary.pad, max(len(target) for _, target in lot)
        rows = [target + [pad] * (length - len(target)) for _, target in lot]
        sources = torch.tensor([source for source, _ in lot]).to(self.device)
        targets = torch.tensor(rows).to(self.device)
        return sources, targets[:, :-1], targets[:, 1:]

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Nats per token, smoothed. Every token of a pass weighs the same: a batch of few tokens,
        because few sentences have its length, counts for less."""
        nll, count = self._nll(model, batch, self.smoothing)
        return nll / max(count, 0.8 * self.tokens)

    def _nll(self, model: nn.Module, batch: Batch, smoothing: float = 0.0) -> tuple[Tensor, int]:
        """Sum of the nats of the wanted tokens, and their number."""
        sources, given, wanted = batch
        if isinstance(model, Separate):
            model = writing(model, self.languages[int(given[0, 0])])
        real = wanted != self.vocabulary.pad
        logits: Tensor = model.logits(model(sources, given)[real])  # type: ignore[operator]
        nll = F.cross_entropy(
            logits.float(), wanted[real], label_smoothing=smoothing, reduction="sum"
        )
        return nll, len(logits)

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Nats per token of pairs that are kept aside, both ways."""
        total, count = torch.zeros((), device=self.device), 0
        every = range(len(self.watched))
        for lot in batched(self.watched, every, 2 * self.tokens, apart=self.apart):
            nll, tokens = self._nll(model, self.stacked([self.watched[n] for n in lot]))
            total, count = total + nll, count + tokens
        return {"held_out_nats": total.item() / max(count, 1)}


def spell(vocabulary: Vocabulary, examples: Sequence[Example]) -> list[tuple[list[int], list[int]]]:
    """Token numbers of each source, ended, and of each target, marked and ended."""
    sources = vocabulary.encode_all(source for source, _, _ in examples)
    targets = vocabulary.encode_all(target for _, target, _ in examples)
    return [
        ([*source, vocabulary.end], [vocabulary.marks[language], *target, vocabulary.end])
        for source, target, (_, _, language) in zip(sources, targets, examples, strict=True)
    ]


def batched(
    spelled: Sequence[tuple[list[int], list[int]]],
    order: Sequence[int],
    tokens: int,
    apart: bool = False,
) -> list[list[int]]:
    """Examples, in that order, as batches of one source length and at most ``tokens`` of targets.

    A sentence longer than that is a batch by itself. ``apart``: a batch is of one direction.
    """
    kinds: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n in order:
        source, target = spelled[n]
        kinds[len(source), target[0] if apart else 0].append(n)
    lots: list[list[int]] = []
    for alike in kinds.values():
        alike.sort(key=lambda n: len(spelled[n][1]))  # stable: the order stays random within
        lot: list[int] = []
        for n in alike:
            if lot and (len(lot) + 1) * len(spelled[n][1]) > tokens:
                lots.append(lot)
                lot = []
            lot.append(n)
        lots.append(lot)
    return lots
