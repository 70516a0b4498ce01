"""The same engine on a ZeroGPU Space, where a GPU is lent for a call and a forked process has it.

    engine = ZeroEngine(catalog.entries(), settings)
    engine.place(*keys)             before launch, on the thread that imported `spaces`

    asked ── a thread that waits ── spaces.GPU ── a forked worker: predict, or begin and step
                                                  <── bytes: the answer, nothing of it on CUDA

What holds there, and nowhere else (https://huggingface.co/docs/hub/spaces-zerogpu):

- `spaces` is imported before torch, and emulates CUDA on the thread that did so: models are put on
  "cuda" there, before launch. A worker inherits those. Any other model is loaded by the worker, for
  that call only; its files are fetched beforehand, which costs no GPU time.
- A worker ends when the scheduler says so: nothing that a call leaves behind is looked for again.
- Calls do not go together in batches, since each visitor pays from an own quota; no thread of ours
  computes; no CUDA graph is captured, as it would be replayed once.
"""

from __future__ import annotations

import contextvars
import io
import math
import os
import pickle
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from inference import wakeup
from inference.batching import Answer, Job, Request, compute
from inference.cache import Lease
from inference.device import Device
from inference.distributed.wire import Refused, opened
from inference.engine import Engine, stuck_after
from inference.errors import Busy, Closed, EngineError, Interrupted, explain
from inference.metrics import UNLISTED
from inference.protocols import Entry, Load, load_entry
from inference.round_robin import Path
from inference.settings import Settings, on_zero_gpu
from inference.streaming import Generation
from pretrained.errors import MissingDependency, Refusal

#: ``gpu(duration=seconds)`` decorates what needs a GPU, as `spaces.GPU` does.
Gpu = Callable[..., Callable[[Any], Any]]
Placed = dict[str, tuple[Entry, Any]]

#: Calls that wait for a GPU or have one; the others wait in line. They compute nothing here.
AT_ONCE = 16


class NoGpu(EngineError):
    """The Space lends this visitor no GPU: quota, length of the call, or none is free."""

    code = "no_gpu"
    sentence = (
        "Hugging Face has no GPU time left for you at present: sign in there, or try again later."
    )


def gpu() -> Gpu:
    """`spaces.GPU`; elsewhere than on a Space it leaves a function as it is.

    Raises:
        MissingDependency: the package is not installed.
    """
    try:
        import spaces
    except ImportError:
        raise MissingDependency(package="spaces") from None
    return spaces.GPU


class ZeroEngine(Engine):
    """Answers as `Engine` does, with the same refusals. ``decorate`` is `spaces.GPU`, replaced in
    tests. ``seconds`` of an answer's queue include the wait for a GPU."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        settings: Settings,
        *,
        load: Load = load_entry,
        device: Device | None = None,
        decorate: Gpu | None = None,
        caller: Callable[[], Path] = tuple,
        unlisted: Callable[[str], Entry | None] = lambda key: None,
    ) -> None:
        os.environ["BREAKTHROUGHS_CUDA_GRAPHS"] = "0"  # read where they are captured
        if device is None and on_zero_gpu():
            device = Device("cuda", "ZeroGPU", "this is a ZeroGPU Space", {})
        super().__init__(
            entries, settings, load=load, device=device, caller=caller, unlisted=unlisted
        )
        self._load = load
        placed: Placed = {}
        self._placed, self._leases = placed, list[Lease]()
        self._fetched: set[str] = set()
        self._fetching = threading.Lock()
        self._progress: dict[str, tuple[int, int]] = {}
        self._jobs: dict[Job, float] = {}  # under way or in line; since when it computes, or inf
        self._read = threading.Condition()  # a reader took an event, or left
        self._threads = ThreadPoolExecutor(AT_ONCE, "waits for a GPU")
        decorated = (decorate or gpu())(duration=settings.zero_duration_s)

        def predict(entry: Entry, device: str, sent: bytes) -> bytes:
            return predicted(placed, load, entry, device, sent)

        def generate(entry: Entry, device: str, sent: bytes) -> Generator[bytes, None, None]:
            yield from generated(placed, load, entry, device, sent)

        self._predict: Callable[..., bytes] = decorated(predict)
        self._generate: Callable[..., Generator[bytes, None, None]] = decorated(generate)

    def place(self, *keys: str) -> None:
        """Puts models on the device, in this thread. They stay. Raises a `Refusal`."""
        for key in keys:
            self._known(key)
            entry = self._entry(key)
            try:
                lease = self._cache.acquire(entry)
            except BaseException as error:
                raise explain(error, key, loading=True) from None
            self._leases.append(lease)
            self._placed[key] = entry, lease.model

    def load_progress(self, key: str) -> tuple[int, int] | None:
        return self._progress.get(key) or super().load_progress(key)

    def status(self) -> dict[str, Any]:
        told = super().status()
        waiting = sum(since == math.inf for since in list(self._jobs.values()))
        return {**told, "queue": {**told["queue"], "waiting": waiting}}

    async def close(self, patience: float = 5.0) -> None:
        """As `Engine.close`; a worker of `spaces` ends with this process."""
        with self._queue.lock:
            self._queue.closed = True
            jobs = list(self._jobs.items())
        for job, since in jobs:
            if since == math.inf or isinstance(job, Generation):
                job.finish(error=Closed())
                self._call(job.key)
        self._threads.shutdown(wait=False, cancel_futures=True)
        begun = self._clock()
        for job, _ in jobs:
            left = patience - (self._clock() - begun)
            try:
                await wakeup.done(job.future, max(0.0, left))
            except TimeoutError:
                job.finish(error=Closed())
        for lease in self._leases:
            lease.release()
        await super().close(0.0)

    # Inside

    def _stuck(self) -> list[str]:
        since = self._clock() - stuck_after(self.settings)
        with self._queue.lock:
            found = {job.key for job, begun in self._jobs.items() if begun < since}
        return sorted({key if key in self.entries else UNLISTED for key in found})

    def _submit(self, job: Job) -> None:
        """Has a thread do it, in the context of whoever asks: `spaces` finds there whose quota it
        is. A call that has its GPU when its deadline comes runs on unheard; a generation stops at
        the next event after its reader has left. Raises `Busy`, `Closed`, `UnknownModel`."""
        self._known(job.key)
        with self._queue.lock:
            refusal: Refusal | None = None
            if self._queue.closed:
                refusal = Closed()
            elif len(self._jobs) >= self.settings.queue_limit:
                refusal = Busy(waiting=len(self._jobs))
            if refusal is None:
                self._jobs[job] = math.inf
                self._threads.submit(contextvars.copy_context().run, self._do, job)
        if refusal is not None:
            job.finish(error=refusal)
            raise refusal

    def _do(self, job: Job) -> None:
        try:
            if not job.future.done():
                with self._queue.lock:
                    self._jobs[job] = self._clock()
                entry = self._fetch(job.key)  # so that no GPU time goes into a download
                if isinstance(job, Request):
                    self._compute(job, entry)
                elif isinstance(job, Generation):
                    self._write(job, entry)
                else:
                    job.finish()
        except BaseException as error:
            job.finish(error=lent(error, job.key) or explain(error, job.key))
        finally:
            with self._queue.lock:
                del self._jobs[job]

    def _call(self, key: str) -> None:
        with self._read:
            self._read.notify_all()

    def _device_kind(self) -> str:
        return self._cache.device.kind if self._cache.device else "cpu"

    def _fetch(self, key: str) -> Entry:
        """Loads a model that is not placed in main memory, once, and drops it: what is left is its
        files. Gives its entry."""
        entry = self._entry(key)
        if key in self._placed or key in self._fetched:
            return entry

        def progress(done: int, total: int) -> None:
            self._progress[key] = (done, total)

        with self._fetching:
            if key not in self._fetched:
                try:
                    self._load(entry, "cpu", progress)
                except BaseException as error:
                    raise explain(error, key, loading=True) from None
                finally:
                    self._progress.pop(key, None)
                self._fetched.add(key)
        return entry

    def _compute(self, request: Request, entry: Entry) -> None:
        sent = packed((request.input, request.options))
        begun = self._clock()
        got = self._predict(entry, self._device_kind(), sent)
        answer = opened(pickle.loads(got))
        self.metrics.batch(request.key, 1)
        request.finish(Answer(answer, begun - request.asked_at, self._clock() - begun))

    def _write(self, generation: Generation, entry: Entry) -> None:
        def wanted() -> bool:
            return not generation.paused or generation.future.done()

        sent = packed((generation.prompt, generation.options))
        with closing(self._generate(entry, self._device_kind(), sent)) as events:
            for got in events:
                if (event := opened(pickle.loads(got))) is not None:
                    generation.put(event)
                while not wanted():
                    with self._read:
                        self._read.wait_for(wanted, generation.seconds)
                    if generation.abandoned(self._clock()):
                        generation.expire()
                if generation.future.done():
                    return
        generation.finish()


# In the worker


def predicted(placed: Placed, load: Load, entry: Entry, device: str, sent: bytes) -> bytes:
    """The answer to one input, or what was refused, packed."""
    try:
        input, options = pickle.loads(sent)
        model = found(placed, load, entry, device)
        [answer] = compute(
            lambda inputs, **o: list(model.predict(inputs, **o)), [input], options, _free
        )
    except Exception as error:
        answer = error
    if isinstance(answer, BaseException):
        answer = Refused.of(answer, entry.key)  # type: ignore[arg-type]
    return packed(answer)


def generated(
    placed: Placed, load: Load, entry: Entry, device: str, sent: bytes
) -> Iterator[bytes]:
    """The events of one generation, packed; a refusal is the last one."""
    try:
        prompt, options = pickle.loads(sent)
        model = found(placed, load, entry, device)
        state = model.begin(prompt, **options)
        while not state.done:
            [event] = model.step([state])
            if isinstance(event, StopIteration):
                return
            if isinstance(event, Exception):
                raise event
            yield packed(event)
    except Exception as error:
        yield packed(Refused.of(error, entry.key))


def found(placed: Placed, load: Load, entry: Entry, device: str) -> Any:
    """The model: as it was placed before launch, or loaded for this call only."""
    known, model = placed.get(entry.key, (None, None))
    if known == entry:
        return model
    try:
        return load(entry, device, _unseen)
    except Exception as error:
        raise explain(error, entry.key, loading=True) from None


class _OffDevice(pickle.Pickler):
    """What lies on a device is sent as its copy in main memory: the other side has no device."""

    def reducer_override(self, value: Any) -> Any:
        kind = getattr(getattr(value, "device", None), "type", "cpu")
        if kind != "cpu" and callable(copy := getattr(value, "cpu", None)):
            return copy().__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return NotImplemented


def packed(value: Any) -> bytes:
    """``value`` on its way between the two processes, both of them this program's own."""
    into = io.BytesIO()
    _OffDevice(into, pickle.HIGHEST_PROTOCOL).dump(value)
    return into.getvalue()


def lent(error: BaseException, model: str) -> Refusal | None:
    """What `spaces` says with an error of Gradio's own; None where the error is another one."""
    kinds = {
        kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "gradio.exceptions"
    }
    if "Error" not in kinds:
        return None
    aborted = "worker error" in str(getattr(error, "title", ""))
    return Interrupted(model=model) if aborted else NoGpu()


def _free() -> None:
    """A worker holds what it was forked with: there is nothing to let go."""


def _unseen(done: int, total: int) -> None:
    """Nobody sees a worker's progress."""
