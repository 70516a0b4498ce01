"""What a visitor typed: checked to be text, and shown without steering or breaking the page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Any

from pretrained.errors import Refusal

#: Characters that would steer the page's own text: they are shown as a small box instead.
STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: These, and the control characters but for a new line and a tab.
FACELESS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{STEERING.pattern[1:-1]}]")
LONE = re.compile("[\ud800-\udfff]")  # half a character: cannot be sent anywhere


class NotText(Refusal):
    """Something else than text where text belongs. Field: sent."""

    code = "not_text"
    sentence = "This is no text but {sent}: send one text, in quotation marks."


def checked_text(text: Any) -> str:
    """A text as it was sent; None means an empty one.

    Raises:
        NotText: it is a list, a number or the like, which nobody meant to be read as one.
    """
    if text is not None and not isinstance(text, str):
        raise NotText(sent=str(text)[:40])
    return LONE.sub("\ufffd", text or "")


def named(character: str) -> str:
    """One character as a sentence can show it: itself, or its number where it has no face."""
    if character == " ":
        return "␣"
    if unicodedata.category(character)[0] in "CZ" or STEERING.match(character):
        return f"U+{ord(character):04X}"
    return character


def shown(text: str, gone: Iterable[str] = ()) -> str:
    """A text as HTML: escaped; what has no face, and what the model read over, is marked."""
    over = frozenset(gone)

    def drawn(found: re.Match[str]) -> str:
        c = found[0]
        if FACELESS.match(c):
            return f'<s class="gone" title="{named(c)}">□</s>'
        return f'<s class="gone">{escape(c)}</s>' if c in over else escape(c)

    # A long text is drawn five times a second, and nearly all of it is plain.
    odd = re.compile(f"[&<>\"'{FACELESS.pattern[1:-1]}{re.escape(''.join(over))}]")
    return odd.sub(drawn, text)
