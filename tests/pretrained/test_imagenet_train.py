"""Fine-tuning EfficientNet-Lite0, from random weights and at 32 pixels: a test must be quick."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.classification import data, imagenet_train, train
from pretrained.classification.efficientnet import HEAD, EfficientNetLite0
from pretrained.classification.tasks import ClassifierTask, Recipe
from training.errors import BadOption, CannotResume
from training.run import Run

KEY = "classification/imagenet"
COLOURS = {"blue": (30, 40, 220), "red": (220, 30, 40)}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    torch.manual_seed(0)
    begun = EfficientNetLite0().train()
    norms = [m for m in begun.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():  # statistics of some pictures: without them nothing comes through
        begun(torch.rand(32, 3, 1, 1).expand(-1, -1, 32, 32) * 2 - 1)
    start = begun.state_dict()

    def network():
        body = EfficientNetLite0()
        body.load_state_dict(start)
        return body

    monkeypatch.setattr(imagenet_train, "network", network)
    monkeypatch.setattr(imagenet_train, "side_for", lambda found: 32)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("colours")
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for n in range(10):
            noise = np.random.default_rng(n).normal(0, 20, (32, 32, 3))
            array = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(array).save(root / name / f"{n}.png")
    return root


def test_a_head_alone_serves_like_any_other_and_leaves_the_rest_as_it_was(pictures, tmp_path):
    before = imagenet_train.network().state_dict()
    out = train.train(KEY, pictures, tmp_path / "mine", Run(head_only=True, watch=True))
    found = json.loads((out / "samples" / "000000.json").read_text())
    assert found["matrix"] == [[1, 0], [0, 1]] and found["wrong"] == []
    told = checkpoint.read_json(out, "metrics.json")["held_out"]
    assert told["after"]["top1"] == 1 and told["before"]["loss"] > told["after"]["loss"]
    model = catalog.from_folder(out).load("cpu")
    assert model.labels == ("blue", "red")
    for name in COLOURS:
        with Image.open(pictures / name / "0.png") as picture:
            assert model.predict([picture.convert("RGB")])[0]["label"] == name
    assert len(model.predict([Image.new("RGB", (40, 40))], view="stages")[0]["stages"]) == 8
    after = checkpoint.load_weights(out)
    assert all(
        torch.equal(after[name], value.half().float() if value.is_floating_point() else value)
        for name, value in before.items()
        if not name.startswith("classifier")
    )
    (row,) = map(json.loads, (out / "history.jsonl").read_text().splitlines())
    assert row["epoch"] == 0 and row["held_out_top1"] == 1
    card = (out / "README.md").read_text()
    assert "classification/mine" in card and "the last layer" in card
    assert "Too few pictures were kept aside to calibrate" in card


def test_a_head_alone_is_neither_from_nothing_nor_put_over_another_run(pictures, tmp_path):
    with pytest.raises(BadOption, match="leave one of them out"):
        train.train(KEY, pictures, tmp_path / "a", Run(head_only=True, scratch=True))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "state.pt").write_bytes(b"of the whole network")
    with pytest.raises(CannotResume, match="whole network"):
        train.train(KEY, pictures, tmp_path / "b", Run(head_only=True, resume=True))


def test_the_whole_network_goes_on_from_its_head(pictures, tmp_path):
    out = train.train(KEY, pictures, tmp_path / "mine", Run(smoke=True))
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["head"]["held_out_top1"] == 1 and made["started_from"] == KEY
    before, after = imagenet_train.network().state_dict(), checkpoint.load_weights(out)
    assert not torch.equal(after["blocks.6.0.conv_pw.weight"], before["blocks.6.0.conv_pw.weight"])
    seen = before["bn2.running_mean"].half().float()  # statistics stay: few pictures tell few
    assert torch.equal(after["bn2.running_mean"], seen)
    assert catalog.from_folder(out).load("cpu").labels == ("blue", "red")


def test_from_nothing_no_head_is_fitted_first(pictures, tmp_path):
    out = train.train(KEY, pictures, tmp_path / "mine", Run(smoke=True, scratch=True))
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["started_from"] == "random weights" and "head" not in made
    assert (checkpoint.load_weights(out)["bn2.running_var"] != 1).all()


def test_it_does_not_go_on_under_other_names(pictures, tmp_path):
    out = train.train(KEY, pictures, tmp_path / "mine", Run(smoke=True))
    kept = (out / "config.json").read_bytes()
    other = tmp_path / "colours"
    for name, called in (("blue", "sky"), ("red", "brick")):
        (other / called).mkdir(parents=True)
        for file in (pictures / name).iterdir():
            (other / called / file.name).write_bytes(file.read_bytes())
    with pytest.raises(CannotResume, match="classes"):
        train.train(KEY, other, out, Run(smoke=True, resume=True))
    assert (out / "config.json").read_bytes() == kept


def test_lower_layers_learn_more_slowly():
    body = EfficientNetLite0(2)
    rates = [group["lr_scale"] for group in imagenet_train.groups(body, fresh=False)]
    assert rates == sorted(rates, reverse=True) and rates[0] == 1 and rates[-1] < 0.1
    assert {group["lr_scale"] for group in imagenet_train.groups(body, fresh=True)} == {1.0}
    covered = sum(len(group["params"]) for group in imagenet_train.groups(body, fresh=False))
    assert covered == len(list(body.parameters()))


def test_the_regression_finds_what_parts_the_classes():
    x = torch.randn(200, HEAD, generator=torch.Generator().manual_seed(0))
    labels = (x[:, 0] > 0).long()
    weight, bias = imagenet_train.regressed(x, labels, 2, 1e-2)
    assert ((x @ weight.T + bias).argmax(1) == labels).float().mean() > 0.95
    assert (weight[1] - weight[0]).abs().argmax() == 0


def test_pictures_grow_when_so_much_of_the_run_is_over(pictures):
    read = data.read(pictures, "train", 32)
    plan = imagenet_train.plan_for(Run(epochs=1), len(read), fresh=True)
    recipe = Recipe(32, plan, batch=5, augmentation="crop", sizes=((0.6, 24), (1.0, 32)))
    task = ClassifierTask(EfficientNetLite0(), read, read, recipe, torch.device("cpu"))
    batches, sides = task.batches(0, 0.0), []
    for task.reached in (0.0, 0.5, 0.6, 0.9):
        sides.append(next(batches)[0].shape[-1])
    assert sides == [24, 24, 32, 32]
