"""The charts: a list of figures that can be read out, with an SVG bar and interval under each."""

from __future__ import annotations

import math
from html import escape

from demos import page
from demos.language import Say
from demos.results.figures import Chart, Figure, charts
from pretrained import catalog
from pretrained.metrics import Claim, metric_of

WIDTH, HEIGHT = 1000, 16  # of a bar's own units; it is as wide as its place
CAP = 4  # from the edge to the ends of the line that marks an interval


def drawn(say: Say) -> str:
    """Every chart."""
    told = "".join(one(chart, say) for chart in charts())
    return (
        f'<section class="measured" aria-labelledby="results-charts">'
        f'<h2 id="results-charts">{say("results.charts")}</h2>'
        f'<p class="quiet">{say("results.charts_how")}</p>'
        f'<div class="charts">{told}</div></section>'
    )


def one(chart: Chart, say: Say) -> str:
    """One task: what is measured, the bars on one scale, then what is not comparable or missing."""
    name = f"results.chart.{chart.name}"
    rows, top = chart.drawn, scale(chart)
    bars = "".join(row(figure, top, say) for figure in rows)
    better = say("results.lower" if chart.lower_is_better else "results.higher")
    measure = metric_of(chart.measures[0])
    end = f"{top:.0%}" if measure.fraction else f"{top:g}"
    split = page.split(chart.split, say)
    return f"""<article class="chart-one tab-{chart.tab}"><h3>{say(f"{name}.title")}</h3>
<p class="about">{say(f"{name}.about")} <b>{better}</b></p>
<ul class="figures-drawn">{bars}</ul>
<p class="scale" aria-hidden="true"><span>0</span><span>{end}</span></p>
<p class="quiet">{say("results.on")} {split}</p>
{absent(chart, say)}{parted(chart, say)}</article>"""


def row(figure: Figure, top: float, say: Say) -> str:
    """One figure: whose it is, its name, value and interval, n, source; and the same as a bar."""
    claim = figure.claim
    mine = " class=mine" if figure.role == "ours" else ""
    value = valued(figure)
    return (
        f"<li{mine}><span><small>{say(f'results.role.{figure.role}')}</small> "
        f"{label(figure, say)}</span><b>{escape(value)}</b>{bar(claim, top)}"
        f"{origin(claim, say)}</li>"
    )


def valued(figure: Figure) -> str:
    """The value as its source has it, or with its interval."""
    claim = figure.claim
    told = page.figure(claim.metric, vars(claim), interval=claim.low is not None)
    return figure.shown or told


def bar(claim: Claim, top: float) -> str:
    """A bar from 0 to the value, and a line over the 95% interval."""

    def x(value: float) -> float:
        return round(WIDTH * min(max(value / top, 0.0), 1.0), 1)

    interval = ""
    if claim.low is not None and claim.high is not None:
        low, high, middle = x(claim.low), x(claim.high), HEIGHT / 2
        ends = f"M{low} {CAP}V{HEIGHT - CAP}M{high} {CAP}V{HEIGHT - CAP}"
        interval = f'<path d="M{low} {middle:g}H{high}{ends}"/>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="all" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<rect class="bar" width="{x(claim.value)}" height="{HEIGHT}"/>{interval}</svg>'
    )


def scale(chart: Chart) -> float:
    """Where the bars of a chart end: at all there is, or at a round number over the largest."""
    measure = metric_of(chart.measures[0])
    if measure.fraction and not measure.lower_is_better:
        return 1.0
    if measure.unit.endswith("of 100"):
        return 100.0
    most = max(one.claim.high or one.claim.value for one in chart.drawn)
    step = 10.0 ** math.floor(math.log10(most))
    return next(round(n * step, 6) for n in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * step >= most)


def label(figure: Figure, say: Say) -> str:
    """What a figure is of."""
    if figure.word:
        return say(figure.word)
    return escape(say.model(catalog.find(figure.key)))


def origin(claim: Claim, say: Say) -> str:
    """One muted line: n and source."""
    return f'<small class="from">{counted(claim, say)}{source(claim, say)}</small>'


def counted(claim: Claim, say: Say) -> str:
    """How much it was measured on."""
    return f"n = {claim.n:,} · " if claim.n else f"{say('results.no_n')} · "


def source(claim: Claim, say: Say) -> str:
    """Where a figure comes from: measured by this project, or published."""
    if claim.command:
        return say("results.measured_here")
    site = claim.reference
    if site.startswith(("https://", "http://")):
        shown = escape(site.partition("://")[2].partition("/")[0])
        address = escape(site, quote=True)
        link = f'<a href="{address}" target="_blank" rel="noopener" lang="en">{shown}</a>'
    else:
        link = f'<span lang="en">{escape(site)}</span>'
    return f"{say('results.from')}{link}"


def absent(chart: Chart, say: Say) -> str:
    """Whose figure is left out, as it has no source; or stands below."""
    here = {one.role for one in chart.drawn}
    below = dict.fromkeys(one.role for one in chart.parted if one.role not in here)
    words = [
        say(f"results.{name}", roles=say.plain("results.and").join(roles))
        for name, of in (("missing", chart.missing), ("below", below))
        if (roles := [say.plain(f"results.role.{role}") for role in of])
    ]
    return f'<p class="quiet">{page.sentences(say.lang, *words)}</p>' if words else ""


def parted(chart: Chart, say: Say) -> str:
    """Figures of another measure or on other data: in words only."""
    rows = "".join(apart(chart, figure, say) for figure in chart.parted)
    if not rows:
        return ""
    summary = say("results.parted", n=len(chart.parted))
    return f'<details class="parted"><summary>{summary}</summary><ul>{rows}</ul></details>'


def apart(chart: Chart, figure: Figure, say: Say) -> str:
    """One of them, and why it is no neighbour of those that are drawn."""
    claim = figure.claim
    value = escape(valued(figure))
    named = say.words.tables[say.lang].get(f"metric.{claim.metric}", claim.metric)
    why = say("results.other_split" if claim.metric in chart.measures else "results.other_measure")
    return (
        f"<li><small>{say(f'results.role.{figure.role}')}</small> <span>{label(figure, say)}"
        f"</span>{say('house.colon')}<b>{value}</b> <span>{escape(named)}</span> · "
        f"{page.split(claim.split, say)} · {why} {origin(claim, say)}</li>"
    )
