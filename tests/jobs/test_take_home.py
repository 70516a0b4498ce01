"""A model goes home in one zip, and only such a zip comes back."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import stat
import struct
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_faces
import tiny_writers
import torch
from job_bench import ROOT, Bench
from PIL import Image

from jobs import errors, take_home
from jobs.take_home import Facts, card, examples, headers, packed, packing, unpacked, unpacking
from pretrained import catalog, checkpoint
from pretrained.classification.model import ResidualNet

SECRET = "what the visitor sent"
FACTS = Facts("classification/cifar10", {"minutes": 5.0, "scratch": True, "smoke": False}, 12.0)


def classifier(folder: Path) -> Path:
    torch.manual_seed(0)
    network = ResidualNet(3, widths=(8, 12), stem_width=6).eval()
    checkpoint.save_weights(folder, network.state_dict())
    config = {
        "key": "classification/out",
        "title": "out",
        "loader": "pretrained.classification.serve:load",
        "licence": "unknown",
        "labels": ["red", "green", "blue"],
        "labels_zh": None,
        "classes": 3,
        "widths": [8, 12],
        "stem_width": 6,
        "size": 16,
        "temperature": 0.05,
        "parameters": 1234,
    }
    made = {
        "command": f"python -m pretrained train classification/cifar10 --data {folder.parent}/data "
        f"--out {folder} --minutes 5 --resume --watch",
        "seed": 3,
        "pictures": 60,
        "data": f"{folder.parent}/data",
        "told": "left out: /home/someone/pictures/cat.jpg",
    }
    compared = {"began": "random weights", "split": "kept aside", "n": 40, "of": "pictures"}
    compared |= {"before": {"top1": 0.3}, "after": {"top1": 0.75, "loss": 0.5}}
    checkpoint.write_metadata(folder, config, made, {"temperature": 0.05}, held_out=compared)
    rows = [{"epoch": n, "loss": 1 / n, "held_out_top1": 0.25 * n} for n in (1, 2, 3)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def writer(folder: Path) -> Path:
    return tiny_writers.tiny(folder, SECRET + tiny_writers.VERSE)


MODELS: dict[str, Callable[[Path], Path]] = {
    "classification": classifier,
    "text": writer,
    "gan": tiny_faces.gan,
    "diffusion": tiny_faces.denoiser,
}


def job(place: Path, make: Callable[[Path], Path] = classifier) -> Path:
    """The ``out`` of a job with everything that a training leaves there."""
    place.mkdir(parents=True)
    out = make(place / "out")
    (place / "data").mkdir()
    (place / "data" / "text.txt").write_text(SECRET)
    for name in ("state.pt", "progress.jsonl", "plan.json", "refusal.json", "mistakes.json"):
        (out / name).write_text(SECRET)
    for name in ("moments", "samples"):
        (out / name).mkdir()
        (out / name / "1.safetensors").write_text(SECRET)
    (out / "other.safetensors").write_text(SECRET)
    (out / "sent.spm").symlink_to(place / "data" / "text.txt")
    return out


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return job(tmp_path / "jobs" / "abc")


@pytest.fixture
def zipped(out: Path) -> Path:
    return packed(out, FACTS, onnx=False)


def contents(file: Path) -> dict[str, bytes]:
    """Of a zip, by the names below its one folder."""
    with zipfile.ZipFile(file) as archive:
        assert len({name.split("/")[0] for name in archive.namelist()}) == 1
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def answers(folder: Path) -> Any:
    model = catalog.from_folder(folder).load("cpu")
    if folder_task(folder) == "classification":
        picture = Image.fromarray(np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3))
        return model.predict([picture], view="scores")[0].tolist()
    if folder_task(folder) == "text":
        writing, text = model.begin("ROMEO:", length=30, seed=1), ""
        while not writing.done:
            text += "".join(piece.text for piece in model.step([writing]) if piece)
        return text
    return model.predict([{"mix": [[7, 1.0]]}])[0]["image"].tolist()


def folder_task(folder: Path) -> str:
    return checkpoint.read_json(folder, "config.json")["key"].split("/")[0]


# ---- there and back -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_came_back_answers_as_before(tmp_path: Path, kind: str) -> None:
    out = job(tmp_path / "jobs" / "abc", MODELS[kind])
    back = unpacked(packed(out, onnx=False), tmp_path / "back")
    assert answers(back) == answers(out)
    assert packed(back, onnx=False).is_file(), "and goes home again"


@pytest.mark.parametrize("key", [k for k in catalog.BUNDLED if k in headers.__dict__ or True])
def test_every_bundled_model_of_a_loader_that_may_come_back_does(tmp_path: Path, key: str) -> None:
    folder = catalog.folder_of(key)
    if not (folder / checkpoint.WEIGHTS).exists():
        pytest.skip("its weights are another's")
    place = tmp_path / "job"
    place.mkdir()
    shutil.copytree(folder, place / "out")
    back = unpacked(packed(place / "out", Facts(key), onnx=False), tmp_path / "back")
    assert (back / checkpoint.WEIGHTS).read_bytes() == (folder / checkpoint.WEIGHTS).read_bytes()
    assert take_home.recipe(back) == key


def test_the_zip_holds_the_model_and_nothing_else(out: Path, zipped: Path) -> None:
    there = contents(zipped)
    assert sorted(there) == [
        *("README.md", "config.json", "history.jsonl", "metrics.json", "model.safetensors"),
        *("use_it.ipynb", "use_it.py"),
    ]
    for name, content in there.items():
        assert SECRET.encode() not in content, name
        for place in (out.parent, ROOT, Path.home(), Path("/home/someone")):
            assert str(place).encode() not in content, (name, place)


def test_a_texts_fingerprint_stays_and_that_is_said(tmp_path: Path) -> None:
    out = job(tmp_path / "jobs" / "abc", writer)
    there = contents(packed(out, onnx=False))
    assert (out / "copies.safetensors").is_file() and "copies.safetensors" not in there
    assert "works" not in json.loads(there["config.json"])
    assert there["README.md"].decode().count("`copies.safetensors`") == 2  # in both languages


def test_the_same_model_gives_the_same_bytes(tmp_path: Path, zipped: Path) -> None:
    other = job(tmp_path / "elsewhere" / "jobs" / "xyz")
    assert packed(other, FACTS, onnx=False).read_bytes() == zipped.read_bytes()


def test_it_is_made_once_and_anew_when_the_model_changes(
    out: Path, zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = packing._made
    monkeypatch.setattr(packing, "_made", lambda *given: made.append(1) or real(*given))
    assert packed(out, FACTS, onnx=False) == zipped and not made
    checkpoint.write_json(out, "metrics.json", {"key": "x", "results": []})
    new = packed(out, FACTS, onnx=False)
    assert new != zipped and len(made) == 1
    assert list(out.parent.glob("take_home-*")) == [new], "the old one goes"


def test_who_asks_at_the_same_time_gets_the_same_zip(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, begun, go_on = [], threading.Event(), threading.Event()
    real = packing._made

    def slow(*given: Any) -> None:
        made.append(1)
        begun.set()
        assert go_on.wait(60)
        real(*given)

    monkeypatch.setattr(packing, "_made", slow)
    found: list[Path] = []
    callers = [
        threading.Thread(target=lambda: found.append(packed(out, FACTS, onnx=False)))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    assert begun.wait(60)
    monkeypatch.setattr(packing, "PATIENCE", 0.0)
    with pytest.raises(errors.TakeHomeBusy):
        packed(out, Facts("classification/other"), onnx=False)
    go_on.set()
    for caller in callers:
        caller.join()
    assert len(made) == 1 and len(set(found)) == 1 and len(found) == 4


def test_a_zip_that_could_not_be_finished_leaves_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "_write", full)
    before = sorted(out.parent.iterdir())
    with pytest.raises(errors.NoSpace):
        packed(out, FACTS, onnx=False)
    assert sorted(out.parent.iterdir()) == before


def test_no_model_no_zip(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(errors.NotDone):
        packed(tmp_path / "out")


# ---- what it says -------------------------------------------------------------------------------


def test_the_card_tells_the_run_in_both_languages(zipped: Path) -> None:
    text = contents(zipped)["README.md"].decode()
    english, chinese = text.split("## 中文\n")
    for part in (english, chinese):
        assert "60" in part and "3: red, green, blue" in part and "random" in part
        assert "--data YOUR_DATA --out YOUR_MODEL --minutes 5\n" in part
        assert "--resume" not in part and "--watch" not in part
        assert "| top1 | 0.7500 | 0.5981–0.8581 | kept aside | 40 |" in part  # Wilson 1927
        assert "| held_out_top1 | 0.25 | 0.75 | 0.75 (3) |" in part
    assert "| loss | 0.5000 | unknown |" in english and "- hardware: unknown" in english
    assert "The licence of the weights is unknown" in english
    assert "| loss | 0.5000 | 未知 |" in chinese and "权重的许可未知" in chinese
    assert "Nobody has measured it" in english and "没有人用专门留出的数据测量过它" in chinese


def test_the_command_is_made_of_the_options_where_none_was_kept() -> None:
    assert packing.command({}, FACTS) == (
        "python -m pretrained train classification/cifar10 --data YOUR_DATA --out YOUR_MODEL "
        "--minutes 5.0 --scratch"
    )
    assert packing.command({"training": {"command": "rm 'x"}}, Facts()) == ""


def test_cards_say_the_same_in_both_languages() -> None:
    def named(table: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
        for name, value in table.items():
            if isinstance(value, dict):
                yield from named(value, f"{prefix}{name}.")
            else:
                fields = sorted(part.partition("}")[0] for part in value.split("{")[1:])
                yield prefix + name, fields

    tables = [
        dict(named(tomllib.loads((Path(card.__file__).parent / f"card.{lang}.toml").read_text())))
        for lang in card.LANGUAGES
    ]
    assert tables[0] == tables[1] and len(tables[0]) > 80


def test_figures_of_a_card_that_are_none_are_refused(out: Path) -> None:
    checkpoint.write_json(out, "metrics.json", {"results": [], "held_out": {"after": [1]}})
    with pytest.raises(Exception, match=r"metrics\.json is not a checkpoint"):
        packed(out, FACTS, onnx=False)


# ---- what asks the model ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier's zip, unpacked, with its ONNX file."""
    place = tmp_path_factory.mktemp("home")
    file = packed(job(place / "jobs" / "abc"), FACTS)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(place)
    (folder,) = place.glob("*-mine")
    return folder


def test_a_classifier_is_asked_with_onnxruntime_alone(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    colours = np.random.default_rng(0).integers(0, 255, (40, 31, 3), dtype=np.uint8)
    Image.fromarray(colours).save(picture)
    asked = [sys.executable, "-I", str(home / "use_it.py"), str(picture)]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    shown = [line.split(" ", 1) for line in done.stdout.splitlines()]
    model = catalog.from_folder(home).load("cpu")
    wanted = model.predict([Image.open(picture)])[0]["confidences"]
    assert [label for _, label in shown] == [row["label"] for row in wanted]
    for (share, _), row in zip(shown, wanted, strict=True):
        assert float(share) == pytest.approx(row["confidence"], abs=2e-4)
    assert "pretrained" not in (home / "use_it.py").read_text()
    assert "pip install onnxruntime numpy pillow" in (home / "README.md").read_text("utf-8")


def cells(folder: Path) -> list[str]:
    told = json.loads((folder / "use_it.ipynb").read_text("utf-8"))
    assert (told["nbformat"], told["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in told["cells"]}) == len(told["cells"])
    for cell in told["cells"]:
        code = cell["cell_type"] == "code"
        assert code == ("outputs" in cell) == ("execution_count" in cell)
    return ["".join(cell["source"]) for cell in told["cells"] if cell["cell_type"] == "code"]


def run_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for cell in cells(folder):
        exec(compile(cell, "cell", "exec"), names)  # noqa: S102


def test_the_notebook_asks_it_too(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_notebook(home, monkeypatch)
    assert sorted(line.split()[1] for line in capsys.readouterr().out.splitlines()) == [
        *("blue", "green", "red"),
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("classification/cifar10", "airplane"),
        ("text/shakespeare", ""),
        ("translation/en-fr", ""),
        ("handwriting/reader", "confidence"),
        ("handwriting/pen", "points"),
        ("images/faces-gan", "drawn.png"),
        ("images/faces-diffusion", "drawn.png"),
        ("detection/everyday", "objects"),
    ],
)
def test_every_kind_is_asked_through_the_package(
    key: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(catalog.folder_of(key), folder)
    parts = examples.use_it(catalog.find(key).loader, onnx=False)
    assert not examples.alone(parts)
    program = folder / "use_it.py"
    program.write_text(examples.script(parts), "utf-8")
    assert len([line for line in program.read_text().splitlines() if line]) < 20
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(program)])
    runpy.run_path(str(program), run_name="__main__")
    told = capsys.readouterr().out
    assert said in told and told.strip()


@pytest.mark.parametrize("kind", ["text", "gan"])
def test_text_and_faces_are_asked_with_onnxruntime_alone(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pretrained import onnx

    folder = MODELS[kind](tmp_path / "model")
    onnx.exported(folder, folder / "model.onnx")
    parts = examples.use_it(catalog.from_folder(folder).loader, onnx=True)
    assert examples.alone(parts)
    (folder / "use_it.ipynb").write_text(examples.notebook(parts, "T", "N"), "utf-8")
    run_notebook(folder, monkeypatch)
    told = capsys.readouterr().out
    if kind == "gan":
        assert Image.open(folder / "drawn.png").size == (256, 256)
    else:
        assert len(told) > 150 and set(told) <= set(SECRET + tiny_writers.VERSE)


def test_onnx_that_is_not_to_be_had_is_said(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "exported", lambda out, file: {"none": "package"})
    there = contents(packed(out, FACTS))
    assert "model.onnx" not in there and "catalog.from_folder" in there["use_it.py"].decode()
    assert "the Python package onnx is not installed" in there["README.md"].decode()


def test_an_export_that_never_ends_is_stopped(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "ONNX_SECONDS", 0.01)
    assert packing.exported(out, tmp_path / "x.onnx") == {"none": "time", "seconds": 0.01}
    monkeypatch.setattr(packing, "ONNX_MOST_MB", 0)
    assert packing.exported(out, tmp_path / "x.onnx") == {"none": "large", "limit": 0}


def test_the_app_packs_and_unpacks_without_torch(out: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from jobs import take_home\n"
        "file = take_home.packed(Path(sys.argv[1]), onnx=False)\n"
        "print(take_home.recipe(take_home.unpacked(file, Path(sys.argv[2]))))\n"
        "assert not {'torch', 'onnx', 'tokenizers'} & sys.modules.keys()\n"
    )
    asked = [sys.executable, "-c", program, str(out), str(tmp_path / "back")]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["classification/cifar10"]


# ---- what does not come back --------------------------------------------------------------------


def put(zipped: Path, **changed: bytes | None) -> Path:
    """That zip with other files; None takes one out. ``__`` in a name stands for a full stop."""
    there: dict[str, bytes | None] = dict(contents(zipped))
    there |= {name.replace("__", "."): content for name, content in changed.items()}
    target = zipped.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in there.items():
            if content is not None:
                archive.writestr(f"model/{name}", content)
    return target


def config(zipped: Path, **changed: Any) -> Path:
    told = json.loads(contents(zipped)["config.json"])
    return put(zipped, config__json=json.dumps({**told, **changed}).encode())


def weights(zipped: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """That zip with another header of its weights."""
    file = contents(zipped)["model.safetensors"]
    (length,) = struct.unpack("<Q", file[:8])
    header = json.loads(file[8 : 8 + length])
    new = change(header)
    new = new if isinstance(new, bytes) else json.dumps(header).encode()
    return put(zipped, model__safetensors=struct.pack("<Q", len(new)) + new + file[8 + length :])


def refused(
    file: Path, kind: type[errors.JobRefusal], what: str = "", name: str = "mine.zip"
) -> None:
    into = file.parent / "back"
    before = sorted(file.parent.iterdir())
    with pytest.raises(kind) as refusal:
        unpacked(file, into, name)
    assert what in refusal.value.fields.get("what", what)
    assert str(file.parent) not in str(refusal.value)
    assert sorted(file.parent.iterdir()) == before, "nothing is left behind"


def test_a_file_that_no_model_of_ours_has_refuses_the_zip(zipped: Path) -> None:
    for name in ("weights.pkl", "model.pt", "pytorch_model.bin", "serve.py", "plugin.so"):
        refused(put(zipped, **{name.replace(".", "__"): b"x"}), errors.ModelForeign)
    refused(put(zipped, **{"sub/config.json": b"{}"}), errors.ModelForeign)
    refused(put(zipped, copies__safetensors=b"x"), errors.ModelForeign)


def test_onnx_and_examples_stay_behind(zipped: Path, tmp_path: Path) -> None:
    back = unpacked(put(zipped, model__onnx=b"anything"), tmp_path / "back")
    left = {file.name for file in back.iterdir()}
    assert left == {"config.json", "metrics.json", "history.jsonl", "model.safetensors"}


def test_zips_made_to_do_harm(zipped: Path, tmp_path: Path) -> None:
    def also(name: str, content: bytes = b"x", mode: int = 0o100644) -> Path:
        file = shutil.copy(zipped, tmp_path / "harm.zip")
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
        return Path(file)

    refused(also("../../config.json"), errors.ZipUnsafe)
    refused(also("/etc/config.json"), errors.ZipUnsafe)
    refused(also("link.json", b"/etc/passwd", stat.S_IFLNK | 0o777), errors.ZipUnsafe)
    refused(also("metrics.json", bytes(30 * 2**20)), errors.ZipBomb)
    locked = also("locked.json")
    content = bytearray(locked.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(content)
    refused(locked, errors.ZipEncrypted)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(zipped.read_bytes()[:-100])
    refused(broken, errors.ZipUnreadable)
    refused(zipped, errors.ZipUnreadable, name="model.pt")
    with pytest.raises(errors.DataTooLarge):
        unpacked(zipped, tmp_path / "back", "mine.zip", most_mb=0)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda h: b"\x80no json", "cannot be read"),
        (lambda h: b"[1]", "cannot be read"),
        (lambda h: b"[" * 100_000, "cannot be read"),
        (lambda h: b'{"a": 1, "a": 2}', "twice"),
        (lambda h: h.update(a=5), "describes no tensors"),
        (lambda h: h.update({str(n): {} for n in range(11_000)}), "too many"),
        (lambda h: h["head.bias"].update(dtype="PICKLE"), "no model has"),
        (lambda h: h["head.bias"].update(shape=[-3]), "no model has"),
        (lambda h: h["head.bias"].update(shape=[True, 3]), "no model has"),
        (lambda h: h["head.bias"].update(shape=[10**9]), "another size"),
        (lambda h: h["head.bias"].update(shape=[1] * 9 + [3]), "another size"),
        (lambda h: h["head.bias"].update(data_offsets=[0, 6]), "overlap or leave gaps"),
        (lambda h: h["head.bias"].update(data_offsets=[10**6, 10**6 + 6]), "gaps"),
        (lambda h: h.pop("head.bias"), ""),
        (lambda h: h.update({"n" * 400: {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]}}),
         "no model has"),
    ],
)  # fmt: skip
def test_headers_that_lie(zipped: Path, change: Callable[[dict[str, Any]], Any], what: str) -> None:
    refused(weights(zipped, change), errors.ModelWeights, what)


def test_headers_longer_than_the_file_or_than_any(zipped: Path) -> None:
    for length in (2**63, headers.MOST_HEADER + 1, 10_000_000):
        file = put(zipped, model__safetensors=struct.pack("<Q", length) + b"{}" * 9)
        refused(file, errors.ModelWeights, "longer than it can be")
    refused(put(zipped, model__safetensors=b"short"), errors.ModelWeights, "cut off")
    whole = contents(zipped)["model.safetensors"]
    refused(put(zipped, model__safetensors=whole[:-2]), errors.ModelWeights, "end elsewhere")
    refused(put(zipped, model__safetensors=whole + b"xx"), errors.ModelWeights, "end elsewhere")
    refused(put(zipped, model__safetensors=None), errors.ModelConfig, "no model.safetensors")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"widths": [10**9, 12]}, "widths"),
        ({"widths": [8, 16]}, "would have to be"),
        ({"widths": [8, 12, 12]}, "stages"),
        ({"widths": [8]}, "would have to be"),
        ({"stem_width": 10**9}, "stem_width"),
        ({"stem_width": 7}, "would have to be 7x3x3x3"),
        ({"stem_kernel": 5}, "would have to be"),
        ({"stem_stride": 0}, "stem_stride"),
        ({"size": 100_000}, "size"),
        ({"size": "16"}, "size"),
        ({"max_batch": 10**6}, "max_batch"),
        ({"pooling": "sum"}, "pooling"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"std": [0.5, 0.5, 0]}, "std"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": float("nan")}, "too large"),
        ({"classes": 4}, "classes"),
        ({"labels": ["a", "b"]}, "classes"),
        ({"labels": ["a", "b", 3]}, "labels"),
        ({"labels": "abc"}, "labels"),
        ({"labels_zh": ["一"]}, "labels_zh"),
        ({"probes": [3]}, "probes"),
        ({"probes": 3}, "put together"),
        ({"title": ["x"]}, "title"),
        ({"key": "nothing/x"}, "no tab"),
        ({"key": "text/x"}, "task"),
        ({"key": None}, "no key"),
        ({"description": "x" * 60_000}, "too long"),
        ({"more": list(range(300_000))}, "too much"),
        ({"more": 1e300}, "too large"),
        ({"marks_of": "../../secret"}, "marks_of"),
    ],
)
def test_configs_that_lie(zipped: Path, changed: dict[str, Any], what: str) -> None:
    refused(config(zipped, **changed), errors.ModelConfig, what)


def test_configs_that_are_none(zipped: Path) -> None:
    for text in (b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe"):
        refused(put(zipped, config__json=text), errors.ModelConfig)
    refused(put(zipped, config__json=None), errors.ModelConfig, "no config.json")


@pytest.mark.parametrize(
    "loader",
    [
        *("os:system", "pretrained.classification.hog:train", "pretrained.onnx:exported"),
        *("pretrained.text.hub.serve:load_tuned", "tests.evil:load", "", 5, ["x"], None),
    ],
)
def test_loaders_that_are_not_on_the_list(zipped: Path, loader: Any) -> None:
    refused(config(zipped, loader=loader), errors.ModelKind)
    refused(config(zipped, borrows="classification/imagenet"), errors.ModelKind)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("text", {"hidden": 10**9}),
        ("text", {"hidden": 64}),
        ("text", {"layers": 3}),
        ("text", {"layers": 10**9}),
        ("text", {"cell": "rnn"}),
        ("text", {"embedding": 10**5}),
        ("gan", {"latent": 10**9}),
        ("gan", {"width": 5}),
        ("gan", {"discriminator_width": 10**6}),
        ("diffusion", {"widths": [16, 32, 32]}),
        ("diffusion", {"widths": [16, 4096]}),
        ("diffusion", {"widths": [17, 33]}),
        ("diffusion", {"blocks": 10**9}),
        ("diffusion", {"blocks": 2}),
    ],
)
def test_networks_larger_than_their_weights(
    tmp_path: Path, kind: str, changed: dict[str, Any]
) -> None:
    file = packed(job(tmp_path / "jobs" / "abc", MODELS[kind]), onnx=False)
    told = json.loads(contents(file)["config.json"])
    refused(config(file, architecture={**told["architecture"], **changed}), errors.ModelConfig)


def test_vocabularies_that_split_in_another_way(tmp_path: Path) -> None:
    place = tmp_path / "job"
    place.mkdir()
    shutil.copytree(catalog.folder_of("translation/en-fr-plain"), place / "out")
    file = packed(place / "out", onnx=False)
    text = contents(file)["tokenizer.json"]

    def with_(change: Callable[[dict[str, Any]], Any]) -> Path:
        told = json.loads(text)
        change(told)
        return put(file, tokenizer__json=json.dumps(told).encode())

    def endless(told: dict[str, Any]) -> None:
        told["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": "(a+)+$"}

    refused(with_(endless), errors.ModelConfig, "another way")
    refused(with_(lambda t: t["model"].update(type="Unigram")), errors.ModelConfig, "another kind")
    refused(with_(lambda t: t["model"]["vocab"].update(x=10**6)), errors.ModelConfig, "from 0")
    refused(with_(lambda t: t["model"]["vocab"].pop("</s>")), errors.ModelConfig)
    refused(with_(lambda t: t["added_tokens"][0].update(id=10**6)), errors.ModelConfig, "outside")
    refused(put(file, tokenizer__json=None), errors.ModelConfig, "no tokenizer.json")


def test_what_the_shapes_do_not_tell_the_loader_refuses(zipped: Path, tmp_path: Path) -> None:
    def renamed(header: dict[str, Any]) -> None:
        header["stem.norm.other"] = header.pop("stem.norm.bias")

    back = unpacked(weights(zipped, renamed), tmp_path / "back")
    with pytest.raises(errors.Refusal, match="weights do not fit its config.json"):
        catalog.from_folder(back).load("cpu")


def test_papers_that_the_page_could_not_show_are_mended(zipped: Path, tmp_path: Path) -> None:
    metrics = {"key": "x", "results": [], "training": 5, "held_out": {"before": {"top1": "high"}}}
    file = put(
        zipped,
        metrics__json=json.dumps(metrics).encode(),
        history__jsonl=b'{"epoch": 1}\nnot json\n[1]\n' + b"[" * 100_000,
    )
    back = unpacked(file, tmp_path / "back")
    assert checkpoint.read_json(back, "metrics.json") == {"key": "x", "results": []}
    assert (back / "history.jsonl").read_text() == '{"epoch": 1}\n'
    damaged = put(zipped, metrics__json=b'{"results": [{"metrics": 5}]}')
    refused(damaged, errors.ModelConfig, "metrics.json is damaged")


# ---- a job that is done -------------------------------------------------------------------------


def test_a_model_that_came_back_is_a_job_that_is_done(bench: Bench, zipped: Path) -> None:
    jobs = bench.jobs()
    made = jobs.adopt(zipped, "ann", "address", "mine.zip")
    assert made.state == "done" and made.mine and made.key == "classification/cifar10"
    assert [one.id for one in jobs.list("ann")] == [made.id] and not jobs.list("bob")
    assert [event.kind for event in jobs.events(made.id)] == ["state"]
    assert catalog.from_folder(made.out, f"classification/{made.id}").labels == ()
    assert not jobs.get(made.id, "bob").mine
    with pytest.raises(errors.NotYours):
        jobs.remove(made.id, "bob")
    jobs.close()
    again = bench.jobs()
    assert again.get(made.id).state == "done", "it is there when the server is again"
    again.remove(made.id, "ann")
    assert not made.out.exists()


def test_it_counts_among_an_owners_and_is_swept_by_age(bench: Bench, zipped: Path) -> None:
    jobs = bench.jobs(kept=2)
    made = [jobs.adopt(zipped, "ann") for _ in range(2)]
    with pytest.raises(errors.TooManyYours):
        jobs.adopt(zipped, "ann")
    with pytest.raises(errors.TooManyYours):
        bench.submit(jobs)
    jobs.adopt(zipped, "bob")
    bench.now += jobs.limits.keep_hours * 3600 + 1
    jobs.sweep()
    assert not jobs.list("ann") and not made[0].out.exists()


def test_what_is_refused_leaves_nothing(bench: Bench, zipped: Path) -> None:
    jobs = bench.jobs()
    with pytest.raises(errors.ModelKind):
        jobs.adopt(config(zipped, loader="os:system"), "ann")
    assert not list((bench.folder / "jobs").iterdir()) and not jobs.list("ann")
    with pytest.raises(errors.JobsOff):
        bench.jobs_off().adopt(zipped, "ann") if hasattr(bench, "jobs_off") else _off(jobs, zipped)


def _off(jobs: Any, zipped: Path) -> None:
    from dataclasses import replace

    jobs.limits = replace(jobs.limits, on=False)
    jobs.adopt(zipped, "ann")


def test_a_folder_is_taken_as_a_zip_is(bench: Bench, zipped: Path, tmp_path: Path) -> None:
    back = unpacked(zipped, tmp_path / "back")
    jobs = bench.jobs()
    made = jobs.adopt(back, "ann")
    assert answers(made.out) == answers(back)
    assert os.listdir(back), "it is copied"


def test_a_job_goes_home_when_it_is_done(
    bench: Bench, zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "exported", lambda out, file: {"none": "kind"})
    jobs = bench.jobs()
    file = jobs.take_home(jobs.adopt(zipped, "ann").id)
    assert contents(file)["model.safetensors"] == contents(zipped)["model.safetensors"]
    waiting = bench.submit(jobs)
    with pytest.raises(errors.NotDone):
        jobs.take_home(waiting.id)
    assert unpacking.MOST_MB >= 100
