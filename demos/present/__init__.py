"""``/present`` (and ``/?present``): five breakthroughs for a board, one screen each.

A page of its own, without Gradio: one claim, one live demonstration whose input may be changed
there and then (through ``/v1``), one figure with its source, what it costs to run and what it took
to train. Arrow keys, full screen, print; no other host is asked for anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demos import models, page
from demos.classification import examples, kinds
from demos.detection.answers import EXAMPLES
from demos.images import points
from demos.language import LANGUAGES, LOCALES, Say, Words, reasons
from demos.limits import MB
from demos.proxy import public_root
from inference import Engine
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.metrics import Claim

#: Everything comes from here; the pictures are the page's own and what a visitor gives.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'"
)
SPOKEN = (
    *("asking", "lost", "kinds", "nothing", "measured", "unsure", "face"),
    *("milliseconds", "seconds", "left_out", "whole"),
)


@dataclass(frozen=True)
class Screen:
    """One breakthrough.

    Attributes:
        name: of the endpoint of /v1; the words are ``present.<name>.*``.
        tab: where it is gone into. key: of the model that answers.
        metric, split: the claim of its card that is shown.
        given: "picture", or the text that stands there first; ``speaks``: the language of it.
        answers: the language of what comes back, where that is a text.
    """

    name: str
    tab: str
    key: str
    metric: str
    split: str
    given: str
    speaks: str = "en"
    answers: str = "en"


#: Two that show another model in each language, as Home does (`demos.home.living`).
WRITERS = {
    "en": Screen("write", "text", "text/shakespeare", "nats_per_char", "", "Once upon a time"),
    "zh": Screen("write", "text", "text/tang", "wellformed", "", "明月", "zh", "zh"),
}
TRANSLATORS = {
    lang: Screen(
        "translate", "translation", f"translation/en-{to}", "bleu", f"test en-{to}",
        "The children are playing in the garden.", answers=to,
    )
    for lang, to in (("en", "fr"), ("zh", "zh"))
}  # fmt: skip


#: The screens of each language.
SCREENS = {
    lang: (
        Screen(
            "classify", "classification", "classification/imagenet", "top1", "imagenet", "picture"
        ),
        Screen("detect", "detection", "detection/everyday", "box_ap50", "validation", "picture"),
        WRITERS[lang],
        TRANSLATORS[lang],
        Screen("images", "images", "images/faces-gan", "fd_ratio", "", "1"),
    )
    for lang in LANGUAGES
}  # fmt: skip


def routes(engine: Engine, words: Words) -> list[BaseRoute]:
    """The page, and the two pictures that stand on it first."""

    async def shown(request: Request) -> Response:
        html = rendered(request, words.speaker(request), engine)
        headers = {"Content-Security-Policy": POLICY, "Vary": "Accept-Language"}
        return HTMLResponse(html, headers=headers)

    async def picture(request: Request) -> Response:
        chosen = {"classify": examples.available()[:1], "detect": EXAMPLES[:1]}
        found = [one.path for one in chosen.get(request.path_params["name"], ())]
        if not found or found[0] is None:
            return Response(status_code=404)
        return FileResponse(found[0])

    async def memory(request: Request) -> Response:
        """The bytes that a screen's model holds in memory; 0 while it is not there."""
        key = request.path_params["key"]
        if key not in {screen.key for screens in SCREENS.values() for screen in screens}:
            return Response(status_code=404)
        held = (row["bytes"] for row in engine.status()["models"] if row["key"] == key)
        return JSONResponse({"bytes": next(held, 0)}, headers={"Cache-Control": "no-store"})

    return [
        Route("/present", shown),
        Route("/present/{name}.picture", picture),
        Route("/present/memory/{key:path}", memory),
    ]


def rendered(request: Request, say: Say, engine: Engine) -> str:
    """The page in one language."""
    known = models.entries(engine)
    here = [screen for screen in SCREENS[say.lang] if screen.key in known]
    screens = "".join(
        one(say, number, screen, known[screen.key]) for number, screen in enumerate(here, 1)
    )
    told: dict[str, Any] = {name: say.plain(f"present.{name}") for name in SPOKEN}
    told["unreadable"] = say.plain("error.picture_unreadable")
    settings = engine.settings
    live = settings.api and not settings.api_key
    told["live"] = "yes" if live else ""
    told["truncation"] = points.TRUNCATION
    told["names"] = {screen.name: names(say, known[screen.key]) for screen in here}
    other = "en" if say.lang == "zh" else "zh"
    closed = "" if live else f'<p class="note">{say("present.no_api")}</p>'
    return f"""<!doctype html>
<html lang="{LOCALES[say.lang]}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<base href="{escape(public_root(request.scope, settings.root_path))}/">
<title>{say("present.title")} · {say("house.name")}</title>
<link rel="icon" type="image/svg+xml" href="house/icon.svg">
<link rel="stylesheet" href="house/present.css">
<script type="module" src="house/present.js"></script></head>
<body data-told="{escape(json.dumps(told, ensure_ascii=False))}">
<header><b>{say("house.name")}</b><nav aria-label="{say("present.screens")}">
<button type="button" data-go="-1" aria-label="{say("present.back")}">←</button>
<span class="place"></span>
<button type="button" data-go="1" aria-label="{say("present.next")}">→</button>
<button type="button" data-do="full">{say("present.full")}</button>
<button type="button" data-do="print">{say("present.print")}</button>
<a href="present?lang={other}" lang="{LOCALES[other]}">{say("house.language")}</a>
<a href="./?lang={say.lang}">{say("present.leave")}</a></nav>
<p class="sr-only" role="status"></p></header>
<main>
<section class="screen cover"><h1 tabindex="-1">{say("present.title")}</h1>
<p class="claim">{say("present.lead")}</p>
<p class="quiet">{say("present.keys")}</p>{closed}</section>
{screens}
<section class="screen cover"><h1 tabindex="-1">{say("present.yours")}</h1>
<p class="claim">{say("present.yours_how")}</p>
<p><a class="btn" href="./?tab=classification&amp;room=train&amp;lang={say.lang}">
{say("present.train")}</a></p></section>
</main></body></html>"""


def names(say: Say, entry: Entry) -> Mapping[str, str]:
    """What the labels of the API are called in this language, where that is something else."""
    if entry.task == "classification":
        return kinds.names(say.lang, entry)
    own = catalog.labels(entry)
    return dict(zip(own["en"] or (), own[say.lang] or (), strict=False))


def one(say: Say, number: int, screen: Screen, entry: Entry) -> str:
    """The screen of one breakthrough."""
    name = f"present.{screen.name}"
    claim = claimed(entry, screen)
    figure = (
        page.figure(claim.metric, vars(claim), interval=claim.low is not None) if claim else "—"
    )
    source = (
        say(
            f"{name}.figure.{claim.metric}",
            n=f"{claim.n:,}",
            split=reasons.held_out(claim.split, say.lang),
        )
        if claim
        else say("present.none")
    )
    facts = [
        (figure, source),
        (models.size(say, entry.parameters), weighs(say, entry)),
        ('<span data-show="ms">…</span>', say("present.run")),
        (trained(say, screen, entry), say(f"{name}.trained", **training(say, entry))),
    ]
    cells = "".join(f"<div><dd>{value}</dd><dt>{label}</dt></div>" for value, label in facts)
    asked = f'data-model="{entry.key}" data-answers="{screen.answers}"'
    return f"""<section class="screen" data-screen="{screen.name}" {asked}>
<h1 tabindex="-1"><small>{number}</small> {say(f"{name}.title")}</h1>
<p class="claim">{say(f"{name}.claim")}</p>
<div class="demo"><div class="give">{given(say, screen)}
<p class="quiet">{say(f"{name}.try")}</p></div>
<div class="get" aria-live="polite"></div></div>
<dl>{cells}</dl>
<p class="quiet more"><a href="./?tab={screen.tab}&amp;room=inside&amp;lang={say.lang}">
{say("present.inside")}</a></p></section>"""


def weighs(say: Say, entry: Entry) -> str:
    """What a model takes: on disk, and in memory, which the page learns once it has answered."""
    told = say("present.weights", mb=f"{entry.bytes / MB:.0f}", memory="\0")
    return told.replace("\0", '<span data-show="memory">…</span>')


def given(say: Say, screen: Screen) -> str:
    """What may be changed there and then."""
    label = say(f"present.{screen.name}.give")
    if screen.given == "picture":
        return (
            f'<div class="picture"><img src="present/{screen.name}.picture" '
            f'alt="{say("present.seen")}"><svg aria-hidden="true"></svg></div>'
            f'<label class="btn quiet-btn">{label}<input type="file" accept="image/*"></label>'
        )
    if screen.name == "images":
        return f'<button type="button" class="btn" data-do="again">{label}</button>'
    area = f'<textarea rows="3" maxlength="400" lang="{LOCALES[screen.speaks]}">'
    return (
        f"<label>{label}{area}{escape(screen.given)}</textarea></label>"
        f'<button type="button" class="btn" data-do="again">{say("present.go")}</button>'
    )


def claimed(entry: Entry, screen: Screen) -> Claim | None:
    """The claim of a model's card that the screen shows."""
    fitting = (c for c in entry.claims if c.metric == screen.metric and screen.split in c.split)
    return next(fitting, None)


def training(say: Say, entry: Entry) -> dict[str, Any]:
    """What its card tells of the training, as a visitor reads it."""
    made = page.read_metrics(entry.key).get("training", {})
    count = next((made[k] for k in ("pictures", "pairs", "characters") if made.get(k)), None)
    told = f"{count:,}" if count else "—"
    return {"count": told, "hardware": reasons.hardware(made.get("hardware", "—"), say.lang)}


def trained(say: Say, screen: Screen, entry: Entry) -> str:
    """How long the training took; where its card does not tell, what it learnt from."""
    seconds = page.read_metrics(entry.key).get("training", {}).get("wall_seconds")
    if not seconds:
        return say(f"present.{screen.name}.taught")
    return say("present.minutes", minutes=f"{seconds / 60:.0f}")
