"""Beginnings to try, a few for each kind of model, and the one that opens the page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from demos.language import Say
from demos.text import answers
from inference import Engine
from pretrained.catalog import Entry


@dataclass(frozen=True)
class Opening:
    """A beginning. ``seed``: a good example of what follows; None draws one."""

    text: str
    seed: int | None = None


VERSES = (
    Opening("ROMEO:\n", 7),
    Opening("KING RICHARD:\nNow is the winter"),
    Opening("To be, or not to be"),
    Opening("First Witch:\n"),
    Opening(""),
)
QUATRAINS = (
    Opening("", 11),
    Opening("明月"),
    Opening("春风"),
    Opening("江上"),
    Opening("白云"),
)
PROSE = (
    Opening("Once upon a time"),
    Opening("The moon rose over the sea, and"),
    Opening(""),
)


def openings(entry: Entry) -> tuple[Opening, ...]:
    """The beginnings that suit a model."""
    if answers.writes_poems(entry):
        return QUATRAINS
    return VERSES if entry.key == answers.SHAKESPEARE else PROSE


@dataclass(frozen=True)
class Standing:
    """What was last put into the form: by whom is written, and our beginning. (A Dropdown tells of
    input when it is left without a choice, too.)"""

    key: str
    text: str

    def is_ours(self, begin: str) -> bool:
        """Whether a beginning may be replaced without loss: nobody has typed there."""
        return begin.strip() in ("", self.text.strip())


def first(lang: str, engine: Engine) -> str:
    """The key of the model that opens the page: poems for Chinese readers, plays for others."""
    known = answers.writers(engine)
    wanted = answers.TANG if lang == "zh" else answers.SHAKESPEARE
    return wanted if wanted in known else next(iter(known))


def chips(say: Say, entry: Entry) -> str:
    """The beginnings as a row of buttons; the empty one lets the model begin by itself."""
    language = "zh-CN" if answers.writes_poems(entry) else "en"
    buttons = []
    for number, opening in enumerate(openings(entry)):
        told = opening.text.strip().replace("\n", " ")
        name = f'<span lang="{language}">{escape(told)}</span>' if told else say("text.try.nothing")
        buttons.append(f'<button type="button" data-pick="{number}">{name}</button>')
    label = say("text.try.openings")
    return f'<div class="chips" role="group" aria-label="{label}">{"".join(buttons)}</div>'
