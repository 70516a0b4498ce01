"""Draw the box better: the visitor's box and the detector's, each against ours by intersection over
union (IoU).

The pictures come out of packages that requirements.txt names; their boxes were drawn by hand for
this page. A round shows a picture or its mirror image.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from PIL import Image, ImageOps

from demos import contest, page, pictures
from demos.contest import Contest, Round, Said
from demos.detection import answers
from demos.detection.answers import EXAMPLES, GRADIO, SKIMAGE
from demos.examples import Example
from demos.language import Say, Words
from inference import Engine

SIDE = 480  # pixels of a picture as it is shown
#: Points by which one box is better than another: less is a draw.
DRAW = 0.005

Box = tuple[float, float, float, float]  # left, top, right, bottom: shares of the picture


@dataclass(frozen=True)
class Labelled:
    """A picture with our own box around its one object."""

    example: Example
    box: Box


LABELLED = (
    Labelled(EXAMPLES[0], (0.045, 0.03, 0.71, 1.0)),  # without the helmet in front of her
    Labelled(EXAMPLES[1], (0.0, 0.122, 0.645, 1.0)),
    Labelled(EXAMPLES[3], (0.09, 0.118, 0.958, 1.0)),
    Labelled(
        Example("running", GRADIO, "media_assets/images/cheetah.jpg"), (0.163, 0.343, 0.752, 0.688)
    ),
    Labelled(Example("horse", SKIMAGE, "data/horse.png"), (0.045, 0.027, 0.973, 0.955)),
)


@dataclass(frozen=True)
class Drawn(Round):
    """A picture as HTML, what is to be boxed, our box, and the detector's with what it called the
    object and with which score; None where it found nothing."""

    picture: str
    name: str
    truth: Box
    machine: Box | None
    called: str = ""
    score: float = 0.0

    def points(self, answer: Any) -> tuple[float, float] | None:
        box = box_of(answer)
        if box is None:
            return None
        return iou(box, self.truth), iou(self.machine, self.truth) if self.machine else 0.0

    def question(self, say: Say) -> str:
        return say("detection.game.ask", name=self.name)

    def asked(self, say: Say) -> str:
        return (
            f'<div class="boxed" data-box tabindex="0" role="slider" aria-valuenow="0" '
            f'aria-label="{self.question(say)}" data-told="{say("detection.game.box")}">'
            f'{self.picture}<i class="yours" data-drawn></i></div><div class="hand-in">'
            f'<button type="button" class="btn" data-hand-in>{say("detection.game.hand_in")}'
            f'</button><p class="quiet" data-told></p></div>'
        )

    def told(self, say: Say, said: Said) -> str:
        boxes = [("truth", self.truth), ("yours", box_of(said.answer)), ("its", self.machine)]
        known = [(kind, box) for kind, box in boxes if box]
        drawn = "".join(f'<i class="{kind}" style="{placed(box)}"></i>' for kind, box in known)
        keys = "".join(
            f'<li><i class="{kind}"></i>{say(f"detection.game.{kind}")}</li>' for kind, _ in known
        )
        return f'<div class="boxed">{self.picture}{drawn}</div><ul class="key">{keys}</ul>'

    def verdict(self, say: Say, said: Said) -> str:
        points = self.points(said.answer)
        assert points is not None
        you, its = points
        ahead = you - its
        kind = "even" if abs(ahead) < DRAW else "ahead" if ahead > 0 else "behind"
        found = say(f"detection.game.{kind}", you=f"{you:.2f}", machine=f"{its:.2f}")
        if self.machine is None:
            about = say("detection.game.nothing")
        else:
            about = say("detection.game.called", label=self.called, share=f"{self.score:.0%}")
        return page.sentences(say.lang, found, about)


def build(engine: Engine, words: Words) -> None:
    """The game, folded, where a detector is served and pictures are installed."""
    if answers.EVERYDAY in answers.detectors(engine) and installed():
        contest.build(words, played(engine))


def installed() -> tuple[Labelled, ...]:
    return tuple(one for one in LABELLED if one.example.path)


def played(engine: Engine) -> Contest:
    """The rules."""
    entry = answers.entry_of(engine, answers.EVERYDAY)
    deal = contest.dealing(engine, lambda say: [entry], partial(asked, engine))
    return Contest("detection", len(installed()), deal, entry.max_batch, shares=True)


async def asked(engine: Engine, say: Say, seed: int, number: int) -> Drawn:
    """A round: the detector's box is the one that it is surest of."""
    one = contest.item("detection", seed, number, installed())
    mirrored = contest.dice("detection", seed, number).random() < 0.5
    picture = await asyncio.to_thread(opened, str(one.example.path), mirrored)
    found = await answers.ask(engine, answers.EVERYDAY, picture)
    entry = answers.entry_of(engine, answers.EVERYDAY)
    name = say.plain(f"detection.game.thing.{one.example.name}")
    shown = pictures.img(pictures.fitted(picture, SIDE), name)
    truth = turned(one.box) if mirrored else one.box
    best = found.objects[0] if found.objects else None
    if best is None:
        return Drawn(shown, name, truth, None)
    left, top, right, bottom = (float(side) for side in best["box"])
    wide, high = picture.size
    box = (left / wide, top / high, right / wide, bottom / high)
    called, _ = answers.label_in(say.lang, entry, str(best["label"]))
    return Drawn(shown, name, truth, box, called, float(best["score"]))


def opened(path: str, mirrored: bool) -> Image.Image:
    """A picture, or its mirror image."""
    picture = pictures.open_picture(path, max_side=answers.SIDE)
    return ImageOps.mirror(picture) if mirrored else picture


def turned(box: Box) -> Box:
    """A box in the mirror image."""
    left, top, right, bottom = box
    return (round(1 - right, 6), top, round(1 - left, 6), bottom)


def box_of(sent: Any) -> Box | None:
    """A visitor's box within the picture; None for what is none."""
    if not isinstance(sent, Sequence) or isinstance(sent, str) or len(sent) != 4:
        return None
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in sent):
        return None
    if not all(isfinite(side) for side in sent):
        return None
    left, top, right, bottom = (min(1.0, max(0.0, float(side))) for side in sent)
    return (left, top, right, bottom) if left < right and top < bottom else None


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    both = wide * high
    return both / (area(one) + area(other) - both)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def placed(box: Box) -> str:
    """Where a box stands on its picture, as CSS."""
    left, top, right, bottom = (side * 100 for side in box)
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
