"""A name and a password before everything: the page, Gradio's API, /v1, /train, /metrics.

HTTP's own login (Basic, RFC 7617), and not Gradio's: that one guards Gradio's routes only, and its
page knows one language. The browser asks, remembers, and sends it with every script's request. It
is no secret on the way without HTTPS. Open stays /healthz, which a machine asks.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demos import proxy
from demos.language import Words
from demos.v1 import callers
from demos.v1.errors import NoKey, TooOften

#: What Gradio asks itself while it starts stands beside what a machine asks.
OPEN = ("/healthz", "/gradio_api/startup-events")
WRONG = 20  # wrong passwords that one address may send in a minute


class Login:
    """ASGI middleware. ``login``: NAME:PASSWORD. ``key``: what opens /v1 instead, where there is
    one: both stand in the same header, so that a caller can send only one of them."""

    def __init__(self, app: ASGIApp, words: Words, login: str, key: str | None = None) -> None:
        self.app, self.words, self.login, self.key = app, words, login.encode(), key
        self.wrong = callers.Rate(WRONG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = proxy.inner_path(scope)
        preflight = scope.get("method") == "OPTIONS" and path.startswith("/v1/")
        if path in OPEN or preflight:  # a browser's question whether it may ask has no password
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        status, code, fields = 401, "no_login", dict[str, object]()
        try:
            if self.right(connection, path):
                await self.app(scope, receive, send)
                return
        except TooOften as error:
            status, code, fields = 429, "login_too_often", error.fields
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Breakthroughs", charset="UTF-8"'
        else:
            headers["Retry-After"] = str(fields["seconds"])
        sentence = self.words.say(self.words.lang(Request(scope)), f"error.{code}", **fields)
        await PlainTextResponse(sentence, status, headers)(scope, receive, send)

    def right(self, connection: HTTPConnection, path: str) -> bool:
        """Whether the name and the password were sent, or at /v1 its key.

        Raises:
            TooOften: this address has sent too many that were wrong.
        """
        scheme, _, sent = connection.headers.get("authorization", "").partition(" ")
        if not sent:
            return False
        host = proxy.address_of(connection)
        self.wrong.check(host)
        if scheme.lower() == "basic":
            try:
                told = base64.b64decode(sent.strip(), validate=True)
            except (binascii.Error, ValueError):
                told = b""
            good = hmac.compare_digest(told, self.login)
        else:
            good = self.key is not None and path.startswith("/v1/") and self.opens(connection)
        if not good:
            self.wrong.count(host)
        return good

    def opens(self, connection: HTTPConnection) -> bool:
        """Whether /v1's key was sent."""
        try:
            callers.check_key(connection, self.key)
        except NoKey:
            return False
        return True
