"""Share: a link to an example, the model that looks at it and the least score that is shown; the
picture with its boxes is saved by `detection.js`. A visitor's own picture is in no link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos import share
from demos.detection import answers
from demos.detection.answers import LEAST_SHOWN, MOST_SHOWN, Payload
from demos.inputs import OutOfRange
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

#: What the address calls the picture: another tab has examples, too. `detection.js` reads the
#: minimum confidence, in percent, and writes it into the link as it stands.
PICTURE, CONFIDENCE = "detect_picture", "confidence"


@dataclass(frozen=True)
class Shared:
    """What a link asks for: None where it names nothing, or what is not here: that is ``wrong``."""

    payload: Payload | None
    entry: Entry | None
    wrong: tuple[Refusal, ...] = ()


def linked(engine: Engine, query: Mapping[str, str], say: Say) -> Shared | None:
    """What the page's address asks to be looked at; None where it asks for nothing."""
    if PICTURE not in query:
        return None
    wrong: list[Refusal] = []
    example = share.example(answers.EXAMPLES, query[PICTURE], wrong)
    entry = share.model(answers.TASK, engine, query, wrong)
    sent = query.get(CONFIDENCE)
    if sent is not None and not confident(sent):
        name = say.plain("detection.try.least")
        said = sent[: share.MOST_SAID]
        wrong.append(OutOfRange(name=name, sent=said, least=LEAST_SHOWN, most=MOST_SHOWN))
    payload = {"example": example.name} if example else None
    return Shared(payload, entry, tuple(wrong))


def confident(sent: str) -> bool:
    """Whether the slider can stand there."""
    whole = sent.isascii() and sent.isdecimal() and len(sent) <= 2
    return whole and LEAST_SHOWN <= int(sent) <= MOST_SHOWN


def buttons(say: Say, entry: Entry, example: str | None) -> tuple[str, str]:
    """(the button that copies a link, why there is none). ``example``: None where the picture is a
    visitor's own."""
    if example is None:
        return "", f'<p class="quiet">{say("page.share.own")}</p>'
    return share.link(say, answers.TASK, entry.key, **{PICTURE: example}), ""
