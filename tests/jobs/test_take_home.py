"""A model that was trained here goes home in one zip, and comes back as a job that is done."""

from __future__ import annotations

import re
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from home_bench import (
    KINDS,
    MADE,
    ROOT,
    classified,
    classifier,
    content,
    job_folder,
    reconfigured,
    repacked,
)
from job_bench import Bench

from jobs import errors
from jobs.take_home import Facts, card, packed, packing, recipe, unpacked
from pretrained import catalog, checkpoint

# ---- there and back ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_back_answers_as_what_went(kind: str, tmp_path: Path) -> None:
    make, answer = KINDS[kind]
    out = job_folder(tmp_path / "jobs" / "one", make)
    back = unpacked(packed(out, onnx=False), tmp_path / "back")
    there, here = (catalog.from_folder(folder).load("cpu") for folder in (out, back))
    assert answer(there) == answer(here)


def test_it_comes_back_from_a_folder_too(plain: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(plain) as archive:
        archive.extractall(tmp_path / "home")
    [folder] = (tmp_path / "home").iterdir()
    back = unpacked(folder, tmp_path / "back")
    assert sorted(file.name for file in back.iterdir()) == [
        *("config.json", "history.jsonl", "metrics.json", "model.safetensors")
    ]
    assert folder.is_dir(), "what is given stays where it is"


def test_it_can_go_and_come_twice(plain: Path, tmp_path: Path) -> None:
    top = tmp_path / "jobs" / "one"
    top.mkdir(parents=True)
    once = unpacked(plain, top / "out")
    twice = unpacked(packed(once, Facts(recipe(once)), onnx=False), tmp_path / "twice")
    for name in ("model.safetensors", "config.json", "history.jsonl"):
        assert (once / name).read_bytes() == (twice / name).read_bytes(), name


def test_a_job_is_found_under_what_it_was_trained_from(plain: Path, tmp_path: Path) -> None:
    assert recipe(unpacked(plain, tmp_path / "a")) == "classification/cifar10"
    strange = reconfigured(plain, tmp_path / "b.zip", recipe="text/shakespeare", key="text/x")
    with pytest.raises(errors.ModelConfig):
        unpacked(strange, tmp_path / "b")
    nameless = reconfigured(plain, tmp_path / "c.zip", recipe="no/such")
    assert recipe(unpacked(nameless, tmp_path / "c")) == "classification/cifar10"


# ---- what is in the zip ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_data_or_the_server_is_in_it(kind: str, tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", KINDS[kind][0])
    files = content(packed(out, onnx=False))
    assert set(MADE) <= set(files)
    for name, bytes_ in files.items():
        assert name not in ("state.pt", "progress.jsonl", *packing.MARKS)
        assert not name.startswith(("moments", "samples", "data"))
        for place in (str(tmp_path), str(ROOT), str(Path.home()), sys.prefix, "my own words"):
            assert place.encode() not in bytes_, f"{place} in {name}"
        if not name.endswith((".safetensors", "tokenizer.json")):
            assert not re.search(r"(?<![\w:/.…<])/(?:tmp|work|home|root|usr)/", bytes_.decode())
        assert f"`{name}`" in files["README.md"].decode()


def test_the_same_model_gives_the_same_bytes(plain: Path, tmp_path: Path) -> None:
    out = job_folder(tmp_path / "elsewhere" / "two", classifier)
    facts = Facts("classification/cifar10", {"minutes": 1.0})
    again = packed(out, facts, onnx=False)
    assert again.read_bytes() == plain.read_bytes()


def test_it_is_made_once_and_again_when_the_model_changes(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    first = packed(out, onnx=False)
    made = first.stat().st_mtime_ns
    assert packed(out, onnx=False) == first and first.stat().st_mtime_ns == made
    (out / "history.jsonl").write_text('{"epoch": 1, "loss": 9.0}\n')
    second = packed(out, onnx=False)
    assert second != first and not first.exists(), "one zip a job"
    assert b"9.0" in content(second)["history.jsonl"]
    assert not [file.name for file in out.parent.iterdir() if file.name.startswith(".")]


def test_what_is_not_done_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(errors.NotDone):
        packed(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    (tmp_path / "passwd").write_text("secret")
    (out / "probes.safetensors").symlink_to(tmp_path / "passwd")
    assert "probes.safetensors" not in content(packed(out, onnx=False))


def test_one_at_a_time(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    with packing._one_at_a_time, pytest.raises(errors.TakeHomeBusy):
        packed(out, onnx=False)
    assert packed(out, onnx=False).is_file()


def test_who_asks_at_the_same_time_gets_the_same_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    made, begun, go_on = [], threading.Event(), threading.Event()
    real = packing._made

    def slow(*given: Any) -> None:
        made.append(1)
        begun.set()
        assert go_on.wait(60)
        real(*given)

    monkeypatch.setattr(packing, "_made", slow)
    first = threading.Thread(target=lambda: packed(out, onnx=False))
    first.start()
    assert begun.wait(60)
    with pytest.raises(errors.TakeHomeBusy):
        packed(out, onnx=False)
    go_on.set()
    first.join()
    assert packed(out, onnx=False).is_file() and len(made) == 1


def test_a_zip_that_could_not_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)

    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "_write", full)
    before = sorted(out.parent.iterdir())
    with pytest.raises(errors.NoSpace):
        packed(out, onnx=False)
    assert sorted(out.parent.iterdir()) == before


# ---- the card ----------------------------------------------------------------------------------


def test_the_card_is_written_from_the_run(plain: Path) -> None:
    told = content(plain)["README.md"].decode()
    english, chinese = told.split("## 中文")
    for part in (english, chinese):
        assert "3: cat, dog, 狐狸" in part
        assert "python -m pretrained train classification/cifar10 --data YOUR_DATA" in part
        assert "--resume" not in part and "--watch" not in part
        assert "| held_out_top1 | 0.25 | 0.75 | 0.75 (3) |" in part
        assert "| loss | 3 | 1 | 1 (3) |" in part
        # 30 of 40: Wilson's interval
        assert "| top1 | 0.7500 | 0.5981–0.8581 | a fifth kept aside | 40 |" in part
        assert re.search(r"\| loss \| 0\.5000 \| (unknown|未知) \|", part)
        assert "top1 0.2500" in part and "the weights as they came" in part
    assert "- seed: 7" in english and "- 随机种子: 7" in chinese
    assert "- hardware: unknown" in english and "- 硬件: 未知" in chinese
    assert "licence of the weights is unknown" in english and "权重的许可未知" in chinese


def test_a_card_of_nothing_says_that_nothing_is_known() -> None:
    told = card.card(card.Run({"key": "text/x"}, {}, [], "", "", "", [], [], {"none": "package"}))
    for lang in card.LANGUAGES:
        say = card.words(lang)
        assert say["no_curve"] in told and say["not_evaluated"] in told
        assert say["onnx_none_package"] in told and say["licence_unknown"] in told
        assert f"{say['fact']['data']}: {say['unknown']}" in told


def test_a_card_has_every_word_in_both_languages() -> None:
    def names(told: Any, before: str = "") -> set[str]:
        if not isinstance(told, dict):
            return {f"{before} {sorted(re.findall(r'{[^}]*}', told))}"}
        return set().union(*(names(value, f"{before}.{name}") for name, value in told.items()))

    assert names(card.words("en")) == names(card.words("zh"))


def test_a_class_cannot_write_into_the_card(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    config = checkpoint.read_json(out, "config.json")
    config["labels"] = ["a\n---\n# Not a heading", "<script>", "b | c"]
    checkpoint.write_json(out, "config.json", config)
    told = content(packed(out, onnx=False))["README.md"].decode()
    assert "\n# Not" not in told and "<script>" not in told and "b | c" not in told


def test_what_was_not_made_by_a_command_is_not_said_to_be(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    metrics = checkpoint.read_json(out, "metrics.json")
    metrics["training"]["command"] = "in the page: ```Classify"
    checkpoint.write_json(out, "metrics.json", metrics)
    told = content(packed(out, Facts("classification/imagenet"), onnx=False))["README.md"].decode()
    assert "```\nin the page: Classify\n```" in told and "pretrained train" not in told


# ---- as jobs -----------------------------------------------------------------------------------


def test_what_comes_back_is_a_job_that_is_done(plain: Path, bench: Bench) -> None:
    jobs = bench.jobs()
    job = jobs.adopt(plain, "ann", "1.2.3.4", "mine.zip")
    assert (job.state, job.key, job.mine) == ("done", "classification/cifar10", True)
    *curve, last = [(event.kind, event.body) for event in jobs.events(job.id)]
    assert last == ("state", {"state": "done"})
    assert [(kind, row["epoch"]) for kind, row in curve] == [("row", n) for n in (1, 2, 3)]
    assert classified(catalog.from_folder(job.out).load("cpu"))
    assert [one.id for one in jobs.list("ann")] == [job.id] and jobs.list("bob") == []
    assert plain.is_file()


def test_it_counts_and_is_swept_and_removed_as_others(plain: Path, bench: Bench) -> None:
    jobs = bench.jobs(kept=1)
    job = jobs.adopt(plain, "ann")
    with pytest.raises(errors.TooManyYours):
        jobs.adopt(plain, "ann")
    other = jobs.adopt(plain, "bob")
    with pytest.raises(errors.NotYours):
        jobs.remove(other.id, "ann")
    jobs.remove(other.id, "bob")
    assert not other.out.exists()
    bench.now += 80 * 3600
    assert jobs.sweep() == 1 and not job.out.exists()


def test_what_is_refused_leaves_no_job(plain: Path, bench: Bench, tmp_path: Path) -> None:
    jobs = bench.jobs()
    bad = repacked(plain, tmp_path / "bad.zip", model__safetensors=b"")
    with pytest.raises(errors.ModelWeights):
        jobs.adopt(bad, "ann")
    assert jobs.list("ann") == [] and not list((bench.folder / "jobs").iterdir())
    off = Bench(tmp_path / "off").jobs(on=False)
    with pytest.raises(errors.JobsOff):
        off.adopt(plain, "ann")


def test_only_what_is_done_goes_home(bench: Bench) -> None:
    jobs = bench.jobs()
    job = bench.submit(jobs)
    with pytest.raises(errors.NotDone):
        jobs.take_home(job.id)
    with pytest.raises(errors.UnknownJob):
        jobs.take_home("x" * 22)


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("AMD EPYC, 2 threads", "AMD EPYC，2 个线程"),
        ("5% of a|b.tsv, kept aside", "从 a\\|b.tsv 中留出的 5%"),
        ("translation/en-fr as it came", "未经调整的 translation/en-fr"),
        ("my data", "my data"),  # a visitor's own folder
        ("another name", "another name"),
    ],
)
def test_the_chinese_card_names_machines_and_data_in_chinese(name: str, chinese: str) -> None:
    assert card._named(name, card.words("zh")) == chinese
    assert card._named(name, card.words("en")) == name.replace("|", "\\|")


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("data", "its owner's data", "主人自己的数据"),
        ("80% of data", "80% of its owner's data", "主人自己的数据 的 80%"),
        ("last 5% of data", "last 5% of its owner's data", "主人自己的数据 的最后 5%"),
        ("kept aside of data", "a part of its owner's data", "从 主人自己的数据 中留出的部分"),
        ("pets (kept aside)", "a part of pets", "从 pets 中留出的部分"),
    ],
)
def test_the_card_calls_a_jobs_folder_its_owners_data(name, english, chinese) -> None:
    assert card._named(name, card.words("en")) == english
    assert card._named(name, card.words("zh")) == chinese
