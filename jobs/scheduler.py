"""The workers: who is started, watched and ended, and what becomes of a job whose worker ended."""

from __future__ import annotations

import contextlib
import logging
import math
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jobs import errors, folder, store
from jobs.folder import LOG, OUT, Told
from jobs.intake import FULL
from jobs.limits import ENDING, MIB, SPARE
from jobs.queue import SWEEP, Queue
from jobs.store import Record
from jobs.worker import Worker, end_orphans
from pretrained.disk import bytes_below

log = logging.getLogger(__name__)

GRACE = 30.0  # seconds in which a worker that was asked to end keeps what it has learnt
SHARE = 0.9  # of its turn, after which a worker is asked to end; at its end it is killed
PATIENCE = 5  # times in a row that a worker may end without having kept anything new
EVERY = 0.5  # seconds between two looks at the workers


@dataclass
class Running:
    """A worker, and what is to become of it. ``verdict``: the limit that it broke."""

    worker: Worker
    started: float
    kept: str  # the state that it began from
    told: Told
    spent: float = 0.0  # seconds before
    begun: float = 0.0  # as in `store.Record`
    verdict: dict[str, Any] | None = None
    turn_over: bool = False
    killed_at: float = math.inf
    sizes: dict[str, int] = field(default_factory=dict)


class Scheduler:
    """`start` lets workers run, in a thread; without it `tick` does one look's work."""

    def __init__(
        self,
        queue: Queue,
        command: Callable[[Record, Path, float], Sequence[str]],
        worker: Callable[[Sequence[str], Path, Path], Worker],
        patience: int,
    ) -> None:
        """What ran when the folder was last closed, or broke off, is queued again."""
        self.queue, self.store = queue, queue.store
        self.limits, self.clock = queue.limits, queue.clock
        self.command, self.make, self.patience = command, worker, patience
        self.running: dict[str, Running] = {}
        self._wake, self._closed = threading.Event(), False
        self._thread: threading.Thread | None = None
        self._swept = -math.inf
        if orphans := end_orphans(self.limits.folder / "jobs", GRACE):
            log.warning("%d workers of a server that broke off were ended", orphans)
        for record in self.store.within(store.RUNNING):
            with contextlib.suppress(errors.NoSpace):  # then `tick` finds it
                queue.becomes(record, store.QUEUED)

    def wake(self) -> None:
        """Look now, not at the next time."""
        self._wake.set()

    def start(self) -> None:
        """Let workers run from now on."""
        if self.limits.on and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()

    def close(self, seconds: float = GRACE) -> None:
        """Ask the workers to end, and queue their jobs for the next start."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        end = time.monotonic() + seconds
        with self.queue.lock:
            for running in self.running.values():
                running.turn_over = True
                running.worker.ask_to_end()
            for id, running in list(self.running.items()):
                if not running.worker.wait(end - time.monotonic()):
                    running.worker.kill()
                    running.worker.wait(GRACE)
                with contextlib.suppress(Exception):  # the next start queues it too
                    self._look(id, running)
            self.queue.close()

    def _run(self) -> None:
        while not self._closed:
            try:
                self.tick()
            except errors.NoSpace:
                log.error("the disk of %s is full: jobs wait", self.limits.folder)
            except Exception:
                log.exception("a look at the jobs failed")
            self._wake.wait(EVERY)
            self._wake.clear()

    def tick(self) -> None:
        """Look once at every worker, start what has its turn, sweep what is old.

        What a full disk does not let it write down it does again at the next look.
        """
        with self.queue.lock:
            full: errors.NoSpace | None = None
            for id, running in list(self.running.items()):
                try:
                    self._look(id, running)
                except errors.NoSpace as error:
                    full = error
            if full is not None:
                raise full
            lost = [r for r in self.store.within(store.RUNNING) if r.id not in self.running]
            for record in lost:
                self.queue.becomes(record, store.QUEUED)
            if not self._closed and self.limits.on:
                for record in self.queue.next(self.limits.at_once - len(self.running)):
                    self._begin(record)
            if self.clock() - self._swept > SWEEP:
                self._swept = self.clock()
                self.queue.sweep()

    def _begin(self, record: Record) -> None:
        place = self.queue.place(record.id)
        out = place / OUT
        told = Told.by(self.store.events(record.id))
        with self.store.change():
            self.store.serve(record.address, record.owner)
            self.queue.becomes(record, store.RUNNING)
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / folder.REFUSAL).unlink(missing_ok=True)
            minutes = self._minutes(record)
            worker = self.make(self.command(record, place, minutes), place, place / LOG)
        except OSError as error:
            log.error("job %s could not be started: %s", record.id[:8], error)
            failure = errors.NoSpace() if error.errno in FULL else None
            told_error = folder.as_error(failure) if failure else folder.unexpected(record.id)
            self.queue.becomes(replace(record, state=store.RUNNING), store.FAILED, error=told_error)
            return
        self.running[record.id] = Running(
            worker, self.clock(), folder.kept(out), told, record.seconds, record.begun
        )

    def _look(self, id: str, running: Running) -> None:
        record = self.store.get(id)
        if record is None:  # removed behind our back
            running.worker.kill()
            del self.running[id]
            return
        now, code = self.clock(), running.worker.poll()
        if news := folder.news(self.queue.place(id) / OUT, running.told):
            learnt = running.told.learnt
            self.store.tell(id, now, news)
            running.told.take(news)
            if running.told.learnt > learnt:
                running.begun = running.spent + now - running.started
                self.store.change_record(id, begun=running.begun)
        if code is not None:
            self._ended(record, running, code)
            del self.running[id]
            return
        ran = now - running.started
        if now >= running.killed_at:
            running.worker.kill()
        if math.isfinite(running.killed_at):
            return
        grace = GRACE
        if verdict := self._broken(record, running, ran):
            running.verdict = verdict
            if verdict["code"] == errors.OverMemory.code:
                grace = 0.0
        elif self.limits.slice_s is not None and ran >= SHARE * self.limits.slice_s:
            running.turn_over = True
            grace = self.limits.slice_s - ran
        elif not record.asked or (record.asked == "cancel" and running.told.learnt):
            return  # nothing is left to stop: its model comes
        running.worker.ask_to_end()
        running.killed_at = now + grace
        if grace <= 0:
            running.worker.kill()

    def _broken(self, record: Record, running: Running, ran: float) -> dict[str, Any] | None:
        """The limit that a worker has broken, or None."""
        limits = self.limits
        if running.worker.memory() > limits.memory_mb * MIB:
            return folder.as_error(errors.OverMemory(limit=limits.memory_mb))
        place = self.queue.place(record.id)
        if bytes_below(place / OUT) + bytes_below(place / LOG) > limits.disk_mb * MIB:
            return folder.as_error(errors.OverDisk(limit=limits.disk_mb))
        allowed = ENDING if running.told.learnt else 2 * self._minutes(record) * 60 + SPARE
        total = running.spent + ran
        if total - running.begun > allowed:
            return folder.as_error(errors.OverTime(minutes=f"{total / 60:.0f}"))
        return None

    def _ended(self, record: Record, running: Running, code: int) -> None:
        """What becomes of a job whose worker has ended."""
        out = self.queue.place(record.id) / OUT
        further = folder.kept(out) != running.kept
        futile = 0 if further else record.futile + 1
        seconds = running.spent + self.clock() - running.started
        state, error = store.FAILED, None
        fields: dict[str, Any] = {"seconds": seconds, "futile": futile}
        if record.asked == "remove":
            self.queue.delete(record.id)
            return
        if code == 0:  # though it was asked to stop meanwhile
            state = store.DONE
        elif record.asked == "cancel":
            state = store.CANCELLED
        elif running.verdict is not None:
            error = running.verdict
        elif record.asked == "pause":
            state = store.PAUSED
        elif (said := folder.refusal(out, record.data)) is not None:
            error = said
        elif running.turn_over or record.asked == "resume":
            # To the back of the queue. Whoever never keeps anything never ends either.
            state, fields["queued"] = store.QUEUED, self.clock()
            if record.asked == "resume":
                fields["begun"] = seconds
            if futile >= self.patience:
                state = store.FAILED
                error = folder.as_error(errors.Stalled(seconds=f"{self.limits.slice_s or 0:g}"))
        elif code < 0 or code > 128:  # killed, not by us
            state = store.QUEUED
            if futile >= self.patience:
                state, error = store.FAILED, folder.as_error(errors.Killed(times=futile))
        elif shutil.disk_usage(out).free < MIB:
            error = folder.as_error(errors.NoSpace())
        else:
            error = folder.unexpected(record.id)
            tail = folder.tail(self.queue.place(record.id))
            log.error("job %s ended with %d: %s", record.id[:8], code, tail)
        self.queue.becomes(record, state, error=error or {}, **fields)

    def _minutes(self, record: Record) -> float:
        return min(record.options.get("minutes", self.limits.minutes), self.limits.minutes)
