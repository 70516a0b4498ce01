"""Pictures for the detector, how they are changed, how it learns from them and how it is scored."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import tiny_detection
import torch
from PIL import Image

from pretrained import __main__ as command_line
from pretrained import catalog, checkpoint
from pretrained.detection import augment, data, evaluate, rle, select_classes, tasks, train
from pretrained.detection.data import Scene, Thing
from pretrained.detection.scoring import Scores
from pretrained.errors import BadData, UnknownEntry
from training.run import Run


def whole(left, top, right, bottom, width=60, height=40):
    """A mask that fills a box."""
    patch = np.ones((bottom - top, right - left), bool)
    return rle.encode(patch, left, top, height, width)


def scene(things, width=60, height=40, source="drawn", picture=None):
    picture = picture or Image.new("RGB", (width, height), (10, 20, 30))
    content = tiny_detection.encoded(picture)
    return Scene(content, width, height, tuple(things), source, "here")


def thing(label, left, top, right, bottom, **more):
    return Thing(
        label,
        (float(left), float(top), float(right), float(bottom)),
        **({"mask": whole(left, top, right, bottom)} | more),
    )


# ---- reading ----------------------------------------------------------------------------------


def test_parquet_and_coco_tell_the_same(tmp_path):
    coco = data.read(tiny_detection.coco_folder(tmp_path / "coco", 4))
    rows = [(*tiny_detection.shapes(n), "own") for n in range(4)]
    table = data.read(tiny_detection.table(rows, tmp_path / "rows" / "train-0.parquet"))
    assert coco.split == "coco" and table.split == "rows/train-0" and coco.names() == table.names()
    for mine, theirs in zip(coco.scenes, table.scenes, strict=True):
        assert np.array_equal(mine.pixels(), theirs.pixels())
        for one, other in zip(mine.things, theirs.things, strict=True):
            assert (one.label, one.box) == (other.label, other.box)
            assert np.array_equal(rle.decode(one.mask), rle.decode(other.mask))


def test_a_folder_of_splits_is_read_by_split_and_only_one_source_is_partial(tmp_path):
    folder = tiny_detection.folder_of_shapes(tmp_path / "both", train=4, validation=2)
    assert len(data.read(folder)) == 4 and len(data.read(folder, "validation")) == 2
    assert data.read(folder, "validation").split == "both/validation"
    assert scene([], source="clothing-co-parsing").partial and not scene([]).partial


def test_a_turned_photograph_is_labelled_as_its_size_says():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    held = io.BytesIO()
    picture.save(held, "PNG", exif=exif)
    as_stored = Scene(held.getvalue(), 60, 40, (), "own", "here").pixels()
    turned = Scene(held.getvalue(), 40, 60, (), "own", "here").pixels()
    assert np.array_equal(as_stored, np.asarray(picture))
    assert np.array_equal(turned, np.rot90(as_stored, -1))
    with pytest.raises(BadData, match=r"(60 x 40|40 x 60), not 61 x 40"):
        Scene(held.getvalue(), 61, 40, (), "own", "here").pixels()
    with pytest.raises(BadData, match="damaged"):
        Scene(held.getvalue()[:50], 60, 40, (), "own", "here").pixels()


def broken(told, name, value=None):
    if name == "box":
        told["annotations"][0]["bbox"] = [1, 2]
    elif name == "nan":
        told["annotations"][0]["bbox"] = [float("nan"), 1, 2, 3]
    elif name == "outside":
        told["images"][0]["file_name"] = "../elsewhere.png"
    elif name in ("width", "height", "file_name"):
        told["images"][0][name] = value
    else:
        told["annotations"][0][name] = value


def test_labels_without_pictures_are_refused(tmp_path):
    folder = tiny_detection.coco_folder(tmp_path / "coco", 2)
    told = json.loads((folder / "annotations.json").read_text())
    del told["images"]
    (folder / "annotations.json").write_text(json.dumps(told))
    with pytest.raises(BadData, match="no list called images"):
        data.read(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("box", None),
        ("nan", None),
        ("bbox", [10**400, 1, 2, 3]),
        ("segmentation", {"size": [64, 96], "counts": None}),
        ("segmentation", {"size": [64, 96], "counts": 7}),
        ("segmentation", {"size": [64, 96], "counts": [-1, 64 * 96 + 1]}),
        ("segmentation", {"size": [64, 96], "counts": [5, 10]}),
        ("segmentation", {"size": [64, 96], "counts": "garbage"}),
        ("segmentation", [[1, 1, 1e8, 5, 9, 1e8]]),
    ],
)
def test_one_object_that_is_labelled_wrongly_is_left_out_and_told(tmp_path, name, value):
    folder = tiny_detection.coco_folder(tmp_path / "coco", 2)
    whole = sum(len(scene.things) for scene in data.read(folder).scenes)
    told = json.loads((folder / "annotations.json").read_text())
    broken(told, name, value)
    (folder / "annotations.json").write_text(json.dumps(told))
    left = data.read(folder)
    assert sum(len(scene.things) for scene in left.scenes) == whole - 1
    assert any(data.UNREAD in sentence for sentence in left.left_out)


def test_a_picture_outside_the_folder_is_none_of_it(tmp_path):
    folder = tiny_detection.coco_folder(tmp_path / "coco", 2)
    Image.new("RGB", (96, 64)).save(tmp_path / "elsewhere.png")
    told = json.loads((folder / "annotations.json").read_text())
    broken(told, "outside")
    (folder / "annotations.json").write_text(json.dumps(told))
    (folder / "1.png").unlink()
    (folder / "1.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(BadData, match=r"not beside the labels: 2 \(../elsewhere.png, 1.png\)"):
        data.read(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", "wide"),
        ("width", 96.5),
        ("width", -96),
        ("width", float("nan")),
        ("height", 10**9),
        ("height", 10**400),
        ("height", [64]),
        ("file_name", None),
        ("image_id", [1]),
    ],
)
def test_labels_that_no_tool_writes_are_refused_in_words(tmp_path, name, value):
    folder = tiny_detection.coco_folder(tmp_path / "coco", 2)
    told = json.loads((folder / "annotations.json").read_text())
    broken(told, name, value)
    (folder / "annotations.json").write_text(json.dumps(told))
    with pytest.raises(BadData) as refused:
        data.read(folder)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("name", [5, "x" * 5000, "0.png\0", "\ud800.png"])
def test_names_that_no_file_has_are_left_out(tmp_path, name):
    folder = tiny_detection.coco_folder(tmp_path / "coco", 2)
    told = json.loads((folder / "annotations.json").read_text())
    broken(told, "file_name", name)
    (folder / "annotations.json").write_text(json.dumps(told))
    scenes = data.read(folder)
    assert len(scenes) == 1 and len(scenes.left_out[0]) < 200


def test_labels_nested_too_deeply_and_rows_without_a_class_are_refused(tmp_path):
    (tmp_path / "annotations.json").write_text("[" * 200_000)
    with pytest.raises(BadData, match="RecursionError"):
        data.read(tmp_path)
    nameless = [{"bbox": [0.0, 0.0, 9.0, 9.0]}]
    rows = [(Image.new("RGB", (60, 40)), nameless, "drawn")]
    with pytest.raises(BadData, match="category"):
        data.read(tiny_detection.table(rows, tmp_path / "rows" / "train-0.parquet"))


@pytest.mark.parametrize(
    ("share", "sources"),
    [(0.03, ["a"] * 12), (0.15, list("abcdefghijkl")), (0.03, ["a", "b"]), (0.2, ["a"] * 12)],
)
def test_something_is_set_aside_of_every_two_pictures_or_more(share, sources):
    pictures = tuple(scene([], source=source) for source in sources)
    train_on, aside = data.held_apart(data.Scenes(pictures, "own"), share)
    assert len(aside) >= 1 and len(train_on) >= 1
    assert {id(one) for one in train_on.scenes + aside.scenes} == {id(one) for one in pictures}
    single = data.held_apart(data.Scenes(pictures[:1], "own"), share)
    assert [len(part) for part in single] == [1, 0]


def test_nothing_and_too_little_are_refused(tmp_path):
    with pytest.raises(BadData, match="check the path"):
        data.read(tmp_path)
    with pytest.raises(BadData, match="50 or more"):
        data.read(tiny_detection.coco_folder(tmp_path / "coco", 2), least=50)


# ---- changing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_boxes_and_masks_move_with_the_pixels(seed):
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10:30, 20:40] = 255
    rng = np.random.default_rng(seed)
    canvas = augment.laid(scene([thing("disc", 20, 10, 40, 30)]), picture, (96, 64), rng)
    found = augment.target(canvas, {"disc": 1})
    for box, mask in zip(found["boxes"].tolist(), found["masks"], strict=True):
        rows, columns = (canvas.pixels[..., 0] > 200).nonzero()
        bright = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert box == pytest.approx(bright, abs=1.5)
        rows, columns = mask.nonzero(as_tuple=True)
        inside = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
        assert inside == pytest.approx(bright, abs=1.5)


def test_what_is_pasted_covers_what_was_there():
    under = np.zeros((40, 60, 3), np.uint8)
    rng = np.random.default_rng(1)
    canvas = augment.laid(scene([thing("square", 0, 0, 60, 40)]), under, (60, 40), rng)
    before = int(canvas.parts[0].mask.sum())
    bright = np.full((40, 60, 3), 255, np.uint8)
    augment.paste(canvas, thing("disc", 10, 10, 30, 30), bright, rng)
    pasted = canvas.parts[1].mask
    assert (canvas.pixels[pasted] == 255).all() and not (canvas.parts[0].mask & pasted).any()
    assert int(canvas.parts[0].mask.sum()) < before
    found = augment.target(canvas, {"disc": 1, "square": 2})
    assert set(found["labels"].tolist()) <= {1, 2} and 1 in found["labels"]


def test_what_is_pasted_covers_an_object_without_a_mask_by_its_box():
    boxed = augment.Part("square", np.array([10.0, 5.0, 30.0, 25.0]), None, 400.0)
    outside = augment.Part("square", np.array([70.0, 5.0, 90.0, 25.0]), None, 400.0)
    canvas = augment.Canvas(np.zeros((40, 60, 3), np.uint8), [boxed, outside], [], False)
    bright = np.full((40, 60, 3), 255, np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(60):
        augment.paste(canvas, thing("disc", 0, 0, 30, 20), bright, rng)
        rest = float((canvas.pixels[5:25, 10:30, 0] == 0).mean())
        assert boxed.seen(boxed.box) == pytest.approx(rest)
        found = augment.target(canvas, {"disc": 1, "square": 2})
        assert (2 in found["labels"]) == (rest >= augment.SEEN)
        assert (boxed.box.tolist() in found["ignore"].tolist()) == (rest < augment.SEEN)
        if rest == 0:
            break
    assert rest < augment.SEEN, "it was covered in the end"


def test_what_is_hidden_or_tiny_or_a_crowd_is_neither_object_nor_background():
    height, width = 40, 60
    seen = np.zeros((height, width), bool)
    seen[0:10, 0:4] = True
    parts = [
        augment.Part("disc", np.array([0.0, 0, 20, 10]), seen, 200.0),  # a fifth of it is seen
        augment.Part("disc", np.array([30.0, 30, 32, 32]), None, 4.0),  # two pixels
        augment.Part("disc", np.array([50.0, 5, 90, 35]), None, 1200.0),  # a quarter
        augment.Part("disc", np.array([20.0, 20, 40, 40]), None, 400.0),
    ]
    crowd = [np.array([5.0, 5, 9, 9])]
    canvas = augment.Canvas(np.zeros((height, width, 3), np.uint8), parts, crowd, False)
    found = augment.target(canvas, {"disc": 1})
    assert found["boxes"].tolist() == [[20, 20, 40, 40]] and len(found["ignore"]) == 4
    assert found["masked"].tolist() == [False]


# ---- learning ---------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    recipe = replace(
        train.RECIPES["detection/everyday"],
        batch=2,
        held_out=0.2,
        architecture={
            "channels": 8,
            "hidden": 8,
            "anchors": [[12, 20, 34], [54, 80, 115], [160, 220, 300]],
            "ratios": [0.5, 1.0, 2.0],
        },
    )
    monkeypatch.setitem(train.RECIPES, "detection/everyday", recipe)
    monkeypatch.setattr(tasks, "ROUND", 3)
    monkeypatch.setattr(tasks, "SIDES", ((1.01, (64, 96)),))

    def begun(recipe, names):
        from pretrained.detection.model import Detector

        return Detector(len(names), **recipe.architecture)

    monkeypatch.setattr(train, "begun", begun)
    # Whether the shipped checkpoint is there yet is none of these tests' business.
    everything = dict(catalog.entries())
    everything.pop("detection/everyday", None)
    monkeypatch.setattr(catalog, "entries", lambda: everything)


def test_a_recipe_trains_goes_on_and_serves(tmp_path, small):
    folder, out = tiny_detection.folder_of_shapes(tmp_path / "shapes"), tmp_path / "everyday"
    train.train("detection/everyday", folder, out, Run(epochs=1))
    train.train("detection/everyday", folder, out, Run(epochs=2, resume=True))
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history] == [3, 6]
    assert {"loss_mask", "loss_class", "loss_objectness"} <= set(history[0])
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["pictures"] == 10 and made["started_from"].endswith("classification/imagenet")
    served = catalog.from_folder(out, "detection/everyday").load("cpu")
    [answer] = served.predict([np.asarray(tiny_detection.shapes(1)[0])])
    assert served.labels == tuple(tiny_detection.NAMES) and "objects" in answer


def test_one_seed_makes_one_round():
    scenes = data.Scenes(
        tuple(scene([thing("disc", 5 + n, 5, 40, 35)]) for n in range(6)), "drawn/train"
    )
    rounds = [
        list(
            tasks.DetectionTask(
                tiny_detection.network(), scenes, scenes, ["disc"], "cpu", batch=2
            ).batches(3, 0.1)
        )[:4]
        for _ in range(2)
    ]
    for (mine, targets), (theirs, others) in zip(*rounds, strict=True):
        assert torch.equal(mine, theirs) and mine.shape[0] == 2
        for one, other in zip(targets, others, strict=True):
            assert torch.equal(one["boxes"], other["boxes"])


def test_what_one_network_knows_another_begins_with(tmp_path):
    folder = tiny_detection.detector(tmp_path / "known")
    fresh = tiny_detection.network(3, seed=5)
    untouched = fresh.heads.box_predictor.classes.weight[2].clone()
    train.started(fresh, ["square", "ring", "disc"], folder, tiny_detection.NAMES)
    old = checkpoint.load_weights(folder)
    rows = old["heads.box_predictor.classes.weight"]
    new = fresh.heads.box_predictor.classes.weight
    assert torch.equal(new[[0, 1, 3]], rows[[0, 2, 1]]) and torch.equal(new[2], untouched)
    assert torch.equal(
        fresh.body.blocks[6][0].conv_pw.weight, old["body.blocks.6.0.conv_pw.weight"]
    )


def test_own_classes_begin_with_the_shipped_network(tmp_path, small, monkeypatch):
    path, out = tiny_detection.detector(tmp_path / "everyday"), tmp_path / "rings"
    known = catalog.from_folder(path, "detection/everyday")
    monkeypatch.setattr(catalog, "entries", lambda: {known.key: known})
    monkeypatch.setattr(catalog, "folder_of", lambda key: path)
    labels = tiny_detection.coco_folder(tmp_path / "own") / "annotations.json"
    labels.write_text(labels.read_text().replace('"disc"', '"ring"'))
    train.train("detection/everyday", labels.parent, out, Run(epochs=1, head_only=True))
    config = checkpoint.read_json(out, "config.json")
    assert config["key"] == "detection/rings" and config["taught"] == ["ring", "square"]
    card = (out / "README.md").read_text()
    assert "finds: ring, square." in card and "cat" not in card, "it is not told as ours"
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["started_from"] == "detection/everyday" and made["data"] == "own"
    before, after = checkpoint.load_weights(path), checkpoint.load_weights(out)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("heads.box_predictor.") for name in changed)


def test_no_such_recipe_and_no_objects_are_refused(tmp_path, small):
    with pytest.raises(UnknownEntry):
        train.train("detection/cats", tmp_path, tmp_path / "out")
    folder = tiny_detection.coco_folder(tmp_path / "coco")
    told = json.loads((folder / "annotations.json").read_text())
    (folder / "annotations.json").write_text(json.dumps({**told, "annotations": []}))
    with pytest.raises(BadData, match="label some"):
        train.train("detection/everyday", folder, tmp_path / "out")


def test_the_command_line_finds_the_room():
    assert command_line.recipe_module("detection/everyday", "train") is train


# ---- scoring ----------------------------------------------------------------------------------


def found(label, left, top, right, bottom, score=0.9):
    box = [float(left), float(top), float(right), float(bottom)]
    return {"label": label, "score": score, "box": box, "mask": whole(left, top, right, bottom)}


def test_all_right_is_one_and_all_wrong_is_nought():
    scenes = [scene([thing("person", 0, 0, 20, 20)]), scene([thing("person", 30, 10, 50, 30)])]
    right = Scores(scenes, [[found("person", 0, 0, 20, 20)], [found("person", 30, 10, 50, 30)]])
    wrong = Scores(scenes, [[found("person", 40, 20, 60, 40)], []])
    for kind in ("box", "mask"):
        assert right.ap50(kind, ["person"]) == pytest.approx(1)
        assert wrong.ap50(kind, ["person"]) == 0
        assert Scores(scenes, [[], []]).ap50(kind, ["person"]) == 0
    half = Scores(scenes, [[found("person", 0, 0, 20, 20)], []])
    assert half.ap50("box", ["person"]) == pytest.approx(0.5, abs=0.01)
    assert half.ap50("box", ["person"], [0]) == pytest.approx(1)
    assert half.ap50("box", ["person"], [0, 0, 0, 1]) == pytest.approx(0.75, abs=0.01)
    assert np.isnan(half.ap50("box", ["dragon"]))


def test_a_crowd_is_no_mistake_and_a_dog_for_a_cat_is_right_where_both_are_pets():
    crowded = [scene([thing("person", 0, 0, 20, 20), thing("person", 30, 0, 60, 40, crowd=True)])]
    seen = [[found("person", 0, 0, 20, 20, 0.5), found("person", 30, 0, 45, 20, 0.9)]]
    assert Scores(crowded, seen).ap50("box", ["person"]) == pytest.approx(1)
    cat = [scene([thing("cat", 0, 0, 20, 20)])]
    taken = [[found("dog", 0, 0, 20, 20)]]
    assert Scores(cat, taken).ap50("box", ["cat"]) == 0
    pets = Scores(cat, taken, pooled={"cat": "pet", "dog": "pet"})
    assert pets.ap50("box", ["pet"]) == pytest.approx(1)


def test_an_object_whose_mask_nobody_knows_is_neither_missed_nor_found_wrongly():
    two = [thing("person", 0, 0, 20, 20), thing("person", 30, 10, 50, 30, mask=None)]
    both = [found("person", 0, 0, 20, 20, 0.5), found("person", 30, 10, 50, 30, 0.9)]
    scores = Scores([scene(two)], [both])
    for kind, count in (("box", 2), ("mask", 1)):
        assert scores.ap50(kind, ["person"]) == pytest.approx(1)
        assert scores.count(kind, ["person"]) == count
    elsewhere = Scores([scene(two)], [[*both, found("person", 0, 25, 20, 40, 0.95)]])
    assert elsewhere.ap50("mask", ["person"]) == pytest.approx(0.5, abs=0.01)
    crowd = [*two[:1], thing("person", 30, 10, 50, 30, mask=None, crowd=True)]
    assert Scores([scene(crowd)], [both]).ap50("mask", ["person"]) == pytest.approx(1)


def test_a_model_is_scored_with_intervals_and_offers_what_it_can(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "DRAWS", 10)
    folder = tiny_detection.folder_of_shapes(tmp_path / "shapes")
    path = tiny_detection.detector(tmp_path / "everyday")
    truth = data.read(folder, "validation")

    class Knowing:
        """It answers what is there, and misses every square."""

        def predict(self, inputs, *, view):
            answers = []
            for picture in inputs:
                [own] = [s for s in truth.scenes if np.array_equal(s.pixels(), picture)]
                discs = [t for t in own.things if t.label == "disc"]
                answers.append(
                    {
                        "objects": [
                            {"label": t.label, "score": 0.9, "box": list(t.box), "mask": t.mask}
                            for t in discs
                        ]
                    }
                )
            return answers

    monkeypatch.setattr(catalog.Entry, "load", lambda self, device: Knowing())
    entry = catalog.from_folder(path, "detection/everyday")
    result = evaluate.evaluate(entry, folder)
    assert result["n"] == 6 and result["split"] == "shapes/validation"
    assert set(result["metrics"]) == {"box_ap50", "mask_ap50"}
    for figure in result["metrics"].values():
        assert figure["low"] <= figure["value"] <= figure["high"] and figure["n"] == 12
    assert result["per_class"]["disc"]["box_ap50"] == pytest.approx(1)
    assert result["per_class"]["square"]["mask_ap50"] == 0
    assert result["per_source"]["drawn"]["pictures"] == 6
    command_line.keep_result(path, result, "as typed")
    card = (path / "README.md").read_text()
    assert "- disc: box_ap50 1.000, mask_ap50 1.000, n " in card and "- drawn: pictures 6" in card
    monkeypatch.setattr(select_classes, "LEAST", 2)
    select_classes.select_classes(path, folder)
    config = checkpoint.read_json(path, "config.json")
    assert (
        config["labels"] == config["offered"] == ["disc"]
        and config["not_offered"]["square"]["box_ap50"] == 0
    )
    assert "it finds: disc.\n" in (path / "README.md").read_text(), "nor is more promised"


def test_people_and_pets_are_scored_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate, "DRAWS", 5)
    rows = [
        (
            Image.new("RGB", (60, 40), (n, 0, 0)),
            [
                {
                    "category": label,
                    "bbox": [0.0, 0.0, 20.0, 20.0],
                    "segmentation": None,
                    "iscrowd": False,
                }
            ],
            "drawn",
        )
        for n, label in enumerate(["person", "cat", "dog"] * 2)
    ]
    file = tiny_detection.table(rows, tmp_path / "some" / "validation-0.parquet")

    drawn = None

    class Blind:
        def predict(self, inputs, *, view):
            one = {"label": "cat", "score": 0.9, "box": [0.0, 0.0, 20.0, 20.0], "mask": drawn}
            return [{"objects": [one]} for _ in inputs]

    monkeypatch.setattr(catalog.Entry, "load", lambda self, device: Blind())
    path = tiny_detection.detector(tmp_path / "everyday", offered=["cat"])
    config = json.loads((path / "config.json").read_text())

    def figures(taught):
        (path / "config.json").write_text(json.dumps(config | {"taught": taught}))
        entry = catalog.from_folder(path, "detection/everyday")
        return evaluate.evaluate(entry, file.parent)

    assert list(figures(["cat"])["metrics"]) == ["catdog_box_ap50", "box_ap50"]
    result = figures(["cat", "dog", "person"])
    assert list(result["metrics"]) == ["person_box_ap50", "catdog_box_ap50", "box_ap50"]
    assert result["metrics"]["person_box_ap50"]["value"] == 0
    assert result["per_source"]["drawn"]["person_box_ap50"] == 0
    assert result["metrics"]["catdog_box_ap50"]["n"] == 4
    assert result["metrics"]["catdog_box_ap50"]["value"] > 0.5
    drawn = whole(0, 0, 20, 20)  # by the model, where the labels have boxes only
    assert figures(["cat", "dog", "person"]) == result
    assert json.loads(json.dumps(result, allow_nan=False)) == result
