"""Logs as JSON, one object a line, and one line for each request. Nothing that a visitor sent is in
them: no text, no file's name, no query, no id of a training or a session.

    {"time": "...Z", "level": "INFO", "logger": "requests", "id": "9f2c41d8", "method": "POST",
     "path": "/v1/classify", "status": 429, "ms": 2, "code": "v1_too_many"}

The id is told to the caller as X-Request-Id. What is refused inside an answer that has begun, as
Gradio's streams all have, is a line of its own: {..., "id": "9f2c41d8", "code": "busy"}, with the
id of the request that asked.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from gradio.context import LocalContext
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos import proxy

log = logging.getLogger("requests")

#: First parts of addresses, and whether the second is ours too. Everything else is "other".
WITH_SECOND = ("v1", "train", "gradio_api")
ALONE = ("", "use", "house", "assets", "static", "config", "healthz", "metrics", "licence")
KNOWN = {**dict.fromkeys(WITH_SECOND, True), **dict.fromkeys(ALONE, False)}
WORD = re.compile(r"[a-z_]{1,24}(\.json)?")
CODE = re.compile(rb'"code": ?"([a-z0-9_]{1,40})"')
#: Where a request keeps its id.
ID = "breakthroughs.id"
FIRST = 400  # bytes of a refusal in which its code stands


class Lines(logging.Formatter):
    """A record as one line of JSON. ``extra={"fields": {...}}`` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if message := record.getMessage():
            line["message"] = message
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(level: str, kind: str) -> None:
    """What the process logs, on standard error. ``kind``: text or json."""
    handler = logging.StreamHandler()
    if kind == "json":
        handler.setFormatter(Lines())
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def place(path: str) -> str:
    """Of an address what is ours: /train/jobs/ab12 is /train/jobs."""
    first, *more = path.lstrip("/").split("/")
    if first not in KNOWN:
        return "other"
    second = more[0] if more and KNOWN[first] and WORD.fullmatch(more[0]) else ""
    return f"/{first}/{second}" if second else f"/{first}"


def refused(code: str) -> None:
    """A refusal's line, where requests have theirs. For what runs on a visitor's request and cannot
    say it by a status any more."""
    request = getattr(LocalContext.request.get(None), "request", None)
    if request is not None and (id := request.scope.get(ID)):
        log.info("", extra={"fields": {"id": id, "code": code}})


class Requests:
    """ASGI middleware: one line for each request, at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        id, begun = secrets.token_hex(4), time.monotonic()
        scope[ID] = id
        told: dict[str, Any] = {
            "id": id,
            "method": scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other",
            "path": place(proxy.inner_path(scope)),
            "status": None,
        }

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = id
            elif (told["status"] or 0) >= 400 and (
                code := CODE.search(message.get("body", b"")[:FIRST])
            ):
                told["code"] = code[1].decode()
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            told["ms"] = round((time.monotonic() - begun) * 1000)
            log.info("", extra={"fields": told})
