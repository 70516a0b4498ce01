"""Train your own."""

from __future__ import annotations

from typing import Any

from demos.language import Words


def build(engine: Any, words: Words) -> None:
    """The commands that train a translator."""
