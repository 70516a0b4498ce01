"""The served reader: strokes in, text out, each writing by itself, whoever else is reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.handwriting import hand, strokes, svg
from pretrained.handwriting.reader import ReaderNet, greedy

#: Points of a writing that are read: several long lines.
MOST = 4_000
#: Points that one leg of the pen becomes on its smooth curve.
FINE = 4


class Reader:
    """A `ReaderNet` with its alphabet."""

    def __init__(self, network: ReaderNet, config: dict[str, Any], device: str) -> None:
        self.network, self.config = network.eval(), config
        self.characters = network.characters
        self.parameters = config.get("parameters", 0)
        self.bytes = sum(p.numel() * p.element_size() for p in network.parameters())
        self.to(device)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self.network.to(self.device)

    def predict(self, inputs: list[Any], **options: Any) -> list[dict[str, Any] | Exception]:
        """What each writing says: ``text`` and ``confidence``, the mean over its characters.

        Args:
            inputs: strokes (lists of points in any unit, y down), or a writing of the pen, an
                array [T, 3] (x, y, up; absolute).
        """
        answers: list[dict[str, Any] | Exception] = []
        for given in inputs:
            try:
                answers.append(self._read(given))
            except Exception as error:
                answers.append(error)
        return answers

    @torch.no_grad()
    def _read(self, given: Any) -> dict[str, Any]:
        pen = isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 3
        drawn = hand.checked(smooth(given) if pen else given)
        points = strokes.resample(strokes.blind(drawn))[:MOST]
        batch = torch.from_numpy(points)[None].to(self.device)
        logits, lengths = self.network(batch, torch.tensor([len(points)], device=self.device))
        [(text, confidence)] = greedy(logits.float(), lengths, self.characters)
        return {"text": text.strip(), "confidence": confidence}


def smooth(points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The pen's points [T, 3] as strokes along the curve that is drawn through them."""
    found = []
    at = np.linspace(0, 1, FINE, endpoint=False)[:, None]
    for stroke in svg.pieces(points):
        if len(stroke) > 2:
            middles = (stroke[1:] + stroke[:-1]) / 2
            begin, end = middles[:-1, None], middles[1:, None]
            curve = (1 - at) ** 2 * begin + 2 * at * (1 - at) * stroke[1:-1, None] + at**2 * end
            stroke = np.concatenate([stroke[:1], curve.reshape(-1, 2), middles[-1:], stroke[-1:]])
        found.append(stroke)
    return found


def load(entry: Entry, device: str, progress: Progress) -> Reader:
    """See `pretrained.handwriting.serve.load_reader`.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
    """
    progress(0, entry.bytes)
    network, config = checkpoint.load_network(Path(str(entry.folder)), ReaderNet.from_config)
    progress(entry.bytes, entry.bytes)
    return Reader(network, config, device)
