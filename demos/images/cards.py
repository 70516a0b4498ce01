"""What the cards say of the two networks, as the rooms show it; a dash where a card has
nothing yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demos import page, results
from demos.images.answers import DIFFUSION, GAN, OURS
from demos.language import Say, reasons
from inference import Engine

DASH = "—"
METRICS = ("fd_ratio", "precision", "recall")
NETWORKS = {GAN: "gan", DIFFUSION: "diffusion"}


def reached(key: str) -> Mapping[str, Any]:
    """What a bundled model's card says of its faces; {} where it says nothing yet."""
    rows = page.read_metrics(key).get("results", ())
    return next((row for row in rows if METRICS[0] in row["metrics"]), {})


def headline(engine: Engine) -> Callable[[Say], str]:
    """The figures at the foot of Try: of each network how near its faces come to photographs, on
    which, and whether the target was reached. (Gradio shows the name of a text that is empty.)"""
    keys = [key for key in OURS if key in engine.entries]

    def render(say: Say) -> str:
        parts = "".join(figures_of(key, say) for key in keys)
        return f'<div class="fact-groups"{"" if parts else " hidden"}>{parts}</div>'

    return render


def learnt(key: str, say: Say) -> str:
    """How long a network has learnt, and from how much, beside what it draws; nothing to be seen
    where its card does not tell."""
    training = page.read_metrics(key).get("training", {})
    if not training.get("pictures") or not training.get("wall_seconds"):
        return '<p class="quiet" hidden></p>'
    minutes = in_all(training)[0]
    pictures = f"{training['pictures']:,}"
    said = f"images.fact.learnt.{key.rpartition('-')[2]}"
    return f'<p class="quiet">{say(said, minutes=minutes, pictures=pictures)}</p>'


def in_all(training: Mapping[str, Any]) -> tuple[str, str]:
    """Minutes and updates of a training and of those whose weights it began with."""
    seconds, updates = (
        training.get(f"{name}_in_all", training.get(name, 0))
        for name in ("wall_seconds", "updates")
    )
    return f"{seconds / 60:,.0f}", f"{updates:,}"


def figures_of(key: str, say: Say) -> str:
    """One network's figures under its name, and how they were measured."""
    values = reached(key).get("metrics", {})
    cells = "".join(
        f"<div><dd>{page.figure(name, values[name]) if name in values else DASH}</dd>"
        f"<dt>{say(f'images.fact.{name}')}</dt></div>"
        for name in METRICS
    )
    heading = say(f"images.fact.{NETWORKS[key]}")
    return (
        f'<section><h2>{heading}</h2><dl class="facts">{cells}</dl>'
        f'<p class="quiet">{measured(say, key)}</p></section>'
    )


def measured(say: Say, key: str) -> str:
    """On what a network's figures were measured, and whether its target was reached."""
    row = reached(key)
    if not row:
        return say("images.fact.none")
    told = [
        say(
            "images.fact.measured",
            n=f"{row['n']:,}",
            split=reasons.held_out(row["split"], say.lang),
        )
    ]
    if (goal := row.get("target", {}).get("fd_ratio")) is not None:
        claim = {**row["metrics"]["fd_ratio"], "metric": "fd_ratio", "target": goal}
        told += [f"{say('images.fact.target')} {results.target(claim, say)}"]
    return page.sentences(say.lang, *told)


def told_of_training(key: str, say: Say) -> tuple[str, ...]:
    """Minutes, updates, passes over the photographs and the machine, from the card, as HTML."""
    made = page.read_metrics(key).get("training", {})
    return (
        f"{made['wall_seconds'] / 60:,.0f}" if made.get("wall_seconds") else DASH,
        f"{made['updates']:,}" if made.get("updates") else DASH,
        f"{made['passes']:.1f}" if made.get("passes") else DASH,
        page.hardware(made["hardware"], say) if made.get("hardware") else DASH,
    )
