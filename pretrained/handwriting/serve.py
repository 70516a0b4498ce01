"""The served pen: text in, points out, one step at a time for as many writings as there are.

A writing is the same, bit by bit, whoever else is writing: see `stepper`. Its chance comes from a
generator of its own, seeded by the visitor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.handwriting import alphabet, hand
from pretrained.handwriting.data import GAP
from pretrained.handwriting.errors import NoSuchHand, NothingToWrite, NotSpelled, TooLong
from pretrained.handwriting.model import DRAW, FINISHED, LIFT, PenNet
from pretrained.handwriting.stepper import Doubles, Memory, Mixture, Stepper
from pretrained.rollback import rollback_on_error

STYLES = "styles.safetensors"
#: Characters of one line, and points that one may take: many times what it needs.
MOST, POINTS_MORE, POINTS_EACH = 120, 60, 30
#: Steps of the network in one call: what a call costs is shared by four points.
STEPS = 4
#: Components of the mixture that are shown.
SHOWN = 4
#: When a line is finished. Where the window's middle must be, in characters after the last one, for
#: the pen to be believed when it lifts with a chance of more than `SURE` that it is finished; where
#: lifting it is enough (Graves' rule: nothing is left to look at); and where it is stopped. Chosen
#: on samples of 192 training texts, read by the reader: with a finish drawn by chance alone 59 came
#: out longer than meant, with these 23.
BELIEVED, PAST, STOPPED, SURE = 0.1, 1.0, 1.4, 0.02


@dataclass(frozen=True, slots=True)
class Point:
    """Where the pen went: offset in x-heights, y down; ``up`` on the last point of a stroke.

    ``at`` is the place in the text as given of the character that the window looks at most.
    ``window`` (weights of the text's characters) and ``mixture`` (weight, mean x and y, deviation
    x and y, correlation of the four heaviest Gaussians that this point was drawn from) come only if
    asked for.
    """

    dx: float
    dy: float
    up: bool
    at: int
    window: tuple[float, ...] | None = None
    mixture: tuple[tuple[float, ...], ...] | None = None


@dataclass
class Writing:
    """One visitor's line in progress. ``complete`` tells whether the window reached the end."""

    text: str  # as given
    spelled: str  # what of it is written
    places: list[int]  # of each spelled character in the text as given
    numbers: NDArray[np.int64]  # what the window may look at
    start: int  # the window's place of the first of them
    own: int  # the window's place of the first character that is to be written
    memory: Memory
    hand: Tensor
    before: Doubles  # the point before, [3]
    origin: Doubles  # what the first point's offset leads from, [2]
    bias: float
    random: np.random.Generator
    trace: bool = False
    given: Doubles = field(default_factory=lambda: np.zeros((0, 3)))  # a hand still to be read
    mixture: Mixture | None = None
    count: int = 0
    done: bool = False
    complete: bool = False

    @property
    def most(self) -> int:
        """Points after which it stops whatever the window says."""
        return POINTS_MORE + POINTS_EACH * len(self.spelled)


class Pen:
    """A `PenNet` that writes for many visitors at once.

    Attributes:
        styles: names of the shipped hands.
    """

    def __init__(
        self, network: PenNet, config: dict[str, Any], device: str, styles: dict[str, Tensor]
    ) -> None:
        self.config = config
        self.characters = network.characters
        self.stepper = Stepper(network).eval()
        self.styles = styles
        self.names = [style["name"] for style in config.get("styles", ())]
        self.parameters = config.get("parameters", 0)
        self.to(device)
        tensors = [*self.stepper.buffers(), *styles.values()]
        self.bytes = sum(t.numel() * t.element_size() for t in tensors)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self.stepper.to(self.device)

    def begin(
        self,
        text: str,
        *,
        style: int | None = None,
        strokes: list[list[tuple[float, float]]] | None = None,
        written: str = "",
        bias: float = 0.6,
        seed: int = 0,
        trace: bool = False,
    ) -> Writing:
        """A new line.

        Args:
            style: a shipped hand. strokes, written: or the visitor's own, points in pixels with
                y down, and the words that they spell. Without either, any hand.
            bias: 0 to 3: how much to prefer the likely, for legibility (Graves 2013, section 5.4).
            trace: tell the window and the mixture of each point.

        Raises:
            NothingToWrite, TooLong, NoSuchHand, OnePoint, BadStrokes, NotSpelled.
        """
        if len(text) > 4 * MOST:
            raise TooLong(length=len(text), most=MOST)
        spelled, places = alphabet.spell(text, self.characters)
        if not spelled.strip():
            raise NothingToWrite
        if len(spelled) > MOST:
            raise TooLong(length=len(spelled), most=MOST)
        numbers = np.array(alphabet.encode(spelled, self.characters), np.int64)
        state = Writing(
            text=text,
            spelled=spelled,
            places=places,
            numbers=numbers,
            start=0,
            own=0,
            memory=self.stepper.begin(),
            hand=self.stepper.hands[0],
            before=np.array([0.0, 0.0, 1.0]),
            origin=np.zeros(2),
            bias=float(np.clip(bias, 0.0, 3.0)),
            random=np.random.default_rng(seed),
            trace=trace,
        )
        if strokes is not None:
            self._own_hand(state, strokes, written)
        elif style is not None:
            self._shipped_hand(state, style)
        return state

    def _shipped_hand(self, state: Writing, style: int) -> None:
        """Go on from the memory of a network that has just read a line of this hand."""
        if not 0 <= style < len(self.names):
            raise NoSuchHand(sent=style, most=len(self.names) - 1)
        saved = {name: value[style] for name, value in self.styles.items()}
        h1, c1, h2, c2, seen = (
            saved[name].to(self.device) for name in ("h1", "c1", "h2", "c2", "seen")
        )
        kappa = saved["kappa"].double().numpy().copy()
        state.memory = Memory(h1, c1, h2, c2, seen, kappa)
        state.hand = saved["hand"].to(self.device)
        state.before = saved["before"].double().numpy().copy()
        state.origin = saved["origin"].double().numpy().copy()
        # The places count from the first character of the new text; a space stands before it.
        space = alphabet.encode(" ", self.characters)
        state.numbers, state.start = np.concatenate([space, state.numbers]), -1

    def _own_hand(self, state: Writing, strokes: Any, written: str) -> None:
        """Read the visitor's line first, point by point, in the steps that follow."""
        spelled, _ = alphabet.spell(written, self.characters)
        if not spelled:
            hand.checked(strokes)
            raise NotSpelled
        spelled = spelled[-MOST:]
        points, width = hand.line(strokes, spelled)
        self.read(state, points, spelled, width)

    def read(self, state: Writing, points: NDArray[np.float32], text: str, width: float) -> None:
        """Let a line be primed with a writing [T, 3] of ``text``, ``width`` x-heights wide."""
        before = np.array(alphabet.encode(text + " ", self.characters), np.int64)
        state.numbers = np.concatenate([before, state.numbers])
        state.own = len(before)
        state.given = points.astype(np.float64)
        end = points[:, :2].astype(np.float64).sum(0)
        state.origin = end - np.array([width + GAP[0], 0.0])

    def step(self, states: list[Writing]) -> list[tuple[Point, ...] | None]:
        """Up to four points for each; None while a visitor's own hand is still being read. If it
        raises, nothing has happened."""
        drawn: list[list[Point]] = [[] for _ in states]
        with rollback_on_error(states):
            for _ in range(STEPS):
                moving = [i for i, state in enumerate(states) if not state.done]
                if not moving:
                    break
                points = self._advance([states[i] for i in moving])
                for i, point in zip(moving, points, strict=True):
                    if point is not None:
                        drawn[i].append(point)
        return [tuple(points) or None for points in drawn]

    def _advance(self, states: list[Writing]) -> list[Point | None]:
        """One step of the network for all, and the point that each draws from it."""
        memories, raw, windows = self.stepper(
            [state.memory for state in states],
            np.stack([state.before for state in states]),
            torch.stack([state.hand for state in states]),
            [state.numbers for state in states],
            [state.start for state in states],
        )
        mixtures = self.stepper.mixtures(raw, np.array([state.bias for state in states]))
        rows = zip(states, memories, mixtures, windows, strict=True)
        return [self._point(*row) for row in rows]

    def _point(
        self, state: Writing, memory: Memory, mixture: Mixture, window: Doubles
    ) -> Point | None:
        state.memory = memory
        if len(state.given):
            state.before, state.given = state.given[0], state.given[1:]
            return None
        dx, dy, pen = draw(mixture, state.random)
        state.count += 1
        place = memory.middle - state.own
        after = place - (len(state.spelled) - 1)
        over = mixture.pen[FINISHED] > SURE * (mixture.pen[LIFT] + mixture.pen[FINISHED])
        if after >= (STOPPED if pen == DRAW else BELIEVED if over else PAST):
            state.done = state.complete = True
        elif state.count >= state.most:
            state.done = True
        up = pen != DRAW or state.done
        state.before = np.array([dx, dy, float(up)])
        if state.count == 1:
            dx, dy = dx + state.origin[0], dy + state.origin[1]
        own = window[state.own - state.start :]
        at = state.places[int(own.argmax())]
        if not state.trace:
            return Point(dx, dy, up, at)
        shown = np.zeros(len(state.text))
        np.add.at(shown, state.places, own)
        return Point(dx, dy, up, at, tuple(shown.tolist()), heaviest(mixture))

    def predict(
        self, inputs: list[dict[str, Any]], **options: Any
    ) -> list[dict[str, Any] | Exception]:
        """Whole lines: each input holds the arguments of `begin`.

        Returns:
            for each ``points`` [T, 3] (x, y, up; absolute, in x-heights), ``at`` [T], ``window``
            [T, U] and ``mixture`` if traced, ``text``, and ``complete``: whether the window
            reached the end. A line that cannot be begun is the exception that says why.
        """
        answers: list[dict[str, Any] | Exception] = []
        live: list[tuple[int, Writing, list[Point]]] = []
        for i, given in enumerate(inputs):
            try:
                live.append((i, self.begin(**{**options, **given}), []))
                answers.append({})
            except Exception as error:
                answers.append(error)
        moving = live
        while moving:
            for row, drawn in zip(moving, self.step([s for _, s, _ in moving]), strict=True):
                row[2].extend(drawn or ())
            moving = [row for row in moving if not row[1].done]
        for i, state, points in live:
            answers[i] = finished(state, points)
        return answers


def finished(state: Writing, points: list[Point]) -> dict[str, Any]:
    """A line as `Pen.predict` gives it."""
    xyu = np.array([(p.dx, p.dy, p.up) for p in points], np.float64).reshape(-1, 3)
    xyu[:, :2] = xyu[:, :2].cumsum(0)
    return {
        "points": xyu,
        "at": [p.at for p in points],
        "window": np.array([p.window for p in points]) if state.trace else None,
        "mixture": [p.mixture for p in points] if state.trace else None,
        "text": state.text,
        "complete": state.complete,
    }


def draw(mixture: Mixture, random: np.random.Generator) -> tuple[float, float, int]:
    """One offset and one state of the pen: four numbers of the writing's own chance."""
    which, state = random.random(2)
    a, b = random.standard_normal(2)
    n = min(int(np.searchsorted(np.cumsum(mixture.weight), which)), len(mixture.weight) - 1)
    rho = mixture.rho[n]
    x = mixture.mx[n] + mixture.sx[n] * a
    y = mixture.my[n] + mixture.sy[n] * (rho * a + np.sqrt(1 - rho * rho) * b)
    pen = min(int(np.searchsorted(np.cumsum(mixture.pen), state)), len(mixture.pen) - 1)
    return float(x), float(y), pen


def heaviest(mixture: Mixture) -> tuple[tuple[float, ...], ...]:
    """The Gaussians with the largest weights, heaviest first."""
    order = np.argsort(-mixture.weight, kind="stable")[:SHOWN]
    each = (mixture.weight, mixture.mx, mixture.my, mixture.sx, mixture.sy, mixture.rho)
    return tuple(tuple(float(values[n]) for values in each) for n in order)


def load_pen(entry: Entry, device: str, progress: Progress) -> Pen:
    """The loader of every pen checkpoint.

    Raises:
        BadCheckpoint: files are missing, damaged, or do not fit one another.
    """
    folder = Path(str(entry.folder))
    progress(0, entry.bytes)
    network, config = checkpoint.load_network(folder, PenNet.from_config)
    styles = checkpoint.load_weights(folder, STYLES) if (folder / STYLES).exists() else {}
    progress(entry.bytes, entry.bytes)
    return Pen(network.eval(), config, device, styles)


def load_reader(entry: Entry, device: str, progress: Progress) -> Any:
    """The loader of every reader checkpoint, kept beside the pen's so that both stand here."""
    from pretrained.handwriting.read import load

    return load(entry, device, progress)
