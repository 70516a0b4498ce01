"""`Jobs`: the queue, the uploads and the workers put together. Any thread may call any method."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs import errors, folder, moments, store
from jobs.commands import EVALUATE, checked, command_of
from jobs.folder import DATA, OUT, Told
from jobs.intake import FULL, Intake
from jobs.limits import Limits
from jobs.queue import Job, Queue
from jobs.scheduler import EVERY, GRACE, PATIENCE, Scheduler
from jobs.store import ACTIVE, ENDED, Event, Record, hashed
from jobs.uploads import Uploads
from jobs.worker import Worker
from pretrained import catalog, checkpoint


class Jobs:
    """See `jobs`. `start` lets workers run, in a thread; without it `tick` does one look's work."""

    def __init__(
        self,
        limits: Limits,
        *,
        command: Callable[[Record, Path, float], Sequence[str]] = command_of,
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
        self.limits, self.known, self.clock = limits, known, clock
        self.queue = Queue(limits, clock)
        self.store = self.queue.store
        self.uploads = Uploads(limits, self.queue.lock)
        self.scheduler = Scheduler(self.queue, command, worker, patience)

    def start(self) -> None:
        """Let workers run from now on."""
        self.scheduler.start()

    def tick(self) -> None:
        """What the thread of `start` does: see `Scheduler.tick`."""
        self.scheduler.tick()

    def sweep(self) -> int:
        """Remove what is old: see `Queue.sweep`."""
        return self.queue.sweep()

    def close(self, seconds: float = GRACE) -> None:
        """Ask the workers to end, and queue their jobs for the next start."""
        self.scheduler.close(seconds)

    def upload(self, owner: str, address: str = "") -> Path:
        """A new folder for what a visitor sends, to be filled through `intake`.

        Raises:
            JobsOff, TooManyYours, UploadsFull, NoSpace: it is not to be had.
        """
        self._on()
        self.queue.check_space()
        return self.uploads.new(hashed(owner), hashed(address) if address else "")

    def uploaded(self, owner: str, name: str) -> Path:
        """The folder that `upload` made, by its name.

        Raises:
            UnknownUpload: this owner has none of that name.
        """
        if not owner:
            raise errors.UnknownUpload
        return self.uploads.named(hashed(owner), name)

    def check_room(self, owner: str) -> None:
        """Raises JobsOff, TooManyYours or NoSpace where no further model of this owner's fits."""
        self._on()
        self.queue.check_space()
        self.queue.check_kept(hashed(owner))

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
        who = hashed(owner)
        where = hashed(address) if address else who
        self.queue.check_room(who, where)  # before anything is copied
        self.queue.check_space()
        id = secrets.token_urlsafe(16)
        place = self.queue.place(id)
        upload = None if in_place else self.uploads.containing(data, who)
        try:
            place.mkdir(mode=0o700)
            if in_place:
                relative = str(data.absolute())
            elif upload is None:
                self.intake(place / DATA).receive([data])
                relative = f"{DATA}/{data.name}" if data.is_file() else DATA
            with self.queue.lock:
                self.queue.check_room(who, where)
                if upload is not None:
                    relative = self.uploads.move(data, upload, place / DATA)
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
        self.scheduler.wake()
        return self.queue.seen(record, owner)

    def get(self, id: str, owner: str = "") -> Job:
        """One job; whoever has its id may look at it.

        Raises:
            UnknownJob: there is none.
        """
        return self.queue.seen(self.queue.record(id), owner)

    def linked(self, link: str) -> Job:
        """The job that is used by this link, as a stranger is shown it.

        Raises:
            UnknownJob: there is none.
        """
        record = self.store.linked(link)
        if record is None:
            raise errors.UnknownJob
        return self.queue.seen(record, "")

    def list(self, owner: str) -> list[Job]:
        """An owner's jobs, the newest first."""
        return [self.queue.seen(record, owner) for record in self.store.of(hashed(owner))]

    def beside(self, id: str) -> Sequence[Job]:
        """The other jobs of whoever has this one, the newest first, as a stranger is shown them.

        Raises:
            UnknownJob: there is none.
        """
        records = self.store.of(self.queue.record(id).owner)
        return [self.queue.seen(record, "") for record in records if record.id != id]

    def pause(self, id: str, owner: str) -> Job:
        """Keep what was learnt and wait until `resume`."""
        return self._ask(id, owner, "pause")

    def cancel(self, id: str, owner: str) -> Job:
        """End it, unless it measures already; what it learnt stays until it is swept."""
        return self._ask(id, owner, "cancel")

    def resume(self, id: str, owner: str) -> Job:
        """Queue what was paused or stopped, or what failed, to go on from what was kept last, with
        as much time as if it began; from the beginning where nothing was kept."""
        with self.queue.lock:
            record = self.queue.mine(id, owner)
            if record.state == store.RUNNING and record.asked == "pause":
                self.store.change_record(id, asked="resume")
            elif record.state in (store.PAUSED, store.FAILED, store.CANCELLED):
                self._on()
                self.queue.check_room(record.owner, record.address, again=True)
                anew = {"queued": self.clock(), "begun": record.seconds, "futile": 0, "error": {}}
                self.queue.becomes(record, store.QUEUED, **anew)
            elif record.state not in ACTIVE:
                raise errors.JobEnded
        self.scheduler.wake()
        return self.get(id, owner)

    def rename(self, id: str, owner: str, name: str) -> Job:
        """Call it so, on one line and no longer than fits there; by nothing where it is empty."""
        with self.queue.lock:
            self.queue.mine(id, owner)
            self.store.change_record(id, name=folder.clean(name))
        return self.get(id, owner)

    def remove(self, id: str, owner: str) -> None:
        """End it if need be, and delete all of it."""
        with self.queue.lock:
            record = self.queue.mine(id, owner)
            if record.state == store.RUNNING:
                self.store.change_record(id, asked="remove")
            else:
                self.queue.delete(id)
        self.scheduler.wake()

    def events(self, id: str, after: int = 0) -> Sequence[Event]:
        """What has happened after the event number ``after``: for a page that polls.

        Raises:
            UnknownJob: there is none, or no more.
        """
        self.queue.record(id)
        return self.store.events(id, after)

    async def follow(self, id: str, after: int = 0) -> AsyncIterator[Event]:
        """The same as it happens, until the job has ended: for a page that streams."""
        while True:
            # Asked first: its last events are there then.
            ended = self.queue.record(id).state in ENDED
            for event in self.store.events(id, after):
                after = event.n
                yield event
            if ended:
                return
            await asyncio.sleep(EVERY)

    def log(self, id: str, owner: str) -> str:
        """The end of what the worker printed; for its owner alone, whose data it may name."""
        return folder.tail(self.queue.place(self.queue.mine(id, owner).id))

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

        self.queue.mine(id, owner)
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
        who = hashed(owner)
        id = secrets.token_urlsafe(16)
        place = self.queue.place(id)
        try:
            place.mkdir(mode=0o700)
            out = take_home.unpacked(model, place / OUT, name, self.limits.data_mb)
            key, now = take_home.recipe(out), self.clock()
            where = hashed(address) if address else who
            called = folder.named(checkpoint.read_json(out, checkpoint.CONFIG))
            record = Record(id, who, where, key, "", {}, store.DONE, now, now, now, name=called)
            curve = folder.news(out, Told())
            with self.queue.lock, self.store.change():
                self.queue.check_kept(who)  # two at once
                self.store.add(record)
                self.store.tell(id, now, [*curve, ("state", {"state": store.DONE})])
        except BaseException as error:
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in FULL:
                raise errors.NoSpace from error
            raise
        return self.queue.seen(record, owner)

    def moment(self, id: str, name: str) -> Path:
        """A checkpoint folder with the weights of one ``moment`` event: see `moments.folder_of`."""
        return moments.folder_of(self.queue.place(self.queue.record(id).id) / OUT, name)

    def _ask(self, id: str, owner: str, what: str) -> Job:
        with self.queue.lock:
            record = self.queue.mine(id, owner)
            if record.state in ENDED:
                raise errors.JobEnded
            after = store.PAUSED if what == "pause" else store.CANCELLED
            if record.state == store.RUNNING:
                if record.asked not in ("cancel", "remove"):
                    self.store.change_record(id, asked=what)
            elif record.state != after:
                self.queue.becomes(record, after)
        self.scheduler.wake()
        return self.get(id, owner)

    def _on(self) -> None:
        if not self.limits.on:
            raise errors.JobsOff
