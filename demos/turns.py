"""One visitor, one answer at a time: what was asked last is the only thing that may still come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from demos import pulse
from demos.halt import Halt, until


class Turn:
    """Kept for a visit. Whoever takes the turn ends what had it, in the middle of a wait too, and
    the engine's place of that becomes free. To be used on the server's event loop."""

    def __init__(self) -> None:
        self.halt = Halt()
        self.halt.stop()

    @property
    def under_way(self) -> bool:
        """Whether somebody has the turn who was not told to end (and who stops it at his end)."""
        return not self.halt.asked.is_set()

    def take(self) -> Halt:
        """The right to answer, until somebody else takes it."""
        self.halt.replace()
        self.halt = Halt()
        return self.halt

    def stop(self) -> None:
        """Let go of what is under way."""
        self.halt.stop()


async def while_mine(halt: Halt, run: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The steps of a run and `pulse.STILL` where there are none, until the turn is another's."""
    async with aclosing(pulse.pulsing(until(halt.asked, run))) as steps:
        async for step in steps:
            if halt.replaced.is_set():
                return
            yield step
