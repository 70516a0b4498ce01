"""Who leaves when room is needed: the choice alone, which `inference.cache` and
`benchmarks.replay` share.

A policy is told of every use and asked for a victim among the idle. That a model idle for longer
than the keep-alive leaves anyway is the cache's own rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(eq=False)
class Held:
    """What a policy knows of a model in memory.

    ``bytes``: measured. ``used_at``: seconds, of the last use's end. ``uses``: since it came.
    ``load_s``: seconds that bringing it in took. ``priority``: a policy's own note.
    """

    bytes: int = 0
    used_at: float = 0.0
    uses: int = 0
    load_s: float = 0.0
    priority: float = 0.0


H = TypeVar("H", bound=Held)
FLEETING = 2  # entries so called that stay in memory while nobody uses them, of all visitors'


class Policy(Protocol):
    """Not locked: the cache calls it under its own lock."""

    def used(self, held: Held) -> None:
        """A model came into memory, or was used there once more."""

    def victim(self, idle: Sequence[H]) -> H:
        """Of at least one idle model, the one that leaves."""


class LeastRecent:
    """Whoever was used longest ago (LRU)."""

    def used(self, held: Held) -> None:
        """Nothing to note: ``used_at`` is all it reads."""

    def victim(self, idle: Sequence[H]) -> H:
        return min(idle, key=lambda held: held.used_at)


class GreedyDual:
    """Whoever is cheapest to miss for each byte: Greedy-Dual-Size with Frequency.

    Priority is L + uses · cost / bytes, where L is the priority of the last victim, so that what
    was popular long ago grows old (Cherkasova 1998, HPL-98-69; Cao & Irani 1997). ``cost`` is the
    measured seconds of a load where ``by_seconds``, else 1 each, which favours small models.
    """

    def __init__(self, by_seconds: bool = True) -> None:
        self._by_seconds, self._inflation = by_seconds, 0.0

    def used(self, held: Held) -> None:
        cost = held.load_s if self._by_seconds else 1.0
        held.priority = self._inflation + held.uses * cost / max(1, held.bytes)

    def victim(self, idle: Sequence[H]) -> H:
        chosen = min(idle, key=lambda held: (held.priority, held.used_at))
        self._inflation = max(self._inflation, chosen.priority)
        return chosen
