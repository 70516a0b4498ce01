"""What a run leaves for whoever watches it."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch import nn

from pretrained.errors import BadData
from training import loop
from training.errors import Stopped
from training.watching import Watch, refusals_kept

CPU = torch.device("cpu")
PLAN = loop.Plan(epochs=25, peak=0.05, weight_decay=0.0, average=10)


class Line:
    """Learn y = 3 x + 1; of two layers, the first stays as it is."""

    steps_per_epoch = 4

    def __init__(self):
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1), nn.Linear(1, 1))
        self.model[0].requires_grad_(False)

    def groups(self):
        return [{"params": list(self.model[2].parameters())}]

    def batches(self, epoch, progress):
        x = torch.randn(64, 1, generator=torch.Generator().manual_seed(epoch))
        for rows in x.split(16):
            yield rows, 3 * rows + 1

    def loss(self, model, batch):
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    def evaluate(self, model):
        return {}


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    monkeypatch.setattr(loop, "precision", lambda device: torch.float32)


def watched(out, seconds=1.0, **settings):
    now = (seconds * n for n in range(10_000))
    return Watch(out, clock=lambda: next(now), **settings)


def lines(out):
    return [json.loads(line) for line in (out / "progress.jsonl").read_text().splitlines()]


def test_every_second_has_a_line(tmp_path):
    loop.fit(Line(), PLAN, tmp_path, device=CPU, watch=watched(tmp_path, seconds=0.25))
    told = lines(tmp_path)
    assert [row["step"] for row in told] == list(range(1, 101, 4))
    assert told[-1].keys() == {"step", "epoch", "progress", "seconds", "loss"}


def test_lines_of_steps_that_were_lost_are_forgotten(tmp_path):
    loop.fit(Line(), replace(PLAN, epochs=2), tmp_path, device=CPU, watch=watched(tmp_path))
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write('{"step": 9, "loss": 5}\n{"step": 10, "lo')  # the worker was killed here
    again = replace(PLAN, epochs=3)
    loop.fit(Line(), again, tmp_path, device=CPU, watch=watched(tmp_path), resume=True)
    assert [row["step"] for row in lines(tmp_path)] == list(range(1, 13))
    assert lines(tmp_path)[8]["loss"] != 5


def moments(out):
    found = {}
    for file in sorted((out / "moments").iterdir()):
        with safe_open(file, "pt") as opened:
            found[int(file.stem)] = (opened.metadata(), set(opened.keys()))
    return found


def test_moments_lie_closer_together_early_on(tmp_path):
    loop.fit(Line(), PLAN, tmp_path, device=CPU, watch=watched(tmp_path, moments=11))
    kept = moments(tmp_path)
    assert list(kept) == list(range(11))
    assert [int(told["step"]) for told, _ in kept.values()] == [n * n for n in range(11)]
    told, names = kept[0]
    assert float(told["progress"]) == 0
    assert "2.weight" in names and "1.running_mean" in names and "0.weight" not in names


def test_moments_of_a_large_network_are_fewer(tmp_path):
    size = 2 * 4 + 2 * 2 + 8  # two layers in half precision, two buffers, a count
    for room, left in ((10 * size, 6), (3 * size, 3), (size, 0)):
        out = tmp_path / str(room)
        watch = watched(out, moments=11, most_bytes=room)
        loop.fit(Line(), PLAN, out, device=CPU, watch=watch)
        assert len(moments(out) if left else []) == left
        assert left or not (out / "moments").exists()


def test_a_refusal_is_kept_for_the_page_and_raised_on(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(BadData), refusals_kept(out):
        raise BadData(path="cats", reason="it is empty")
    told = json.loads((out / "refusal.json").read_text())
    assert told["code"] == "bad_data" and told["fields"] == {
        "path": "cats",
        "reason": "it is empty",
    }
    assert told["sentence"] == "The data at cats cannot be used: it is empty."
    with pytest.raises(Stopped), refusals_kept(out):
        raise Stopped(out)
    assert json.loads((out / "refusal.json").read_text())["code"] == "stopped"
    loop.fit(Line(), PLAN, out, device=CPU, watch=watched(out))
    assert not (out / "refusal.json").exists()
