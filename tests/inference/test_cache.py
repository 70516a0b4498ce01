"""Leases, the budget, who leaves first, and loads that several wait for."""

from __future__ import annotations

import threading

import pytest
from engine_fakes import CPU, GPU, Clock, FakeEntry, Loader, OutOfMemoryError

from inference.cache import Cache
from inference.device import Device
from inference.errors import Closed
from inference.metrics import Metrics

A, B, C = (FakeEntry(key) for key in "abc")


class Shelf:
    def __init__(self, device: Device = CPU, keep_alive: float = 300.0) -> None:
        self.clock, self.loader = Clock(), Loader()
        self.cache = Cache(self.loader, lambda: device, self.clock, keep_alive, Metrics())

    def use(self, *entries: FakeEntry) -> None:
        """Takes and gives back a lease on each, a second apart."""
        for entry in entries:
            self.cache.acquire(entry).release()
            self.clock.now += 1

    def states(self) -> str:
        return " ".join(self.cache.row(entry)["state"] for entry in (A, B, C))


def test_a_model_is_loaded_once_and_stays() -> None:
    shelf = Shelf()
    shelf.use(A, A, A)
    assert shelf.loader.loads["a"] == 1
    assert shelf.cache.used() == 10


def test_bytes_are_those_measured_after_the_load() -> None:
    shelf = Shelf()
    shelf.loader.sizes["a"] = 33
    shelf.use(A)
    assert shelf.cache.row(A)["bytes"] == shelf.cache.used() == 33


def test_idle_models_leave_after_the_keep_alive() -> None:
    shelf = Shelf(keep_alive=10)
    shelf.use(A)
    shelf.clock.now = 9.9
    shelf.cache.evict_due()
    assert shelf.states() == "warm cold cold"
    shelf.clock.now = 10
    shelf.cache.evict_due()
    assert shelf.states() == "cold cold cold"
    assert shelf.loader.model("a") is None


def test_the_oldest_use_leaves_first_when_room_is_needed() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 20}))
    shelf.use(A, B, A, C)
    assert shelf.states() == "warm cold warm"


def test_of_many_that_are_fleeting_few_stay_and_no_other_leaves_for_them() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 40}))
    moments = [FakeEntry(f"moment {n}", fleeting=True) for n in range(6)]
    shelf.use(A, B, *moments)
    assert [shelf.cache.row(one)["state"] for one in moments] == [*["cold"] * 4, *["warm"] * 2]
    assert shelf.states() == "warm warm cold"
    assert shelf.cache.used() == 40
    shelf.use(C)  # the budget is full: what is fleeting leaves, though A was used longest ago
    assert shelf.states() == "warm warm warm"


def test_room_is_made_before_the_load_by_the_size_expected() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 20}))
    shelf.use(A, B)
    seen = []
    shelf.loader.during = lambda key: seen.append(shelf.states())
    shelf.use(C)
    assert seen == ["cold warm loading"]


def test_a_model_larger_than_expected_makes_its_room_afterwards() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 20}))
    shelf.use(B)
    shelf.loader.sizes["a"] = 15
    lease = shelf.cache.acquire(A)
    assert shelf.states() == "warm cold cold"
    lease.release()


def test_a_leased_model_never_leaves() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 10}), keep_alive=1)
    lease = shelf.cache.acquire(A)
    shelf.clock.now = 100
    shelf.cache.unload("a")
    shelf.cache.evict_idle()
    shelf.use(B)
    assert lease.model is shelf.loader.model("a")
    assert shelf.states() == "warm cold cold"  # over the budget, so B left once it was idle
    lease.release()
    assert shelf.states() == "cold cold cold"


def test_leases_are_counted_and_released_once() -> None:
    shelf = Shelf()
    first, second = shelf.cache.acquire(A), shelf.cache.acquire(A)
    first.release()
    first.release()
    assert shelf.cache.row(A)["leases"] == 1
    second.release()
    assert shelf.cache.row(A)["leases"] == 0


def test_a_model_over_the_whole_budget_is_served_but_not_kept() -> None:
    shelf = Shelf(Device("cpu", "", "", {"cpu": 5}))
    with shelf.cache.acquire(A) as lease:
        assert lease.model.key == "a"
    assert shelf.states() == "cold cold cold"


def test_on_an_accelerator_the_idle_are_parked_and_come_back_without_a_load() -> None:
    shelf = Shelf(GPU)
    shelf.use(A, B, C)
    assert shelf.states() == "parked warm warm"
    assert shelf.loader.model("a").device == "cpu"
    shelf.use(A)
    assert shelf.states() == "warm parked warm"
    assert shelf.loader.model("a").device == "cuda"
    assert shelf.loader.loads == {"a": 1, "b": 1, "c": 1}


def test_parked_models_keep_to_the_budget_of_the_host() -> None:
    shelf = Shelf(Device("cuda", "", "", {"cuda": 10, "cpu": 10}))
    shelf.use(A, B, C)
    assert shelf.states() == "cold parked warm"


def test_parked_models_leave_after_a_second_keep_alive() -> None:
    shelf = Shelf(GPU, keep_alive=10)
    shelf.use(A)
    shelf.clock.now = 10
    shelf.cache.evict_due()
    assert shelf.states() == "parked cold cold"
    shelf.clock.now = 20
    shelf.cache.evict_due()
    assert shelf.states() == "cold cold cold"


def test_a_model_that_cannot_be_parked_is_dropped() -> None:
    shelf = Shelf(GPU)
    with shelf.cache.acquire(A) as lease:
        lease.model.on_move = lambda: (_ for _ in ()).throw(ValueError("stuck"))
    shelf.use(B, C)
    assert shelf.states() == "cold warm warm"


def test_a_load_that_fails_is_not_remembered() -> None:
    shelf = Shelf()
    shelf.loader.errors["a"] = [ValueError("torn")]
    with pytest.raises(ValueError, match="torn"):
        shelf.cache.acquire(A)
    assert shelf.states() == "cold cold cold"
    shelf.use(A)
    assert shelf.loader.loads["a"] == 2


def test_a_load_that_runs_out_of_memory_evicts_the_idle_and_tries_once_more() -> None:
    shelf = Shelf()
    shelf.use(B)
    shelf.loader.errors["a"] = [OutOfMemoryError()]
    with shelf.cache.acquire(A):
        assert shelf.states() == "warm cold cold"
    shelf.loader.errors["c"] = [MemoryError(), MemoryError()]
    with pytest.raises(MemoryError):
        shelf.cache.acquire(C)


def test_unloading_while_loading_serves_those_who_wait_and_then_lets_go() -> None:
    shelf = Shelf()
    shelf.loader.during = shelf.cache.unload
    lease = shelf.cache.acquire(A)
    assert lease.doomed and lease.model is shelf.loader.model("a")
    lease.release()
    assert shelf.cache.cold("a") and shelf.loader.model("a") is None
    assert shelf.cache.acquire(A).model is not None  # and it can come back


def test_unloading_what_fails_to_load_is_done_too() -> None:
    shelf = Shelf()
    shelf.loader.during = shelf.cache.unload
    shelf.loader.errors["a"] = [ValueError("torn")]
    with pytest.raises(ValueError):
        shelf.cache.acquire(A)
    assert shelf.cache.cold("a")


def test_closing_breaks_a_download_off_and_refuses_new_leases() -> None:
    shelf = Shelf()
    real = shelf.loader

    def slow(entry: FakeEntry, device: str, progress: object) -> object:
        shelf.cache.close()
        return real(entry, device, progress)

    shelf.cache._load = slow
    with pytest.raises(Closed):
        shelf.cache.acquire(A)
    with pytest.raises(Closed):
        shelf.cache.acquire(B)
    assert real.loads == {"a": 1}


@pytest.mark.parametrize("fails", [False, True])
def test_one_load_however_many_wait_and_its_failure_reaches_them_all(fails: bool) -> None:
    shelf = Shelf()
    everyone_waits = threading.Event()
    shelf.loader.during = lambda key: everyone_waits.wait(30)
    if fails:
        shelf.loader.errors["a"] = [ValueError("torn")]
    outcomes: list[str] = []

    def want() -> None:
        try:
            with shelf.cache.acquire(A):
                outcomes.append("had it")
        except ValueError:
            outcomes.append("told")

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    while shelf.cache.row(A)["leases"] < 8:
        pass
    everyone_waits.set()
    for thread in threads:
        thread.join(30)
    assert outcomes == (["told"] if fails else ["had it"]) * 8
    assert shelf.loader.loads["a"] == 1
    assert shelf.cache.row(A)["leases"] == 0
