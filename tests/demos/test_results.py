"""Results: what is drawn beside what, and measuring again."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import results, training
from demos.language import Words
from demos.results import again, charts, figures, fold
from jobs import Jobs, Limits
from pretrained import catalog
from pretrained.metrics import Claim

CIFAR = "classification/cifar10"
ANN, BOB = {"X-Owner": "a" * 32}, {"X-Owner": "b" * 32}


def test_only_figures_of_one_measure_on_one_split_stand_beside_each_other():
    for chart in figures.charts():
        assert {one.claim.split for one in chart.drawn} == {chart.split}, chart.name
        assert {one.claim.metric for one in chart.drawn} <= set(chart.measures)
        assert any(one.role == "ours" for one in chart.drawn), chart.name
    (bleu,) = (one for one in figures.charts() if one.name == "translation")
    assert any(one.claim.split.startswith("Tatoeba") for one in bleu.parted)


def test_every_figure_names_its_source():
    for chart in figures.charts():
        for one in chart.figures:
            assert one.claim.command or one.claim.reference, (chart.name, one.word or one.key)


def test_what_is_read_out_is_what_is_drawn(words: Words) -> None:
    say = words.speaker("en")
    (chart,) = (one for one in figures.charts() if one.name == "cifar")
    page = charts.one(chart, say)
    claim = figures.claim(CIFAR, "top1")
    bars = re.findall(r'class="bar" width="([\d.]+)"', page)
    assert len(bars) == len(chart.drawn) == page.count("<li") - len(chart.parted)
    assert str(round(1000 * claim.value, 1)) in bars and f"{claim.value:.1%}" in page
    ends = f"M{round(1000 * claim.low, 1)} 8H{round(1000 * claim.high, 1)}"
    assert ends in page and "± 0.6" in page
    assert "≈ 94%" in page and "94.0%" not in page  # no more digits than its source has
    assert "Higher is better" in page and "n = 400" in page


def test_less_is_better_is_said_and_what_is_missing_too(words: Words) -> None:
    for chart in figures.charts():
        page = charts.one(chart, words.speaker("zh"))
        assert ("越低越好" in page) is chart.lower_is_better, chart.name
        assert ("没有列出" in page) is bool(chart.missing), chart.name
        assert page.count("不可比。") == len(chart.parted) or chart.name == "translation"


def test_the_folds_of_a_chinese_page_leave_nothing_but_names_in_english(words: Words) -> None:
    told = fold.drawn(words.speaker("zh"), None, None)
    english = set(re.findall(r'<span lang="en">(.*?)</span>', told))
    assert english and not [text for text in english if re.search(r"[\s,:]", text)]
    assert "训练数据" in told and "cifar10 测试集" in told


def test_flowers_are_drawn_once_the_same_was_learnt_from_nothing(monkeypatch):
    ladder = [
        {"metric": "top1", "value": value, "low": 0.2, "high": 0.9, "split": figures.FLOWERS}
        | {"n": 367, "command": "x", "data": "flowers", "each": 20, "start": start}
        for start, value in (("nothing", 0.4), ("whole", 0.8))
    ]
    monkeypatch.setattr(figures.page, "read_metrics", lambda key: {"ladder": ladder})
    assert [one.claim.value for one in figures.flowers().drawn] == [0.4, 0.8]
    monkeypatch.setattr(figures.page, "read_metrics", lambda key: {"ladder": ladder[1:]})
    assert not figures.flowers().drawn


CLAIM = Claim("top1", 0.8, 0.7, 0.9, "cifar10/test", 100, "python", "")


@pytest.mark.parametrize(
    ("value", "low", "high", "n", "verdict"),
    [
        (0.8, 0.7, 0.9, 100, "same"),
        (0.75, 0.65, 0.85, 100, "agrees"),
        (0.75, 0.71, 0.79, 100, "differs"),
        (0.5, 0.4, 0.6, 100, "differs"),
        (0.8, 0.7, 0.9, 50, "other"),
    ],
)
def test_a_verdict_needs_as_many_and_each_within_the_other(value, low, high, n, verdict):
    assert again.verdict(CLAIM, {"value": value, "low": low, "high": high}, n) == verdict


def test_every_bundled_figure_can_be_measured_again_from_the_hosts_folder():
    for entry in catalog.entries().values():
        for run in again.evaluations(entry) if entry.bundled else ():
            assert run.data and not run.data.startswith(("/", "..")), run.command
    (french, english) = again.evaluations(catalog.find("translation/en-fr"))
    assert french.options == {"split": "test", "direction": "en-fr"}
    assert (english.data, english.options["direction"]) == ("translation/en-fr", "fr-en")


def test_where_nothing_can_run_the_command_stands(words: Words, tmp_path: Path) -> None:
    page = fold.drawn(words.speaker("en"), None, None)
    assert "has to be run by hand" in page and "data-measure" not in page
    assert f"evaluate {CIFAR}" in page
    on = SimpleNamespace(limits=Limits(tmp_path))
    page = fold.drawn(words.speaker("en"), on, None)
    assert "--data-folder" in page and 'data-measure="here"' not in page
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "test.parquet").touch()
    assert fold.drawn(words.speaker("en"), on, tmp_path).count('data-measure="here"') == 2


def fifty(seed: int = 0) -> bytes:
    """Pictures of noise with CIFAR-10's labels."""
    rng, rows, names = np.random.default_rng(seed), [], catalog.labels(catalog.find(CIFAR))["en"]
    for number in range(50):
        kept = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).save(kept, "PNG")
        rows.append({"image": {"bytes": kept.getvalue()}, "label": names[number % 10]})
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.fixture
def jobs(tmp_path: Path):
    made = Jobs(Limits(tmp_path / "jobs", memory_mb=8000))
    yield made
    made.close(1)


def client(words: Words, jobs: Jobs, folder: Path | None = None) -> TestClient:
    beside = [
        *results.routes(words, jobs, folder),
        *training.routes(SimpleNamespace(), words, jobs),
    ]
    return TestClient(Starlette(routes=beside), raise_server_exceptions=False)


def test_a_real_evaluation_of_fifty_pictures_is_never_taken_for_the_test_set(words, jobs):
    page = client(words, jobs)
    upload = page.post("/train/uploads", headers=ANN).json()["upload"]
    files = [("files", ("test.parquet", fifty()))]
    page.post(f"/train/uploads/{upload}", files=files, headers=ANN)
    asked = {"key": CIFAR, "number": 0, "upload": upload}
    job = page.post("/train/evaluations", json=asked, headers=ANN).json()
    assert job["state"] == "queued", job
    while not jobs.get(job["id"]).ended:
        jobs.tick()
        for running in list(jobs.scheduler.running.values()):
            running.worker.wait(0.05)
    address = f"/train/evaluations/{job['id']}"
    told = page.get(address, headers=ANN).json()
    assert told["state"] == "done", jobs.log(job["id"], "a" * 32)
    assert [row["code"] for row in told["rows"]] == ["other", "other"]
    assert "n = 50" in told["rows"][0]["now"] and "n = 10,000" in told["rows"][0]["card"]
    assert "n = 50, not 10,000" in told["rows"][0]["verdict"]
    # It is no training, and no model.
    assert page.get("/train/jobs", headers=ANN).json()["jobs"] == []
    assert page.get(f"/train/jobs/{job['id']}", headers=ANN).json()["job"]["model"] is None
    assert page.get(f"/train/jobs/{job['id']}/model.zip", headers=ANN).status_code == 404
    (mine,) = page.get("/train/evaluations", headers=ANN).json()["evaluations"]
    assert mine["rows"] == told["rows"]
    assert page.get("/train/evaluations", headers=BOB).json()["evaluations"] == []


def test_the_hosts_data_are_read_where_they_lie(words, jobs, tmp_path):
    data = tmp_path / "sets" / "cifar10" / "test.parquet"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"large")
    asked = {"key": CIFAR, "number": 0}
    page = client(words, jobs, tmp_path / "sets")
    job = page.post("/train/evaluations", json=asked, headers=ANN).json()
    record = jobs.store.get(job["id"])
    place = jobs.limits.folder / "jobs" / record.id
    command = jobs.scheduler.command(record, place, 1.0)
    assert command[command.index("--data") + 1] == str(data)
    assert not (place / "data").exists()
    assert str(tmp_path) not in str(job)
    # Of the same, its owner keeps the last one only.
    page.post(f"/train/jobs/{job['id']}/cancel", headers=ANN)
    again_ = page.post("/train/evaluations", json=asked, headers=ANN).json()
    assert [one.id for one in jobs.list("a" * 32)] == [again_["id"]]


@pytest.mark.parametrize(
    "asked",
    [{"key": CIFAR, "number": 9}, {"key": "../x", "number": 0}, {"key": CIFAR, "number": "0"}],
)
def test_what_is_no_evaluation_is_refused(words, jobs, asked):
    assert (
        client(words, jobs).post("/train/evaluations", json=asked, headers=ANN).status_code == 400
    )


def test_without_data_it_says_so(words, jobs):
    answer = client(words, jobs).post(
        "/train/evaluations", json={"key": CIFAR, "number": 0}, headers=ANN
    )
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "job_no_data"


def test_a_visitor_cannot_ask_for_an_evaluation_as_an_option_of_a_training(words, jobs):
    page = client(words, jobs)
    upload = page.post("/train/uploads", headers=ANN).json()["upload"]
    page.post(f"/train/uploads/{upload}", files=[("files", ("a.txt", b"x"))], headers=ANN)
    sent = {"key": CIFAR, "upload": upload, "options": {"evaluate": {"options": {"out": "/"}}}}
    answer = page.post("/train/jobs", json=sent, headers=ANN)
    assert answer.json()["error"]["code"] == "job_option"


def test_why_it_failed_names_no_place_of_the_host(words, jobs, tmp_path):
    data = tmp_path / "sets" / "cifar10" / "test.parquet"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"no Parquet at all")
    page = client(words, jobs, tmp_path / "sets")
    job = page.post("/train/evaluations", json={"key": CIFAR, "number": 0}, headers=ANN).json()
    while not jobs.get(job["id"]).ended:
        jobs.tick()
        for running in list(jobs.scheduler.running.values()):
            running.worker.wait(0.05)
    told = page.get(f"/train/evaluations/{job['id']}", headers=ANN).json()
    assert told["state"] == "failed" and "at test.parquet " in told["error"], told
    assert str(tmp_path) not in str(told)
    # Whoever asks for the job as a training is told no more.
    seen = page.get(f"/train/jobs/{job['id']}", headers=ANN).json()
    assert str(tmp_path) not in str(seen["job"])
