"""A round of the game, and one visitor's game of ten."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from demos.images import answers, points
from demos.streaming import Latest

ROUNDS = 10


@dataclass(frozen=True)
class Round:
    """Two drawings in the order in which they are shown, uint8 [64, 64, 3] each; which one, 0 or 1,
    is the GAN's; the discriminator's score of each: the lower, the less it takes it for a
    photograph."""

    pictures: tuple[np.ndarray, np.ndarray]
    gan: int
    scores: tuple[float, float]

    @property
    def vote(self) -> int:
        """The one that the discriminator says is the GAN's."""
        return int(self.scores[1] < self.scores[0])


@dataclass
class Play(Latest):
    """One visitor's game. ``now``: the round that is shown; ``chosen``: what the visitor said to
    it; ``coming``: the next one, where it is drawn already; ``wanted``: the visitor waits for it.
    """

    told: list[tuple[bool, bool]] = field(default_factory=list)  # visitor, discriminator: right?
    now: Round | None = None
    chosen: int | None = None
    coming: Round | None = None
    wanted: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def over(self) -> bool:
        return len(self.told) >= ROUNDS

    @property
    def asks(self) -> bool:
        """Whether it is the visitor's turn to say something."""
        return self.now is not None and self.chosen is None

    def show(self) -> None:
        """The next round, where it is drawn; after the last one the first of a new game."""
        if self.coming is None:
            return
        if self.over:
            self.told = []
        self.now, self.chosen, self.coming, self.wanted = self.coming, None, None, False

    def choose(self, side: Any) -> bool:
        """What the visitor says; False where nothing is asked."""
        if self.now is None or not self.asks or side not in (0, 1):
            return False
        self.chosen = int(side)
        self.told.append((self.chosen == self.now.gan, self.now.vote == self.now.gan))
        return True


async def pair(engine: Any) -> Round:
    """A round, from seeds that nobody knows."""
    keys = [answers.GAN, answers.DIFFUSION]
    gan = secrets.randbelow(2)
    if gan:
        keys.reverse()
    seeds = [
        points.single(secrets.randbelow(points.MOST_SEED + 1), points.TRUNCATION) for _ in keys
    ]
    options = [{} if key == answers.GAN else {"steps": answers.STEPS} for key in keys]
    left, right = await asyncio.gather(
        *(
            answers.drawn(engine, key, [seed], **option)
            for key, seed, option in zip(keys, seeds, options, strict=True)
        )
    )
    pictures = (left.images[0], right.images[0])
    judged = await answers.together(
        engine, answers.GAN, [{"picture": picture} for picture in pictures], view="score"
    )
    return Round(pictures, gan, (judged[0]["score"], judged[1]["score"]))
