"""What is refused before Gradio sees it, and refusals that Gradio says in English to everyone.

Gradio bounds each uploaded file (`max_file_size`), but reads any other body whole, and a picture
may come inside one as a data URL. When its own queue is full it answers 503, for which its page has
one fixed English sentence; with 429 the page shows the sentence that the answer carries.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.language import Words

MB = 1_000_000
FILES = 64  # of the largest size, in one upload
FULL = re.compile(r"Queue is full.* size is (\d+)")  # gradio.queueing.Queue.push


class Limits:
    """ASGI middleware: bounds every body, and says in the visitor's language what did not fit.

    A body may hold one file of ``max_upload_mb`` as base64 and a megabyte more; an upload, which
    Gradio streams to disk, `FILES` of them."""

    def __init__(self, app: ASGIApp, words: Words, max_upload_mb: int) -> None:
        self.app, self.words, self.most = app, words, max_upload_mb
        self.body = RequestBodyLimitMiddleware(app, max_upload_mb * MB * 4 // 3 + MB)
        self.upload = RequestBodyLimitMiddleware(app, max_upload_mb * MB * FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        bounded = self.upload if scope["path"].endswith("/upload") else self.body
        start: Message | None = None
        body = b""

        async def answer(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and message["status"] in (413, 503):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    said = self.said(start["status"], body.decode(errors="replace"), scope)
                    if said is None:
                        await send(start)
                        await send({"type": "http.response.body", "body": body})
                    else:
                        await said(scope, receive, send)

        await bounded(scope, receive, answer)

    def said(self, status: int, body: str, scope: Scope) -> JSONResponse | None:
        """The refusal in the visitor's language, as Gradio's page reads it; None to leave it."""
        full = FULL.search(body)
        # gradio_client knows 503 for a full queue, and nothing else.
        client = Headers(scope=scope).get("user-agent", "").startswith("gradio_client")
        fields: dict[str, Any]
        if status == 413:
            key, fields = "error.body_too_large", {"limit": self.most}
        elif full and not client:
            status, key, fields = 429, "error.busy", {"waiting": int(full[1])}
        else:
            return None
        sentence = self.words.say(self.words.lang(Request(scope)), key, **fields)
        return JSONResponse({"detail": sentence}, status)
