"""What the tests' proxies and load balancers are made of: a request handed on to another server."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

#: Headers that are about one connection.
HOPS = {"connection", "transfer-encoding", "content-length"}


def connections() -> httpx.AsyncClient:
    """To the servers behind. An answer may take as long as it does."""
    return httpx.AsyncClient(timeout=None, trust_env=False)


async def handed_on(
    client: httpx.AsyncClient, request: Request, url: str, keep_host: bool = True
) -> Response:
    """What ``url`` answers to this request, part by part as it comes. ``keep_host``: the server
    behind is told the host that the visitor asked for."""
    dropped = HOPS if keep_host else HOPS | {"host"}
    asked = client.build_request(
        request.method,
        f"{url}?{request.url.query}" if request.url.query else url,
        headers=[(k, v) for k, v in request.headers.items() if k not in dropped],
        content=await request.body(),
    )
    answer = await client.send(asked, stream=True)

    async def parts() -> AsyncIterator[bytes]:
        try:
            async for part in answer.aiter_raw():
                yield part
        finally:
            await answer.aclose()

    kept = {k: v for k, v in answer.headers.items() if k not in HOPS}
    return StreamingResponse(parts(), answer.status_code, kept)


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """The address of a server for as long as it is needed."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()
