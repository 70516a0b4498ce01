"""What is served beside the page: its head and words, /healthz, /metrics, the assets, security
headers; what is no stream and no picture goes compressed."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from gradio.i18n import I18n
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos import proxy
from demos.language import DEMOS, LANGUAGES, LOCALES, Words
from demos.limits import Limits
from inference.metrics import CONTENT_TYPE

HEAD = DEMOS / "page"
#: What a page may fetch: scripts, styles and pictures beside the rooms they serve, by their names.
KINDS = (".js", ".svg", ".png")
ASSETS = {file.name: file for file in DEMOS.glob("*/**/*") if file.suffix in KINDS}
# Fetched on their own; a tab's are sent as one, `sheets`.
ALONE = (HEAD / "page.css", DEMOS / "present" / "present.css", DEMOS / "tour" / "tour.css")
ASSETS |= {file.name: file for file in ALONE}
ASSETS["living.json"] = DEMOS / "home" / "living.json"
LICENCE = DEMOS.parent / "LICENSE"
GRADIO_PREVIEW = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
# A Space shows its app in an iframe of huggingface.co; whom else the operator names, may too.
#: Gradio's page has scripts in its HTML and makes functions of our events' scripts, so neither can
#: be forbidden; but no script comes from anywhere else.
SCRIPTS = "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; object-src 'none'"
FRAMED_BY = ("'self'", "https://huggingface.co", "https://*.hf.space")
#: What Gradio's own middleware compresses, by the ends of their addresses; pictures, which are
#: compressed already; and every stream.
NOT_HERE = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    *("text/css", "text/javascript", "application/javascript", "application/octet-stream"),
    "image/*",
)
#: What the page that Gradio makes depends on; and how many of its forms are kept.
DEPENDS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
FORMS = 16
SMALLEST = 1000  # bytes: less fits into one packet anyway
#: What stands in Gradio's configuration where it was launched with `Unsent`.
NO_WORDS = '"i18n_translations":{}'


class Unsent(I18n):
    """Gradio's translations of a page that is sent one language of them, by `Head`."""

    def __init__(self) -> None:
        super().__init__()


def app_kwargs(
    engine: Any,
    words: Words,
    max_upload_mb: int = 50,
    root_path: str = "",
    framed_by: Sequence[str] = (),
    more: Sequence[BaseRoute] = (),
    before: Sequence[Middleware] = (),
) -> dict[str, Any]:
    """The routes and the middleware, as `Blocks.launch(app_kwargs=...)` takes them. ``framed_by``:
    the sites that may show the page in a frame, as https://example.com. ``more``: other routes.
    ``before``: what stands before everything of the app."""
    return {
        "routes": [*routes(engine, words), *more],
        "middleware": [
            Middleware(proxy.Prefix, root_path=root_path),
            *before,
            Middleware(
                GZipMiddleware,
                minimum_size=SMALLEST,
                compresslevel=6,
                exclude_content_types=NOT_HERE,
            ),
            Middleware(Head, words=words, root_path=root_path, framed_by=framed_by),
            Middleware(Limits, words=words, max_upload_mb=max_upload_mb),
        ],
    }


def routes(engine: Any, words: Words) -> list[BaseRoute]:
    """/healthz, /metrics, /licence, /house/<asset>, /house/tabs.css and /house/words/<key>.<lang>,
    a piece of page of `Words.apart`."""

    def healthz(request: Request) -> Response:
        status = engine.status()
        states = {model["key"]: model["state"] for model in status["models"]}
        key, stuck = ("stuck" if status["stuck"] else "ok"), ", ".join(status["stuck"])
        return JSONResponse(
            {
                "status": key,
                "sentence": words.speaker(request).plain(f"house.health_{key}", models=stuck),
                "stuck": status["stuck"],
                "warm": [key for key, state in states.items() if state == "warm"],
                "models": len(states),
                "warming": bool(status["warming"]),
                "device": device_name(status["device"]),
            },
            status_code=503 if status["stuck"] else 200,
            headers={"Cache-Control": "no-store"},
        )

    def metrics(request: Request) -> Response:
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return Response(engine.metrics.render(), headers=headers)

    def licence(request: Request) -> Response:
        return FileResponse(LICENCE, media_type="text/plain")

    def apart(request: Request) -> Response:
        lang, key = request.path_params["lang"], request.path_params["key"]
        return lasting(request, words.apart_text(lang, key), "text/markdown")

    def tabs_css(request: Request) -> Response:
        return lasting(request, css, "text/css")

    css = "".join(sheet.read_text("utf-8") for sheet in sheets())
    return [
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/licence", licence),
        Route("/house/words/{key}.{lang}", apart),
        Route("/house/tabs.css", tabs_css),
        Mount("/house", Assets(directory=DEMOS)),
    ]


class Assets(StaticFiles):
    """`ASSETS` by their names, and nothing else."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        file = ASSETS.get(path)
        return (str(file), file.stat()) if file else ("", None)


def sheets() -> list[Path]:
    """Every tab's own CSS, of its rooms too, of each tab the one called style.css first."""
    own = (sheet for sheet in DEMOS.glob("*/**/*.css") if sheet.name not in ASSETS)
    return sorted(
        own, key=lambda one: (one.relative_to(DEMOS).parts[0], one.stem != "style", one.name)
    )


def lasting(request: Request, text: str | None, media_type: str) -> Response:
    """A text that changes with the code only: a browser that has it already is told so."""
    if text is None:
        return Response(status_code=404)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == etag:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=media_type, headers=headers)


def device_name(device: dict[str, Any]) -> str | None:
    """The device as a visitor reads it: "CPU", a GPU's own name; None before it is chosen."""
    if not device["name"]:
        return None
    return "CPU" if device["kind"] == "cpu" else str(device["name"])


def source_url() -> str | None:
    """Where the source can be read, on a Space; elsewhere it is on the visitor's own disk."""
    space = os.environ.get("SPACE_ID", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", space):
        return None
    return f"https://huggingface.co/spaces/{space}/tree/main"


class Head:
    """ASGI middleware: puts our head and the visitor's words into Gradio's page, and security
    headers on every answer.

    The head decides the language before Gradio's first script runs (see `assets/before.js`), links
    the stylesheet before the first paint, and replaces Gradio's link preview with ours."""

    def __init__(
        self, app: ASGIApp, words: Words, root_path: str = "", framed_by: Sequence[str] = ()
    ) -> None:
        self.app, self.words, self.root_path = app, words, root_path
        self.made: dict[tuple[str, ...], tuple[Message, bytes]] = {}
        self.policy = f"frame-ancestors {' '.join((*FRAMED_BY, *framed_by))}; {SCRIPTS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kind = {"/": "text/html", "/config": "application/json"}.get(proxy.inner_path(scope))
        whole: list[bytes] | None = None
        start: Message = {}
        # Gradio 6.31 copies and writes its whole configuration for every visit.
        form = self.form(scope) if kind == "text/html" else None
        if form in self.made:
            start, body = self.made[form] = self.made.pop(form)  # the latest goes last
            await send({**start, "headers": list(start["headers"])})
            await send({"type": "http.response.body", "body": body})
            return

        async def answer(message: Message) -> None:
            nonlocal whole, start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers[name] = value
                if kind and headers.get("content-type", "").startswith(kind):
                    headers["Content-Security-Policy"] = self.policy
                    headers.add_vary_header("Accept-Language")
                    start, whole = message, []
                    return
            elif message["type"] == "http.response.body" and whole is not None:
                whole.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                text = b"".join(whole).decode()
                body = (self.page if kind == "text/html" else self.spoken)(text, scope).encode()
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                whole = None
                if form and start["status"] == 200:
                    self.made[form] = ({**start, "headers": list(start["headers"])}, body)
                    while len(self.made) > FORMS:
                        del self.made[next(iter(self.made))]
                await send(start)
                await send({"type": "http.response.body", "body": body})
                return
            await send(message)

        await self.app(scope, receive, answer)

    def form(self, scope: Scope) -> tuple[str, ...] | None:
        """Which form of the page a visitor is sent; None where it is made for this request only."""
        request = Request(scope)
        if scope["method"] != "GET" or {"deep_link", "page"} & set(request.query_params):
            return None
        return self.words.lang(request), *(request.headers.get(name, "") for name in DEPENDS)

    def page(self, text: str, scope: Scope) -> str:
        """Gradio's page with our head and the visitor's words in it."""
        text = GRADIO_PREVIEW.sub("", text)
        base = f"{scope['root_path']}/" if self.root_path else "./"
        head = f'<base href="{base}">{self.head(Request(scope))}'
        for gradios, ours in (
            ('<base href="./" />', head),
            ('href="/manifest.json"', 'href="manifest.json"'),
            # In the body, so that it comes after every sheet that Gradio adds to the head.
            ("<gradio-app", '<link rel="stylesheet" href="house/tabs.css"><gradio-app'),
        ):
            text = text.replace(gradios, ours, 1)
        return self.spoken(text, scope)

    def spoken(self, text: str, scope: Scope) -> str:
        """A configuration with the words of the visitor's language, in whose place none stood."""
        return text.replace(NO_WORDS, self.sent[self.words.lang(Request(scope))], 1)

    @cached_property
    def sent(self) -> dict[str, str]:
        """What each language's page is sent, as it stands there. No "</script>" can end it."""
        return {
            lang: '"i18n_translations":'
            + json.dumps(
                {LOCALES[lang]: self.words.sent(lang)}, ensure_ascii=False, separators=(",", ":")
            ).replace("<", "\\u003c")
            for lang in LANGUAGES
        }

    def head(self, request: Request) -> str:
        """What stands at the start of <head>, in the language of the request."""
        lang = self.words.lang(request)
        say = self.words.speaker(lang)
        script = (HEAD / "before.js").read_text("utf-8")
        root = proxy.public_root(request.scope, self.root_path)
        name, about = say("house.name"), say("house.description")
        return f"""
<script data-lang="{self.words.default}" data-sent="{lang}">{script}</script>
<link rel="stylesheet" href="house/page.css">
<link rel="icon" type="image/svg+xml" href="house/icon.svg">
<script defer src="house/page.js"></script>
<script defer src="house/history.js"></script>
<script defer src="house/answer.js"></script>
<meta name="description" content="{about}">
<meta property="og:type" content="website">
<meta property="og:site_name" content="{name}">
<meta property="og:title" content="{name}: {say("house.tagline")}">
<meta property="og:description" content="{about}">
<meta property="og:locale" content="{LOCALES[lang].replace("-", "_")}">
<meta property="og:url" content="{root}/">
<meta property="og:image" content="{root}/house/preview.png">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta name="twitter:card" content="summary_large_image">
"""
