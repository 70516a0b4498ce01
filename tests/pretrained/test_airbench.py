"""Learning from nothing in few passes."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pretrained.classification import airbench, train
from pretrained.classification.data import Pictures
from pretrained.classification.model import ResidualNet
from pretrained.classification.tasks import Recipe
from training import loop

CPU = torch.device("cpu")


def pictures(count=64):
    """Random ones, of two classes that their brightness tells apart."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    images = torch.randint(0, 128, (count, 3, 16, 16), generator=generator)
    images = (images + 127 * labels[:, None, None, None]).to(torch.uint8)
    return Pictures(images, labels, ("dark", "light"), "x/train")


@pytest.fixture
def task():
    torch.manual_seed(0)
    net = ResidualNet(2, widths=(24, 32), stem_width=24, stem_kernel=2, pooling="max")
    recipe = Recipe(size=16, plan=replace(airbench.PLAN, epochs=6), batch=16, smoothing=0.2)
    return airbench.AirbenchTask(net, pictures(), pictures(16), recipe, CPU)


def test_the_first_layer_whitens_and_stays(task, tmp_path):
    kernels = task.model.stem.conv.weight.detach().clone()
    whitened = task.model.stem.conv(
        (task.images.float() / 255 - task.model.mean) / task.model.std
    ).transpose(0, 1)[:12]
    spread = whitened.flatten(1).square().mean(1)
    assert spread.min() > 0.3 and spread.max() < 1.5  # about one in every direction
    network, history = loop.fit(task, task.recipe.plan, tmp_path, device=CPU)
    assert torch.equal(network.stem.conv.weight, kernels)
    assert history[-1]["held_out_top1"] == 1


def test_the_others_start_as_the_identity(task):
    conv = task.model.stages[1].residual[0].conv
    x = torch.randn(1, 32, 5, 5)
    torch.testing.assert_close(conv(x), x)


def test_every_picture_is_mirrored_in_every_second_pass(task, monkeypatch):
    seen = []

    def shift_and_flip(images, shift, generator, mirrored):
        seen.append(mirrored)
        return images

    monkeypatch.setattr(airbench.data, "shift_and_flip", shift_and_flip)
    monkeypatch.setattr(torch, "randperm", lambda n, generator: torch.arange(n))
    for epoch in range(3):
        list(task.batches(epoch, 0.0))
    first, second, third = torch.cat(seen).view(3, -1)
    assert torch.equal(first, ~second) and torch.equal(first, third)
    assert 16 < first.sum() < 48


def test_biases_are_fast_and_the_head_is_slow(task):
    groups = task.groups()
    rates = {id(p): group["lr_scale"] for group in groups[2:] for p in group["params"]}
    norm = task.model.stages[0].widen.norm
    assert rates[id(norm.bias)] == airbench.BIAS_RATE
    assert rates[id(task.model.head.weight)] == pytest.approx(1 / 81)
    known = {id(p) for group in groups for p in group["params"]}
    left = {n for n, p in task.model.named_parameters() if id(p) not in known}
    assert left == {"stem.conv.weight"}


def test_the_shipped_recipe_learns_so():
    recipe = train.RECIPES["classification/cifar10"]
    net = ResidualNet(10, **recipe.architecture)
    assert recipe.airbench and isinstance(net.stages, nn.ModuleList)
    assert [maps.shape[2:] for maps in net.eval().features(torch.rand(1, 3, 32, 32))] == [
        (31, 31),
        (15, 15),
        (7, 7),
        (3, 3),
    ]


def test_what_goes_on_has_a_part_of_each_picture_hidden(task):
    task.images.fill_(255)
    for task.goes_on, hidden in ((False, 0), (True, 5 * 5)):
        for images, _ in task.batches(0, 0.0):
            assert ((images == 0).sum((1, 2, 3)) == 3 * hidden).all()
