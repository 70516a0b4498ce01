"""Why data are refused, as the page says it: readers speak to whoever types commands.

`reasons.toml` has both; a reason that is not in it stays as it is, and `demos.language.reasons`
knows its Chinese.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "reasons.toml"
FIELD = re.compile(r"\{(\w+)\}")
LONGEST = 2000  # characters of a reason that is looked at
CODES = ("one", "other", "languages")  # fields that name languages by their codes


@functools.cache
def known() -> tuple[tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...], Mapping[str, Any]]:
    """Each reason as a pattern with what the page says, and what languages are called."""
    told = tomllib.loads(FILE.read_text("utf-8"))
    found = []
    for row in told["reason"]:
        *pieces, last = FIELD.split(row["says"])
        fields = zip(pieces[::2], pieces[1::2], strict=True)
        pattern = "".join(f"{re.escape(text)}(?P<{name}>.+?)" for text, name in fields)
        found.append((re.compile(pattern + re.escape(last), re.DOTALL), row))
    return tuple(found), told["languages"]


def on_page(reason: str, lang: str, task: str) -> str:
    """A reader's reason as the page of a task says it in ``lang``, "en" or "zh"."""
    reasons, languages = known()
    for pattern, row in reasons if len(reason) <= LONGEST else ():
        match = pattern.fullmatch(reason)
        if match and task in row.get("tasks", [task]):
            names = languages[lang]
            fields = {
                name: names.get(value, value) if name in CODES else value
                for name, value in match.groupdict().items()
            }
            return str(row[lang].format(**fields))
    return reason


def fields(given: Mapping[str, Any], lang: str, task: str) -> dict[str, Any]:
    """The fields of a refusal, its reason as the page says it."""
    reason = given.get("reason")
    return (
        {**given, "reason": on_page(reason, lang, task)} if isinstance(reason, str) else {**given}
    )
