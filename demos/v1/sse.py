"""Server-sent events: an answer as it grows, over one request.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from demos import logs, streaming
from demos.v1.callers import steps_unless_gone
from pretrained.errors import Refusal

#: Seconds without news after which a comment keeps proxies from closing the connection.
EVERY = 15.0
#: Proxies that gather answers (nginx) are asked not to.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(content: dict[str, Any] | str, name: str = "") -> bytes:
    """One event. JSON holds no line end, so its data is one line."""
    data = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


async def response(
    request: Request,
    run: AsyncGenerator[bytes, None],
    failed: Callable[[Exception], bytes],
) -> StreamingResponse:
    """Answer with a run of events. The first one is waited for, so that a refusal before it has a
    status of its own; one that comes later is the last event, as ``failed`` writes it.

    Raises:
        Refusal: there is no first event.
    """
    steps = steps_unless_gone(request, streaming.heartbeats(run, EVERY))
    first = b""
    try:
        async for step in steps:
            if step is not streaming.HEARTBEAT:
                first = step
                break
    except BaseException:
        await steps.aclose()
        raise

    async def body() -> AsyncGenerator[bytes, None]:
        async with aclosing(steps):
            yield first
            try:
                async for step in steps:
                    yield b": waiting\n\n" if step is streaming.HEARTBEAT else step
            except Exception as error:
                if isinstance(error, Refusal):
                    logs.refused(error.code)
                yield failed(error)

    return StreamingResponse(body(), media_type="text/event-stream", headers=HEADERS)
