"""Which one did the GAN draw? Two drawings, one by each network; the visitor says, and so does the
discriminator, which learnt to catch the GAN and nobody else. Ten rounds, the scores side by side.

The pair is drawn from seeds that the game's own gives, shuffled here, and packed alike: the page
holds nothing that tells them apart before the visitor has chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from demos import contest, page
from demos.contest import Said
from demos.images import answers, faces, points
from demos.images.answers import Pixels
from demos.language import Say, Words
from inference import Engine
from pretrained.catalog import Entry

ROUNDS = 10
SIDES = ("left", "right")


@dataclass(frozen=True)
class Pair(contest.Round):
    """Two drawings in the order in which they are shown; which one, 0 or 1, is the GAN's; the
    discriminator's score of each: the lower, the less it takes it for a photograph."""

    pictures: tuple[Pixels, Pixels]
    gan: int
    scores: tuple[float, float]

    @property
    def vote(self) -> int:
        """The one that the discriminator says is the GAN's."""
        return int(self.scores[1] < self.scores[0])

    def points(self, answer: Any) -> tuple[float, float] | None:
        if isinstance(answer, bool) or answer not in (0, 1):
            return None
        return float(answer == self.gan), float(self.vote == self.gan)

    def question(self, say: Say) -> str:
        return say("images.game.ask")

    def asked(self, say: Say) -> str:
        return f'<div class="pair">{"".join(self.choices(say))}</div>'

    def choices(self, say: Say) -> Iterator[str]:
        """The pictures, to choose from."""
        for side, picture in enumerate(self.pictures):
            name = say(f"images.game.{SIDES[side]}")
            image = faces.tag(picture, name)
            yield f'<button type="button" data-choice="{side}">{image}<b>{name}</b></button>'

    def told(self, say: Say, said: Said) -> str:
        return f'<div class="pair">{"".join(self.cells(say, said))}</div>'

    def cells(self, say: Say, said: Said) -> Iterator[str]:
        """The pictures with who drew them, who chose them, and what the discriminator thought."""
        for side, picture in enumerate(self.pictures):
            image = faces.tag(picture, say(f"images.game.{SIDES[side]}"))
            kind = "gan" if side == self.gan else "diffusion"
            score = say("images.game.score", score=f"{self.scores[side]:+.2f}".replace("-", "−"))
            who = say(f"images.game.{kind}")
            chose, votes = said.answer == side, self.vote == side
            told = [say("images.game.chosen")] if chose else []
            told += [say(f"images.game.vote{'' if chose else '_alone'}")] if votes else []
            yield (
                f'<div class="{kind}{" chosen" if chose else ""}">{image}<b>{who}</b>'
                f'<span class="quiet">{score}</span>'
                f"<span>{page.sentences(say.lang, *told)}</span></div>"
            )

    def verdict(self, say: Say, said: Said) -> str:
        """Who was right."""
        you, network = said.answer == self.gan, self.vote == self.gan
        side = say(f"images.game.the_{SIDES[self.gan]}")
        found = say(f"images.game.verdict.{'right' if you else 'wrong'}", side=side)
        also = f"{'too' if you == network else 'alone'}_{'right' if network else 'wrong'}"
        return page.sentences(say.lang, found, say(f"images.game.verdict.{also}"))


def build(engine: Engine, words: Words) -> None:
    """The game, as it stands before it begins."""
    page.markup(
        words, lambda say: f'<section class="part"><h2>{say("images.game.title")}</h2></section>'
    )
    contest.build(words, played(engine), folded=False)


def played(engine: Engine) -> contest.Contest:
    """The rules."""

    def needed(say: Say) -> list[Entry]:
        return [answers.entry_of(engine, key) for key in (answers.GAN, answers.DIFFUSION)]

    async def asked(say: Say, seed: int, number: int) -> Pair:
        return await pair(engine, contest.dice("images", seed, number))

    deal = contest.dealing(engine, needed, asked, "images.game.drawing")
    return contest.Contest("images", ROUNDS, deal, answers.most_together(engine))


async def pair(engine: Engine, dice: Random) -> Pair:
    """A round: which side is the GAN's, then the seed of each, in the order shown."""
    keys = [answers.GAN, answers.DIFFUSION]
    gan = dice.randrange(2)
    if gan:
        keys.reverse()
    seeds = [points.single(dice.randrange(points.MOST_SEED + 1), points.TRUNCATION) for _ in keys]
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
    return Pair(pictures, gan, (scored[0]["score"], scored[1]["score"]))
