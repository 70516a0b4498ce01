"""Things of several callers, taken by turns: who asks for much waits for himself.

Callers are told apart by a path, such as (address, session): the turns go round among addresses,
and within each among its sessions, so that nobody gains by opening many.
Round-robin scheduling: Nagle 1987 (RFC 970).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
Path = tuple[str, ...]


class RoundRobin(Generic[T]):
    """Not locked: whoever shares one brings a lock."""

    def __init__(self) -> None:
        self._items: OrderedDict[int, T] = OrderedDict()  # of callers whose path ends here
        self._below: OrderedDict[str, RoundRobin[T]] = OrderedDict()  # longest unserved first

    def append(self, item: T, caller: Path = ()) -> None:
        """Behind what else this caller has here. Items are told apart by identity."""
        if not caller:
            self._items[id(item)] = item
            return
        self._below.setdefault(caller[0], RoundRobin()).append(item, caller[1:])

    def remove(self, item: T, caller: Path = (), *, served: bool = False) -> bool:
        """False if it is not here. With ``served`` the caller's next turn comes after all others'.

        A caller of whom nothing is left is forgotten.
        """
        if not caller:
            return self._items.pop(id(item), None) is not None
        below = self._below.get(caller[0])
        if below is None or not below.remove(item, caller[1:], served=served):
            return False
        if not below:
            del self._below[caller[0]]
        elif served:
            self._below.move_to_end(caller[0])
        return True

    def count(self, caller: Path) -> int:
        """How many things are here of all callers whose path begins so."""
        if not caller:
            return len(self)
        below = self._below.get(caller[0])
        return below.count(caller[1:]) if below else 0

    def __iter__(self) -> Iterator[T]:
        """In the order in which they would be taken, as things stand when the iteration starts."""
        rounds = [iter(list(self._items.values())), *map(iter, list(self._below.values()))]
        while rounds:
            still = []
            for each in rounds:
                try:
                    yield next(each)
                except StopIteration:
                    continue
                still.append(each)
            rounds = still

    def __len__(self) -> int:
        return len(self._items) + sum(map(len, self._below.values()))

    def __bool__(self) -> bool:
        return bool(self._items or self._below)
