"""What each figure is called, in which unit, which way is better, and how its interval is found.

Every 95% interval is a mapping ``{"value", "low", "high"}``. Imports neither torch nor numpy until
one is computed, since the catalogue reads the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 2_000  # of a bootstrap (Efron 1979)
BLOCK = 500  # characters whose mean counts as one observation: neighbours are not independent
Interval = dict[str, float]


@dataclass(frozen=True)
class Metric:
    """A figure.

    Attributes:
        name: as ``evaluate --json`` prints it.
        unit: in words, for a figure that has one.
        lower_is_better: whether it is an error or a distance.
        fraction: whether it goes from 0 to 1 and is shown in percent.
    """

    name: str
    unit: str = ""
    lower_is_better: bool = False
    fraction: bool = False


METRICS = {
    metric.name: metric
    for metric in (
        Metric("top1", fraction=True),
        Metric("top5", fraction=True),
        Metric("ece", lower_is_better=True),
        Metric("ap50", fraction=True),
        Metric("ap", fraction=True),
        Metric("nats_per_char", "nats per character", lower_is_better=True),
        Metric("wellformed", fraction=True),
        Metric("ifeval", fraction=True),
        Metric("cer", lower_is_better=True, fraction=True),
        Metric("cer_real", lower_is_better=True, fraction=True),
        Metric("cer_ratio", lower_is_better=True),
        Metric("bleu", "points of 100"),
        Metric("chrf", "points of 100"),
        Metric("fd", lower_is_better=True),
        Metric("fd_ratio", lower_is_better=True),
        Metric("precision", fraction=True),
        Metric("recall", fraction=True),
    )
}
#: A metric of one part: ``person_box_ap50``, ``bleu_new``.
FAMILIES = {"ap50": METRICS["ap50"], "_ap": METRICS["ap"]}
OF_NEW = "_new"  # over what the training data do not hold


def metric_of(name: str) -> Metric:
    """The metric of a name; one that nobody knows is a plain number of which more is better."""
    known = METRICS.get(name.removesuffix(OF_NEW))
    family = next((one for end, one in FAMILIES.items() if name.endswith(end)), Metric(name))
    return replace(known or family, name=name)


def reaches(name: str, value: float, target: float) -> bool:
    """Whether a figure is as good as its target: as high, or as low for an error or a distance."""
    return value <= target if metric_of(name).lower_is_better else value >= target


@dataclass(frozen=True)
class Claim:
    """One measured figure. ``low`` and ``high`` bound its 95% interval; None where unknown."""

    metric: str
    value: float
    low: float | None
    high: float | None
    split: str
    n: int | None
    command: str
    reference: str
    target: float | None = None

    @classmethod
    def published(
        cls, metric: str, value: float, split: str, n: int | None, reference: str
    ) -> Claim:
        """A figure of a model's authors: without an interval, and not measured here."""
        return cls(metric, value, None, None, split, n, command="", reference=reference)

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where none was set."""
        return None if self.target is None else reaches(self.metric, self.value, self.target)


def wilson(right: int, count: int) -> Interval:
    """A share of ``count`` with its 95% interval (Wilson 1927)."""
    from scipy.stats import binomtest

    low, high = binomtest(right, count).proportion_ci(0.95, method="wilson")
    return {"value": right / count, "low": float(low), "high": float(high)}


def percentiles(value: float, drawn: Sequence[float] | NDArray[np.float64]) -> Interval:
    """A figure, with the middle 95% of what a bootstrap drew, the figure itself inside. What is not
    a finite number is left out."""
    import numpy as np

    known = np.asarray(drawn, np.float64)
    known = known[np.isfinite(known)]
    low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (value, value)
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value)}


def ratio_of_sums(
    above: NDArray[Any], below: NDArray[Any], groups: Sequence[NDArray[Any]], draws: int = DRAWS
) -> Interval:
    """``above.sum() / below.sum()`` [N], ``groups`` of rows (those of one writer) drawn anew."""
    import numpy as np

    sums = np.array([[above[rows].sum(), below[rows].sum()] for rows in groups], np.float64)
    picks = np.random.default_rng(0).integers(0, len(groups), (draws, len(groups)))
    drawn = sums[picks].sum(1)
    value = float(above.sum() / max(1, below.sum()))
    return percentiles(value, drawn[:, 0] / np.maximum(drawn[:, 1], 1))


def mean_of_blocks(values: NDArray[np.float64], block: int = BLOCK) -> Interval:
    """The mean of a row [T] whose neighbours are not independent: the interval comes from the
    spread of the means of ``block`` values each."""
    mean = float(values.mean())
    count = len(values) // block
    if count < 2:
        return {"value": mean, "low": mean, "high": mean}
    means = values[: count * block].reshape(count, block).mean(1)
    half = 1.96 * float(means.std(ddof=1)) / count**0.5
    return {"value": mean, "low": mean - half, "high": mean + half}


def jackknife(name: str, value: float, left_out: Sequence[float]) -> Interval:
    """A figure, and what it is when each part in turn is left out (Efron & Stein 1981): Student's t
    makes an interval of how these vary. It stays within what the metric can be."""
    import numpy as np
    from scipy.stats import t

    free = len(left_out) - 1
    half = float(t.ppf(0.975, free)) * float(np.std(left_out)) * free**0.5
    most = 1.0 if metric_of(name).fraction else float("inf")
    return {"value": value, "low": max(0.0, value - half), "high": min(most, value + half)}
