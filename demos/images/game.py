"""Which one did the GAN draw? Two drawings, one by each network; the visitor says, and so does the
discriminator, which learnt to catch the GAN and nobody else. Ten rounds, the scores side by side.

The pair is drawn from secret seeds, shuffled here, and packed alike: the page holds nothing that
tells them apart before the visitor has chosen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np

from demos import frame
from demos.images import answers, faces, points
from demos.language import Say, Words
from demos.models import ready, waiting
from demos.translation.turns import Turn, while_mine
from inference.errors import Refusal

ROUNDS = 10
SIDES = ("left", "right")
GAME = """import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.mountGame(
  element, (side) => trigger('choose', {side}), () => trigger('next'), watch));"""


@dataclass(frozen=True)
class Round:
    """Two drawings in the order in which they are shown, uint8 [64, 64, 3] each; which one, 0 or 1,
    is the GAN's; the discriminator's score of each: the lower, the less it takes it for a
    photograph."""

    pictures: tuple[np.ndarray, np.ndarray]
    gan: int
    scores: tuple[float, float]

    @property
    def vote(self) -> int:
        """The one that the discriminator says is the GAN's."""
        return int(self.scores[1] < self.scores[0])


@dataclass
class Play(Turn):
    """One visitor's game. ``now``: the round that is shown; ``chosen``: what the visitor said to
    it; ``coming``: the next one, where it is drawn already; ``wanted``: the visitor waits for it.
    """

    told: list[tuple[bool, bool]] = field(default_factory=list)  # visitor, discriminator: right?
    now: Round | None = None
    chosen: int | None = None
    coming: Round | None = None
    wanted: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def over(self) -> bool:
        return len(self.told) >= ROUNDS

    def show(self, coming: Round) -> None:
        """The next round; after the last one the first of a new game."""
        if self.over:
            self.told = []
        self.now, self.chosen, self.coming, self.wanted = coming, None, None, False

    def choose(self, side: Any) -> bool:
        """What the visitor says; False where nothing is asked."""
        if self.now is None or self.chosen is not None or side not in (0, 1):
            return False
        self.chosen = int(side)
        self.told.append((self.chosen == self.now.gan, self.now.vote == self.now.gan))
        return True


def build(engine: Any, words: Words) -> None:
    """The game, as it stands before it begins."""
    frame.html(words, faces.heading("game"), elem_classes="spaced")
    table = gr.HTML(words.markup(begin), js_on_load=GAME, elem_id="face-game")
    state = gr.State(Play())

    async def shown(
        play: Play, lang: str, run: AsyncIterator[Round | str], before: str
    ) -> AsyncIterator[Any]:
        """What the page shows while a round is drawn: ``before`` with a bar, or with what the
        network that loads has to say. Nothing of it once another event has the turn."""
        halt = play.take()
        async with aclosing(while_mine(halt, frame.or_nothing(run, ""))) as moments:
            async for moment in moments:
                if isinstance(moment, Round):
                    play.coming = moment
                elif isinstance(moment, str):
                    yield before + moment
                else:
                    yield gr.skip()
        if halt.replaced.is_set():
            yield gr.skip()
        play.stop()

    @frame.guard(words)
    async def on_next(play: Play, request: gr.Request) -> AsyncIterator[Any]:
        lang = words.lang(request)
        say = words.speaker(lang)
        if play.now is not None and play.chosen is None:
            yield gr.skip()
            return
        if play.coming is None and play.under_way:  # it is shown by who draws it
            play.wanted = True
            yield board(say, play, waits=True)
            return
        if play.coming is None:
            run = drawing(engine, words, lang)
            before = board(say, play, waits=True) if play.now else ""
            async with aclosing(shown(play, lang, run, before)) as moments:
                async for moment in moments:
                    yield moment
        if play.coming is not None:
            play.show(play.coming)
            yield board(say, play)

    @frame.guard(words)
    async def on_choose(play: Play, event: gr.EventData, request: gr.Request) -> AsyncIterator[Any]:
        lang = words.lang(request)
        say = words.speaker(lang)
        if not play.choose(event.side):
            yield gr.skip()
            return
        yield board(say, play)
        if play.over:
            return
        run = drawing(engine, words, lang)
        async with aclosing(shown(play, lang, run, "")) as moments:
            async for moment in moments:
                yield moment if play.wanted else gr.skip()
        if play.wanted and play.coming is not None:
            play.show(play.coming)
            yield board(say, play)

    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        **frame.PRIVATE,
    }
    table.next(on_next, state, table, **heavy)
    table.choose(on_choose, state, table, **heavy)


async def drawing(engine: Any, words: Words, lang: str) -> AsyncIterator[Round | str]:
    """What is waited for while a round is drawn, then the round; or why there is none."""
    try:
        entries = [answers.entry_of(engine, key) for key in (answers.GAN, answers.DIFFUSION)]
        for entry in entries:
            async with aclosing(ready(engine, entry)) as loading:
                async for progress in loading:
                    yield waiting(words, lang, entry, progress)
        yield waits_for(words.speaker(lang))
        yield await pair(engine)
    except Refusal as error:
        yield frame.refusal(words, lang, error) + begin(words.speaker(lang))


async def pair(engine: Any) -> Round:
    """A round, from seeds that nobody knows."""
    keys = [answers.GAN, answers.DIFFUSION]
    gan = secrets.randbelow(2)
    if gan:
        keys.reverse()
    seeds = [points.single(secrets.randbelow(points.MOST_SEED + 1)) for _ in keys]
    options = [{} if key == answers.GAN else {"steps": answers.STEPS} for key in keys]
    left, right = await asyncio.gather(
        *(
            answers.drawn(engine, key, [seed], **option)
            for key, seed, option in zip(keys, seeds, options, strict=True)
        )
    )
    pictures = (left.images[0], right.images[0])
    judged = await answers.together(
        engine, answers.GAN, [{"picture": picture} for picture in pictures], view="judge"
    )
    return Round(pictures, gan, (judged[0]["score"], judged[1]["score"]))


def waits_for(say: Say) -> str:
    """A bar, and what is waited for."""
    said = say("images.game.drawing")
    bar = f'<progress aria-label="{said}"></progress>'
    return f'<div class="waiting" role="status">{bar}<p class="quiet">{said}</p></div>'


def begin(say: Say) -> str:
    """The button that begins a game."""
    return f'<button type="button" class="btn" data-next>{say("images.game.begin")}</button>'


def board(say: Say, play: Play, waits: bool = False) -> str:
    """The two pictures, what came of it, the scores. ``waits``: the next round is on its way."""
    round_ = play.now
    if round_ is None:
        return begin(say)
    number = len(play.told) + (play.chosen is None)
    cells, answered = [], play.chosen is not None
    for side, picture in enumerate(round_.pictures):
        name = say(f"images.game.{SIDES[side]}")
        image = faces.tag(picture, name)
        if not answered:
            cells.append(f'<button type="button" data-side="{side}">{image}<b>{name}</b></button>')
            continue
        who = say(f"images.game.{'gan' if side == round_.gan else 'diffusion'}")
        score = say("images.game.score", score=f"{round_.scores[side]:+.2f}".replace("-", "−"))
        mark = " gan" if side == round_.gan else ""
        cells.append(
            f'<div class="shown{mark}">{image}<b>{who}</b><span class="quiet">{score}</span></div>'
        )
    head = say("images.game.round", number=number, rounds=ROUNDS)
    ask = say("images.game.ask") if not answered else verdict(say, play, round_)
    pictures = f'<div class="pair">{"".join(cells)}</div>'
    return (
        f'<div class="play"><div><p class="quiet">{head}</p>{pictures}</div>'
        f'<div class="said-of-it"><p class="verdict" role="status">{ask}</p>{tally(say, play)}'
        f"{onward(say, play, waits) if answered else hint(say)}</div></div>"
    )


def hint(say: Say) -> str:
    """That there are keys."""
    return f'<p class="quiet">{say("images.game.keys")}</p>'


def verdict(say: Say, play: Play, round_: Round) -> str:
    """Who was right."""
    you, network = play.told[-1]
    side = say(f"images.game.the_{SIDES[round_.gan]}")
    found = say(f"images.game.verdict.{'right' if you else 'wrong'}", side=side)
    also = f"{'too' if you == network else 'alone'}_{'right' if network else 'wrong'}"
    return frame.sentences(say.lang, found, say(f"images.game.verdict.{also}"))


def tally(say: Say, play: Play) -> str:
    """Both scores, round by round."""
    if not play.told:
        return ""
    rows = []
    for number, who in enumerate(("you", "network")):
        marks = [one[number] for one in play.told]
        cells = "".join(mark(say, right) for right in marks) + "<td></td>" * (ROUNDS - len(marks))
        whole = say("images.game.of", right=sum(marks), rounds=len(marks))
        rows.append(
            f'<tr><th scope="row">{say(f"images.game.{who}")}</th>{cells}'
            f'<td class="whole">{whole}</td></tr>'
        )
    return f'<table class="tally"><tbody>{"".join(rows)}</tbody></table>'


def mark(say: Say, right: bool) -> str:
    """One round of one player, told by a sign and by a word that is read aloud."""
    kind, sign, word = ("met", "✓", "hit") if right else ("missed", "✗", "miss")
    spoken = say(f"images.game.{word}")
    return (
        f'<td class="{kind}"><span aria-hidden="true">{sign}</span>'
        f'<span class="sr-only">{spoken}</span></td>'
    )


def onward(say: Say, play: Play, waits: bool) -> str:
    """The button to the next round, or the end of the game and the button to another one."""
    if waits:
        return waits_for(say)
    key = "images.game.again" if play.over else "images.game.next"
    end = ""
    if play.over:
        you, network = (sum(one[number] for one in play.told) for number in (0, 1))
        kind = "ahead" if you > network else "behind" if you < network else "even"
        end = f'<p class="note">{say(f"images.game.end.{kind}", you=you, network=network)}</p>'
    return f'{end}<button type="button" class="btn" data-next>{say(key)}</button>'
