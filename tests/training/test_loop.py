"""The training loop, on a network of six weights."""

import itertools
import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from training import loop

CPU = torch.device("cpu")


class Line:
    """Learn y = 3 x + 1 from 64 points."""

    steps_per_epoch = 4

    def __init__(self, poison_epoch=None):
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1), nn.Linear(1, 1))
        self.poison_epoch = poison_epoch
        self.seen = []

    def groups(self):
        return [{"params": list(self.model.parameters())}]

    def batches(self, epoch, progress):
        self.seen.append(epoch)
        x = torch.randn(64, 1, generator=torch.Generator().manual_seed(epoch))
        if epoch == self.poison_epoch:
            x = x * math.nan
        for rows in x.split(16):
            yield rows, 3 * rows + 1

    def loss(self, model, batch):
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    def evaluate(self, model):
        x = torch.linspace(-1, 1, 9).unsqueeze(1)
        with torch.no_grad():
            return {"held_out_loss": nn.functional.mse_loss(model(x), 3 * x + 1).item()}


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    monkeypatch.setattr(loop, "precision", lambda device: torch.float32)


PLAN = loop.Plan(epochs=30, peak=0.05, weight_decay=0.0, average=10)


def test_it_learns_and_keeps_its_history(tmp_path):
    _, history = loop.fit(Line(), PLAN, tmp_path, device=CPU)
    assert history[-1]["held_out_loss"] < 0.1 < history[0]["held_out_loss"]
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == history
    assert [row["step"] for row in history] == list(range(4, 121, 4))


class Interrupted(Exception):
    pass


class LineThatStops(Line):
    """Stopped from outside in the middle of the 13th epoch."""

    def batches(self, epoch, progress):
        for number, batch in enumerate(super().batches(epoch, progress)):
            if epoch == 12 and number == 2:
                raise Interrupted
            yield batch


def test_a_resumed_run_follows_the_same_curve(tmp_path):
    whole, history = loop.fit(Line(), PLAN, tmp_path / "whole", device=CPU)
    with pytest.raises(Interrupted):
        loop.fit(LineThatStops(), PLAN, tmp_path / "cut", device=CPU)
    task = Line()
    resumed, rest = loop.fit(task, PLAN, tmp_path / "cut", device=CPU, resume=True)
    assert task.seen == list(range(12, 30))

    def without_time(rows):
        return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]

    assert without_time(rest) == without_time(history)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)


class LineThatTakesTime(Line):
    """A second to find a batch, ten to learn from it, three to evaluate."""

    def __init__(self, now, stops=None):
        super().__init__()
        self.now, self.stops = now, stops

    def batches(self, epoch, progress):
        for number, batch in enumerate(super().batches(epoch, progress)):
            self.now[0] += 1
            if (epoch, number) == self.stops:
                raise Interrupted
            yield batch

    def loss(self, model, batch):
        self.now[0] += 10
        return super().loss(model, batch)

    def evaluate(self, model):
        self.now[0] += 3
        return super().evaluate(model)


@pytest.mark.parametrize("stops", [(6, 3), (7, 0)])
def test_a_break_changes_nothing_of_a_run_that_ends_by_the_clock(stops, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "INTERVAL", 15.0)  # a state within an epoch, too
    plan = replace(PLAN, epochs=1000, minutes=10.0)

    def fit(out, now, stops=None, **settings):
        task = LineThatTakesTime(now, stops)
        return loop.fit(task, plan, tmp_path / out, device=CPU, clock=lambda: now[0], **settings)

    whole, history = fit("whole", [0.0])
    now = [0.0]
    with pytest.raises(Interrupted):
        fit("cut", now, stops)
    now[0] += 86_400  # a day later
    resumed, rest = fit("cut", now, resume=True)
    assert rest == history and history[-1]["epoch"] > 8
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)


def test_the_figures_of_the_weights_as_they_came_are_the_first_row(tmp_path):
    plan = replace(PLAN, epochs=3)
    _, history = loop.fit(Line(), plan, tmp_path, device=CPU, before=True)
    assert [row["epoch"] for row in history] == [0, 1, 2, 3]
    first = Line()
    assert history[0]["held_out_loss"] == round(
        first.evaluate(first.model.eval())["held_out_loss"], 4
    )
    assert "loss" not in history[0] and history[0]["step"] == 0
    _, longer = loop.fit(
        Line(), replace(plan, epochs=5), tmp_path, device=CPU, before=True, resume=True
    )
    assert [row["epoch"] for row in longer] == [0, 1, 2, 3, 4, 5]
    assert longer[:4] == history


def test_resume_with_nothing_there_starts_anew(tmp_path):
    _, history = loop.fit(Line(), PLAN, tmp_path, device=CPU, resume=True)
    assert history[0]["epoch"] == 1


def test_smoke_is_two_steps(tmp_path):
    _, history = loop.fit(Line(), PLAN, tmp_path, device=CPU, smoke=True)
    assert history[-1]["step"] == 2


def test_the_budget_of_minutes_ends_a_run_with_its_schedule_complete(tmp_path):
    now = iter(range(10_000))
    plan = replace(PLAN, epochs=1000, minutes=1.0)
    _, history = loop.fit(Line(), plan, tmp_path, device=CPU, clock=lambda: float(next(now)))
    assert history[-1]["progress"] == 1
    assert history[-1]["step"] < 60


class Growing(Line):
    """Batches that grow when half the run is over."""

    reached = 0.0

    def __init__(self):
        super().__init__()
        self.sizes = []

    def batches(self, epoch, progress):
        for x, y in super().batches(epoch, progress):
            count = 8 if self.reached < 0.5 else 16
            self.sizes.append(count)
            yield x[:count], y[:count]


def test_within_an_epoch_a_task_is_told_how_far_the_run_is(tmp_path):
    task = Growing()
    loop.fit(task, replace(PLAN, epochs=1), tmp_path, device=CPU)
    assert task.sizes == [8, 8, 16, 16]


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_state(tmp_path):
    with pytest.raises(FloatingPointError, match="with --lr"):
        loop.fit(Line(poison_epoch=3), PLAN, tmp_path, device=CPU)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["epoch"] == 3


def test_the_rate_rises_then_falls_to_zero():
    rates = [loop.learning_rate(PLAN, p / 100) for p in range(101)]
    assert rates[0] == 0
    assert max(rates) == pytest.approx(PLAN.peak) == rates[15]
    assert rates[100] == pytest.approx(0, abs=1e-9)
    assert all(a >= b for a, b in itertools.pairwise(rates[15:]))


def test_a_plan_may_rise_and_fall_in_straight_lines():
    plan = replace(PLAN, ends=(0.2, 0.1), warmup=0.5)
    rates = [loop.learning_rate(plan, p / 4) / plan.peak for p in range(5)]
    assert rates == pytest.approx([0.2, 0.6, 1.0, 0.55, 0.1])


def test_looking_ahead_moves_the_weights_back_onto_their_average(tmp_path):
    slow, fast = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(slow.weight, 0.0)
    nn.init.constant_(fast.weight, 1.0)
    loop.look_ahead(slow, fast, progress=1.0)
    assert slow.weight.item() == fast.weight.item() == pytest.approx(1 - 0.95**5)
    _, history = loop.fit(Line(), replace(PLAN, lookahead=5), tmp_path, device=CPU)
    assert history[-1]["held_out_loss"] < 0.1 < history[0]["held_out_loss"]


def test_the_average_of_weights_follows_slowly():
    fast, slow = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(fast.weight, 1.0)
    nn.init.constant_(slow.weight, 0.0)
    loop.average_into(slow, fast, step=10_000, span=100)
    assert slow.weight.item() == pytest.approx(0.01)


def test_parameter_groups_scale_the_rate(tmp_path):
    task = Line()
    first, last = task.model[0], task.model[2]
    before = first.weight.detach().clone(), last.weight.detach().clone()
    task.groups = lambda: [
        {"params": list(first.parameters()), "lr_scale": 0.0},
        {"params": list(last.parameters())},
    ]
    loop.fit(task, replace(PLAN, epochs=2), tmp_path, device=CPU)
    assert torch.equal(first.weight, before[0])
    assert not torch.equal(last.weight, before[1])
