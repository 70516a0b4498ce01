"""What one call through the engine adds to the bare call, for a single caller.

Every repeat measures the bare calls, in a process of their own, right before the engine's. A model
that does nothing shows what the engine's own work takes: two changes of thread and the queue. A
real one takes longer by itself when its thread has slept for a moment, the more the busier the
machine is (cold caches, a processor that was given away): a bare call after a sleep shows how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.bare import Bare
from benchmarks.load import Effort, closed_loops
from benchmarks.table import Spread, Table, paired
from benchmarks.ways import KEY, PATIENCE, engine, loaded
from inference import Engine, Settings
from pretrained import catalog

COLUMNS = ("call", "µs a call", "µs more than bare", "times bare")
NOTES = (
    "median call of each repeat; median (lowest to highest) of the repeats",
    f"{KEY}: one picture in memory a call, a single caller",
)
REST = 0.0001  # seconds: about what the engine takes between two calls of a caller
CALLS = 2_000  # of the model that does nothing, in a repeat


class Nothing:
    """A model that gives back what it is given."""

    bytes = 0

    def predict(self, inputs: list[Any], **options: Any) -> list[Any]:
        return inputs


def table(calls: Sequence[tuple[str, Sequence[float], Sequence[float]]]) -> Table:
    """Rows of (what, seconds of its median call, seconds of the bare one), an item a repeat."""
    rows = tuple(
        (
            name,
            Spread.of([second * 1e6 for second in seconds]),
            Spread.of([(a - b) * 1e6 for a, b in zip(seconds, bare, strict=True)]),
            paired(seconds, bare) if all(bare) else None,
        )
        for name, seconds, bare in calls
    )
    return Table("What one call through the engine adds", COLUMNS, rows, NOTES)


async def measure(device: str, effort: Effort, say: Callable[[str], None]) -> Table:
    """The engine's own work, then a real model."""
    nothing = [await _nothing(min(CALLS, effort.calls)) for _ in range(effort.repeats)]
    bare: list[float] = []
    rested: list[float] = []
    ours: list[float] = []
    with Bare(KEY, device) as model:
        expected = model.labels()
        async with engine(device, 1) as ask:
            await closed_loops(ask, expected, 1, Effort(seconds=PATIENCE, calls=len(expected)))
            model.loop(1, Effort(seconds=PATIENCE, calls=len(expected)))
            for repeat in range(effort.repeats):
                say(f"one call: {repeat + 1} of {effort.repeats}")
                bare.append(median(model.loop(1, effort).latencies))
                rested.append(median(model.loop(1, effort, REST).latencies))
                ours.append(median((await closed_loops(ask, expected, 1, effort)).latencies))
    return table(
        [
            ("engine, a model that does nothing", nothing, [0.0] * len(nothing)),
            ("bare", bare, bare),
            (f"bare, after {REST * 1e6:.0f} µs of sleep", rested, bare),
            ("engine", ours, bare),
        ]
    )


async def _nothing(calls: int) -> float:
    """Seconds of the median call of `Nothing` through an engine of its own."""
    entry = catalog.find(KEY)
    idle = Engine({KEY: entry}, Settings(device="cpu"), load=lambda *_: Nothing())
    seconds = []
    async with loaded(idle, KEY) as ours:
        for number in range(calls):
            begin = perf_counter()
            await ours.predict(KEY, number)
            seconds.append(perf_counter() - begin)
    return median(seconds)
