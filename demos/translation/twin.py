"""The same sentence with attention taken away: the bundled network beside its twin without any."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from demos.language import Say
from demos.translation import pointing
from demos.translation.answers import BUNDLED, PLAIN, TAGS
from demos.translation.beams import tiny

SOURCE, TARGET = "en", "fr"  # the twin knows this direction only
FULL = BUNDLED[f"{SOURCE}-{TARGET}"]
#: For the other directions: long enough to be hard to hold in one vector.
EXAMPLE = "My grandmother, who lives near the sea, walks to the market every morning with her dog."


def drawn(
    say: Say, text: str, own: bool, numbers: int, both: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> str:
    """The step of the room. ``own``: whether it is the visitor's sentence; ``numbers``: how many
    the one vector has; ``both``: the sentence with attention and without."""
    columns = "".join(
        f"<div><h3>{say(f'translation.inside.twin.{name}')}</h3>"
        f'<p class="said" lang="{TAGS[TARGET]}">{escape(one["translation"])}</p>'
        f'<p class="quiet">{say("translation.inside.twin.odds", share=share(one))}</p></div>'
        for name, one in zip(("full", "plain"), both, strict=True)
    )
    key = "yours" if own else "example"
    told = say(f"translation.inside.twin.{key}")
    sentence = f'<p class="said" lang="{TAGS[SOURCE]}">{escape(text)}</p>'
    body = f'<p class="quiet">{told}</p>{sentence}<div class="twins">{columns}</div>'
    return pointing.step(say, "twin", body, numbers=numbers)


def share(sentence: Mapping[str, Any]) -> str:
    """The probability that a network gave its own translation."""
    return tiny(sentence["alternatives"][0]["probability"])


def asked(source: str, target: str, text: str) -> tuple[str, bool]:
    """(the sentence that both are asked, whether it is the visitor's)."""
    return (text, True) if (source, target) == (SOURCE, TARGET) else (EXAMPLE, False)


def here(engine: Any) -> bool:
    return FULL in engine.entries and PLAIN in engine.entries
