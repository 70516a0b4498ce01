"""A sign of life from whatever keeps a visitor waiting, so that a closed page frees what it holds.

Gradio looks whether the page or the caller is still there when it is handed a value, and at no
other time: a generator that waits for its model's next word would wait on for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

EVERY = 0.5  # seconds without news after which there is a sign
#: Handed on where there is nothing new.
STILL = object()


async def pulsing(run: AsyncIterator[Any], every: float | None = None) -> AsyncIterator[Any]:
    """The steps of a run, and `STILL` each time that none has come for ``every`` seconds (`EVERY`).

    Whoever closes this generator closes the run, in the middle of a wait too.
    """
    every = EVERY if every is None else every
    step: asyncio.Future[Any] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(run))  # type: ignore[arg-type]
            while not (await asyncio.wait({step}, timeout=every))[0]:
                yield STILL
            try:
                got = step.result()
            except StopAsyncIteration:
                return
            yield got
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        await run.aclose()  # type: ignore[attr-defined]
