"""The models, folded: how each was trained, what measures it, and measuring it again here."""

from __future__ import annotations

import html
import json
from pathlib import Path

from demos import models, page
from demos.language import Say
from demos.results.again import Evaluation, evaluations
from jobs import Jobs
from pretrained import catalog
from pretrained.catalog import Entry

#: What a closed model shows rather than its first figure, which depends on how many were compared.
TOLD = ("fd_ratio",)
#: What results.js says by itself.
SPOKEN = (
    *("queued", "running", "sending", "cancel", "cancelled", "failed", "lost"),
    *("measure", "card", "now", "verdict"),
)


def drawn(say: Say, jobs: Jobs | None, folder: Path | None) -> str:
    """Every model that claims a figure. ``folder``: where the host has its test data, if it has."""
    told = {name: say.plain(f"results.again.{name}") for name in SPOKEN}
    spoken = html.escape(json.dumps(told, ensure_ascii=False))
    claiming = [entry for entry in catalog.entries().values() if entry.claims]
    folded = "".join(one(entry, say, jobs, folder) for entry in claiming)
    return f"""<section class="folded" data-words="{spoken}" aria-labelledby="results-models">
<h2 id="results-models">{say("results.models")}</h2>
<p class="quiet">{say("results.models_how")}</p>{folded}</section>"""


def one(entry: Entry, say: Say, jobs: Jobs | None, folder: Path | None) -> str:
    """One model: closed, its name and first figure."""
    first = next((claim for claim in entry.claims if claim.metric in TOLD), entry.claims[0])
    label = say.words.tables[say.lang].get(f"metric.{first.metric}", first.metric)
    value = page.figure(first.metric, vars(first), interval=first.low is not None)
    runs = "".join(measured(each, entry, say, jobs, folder) for each in evaluations(entry))
    theirs = all(not claim.command for claim in entry.claims)
    published = f'<p class="quiet">{say("results.published")}</p>' if theirs else ""
    size = models.size(say, entry.parameters)
    about = say("results.about", size=size, licence=entry.licence)
    return f"""<details class="folded-model tab-{tab(entry)}"><summary>
<b>{html.escape(say.model(entry))}</b> <code lang="en">{html.escape(entry.key)}</code>
<span class="quiet"><span>{html.escape(label)}</span> {html.escape(value)} ·
{page.split(first.split, say)}</span></summary>
<p class="quiet" id="measure-{html.escape(entry.key)}">{about}</p>
{trained(entry, say)}{published}{runs}</details>"""


def tab(entry: Entry) -> str:
    """Whose accent it has: the pen is in the tab of text."""
    return "text" if entry.task == "handwriting" else entry.task


def trained(entry: Entry, say: Say) -> str:
    """Data, hardware and time, as far as its card tells them."""
    made = page.read_metrics(entry.key).get("training", {})
    words = []
    if made.get("hardware") and made.get("wall_seconds"):
        minutes = f"{made['wall_seconds'] / 60:.1f}"
        told = say("results.trained", hardware="{hardware}", minutes=minutes)
        words.append(told.replace("{hardware}", page.hardware(made["hardware"], say)))
    if made.get("data"):
        card = page.learnt_from(made["data"], say)
        words.append(say("results.learnt", data="{data}").replace("{data}", card))
    return f'<p class="quiet">{" · ".join(words)}</p>' if words else ""


def measured(
    run: Evaluation, entry: Entry, say: Say, jobs: Jobs | None, folder: Path | None
) -> str:
    """The command of some figures, and measuring them again."""
    names = dict.fromkeys(claim.split for claim in run.claims)
    head = f'<p class="quiet">{" · ".join(page.split(name, say) for name in names)}</p>'
    return f"""<div class="run">{head}{page.command_html(run.command, say)}
{again(run, entry, say, jobs, folder)}</div>"""


def again(run: Evaluation, entry: Entry, say: Say, jobs: Jobs | None, folder: Path | None) -> str:
    """Two ways to measure here, with the host's data and with one's own; or why there are none."""
    if not entry.bundled:
        return ""
    if jobs is None or not jobs.limits.on:
        return f'<p class="note">{say("results.again.off")}</p>'
    here = run.at_hand(folder)
    ready = (
        f'<button type="button" class="btn" data-measure="here">{say("results.again.here")}'
        "</button>"
        if here
        else f'<p class="quiet">{say("results.again.no_folder")}</p>'
    )
    return f"""<div class="again" data-key="{html.escape(run.key)}" data-number="{run.number}">
{ready}<label class="ghost">{say("results.again.yours")}<input type="file" multiple
class="sr-only" accept=".parquet,.zip,.jsonl,.txt,.tsv,.csv" data-measure="yours"></label>
<p class="quiet">{say("results.again.takes", mb=jobs.limits.data_mb)}</p>
<div class="again-shown" role="status"></div></div>"""
