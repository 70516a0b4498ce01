"""The figures of the tab, from the cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demos import frame
from demos.language import Say


def headline(engine: Any) -> list[frame.Fact]:
    """The numbers at the foot of Try."""
    return []


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {}
