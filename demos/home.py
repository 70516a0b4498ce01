"""Home: what supervised learning is, on a network that learns in front of the visitor.

The network is `assets/home.js`: it runs in the visitor's own browser, so that it is instant, needs
no server, and any number of people can play with it at once."""

from __future__ import annotations

from typing import Any

from demos import TABS, frame
from demos.language import Say, Words

BREAKTHROUGHS = ("classification", "detection", "text", "translation", "images")
LANGUAGE_OF_HOME_JS = "lang"


def build(engine: Any, words: Words) -> None:
    """The page, inside its tab."""
    frame.title("home", words)
