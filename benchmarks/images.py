"""Pictures a second, and memory: both face models bare and through the engine, beside the loop
over the plain module and beside diffusers' pipeline as its documentation runs it.

Each model's reference is what one writes first, one picture at a time; it is measured anew right
before every repeat. Every picture of ours is compared with what its seed gives alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.load import Effort, Load, Measured, bare_loop, closed_loops
from benchmarks.serving import percentile
from benchmarks.table import Cell, Spread, Table, paired
from benchmarks.ways import PATIENCE, Ask, loaded
from inference import Engine, Settings
from pretrained import catalog

GAN, DIFFUSION = "images/faces-gan", "images/faces-diffusion"
STEPS = 20
BATCHES = (1, 64)
#: Grey levels by which a batch may differ from a picture alone: other kernels round otherwise, and
#: each step of the diffusion model takes up where the last one was rounded.
CLOSE = 8
COLUMNS = (
    *("way", "at once", "pictures/s", "times the first way", "MB at the peak"),
    *("p50 ms", "pictures", "failed"),
)
NOTES = (
    "median (lowest to highest) of the repeats; at once: pictures in a batch, or callers of the"
    " engine, each with one picture at a time; p50: of what a picture waits for its batch",
    f"diffusion takes {STEPS} steps in every way; the pipeline runs the same network by DDIM, its"
    " steps evenly spaced, without folding and unfolding pixels, and in single precision as its"
    " documentation runs it; served models compute in bfloat16 where the processor can",
    "MB at the peak: of a first batch beyond what its loaded model holds, in a process of its own;"
    " every picture of ours is compared with what its seed gives alone",
)

#: Draws a batch: ``draw(seeds)``.
Draw = Callable[[Sequence[int]], Any]


@dataclass(frozen=True)
class Bare:
    """A way with nothing around it, as `bare_loop` wants a model."""

    predict: Draw


@dataclass
class Setting(Measured):
    """One row: a way with so many pictures at once."""

    megabytes: float | None = None

    def row(self) -> tuple[Cell, ...]:
        """What `COLUMNS` name."""
        latencies = sorted(second for load in self.loads for second in load.latencies)
        rates = [load.rate for load in self.loads]
        return (
            self.way,
            self.batch,
            Spread.of(rates),
            paired(rates, self.references),
            self.megabytes,
            percentile(latencies, 0.50),
            len(latencies),
            self.failed,
        )


def point(seed: int) -> dict[str, Any]:
    """What the served models are asked for."""
    return {"mix": [[seed, 1.0]]}


def differences(drawn: Sequence[np.ndarray], alone: Sequence[np.ndarray]) -> list[str]:
    """Which pictures of a batch are others than their seeds give alone."""
    return [
        f"seed {seed} differs"
        for seed, (one, right) in enumerate(zip(drawn, alone, strict=True))
        if np.abs(one.astype(int) - right).max() > CLOSE
    ]


@asynccontextmanager
async def through_engine(device: str, key: str, alone: Sequence[np.ndarray]) -> AsyncIterator[Ask]:
    """`Engine.predict`, asked for one picture at a time, as the page asks; the answer is the seed
    whose picture came."""
    async with loaded(Engine(catalog.entries(), Settings(device=device)), key) as engine:

        async def ask(caller: int, seed: int) -> str:
            answer = await engine.predict(key, point(seed))
            wrong = differences([answer["image"]], [alone[seed]])
            return "another picture" if wrong else str(seed)

        yield ask


def loop_of(entry: Any, device: str) -> Draw:
    """The plain module: a latent, a call, a picture."""
    import torch

    generator = entry.load(device).network.generator

    @torch.no_grad()
    def draw(seeds: Sequence[int]) -> Any:
        latents = torch.randn(len(seeds), generator.latent, device=device)
        pictures = (generator(latents) + 1) * 127.5
        return pictures.byte().permute(0, 2, 3, 1).cpu().numpy()

    return draw


def pipeline_of(entry: Any, device: str) -> Draw:
    """diffusers' pipeline around the same network and schedule."""
    from diffusers import DDIMPipeline

    model = entry.load(device)
    pipeline = DDIMPipeline(model.network.unet, model.network.schedule).to(device)
    pipeline.set_progress_bar_config(disable=True)

    def draw(seeds: Sequence[int]) -> Any:
        return pipeline(batch_size=len(seeds), num_inference_steps=STEPS, output_type="np").images

    return draw


def served_of(entry: Any, device: str) -> Draw:
    """The model as the engine holds it."""
    model = entry.load(device)

    def draw(seeds: Sequence[int]) -> list[np.ndarray]:
        return [answer["image"] for answer in model.predict([point(seed) for seed in seeds])]

    return draw


async def measure(device: str, effort: Effort, say: Callable[[str], None]) -> list[Table]:
    """A table for each model that is here."""
    tables = []
    for key, name, first in (
        (GAN, "the plain module in a loop", loop_of),
        (DIFFUSION, "DDIMPipeline of diffusers", pipeline_of),
    ):
        if key in catalog.entries():
            tables.append(await one(key, name, first, device, effort, say))
        else:
            note = f"left out: {key} is not in this copy of the repository"
            tables.append(Table(f"Drawing with {key} on {device}", COLUMNS, (), (note,)))
    return tables


async def one(
    key: str,
    name: str,
    first: Callable[[Any, str], Draw],
    device: str,
    effort: Effort,
    say: Callable[[str], None],
) -> Table:
    """Every way of one model with so many pictures at once, each beside its first way."""
    entry = catalog.find(key)
    seeds = list(range(max(effort.callers)))
    reference, served = first(entry, device), served_of(entry, device)
    alone = [picture for seed in seeds for picture in served([seed])]

    def loop(draw: Draw, batch: int) -> Load:
        return bare_loop(Bare(draw), seeds, batch, effort)

    def beside(row: Setting, number: int) -> None:
        say(f"{key}, {row.way}: {row.batch} at once, {number + 1} of {effort.repeats}")
        row.references.append(loop(reference, 1).rate)

    loop(reference, 1)
    settings = []
    for way, prepare, draw in (
        (name, first, reference),
        ("served, predict", served_of, served),
    ):
        for batch in effort.callers:
            say(f"{key}, {way}: memory of {batch} at once")
            row = Setting(way, batch)
            row.megabytes = memory.alone(prepare, (entry, device), seeds[:batch])
            draw(seeds[:batch])  # warms what warms up
            for number in range(effort.repeats):
                beside(row, number)
                row.loads.append(loop(draw, batch))
            if draw is served:
                drawn = [p for n in seeds[::batch] for p in served(seeds[n : n + batch])]
                row.wrong = differences(drawn, alone)
            settings.append(row)
    async with through_engine(device, key, alone) as ask:
        expected = [str(seed) for seed in seeds]
        await closed_loops(ask, expected, len(seeds), Effort(seconds=PATIENCE, calls=len(seeds)))
        for callers in effort.callers:
            row = Setting("this app's engine", callers)
            for number in range(effort.repeats):
                beside(row, number)
                row.loads.append(await closed_loops(ask, expected, callers, effort))
            settings.append(row)
    failures = [reason for setting in settings for reason in setting.reasons()]
    rows = tuple(setting.row() for setting in settings)
    return Table(f"Drawing with {key} on {device}", COLUMNS, rows, (*NOTES, *failures))
