"""The network that reads: strokes in, characters out, for measuring whether writing is legible.

Convolutions over the points, two bidirectional LSTM layers, and connectionist temporal
classification (Graves et al. 2006): no letter of the data is marked in the strokes, so the network
finds for itself where each one is. Trained apart from the pen, on the same writers.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Numbers that describe one point, see `describe`.
FEATURES = 7
#: Points to one output.
STRIDE = 2


def describe(points: Tensor, lengths: Tensor) -> Tensor:
    """Offsets [B, T, 3] in x-heights to features [B, T, 7]: the offset, its direction, whether the
    pen moved in the air, whether it lifts, and the height above the writing's own middle."""
    moved, up = points[..., :2], points[..., 2:]
    inside = (torch.arange(points.shape[1], device=points.device) < lengths[:, None])[..., None]
    y = moved[..., 1:].cumsum(1)
    y = y - (y * inside).sum(1, keepdim=True) / lengths[:, None, None]
    direction = moved / moved.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    air = F.pad(up, (0, 0, 1, 0))[:, :-1]
    return torch.cat([moved.clamp(-3, 3), direction, air, up, y.clamp(-4, 4)], -1) * inside


def turned(x: Tensor, lengths: Tensor) -> Tensor:
    """[B, T, C] with each row's own length reversed in place, so that padding stays at the end."""
    places = torch.arange(x.shape[1], device=x.device)[None]
    source = torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
    return x.gather(1, source[..., None].expand_as(x))


class BothWays(nn.Module):
    """One LSTM layer in each direction: [B, T, inputs] to [B, T, 2 units]; padding is unseen."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.forth = nn.LSTM(inputs, units, batch_first=True)
        self.back = nn.LSTM(inputs, units, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Both directions of every row."""
        forth, _ = self.forth(x)
        back, _ = self.back(turned(x, lengths))
        return torch.cat([forth, turned(back, lengths)], -1)


class ReaderNet(nn.Module):
    """Points in, character logits out, one for each two points.

    Args:
        characters: the alphabet; output 0 is the blank of CTC, output 1 the first character.
        width: channels of the convolutions. units: of the LSTM layers, in each direction.
    """

    def __init__(self, characters: str, width: int = 96, units: int = 128) -> None:
        super().__init__()
        self.characters = characters
        self.near = nn.Conv1d(FEATURES, width, 5, padding=2)
        self.wide = nn.Conv1d(width, width, 5, stride=STRIDE, padding=2)
        self.layers = nn.ModuleList([BothWays(width, units), BothWays(2 * units, units)])
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(2 * units, len(characters) + 1)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ReaderNet:
        """The network that a checkpoint's config describes, its weights still random."""
        return cls(**{name: config[name] for name in signature(cls).parameters if name in config})

    def forward(self, points: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Points [B, T, 3] with their numbers [B] to logits [B, T / 2, C + 1] and their numbers."""
        inside = (torch.arange(points.shape[1], device=points.device) < lengths[:, None])[:, None]
        x = F.gelu(self.near(describe(points, lengths).transpose(1, 2))) * inside
        x = F.gelu(self.wide(x)).transpose(1, 2)
        lengths = (lengths - 1) // STRIDE + 1
        for layer in self.layers:
            x = self.drop(layer(x, lengths))
        return self.head(x).to(points.dtype), lengths


def greedy(logits: Tensor, lengths: Tensor, characters: str) -> list[tuple[str, float]]:
    """The likeliest path of each row without repeats and blanks, and its mean probability."""
    best, place = logits.softmax(-1).max(-1)
    read = []
    for row, sure, length in zip(place.tolist(), best.tolist(), lengths.tolist(), strict=True):
        text, before, sum_, count = "", 0, 0.0, 0
        for symbol, p in zip(row[:length], sure, strict=False):
            if symbol and symbol != before:
                text, sum_, count = text + characters[symbol - 1], sum_ + p, count + 1
            before = symbol
        read.append((text, sum_ / count if count else 0.0))
    return read


def errors(read: str, meant: str) -> int:
    """Insertions, deletions and replacements between two texts (Levenshtein 1966)."""
    row = list(range(len(meant) + 1))
    for i, a in enumerate(read, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(meant, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
