"""Which other sites' pages may read what /v1 answers: none, but for those that a setting names.

Gradio 6.31 lets every site read every answer of a server that is not on localhost, cookies and
all; here that middleware leaves /v1 alone."""

from __future__ import annotations

from gradio.route_utils import CustomCORSMiddleware
from starlette.types import Receive, Scope, Send

from demos import proxy

_gradios = CustomCORSMiddleware.__call__


def leave_to_us(root_path: str = "") -> None:
    """From now on Gradio says nothing to other sites about what lies under /v1."""
    ours = ("/v1/", f"{proxy.prefix_of(root_path)}/v1/")

    async def called(
        middleware: CustomCORSMiddleware, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "http" and scope["path"].startswith(ours):
            await middleware.app(scope, receive, send)
        else:
            await _gradios(middleware, scope, receive, send)

    CustomCORSMiddleware.__call__ = called  # type: ignore
