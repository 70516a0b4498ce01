"""What somebody asks of the pen, checked: nothing that was sent is believed.

From a page or an API call come a text, a hand (one of the model's own, or a visitor's strokes and
the words that they spell) and a few numbers. What leaves here is bounded and finite.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from demos import models, page
from demos.language import Say
from demos.typed import checked_text
from inference import Engine
from inference.errors import UnknownModel
from pretrained.catalog import Entry
from pretrained.errors import Refusal
from pretrained.handwriting import alphabet
from pretrained.handwriting.errors import (
    BadStrokes,
    NoSuchHand,
    NothingToWrite,
    NotSpelled,
    OnePoint,
)
from pretrained.text.options import BadOption

PEN, READER = "handwriting/pen", "handwriting/reader"
MOST_TEXT, MOST_WRITTEN = 300, 60  # characters
MOST_STROKES, MOST_POINTS = 400, 4_000  # of a visitor's own hand; MOST_POINTS also in pen_pad.js
MOST_NAMED = 12  # unwritable characters that are listed one by one
#: name: (least, most, usual, whole)
NUMBERS: Mapping[str, tuple[float, float, float, bool]] = {
    "bias": (0, 3, 0.6, False),
    "samples": (1, 4, 1, True),
    "seed": (0, 2**31 - 1, 0, True),
    "columns": (12, 60, alphabet.COLUMNS, True),
}


class PenUnwritable(Refusal):
    """A text of which the pen can write nothing, or only signs. Fields: characters, known."""

    code = "pen_unwritable"
    sentence = (
        "The pen can write none of these characters: {characters}. It has learnt {known} "
        "and blanks: write with those."
    )


class PenTextTooLong(Refusal):
    """More than a few lines. Fields: count, most."""

    code = "pen_text_too_long"
    sentence = "The text has {count} characters and the pen writes at most {most}: shorten it."


Stroke = list[tuple[float, float]]


@dataclass(frozen=True)
class Asked:
    """A wish that can be granted.

    Attributes:
        lines: what is written, line by line.
        left_out: the characters of the text that the pen cannot write, in their order.
        style: number of one of the model's hands; None for ``strokes``, which spell ``written``.
        key: of the pen: ours, or one that somebody taught their hand.
        bias: legibility, 0 to 3. samples: how many. seed: of the first sample, the next one's is
            one more.
    """

    lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    style: int | None = 0
    strokes: tuple[Stroke, ...] | None = None
    written: str = ""
    bias: float = 0.6
    samples: int = 1
    seed: int = 0
    key: str = PEN

    def options(self, sample: int = 0) -> dict[str, Any]:
        """What the model's ``begin`` takes besides the line."""
        seed = (self.seed + sample) % 2**31
        hand: dict[str, Any] = {"style": self.style}
        if self.strokes is not None:
            hand = {"strokes": [list(s) for s in self.strokes], "written": self.written}
        return {**hand, "bias": self.bias, "seed": seed}


def pen_of(engine: Engine, key: object = PEN) -> Entry:
    """The catalogue entry of our pen, or of one that somebody taught their hand.

    Raises:
        UnknownModel: this server has none of that key, or it is no pen.
    """
    entry = models.entry_of("handwriting", engine, key or PEN)
    if entry.key == READER or (entry.key != PEN and entry.loader != pen_of(engine).loader):
        raise UnknownModel(model=entry.key)
    return entry


def hands(entry: Entry) -> list[dict[str, Any]]:
    """The hands that the pen writes in, from its config: without loading it."""
    return list(models.config(entry).get("styles", ()))


def asked(engine: Engine, sent: Mapping[str, Any]) -> Asked:
    """Check what was sent: text, style, strokes, written, bias, samples, seed, columns, model.

    Raises:
        UnknownModel, NotText, NothingToWrite, PenUnwritable, PenTextTooLong, NoSuchHand,
        BadStrokes, OnePoint, NotSpelled, BadOption: it cannot be had.
    """
    entry = pen_of(engine, sent.get("model"))
    text, left_out = writable(entry, sent.get("text"), MOST_TEXT)
    numbers = {name: number(name, sent.get(name)) for name in NUMBERS}
    strokes, written, style = None, "", None
    if sent.get("strokes") is not None:
        strokes = checked_strokes(sent["strokes"])
        if not checked_text(sent.get("written")).strip():
            raise NotSpelled()
        written, _ = writable(entry, sent.get("written"), MOST_WRITTEN)
        written = " ".join(written.split())
    else:
        style = hand(entry, sent.get("style"))
    return Asked(
        lines=tuple(alphabet.wrap(text, most=int(numbers["columns"]))),
        left_out=left_out,
        style=style,
        strokes=strokes,
        written=written,
        bias=numbers["bias"],
        samples=int(numbers["samples"]),
        seed=int(numbers["seed"]),
        key=entry.key,
    )


def writable(entry: Entry, sent: Any, most: int) -> tuple[str, tuple[str, ...]]:
    """(the text without what the pen cannot write, which characters those are).

    Raises:
        NotText, NothingToWrite, PenTextTooLong. PenUnwritable: of its letters none would be left.
    """
    text = checked_text(sent)
    if len(text) > most:
        raise PenTextTooLong(count=len(text), most=most)
    text = unicodedata.normalize("NFC", text)
    left_out = tuple(c for c in alphabet.unknown(entry, text) if not c.isspace())
    spelled = (alphabet.spell(line, alphabet.of(entry))[0] for line in text.splitlines())
    kept = "\n".join(line for line in spelled if line)
    letters = any(c.isalnum() for c in left_out) and not any(c.isalnum() for c in kept)
    if letters or (not kept and left_out):
        raise PenUnwritable(characters=listed(left_out), known=known(entry))
    if not kept:
        raise NothingToWrite()
    return kept, left_out


def known(entry: Entry) -> str:
    """The pen's alphabet, for a sentence: "a-z, A-Z, 0-9 and ! ? ..."."""
    return f"a-z A-Z 0-9 {' '.join(c for c in alphabet.of(entry) if not c.isalnum() and c != ' ')}"


def number(name: str, sent: Any) -> float:
    """One of `NUMBERS` as a number within its bounds; None and "" mean the usual one."""
    least, most, usual, whole = NUMBERS[name]
    if sent is None or sent == "":
        return usual
    try:
        value = math.nan if isinstance(sent, bool) else float(sent)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not least <= value <= most or (whole and not value.is_integer()):
        raise BadOption(name=name, sent=str(sent)[:40], allowed=f"{least:g}–{most:.10g}")
    return value


def hand(entry: Entry, sent: Any) -> int | None:
    """The number of one of the model's hands; None and "" mean the first, if it has any."""
    count = len(hands(entry))
    if sent is None or sent == "":
        return 0 if count else None
    try:
        value = math.nan if isinstance(sent, bool) else float(sent)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not 0 <= value < count or not value.is_integer():
        raise NoSuchHand(sent=str(sent)[:40], most=count - 1)
    return int(value)


def wrong(engine: Engine, query: Mapping[str, str]) -> list[Refusal]:
    """What the page's address asks this exhibit for and cannot have; a seed is refused where it is
    asked for."""
    found: list[Refusal] = []
    if query.get("exhibit") != "pen":
        return found
    checks: list[Callable[[], object]] = [partial(hand, pen_of(engine), query.get("hand"))]
    if "pen_seed" in query:
        for name in ("bias", "samples", "columns"):
            checks.append(partial(number, name, query.get(name)))
    for check in checks:
        try:
            check()
        except Refusal as error:
            found.append(error)
    return found


def checked_strokes(sent: Any) -> tuple[Stroke, ...]:
    """A visitor's strokes as finite numbers, in pixels, y down."""
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        raise BadStrokes(most=MOST_POINTS)
    if len(sent) > MOST_STROKES:
        raise BadStrokes(most=MOST_POINTS)
    found: list[Stroke] = []
    count = 0
    for stroke in sent:
        if not isinstance(stroke, Sequence) or isinstance(stroke, str):
            raise BadStrokes(most=MOST_POINTS)
        count += len(stroke)
        if count > MOST_POINTS:
            raise BadStrokes(most=MOST_POINTS)
        found.append([point(each) for each in stroke])
    found = [stroke for stroke in found if stroke]
    if sum(map(len, found)) < 2:
        raise OnePoint()
    return tuple(found)


def point(sent: Any) -> tuple[float, float]:
    """One place on the pad."""
    try:
        x, y = (float(n) for n in sent)
    except (TypeError, ValueError, OverflowError):
        raise BadStrokes(most=MOST_POINTS) from None
    if not all(math.isfinite(n) and abs(n) < 1e5 for n in (x, y)):
        raise BadStrokes(most=MOST_POINTS)
    return x, y


def named(character: str) -> str:
    """A character as it can be shown: itself, or its number where it has no face of its own."""
    return f"U+{ord(character):04X}" if unicodedata.category(character)[0] in "CMZ" else character


def listed(characters: Sequence[str]) -> str:
    """A few characters for a sentence."""
    some = " ".join(named(c) for c in characters[:MOST_NAMED])
    return f"{some} …" if len(characters) > MOST_NAMED else some


def note(say: Say, wish: Asked) -> str:
    """Which characters were left out, as HTML; "" if none."""
    if not wish.left_out:
        return ""
    sentence = say("handwriting.try.left_out", characters="\0")
    gone = f"<bdi>{escape(listed(wish.left_out))}</bdi>"
    return f'<p class="note">{sentence.replace(chr(0), gone)}</p>'


def sentence_of(error: Refusal, say: Say) -> str:
    """A refusal in the visitor's language; an option is named as the page names it."""
    bounds = {name: (least, most, whole) for name, (least, most, _, whole) in NUMBERS.items()}
    return page.option_of(error, say, "handwriting.option", bounds)


def refusal(say: Say, error: Refusal) -> str:
    """Why nothing is written, as HTML, where the writing would have stood."""
    return f'<p class="refusal" role="alert">{escape(sentence_of(error, say))}</p>'
