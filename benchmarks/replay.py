"""Visitors' traffic, replayed against ways to choose who leaves memory.

    python -m benchmarks replay                   generated traffic, three seeds
    python -m benchmarks replay --log FILE        recorded: JSON Lines, {"t": seconds, "model": key}

The cache is the engine's own (`inference.cache`), and so is the choice of a victim
(`inference.eviction`); only the loads, the computations and the clock are simulated: events in the
order of their time, a lease for as long as a model has work, what arrives meanwhile in its next
batch, as `inference.worker` does. Loads of different models do not slow each other down.
"""

from __future__ import annotations

import heapq
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving import percentile
from benchmarks.table import Spread, Table
from inference.cache import Cache, Lease
from inference.device import Device
from inference.eviction import GreedyDual, LeastRecent, Policy
from inference.metrics import Metrics
from pretrained import catalog

MB = 1e6
#: Megabytes in memory and seconds of a load, on one thread of two busy cores, the file read before
#: and the libraries imported: the third of three loads of each bundled model, 2026-11-29.
MEASURED = {
    "classification/imagenet": (18.8, 0.099),
    "classification/cifar10": (12.9, 0.058),
    "classification/hog-svm": (0.07, 0.001),
    "text/shakespeare": (15.2, 0.106),
    "text/tang": (66.3, 0.402),
    "handwriting/pen": (4.0, 0.031),
    "handwriting/reader": (2.8, 0.015),
    "translation/en-fr": (29.5, 0.333),
    "translation/en-zh": (29.5, 0.252),
    "translation/en-fr-plain": (20.2, 0.192),
    "images/faces-gan": (7.2, 0.053),
    "images/faces-diffusion": (11.4, 0.099),
    "detection/everyday": (16.6, 0.136),
    "detection/rcnn": (18.8, 0.107),
}
#: Assumed for every other model: the middle of what those take for each megabyte.
LOAD_S, LOAD_S_A_MB = 0.02, 0.007
#: Assumed: seconds that a batch computes, or a generation lasts; what is a generation joins others.
SECONDS = {
    "classification": 0.05, "detection": 0.2, "text": 3.0,
    "handwriting": 3.0, "translation": 0.3, "images": 0.3,
}  # fmt: skip
JOINING = ("text", "handwriting")

#: Assumed of visitors. Tabs by how often they are opened; a task's models in the catalogue's order,
#: the k-th asked 1 / k^ZIPF as often as the first.
TABS = {
    "classification": 5, "detection": 3, "text": 4, "handwriting": 2, "translation": 3, "images": 3,
}  # fmt: skip
ZIPF = 1.5
VISITORS, HOURS = 600, 2.0  # in an hour; how many hours
TABS_A_VISITOR, ASKED_A_TAB, THINKING = 2.5, 4.0, 12.0  # means; the last in seconds
OWN, OWN_MB = 0.1, (4.0, 40.0)  # visitors who ask a model that they trained, and its size
CLASS = 30  # pupils who come within two minutes in the middle of it, each with an own model
SEEDS = (1, 2, 3)
BUDGETS = (100.0, 300.0, 1000.0, 4000.0)  # MB
KEEP_ALIVE = 300.0  # seconds: the setting's default

#: By name: the policy, and seconds after which an idle model leaves anyway.
POLICIES: dict[str, tuple[Callable[[], Policy], float]] = {
    "least recent, 5 min": (LeastRecent, KEEP_ALIVE),
    "least recent, 1 h": (LeastRecent, 3600.0),
    "least recent, no end": (LeastRecent, math.inf),
    "GDSF by count, no end": (lambda: GreedyDual(by_seconds=False), math.inf),
    "GDSF by seconds, no end": (GreedyDual, math.inf),
    "GDSF by seconds, 5 min": (GreedyDual, KEEP_ALIVE),
}
FIRST = next(iter(POLICIES))
COLUMNS = (
    "policy, keep-alive",
    "MB",
    "% hits",
    "GB loaded",
    "mean wait ms",
    "p99 wait ms",
    "loads",
)


class BadLog(ValueError):
    """A line of a log is no request, or comes before the one above it."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__(
            f'Line {line} of {file} is not {{"t": seconds, "model": key}} '
            "in the order of time: correct it, or leave it out."
        )


@dataclass(frozen=True)
class Asked:
    """A request at ``t`` seconds to a model."""

    t: float
    model: str


@dataclass(frozen=True)
class Weighed:
    """A model as far as the cache sees it: a catalogue entry, and the model that it loads."""

    key: str
    bytes: int
    load_s: float
    max_batch: int = 32
    loader: str = ""


@dataclass(frozen=True)
class Outcome:
    """Of one replay. ``waits``: seconds from asked until its computation began, in rising order."""

    hits: int
    loads: int
    bytes: int
    waits: tuple[float, ...]


def weigh(key: str, megabytes: float | None = None) -> Weighed:
    """What a model takes: measured, else by its catalogue entry's bytes, else a visitor's own."""
    if megabytes is None and key in MEASURED:
        mb, seconds = MEASURED[key]
        return Weighed(key, int(mb * MB), seconds)
    if megabytes is None:
        entry = catalog.entries().get(key)
        megabytes = entry.bytes / MB if entry else sum(OWN_MB) / 2
    return Weighed(key, int(megabytes * MB), LOAD_S + LOAD_S_A_MB * megabytes)


def generated(
    seed: int, visitors: float = VISITORS, hours: float = HOURS
) -> tuple[list[Asked], dict[str, Weighed]]:
    """Traffic by the assumptions above, and what its models weigh."""
    chance = random.Random(seed)
    known: dict[str, list[str]] = {task: [] for task in TABS}
    for key, entry in catalog.entries().items():
        known[entry.task].append(key)
    weights = {key: weigh(key) for keys in known.values() for key in keys}
    asked: list[Asked] = []

    def some(mean: float) -> int:
        """At least one, geometric."""
        count = 1
        while chance.random() > 1 / mean:
            count += 1
        return count

    def visit(t: float, task: str | None, own: bool) -> None:
        for _ in range(1 if task else some(TABS_A_VISITOR)):
            tab = task or chance.choices([*TABS], [*TABS.values()])[0]
            keys = known[tab]
            model = chance.choices(keys, [1 / k**ZIPF for k in range(1, len(keys) + 1)])[0]
            if own:
                model = f"{tab}/own-{len(weights)}"
                weights[model] = weigh(model, chance.uniform(*OWN_MB))
            for _ in range(some(ASKED_A_TAB)):
                asked.append(Asked(t, model))
                t += chance.expovariate(1 / THINKING)

    t, end = 0.0, hours * 3600
    while (t := t + chance.expovariate(visitors / 3600)) < end:
        visit(t, None, chance.random() < OWN)
    for _ in range(CLASS):
        visit(end / 2 + chance.uniform(0, 120), "classification", True)
    return sorted(asked, key=lambda one: one.t), weights


def recorded(file: Path) -> tuple[list[Asked], dict[str, Weighed]]:
    """Traffic from a log, one request a line, in the order of time.

    Raises:
        BadLog: a line is something else.
    """
    asked: list[Asked] = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            one = Asked(float(told["t"]), str(told["model"]))
        except (ValueError, KeyError, TypeError):
            raise BadLog(file=file.name, line=number) from None
        if not math.isfinite(one.t) or (asked and one.t < asked[-1].t):
            raise BadLog(file=file.name, line=number)
        asked.append(one)
    return asked, {key: weigh(key) for key in {one.model for one in asked}}


@dataclass
class Work:
    """What a model does now. ``ready``: when it is loaded; ``end``: when what it computes is done;
    ``more``: whether a batch waits for that."""

    lease: Lease
    ready: float
    end: float
    more: bool = False


def replay(
    asked: Sequence[Asked],
    weights: Mapping[str, Weighed],
    policy: Policy,
    keep_alive: float,
    budget: float,
) -> Outcome:
    """One trace against one policy. ``budget`` in bytes, ``keep_alive`` in seconds."""
    now, loads, brought, hits = 0.0, 0, 0, 0

    def clock() -> float:
        return now

    def load(entry: Any, device: str, progress: Any) -> Weighed:
        nonlocal now, loads, brought
        now, loads, brought = now + entry.load_s, loads + 1, brought + entry.bytes
        return weights[entry.key]

    device = Device("cpu", "", "", {"cpu": int(budget)})
    cache = Cache(load, lambda: device, clock, keep_alive, Metrics(clock), policy)
    working: dict[str, Work] = {}
    ends: list[tuple[float, str]] = []
    waits: list[float] = []

    def finish(until: float) -> None:
        """What ends before that."""
        nonlocal now
        while ends and ends[0][0] <= until:
            at, key = heapq.heappop(ends)
            work = working[key]
            if work.more:
                work.end, work.more = at + SECONDS[key.partition("/")[0]], False
            if work.end > at:
                heapq.heappush(ends, (work.end, key))
                continue
            now = at
            del working[key]
            work.lease.release()

    for one in asked:
        finish(one.t)
        now = one.t
        cache.evict_due()
        task = one.model.partition("/")[0]
        work = working.get(one.model)
        if work is None:
            lease = cache.acquire(weights[one.model])
            ready, now = now, one.t  # the load took the model's time, and nobody else's
            hits += ready == one.t
            waits.append(ready - one.t)
            working[one.model] = work = Work(lease, ready, ready + SECONDS.get(task, 0.1))
            heapq.heappush(ends, (work.end, one.model))
            continue
        hits += work.ready <= one.t
        if task in JOINING:
            waits.append(max(0.0, work.ready - one.t))
            work.end = max(work.end, one.t + SECONDS[task])
        else:
            waits.append(work.end - one.t)
            work.more = True
    finish(math.inf)
    return Outcome(hits, loads, brought, tuple(sorted(waits)))


def measure(log: Path | None, quick: bool, say: Callable[[str], None]) -> Table:
    """Every policy at every budget, on each trace."""
    if log is not None:
        traces = [recorded(log)]
    else:
        hours = HOURS / 8 if quick else HOURS
        traces = [generated(seed, hours=hours) for seed in (SEEDS[:1] if quick else SEEDS)]
    rows: list[tuple[Any, ...]] = []
    for budget in BUDGETS:
        for name, (policy, keep_alive) in POLICIES.items():
            say(f"replay: {name}, {budget:,.0f} MB")
            found = [replay(*trace, policy(), keep_alive, budget * MB) for trace in traces]
            rows.append(row(name, budget, found))
    return Table(
        "Who leaves memory, on replayed traffic", COLUMNS, tuple(rows), tuple(notes(log, traces))
    )


def row(name: str, budget: float, found: Sequence[Outcome]) -> tuple[Any, ...]:
    """One line of the table."""
    return (
        name,
        f"{budget:,.0f}",
        Spread.of([100 * one.hits / len(one.waits) for one in found]),
        Spread.of([one.bytes / 1e9 for one in found]),
        Spread.of([1000 * sum(one.waits) / len(one.waits) for one in found]),
        Spread.of([percentile(one.waits, 0.99) or 0.0 for one in found]),
        Spread.of([float(one.loads) for one in found]),
    )


def notes(
    log: Path | None, traces: Sequence[tuple[list[Asked], dict[str, Weighed]]]
) -> Iterator[str]:
    """What the figures are of."""
    requests = ", ".join(f"{len(asked):,}" for asked, _ in traces)
    total = sum(one.bytes for one in traces[0][1].values()) / 1e9
    yield f"requests: {requests}; all models of the first trace together: {total:.1f} GB"
    if log is not None:
        yield f"recorded in {log.name}"
    else:
        yield (
            f"generated: {VISITORS} visitors an hour, {TABS_A_VISITOR:g} tabs each, "
            f"{ASKED_A_TAB:g} requests a tab, {THINKING:g} s apart; {OWN:.0%} ask "
            f"a model of their own of {OWN_MB[0]:g} to {OWN_MB[1]:g} MB, "
            f"and so do {CLASS} pupils within two minutes"
        )
        yield f"models of a tab by 1/k^{ZIPF:g} in the catalogue's order"
        yield "median (lowest to highest) of three seeds"
    yield "hits: requests that waited for no load; waits: asked until its computation began"
    yield (
        "loads of bundled models measured on two busy cores, others assumed "
        f"{LOAD_S * 1000:g} ms and {LOAD_S_A_MB * 1000:g} ms a MB"
    )
