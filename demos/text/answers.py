"""The words between engine and page: which models write, what a visitor sent, how it is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any

from demos import models, page, typed
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.text import alphabet
from pretrained.text.options import BOUNDS, MOST_PROMPT, WHOLE

TASK = "text"
SHAKESPEARE, TANG = "text/shakespeare", "text/tang"
MOST_NAMED = 12  # unknown characters that are listed one by one


class AcrosticTooLong(Refusal):
    """More characters to hide than a quatrain has lines. Fields: count, most."""

    code = "acrostic_too_long"
    sentence = (
        "An acrostic hides at most {most} characters, one a line, and these are {count}: "
        "send fewer."
    )


class AcrosticUnknown(Refusal):
    """Characters to hide that the model cannot write. Fields: characters."""

    code = "acrostic_unknown"
    sentence = (
        "The Tang model cannot begin a line with {characters}: choose characters that poets of "
        "the time used, in simplified form."
    )


def writers(engine: Engine) -> dict[str, Entry]:
    """Every model that writes text, by key."""
    return models.of_task(engine, TASK)


#: A model of this room: `demos.models.entry_of`.
entry_of = partial(models.entry_of, TASK)


def writes_poems(entry: Entry) -> bool:
    """Whether the model writes quatrains, which end by themselves (``kind`` in its config)."""
    return models.config(entry).get("kind") == "quatrains"


def tracking(entry: Entry) -> list[dict[str, Any]]:
    """The memory cells that were found to follow something (`pretrained.text.memory`)."""
    return list(models.config(entry).get("tracking", ()))


def laid_out(entry: Entry, text: str) -> str:
    """A visitor's beginning as the model learnt such: of a poem in its own signs, a poem to a row
    (`alphabet.in_rows`), though people type it line by line; any other as it is."""
    letters = alphabet.of(entry)
    if letters is None or not writes_poems(entry):
        return text
    gone = {*letters.unknown(text)}
    return alphabet.in_rows("".join(c if c in gone else letters.clean(c) for c in text))


def received(text: Any) -> tuple[str, int]:
    """(what the model is given of a visitor's text: its end, how many characters were sent).

    Raises:
        NotText: it is none.
    """
    whole = typed.checked_text(text)
    whole = whole.replace("\r\n", "\n").replace("\r", "\n")
    return whole[-MOST_PROMPT:], len(whole)


def checked_acrostic(entry: Entry, text: Any, most: int = 4) -> str:
    """The characters to hide, without the blanks between them.

    Raises:
        AcrosticTooLong, AcrosticUnknown: it cannot be hidden.
    """
    hidden = re.sub(r"\s", "", received(text)[0])
    if not hidden or not writes_poems(entry):
        return ""
    if len(hidden) > most:
        raise AcrosticTooLong(count=len(hidden), most=most)
    letters = alphabet.of(entry)
    assert letters is not None
    wrong = [c for c in hidden if letters.unknown(c) or not unicodedata.category(c).startswith("L")]
    if wrong:
        raise AcrosticUnknown(characters=" ".join(typed.named(c) for c in dict.fromkeys(wrong)))
    return letters.clean(hidden)


def unknown_in(entry: Entry, text: str) -> list[str]:
    """The distinct characters of a text that the model does not know, as sent, in their order."""
    letters = alphabet.of(entry)
    return letters.unknown(text) if letters else []


def in_a_row(characters: Sequence[str]) -> str:
    """Characters as a sentence names them, the first `MOST_NAMED` of them."""
    return " ".join(map(typed.named, characters[:MOST_NAMED]))


def unknown_note(say: Say, entry: Entry, text: str) -> str:
    """Which characters the model does not know and what was done with them; "" if it knows all."""
    found = unknown_in(entry, text)
    if not found:
        return ""
    listed = in_a_row(found)
    key = "text.answer.unknown" if len(found) <= MOST_NAMED else "text.answer.unknown_many"
    more = len(found) - MOST_NAMED
    sentence = say(key, model=say.model(entry), characters="\0", more=more)
    shown = sentence.replace("\0", f"<bdi>{escape(listed)}</bdi>")
    return f'<p class="note">{shown}</p>'


def sentence_of(error: Refusal, say: Say) -> str:
    """A refusal in the visitor's language; an option is named as the page names it."""
    bounds = {name: (least, most, name in WHOLE) for name, (least, most, _) in BOUNDS.items()}
    return page.option_of(error, say, "text.option", bounds)


def refusal(say: Say, error: Refusal) -> str:
    """Why there is no text, where the text would have stood."""
    sentence = escape(sentence_of(error, say))
    return f'<p class="refusal" role="alert">{sentence}</p>'


def offer(say: Say, entry: Entry) -> str:
    """What a download would bring, told before it starts."""
    coarse = page.quiet(say.plain("text.offer.four_bits")) if entry.wheel else ""
    return models.offer(say, entry) + coarse
