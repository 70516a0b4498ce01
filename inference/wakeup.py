"""Wakes a coroutine from another thread, whichever event loop it runs on.

The engine's threads know nothing of event loops, and visitors may come from several (Gradio makes
its own, every test does). A loop that has closed in the meantime is no error: nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from concurrent.futures import Future
from typing import Any


class Wakeup:
    """Made on the loop that will wait; woken once from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Raises `TimeoutError` after ``seconds`` (which may be infinite)."""
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            await self._woken


async def done(future: Future[Any], seconds: float = math.inf) -> None:
    """Until a thread's future is done. Raises `TimeoutError`; never cancels the future."""
    wakeup = Wakeup()
    future.add_done_callback(lambda _: wakeup.wake())
    await wakeup.wait(seconds)
