"""The tables say what the timings say. Nothing is timed here."""

from __future__ import annotations

import asyncio
import json

import pytest

from benchmarks import load, overhead
from benchmarks.load import Effort, Load, bare_loop, closed_loops
from benchmarks.samples import SAMPLES
from benchmarks.serving import COLUMNS, Setting, percentile, table
from benchmarks.table import Spread, Table, figure, paired, seconds_beside


def row(found: Table, name: str) -> dict[str, object]:
    rows = found.as_json()["rows"]
    return next(row for row in rows if name in row.values())


def test_a_spread_is_the_median_and_the_extremes() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert str(Spread.of([3.0, 1.0, 2.0])) == "2.00 (1.00 to 3.00)"
    assert str(Spread.of([0.5])) == "0.50"


def test_a_ratio_is_taken_within_each_repeat() -> None:
    # The machine was ten times slower in the second repeat: the ratio does not see it.
    assert paired([2.0, 20.0], [1.0, 10.0]) == Spread(2.0, 2.0, 2.0, 2)


def test_a_ratio_needs_its_reference_at_every_repeat() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012")],
)
def test_figures_have_about_three_digits(value: float, text: str) -> None:
    assert figure(value) == text


def test_durations_beside_a_reference() -> None:
    found = seconds_beside("Page", {"empty": [2.0, 4.0, 3.0], "ours": [3.0, 4.0, 6.0]}, "empty")
    assert row(found, "empty")["times empty"] == {"median": 1.0, "low": 1.0, "high": 1.0, "n": 3}
    assert row(found, "ours")["seconds"] == {"median": 4.0, "low": 3.0, "high": 6.0, "n": 3}
    assert row(found, "ours")["times empty"] == {"median": 1.5, "low": 1.0, "high": 2.0, "n": 3}


def test_a_serving_row() -> None:
    setting = Setting(
        "a way",
        8,
        loads=[Load(2.0, (0.1, 0.2, 0.3, 0.4)), Load(1.0, (0.5,), failed=1, reason="Timeout: ")],
        references=[4.0, 2.0],
    )
    found = table([setting], ["another left out"])
    assert row(found, "a way") == {
        "way": "a way",
        "callers": 8,
        "images/s": {"median": 1.5, "low": 1.0, "high": 2.0, "n": 2},
        "of the bare loop": {"median": 0.5, "low": 0.5, "high": 0.5, "n": 2},
        "p50 ms": pytest.approx(300),
        "p95 ms": pytest.approx(500),
        "answers": 5,
        "failed": 1,
    }
    assert found.notes[-2:] == ("another left out", "a way, 8 callers, a failure: Timeout: ")


def test_what_a_call_adds_is_taken_within_each_repeat() -> None:
    found = overhead.table(
        [("nothing", [1e-4, 2e-4], [0.0, 0.0]), ("engine", [4.1e-3, 8.3e-3], [4e-3, 8e-3])]
    )
    assert row(found, "engine")["µs more than bare"] == {
        "median": pytest.approx(200),
        "low": pytest.approx(100),
        "high": pytest.approx(300),
        "n": 2,
    }
    assert row(found, "nothing")["µs a call"]["median"] == pytest.approx(150)  # type: ignore[index]
    assert row(found, "nothing")["times bare"] is None


def test_a_rest_is_not_counted_as_the_models_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    class Model:
        def predict(self, inputs: list[object]) -> list[object]:
            now[0] += 1
            return inputs

    monkeypatch.setattr(load.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(load.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    found = bare_loop(Model(), [None], 1, Effort(seconds=30), rest=5.0)
    assert found.latencies == (1.0,) * 5 and found.seconds == 30


def test_percentiles_by_the_nearest_rank() -> None:
    hundred = [n / 1000 for n in range(1, 101)]
    assert percentile(hundred, 0.5) == pytest.approx(50)
    assert percentile(hundred, 0.95) == pytest.approx(95)
    assert percentile([0.007], 0.95) == pytest.approx(7)
    assert percentile([], 0.5) is None


def test_a_way_that_never_answered_still_has_a_row() -> None:
    silent = Setting("silent", 1, [Load(1.0, (), 3, "ConnectError: refused")], [10.0])
    text = str(table([silent]))
    printed = next(line for line in text.splitlines() if line.startswith("silent"))
    assert printed.split()[1:] == ["1", "0.00", "0.00", "-", "-", "0", "3"]
    assert "refused" in text


def test_tables_are_aligned_and_go_through_json() -> None:
    found = table([Setting("a way", 1, [Load(1.0, (0.5,))], [2.0])])
    title, _, heads, rule, line, *notes = str(found).splitlines()
    assert title == found.title
    assert len(heads) == len(rule) == len(line)
    assert all(name in heads for name in COLUMNS)
    assert all(note.startswith("* ") for note in notes)
    assert json.loads(json.dumps(found.as_json())) == found.as_json()


def test_each_call_is_counted_once_as_answered_or_failed() -> None:
    """Right, wrong and broken answers, from more callers than samples, up to the call limit."""

    async def ask(caller: int, sample: int) -> str:
        await asyncio.sleep(0)
        if sample == 2:
            raise ConnectionError("gone")
        return "cat"

    effort = Effort(seconds=60, calls=30)
    load = asyncio.run(closed_loops(ask, ["cat", "dog", "cat"], 6, effort))
    assert len(load.latencies) + load.failed == 30
    assert len(load.latencies) == 10
    assert load.reason in ("ConnectionError: gone", "'cat' instead of 'dog'")


def test_the_sample_pictures_are_installed() -> None:
    assert all(path.is_file() for path in SAMPLES)
