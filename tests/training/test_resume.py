"""Going on with a run: only with the same run, and with whole files."""

import json
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from training import loop, resume
from training.errors import BadOption, CannotResume
from training.run import Run

CPU = torch.device("cpu")
PLAN = loop.Plan(epochs=30, peak=0.05, weight_decay=0.0, average=10)
CATS = {"recipe": "a/b", "classes": ["cat", "dog"], "data": "0123"}


class Line:
    """Learn y = 3 x + 1."""

    steps_per_epoch = 2

    def __init__(self):
        self.model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))

    def groups(self):
        return [{"params": list(self.model.parameters())}]

    def batches(self, epoch, progress):
        for rows in torch.randn(32, 1, generator=torch.Generator().manual_seed(epoch)).split(16):
            yield rows, 3 * rows + 1

    def loss(self, model, batch):
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    def evaluate(self, model):
        return {}


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    monkeypatch.setattr(loop, "precision", lambda device: torch.float32)


@pytest.fixture
def begun(tmp_path):
    loop.fit(Line(), replace(PLAN, epochs=2), tmp_path, device=CPU, identity=CATS)
    return tmp_path


def go_on(out, plan=PLAN, identity=CATS, **options):
    short = replace(plan, epochs=3)
    return loop.fit(Line(), short, out, device=CPU, resume=True, identity=identity, **options)


def test_the_same_run_goes_on_and_may_take_longer(begun):
    _, history = go_on(begun)
    assert [row["epoch"] for row in history] == [1, 2, 3]


@pytest.mark.parametrize(
    ("identity", "plan", "told"),
    [
        ({**CATS, "classes": ["dog", "cat"]}, PLAN, "other classes (cat, dog, now dog, cat)"),
        ({**CATS, "classes": ["cat", "fox"]}, PLAN, "other classes"),
        ({**CATS, "data": "4567"}, PLAN, "other data"),
        ({**CATS, "recipe": "a/c"}, PLAN, "other recipe (a/b, now a/c)"),
        (CATS, replace(PLAN, peak=0.1), "other learning rate (0.05, now 0.1)"),
        (CATS, replace(PLAN, seed=1), "other seed (0, now 1)"),
    ],
)
def test_another_run_is_refused_and_nothing_is_touched(begun, identity, plan, told):
    before = {file.name: file.read_bytes() for file in begun.iterdir()}
    with pytest.raises(CannotResume) as refused:
        go_on(begun, plan, identity)
    assert told in str(refused.value)
    assert "--out" in str(refused.value)
    assert {file.name: file.read_bytes() for file in begun.iterdir()} == before


def test_a_trial_run_is_not_gone_on_with(tmp_path):
    loop.fit(Line(), PLAN, tmp_path, device=CPU, smoke=True, identity=CATS)
    with pytest.raises(CannotResume, match="--smoke"):
        go_on(tmp_path)


def test_a_state_from_before_runs_had_an_identity_goes_on(begun):
    state = torch.load(begun / "state.pt", weights_only=True)
    del state["identity"]
    torch.save(state, begun / "state.pt")
    _, history = go_on(begun)
    assert history[-1]["epoch"] == 3


def test_other_shapes_are_refused_where_no_identity_tells_of_them(begun):
    state = torch.load(begun / "state.pt", weights_only=True)
    del state["identity"]
    state["model"]["0.weight"] = torch.zeros(3, 3)
    torch.save(state, begun / "state.pt")
    with pytest.raises(CannotResume, match="another network"):
        go_on(begun)


def broken_off(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])


def emptied(file):
    file.write_bytes(b"")


def no_state(file):
    torch.save({"weights": torch.zeros(2)}, file)


def gone(file):
    file.unlink()


@pytest.mark.parametrize(
    ("name", "damage", "told"),
    [
        ("state.pt", broken_off, "state.pt is damaged"),
        ("state.pt", emptied, "state.pt is damaged"),
        ("state.pt", no_state, "state.pt is damaged"),
        ("state.pt", gone, "state.pt is missing"),
        ("history.jsonl", gone, "history.jsonl is missing"),
        ("history.jsonl", broken_off, "history.jsonl is damaged"),
        ("history.jsonl", emptied, "0 of 2 lines"),
    ],
)
def test_a_half_written_or_missing_file_is_one_sentence(begun, name, damage, told):
    damage(begun / name)
    with pytest.raises(CannotResume) as refused:
        go_on(begun)
    assert told in str(refused.value)


def test_a_state_is_never_ahead_of_its_history(begun):
    lines = (begun / "history.jsonl").read_text().splitlines()
    assert len(lines) == torch.load(begun / "state.pt", weights_only=True)["epoch"] == 2
    (begun / "history.jsonl").write_text("\n".join([*lines, json.dumps({"epoch": 3})]) + "\n")
    _, history = go_on(begun)
    assert history[2]["loss"] is not None


@dataclass
class Word:
    text: str


def test_a_fingerprint_tells_contents_apart_and_not_paths(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("one")
    same = {resume.fingerprint(tmp_path / folder) for folder in ("here", "there")}
    assert len(same) == 1
    values = [
        torch.zeros(2),
        torch.ones(2),
        torch.ones(2, dtype=torch.int64),
        "ab",
        b"ab",
        ["a", "b"],
        [["a"], "b"],
        {"a": 1},
        Word("a"),
        Word("b"),
        None,
        tmp_path / "here" / "a.txt",
    ]
    assert len({resume.fingerprint(value) for value in values}) == len(values)
    assert resume.fingerprint(torch.ones(2)) == resume.fingerprint(torch.ones(2))


@pytest.mark.parametrize(
    "options",
    [
        {"minutes": 0},
        {"minutes": -3.0},
        {"minutes": float("nan")},
        {"epochs": 0},
        {"epochs": -1},
        {"lr": 0.0},
        {"lr": -0.1},
        {"lr": float("inf")},
        {"seed": -1},
    ],
)
def test_no_time_no_passes_and_no_rate_are_refused(options):
    (name,) = options
    with pytest.raises(BadOption, match=f"--{name}"):
        Run(**options)
