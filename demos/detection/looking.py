"""From what a visitor gave to what stands on the page: a bar while it lasts, then the sheets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from demos import models, page, pictures
from demos.classification.examples import Example
from demos.detection import answers, sheet
from demos.detection.answers import Found
from demos.language import Words
from demos.pictures import BadPicture
from inference.errors import Refusal

MOST = 12  # pictures that one visitor may give at once
GRADIO, SKIMAGE = "gradio", "skimage"
#: Three that our own network answers rightly, and one that fools it: to it a cheetah is a cat.
#: Out of packages that requirements.txt names: the app ships no photographs. ``name`` is the
#: word key ``detection.example.<name>``.
EXAMPLES = (
    Example("astronaut", SKIMAGE, "data/astronaut.png"),
    Example("photographer", SKIMAGE, "data/camera.png"),
    Example("cat", SKIMAGE, "data/chelsea.png"),
    Example("cheetah", GRADIO, "media_assets/images/cheetah1.jpg", fools=True),
)

Payload = Mapping[str, Any]  # a file as Gradio sends it, or {"example": its name}


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


async def opened(engine: Any, payload: Payload | None) -> Image.Image:
    """The picture of a payload or of an example, as `answers.sent` gives it.

    Raises:
        Refusal: it is none, or one that is too large.
    """
    name = (payload or {}).get("example")
    if name is None:
        return await answers.sent(engine, payload)
    path = next((example.path for example in EXAMPLES if example.name == name), None)
    if path is None:
        raise BadPicture("picture_missing")
    return await asyncio.to_thread(pictures.open_picture, path, max_side=answers.SIDE)


async def looking(
    engine: Any,
    words: Words,
    lang: str,
    given: Sequence[Payload],
    key: Any,
    *,
    fetch: bool = False,
) -> AsyncIterator[Moment]:
    """Answer all pictures, one after the other. A model that is not on this machine is offered;
    with ``fetch`` it is downloaded first. The first sheet is shown at once, the others together:
    a sheet carries its picture, and each moment all that it shows."""
    entry = None
    try:
        entry = answers.entry_of(engine, key)
        if not (fetch or models.on_disk(entry)):
            yield Moment(offer(engine, words, lang, entry))
            return
        async with aclosing(models.ready(engine, entry)) as loading:
            async for step in loading:
                yield Moment(models.waiting(words.speaker(lang), entry, step))
        sheets, looked, first = "", [], None
        for number, payload in enumerate(given[:MOST]):
            bar = counted(words, lang, number, min(len(given), MOST))
            yield Moment(bar, sheets, tuple(looked), first) if number == 1 else Moment(bar)
            try:
                picture = await opened(engine, payload)
            except Refusal as error:
                if len(given) == 1:
                    yield Moment(page.refusal(words.speaker(lang), error))
                    return
                sheets += sheet.refused(words, lang, sheet.file_name(payload), error, number)
                looked.append(Looked(payload, entry.key, None))
                continue
            found = await answers.ask(engine, entry.key, picture, named(words, lang, payload))
            looked.append(Looked(payload, entry.key, found.objects))
            first = first if number else found
            sheets += await asyncio.to_thread(
                sheet.figure, words, lang, entry, found, number=number
            )
        cut = words.say(lang, "detection.try.cut", most=MOST) if len(given) > MOST else ""
        yield Moment(page.note(cut) if cut else "", sheets, tuple(looked), first)
    except Refusal as error:
        again = entry is not None and not models.on_disk(entry)
        button = offer(engine, words, lang, entry) if again else ""
        yield Moment(page.refusal(words.speaker(lang), error) + button)


def named(words: Words, lang: str, payload: Payload) -> str:
    """What the page calls a picture: its file, or the example's name."""
    name = payload.get("example")
    return words.say(lang, f"detection.example.{name}") if name else sheet.file_name(payload)


def offer(engine: Any, words: Words, lang: str, entry: Any) -> str:
    """What the download would bring, and the button that starts it; offline, why there is none."""
    say = words.speaker(lang)
    if engine.settings.offline:
        return page.note(words.say(lang, "detection.compare.offline_one"))
    button = (
        f'<button type="button" class="btn" data-pick="fetch">{say("detection.try.fetch")}</button>'
    )
    return f"{models.offer(words.speaker(lang), entry)}<p>{button}</p>"


def counted(words: Words, lang: str, done: int, total: int) -> str:
    """A bar; among several pictures with a count."""
    say = words.speaker(lang)
    if total == 1:
        said, how_far = say("detection.try.looking"), ""
    else:
        said = say("detection.try.count", done=done, total=total)
        how_far = f' max="{total}" value="{done}"'
    bar = f'<progress aria-label="{said}"{how_far}></progress>'
    return f'<div class="waiting" role="status">{bar}<p class="quiet">{said}</p></div>'
