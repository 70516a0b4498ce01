"""Train your own: the commands that do it."""

from __future__ import annotations

from typing import Any

from demos.language import Words


def build(engine: Any, words: Words) -> None:
    """What the pictures must be like, the commands that train, serve and score."""
