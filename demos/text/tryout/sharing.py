"""Share: a link under which the same text is written again, and the text as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demos import share
from demos.inputs import OutOfRange
from demos.language import Say
from demos.share import MOST_LINKED
from demos.text import answers
from demos.text.tryout.writing import Written
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

NUMBERS = ("temperature", "length", "seed")
#: How far the sliders of the page go.
SLIDERS = {"temperature": (0.1, 1.5), "length": (50, 2_000)}
#: What the address calls the seed: the faces of another tab have one, too.
SEED = "text_seed"


@dataclass(frozen=True)
class Shared:
    """What a link asks to be written, as it was sent: `writing.wished` checks it."""

    prompt: str
    acrostic: str
    #: Temperature, length, seed.
    numbers: tuple[Any, Any, Any]


def linked(query: Mapping[str, str]) -> Shared | None:
    """What the page's address asks for; None where it asks for no text."""
    if SEED not in query or query.get("exhibit") == "pen":
        return None
    temperature, length = (within(name, query.get(name)) for name in SLIDERS)
    numbers = temperature, length, query[SEED] or None
    return Shared(query.get("prompt", ""), query.get("acrostic", ""), numbers)


def within(name: str, sent: str | None) -> str | float | None:
    """A number for a slider, as far as that goes; what is none stays as it is, to be refused."""
    least, most = SLIDERS[name]
    try:
        value = float(sent or least)
    except ValueError:
        return sent
    return least if value < least else most if value > most else sent or None


def wrong(engine: Engine, query: Mapping[str, str], say: Say) -> list[Refusal]:
    """What the page's address asks this exhibit for and cannot have: a model that is not here,
    numbers beyond the sliders."""
    found: list[Refusal] = []
    here = SEED in query or query.get("tab") == answers.TASK
    if here and query.get("exhibit") != "pen":
        share.model(answers.TASK, engine, query, found)
    if linked(query):
        for name, (least, most) in SLIDERS.items():
            if isinstance(within(name, query.get(name)), float | int):
                called, sent = say.plain(f"text.option.{name}"), query[name][: share.MOST_SAID]
                found.append(OutOfRange(name=called, sent=sent, least=least, most=most))
    return found


def buttons(say: Say, entry: Entry, now: Written, *, again: bool) -> str:
    """What can be taken along of a text. ``again``: whether its seed writes all of it once more,
    as it does not where it was stopped or continued: then there is no link."""
    if not now.text:
        return ""
    wish = now.wish
    parts, why = [], ""
    if len(wish.prompt) > MOST_LINKED:
        why = say("page.share.long", most=MOST_LINKED)
    elif again and not wish.cut:
        told = {"prompt": wish.prompt} | ({"acrostic": wish.acrostic} if wish.acrostic else {})
        told |= {name: wish.options[name] for name in NUMBERS[:2]} | {SEED: wish.options["seed"]}
        parts.append(share.link(say, "text", wish.key, "text.share.link", **told))
    credit = say(
        "text.share.credit",
        model=say.model(entry),
        seed=wish.options["seed"],
        house=say.plain("house.name"),
    )
    poem = {"poem": ""} if answers.writes_poems(entry) else {}
    return share.row([*parts, share.picture(say, "text_share", credit, **poem)], why)
