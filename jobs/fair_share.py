"""Whose job comes next: callers take turns, so that who asks for much waits for himself.

The turns go round among addresses, and within each among its owners (cf.
`inference.round_robin`); an owner's own jobs go in the order in which they were queued. Unlike
there, who had the last turn is kept on disk, since a turn may last half an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.store import Record


def in_order(waiting: Sequence[Record], served: Mapping[str, int]) -> list[Record]:
    """The jobs in the order in which they will have their turn, as things stand.

    Args:
        served: when each address and each owner had a turn, as `Store.served` counts.
    """
    left, had = list(waiting), dict(served)
    now = max(had.values(), default=0)
    found = []
    while left:
        one = min(left, key=lambda r: (had.get(r.address, 0), had.get(r.owner, 0), r.queued, r.id))
        left.remove(one)
        found.append(one)
        now += 1
        had[one.address] = had[one.owner] = now
    return found
