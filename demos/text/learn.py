"""The figures of the tab: numbers at the foot of Try, the ablation of the cell, from the cards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from demos import models, page
from demos.language import Say
from demos.page.html import Fact
from demos.text.answers import SHAKESPEARE, TANG, writers
from inference import Engine
from pretrained.catalog import Entry

NETWORKS = {SHAKESPEARE: "shakespeare", TANG: "tang"}
FEW = 10  # choices below which a tenth of one is worth telling
CELLS = ("lstm", "gru", "rnn")
LEAST_VARIANTS = 2  # with fewer there is nothing to compare


def claim(key: str, metric: str) -> Mapping[str, float] | None:
    """The first figure of this name in a bundled model's card, with its interval."""
    for result in page.read_metrics(key).get("results", ()):
        if metric in result["metrics"]:
            return result["metrics"][metric]
    return None


def headline(engine: Engine) -> list[Fact]:
    """The numbers at the foot of Try: how unsure each network is, how well poems are formed, how
    large the two are."""
    rows: list[Fact] = []
    ours = writers(engine)
    for key, name in NETWORKS.items():
        if (found := claim(key, "nats_per_char")) and key in ours:
            nats, known = page.figure("nats_per_char", found), letters(ours[key])
            rows.append((choices(found), f"text.fact.{name}", {"nats": nats, "known": known}))
    if found := claim(TANG, "wellformed"):
        rows.append((page.figure("wellformed", found, interval=False), "text.fact.wellformed"))
    sizes = [f"{ours[key].parameters:,}" for key in NETWORKS if key in ours]
    if len(sizes) == len(NETWORKS):
        rows.append((sizes[0], "text.fact.weights", {"tang": sizes[1]}))
    return rows


def choices(claimed: Mapping[str, float]) -> str:
    """Nats a character as what they mean: a fair choice among so many characters."""
    ways = math.exp(claimed["value"])
    return f"{ways:.1f}" if ways < FEW else f"{ways:.0f}"


def letters(entry: Entry) -> str:
    """How many characters a network knows."""
    return f"{len(models.config(entry).get('characters', '')):,}"


def ways(key: str) -> str:
    """`choices` of a bundled network, from its card; a dash where it has none."""
    found = claim(key, "nats_per_char")
    return choices(found) if found else "—"


def passes() -> str:
    """How often each network of the ablation read its text: the nine tenths before the one of ``n``
    characters that it was scored on."""
    variants = page.read_metrics(SHAKESPEARE).get("ladder", ())
    return f"{variants[0]['characters'] / (9 * variants[0]['n']):.0f}" if variants else "—"


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {
        "ladder": ablation,
        "passes": lambda say: passes(),
        "ways_shakespeare": lambda say: ways(SHAKESPEARE),
        "ways_tang": lambda say: ways(TANG),
    }


def ablation(say: Say) -> str:
    """Plain, gated, long short-term memory: nats per character with 95% intervals, from the card.

    Drawn on a scale that begins near the best value, since the steps are small beside the height;
    the axis says so."""
    variants = [r for r in page.read_metrics(SHAKESPEARE).get("ladder", ()) if "value" in r]
    if len(variants) < LEAST_VARIANTS:
        return ""
    variants.sort(key=lambda variant: -variant["value"])
    low = min(variant.get("low", variant["value"]) for variant in variants)
    high = max(variant.get("high", variant["value"]) for variant in variants)
    room = max(high - low, 1e-9)
    left, right = low - 0.15 * room, high + 0.05 * room

    def place(value: float) -> str:
        return f"{(value - left) / (right - left):.2%}"

    rows = []
    for variant in variants:
        value, least, most = variant["value"], variant.get("low"), variant.get("high")
        bar = ""
        if least is not None and most is not None:
            wide = f"{(most - least) / (right - left):.2%}"
            bar = f'<i class="span" style="left:{place(least)};width:{wide}"></i>'
        name = variant_name(say, variant)
        rows.append(
            f"<li><span>{name}</span><b>{escape(page.figure('nats_per_char', variant))}</b>"
            f'<div aria-hidden="true">{bar}<i class="dot" style="left:{place(value)}"></i></div>'
            "</li>"
        )
    ends = f'<p class="axis" aria-hidden="true"><span>{left:.2f}</span><span>{right:.2f}</span></p>'
    caption = say("text.chart.ladder", n=f"{variants[0].get('n', 0):,}")
    return page.drawn(f'<ul class="ladder">{"".join(rows)}</ul>{ends}', caption)


def variant_name(say: Say, variant: Mapping[str, Any]) -> str:
    """The name of a variant in the visitor's language; its own where it is another cell."""
    cell = variant.get("cell")
    return say(f"text.chart.{cell}") if cell in CELLS else escape(str(variant["name"]))
