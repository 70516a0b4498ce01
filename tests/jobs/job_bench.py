"""Jobs whose workers need no torch, and whose looks are taken by the test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import fake_training
from jobs import Job, Jobs, Limits

ROOT = Path(__file__).parents[2]


class Bench:
    """Makes `Jobs` in one folder, again and again as a server would, and turns them by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.open = folder, 1_000_000.0, []
        self.epochs, self.seconds, self.behaviour = 5, 0.0, "ordinary"
        self.last_pid = 0

    def jobs(self, **settings) -> Jobs:
        patience = settings.pop("patience", 5)
        limits = Limits(self.folder, **{"disk_mb": 1, "memory_mb": 2000, "data_mb": 1, **settings})
        made = Jobs(
            limits,
            command=lambda record, place, minutes: [
                *(sys.executable, "-S", fake_training.__file__, str(place / "out")),
                *map(str, (self.epochs, self.seconds, self.behaviour)),
            ],
            known=lambda key: key,
            clock=lambda: self.now,
            patience=patience,
        )
        self.open.append(made)
        return made

    def submit(self, jobs: Jobs, owner: str = "ann", **more) -> Job:
        self.now += 1
        upload = jobs.upload(owner)
        (upload / "text.txt").write_text("to learn from")
        return jobs.submit("text/shakespeare", upload, owner=owner, **more)

    def until(self, jobs: Jobs, id: str, is_so: Callable[[Job], bool]) -> Job:
        """Look until it is so; a hang is ended by the suite's own time limit."""
        while not is_so(job := jobs.get(id)):
            jobs.tick()
            self.last_pid = next(
                (r.worker.pid for r in jobs.scheduler.running.values()), self.last_pid
            )
            for running in list(jobs.scheduler.running.values()):
                running.worker.wait(0.01)
        return job

    def until_ended(self, jobs: Jobs, id: str) -> Job:
        return self.until(jobs, id, lambda job: job.ended)

    def until_kept(self, jobs: Jobs, id: str) -> Job:
        """A worker runs and has kept a state."""
        return self.until(
            jobs, id, lambda job: bool(jobs.scheduler.running) and (job.out / "state.pt").exists()
        )


def rows(jobs: Jobs, id: str) -> list[dict]:
    """The curve as a page has it: of two rows of an epoch the later one."""
    found = {e.body["epoch"]: dict(e.body) for e in jobs.events(id) if e.kind == "row"}
    return [found[epoch] for epoch in sorted(found)]


def curve(epochs: int) -> list[dict]:
    return fake_training.curve(epochs)
