"""What was taken home is asked there: by onnxruntime alone, or by this package where need be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from home_bench import (
    KINDS,
    PICTURE,
    ROOT,
    classified,
    classifier,
    content,
    job_folder,
)
from PIL import Image

from jobs.take_home import architectures, card, examples, packed, packing, unpacked
from pretrained import catalog, onnx


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
    home = at_home(packed(out), tmp_path / "home")
    assert card.words("zh")["onnx_none_kind"] in (home / "README.md").read_text("utf-8")
    assert run([sys.executable, "use_it.py"], home).strip()
    run_cells(home)


@pytest.mark.parametrize("loader", architectures.EXPECTED)
@pytest.mark.parametrize("there", [True, False])
def test_every_kind_has_an_example_that_is_python_and_short(loader: str, there: bool) -> None:
    parts = examples.use_it(loader, there)
    script = examples.script(parts)
    compile(script, "use_it.py", "exec")
    assert 3 <= len([line for line in script.splitlines() if line.strip()]) <= 30
    notebook = json.loads(examples.notebook(parts, "title", "needs"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), "use_it.ipynb", "exec")
            assert "sys.argv" not in "".join(cell["source"])


def test_what_is_exported_is_known_without_torch() -> None:
    assert set(packing.EXPORTED) == set(onnx.EXPORTS)


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
