"""The detector: masks as run lengths, pictures of any size, what is learnt from, what is served."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_detection
import torch
from pycocotools import mask as coco

from pretrained import catalog
from pretrained.detection import rle, suppression
from pretrained.detection.errors import BadBox, BadLabel
from pretrained.detection.heads import DRAWN, class_loss, drawable, fit_loss, unknown
from pretrained.detection.model import CELL, LEAST_SCORE, OBJECTS, Detections
from pretrained.detection.transform import (
    LONGEST,
    MOST_PIXELS,
    SHORT,
    ResizeTransform,
    objects,
    pasted,
    prepared,
)
from pretrained.errors import BadCheckpoint, ViewUnsupported


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_detection.detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def model(folder):
    return catalog.from_folder(folder, "detection/everyday").load("cpu")


def picture(seed=0, width=96, height=64):
    return np.asarray(tiny_detection.shapes(seed, width, height)[0])


# ---- run lengths ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_a_patch_is_encoded_as_pycocotools_encodes_the_whole_picture(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 30, 2).tolist()
    top, left = int(rng.integers(height)), int(rng.integers(width))
    patch = rng.random((rng.integers(1, height - top + 1), width - left)) < rng.random()
    whole = np.zeros((height, width), np.uint8)
    whole[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    mine = rle.encode(patch, left, top, height, width)
    theirs = coco.encode(np.asfortranarray(whole))
    assert mine == {"size": [height, width], "counts": theirs["counts"].decode()}
    assert np.array_equal(rle.decode(mine), whole) and rle.area(mine) == whole.sum()


def test_full_columns_are_one_run():
    full = rle.encode(np.ones((5, 3), bool), 1, 0, 5, 6)
    assert rle.area(full) == 15 and rle.decode(full)[:, 1:4].all()
    whole = rle.encode(np.ones((4, 4), bool), 0, 0, 4, 4)
    assert rle.decode(whole).all()


def test_polygons_counts_and_strings_are_one_mask():
    square = np.zeros((10, 12), np.uint8)
    square[2:6, 3:8] = 1
    string = rle.encode(square.astype(bool), 0, 0, 10, 12)["counts"]
    counts = [3 * 10 + 2, *([4, 6] * 4), 4, 10 * 12 - (7 * 10 + 6)]
    polygon = [[3, 2, 8, 2, 8, 6, 3, 6]]
    for told in (string, {"size": [10, 12], "counts": counts}, polygon):
        assert np.array_equal(rle.decode(rle.of_coco(told, 10, 12)), square)
    for nothing in (None, "", [], [[1, 2, 3, 4]]):
        assert rle.of_coco(nothing, 10, 12) is None
    with pytest.raises(ValueError, match="size"):
        rle.of_coco({"size": [9, 9], "counts": counts}, 10, 12)


@pytest.mark.parametrize(
    "damaged",
    [
        [[0, 0, float("nan"), 5, 5, 5]],
        [[0, 0, 1e8, 5, 9, 1e8]],
        [[0, 0, 10**400, 5, 5, 5]],
        [[0, 0, None, 5, 5, 5]],
        [[0, 0, 5, 5, 5, 0, 7]],
        ["abcdefgh"],
        [5, [1, 2]],
        7,
        {"counts": [120]},
        {"size": [float("inf"), 12], "counts": [120]},
        *(
            {"size": [10, 12], "counts": counts}
            for counts in (
                None,
                7,
                [5, 10],
                [5, 116],
                [-5, 125],
                [5, -10, 125],
                [119.5, 0.5],
                ["120"],
                [[120]],
                [10**30],
                [2**62] * 4,
            )
        ),
        "zzzzzzzzzz",
        "hello world",
        "中",
        "P",
        "P" * 20,
        "0",
    ],
)
def test_a_damaged_mask_is_refused_before_anything_reads_it(damaged):
    with pytest.raises(ValueError, match=r"^its "):
        rle.of_coco(damaged, 10, 12)


@pytest.mark.parametrize("seed", range(12))
def test_a_string_is_read_as_pycocotools_reads_it(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 300, 2).tolist()
    picture = (rng.random((height, width)) < rng.random() ** 4).astype(np.uint8)
    string = coco.encode(np.asfortranarray(picture))["counts"].decode()
    assert rle.of_coco(string, height, width) == {"size": [height, width], "counts": string}
    with pytest.raises(ValueError, match="add up"):
        rle.of_coco(string, height + 1, width)


# ---- pictures of any size ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height"), [(8000, 600), (600, 8000), (8000, 1), (1, 1), (384, 256), (4000, 3000)]
)
def test_every_size_is_seen_within_bounds_and_boxes_come_back(width, height):
    transform = ResizeTransform.of(np.zeros((height, width, 3), np.uint8))
    assert (
        1 <= min(transform.wide, transform.high) <= SHORT
        and max(transform.wide, transform.high) <= LONGEST
    )
    assert transform.wide * transform.high <= 1.1 * max(MOST_PIXELS, LONGEST)
    box = [width * 0.25, 0.0, width * 0.75, float(height)]
    assert transform.to_picture(transform.to_network([box]))[0].tolist() == pytest.approx(
        box, rel=1e-5
    )
    seen = prepared(np.zeros((height, width, 3), np.uint8), transform)
    assert seen.shape[1] % CELL == 0 and seen.shape[2] % CELL == 0


def test_a_shape_stands_in_the_network_where_it_stands_in_the_picture():
    panorama = np.zeros((100, 1000, 3), np.uint8)
    panorama[20:60, 700:800] = 255
    transform = ResizeTransform.of(panorama)
    seen = prepared(panorama, transform)[0]
    rows, columns = (seen > 0.7).nonzero(as_tuple=True)
    found = torch.tensor([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
    assert transform.to_picture(found)[0] == pytest.approx([700, 20, 800, 60], abs=3)


def test_a_mask_fills_its_box_and_no_more():
    box = np.array([10.4, 5.2, 30.7, 25.9])
    mask = rle.decode(pasted(np.full((28, 28), 255, np.uint8), box, 60, 40))
    rows, columns = mask.nonzero()
    assert mask.shape == (40, 60)
    assert [columns.min(), rows.min()] == [10, 5] and [columns.max(), rows.max()] == [30, 25]
    assert mask.sum() == 21 * 21
    corner = rle.decode(
        pasted(np.full((28, 28), 255, np.uint8), np.array([59.7, 0, 60, 0.2]), 60, 40)
    )
    assert corner[0, 59] == 1 == corner.sum()
    half = np.zeros((28, 28), np.uint8)
    half[:, :14] = 255
    left = rle.decode(pasted(half, np.array([10.0, 0.0, 50.0, 40.0]), 60, 40))
    assert left[:, 10:30].all() and not left[:, 31:].any()


def test_an_object_that_was_seen_small_comes_back_large():
    transform = ResizeTransform(width=800, height=400, wide=80, high=40)
    detections = Detections(
        maps=(),
        proposals=torch.zeros(0, 4),
        objectness=torch.zeros(0),
        anchors=0,
        boxes=torch.tensor([[10.0, 5.0, 30.0, 25.0], [0.0, 0.0, 1.0, 1.0]]),
        origins=torch.tensor([0, 0]),
        labels=torch.tensor([1, 0]),
        scores=torch.tensor([0.9, 0.4]),
        kept=torch.tensor([0]),
        parts=torch.tensor([], dtype=torch.int64),
        masks=torch.ones(1, 28, 28),
    )
    [one] = objects(detections, transform, tiny_detection.NAMES)
    assert one["label"] == "square" and one["box"] == [100, 50, 300, 250]
    mask = rle.decode(one["mask"])
    assert mask.shape == (400, 800) and mask[50:250, 100:300].all() and mask.sum() == 200 * 200


# ---- what is not known ------------------------------------------------------------------------


def target(boxes, ignore=(), partial=False, side=64, unlabelled=()):
    count = len(boxes)
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.ones(count, dtype=torch.int64),
        "masks": torch.ones(count, side, side, dtype=torch.uint8),
        "masked": torch.ones(count, dtype=torch.bool),
        "ignore": torch.tensor(ignore, dtype=torch.float32).reshape(-1, 4),
        "partial": partial,
        "unlabelled": torch.tensor([False] + [name in unlabelled for name in tiny_detection.NAMES]),
    }


def test_a_crowd_and_what_lies_outside_the_labelled_are_no_background():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 40, 40], [50, 50, 60, 60]])
    whole = target([[0, 0, 20, 20]])
    assert unknown(boxes, whole).tolist() == [False, False, False]
    crowd = target([[0, 0, 20, 20]], ignore=[[45, 45, 64, 64]])
    assert unknown(boxes, crowd).tolist() == [False, False, True]
    partial = target([[0, 0, 20, 20]], partial=True)
    assert unknown(boxes, partial).tolist() == [False, True, True]


def test_an_anchor_on_a_person_whom_nobody_labelled_teaches_nothing():
    rpn = tiny_detection.network().rpn
    anchors = torch.tensor([[0.0, 0, 20, 20], [40, 0, 60, 20], [2, 2, 8, 8]])
    known, _ = rpn.assign_targets_to_anchors([anchors], [target([[0, 0, 20, 20]])])
    hidden, _ = rpn.assign_targets_to_anchors([anchors], [target([[0, 0, 20, 20]], partial=True)])
    assert known[0].tolist() == [1, 0, 0] and hidden[0].tolist() == [1, -1, 0]


def test_where_a_kind_is_not_labelled_only_parts_of_what_is_are_no_thing():
    rpn = tiny_detection.network().rpn
    anchors = torch.tensor([[0.0, 0, 20, 20], [40, 0, 60, 20], [2, 2, 8, 8]])
    some = target([[0, 0, 20, 20]], unlabelled=["square"])
    labels, _ = rpn.assign_targets_to_anchors([anchors], [some])
    assert labels[0].tolist() == [1, -1, 0]


def test_background_that_may_be_an_unlabelled_kind_counts_as_either():
    logits = torch.tensor([[0.0, 0.0, 3.0], [0.0, 0.0, 3.0], [2.0, 1.0, 0.0]])
    labels = [torch.tensor([0]), torch.tensor([0, 1])]
    targets = [target([], unlabelled=["square"]), target([])]
    found = class_loss(logits, labels, targets)
    every = logits.softmax(1)
    wanted = -torch.stack([every[0, 0] + every[0, 2], every[1, 0], every[2, 1]]).log().mean()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_how_well_a_box_fits_is_learnt_from_what_is_near_a_labelled_thing_alone():
    fits = torch.zeros(3, requires_grad=True)
    boxes = [torch.tensor([[0.0, 0, 20, 20], [40, 40, 60, 60]]), torch.tensor([[0.0, 0, 9, 9]])]
    moved = torch.tensor([[0.0, 0, 20, 10], [40, 40, 60, 60], [0, 0, 9, 9]])
    fit_loss(fits, boxes, moved, [target([[0, 0, 20, 20]]), target([])]).backward()
    assert fits.grad.tolist() == [0.0, 0.0, 0.0]  # half of it, as 0 says
    far = fit_loss(fits, boxes, moved, [target([[70, 0, 90, 20]]), target([])])
    assert far.item() == 0


def test_only_so_many_masks_of_a_picture_are_drawn():
    labels, matched = torch.tensor([1] * 12 + [0]), torch.zeros(13, dtype=torch.int64)
    assert drawable(labels, matched, target([[0, 0, 9, 9]])).sum() == DRAWN
    bare = target([[0, 0, 9, 9]])
    bare["masked"][:] = False
    assert not drawable(labels, matched, bare).any()


def test_a_picture_of_which_nothing_is_known_has_no_loss_and_others_have_all_six():
    model = tiny_detection.network().train()
    pictures = torch.rand(1, 3, 64, 64)
    nothing = model.losses(pictures, [target([], partial=True)])
    assert all(v == 0 for v in nothing.values())
    six = model.losses(pictures, [target([[8, 8, 40, 40]])])
    assert len(six) == 6 and all(torch.isfinite(v) and v > 0 for v in six.values())


def test_an_object_without_a_mask_has_no_mask_loss():
    model = tiny_detection.network().train()
    bare = target([[8, 8, 40, 40]])
    bare["masked"][:] = False
    found = model.losses(torch.rand(1, 3, 64, 64), [bare])
    assert found["loss_mask"] == 0 and found["loss_box"] > 0


def test_the_body_keeps_its_statistics_and_its_first_layers():
    model = tiny_detection.network()
    model.freeze()
    model.train()
    before = {name: value.clone() for name, value in model.body.state_dict().items()}
    sum(model.losses(torch.rand(2, 3, 64, 64), [target([[8, 8, 40, 40]])] * 2).values()).backward()
    after = model.body.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in model.body.blocks[1].parameters())
    assert all(p.grad is not None for p in model.body.blocks[2].parameters())


# ---- served -----------------------------------------------------------------------------------


def test_an_answer_is_as_the_contract_says(model):
    [answer] = model.predict([picture()])
    found = answer["objects"]
    assert 0 < len(found) <= OBJECTS
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True) and min(scores) >= LEAST_SCORE
    for one in found:
        x0, y0, x1, y1 = one["box"]
        assert 0 <= x0 < x1 <= 96 + 1e-6 and 0 <= y0 < y1 <= 64 + 1e-6
        assert one["mask"]["size"] == [64, 96] and one["label"] in model.labels
        rows, columns = rle.decode(one["mask"]).nonzero()
        if len(rows):
            assert columns.min() >= x0 - 0.5 and columns.max() + 1 <= max(
                x1 + 0.5, columns.min() + 1
            )
            assert rows.min() >= y0 - 0.5 and rows.max() + 1 <= max(y1 + 0.5, rows.min() + 1)


@pytest.mark.parametrize(("width", "height"), [(8000, 600), (3000, 1), (1, 1), (700, 90)])
def test_boxes_and_masks_are_of_the_picture_as_sent(model, width, height):
    [answer] = model.predict([np.full((height, width, 3), 90, np.uint8)])
    for one in answer["objects"]:
        assert one["mask"]["size"] == [height, width]
        assert one["box"][2] <= width * (1 + 1e-6) and one["box"][3] <= height * (1 + 1e-6)


def brightest(pictures, sizes, offered=None, alike=None):
    """What a network that finds whatever is bright would see."""
    every = []
    for picture, (height, width) in zip(pictures, sizes, strict=True):
        rows, columns = (picture[0, :height, :width] > 0.7).nonzero(as_tuple=True)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        box = torch.tensor([edges], dtype=torch.float32)
        one, first = torch.ones(1), torch.zeros(1, dtype=torch.int64)
        masks = torch.ones(1, 28, 28)
        every.append(Detections((), box, one, 1, box, first, first, one, first, first[:0], masks))
    return every


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [
        (8000, 600, (5000, 100, 5600, 500)),
        (600, 8000, (100, 7000, 500, 7900)),
        (300, 50, (10, 5, 60, 45)),
        (2000, 1500, (0, 0, 2000, 300)),
        (30, 20, (20, 10, 30, 20)),
    ],
)
def test_a_drawn_shape_is_found_where_it_was_drawn(model, monkeypatch, width, height, box):
    monkeypatch.setattr(model.network, "detect", brightest)
    shown = np.zeros((height, width, 3), np.uint8)
    shown[box[1] : box[3], box[0] : box[2]] = 255
    small = np.zeros((64, 64, 3), np.uint8)
    small[10:20, 30:40] = 255
    _, answer = model.predict([small, shown])  # beside another of another size
    [one] = answer["objects"]
    near = 1.5 * max(1.0, width / ResizeTransform.of(shown).wide)
    assert one["box"] == pytest.approx(box, abs=near)
    mask = rle.decode(one["mask"])
    inside = mask[box[1] : box[3], box[0] : box[2]]
    assert mask.shape == (height, width) and inside.mean() > 0.9 and mask.sum() < 1.2 * inside.size


def test_an_answer_does_not_depend_on_its_company(model):
    pictures = [picture(0), picture(1, 64, 96), picture(2), picture(3, 200, 64)]
    together = model.predict(pictures, view="steps")
    for one, answer in zip(pictures, together, strict=True):
        [alone] = model.predict([one], view="steps")
        assert len(alone["objects"]) == len(answer["objects"])
        for mine, theirs in zip(alone["pyramid"], answer["pyramid"], strict=True):
            assert np.abs(mine["map"].astype(int) - theirs["map"]).max() <= 1
        for part in ("proposals", "candidates"):
            assert alone[part]["scores"] == pytest.approx(answer[part]["scores"], abs=1e-4)


def test_no_picture_changes_the_answers_after_it(folder):
    """Torchvision's pooling would take the strides for good from the first picture's shape."""
    entry = catalog.from_folder(folder, "detection/everyday")
    usual, strip = entry.load("cpu"), entry.load("cpu")
    strip.predict([picture(3, 2000, 30)])
    [mine], [theirs] = (one.predict([picture()], view="steps") for one in (strip, usual))
    assert len(mine["objects"]) == len(theirs["objects"]) > 0
    for part in ("boxes", "scores"):
        assert mine["candidates"][part] == pytest.approx(theirs["candidates"][part], abs=1e-3)


def test_suppressing_the_candidates_gives_the_objects(model):
    [answer] = model.predict([picture()], view="steps")
    road = answer["candidates"]
    assert len(road["scores"]) > len(answer["objects"])  # so that there is something to drop
    numbers = torch.tensor([model.labels.index(label) for label in road["labels"]])
    kept = suppression.distinct(
        torch.from_numpy(road["boxes"]), torch.from_numpy(road["scores"]).double(), numbers
    )[:OBJECTS]
    kept = torch.tensor([number for number in kept.tolist() if number not in road["parts"]])
    boxes = [one["box"] for one in answer["objects"]]
    assert road["boxes"][kept.numpy()].tolist() == boxes


def disc(share=1.0):
    """A mask over its box: the left ``share`` of it."""
    mask = torch.zeros(28, 28)
    mask[:, : round(28 * share)] = 1
    return mask


def test_one_thing_is_one_answer_whatever_it_is_called():
    boxes = torch.tensor([[10.0, 10, 90, 90], [12, 10, 92, 90], [40, 10, 120, 90]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    across = suppression.distinct(boxes, scores, torch.tensor([0, 1, 2]))
    assert across.tolist() == [0, 2]  # the dog that is also a cat, and another beside it
    assert suppression.distinct(boxes, scores, torch.tensor([0, 0, 0])).tolist() == [0, 2]


def test_a_part_of_a_surer_thing_of_the_like_is_no_second_one():
    boxes = torch.tensor([[0.0, 0, 96, 64], [10, 10, 40, 40], [50, 10, 80, 40], [60, 20, 76, 36]])
    masks = torch.stack(
        [disc(0.5), disc(), disc(), disc()]
    )  # the first one's pixels: its left half
    names = ["dog", "cat", "person", "tie"]
    alike = suppression.groups(names)
    assert alike[0] == alike[1] and len(set(alike.tolist())) == 3
    kept = suppression.whole(boxes, masks, alike[[0, 1, 2, 3]], (64, 96))
    assert kept.tolist() == [True, False, True, True]  # a person before a dog, and his tie
    people = suppression.whole(boxes, masks, alike[[2, 2, 2, 2]], (64, 96))
    assert people.tolist() == [True, False, True, False]


@pytest.mark.parametrize(("left", "stays"), [(64.0, True), (40.0, False)])
def test_a_person_of_whom_a_fifth_shows_beside_another_is_one_of_his_own(left, stays):
    boxes = torch.tensor([[0.0, 0, 80, 80], [left, 20, left + 20, 60]])  # 80% or all of it within
    kept = suppression.whole(boxes, torch.ones(2, 28, 28), torch.tensor([0, 0]), (80, 100))
    assert kept.tolist() == [True, stays]


def test_cutting_the_masks_of_the_road_gives_those_of_the_objects(model):
    [answer] = model.predict([picture()], view="steps")
    assert answer["masks"].dtype == np.uint8 and len(answer["masks"]) == len(answer["objects"]) > 0
    for mask, one in zip(answer["masks"], answer["objects"], strict=True):
        assert mask.shape == (28, 28) and pasted(mask, np.array(one["box"]), 96, 64) == one["mask"]


def test_the_road_is_told_in_pixels_of_the_picture(model):
    [answer] = model.predict([picture(0, 960, 640)], view="steps")
    assert answer["size"] == [384, 256] and answer["scale"] == pytest.approx(0.4)
    assert [level["stride"] for level in answer["pyramid"]] == [8, 16, 32]
    assert [level["map"].shape for level in answer["pyramid"]] == [(32, 48), (16, 24), (8, 12)]
    assert all(
        level["map"].dtype == np.uint8 and level["map"].max() == 255 for level in answer["pyramid"]
    )
    proposals = answer["proposals"]
    assert len(proposals["boxes"]) == len(proposals["scores"]) <= 1000
    assert (np.diff(proposals["scores"]) <= 0).all() and proposals["boxes"].max() > 384
    assert proposals["anchors_seen"] == 9 * (32 * 48 + 16 * 24 + 8 * 12)
    known = {tuple(box) for box in proposals["boxes"].tolist()}
    assert all(tuple(box) in known for box in answer["candidates"]["from"].tolist())


def test_classes_that_are_not_offered_are_not_answered(folder, tmp_path):
    path = tiny_detection.detector(tmp_path / "one", offered=["disc"])
    model = catalog.from_folder(path, "detection/everyday").load("cpu")
    [answer] = model.predict([picture()])
    assert model.labels == ("disc",) and {one["label"] for one in answer["objects"]} == {"disc"}


def test_where_it_looked_covers_the_whole_picture(model):
    [answer] = model.predict([picture()], view="attribution", box=[10, 10, 40, 40], label="disc")
    heat = answer["heat"]
    assert heat.shape == (32, 48) and heat.min() >= 0 and heat.max() == pytest.approx(1)
    [wide] = model.predict(
        [picture(0, 2000, 100)], view="attribution", box=[10, 10, 40, 40], label="disc"
    )
    assert max(wide["heat"].shape) <= 64


@pytest.mark.parametrize(
    "box", [None, [1, 2, 3], [5, 5, 5, 9], [200, 200, 300, 300], ["a"] * 4, [float("nan")] * 4, 7]
)
def test_what_is_no_box_is_refused(model, box):
    with pytest.raises(BadBox):
        model.predict([picture()], view="attribution", box=box, label="disc")


def test_a_class_that_is_none_and_a_view_that_is_none_are_refused(model):
    with pytest.raises(BadLabel, match="disc, square"):
        model.predict([picture()], view="attribution", box=[1, 1, 9, 9], label="dragon")
    with pytest.raises(ViewUnsupported):
        model.predict([picture()], view="mood")


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tiny_detection.detector(tmp_path / "broken")
    weights = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(BadCheckpoint, match="damaged"):
        catalog.from_folder(path, "detection/everyday").load("cpu")
    (path / "model.safetensors").write_bytes(weights)
    config = (path / "config.json").read_text()
    (path / "config.json").write_text(config.replace('"channels": 8', '"channels": 9'))
    with pytest.raises(BadCheckpoint, match="do not fit"):
        catalog.from_folder(path, "detection/everyday").load("cpu")
