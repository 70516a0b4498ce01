"""Who is chosen to leave."""

from __future__ import annotations

import pytest
from engine_fakes import Clock, FakeEntry, Loader

from inference.cache import Cache
from inference.device import Device
from inference.eviction import GreedyDual, Held, LeastRecent, Policy
from inference.metrics import Metrics


def used(policy: Policy, held: Held, times: int = 1) -> Held:
    for _ in range(times):
        held.uses += 1
        policy.used(held)
    return held


def test_least_recent_reads_only_when() -> None:
    old, new = Held(bytes=1, used_at=1.0, uses=99), Held(bytes=1000, used_at=2.0)
    assert LeastRecent().victim([new, old]) is old


def test_greedy_dual_lets_the_large_the_rare_and_the_cheap_go() -> None:
    policy = GreedyDual()
    base = used(policy, Held(bytes=10, load_s=1.0, used_at=1.0), times=2)
    large = used(policy, Held(bytes=100, load_s=1.0, used_at=9.0), times=2)
    assert policy.victim([base, large]) is large
    rare = used(GreedyDual(), Held(bytes=10, load_s=1.0, used_at=9.0))
    assert GreedyDual().victim([base, rare]) is rare
    cheap = used(GreedyDual(), Held(bytes=10, load_s=0.1, used_at=9.0), times=2)
    assert GreedyDual().victim([base, cheap]) is cheap


def test_greedy_dual_forgets_what_was_popular_long_ago() -> None:
    policy = GreedyDual()
    star = used(policy, Held(bytes=1, load_s=1.0), times=5)
    for _ in range(5):  # each a newcomer, used twice
        came = used(policy, Held(bytes=1, load_s=1.0, used_at=1.0), times=2)
        left = policy.victim([star, came])
        if left is star:
            return
    pytest.fail("nobody grew old")


def test_the_cache_asks_its_policy() -> None:
    clock, loader = Clock(), Loader()
    device = Device("cpu", "", "", {"cpu": 20})
    loader.during = lambda key: setattr(clock, "now", clock.now + 1)  # each load takes a second
    cache = Cache(loader, lambda: device, clock, 300.0, Metrics(), GreedyDual())
    a, b, c = FakeEntry("a", bytes=5), FakeEntry("b", bytes=12), FakeEntry("c", bytes=5)
    for entry in (a, b, c):  # a is the oldest, b the largest
        cache.acquire(entry).release()
        clock.now += 1
    assert [cache.warm(key) for key in "abc"] == [True, False, True]
