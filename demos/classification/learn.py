"""The figures of Learn, drawn from the models' own metrics.json beside published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from demos import models, page
from demos.language import Say, reasons
from inference import Engine
from pretrained import catalog

CIFAR, IMAGENET, HOG = (f"classification/{name}" for name in ("cifar10", "imagenet", "hog-svm"))
STARTS = ("nothing", "head", "whole")  # of `head_start`, from what costs most data to what least
HUMAN_CIFAR = 0.94  # Karpathy 2011: about 94% on 400 pictures, one person
HUMAN_IMAGENET = 5.1  # % top-5 error of the trained annotator, Russakovsky et al. 2015, section 6.4


@dataclass(frozen=True)
class Published:
    """A figure that others measured. ``name`` is the word key ``classification.chart.<name>``."""

    name: str
    value: float
    shown: str
    url: str


KARPATHY = "http://karpathy.github.io/2011/04/27/manually-classifying-cifar10/"
CIFAR_OTHERS = (
    Published("coates", 0.796, "79.6%", "https://proceedings.mlr.press/v15/coates11a.html"),
    Published("human", HUMAN_CIFAR, "≈ 94%", KARPATHY),
    Published("vit", 0.995, "99.5%", "https://arxiv.org/abs/2010.11929"),  # table 2, ViT-H/14
)
# Winners' top-5 error in %, classification task without outside data: Russakovsky et al. 2015,
# table 5; 2015 from He et al. 2015, table 5 (ensemble).
ILSVRC = (
    (2010, "NEC-UIUC", 28.2, False),
    (2011, "XRCE", 25.8, False),
    (2012, "AlexNet", 16.4, True),
    (2013, "Clarifai", 11.7, True),
    (2014, "GoogLeNet", 6.7, True),
    (2015, "ResNet", 3.6, True),
)


def facts(say: Say) -> str:
    """The numbers at the foot of Try: of the network that answers first, as published; on ten
    things, ours, the way before and one careful human."""
    published = [
        (f"{claim.value:.1%}", "classification.fact.imagenet")
        for claim in catalog.find(IMAGENET).claims
        if claim.low is None and claim.metric == "top1"
    ]
    rows = measured((CIFAR, "cifar"), (HOG, "hog"))
    rows.append((f"{HUMAN_CIFAR:.0%}", "classification.fact.human"))
    groups = [("classification.fact.thousand", published), ("classification.fact.ten", rows)]
    return page.fact_groups_html(groups, say)


def measured(*asked: tuple[str, str]) -> list[tuple[str, str]]:
    """(accuracy with its interval, label) of each model, (key, name of its label), that has one."""
    return [
        (page.figure("top1", result), f"classification.fact.{name}")
        for key, name in asked
        if (result := top1(key))
    ]


def top1(key: str) -> dict[str, float] | None:
    """The first measured top-1 accuracy of a bundled model, with its interval, if there is one."""
    for result in page.read_metrics(key).get("results", ()):
        if "top1" in result["metrics"]:
            return result["metrics"]["top1"]
    return None


def figures(engine: Engine) -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {
        "cifar": cifar,
        "ilsvrc": ilsvrc,
        "classes": lambda say: classes(engine, say),
        "probes": probes,
        "head_start": head_start,
    }


def cifar(say: Say) -> str:
    """Accuracy on CIFAR-10: chance, the way before, people, ours, the best published."""
    rows = [Row(say("classification.chart.chance"), 0.1, "10%")]
    for other in CIFAR_OTHERS:
        label = f'<a href="{other.url}">{say(f"classification.chart.{other.name}")}</a>'
        rows.append(Row(label, other.value, other.shown))
    for key, name in ((HOG, "hog"), (CIFAR, "ours")):
        if result := top1(key):
            value = page.figure("top1", result)
            rows.append(Row(say(f"classification.chart.{name}"), result["value"], value, mine=True))
    rows.sort(key=lambda row: row.value)
    return page.drawn(chart(rows), say("classification.chart.cifar_caption"))


def ilsvrc(say: Say) -> str:
    """Top-5 error of the ImageNet challenge's winners, year by year, and one trained human."""
    most = max(error for _, _, error, _ in ILSVRC)
    rows = [
        Row(f"{year} {name}", error / most, f"{error:.1f}%", mine=deep)
        for year, name, error, deep in ILSVRC
    ]
    human = say("classification.chart.trained_human")
    rows.append(Row(human, HUMAN_IMAGENET / most, f"{HUMAN_IMAGENET}%"))
    return page.drawn(chart(rows), say("classification.chart.ilsvrc_caption"))


@dataclass(frozen=True)
class Row:
    """``label`` is HTML, ``value`` the bar's length from 0 to 1, ``shown`` what is written."""

    label: str
    value: float
    shown: str
    mine: bool = False


def chart(rows: list[Row]) -> str:
    """Horizontal bars, the ones that matter in the accent: a list, so that it can be read out."""
    lines = (
        f"<li{' class=mine' if row.mine else ''}><span>{row.label}</span><b>{escape(row.shown)}</b>"
        f'<div aria-hidden="true"><i style="width:{row.value:.1%}"></i></div></li>'
        for row in rows
    )
    return f'<ul class="chart">{"".join(lines)}</ul>'


def classes(engine: Engine, say: Say) -> str:
    """Which of the ten classes the CIFAR-10 network knows best, from its card."""
    results = page.read_metrics(CIFAR).get("results") or [{}]
    entry = models.of_task(engine, "classification").get(CIFAR)
    if not results[0].get("per_class") or entry is None:
        return ""
    names = catalog.labels(entry)
    english = names["en"] or []
    chinese = dict(zip(english, names.get("zh") or english, strict=True))
    rows = sorted(
        ((label, row["recall"]) for label, row in results[0]["per_class"].items()),
        key=lambda row: -row[1],
    )
    if say.lang == "zh":
        rows = [(chinese.get(label, label), recall) for label, recall in rows]
    return page.drawn(page.bars(rows), say("classification.chart.classes_caption"))


def head_start(say: Say) -> str:
    """What starting from a trained network is worth: the ladder of its card as a table, a row for
    each amount of data, a column for each way to start. "" as long as nothing was measured.

    A variant has ``data`` ("flowers" or "cifar10"), ``each`` (pictures of a class, None: all),
    ``start`` (one of `STARTS`), ``value``, ``low``, ``high``, ``n`` and ``split``.
    """
    variants = {
        (variant["data"], variant["each"], variant["start"]): variant
        for variant in page.read_metrics(IMAGENET).get("ladder", ())
        if variant.get("start") in STARTS
    }
    if not variants:
        return ""
    starts = [start for start in STARTS if any(key[2] == start for key in variants)]
    lines = []
    for data, each in dict.fromkeys(key[:2] for key in variants):
        row = say(
            "classification.start.each" if each else "classification.start.all",
            data=say(f"classification.start.{data}"),
            each=each,
        )
        cells = [
            escape(page.figure("top1", variants[data, each, start]))
            if (data, each, start) in variants
            else "—"
            for start in starts
        ]
        lines.append([row, *cells])
    heads = [say(f"classification.start.{name}") for name in ("data", *starts)]
    judges = dict.fromkeys(
        (variant["data"], variant["n"], variant["split"]) for variant in variants.values()
    )
    judged = [
        say(
            "classification.start.judged",
            data=say(f"classification.start.{data}"),
            n=n,
            split=reasons.held_out(split, say.lang),
        )
        for data, n, split in judges
    ]
    same = say("classification.start.same_minutes") if len(starts) > 1 else ""
    whole = all("—" not in line for line in lines)
    unmeasured = "" if whole else say("classification.start.unmeasured")
    caption = page.sentences(
        say.lang, say("classification.start.caption"), same, unmeasured, *judged
    )
    return page.table(heads, lines, caption)


def probes(say: Say) -> str:
    """How much of the answer can be read off at each depth: linear probes, from the card."""
    rows = []
    for probe in page.read_metrics(IMAGENET).get("probes", ()):
        number = probe["name"].removeprefix("stage")
        if number.isdigit():
            rows.append((say("classification.inside.stage", number=number), probe["top1"]))
        else:
            rows.append((say(f"classification.inside.named.{probe['name']}"), probe["top1"]))
    if not rows:
        return ""
    return page.drawn(page.bars(rows), say("classification.chart.probes_caption"))
