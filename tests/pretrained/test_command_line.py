"""`python -m pretrained` as it is typed: what it prints, and how it says no."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import typer
from hub_standin import WRITER, HubStandIn
from PIL import Image

from pretrained import __main__ as command_line
from pretrained import catalog, checkpoint
from pretrained.catalog import Claim
from pretrained.classification.model import ResidualNet
from pretrained.errors import BadCheckpoint

ROOT = Path(__file__).parents[2]
NAMES = ["a", "b", "c", "d", "e", "f"]
Typed = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pretrained", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, timeout=250)


@pytest.fixture
def typed_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """`run` without a process, which would import torch each time."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        line = ["pretrained", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", line)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        return subprocess.CompletedProcess(line, int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few hundred weights that were never trained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    network = ResidualNet(len(NAMES), widths=(4,), stem_width=4)
    checkpoint.save_weights(folder, network.state_dict())
    config = {
        "key": "classification/tiny",
        "loader": "pretrained.classification.serve:load",
        "widths": [4],
        "stem_width": 4,
        "classes": len(NAMES),
        "size": 16,
        "labels": NAMES,
    }
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in NAMES:
        folder = tmp_path / "pictures" / "validation" / name
        folder.mkdir(parents=True)
        for n in range(2):
            Image.effect_noise((20, 20), 60).save(folder / f"{n}.png")
    return tmp_path / "pictures"


def test_evaluate_prints_one_object_and_keeps_its_figures(tiny: Path, pictures: Path) -> None:
    typed = ("evaluate", "classification/tiny", "--checkpoint", tiny, "--data", pictures)
    done = run(*typed, "--json", "--keep")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["key", "split", "n", "metrics", "per_class"]
    assert (told["key"], told["split"], told["n"]) == (
        "classification/tiny", "pictures/validation", 12,
    )  # fmt: skip
    assert set(told["metrics"]) == {"top1", "top5"}
    for figure in told["metrics"].values():
        assert list(figure) == ["value", "low", "high"]
    assert set(told["per_class"]) == set(NAMES)
    (kept,) = checkpoint.read_json(tiny, "metrics.json")["results"]
    assert kept["command"] == "python -m pretrained " + " ".join(map(str, typed)) + " --json"


def test_list_names_every_model() -> None:
    done = run("list")
    assert done.returncode == 0, done.stderr
    assert all(key in done.stdout for key in catalog.entries())


def test_what_cannot_be_done_is_one_sentence(
    typed_here: Typed, tiny: Path, pictures: Path, tmp_path: Path
) -> None:
    for typed, said in (
        (("train", "classification/foo", "--data", pictures, "--out", tmp_path / "o"), "foo"),
        (("evaluate", "foo", "--data", pictures), "foo"),
        (("evaluate", "x/y", "--checkpoint", tiny, "--data", pictures), "x/y"),
    ):
        done = typed_here(*typed)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr and "Traceback" not in done.stderr and not done.stdout


def test_a_damaged_picture_is_left_out_of_the_score_and_counted(
    typed_here: Typed, tiny: Path, pictures: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(pictures, damaged)
    (damaged / "validation" / "c" / "1.png").write_bytes(b"no picture")
    scored = ("evaluate", "classification/tiny", "--checkpoint", tiny, "--json", "--data")
    whole, done = typed_here(*scored, pictures), typed_here(*scored, damaged)
    assert json.loads(done.stdout)["n"] == json.loads(whole.stdout)["n"] - 1
    assert "1 of 12 pictures" in done.stderr and "1.png" in done.stderr


def test_a_run_whose_state_is_gone_is_refused_before_the_data_are_read(
    typed_here: Typed, tmp_path: Path
) -> None:
    (tmp_path / "history.jsonl").write_text("{}\n")
    line = ["train", "classification/imagenet", "--data", "missing", "--out", tmp_path, "--resume"]
    done = typed_here(*line)
    assert done.returncode == 2 and "state.pt is missing" in done.stderr
    assert "no such" in typed_here(*line, "--head-only").stderr  # it keeps no state


def test_the_line_that_shows_a_model_can_be_typed(
    typed_here: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recipe:
        @staticmethod
        def train(*given: object) -> None:
            pass

    monkeypatch.setattr(command_line, "recipe_module", lambda key, name: Recipe)
    out = tmp_path / "my model"
    done = typed_here("train", "classification/cifar10", "--data", "x", "--out", out)
    assert f"`python app.py --model '{out}'` shows it" in done.stderr
    done = typed_here("starter", "pairs", "--out", out)
    assert f" --data '{out}" in done.stdout


INTERRUPTED = """
import os, runpy, signal, sys, types

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored

class Slow(types.ModuleType):
    def __getattr__(self, name):
        os.kill(os.getpid(), signal.SIGINT)
        raise RecursionError(name)  # what some libraries make of it

sys.modules |= {"typer": Slow("typer"), "gradio": Slow("gradio")}
"""


@pytest.mark.parametrize("started", ["run_module('pretrained'", "run_path('app.py'"])
def test_ctrl_c_while_it_starts_ends_it_quietly(started: str) -> None:
    line = f"{INTERRUPTED}runpy.{started}, run_name='__main__')"
    typed = [sys.executable, "-c", line]
    done = subprocess.run(typed, capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("option", ["--minutes=0", "--epochs=-1", "--lr=0", "--minutes=nan"])
def test_no_time_is_one_sentence(typed_here: Typed, option: str, tmp_path: Path) -> None:
    line = ["train", "classification/cifar10", "--data", "x", "--out", tmp_path / "out", option]
    done = typed_here(*line)
    assert done.returncode == 2 and done.stdout == ""
    assert option.partition("=")[0] in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_what_nobody_expected_has_an_id_and_its_details_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(command_line, "app", broken)
    monkeypatch.setattr(command_line.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    (kept,) = tmp_path.iterdir()
    told = capsys.readouterr().err
    assert "Traceback" not in told and str(kept) in told and kept.stem[-8:] in told
    assert "KeyError: 'a bug'" in kept.read_text()


@pytest.mark.parametrize(
    ("name", "token", "said"),
    [
        ("me/tiny", "hf_aTokenOfMine", "cannot be reached"),
        ("no/such/name", "hf_aTokenOfMine", "cannot be the name of a repository"),
        ("me/tiny", "", "set HF_TOKEN"),
    ],
)
def test_what_cannot_be_sent_is_one_sentence(
    tiny: Path, name: str, token: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")  # nobody answers there
    monkeypatch.setenv("HF_HOME", str(tmp_path))  # nor is a token there
    monkeypatch.setenv("HF_TOKEN", token)
    done = run("push", tiny, name)
    assert done.returncode == 2 and not done.stdout
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_folder_takes_the_place_of_what_was_sent_before(
    tiny: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", WRITER)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")  # the stand-in speaks no Xet
    hub.add("me/tiny", {"config.json": b"{}"}, private=True)
    done = run("push", tiny, "me/tiny")
    assert done.stdout.strip() == f"{hub.url}/me/tiny", done.stderr
    repo = hub.repos["me/tiny"]
    sent = repo.commits[repo.branches["main"]]
    assert sent["config.json"] == (tiny / "config.json").read_bytes()


def test_the_documented_line_makes_a_space(
    tmp_path: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text("utf-8")
    [line] = [one.strip() for one in text.splitlines() if one.strip().startswith("hf upload")]
    monkeypatch.setenv("HF_TOKEN", WRITER)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    project = tmp_path / "project"
    for name in ("app.py", "demos/web.py", "tests/test_a.py", ".venv/bin/x", "runs/r/state.pt"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    command = shlex.split(line.replace("OWNER", "me"))
    command[0] = str(Path(sys.executable).with_name("hf"))
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    repo = hub.repos["spaces/me/breakthroughs"]
    sent = set(repo.commits[repo.branches["main"]]) - {".gitattributes"}
    assert sent == {"app.py", "demos/web.py"}


def test_the_recorded_command_is_the_one_that_measures_the_same(tiny: Path) -> None:
    typed = ["evaluate", "k", "--data", "my data", "--split", "test", "--keep", "--checkpoint"]
    elsewhere = catalog.from_folder(tiny)
    recorded = command_line.recorded([*typed, str(tiny)], elsewhere)
    assert recorded == (
        f"python -m pretrained evaluate k --data 'my data' --split test --checkpoint {tiny}"
    )
    bundled = catalog.find("classification/cifar10")
    for flag in ([*typed, bundled.folder], [*typed[:-1], f"--checkpoint={bundled.folder}"]):
        assert command_line.recorded(flag, bundled) == (
            "python -m pretrained evaluate k --data 'my data' --split test"
        )


def test_an_own_model_cannot_take_the_place_of_another(tiny: Path) -> None:
    assert catalog.extra(tiny, catalog.entries()).key == "classification/tiny"
    with pytest.raises(BadCheckpoint, match="rename the folder"):
        catalog.extra(tiny, ["classification/tiny"])


@pytest.mark.parametrize(
    ("metric", "value", "target", "met"),
    [
        ("top1", 0.9, 0.8, True),
        ("top1", 0.7, 0.8, False),
        ("cer", 0.1, 0.2, True),
        ("nats_per_char", 1.5, 1.35, False),
        ("top1", 0.7, None, None),
    ],
)
def test_a_target_may_be_a_ceiling(
    metric: str, value: float, target: float | None, met: bool | None
) -> None:
    assert Claim(metric, value, None, None, "s", 9, "", "", target).met is met


def test_a_path_from_home_is_found_though_the_shell_left_it(
    tmp_path: Path, typed_here: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.txt").write_text("few words")
    asked = ("train", "text/shakespeare", "--data=~/mine.txt", "--out=~/made", "--smoke")
    said = typed_here(*asked)
    assert said.returncode == 2 and "9 characters are too few" in said.stderr
    assert str(tmp_path / "mine.txt") in said.stderr
    for several in ("~/a,~/b", "~/a, ~/b", " ~/a ,~/b "):
        assert command_line.expanded(several) == f"{tmp_path}/a,{tmp_path}/b"
    assert command_line.at_home(Path("~/a")) == tmp_path / "a"


def test_what_is_too_long_for_a_path_is_refused(typed_here: Typed, tmp_path: Path) -> None:
    said = typed_here("train", "text/shakespeare", "--data", "x" * 5_000, "--out", tmp_path / "a")
    assert said.returncode == 2 and "this is no path" in said.stderr


def test_nothing_is_read_for_a_folder_that_cannot_be_written(
    typed_here: Typed, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    asked = ("train", "text/shakespeare", "--data", tmp_path / "missing", "--smoke", "--out")
    said = typed_here(*asked, tmp_path / "file" / "made")
    assert said.returncode == 2 and "nothing can be written there" in said.stderr
    assert typed_here(*asked, tmp_path / "a" / "b").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(("out", "meant"), [("b", "b"), ("a/../b", "b"), ("a/../b/../c", "c")])
def test_a_folder_to_write_in_may_be_named_by_way_of_others(
    out: str, meant: str, tmp_path: Path
) -> None:
    assert command_line.writable(tmp_path / out) == tmp_path / meant
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["a/" + "x" * 300, "a/b/../" + "x" * 300])
def test_nothing_is_left_of_a_folder_that_cannot_be_made(out: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="nothing can be written there"):
        command_line.writable(tmp_path / out)
    assert list(tmp_path.iterdir()) == []


def test_no_data_are_not_the_folder_one_is_in(typed_here: Typed, tmp_path: Path) -> None:
    said = typed_here("train", "text/shakespeare", "--data", "", "--out", tmp_path / "made")
    assert said.returncode == 2 and "it is empty" in said.stderr


def test_a_checkpoint_is_not_written_among_the_data(typed_here: Typed, tmp_path: Path) -> None:
    said = typed_here("train", "text/shakespeare", "--data", tmp_path, "--out", tmp_path)
    assert said.returncode == 2 and "name another one" in said.stderr
