"""Where a model computes: one process of Ray Serve, with an engine of its own that has one model.

The queue, the batches, the fairness and the running batch of generations are those of
`inference.Engine`, so that answers are the same wherever they are computed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from inference.batching import Answer
from inference.distributed.wire import Refused
from inference.engine import Engine
from inference.protocols import Entry
from inference.round_robin import Path
from inference.settings import Settings
from pretrained.errors import Refusal

#: Seconds between two looks at how far a load is.
EVERY = 0.25

log = logging.getLogger(__name__)


class Replica:
    """Serves one model. Ray Serve calls its methods; each gives values or a `Refused`.

    ``environment``: variables of the page's process that libraries read here too.
    """

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, entry: Entry, settings: Settings, environment: Mapping[str, str]
    ) -> None:
        os.environ.update(environment)
        self._key = entry.key
        # `preload`: what is here is here on purpose. When it leaves, the whole process does.
        here = settings.model_copy(update={"preload": True})
        self._engine = Engine({entry.key: entry}, here)
        self._load_again()
        if getattr(entry, "bundled", True):  # no download: a replica that is added comes warm
            await asyncio.wait({self._loading})

    async def load(self) -> AsyncGenerator[Any, None]:
        """How far the load is, as (bytes done, bytes in all) or None, until the model is there."""
        if self._loading.done():  # maybe in vain, and not forever
            self._load_again()
        loading = self._loading
        while not (await asyncio.wait({loading}, timeout=EVERY))[0]:
            yield self._engine.load_progress(self._key)
        error = loading.exception()
        if isinstance(error, Exception):
            yield Refused.of(error, self._key)

    def _load_again(self) -> None:
        self._loading = asyncio.ensure_future(self._engine.preload(self._key))
        self._loading.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def ask(
        self, input: Any, options: Mapping[str, Any], deadline: float, caller: Path
    ) -> Answer | Refused:
        """`Engine.ask`. When Ray cancels the call, the request's place becomes free."""
        try:
            return await self._engine.ask(
                self._key, input, deadline=deadline, caller=caller, **options
            )
        except Refusal as refusal:
            return Refused.of(refusal, self._key)

    async def stream(
        self, prompt: Any, options: Mapping[str, Any], deadline: float, caller: Path
    ) -> AsyncGenerator[Any, None]:
        """`Engine.stream`. A refusal is the last event."""
        events = self._engine.stream(self._key, prompt, deadline=deadline, caller=caller, **options)
        try:
            async with aclosing(events):
                async for event in events:
                    yield event
        except Refusal as refusal:
            yield Refused.of(refusal, self._key)

    def row(self) -> dict[str, Any]:
        """This replica's line of `Engine.status`, and its device."""
        status = self._engine.status()
        return {**status["models"][0], "device": status["device"]}

    def check_health(self) -> None:
        """Called by Ray Serve, which replaces a replica that raises."""
        if self._engine.status()["stuck"]:
            raise RuntimeError(f"{self._key} has been computing one thing for far too long")
