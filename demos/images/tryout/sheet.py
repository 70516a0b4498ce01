"""What one model draws of some points, as it stands while it is drawn: so far, or why there is
nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from demos.images import answers
from demos.images.points import Point
from demos.language import Say
from demos.models import Progress, ready
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

EVERY = 0.25  # seconds between two looks of the page at what emerges


@dataclass
class Sheet:
    """One model's drawing.

    Attributes:
        text: what is to be drawn, for a model that reads.
        picked: the model whose drawing the points were picked from.
        loading, progress: whether its model is on its way, and how far. begun: it draws.
        events: of each point its last step, {"image", "step", "steps"} and more; empty until then.
        seconds: that it took, once it is done.
    """

    entry: Entry
    points: Sequence[Point]
    text: str = ""
    picked: str = answers.GAN
    loading: bool = False
    progress: Progress = None
    begun: bool = False
    events: list[Mapping[str, Any]] = field(default_factory=list)
    seconds: float | None = None
    error: Refusal | None = None

    def __post_init__(self) -> None:
        self.events = list(self.events or [{}] * len(self.points))

    @property
    def step(self) -> int:
        """That all points have had; 0 before the first."""
        return min(event.get("step", 0) for event in self.events)

    @property
    def steps(self) -> int:
        """That a picture takes."""
        return max(event.get("steps", 1) for event in self.events)

    @property
    def news(self) -> tuple[Any, ...]:
        """What tells two moments of it apart."""
        steps = [event.get("step") for event in self.events]
        return self.loading, self.progress, self.begun, steps, self.seconds, self.error


async def filled(engine: Engine, sheets: Sequence[Sheet]) -> AsyncGenerator[list[Sheet], None]:
    """The sheets each time that there is something new in them. Models draw one after the other, so
    that neither waits for the other. Given up if nobody listens any more."""

    async def fill() -> None:
        for sheet in sheets:
            await drawn(engine, sheet)

    told: Any = None
    task = asyncio.ensure_future(fill())
    try:
        done = False
        while not done:
            done = bool((await asyncio.wait({task}, timeout=EVERY))[0])
            if done:
                task.result()
            now = [replace(sheet) for sheet in sheets]  # they change while they are drawn
            if (news := [sheet.news for sheet in now]) != told:
                told = news
                yield now
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def drawn(engine: Engine, sheet: Sheet) -> None:
    """Loads the model and fills its sheet; what is refused is kept in it."""
    key = sheet.entry.key
    sheet.loading = True
    try:
        async with aclosing(ready(engine, sheet.entry)) as loading:
            async for sheet.progress in loading:
                pass
        sheet.loading, sheet.begun, began = False, True, time.monotonic()
        if answers.at_once(sheet.entry):
            images = (await answers.drawn(engine, key, sheet.points)).images
            sheet.events = [{"image": image, "step": 1, "steps": 1} for image in images]
        else:
            await emerge(engine, sheet)
        sheet.seconds = time.monotonic() - began
    except Refusal as error:
        sheet.loading, sheet.error = False, error


async def emerge(engine: Engine, sheet: Sheet) -> None:
    """Draws all points step by step, at the same time."""
    told: dict[str, Any] = {"text": sheet.text} if sheet.text else {}

    async def follow(number: int) -> None:
        events = engine.stream(sheet.entry.key, sheet.points[number], **told)
        async with aclosing(events):
            async for event in events:
                sheet.events[number] = event

    tasks = [asyncio.ensure_future(follow(number)) for number in range(len(sheet.points))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def counted(say: Say, sheet: Sheet) -> str:
    """A bar that counts its steps."""
    said = say("images.compare.step", step=sheet.step, steps=sheet.steps)
    return (
        f'<progress max="{sheet.steps}" value="{sheet.step}" aria-label="{said}"></progress>'
        f'<p class="quiet">{said}</p>'
    )
