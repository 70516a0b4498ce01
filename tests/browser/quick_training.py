"""The app, whose trainings take a second and need no torch: `benchmarks.fake_training`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import app
from benchmarks import fake_training
from jobs import Jobs

EPOCHS, SECONDS = "5", "0.1"


def quick(record: object, place: Path, minutes: float) -> list[str]:
    worker = str(fake_training.__file__)
    return [sys.executable, "-S", worker, str(place / "out"), EPOCHS, SECONDS, "ordinary"]


app.Jobs = partial(Jobs, command=quick)
app.main()
