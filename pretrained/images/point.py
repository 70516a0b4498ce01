"""Which face to draw: a mix of seeds, and moves from there. Imports no torch.

Each seed stands for a latent of independent normal numbers. A mix of several is their weighted sum
over the root of the sum of the squared weights, so that its numbers are as normal as one seed's: a
mix looks as much like a face as any other draw, and a walk from one face to another never passes
through the mean of all.

Truncation takes a latent nearer to that mean: there are the faces that most were learnt from, so
fewer are malformed, and they are more alike (Brock et al. 2018, arXiv 1809.11096, section 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pretrained.images.errors import BadPoint, BadSeed

if TYPE_CHECKING:
    from torch import Tensor

SEEDS = 2**32
#: From a step's numbers to the next one's: far, so that no neighbouring seed has the same ones
#: (Knuth, The Art of Computer Programming 3, section 6.4: 2**32 over the golden ratio).
APART = 2_654_435_761
#: Seeds of a mix, directions of the latent, and how far a move goes, in standard deviations.
MOST, DIRECTIONS, FAR = 8, 8, 3.0


@dataclass(frozen=True)
class Point:
    """``mix``: seeds with their weights. ``moves``: along the generator's directions, after
    ``truncation``, which the generator multiplies the mix by: 0, the mean of all, to 1, nothing."""

    mix: tuple[tuple[int, float], ...]
    moves: tuple[float, ...] = ()
    truncation: float = 1.0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Point:
        """What a caller sends, checked: ``{"mix": [[seed, weight], ...], "moves": [...],
        "truncation": 0.7}``, of which the last two may be left out.

        Raises:
            BadPoint: it is none. BadSeed: a seed is out of bounds.
        """
        try:
            mix = tuple((seed, float(weight)) for seed, weight in given["mix"])
            moves = tuple(float(move) for move in given.get("moves") or ())
            truncation = float(given.get("truncation", 1.0))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadPoint(sent=str(given)[:80]) from None
        for seed, _ in mix:
            if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < SEEDS:
                raise BadSeed(sent=str(seed)[:40], most=SEEDS - 1)
        power = math.fsum(weight**2 for _, weight in mix)
        whole = 1 <= len(mix) <= MOST and len(moves) <= DIRECTIONS and math.isfinite(power)
        near = all(abs(move) <= FAR for move in moves) and 0 <= truncation <= 1
        if not (whole and power > 1e-6 and near):
            raise BadPoint(sent=str(given)[:80])
        return cls(mix, moves, truncation)

    def latent(self, *shape: int, step: int = 0) -> Tensor:
        """The mix as numbers of that shape, as it is before truncation and moves; on any machine
        the same. ``step``: others for each step of a drawing that needs noise again and again."""
        import torch

        drawn = torch.zeros(shape)
        for seed, weight in self.mix:
            rng = torch.Generator().manual_seed((seed + step * APART) % SEEDS)
            drawn += weight * torch.randn(shape, generator=rng)
        return drawn / math.fsum(weight**2 for _, weight in self.mix) ** 0.5
