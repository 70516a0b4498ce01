"""Plain HTTP: ``/v1``. One request, one JSON answer, straight to the engine past Gradio's queue.

    curl http://127.0.0.1:7860/v1/classify -F image=@cat.jpg

An application of its own inside the page's: its own errors (`errors`), its own limits and key
(`callers`), its own description (``/v1/openapi.json``, and ``/v1/docs`` for people, which fetches
nothing). The models that write also answer as OpenAI's do (`chat`), and where the setting ``mcp``
says so all endpoints are tools (`tools`).
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from demos import models, page
from demos.language import Say, Words
from demos.text import answers as writing
from demos.v1 import bodies, callers, chat, chat_request, cors, description, errors, sse, tools
from demos.v1.endpoints import ENDPOINTS, Endpoint, others
from demos.v1.errors import Gone, NoAddress, OtherMethod, SentenceOf
from inference import Engine, Settings
from inference.errors import UnknownModel

Handler = Callable[[Request, Say], Awaitable[Response]]
#: A status for a caller who is no longer there, as nginx logs it.
HUNG_UP = 499


def routes(engine: Engine, words: Words) -> list[BaseRoute]:
    """``/v1``; nothing where the settings turn it off."""
    if not engine.settings.api:
        return []
    cors.leave_to_us(engine.settings.root_path)
    return [Mount("/v1", application(engine, words))]


def check(settings: Settings) -> None:
    """Raises `MissingDependency`: a setting asks for a package that is not there."""
    if settings.api and settings.mcp:
        tools.check_installed()


def application(engine: Engine, words: Words) -> FastAPI:
    """All of /v1. The engine is asked by each request itself, on the event loop that serves it."""
    settings = engine.settings
    v1 = FastAPI(title="Breakthroughs", docs_url=None, redoc_url=None, openapi_url=None)

    def handled(handler: Handler, sentence_of: SentenceOf = page.sentence_of) -> Any:
        """A handler whose refusals are answered, in the caller's language."""

        @functools.wraps(handler)
        async def answered(request: Request) -> Response:
            say = words.speaker(request)
            try:
                return await handler(request, say)
            except Gone:
                return Response(status_code=HUNG_UP)
            except Exception as error:
                return errors.response(error, say, sentence_of)

        answered.__annotations__ = {"request": Request, "return": Response}
        del answered.__wrapped__  # FastAPI reads the signature
        return answered

    for endpoint in ENDPOINTS:
        v1.add_api_route(
            f"/{endpoint.name}",
            handled(functools.partial(answer, engine, endpoint), endpoint.sentence_of),
            methods=["POST"],
        )
    for path, is_chat in (("/chat/completions", True), ("/completions", False)):
        v1.add_api_route(
            path,
            handled(functools.partial(complete, engine, is_chat), writing.sentence_of),
            methods=["POST"],
        )

    async def list_models(request: Request, say: Say) -> Response:
        found = chat.models_list(models.entries(engine), say)
        return JSONResponse({"object": "list", "data": found})

    async def one_model(request: Request, say: Say) -> Response:
        key = request.path_params["key"]
        entry = models.found(engine, key)  # one that a visitor trained, too
        if entry is None:
            raise UnknownModel(model=str(key)[:80])
        return JSONResponse(chat.models_list({entry.key: entry}, say)[0])

    async def openapi(request: Request, say: Say) -> Response:
        return JSONResponse(description.openapi(say, settings, request.scope["root_path"]))

    async def docs(request: Request, say: Say) -> Response:
        return HTMLResponse(description.docs(say, settings, request))

    for path, handler in (
        ("/models", list_models),
        ("/models/", list_models),
        ("/models/{key:path}", one_model),
        ("/openapi.json", openapi),
        ("/docs", docs),
        ("/", docs),
    ):
        v1.add_api_route(path, handled(handler), methods=["GET", "HEAD"])

    if settings.mcp:
        v1.router.routes.append(Route("/mcp", tools.Tools(engine, words)))

    async def no_route(request: Request, error: Exception) -> Response:
        say = words.speaker(request)
        if isinstance(error, HTTPException) and error.status_code == 405:
            return errors.response(OtherMethod(method=request.method), say)
        return errors.response(NoAddress(), say)

    v1.add_exception_handler(HTTPException, no_route)
    key = settings.api_key.get_secret_value() if settings.api_key else None
    v1.add_middleware(
        callers.Callers,
        words=words,
        key=key,
        most=settings.api_at_once,
        open_paths=("/v1/openapi.json", "/v1/docs", "/v1/"),
        origins=settings.api_origins,
        per_minute=settings.api_per_minute,
    )
    if settings.api_origins:
        v1.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # OpenAI's client for pages sends a dozen of its own
        )
    return v1


async def answer(engine: Engine, endpoint: Endpoint, request: Request, say: Say) -> Response:
    """One of `ENDPOINTS`."""
    sent = await bodies.arguments(request, engine.settings.max_upload_mb, endpoint.picture)
    endpoint.check(engine, sent)
    endpoint.check_address(request.query_params)
    if endpoint.steps is None or not bodies.streams(sent.get("stream"), usual=True):
        work = endpoint.answer(engine, sent)
        return JSONResponse(await callers.unless_gone(request, work))

    def failed(error: Exception) -> bytes:
        return sse.event(errors.told(error, say, endpoint.sentence_of)[1], "error")

    run = as_events(endpoint.steps(engine, sent))
    return await sse.response(request, run, failed)


async def as_events(steps: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[bytes, None]:
    """Each step as an event; the last one, which holds all, is called "done"."""
    async with aclosing(steps):
        async for step in steps:
            yield sse.event(others(step, "done"), "done" if step.get("done") else "")


async def complete(engine: Engine, is_chat: bool, request: Request, say: Say) -> Response:
    """``/v1/chat/completions`` and ``/v1/completions``."""
    sent: Mapping[str, Any]
    sent = await bodies.arguments(request, engine.settings.max_upload_mb, False)
    wanted = chat_request.asked(engine, sent, say, is_chat)
    if not wanted.stream:
        return JSONResponse(await callers.unless_gone(request, chat.whole(engine, wanted, say)))

    def failed(error: Exception) -> bytes:
        return sse.event(errors.told(error, say, writing.sentence_of)[1])

    return await sse.response(request, chat.events(engine, wanted, say), failed)
