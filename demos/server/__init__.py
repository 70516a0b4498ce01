"""Server: the models in memory, the queue, the device, readable by a person."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import models, page
from demos.language import Say, Words
from demos.web import device_name
from inference import Engine
from jobs import Jobs
from pretrained.catalog import Entry

EVERY = 2.0  # seconds between two looks while following live
COLUMNS = ("model", "state", "size", "leases", "idle")
NUMBERS = ("size", "leases", "idle")
ORDER = {"warm": 0, "loading": 1, "parked": 2, "cold": 3}


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The page, inside its tab: filled when the tab is opened, on Refresh, or live."""
    tab = Context.block

    def look(request: gr.Request) -> str:
        return report(engine, words.speaker(request))

    quietly: dict[str, Any] = {"queue": False, **page.PRIVATE}
    with gr.Column(elem_classes=["page", "tab-server"]):
        page.title("server", words)
        with gr.Row(elem_classes="controls"):
            refresh = gr.Button(words("server.refresh"), scale=0)
            live = gr.Checkbox(label=words("server.live"), scale=0, container=False)
        shown = gr.HTML(apply_default_css=False, js_on_load=None)
        timer = gr.Timer(EVERY, active=False)
    refresh.click(look, None, shown, **quietly)
    timer.tick(look, None, shown, **quietly)
    live.change(lambda on: gr.Timer(active=on), live, timer, **quietly)
    if isinstance(tab, gr.Tab):
        tab.select(look, None, shown, **quietly)
    if Context.root_block is not None:
        Context.root_block.load(look, None, shown, **quietly)


def report(engine: Engine, say: Say) -> str:
    """`engine.status()` as a page."""
    status = engine.status()
    device, queue = status["device"], status["queue"]
    figures = [
        (device_name(device) or "—", say("server.device"), reason(device, say)),
        (size(status["used_bytes"]), say("server.memory"), budget(status, say)),
        (
            f"{queue['waiting']:,}",
            say("server.queue"),
            say("server.queue_of", limit=queue["limit"]),
        ),
        (f"{status['answered']:,}", say("server.answered"), ""),
        (f"{status['failed']:,}", say("server.failed"), ""),
    ]
    facts = "".join(
        f"<div><dd>{value}</dd><dt>{label}</dt><dt>{detail}</dt></div>"
        for value, label, detail in figures
    )
    columns = "".join(
        f'<th scope="col"{" class=number" if c in NUMBERS else ""}>{say(f"server.{c}")}</th>'
        for c in COLUMNS
    )
    rows = "".join(
        row(model, models.entries(engine)[model["key"]], say)
        for model in sorted(status["models"], key=lambda m: ORDER.get(m["state"], 9))
    )
    return f"""<dl class="facts">{facts}</dl><h2 class="spaced">{say("server.models")}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="{say("server.models")}">
<table class="sheet"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>
<h2 class="spaced">{say("server.machine")}</h2><p class="quiet">{say("server.machine_help")}
<a href="healthz" target="_blank">/healthz</a>,
<a href="metrics" target="_blank">/metrics</a></p>"""


def row(model: Mapping[str, Any], entry: Entry, say: Say) -> str:
    """One model of `engine.status()["models"]`."""
    state = say(f"server.{model['state']}")
    if model["progress"] and model["progress"][1]:
        done, total = model["progress"]
        state += f" {size(done)} / {size(total)}"
    held = model["state"] in ("warm", "parked")
    leases = say("server.requests", n=model["leases"]) if model["leases"] else "—"
    idle = span(model["idle_seconds"], say) if held and not model["leases"] else "—"
    name = html.escape(say.model(entry))
    return f"""<tr><td><b>{name}</b> <code class="hide">{html.escape(model["key"])}</code></td>
<td><span class="state {model["state"]}">{state}</span></td>
<td class="number">{size(model["bytes"]) if held else "—"}</td><td class="number">{leases}</td>
<td class="number">{idle}</td></tr>"""


def reason(device: Mapping[str, Any], say: Say) -> str:
    """Why this device. What was chosen by itself has words; a setting's own reason is English."""
    if device["reason"].startswith("torch sees"):
        return say("server.because.none" if device["kind"] == "cpu" else "server.because.found")
    return f'<span lang="en">{html.escape(device["reason"])}</span>'


def budget(status: Mapping[str, Any], say: Say) -> str:
    """ "of 3.1 GB", or nothing while the device is not chosen."""
    return (
        say("server.memory_of", budget=size(status["budget_bytes"]))
        if status["budget_bytes"]
        else ""
    )


def size(n: float) -> str:
    """Bytes as a visitor reads them: "9.3 MB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= factor:
            return f"{n / factor:.1f} {unit}"
    return f"{n:.0f} B"


def span(seconds: float, say: Say) -> str:
    """A span of time: "40 s", "3 min"."""
    if seconds < 120:
        return say("server.seconds", n=round(seconds))
    return say("server.minutes", n=round(seconds / 60))
