"""What is served beside the page: its head, /healthz, /metrics, the assets, security headers."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.language import LOCALES, Words
from demos.limits import Limits
from inference.metrics import CONTENT_TYPE

ASSETS = Path(__file__).parent / "assets"
LICENCE = Path(__file__).parent.parent / "LICENSE"
GRADIO_PREVIEW = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
# A Space shows its app in an iframe of huggingface.co; nobody else may.
FRAMES = "frame-ancestors 'self' https://huggingface.co https://*.hf.space; object-src 'none'"


def app_kwargs(engine: Any, words: Words, max_upload_mb: int = 50) -> dict[str, Any]:
    """The routes and the middleware, as `Blocks.launch(app_kwargs=...)` takes them."""
    return {
        "routes": routes(engine),
        "middleware": [
            Middleware(Head, words=words),
            Middleware(Limits, words=words, max_upload_mb=max_upload_mb),
        ],
    }


def routes(engine: Any) -> list[BaseRoute]:
    """/healthz, /metrics, /licence and /house/<asset>."""

    def healthz(request: Request) -> Response:
        status = engine.status()
        states = {model["key"]: model["state"] for model in status["models"]}
        return JSONResponse(
            {
                "status": "ok",
                "warm": [key for key, state in states.items() if state == "warm"],
                "models": len(states),
                "warming": bool(status["warming"]),
                "device": device_name(status["device"]),
            },
            headers={"Cache-Control": "no-store"},
        )

    def metrics(request: Request) -> Response:
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return Response(engine.metrics.render(), headers=headers)

    def licence(request: Request) -> Response:
        return FileResponse(LICENCE, media_type="text/plain")

    return [
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/licence", licence),
        Mount("/house", StaticFiles(directory=ASSETS)),
    ]


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
    """ASGI middleware: puts our head into Gradio's page, and security headers on every answer.

    The head decides the language before Gradio's first script runs (see `assets/before.js`), links
    the stylesheet before the first paint, and replaces Gradio's link preview with ours."""

    def __init__(self, app: ASGIApp, words: Words) -> None:
        self.app, self.words = app, words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        page: list[bytes] | None = None
        start: Message = {}

        async def answer(message: Message) -> None:
            nonlocal page, start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers[name] = value
                if scope["path"] == "/" and headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Security-Policy"] = FRAMES
                    start, page = message, []
                    return
            elif message["type"] == "http.response.body" and page is not None:
                page.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                body = self.page(b"".join(page).decode(), scope).encode()
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                page = None
                await send(start)
                await send({"type": "http.response.body", "body": body})
                return
            await send(message)

        await self.app(scope, receive, answer)

    def page(self, text: str, scope: Scope) -> str:
        """Gradio's page with our head in it."""
        text = GRADIO_PREVIEW.sub("", text)
        return text.replace("<head>", "<head>" + self.head(Request(scope)), 1)

    def head(self, request: Request) -> str:
        """What stands at the start of <head>, in the language of the request."""
        lang = self.words.lang(request)
        say = self.words.speaker(lang)
        script = (ASSETS / "before.js").read_text("utf-8")
        root = public_root(request.scope)
        name, about = say("house.name"), say("house.description")
        return f"""
<script data-lang="{self.words.default}">{script}</script>
<link rel="stylesheet" href="house/theme.css">
<link rel="icon" type="image/svg+xml" href="house/icon.svg">
<script defer src="house/page.js"></script>
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


def public_root(scope: Scope) -> str:
    """The address of the app as the visitor's browser sees it, escaped for an attribute."""
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).split(",")[0].strip()
    return html.escape(f"{scheme}://{host}{scope.get('root_path', '').rstrip('/')}", quote=True)
