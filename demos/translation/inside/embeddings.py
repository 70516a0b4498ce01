"""The map of meaning: what the first network holds of a sentence when it has read it, as a point.

A hundred sentences of our own, in two languages, and the visitor's. The state has hundreds of
numbers; the map shows the plane in which the hundred pairs spread most (principal components,
Pearson 1901), and what is said about neighbours is measured among all the numbers.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demos import page
from demos.language import Say
from demos.translation.inside import pointing
from demos.translation.inside.pointing import Mark

Floats = NDArray[np.float64]
FILE = Path(__file__).with_name("sentences.toml")
SIDE, EDGE = 420, 16  # of the drawing, in its own units
NEAR = 3  # neighbours that are told
APART = 0.2  # share of translations found below which two languages lie apart
#: Gives the state of each sentence of a text: (text, its language) -> [[H]].
Ask = Callable[[str, str], Awaitable[Sequence[Sequence[float]]]]


@dataclass(frozen=True)
class Meant:
    """One meaning in each language, and the family that it belongs to."""

    family: str
    said: dict[str, str]


@lru_cache(maxsize=1)
def sentences() -> tuple[Meant, ...]:
    """The hundred."""
    table = tomllib.loads(FILE.read_text("utf-8"))
    return tuple(Meant(family, row) for family, rows in table.items() for row in rows)


@dataclass(frozen=True)
class Map:
    """The states of the hundred in two languages, each [n, H], and the plane ``axes`` [2, H]
    through ``middle`` [H]. ``spread``: the part of all variance that lies in the plane."""

    languages: tuple[str, str]
    states: tuple[Floats, Floats]
    middle: Floats
    axes: Floats
    spread: float

    def place(self, states: Floats) -> Floats:
        """Points [n, 2] of states [n, H]."""
        return np.asarray((states - self.middle) @ self.axes.T)


def principal_plane(languages: tuple[str, str], first: Floats, second: Floats) -> Map:
    """The map of two languages' states, [n, H] each."""
    every = np.concatenate([first, second])
    middle = every.mean(0)
    _, sizes, axes = np.linalg.svd(every - middle, full_matrices=False)
    variance = sizes**2
    spread = float(variance[:2].sum() / max(variance.sum(), 1e-12))
    return Map(languages, (first, second), middle, axes[:2], spread)


def cosine_similarity(ones: Floats, others: Floats) -> Floats:
    """The cosine of each of ``ones`` [n, H] with each of ``others`` [m, H], -1..1: [n, m]."""

    def unit(rows: Floats) -> Floats:
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))

    return np.asarray(unit(ones) @ unit(others).T)


def retrieved(map_: Map) -> tuple[int, int]:
    """For how many sentences of each language the nearest one of the other is its translation."""
    table = cosine_similarity(*map_.states)
    own = np.arange(len(table))
    return int((table.argmax(1) == own).sum()), int((table.argmax(0) == own).sum())


async def charted(ask: Ask, languages: tuple[str, str]) -> Map:
    """The map of the model that is asked. Raises a `Refusal`."""
    states = []
    for language in languages:
        text = "\n".join(one.said[language] for one in sentences())
        states.append(np.array(await ask(text, language), dtype=np.float64))
    return principal_plane(languages, states[0], states[1])


@dataclass
class _Kept:
    """A map, once it is there, and who computes it."""

    map: Map | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Maps:
    """The maps of the last few models, computed once each; the same for all visitors."""

    def __init__(self, most: int = 8) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def of(self, ask: Ask, model: Hashable, languages: tuple[str, str]) -> Map:
        """The map of a network; ``model`` is another one where its weights are. Who comes while it
        is computed waits, and goes on with it where the one who computes leaves. Raises a
        `Refusal`."""
        name = (model, *languages)
        kept = self._kept.setdefault(name, _Kept())
        self._kept.move_to_end(name)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        async with kept.lock:
            if kept.map is None:
                kept.map = await charted(ask, languages)
            return kept.map


def drawn(say: Say, map_: Map, text: str, state: Sequence[float]) -> str:
    """The step of the room: the map with the visitor's point, its neighbours, what was measured."""
    own = np.array([state], dtype=np.float64)
    near = [cosine_similarity(own, states)[0].argsort()[::-1][:NEAR] for states in map_.states]
    families = list(dict.fromkeys(one.family for one in sentences()))
    views = [(name, say(f"translation.inside.family.{name}")) for name in families]
    chips = pointing.switch(say, "meaning", views, again="none")
    figure = pointing.figure(say, "meaning", picture(say, map_, own), marks(say, map_, text, near))
    body = f'<div data-view="none">{key(say, map_)}{chips}{figure}</div>{measured(say, map_)}'
    return page.section(
        say, "translation.inside.meaning", body, numbers=len(state), count=len(sentences())
    )


def key(say: Say, map_: Map) -> str:
    """Which shape is which language."""
    names = [say(f"translation.language.{code}") for code in map_.languages]
    own = say("translation.inside.meaning.own")
    return (
        f'<p class="legend-row"><span><i class="dot" aria-hidden="true"></i>{names[0]}</span>'
        f'<span><i class="square" aria-hidden="true"></i>{names[1]}</span>'
        f'<span><i class="ring" aria-hidden="true"></i>{own}</span></p>'
    )


def measured(say: Say, map_: Map) -> str:
    """How often a translation is its sentence's nearest, and what the plane leaves out."""
    there, back = retrieved(map_)
    pairs = 2 * len(sentences())
    names = [say.plain(f"translation.language.{code}") for code in map_.languages]
    told = say(
        "translation.inside.meaning.measured",
        one=names[0],
        other=names[1],
        there=there,
        back=back,
        count=len(sentences()),
        apart=say("translation.inside.meaning.apart") if there + back < APART * pairs else "",
        spread=f"{map_.spread:.0%}",
    )
    return f'<p class="quiet">{told}</p>'


def marks(say: Say, map_: Map, text: str, near: Sequence[Any]) -> list[Mark]:
    """What is told of the visitor's point, then of each pair."""
    every = sentences()
    first, second = map_.languages
    last = len(every)
    ways = {"ArrowRight": 1, "ArrowDown": 1}
    rows = []
    for places, code in zip(near, map_.languages, strict=True):
        name = say.plain(f"translation.language.{code}")
        rows += [(every[n].said[code], name) for n in places]
    said = say.plain("translation.inside.meaning.near", text=text)
    found = [Mark(said, rows, go=dict.fromkeys(ways, 1))]
    table = cosine_similarity(*map_.states)
    for n, one in enumerate(every):
        go = dict.fromkeys(ways, min(n + 2, last)) | dict.fromkeys(("ArrowLeft", "ArrowUp"), n)
        nearest = int(table[n].argmax())
        same = "same" if nearest == n else "other"
        told = say.plain(
            f"translation.inside.meaning.{same}",
            one=one.said[first],
            other=one.said[second],
            nearest=every[nearest].said[second],
            language=say.plain(f"translation.language.{second}"),
        )
        found.append(Mark(told, on=[n], go=go))
    return found


def picture(say: Say, map_: Map, own: Floats) -> str:
    """Two points for each meaning with a line between them, and the visitor's own."""
    points = [map_.place(states) for states in map_.states]
    mine = map_.place(own)[0]
    every = np.concatenate([*points, mine[None]])
    low, high = every.min(0), every.max(0)
    scale = (SIDE - 2 * EDGE) / max(float((high - low).max()), 1e-9)
    low = (low + high) / 2 - (SIDE / 2 - EDGE) / scale  # in the middle, one scale both ways

    def at(point: Floats) -> tuple[float, float]:
        x, y = EDGE + (point - low) * scale
        return round(float(x), 1), round(float(y), 1)

    drawing = []
    for n, one in enumerate(sentences()):
        (x0, y0), (x1, y1) = at(points[0][n]), at(points[1][n])
        drawing.append(
            f'<g data-i="{n + 1}" data-piece="{n}" data-in="{one.family}">'
            f'<path d="M{x0} {y0}L{x1} {y1}"/><circle cx="{x0}" cy="{y0}" r="4"/>'
            f'<rect x="{x1 - 3.5:.1f}" y="{y1 - 3.5:.1f}" width="7" height="7"/></g>'
        )
    x, y = at(mine)
    drawing.append(
        f'<g data-i="0" class="mine"><circle cx="{x}" cy="{y}" r="9"/>'
        f'<circle cx="{x}" cy="{y}" r="3"/></g>'
    )
    label = say("translation.inside.meaning.alt", count=len(sentences()))
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{label}">{"".join(drawing)}</svg>'
    )
