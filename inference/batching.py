"""The bounded queue, and how what waits in it becomes batches.

No window is ever waited for: an idle model answers a single request at once, and what arrives while
it is busy forms its next batch. Requests go together if their options are equal. Callers take
turns, and where several wait, one has a bounded share of a batch: who sends 300 pictures makes
nobody wait for them.
Adaptive batching in this sense: Crankshaw et al. 2017 (Clipper), without its delay.

Every job ends exactly once, by whoever is first: the model's thread, the caller whose deadline or
patience ended, or the engine that closes. `Job.finish` is the only door.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any, TypeVar

from inference.device import with_room
from inference.errors import Busy, Closed, DeadlineExceeded, Refusal
from inference.round_robin import Path, RoundRobin

#: Requests of one named caller in one batch: how many a newcomer may have to wait for.
SHARE = 4
#: Called with a job and how it ended: ``answered``, ``cancelled`` or the error's code.
Tell = Callable[["Job", str], None]


@dataclass(frozen=True)
class Answer:
    """What a model said to one input.

    ``queue_s``: seconds from asked until the batch it was in began, a load included.
    ``compute_s``: seconds that this batch took; whoever was in it shares them.
    """

    value: Any
    queue_s: float
    compute_s: float


class Cancelled(Exception):
    """The caller went away. Nobody is there to see it."""


class Job:
    """Something that waits for a model: a request, a generation, or just for the load.

    ``seconds`` from ``asked_at`` (on the engine's clock) it is too late to begin with it.
    ``caller`` is who asked (see `inference.round_robin`), () nobody in particular.
    """

    def __init__(
        self, key: str, seconds: float, asked_at: float, tell: Tell, caller: Path = ()
    ) -> None:
        self.key, self.seconds, self.asked_at, self._tell = key, seconds, asked_at, tell
        self.caller = caller
        self.future: Future[Any] = Future()

    def finish(self, answer: Any = None, error: BaseException | None = None) -> bool:
        """Gives the answer or the error, unless it has ended already: then False."""
        try:
            if error is None:
                self.future.set_result(answer)
            else:
                self.future.set_exception(error)
        except InvalidStateError:
            return False
        outcome = "answered"
        if error is not None:
            outcome = error.code if isinstance(error, Refusal) else "cancelled"
        self._tell(self, outcome)
        return True

    def batchable_with(self, other: Job) -> bool:
        """Whether both can be taken together."""
        return True

    def late(self, now: float) -> bool:
        return now - self.asked_at >= self.seconds

    def expire(self) -> bool:
        return self.finish(error=DeadlineExceeded(seconds=self.seconds))

    def leave(self) -> bool:
        """The caller no longer waits."""
        return self.finish(error=Cancelled())


class Request(Job):
    """One input for ``predict``. Its future holds an `Answer`."""

    def __init__(self, *job: Any, input: Any, options: Mapping[str, Any]) -> None:
        super().__init__(*job)
        self.input, self.options = input, dict(options)

    def batchable_with(self, other: Job) -> bool:
        """Whether both can be in one batch. Options that cannot be compared go alone."""
        try:
            return isinstance(other, Request) and bool(self.options == other.options)
        except Exception:  # as arrays do, of which no one truth value is known
            return False


class LoadRequest(Job):
    """Ends when the model is on the device: what `Engine.preload` waits for."""


J = TypeVar("J", bound=Job)


class Queue:
    """Jobs of all models, those of each caller in the order they came; at most ``limit`` of them.

    ``lock`` is reentrant and also guards which models have a thread (see `inference.worker`).
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self.limit, self._clock = limit, clock
        self.lock = threading.RLock()
        self.closed = False
        self._waiting: dict[str, RoundRobin[Job]] = {}
        self._count = 0

    def put(self, job: Job) -> None:
        """Raises `Busy` when the queue is full of jobs in time, `Closed` when it is shut."""
        with self.lock:
            if self.closed:
                raise Closed()
            if self._count >= self.limit:
                self._drop_late()
            if self._count >= self.limit:
                raise Busy(waiting=self._count)
            self._waiting.setdefault(job.key, RoundRobin()).append(job, job.caller)
            self._count += 1

    def remove(self, job: Job, *, served: bool = False) -> bool:
        """Frees a job's place. False if it was taken already. ``served``: its caller had a turn."""
        with self.lock:
            waiting = self._waiting.get(job.key)
            if waiting is None or not waiting.remove(job, job.caller, served=served):
                return False
            self._count -= 1
            if not waiting:
                del self._waiting[job.key]
            return True

    def take(self, key: str, kind: type[J], room: int) -> list[J]:
        """Up to ``room`` jobs of one kind, by turns, in time; requests with equal options."""
        with self.lock:
            taken: list[J] = []
            had: Counter[Path] = Counter()
            waiting = list(self._waiting.get(key, ()))
            alone = len({job.caller for job in waiting}) == 1  # nobody else would wait for them
            for job in waiting:
                if len(taken) >= room:
                    break
                if not isinstance(job, kind):
                    continue
                if job.future.done():  # its caller is just leaving
                    self.remove(job)
                elif job.late(self._clock()):
                    self.remove(job)
                    job.expire()
                elif job.caller and not alone and had[job.caller] >= SHARE:
                    continue
                elif not taken or job.batchable_with(taken[0]):
                    self.remove(job, served=True)
                    had[job.caller] += 1
                    taken.append(job)
            return taken

    def drain(self, key: str | None = None) -> list[Job]:
        """Takes everything that waits for one model, or for all."""
        with self.lock:
            keys = list(self._waiting) if key is None else [key]
            drained = [job for each in keys for job in self._waiting.get(each, ())]
            for job in drained:
                self.remove(job)
            return drained

    def _drop_late(self) -> None:
        now = self._clock()
        for job in [job for waiting in self._waiting.values() for job in waiting]:
            if job.late(now):
                self.remove(job)
                job.expire()

    def waiting(self, key: str) -> int:
        """How many jobs wait for this model."""
        with self.lock:
            return len(self._waiting.get(key, ()))

    def waits(self, key: str) -> bool:
        """Whether anything waits for this model."""
        return key in self._waiting

    def __len__(self) -> int:
        return self._count


def compute(
    work: Callable[..., list[Any]],
    inputs: list[Any],
    options: Mapping[str, Any],
    free: Callable[[], object],
) -> list[Any]:
    """One answer, or one exception, for each input.

    A batch that raises is tried again input by input, so that the bad one fails alone. A batch that
    runs out of memory is first tried again whole, once ``free()`` has made room.
    """

    def attempt() -> list[Any]:
        answers = list(work(list(inputs), **options))
        if len(answers) != len(inputs):
            raise ValueError(f"{len(answers)} answers to {len(inputs)} inputs")
        return answers

    try:
        return with_room(attempt, free)
    except BaseException as error:  # in a thread of ours there is nobody else to catch it
        if len(inputs) == 1:
            return [error]
    return [compute(work, [one], options, free)[0] for one in inputs]
