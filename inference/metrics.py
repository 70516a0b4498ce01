"""What the engine did, for Prometheus: ``GET /metrics`` serves `Metrics.render`.

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: Content type of what `Metrics.render` gives.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: What every model is called that is served and not listed.
UNLISTED = "unlisted"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
#: Answers and batches of each model that `Metrics.recent` is of, and seconds of its rate.
LATEST, MINUTE = 512, 60.0


@dataclass
class Recent:
    """What one model did lately, beside what it did since the start."""

    answers: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=LATEST))
    batches: deque[int] = field(default_factory=lambda: deque(maxlen=LATEST))
    ended: Tally[str] = field(default_factory=Tally)  # requests, by outcome
    cache: Tally[str] = field(default_factory=Tally)  # found_, left_…, loaded

    def row(self, now: float, running: float) -> dict[str, Any]:
        """As `Metrics.recent` gives it. ``running``: seconds since the counting began."""
        seconds = sorted(took for _, took in self.answers)
        batches = self.batches
        per_second = 0.0
        if fresh := [when for when, _ in self.answers if now - when < MINUTE]:
            # More than are kept may have been answered within the minute.
            whole = len(fresh) == LATEST
            per_second = len(fresh) / max(now - fresh[0] if whole else min(MINUTE, running), 1e-3)
        return {
            "p50_s": percentile(seconds, 50),
            "p99_s": percentile(seconds, 99),
            "of": len(seconds),
            "per_second": per_second,
            "batch_mean": sum(batches) / len(batches) if batches else None,
            "batch_most": max(batches, default=None),
            "ended": dict(self.ended),
            "cache": dict(self.cache),
        }


def percentile(ordered: list[float], percent: float) -> float | None:
    """By nearest rank; None of nothing."""
    return ordered[ceil(percent / 100 * len(ordered)) - 1] if ordered else None


class Metrics:
    """Counters of one engine, in a registry of its own. Any thread may call any method."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._listed: Callable[[str], bool] = lambda key: True
        self._clock, self._since, self._recent = clock, clock(), dict[str, Recent]()
        self._lock = threading.Lock()  # of _recent
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "breakthroughs_requests",
            "Requests by how they ended",
            ["model", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "breakthroughs_request_seconds",
            "Asked to answered",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._batch = Histogram(
            "breakthroughs_batch_size",
            "Inputs computed together",
            ["model"],
            buckets=SIZES,
            registry=registry,
        )
        self._loads = Counter(
            "breakthroughs_loads", "Models brought in", ["model", "outcome"], registry=registry
        )
        self._load_seconds = Histogram(
            "breakthroughs_load_seconds",
            "Time to bring a model in",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._evictions = Counter(
            "breakthroughs_evictions",
            "Models that left the device",
            ["model", "to"],
            registry=registry,
        )
        self._found = Counter(
            "breakthroughs_leases",
            "Times a model was needed, by where it was found: device (a hit), host or disk",
            ["model", "found"],
            registry=registry,
        )
        self._waiting = Gauge(
            "breakthroughs_queue_waiting", "Requests that wait", registry=registry
        )
        self._bytes = Gauge(
            "breakthroughs_model_bytes", "Bytes that models hold on the device", registry=registry
        )

    def watch(
        self,
        waiting: Callable[[], float],
        used: Callable[[], float],
        listed: Callable[[str], bool] = lambda key: True,
    ) -> None:
        """Where to read the queue's length and the bytes in use when asked for them. ``listed``:
        whether a model may be named; all others are `UNLISTED` together."""
        self._listed = listed
        self._waiting.set_function(waiting)
        self._bytes.set_function(used)

    def _name(self, key: str) -> str:
        return key if "/" not in key or self._listed(key) else UNLISTED

    def finished(self, key: str, outcome: str, seconds: float) -> None:
        """A request ended. ``outcome`` is ``answered``, ``cancelled`` or an error's code."""
        name = self._name(key)
        self._requests.labels(name, outcome).inc()
        if outcome == "answered":
            self._seconds.labels(name).observe(seconds)
        with self._lock:
            recent = self._of(name)
            recent.ended[outcome] += 1
            if outcome == "answered":
                recent.answers.append((self._clock(), seconds))

    def batch(self, key: str, size: int) -> None:
        name = self._name(key)
        self._batch.labels(name).observe(size)
        with self._lock:
            self._of(name).batches.append(size)

    def found(self, key: str, where: str) -> None:
        """A model was needed: ``where`` is ``device`` (a hit), ``host`` (parked) or ``disk``."""
        name = self._name(key)
        self._found.labels(name, where).inc()
        self._count(name, f"found_{where}")

    def loaded(self, key: str, seconds: float) -> None:
        name = self._name(key)
        self._loads.labels(name, "loaded").inc()
        self._load_seconds.labels(name).observe(seconds)
        self._count(name, "loaded")

    def load_failed(self, key: str) -> None:
        name = self._name(key)
        self._loads.labels(name, "failed").inc()
        self._count(name, "load_failed")

    def left(self, key: str, to: str) -> None:
        """A model left the device: ``to`` is ``host`` (parked) or ``nowhere`` (dropped)."""
        name = self._name(key)
        self._evictions.labels(name, to).inc()
        self._count(name, f"left_{to}")

    def recent(self) -> dict[str, dict[str, Any]]:
        """By model: ``p50_s``, ``p99_s`` (asked to answered) and how many answers they are ``of``,
        ``batch_mean``, ``batch_most``, all of the `LATEST` ones, None of nothing; ``per_second``,
        answers of the last minute; ``ended`` and ``cache``, counts since the start. Models that
        are not listed have one row together, `UNLISTED`."""
        now = self._clock()
        with self._lock:
            return {name: one.row(now, now - self._since) for name, one in self._recent.items()}

    def _of(self, name: str) -> Recent:
        return self._recent.setdefault(name, Recent())

    def _count(self, name: str, what: str) -> None:
        with self._lock:
            self._of(name).cache[what] += 1

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
