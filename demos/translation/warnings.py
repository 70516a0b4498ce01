"""What a reader must know before trusting a translation: for the page and for the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demos.translation import tokens
from pretrained.translation import speech

#: A sentence whose tokens have a lower probability than this in the (geometric) mean is held
#: unlikely. Of 250 validation sentences into each of French, English, Chinese and (from Chinese)
#: English, 6, 6, 25 and 28 lie below, and of those 100%, 67%, 96% and 71% have a chrF below 40;
#: of those above 16%, 16%, 69% and 34%: `experiments.translation_doubt`.
UNLIKELY = 0.4
#: Likewise of its source, read back from it: something is missing, or other than it was. Of those
#: that are not held unlikely 9, 10, 49 and 34 lie below, and of those 44%, 80%, 84% and 65% have a
#: chrF below 40; of those above 14%, 13%, 65% and 29%.
LOST = 0.1
#: Every code, with what it says of a translation; the page's sentences stand under the same names.
WARNINGS = {
    "incomplete": "a sentence came to no end and was cut off",
    "repeated": "a sentence began to say the same again and again, and was cut there",
    "unlikely": "the network itself holds a sentence unlikely",
    "lost": "read backwards, a sentence hardly leads to its source again",
    "numbers": "a number in figures is missing",
    "quotes": "quotation marks are missing",
}


def warnings(text: str, result: Mapping[str, Any]) -> list[str]:
    """The codes (of `WARNINGS`) that hold of a translation of ``text``, ``result`` as a model
    answers it. Where the network lost its thread, that alone is said."""
    sentences = result["sentences"]
    if adrift := {tokens.repetition(one) for one in sentences} - {""}:
        return sorted(adrift)
    found = []
    if any(one.get("mean_probability", 1.0) < UNLIKELY for one in sentences):
        found.append("unlikely")
    elif any(back < LOST for one in sentences if (back := one.get("read_back")) is not None):
        found.append("lost")
    if any(one.get("missing_numbers") for one in sentences):
        found.append("numbers")
    if quotes(text) > quotes(result["translation"]):
        found.append("quotes")
    return found


def quotes(text: str) -> int:
    """How many quotation marks it has, of whatever language."""
    return len(speech.MARK.findall(text))
