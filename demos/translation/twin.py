"""The same sentence with attention taken away: the bundled network beside its twin without any."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from demos.language import Say
from demos.translation import charts, pointing
from demos.translation.answers import BUNDLED, PLAIN, TAGS

SOURCE, TARGET = "en", "fr"  # the twin knows this direction only
FULL = BUNDLED[f"{SOURCE}-{TARGET}"]
#: For the other directions: long enough to be hard to hold in one vector.
EXAMPLE = "I would like to know why you did not come to the party last night."


def drawn(
    say: Say, text: str, own: bool, numbers: int, both: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> str:
    """The step of the room. ``own``: whether it is the visitor's sentence; ``numbers``: how many
    the one vector has; ``both``: the sentence with attention and without."""
    columns = "".join(
        f"<div><h3>{say(f'translation.inside.twin.{name}')}</h3>"
        f'<p class="spoken" lang="{TAGS[TARGET]}">{escape(one["translation"])}</p></div>'
        for name, one in zip(("full", "plain"), both, strict=True)
    )
    key = "yours" if own else "example"
    told = say(f"translation.inside.twin.{key}")
    sentence = f'<p class="spoken" lang="{TAGS[SOURCE]}">{escape(text)}</p>'
    body = f'<p class="quiet">{told}</p>{sentence}<div class="twins">{columns}</div>{measured(say)}'
    return pointing.step(say, "twin", body, numbers=numbers)


def measured(say: Say) -> str:
    """What attention bought on the test sentences, from both cards; nothing until both tell it."""
    rows = [charts.reached(key, f"{SOURCE}-{TARGET}") for key in (FULL, PLAIN)]
    if not all(rows):
        return ""
    full, plain = (charts.score(row, "bleu") for row in rows)
    n = f"{rows[0]['n']:,}"
    told = say("translation.inside.twin.measured", n=n, full=full, plain=plain)
    return f'<p class="quiet">{told}</p>'


def asked(source: str, target: str, text: str) -> tuple[str, bool]:
    """(the sentence that both are asked, whether it is the visitor's)."""
    return (text, True) if (source, target) == (SOURCE, TARGET) else (EXAMPLE, False)


def here(engine: Any) -> bool:
    return FULL in engine.entries and PLAIN in engine.entries
