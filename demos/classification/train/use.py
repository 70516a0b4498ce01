"""``/use/{link}``: one classifier on a page of its own, for a phone, by its unguessable link.

No Gradio: a page of a few kB whose camera fills the screen, with answers large enough to be read
across a table. Whoever has the link may use the model; its owner takes it back (``DELETE
/train/jobs/{id}``), and then the link tells so.
"""

from __future__ import annotations

import html
import ipaddress
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from demos import models, page, pictures, uploads
from demos.language import LOCALES, Say, Words
from demos.limits import MB
from demos.proxy import public_root
from demos.training.answering import answering
from demos.training.models import key_of
from inference import Engine, Settings
from inference.errors import Refusal
from jobs import Job, Jobs, errors
from jobs.store import DONE
from pretrained import catalog

TASK = "classification"
SIDE = 512  # pixels of a picture's longer side that are decoded
TEMPLATE = Path(__file__).with_name("use.html")
SPOKEN = ("asking", "no_camera", "insecure", "unsure", "lost", "stopped")
#: Nothing on this page comes from elsewhere, and it may use the camera where it is framed.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'"
)


def routes(engine: Engine, words: Words, jobs: Jobs) -> list[BaseRoute]:
    """The page, and what it asks."""
    told = answering(words)

    async def shown(request: Request) -> Response:
        say = words.speaker(request)
        try:
            job = done(jobs.linked(request.path_params["link"]))
        except Refusal as error:
            return HTMLResponse(gone(request, say, error), 404, {"Cache-Control": "no-store"})
        if not job.key.startswith(f"{TASK}/"):  # other models are used in their own tab
            task = job.key.split("/")[0]
            return RedirectResponse(f"../?tab={task}&room=try&model={key_of(job)}")
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
        return HTMLResponse(rendered(request, say, engine, job), headers=headers)

    @told
    async def answer(request: Request, say: Say) -> Any:
        job = done(jobs.linked(request.path_params["link"]))
        LocalContext.request.set(gr.Request(request))  # whose turn it is: `demos.visitors`
        settings = engine.settings
        picture = await uploads.DECODING.run(
            pictures.open_picture,
            await request.body(),
            settings.max_upload_mb * MB,
            settings.max_pixels,
            SIDE,
        )
        entry = models.entry_of(TASK, engine, key_of(job))
        await engine.preload(entry.key)
        said = await engine.predict(entry.key, picture, view="answer", top_k=1000)
        return {"answers": said["confidences"], "sure": said["sure"]}

    @told
    async def where(request: Request, say: Say) -> Any:
        return link(request, say, jobs.linked(request.path_params["link"]), engine.settings)

    return [
        Route("/use/{link}", shown, methods=["GET"]),
        Route("/use/{link}/link", where, methods=["GET"]),
        Route("/use/{link}/answer", answer, methods=["POST"]),
    ]


def done(job: Job) -> Job:
    """A training that is a model by now. Raises: UnknownJob: it is none."""
    if job.state != DONE:
        raise errors.UnknownJob
    return job


def link(request: Request, say: Say, job: Job, settings: Settings) -> dict[str, str]:
    """Where a model is used, and a QR code of that (SVG, dark on light: cameras want it so). Where
    only this machine finds that address, ``qr`` is "" and ``local`` says what to do.

    Raises: UnknownJob: it is no model yet.
    """
    import segno

    name, used = done(job).name, job.link
    where = f"{html.unescape(public_root(request.scope, settings.root_path))}/use/{used}"
    told = {"link": used, "title": name, "address": where, "qr": "", "local": ""}
    if loopback(urlsplit(where).hostname or ""):
        served = "local_only" if loopback(settings.host) else "local_address"
        return told | {"local": say.plain(f"classification.train.{served}")}
    code = segno.make(where, error="m").svg_inline(
        scale=4, border=3, dark="#1c1b19", light="#fff", omitsize=True
    )
    return told | {"qr": code}


def loopback(host: str) -> bool:
    """Whether a host's name or address means the machine that asks."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def rendered(request: Request, say: Say, engine: Engine, job: Job) -> str:
    """The page in one language."""
    entry = models.entry_of(TASK, engine, key_of(job))
    config = models.config(entry)
    names = config["labels"]
    chinese = config.get("labels_zh") if say.lang == "zh" else None
    told = {
        "labels": dict(zip(names, chinese or names, strict=True)),
        "words": {name: say.plain(f"classification.use.{name}") for name in SPOKEN},
        "unsure": config.get("unsure_below", 0.5),
    }
    name = job.name or say.model(catalog.find(job.key))
    return filled(request, say, name, json.dumps(told, ensure_ascii=False))


def gone(request: Request, say: Say, error: Refusal) -> str:
    """The page of a model that is no longer there."""
    return filled(
        request, say, say.plain("classification.use.gone"), "", page.sentence_of(error, say)
    )


def filled(request: Request, say: Say, title: str, told: str, refused: str = "") -> str:
    """The template with its words. Every value is escaped."""
    text = TEMPLATE.read_text("utf-8")
    names = ("picture", "switch", "made", "other", "camera", "answer")
    values = {f"say.{name}": say.plain(f"classification.use.{name}") for name in names}
    other = "en" if say.lang == "zh" else "zh"
    values |= {
        "lang": LOCALES[say.lang],
        "code": say.lang,
        "other": other,
        "other_locale": LOCALES[other],
        "title": title,
        "told": told,
        "refused": refused,
        "here": f"use/{request.path_params['link']}",
        "base": f"{request.scope.get('root_path', '')}/",
        "state": "gone" if refused else "ready",
    }
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", html.escape(value))
    return text
