"""Many callers at once: the engine and the page beside other ways to serve the same model.

The reference is the most that the model gives: its own ``predict`` in a bare loop over full batches
of pictures that are in memory already, in a process of its own. It is measured anew right
before every repeat.

Callers are closed loops: each asks, waits for the answer, asks again. Every answer's label is
compared with what the model says of that picture alone; a wrong one counts as failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from benchmarks.bare import Bare
from benchmarks.load import Effort, Load, closed_loops
from benchmarks.samples import SAMPLES
from benchmarks.servers import DidNotStart
from benchmarks.table import Cell, Spread, Table, paired
from benchmarks.ways import KEY, NEEDED, PATIENCE, WAYS
from pretrained import catalog

COLUMNS = (
    *("way", "callers", "images/s", "of the bare loop"),
    *("p50 ms", "p95 ms", "answers", "failed"),
)
NOTES = (
    f"{KEY}, {len(SAMPLES)} photos from scikit-image; median (lowest to highest) of the repeats,"
    " percentiles over all of them",
    "loops and engine are given pictures in memory; servers are sent files over loopback, which"
    " they open, and share the cores with their callers",
    "LitServe and Ray Serve: one worker, the same largest batch, gathered for 10 ms; naive Gradio"
    " app: one call at a time, as is Gradio's default",
    "--engine ray: one replica on this machine; the way there and back is part of a call",
)


@dataclass
class Setting:
    """One row: a way to serve at so many callers, and the bare loop's rate at each repeat."""

    way: str
    callers: int
    loads: list[Load] = field(default_factory=list)
    references: list[float] = field(default_factory=list)

    def row(self) -> tuple[Cell, ...]:
        """What `COLUMNS` name."""
        latencies = sorted(second for load in self.loads for second in load.latencies)
        rates = [load.rate for load in self.loads]
        return (
            self.way,
            self.callers,
            Spread.of(rates),
            paired(rates, self.references),
            percentile(latencies, 0.50),
            percentile(latencies, 0.95),
            len(latencies),
            sum(load.failed for load in self.loads),
        )

    def reasons(self) -> list[str]:
        """Why the first call failed, if any did."""
        found = [load.reason for load in self.loads if load.failed]
        return [f"{self.way}, {self.callers} callers, a failure: {found[0]}"] if found else []


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """In milliseconds, by the nearest rank, of seconds in rising order. None of nothing."""
    if not ordered:
        return None
    return ordered[math.ceil(share * len(ordered)) - 1] * 1000


def table(settings: Sequence[Setting], left_out: Sequence[str] = ()) -> Table:
    """The settings as one table; what went wrong is said below it."""
    failures = [reason for setting in settings for reason in setting.reasons()]
    rows = tuple(setting.row() for setting in settings)
    return Table("Serving one model", COLUMNS, rows, (*NOTES, *left_out, *failures))


async def measure(device: str, effort: Effort, say: Callable[[str], None]) -> Table:
    """Every way at every number of callers, each beside the bare loop."""
    with Bare(KEY, device) as bare:
        return await _measure(device, effort, say, bare)


async def _measure(device: str, effort: Effort, say: Callable[[str], None], bare: Bare) -> Table:
    expected = bare.labels()
    full, most = catalog.find(KEY).max_batch, max(effort.callers)

    def loop(batch: int) -> Load:
        return bare.loop(batch, effort)

    loop(full)  # warms what warms up
    batched = Setting(f"bare loop, batches of {full}", 1)
    single = Setting("bare loop, one call at a time", 1)
    for repeat in range(effort.repeats):
        say(f"bare loops: {repeat + 1} of {effort.repeats}")
        for setting, batch in ((batched, full), (single, 1)):
            setting.loads.append(loop(batch))
            setting.references.append(batched.loads[-1].rate)

    settings, left_out = [batched, single], []
    for name, way in WAYS.items():
        package, install = NEEDED.get(name, ("", ""))
        if package and find_spec(package) is None:
            left_out.append(f"{name} left out: `{install}` installs it")
            continue
        say(f"{name}: starting")
        rows = [Setting(name, callers) for callers in effort.callers]
        try:
            async with way(device, most) as ask:
                await closed_loops(ask, expected, most, Effort(seconds=PATIENCE, calls=most))
                for repeat in range(effort.repeats):
                    for row in rows:
                        say(f"{name}: {row.callers} callers, {repeat + 1} of {effort.repeats}")
                        row.references.append(loop(full).rate)
                        row.loads.append(await closed_loops(ask, expected, row.callers, effort))
        except DidNotStart as failure:
            left_out.append(f"{name} left out: {failure}")
        else:
            settings += rows
    return table(settings, left_out)
