"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from inference.metrics import Metrics


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
    told = samples(metrics)
    prefix = "breakthroughs_"
    assert told[prefix + "requests_total", "a", "answered"] == 1
    assert told[prefix + "requests_total", "a", "busy"] == 1
    assert told[prefix + "request_seconds_sum", "a"] == 0.2  # of answers only
    assert told[prefix + "batch_size_sum", "a"] == 8
    assert told[prefix + "loads_total", "a", "loaded"] == 1
    assert told[prefix + "loads_total", "b", "failed"] == 1
    assert told[prefix + "evictions_total", "a", "host"] == 1
    assert told[(prefix + "queue_waiting",)] == 3
    assert told[(prefix + "model_bytes",)] == 400


def test_two_engines_do_not_share_a_registry() -> None:
    first, second = Metrics(), Metrics()
    first.batch("a", 1)
    assert ("breakthroughs_batch_size_sum", "a") not in samples(second)
