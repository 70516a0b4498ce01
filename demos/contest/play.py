"""One visitor's game: which items, what came of them, what is shown now."""

from __future__ import annotations

import json
import math
import random
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from demos.contest.rounds import Contest, Round, Said
from demos.streaming import Latest

MOST_SEED = 999_999
#: What a link says in ``?game=``: the tab, the items' seed, and the score to reach, if any.
LINK = re.compile(r"([a-z]{1,20})-(\d{1,6})(?:-(\d{1,2}(?:\.\d{1,2})?))?")
One = TypeVar("One")


@dataclass(frozen=True)
class Challenge:
    """The items of a friend's game, and that friend's score."""

    seed: int
    beat: float | None = None


def parsed(contest: Contest, sent: Any) -> Challenge | None:
    """What a link challenges to; None where it says nothing of this tab."""
    found = LINK.fullmatch(sent) if isinstance(sent, str) else None
    if found is None or found[1] != contest.tab:
        return None
    beat = float(found[3]) if found[3] else None
    most = 1 if contest.shares else contest.rounds
    return Challenge(int(found[2]), beat if beat is not None and beat <= most else None)


def played(contest: Contest, sent: Any) -> list[tuple[float, float]]:
    """What a page that was opened anew says of rounds that were played: numbers in pairs, fewer
    than a game has rounds; nothing where it is something else."""
    try:
        pairs = [(float(you), float(machine)) for you, machine in sent]
    except (TypeError, ValueError):
        return []
    good = all(0 <= one < math.inf for pair in pairs for one in pair)
    return pairs if good and len(pairs) < contest.rounds else []


def dice(tab: str, seed: int, number: int | str = "") -> random.Random:
    """What is drawn for one round of one game, the same for everybody who plays it."""
    return random.Random(f"{tab} {seed} {number}")


def item(tab: str, seed: int, number: int, items: Sequence[One]) -> One:
    """The item of a round: none comes twice in a game that is no longer than the list."""
    order = list(range(len(items)))
    dice(tab, seed).shuffle(order)
    return items[order[number % len(items)]]


@dataclass
class Play:
    """The state of a game.

    Attributes:
        seed: of its items; -1 before it has begun. beat: a friend's score with the same.
        told: round by round the points of the visitor and of the machine.
        times: likewise milliseconds, where time plays a part.
        now: the round that is shown. said: the visitor's answer to it.
        coming: the next one, where it is dealt already. wanted: the visitor waits for it.
        place: of the one who deals it.
    """

    contest: Contest
    seed: int = -1
    beat: float | None = None
    told: list[tuple[float, float]] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)
    now: Round | None = None
    said: Said | None = None
    coming: Round | None = None
    wanted: bool = False
    place: Latest = field(default_factory=Latest)

    def __deepcopy__(self, memo: Any) -> Play:
        """A visitor's own, as it stands before the game (`gr.State`)."""
        return Play(self.contest)

    @property
    def over(self) -> bool:
        return len(self.told) >= self.contest.rounds

    @property
    def asks(self) -> bool:
        """Whether it is for the visitor to say something."""
        return self.now is not None and self.said is None

    def begin(self, challenge: Challenge | None, told: Any = (), times: Any = ()) -> None:
        """A new game: a friend's, or with items that nobody knows yet; or one that goes on, after
        the rounds that a page says were ``told``, and their ``times``."""
        rounds = played(self.contest, told) if challenge else []
        challenge = challenge or Challenge(secrets.randbelow(MOST_SEED + 1))
        self.seed, self.beat = challenge.seed, challenge.beat
        self.told = [(min(you, 1.0), min(machine, 1.0)) for you, machine in rounds]
        self.times = played(self.contest, times)[: len(self.told)]
        self.now, self.said, self.coming, self.wanted = None, None, None, False

    def show(self) -> None:
        """The next round, where it is dealt."""
        if self.coming is not None:
            self.now, self.said, self.coming, self.wanted = self.coming, None, None, False

    def choose(self, answer: Any, milliseconds: Any = 0) -> bool:
        """What the visitor says; False where nothing is asked, or this is no answer."""
        if self.now is None or not self.asks:
            return False
        points = self.now.points(answer)
        if points is None:
            return False
        took = float(milliseconds) if isinstance(milliseconds, int | float) else 0.0
        self.said = Said(answer, max(0.0, took))
        self.told.append(points)
        if self.now.speed is not None:
            self.times.append((self.said.milliseconds, self.now.speed))
        return True

    def under_way(self) -> str:
        """What a page is told, as JSON, to go on with this game when it is opened anew."""
        beat = "" if self.beat is None else f"-{self.beat:g}"
        game = f"{self.contest.tab}-{self.seed}{beat}"
        return json.dumps({"game": game, "told": self.told, "times": self.times})

    def totals(self) -> tuple[list[float], list[float]]:
        """The points of the visitor and of the machine, round by round."""
        return [one[0] for one in self.told], [one[1] for one in self.told]

    def link(self) -> str:
        """What an address says after ``?game=`` that challenges to these items and this score."""
        you, _ = self.totals()
        if not self.contest.shares:
            return f"{self.contest.tab}-{self.seed}-{sum(you):.0f}"
        return f"{self.contest.tab}-{self.seed}-{sum(you) / max(1, len(you)):.2f}"
