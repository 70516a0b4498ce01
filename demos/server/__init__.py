"""Server: what is in memory, who waits, how soon answers come; a page of its own figures.

`state` says it once a second at most, however many look; ``/server.json`` serves it, and
`server.js` draws it while its tab is in sight. Models are those that the catalogue lists: what
visitors trained is one sum of bytes, and nothing that anybody asked is told.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demos import models, page
from demos.language import Say, Words
from demos.web import device_name
from inference import Engine
from inference.metrics import LATEST
from jobs import Jobs
from pretrained import sources
from pretrained.catalog import Entry

EVERY = 2.0  # seconds between two looks of a page
#: Seconds for which a look at the engine, and at what lies on disk, serves everybody.
FRESH, ON_DISK = 1.0, 10.0
MOUNT = """new IntersectionObserver((seen, watch) => {
  if (!seen.at(-1).isIntersecting) return;
  watch.disconnect();
  import(new URL('house/server.js', document.baseURI)).then((it) => it.mount(element));
}, {rootMargin: '1000000px'}).observe(element);"""
#: The rectangles of the map, and the columns of the two tables: ``server.<name>`` each.
MAPS = ("memory", "host", "bundled", "disk", "download")
MODELS = ("model", "source", "weight", "state", "size", "used", "found", "loads", "evictions")
REQUESTS = (
    *("model", "waiting", "rate_short", "p50", "p99", "of", "batch", "batch_most"),
    *("ended_answered", "ended_cancelled", "ended_failed"),
)
IN_WORDS = ("model", "source", "state", "used")
#: Each has a colour on the map; the pen has that of text, whose tab it shares.
TASKS = ("classification", "detection", "text", "translation", "images")


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The page, inside its tab. Its script is fetched when the tab is first opened."""
    with gr.Column(elem_classes=["page", "tab-server"]):
        page.title("server", words)
        gr.HTML(words.markup(rendered), js_on_load=MOUNT, apply_default_css=False)


def routes(engine: Engine, words: Words) -> list[BaseRoute]:
    """``/server.json?lang=``; nothing where the host hides the page."""
    if not engine.settings.server_page:
        return []
    look = Kept(FRESH, lambda: state(engine, here()))
    here = Kept(ON_DISK, lambda: whereabouts(engine))

    def told(request: Request) -> Response:
        return JSONResponse(
            named(look(), engine, words.speaker(request)), headers={"Cache-Control": "no-store"}
        )

    return [Route("/server.json", told)]


class Kept:
    """What ``make()`` gives, made anew when it is older than ``seconds``. Any thread may ask."""

    def __init__(
        self,
        seconds: float,
        make: Callable[[], dict[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._make, self._clock = seconds, make, clock
        self._lock = threading.Lock()
        self._kept: tuple[float, dict[str, Any]] | None = None

    def __call__(self) -> dict[str, Any]:
        with self._lock:
            if self._kept is None or self._clock() - self._kept[0] >= self._seconds:
                self._kept = self._clock(), self._make()
            return self._kept[1]


def whereabouts(engine: Engine) -> dict[str, str]:
    """Of each model: "bundled" with the app, on "disk", or to "download" first."""
    return {key: whereabout(entry) for key, entry in models.entries(engine).items()}


def whereabout(entry: Entry) -> str:
    if entry.hub_id is None and entry.wheel is None:
        return "bundled"
    return "disk" if sources.state(entry).here else "download"


def state(engine: Engine, where: Mapping[str, str]) -> dict[str, Any]:
    """What the page draws, in bytes and seconds, without a word of any language.

    ``keep_alive_s`` is None where idle models stay. ``unlisted_bytes`` are those of models that
    visitors trained. A model's ``leaves_s``: seconds after which it leaves if nobody asks.
    """
    status, lately = engine.status(), engine.metrics.recent()
    settings, known = engine.settings, models.entries(engine)
    keep_alive = None if settings.preload else settings.keep_alive_s
    rows = [
        one(model, known[model["key"]], where, lately.get(model["key"], {}), keep_alive)
        for model in status["models"]
        if model["key"] in known and model["key"] in where
    ]
    kind = status["device"]["kind"]
    held = sum(row["bytes"] for row in rows if row["state"] == "warm" and row["on"] == kind)
    return {
        "device": {**status["device"], "name": device_name(status["device"])},
        "budget_bytes": status["budget_bytes"],
        "used_bytes": status["used_bytes"],
        "unlisted_bytes": max(0, status["used_bytes"] - held),
        "queue": status["queue"],
        "answered": status["answered"],
        "failed": status["failed"],
        "per_second": sum(row["per_second"] for row in lately.values()),
        "keep_alive_s": keep_alive,
        "models": rows,
    }


def one(
    model: Mapping[str, Any],
    entry: Entry,
    where: Mapping[str, str],
    lately: Mapping[str, Any],
    keep_alive: float | None,
) -> dict[str, Any]:
    """One model of `state`."""
    ended, cache = lately.get("ended", {}), lately.get("cache", {})
    patience = keep_alive and keep_alive * (2 if model["state"] == "parked" else 1)
    idle = model["state"] in ("warm", "parked") and not model["leases"]
    return {
        "key": entry.key,
        "task": entry.task,
        "source": where[entry.key],
        "from": sources.described(entry),
        "weight_bytes": entry.bytes,
        "state": model["state"],
        "bytes": model["bytes"],
        "on": model["device"],
        "leases": model["leases"],
        "idle_s": model["idle_seconds"] if idle else None,
        "leaves_s": max(0.0, patience - model["idle_seconds"]) if idle and patience else None,
        "progress": model["progress"],
        "waiting": model.get("waiting", 0),
        **{name: lately.get(name) for name in ("p50_s", "p99_s", "batch_mean", "batch_most")},
        "of": lately.get("of", 0),
        "per_second": lately.get("per_second", 0.0),
        "answered": ended.get("answered", 0),
        "cancelled": ended.get("cancelled", 0),
        "failed": sum(ended.values()) - ended.get("answered", 0) - ended.get("cancelled", 0),
        "found": cache.get("found_device", 0),
        "loads": cache.get("loaded", 0),
        "evictions": cache.get("left_host", 0) + cache.get("left_nowhere", 0),
    }


def named(told: Mapping[str, Any], engine: Engine, say: Say) -> dict[str, Any]:
    """`state` with what a visitor calls each model, and why this device, in one language."""
    known = models.entries(engine)
    rows = [
        {**row, "name": say.model(known[row["key"]])}
        for row in told["models"]
        if row["key"] in known
    ]
    device = {**told["device"], "reason": reason(told["device"], say)}
    return {**told, "models": rows, "device": device}


def reason(device: Mapping[str, Any], say: Say) -> str:
    """Why this device. What was chosen by itself has words; a setting's own reason is English."""
    if not device["name"]:
        return ""
    if device["reason"].startswith("torch sees"):
        return say.plain(
            "server.because.none" if device["kind"] == "cpu" else "server.because.found"
        )
    return str(device["reason"])


def rendered(say: Say) -> str:
    """The page before it is filled, in one language."""
    spoken = {
        key: text
        for key, text in say.words.table(say.lang, "server").items()
        if key not in ("tab", "title", "lead")
    }
    settings = {"every": EVERY, "latest": LATEST, "words": spoken}
    told = escape(json.dumps(settings, ensure_ascii=False))
    facts = "".join(
        f'<div><dd data-show="{name}">—</dd><dt>{say(f"server.{name}")}</dt>'
        f'<dt data-show="{name}_of"></dt></div>'
        for name in ("device", "memory", "queue", "rate", "answered", "failed")
    )
    maps = "".join(
        f'<section class="server-map" data-map="{name}"{" hidden" if name == "host" else ""}>'
        f"<h3>{say(f'server.map_{name}')} <small></small></h3>"
        f'<div class="server-blocks" role="group" aria-label="{say(f"server.map_{name}")}"></div>'
        f"</section>"
        for name in MAPS
    )
    tasks = "".join(
        f'<span class="task-{name}"><i aria-hidden="true"></i>{say(f"{name}.tab")}</span>'
        for name in TASKS
    )
    return f"""<div class="server" data-told="{told}">
<div class="server-bar">
<label><input type="checkbox" checked data-live> {say("server.live")}</label>
<p class="quiet" data-show="as_of"></p></div>
<dl class="facts">{facts}</dl>
<div class="server-budget" aria-hidden="true"><i></i></div>
<p class="refusal" role="alert" hidden></p>
<h2 class="spaced">{say("server.map")}</h2>
<p class="quiet">{say("server.map_help")}</p><p class="server-tasks quiet">{tasks}</p>
<div class="server-maps">{maps}</div>
<p class="server-about">{say("server.map_hint")}</p>
<h2 class="spaced">{say("server.requests")}</h2>
<p class="quiet" data-show="requests">{say("server.requests_none")}</p>
{table("requests", REQUESTS, say)}
<h2 class="spaced">{say("server.models")}</h2><p class="quiet">{say("server.cache_help")}</p>
{table("models", MODELS, say)}
<h2 class="spaced">{say("server.machine")}</h2><p class="quiet">{say("server.machine_help")}
<a href="healthz" target="_blank"><code>/healthz</code></a>,
<a href="metrics" target="_blank"><code>/metrics</code></a>,
<a href="server.json?lang={say.lang}" target="_blank"><code>/server.json</code></a></p></div>"""


def table(name: str, columns: tuple[str, ...], say: Say) -> str:
    """An empty table, whose rows `server.js` makes."""
    heads = "".join(
        f'<th scope="col"{"" if c in IN_WORDS else " class=number"}>{say(f"server.{c}")}</th>'
        for c in columns
    )
    label = say(f"server.{name}")
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{label}">
<table class="sheet" data-table="{name}"><caption class="sr-only">{label}</caption>
<thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"""
