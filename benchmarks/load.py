"""Callers that ask and wait, and the bare loop that they are held against."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from benchmarks.ways import PATIENCE, Ask


@dataclass(frozen=True)
class Effort:
    """How much is measured: repeats of so many ``seconds``, or ``calls`` if those come first."""

    repeats: int = 3
    seconds: float = 2.0
    calls: int = 20_000
    callers: tuple[int, ...] = (1, 8, 32)


QUICK = Effort(repeats=1, seconds=1.0, calls=24, callers=(1, 4))


@dataclass(frozen=True)
class Load:
    """What came of one repeat: its length and the right answers' latencies, in seconds.

    ``reason`` says why the first of those that ``failed`` did.
    """

    seconds: float
    latencies: tuple[float, ...]
    failed: int = 0
    reason: str = ""

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return len(self.latencies) / self.seconds


@dataclass
class Measured:
    """What a row tells of: a way with so many at once, and the rate of what it is held against at
    each repeat. ``wrong``: what it was before the repeats, where that is not what it is alone."""

    way: str
    batch: int
    loads: list[Load] = field(default_factory=list)
    references: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many did, before the repeats and in them."""
        return sum(load.failed for load in self.loads) + len(self.wrong)

    def reasons(self) -> list[str]:
        """Why the first one failed, if any did."""
        found = self.wrong + [load.reason for load in self.loads if load.failed]
        return [f"{self.way}, {self.batch} at once, a failure: {found[0]}"] if found else []


def bare_loop(
    model: Any, inputs: Sequence[object], batch: int, effort: Effort, rest: float = 0.0
) -> Load:
    """``model.predict`` on batch after batch, with nothing around it.

    ``rest``: seconds to sleep before each, which its latency does not count.
    """
    endless = cycle(inputs)
    latencies: list[float] = []
    start = time.perf_counter()
    while time.perf_counter() - start < effort.seconds and len(latencies) < effort.calls:
        if rest:
            time.sleep(rest)
        begin = time.perf_counter()
        model.predict(list(islice(endless, batch)))
        latencies += [time.perf_counter() - begin] * batch
    return Load(time.perf_counter() - start, tuple(latencies))


async def closed_loops(ask: Ask, expected: Sequence[str], callers: int, effort: Effort) -> Load:
    """So many callers at once, each asking again as soon as it has its answer.

    ``expected`` has the right label of each sample. What was begun in time is waited for.
    """
    latencies: list[float] = []
    reasons: list[str] = []
    begun = 0
    start = time.perf_counter()

    async def caller(number: int) -> None:
        nonlocal begun
        sample = number
        while time.perf_counter() - start < effort.seconds and begun < effort.calls:
            begun += 1
            sample = (sample + 1) % len(expected)
            begin = time.perf_counter()
            try:
                label = await asyncio.wait_for(ask(number, sample), PATIENCE)
            except Exception as error:  # whatever a client raises: the caller got no answer
                reasons.append(f"{type(error).__name__}: {error}")
                continue
            if label == expected[sample]:
                latencies.append(time.perf_counter() - begin)
            else:
                reasons.append(f"{label!r} instead of {expected[sample]!r}")

    await asyncio.gather(*(caller(number) for number in range(callers)))
    seconds = time.perf_counter() - start
    return Load(seconds, tuple(latencies), len(reasons), "".join(reasons[:1]))
