"""Trainings that break: workers, the server and the disk die at random moments, many times.

A worker needs no torch (`fake_training`): it writes what training writes, and its curve depends on
everything that came before, so that one lost or doubled epoch shows. Asked of every job: that it
ends, along the same curve as undisturbed; of every fault: that no epoch that was kept is gone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import fake_training
from benchmarks.table import Spread, Table
from jobs import Jobs, Limits

EPOCHS, SECONDS = 40, 0.02  # of a job, and of an epoch
FAULTS, QUICK = 200, 12
NEXT = "next"  # a file in the folder: the job that has ended was looked at
ROOT = Path(__file__).parent.parent


@dataclass
class Survived:
    """What came of it. ``lost_epochs``: kept before a fault, and gone after it."""

    faults: int = 0
    jobs: int = 0
    lost_curves: int = 0
    lost_epochs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    back: list[float] = field(default_factory=list)  # seconds until a worker has kept more


def serve(folder: Path, epochs: int, seconds: float) -> None:
    """A server in a process of its own, one job at a time: the next when `NEXT` asks for it."""
    jobs = made(folder, epochs, seconds)
    jobs.start()
    while True:
        if (folder / NEXT).exists() and all(job.ended for job in jobs.list("ann")):
            for job in jobs.list("ann"):
                jobs.remove(job.id, "ann")
            upload = jobs.upload("ann")
            (upload / "text.txt").write_text("to learn from", "utf-8")
            jobs.submit("fake", upload, owner="ann")
            (folder / NEXT).unlink()
        time.sleep(0.05)
        jobs.scheduler.wake()  # looks more often than a page needs, so that a table takes minutes
        for job in jobs.list("ann"):
            if job.state == "failed":
                jobs.resume(job.id, "ann")


def made(folder: Path, epochs: int, seconds: float) -> Jobs:
    return Jobs(
        Limits(folder, disk_mb=1),
        command=lambda record, place, minutes: [
            *(sys.executable, "-S", fake_training.__file__, str(place / "out")),
            *(str(epochs), str(seconds), "ordinary"),
        ],
        known=lambda key: key,
        patience=10_000,  # faults come faster here than a worker starts
    )


def survive(
    folder: Path, faults: int, seed: int, say: Callable[[str], None] = lambda what: None
) -> Survived:
    """Break jobs so many times, and look what is left."""
    rng, found = random.Random(seed), Survived()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NEXT).touch()
    server = _server(folder)
    try:
        while found.faults < faults:
            state = _state(folder)
            if state is None or state["epoch"] >= EPOCHS:
                if _done(folder) and not (folder / NEXT).exists():
                    _verdict(folder, found)
                    (folder / NEXT).touch()
                time.sleep(0.02)
                continue
            time.sleep(rng.uniform(0, 10 * SECONDS))
            kind = ("worker", "server", "disk")[found.faults % 3]
            before = _state(folder) or {"epoch": 0}
            job = _job(folder)
            if job is None:
                continue
            broken_at = time.monotonic()
            if kind == "worker":
                for process in _workers(folder):
                    with suppress(psutil.Error):
                        process.send_signal(signal.SIGKILL)
            elif kind == "server":
                _end(server, signal.SIGKILL)
                server = _server(folder)
            else:
                (job / "full").touch()
                time.sleep(rng.uniform(2 * SECONDS, 0.3))
                (job / "full").unlink(missing_ok=True)
            found.faults += 1
            found.kinds[kind] += 1
            after = _state(folder)
            if after is not None and job == _job(folder):
                found.lost_epochs += max(0, before["epoch"] - after["epoch"])
                while (now := _state(folder)) and now["epoch"] <= after["epoch"] < EPOCHS:
                    time.sleep(0.01)
                found.back.append(time.monotonic() - broken_at)
            if found.faults % 20 == 0:
                say(f"jobs: {found.faults} of {faults} faults")
        while not _done(folder):
            time.sleep(0.05)
        _verdict(folder, found)
    finally:
        _end(server, signal.SIGTERM)
        for process in _workers(folder):
            with suppress(psutil.Error):
                process.kill()
    return found


def measure(quick: bool, say: Callable[[str], None]) -> Table:
    """The table: 200 faults, and what was lost to them."""
    with tempfile.TemporaryDirectory() as place:
        found = survive(Path(place) / "jobs", QUICK if quick else FAULTS, 0, say)
    kinds = ", ".join(f"{count} of the {kind}" for kind, count in sorted(found.kinds.items()))
    return Table(
        "Trainings that break at random moments",
        ("faults", "jobs done", "curves that differ", "kept epochs lost", "seconds to go on"),
        (
            (
                found.faults,
                found.jobs,
                found.lost_curves,
                found.lost_epochs,
                Spread.of(found.back) if found.back else None,
            ),
        ),
        (f"faults: {kinds}; kill -9 of worker and server, no space on the disk",),
    )


def _server(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.jobs", "serve", str(folder)]
    return subprocess.Popen([*command, str(EPOCHS), str(SECONDS)], cwd=ROOT)


def _end(server: subprocess.Popen[bytes], number: int) -> None:
    server.send_signal(number)
    server.wait()


def _job(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("jobs/*"))), None)


def _state(folder: Path) -> dict[str, int] | None:
    job = _job(folder)
    if job is None:
        return None
    with suppress(OSError):
        state: dict[str, int] = json.loads((job / "out" / "state.pt").read_text("utf-8"))
        return state
    return None


def _done(folder: Path) -> bool:
    job = _job(folder)
    return job is not None and (job / "out" / "config.json").exists()


def _verdict(folder: Path, found: Survived) -> None:
    """Hold the curve of a job that is done against the undisturbed one."""
    job = _job(folder)
    assert job is not None
    lines = (job / "out" / "history.jsonl").read_text("utf-8").splitlines()
    found.jobs += 1
    found.lost_curves += [json.loads(line) for line in lines] != fake_training.curve(EPOCHS)


def _workers(folder: Path) -> list[psutil.Process]:
    mark = ("fake_training", str(folder / "jobs"))
    return [p for p in psutil.process_iter() if all(m in " ".join(command_of(p)) for m in mark)]


def command_of(process: psutil.Process) -> list[str]:
    """A process's command; nothing where it has gone or is another user's."""
    with suppress(psutil.Error):
        return process.cmdline()
    return []


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    _, what, place, epochs, seconds = sys.argv
    assert what == "serve"
    serve(Path(place), int(epochs), float(seconds))
