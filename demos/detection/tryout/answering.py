"""From what a visitor gave to what stands on the page: a bar while it lasts, then the sheets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from html import escape
from typing import Any

from demos import models, page
from demos.detection import answers
from demos.detection.answers import EXAMPLES, Found, Payload
from demos.detection.tryout import sheet
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

MOST = 12  # pictures that one visitor may give at once
LONGEST, FARTHEST = 255, 4096  # letters of a file's name, and of its path
HEAVIEST = 1_000_000  # letters of what the camera kept: 640 pixels, JPEG, base64


@dataclass(frozen=True)
class Looked:
    """One sheet: what was given, and what was found in it; None where it was refused."""

    payload: Payload
    key: str
    objects: tuple[answers.Thing, ...] | None


@dataclass(frozen=True)
class Moment:
    """The page at one time. ``sheets`` is HTML, None while nothing is new; ``looked``: what stands
    in it; ``found``: the first picture and its answer, None where it was refused."""

    bar: str
    sheets: str | None = None
    looked: tuple[Looked, ...] = ()
    found: Found | None = field(default=None, compare=False)


def wanted(event: Any) -> tuple[Payload, ...]:
    """What an event of the page gives to be looked at. It may carry anything."""
    name, files = getattr(event, "name", None), getattr(event, "files", None)
    if isinstance(name, str):
        return ({"example": name},) if name in {e.name for e in EXAMPLES} else ()
    if not isinstance(files, list):
        return ()
    given = [file for file in files[: MOST + 1] if isinstance(file, Mapping)]
    return tuple(
        {
            "path": short(file.get("path"), FARTHEST),
            "url": short(file.get("url"), HEAVIEST) if len(given) == 1 else None,
            "orig_name": (short(file.get("orig_name"), HEAVIEST) or "")[:LONGEST],
        }
        for file in given
    )


def short(text: Any, most: int) -> str | None:
    """A text of at most ``most`` letters, else None: what a visitor gave is kept for his visit."""
    return text if isinstance(text, str) and len(text) <= most else None


async def answering(
    engine: Engine, say: Say, given: Sequence[Payload], key: Any, *, fetch: bool = False
) -> AsyncGenerator[Moment, None]:
    """Answer all pictures, one after the other. A model that is not on this machine is offered;
    with ``fetch`` it is downloaded first. The first sheet is shown at once, the others together:
    a sheet carries its picture, and each moment all that it shows."""
    entry = None
    try:
        entry = answers.entry_of(engine, key)
        if not (fetch or models.on_disk(entry)):
            yield Moment(offer(engine, say, entry))
            return
        async with aclosing(models.ready(engine, entry)) as loading:
            async for step in loading:
                yield Moment(models.waiting(say, entry, step))
        sheets, first = "", None
        looked: list[Looked] = []
        for number, payload in enumerate(given[:MOST]):
            bar = counted(say, number, min(len(given), MOST))
            yield Moment(bar, sheets, tuple(looked), first) if number == 1 else Moment(bar)
            try:
                picture = await answers.opened(engine, payload)
            except Refusal as error:
                if len(given) == 1:
                    yield Moment(page.refusal(say, error))
                    return
                sheets += sheet.refused(say, sheet.file_name(payload), error, number)
                looked.append(Looked(payload, entry.key, None))
                continue
            found = await answers.ask(engine, entry.key, picture, named(say, payload))
            looked.append(Looked(payload, entry.key, found.objects))
            first = first if number else found
            sheets += await asyncio.to_thread(
                sheet.figure, say, entry, found, number=number, example=payload.get("example")
            )
        cut = say.plain("detection.try.cut", most=MOST) if len(given) > MOST else ""
        yield Moment(page.note(cut) if cut else "", sheets, tuple(looked), first)
    except Refusal as error:
        again = entry is not None and not models.on_disk(entry)
        button = offer(engine, say, entry) if entry and again else ""
        yield Moment(page.refusal(say, error) + button)


async def framed(engine: Engine, say: Say, key: Any, event: Any) -> str:
    """The answer to one frame of the camera, without the picture, which the page has; or why there
    is none, which ends the camera. A model that is not on this machine is not downloaded for it."""
    number = escape(str(getattr(event, "number", ""))[:12])
    try:
        entry = answers.entry_of(engine, key)
        if not models.on_disk(entry):
            said = offer(engine, say, entry).replace("data-pick", "data-unpicked")
            return f'<div data-over="{number}">{said}</div>'
        picture = await answers.opened(engine, {"url": getattr(event, "frame", None)})
        found = await answers.ask(engine, entry.key, picture)
        shown = sheet.figure(say, entry, found, live=True)
        return f'<div data-answer="{number}">{shown}</div>'
    except Refusal as error:
        return f'<div data-over="{number}">{page.refusal(say, error)}</div>'


def named(say: Say, payload: Payload) -> str:
    """What the page calls a picture: its file, or the example's name."""
    name = payload.get("example")
    return say.plain(f"detection.example.{name}") if name else sheet.file_name(payload)


def offer(engine: Engine, say: Say, entry: Entry) -> str:
    """What the download would bring, and the button that starts it; offline, why there is none."""
    if engine.settings.offline:
        return page.note(say.plain("detection.compare.offline_one"))
    button = (
        f'<button type="button" class="btn" data-pick="fetch">{say("detection.try.fetch")}</button>'
    )
    return f"{models.offer(say, entry)}<p>{button}</p>"


def counted(say: Say, done: int, total: int) -> str:
    """A bar; among several pictures with a count."""
    if total == 1:
        return page.waiting(say("detection.try.looking"))
    said = say("detection.try.count", done=done, total=total)
    return page.waiting(said, f'max="{total}" value="{done}"')
