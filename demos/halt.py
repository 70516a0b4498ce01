"""How what is computed for a page is told to end, in the middle of a wait too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class Halt:
    """How a writing that is under way is told to end: by Stop, or because another one begins.

    (Gradio's own ``cancels`` ends the page's connection together with the run, and may lose the
    answer of the event that cancelled.) To be used on the server's event loop."""

    def __init__(self) -> None:
        self.asked, self.replaced = asyncio.Event(), asyncio.Event()

    def stop(self) -> None:
        self.asked.set()

    def replace(self) -> None:
        """End without another word: the page is another's now."""
        self.replaced.set()
        self.asked.set()


async def until(halt: asyncio.Event, run: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The steps of a run until it ends or is halted, in the middle of a wait too; then closed."""
    asked = asyncio.ensure_future(halt.wait())
    try:
        while not halt.is_set():
            step = asyncio.ensure_future(anext(run, None))
            try:
                await asyncio.wait({step, asked}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.gather(step, return_exceptions=True)
            if step.cancelled() or (got := step.result()) is None:
                return
            yield got
    finally:
        asked.cancel()
        await run.aclose()  # type: ignore[attr-defined]
