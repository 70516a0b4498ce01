"""Random histories. Whatever happens in whatever order, at every step:

- no device is over its budget while something idle could leave it,
- no model leaves while somebody holds it, and none is loaded twice at once,
- every request is answered exactly once, and in the end all are.

Workers run on the test's own thread, turn by turn, so that each history can be replayed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from engine_fakes import Clock, FakeEntry, House, Loader, OutOfMemoryError, Spoilt, settled
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from inference.cache import Cache, Lease
from inference.device import Device
from inference.errors import Refusal
from inference.metrics import Metrics

KEYS = "abcd"
ENTRIES = {key: FakeEntry(key, bytes=10 * (1 + at), max_batch=3) for at, key in enumerate(KEYS)}
DEVICES = [
    Device("cpu", "", "", {"cpu": 55}),
    Device("cuda", "", "", {"cuda": 45, "cpu": 15}),
    Device("mps", "", "", {"mps": 5}),
]
BOUNDS = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
key_names = st.sampled_from(KEYS)


def prepare() -> None:
    logging.disable()  # what pytest captures would keep tracebacks, and so models, alive
    gc.freeze()  # so that the cache's collections look at this history's objects only


def restore() -> None:
    logging.disable(logging.NOTSET)
    gc.unfreeze()


def over_budget_though_idle(cache: Cache) -> list[str]:
    """Memories that hold more than they should while an idle model is in them."""
    if cache.device is None:
        return []
    return [
        memory
        for memory, budget in cache.device.budgets.items()
        if cache._used(memory) > budget
        and any(
            slot.where == memory and slot.leases == 0 and slot.state in ("warm", "parked")
            for slot in cache._slots.values()
        )
    ]


class Leases(RuleBasedStateMachine):
    """Acquire, release, unload and evict, also in the middle of each other's loads and moves."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        prepare()
        self.clock, self.loader = Clock(), Loader()
        self.mine: list[Lease] = []
        self.meanwhile: list[tuple[str, str]] = []
        self.loader.during = lambda key: self.happen()

    @rule(device=st.sampled_from(DEVICES), keep_alive=st.sampled_from([0.0, 10.0, 1000.0]))
    @precondition(lambda self: not hasattr(self, "cache"))
    def build(self, device: Device, keep_alive: float) -> None:
        self.keep_alive = keep_alive
        self.cache = Cache(self.loader, lambda: device, self.clock, keep_alive, Metrics())

    def happen(self) -> None:
        """Something that another thread does while this one loads or moves a model."""
        if not self.meanwhile:
            return
        what, key = self.meanwhile.pop()
        if what == "release":
            for lease in [lease for lease in self.mine if lease._slot.entry.key == key][:1]:
                self.mine.remove(lease)
                lease.release()
        elif what == "unload":
            self.cache.unload(key)
        elif what == "later":
            self.clock.now += 7
            self.cache.evict_due()
        elif what == "acquire" and self.cache.row(ENTRIES[key])["state"] in ("cold", "warm"):
            self.mine.append(self.cache.acquire(ENTRIES[key]))

    @rule(
        target=held,
        key=key_names,
        error=st.sampled_from([None, None, None, ValueError, OutOfMemoryError, "twice"]),
        size=st.sampled_from([5, 10, 40]),
        meanwhile=st.lists(
            st.tuples(st.sampled_from(["release", "unload", "later", "acquire"]), key_names),
            max_size=3,
        ),
    )
    @precondition(lambda self: hasattr(self, "cache"))
    def acquire(self, key: str, error: Any, size: int, meanwhile: list[Any]) -> Any:
        self.loader.sizes[key] = size
        self.meanwhile = meanwhile
        self.loader.errors[key] = {
            None: [],
            "twice": [MemoryError(), MemoryError()],
        }.get(error, [error() if isinstance(error, type) else None])
        try:
            lease = self.cache.acquire(ENTRIES[key])
        except (ValueError, MemoryError):
            return multiple()
        finally:
            self.loader.errors[key] = []
        lease.model.on_move = self.happen
        self.mine.append(lease)
        return lease

    @rule(lease=consumes(held))
    def release(self, lease: Lease) -> None:
        if lease in self.mine:
            self.mine.remove(lease)
        lease.release()

    @rule(key=key_names)
    @precondition(lambda self: hasattr(self, "cache"))
    def unload(self, key: str) -> None:
        self.cache.unload(key)
        assert self.cache.cold(key) == (
            not any(lease._slot.entry.key == key for lease in self.mine)
        )

    @rule(seconds=st.sampled_from([1.0, 10.0, 50.0]))
    @precondition(lambda self: hasattr(self, "cache"))
    def later(self, seconds: float) -> None:
        self.clock.now += seconds
        self.cache.evict_due()

    @rule()
    @precondition(lambda self: hasattr(self, "cache"))
    def evict(self) -> None:
        self.cache.evict_idle()

    @invariant()
    def promises_are_kept(self) -> None:
        if not hasattr(self, "cache"):
            return
        assert over_budget_though_idle(self.cache) == []
        counted = Counter(lease._slot.entry.key for lease in self.mine)
        for key in KEYS:
            row = self.cache.row(ENTRIES[key])
            assert row["leases"] == counted[key]
            if row["state"] == "cold":
                assert self.loader.model(key) is None, "left, and is in memory all the same"
            else:
                patience = self.keep_alive * (2 if row["state"] == "parked" else 1)
                assert row["leases"] or row["idle_seconds"] < patience
        for lease in self.mine:
            assert lease.model is self.loader.model(lease._slot.entry.key)
            assert lease.model.device == self.cache.device.kind  # type: ignore[union-attr]

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            restore()

    def finish(self) -> None:
        if hasattr(self, "cache"):
            for lease in self.mine:
                lease.release()
            self.mine.clear()
            self.cache.close()
            assert self.cache._slots == {}


class Requests(RuleBasedStateMachine):
    """Ask, stream, cancel, close, fail, unload and let time pass, between any two turns."""

    def __init__(self) -> None:
        super().__init__()
        prepare()
        self.loop = asyncio.new_event_loop()
        self.asked: list[tuple[asyncio.Task[Any], Any]] = []
        self.streams: list[tuple[Any, list[asyncio.Task[Any]]]] = []
        self.begun = 0
        self.background: list[asyncio.Task[Any]] = []
        self.house: House | None = None

    def settle(self) -> None:
        self.loop.run_until_complete(settled())

    @rule(device=st.sampled_from(DEVICES), keep_alive=st.sampled_from([0.0, 10.0, 1000.0]))
    @precondition(lambda self: self.house is None)
    def build(self, device: Device, keep_alive: float) -> None:
        self.house = House(*ENTRIES.values(), device=device, keep_alive_s=keep_alive, queue_limit=6)

    @rule(
        key=key_names,
        kind=st.sampled_from(["good", "good", "good", "spoilt", "handed", "hungry", "starving"]),
        option=st.integers(0, 1),
        deadline=st.sampled_from([None, 5.0]),
        caller=st.sampled_from([(), ("x", "1"), ("x", "2"), ("y", "1")]),
    )
    @precondition(lambda self: self.house)
    def ask(
        self, key: str, kind: str, option: int, deadline: float | None, caller: tuple[str, ...]
    ) -> None:
        number, tries = len(self.asked), iter([OutOfMemoryError()])

        def hungry() -> Any:
            for error in tries:
                raise error
            return "answer", number

        def starving() -> None:
            raise MemoryError

        inputs: dict[str, Any] = {
            "good": number,
            "spoilt": Spoilt(),
            "handed": ValueError(),
            "hungry": hungry,
            "starving": starving,
        }
        expected = ("answer", number) if kind in ("good", "hungry") else None
        options: dict[str, Any] = {"deadline": deadline, "caller": caller, "option": option}
        asking = self.house.engine.predict(key, inputs[kind], **options)
        self.asked.append((self.loop.create_task(asking), expected))
        self.settle()

    @rule(key=key_names, length=st.integers(-1, 5), spoilt_at=st.sampled_from([None, None, 2]))
    @precondition(lambda self: self.house)
    def stream(self, key: str, length: int, spoilt_at: int | None) -> None:
        self.streams.append((self.house.engine.stream(key, length, spoilt_at=spoilt_at), []))

    @rule(data=st.data())
    @precondition(lambda self: self.streams)
    def read(self, data: st.DataObject) -> None:
        stream, reads = data.draw(st.sampled_from(self.streams))
        if all(read.done() for read in reads):
            self.begun += not reads
            reads.append(self.loop.create_task(anext(stream)))
            self.settle()

    @rule(data=st.data())
    @precondition(lambda self: self.streams)
    def stop_reading(self, data: st.DataObject) -> None:
        stream, reads = data.draw(st.sampled_from(self.streams))
        self.streams.remove((stream, reads))
        if reads and not reads[-1].done():
            reads[-1].cancel()
            self.settle()
        self.loop.run_until_complete(stream.aclose())

    @rule(data=st.data())
    @precondition(lambda self: self.asked)
    def cancel(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.asked))[0].cancel()
        self.settle()

    @rule(key=key_names, turns=st.integers(1, 3))
    @precondition(lambda self: self.house)
    def work(self, key: str, turns: int) -> None:
        for _ in range(turns):
            self.house.workers.step(key)
            self.settle()

    @rule(key=key_names, error=st.sampled_from([OSError, MemoryError, OutOfMemoryError]))
    @precondition(lambda self: self.house)
    def next_load_fails(self, key: str, error: type[Exception]) -> None:
        self.house.loader.errors[key] = [error()]

    @rule(meanwhile=st.sampled_from(["cancel", "unload", "later", "nothing"]))
    @precondition(lambda self: self.house)
    def during_loads(self, meanwhile: str) -> None:
        def happen(key: str) -> None:
            if meanwhile == "unload":
                self.house.engine._cache.unload(key)
            elif meanwhile == "later":
                self.house.clock.now += 6
            elif meanwhile == "cancel":
                for task, _ in self.asked[-2:]:
                    task.cancel()
                self.settle()

        self.house.loader.during = happen

    @rule(key=key_names)
    @precondition(lambda self: self.house)
    def preload(self, key: str) -> None:
        self.background.append(self.loop.create_task(self.house.engine.preload(key)))
        self.settle()

    @rule(key=key_names, bytes=st.sampled_from([10, 20]))
    @precondition(lambda self: self.house)
    def replace_entry(self, key: str, bytes: int) -> None:
        self.house.engine.add(replace(self.house.engine.entries[key], bytes=bytes))
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 6.0, 50.0]))
    @precondition(lambda self: self.house)
    def later(self, seconds: float) -> None:
        self.house.clock.now += seconds

    @invariant()
    def promises_are_kept(self) -> None:
        if self.house is None:
            return
        engine = self.house.engine
        assert over_budget_though_idle(engine._cache) == []
        status = engine.status()
        assert 0 <= status["queue"]["waiting"] <= 6
        for row in status["models"]:
            assert row["leases"] in (0, 1)
            if row["leases"]:
                model = self.house.loader.model(row["key"])
                assert row["state"] == "warm" and model is not None
                assert model.device == engine._cache.device.kind  # type: ignore[union-attr]
        for task, expected in self.asked:
            if task.done() and not task.cancelled() and task.exception() is None:
                assert task.result() == expected
        # Whoever has an outcome has been counted, and nobody twice.
        ended = sum(task.done() for task, _ in self.asked)
        assert ended <= self.house.outcomes().total() <= len(self.asked) + self.begun

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            restore()

    def finish(self) -> None:
        if self.house is None:
            self.loop.close()
            return
        self.loop.run_until_complete(self.house.run())
        assert all(task.done() for task, _ in self.asked), "somebody was never answered"
        assert len(self.house.engine._queue) == 0
        assert all(task.done() for task in self.background)
        for stream, reads in self.streams:
            for read in reads:
                assert read.done()
                with contextlib.suppress(Refusal, StopAsyncIteration, asyncio.CancelledError):
                    read.result()
            self.loop.run_until_complete(stream.aclose())
        closing = self.loop.create_task(self.house.engine.close())
        self.loop.run_until_complete(self.house.run())
        self.loop.run_until_complete(closing)
        for task in self.background:
            assert task.done()
            with contextlib.suppress(Refusal):
                task.result()
        for task, expected in self.asked:
            if not task.cancelled() and task.exception() is not None:
                assert isinstance(task.exception(), Refusal)
            elif not task.cancelled():
                assert task.result() == expected
        assert self.house.outcomes().total() == len(self.asked) + self.begun
        gc.collect()
        assert all(self.house.loader.model(key) is None for key in KEYS)
        assert not self.house.workers.loops
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


def test_host_memory_keeps_its_budget_while_the_accelerator_is_over_its_own() -> None:
    loader = Loader()
    loader.sizes |= {"a": 10, "b": 10, "c": 50}
    cache = Cache(loader, lambda: DEVICES[1], Clock(), 1000.0, Metrics())
    for key in "ab":
        cache.acquire(ENTRIES[key]).release()
    with cache.acquire(ENTRIES["c"]):  # both of the others are parked, one too many
        assert over_budget_though_idle(cache) == []


Leases.TestCase.settings = BOUNDS
Requests.TestCase.settings = BOUNDS
TestLeases = pytest.mark.filterwarnings("ignore")(Leases.TestCase)
TestRequests = pytest.mark.filterwarnings("ignore")(Requests.TestCase)
