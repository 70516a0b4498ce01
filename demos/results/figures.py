"""What the charts compare: which figures belong beside each other, and where each comes from.

Every figure is a `Claim`: from a model's card (``metrics.json``, its ladder included), from what a
model's authors published (`pretrained.catalog`), or from others with an address. One without a
source is left out. Beside each other stand only those of one measure on one split; the rest is
named under the chart as not comparable (`Chart.parted`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demos import page
from demos.classification import learn as classification
from pretrained import catalog
from pretrained.metrics import Claim, metric_of

#: Whose a figure is, in the order of the charts. "real": what was drawn from, such as photographs.
ROLES = ("before", "ours", "human", "real", "today")
CIFAR_TEST, FACES, FLOWERS = "cifar10/test", "faces/validation", "flowers/validation"
#: Pictures that others were tested on; one person had the patience for some.
CIFAR_N = {"coates": 10_000, "human": 400, "vit": 10_000}
CIFAR_ROLE = {"coates": "before", "human": "human", "vit": "today"}


@dataclass(frozen=True)
class Figure:
    """One bar.

    Attributes:
        role: of `ROLES`. word: what it is called, a word key; else the name of the model ``key``.
        claim: value, interval, split, n, and its source: a command that measures it again, or
            a reference. shown: the value as its source has it, where that has fewer digits.
    """

    role: str
    claim: Claim
    key: str = ""
    word: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Chart:
    """One task.

    Attributes:
        name: its words are ``results.chart.<name>.*``. tab: whose accent it has.
        measures: names of one measure, such as that of a pen and that of people.
        split: where it is taken. figures: all that is known, whatever it was taken on.
    """

    name: str
    tab: str
    measures: Sequence[str]
    split: str
    figures: Sequence[Figure]

    @property
    def lower_is_better(self) -> bool:
        return metric_of(self.measures[0]).lower_is_better

    @property
    def drawn(self) -> list[Figure]:
        """Those of one measure on one split, from what came before to today's best."""
        fitting = [one for one in self.figures if self.fits(one.claim)]
        return sorted(fitting, key=lambda one: ROLES.index(one.role))

    @property
    def parted(self) -> list[Figure]:
        """Those of another measure or on other data: never drawn beside the others."""
        return [one for one in self.figures if not self.fits(one.claim)]

    @property
    def missing(self) -> list[str]:
        """Roles of which no figure has a source."""
        there = {one.role for one in self.figures}
        return [role for role in ROLES if role != "real" and role not in there]

    def fits(self, claim: Claim) -> bool:
        return claim.metric in self.measures and claim.split == self.split


def claim(key: str, metric: str, split: str = "") -> Claim | None:
    """The first claim of a model's with this measure whose split has ``split`` in its name."""
    entry = catalog.entries().get(key)
    claims = entry.claims if entry else ()
    return next((c for c in claims if c.metric == metric and split in c.split), None)


def card(role: str, key: str, metric: str, split: str = "", word: str = "") -> list[Figure]:
    """The figure of a model's card, if it has it."""
    found = claim(key, metric, split)
    return [Figure(role, found, key, word)] if found else []


def variant(role: str, key: str, word: str, **fields: Any) -> list[Figure]:
    """The figures of a card's ladder whose ``fields`` are these."""
    ladder: Sequence[Mapping[str, Any]] = page.read_metrics(key).get("ladder", ())
    return [
        Figure(
            role,
            Claim(
                *(one["metric"], one["value"], one.get("low"), one.get("high")),
                *(one["split"], one["n"], one.get("command", ""), one.get("reference", "")),
            ),
            key,
            word,
        )
        for one in ladder
        if all(one.get(name) == value for name, value in fields.items())
    ]


def charts() -> list[Chart]:
    """All that the page draws."""
    every = [cifar(), flowers(), detection(), text(), pen(), translation(), faces()]
    return [chart for chart in every if chart.drawn]


def cifar() -> Chart:
    """What others published is what Learn has too."""
    others = [
        Figure(
            CIFAR_ROLE[one.name],
            Claim.published("top1", one.value, CIFAR_TEST, CIFAR_N[one.name], one.url),
            word=f"classification.chart.{one.name}",
            shown=one.shown,
        )
        for one in classification.CIFAR_OTHERS
    ]
    figures = [
        *card("before", classification.HOG, "top1"),
        *others,
        *card("ours", classification.CIFAR, "top1"),
        *card("ours", classification.IMAGENET, "top1", "imagenet-1k"),
        *card("today", "classification/eva02-small-patch14-336-mim", "top1"),
    ]
    return Chart("cifar", "classification", ("top1",), CIFAR_TEST, figures)


def flowers() -> Chart:
    """What a head start is worth, once a card has the same from nothing."""

    def each(start: str) -> dict[int | None, list[Figure]]:
        word = f"classification.start.{start}"
        role = "before" if start == "nothing" else "ours"
        return {
            many: variant(
                role, classification.IMAGENET, word, data="flowers", each=many, start=start
            )
            for many in (20, 100, None, 5)
        }

    ways = {start: each(start) for start in classification.STARTS}
    nothing = [many for many, found in ways["nothing"].items() if found]
    both = [n for n in nothing if ways["head"][n] or ways["whole"][n]]
    figures = [one for start in classification.STARTS for n in both[:1] for one in ways[start][n]]
    return Chart("flowers", "classification", ("top1",), FLOWERS, figures)


def detection() -> Chart:
    """Cats and dogs: what both of ours know, on the same objects."""
    figures = [
        *card("before", "detection/rcnn", "catdog_box_ap50"),
        *card("ours", "detection/everyday", "catdog_box_ap50"),
        *card("ours", "detection/everyday", "person_box_ap50"),
        *card("today", "detection/rtdetr-v2-r18", "box_ap"),
    ]
    return Chart("detection", "detection", ("catdog_box_ap50",), "detection/validation", figures)


def text() -> Chart:
    """The plain recurrent network is smaller, and read less."""
    key = "text/shakespeare"
    figures = [
        *variant("before", key, "results.figure.rnn", cell="rnn"),
        *card("ours", key, "nats_per_char"),
        *card("today", "text/smollm2-135m", "nats_per_char"),
    ]
    split = "tinyshakespeare/train, last 10%"
    return Chart("text", "text", ("nats_per_char",), split, figures)


def pen() -> Chart:
    """How often a network misreads what the pen wrote, and what people wrote."""
    figures = [
        *card("ours", "handwriting/pen", "cer"),
        *card("human", "handwriting/pen", "cer_real", word="results.figure.people"),
    ]
    return Chart("pen", "text", ("cer", "cer_real"), "handwriting/validation", figures)


def translation() -> Chart:
    """English to French, the direction that the twin without attention has too."""
    figures = [
        *card("before", "translation/en-fr-plain", "bleu", "test en-fr"),
        *card("ours", "translation/en-fr", "bleu", "test en-fr"),
        *card("today", "translation/marian-en-fr", "bleu"),
    ]
    return Chart("translation", "translation", ("bleu",), "en-fr/test en-fr", figures)


def faces() -> Chart:
    """The ratio: photographs among themselves have 1, as that is how it is made."""
    ours = card("ours", "images/faces-gan", "fd_ratio")
    figures = [
        # What was noted of the generator that shipped before: its n and interval were not kept.
        Figure(
            "before",
            Claim.published("fd_ratio", 5.11, "held-out aligned faces", None, "CHANGELOG.md"),
            word="results.figure.gan_before",
        ),
        *ours,
        *card("ours", "images/faces-diffusion", "fd_ratio"),
    ]
    if ours:
        source = "pretrained/images/evaluate.py"
        one = Claim.published("fd_ratio", 1.0, ours[0].claim.split, ours[0].claim.n, source)
        figures.append(Figure("real", one, word="results.figure.photographs", shown="1"))
    return Chart("faces", "images", ("fd_ratio",), FACES, figures)
