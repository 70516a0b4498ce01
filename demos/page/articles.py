"""Learn: an article in both languages, its figures filled in from the models' metrics."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from demos.language import DEMOS, Say, Words
from demos.page.layout import later
from pretrained.metrics import metric_of

log = logging.getLogger(__name__)
CHECKPOINTS = DEMOS.parent / "pretrained"
#: An interval whose middle is so far from the value, in half its width, has no one "±".
LOPSIDED = 0.25
PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}")
#: A line by which an article of two exhibits begins or ends the part of one.
EXHIBIT = re.compile(r"^(<div class=\"exhibit [\w-]+\">|</div>)$", re.M)
HEADING = re.compile(r"^## (.+)$", re.M)
#: Opens the list of contents; brings the section that the address names into sight.
ARRIVED = (
    "import(new URL('house/contents.js', document.baseURI))"
    ".then((it) => it.arrive()).catch(() => {});"
)


def article(
    name: str, words: Words, figures: Mapping[str, Callable[[Say], str]] | None = None
) -> gr.Markdown:
    """`demos/<name>/learn.<lang>.md` with its figures filled in from the models' metrics.json.

    ``{{metric:classification/cifar10:top1}}`` becomes "95.9% ± 0.4"; ``:value`` after it leaves the
    interval out; ``{{training:classification/cifar10:hardware}}`` takes a field of the training
    record; ``{{figure:NAME}}`` calls ``figures["NAME"](say)`` for a piece of HTML. Its sections
    have a list of contents beside them (`with_contents`)."""

    def render(say: Say) -> str:
        text = (DEMOS / name / f"learn.{say.lang}.md").read_text("utf-8")
        text = with_contents(name, text, say("page.contents"), asked(name, say))
        return PLACEHOLDER.sub(lambda m: fill(m[1].strip(), say, figures or {}), text)

    place = gr.Markdown(elem_classes="article", sanitize_html=False)
    return later(words, render, place, first=ARRIVED)


def asked(name: str, say: Say) -> str:
    """The heading of the questions below a tab's article; empty where it has none."""
    there = (DEMOS / name / f"questions.{say.lang}.toml").is_file()
    return say("page.questions.title") if there else ""


def with_contents(name: str, text: str, title: str, last: str = "") -> str:
    """A Markdown article whose second-level headings begin sections, ``<name>-learn-1`` and so on,
    with a list of them before the first; each exhibit has a list of its own. ``last``: the heading
    of what stands below them all, ``<name>-learn-questions``."""
    parts, begun = [], 0
    for part in EXHIBIT.split(text):
        headings = HEADING.findall(part)
        if not headings:
            parts.append(part)
            continue
        ids = [f"{name}-learn-{begun + at}" for at in range(1, len(headings) + 1)]
        begun += len(headings)
        items = "".join(
            f'<li><a href="?tab={name}&amp;room=learn#{id_}">{heading}</a></li>'
            for id_, heading in (
                *zip(ids, headings, strict=True),
                *([(f"{name}-learn-questions", last)] if last else ()),
            )
        )
        before, *sections = (one.strip() for one in HEADING.split(part))
        bodies = [
            f'<section id="{id_}">\n\n## {heading}\n\n{body}\n\n</section>'
            for id_, heading, body in zip(ids, sections[::2], sections[1::2], strict=True)
        ]
        nav = (
            f'<nav class="contents" aria-label="{title}"><details><summary>{title}</summary>'
            f"<ol>{items}</ol></details></nav>"
        )
        read = "\n\n".join(['<div class="read">', before, *bodies, "</div>"])
        parts.append(f'\n\n<div class="laid">\n\n{nav}\n\n{read}\n\n</div>\n\n')
    return "".join(parts)


def fill(placeholder: str, say: Say, figures: Mapping[str, Callable[[Say], str]]) -> str:
    """What stands in an article for one placeholder. A figure that does not exist yet is a dash."""
    kind, _, rest = placeholder.partition(":")
    if kind == "figure":
        return figures[rest](say)
    key, _, field = rest.partition(":")
    metrics = read_metrics(key)
    if kind == "metric":
        metric, _, part = field.partition(":")
        found = (r["metrics"][metric] for r in metrics.get("results", ()) if metric in r["metrics"])
        result = next(found, None)
        if result:
            return figure(metric, result, interval=part != "value")
    elif kind == "training" and field in metrics.get("training", {}):
        value = metrics["training"][field]
        return f"{value:,}" if isinstance(value, int) else str(value)
    log.warning("no figure for {{%s}}", placeholder)
    return "—"


def figure(metric: str, result: Mapping[str, float], interval: bool = True) -> str:
    """A measured value with its 95% interval, as a visitor reads it: "95.9% ± 0.4"; one that
    reaches much farther to one side is told by its ends: "95.9% (10.0 – 100.0)"."""
    scale, unit, digits = (100, "%", 1) if metric_of(metric).fraction else (1, "", 2)
    text = f"{result['value'] * scale:.{digits}f}{unit}"
    if interval and result.get("low") is not None and result.get("high") is not None:
        value, low, high = (result[name] * scale for name in ("value", "low", "high"))
        half = (high - low) / 2
        if abs(value - (low + high) / 2) > LOPSIDED * half:
            return f"{text} ({low:.{digits}f} – {high:.{digits}f})"
        text += f" ± {half:.{digits}f}"
    return text


def read_metrics(key: str) -> dict[str, Any]:
    """The metrics.json of a bundled model, or {} where it has none yet."""
    room_name, _, model = key.partition("/")
    file = CHECKPOINTS / room_name / "checkpoints" / model / "metrics.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}
