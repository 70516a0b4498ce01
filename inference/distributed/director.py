"""What is deployed on the cluster: one actor that all page processes ask.

A model's deployment is made when a page first asks for it. A page that was told of one may use it
for `LEASE` seconds, and renews that for as long as it does. One that nobody has a lease on leaves
after the keep-alive, or earlier, longest idle first, when there is no room for another.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from inference.protocols import Entry
from inference.settings import Settings

#: Seconds for which a page may use a deployment without asking again.
LEASE = 5.0
#: Seconds between two looks at what has to leave.
EVERY = 0.5

log = logging.getLogger(__name__)


class Cluster(Protocol):
    """What the director does to Ray; a test has another one. Every call may block."""

    def deploy(self, app: str, entry: Entry) -> None:
        """Asks for a deployment, and does not wait for it."""

    def delete(self, app: str) -> None: ...

    def room(self) -> int:
        """How many models there is room for."""

    def look(self, apps: Iterable[str]) -> dict[str, dict[str, Any]]:
        """For each: ``state`` (cold, loading, warm), ``bytes``, ``device``, ``replicas``."""


@dataclass
class Deployed:
    """A model's deployment."""

    app: str
    entry: Entry
    used_at: float
    deployed: asyncio.Future[None]
    seen: dict[str, Any] = field(default_factory=dict)


class Director:
    """Called by the pages' engines. All methods run on one event loop."""

    def __init__(
        self, cluster: Cluster, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster, self._clock = cluster, clock
        self._keep_alive = float("inf") if settings.preload else settings.keep_alive_s
        self._most = settings.ray_models
        self._places: dict[str, Deployed] = {}
        self._making_room = asyncio.Lock()
        self._names = itertools.count(1)
        self._born = int(time.time())  # so that no name of an earlier director is used again
        self._sweeper: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def use(self, name: str, entry: Entry, failed: str = "") -> str:
        """The application that serves this entry: made, if there is none, when there is room.

        ``name``: the same for the same entry, whichever page asks. ``failed``: the application
        that was given before and did not work: it is taken away.
        """
        if self._sweeper is None:
            self._sweeper = asyncio.ensure_future(self._sweep())
        place = self._places.get(name)
        if place is not None and place.app == failed:
            await self._remove(name)
            place = None
        if place is None:
            app = f"{re.sub(r'[^A-Za-z0-9.-]', '-', name)}.{self._born}.{next(self._names)}"
            place = Deployed(app, entry, self._clock(), asyncio.ensure_future(self._deploy(name)))
            self._places[name] = place
        place.used_at = self._clock()
        await asyncio.shield(place.deployed)
        place.used_at = self._clock()
        return place.app

    async def beat(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """Renews the leases of what a page uses. Gives all that is deployed, as last seen."""
        for name in names:
            if place := self._places.get(name):
                place.used_at = self._clock()
        now = self._clock()
        return {
            name: {"state": "loading", **place.seen, "idle_seconds": now - place.used_at}
            for name, place in self._places.items()
        }

    async def _deploy(self, name: str) -> None:
        try:
            async with self._making_room:  # one after the other: first come, first served
                while not await self._fits(name):
                    await asyncio.sleep(EVERY)
                place = self._places[name]
                await asyncio.to_thread(self._cluster.deploy, place.app, place.entry)
        except BaseException:
            self._places.pop(name, None)
            raise

    async def _fits(self, name: str) -> bool:
        """Whether there is room for one more; what is idle the longest leaves for it."""
        await asyncio.sleep(0)  # until the place is in the table
        room = await asyncio.to_thread(self._cluster.room)
        most = max(1, room if self._most is None else min(room, self._most))
        there = [each for each, place in self._places.items() if place.deployed.done()]
        if len(there) < most:
            return True
        if idle := self._idle(LEASE):
            await self._remove(idle[0])
            return len(there) - 1 < most
        return False

    def _idle(self, seconds: float) -> list[str]:
        """What nobody has used for so long, the longest first."""
        until = self._clock() - seconds
        found = [
            name
            for name, place in self._places.items()
            if place.deployed.done() and place.used_at <= until
        ]
        return sorted(found, key=lambda name: self._places[name].used_at)

    async def _remove(self, name: str) -> None:
        place = self._places.pop(name)
        log.info("%s leaves", place.app)
        task = asyncio.ensure_future(asyncio.to_thread(self._cluster.delete, place.app))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def sweep(self) -> None:
        """Lets go of what has been idle for too long, and looks at the rest."""
        for name in self._idle(max(LEASE, self._keep_alive)):
            await self._remove(name)
        there = {name: place.app for name, place in self._places.items() if place.deployed.done()}
        if not there:
            return
        seen: Mapping[str, Any] = await asyncio.to_thread(self._cluster.look, there.values())
        for name, app in there.items():
            place = self._places.get(name)
            if place is not None and place.app == app:
                place.seen = seen.get(app, {})

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.sweep()
            except Exception:
                log.exception("the cluster could not be looked at; tried again")
