"""Writings as the training loop wants them: one task for the pen, one for the reader.

One epoch of the loop is a *round* of a fixed number of steps, not a pass over the writings: on
one CPU core a pass takes a quarter of an hour, and a curve wants more points than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from pretrained.handwriting import data, model, reader
from pretrained.handwriting.data import Writing
from training.watching import Showing

#: Steps of one round.
ROUND = 120


class Lines:
    """An endless supply of batches of lines, alike in length, drawn from writings.

    Args:
        points: how many points a batch holds at most, padding included.
        spans: shortest and longest line in points, by progress: short ones first.
    """

    def __init__(
        self,
        writings: Sequence[Writing],
        seed: int,
        points: int,
        spans: tuple[tuple[float, int, int], ...],
    ) -> None:
        self.writings, self.points, self.spans = writings, points, spans
        self.worth = data.repeats(writings)
        self.random = np.random.default_rng(seed)
        self._waiting: list[list[Writing]] = []
        self._span: tuple[int, int] = (0, 0)

    def take(self, progress: float) -> list[Writing]:
        """The next batch."""
        span = next((a, b) for share, a, b in self.spans if progress <= share)
        if span != self._span or not self._waiting:
            self._span = span
            self._waiting = self._fill(*span)
        return self._waiting.pop()

    def _fill(self, shortest: int, longest: int) -> list[list[Writing]]:
        found = data.lines(
            self.writings, self.random, shortest=shortest, longest=longest, worth=self.worth
        )
        # Nearly sorted by length: alike within a batch, different from one epoch to the next.
        order = np.argsort([len(one) * self.random.uniform(0.93, 1.07) for one in found])
        batches: list[list[Writing]] = [[]]
        widest = 0
        for i in order:
            widest = max(widest, len(found[i]))
            if batches[-1] and widest * (len(batches[-1]) + 1) > self.points:
                batches.append([])
                widest = len(found[i])
            batches[-1].append(found[i])
        self.random.shuffle(batches)
        return batches


def device_of(net: nn.Module) -> torch.device:
    """Where a network is: batches are made on the CPU, and follow it there."""
    return next(net.parameters()).device


def encode(texts: Sequence[str], characters: str) -> Tensor:
    """Texts as long [B, U]: a character's place in the alphabet plus one, 0 for padding; characters
    that the alphabet lacks are left out."""
    place = {c: i + 1 for i, c in enumerate(characters)}
    rows = [torch.tensor([place[c] for c in text if c in place]) for text in texts]
    return pad_sequence([row.long() for row in rows], batch_first=True)


class PenTask:
    """Learning to write: where the pen goes next, from where it went and the text.

    Args:
        hands: the writers, in the order of their vectors; or the number of each one's vector.
    """

    def __init__(
        self,
        net: model.PenNet,
        train: Sequence[Writing],
        held_out: Sequence[Writing],
        hands: Sequence[int] | Mapping[int, int],
        lines: Lines,
        *,
        nobody: float = 0.4,
        noise: float = 0.03,
        size: float = 0.08,
    ) -> None:
        self.sample: Showing | None = None
        self.model: nn.Module = net
        self.net, self.lines = net, lines
        numbers = hands if isinstance(hands, Mapping) else {w: i for i, w in enumerate(hands, 1)}
        self.hands = dict(numbers)
        self.nobody, self.noise, self.size = nobody, noise, size
        self.aside = held_out
        self.steps_per_epoch = ROUND
        still = np.random.default_rng(1)
        some = data.lines(held_out, still, shortest=60, longest=200)
        picked = sorted((some[i] for i in still.permutation(len(some))[:160]), key=len)
        self.held_out = [self.batch(picked[i : i + 32]) for i in range(0, len(picked), 32)]

    def groups(self) -> list[dict[str, Any]]:
        """No weight decay: the network is small beside the data."""
        return [{"params": list(self.model.parameters()), "weight_decay": 0.0}]

    def batch(self, rows: Sequence[Writing]) -> dict[str, Tensor]:
        """What goes in (from before the first point on), what comes, and who writes."""
        points = [torch.from_numpy(one.points) for one in rows]
        states = []
        for each in points:
            state = each[:, 2].long()
            state[-1] = model.FINISHED
            states.append(state)
        start = torch.tensor([[0.0, 0.0, 1.0]])
        before = [torch.cat([start, each[:-1]]) for each in points]
        return {
            "before": pad_sequence(before, batch_first=True),
            "points": pad_sequence(points, batch_first=True)[..., :2],
            "states": pad_sequence(states, batch_first=True, padding_value=-1),
            "text": encode([one.text for one in rows], self.net.characters),
            "hand": torch.tensor([self.hands.get(one.writer, 0) for one in rows]),
        }

    def batches(self, epoch: int, progress: float) -> Iterator[dict[str, Tensor]]:
        """One round; sizes vary a little, and hands are sometimes nobody's."""
        random = np.random.default_rng((epoch, 7))
        for _ in range(self.steps_per_epoch):
            batch = self.batch(self.lines.take(progress))
            count = len(batch["hand"])
            scale = torch.from_numpy(np.exp(random.normal(0, self.size, (count, 1, 1)))).float()
            batch["points"] = batch["points"] * scale
            batch["before"] = torch.cat(
                [batch["before"][..., :2] * scale, batch["before"][..., 2:]], -1
            )
            unknown = torch.from_numpy(random.random(count) < self.nobody)
            batch["hand"] = batch["hand"].masked_fill(unknown, 0)
            yield batch

    def loss(self, net: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Nats a point. A little noise on what goes in: its own samples will not be perfect."""
        before = batch["before"].clone()
        before[..., :2] += self.noise * torch.randn_like(before[..., :2])
        where, state = self._nll(net, batch | {"before": before})
        return where + state

    def _nll(self, net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        device = device_of(net)
        batch = {name: part.to(device) for name, part in batch.items()}
        raw, _ = net(batch["before"], batch["text"], batch["hand"])
        here = batch["states"] >= 0
        where, state = model.nll(
            raw, batch["points"], batch["states"].clamp_min(0), self.net.mixture
        )
        return where[here].mean(), state[here].mean()

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Nats a point on lines by writers kept aside, whose hands it does not know."""
        sums, count = np.zeros(2), 0
        for batch in self.held_out:
            here = int((batch["states"] >= 0).sum())
            where, state = self._nll(net, batch)
            sums += np.array([where.item(), state.item()]) * here
            count += here
        return {"held_out_nats": sums.sum() / count, "held_out_pen_nats": sums[1] / count}


class ReaderTask:
    """Learning to read: the characters that strokes spell."""

    def __init__(
        self,
        net: reader.ReaderNet,
        held_out: Sequence[Writing],
        lines: Lines,
    ) -> None:
        self.model: nn.Module = net
        self.net, self.lines = net, lines
        self.steps_per_epoch = ROUND
        some = np.random.default_rng(1).permutation(len(held_out))[:600]
        picked = sorted((held_out[i] for i in some), key=len)
        self.held_out = [self.batch(picked[i : i + 50]) for i in range(0, len(picked), 50)]

    def groups(self) -> list[dict[str, Any]]:
        """Weight decay for matrices only."""
        several = [p for p in self.model.parameters() if p.ndim > 1]
        single = [p for p in self.model.parameters() if p.ndim <= 1]
        return [{"params": several}, {"params": single, "weight_decay": 0.0}]

    def batch(self, rows: Sequence[Writing]) -> dict[str, Any]:
        """Points [B, T, 3], their numbers [B], and the texts."""
        return {
            "points": pad_sequence([torch.from_numpy(o.points) for o in rows], batch_first=True),
            "lengths": torch.tensor([len(one) for one in rows]),
            "texts": [one.text for one in rows],
        }

    def batches(self, epoch: int, progress: float) -> Iterator[dict[str, Any]]:
        """One round; each line stretched, slanted, turned and shaken at random."""
        random = np.random.default_rng((epoch, 11))
        for _ in range(self.steps_per_epoch):
            batch = self.batch(self.lines.take(progress))
            batch["points"] = vary(batch["points"], random)
            yield batch

    def loss(self, net: nn.Module, batch: dict[str, Any]) -> Tensor:
        """Connectionist temporal classification, in nats a character."""
        device = device_of(net)
        logits, lengths = net(batch["points"].to(device), batch["lengths"].to(device))
        texts = encode(batch["texts"], self.net.characters).to(device)
        return F.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1),
            texts,
            lengths,
            (texts > 0).sum(1),
            zero_infinity=True,
        )

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Character error rate on writers kept aside."""
        wrong, total = 0, 0
        device = device_of(net)
        for batch in self.held_out:
            logits, lengths = net(batch["points"].to(device), batch["lengths"].to(device))
            for (text, _), meant in zip(
                reader.greedy(logits, lengths, self.net.characters), batch["texts"], strict=True
            ):
                wrong += reader.errors(text, meant)
                total += len(meant)
        return {"held_out_cer": wrong / total}


def vary(points: Tensor, random: np.random.Generator) -> Tensor:
    """Each writing of [B, T, 3] in another size, slant, width and direction, a little shaken."""
    count = len(points)
    size = np.exp(random.normal(0, 0.12, count))
    wide = np.exp(random.normal(0, 0.12, count))
    slant, turn = random.normal(0, 0.2, count), random.normal(0, 0.05, count)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.stack([np.stack([wide * cos, -sin], 1), np.stack([slant + wide * sin, cos], 1)], 1)
    moved = torch.bmm(points[..., :2], torch.from_numpy(matrix * size[:, None, None]).float())
    return torch.cat([moved + 0.02 * torch.randn_like(moved), points[..., 2:]], -1)
