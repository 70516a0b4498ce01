"""Milliseconds and megabytes a picture: the everyday detector bare and through the engine, beside
torchvision's own Mask R-CNN and a detector of transformers, as their documentation runs them.

Every way is measured once in each repeat, over whole rounds of the same pictures, and held against
the first way of that repeat. Every answer of ours is compared with what its picture gets alone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import mean
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.load import Effort, Load, Measured, closed_loops
from benchmarks.rivals import detectors
from benchmarks.rivals.detectors import Ready
from benchmarks.samples import opened
from benchmarks.table import Cell, Spread, Table, paired
from benchmarks.ways import PATIENCE, Ask, loaded
from inference import Engine, Settings
from pretrained import catalog

KEY = "detection/everyday"
BATCHES = (1, 4)
PICTURES = 4  # of the samples: a round of them is one batch of the largest
#: Shorter sides at which Mask R-CNN sees a picture: its own, and ours.
SIDES = (800, 256)
#: Pixels by which a box may differ from the one that its picture gets alone.
CLOSE = 1.0
TITLE = "Detecting objects on {device}"
COLUMNS = (
    *("way", "at once", "ms a picture", "times the speed of the first"),
    *("MB at the peak", "MB of weights", "objects", "pictures", "failed"),
)
NOTES = (
    f"{PICTURES} photos of scikit-image, 451 x 300 to 640 x 427 pixels; median (lowest to highest)"
    " of the repeats, each ratio within one; at once: pictures in a batch, or callers of the"
    " engine, each with one picture at a time",
    "MB at the peak: of a first batch beyond what its loaded model holds, in a process of its own;"
    " the engine's is that of served, predict",
    "objects: answered for a picture, on average. The rivals' weights are random, for nothing is"
    " downloaded here: Mask R-CNN is made to take every proposal for a candidate and to draw as"
    " many objects as ours; YOLOS computes a hundred boxes whatever it finds, and draws no masks",
    f"not equally exact: Mask R-CNN sees a picture at {SIDES[0]} pixels and with far more weights,"
    f" ours at {SIDES[1]}; at {SIDES[1]} pixels its row tells what the smaller network saves",
    "pictures of other sizes are computed one after another in ours, so that no answer depends on"
    " its company: a batch of them saves nothing",
)


@dataclass(kw_only=True)
class Setting(Measured):
    """One row: a way with so many pictures at once, held against the first way."""

    weights: float
    objects: float
    megabytes: float | None = None

    def row(self) -> tuple[Cell, ...]:
        """What `COLUMNS` name."""
        rates = [load.rate for load in self.loads]
        return (
            self.way,
            self.batch,
            Spread.of([1000 / rate for rate in rates]) if all(rates) else None,
            paired(rates, self.references),
            self.megabytes,
            self.weights,
            self.objects,
            sum(len(load.latencies) for load in self.loads),
            self.failed,
        )


def samples() -> list[np.ndarray]:
    """The pictures, uint8 [H, W, 3], as the page hands them to a model."""
    return [np.asarray(picture) for picture in opened()[:PICTURES]]


def served(entry: Any, device: str) -> Ready:
    """The model as the engine holds it."""
    model, pictures = entry.load(device), samples()

    def look(numbers: Sequence[int]) -> list[int]:
        answers = model.predict([pictures[n] for n in numbers])
        return [len(answer["objects"]) for answer in answers]

    return Ready(look, model.bytes / 1e6)


def rounds(look: Callable[[Sequence[int]], Any], batch: int, effort: Effort) -> Load:
    """Round after round of all pictures, each to its end, so that ways that are slower than a
    round's time have looked at the same pictures as the others."""
    latencies: list[float] = []
    start = time.perf_counter()
    while not latencies or (
        time.perf_counter() - start < effort.seconds and len(latencies) < effort.calls
    ):
        for begin in range(0, PICTURES, batch):
            numbers = range(begin, min(begin + batch, PICTURES))
            begun = time.perf_counter()
            look(numbers)
            latencies += [time.perf_counter() - begun] * len(numbers)
    return Load(time.perf_counter() - start, tuple(latencies))


def alike(found: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two answers name the same objects at the same places."""
    one, other = found["objects"], right["objects"]
    return [row["label"] for row in one] == [row["label"] for row in other] and all(
        np.abs(np.subtract(row["box"], its["box"])).max() <= CLOSE
        for row, its in zip(one, other, strict=True)
    )


@asynccontextmanager
async def through_engine(device: str, alone: Sequence[Mapping[str, Any]]) -> AsyncIterator[Ask]:
    """`Engine.predict`, asked for one picture at a time, as the page asks; the answer is the
    picture's number if it is what the picture gets alone."""
    pictures = samples()
    async with loaded(Engine(catalog.entries(), Settings(device=device)), KEY) as engine:

        async def ask(caller: int, sample: int) -> str:
            answer = await engine.predict(KEY, pictures[sample])
            return str(sample) if alike(answer, alone[sample]) else "another answer"

        yield ask


async def measure(device: str, effort: Effort, say: Callable[[str], None]) -> Table:
    """Every way with so many pictures at once."""
    title = TITLE.format(device=device)
    if KEY not in catalog.entries():
        return Table(title, COLUMNS, (), (f"left out: {KEY} is not in this copy",))
    entry = catalog.find(KEY)
    model = entry.load(device)
    alone = [model.predict([picture])[0] for picture in samples()]
    objects = max(1, round(mean(len(answer["objects"]) for answer in alone)))
    ways: list[tuple[str, Callable[..., Ready], tuple[Any, ...]]] = [
        *(
            (f"torchvision's Mask R-CNN, {side} px", detectors.mask_rcnn, (side, objects, device))
            for side in SIDES
        ),
        ("YOLOS tiny of transformers", detectors.yolos, (device,)),
        ("served, predict", served, (entry, device)),
    ]
    settings: list[tuple[Setting, Ready]] = []
    for way, prepare, given in ways:
        ready = prepare(*given)
        numbers = list(range(PICTURES))
        found = ready(numbers)  # warms what warms up
        for batch in effort.callers:
            say(f"{way}: memory of {batch} at once")
            row = Setting(way, batch, weights=ready.megabytes, objects=mean(found))
            row.megabytes = memory.alone(prepare, given, numbers[:batch])
            settings.append((row, ready))
    together = model.predict(samples())
    settings[-1][0].wrong = [
        f"picture {n} differs" for n, one in enumerate(together) if not alike(one, alone[n])
    ]
    own = settings[-1][0]
    engine = [
        Setting("this app's engine", n, weights=own.weights, objects=own.objects)
        for n in effort.callers
    ]
    expected = [str(number) for number in range(PICTURES)]
    async with through_engine(device, alone) as ask:
        await closed_loops(ask, expected, 1, Effort(seconds=PATIENCE, calls=PICTURES))
        for number in range(effort.repeats):
            for row, ready in settings:
                say(f"{row.way}: {row.batch} at once, {number + 1} of {effort.repeats}")
                row.loads.append(rounds(ready, row.batch, effort))
            for row in engine:
                say(f"{row.way}: {row.batch} at once, {number + 1} of {effort.repeats}")
                row.loads.append(await closed_loops(ask, expected, row.batch, effort))
    rows = [row for row, _ in settings] + engine
    for row in rows:
        row.references = [load.rate for load in rows[0].loads]
    failures = [reason for row in rows for reason in row.reasons()]
    return Table(title, COLUMNS, tuple(row.row() for row in rows), (*NOTES, *failures))
