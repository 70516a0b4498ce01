"""A walk between faces: all that lies between its stops is drawn at once, and a slider in the page
switches the pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape, unescape
from typing import Any

from PIL import Image

from demos import models, page, pictures
from demos.images import answers, faces, points
from demos.images.answers import Pixels
from demos.images.points import Point
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.images.errors import BadPoint

MOST_STOPS = 6
LONGEST_LEG, MOST_FRAMES = 24, 60


class TooManyStops(Refusal):
    """A link to a longer walk than is drawn. Fields: count, most."""

    code = "image_stops"
    sentence = "A walk cannot have {count} stops: name {most} at most."


def leg(stops: Sequence[Point]) -> int:
    """Steps from one stop to the next: fewer where there are many stops."""
    return min(LONGEST_LEG, MOST_FRAMES // max(1, len(stops) - 1))


def parse(text: str, point: Callable[[str], Point] = points.parse) -> tuple[Point, ...]:
    """The stops that a link holds. Raises `TooManyStops`, `BadPoint`, `BadSeed`."""
    parts = text.split(";")
    if len(parts) > MOST_STOPS:
        raise TooManyStops(count=len(parts), most=MOST_STOPS)
    if not all(part.strip() for part in parts):
        raise BadPoint(sent=points.told(text))
    return tuple(map(point, parts))


def added(
    say: Say, stops: Sequence[Point], point: Point, key: str
) -> tuple[tuple[Point, ...], str]:
    """One stop more, and a sentence about it. Where there are `MOST_STOPS`, the first one goes; the
    last one is not added once more. ``key``: of the model that draws it."""
    called = {"face": unescape(faces.name(say, point, key, "the_")), "most": MOST_STOPS}
    if stops and stops[-1] == point:
        called["face"] = unescape(faces.name(say, point, key))
        return tuple(stops), say("images.try.already", **called)
    now = (*stops, point)[-MOST_STOPS:]
    if len(stops) < MOST_STOPS:
        return now, say("images.try.kept", count=len(now), **called)
    gone = unescape(faces.name(say, stops[0], key, "the_"))
    return now, say("images.try.made_room", gone=gone, **called)


def dropped(stops: Sequence[Point], at: Any) -> tuple[Point, ...]:
    """One stop less."""
    return tuple(stop for number, stop in enumerate(stops) if number != at)


def place(stops: Sequence[Point], at: Any) -> Point | None:
    """The point at a place of the slider; None where there is none."""
    found = points.walk(stops, leg(stops)) if len(stops) > 1 else []
    return found[at] if isinstance(at, int) and 0 <= at < len(found) else None


async def walked(engine: Engine, say: Say, stops: Sequence[Point], key: str = answers.GAN) -> str:
    """The walk as HTML, or why it cannot be drawn. ``key``: of the model that draws it."""
    if len(stops) < 2:
        return shelf(say, stops, (), key) + f'<p class="note">{say("images.try.walk_more")}</p>'
    try:
        if not answers.at_once(answers.entry_of(engine, key)):
            return f'<p class="note">{say("images.try.walk_slow")}</p>'
        way = points.walk(stops, leg(stops))
        drawn = await answers.drawn(engine, key, way)
    except Refusal as error:
        return page.refusal(say, error)
    time = models.took(say, drawn.seconds)
    told = say(f"{faces.part(key)}.walk_drawn", count=len(way), time=time)
    along = drawn.images
    return shelf(say, stops, along[:: leg(stops)], key) + slider(say, stops, along, told, key)


def shelf(say: Say, stops: Sequence[Point], images: Sequence[Pixels], key: str) -> str:
    """The stops in their order, each with a button that takes it away."""
    cells = []
    for number, stop in enumerate(stops):
        called = faces.name(say, stop, key)
        shown = faces.tag(images[number], called, lossless=False) if len(images) else ""
        remove = say("images.try.remove", face=unescape(faces.name(say, stop, key, "the_")))
        cells.append(
            f"<li>{shown}<span>{called}</span>"
            f'<button type="button" data-drop="{number}" aria-label="{remove}" title="{remove}">'
            f"×</button></li>"
        )
    link = ";".join(map(points.format, stops))
    return f'<ol class="stops" data-stops="{escape(link)}">{"".join(cells)}</ol>'


def slider(say: Say, stops: Sequence[Point], images: Sequence[Pixels], told: str, key: str) -> str:
    """The picture of one place of the walk, and all the others for the slider to switch to. It
    begins halfway between the first two stops."""
    half = leg(stops) // 2
    names = [unescape(faces.name(say, stop, key, "the_")) for stop in stops]
    spoken = {
        "place": say("images.try.place", share="{share}", to="{to}", **{"from": "{from}"}),
        "at": say("images.try.place_at", face="{face}"),
    }
    told_places = {key: unescape(text) for key, text in spoken.items()}
    said = json.dumps({"leg": leg(stops), "names": names} | told_places, ensure_ascii=False)
    begins = told_places["place"].format(share=50, to=names[1], **{"from": names[0]})
    image = faces.tag(images[half], begins, lossless=False)
    frames = escape(json.dumps([pictures.address(Image.fromarray(each)) for each in images]))
    image = image.replace("<img ", f'<img data-frames="{frames}" data-said="{escape(said)}" ', 1)
    label = say("images.try.walk_label")
    return (
        f'<div class="way">{image}<div class="along">'
        f'<input type="range" min="0" max="{len(images) - 1}" value="{half}" '
        f'aria-label="{label}" aria-valuetext="{escape(begins)}">'
        f'<p data-show="place" aria-hidden="true">{escape(begins)}</p>'
        f'<button type="button" class="ghost" data-take>{say("images.try.take")}</button>'
        f'<p class="quiet">{told}</p></div></div>'
    )
