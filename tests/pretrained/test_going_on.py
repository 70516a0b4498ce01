"""What is stopped in the middle of a round goes on along the same curve, whatever a loss hands on
from batch to batch."""

from __future__ import annotations

import signal

import pytest
import tiny_faces
import torch

from pretrained.images.model import Gan
from pretrained.images.tasks import GanTask
from pretrained.text import train
from pretrained.text.model import CharNet
from training import loop
from training.errors import Stopped

CPU = torch.device("cpu")
PLAN = loop.Plan(epochs=1, peak=0.01, weight_decay=0.0, optimiser="adamw")


def writing():
    recipe = train.Recipe(plan=PLAN, streams=4, window=5, rounds_of=8)
    text = torch.randint(20, (400,), generator=torch.Generator().manual_seed(0))
    return train.WritingTask(CharNet(20, 8, dropout=0.3), text, text[:100], recipe, CPU)


def playing():
    ovals = tiny_faces.ovals(12), tiny_faces.ovals(4, 50)
    return GanTask(Gan(**tiny_faces.GAN), *ovals, CPU, batch=4)


@pytest.mark.parametrize("task", [writing, playing])
def test_it_goes_on_in_the_middle_of_a_round(task, tmp_path, monkeypatch):
    monkeypatch.setattr("pretrained.images.tasks.ROUND", 8)

    def fit(out, stop=None, **settings):
        torch.manual_seed(0)
        made, steps = task(), 0
        learn = made.loss

        def loss(model, batch):
            nonlocal steps
            steps += 1
            if steps == stop:
                signal.raise_signal(signal.SIGTERM)
            return learn(model, batch)

        made.loss = loss
        network, history = loop.fit(made, PLAN, tmp_path / out, device=CPU, single=True, **settings)
        del history[0]["seconds"]
        return network, history, steps

    whole, history, _ = fit("whole")
    with pytest.raises(Stopped):
        fit("cut", stop=3)
    resumed, rest, steps = fit("cut", resume=True)
    assert steps == 5
    assert rest == history
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
