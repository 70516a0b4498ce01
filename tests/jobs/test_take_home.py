"""A model that was trained here goes home in one zip, is used there without this app where that can
be, and comes back; and nothing else comes in by that way."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_detection
import tiny_faces
import tiny_hands
import tiny_writers
import torch
from job_bench import Bench
from PIL import Image

from demos.language import LANGUAGES, Words
from jobs import errors
from jobs.take_home import Facts, card, examples, headers, packed, packing, recipe, unpacked
from pretrained import catalog, checkpoint
from pretrained.classification.model import ResidualNet
from pretrained.errors import Refusal
from pretrained.handwriting.reader import ReaderNet

ROOT = Path(__file__).parents[2]
LABELS = ["cat", "dog", "狐狸"]
PICTURE = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)


def classifier(folder: Path) -> Path:
    torch.manual_seed(0)
    network = ResidualNet(3, widths=(8, 12), stem_width=6)
    checkpoint.save_weights(folder, network.state_dict())
    config = {"key": "classification/out", "loader": "pretrained.classification.serve:load"}
    config |= {"labels": LABELS, "classes": 3, "size": 16, "temperature": 0.01, "max_batch": 8}
    config |= {"widths": [8, 12], "stem_width": 6, "pipeline_tag": "image-classification"}
    training = {
        "command": f"python -m pretrained train classification/cifar10 --data {folder.parent}/data"
        f" --out {folder} --minutes 1 --resume --watch",
        "data": f"{folder.parent}/data, 30 pictures",
        "pictures": 30,
        "seed": 7,
    }
    held_out = {"began": "the weights as they came", "split": "a fifth kept aside", "n": 40}
    held_out |= {"of": "pictures", "before": {"top1": 0.25, "loss": 2.0}}
    held_out |= {"after": {"top1": 0.75, "loss": 0.5}}
    checkpoint.write_metadata(folder, config, training, {}, (), held_out)
    rows = [{"epoch": n, "loss": 3.0 / n, "held_out_top1": 0.25 * n} for n in (1, 2, 3)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def reader(folder: Path) -> Path:
    torch.manual_seed(0)
    checkpoint.save_weights(folder, ReaderNet(tiny_hands.ALPHABET, 8, 12).state_dict())
    config = {"key": "handwriting/out", "loader": "pretrained.handwriting.serve:load_reader"}
    config |= {"characters": tiny_hands.ALPHABET, "width": 8, "units": 12, "max_batch": 8}
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def bundled(key: str) -> Callable[[Path], Path]:
    def copied(folder: Path) -> Path:
        return Path(shutil.copytree(catalog.folder_of(key), folder))

    return copied


def classified(model: Any) -> Any:
    return model.predict([Image.fromarray(PICTURE)])


def written(model: Any) -> str:
    writing, text = model.begin("", length=40, seed=3), ""
    while not writing.done:
        text += "".join(piece.text for piece in model.step([writing]) if piece)
    return text


def drawn(model: Any) -> Any:
    return model.predict([{"mix": [[0, 1.0]]}])[0]["image"].tolist()


def diffused(model: Any) -> Any:
    return model.predict([{"mix": [[0, 1.0]]}], steps=2)[0]["image"].tolist()


def translated(model: Any) -> Any:
    return model.predict(["I am a student."])[0]["translation"]


def detected(model: Any) -> Any:
    return [row["box"] for row in model.predict([PICTURE])[0]["objects"]]


def penned(model: Any) -> Any:
    return model.predict([{"text": "hello", "seed": 0}])[0]["points"].tolist()


def read(model: Any) -> Any:
    return model.predict([[[(0, 0), (0, 20)], [(0, 10), (8, 10)]]])


#: What comes back answers as what was taken home.
KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Any], Any]]] = {
    "classification": (classifier, classified),
    "classification/hog-svm": (bundled("classification/hog-svm"), classified),
    "text": (tiny_writers.tiny, written),
    "text/tang": (lambda folder: tiny_writers.tiny(folder, kind="quatrains"), written),
    "images/faces-gan": (tiny_faces.gan, drawn),
    "images/faces-diffusion": (tiny_faces.denoiser, diffused),
    "translation/en-fr": (bundled("translation/en-fr"), translated),
    "detection": (tiny_detection.detector, detected),
    "handwriting/pen": (bundled("handwriting/pen"), penned),
    "handwriting/reader": (reader, read),
}
MADE = ("model.safetensors", "config.json", "metrics.json", "README.md", "use_it.py")


def job_folder(top: Path, make: Callable[[Path], Path]) -> Path:
    """``out`` of a job that is done, with all that a worker leaves besides."""
    (top / "data").mkdir(parents=True)
    (top / "data" / "secret.txt").write_text("my own words")
    out = make(top / "out")
    (out / "state.pt").write_bytes(b"state")
    (out / "progress.jsonl").write_text('{"step": 1}\n')
    for name in ("moments", "samples"):
        (out / name).mkdir()
        (out / name / "000001.json").write_text('"my own words"')
    return out


def content(zip: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(zip) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def repacked(zip: Path, target: Path, **changed: bytes | None) -> Path:
    """The zip with other content of some files, whose names have __ for a dot; None leaves out."""
    files: dict[str, bytes | None] = {**content(zip)}
    files |= {name.replace("__", "."): value for name, value in changed.items()}
    with zipfile.ZipFile(target, "w") as archive:
        for name, value in files.items():
            if value is not None:
                archive.writestr(f"model/{name}", value)
    return target


def reconfigured(zip: Path, target: Path, **changed: Any) -> Path:
    config = json.loads(content(zip)["config.json"]) | changed
    return repacked(zip, target, config__json=json.dumps(config).encode())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a classifier, without ONNX."""
    out = job_folder(tmp_path_factory.mktemp("jobs") / "jobs" / "one", classifier)
    return packed(out, Facts("classification/cifar10", {"minutes": 1.0}, 60.0), onnx=False)


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
    facts = Facts("classification/cifar10", {"minutes": 1.0}, 60.0)
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


# ---- ONNX, and what uses it --------------------------------------------------------------------


def at_home(zip: Path, place: Path) -> Path:
    with zipfile.ZipFile(zip) as archive:
        archive.extractall(place)
    [folder] = place.iterdir()
    return folder


def run_cells(folder: Path) -> None:
    """The code cells of the notebook, one after another, in a process of its own."""
    cells = json.loads((folder / "use_it.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 1
    run([sys.executable, "-c", "\n\n".join(code)], folder)


def run(command: list[str], folder: Path, *, ours: bool = True) -> str:
    told = {"PYTHONPATH": str(ROOT)} if ours else {"PYTHONSAFEPATH": "1"}
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env={**clean, **told, "OMP_NUM_THREADS": "1"}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_classifier_is_asked_without_this_app(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    taken = packed(out)
    told = content(taken)["README.md"].decode()
    [apart] = set(re.findall(r"(\d\.\de[-+]\d\d)", told))
    assert float(apart) < 1e-4
    home = at_home(taken, tmp_path / "home")
    Image.fromarray(PICTURE).save(home / "mine.png")
    asked = run([sys.executable, "use_it.py", "mine.png"], home, ours=False)
    served = classified(catalog.from_folder(out).load("cpu"))[0]["confidences"]
    rows = [line.split(" ", 1) for line in asked.splitlines()]
    assert [name for _, name in rows] == [row["label"] for row in served]
    for (probability, _), row in zip(rows, served, strict=True):
        assert float(probability) == pytest.approx(row["confidence"], abs=2e-3)
    run_cells(home)
    back = unpacked(taken, tmp_path / "back")
    assert "model.onnx" in content(taken)
    assert not (back / "model.onnx").exists() and not (back / "use_it.py").exists()


@pytest.mark.parametrize("kind", ["text", "images/faces-gan"])
def test_others_are_asked_by_onnxruntime_alone_too(kind: str, tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", KINDS[kind][0])
    home = at_home(packed(out), tmp_path / "home")
    assert "torch" not in (home / "use_it.py").read_text()
    assert run([sys.executable, "use_it.py"], home, ours=False).strip()
    run_cells(home)


def test_what_has_no_onnx_is_asked_by_this_app(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", KINDS["translation/en-fr"][0])
    home = at_home(packed(out, onnx=False), tmp_path / "home")
    assert run([sys.executable, "use_it.py"], home).strip()
    run_cells(home)


@pytest.mark.parametrize("loader", headers.EXPECTED)
@pytest.mark.parametrize("onnx", [True, False])
def test_every_kind_has_an_example_that_is_python_and_short(loader: str, onnx: bool) -> None:
    parts = examples.use_it(loader, onnx)
    script = examples.script(parts)
    compile(script, "use_it.py", "exec")
    assert 3 <= len([line for line in script.splitlines() if line.strip()]) <= 30
    notebook = json.loads(examples.notebook(parts, "title", "needs"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), "use_it.ipynb", "exec")
            assert "sys.argv" not in "".join(cell["source"])


def test_an_export_that_takes_too_long_or_fails_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.onnx"
    out = classifier(tmp_path / "out")
    monkeypatch.setattr(packing, "ONNX_MOST_MB", 0)
    assert packing.exported(out, file) == {"none": "large", "limit": 0}
    monkeypatch.setattr(packing, "ONNX_MOST_MB", 200)
    monkeypatch.setattr(packing, "ONNX_SECONDS", 0.01)
    assert packing.exported(out, file) == {"none": "time", "seconds": 0.01}
    monkeypatch.setattr(packing, "ONNX_SECONDS", 300)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert packing.exported(out, file) == {"none": "damaged"}


def test_the_server_loads_no_torch_to_pack_or_to_take_back(plain: Path, tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    code = (
        "import sys; from pathlib import Path; from jobs.take_home import packed, unpacked\n"
        f"zip = packed(Path({str(out)!r}), onnx=False)\n"
        f"unpacked(zip, Path({str(tmp_path / 'back')!r}))\n"
        "assert not {'torch', 'onnx', 'onnxruntime', 'transformers'} & set(sys.modules)"
    )
    run([sys.executable, "-c", code], ROOT)
    assert (tmp_path / "back" / "config.json").is_file()


# ---- what is refused ---------------------------------------------------------------------------


def header(told: bytes, numbers: bytes = b"") -> bytes:
    return struct.pack("<Q", len(told)) + told + numbers


def tensor(shape: list[int], size: int, kind: str = "F16") -> bytes:
    told = {"head.weight": {"dtype": kind, "shape": shape, "data_offsets": [0, size]}}
    return json.dumps(told).encode()


WEIGHTS = {
    "nothing": b"",
    "cut off": b"\0\0\0",
    "a pickle": b"\x80\x04\x95" + b"x" * 100,
    "a header longer than the file": struct.pack("<Q", 2**40) + b"{}",
    "no JSON": header(b"{nothing"),
    "a list": header(b"[]"),
    "deep": header(b"[" * 100_000),
    "bytes that are no text": header(b"\xff\xfe"),
    "a shape that is not there": header(tensor([2**20, 2**20], 8), b"\0" * 8),
    "a negative shape": header(tensor([-4], 8), b"\0" * 8),
    "numbers behind the end": header(tensor([4], 8), b"\0" * 4),
    "numbers that nobody names": header(tensor([4], 8), b"\0" * 16),
    "a kind that is none": header(tensor([4], 8, "PICKLE"), b"\0" * 8),
    "a name twice": header(
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
        b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    ),
    "two in one place": header(
        b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},'
        b'"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
        b"\0" * 6,
    ),
    "no offsets": header(b'{"a":{"dtype":"U8","shape":[4]}}'),
}


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_were_tampered_with(what: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", model__safetensors=WEIGHTS[what])
    refused(zip, tmp_path, errors.ModelWeights)


CONFIGS: dict[str, dict[str, Any]] = {
    "another network": {"widths": [8, 16]},
    "more layers": {"widths": [8, 12, 12]},
    "wide": {"widths": [8, 10**9]},
    "many labels": {"labels": ["x"] * 10_001},
    "one label too few": {"labels": ["a", "b"], "classes": 2},
    "a huge picture": {"size": 10**6},
    "a picture of no size": {"size": 0},
    "a temperature of nothing": {"temperature": 0},
    "a huge number": {"parameters": 10**400},
    "a long text": {"description": "x" * 100_000},
    "another task": {"key": "text/mine"},
    "no task": {"key": "../../etc/mine"},
    "no key": {"key": 7},
    "a title that is a list": {"title": ["x"]},
    "a batch of a million": {"max_batch": 10**6},
    "a loader of another module": {"loader": "os:system"},
    "a function that loads nothing": {"loader": "pretrained.catalog:find"},
}


@pytest.mark.parametrize("what", CONFIGS)
def test_configs_that_were_tampered_with(what: str, plain: Path, tmp_path: Path) -> None:
    zip = reconfigured(plain, tmp_path / "bad.zip", **CONFIGS[what])
    refused(zip, tmp_path, errors.ModelConfig, errors.ModelKind)


@pytest.mark.parametrize(
    "config", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000, b'{"key": NaN}', b"{}"]
)
def test_a_config_that_cannot_be_read(config: bytes, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", config__json=config)
    refused(zip, tmp_path, errors.ModelConfig, errors.ModelKind)


def test_a_curve_holds_numbers_alone(plain: Path, tmp_path: Path) -> None:
    row = {"epoch": 1, "loss": 2.5, "held_out_<img src=x>": 1.0, "told": "<b>", "big": 10**400}
    history = b"no JSON\n[]\n" + json.dumps(row).encode() + b"\n" + b"[" * 100_000
    zip = repacked(plain, tmp_path / "odd.zip", history__jsonl=history)
    held = (unpacked(zip, tmp_path / "back") / "history.jsonl").read_text()
    assert held == '{"epoch": 1, "loss": 2.5}\n'


def test_what_was_not_made_by_a_command_is_not_said_to_be(tmp_path: Path) -> None:
    out = job_folder(tmp_path / "jobs" / "one", classifier)
    metrics = checkpoint.read_json(out, "metrics.json")
    metrics["training"]["command"] = "in the page: ```Classify"
    checkpoint.write_json(out, "metrics.json", metrics)
    told = content(packed(out, Facts("classification/imagenet"), onnx=False))["README.md"].decode()
    assert "```\nin the page: Classify\n```" in told and "pretrained train" not in told


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_what_is_missing_is_said(missing: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", **{missing.replace(".", "__"): None})
    refused(zip, tmp_path, errors.ModelConfig)


@pytest.mark.parametrize("loader", ["pretrained.text.hub.serve:load_tuned"])
def test_what_cannot_be_checked_is_not_loaded(loader: str, plain: Path, tmp_path: Path) -> None:
    zip = reconfigured(plain, tmp_path / "bad.zip", loader=loader, key="text/mine")
    refused(zip, tmp_path, errors.ModelKind)


@pytest.mark.parametrize(
    "name", ["model.pt", "evil.py", "more/config.json", "model.bin", "statistics.safetensors"]
)
def test_files_that_no_zip_of_ours_has(name: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", **{name.replace(".", "__"): b"x"})
    refused(zip, tmp_path, errors.ModelForeign)


@pytest.mark.parametrize("name", ["../up.json", "/etc/up.json", "..\\up.json", "a/../../up.json"])
def test_nothing_leaves_its_folder(name: str, plain: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copy(plain, tmp_path / "bad.zip"))
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr(name, b"{}")
    refused(bad, tmp_path, errors.ZipUnsafe)
    assert not list(tmp_path.parent.rglob("up.json"))


def test_links_bombs_locks_and_what_is_no_zip(plain: Path, tmp_path: Path) -> None:
    link = Path(shutil.copy(plain, tmp_path / "link.zip"))
    with zipfile.ZipFile(link, "a") as archive:
        entry = zipfile.ZipInfo("model/probes.safetensors")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    refused(link, tmp_path, errors.ZipUnsafe)

    bomb = Path(shutil.copy(plain, tmp_path / "bomb.zip"))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/probes.safetensors", b"\0" * 20_000_000)
    refused(bomb, tmp_path, errors.ZipBomb)

    locked = tmp_path / "locked.zip"
    held = bytearray(plain.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = held.index(mark)
        held[at + place] |= 1
    locked.write_bytes(held)
    refused(locked, tmp_path, errors.ZipEncrypted)

    other = tmp_path / "other.zip"
    other.write_bytes(b"GIF89a")
    refused(other, tmp_path, errors.ZipUnreadable)
    other.write_bytes(plain.read_bytes()[:-2000])
    refused(other, tmp_path, errors.ZipUnreadable)
    refused(Path(shutil.copy(plain, tmp_path / "model.txt")), tmp_path, errors.ZipUnreadable)


def test_more_than_the_host_allows(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.DataTooLarge):
        unpacked(plain, tmp_path / "back", most_mb=0)
    history = b'{"epoch": 1, "loss": 1.0}\n' * 700_000
    big = repacked(plain, tmp_path / "big.zip", history__jsonl=history)
    refused(big, tmp_path, errors.DataTooLarge)


def test_bits_that_turned_over_load_or_are_refused(plain: Path, tmp_path: Path) -> None:
    chance = random.Random(0)
    weights = bytearray(content(plain)["model.safetensors"])
    (length,) = struct.unpack("<Q", weights[:8])
    for n in range(60):
        held = bytearray(weights)
        held[chance.randrange(8 + length)] ^= 1 << chance.randrange(8)
        zip = repacked(plain, tmp_path / f"{n}.zip", model__safetensors=bytes(held))
        try:
            folder = unpacked(zip, tmp_path / f"{n}")
        except Refusal:
            continue
        try:
            catalog.from_folder(folder).load("cpu")
        except Refusal:
            continue


def refused(zip: Path, place: Path, *kinds: type[Refusal]) -> None:
    """One of these, in words of both languages, without a place of the server, leaving nothing."""
    before = {path for path in place.iterdir()}
    with pytest.raises(kinds) as caught:
        unpacked(zip, place / "back", "mine.zip" if zip.suffix == ".zip" else zip.name)
    words = Words()
    for lang in LANGUAGES:
        sentence = words.say(lang, f"error.{caught.value.code}", **caught.value.fields)
        assert str(place) not in sentence and "{" not in sentence
    assert {path for path in place.iterdir()} == before


# ---- as jobs -----------------------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path / "jobs")


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
