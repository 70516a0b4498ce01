"""How an answer is computed: the queue, the workers and the cache put together.

    asked -> Queue -> Worker (one thread a model) -> Cache.acquire -> predict or step -> Job.finish

The engine belongs to no event loop: ask it from any, or from several at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from typing import Any

from inference import wakeup
from inference.batching import Answer, Job, LoadRequest, Queue, Request
from inference.cache import Cache
from inference.device import Device, choose
from inference.errors import Busy, Closed, Refusal, Unfiltered, UnknownModel
from inference.metrics import UNLISTED, Metrics
from inference.protocols import Entry, Load, load_entry
from inference.round_robin import Path
from inference.settings import Settings
from inference.streaming import Generation
from inference.worker import Worker

#: A batch or step that takes longer than this many deadlines is stuck: nobody waits for it.
STUCK = 10


def in_a_thread(worker: Worker) -> None:
    """Runs a worker the ordinary way. Daemon: a stuck model must not keep the process alive."""
    threading.Thread(target=worker.run, name=f"model {worker.key}", daemon=True).start()


class Engine:
    """Answers questions to models of the catalogue.

    ``entries`` maps keys to catalogue entries. ``caller`` tells who is asking where ``predict`` and
    ``stream`` are not told: callers take turns. ``load``, ``clock`` (seconds, monotonic),
    ``device`` and ``start`` (gets every new worker running) are there to be replaced in tests.
    ``unlisted`` gives the entry of a key that is none of ``entries``, or None: such a model answers
    whoever knows its key, and is never named in `status` or in the metrics.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        settings: Settings,
        *,
        load: Load = load_entry,
        clock: Callable[[], float] = time.monotonic,
        device: Device | None = None,
        metrics: Metrics | None = None,
        start: Callable[[Worker], None] = in_a_thread,
        caller: Callable[[], Path] = tuple,
        unlisted: Callable[[str], Entry | None] = lambda key: None,
    ) -> None:
        self.settings = settings
        self._caller, self._unlisted = caller, unlisted
        #: What the settings keep from being served.
        self.withheld = {key: entry for key, entry in entries.items() if self._withholds(entry)}
        self.entries: Mapping[str, Entry] = {
            key: entry for key, entry in entries.items() if key not in self.withheld
        }
        self.metrics = metrics or Metrics()
        self._clock, self._start = clock, start
        # Models that were all loaded on purpose are there to stay.
        self._keep_alive = math.inf if settings.preload else settings.keep_alive_s
        self._queue = Queue(settings.queue_limit, clock)
        self._cache = Cache(
            load,
            lambda: device if device is not None else choose(settings),
            clock,
            self._keep_alive,
            self.metrics,
        )
        self._workers: dict[str, Worker] = {}  # guarded by the queue's lock
        self._ended: dict[Worker, Future[None]] = {}
        self._count = threading.Lock()
        self._answered = self._failed = self._preloads = 0
        self.metrics.watch(
            lambda: len(self._queue), self._cache.used, lambda key: key in self.entries
        )

    def find(self, key: str) -> Entry | None:
        """The entry of a key, one that is not listed too; None where there is none, or
        `UnknownModel` by a class that says more."""
        return self.entries.get(key) or self._unlisted(key)

    def add(self, entry: Entry) -> None:
        """Adds an entry, or replaces the one with its key; what was loaded for that one leaves.

        Raises:
            Unfiltered: the settings do not allow it.
        """
        if self._withholds(entry):
            raise Unfiltered(model=entry.key)
        replaced = self.entries.get(entry.key) not in (None, entry)
        self.entries = {**self.entries, entry.key: entry}
        if replaced:
            self._cache.unload(entry.key)

    async def predict(
        self,
        key: str,
        input: Any,
        *,
        deadline: float | None = None,
        caller: Path | None = None,
        **options: Any,
    ) -> Any:
        """The model's answer to one input: the ``value`` of `ask`."""
        asked = self.ask(key, input, deadline=deadline, caller=caller, **options)
        return (await asked).value

    async def ask(
        self,
        key: str,
        input: Any,
        *,
        deadline: float | None = None,
        caller: Path | None = None,
        **options: Any,
    ) -> Answer:
        """The model's answer to one input, with how long it waited and how long it took.

        ``deadline`` is in seconds from now, the wait and a first load included; if not given,
        `Settings.deadline_s`. ``caller`` is who asks, such as (address, session). Raises a
        `Refusal`: the model's own, or an `EngineError`. When the caller is cancelled the request's
        place becomes free.
        """
        job = self._job(key, deadline, caller)
        return await self._answer(Request(*job, input=input, options=options))

    def stream(
        self,
        key: str,
        prompt: Any,
        *,
        deadline: float | None = None,
        caller: Path | None = None,
        **options: Any,
    ) -> AsyncGenerator[Any, None]:
        """The model's events, as they come. Closing the generator frees its place.

        ``deadline`` bounds the wait for each event, in seconds. Raises as `predict` does.
        """
        job = self._job(key, deadline, caller)
        return self._events(
            Generation(
                *job,
                prompt=prompt,
                options=options,
                clock=self._clock,
                resume=lambda: self._call(key),
            )
        )

    async def preload(self, *keys: str) -> None:
        """Loads models, one after the other, however long it takes.

        Returns when all are on the device. If some cannot be loaded the others still are, and the
        first refusal is raised at the end.
        """
        refusals: list[Refusal] = []
        with self._count:
            self._preloads += 1
        try:
            for key in keys:
                try:
                    await self._arrive(key)
                except Refusal as refusal:
                    refusals.append(refusal)
        finally:
            with self._count:
                self._preloads -= 1
        if refusals:
            raise refusals[0]

    async def _answer(self, request: Request) -> Answer:
        self._submit(request)
        try:
            await wakeup.done(request.future, request.seconds)
        except TimeoutError:
            request.expire()  # unless the answer came just now
        finally:
            self._leave(request)
        answer: Answer = request.future.result()
        return answer

    async def _events(self, generation: Generation) -> AsyncGenerator[Any, None]:
        self._submit(generation)
        try:
            while True:
                try:
                    event = await generation.next()
                except StopAsyncIteration:
                    return
                yield event
        finally:
            self._leave(generation)

    async def _arrive(self, key: str) -> None:
        self._known(key)
        if self._cache.warm(key):
            return
        request = LoadRequest(key, math.inf, self._clock(), _untold)
        self._submit(request)
        try:
            await wakeup.done(request.future)
        finally:
            self._leave(request)
        request.future.result()

    def load_progress(self, key: str) -> tuple[int, int] | None:
        """Bytes done and bytes in all of a model's load or download; None while none are counted.

        Cheap, to be asked for several times a second by everybody who waits.
        """
        return self._cache.load_progress(key)

    def status(self) -> dict[str, Any]:
        """What the Server page and ``/status`` show. Never waits for a model."""
        device = self._cache.device
        kind, name, reason = (
            (device.kind, device.name, device.reason)
            if device
            else (self.settings.device, "", "chosen when the first model loads")
        )
        return {
            "device": {"kind": kind, "name": name, "reason": reason},
            "budget_bytes": device.budgets.get(kind, 0) if device else 0,
            "used_bytes": self._cache.used(),
            # Of the first model alone: it brings torch in, and is what a new page waits for.
            "warming": self._preloads > 0 and not self._cache.proven,
            "models": [
                {**self._cache.row(entry), "waiting": self._queue.waiting(key)}
                for key, entry in self.entries.items()
            ],
            "stuck": self._stuck(),
            "queue": {"waiting": len(self._queue), "limit": self._queue.limit},
            "answered": self._answered,
            "failed": self._failed,
        }

    async def close(self, patience: float = 5.0) -> None:
        """Refuses what waits, ends live generations, and lets every model go.

        Waits ``patience`` seconds for computations under way; those are answered if they end in
        time, and may outlive the engine otherwise.
        """
        with self._queue.lock:
            self._queue.closed = True
            stranded = self._queue.drain()
            running = list(self._ended.values())
            for worker in self._workers.values():
                worker.call()
        for job in stranded:
            job.finish(error=Closed())
        self._cache.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                for ended in running:
                    await wakeup.done(ended)

    # Inside

    def _stuck(self) -> list[str]:
        """Models whose thread has been computing one thing for far longer than anybody waits."""
        with self._queue.lock:
            began = {key: worker.computing_since for key, worker in self._workers.items()}
        since = self._clock() - stuck_after(self.settings)
        found = [key for key, begun in began.items() if begun is not None and begun < since]
        return [key if key in self.entries else UNLISTED for key in found]

    def _withholds(self, entry: Entry) -> bool:
        return getattr(entry, "unfiltered", False) and not self.settings.allow_unfiltered

    def _known(self, key: str) -> None:
        if self.find(key) is not None:
            return
        kind = Unfiltered if key in self.withheld else UnknownModel
        # Not by its name: whoever asks could otherwise make up any number of series.
        self._tell_outcome("unknown", kind.code, 0.0)
        raise kind(model=key)

    def _job(
        self, key: str, deadline: float | None, caller: Path | None
    ) -> tuple[str, float, float, Any, Path]:
        seconds = self.settings.deadline_s if deadline is None else deadline
        caller = self._caller() if caller is None else caller
        return key, seconds, self._clock(), self._tell, caller

    def _submit(self, job: Job) -> None:
        """Puts a job into the queue, and makes sure that its model has a worker."""
        self._known(job.key)
        try:
            with self._queue.lock:
                self._queue.put(job)
                worker = self._workers.get(job.key)
                new = worker is None
                if worker is None:
                    worker = self._workers[job.key] = self._worker(job.key)
                    self._ended[worker] = Future()
                worker.call()
        except (Busy, Closed) as refusal:
            job.finish(error=refusal)
            raise
        if new:
            try:
                self._start(worker)
            except RuntimeError as error:  # no more threads to be had
                worker.abort(error)

    def _worker(self, key: str) -> Worker:
        return Worker(
            key,
            entry=lambda: self._entry(key),
            queue=self._queue,
            cache=self._cache,
            metrics=self.metrics,
            clock=self._clock,
            patience=self._keep_alive,
            end=self._worker_ended,
        )

    def _entry(self, key: str) -> Entry:
        entry = self.find(key)
        if entry is None:  # taken back since it was asked
            raise UnknownModel(model=key)
        return entry

    def _worker_ended(self, worker: Worker) -> None:
        if self._workers.get(worker.key) is worker:
            del self._workers[worker.key]
        if ended := self._ended.pop(worker, None):
            ended.set_result(None)

    def _call(self, key: str) -> None:
        """A reader has caught up, or has left: whoever writes for it looks again."""
        with self._queue.lock:
            if worker := self._workers.get(key):
                worker.call()

    def _leave(self, job: Job) -> None:
        """The caller no longer waits, for whatever reason."""
        job.leave()
        if not self._queue.remove(job) and isinstance(job, Generation):
            self._call(job.key)

    def _tell(self, job: Job, outcome: str) -> None:
        self._tell_outcome(job.key, outcome, self._clock() - job.asked_at)

    def _tell_outcome(self, key: str, outcome: str, seconds: float) -> None:
        with self._count:
            if outcome == "answered":
                self._answered += 1
            elif outcome != "cancelled":
                self._failed += 1
        self.metrics.finished(key, outcome, seconds)


def stuck_after(settings: Settings) -> float:
    """Seconds of one computation after which nobody waits for it any more."""
    return settings.stuck_s or STUCK * settings.deadline_s


def _untold(job: Job, outcome: str) -> None:
    """Load requests are not counted as requests."""
