"""What is refused before Gradio sees it, and refusals that Gradio says in English to everyone.

Gradio bounds each uploaded file (`max_file_size`), but reads any other body whole, and a picture
may come inside one as a data URL. When its own queue is full it answers 503, for which its page has
one fixed English sentence; with 429 the page shows the sentence that the answer carries.
"""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Callable
from typing import Any

from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos import proxy
from demos.language import Words
from inference.errors import BadInput

MB = 1_000_000
FILES = 64  # of the largest size, in one upload
FULL = re.compile(r"Queue is full.* size is (\d+)")  # gradio.queueing.Queue.push

API = "/gradio_api/"
#: Gradio 6.31 fetches these for anyone, whatever they are and weigh.
RELAYED = re.compile(r"(?i)/gradio_api/(?:file[=/]|proxy=)\s*(?:https?:|//)")
#: What nothing on the page uses: a stream for developers that never ends, links to the page as it
#: was left (see `demos.sessions`), a video encoder, a code editor.
CLOSED = re.compile(r"/gradio_api/(?:dev/|deep_link|process_recording|vibe|proxy=)")
#: Data that visitors train on, in many files; `jobs` bounds them again, all together.
TRAINED_ON = re.compile(r"/train/(?:uploads/|models|classify/[^/]+/pictures)")
#: Where an argument may be a picture as a data URL.
ASKED = re.compile(r"/gradio_api/(?:queue/join|call/|run/|api/)")
DATA_URL = re.compile(rb"data:image/[\w.+-]{1,40};base64,[\w+/=\\-]*")
#: An escape of JSON: a whole pair of surrogates, half of one (group 1), or any other.
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class FileTooLarge(BadInput):
    """Fields: size and limit in MB."""

    code = "file_too_large"
    sentence = "The file is {size} MB: send one of at most {limit} MB."


class TextTooLarge(Exception):
    """A body with too much beside its pictures; never leaves `Limits`."""


class Limits:
    """ASGI middleware: bounds every body, and says in the visitor's language what did not fit.

    A body may hold a megabyte, and pictures as data URLs where the API takes them, together one
    file of ``max_upload_mb`` as base64; an upload, which Gradio streams to disk, `FILES` of them.
    What would relay other sites or nothing on the page needs is not there.
    """

    def __init__(self, app: ASGIApp, words: Words, max_upload_mb: int) -> None:
        self.app, self.words, self.most = app, words, max_upload_mb
        self.body = RequestBodyLimitMiddleware(self.weigh, max_upload_mb * MB * 4 // 3 + MB)
        self.small = RequestBodyLimitMiddleware(app, MB)
        self.upload = RequestBodyLimitMiddleware(app, max_upload_mb * MB * FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = proxy.inner_path(scope)
        if RELAYED.match(path):
            await self.refusal(scope, 403, "error.picture_address")(scope, receive, send)
        elif CLOSED.match(path):
            await JSONResponse({"detail": "Not Found"}, 404)(scope, receive, send)
        elif path.startswith("/v1/"):  # bounds its own, and refuses in its own form
            await self.app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            # Gradio 6.31 answers a part of a file with all headers of the question, cookies too.
            headers = [each for each in scope["headers"] if each[0] != b"range"]
            await self.app({**scope, "headers": headers}, receive, send)
        else:
            uploaded = path.endswith("/upload") or TRAINED_ON.match(path)
            asked = self.body if ASKED.match(path) else self.small
            await self.bounded(self.upload if uploaded else asked, scope, receive, send)

    async def bounded(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """``app``, with what it refuses said in the visitor's language."""
        text = app is self.small
        start: Message | None = None
        body = b""

        async def answer(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and message["status"] in (413, 422, 503):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    said = self.said(start["status"], body.decode(errors="replace"), scope, text)
                    if said is None:
                        await send(start)
                        await send({"type": "http.response.body", "body": body})
                    else:
                        await said(scope, receive, send)

        try:
            await app(scope, receive, answer)
        except TextTooLarge:
            await self.refusal(scope, 413, "error.text_too_large", limit=1)(scope, receive, send)
        except (FnIndexInferError, KeyError) as error:
            if [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] != "get_fn":
                raise
            await self.refusal(scope, 404, "error.no_endpoint")(scope, receive, send)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            await self.refusal(scope, 507, "error.disk_full")(scope, receive, send)

    async def weigh(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app, with a body that holds at most a megabyte beside pictures and no half signs."""
        pieces: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        body = b"".join(pieces)
        if len(body) > MB and len(body) - sum(map(len, DATA_URL.findall(body))) > MB:
            raise TextTooLarge
        body = whole_signs(body)
        headers = [each for each in scope["headers"] if each[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self.app({**scope, "headers": headers}, again(body, receive), send)

    def refusal(self, scope: Scope, status: int, key: str, **fields: Any) -> JSONResponse:
        """A refusal as Gradio's page reads it."""
        sentence = self.words.say(self.words.lang(Request(scope)), key, **fields)
        return JSONResponse({"detail": sentence}, status)

    def said(self, status: int, body: str, scope: Scope, text: bool) -> JSONResponse | None:
        """The refusal in the visitor's language, as Gradio's page reads it; None to leave it.
        ``text``: no file could have come."""
        full = FULL.search(body)
        # gradio_client knows 503 for a full queue, and nothing else.
        client = Headers(scope=scope).get("user-agent", "").startswith("gradio_client")
        fields: dict[str, Any]
        if status == 413:
            key, fields = "error.body_too_large", {"limit": self.most}
            if text:
                key, fields = "error.text_too_large", {"limit": 1}
        elif status == 422 and '"detail":[' in body:  # FastAPI's own, of what is no such JSON
            key, fields = "error.no_call", {}
        elif full and not client:
            status, key, fields = 429, "error.busy", {"waiting": int(full[1])}
        else:
            return None
        return self.refusal(scope, status, key, **fields)


def again(body: bytes, receive: Receive) -> Callable[[], Any]:
    """A ``receive`` that gives a body that was read already, then what comes after it."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def whole_signs(body: bytes) -> bytes:
    """JSON in which half a character (a lone surrogate), which nothing can send on, is U+FFFD."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
