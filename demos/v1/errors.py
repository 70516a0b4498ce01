"""What /v1 refuses, and with which status: always ``{"error": {"code", "message"}}``, one sentence
in the caller's language, never a traceback.

OpenAI's clients read the same object; ``type`` and ``param`` are there for them.
"""

from __future__ import annotations

import http
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse

from demos import page
from demos.language import Say
from demos.limits import FileTooLarge
from inference.errors import BadInput, EngineError, Refusal

log = logging.getLogger(__name__)

#: A refusal as a sentence: `demos.page.sentence_of`, or a tab's own.
SentenceOf = Callable[[Refusal, Say], str]


class Malformed(BadInput):
    """A body that is no JSON object and no form."""

    code = "v1_malformed"
    sentence = (
        "The body cannot be read: send one JSON object in UTF-8, or a form as `curl -F` makes it."
    )


class OtherKind(BadInput):
    """A body of another media type. Fields: sent."""

    code = "v1_kind"
    sentence = "{sent} is not read here: send application/json or multipart/form-data."


class OtherCoding(BadInput):
    """A body that was compressed. Fields: sent."""

    code = "v1_coding"
    sentence = "A body in {sent} is not unpacked here: send it without Content-Encoding."


class Twice(BadInput):
    """A name that stands in a form more than once. Fields: name."""

    code = "v1_twice"
    sentence = "{name} was sent more than once: send one at a time, each in a request of its own."


class UnknownArgument(BadInput):
    """Fields: name, known."""

    code = "v1_unknown_argument"
    sentence = "There is no argument {name} here: this endpoint takes {known}."


class OtherTask(Refusal):
    """A model that is here and does the work of another endpoint. Fields: sent, endpoint."""

    code = "v1_other_task"
    sentence = (
        "{sent} is a model of another task: ask it at /v1/{endpoint}, or choose one of this task "
        "from GET /v1/models."
    )


class InAddress(BadInput):
    """An argument that stands in the address. Fields: name."""

    code = "v1_in_address"
    sentence = "What stands in the address is not read: send {name} in the body."


class BadStream(BadInput):
    """Fields: sent."""

    code = "v1_stream"
    sentence = "stream is true or false, and not {sent}."


class NoPicture(BadInput):
    """Nothing that could be a picture's bytes."""

    code = "v1_no_picture"
    sentence = (
        "There is no picture in image: send the file in a form (curl -F image=@cat.jpg), or its "
        "bytes as base64 in JSON."
    )


class BodyTooLarge(BadInput):
    """Fields: limit in MB."""

    code = "body_too_large"
    sentence = "The request is too large: send one file of at most {limit} MB."


class TextTooLarge(BadInput):
    """Fields: limit in MB."""

    code = "text_too_large"
    sentence = "The request holds more than {limit} MB beside its pictures: send less at a time."


class NoKey(Refusal):
    """The key is missing, or another one."""

    code = "v1_key"
    sentence = "This server asks for a key: send the header Authorization: Bearer YOUR_KEY."


class OtherSite(Refusal):
    """A page of another site sends its visitor's browser here. Fields: site."""

    code = "v1_other_site"
    sentence = (
        "Pages of {site} may not ask here: whoever runs the server can allow it with --api-origins."
    )


class TooMany(Refusal):
    """One address has as much under way as it may. Fields: most."""

    code = "v1_too_many"
    sentence = (
        "{most} requests from your address are under way, as many as one may have: "
        "send this again when one of them has ended."
    )


class TooOften(Refusal):
    """One address has asked as often as it may within a minute. Fields: most, seconds."""

    code = "v1_too_often"
    sentence = (
        "{most} requests a minute are what one address may send: try again in {seconds} seconds."
    )


class NoAddress(Refusal):
    code = "v1_no_address"
    sentence = "There is nothing at this address: /v1/docs names all that there is."


class OtherMethod(Refusal):
    """Fields: method."""

    code = "v1_method"
    sentence = "This address does not take {method}: /v1/docs says how it is called."


class Gone(Exception):
    """The caller hung up. Nobody is there to see it."""


#: Where the class does not say it.
STATUS: Mapping[str, int] = {
    Malformed.code: 400,
    NoKey.code: 401,
    "unfiltered": 403,
    OtherSite.code: 403,
    "unknown_model": 404,
    OtherTask.code: 404,
    "moment_gone": 404,
    "not_here": 404,
    "not_here_offline": 404,
    NoAddress.code: 404,
    OtherMethod.code: 405,
    FileTooLarge.code: 413,
    BodyTooLarge.code: 413,
    TextTooLarge.code: 413,
    "picture_too_large": 413,
    "picture_comments": 413,
    "translation_too_long": 413,
    "pen_text_too_long": 413,
    OtherKind.code: 415,
    OtherCoding.code: 415,
    "picture_unreadable": 415,
    "picture_vector": 415,
    "picture_heic": 415,
    TooMany.code: 429,
    TooOften.code: 429,
    "model_failed": 500,
    "load_failed": 500,
    "missing_dependency": 501,
    "picture_slow": 503,
    "deadline": 504,
}
#: Seconds after which to try again, where that is of use.
RETRY_AFTER = {429: "1", 503: "5"}


def status_of(error: Refusal) -> int:
    """The status that fits: what was sent (4xx), or the server's own state (5xx)."""
    usual = 503 if isinstance(error, EngineError) else 422
    return STATUS.get(error.code, usual)


def told(
    error: Exception, say: Say, sentence_of: SentenceOf = page.sentence_of
) -> tuple[int, dict[str, Any]]:
    """(status, what is answered). What nobody expected is logged with an id, and only the id is
    told."""
    if isinstance(error, Refusal):
        status, code, message = status_of(error), error.code, sentence_of(error, say)
    else:
        id = secrets.token_hex(4)
        log.error("unexpected error %s", id, exc_info=error)
        status, code, message = 500, "unexpected", say.plain("error.unexpected", id=id)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    content = {"code": code, "message": message, "type": kind, "param": None}
    return status, {"error": content}


def response(
    error: Exception, say: Say, sentence_of: SentenceOf = page.sentence_of
) -> JSONResponse:
    """A refusal as it is sent."""
    status, content = told(error, say, sentence_of)
    headers = {"Content-Language": say.lang, "Vary": "Accept-Language"}
    if status in RETRY_AFTER:
        headers["Retry-After"] = RETRY_AFTER[status]
        if isinstance(error, TooOften):
            headers["Retry-After"] = str(error.fields["seconds"])
    if status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status, headers)
