"""What a run leaves for whoever watches it."""

import itertools
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch import nn

from pretrained.errors import BadData
from training import loop, watching
from training.errors import Stopped
from training.run import Run
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
    assert [row["step"] for row in told] == [*range(1, 101, 4), 100]  # and the last one
    assert told[-1]["progress"] == 1
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


def test_the_first_moment_is_before_the_first_step_however_long_that_takes(tmp_path):
    slow = itertools.count(step=5.0)  # seconds at every look
    watch = watched(tmp_path, moments=11)
    plan = replace(PLAN, minutes=1)
    loop.fit(Line(), plan, tmp_path, device=CPU, watch=watch, clock=lambda: next(slow))
    told, _ = moments(tmp_path)[0]
    assert (told["step"], float(told["progress"])) == ("0", 0)


def test_moments_of_a_large_network_are_fewer(tmp_path):
    size = 2 * 4 + 2 * 2 + 8  # two layers in half precision, two buffers, a count
    for room, left in ((10 * size, 6), (3 * size, 3), (size, 0)):
        out = tmp_path / str(room)
        watch = watched(out, moments=11, most_bytes=room)
        loop.fit(Line(), PLAN, out, device=CPU, watch=watch)
        assert len(moments(out) if left else []) == left
        assert left or not (out / "moments").exists()


@pytest.mark.parametrize("room", [1, 2])
def test_a_run_that_keeps_no_moment_leaves_no_beginning_either_and_says_why(
    tmp_path, monkeypatch, capsys, room
):
    size = 2 * 4 + 2 * 2 + 8
    most = (room + 1) * size - 1  # not quite one moment more
    monkeypatch.setattr(watching, "MOST_BYTES", most)
    run, task = Run(watch=True), Line()
    run.fit(
        task,
        PLAN,
        tmp_path,
        run.identity("line"),
        device=CPU,
        begin=lambda folder: folder.mkdir(parents=True),
    )
    said, none = capsys.readouterr().err, tmp_path / "no_moments.json"
    if room == 2:
        found = sorted(one.name for one in (tmp_path / "moments").iterdir())
        assert found == ["00.safetensors", "31.safetensors", "start"]
        assert not none.exists() and "no rewind" not in said
    else:
        assert not (tmp_path / "moments").exists()
        assert json.loads(none.read_text()) == {"bytes": size, "most_bytes": most}
        assert said.count("no rewind: a moment of this network is of 20 bytes") == 1


@pytest.mark.parametrize("room", [2, 3, 22, 31])
def test_however_few_moments_there_is_room_for_both_ends_are_among_them(tmp_path, room):
    size = 2 * 4 + 2 * 2 + 8
    watch = watched(tmp_path, moments=32, most_bytes=room * size)
    loop.fit(Line(), replace(PLAN, epochs=100), tmp_path, device=CPU, watch=watch)
    kept = moments(tmp_path)
    assert len(kept) <= room
    assert [float(kept[n][0]["progress"]) for n in (min(kept), max(kept))] == [0, 1]


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


class Talking(Line):
    """A second to learn from a batch, and something to say of it, which takes as long as given."""

    def __init__(self, takes=0.0):
        super().__init__()
        self.now, self.takes, self.drawn = 0.0, takes, 0.0

    def loss(self, model, batch):
        self.now += 1
        return super().loss(model, batch)

    def sample(self, model):
        self.now += self.takes
        self.drawn += self.takes
        torch.rand(3)  # as a sampler may
        return {".txt": f"{model[2].weight.item():.3f}", ".json": "{}"}


def samples(out, ending=".txt"):
    return [int(file.stem) for file in sorted((out / "samples").glob(f"*{ending}"))]


def talked(out, task, settings=None, **plan):
    clock = lambda: task.now  # noqa: E731
    watch = Watch(out, clock=clock, **(settings or {}))
    loop.fit(task, replace(PLAN, **plan), out, device=CPU, watch=watch, clock=clock)
    return samples(out)


def test_samples_come_every_few_seconds_and_at_both_ends(tmp_path):
    kept = talked(tmp_path, Talking(), epochs=5)
    assert kept == [0, 3, 6, 9, 12, 15, 18, 20]
    assert samples(tmp_path, ".json") == kept
    assert (tmp_path / "samples/000000.txt").read_text() != (
        tmp_path / "samples/000020.txt"
    ).read_text()


def test_samples_take_a_tenth_of_the_time_at_most(tmp_path):
    task = Talking(takes=2.0)
    talked(tmp_path, task, epochs=50)
    ends = 2 * task.takes  # before the first step and after the last
    assert 0 < task.drawn - ends <= 0.1 * task.now


def test_of_many_samples_some_stay_that_lie_evenly_over_the_run(tmp_path):
    kept = talked(tmp_path, Talking(), {"samples": 8}, epochs=50)
    assert len(kept) == 8 and kept[0] == 0 and kept[-1] == 200
    gaps = [b - a for a, b in itertools.pairwise(kept)]
    assert max(gaps) <= 2 * 200 / 7
    task = Talking()
    task.samples_kept = 1
    assert talked(tmp_path / "last", task, epochs=5) == [20]


def test_samples_change_nothing_of_what_is_learnt(tmp_path):
    class Dropping(Talking):
        def loss(self, model, batch):
            return super().loss(model, (batch[0] + 0.1 * torch.randn_like(batch[0]), batch[1]))

    def learnt(out, watch):
        torch.manual_seed(0)
        network, _ = loop.fit(Dropping(), PLAN, out, device=CPU, watch=watch)
        return network[2].weight.item()

    watch = Watch(tmp_path / "b", clock=iter(range(10_000)).__next__)
    assert learnt(tmp_path / "a", None) == learnt(tmp_path / "b", watch)
    assert len(samples(tmp_path / "b")) > 10


def test_samples_of_steps_that_were_lost_go(tmp_path):
    talked(tmp_path, Talking(), epochs=2)
    (tmp_path / "samples/000011.txt").write_text("of a step that is done again")
    Watch(tmp_path).begin(8)
    assert samples(tmp_path) == [0, 3, 6, 8]


def test_a_sample_that_cannot_be_made_ends_no_run(tmp_path, capsys):
    class Broken(Talking):
        def sample(self, model):
            raise ValueError("no picture")

    loop.fit(Broken(), PLAN, tmp_path, device=CPU, watch=Watch(tmp_path))
    assert capsys.readouterr().err.count("no samples: ValueError: no picture") == 1
