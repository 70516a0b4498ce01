"""The options of writing, with their bounds: checked once, before a model sees them."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from pretrained.errors import Refusal

#: name: (least, most, what stands there if nothing is sent)
BOUNDS: dict[str, tuple[float, float, float]] = {
    "length": (1, 2_000, 400),  # characters
    "temperature": (0.1, 2.0, 0.8),
    "top_k": (0, 10_000, 0),  # 0: all
    "top_p": (0.05, 1.0, 1.0),
    "seed": (0, 2**31 - 1, 0),
}
WHOLE = frozenset({"length", "top_k", "seed"})
#: Characters of a prompt that are read; what stands before them is left out.
MOST_PROMPT = 2_000


class BadOption(Refusal):
    """An option that is no number, or out of bounds. Fields: name, sent, allowed."""

    code = "bad_option"
    sentence = "{name} cannot be {sent}: choose {allowed}."


def checked(**options: Any) -> dict[str, Any]:
    """Each option as a number within its bounds; what is missing, None or "" gets its default.

    Raises:
        BadOption: it is no number, not whole where it must be, or out of bounds.
    """
    return {name: _number(name, options.get(name)) for name in BOUNDS}


def _number(name: str, sent: Any) -> float:
    least, most, usual = BOUNDS[name]
    kind = int if name in WHOLE else float
    if sent is None or sent == "":
        return kind(usual)
    allowed = f"{'a whole number' if name in WHOLE else 'a number'} from {least:g} to {most:.10g}"
    value = math.nan
    if isinstance(sent, int | float | str) and not isinstance(sent, bool):
        with contextlib.suppress(ValueError, OverflowError):
            value = float(sent)
    if not least <= value <= most or (name in WHOLE and not value.is_integer()):
        raise BadOption(name=name, sent=_shown(sent), allowed=allowed)
    return kind(value)


def _shown(sent: Any) -> str:
    """The beginning of what was sent. Python does not print whole numbers of any length."""
    with contextlib.suppress(ValueError):
        return str(sent)[:40]
    return "so long a number"
