"""Which device is taken, why, with what budget; and what counts as running out of memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from engine_fakes import OutOfMemoryError

from inference import Settings
from inference import device as devices
from inference.device import MIB, choose, cores, free_host_memory, is_out_of_memory, with_room


def torch(*, cuda: bool = False, mps: bool = False) -> Any:
    """As much of torch as `choose` looks at."""
    fake = SimpleNamespace(threads=None)
    fake.cuda = SimpleNamespace(
        is_available=lambda: cuda,
        get_device_name=lambda: "H200",
        mem_get_info=lambda: (100 * MIB, 140 * MIB),
        empty_cache=lambda: None,
    )
    fake.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps))
    fake.mps = SimpleNamespace(empty_cache=lambda: None)
    fake.set_num_threads = lambda count: setattr(fake, "threads", count)
    return fake


@pytest.fixture(autouse=True)
def _a_host_with_64_mib_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "free_host_memory", lambda: 64 * MIB)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.parametrize(
    ("there", "kind", "budgets"),
    [
        ({}, "cpu", {"cpu": 32 * MIB}),
        ({"mps": True}, "mps", {"mps": 32 * MIB}),
        ({"cuda": True, "mps": True}, "cuda", {"cuda": 80 * MIB, "cpu": 32 * MIB}),
    ],
)
def test_the_best_device_is_taken_and_the_reason_logged(
    there: dict[str, bool], kind: str, budgets: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        device = choose(Settings(), torch(**there))
    assert (device.kind, device.budgets) == (kind, budgets)
    assert device.reason in caplog.text and device.name in caplog.text


def test_a_device_that_was_asked_for_is_taken_if_it_is_there() -> None:
    assert choose(Settings(device="cpu"), torch(cuda=True)).kind == "cpu"
    absent = choose(Settings(device="cuda"), torch())
    assert absent.kind == "cpu" and "cuda was asked for" in absent.reason


def test_a_memory_limit_is_the_devices_budget() -> None:
    assert choose(Settings(memory_mb=7), torch(cuda=True)).budgets["cuda"] == 7 * MIB


def test_threads_are_those_asked_for_or_one_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = torch()
    choose(Settings(threads=3), fake)
    assert fake.threads == 3
    choose(Settings(), fake)
    assert fake.threads == cores() >= 1
    fake.threads = None
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    choose(Settings(), fake)
    assert fake.threads is None  # torch has followed the variable by itself


def test_a_containers_limits_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    group = {"cpu.max": "50000 100000", "memory.max": str(3 * MIB), "memory.current": str(MIB)}
    monkeypatch.setattr(devices, "_cgroup", lambda name: group[name])
    assert cores() == 1
    assert free_host_memory() == 2 * MIB
    group.update({"cpu.max": "max 100000", "memory.max": "max"})
    assert cores() >= 1
    assert free_host_memory() > 2 * MIB


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError(),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_running_out_is_recognised_without_torch(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_other_errors_are_not() -> None:
    assert not is_out_of_memory(ValueError("out of memory, I say"))


def test_torchs_own_error_is_named_as_expected() -> None:
    torch = pytest.importorskip("torch")
    assert is_out_of_memory(torch.cuda.OutOfMemoryError())
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_other_errors_are_not_tried_again() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise ValueError

    with pytest.raises(ValueError):
        with_room(work, lambda: None)
    assert len(tries) == 1
