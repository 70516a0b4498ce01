"""Going on with a run: only with the same run, and with whole files."""

import json
import os
import signal
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from training import loop, resume, stopping
from training.errors import BadOption, CannotKeep, CannotResume, Stopped
from training.run import Run
from training.watching import Watch

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


def test_where_nothing_was_kept_it_is_said_that_a_run_begins_anew(tmp_path, capsys):
    _, history = go_on(tmp_path)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert f"{tmp_path} holds no run to go on with" in capsys.readouterr().err
    go_on(tmp_path)
    assert "begins anew" not in capsys.readouterr().err


def test_a_run_that_has_ended_says_so_and_how_to_go_on(begun, capsys):
    go_on(begun)
    assert "nothing left to learn" not in capsys.readouterr().err
    _, history = go_on(begun)
    assert len(history) == 3
    assert f"{begun} has nothing left to learn: raise --epochs" in capsys.readouterr().err


def test_a_watched_run_that_begins_says_nothing_of_it(tmp_path, capsys):
    _, history = go_on(tmp_path, watch=Watch(tmp_path))
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert "begins anew" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("identity", "plan", "told"),
    [
        ({**CATS, "classes": ["dog", "cat"]}, PLAN, "other classes (cat, dog, now dog, cat)"),
        ({**CATS, "classes": ["cat", "fox"]}, PLAN, "other classes (with dog, without fox)"),
        ({**CATS, "classes": ["cat", "dog", "fox"]}, PLAN, "other classes (without fox)"),
        (
            {**CATS, "classes": ["é", "\n", " "]},
            PLAN,
            'other classes (with cat, dog, without é, "\\n", " ")',
        ),
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
    assert "--out" in str(refused.value) and len(str(refused.value).splitlines()) == 1
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


def test_what_a_network_tells_apart_is_called_by_its_word():
    was, now = (Run().identity("a/b", characters=text) for text in ("ab ", "ab\n"))
    assert resume.differences(was, now) == ['it had other characters (with " ", without "\\n")']


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
        {"lr": 1e300},
        {"seed": -1},
    ],
)
def test_no_time_no_passes_and_no_rate_are_refused(options):
    (name,) = options
    with pytest.raises(BadOption, match=f"--{name}"):
        Run(**options)


# ---- in the middle of an epoch ------------------------------------------------------------------


class Remembering(Line):
    """With dropout, random numbers in its loss, and something that goes from batch to batch."""

    steps_per_epoch = 8

    def __init__(self, asks_after=None):
        self.model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.last, self.asks_after, self.steps = torch.zeros(1), asks_after, 0

    def batches(self, epoch, progress):
        for rows in torch.randn(64, 1, generator=torch.Generator().manual_seed(epoch)).split(8):
            yield rows, 3 * rows + 1

    def loss(self, model, batch):
        self.steps += 1
        if self.steps == self.asks_after:
            signal.raise_signal(signal.SIGTERM)
        loss = nn.functional.mse_loss(model(batch[0] + 0.1 * torch.randn(1)), batch[1])
        loss = loss + 0.1 * self.last.item() * model[0].weight.square().sum()
        self.last = loss.detach()
        return loss

    def carried(self):
        return {"last": self.last}

    def carry(self, tensors):
        self.last = tensors["last"]


def curve(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


@pytest.mark.parametrize("after", [1, 5, 8, 9, 15])
def test_sigterm_keeps_the_step_and_the_run_goes_on_along_the_same_curve(tmp_path, after):
    plan = replace(PLAN, epochs=2)
    torch.manual_seed(0)
    whole, history = loop.fit(Remembering(), plan, tmp_path / "whole", device=CPU)
    before = signal.getsignal(signal.SIGTERM)
    torch.manual_seed(0)
    with pytest.raises(Stopped, match="--resume"):
        loop.fit(Remembering(asks_after=after), plan, tmp_path / "cut", device=CPU)
    assert signal.getsignal(signal.SIGTERM) is before
    assert torch.load(tmp_path / "cut" / "state.pt", weights_only=True)["step"] == after
    task = Remembering()
    resumed, rest = loop.fit(task, plan, tmp_path / "cut", device=CPU, resume=True)
    assert task.steps == 16 - after
    assert curve(rest) == curve(history)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value)


def test_a_long_epoch_is_kept_now_and_then(tmp_path):
    """An hour passes with every look at the clock, then the power goes."""
    hours = (3600.0 * n for n in range(10_000))

    class PowerCut(Exception):
        pass

    class Cut(Remembering):
        def loss(self, model, batch):
            if self.steps == 5:
                raise PowerCut
            return super().loss(model, batch)

    with pytest.raises(PowerCut):
        loop.fit(Cut(), PLAN, tmp_path, device=CPU, clock=lambda: next(hours))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert (state["step"], state["epoch"], state["within"]["seen"]) == (5, 0, 5)


def test_whose_parent_has_gone_ends_too(tmp_path, monkeypatch):
    monkeypatch.setenv(stopping.PARENT, "1234567")
    with pytest.raises(Stopped):
        loop.fit(Line(), PLAN, tmp_path, device=CPU)
    monkeypatch.setenv(stopping.PARENT, str(os.getppid()))
    _, history = go_on(tmp_path, identity=None)
    assert history[-1]["epoch"] == 3


@pytest.fixture(params=[OSError(28, "No space left on device"), RuntimeError("pos 3 in writer.cc")])
def full(request, monkeypatch):
    def full(state, file):
        file.write_bytes(b"half")
        raise request.param

    monkeypatch.setattr(torch, "save", full)


def test_a_full_disk_is_a_sentence_and_the_last_state_is_as_it_was(begun, monkeypatch, full):
    before = {file.name: file.read_bytes() for file in begun.iterdir()}
    with pytest.raises(CannotKeep, match=r"free some space there and go on with --resume") as told:
        go_on(begun)
    assert "writer.cc" not in str(told.value)
    monkeypatch.undo()
    after = {file.name: file.read_bytes() for file in begun.iterdir()}
    assert after["state.pt"] == before["state.pt"] and not [f for f in after if "part" in f]
    _, history = go_on(begun)
    assert history[-1]["epoch"] == 3


def test_a_disk_that_is_full_from_the_first_leaves_nothing_to_go_on_with(
    tmp_path, monkeypatch, full
):
    with pytest.raises(CannotKeep, match=r"free some space there and begin again\.$"):
        loop.fit(Line(), PLAN, tmp_path, device=CPU, identity=CATS)
    monkeypatch.undo()
    assert not resume.begun(tmp_path)
    _, history = go_on(tmp_path)
    assert history[-1]["epoch"] == 3


def test_weights_that_are_no_numbers_are_not_kept(begun):
    class Poisoned(Line):
        def evaluate(self, model):
            with torch.no_grad():
                self.model[0].weight.fill_(float("nan"))
            return {}

    before = (begun / "state.pt").read_bytes()
    with pytest.raises(FloatingPointError, match="--lr"):
        loop.fit(Poisoned(), replace(PLAN, epochs=4), begun, device=CPU, resume=True, identity=CATS)
    assert (begun / "state.pt").read_bytes() == before
