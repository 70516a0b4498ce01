"""The tables of Learn: what ours learnt from, what it reached, what today's weigh. From the cards;
a dash where a card has nothing yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from demos import page, results
from demos.detection.answers import EVERYDAY, RCNN
from demos.detection.learn import architectures, curves
from demos.language import Say, reasons
from demos.limits import MB
from pretrained import catalog
from pretrained.detection.coco_names import CHINESE
from pretrained.detection.hub.entries import DETECTOR_ENTRIES

DASH = "—"
#: Measures of `pretrained.detection.evaluate`, the most telling first.
METRICS = ("person_box_ap50", "person_mask_ap50", "catdog_box_ap50", "box_ap50", "mask_ap50")
KINDS = ("box_ap50", "mask_ap50")
BY_SOURCE = METRICS[:3]
MODELS = {EVERYDAY: "everyday", RCNN: "rcnn"}


@dataclass(frozen=True)
class Source:
    """A collection that ours learnt from: counted in its training pictures, crowds left out."""

    name: str
    title: str
    url: str
    pictures: int
    objects: int
    masks: int


SOURCES = (
    Source("coco", "COCO", "https://arxiv.org/abs/1405.0312", 570, 4611, 4272),
    Source(
        "clothing-co-parsing", "Clothing Co-Parsing", "https://arxiv.org/abs/1502.00739",
        838, 838, 838,
    ),
    Source(
        "oxford-pets", "Oxford-IIIT Pets", "https://www.robots.ox.ac.uk/~vgg/data/pets/",
        500, 499, 499,
    ),
    Source(
        "coco-person-only", "COCO", "https://arxiv.org/abs/1405.0312", 1611, 3761, 1119
    ),
    Source(
        "pascal-voc-2012", "Pascal VOC", "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
        100, 273, 0,
    ),
    Source(
        "open-images-5-classes", "Open Images", "https://arxiv.org/abs/1811.00982", 72, 226, 0
    ),
    Source(
        "penn-fudan", "Penn-Fudan", "https://www.cis.upenn.edu/~jshi/ped_html/", 142, 337, 337
    ),
)  # fmt: skip

#: Those of which pictures are kept aside to score by.
MEASURED = ("coco", "clothing-co-parsing", "oxford-pets", "penn-fudan")


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {
        "architectures": architectures.drawn,
        "sources": sources,
        "weights": weights,
        "overlap": curves.overlap,
        "precision": curves.precision,
        "scores": scores,
        "classes": classes,
        "by_source": by_source,
        "learning": curves.learning,
        "today": today,
    }


def reached(key: str) -> Mapping[str, Any]:
    """What a model's card says of its boxes; {} where it says nothing yet."""
    rows = page.read_metrics(key).get("results", ())
    return next((row for row in rows if "box_ap50" in row["metrics"]), {})


def share(metric: str, found: Mapping[str, Any]) -> str:
    """One figure of a table without an interval, or a dash."""
    value = found.get(metric)
    return DASH if value is None else page.figure(metric, {"value": value})


def weights(say: Say) -> str:
    """How many weights ours has, within a sentence."""
    entry = catalog.entries().get(EVERYDAY)
    return f"{entry.parameters:,}" if entry else DASH


def sources(say: Say) -> str:
    """The collections: pictures, objects and outlines of each, and all together."""
    rows = [
        (
            f'<a href="{one.url}" lang="en">{one.title}</a> '
            f"<small>{say(f'detection.chart.sources.{one.name}')}</small>",
            *(f"{count:,}" for count in (one.pictures, one.objects, one.masks)),
        )
        for one in SOURCES
    ]
    sums = [sum(getattr(one, name) for one in SOURCES) for name in ("pictures", "objects", "masks")]
    rows.append((say("detection.chart.all"), *(f"{count:,}" for count in sums)))
    learnt = page.read_metrics(EVERYDAY).get("training", {}).get("pictures", sums[0])
    heads = ("source", "pictures", "objects", "masks")
    return table(say, heads, rows, "sources", aside=f"{sums[0] - learnt:,}")


def scores(say: Say) -> str:
    """Each measure with its interval and target, beside the way of 2014 on the same pictures."""
    found = {key: reached(key) for key in MODELS}
    ours, targets = found[EVERYDAY], found[EVERYDAY].get("target", {})
    rows = []
    for metric in METRICS:
        cells = [
            page.figure(metric, measured[metric]) if metric in measured else DASH
            for measured in (row.get("metrics", {}) for row in found.values())
        ]
        one = ours.get("metrics", {}).get(metric, {})
        goal = targets.get(metric)
        aim = results.target({**one, "metric": metric, "target": goal}, say) if goal else DASH
        counts = (row.get("metrics", {}).get(metric, {}).get("n") for row in found.values())
        count = " / ".join(f"{n:,}" for n in dict.fromkeys(counts) if n) or DASH
        rows.append((say(f"detection.chart.{metric}"), *cells, aim, count))
    caption = say("detection.chart.scores")
    if ours:
        on = say(
            "detection.chart.measured",
            n=f"{ours['n']:,}",
            split=reasons.held_out(ours["split"], say.lang),
        )
        caption = page.sentences(say.lang, caption, on)
    else:
        caption = page.sentences(say.lang, caption, say("detection.chart.none"))
    names = ("measure", "everyday", "rcnn", "target", "objects")
    return page.table([say(f"detection.chart.{name}") for name in names], rows, caption)


def classes(say: Say) -> str:
    """Every class that ours offers, with its figures; a sentence where none is measured yet."""
    found = reached(EVERYDAY).get("per_class", {})
    if not found:
        return f'<p class="quiet">{say("detection.chart.no_classes")}</p>'
    rows = [
        (called(label, say), *(share(kind, row) for kind in KINDS), f"{row['n']:,}")
        for label, row in found.items()
    ]
    heads = ("kind", *(kind.partition("_")[0] for kind in KINDS), "objects")
    return table(say, heads, rows, "classes", taught=f"{taught():,}")


def taught() -> int:
    """How many kinds ours was taught, found or not; 0 where it is not here."""
    file = catalog.folder_of(EVERYDAY) / "config.json"
    return len(json.loads(file.read_text("utf-8"))["taught"]) if file.is_file() else 0


def called(label: str, say: Say) -> str:
    """A class in the visitor's language; English where it has no other name."""
    if say.lang == "en":
        return escape(label)
    return CHINESE.get(label) or f'<span lang="en">{escape(label)}</span>'


def by_source(say: Say) -> str:
    """Figures of people and pets in the pictures of each collection."""
    found = reached(EVERYDAY).get("per_source", {})
    rows = []
    for one in SOURCES:
        if one.name not in MEASURED:
            continue
        row = found.get(one.name, {})
        count = f"{row['pictures']:,}" if row else DASH
        name = f'<span lang="en">{one.title}</span>'
        rows.append((name, *(share(metric, row) for metric in BY_SOURCE), count))
    return table(say, ("source", *BY_SOURCE, "pictures"), rows, "by_source")


def today(say: Say) -> str:
    """The detectors that can be downloaded: what they weigh, and what their authors tell."""
    rows = []
    for one in DETECTOR_ENTRIES:
        published = dict(one.published)
        rows.append(
            (
                f'<a href="{one.reference}">{escape(say.model(one))}</a>',
                f"{one.parameters:,}",
                f"{one.bytes / MB:,.0f} MB",
                *(share(name, published) for name in ("box_ap", "mask_ap")),
            )
        )
    return table(say, ("detector", "weights", "size", "box_ap", "mask_ap"), rows, "today")


def table(
    say: Say, heads: tuple[str, ...], rows: list[tuple[str, ...]], caption: str, **told: str
) -> str:
    """`page.table` with heads and caption said."""
    names = [say(f"detection.chart.{head}") for head in heads]
    return page.table(names, rows, say(f"detection.chart.about.{caption}", **told))
