"""Then and now: several models answer one question, in columns that fill as answers come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Generic, TypeVar

from demos.language import Say
from demos.models import Progress, ready
from inference.engine import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

Answer = TypeVar("Answer")
EVERY = 0.5  # seconds between two looks at how far a download is


@dataclass
class Column(Generic[Answer]):
    """One model: its download on the way, then its answer or the reason why there is none."""

    entry: Entry
    progress: Progress = None
    answer: Answer | None = None
    error: Refusal | None = None


async def filled(
    engine: Engine,
    columns: Sequence[Column[Answer]],
    ask: Callable[[Entry], Awaitable[Answer]],
) -> AsyncGenerator[bool, None]:
    """Load the models of the columns that have no answer and ask them, all at once. Each time that
    something may be new it is told whether everything has come; what is refused stands in its
    column, what nobody expected is raised."""

    async def fill(column: Column[Answer]) -> None:
        try:
            async with aclosing(ready(engine, column.entry)) as loading:
                async for column.progress in loading:
                    pass
            column.answer = await ask(column.entry)
        except Refusal as error:
            column.error = error

    open_ones = [column for column in columns if column.answer is None]
    tasks = [asyncio.ensure_future(fill(column)) for column in open_ones]
    left = set(tasks)
    try:
        yield not left
        while left:
            done, left = await asyncio.wait(
                left, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            yield not left
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def headed(say: Say, era: str, entry: Entry, body: str) -> str:
    """A column under its era, said by the key ``era``, and its model's name. ``body`` is HTML."""
    name = escape(say.model(entry))
    return f'<section class="answered"><p class="era">{say(era)}</p><h3>{name}</h3>{body}</section>'
