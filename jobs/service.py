"""`Jobs`: the store, the queue and the workers put together. Any thread may call any method."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import math
import os
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from jobs import errors, fair_share, folder, moments, store
from jobs.folder import DATA, LOG, OUT, Told
from jobs.intake import FULL, Intake
from jobs.limits import MIB, SPARE, Limits
from jobs.store import ACTIVE, ENDED, Event, Record, Store
from jobs.worker import Worker, end_orphans, flags
from pretrained import catalog

log = logging.getLogger(__name__)

GRACE = 30.0  # seconds in which a worker that was asked to end keeps what it has learnt
SHARE = 0.9  # of its turn, after which a worker is asked to end; at its end it is killed
PATIENCE = 5  # times in a row that a worker may end without having kept anything new
EVERY = 0.5  # seconds between two looks at the workers
UPLOADS = 512  # folders of what visitors sent and have not trained on yet, of all of them
SWEEP = 600.0  # seconds between two looks for what is old
#: What `secrets.token_urlsafe(16)` makes: an id of a job, the name of an upload.
TOKEN = re.compile(r"[\w-]{22}")
#: The option of a job that measures a model (`Jobs.evaluate`).
EVALUATE = "evaluate"
#: What a visitor may choose, besides ``minutes``: the type, and what `pretrained train` calls it.
OPTIONS: Mapping[str, type] = {
    "minutes": float, "epochs": int, "lr": float, "seed": int,
    "scratch": bool, "head_only": bool, "smoke": bool,
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A training, as its page shows it.

    Attributes:
        state: queued, running, paused, done, failed or cancelled.
        place: 1 for the next of those that are queued; None for others.
        asked: pause or cancel, while a worker still keeps what it has learnt.
        error: code and fields of why it failed. sentence: the same in English.
        seconds: that its workers have run. mine: whether whoever asks started it.
        out: the folder where its model is once it is done.
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

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def evaluates(self) -> bool:
        """Whether it measures a model, and trains none: see `Jobs.evaluate`."""
        return EVALUATE in self.options


@dataclass
class _Running:
    """A worker, and what is to become of it. ``verdict``: the limit that it broke."""

    worker: Worker
    started: float
    kept: str  # the state that it began from
    told: Told
    spent: float = 0.0  # seconds before
    verdict: dict[str, Any] | None = None
    turn_over: bool = False
    killed_at: float = math.inf
    sizes: dict[str, int] = field(default_factory=dict)


def train(record: Record, place: Path, minutes: float) -> list[str]:
    """The command of a worker: the same recipe that the command line has."""
    command = [sys.executable, "-m", "pretrained", "train", record.key]
    command += ["--data", str(place / record.data), "--out", str(place / OUT)]
    command += ["--minutes", f"{minutes:g}", "--resume", "--watch"]
    return command + flags({n: value for n, value in record.options.items() if n != "minutes"})


def recipe(record: Record, place: Path, minutes: float) -> list[str]:
    """The command of a worker that trains, or of one that measures."""
    if EVALUATE not in record.options:
        return train(record, place, minutes)
    command = [sys.executable, "-m", "pretrained", "evaluate", record.key]
    command += ["--data", str(place / record.data), "--out", str(place / OUT), "--json"]
    return command + flags(record.options[EVALUATE]["options"])


class Jobs:
    """See `jobs`. `start` lets workers run, in a thread; without it `tick` does one look's work."""

    def __init__(
        self,
        limits: Limits,
        *,
        command: Callable[[Record, Path, float], Sequence[str]] = recipe,
        known: Callable[[str], object] = catalog.find,
        worker: Callable[[Sequence[str], Path, Path], Worker] = Worker,
        clock: Callable[[], float] = time.time,
        patience: int = PATIENCE,
    ) -> None:
        """Open the folder. What ran when it was last closed, or broke off, is queued again.

        Args:
            command: of a worker. known: raises a `Refusal` for a key that no model has.

        Raises:
            JobsElsewhere: another server has this folder.
        """
        self.limits, self.command, self.known, self.make = limits, command, known, worker
        self.clock, self.patience = clock, patience
        top = limits.folder
        for each in (top, top / "jobs", top / "uploads"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = FileLock(top / "lock")
        try:
            self._held.acquire(timeout=0)
        except Timeout:
            raise errors.JobsElsewhere(path=top) from None
        self.store = Store(top / "jobs.sqlite")
        self._lock = threading.RLock()
        self._running: dict[str, _Running] = {}
        self._wake, self._closed = threading.Event(), False
        self._thread: threading.Thread | None = None
        self._swept = -math.inf
        if orphans := end_orphans(top / "jobs", GRACE):
            log.warning("%d workers of a server that broke off were ended", orphans)
        for record in self.store.within(store.RUNNING):
            with contextlib.suppress(errors.NoSpace):  # then `tick` finds it
                self._becomes(record, store.QUEUED)

    # ---- what a page asks ---------------------------------------------------------------------

    def upload(self, owner: str) -> Path:
        """A new folder for what a visitor sends, to be filled through `intake`.

        Raises:
            JobsOff, TooManyYours, NoSpace: it is not to be had.
        """
        self._on()
        self.check_space()
        if sum(1 for _ in (self.limits.folder / "uploads").glob("*/*")) >= UPLOADS:
            raise errors.NoSpace
        mine = self.limits.folder / "uploads" / _hash(owner)
        made = mine / secrets.token_urlsafe(16)
        with self._lock:  # `sweep` takes folders of owners that are empty
            mine.mkdir(mode=0o700, exist_ok=True)
            if len(list(mine.iterdir())) >= self.limits.kept:
                raise errors.TooManyYours(most=self.limits.kept)
            made.mkdir(mode=0o700)
        return made

    def check_space(self) -> None:
        """Raises NoSpace where the disk has no room for what a training writes."""
        if shutil.disk_usage(self.limits.folder).free < self.limits.disk_mb * MIB:
            raise errors.NoSpace

    def check_room(self, owner: str) -> None:
        """Raises JobsOff, TooManyYours or NoSpace where no further model of this owner's fits."""
        self._on()
        self.check_space()
        self._keeps_few(_hash(owner))

    def uploaded(self, owner: str, name: str) -> Path:
        """The folder that `upload` made, by its name.

        Raises:
            UnknownUpload: this owner has none of that name.
        """
        folder = self.limits.folder / "uploads" / _hash(owner) / name
        if not owner or not TOKEN.fullmatch(name) or not folder.is_dir():
            raise errors.UnknownUpload
        return folder

    def intake(self, upload: Path) -> Intake:
        """What fills that folder, within the limits on data."""
        return Intake(upload, self.limits.data_mb, self.limits.files)

    def submit(
        self,
        key: str,
        data: Path,
        options: Mapping[str, Any] | None = None,
        *,
        owner: str,
        address: str = "",
    ) -> Job:
        """Queue a training.

        Args:
            key: of the model to train or to start from.
            data: a folder of `upload`, or a file or folder in it, which moves to the job; anything
                else is copied.
            options: some of `OPTIONS`.
            owner: the visitor's secret token. address: where from; turns go round among addresses.

        Raises:
            Refusal: it cannot be; nothing has changed then.
        """
        return self._submit(key, data, checked(options or {}), owner, address)

    def evaluate(
        self,
        key: str,
        data: Path,
        about: Mapping[str, Any],
        *,
        owner: str,
        address: str = "",
        in_place: bool = False,
    ) -> Job:
        """Queue the measuring of a model: `submit`, but ``out/result.json`` is what it leaves.

        Args:
            about: kept with it; its ``options`` are the ``split`` and ``direction`` of the
                command, from a card and not from a visitor.
            in_place: read the data where they lie, as they are the host's: nothing is copied.

        Raises:
            Refusal: it cannot be; nothing has changed then.
        """
        return self._submit(key, data, {EVALUATE: dict(about)}, owner, address, in_place)

    def _submit(
        self,
        key: str,
        data: Path,
        chosen: Mapping[str, Any],
        owner: str,
        address: str,
        in_place: bool = False,
    ) -> Job:
        self._on()
        self.known(key)
        who = _hash(owner)
        where = _hash(address) if address else who
        self._room(who, where)  # before anything is copied
        self.check_space()
        id = secrets.token_urlsafe(16)
        place = self._place(id)
        upload = None if in_place else self._upload_of(data, who)
        try:
            place.mkdir(mode=0o700)
            if in_place:
                relative = str(data.absolute())
            elif upload is None:
                self.intake(place / DATA).receive([data])
                relative = f"{DATA}/{data.name}" if data.is_file() else DATA
            with self._lock:
                self._room(who, where)
                if upload is not None:
                    relative = self._moved(data, upload, place / DATA)
                now = self.clock()
                record = Record(id, who, where, key, relative, chosen, store.QUEUED, now, now, now)
                with self.store.change():
                    self.store.add(record)
                    self.store.tell(id, now, [("state", {"state": store.QUEUED})])
        except BaseException as error:
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, OSError):
                raise errors.NoSpace from error
            raise
        self._wake.set()
        return self._seen(record, owner)

    def get(self, id: str, owner: str = "") -> Job:
        """One job; whoever has its id may look at it.

        Raises:
            UnknownJob: there is none.
        """
        return self._seen(self._record(id), owner)

    def list(self, owner: str) -> list[Job]:
        """An owner's jobs, the newest first."""
        return [self._seen(record, owner) for record in self.store.of(_hash(owner))]

    def pause(self, id: str, owner: str) -> Job:
        """Keep what was learnt and wait until `resume`."""
        return self._ask(id, owner, "pause")

    def cancel(self, id: str, owner: str) -> Job:
        """End it; what it learnt stays until it is swept."""
        return self._ask(id, owner, "cancel")

    def resume(self, id: str, owner: str) -> Job:
        """Queue what was paused, or what failed, to go on from what was kept last."""
        with self._lock:
            record = self._mine(id, owner)
            if record.state == store.RUNNING and record.asked == "pause":
                self.store.change_record(id, asked="resume")
            elif record.state in (store.PAUSED, store.FAILED):
                self._on()
                self._room(record.owner, record.address, again=True)
                self._becomes(record, store.QUEUED, queued=self.clock(), futile=0, error={})
            elif record.state not in ACTIVE:
                raise errors.JobEnded
        self._wake.set()
        return self.get(id, owner)

    def remove(self, id: str, owner: str) -> None:
        """End it if need be, and delete all of it."""
        with self._lock:
            record = self._mine(id, owner)
            if record.state == store.RUNNING:
                self.store.change_record(id, asked="remove")
            else:
                self._delete(id)
        self._wake.set()

    def events(self, id: str, after: int = 0) -> Sequence[Event]:
        """What has happened after the event number ``after``: for a page that polls.

        Raises:
            UnknownJob: there is none, or no more.
        """
        self._record(id)
        return self.store.events(id, after)

    async def follow(self, id: str, after: int = 0) -> AsyncIterator[Event]:
        """The same as it happens, until the job has ended: for a page that streams."""
        while True:
            ended = self._record(id).state in ENDED  # asked first: its last events are there then
            for event in self.store.events(id, after):
                after = event.n
                yield event
            if ended:
                return
            await asyncio.sleep(EVERY)

    def log(self, id: str, owner: str) -> str:
        """The end of what the worker printed; for its owner, as it names places on the server."""
        return folder.tail(self._place(self._mine(id, owner).id))

    def take_home(self, id: str) -> Path:
        """The zip of a model that is done, for whoever has its id: see `jobs.take_home`. It may
        take a minute.

        Raises:
            NotDone: it is not. TakeHomeBusy: another one is being packed.
        """
        from jobs import take_home

        job = self.get(id)
        if job.evaluates:
            raise errors.UnknownJob
        if job.state != store.DONE:
            raise errors.NotDone
        return take_home.packed(job.out, take_home.Facts.of(job))

    def push(
        self, id: str, owner: str, repository: str, token: str, *, private: bool = True
    ) -> str:
        """Send what `take_home` packs to the Hub, under the owner's own token, which is not kept.
        Gives the repository's address.

        Raises:
            NotYours: somebody else's. PushOff: whoever hosts the app wants none.
            Refusal: as `take_home` and `take_home.pushed` say.
        """
        from jobs import take_home

        self._mine(id, owner)
        if not self.limits.push:
            raise errors.PushOff
        take_home.checked(repository, token)  # before a zip is made, which may take a minute
        return take_home.pushed(self.take_home(id), repository, token, private=private)

    def adopt(self, model: Path, owner: str, address: str = "", name: str = "") -> Job:
        """A job that is done, of a zip that was taken home or of a folder of its files.

        Args:
            name: what the zip is called at the visitor's.

        Raises:
            Refusal: it is not taken (`take_home.unpacked`), or there are too many.
        """
        from jobs import take_home

        self.check_room(owner)
        who = _hash(owner)
        id = secrets.token_urlsafe(16)
        place = self._place(id)
        try:
            place.mkdir(mode=0o700)
            out = take_home.unpacked(model, place / OUT, name, self.limits.data_mb)
            key, now = take_home.recipe(out), self.clock()
            where = _hash(address) if address else who
            record = Record(id, who, where, key, "", {}, store.DONE, now, now, now)
            curve = folder.news(out, Told())
            with self._lock, self.store.change():
                self._keeps_few(who)  # two at once
                self.store.add(record)
                self.store.tell(id, now, [*curve, ("state", {"state": store.DONE})])
        except BaseException as error:
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in FULL:
                raise errors.NoSpace from error
            raise
        return self._seen(record, owner)

    def moment(self, id: str, name: str) -> Path:
        """A checkpoint folder with the weights of one ``moment`` event: see `moments.folder_of`."""
        return moments.folder_of(self._place(self._record(id).id) / OUT, name)

    # ---- what runs ----------------------------------------------------------------------------

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
        with self._lock:
            for running in self._running.values():
                running.turn_over = True
                running.worker.ask_to_end()
            for id, running in list(self._running.items()):
                if not running.worker.wait(end - time.monotonic()):
                    running.worker.kill()
                    running.worker.wait(GRACE)
                with contextlib.suppress(Exception):  # the next start queues it too
                    self._look(id, running)
            self.store.close()
        self._held.release()

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
        with self._lock:
            full: errors.NoSpace | None = None
            for id, running in list(self._running.items()):
                try:
                    self._look(id, running)
                except errors.NoSpace as error:
                    full = error
            if full is not None:
                raise full
            lost = [r for r in self.store.within(store.RUNNING) if r.id not in self._running]
            for record in lost:
                self._becomes(record, store.QUEUED)
            if not self._closed and self.limits.on:
                for record in self._next(self.limits.at_once - len(self._running)):
                    self._begin(record)
            if self.clock() - self._swept > SWEEP:
                self._swept = self.clock()
                self.sweep()

    def sweep(self) -> int:
        """Remove jobs that ended or were paused too long ago, and uploads nobody used; how many."""
        before = self.clock() - self.limits.keep_hours * 3600
        old = [r for r in self.store.within(*ENDED, store.PAUSED) if r.changed < before]
        for record in old:
            self._delete(record.id)
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

    def _next(self, free: int) -> Sequence[Record]:
        waiting = self.store.within(store.QUEUED)
        return fair_share.in_order(waiting, self.store.served())[: max(0, free)]

    def _begin(self, record: Record) -> None:
        place = self._place(record.id)
        out = place / OUT
        told = Told.by(self.store.events(record.id))
        with self.store.change():
            self.store.serve(record.address, record.owner)
            self._becomes(record, store.RUNNING)
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / folder.REFUSAL).unlink(missing_ok=True)
            minutes = self._minutes(record)
            worker = self.make(self.command(record, place, minutes), place, place / LOG)
        except OSError as error:
            log.error("job %s could not be started: %s", record.id[:8], error)
            failure = errors.NoSpace() if error.errno in FULL else None
            told_error = folder.as_error(failure) if failure else folder.unexpected(record.id)
            self._becomes(replace(record, state=store.RUNNING), store.FAILED, error=told_error)
            return
        self._running[record.id] = _Running(
            worker, self.clock(), folder.kept(out), told, record.seconds
        )

    def _look(self, id: str, running: _Running) -> None:
        record = self.store.get(id)
        if record is None:  # removed behind our back
            running.worker.kill()
            del self._running[id]
            return
        now, code = self.clock(), running.worker.poll()
        if news := folder.news(self._place(id) / OUT, running.told):
            self.store.tell(id, now, news)
            running.told.take(news)
        if code is not None:
            self._ended(record, running, code)
            del self._running[id]
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
        elif not record.asked:
            return
        running.worker.ask_to_end()
        running.killed_at = now + grace
        if grace <= 0:
            running.worker.kill()

    def _broken(self, record: Record, running: _Running, ran: float) -> dict[str, Any] | None:
        """The limit that a worker has broken, or None."""
        limits = self.limits
        if running.worker.memory() > limits.memory_mb * MIB:
            return folder.as_error(errors.OverMemory(limit=limits.memory_mb))
        place = self._place(record.id)
        if folder.size(place / OUT) + folder.size(place / LOG) > limits.disk_mb * MIB:
            return folder.as_error(errors.OverDisk(limit=limits.disk_mb))
        allowed = 2 * self._minutes(record) * 60 + SPARE
        if running.spent + ran > allowed:
            return folder.as_error(errors.OverTime(minutes=f"{allowed / 60:.0f}"))
        return None

    def _ended(self, record: Record, running: _Running, code: int) -> None:
        """What becomes of a job whose worker has ended."""
        out = self._place(record.id) / OUT
        further = folder.kept(out) != running.kept
        futile = 0 if further else record.futile + 1
        seconds = running.spent + self.clock() - running.started
        state, error = store.FAILED, None
        fields: dict[str, Any] = {"seconds": seconds, "futile": futile}
        if record.asked == "remove":
            self._delete(record.id)
            return
        if record.asked == "cancel":
            state = store.CANCELLED
        elif code == 0:
            state = store.DONE
        elif running.verdict is not None:
            error = running.verdict
        elif record.asked == "pause":
            state = store.PAUSED
        elif (said := folder.refusal(out, record.data)) is not None:
            error = said
        elif running.turn_over or record.asked == "resume":
            # To the back of the queue. Whoever never keeps anything never ends either.
            state, fields["queued"] = store.QUEUED, self.clock()
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
            tail = folder.tail(self._place(record.id))
            log.error("job %s ended with %d: %s", record.id[:8], code, tail)
        self._becomes(record, state, error=error or {}, **fields)

    # ---- one record ---------------------------------------------------------------------------

    def _becomes(self, record: Record, state: str, **fields: Any) -> None:
        now = self.clock()
        told = {"state": state, **({"error": fields["error"]} if fields.get("error") else {})}
        with self.store.change():
            self.store.change_record(record.id, state=state, changed=now, asked="", **fields)
            self.store.tell(record.id, now, [("state", told)])

    def _ask(self, id: str, owner: str, what: str) -> Job:
        with self._lock:
            record = self._mine(id, owner)
            if record.state in ENDED:
                raise errors.JobEnded
            after = store.PAUSED if what == "pause" else store.CANCELLED
            if record.state == store.RUNNING:
                if record.asked not in ("cancel", "remove"):
                    self.store.change_record(id, asked=what)
            elif record.state != after:
                self._becomes(record, after)
        self._wake.set()
        return self.get(id, owner)

    def _delete(self, id: str) -> None:
        self.store.remove(id)
        shutil.rmtree(self._place(id), ignore_errors=True)  # what is left is swept

    def _record(self, id: str) -> Record:
        record = self.store.get(id)
        if record is None:
            raise errors.UnknownJob
        return record

    def _mine(self, id: str, owner: str) -> Record:
        record = self._record(id)
        if not _same(record.owner, owner):
            raise errors.NotYours
        return record

    def _seen(self, record: Record, owner: str) -> Job:
        place = None
        if record.state == store.QUEUED:
            order = [one.id for one in self._next(self.limits.waiting + self.limits.at_once)]
            place = order.index(record.id) + 1 if record.id in order else None
        error = record.error
        sentence = errors.said(error["code"], error["fields"]) if error else ""
        return Job(
            record.id, record.key, record.options, record.state, place, record.asked,
            record.created, record.changed, record.seconds, error, sentence,
            _same(record.owner, owner), self._place(record.id) / OUT,
        )  # fmt: skip

    def _room(self, who: str, where: str, *, again: bool = False) -> None:
        active = self.store.within(*ACTIVE)
        if len(active) >= self.limits.waiting:
            raise errors.QueueFull(waiting=len(active))
        if sum(r.address == where for r in active) >= max(1, self.limits.waiting // 2):
            raise errors.QueueFull(waiting=len(active))
        if sum(r.owner == who for r in active) >= self.limits.each:
            raise errors.TooManyYours(most=self.limits.each)
        if not again:
            self._keeps_few(who)

    def _keeps_few(self, who: str) -> None:
        if len(self.store.of(who)) >= self.limits.kept:
            raise errors.TooManyYours(most=self.limits.kept)

    def _upload_of(self, data: Path, who: str) -> Path | None:
        """The folder of `upload` of this owner's that data are in, or None."""
        uploads = self.limits.folder / "uploads" / who
        inside = data.resolve().is_relative_to(uploads.resolve()) and data.resolve() != uploads
        if not inside or data.is_symlink():
            return None
        return uploads / data.resolve().relative_to(uploads.resolve()).parts[0]

    def _moved(self, data: Path, upload: Path, target: Path) -> str:
        """Move an upload to its job; what of it to learn from, relative to the job's folder."""
        if not data.exists():  # it may have been submitted twice
            raise errors.NoData
        if folder.size(upload) > self.limits.data_mb * MIB:
            raise errors.DataTooLarge(limit=self.limits.data_mb)
        relative = data.resolve().relative_to(upload.resolve())
        os.rename(upload, target)
        return (Path(DATA) / relative).as_posix()

    def _minutes(self, record: Record) -> float:
        return min(record.options.get("minutes", self.limits.minutes), self.limits.minutes)

    def _place(self, id: str) -> Path:
        return self.limits.folder / "jobs" / id

    def _on(self) -> None:
        if not self.limits.on:
            raise errors.JobsOff


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, each a value of its type that a run can follow.

    Raises:
        BadJobOption: one is not.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        kind = OPTIONS.get(name)
        right = kind is not None and isinstance(value, (int, float) if kind is float else kind)
        if right and kind is not bool:
            right = not isinstance(value, bool) and math.isfinite(value)
            right = right and (0 <= value < 2**31 if name == "seed" else value > 0)
        if not right:
            raise errors.BadJobOption(name=name, value=value)
        found[name] = value
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _same(owner: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(owner, _hash(token))


def _gone(place: Path, before: float) -> int:
    """Remove a folder in which nothing has changed since; 1 if so."""
    with contextlib.suppress(OSError):
        if max(p.stat().st_mtime for p in (place, *place.rglob("*")) if p.exists()) < before:
            shutil.rmtree(place, ignore_errors=True)
            return 1
    return 0
