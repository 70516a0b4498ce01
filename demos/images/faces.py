"""Faces as the page shows them: the grid to pick from, and the one that was picked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from PIL import Image

from demos import pictures
from demos.images.answers import GAN, OURS, Pixels
from demos.images.points import TRUNCATION, Point, format
from demos.language import Say


@dataclass(frozen=True)
class Gallery:
    """What the grid holds. ``seed``: of its first face, or of the first one like ``near``. ``key``:
    of the model that drew it."""

    seed: int
    points: tuple[Point, ...]
    images: tuple[Pixels, ...]
    near: Point | None = None
    truncation: float = TRUNCATION
    key: str = GAN

    @property
    def query(self) -> str:
        """What a link to this grid says."""
        near = f"&near={format(self.near)}" if self.near else ""
        own = f"&model={self.key}" if self.key != GAN else ""
        return f"seed={self.seed}&count={len(self.points)}&variety={self.truncation:g}{near}{own}"


def part(key: str) -> str:
    """Which words speak of a model's drawings: those of faces, or, where a visitor trained it and
    nobody knows what it draws, those of pictures."""
    return "images.try" if key in OURS else "images.own"


def name(say: Say, point: Mapping[str, Any], key: str, within: str = "") -> str:
    """How a face is called that the model ``key`` draws: "Face 7", or a mix. ``within``: "the_" for
    the middle of a sentence."""
    [seed, weight], *more = point["mix"]
    if not more and weight > 0 and not point.get("moves"):
        return say(f"{part(key)}.{within}face", seed=seed)
    return say(f"{part(key)}.{within}mix")


def recipe(say: Say, point: Mapping[str, Any]) -> str:
    """What a face is made of: "0.9 × face 7 + 0.436 × face 12"; how far it was moved."""
    parts = " + ".join(f"{weight:g} × {seed}" for seed, weight in point["mix"])
    moves = ", ".join(
        say("images.try.moved", number=number, far=f"{move:+g}")
        for number, move in enumerate(point.get("moves") or (), 1)
        if move
    )
    text = parts if len(point["mix"]) > 1 else ""
    return say("images.try.recipe", parts="; ".join(filter(None, (text, moves))))


def tag(image: Pixels, alt: str, *, lossless: bool = True) -> str:
    """A face as ``<img>``; without loss, so that what is saved of it is what was drawn."""
    return pictures.img(Image.fromarray(image), alt, classes="face", lossless=lossless)


def grid(say: Say, gallery: Gallery, at: int | None) -> str:
    """The faces as buttons, the one that is picked pressed; a heading says what they are."""
    words = part(gallery.key)
    if gallery.near is None:
        first, last = (gallery.points[n]["mix"][0][0] for n in (0, -1))
        one = len(gallery.points) == 1
        heading = say(f"{words}.{'one_seed' if one else 'seeds'}", first=first, last=last)
    else:
        near = unescape(name(say, gallery.near, gallery.key, "the_"))
        heading = say(f"{words}.like", face=near)
    cells = []
    for number, (point, image) in enumerate(zip(gallery.points, gallery.images, strict=True)):
        called = like(say, number, words)
        if gallery.near is None:
            called = name(say, point, gallery.key)
        pressed = str(number == at).lower()
        cells.append(
            f'<button type="button" data-at="{number}" aria-pressed="{pressed}" '
            f'tabindex="{0 if number == (at or 0) else -1}" title="{called}">'
            f"{tag(image, called)}</button>"
        )
    name_of_file = f"faces-{gallery.seed}-{len(gallery.points)}.png"
    save = say("images.try.save_all")
    own = "" if gallery.key == GAN else " data-own"
    return (
        f'<div class="over"><p>{heading}</p>'
        f'<button type="button" class="plain" data-save="{name_of_file}">{save}</button></div>'
        f'<div class="faces" role="group" aria-label="{heading}"{own} '
        f'data-columns="{columns(len(cells))}">{"".join(cells)}</div>'
    )


def like(say: Say, number: int, words: str) -> str:
    """What a face among those like another is called."""
    return say(f"{words}.itself") if number == 0 else say("images.try.relative", number=number)


def columns(count: int) -> int:
    """How wide a grid of so many faces is: the nearest to a square, four at most."""
    return next(wide for wide in (1, 2, 3, 4) if count <= wide**2 or wide == 4)


def picked(say: Say, point: Mapping[str, Any], image: Pixels, gallery: Gallery) -> str:
    """One face, large, with its name, what it is made of, and what can be taken home."""
    called, text, words = name(say, point, gallery.key), format(point), part(gallery.key)
    nobody = say(f"{words}.nobody")
    made = len(point["mix"]) > 1 or point.get("moves")
    file = f"face-{text.translate(str.maketrans('*,~@', 'x___'))}"[:60]
    credit = say(f"{words}.credit", face=unescape(called), house=say.plain("house.name"))
    return (
        f'<figure class="one">{tag(image, called)}<figcaption><h2>{called}</h2>'
        + (f'<p class="quiet">{recipe(say, point)}</p>' if made else "")
        + f'<p class="quiet">{nobody}</p><div class="take">'
        f'<button type="button" class="plain" data-save="{file}.png">{say("images.try.save")}'
        f"</button>"
        f'<button type="button" class="plain" data-link="{escape(f"{gallery.query}&face={text}")}" '
        f'data-done="{say("page.copied")}">{say("page.share.link")}</button>'
        f'<button type="button" class="plain" data-credit="{credit}" data-file="{file}-large.png">'
        f"{say('images.try.credited')}</button></div>"
        f"</figcaption></figure>"
    )


def heading(part: str) -> Callable[[Say], str]:
    """The heading of a part of the room, and what is to be done there."""
    key = f"images.{part}"
    return lambda say: (
        f'<section class="part"><h2>{say(f"{key}.title")}</h2>'
        f'<p class="quiet">{say(f"{key}.how")}</p></section>'
    )
