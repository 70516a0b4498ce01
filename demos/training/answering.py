"""How a route of ``/train`` answers: JSON, and a refusal in the visitor's language.

Whoever changes something says who they are: the header ``X-Owner`` carries the secret that their
browser made (`house.owner` in `training.js`). An error is ``{"error": {"code", "sentence"}}``.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from demos import page, proxy
from demos.language import Say, Words
from inference.errors import BadInput, Busy, Refusal
from jobs import errors
from pretrained.errors import HubSlow, HubUnreachable

log = logging.getLogger(__name__)

OWNER = re.compile(r"[\w-]{22,64}")
HUNG_UP = 499  # as nginx logs who is no longer there


class OtherSite(BadInput):
    """A page of another site sends its visitor's browser here. Fields: site."""

    code = "train_other_site"
    sentence = "Pages of {site} may not ask here: open this app itself and do it there."


STATUS: Mapping[type[Refusal], int] = {
    OtherSite: 403,
    errors.UnknownJob: 404,
    errors.UnknownUpload: 404,
    errors.NotYours: 403,
    errors.JobsOff: 403,
    errors.JobEnded: 409,
    errors.NotDone: 409,
    errors.QueueFull: 429,
    errors.TooManyYours: 429,
    errors.NoSpace: 507,
    errors.UploadsFull: 429,
    errors.DataTooLarge: 413,
    errors.TooManyFiles: 413,
    errors.TakeHomeBusy: 503,
    errors.PushBusy: 503,
    errors.PushOff: 403,
    HubUnreachable: 502,
    HubSlow: 504,
    Busy: 503,
}


class NoOwner(BadInput):
    """The header is missing, or is no secret."""

    code = "train_owner"
    sentence = "This page no longer knows who you are: reload it and try again."


class BadRequest(BadInput):
    """What was sent is not what the page sends."""

    code = "train_request"
    sentence = "This request cannot be read: reload the page and try again."


Answer = Callable[[Request, Say], Awaitable[Any]]


def answering(words: Words) -> Callable[[Answer], Callable[[Request], Awaitable[Response]]]:
    """Decorator for a route: what it gives becomes JSON unless it is a response; what was refused
    is said in the visitor's language, pages of other sites first; what nobody expected is logged
    with an id."""

    def decorate(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        @functools.wraps(answer)
        async def route(request: Request) -> Response:
            say = words.speaker(request)
            try:
                if site := proxy.other_site(request):
                    raise OtherSite(site=site)
                given = await answer(request, say)
            except Refusal as error:
                kinds = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
                return refused(error.code, page.sentence_of(error, say), next(kinds, 400))
            except ClientDisconnect:
                return Response(status_code=HUNG_UP)
            except HTTPException:  # a form that is none
                sentence = page.sentence_of(BadRequest(), say)
                return refused(BadRequest.code, sentence, 400)
            except Exception:
                id = secrets.token_hex(4)
                log.exception("unexpected error %s", id)
                return refused("unexpected", say.plain("error.unexpected", id=id), 500)
            if isinstance(given, Response):
                return given
            return JSONResponse(given, headers={"Cache-Control": "no-store"})

        return route

    return decorate


def refused(code: str, sentence: str, status: int) -> JSONResponse:
    """A refusal as `training.js` reads it."""
    return JSONResponse({"error": {"code": code, "sentence": sentence}}, status)


def owner(request: Request) -> str:
    """Who asks.

    Raises:
        NoOwner: they do not say.
    """
    told = request.headers.get("x-owner", "")
    if not OWNER.fullmatch(told):
        raise NoOwner
    return told


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        BadRequest: it is none.
    """
    try:
        sent = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(sent, dict):
        raise BadRequest
    return sent
