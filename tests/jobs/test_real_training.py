"""A real training: drawn shapes, the bundled network, killed on its way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jobs import Jobs, Limits
from jobs.commands import train
from jobs.store import Record
from pretrained import catalog

pytestmark = pytest.mark.timeout(600)
OPTIONS = {"epochs": 4, "seed": 1}


def draw(folder: Path, count: int = 12) -> None:
    """Circles and squares, of any colour and place."""
    rng = np.random.default_rng(0)
    for kind in ("circle", "square"):
        (folder / kind).mkdir()
        for number in range(count):
            picture = Image.new("RGB", (48, 48), tuple(rng.integers(0, 120, 3).tolist()))
            x, y, side = rng.integers(4, 20, 3).tolist()
            paint = ImageDraw.Draw(picture)
            shape = paint.ellipse if kind == "circle" else paint.rectangle
            shape((x, y, x + side + 6, y + side + 6), tuple(rng.integers(150, 255, 3).tolist()))
            picture.save(folder / kind / f"{number}.png")


def by_steps(record: Record, place: Path, minutes: float) -> list[str]:
    """Without a time budget, as that moves the learning rate with the machine's speed."""
    command = train(record, place, minutes)
    at = command.index("--minutes")
    return command[:at] + command[at + 2 :]


def trained(folder: Path, kills: int) -> tuple[Jobs, str]:
    jobs = Jobs(Limits(folder, memory_mb=8000), command=by_steps)
    upload = jobs.upload("ann")
    draw(upload)
    job = jobs.submit("classification/imagenet", upload, OPTIONS, owner="ann")
    while not jobs.get(job.id).ended:
        jobs.tick()
        for running in list(jobs.scheduler.running.values()):
            running.worker.wait(0.02)
            if kills and (job.out / "state.pt").exists():
                os.kill(running.worker.pid, signal.SIGKILL)
                running.worker.wait(10)
                kills -= 1
    assert not kills, "it ended before it could be killed"
    assert jobs.get(job.id).state == "done", jobs.log(job.id, "ann")
    return jobs, job.id


def curve(jobs: Jobs, id: str) -> list[dict]:
    found = {e.body["epoch"]: dict(e.body) for e in jobs.events(id) if e.kind == "row"}
    return [{k: v for k, v in found[n].items() if k != "seconds"} for n in sorted(found)]


def test_a_killed_training_goes_on_along_the_same_curve_and_can_be_rewound(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # sums in one order
    whole, first = trained(tmp_path / "whole", kills=0)
    cut, second = trained(tmp_path / "cut", kills=1)
    states = [e.body["state"] for e in cut.events(second) if e.kind == "state"]
    assert states == ["queued", "running", "queued", "running", "done"]
    assert curve(cut, second) == curve(whole, first) and len(curve(whole, first)) == 5

    moments = [event.body for event in cut.events(second) if event.kind == "moment"]
    assert moments[0]["step"] == 0 and moments[-1]["progress"] == 1
    with Image.open(next((tmp_path / "cut").glob("jobs/*/data/circle/0.png"))) as picture:
        picture.load()
    early, late = (cut.moment(second, moments[n]["name"]) for n in (0, -1))
    assert checkpoint_bytes(early) != checkpoint_bytes(late)
    out = cut.get(second).out
    (out / "model.safetensors").rename(tmp_path / "aside")  # as while it runs
    running = cut.moment(second, moments[-1]["name"])
    (tmp_path / "aside").rename(out / "model.safetensors")
    assert running.name.endswith(".begun")
    for folder in (early, late, running, out):
        [answer] = catalog.from_folder(folder).load("cpu").predict([picture])
        assert answer["label"] == "circle"
    for jobs in (whole, cut):
        jobs.close()


def checkpoint_bytes(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()
