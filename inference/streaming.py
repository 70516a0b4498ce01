"""The generations of one model advance together: one batched step for all.

A generation joins when there is a place and leaves when it is done or its reader is gone, at any
step (iteration-level scheduling: Yu et al. 2022, Orca). A reader that falls behind pauses its own
generation, and nobody else's; one that stays away loses its place.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from inference.batching import Job, compute
from inference.errors import explain
from inference.wakeup import Wakeup

#: Events that may wait for their reader before the generation pauses.
BUFFER = 32


class Generation(Job):
    """One visitor's generation: filled by the model's thread, read from an event loop.

    ``seconds`` bounds the wait for each event, the first one included.
    """

    def __init__(
        self,
        *job: Any,
        prompt: Any,
        options: Mapping[str, Any],
        clock: Callable[[], float],
        resume: Callable[[], None],
    ) -> None:
        super().__init__(*job)
        self.prompt, self.options, self.state = prompt, dict(options), None
        self._clock, self._resume = clock, resume
        self._lock = threading.Lock()
        self._events: deque[Any] = deque()
        self._wakeup: Wakeup | None = None
        self._read_at = self.asked_at

    # The model's side

    @property
    def paused(self) -> bool:
        return len(self._events) >= BUFFER

    def put(self, event: Any) -> None:
        with self._lock:
            self._events.append(event)
            if self._wakeup:
                self._wakeup.wake()

    def finish(self, answer: Any = None, error: BaseException | None = None) -> bool:
        ended = super().finish(answer, error)
        with self._lock:
            if self._wakeup:
                self._wakeup.wake()
        return ended

    def abandoned(self, now: float) -> bool:
        """Paused, and nobody has read for as long as a reader itself would wait."""
        return self.paused and now - self._read_at >= self.seconds

    # The reader's side

    async def next(self) -> Any:
        """The next event. Raises `StopAsyncIteration` at the end, or what ended it."""
        while True:
            with self._lock:
                was_paused = self.paused
                if self._events:
                    event = self._events.popleft()
                    self._read_at = self._clock()
                    break
                if self.future.done():
                    error = self.future.exception()
                    raise error if error is not None else StopAsyncIteration
                self._wakeup = wakeup = Wakeup()
            try:
                await wakeup.wait(self.seconds)
            except TimeoutError:
                self.expire()  # unless the last event came just now
        if was_paused:
            self._resume()
        return event


class RunningBatch:
    """The generations that advance together. Used by the model's thread alone."""

    def __init__(
        self, model: Any, key: str, clock: Callable[[], float], free: Callable[[], object]
    ) -> None:
        self._model, self._key, self._clock, self._free = model, key, clock, free
        self._generations: list[Generation] = []

    def __len__(self) -> int:
        return len(self._generations)

    def join(self, generation: Generation) -> None:
        """Begins it. One that cannot begin fails alone."""

        def begin(prompts: list[Any], **options: Any) -> list[Any]:
            states = [self._model.begin(prompt, **options) for prompt in prompts]
            return [(state, state.done) for state in states]

        [begun] = compute(begin, [generation.prompt], generation.options, self._free)
        if isinstance(begun, BaseException):
            generation.finish(error=explain(begun, self._key))
            return
        generation.state, done = begun
        if done:
            generation.finish()
        else:
            self._generations.append(generation)

    def advance(self) -> int:
        """One step for all that are not paused; gives how many that were."""
        now = self._clock()
        for generation in self._generations:
            if generation.abandoned(now):
                generation.expire()
        self.drop_ended()
        moving = [each for each in self._generations if not each.paused]
        if not moving:
            return 0

        def step(states: list[Any]) -> list[Any]:
            events = self._model.step(states)
            return [(event, state.done) for event, state in zip(events, states, strict=True)]

        steps = compute(step, [each.state for each in moving], {}, self._free)
        for generation, stepped in zip(moving, steps, strict=True):
            event, done = (stepped, True) if isinstance(stepped, BaseException) else stepped
            if isinstance(event, BaseException) and not isinstance(event, StopIteration):
                generation.finish(error=explain(event, self._key))
                continue
            if event is not None and not isinstance(event, StopIteration):
                generation.put(event)
            if done or isinstance(event, StopIteration):
                generation.finish()
        self.drop_ended()
        return len(moving)

    @property
    def patience(self) -> float:
        """Seconds after which to look again whether a paused generation is abandoned."""
        return min((each.seconds for each in self._generations), default=0.0)

    def drop_ended(self) -> None:
        """Frees the places of generations that are done, failed, or whose reader has left."""
        self._generations = [each for each in self._generations if not each.future.done()]

    def end(self, error: BaseException) -> None:
        """Ends them all."""
        for generation in self._generations:
            generation.finish(error=error)
        self._generations = []
