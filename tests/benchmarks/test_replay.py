"""The simulator counts what the cache does. Nothing is timed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.replay import Asked, BadLog, Weighed, generated, recorded, replay
from inference.eviction import GreedyDual, LeastRecent

WEIGHTS = {key: Weighed(key, 10, 1.0) for key in ("images/a", "images/b", "text/c")}


def test_what_is_in_memory_waits_for_nothing() -> None:
    asked = [Asked(0, "images/a"), Asked(50, "images/a")]
    found = replay(asked, WEIGHTS, LeastRecent(), 100.0, 10)
    assert (found.hits, found.loads, found.bytes, found.waits) == (1, 1, 10, (0.0, 1.0))


def test_the_keep_alive_and_the_budget_cost_loads() -> None:
    asked = [Asked(0, "images/a"), Asked(50, "images/b"), Asked(99, "images/a")]
    assert replay(asked, WEIGHTS, LeastRecent(), 1000.0, 20).loads == 2
    assert replay(asked, WEIGHTS, LeastRecent(), 1000.0, 10).loads == 3
    assert replay(asked, WEIGHTS, LeastRecent(), 10.0, 20).loads == 3


def test_who_comes_while_a_model_works_is_in_its_next_batch_or_joins() -> None:
    late = replay([Asked(0, "images/a"), Asked(1.1, "images/a")], WEIGHTS, LeastRecent(), 9, 10)
    assert late.loads == 1 and late.waits[0] == pytest.approx(0.2)  # loads 1 s, computes 0.3 s
    joins = replay([Asked(0, "text/c"), Asked(1.1, "text/c")], WEIGHTS, LeastRecent(), 9, 10)
    assert joins.waits == (0.0, 1.0) and joins.hits == 1


def test_policies_differ_where_they_should() -> None:
    weights = {"images/big": Weighed("images/big", 80, 1.0), "images/a": Weighed("images/a", 10, 1)}
    weights["images/new"] = Weighed("images/new", 20, 1.0)
    order = ["images/a", "images/big", "images/new", "images/a"]
    asked = [Asked(10.0 * n, key) for n, key in enumerate(order)]
    assert replay(asked, weights, LeastRecent(), 1000, 100).loads == 4
    assert replay(asked, weights, GreedyDual(), 1000, 100).loads == 3


def test_a_seed_makes_the_same_traffic_in_order() -> None:
    first, weights = generated(1, visitors=60, hours=0.1)
    assert first == generated(1, visitors=60, hours=0.1)[0] != generated(2, 60, 0.1)[0]
    assert first == sorted(first, key=lambda one: one.t)
    assert {one.model for one in first} <= set(weights)


def test_a_log_is_read_and_a_bad_line_named(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"t": 1, "model": "text/tang"}\n\n{"t": 2, "model": "text/mine"}\n')
    asked, weights = recorded(log)
    assert [one.model for one in asked] == ["text/tang", "text/mine"] == sorted(weights)[::-1]
    log.write_text('{"t": 2, "model": "a/b"}\n{"t": 1, "model": "a/b"}\n')
    with pytest.raises(BadLog, match=r"Line 2 of log\.jsonl"):
        recorded(log)
