"""From what a visitor sent to what the page shows of it: an answer, an offer, a refusal."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from demos import page
from demos.language import Say
from demos.models import offer, on_disk, ready, waiting
from demos.translation import answers
from demos.translation.answers import Translated
from demos.translation.tryout import pane, sharing
from inference import Engine
from inference.errors import Refusal
from pretrained.translation import languages


@dataclass(frozen=True)
class Step:
    """What the page shows at a moment. ``html``: in the right pane. ``beneath``: under the left
    one. ``details``: under the right one. ``offered``: a download would be needed. ``bar``: what is
    waited for; what was said before stays in sight where there is no ``html`` yet."""

    html: str
    beneath: str = ""
    details: str = ""
    now: Translated | None = None
    offered: bool = False
    bar: str = ""


async def answering(
    engine: Engine, say: Say, sent: object, direction: str, key: str, fetch: bool = False
) -> AsyncGenerator[Step, None]:
    """From what a visitor sent to what the page shows, a refusal included."""
    beneath, so_far, entry = "", "", None
    try:
        text = answers.checked(sent)
        if not text.strip():
            yield Step(empty(say))
            return
        beneath = noticed(say, text, direction)
        entry = answers.entry_of(engine, key)
        if not fetch and not on_disk(entry):
            yield Step(offer(say, entry), beneath, offered=True)
            return
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield Step("", beneath, bar=waiting(say, entry, progress))
        source, _, target = direction.partition("-")
        async with aclosing(
            answers.translating(engine, entry, text, source, target)
        ) as translating:
            async for now in translating:
                if len(now.text) < len(text):
                    so_far = pane.begun(say, now)
                    yield Step(so_far, beneath, bar=far(say, now, text))
        details = pane.details(say, entry, now)
        if beneath and (written := pane.written_in(now)) != target:
            beneath = noticed(say, text, direction, written)
        html = pane.sheet(say, entry, now) + sharing.buttons(say, entry, now)
        yield Step(html, beneath, details, now)
    except Refusal as error:
        again = fetch and entry is not None and not on_disk(entry)
        yield Step(so_far + answers.refusal(say, error), beneath, offered=again)


def far(say: Say, now: Translated, text: str) -> str:
    """How much of a long text is translated: a bar with its count."""
    done, of = len(now.text), len(text)
    told = say("translation.answer.far", done=f"{done:,}", of=f"{of:,}")
    return page.waiting(told, f'max="{of}" value="{done}"')


def empty(say: Say) -> str:
    """What stands in the right pane while there is nothing to translate."""
    return f'<p class="quiet">{say("translation.answer.empty")}</p>'


def noticed(say: Say, text: str, direction: str, written: str = "") -> str:
    """That the text seems to be in another language, with a button that turns the direction; and
    that what came of it is in another one, ``written``, too."""
    found = languages.suggested(text, direction, answers.DIRECTIONS)
    if found is None:
        return ""
    source, target = (answers.language(say, code) for code in direction.split("-"))
    looks = answers.language(say, found[0])
    told = say("translation.direction.noticed", language=looks, source=source)
    if written:
        came = answers.language(say, written)
        more = say("translation.direction.came", language=came, target=target)
        told = page.sentences(say.lang, told, more)
    turn = say("translation.direction.turn", direction=answers.arrow(say, found[1]))
    return (
        f'<p class="noticed" role="status">{told} '
        f'<button type="button" data-turn="{found[1]}">{turn}</button></p>'
    )
