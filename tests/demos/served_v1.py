"""/v1 as a server of its own, behind the middleware that stands before it in the app."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from served import WORDS, soon
from starlette.applications import Starlette

from demos import v1, web


@contextmanager
def served_v1(engine: Any) -> Iterator[str]:
    """The address of the server, without a last slash, for as long as the context lasts."""
    middleware = web.app_kwargs(engine, WORDS, engine.settings.max_upload_mb)["middleware"]
    app = Starlette(routes=v1.routes(engine, WORDS), middleware=middleware)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        assert soon(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)
