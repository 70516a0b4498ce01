"""Results: every figure that the app claims, from the models' own metrics.json."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import gradio as gr

from demos import page
from demos.language import Say, Words
from inference import Engine
from jobs import Jobs
from pretrained import catalog
from pretrained.metrics import metric_of, reaches

COLUMNS = ("metric", "value", "target", "split", "reference")


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The page, inside its tab."""
    with gr.Column(elem_classes=["page", "tab-results"]):
        page.title("results", words)
        cards = catalog.cards()
        shown = gr.HTML(js_on_load=None, apply_default_css=False)
        page.later(words, lambda say: table(cards, say), shown)


def table(cards: Iterable[Mapping[str, Any]], say: Say) -> str:
    """One table, a group of rows a model. `cards` as `pretrained.catalog.cards` gives them."""
    groups = [(key, list(rows)) for key, rows in groupby(cards, key=lambda card: card["key"])]
    if not groups:
        return f'<p class="note">{say("results.none")}</p>'
    heads = "".join(f'<th scope="col">{say(f"results.{column}")}</th>' for column in COLUMNS)
    bodies = "".join(group(key, rows, say) for key, rows in groups)
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{say("results.tab")}">
<table class="sheet results"><thead><tr>{heads}</tr></thead>{bodies}</table></div>"""


def group(key: str, rows: list[Mapping[str, Any]], say: Say) -> str:
    """One model: its name, how it was trained, then its claims."""
    name = html.escape(say.words.model(say.lang, key, rows[0]["title"]))
    trained = ""
    if rows[0].get("hardware") and rows[0].get("wall_seconds"):
        minutes = f"{rows[0]['wall_seconds'] / 60:.1f}"
        trained = say("results.trained", hardware=rows[0]["hardware"], minutes=minutes)
    measured = groupby(rows, key=lambda row: str(row["command"]))
    lines = "".join(
        "".join(claim(row, say) for row in claims) + again(command, say)
        for command, claims in measured
    )
    return f"""<tbody><tr class="model"><th colspan="{len(COLUMNS)}" scope="rowgroup"><b>{name}</b>
<code>{html.escape(key)}</code> <span class="quiet">{trained}</span></th></tr>{lines}</tbody>"""


def again(command: str, say: Say) -> str:
    """How the figures above are measured again, in a row of its own; or that others did."""
    if not command:
        how = f'<span class="quiet">{say("results.published")}</span>'
    else:
        how = (
            f'<span class="quiet">{say("results.command")}</span>{page.command_html(command, say)}'
        )
    return f'<tr class="again"><td colspan="{len(COLUMNS)}">{how}</td></tr>'


def claim(row: Mapping[str, Any], say: Say) -> str:
    """One figure with its interval, target, data and reference."""
    metric = row["metric"]
    label = say.words.tables[say.lang].get(f"metric.{metric}", metric)
    interval = ""
    if row["low"] is not None and row["high"] is not None:
        low = page.figure(metric, {"value": row["low"]}, interval=False)
        high = page.figure(metric, {"value": row["high"]}, interval=False)
        interval = f" <small>({low.rstrip('%')}–{high})</small>"
    size = f"<small>n = {row['n']:,}</small>" if row["n"] else ""
    cells = {
        "metric": html.escape(label),
        "value": f"<b>{page.figure(metric, row, interval=False)}</b>{interval}",
        "target": target(row, say),
        "split": f'<span lang="en">{html.escape(str(row["split"]))}</span> {size}',
        "reference": reference(str(row["reference"])),
    }
    return "<tr>{}</tr>".format(
        "".join(f'<td data-label="{say(f"results.{c}")}">{cells[c]}</td>' for c in COLUMNS)
    )


def reference(text: str) -> str:
    """A source: a link under the name of its site where it is an address, else its words."""
    if not text.startswith("https://"):
        return f'<span lang="en">{html.escape(text)}</span>'
    site, _, path = text.removeprefix("https://").partition("/")
    shown = html.escape(f"{site}/…/{path.rsplit('/', 1)[-1]}" if "/" in path else f"{site}/{path}")
    address = html.escape(text, quote=True)
    return f'<a href="{address}" target="_blank" rel="noopener" lang="en">{shown}</a>'


def target(row: Mapping[str, Any], say: Say) -> str:
    """The target that was set before training, and whether it was met."""
    goal = row.get("target")
    if goal is None:
        return "—"
    sign = "≤" if metric_of(row["metric"]).lower_is_better else "≥"
    verdict = "met" if reaches(row["metric"], row["value"], goal) else "missed"
    said = f'<span class="{verdict}">{say(f"results.{verdict}")}</span>'
    asked = page.figure(row["metric"], {"value": goal}, interval=False)
    return f"{sign}\N{NO-BREAK SPACE}{asked} {said}"
