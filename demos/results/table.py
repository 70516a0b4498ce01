"""Every claim in one table: interval, target, split and n, reference."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from demos import page
from demos.language import Say
from pretrained.metrics import metric_of, reaches

COLUMNS = ("metric", "value", "target", "split", "reference")


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
    """One model: its name, then its claims."""
    name = html.escape(say.words.model(say.lang, key, rows[0]["title"]))
    lines = "".join(claim(row, say) for row in rows)
    return f"""<tbody><tr class="model"><th colspan="{len(COLUMNS)}" scope="rowgroup"><b>{name}</b>
<code>{html.escape(key)}</code></th></tr>{lines}</tbody>"""


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
        "split": f"{page.split(str(row['split']), say)} {size}",
        "reference": reference(str(row["reference"])) + published(row, say),
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


def published(row: Mapping[str, Any], say: Say) -> str:
    """That a figure is its authors', where it is."""
    if row["command"]:
        return ""
    return f' <span class="quiet">{say("results.published")}</span>'


def target(row: Mapping[str, Any], say: Say) -> str:
    """The target that was set before training, and whether it was met."""
    goal = row.get("target")
    if goal is None:
        return "—"
    sign = "≤" if metric_of(row["metric"]).lower_is_better else "≥"
    verdict = "met" if reaches(row["metric"], row["value"], goal) else "missed"
    asked, got = (
        page.figure(row["metric"], {"value": value}, interval=False)
        for value in (goal, row["value"])
    )
    told = say(f"results.{verdict}")
    if verdict == "missed" and asked == got:  # more decimals than figures have here
        exact = f"{100 * row['value']:.6g}%" if got.endswith("%") else f"{row['value']:.6g}"
        told = say("results.just_missed", value=exact)
    said = f'<span class="{verdict}">{told}</span>'
    return f"{sign}\N{NO-BREAK SPACE}{asked} {said}"
