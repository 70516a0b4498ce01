"""Figures on what was held out, before a training and after it, as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demos.language import Say, reasons
from pretrained.metrics import metric_of

#: What the histories of trainings have besides `pretrained.metrics.METRICS`: less is better.
LOSSES = ("nats", "loss", "distance", "_apart")


def compared(held_out: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """What `training.provenance.compared` wrote into ``metrics.json``, in words.

    Returns:
        ``figures``, each {"label", "before", "after", "better", "worse", "best"}, ``on``: what they
        are on, and ``verdict``: a sentence where none got better. {} where nothing was compared.
    """
    before, after = held_out.get("before"), held_out.get("after")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return {}
    names = sorted((name for name in before if name in after), key=abstract)
    rows = [row(name, before[name], after[name], say) for name in names]
    n = f"{held_out.get('n', 0):,}"
    try:
        on = say.plain(f"training.on.{held_out.get('of')}", n=n)
    except KeyError:
        split = reasons.held_out(str(held_out.get("split", "")), say.lang)
        on = say.plain("training.on.other", split=split, n=n)
    return {"figures": rows, "on": on, "verdict": verdict(rows, say)} if rows else {}


def verdict(rows: Sequence[Mapping[str, Any]], say: Say) -> str:
    """What is to be said where no figure got better; "" where one did."""
    if any(row["better"] for row in rows):
        return ""
    if any(row["worse"] for row in rows):
        return say.plain("training.weaker")
    return say.plain("training.perfect" if all(row["best"] for row in rows) else "training.same")


def abstract(name: str) -> bool:
    """Whether a figure says something to specialists only: such come last."""
    return name.endswith(("nats", "loss"))


def row(name: str, before: float, after: float, say: Say) -> dict[str, Any]:
    """One figure. The words of those that nobody has named are their names."""
    metric = metric_of(name)
    lower = metric.lower_is_better or name.endswith(LOSSES)
    try:
        label = say.plain(f"training.figure.{name}")
    except KeyError:
        label = name.replace("_", " ")

    def told(value: float) -> str:
        return f"{value:.1%}" if metric.fraction else f"{value:.3g}"

    better = after < before if lower else after > before
    most = 0.0 if lower else 1.0  # of a share
    return {
        "label": label,
        "before": told(before),
        "after": told(after),
        "better": better,
        "worse": not better and told(after) != told(before),
        "best": metric.fraction and told(after) == told(most),
    }
