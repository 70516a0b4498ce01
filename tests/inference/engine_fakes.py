"""A clock that is told the time, models that do as they are told, workers taken turn by turn."""

from __future__ import annotations

import asyncio
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from inference import Engine, Settings
from inference.device import Device
from inference.worker import Worker


class Clock:
    """Seconds, which pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class FakeEntry:
    key: str
    bytes: int = 10
    max_batch: int = 4
    loader: str = "nowhere:load"
    unfiltered: bool = False
    fleeting: bool = False


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


class Spoilt(Exception):
    """An input that makes the whole ``predict`` raise."""


class FakeState:
    """A generation that counts up to a length. `spoilt_at` is where its step raises."""

    def __init__(self, length: int, spoilt_at: int | None = None) -> None:
        self.length, self.spoilt_at, self.count = length, spoilt_at, 0

    @property
    def done(self) -> bool:
        return self.count >= self.length


class FakeModel:
    """Answers ``("answer", input)``. Raises `Spoilt`, hands other exceptions back, calls what can
    be called."""

    def __init__(self, key: str, size: int, device: str) -> None:
        self.key, self.bytes, self.device = key, size, device
        self.batches: list[list[Any]] = []
        self.steps: list[int] = []
        self.on_begin: Callable[[], None] | None = None
        self.on_move: Callable[[], None] | None = None

    def to(self, device: str) -> None:
        if self.on_move:
            self.on_move()
        self.device = device

    def predict(self, inputs: list[Any], **options: Any) -> list[Any]:
        self.batches.append(list(inputs))
        return [self._answer(input) for input in inputs]

    def _answer(self, input: Any) -> Any:
        if isinstance(input, Spoilt):
            raise input
        return (
            input()
            if callable(input)
            else input
            if isinstance(input, Exception)
            else (
                "answer",
                input,
            )
        )

    def begin(self, prompt: int, *, spoilt_at: int | None = None) -> FakeState:
        if self.on_begin:
            self.on_begin()
        if prompt < 0:
            raise ValueError("no such prompt")
        return FakeState(prompt, spoilt_at)

    def step(self, states: list[FakeState]) -> list[Any]:
        self.steps.append(len(states))
        if any(state.count == state.spoilt_at for state in states):
            raise ValueError("a spoilt step")
        for state in states:
            state.count += 1
        return [state.count for state in states]


class Loader:
    """Loads `FakeModel`s, and sees to it that no key is ever loaded twice at once."""

    def __init__(self) -> None:
        self.loads: Counter[str] = Counter()
        self.loading: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.alive: dict[str, weakref.ref[FakeModel]] = {}
        self.errors: dict[str, list[BaseException]] = {}
        self.during: Callable[[str], None] | None = None

    def __call__(self, entry: Any, device: str, progress: Callable[[int, int], None]) -> FakeModel:
        key = entry.key
        assert key not in self.loading, "two loads of one key"
        assert self.model(key) is None, "loaded again while it is still in memory"
        self.loading.add(key)
        try:
            self.loads[key] += 1
            progress(1, 2)
            if self.during:
                self.during(key)
            if self.errors.get(key):
                raise self.errors[key].pop(0)
            model = FakeModel(key, self.sizes.get(key, entry.bytes), device)
        finally:
            self.loading.discard(key)
        self.alive[key] = weakref.ref(model)
        return model

    def model(self, key: str) -> FakeModel | None:
        """The one model of this key that is in memory, if any."""
        return self.alive[key]() if key in self.alive else None


class Workers:
    """Runs the engine's workers on the test's own thread, one turn at a time."""

    def __init__(self) -> None:
        self.loops: dict[str, Iterator[float]] = {}

    def start(self, worker: Worker) -> None:
        assert worker.key not in self.loops, "two workers for one model"
        self.loops[worker.key] = worker.loop()

    def step(self, key: str) -> bool:
        """One turn; whether there was something to do."""
        if key not in self.loops:
            return False
        idle = next(self.loops[key], None)
        if idle is None:
            del self.loops[key]
        return not idle

    def run(self) -> None:
        """Until no worker has anything to do."""
        while any([self.step(key) for key in list(self.loops)]):
            pass


CPU = Device("cpu", "a test", "no other", {"cpu": 100})
GPU = Device("cuda", "a test", "no other", {"cuda": 25, "cpu": 25})


class House:
    """An engine with everything injected."""

    def __init__(
        self, *entries: FakeEntry, device: Device = CPU, by_hand: bool = True, **settings: Any
    ) -> None:
        self.clock, self.loader, self.workers = Clock(), Loader(), Workers()
        self.engine = Engine(
            {entry.key: entry for entry in entries or (FakeEntry("a"),)},
            Settings(**settings),
            load=self.loader,
            clock=self.clock,
            device=device,
            **({"start": self.workers.start} if by_hand else {}),
        )

    def ask(self, key: str, input: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.ensure_future(self.engine.predict(key, input, **options))

    async def run(self) -> None:
        """Until nobody has anything to do."""
        for _ in range(3):
            await settled()
            self.workers.run()
        await settled()

    def row(self, key: str) -> dict[str, Any]:
        return next(row for row in self.engine.status()["models"] if row["key"] == key)

    def state(self, key: str) -> str:
        return self.row(key)["state"]

    def outcomes(self) -> Counter[str]:
        """How requests ended, by the metrics."""
        counted: Counter[str] = Counter()
        for metric in self.engine.metrics.registry.collect():
            for sample in metric.samples:
                if sample.name == "breakthroughs_requests_total":
                    counted[sample.labels["outcome"]] += int(sample.value)
        return counted


async def settled() -> None:
    """Lets every coroutine run that can. Five rounds are more than any chain of callbacks here."""
    for _ in range(5):
        await asyncio.sleep(0)
