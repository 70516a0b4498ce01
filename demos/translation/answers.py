"""The words between engine and page: which models translate what, and what stands in the pane."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any

from demos import models, page
from demos.language import Say
from demos.typed import checked_text
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.translation import sentences
from pretrained.translation.errors import TooLong
from pretrained.translation.hub.entries import DIRECTIONS as DIRECTIONS_OF

TASK = "translation"
#: What the page offers, in this order.
DIRECTIONS = ("en-fr", "fr-en", "en-zh", "zh-en")
#: What the page opens with, by its language.
FIRST = {"en": "en-fr", "zh": "zh-en"}
#: The bundled model for each; any other model is for whoever chooses it.
BUNDLED = {
    "en-fr": "translation/en-fr",
    "fr-en": "translation/en-fr",
    "en-zh": "translation/en-zh",
    "zh-en": "translation/en-zh",
}
PLAIN = "translation/en-fr-plain"
#: Characters of one request: as many as the translators take.
MOST_TEXT = 5_000
#: Characters that are asked at a time: about a second of one core. A sentence may be longer.
PIECE, LONGEST = {"en": 120, "fr": 120, "zh": 40}, 600
#: What the pages write for each language in ``lang=``.
TAGS = {"en": "en", "fr": "fr", "zh": "zh-CN"}


@dataclass(frozen=True)
class Translated:
    """What stands in the right pane.

    ``text``: as the visitor sent it. ``key``: of the model. ``result``: the ``answer`` view of its
    ``predict`` (see `pretrained.translation.serve.Translator.predict`). ``seconds``: how long it
    took.
    """

    text: str
    source: str
    target: str
    key: str
    result: Mapping[str, Any] = field(hash=False)
    seconds: float = 0.0


def translators(engine: Engine) -> dict[str, Entry]:
    """Every model that translates, by key."""
    return models.of_task(engine, TASK)


#: A model of this room: `demos.models.entry_of`.
entry_of = partial(models.entry_of, TASK)


def directions(entry: Entry) -> tuple[str, ...]:
    """What a model translates, such as ``("en-fr", "fr-en")``: by its config, or by what is known
    of a model of the Hub."""
    return tuple(models.config(entry).get("directions") or DIRECTIONS_OF.get(entry.key, ()))


def known(engine: Engine, direction: str) -> dict[str, Entry]:
    """The models that know a direction, the bundled one first."""
    found = {k: e for k, e in translators(engine).items() if direction in directions(e)}
    first = BUNDLED.get(direction)
    return dict(sorted(found.items(), key=lambda item: item[0] != first))


async def ask(
    engine: Engine,
    key: str,
    text: str,
    source: str,
    target: str,
    *,
    view: str = "answer",
    beams: int | None = None,
    prefix: str = "",
) -> dict[str, Any]:
    """A sentence or a few to the engine, so that those of many visitors form one batch. ``beams``:
    None for as many as the model usually keeps. Raises a `Refusal`."""
    one = {"text": text, "source": source, "target": target, "prefix": prefix}
    found: dict[str, Any] = await engine.predict(key, one, view=view, beams=beams)
    return found


async def in_pieces(
    engine: Engine, key: str, text: str, source: str, target: str, *, beams: int | None = None
) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """Each piece of a text with its answer. One is asked after the other: others' questions come
    between, and whoever leaves leaves little to be done. Pieces without a letter are kept as they
    are and asked of nobody. Raises a `Refusal`."""
    left = len(text)
    for piece in sentences.pieces(text, PIECE[source], LONGEST) if text.strip() else [text]:
        found: dict[str, Any] = {"translation": piece, "sentences": []}
        if any(c.isalpha() for c in piece) or not text.strip():
            found = await ask(engine, key, piece, source, target, beams=beams)
        left -= len(piece)
        if source == "zh" and left and not piece[-1].isspace():  # others have a blank there
            found = found | {"translation": found["translation"] + " "}
        yield piece, found


def checked(text: object) -> str:
    """A text as it was sent, with one kind of line end.

    Raises:
        NotText: it is none. TooLong: it is more than one request may hold.
    """
    whole = checked_text(text).replace("\r\n", "\n").replace("\r", "\n")
    if len(whole) > MOST_TEXT:
        raise TooLong(length=f"{len(whole):,}", most=f"{MOST_TEXT:,}")
    return whole


async def translating(
    engine: Engine, entry: Entry, text: str, source: str, target: str, *, beams: int | None = None
) -> AsyncGenerator[Translated, None]:
    """What a model that is loaded makes of a text, as far as it is, and how long it took. Raises a
    `Refusal`."""
    began, done = time.monotonic(), 0
    so_far = {"translation": "", "source": source, "target": target, "sentences": []}
    steps = in_pieces(engine, entry.key, text, source, target, beams=beams)
    async with aclosing(steps):
        async for piece, found in steps:
            done += len(piece)
            so_far |= {name: so_far[name] + found[name] for name in ("translation", "sentences")}
            took = time.monotonic() - began
            yield Translated(text[:done], source, target, entry.key, dict(so_far), took)


async def translate(
    engine: Engine, entry: Entry, text: str, source: str, target: str, *, beams: int | None = None
) -> Translated:
    """The same of the whole text. Raises a `Refusal`."""
    steps = translating(engine, entry, text, source, target, beams=beams)
    return [now async for now in steps][-1]


def language(say: Say, code: str) -> str:
    """The name of a language in the visitor's, as text."""
    return say.plain(f"translation.language.{code}")


def arrow(say: Say, direction: str) -> str:
    """A direction as it is read, as text: "English → French"."""
    return " → ".join(language(say, code) for code in direction.split("-"))


def sentence_of(error: Refusal, say: Say) -> str:
    """A refusal in the visitor's language, languages by their names."""
    fields = dict(error.fields)
    for name in ("source", "target", "language"):
        if fields.get(name) in TAGS:
            fields[name] = language(say, fields[name])
    if error.code == "translation_direction":
        learnt = str(fields.get("known", "")).split(", ")
        fields["known"] = ", ".join(arrow(say, one) for one in learnt if one)
    if fields == error.fields:
        return page.sentence_of(error, say)
    said = say.plain(f"error.{error.code}", **fields)
    for name in ("source", "target", "language"):
        said = page.beside(said, str(fields.get(name, "")))
    return said


def refusal(say: Say, error: Refusal) -> str:
    """Why there is no translation, where it would have stood."""
    sentence = escape(sentence_of(error, say))
    return f'<p class="refusal" role="alert">{sentence}</p>'
