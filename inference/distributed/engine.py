"""What the tabs ask where models run on a Ray cluster: an `Engine` whose work is done elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import pickle
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray import exceptions as gone
from ray.serve import exceptions as unserved

from inference.batching import Answer, Request
from inference.distributed import cluster
from inference.distributed.director import LEASE
from inference.distributed.wire import opened
from inference.engine import Engine
from inference.errors import (
    Busy,
    Closed,
    DeadlineExceeded,
    Interrupted,
    UnknownModel,
    explain,
)
from inference.protocols import Entry
from inference.round_robin import Path
from inference.settings import Settings
from inference.streaming import Generation
from pretrained.errors import Refusal

log = logging.getLogger(__name__)

#: Seconds between two reports to the director of what is in use here.
BEAT = 1.0
#: What tells that the process which computed, or the way to it, is gone.
LOST = (
    gone.RayActorError,
    gone.WorkerCrashedError,
    gone.NodeDiedError,
    gone.ObjectLostError,
    gone.TaskCancelledError,
    unserved.ReplicaUnavailableError,
)


@dataclass
class Use:
    """An application that this page was told of."""

    app: str
    handle: Any
    confirmed_at: float
    loaded: bool = False


class RayEngine(Engine):
    """Answers as `Engine` does, with the same refusals; see `inference.distributed`.

    Of a replica that dies, what it held is asked once more. A generation that had begun is begun
    anew: what the reader has is skipped as long as it comes out the same, as it does with a seed;
    where it does not, the generation ends with `Interrupted`.

    ``status`` speaks of the whole cluster, but for ``queue``, ``leases``, ``answered`` and
    ``failed``: those are of this page's process.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        settings: Settings,
        *,
        caller: Callable[[], Path] = tuple,
        unlisted: Callable[[str], Entry | None] = lambda key: None,
    ) -> None:
        super().__init__(entries, settings, caller=caller, unlisted=unlisted)
        self._started_here = cluster.join(settings)
        self._director = cluster.director(settings)
        self._uses: dict[str, Use] = {}
        self._under_way: Counter[str] = Counter()  # by key
        self._progress: dict[str, tuple[int, int]] = {}
        self._ending = threading.Event()
        self.metrics.watch(
            self._under_way.total, lambda: self._used_bytes(), lambda key: key in self.entries
        )
        self._deployed = ray.get(self._director.beat.remote([]))
        threading.Thread(target=self._keep_beating, name="ray leases", daemon=True).start()

    # Asking

    async def _answer(self, request: Request) -> Answer:
        """The way there and back is part of ``queue_s``."""
        key, seconds = request.key, request.seconds

        async def ask(use: Use) -> Answer:
            response = use.handle.ask.remote(
                request.input, request.options, self._left(request), request.caller
            )
            try:
                answer: Answer = opened(await response)
            except asyncio.CancelledError:
                response.cancel()  # its place in the replica becomes free
                raise
            return answer

        async with self._counted(key, seconds):
            async with asyncio.timeout(seconds):
                answer: Answer = await self._twice(key, ask)
        waited = self._clock() - request.asked_at - answer.compute_s
        return Answer(answer.value, max(0.0, waited), answer.compute_s)

    async def _events(self, generation: Generation) -> AsyncGenerator[Any, None]:
        key, seconds = generation.key, generation.seconds
        given: list[bytes] = []  # digests of the events that the reader has
        async with self._counted(key, seconds):
            for attempt in (1, 2):
                use = None
                events = None
                seen = 0
                try:
                    while True:
                        async with asyncio.timeout(seconds):
                            if use is None or events is None:
                                use = await self._use(key)
                                events = use.handle.options(stream=True).stream.remote(
                                    generation.prompt,
                                    generation.options,
                                    seconds,
                                    generation.caller,
                                )
                            event = opened(await anext(events))
                        seen += 1
                        if seen <= len(given):
                            if digest(event) != given[seen - 1]:
                                raise Interrupted(model=key)
                            continue
                        given.append(digest(event))
                        yield event
                except StopAsyncIteration:
                    return
                except LOST as error:
                    self._lost(key, error, last=attempt == 2)
                except unserved.DeploymentUnavailableError as error:
                    await self._unserved(key, use, error)
                finally:
                    if events is not None:
                        events.cancel()

    async def _arrive(self, key: str) -> None:
        self._known(key)
        use = self._uses.get(self._name(self._entry(key)))
        if use is not None and use.loaded and self._fresh(use):
            return
        self._under_way[key] += 1
        try:
            await self._twice(key, lambda use: self._load(key, use))
        except Refusal:
            raise
        except Exception as error:
            raise explain(error, key, loading=True) from None
        finally:
            self._under_way[key] -= 1
            self._progress.pop(key, None)

    async def _load(self, key: str, use: Use) -> None:
        events = use.handle.options(stream=True).load.remote()
        try:
            async for event in events:
                if progress := opened(event):
                    self._progress[key] = progress
        finally:
            events.cancel()
        use.loaded = True

    async def _twice(self, key: str, work: Callable[[Use], Any]) -> Any:
        """``work`` with the model's deployment, and once more if it dies meanwhile."""
        for attempt in (1, 2):
            use = await self._use(key)
            try:
                return await work(use)
            except LOST as error:
                self._lost(key, error, last=attempt == 2)
            except unserved.DeploymentUnavailableError as error:
                await self._unserved(key, use, error)

    def _lost(self, key: str, error: BaseException, *, last: bool) -> None:
        log.warning("a replica of %s is gone (%s)", key, type(error).__name__)
        if self._ending.is_set():
            raise Closed() from None
        if last:
            raise Interrupted(model=key) from None

    async def _unserved(self, key: str, use: Use | None, error: Exception) -> None:
        """The deployment cannot be had: the next to ask has another one made."""
        entry = self._entry(key)
        if use is not None:
            with contextlib.suppress(*LOST):
                await self._director.use.remote(self._name(entry), entry, use.app)
        raise explain(error, key, loading=True) from None

    @asynccontextmanager
    async def _counted(self, key: str, seconds: float) -> AsyncGenerator[None, None]:
        """Counts a request for as long as it is under way, and how it ended; makes a refusal of
        whatever went wrong."""
        self._known(key)
        began, outcome = self._clock(), "cancelled"
        if self._ending.is_set():
            raise Closed()
        if self._under_way[key] >= self._most_under_way:
            self._tell_outcome(key, Busy.code, 0.0)
            raise Busy(waiting=self._under_way[key])
        self._under_way[key] += 1
        try:
            yield
            outcome = "answered"
        except TimeoutError:
            outcome = DeadlineExceeded.code
            raise DeadlineExceeded(seconds=seconds) from None
        except unserved.BackPressureError:
            outcome = Busy.code
            raise Busy(waiting=self.settings.queue_limit) from None
        except Refusal as error:
            outcome = error.code
            raise
        except Exception as error:
            refusal = explain(error, key)
            outcome = refusal.code
            raise refusal from None
        finally:
            self._under_way[key] -= 1
            self._tell_outcome(key, outcome, self._clock() - began)

    @property
    def _most_under_way(self) -> int:
        return self.settings.queue_limit * max(1, self.settings.ray_max_replicas)

    def _left(self, request: Request) -> float:
        return max(0.001, request.seconds - (self._clock() - request.asked_at))

    # Which deployment

    async def _use(self, key: str) -> Use:
        """The model's deployment, with a lease on it."""
        entry = self._entry(key)
        name = self._name(entry)
        use = self._uses.get(name)
        if use is not None and self._fresh(use):
            return use
        asked_at = self._clock()
        try:
            app = await self._director.use.remote(name, entry)
        except gone.RayActorError:  # Ray starts it again; what it knew is deployed anew
            app = await self._director.use.remote(name, entry)
        use = self._uses.get(name)
        if use is None or use.app != app:
            use = self._uses[name] = Use(app, await asyncio.to_thread(cluster.handle, app), 0.0)
        use.confirmed_at = asked_at
        return use

    def _fresh(self, use: Use) -> bool:
        """Whether the lease has half of its time left: enough for a request to be seen."""
        return self._clock() - use.confirmed_at < LEASE / 2

    def _name(self, entry: Entry) -> str:
        """The same in every page for the same entry. A model that is not listed is not named."""
        mark = hashlib.blake2b(repr(entry).encode(), digest_size=6).hexdigest()
        return f"{entry.key if entry.key in self.entries else 'unlisted'}~{mark}"

    def _keep_beating(self) -> None:
        while not self._ending.wait(BEAT):
            self._beat()

    def _beat(self) -> None:
        """Renews the leases of what is under way here, and learns what is deployed."""
        keys = [key for key, count in list(self._under_way.items()) if count > 0]
        names = []
        for key in keys:
            with contextlib.suppress(UnknownModel):  # taken back while it answers
                names += [self._name(entry)] if (entry := self.find(key)) is not None else []
        asked_at = self._clock()
        try:
            self._deployed = ray.get(self._director.beat.remote(names), timeout=LEASE)
        except Exception as error:
            log.warning("the director does not answer (%s)", type(error).__name__)
            return
        for name in names:
            use = self._uses.get(name)
            if use is not None and name in self._deployed:
                use.confirmed_at = asked_at
        for name in set(self._uses) - set(self._deployed):
            self._uses.pop(name, None)

    # What there is

    def load_progress(self, key: str) -> tuple[int, int] | None:
        """As `Engine.load_progress`, of a load that this page waits for."""
        return self._progress.get(key)

    def _used_bytes(self) -> int:
        return sum(
            row.get("bytes", 0) * max(1, row.get("replicas", 1))
            for row in list(self._deployed.values())
        )

    def _row(self, entry: Entry) -> dict[str, Any]:
        seen = self._deployed.get(self._name(entry), {})
        warm, device = seen.get("state") == "warm", seen.get("device") or {}
        leases, progress = self._under_way[entry.key], self._progress.get(entry.key)
        return {
            "key": entry.key,
            "state": "warm" if warm else "loading" if seen.get("state") == "loading" else "cold",
            "bytes": seen.get("bytes", 0),
            "leases": leases,
            "idle_seconds": seen.get("idle_seconds", 0.0) if warm and not leases else 0.0,
            "device": device.get("kind"),
            "progress": list(progress) if progress else None,
            "replicas": seen.get("replicas", 0),
        }

    def status(self) -> dict[str, Any]:
        """As `Engine.status`, as the cluster was a second ago."""
        rows = [self._row(entry) for entry in self.entries.values()]
        devices = [row["device"] for row in self._deployed.values() if row.get("device")]
        kind, name = "ray", "Ray Serve"
        if devices:
            kind, name = devices[0]["kind"], f"Ray Serve: {devices[0]['name']}"
        return {
            "device": {"kind": kind, "name": name, "reason": "--engine ray"},
            "budget_bytes": 0,
            "used_bytes": self._used_bytes(),
            "warming": self._preloads > 0 and not any(row["state"] == "warm" for row in rows),
            "models": rows,
            "stuck": [],  # Ray Serve replaces a replica that is
            "queue": {"waiting": self._under_way.total(), "limit": self.settings.queue_limit},
            "answered": self._answered,
            "failed": self._failed,
        }

    async def close(self, patience: float = 5.0) -> None:
        """Refuses whoever comes, and waits ``patience`` seconds for what is under way. Ray ends
        with us where it was started here; elsewhere what is idle leaves after its time."""
        self._ending.set()
        until = self._clock() + patience
        while self._under_way.total() and self._clock() < until:
            await asyncio.sleep(0.05)
        if self._started_here:
            await asyncio.to_thread(ray.shutdown)


def digest(event: Any) -> bytes:
    """Equal for events that are equal, so far as their pickles are."""
    return hashlib.blake2b(pickle.dumps(event), digest_size=16).digest()
