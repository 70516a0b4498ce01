"""Which one did the GAN draw? Two drawings, one by each network; the visitor says, and so does the
discriminator, which learnt to catch the GAN and nobody else. Ten rounds, the scores side by side.

The pair is drawn from secret seeds, shuffled here, and packed alike: the page holds nothing that
tells them apart before the visitor has chosen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.images import answers, cards, faces, points
from demos.images.answers import Pixels
from demos.language import Say, Words
from demos.models import ready, waiting
from demos.streaming import HEARTBEAT, Latest
from inference import Engine
from inference.errors import Refusal

ROUNDS = 10
SIDES = ("left", "right")
GAME = """import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.mountGame(
  element, (side) => trigger('choose', {side}), () => trigger('next'), watch));"""


@dataclass(frozen=True)
class Round:
    """Two drawings in the order in which they are shown; which one, 0 or 1, is the GAN's; the
    discriminator's score of each: the lower, the less it takes it for a photograph."""

    pictures: tuple[Pixels, Pixels]
    gan: int
    scores: tuple[float, float]

    @property
    def vote(self) -> int:
        """The one that the discriminator says is the GAN's."""
        return int(self.scores[1] < self.scores[0])


@dataclass
class Play:
    """One visitor's game.

    Attributes:
        told: round by round whether the visitor was right, and whether the discriminator was.
        now: the round that is shown. chosen: what the visitor said to it.
        coming: the next one, where it is drawn already. wanted: the visitor waits for it.
        place: of the one who draws it.
    """

    told: list[tuple[bool, bool]] = field(default_factory=list)
    now: Round | None = None
    chosen: int | None = None
    coming: Round | None = None
    wanted: bool = False
    place: Latest = field(default_factory=Latest)

    @property
    def over(self) -> bool:
        return len(self.told) >= ROUNDS

    @property
    def asks(self) -> bool:
        """Whether it is the visitor's turn to say something."""
        return self.now is not None and self.chosen is None

    def show(self) -> None:
        """The next round, where it is drawn; after the last one the first of a new game."""
        if self.coming is None:
            return
        if self.over:
            self.told = []
        self.now, self.chosen, self.coming, self.wanted = self.coming, None, None, False

    def choose(self, side: Any) -> bool:
        """What the visitor says; False where nothing is asked."""
        if self.now is None or not self.asks or side not in (0, 1):
            return False
        self.chosen = int(side)
        self.told.append((self.chosen == self.now.gan, self.now.vote == self.now.gan))
        return True


def build(engine: Engine, words: Words) -> None:
    """The game, as it stands before it begins."""
    page.markup(words, faces.heading("game"))
    page.markup(words, lambda say: cards.learnt(answers.DIFFUSION, say))
    table = gr.HTML(
        words.markup(lambda say: onward(say, "begin")), js_on_load=GAME, elem_id="face-game"
    )
    state = gr.State(Play())

    @streaming.event(words, nothing=gr.skip())
    def on_next(play: Play, request: gr.Request) -> AsyncIterator[Any] | None:
        if play.asks:
            return None
        say = words.speaker(request)
        if play.coming is None and play.place.under_way:  # it is shown by who draws it
            play.wanted = True
            return streaming.just(board(say, play, page.waiting(say("images.game.drawing"))))
        return advancing(engine, say, play)

    @streaming.event(words, nothing=gr.skip())
    def on_choose(
        play: Play, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        return told(engine, words.speaker(request), play) if play.choose(event.side) else None

    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }
    table.next(on_next, state, table, **heavy)
    table.choose(on_choose, state, table, **heavy)


async def advancing(engine: Engine, say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """The next round, and what is waited for until it is drawn."""
    try:
        if play.coming is None:
            async with aclosing(drawn(engine, say, play)) as moments:
                async for moment in moments:
                    yield moment if moment is HEARTBEAT else board(say, play, moment)
        play.show()
        yield board(say, play)
    except Refusal as error:
        yield board(say, play, failed(say, error))
    except Exception:
        yield board(say, play)
        raise


async def told(engine: Engine, say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """What came of a choice; then the next round is drawn, and shown where it is waited for."""
    yield board(say, play)
    if play.over:
        return
    try:
        async with aclosing(drawn(engine, say, play)) as moments:
            async for _ in moments:
                yield HEARTBEAT
        if play.wanted:
            play.show()
            yield board(say, play)
    except Refusal as error:  # told when the visitor wants the next round
        if play.wanted:
            yield board(say, play, failed(say, error))
    except Exception:
        yield board(say, play)
        raise


async def drawn(engine: Engine, say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """Draws the next round into ``play.coming``, in its place. Gives what the page says meanwhile,
    `HEARTBEAT` where that is nothing new."""
    async with aclosing(streaming.in_place(play.place, drawing(engine, say))) as moments:
        async for moment in moments:
            if isinstance(moment, Round):
                play.coming = moment
            else:
                yield moment


async def drawing(engine: Engine, say: Say) -> AsyncGenerator[Round | str, None]:
    """What is waited for while a round is drawn, then the round. Raises what the engine refuses."""
    for key in (answers.GAN, answers.DIFFUSION):
        entry = answers.entry_of(engine, key)
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield waiting(say, entry, progress)
    yield page.waiting(say("images.game.drawing"))
    yield await pair(engine)


async def pair(engine: Engine) -> Round:
    """A round, from seeds that nobody knows."""
    keys = [answers.GAN, answers.DIFFUSION]
    gan = secrets.randbelow(2)
    if gan:
        keys.reverse()
    seeds = [
        points.single(secrets.randbelow(points.MOST_SEED + 1), points.TRUNCATION) for _ in keys
    ]
    options = [{} if key == answers.GAN else {"steps": answers.STEPS} for key in keys]
    left, right = await asyncio.gather(
        *(
            answers.drawn(engine, key, [seed], **option)
            for key, seed, option in zip(keys, seeds, options, strict=True)
        )
    )
    pictures = (left.images[0], right.images[0])
    scored = await answers.together(
        engine, answers.GAN, [{"picture": picture} for picture in pictures], view="score"
    )
    return Round(pictures, gan, (scored[0]["score"], scored[1]["score"]))


def onward(say: Say, key: str) -> str:
    """A button that asks for the next round, by what it says."""
    return (
        f'<button type="button" class="btn" data-next aria-describedby="game-verdict">'
        f"{say(f'images.game.{key}')}</button>"
    )


def failed(say: Say, error: Refusal) -> str:
    """Why there is no next round, and the button to ask for it once more."""
    return page.refusal(say, error) + onward(say, "next")


def board(say: Say, play: Play, instead: str = "") -> str:
    """The two pictures, what came of it, the scores. ``instead``: what stands in the place of the
    button to the next round."""
    if play.now is None:
        return instead or onward(say, "begin")
    number = len(play.told) + play.asks
    head = say("images.game.round", number=number, rounds=ROUNDS)
    said = say("images.game.ask") if play.asks else verdict(say, play)
    below = f'<p class="quiet">{say("images.game.keys")}</p>'
    if not play.asks:
        below = end(say, play) + (instead or onward(say, "again" if play.over else "next"))
    return (
        f'<div class="play"><div><p class="quiet">{head}</p>'
        f'<div class="pair">{"".join(cells(say, play))}</div></div>'
        f'<div class="said-of-it"><p class="verdict" id="game-verdict">{said}</p>{tally(say, play)}'
        f"{below}</div></div>"
    )


def cells(say: Say, play: Play) -> Iterator[str]:
    """The pictures: to choose from, or with who drew them, who chose them, and what the
    discriminator thought."""
    assert play.now is not None
    shown = play.now
    for side, picture in enumerate(shown.pictures):
        name = say(f"images.game.{SIDES[side]}")
        image = faces.tag(picture, name)
        if play.asks:
            yield f'<button type="button" data-side="{side}">{image}<b>{name}</b></button>'
            continue
        kind = "gan" if side == shown.gan else "diffusion"
        score = say("images.game.score", score=f"{shown.scores[side]:+.2f}".replace("-", "−"))
        who = say(f"images.game.{kind}")
        chose, votes = play.chosen == side, play.now.vote == side
        told = [say("images.game.chosen")] if chose else []
        told += [say(f"images.game.vote{'' if chose else '_alone'}")] if votes else []
        said = page.sentences(say.lang, *told)
        yield (
            f'<div class="{kind}{" chosen" if chose else ""}">{image}<b>{who}</b>'
            f'<span class="quiet">{score}</span><span>{said}</span></div>'
        )


def verdict(say: Say, play: Play) -> str:
    """Who was right."""
    if play.now is None or not play.told:
        return ""
    you, network = play.told[-1]
    side = say(f"images.game.the_{SIDES[play.now.gan]}")
    found = say(f"images.game.verdict.{'right' if you else 'wrong'}", side=side)
    also = f"{'too' if you == network else 'alone'}_{'right' if network else 'wrong'}"
    return page.sentences(say.lang, found, say(f"images.game.verdict.{also}"))


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


def end(say: Say, play: Play) -> str:
    """What came of ten rounds."""
    if not play.over:
        return ""
    you, network = (sum(one[number] for one in play.told) for number in (0, 1))
    kind = "ahead" if you > network else "behind" if you < network else "even"
    few = unescape(say("images.game.end.few"))
    return (
        f'<p class="note">{say(f"images.game.end.{kind}", you=you, network=network, few=few)}</p>'
    )
