"""From what a visitor sent to what the page shows of it: an answer, an offer, a refusal."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from demos import page
from demos.language import Words
from demos.models import offer, on_disk, ready, waiting
from demos.translation import answers, pane
from demos.translation.answers import Translated
from inference.errors import Refusal
from pretrained.translation import languages


@dataclass(frozen=True)
class Step:
    """What the page shows at a moment. ``html``: in the right pane. ``beneath``: under the left
    one. ``details``: under the right one. ``offered``: a download would be needed."""

    html: str
    beneath: str = ""
    details: str = ""
    now: Translated | None = None
    offered: bool = False
    bar: str = ""


async def answering(
    engine: Any, words: Words, lang: str, sent: Any, direction: Any, key: Any, fetch: bool = False
) -> AsyncIterator[Step]:
    """From what a visitor sent to what the page shows, a refusal included."""
    beneath, entry = "", None
    try:
        text = answers.checked(sent)
        if not text.strip():
            yield Step(empty(words, lang))
            return
        beneath = noticed(words, lang, text, str(direction))
        entry = answers.entry_of(engine, key)
        if not fetch and not on_disk(entry):
            yield Step(offer(words.speaker(lang), entry), beneath, offered=True)
            return
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield Step("", beneath, bar=waiting(words.speaker(lang), entry, progress))
        source, _, target = str(direction).partition("-")
        began = time.monotonic()
        result = await answers.ask(engine, entry.key, text, source, target)
        now = Translated(text, source, target, entry.key, result, time.monotonic() - began)
        details = pane.details(words, lang, entry, now)
        if beneath and (written := pane.written_in(now)) != target:
            beneath = noticed(words, lang, text, str(direction), written)
        yield Step(pane.sheet(words, lang, entry, now), beneath, details, now)
    except Refusal as error:
        again = fetch and entry is not None and not on_disk(entry)
        yield Step(answers.refusal(words.speaker(lang), error), beneath, offered=again)


def empty(words: Words, lang: str) -> str:
    """What stands in the right pane while there is nothing to translate."""
    return f'<p class="quiet">{words.speaker(lang)("translation.answer.empty")}</p>'


def noticed(words: Words, lang: str, text: str, direction: str, written: str = "") -> str:
    """That the text seems to be in another language, with a button that turns the direction; and
    that what came of it is in another one, ``written``, too."""
    found = languages.suggested(text, direction, answers.DIRECTIONS)
    if found is None:
        return ""
    say = words.speaker(lang)
    source, target = (answers.language(words, lang, code) for code in direction.split("-"))
    looks = answers.language(words, lang, found[0])
    told = say("translation.direction.noticed", language=looks, source=source)
    if written:
        came = answers.language(words, lang, written)
        more = say("translation.direction.came", language=came, target=target)
        told = page.sentences(lang, told, more)
    turn = say("translation.direction.turn", direction=answers.arrow(words, lang, found[1]))
    return (
        f'<p class="noticed" role="status">{told} '
        f'<button type="button" data-direction="{found[1]}">{turn}</button></p>'
    )
