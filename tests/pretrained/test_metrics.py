"""Figures: which way is better, which are shares, and that an interval holds its figure."""

from __future__ import annotations

import numpy as np
import pytest

from pretrained import catalog, metrics


@pytest.mark.parametrize(
    ("name", "lower", "fraction"),
    [
        ("top1", False, True),
        ("person_box_ap50", False, True),
        ("cer", True, True),
        ("cer_ratio", True, False),
        ("bleu_new", False, False),
        ("fd_ratio", True, False),
        ("nobody_knows", False, False),
    ],
)
def test_a_figure_is_known_by_its_name(name: str, lower: bool, fraction: bool) -> None:
    found = metrics.metric_of(name)
    assert (found.name, found.lower_is_better, found.fraction) == (name, lower, fraction)


def test_every_claim_is_of_a_metric_that_is_known() -> None:
    names = {claim.metric for entry in catalog.entries().values() for claim in entry.claims}
    known = {*metrics.METRICS, *(f"{name}{metrics.OF_NEW}" for name in metrics.METRICS)}
    assert {n for n in names - known if not n.endswith(tuple(metrics.FAMILIES))} == set()


def test_a_target_is_reached_from_its_side() -> None:
    assert metrics.reaches("top1", 0.94, 0.93) and not metrics.reaches("top1", 0.92, 0.93)
    assert metrics.reaches("fd_ratio", 2.0, 2.5) and not metrics.reaches("fd_ratio", 3.0, 2.5)


def test_a_bootstrap_leaves_out_what_is_no_number_and_holds_its_figure() -> None:
    found = metrics.percentiles(0.9, [0.1, 0.2, float("nan")])
    assert found["low"] < 0.2 and found["high"] == 0.9
    assert metrics.percentiles(0.5, [float("nan")]) == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_a_jackknife_is_students_interval_within_what_the_metric_can_be() -> None:
    """Of a mean it is the textbook's: t times the standard error."""
    rows = np.array([1.0, 2.0, 4.0, 5.0, 8.0])
    left_out = [float(np.delete(rows, n).mean()) for n in range(5)]
    found = metrics.jackknife("fd", float(rows.mean()), left_out)
    half = 2.776445 * rows.std(ddof=1) / 5**0.5
    assert found["high"] - found["value"] == pytest.approx(half, rel=1e-4)
    assert metrics.jackknife("precision", 0.99, [0.5, 1.0])["high"] == 1.0
