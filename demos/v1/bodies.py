"""The body of a request as a table of arguments: JSON, or a form with or without a file.

Read here, and not by FastAPI, for three reasons: it is bounded while it arrives, whatever is wrong
with it is said in the caller's language, and one endpoint takes JSON and forms alike.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from demos import pictures
from demos.limits import MB, FileTooLarge, whole_signs
from demos.pictures import BadPicture
from demos.v1.errors import (
    BadStream,
    BodyTooLarge,
    Gone,
    Malformed,
    NoPicture,
    OtherCoding,
    OtherKind,
    TextTooLarge,
    Twice,
)

#: What is read as JSON: also what `curl -d` calls its body unless it is told otherwise.
JSON = ("application/json", "application/x-www-form-urlencoded", "")
FORM = "multipart/form-data"
#: Bytes from which a body is read by a thread: less is done in a few milliseconds.
LARGE = 1 * MB
#: Of a form: files, and fields that are none.
FIELDS = 32
ELSEWHERE = ("http://", "https://", "ftp://", "file:")


async def arguments(request: Request, max_upload_mb: int, picture: bool) -> dict[str, Any]:
    """What was sent, by name; a file as its bytes. ``picture``: whether one may be among it, for
    which there is room beside a megabyte of text.

    Raises:
        BodyTooLarge, TextTooLarge, FileTooLarge: it is too much. OtherKind, OtherCoding, Malformed:
            it is none. Twice: a form has a name more than once.
        Gone: the caller hung up.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise OtherCoding(sent=coding[:60])
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = MB + (max_upload_mb * MB * 4 // 3 if picture else 0)
    too_large = BodyTooLarge(limit=max_upload_mb) if picture else TextTooLarge(limit=1)
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > limit:
        raise too_large
    bounded = Request(request.scope, _bounded(request.receive, limit, too_large))
    if kind == FORM:
        return await _form(bounded, max_upload_mb)
    body = b"".join([part async for part in _parts(bounded)])
    if kind not in JSON and not kind.endswith("+json"):
        raise OtherKind(sent=kind[:60])
    large = len(body) > LARGE
    return await asyncio.to_thread(parsed, body) if large else parsed(body)


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object, after a byte order mark too. An empty body is an empty one. Raises
    `Malformed`."""
    try:
        found = json.loads(whole_signs(body).decode("utf-8-sig")) if body.strip() else {}
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(found, dict):
        raise Malformed
    return found


def picture_bytes(sent: Any) -> bytes:
    """A picture as it was sent: a file's bytes, or base64, with or without ``data:...,`` before it.

    Raises:
        NoPicture: it is neither. BadPicture: it is an address, from which nothing is fetched.
    """
    if isinstance(sent, bytes):
        return sent
    if not isinstance(sent, str) or not sent.strip():
        raise NoPicture
    if sent[:9].lower().lstrip().startswith(ELSEWHERE):
        raise BadPicture("picture_address")
    if pictures.is_data_url(sent):
        return pictures.of_data_url(sent)
    try:
        return pictures.of_base64(sent)
    except ValueError:
        raise NoPicture from None


def streams(sent: Any, usual: bool) -> bool:
    """Whether an answer is to come as it grows: true or false, as a form writes them too; nothing
    is the usual. Raises `BadStream`."""
    said = {"": usual, "none": usual, "true": True, "false": False}
    try:
        return said[str(sent).lower()]
    except KeyError:
        raise BadStream(sent=str(sent)[:40]) from None


async def _parts(request: Request) -> Any:
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise Gone from None


async def _form(request: Request, max_upload_mb: int) -> dict[str, Any]:
    """A form's fields. Starlette keeps a file of more than a megabyte on disk while it comes.

    Raises:
        FileTooLarge, Malformed. Twice: a name comes again. Gone: the caller hung up.
    """
    try:
        async with request.form(max_files=FIELDS, max_fields=FIELDS, max_part_size=MB) as form:
            found: dict[str, Any] = {}
            for name, value in form.multi_items():
                if name in found:
                    raise Twice(name=name[:40])
                if isinstance(value, UploadFile):
                    if (value.size or 0) > max_upload_mb * MB:
                        size = f"{(value.size or 0) / MB:.0f}"
                        raise FileTooLarge(size=size, limit=max_upload_mb)
                    found[name] = await value.read()
                else:
                    found[name] = value
            return found
    except (HTTPException, KeyError, ValueError):  # the parser's own, in English
        raise Malformed from None
    except ClientDisconnect:
        raise Gone from None


def _bounded(receive: Receive, limit: int, too_large: Exception) -> Receive:
    """``receive``, which refuses what comes beyond ``limit`` bytes."""
    count = 0

    async def receive_some() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > limit:
            raise too_large
        return message

    return receive_some
