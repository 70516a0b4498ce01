"""The figures of the tab, all from the cards; a dash where a card has nothing yet."""

from __future__ import annotations

from collections.abc import Callable

from demos.language import Say


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {}
