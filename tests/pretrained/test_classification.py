"""The classification room: data, network, views, calibration, probes, training, scoring."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.__main__ import keep_result
from pretrained.classification import calibration, data, evaluate, serve, train
from pretrained.classification.model import ResidualNet
from pretrained.errors import BadData, ViewUnsupported
from pretrained.metrics import wilson
from training.hardware import precision
from training.run import Run

COLOURS = {"blue": (30, 40, 220), "green": (30, 200, 40), "red": (220, 30, 40)}


def png(colour, seed, size=(40, 36)):
    """A noisy picture of one colour, as PNG bytes."""
    noise = np.random.default_rng(seed).normal(0, 25, (size[1], size[0], 3))
    array = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One sub-folder a colour, 20 pictures each."""
    root = tmp_path_factory.mktemp("colours")
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for n in range(20):
            (root / name / f"{n}.png").write_bytes(png(colour, n))
    return root


def parquet(path, cells, labels, names=None, column="image"):
    table = pa.table({column: [{"bytes": c, "path": None} for c in cells], "label": labels})
    if names:
        note = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(note)})
    pq.write_table(table, path)
    return path


class TestData:
    def test_folders_become_classes_in_order_of_name(self, folders):
        pictures = data.read(folders, "train", 16)
        assert pictures.names == ("blue", "green", "red")
        assert pictures.images.shape == (60, 3, 16, 16)
        assert pictures.labels.bincount().tolist() == [20, 20, 20]

    @pytest.mark.parametrize("column", ["img", "image"])
    def test_parquet_keeps_the_names_that_datasets_left(self, tmp_path, column):
        cells = [png(c, 0) for c in COLOURS.values()]
        file = parquet(tmp_path / "test.parquet", cells, [2, 0, 1], ["a", "b", "c"], column)
        found = data.read(file, "train", 8)
        assert found.names == ("a", "b", "c")
        assert found.labels.tolist() == [2, 0, 1]
        assert found.split == f"{tmp_path.name}/test"

    def test_labels_are_counted_as_the_model_counts_them(self, folders):
        found = data.listing(folders, "train", ["red", "other", "blue", "green"])
        assert set(found.labels[:20]) == {2} and set(found.labels[-20:]) == {0}

    def test_a_picture_of_another_shape_is_cut_to_its_middle_square(self):
        wide = Image.new("RGB", (100, 20), (255, 0, 0))
        wide.paste((0, 255, 0), (40, 0, 60, 20))
        assert np.asarray(data.fit_square(wide, 10))[:, 1:-1].mean((0, 1)).tolist() == [0, 255, 0]

    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (lambda p: p / "missing", "no such file"),
            (lambda p: p, "sub-folder"),
            (lambda p: parquet(p / "x.parquet", [], []), "no rows"),
            (lambda p: parquet(p / "x.parquet", [png((0, 0, 0), 0)], [5], ["a", "b"]), "classes"),
            (lambda p: parquet(p / "x.parquet", [b"no"], [0], ["a"]), "damaged"),
            (lambda p: parquet(p / "x.parquet", [b"no"], [0], ["a"], "scan"), "columns.*scan"),
            (lambda p: (p / "x.parquet", (p / "x.parquet").write_text("no"))[0], "Parquet"),
        ],
    )
    def test_data_that_cannot_be_used_says_why(self, tmp_path, make, reason):
        with pytest.raises(BadData, match=reason):
            data.read(make(tmp_path), "train", 8)

    def test_a_class_that_the_model_lacks_is_named(self, folders):
        with pytest.raises(BadData, match="'blue'"):
            data.listing(folders, "train", ["red", "green"])

    def test_what_is_kept_aside_is_not_trained_on(self, folders):
        pictures = data.read(folders, "train", 8)
        kept_on, aside = data.split_held_out(pictures, 10, seed=1)
        assert (len(kept_on), len(aside)) == (50, 10)
        all_of_them = torch.cat([kept_on.images, aside.images]).flatten(1)
        assert len(all_of_them.unique(dim=0)) == len(pictures.images.flatten(1).unique(dim=0))


class TestAugmentation:
    def generator(self):
        return torch.Generator().manual_seed(0)

    def test_a_shift_moves_and_mirrors_without_inventing_colours(self):
        images = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).expand(50, 3, 8, 8)
        moved = data.shift_and_flip(images, 2, self.generator())
        assert moved.shape == images.shape and moved.dtype == torch.uint8
        assert set(moved.unique().tolist()) <= set(range(64))
        assert len(moved.unique(dim=0)) > 5
        steps = (moved[:, 0, 4, 1:].int() - moved[:, 0, 4, :-1].int()).sign().sum(1)
        assert (steps > 0).any() and (steps < 0).any()  # some as they were, some mirrored

    def test_cut_out_hides_exactly_one_square(self):
        hidden = data.cut_out(torch.ones(20, 3, 16, 16), 5, self.generator()) == 0
        assert hidden.sum((1, 2, 3)).tolist() == [75] * 20

    def test_a_resized_crop_stays_inside_and_differs(self):
        images = torch.randint(0, 255, (8, 3, 32, 32), dtype=torch.uint8)
        crops = data.resized_crop(images, 24, self.generator())
        assert crops.shape == (8, 3, 24, 24)
        assert crops.min() >= 0 and crops.max() <= 1
        assert len(crops.unique(dim=0)) == 8


class TestNetwork:
    def test_shapes_halve_from_stage_to_stage(self):
        net = ResidualNet(5, widths=(8, 12, 16), stem_width=6).eval()
        shapes = [tuple(m.shape[1:]) for m in net.features(torch.rand(2, 3, 32, 32))]
        assert shapes == [(6, 32, 32), (8, 16, 16), (12, 8, 8), (16, 4, 4)]
        assert net(torch.rand(2, 3, 48, 48)).shape == (2, 5)

    def test_the_stem_starts_decorrelated(self):
        torch.manual_seed(0)
        pictures = torch.rand(64, 3, 12, 12).cumsum(3) / 12  # neighbours alike, as in photographs
        net = ResidualNet(2, widths=(4,), stem_width=8)
        net.whiten_stem(pictures)
        out = net.stem.conv((pictures - net.mean) / net.std)[:, :4, 1::3, 1::3]
        spread = out.transpose(0, 1).flatten(1)
        second_moment = spread @ spread.T / spread.shape[1]
        off_diagonal = second_moment - second_moment.diag().diag()
        assert off_diagonal.abs().max() < 0.2 * second_moment.diag().min()

    def test_a_folder_loads_by_the_hubs_own_mixin(self, trained):
        config = checkpoint.read_json(trained, "config.json")
        by_hub = ResidualNet.from_pretrained(trained).eval()
        by_us = ResidualNet.from_config(config).eval()
        by_us.load_state_dict(checkpoint.load_weights(trained))
        x = torch.rand(1, 3, 32, 32)
        torch.testing.assert_close(by_hub(x), by_us(x))


class TestFinish:
    def test_the_temperature_of_overconfident_scores_is_found(self):
        torch.manual_seed(0)
        honest = torch.randn(4000, 5) * 2
        labels = torch.distributions.Categorical(logits=honest).sample()
        assert calibration.fit_temperature(honest * 3, labels) == pytest.approx(3, rel=0.1)

    def test_the_bar_for_not_sure_is_where_an_answer_is_as_often_wrong_as_right(self):
        confidence = torch.linspace(0.2, 1, 5000)
        right = torch.rand(5000, generator=torch.Generator().manual_seed(0)) < confidence
        probabilities = torch.stack([confidence, 0.1 * (1 - confidence)], 1)
        assert calibration.unsure_below(probabilities, (~right).long()) == pytest.approx(
            0.5, abs=0.06
        )
        assert calibration.unsure_below(probabilities, torch.zeros(5000).long()) == 0

    def test_probes_find_what_is_linear(self, folders):
        pictures = data.read(folders, "train", 16)
        net = ResidualNet(3, widths=(8,), stem_width=6)
        kept_on, aside = data.split_held_out(pictures, 12, seed=0)
        tensors, figures = calibration.fit_probes(
            net, kept_on, aside, torch.device("cpu"), steps=60
        )
        assert [f["name"] for f in figures] == ["stem", "stage1"]
        assert all(f["top1"] > 0.8 and f["n"] == 12 for f in figures)
        assert tensors["stage1.weight"].shape == (3, 32)


@pytest.fixture(scope="module")
def trained(folders, tmp_path_factory):
    """The bundled CIFAR-10 network fine-tuned on three colours."""
    out = tmp_path_factory.mktemp("run") / "colours"
    train.train(
        "classification/cifar10", str(folders), out, Run(epochs=10, lr=0.05, head_only=True)
    )
    return out


class TestTraining:
    def test_fine_tuning_leaves_a_folder_that_the_app_can_serve(self, trained, folders):
        entry = catalog.from_folder(trained)
        assert entry.key == "classification/colours" and entry.classes == 3
        model = entry.load("cpu")
        red = Image.open(io.BytesIO(png(COLOURS["red"], 99)))
        assert model.predict([red])[0]["label"] == "red"
        metrics = checkpoint.read_json(trained, "metrics.json")
        assert metrics["training"]["started_from"] == "classification/cifar10"
        assert metrics["calibration"]["n"] == 12

    def test_scoring_it_keeps_the_figures_in_its_card(self, trained, folders):
        entry = catalog.from_folder(trained)
        result = evaluate.evaluate(entry, folders)
        assert result["n"] == 60 and result["metrics"]["top1"]["value"] > 0.9
        assert set(result["per_class"]) == set(COLOURS)
        keep_result(trained, result, "the command")
        keep_result(trained, result, "the command")
        assert len(checkpoint.read_json(trained, "metrics.json")["results"]) == 1
        assert "`the command`" in (trained / "README.md").read_text()
        assert catalog.from_folder(trained).claims[0].n == 60

    def test_smoke_runs_a_recipe_from_random_weights(self, folders, tmp_path):
        train.train(
            "classification/cifar10", str(folders), tmp_path / "out", Run(scratch=True, smoke=True)
        )
        history = (tmp_path / "out" / "history.jsonl").read_text().splitlines()
        assert json.loads(history[-1])["step"] == 2
        assert catalog.from_folder(tmp_path / "out").classes == 3

    def test_no_scratch_goes_on_with_the_trained_weights_on_the_same_classes(self, tmp_path):
        entry = catalog.find("classification/cifar10")
        for i, name in enumerate(catalog.labels(entry)["en"]):
            for j in range(6):
                path = tmp_path / "ten" / name / f"{j}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(png((25 * i, 0, 250 - 25 * i), j))
        out = train.train(
            entry.key, str(tmp_path / "ten"), tmp_path / "on", Run(scratch=False, smoke=True)
        )
        made = catalog.from_folder(out)
        training = checkpoint.read_json(out, "metrics.json")["training"]
        assert training["started_from"] == entry.key
        was, now = (e.load("cpu").network for e in (entry, made))
        assert torch.equal(was.stem.conv.weight, now.stem.conv.weight)  # not whitened anew
        assert torch.allclose(was.head.weight, now.head.weight, atol=0.01)

    def test_an_interval_narrows_with_n(self):
        few, many = wilson(9, 10), wilson(9000, 10_000)
        assert few["high"] - few["low"] > 10 * (many["high"] - many["low"])
        assert many["low"] < many["value"] == 0.9 < many["high"]


@pytest.fixture(scope="module")
def classifier():
    return catalog.find("classification/cifar10").load("cpu")


class TestViews:
    picture = Image.fromarray(
        np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    )

    def test_stages_tell_shapes_and_what_a_probe_would_say(self, classifier):
        found = classifier.predict([self.picture], view="stages")[0]
        assert [s["name"] for s in found["stages"]] == ["stem", "stage1", "stage2", "stage3"]
        assert all(s["answer"]["label"] in classifier.labels for s in found["stages"])
        parameters = sum(s["parameters"] for s in found["stages"])
        head = classifier.network.head
        assert parameters + head.weight.numel() + head.bias.numel() == classifier.parameters
        assert found["input"].shape == (classifier.size, classifier.size, 3)

    def test_maps_are_scaled_and_strongest_first(self, classifier):
        found = classifier.predict([self.picture], view="maps", stage="stage1", count=6)[0]
        assert found["maps"].shape[0] == len(found["channels"]) == 6
        assert found["maps"].min() >= 0 and found["maps"].max() <= 1

    @pytest.mark.parametrize("method", ["gradcam", "occlusion"])
    def test_where_it_looked_covers_the_middle_square(self, classifier, method):
        found = classifier.predict([self.picture], view="where", method=method)[0]
        assert found["heat"].shape == (classifier.size,) * 2
        assert found["heat"].min() >= 0 and found["heat"].max() <= 1.0001
        assert found["crop"] == [10, 0, 60, 50]

    def test_where_for_a_label_of_choice(self, classifier):
        label = classifier.labels[3]
        found = classifier.predict([self.picture], view="where", label=label)[0]
        assert found["label"] == label

    @pytest.mark.parametrize(
        "options",
        [
            {"view": "smell"},
            {"view": "maps", "stage": "stage9"},
            {"view": "where", "label": "zebu"},
        ],
    )
    def test_what_cannot_be_looked_at_is_said(self, classifier, options):
        with pytest.raises(ViewUnsupported):
            classifier.predict([self.picture], **options)

    def test_confidences_are_calibrated_probabilities(self, classifier):
        scores = classifier.predict([self.picture], view="scores")[0]
        assert scores.shape == (len(classifier.labels),)
        assert math.isclose(scores.sum(), 1, abs_tol=1e-4)
        answer = classifier.predict([self.picture], top_k=999)[0]
        assert len(answer["confidences"]) == len(classifier.labels)
        assert answer["sure"] == (scores.max() >= classifier.config["unsure_below"])


def test_the_old_way_shows_its_edges():
    model = catalog.find("classification/hog-svm").load("cpu")
    picture = model.predict([TestViews.picture], view="hog")[0]["picture"]
    assert picture.shape == (320, 320) and picture.min() >= 0 and picture.max() <= 1
    with pytest.raises(ViewUnsupported):
        model.predict([TestViews.picture], view="stages")


def test_the_old_way_is_trained_by_the_same_command(tmp_path):
    cells = [png(c, n) for n in range(20) for c in COLOURS.values()]
    file = parquet(tmp_path / "train.parquet", cells, [0, 1, 2] * 20, list(COLOURS))
    out = train.train("classification/hog-svm", file, tmp_path / "out", Run(smoke=True))
    assert catalog.from_folder(out).load("cpu").labels == tuple(COLOURS)


def test_the_old_way_learns_two_classes_and_its_card_tells_of_them(tmp_path):
    two = list(COLOURS.items())[:2]
    for number, (name, _) in enumerate(two):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for n in range(6):  # edges that differ: stripes across or along
            stripes = np.zeros((32, 32, 3), np.uint8)
            stripes[n % 4 :: 4] = 255
            stripes = stripes if number else stripes.transpose(1, 0, 2)
            Image.fromarray(stripes).save(tmp_path / "mine" / name / f"{n}.png")
    out = train.train("classification/hog-svm", tmp_path / "mine", tmp_path / "lines", Run())
    model = catalog.from_folder(out).load("cpu")
    assert model.labels == tuple(name for name, _ in two)
    for name, _ in two:
        with Image.open(tmp_path / "mine" / name / "0.png") as picture:
            (answer,) = model.predict([picture.convert("RGB")])
        assert answer["label"] == name
    card = (out / "README.md").read_text()
    assert "classification/lines" in card and "mine" in card and "knows 2 things" in card
    assert "license: apache-2.0" not in card and "ten" not in model.config["limits"]


def test_precision_follows_the_hardware():
    assert precision(torch.device("cpu")) in (torch.bfloat16, torch.float32)


def test_the_sources_of_shared_data_agree_with_the_bundled_labels():
    shared = Path(__file__).parents[3] / "shared" / "data"
    if not shared.exists():
        pytest.skip("the training data is not beside this clone")
    entry = catalog.find("classification/cifar10")
    found = data.listing(shared / "cifar10/test.parquet", "test")
    assert list(found.names) == catalog.labels(entry)["en"]


def test_serve_has_every_view_that_it_lists(classifier):
    assert set(classifier.views) == {"answer", "scores", "stages", "maps", "where", "filters"}
    assert serve.PROBES.endswith(".safetensors")
