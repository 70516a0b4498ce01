"""What a visitor may ask of a training, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from job_bench import curve, rows

from jobs import Jobs, errors, folder
from jobs.limits import ENDING, SPARE
from jobs.queue import in_order
from jobs.store import Record
from pretrained.errors import Refusal


def states(jobs, id):
    return [event.body["state"] for event in jobs.events(id) if event.kind == "state"]


def test_a_job_is_queued_runs_and_is_done(bench):
    jobs = bench.jobs()
    job = bench.submit(jobs)
    assert (job.state, job.place, job.mine) == ("queued", 1, True)
    done = bench.until_ended(jobs, job.id)
    assert done.state == "done" and done.place is None and (done.out / "config.json").exists()
    assert states(jobs, job.id) == ["queued", "running", "done"]
    assert rows(jobs, job.id) == curve(5)
    assert [event.n for event in jobs.events(job.id)] == list(
        range(1, len(jobs.events(job.id)) + 1)
    )
    assert jobs.events(job.id, after=3)[0].n == 4


def test_a_page_that_streams_is_told_all_until_the_end(bench):
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_ended(jobs, job.id)

    async def all_of_it():
        return [event async for event in jobs.follow(job.id)]

    assert asyncio.run(all_of_it()) == list(jobs.events(job.id))


def test_pause_keeps_what_was_learnt_and_resume_goes_on(bench):
    bench.epochs, bench.seconds = 40, 0.02
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_kept(jobs, job.id)
    assert jobs.pause(job.id, "ann").asked == "pause"
    paused = bench.until(jobs, job.id, lambda job: job.state == "paused")
    assert 0 < len(rows(jobs, job.id)) < 40 and not jobs.scheduler.running
    bench.seconds = 0
    assert jobs.resume(paused.id, "ann").state == "queued"
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(40)


def test_a_training_without_moments_says_so_once(bench):
    bench.epochs, bench.seconds = 40, 0.02
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_kept(jobs, job.id)
    told = {"bytes": 162_000_000, "most_bytes": 268_435_456}
    (job.out / "no_moments.json").write_text(json.dumps(told))
    jobs.tick()
    jobs.pause(job.id, "ann")
    bench.until(jobs, job.id, lambda job: job.state == "paused")
    jobs.resume(job.id, "ann")  # another worker, in the same folder
    bench.until_ended(jobs, job.id)
    assert [e.body for e in jobs.events(job.id) if e.kind == "no_moments"] == [told]


def test_cancel_and_remove(bench):
    bench.epochs, bench.seconds = 1000, 0.01
    jobs = bench.jobs()
    job, waiting = bench.submit(jobs), bench.submit(jobs)
    assert jobs.cancel(waiting.id, "ann").state == "cancelled"
    bench.until_kept(jobs, job.id)
    jobs.cancel(job.id, "ann")
    assert bench.until_ended(jobs, job.id).state == "cancelled"
    for again in (jobs.pause, jobs.cancel):
        with pytest.raises(errors.JobEnded):
            again(job.id, "ann")
    jobs.remove(job.id, "ann")
    assert not job.out.parent.exists()
    with pytest.raises(errors.UnknownJob):
        jobs.events(job.id)


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_stopped_says_whether_it_is_kept_and_may_go_on(bench, kept):
    bench.epochs, bench.seconds = 1000, 0.01
    jobs = bench.jobs()
    job = bench.submit(jobs)
    if kept:
        bench.until_kept(jobs, job.id)
    jobs.cancel(job.id, "ann")
    stopped = bench.until_ended(jobs, job.id)
    assert (stopped.state, stopped.kept) == ("cancelled", kept)
    learnt = len(rows(jobs, job.id))
    assert learnt < 1000 and bool(learnt) == kept
    bench.epochs, bench.seconds = 1000 if kept else 5, 0
    assert jobs.resume(job.id, "ann").state == "queued"
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(bench.epochs)


@pytest.mark.parametrize("measures", [True, False])
def test_a_stop_after_the_last_step_leaves_the_model(bench, measures):
    bench.behaviour = "measure" if measures else "ordinary"
    jobs = bench.jobs()
    job = bench.submit(jobs)
    if measures:
        bench.until(jobs, job.id, lambda job: len(rows(jobs, job.id)) == bench.epochs)
    else:  # it ends before anybody looks
        jobs.tick()
        jobs.scheduler.running[job.id].worker.wait(60)
    assert jobs.cancel(job.id, "ann").state == "running"
    if measures:
        jobs.tick()
        assert jobs.get(job.id).state == "running"
        (job.out.parent / "measured").touch()
    assert bench.until_ended(jobs, job.id).state == "done"
    assert (job.out / "config.json").exists()


def test_a_worker_that_does_not_listen_is_killed(bench):
    bench.epochs, bench.seconds, bench.behaviour = 1000, 0.01, "deaf"
    jobs = bench.jobs()
    job = bench.submit(jobs)
    bench.until_kept(jobs, job.id)
    jobs.pause(job.id, "ann")
    jobs.tick()
    bench.now += 100
    assert bench.until(jobs, job.id, lambda job: job.state == "paused")


# ---- others ------------------------------------------------------------------------------------


def test_who_has_the_link_may_look_and_nothing_else(bench):
    jobs = bench.jobs()
    job = bench.submit(jobs, "ann")
    assert not jobs.get(job.id, "bob").mine and not jobs.get(job.id).mine
    assert jobs.list("bob") == [] and [one.id for one in jobs.list("ann")] == [job.id]
    for what in (jobs.pause, jobs.cancel, jobs.resume, jobs.remove, jobs.log):
        for other in ("bob", ""):
            with pytest.raises(errors.NotYours):
                what(job.id, other)
    with pytest.raises(errors.UnknownJob):
        jobs.get(job.id[:-1])
    assert len(job.id) >= 22  # 128 bits
    assert b"ann" not in (bench.folder / "jobs.sqlite").read_bytes()


def test_another_visitors_upload_is_not_taken(bench):
    jobs = bench.jobs()
    theirs = jobs.upload("ann")
    (theirs / "a.txt").write_text("secret")
    jobs.submit("k", theirs, owner="bob")  # only by whoever can name the folder; it is a copy
    assert (theirs / "a.txt").exists()


def test_others_are_served_while_data_are_copied(bench, tmp_path, monkeypatch):
    jobs, copying = bench.jobs(), Jobs.intake
    (tmp_path / "a.txt").write_text("to learn from")
    free: list[bool] = []

    def looked(*asked):
        with ThreadPoolExecutor(1) as other:
            free.append(other.submit(jobs.queue.lock.acquire, blocking=False).result())
            if free[-1]:
                other.submit(jobs.queue.lock.release).result()
        return copying(*asked)

    monkeypatch.setattr(Jobs, "intake", looked)
    jobs.submit("k", tmp_path / "a.txt", owner="ann")
    assert free == [True]


def test_an_upload_is_learnt_from_once(bench):
    jobs = bench.jobs()
    upload = jobs.upload("ann")
    (upload / "a.txt").write_text("to learn from")
    jobs.submit("k", upload, owner="ann")
    with pytest.raises(errors.NoData):
        jobs.submit("k", upload, owner="ann")
    assert len(jobs.list("ann")) == 1
    assert len(list((bench.folder / "jobs").iterdir())) == 1


def test_nobody_fills_the_queue(bench):
    jobs = bench.jobs(waiting=6, each=2, kept=8)
    for _ in range(2):
        bench.submit(jobs, "ann", address="1.1.1.1")
    with pytest.raises(errors.TooManyYours, match="2 trainings"):
        bench.submit(jobs, "ann", address="1.1.1.1")
    bench.submit(jobs, "ann's other browser", address="1.1.1.1")
    with pytest.raises(errors.QueueFull):
        bench.submit(jobs, "ann's third browser", address="1.1.1.1")
    assert bench.submit(jobs, "bob", address="2.2.2.2").place == 2
    assert len(list((bench.folder / "jobs").iterdir())) == 4  # what was refused left nothing


def record(id, address, owner, queued):
    return Record(id, owner, address, "k", "data", {}, "queued", 0, 0, queued)


def test_turns_go_round_among_addresses_then_owners():
    waiting = [
        record("a1", "A", "ann", 1),
        record("a2", "A", "ann", 2),
        record("x1", "A", "xie", 3),
        record("b1", "B", "bob", 4),
        record("b2", "B", "bob", 5),
    ]
    assert [r.id for r in in_order(waiting, {})] == ["a1", "b1", "x1", "b2", "a2"]
    assert [r.id for r in in_order(waiting, {"A": 3, "ann": 3})][:3] == ["b1", "x1", "b2"]


def test_slices_go_to_the_back_of_the_queue(bench):
    bench.epochs, bench.seconds = 1000, 0.01
    jobs = bench.jobs(slice_s=60)
    ann, bob = bench.submit(jobs, "ann"), bench.submit(jobs, "bob")
    bench.until_kept(jobs, ann.id)
    bench.now += 55
    bench.until(jobs, ann.id, lambda job: job.state == "queued")
    assert jobs.get(ann.id).place in (1, 2)
    bench.until(jobs, bob.id, lambda job: job.state == "running")
    assert jobs.get(ann.id).place == 1 and jobs.get(ann.id).seconds == 55


def test_turns_too_short_to_learn_anything_are_said(bench):
    bench.behaviour = "hang"
    jobs = bench.jobs(slice_s=2, patience=2)
    job = bench.submit(jobs)
    while not jobs.get(job.id).ended:
        jobs.tick()
        bench.now += 2
    assert jobs.get(job.id).error == {"code": "job_stalled", "fields": {"seconds": "2"}}


# ---- limits and refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "limits", "code"),
    [
        ("greedy", {"memory_mb": 60}, "job_memory"),
        ("writes", {"disk_mb": 2}, "job_disk"),
        ("nan", {}, "job_nan"),
        ("die", {"patience": 3}, "job_killed"),
        ("bug", {}, "job_failed"),
    ],
)
def test_why_a_job_failed(bench, behaviour, limits, code):
    bench.epochs, bench.seconds, bench.behaviour = 100, 0.02, behaviour
    jobs = bench.jobs(**limits)
    job = bench.until_ended(jobs, bench.submit(jobs).id)
    assert (job.state, job.error["code"]) == ("failed", code)
    assert job.sentence.endswith(".") and "{" not in job.sentence
    if behaviour == "nan":
        assert rows(jobs, job.id) == curve(2) and (job.out / "state.pt").exists()


def test_a_worker_has_twice_its_minutes_and_a_little_each_time_that_it_is_let_go_on(bench):
    bench.epochs, bench.seconds = 10_000, 0.01
    jobs = bench.jobs(minutes=10)
    job = bench.submit(jobs, options={"minutes": 1})
    for _ in range(2):
        bench.until_kept(jobs, job.id)
        bench.now += 2 * 60 + SPARE - 1
        jobs.tick()
        assert jobs.get(job.id).state == "running"
        bench.now += 2
        assert bench.until_ended(jobs, job.id).error["code"] == "job_time"
        jobs.resume(job.id, "ann")
    bench.epochs = 1
    assert bench.until_ended(jobs, job.id).state == "done"


def test_measuring_after_the_last_update_has_a_time_of_its_own(bench):
    bench.behaviour = "measure"
    jobs = bench.jobs(minutes=1)
    job = bench.submit(jobs)
    bench.until(jobs, job.id, lambda job: len(rows(jobs, job.id)) == bench.epochs)
    bench.now += 2 * 60 + SPARE + 1
    jobs.tick()
    bench.now += ENDING - (2 * 60 + SPARE + 1)
    jobs.tick()
    assert jobs.get(job.id).state == "running"
    (job.out.parent / "measured").touch()
    assert bench.until_ended(jobs, job.id).state == "done"


def test_what_was_learnt_to_the_end_becomes_a_model_when_it_goes_on(bench):
    bench.behaviour = "measure"
    jobs = bench.jobs(minutes=1)
    job = bench.submit(jobs)
    for _ in range(2):
        bench.until(jobs, job.id, lambda job: len(rows(jobs, job.id)) == bench.epochs)
        bench.now += ENDING + 1
        failed = bench.until_ended(jobs, job.id)
        assert failed.error["code"] == "job_time" and failed.seconds > ENDING
        jobs.resume(job.id, "ann")
        bench.until(jobs, job.id, lambda job: job.state == "running")
        jobs.tick()
        assert jobs.get(job.id).state == "running"  # not over before it began
    (job.out.parent / "measured").touch()
    assert bench.until_ended(jobs, job.id).state == "done"
    assert rows(jobs, job.id) == curve(bench.epochs)


def test_a_server_that_starts_anew_knows_how_long_a_job_has_measured(bench):
    bench.behaviour = "measure"
    jobs = bench.jobs(minutes=1)
    job = bench.submit(jobs)
    bench.until(jobs, job.id, lambda job: len(rows(jobs, job.id)) == bench.epochs)
    bench.now += ENDING - 10
    jobs.close()
    jobs = bench.jobs(minutes=1)
    bench.until(jobs, job.id, lambda job: job.state == "running")
    jobs.tick()
    assert jobs.get(job.id).state == "running"
    bench.now += 20
    assert bench.until_ended(jobs, job.id).error["code"] == "job_time"


@pytest.mark.parametrize(
    "options",
    [
        *({"lr": 0}, {"epochs": 2.5}, {"epochs": True}, {"seed": -1}, {"lr": float("nan")}),
        *({"out": "/"}, {"lr": "0.1; rm"}, {"scratch": 1}, {"minutes": float("inf")}),
    ],
)
def test_options_that_no_run_can_follow_are_refused(bench, options):
    with pytest.raises(errors.BadJobOption):
        bench.submit(bench.jobs(), options=options)


def test_the_command_is_the_command_lines_own(tmp_path):
    from jobs.commands import train

    job = Record(
        "i", "o", "a", "text/tang", "data/a.txt", {"scratch": True, "lr": 0.1}, "queued", 0, 0, 0
    )
    command = train(job, tmp_path, 3.0)
    assert command[1:5] == ["-m", "pretrained", "train", "text/tang"]
    assert command[5:] == [
        *("--data", f"{tmp_path}/data/a.txt", "--out", f"{tmp_path}/out"),
        *("--minutes", "3", "--resume", "--watch", "--scratch", "--lr", "0.1"),
    ]


def test_jobs_can_be_turned_off(bench):
    jobs = bench.jobs(on=False)
    with pytest.raises(errors.JobsOff):
        bench.submit(jobs)
    jobs.start()
    assert jobs.scheduler._thread is None


def test_an_unknown_model_is_refused(bench):
    from pretrained import catalog

    jobs = bench.jobs()
    jobs.known = catalog.find
    upload = jobs.upload("ann")
    with pytest.raises(Refusal, match="no model called"):
        jobs.submit("text/nobody", upload, owner="ann")
    assert upload.exists()


def test_what_is_old_is_swept(bench):
    jobs = bench.jobs(keep_hours=1)
    done, upload = bench.submit(jobs), jobs.upload("bob")
    bench.until_ended(jobs, done.id)
    bench.epochs = 1000
    waiting = bench.submit(jobs)
    assert jobs.sweep() == 0
    import time

    bench.now = time.time() + 4000
    jobs.store.change_record(done.id, changed=bench.now - 4000)
    assert jobs.sweep() == 2
    assert not done.out.parent.exists() and not upload.exists()
    assert jobs.get(waiting.id).state == "queued"


def test_jobs_of_before_they_had_names_are_there_still(bench):
    """Those that were called something, as Classify's, are called so still."""
    jobs = bench.jobs()
    job, named, other = (bench.submit(jobs, owner) for owner in ("ann", "bob", "eve"))
    for one, title in ((named, "Cats"), (other, "out")):
        out = bench.until_ended(jobs, one.id).out
        (out / "config.json").write_text(json.dumps({"title": title}), "utf-8")
    jobs.close()
    with contextlib.closing(sqlite3.connect(bench.folder / "jobs.sqlite")) as file:
        file.execute("DROP INDEX links")
        for column in ("name", "begun", "link"):
            file.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
        file.commit()
    jobs = bench.jobs()
    assert [jobs.get(one.id).name for one in (job, named, other)] == ["", "Cats", ""]
    assert jobs.linked(named.id).id == named.id, "what was shared by its number is so still"


def test_jobs_load_no_torch():
    program = "import sys, jobs; print([m for m in ('torch', 'gradio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_owner_whose_uploads_are_gone_leaves_no_folder_and_may_send_again(bench):
    jobs = bench.jobs()
    upload = jobs.upload("ann")
    upload.rmdir()
    jobs.sweep()
    assert not list((jobs.limits.folder / "uploads").iterdir())
    assert jobs.upload("ann").is_dir()


def test_uploads_are_counted_over_all_owners(bench, monkeypatch):
    monkeypatch.setattr("jobs.uploads.UPLOADS", 2)
    jobs = bench.jobs()
    jobs.upload("ann"), jobs.upload("bob")
    with pytest.raises(errors.UploadsFull, match="2 sets of data"):
        jobs.upload("eve")


def test_one_address_fills_up_half_of_the_uploads_and_what_stands_empty_makes_room(
    bench, monkeypatch
):
    monkeypatch.setattr("jobs.uploads.UPLOADS", 4)
    jobs = bench.jobs()
    used = jobs.upload("o1", "1.2.3.4")
    (used / "mine.txt").write_text("data")
    empty = jobs.upload("o2", "1.2.3.4")
    with pytest.raises(errors.UploadsFull):
        jobs.upload("o3", "1.2.3.4")
    others = [jobs.upload(name, "5.6.7.8") for name in ("ann", "bob")]
    with pytest.raises(errors.UploadsFull, match="4 sets of data"):
        jobs.upload("eve", "9.9.9.9")
    monkeypatch.setattr("jobs.uploads.UNUSED", -1.0)
    assert jobs.upload("eve", "9.9.9.9").is_dir() and not empty.exists()
    assert used.is_dir() and all(one.is_dir() for one in others)


def test_what_was_printed_names_no_place_of_the_server(tmp_path):
    place = tmp_path / "a" / "job"
    place.mkdir(parents=True)
    (place / folder.LOG).write_text(f"{place}/data/mine.txt: 3 lines\n10%\r20%\n{place}/out\n")
    assert folder.tail(place) == "data/mine.txt: 3 lines\n20%\nout\n"
    (place / folder.LOG).write_text("x" * 3 * folder.LOG_TAIL)
    assert len(folder.tail(place)) == folder.LOG_TAIL
