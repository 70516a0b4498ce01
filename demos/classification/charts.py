"""The figures of Learn, drawn from the models' own metrics.json beside published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from demos import frame
from demos.language import Say
from pretrained import catalog

CIFAR, PHOTOS, HOG = "classification/cifar10", "classification/photos", "classification/hog-svm"
HUMAN_CIFAR = 0.94  # Karpathy 2011: about 94% on 400 pictures, one person
HUMAN_IMAGENET = 5.1  # % top-5 error of the trained annotator, Russakovsky et al. 2015, section 6.4


@dataclass(frozen=True)
class Published:
    """A figure that others measured. ``name`` is the word key ``classification.chart.<name>``."""

    name: str
    value: float
    url: str


CIFAR_OTHERS = (
    Published("coates", 0.80, "https://proceedings.mlr.press/v15/coates11a.html"),  # 79.6%, 2011
    Published("human", HUMAN_CIFAR, "http://karpathy.github.io/2011/04/27/manually-classifying-cifar10/"),
    Published("vit", 0.995, "https://arxiv.org/abs/2010.11929"),  # ViT-H/14, table 2: 99.50 ± 0.06
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


def headline() -> list[tuple[str, str]]:
    """The numbers at the foot of Try: ours, the way before, one careful human."""
    rows = [(CIFAR, "cifar"), (PHOTOS, "photos"), (HOG, "hog")]
    found = [
        (frame.figure("top1", result), f"classification.fact.{name}")
        for key, name in rows
        if (result := top1(key))
    ]
    return [*found, (f"{HUMAN_CIFAR:.0%}", "classification.fact.human")]


def top1(key: str) -> dict[str, float] | None:
    """The first measured top-1 accuracy of a bundled model, with its interval; None if unmeasured."""
    for result in frame.read_metrics(key).get("results", ()):
        if "top1" in result["metrics"]:
            return result["metrics"]["top1"]
    return None


def figures(engine: Any) -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {
        "cifar": cifar,
        "ilsvrc": ilsvrc,
        "classes": lambda say: classes(engine, say),
        "probes": probes,
    }


def cifar(say: Say) -> str:
    """Accuracy on CIFAR-10: chance, the way before, people, ours, the best published."""
    rows = [("chance", 0.1, None)]
    rows += [(p.name, p.value, p.url) for p in CIFAR_OTHERS]
    for key, name in ((HOG, "hog"), (CIFAR, "ours")):
        if result := top1(key):
            rows.append((name, result["value"], None))
    lines = []
    for name, value, url in sorted(rows, key=lambda row: row[1]):
        label = say(f"classification.chart.{name}")
        mine = ' class="mine"' if name in ("hog", "ours") else ""
        named = f'<a href="{escape(url)}">{label}</a>' if url else label
        lines.append(
            f"<li{mine}><span>{named}</span><div aria-hidden='true'><i style='width:{value:.1%}'></i>"
            f"</div><b>{'≈' if name in ('coates', 'human') else ''}{value:.{0 if url and name != 'vit' else 1}%}</b></li>"
        )
    return figure(f'<ul class="chart">{"".join(lines)}</ul>', say("classification.chart.cifar_caption"))


def classes(engine: Any, say: Say) -> str:
    """Which of the ten classes the CIFAR-10 network knows best, from its card."""
    results = frame.read_metrics(CIFAR).get("results") or [{}]
    entry = engine.entries.get(CIFAR)
    if not results[0].get("per_class") or entry is None:
        return ""
    names = catalog.labels(entry)
    chinese = dict(zip(names["en"], names.get("zh") or names["en"], strict=True))
    rows = sorted(
        ((label, row["recall"]) for label, row in results[0]["per_class"].items()),
        key=lambda row: -row[1],
    )
    shown = [(chinese[label] if say.lang == "zh" else label, recall) for label, recall in rows]
    return figure(frame.bars(shown), say("classification.chart.classes_caption"))


def probes(say: Say) -> str:
    """How much of the answer can be read off at each depth: linear probes, from the card."""
    found = frame.read_metrics(PHOTOS).get("probes", {})
    if not found:
        return ""
    rows = []
    for name, accuracy in found.items():
        value = accuracy["value"] if isinstance(accuracy, dict) else accuracy
        number = name.removeprefix("stage")
        key = "classification.inside.stage" if number.isdigit() else "classification.inside.named.stem"
        rows.append((say(key, number=number) if number.isdigit() else say(key), float(value)))
    return figure(frame.bars(rows), say("classification.chart.probes_caption"))


def ilsvrc(say: Say) -> str:
    """Top-5 error of the ImageNet challenge's winners, year by year, and one trained human."""
    width, height, base, scale = 640, 260, 212, 6.2
    parts = []
    for index, (year, name, error, deep) in enumerate(ILSVRC):
        x, tall = 24 + index * 100, error * scale
        parts.append(
            f'<rect class="{"deep" if deep else "before"}" x="{x}" y="{base - tall:.1f}" width="56" '
            f'height="{tall:.1f}" rx="3"/>'
            f'<text x="{x + 28}" y="{base - tall - 8:.1f}" class="value">{error:.1f}%</text>'
            f'<text x="{x + 28}" y="{base + 20}">{year}</text>'
            f'<text x="{x + 28}" y="{base + 38}" class="small">{escape(name)}</text>'
        )
    line = base - HUMAN_IMAGENET * scale
    human = say("classification.chart.human_line", error=HUMAN_IMAGENET)
    parts.append(
        f'<line x1="0" x2="{width}" y1="{line:.1f}" y2="{line:.1f}"/>'
        f'<text x="{width}" y="16" class="small end">{human}</text>'
        f'<line class="rule" x1="0" x2="{width}" y1="{base}" y2="{base}"/>'
    )
    alt = say("classification.chart.ilsvrc_alt", figures=spoken(say))
    svg = (
        f'<svg class="columns-chart" viewBox="0 0 {width} {height}" role="img" aria-label="{alt}">'
        f"{''.join(parts)}</svg>"
    )
    return figure(svg, say("classification.chart.ilsvrc_caption"))


def spoken(say: Say) -> str:
    return "; ".join(f"{year} {name} {error:.1f}%" for year, name, error, _ in ILSVRC)


def figure(body: str, caption: str) -> str:
    """One line of HTML: Markdown passes a block through as long as no blank line breaks it."""
    return f'<figure class="drawn">{body}<figcaption>{caption}</figcaption></figure>'


