"""The jobs on disk: which states they pass through, whose comes next, how many there may be, and
what is removed when it is old. Any thread may call any method."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from jobs import errors, store
from jobs.commands import EVALUATE
from jobs.folder import OUT, kept, named
from jobs.limits import MIB, Limits
from jobs.store import ACTIVE, ENDED, Record, Store, owns
from pretrained import checkpoint
from pretrained.errors import Refusal

SWEEP = 600.0  # seconds between two looks for what is old


@dataclass(frozen=True)
class Job:
    """A training, as its page shows it.

    Attributes:
        state: queued, running, paused, done, failed or cancelled.
        place: 1 for the next of those that are queued; None for others.
        asked: pause or cancel, while a worker still keeps what it has learnt.
        error: code and fields of why it failed. sentence: the same in English.
        seconds: that its workers have run. mine: whether whoever asks started it.
        name: that its owner gave it; "" where they gave none.
        link: by which others use what it has become (`jobs.Jobs.linked`).
        out: the folder where its model is once it is done.
        kept: whether it has a state to go on from.
    """

    id: str
    key: str
    options: Mapping[str, Any]
    state: str
    place: int | None
    asked: str
    created: float
    changed: float
    seconds: float
    error: Mapping[str, Any]
    sentence: str
    mine: bool
    out: Path
    name: str
    link: str
    kept: bool

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def evaluates(self) -> bool:
        """Whether it measures a model, and trains none: see `jobs.Jobs.evaluate`."""
        return EVALUATE in self.options


class Queue:
    """One folder of jobs. ``lock`` is held by whoever changes more than one record or file."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """Open the folder.

        Raises:
            JobsElsewhere: another server has it.
        """
        self.limits, self.clock, self.lock = limits, clock, threading.RLock()
        top = limits.folder
        for each in (top, top / "jobs", top / "uploads"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = FileLock(top / "lock")
        try:
            self._held.acquire(timeout=0)
        except Timeout:
            raise errors.JobsElsewhere(path=top) from None
        self.store = Store(top / "jobs.sqlite")
        for record in self.store.within(store.DONE) if self.store.nameless else ():
            with contextlib.suppress(Refusal):
                config = checkpoint.read_json(self.place(record.id) / OUT, checkpoint.CONFIG)
                self.store.change_record(record.id, name=named(config))

    def close(self) -> None:
        """Let another server have the folder."""
        with self.lock:
            self.store.close()
        self._held.release()

    def place(self, id: str) -> Path:
        """The folder of a job: see `jobs.folder`."""
        return self.limits.folder / "jobs" / id

    def record(self, id: str) -> Record:
        """Raises UnknownJob where there is none."""
        record = self.store.get(id)
        if record is None:
            raise errors.UnknownJob
        return record

    def mine(self, id: str, owner: str) -> Record:
        """Raises UnknownJob, or NotYours where ``owner`` is not its owner's token."""
        record = self.record(id)
        if not owns(record, owner):
            raise errors.NotYours
        return record

    def seen(self, record: Record, owner: str) -> Job:
        """A job as whoever has this token is shown it."""
        place = None
        if record.state == store.QUEUED:
            order = [one.id for one in self.next(self.limits.waiting + self.limits.at_once)]
            place = order.index(record.id) + 1 if record.id in order else None
        error = record.error
        sentence = errors.said(error["code"], error["fields"]) if error else ""
        out = self.place(record.id) / OUT
        return Job(
            record.id, record.key, record.options, record.state, place, record.asked,
            record.created, record.changed, record.seconds, error, sentence,
            owns(record, owner), out, record.name, record.link, bool(kept(out)),
        )  # fmt: skip

    def becomes(self, record: Record, state: str, **fields: Any) -> None:
        """Put a job into a state, set other fields of its record, and tell it as an event."""
        now = self.clock()
        told = {"state": state, **({"error": fields["error"]} if fields.get("error") else {})}
        with self.store.change():
            self.store.change_record(record.id, state=state, changed=now, asked="", **fields)
            self.store.tell(record.id, now, [("state", told)])

    def delete(self, id: str) -> None:
        """Remove its record, its events and its folder."""
        self.store.remove(id)
        shutil.rmtree(self.place(id), ignore_errors=True)  # what is left is swept

    def next(self, free: int) -> Sequence[Record]:
        """The jobs that ``free`` more workers would begin, in the order of their turns."""
        waiting = self.store.within(store.QUEUED)
        return in_order(waiting, self.store.served())[: max(0, free)]

    def check_space(self) -> None:
        """Raises NoSpace where the disk has no room for what a training writes."""
        if shutil.disk_usage(self.limits.folder).free < self.limits.disk_mb * MIB:
            raise errors.NoSpace

    def check_room(self, owner: str, address: str, *, again: bool = False) -> None:
        """Raises QueueFull or TooManyYours where nothing more may be queued.

        Args:
            owner, address: hashed. again: a job that the owner has already.
        """
        active = self.store.within(*ACTIVE)
        if len(active) >= self.limits.waiting:
            raise errors.QueueFull(waiting=len(active))
        if sum(r.address == address for r in active) >= max(1, self.limits.waiting // 2):
            raise errors.QueueFull(waiting=len(active))
        if sum(r.owner == owner for r in active) >= self.limits.each:
            raise errors.TooManyYours(most=self.limits.each)
        if not again:
            self.check_kept(owner)

    def check_kept(self, owner: str) -> None:
        """Raises TooManyYours where an owner (hashed) has as many jobs as are kept."""
        if len(self.store.of(owner)) >= self.limits.kept:
            raise errors.TooManyYours(most=self.limits.kept)

    def sweep(self) -> int:
        """Remove jobs that ended or were paused too long ago, and uploads nobody used; how many."""
        before = self.clock() - self.limits.keep_hours * 3600
        old = [r for r in self.store.within(*ENDED, store.PAUSED) if r.changed < before]
        for record in old:
            self.delete(record.id)
        removed, known = len(old), self.store.ids()
        for place in (self.limits.folder / "jobs").iterdir():
            if place.name not in known and not place.name.startswith("."):
                removed += _gone(place, min(before, self.clock() - SWEEP))
        for place in (self.limits.folder / "uploads").glob("*/*"):
            removed += _gone(place, before)
        for place in (self.limits.folder / "uploads").iterdir():
            with contextlib.suppress(OSError):  # one that is not empty stays
                place.rmdir()
        for place in self.limits.folder.glob(".*"):  # what a server that was killed left
            removed += _gone(place, min(before, self.clock() - SWEEP))
        self.store.forget_callers()
        return removed


def _gone(place: Path, before: float) -> int:
    """Remove a folder in which nothing has changed since; 1 if so."""
    with contextlib.suppress(OSError):
        if max(p.stat().st_mtime for p in (place, *place.rglob("*")) if p.exists()) < before:
            shutil.rmtree(place, ignore_errors=True)
            return 1
    return 0


def in_order(waiting: Sequence[Record], served: Mapping[str, int]) -> list[Record]:
    """The jobs in the order in which they will have their turn, as things stand.

    Turns go round among addresses, and within each among its owners (cf. `inference.round_robin`);
    an owner's own jobs go in the order in which they were queued. Unlike there, who had the last
    turn is kept on disk, since a turn may last half an hour.

    Args:
        served: when each address and each owner had a turn, as `Store.served` counts.
    """
    left, had = list(waiting), dict(served)
    now = max(had.values(), default=0)
    found = []
    while left:
        one = min(left, key=lambda r: (had.get(r.address, 0), had.get(r.owner, 0), r.queued, r.id))
        left.remove(one)
        found.append(one)
        now += 1
        had[one.address] = had[one.owner] = now
    return found
