"""The one thread in which a model is loaded and used.

A worker lives from a model's first request until the model has left memory. Its work is written as
a generator, `Worker.loop`, that yields between any two pieces of work: a thread runs through it,
and a test can take it step by step, so that every interleaving can be tried without threads or
sleep.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from inference.batching import Answer, LoadRequest, Queue, Request, compute
from inference.cache import Cache, Lease
from inference.errors import Closed, explain
from inference.metrics import Metrics
from inference.protocols import Entry
from inference.streaming import Generation, RunningBatch

#: Seconds that newcomers may take between two steps of the running batch. However long it takes,
#: one is let in.
BETWEEN = 0.02
SOON = 5.0  # seconds after which a worker looks whether its fleeting model has left


class Worker:
    """Serves one model. ``end`` is called, under the queue's lock, when the worker is over."""

    def __init__(
        self,
        key: str,
        *,
        entry: Callable[[], Entry],
        queue: Queue,
        cache: Cache,
        metrics: Metrics,
        clock: Callable[[], float],
        patience: float,
        end: Callable[[Worker], None],
    ) -> None:
        self.key, self._entry, self._queue, self._cache = key, entry, queue, cache
        self._metrics, self._clock, self._patience, self._end = metrics, clock, patience, end
        #: When the batch or step under way began; None between two.
        self.computing_since: float | None = None
        self._called = False
        self._call = threading.Condition(queue.lock)

    def call(self) -> None:
        """There is something new: a job, a reader that caught up, or the end."""
        with self._call:
            self._called = True
            self._call.notify()

    def wait(self, seconds: float) -> None:
        """Until called, or until the time is over."""
        with self._call:
            self._call.wait_for(lambda: self._called, timeout=min(seconds, threading.TIMEOUT_MAX))
            self._called = False

    def run(self) -> None:
        """What the worker's thread does."""
        try:
            for idle in self.loop():
                if idle:
                    self.wait(idle)
        except BaseException as error:
            self.abort(error)

    def abort(self, error: BaseException) -> None:
        """Ends a worker that cannot go on. Nobody is left waiting."""
        refusal = explain(error, self.key)
        with self._queue.lock:
            self._end(self)
            stranded = self._queue.drain(self.key)
        for job in stranded:
            job.finish(error=refusal)

    def loop(self) -> Iterator[float]:
        """Yields 0 after a piece of work. When there is nothing to do for now, yields the seconds
        after which to look again (whether the model may leave, or a reader is gone)."""
        while True:
            if self._queue.waits(self.key):
                yield from self._work()
            self._cache.evict_due()
            if self._over():
                return
            if not self._queue.waits(self.key):
                yield self._patience

    def _over(self) -> bool:
        cold = self._cache.cold(self.key)
        with self._queue.lock:
            over = not self._queue.waits(self.key) and (cold or self._queue.closed)
            if over:  # whoever comes next starts a new worker
                self._end(self)
            return over

    def _work(self) -> Iterator[float]:
        """Takes a lease, works until nothing is left to do, and gives it back."""
        try:
            entry = self._entry()
            if getattr(entry, "fleeting", False):  # its thread goes soon after it
                self._patience = min(self._patience, SOON)
            lease = self._cache.acquire(entry)
        except BaseException as error:
            refusal = explain(error, self.key, loading=True)
            for job in self._queue.drain(self.key):
                job.finish(error=refusal)
            yield 0.0
            return
        with lease:
            yield from self._serve(lease)

    def _serve(self, lease: Lease) -> Iterator[float]:
        most = max(1, self._entry().max_batch)
        running = RunningBatch(lease.model, self.key, self._clock, self._cache.evict_idle)
        open_ = True  # at first even if the model is doomed, so that each lease serves somebody
        try:
            while not self._queue.closed:
                worked = False
                if open_:
                    for job in self._queue.take(self.key, LoadRequest, self._queue.limit):
                        job.finish()
                    # Whoever writes waits for one answer, and so does one who comes while the
                    # model answers, if it gains nothing from more at once.
                    alone = len(running) or getattr(lease.model, "one_by_one", False)
                    if requests := self._queue.take(self.key, Request, 1 if alone else most):
                        self._answer(lease, requests)
                        worked = True
                    worked |= self._admit(most, running)
                self.computing_since = self._clock()
                steps = running.advance()
                self.computing_since = None
                if steps:
                    self._metrics.batch(self.key, steps)
                    worked = True
                if worked:
                    yield 0.0
                elif len(running):
                    yield running.patience  # every reader has fallen behind
                else:
                    return
                open_ = not lease.doomed
        finally:
            running.end(Closed())

    def _admit(self, most: int, running: RunningBatch) -> bool:
        """Begins generations while there are places and time; whether any came."""
        until, came = self._clock() + BETWEEN, False
        while not came or self._clock() < until:
            joining = self._queue.take(self.key, Generation, min(1, most - len(running)))
            if not joining:
                break
            running.join(joining[0])
            came = True
        return came

    def _answer(self, lease: Lease, requests: list[Request]) -> None:
        self._metrics.batch(self.key, len(requests))
        self.computing_since = begun = self._clock()

        def predict(inputs: list[Any], **options: Any) -> list[Any]:
            return list(lease.model.predict(inputs, **options))

        answers = compute(
            predict,
            [request.input for request in requests],
            requests[0].options,
            self._cache.evict_idle,
        )
        compute_s, self.computing_since = self._clock() - begun, None
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, BaseException):
                request.finish(error=explain(answer, self.key))
            else:
                request.finish(Answer(answer, begun - request.asked_at, compute_s))
