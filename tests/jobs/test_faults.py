"""No job loses more than what came after its last checkpoint, whatever dies and whenever."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import psutil
import pytest
from job_bench import ROOT, curve, rows

from benchmarks import jobs as faults
from jobs import errors
from jobs.worker import end_orphans


def test_a_killed_worker_goes_on_along_the_same_curve(bench):
    bench.epochs, bench.seconds = 30, 0.01
    jobs = bench.jobs(patience=100)
    job = bench.submit(jobs)
    chance = random.Random(0)
    for _ in range(6):
        bench.until_kept(jobs, job.id)
        before = json.loads((job.out / "state.pt").read_text())["epoch"]
        time.sleep(chance.uniform(0, 0.05))
        for running in list(jobs.scheduler.running.values()):
            os.kill(running.worker.pid, signal.SIGKILL)
            running.worker.wait(10)
        assert json.loads((job.out / "state.pt").read_text())["epoch"] >= before
        jobs.tick()
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(30)


def test_a_restarted_server_takes_its_jobs_up_again(bench):
    bench.epochs, bench.seconds = 60, 0.02
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_kept(jobs, job.id)
    jobs.close()
    assert not psutil.pid_exists(bench.last_pid)
    bench.seconds = 0
    again = bench.jobs()
    assert again.get(job.id, "ann").state == "queued" and again.get(job.id, "ann").mine
    assert bench.until_ended(again, job.id).state == "done"
    assert rows(again, job.id) == curve(60)


def test_a_killed_server_leaves_no_worker_and_loses_no_job(bench):
    bench.folder.mkdir(parents=True, exist_ok=True)
    (bench.folder / faults.NEXT).touch()
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.jobs", "serve", str(bench.folder), "300", "0.02"],
        cwd=ROOT,
    )
    out = None
    while out is None:
        out = next(bench.folder.glob("jobs/*/out/state.pt"), None)
        time.sleep(0.01)
    server.kill()
    server.wait()
    jobs = bench.jobs()
    mark = str(bench.folder)
    left = [p for p in psutil.process_iter() if mark in " ".join(faults.command_of(p))]
    assert left == []
    (job,) = jobs.list("ann")
    assert job.state == "queued"
    bench.epochs, bench.seconds = 300, 0
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(300)


def test_two_servers_do_not_share_a_folder(bench):
    bench.jobs()
    program = (
        "import sys; from pathlib import Path; from jobs import Jobs, Limits\n"
        "Jobs(Limits(Path(sys.argv[1])))"
    )
    run = [sys.executable, "-c", program, str(bench.folder)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT)
    assert errors.JobsElsewhere.sentence.format(path=bench.folder) in done.stderr
    assert end_orphans(bench.folder / "nobody", 0) == 0


def test_a_full_disk_keeps_what_was_learnt_and_is_a_sentence(bench):
    bench.epochs, bench.seconds = 50, 0.02
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_kept(jobs, job.id)
    (job.out.parent / "full").touch()
    failed = bench.until_ended(jobs, job.id)
    assert (failed.state, failed.error["code"]) == ("failed", "job_no_space")
    assert (job.out / "state.pt").exists() and 0 < len(rows(jobs, job.id)) < 50
    (job.out.parent / "full").unlink()
    jobs.resume(job.id, "ann")
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(50)


def test_a_store_that_cannot_write_catches_up_when_it_can(bench):
    """A real SQLITE_FULL: the file may have no page more."""
    bench.epochs = 60
    jobs = bench.jobs()
    job = bench.submit(jobs)
    (pages,) = jobs.store._file.execute("PRAGMA page_count").fetchone()
    jobs.store._file.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(errors.NoSpace):
        while True:
            jobs.tick()
    with pytest.raises(errors.NoSpace):
        while True:
            bench.submit(jobs, owner=str(bench.now))
    assert jobs.get(job.id).state == "running"
    jobs.store._file.execute("PRAGMA max_page_count = 100000")
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(60)


def test_the_store_is_whole_after_every_kill(bench):
    jobs = bench.jobs()
    bench.submit(jobs)
    with sqlite3.connect(bench.folder / "jobs.sqlite") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_few_faults_of_the_long_table(tmp_path):
    """Six of what `python -m benchmarks jobs` does 200 times."""
    found = faults.survive(tmp_path / "jobs", faults=6, seed=1)
    assert found.faults == 6 and found.kinds.keys() == {"worker", "server", "disk"}
    assert (found.lost_curves, found.lost_epochs) == (0, 0)
