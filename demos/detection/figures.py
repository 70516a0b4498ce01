"""The large numbers at the foot of Try, from the network's own metrics.json."""

from __future__ import annotations

from demos import page
from demos.detection.answers import EVERYDAY
from demos.language import Words

#: (metric of the card, word key ``detection.fact.<name>``), the most telling first.
TOLD = (
    ("person_box_ap50", "person_box"),
    ("person_mask_ap50", "person_mask"),
    ("catdog_box_ap50", "catdog"),
    ("box_ap50", "box"),
)


def headline(words: Words) -> None:
    """What was measured; nothing where nothing was yet."""
    if rows := measured():
        page.facts(words, rows)


def measured() -> list[tuple[str, str]]:
    """(figure with its interval, word key) of each measure of the card."""
    found: dict[str, dict[str, float]] = {}
    for result in page.read_metrics(EVERYDAY).get("results", ()):
        found = dict(result["metrics"]) | found
    return [
        (page.figure("box_ap50", found[metric]), f"detection.fact.{name}")
        for metric, name in TOLD
        if metric in found
    ]
