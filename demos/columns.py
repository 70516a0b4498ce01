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
EVERY = 0.2  # seconds between two looks at what has grown


@dataclass
class Column(Generic[Answer]):
    """One model: its download on the way, then its answer, or the reason why there is none.

    Attributes:
        loaded: whether its model is there. done: whether nothing more comes.
    """

    entry: Entry
    progress: Progress = None
    loaded: bool = False
    answer: Answer | None = None
    error: Refusal | None = None
    done: bool = False


async def filled(
    engine: Engine,
    columns: Sequence[Column[Answer]],
    ask: Callable[[Entry], AsyncGenerator[Answer, None]],
) -> AsyncGenerator[bool, None]:
    """Load the models of the columns that have no answer and ask them, all at once; of what one
    gives, each answer replaces the one before. Each time that something may be new it is told
    whether everything has come; what is refused stands in its column, what nobody expected is
    raised in the end."""
    changed = asyncio.Event()

    async def fill(column: Column[Answer]) -> None:
        try:
            async with aclosing(ready(engine, column.entry)) as loading:
                async for column.progress in loading:
                    changed.set()
            column.loaded = True
            async with aclosing(ask(column.entry)) as answers:
                async for column.answer in answers:
                    changed.set()
        except Refusal as error:
            column.error = error
        finally:
            column.done = True
            changed.set()

    asked = [column for column in columns if column.answer is None]
    tasks = [asyncio.ensure_future(fill(column)) for column in asked]
    try:
        whole = not asked
        yield whole
        while not whole:
            await changed.wait()
            changed.clear()
            whole = all(column.done for column in asked)
            if whole:
                await asyncio.gather(*tasks)
            yield whole
            if not whole:
                await asyncio.sleep(EVERY)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def once(ask: Callable[[Entry], Awaitable[Answer]]) -> Callable[..., AsyncGenerator[Answer, None]]:
    """For `filled`: a model that answers all at once."""

    async def steps(entry: Entry) -> AsyncGenerator[Answer, None]:
        yield await ask(entry)

    return steps


def headed(say: Say, era: str, entry: Entry, body: str) -> str:
    """A column under its era, said by the key ``era``, and its model's name. ``body`` is HTML."""
    name = escape(say.model(entry))
    return f'<section class="answered"><p class="era">{say(era)}</p><h3>{name}</h3>{body}</section>'
