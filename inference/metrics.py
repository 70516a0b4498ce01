"""What the engine did, for Prometheus: ``GET /metrics`` serves `Metrics.render`.

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: Content type of what `Metrics.render` gives.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: What every model is called that is served and not listed.
UNLISTED = "unlisted"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counters of one engine, in a registry of its own. Any thread may call any method."""

    def __init__(self) -> None:
        self._listed: Callable[[str], bool] = lambda key: True
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
        self._requests.labels(self._name(key), outcome).inc()
        if outcome == "answered":
            self._seconds.labels(self._name(key)).observe(seconds)

    def batch(self, key: str, size: int) -> None:
        self._batch.labels(self._name(key)).observe(size)

    def loaded(self, key: str, seconds: float) -> None:
        self._loads.labels(self._name(key), "loaded").inc()
        self._load_seconds.labels(self._name(key)).observe(seconds)

    def load_failed(self, key: str) -> None:
        self._loads.labels(self._name(key), "failed").inc()

    def left(self, key: str, to: str) -> None:
        """A model left the device: ``to`` is ``host`` (parked) or ``nowhere`` (dropped)."""
        self._evictions.labels(self._name(key), to).inc()

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
