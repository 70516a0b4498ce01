"""Two processes that learn one network, as `accelerate launch` starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from training import loop
from training.data_parallel import ProcessGroup
from training.errors import CannotResume

ROOT = Path(__file__).parents[2]
PLAN = loop.Plan(epochs=8, peak=0.05, weight_decay=0.01, optimiser="adamw", clip=1.0)


class Plane:
    """Learn y = 3 a - b + 1 from 64 points in batches of 16, or of ``wide`` epochs at once."""

    steps_per_epoch = 4

    def __init__(self, wide=1):
        torch.manual_seed(0)
        self.model, self.wide = nn.Linear(2, 1), wide

    def groups(self):
        return [{"params": list(self.model.parameters())}]

    def batches(self, epoch, progress):
        for rows in zip(*(self.points(epoch + n) for n in range(self.wide)), strict=True):
            x = torch.cat(rows)
            yield x, 3 * x[:, :1] - x[:, 1:] + 1

    def points(self, epoch):
        return torch.randn(64, 2, generator=torch.Generator().manual_seed(epoch)).split(16)

    def loss(self, model, batch):
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    def evaluate(self, model):
        x = torch.eye(2)
        with torch.no_grad():
            return {"held_out_loss": self.loss(model, (x, 3 * x[:, :1] - x[:, 1:] + 1)).item()}


class Pair(Plane):
    """What two processes do, done by one: two epochs, a batch of each at every step."""

    def batches(self, epoch, progress):
        return super().batches(2 * epoch, progress)


def together(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """This file's run by two processes."""
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    line += [str(Path(__file__)), str(out), *options]
    known = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        line, capture_output=True, text=True, timeout=200, env=os.environ | known, check=False
    )


def weights(out: Path) -> torch.Tensor:
    state = torch.load(out / "state.pt", weights_only=True)["model"]
    return torch.cat([state["weight"].flatten(), state["bias"]])


@pytest.fixture
def single_precision(monkeypatch):
    monkeypatch.setattr(loop, "precision", lambda device: torch.float32)


def test_two_learn_what_one_learns_from_both_of_their_batches(tmp_path, single_precision):
    both = together(tmp_path / "both")
    assert both.returncode == 0, both.stderr
    assert both.stdout == "0 ends\n", "the second one has nothing to do after learning"
    halved = loop.Plan(**{**vars(PLAN), "epochs": PLAN.epochs // 2})
    cpu = torch.device("cpu")
    loop.fit(Pair(wide=2), halved, tmp_path / "one", device=cpu)
    torch.testing.assert_close(weights(tmp_path / "both"), weights(tmp_path / "one"))
    rows = [
        json.loads(one)
        for one in (tmp_path / "both" / "history.jsonl").read_text().split("\n")
        if one
    ]
    assert [(row["epoch"], row["step"]) for row in rows] == [(2, 8), (4, 16), (6, 24), (8, 32)]
    assert rows[-1]["held_out_loss"] < rows[0]["held_out_loss"]


def test_a_run_of_two_does_not_go_on_with_one(tmp_path, single_precision):
    assert together(tmp_path, "stop").returncode != 0
    assert (tmp_path / "state.pt").is_file()
    with pytest.raises(CannotResume, match="other processes"):
        loop.fit(Plane(), PLAN, tmp_path, device=torch.device("cpu"), resume=True)
    assert together(tmp_path, "resume").returncode == 0
    assert json.loads((tmp_path / "history.jsonl").read_text().splitlines()[-1])["step"] == 32


def test_one_process_is_no_group():
    group, model = ProcessGroup.of(torch.device("cpu")), nn.Linear(1, 1)
    model(torch.ones(1, 1)).sum().backward()
    before = [p.grad.clone() for p in model.parameters()]
    group.average_gradients(model)
    assert [p.grad.tolist() for p in model.parameters()] == [b.tolist() for b in before]
    assert group.broadcast(0.5, 2) == [0.5, 2] and list(group.batches([1, 2])) == [1, 2]
    group.leave()


if __name__ == "__main__":
    loop.precision = lambda device: torch.float32
    task, options = Plane(), sys.argv[2:]
    if "stop" in options:

        def stops(epoch, progress, batches=task.batches):
            if epoch >= 4:
                raise SystemExit("stopped")
            return batches(epoch, progress)

        task.batches = stops
    loop.fit(task, PLAN, Path(sys.argv[1]), resume="resume" in options)
    print(os.environ["RANK"], "ends")
