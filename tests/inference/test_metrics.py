"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from inference.metrics import LATEST, UNLISTED, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_everything_is_counted_under_its_name() -> None:
    metrics = Metrics()
    metrics.watch(lambda: 3, lambda: 400)
    metrics.finished("a", "answered", 0.2)
    metrics.finished("a", "busy", 9.0)
    metrics.batch("a", 8)
    metrics.loaded("a", 1.5)
    metrics.load_failed("b")
    metrics.left("a", "host")
    metrics.found("a", "device")
    told = samples(metrics)
    prefix = "breakthroughs_"
    assert told[prefix + "requests_total", "a", "answered"] == 1
    assert told[prefix + "requests_total", "a", "busy"] == 1
    assert told[prefix + "request_seconds_sum", "a"] == 0.2  # of answers only
    assert told[prefix + "batch_size_sum", "a"] == 8
    assert told[prefix + "loads_total", "a", "loaded"] == 1
    assert told[prefix + "loads_total", "b", "failed"] == 1
    assert told[prefix + "evictions_total", "a", "host"] == 1
    assert told[prefix + "leases_total", "device", "a"] == 1
    assert told[(prefix + "queue_waiting",)] == 3
    assert told[(prefix + "model_bytes",)] == 400


def test_two_engines_do_not_share_a_registry() -> None:
    first, second = Metrics(), Metrics()
    first.batch("a", 1)
    assert ("breakthroughs_batch_size_sum", "a") not in samples(second)


def test_lately_is_told_by_model_and_of_the_unlisted_together() -> None:
    now = [0.0]
    metrics = Metrics(clock=lambda: now[0])
    metrics.watch(lambda: 0, lambda: 0, lambda key: key == "text/a")
    for number in range(1, 101):
        now[0] = number / 10
        metrics.finished("text/a", "answered", number / 100)
    metrics.finished("text/a", "busy", 9.0)
    metrics.batch("text/a", 1)
    metrics.batch("text/a", 4)
    metrics.found("text/a", "device")
    metrics.left("text/secret", "nowhere")
    told = metrics.recent()
    assert set(told) == {"text/a", UNLISTED}
    row = told["text/a"]
    assert (row["p50_s"], row["p99_s"], row["of"]) == (0.5, 0.99, 100)
    assert row["per_second"] == 10.0  # a hundred in the ten seconds since the start
    assert (row["batch_mean"], row["batch_most"]) == (2.5, 4)
    assert row["ended"] == {"answered": 100, "busy": 1}
    assert row["cache"] == {"found_device": 1}
    now[0] = 1000.0
    assert metrics.recent()["text/a"]["per_second"] == 0


def test_the_rate_of_a_busy_model_is_of_the_answers_that_are_kept() -> None:
    now = [0.0]
    metrics = Metrics(clock=lambda: now[0])
    for number in range(3 * LATEST):
        now[0] = 100 + number / 100
        metrics.finished("a", "answered", 0.01)
    assert abs(metrics.recent()["a"]["per_second"] - 100) < 1
