"""What a round is: what is asked, what an answer is worth, what is told afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from demos import page
from demos.language import Say
from demos.models import ready, waiting
from inference import Engine
from pretrained.catalog import Entry


@dataclass(frozen=True)
class Said:
    """What a visitor answered, as the page sends it, and how long that took."""

    answer: Any
    milliseconds: float = 0.0


class Round(ABC):
    """One item: the machine has answered already, unseen."""

    @abstractmethod
    def points(self, answer: Any) -> tuple[float, float] | None:
        """What the visitor's answer and the machine's are worth, 0..1 each; None: it is no answer
        to this."""

    @abstractmethod
    def asked(self, say: Say) -> str:
        """The item, to be answered: HTML that does not tell what is right."""

    @abstractmethod
    def told(self, say: Say, said: Said) -> str:
        """The item once it was answered: HTML."""

    @abstractmethod
    def question(self, say: Say) -> str:
        """What is asked, as a sentence: HTML."""

    @abstractmethod
    def verdict(self, say: Say, said: Said) -> str:
        """Who was right, in a sentence or two: HTML."""

    #: What the machine took, in milliseconds; None where time plays no part.
    speed: float | None = None


#: (the words, the seed of the items, the number of the round from 0): what is waited for, as HTML,
#: then the round. The same three give the same item. Raises what the engine refuses.
Deal = Callable[[Say, int, int], AsyncGenerator[Round | str, None]]


def dealing(
    engine: Engine,
    needed: Callable[[Say], Iterable[Entry]],
    ask: Callable[[Say, int, int], Awaitable[Round]],
    drawing: str = "",
) -> Deal:
    """A `Deal` that loads the models a round needs, then asks for it.

    Args:
        ask: gets what a `Deal` gets. drawing: the word for what is waited for meanwhile, where a
            round takes so long.
    """

    async def deal(say: Say, seed: int, number: int) -> AsyncGenerator[Round | str, None]:
        for entry in needed(say):
            async with aclosing(ready(engine, entry)) as loading:
                async for progress in loading:
                    yield waiting(say, entry, progress)
        if drawing:
            yield page.waiting(say(drawing))
        yield await ask(say, seed, number)

    return deal


@dataclass(frozen=True)
class Contest:
    """What is played in one tab.

    Attributes:
        tab: its name; its words stand under ``<tab>.game``, the common ones under ``contest``.
        rounds: of one game, about a minute.
        deal: see `Deal`.
        together: how many events at a time may ask the models.
        shares: whether points are shares of one, such as IoU, and not right or wrong.
    """

    tab: str
    rounds: int
    deal: Deal
    together: int
    shares: bool = False

    def whole(self, say: Say, points: Sequence[float]) -> str:
        """The score of all rounds so far: how many were right, or the mean. HTML."""
        if self.shares:
            return own(say, self.tab, "mean", mean=f"{sum(points) / max(1, len(points)):.2f}")
        return own(say, self.tab, "of", right=f"{sum(points):.0f}", rounds=len(points))


def own(say: Say, tab: str, key: str, **fields: Any) -> str:
    """A tab's own word for something, or the common one. HTML."""
    special = f"{tab}.game.{key}"
    return say(special if special in say.words.tables[say.lang] else f"contest.{key}", **fields)


def mark(say: Say, right: bool) -> str:
    """Right or wrong, told by a sign and by a word that is read aloud."""
    kind, sign, word = ("met", "✓", "hit") if right else ("missed", "✗", "miss")
    spoken = say(f"contest.{word}")
    return (
        f'<span class="{kind}"><span aria-hidden="true">{sign}</span>'
        f'<span class="sr-only">{spoken}</span></span>'
    )


@dataclass(frozen=True)
class Choice(Round):
    """One option of several is right.

    Attributes:
        tab: whose words are said.
        item: what is asked about, as HTML. answered: what stands there afterwards, if not the same.
        options: HTML each, in the order shown.
        right: which of them is. machine: the one that the machine chose; -1: something else.
        notes: HTML to each option, told afterwards. after: HTML below them, told afterwards.
        speed: see `Round`.
    """

    tab: str
    item: str
    options: tuple[str, ...]
    right: int
    machine: int
    notes: tuple[str, ...] = ()
    after: str = ""
    answered: str = ""
    #: Whether the options are sentences, one below the other.
    long: bool = False
    speed: float | None = None
    #: Whether the machine was right where it chose something else.
    machine_right: bool = False

    @property
    def classes(self) -> str:
        return "options long" if self.long else "options"

    def points(self, answer: Any) -> tuple[float, float] | None:
        if isinstance(answer, bool) or answer not in range(len(self.options)):
            return None
        machine = self.machine == self.right or self.machine_right
        return float(answer == self.right), float(machine)

    def question(self, say: Say) -> str:
        return own(say, self.tab, "ask")

    def asked(self, say: Say) -> str:
        shown = "".join(
            f'<button type="button" class="ghost" data-choice="{n}"><kbd>{n + 1}</kbd> '
            f"<span>{option}</span></button>"
            for n, option in enumerate(self.options)
        )
        return f'{self.item}<div class="{self.classes}" role="group">{shown}</div>'

    def told(self, say: Say, said: Said) -> str:
        rows = []
        for n, option in enumerate(self.options):
            who = [say("contest.chosen")] if said.answer == n else []
            who += [own(say, self.tab, "machine_chose")] if self.machine == n else []
            note = self.notes[n] if self.notes else ""
            about = page.sentences(say.lang, note, *who)
            sign = mark(say, n == self.right) if n == self.right or said.answer == n else ""
            kinds = " right" * (n == self.right) + " chosen" * (said.answer == n)
            rows.append(
                f'<li class="{kinds.strip()}">{sign}<span>{option}</span>'
                f'<span class="quiet">{about}</span></li>'
            )
        item = self.answered or self.item
        return f'{item}<ul class="{self.classes}">{"".join(rows)}</ul>{self.after}'

    def verdict(self, say: Say, said: Said) -> str:
        points = self.points(said.answer)
        assert points is not None
        found = own(say, self.tab, "verdict." + "".join(f"{one:.0f}" for one in points))
        return page.sentences(say.lang, found, timed(say, self, said))


def timed(say: Say, one: Round, said: Said) -> str:
    """Both times, where time plays a part."""
    if one.speed is None:
        return ""
    return say(
        "contest.times", you=f"{said.milliseconds / 1000:.1f}", machine=f"{max(1, one.speed):.0f}"
    )
