"""Why data are refused, as the page says it: readers speak to whoever types commands.

`reasons.toml` has both; a reason that is not in it stays as it is, and `demos.language.reasons`
knows its Chinese.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demos.language.reasons import LONGEST, Template

FILE = Path(__file__).parent / "reasons.toml"
CODES = ("one", "other", "languages")  # fields that name languages by their codes


@functools.cache
def known() -> tuple[tuple[tuple[Template, Mapping[str, Any]], ...], Mapping[str, Any]]:
    """Each reason as a template with what the page says, and what languages are called."""
    told = tomllib.loads(FILE.read_text("utf-8"))
    rows = tuple((Template.of(row["says"], row["zh"]), row) for row in told["reason"])
    return rows, told["languages"]


def on_page(reason: str, lang: str, task: str) -> str:
    """A reader's reason as the page of a task says it in ``lang``, "en" or "zh"."""
    rows, languages = known()
    for template, row in rows if len(reason) <= LONGEST else ():
        given = template.fields(reason)
        if given is not None and task in row.get("tasks", [task]):
            names = languages[lang]
            told = {n: names.get(v, v) if n in CODES else v for n, v in given.items()}
            return str(row[lang].format_map(told))
    return reason


def fields(given: Mapping[str, Any], lang: str, task: str) -> dict[str, Any]:
    """The fields of a refusal, its reason as the page says it."""
    reason = given.get("reason")
    return (
        {**given, "reason": on_page(reason, lang, task)} if isinstance(reason, str) else {**given}
    )
