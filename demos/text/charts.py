"""The figures of the tab: numbers at the foot of Try, the ladder of networks, from the cards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from demos import page
from demos.language import Say
from demos.text.answers import SHAKESPEARE, TANG, config

NETWORKS = {SHAKESPEARE: "shakespeare", TANG: "tang"}
FEW = 10  # choices below which a tenth of one is worth telling
CELLS = ("lstm", "gru", "rnn")
LEAST_RUNGS = 2  # fewer are no ladder


def claim(key: str, metric: str) -> Mapping[str, float] | None:
    """The first figure of this name in a bundled model's card, with its interval."""
    for result in page.read_metrics(key).get("results", ()):
        if metric in result["metrics"]:
            return result["metrics"][metric]
    return None


def headline(engine: Any) -> list[page.Fact]:
    """The numbers at the foot of Try: how unsure each network is, how well poems are formed, how
    large the two are."""
    rows: list[page.Fact] = []
    for key, name in NETWORKS.items():
        if (found := claim(key, "nats_per_char")) and key in engine.entries:
            nats, known = page.figure("nats_per_char", found), letters(engine.entries[key])
            rows.append((choices(found), f"text.fact.{name}", {"nats": nats, "known": known}))
    if found := claim(TANG, "wellformed"):
        rows.append((page.figure("wellformed", found, interval=False), "text.fact.wellformed"))
    sizes = [f"{engine.entries[key].parameters:,}" for key in NETWORKS if key in engine.entries]
    if len(sizes) == len(NETWORKS):
        rows.append((sizes[0], "text.fact.weights", {"tang": sizes[1]}))
    return rows


def choices(claimed: Mapping[str, float]) -> str:
    """Nats a character as what they mean: a fair choice among so many characters."""
    ways = math.exp(claimed["value"])
    return f"{ways:.1f}" if ways < FEW else f"{ways:.0f}"


def letters(entry: Any) -> str:
    """How many characters a network knows."""
    return f"{len(config(entry).get('characters', '')):,}"


def ways(key: str) -> str:
    """`choices` of a bundled network, from its card; a dash where it has none."""
    found = claim(key, "nats_per_char")
    return choices(found) if found else "—"


def passes() -> str:
    """How often each network of the ladder read its text: the nine tenths before the one of ``n``
    characters that it was scored on."""
    rungs = page.read_metrics(SHAKESPEARE).get("ladder", ())
    return f"{rungs[0]['characters'] / (9 * rungs[0]['n']):.0f}" if rungs else "—"


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {
        "ladder": ladder,
        "passes": lambda say: passes(),
        "ways_shakespeare": lambda say: ways(SHAKESPEARE),
        "ways_tang": lambda say: ways(TANG),
    }


def ladder(say: Say) -> str:
    """Plain, gated, long short-term memory: nats per character with 95% intervals, from the card.

    Drawn on a scale that begins near the best value, since the steps are small beside the height;
    the axis says so."""
    rungs = [r for r in page.read_metrics(SHAKESPEARE).get("ladder", ()) if "value" in r]
    if len(rungs) < LEAST_RUNGS:
        return ""
    rungs.sort(key=lambda rung: -rung["value"])
    low = min(rung.get("low", rung["value"]) for rung in rungs)
    high = max(rung.get("high", rung["value"]) for rung in rungs)
    room = max(high - low, 1e-9)
    left, right = low - 0.15 * room, high + 0.05 * room

    def place(value: float) -> str:
        return f"{(value - left) / (right - left):.2%}"

    rows = []
    for rung in rungs:
        value, least, most = rung["value"], rung.get("low"), rung.get("high")
        bar = ""
        if least is not None and most is not None:
            wide = f"{(most - least) / (right - left):.2%}"
            bar = f'<i class="span" style="left:{place(least)};width:{wide}"></i>'
        name = rung_name(say, rung)
        rows.append(
            f"<li><span>{name}</span><b>{escape(page.figure('nats_per_char', rung))}</b>"
            f'<div aria-hidden="true">{bar}<i class="dot" style="left:{place(value)}"></i></div>'
            "</li>"
        )
    ends = f'<p class="axis" aria-hidden="true"><span>{left:.2f}</span><span>{right:.2f}</span></p>'
    caption = say("text.chart.ladder", n=f"{rungs[0].get('n', 0):,}")
    return page.drawn(f'<ul class="ladder">{"".join(rows)}</ul>{ends}', caption)


def rung_name(say: Say, rung: Mapping[str, Any]) -> str:
    """The name of a rung in the visitor's language; its own where it is another cell."""
    cell = rung.get("cell")
    return say(f"text.chart.{cell}") if cell in CELLS else escape(str(rung["name"]))
