"""Where a visitor's browser finds the app: at the root of its host or under a prefix; who asks.

A proxy that serves the app under ``/demo`` may strip the prefix or keep it. Starlette finds a route
either way, but files that are mounted only where it was kept, and nothing where ``root_path`` is a
full URL. So every path is given its prefix here, as ASGI has it, before anything looks at it.
"""

from __future__ import annotations

import html
import ipaddress
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def trust(proxies: Sequence[str]) -> None:
    """From the next server on, these say whom they ask for: uvicorn then takes the last address in
    X-Forwarded-For that is none of theirs for the caller's, in every part of the app."""
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(proxies)


def prefix_of(root_path: str) -> str:
    """The path of ``--root-path``, a path or a full URL: "" or "/demo", without a last slash."""
    path = urlsplit(root_path).path if "://" in root_path else root_path
    path = path.strip("/")
    return f"/{path}" if path else ""


class Prefix:
    """ASGI middleware: one form of every path, whatever the proxy does with the prefix."""

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self.app, self.prefix = app, prefix_of(root_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self.prefix:
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path == self.prefix:  # relative addresses count from the last slash
            query = scope["query_string"].decode("latin-1")
            there = f"{self.prefix}/" + (f"?{query}" if query else "")
            await RedirectResponse(there)(scope, receive, send)
            return
        if not path.startswith(f"{self.prefix}/"):
            path = self.prefix + (path or "/")
        await self.app({**scope, "root_path": self.prefix, "path": path}, receive, send)


def inner_path(scope: Scope) -> str:
    """The path as the app knows it, without the prefix."""
    return scope["path"].removeprefix(scope.get("root_path", "")) or "/"


def public_root(scope: Scope, root_path: str = "") -> str:
    """The address of the app as the visitor's browser sees it, escaped for an attribute; without a
    last slash. A ``root_path`` that is a full URL is taken at its word."""
    if "://" in root_path:
        return html.escape(root_path.rstrip("/"), quote=True)
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).split(",")[0].strip()
    return html.escape(f"{scheme}://{host}{scope.get('root_path', '').rstrip('/')}", quote=True)


def other_site(request: Request, allowed: Sequence[str] = ()) -> str:
    """The site whose page asks here from its visitor's browser, "" where it is our own or none.
    ``allowed``: others that may, as https://example.com.

    A browser asks nobody before it sends a form, or text that is called plain, to another site; so
    not reading the answer would not keep a page from asking.
    """
    origin = request.headers.get("origin", "")
    if request.method in ("GET", "HEAD") or not origin or origin in allowed:
        return ""
    public = urlsplit(html.unescape(public_root(request.scope))).netloc  # behind a proxy
    ours = urlsplit(origin).netloc in (request.headers.get("host", ""), public)
    return "" if ours else origin[:80]


def address_of(connection: HTTPConnection) -> str:
    """Who asks, as one `network`; behind a proxy: --trusted-proxies."""
    return network(connection.client.host if connection.client else "")


def network(host: str) -> str:
    """An address; of one of version 6 its network: one subscriber has all 2^64 of it."""
    try:
        if ipaddress.ip_address(host).version == 6:
            return str(ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False))
    except ValueError:
        pass  # a socket's name, a test's
    return host
