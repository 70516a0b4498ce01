"""Characters and tokens as they can be pointed at: a blank is drawn, a line end has a name."""

from __future__ import annotations

import unicodedata
from html import escape, unescape

from demos import typed
from demos.language import Say

SIGNS = {"\n": "↵", " ": "␣", "\t": "⇥"}


def sign(text: str) -> str:
    """One character or token as visible signs, as HTML."""
    return "".join(SIGNS.get(c) or typed.shown(c) for c in text)


def name(say: Say, text: str) -> str:
    """The same for a list, as plain text: "new line", "space", the character itself."""
    words = {"\n": "line", " ": "space", "": "other"}
    if text in words:
        return unescape(say(f"text.char.{words[text]}"))
    return "".join(SIGNS.get(c) or typed.named(c) for c in text)


def label(say: Say, text: str) -> str:
    """`name`, as HTML."""
    return escape(name(say, text))


def wide(text: str) -> bool:
    """Whether a character takes the place of two, as Chinese ones do."""
    return any(unicodedata.east_asian_width(c) in "WF" for c in text)
