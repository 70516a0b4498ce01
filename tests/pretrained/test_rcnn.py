"""The R-CNN of 2014: what it proposes, what it makes of it, and how long that took."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_detection
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.detection import evaluate, rcnn, train
from pretrained.detection.coco_names import CHINESE, groups, of_imagenet, places
from pretrained.detection.errors import NotTunable
from pretrained.detection.proposals import MOST, cut, neighbours, overlaps, propose
from pretrained.detection.rcnn import RCNN, suppressed
from pretrained.errors import BadCheckpoint, ViewUnsupported
from training.run import Run


class Colours:
    """Stands in for the classifier: knows red things, blue things, and that grey is a place."""

    labels = ("tabby, tabby cat", "sports car, sport car", "alp")
    labels_zh, size, bytes = ("虎斑猫", "跑车", "高山"), 16, 4

    def __init__(self) -> None:
        self.device, self.asked = "", [0]

    def to(self, device: str) -> None:
        self.device = device

    def predict(self, images: list[Image.Image], *, view: str) -> list[np.ndarray]:
        assert view == "scores" and all(image.size == (16, 16) for image in images)
        self.asked.append(len(images))
        rows = []
        for image in images:
            red, _, blue = np.asarray(image, float).reshape(-1, 3).mean(0)
            probabilities = np.exp(np.array([red - 128, blue - 128, 20.0]) / 12)
            rows.append(probabilities / probabilities.sum())
        return rows


@pytest.fixture
def model() -> RCNN:
    return RCNN(Colours(), "detection/rcnn")


def drawn(
    height: int, width: int, *things: tuple[tuple[int, int, int, int], tuple[int, int, int]]
) -> np.ndarray:
    """Rectangles of plain colours on grey."""
    picture = np.full((height, width, 3), 110, np.uint8)
    for (left, top, right, bottom), colour in things:
        picture[top:bottom, left:right] = colour
    return picture


RED, BLUE = (250, 30, 30), (30, 30, 250)
CAT, CAR = (40, 30, 140, 110), (200, 90, 300, 190)


# ---- proposals ---------------------------------------------------------------------------------


def test_a_drawn_thing_is_among_the_rectangles() -> None:
    segments, rectangles = propose(drawn(200, 320, (CAT, RED), (CAR, BLUE)))
    assert segments.shape == (200, 320) and segments.dtype == np.uint16
    assert len(np.unique(segments)) >= 3
    for box in (CAT, CAR):
        assert overlaps(np.array(box, float), rectangles).max() > 0.9
    np.testing.assert_array_equal(rectangles[0], [0, 0, 320, 200])  # what all grew into


def test_a_thing_of_two_colours_grows_together() -> None:
    """Neither half is like the whole, but both are small and fill one rectangle."""
    halves = ((60, 40, 120, 140), RED), ((120, 40, 180, 140), (200, 60, 60))
    _, rectangles = propose(drawn(200, 320, *halves))
    assert overlaps(np.array([60, 40, 180, 140.0]), rectangles).max() > 0.9


def test_rectangles_are_bounded_inside_and_distinct() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    picture = np.asarray(Image.fromarray(noise).resize((320, 192)))
    _, rectangles = propose(picture)
    assert 10 < len(rectangles) <= MOST
    left, top, right, bottom = rectangles.T
    assert (left >= 0).all() and (top >= 0).all() and (right <= 320).all() and (bottom <= 192).all()
    assert ((right - left) >= 16).all() and ((bottom - top) >= 16).all()
    for number in range(1, len(rectangles)):
        assert overlaps(rectangles[number], rectangles[:number]).max() < 0.9


def test_neighbours_share_a_side() -> None:
    regions = np.array([[0, 0, 1], [2, 2, 1]])
    assert neighbours(regions) == [(0, 1), (0, 2), (1, 2)]
    assert neighbours(np.zeros((1, 4), int)) == []


def test_a_coarser_cut_has_fewer_regions() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (12, 20, 3), np.uint8)
    picture = np.asarray(Image.fromarray(noise).resize((200, 120)))
    assert cut(picture, 400).max() < cut(picture, 20).max()


# ---- answers -----------------------------------------------------------------------------------


def test_things_are_named_where_they_are(model: RCNN) -> None:
    (answer,) = model.predict([drawn(200, 320, (CAT, RED), (CAR, BLUE))])
    assert set(answer) == {"objects"}
    sure = [one for one in answer["objects"] if one["score"] > 0.3]
    assert {one["label"] for one in sure} == {"tabby, tabby cat", "sports car, sport car"}
    for label, box in (("tabby, tabby cat", CAT), ("sports car, sport car", CAR)):
        best = next(one for one in sure if one["label"] == label)
        assert overlaps(np.array(box, float), np.array([best["box"]]))[0] > 0.6
        assert best["mask"] is None
    json.dumps(answer)


def test_a_large_picture_is_answered_in_its_own_pixels(model: RCNN) -> None:
    large = np.asarray(Image.fromarray(drawn(200, 320, (CAT, RED))).resize((3200, 2000)))
    (answer,) = model.predict([large])
    best = answer["objects"][0]
    assert best["label"] == "tabby, tabby cat"
    assert overlaps(np.array(CAT) * 10.0, np.array([best["box"]]))[0] > 0.6


@pytest.mark.parametrize("size", [(1, 8000), (8000, 1), (600, 8000), (1, 1), (3, 2)], ids=str)
def test_every_size_of_picture_is_answered(model: RCNN, size: tuple[int, int]) -> None:
    height, width = size
    (answer,) = model.predict([drawn(height, width, ((0, 0, width, height), RED))])
    assert answer["objects"]
    for one in answer["objects"]:
        left, top, right, bottom = one["box"]
        assert 0 <= left < right <= width and 0 <= top < bottom <= height


def test_a_place_is_a_background(model: RCNN) -> None:
    (answer,) = model.predict([drawn(100, 160)], view="steps")
    assert answer["objects"] == [] and set(answer["labels"]) == {"alp"}
    assert set(catalog.labels(catalog.find(rcnn.BACKBONE))["en"]) >= places()


def test_every_step_is_told(model: RCNN) -> None:
    picture = drawn(400, 640, ((80, 60, 280, 220), RED))
    (steps,) = model.predict([picture], view="steps")
    (answer,) = model.predict([picture])
    assert steps["objects"] == answer["objects"]
    assert steps["segments"].shape == (200, 320) and steps["scale"] == 0.5
    count = len(steps["rectangles"])
    assert steps["rectangles"].shape == (count, 4) and count == len(steps["labels"])
    assert count == len(steps["scores"]) and all(0 <= score <= 1 for score in steps["scores"])
    np.testing.assert_array_equal(steps["rectangles"][0], [0, 0, 640, 400])
    assert set(steps["seconds"]) == {"propose", "classify", "suppress"}
    assert all(spent >= 0 for spent in steps["seconds"].values())
    told = {tuple(np.round(box, 2)) for box in steps["rectangles"]}
    assert {tuple(one["box"]) for one in steps["objects"]} <= told


def test_a_picture_is_looked_at_a_few_rectangles_at_a_time(model: RCNN) -> None:
    """So that the page can count them, and stop for whoever has left."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    picture = np.asarray(Image.fromarray(noise).resize((320, 192)))
    search, events = model.begin(picture), []
    while not search.done:
        events += model.step([search])
    *counted, last = events
    total = len(last["rectangles"])
    assert total > rcnn.TOGETHER, "so that there are several steps"
    some = [*range(0, total, rcnn.TOGETHER), total]
    assert counted == [{"done": done, "of": total} for done in some]
    (whole,) = model.predict([picture], view="steps")
    assert whole["objects"] == last["objects"] and whole["scores"] == last["scores"]
    both = [model.begin(drawn(60, 90, ((5, 5, 60, 50), colour))) for colour in (RED, BLUE)]
    while not all(search.done for search in both):
        ends = model.step([search for search in both if not search.done])
    assert ends[0]["objects"]


def test_an_answer_counts_by_the_sides_that_it_is_about(model: RCNN) -> None:
    boxes = np.array([[0, 0, 100, 50], [0, 0, 50, 25], [10, 0, 20, 50.0]])
    np.testing.assert_allclose(rcnn.spanned(boxes, 50, 100), [1, 0.5, 0.1**0.5])
    (steps,) = model.predict([drawn(200, 320, (CAT, RED))], view="steps")
    shares = rcnn.spanned(steps["rectangles"], 200, 320)
    assert (np.array(steps["scores"]) <= shares).all()


def test_a_tabby_is_not_a_tiger_cat_too() -> None:
    sorts = RCNN(Colours(), "detection/rcnn").sorts
    assert len(set(sorts.tolist())) == 3
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [4, 0, 14, 10], [0, 0, 10, 9.5]])
    assert suppressed(boxes, np.array([5, 5, 7, 7]), np.array([0.9, 0.8, 0.7, 0.6])) == [0, 2]


def test_of_two_that_overlap_and_say_the_same_the_surer_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [4, 0, 14, 10], [50, 0, 60, 10.0]])
    kept = suppressed(boxes, np.array([0, 0, 1, 0]), np.array([0.6, 0.9, 0.5, 0.1]))
    assert kept == [1, 2, 3]
    assert suppressed(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)) == []


def test_few_are_asked_about_together(model: RCNN) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    model.predict([np.asarray(Image.fromarray(noise).resize((320, 192)))])
    assert 1 < max(model.classifier.asked) <= rcnn.TOGETHER


def test_another_view_is_refused_and_weights_move(model: RCNN) -> None:
    with pytest.raises(ViewUnsupported):
        model.predict([drawn(20, 20)], view="attribution")
    model.to("cuda:1")
    assert model.classifier.device == "cuda:1"


# ---- in the app --------------------------------------------------------------------------------


def test_coco_knows_these_by_another_name() -> None:
    known = set(catalog.labels(catalog.find(rcnn.BACKBONE))["en"])
    assert set(of_imagenet()) <= known and set(of_imagenet().values()) <= set(CHINESE)
    assert {"cat", "dog", "bird"} <= set(of_imagenet().values()) and not places() & set(
        of_imagenet()
    )
    assert set(groups()) == known and len(places()) == 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bundled one's, to be changed."""
    return Path(shutil.copytree(catalog.folder_of("detection/rcnn"), tmp_path / "rcnn"))


def test_it_works_with_the_app_s_own_classifier(folder: Path) -> None:
    entry, photos = catalog.from_folder(folder), catalog.find(rcnn.BACKBONE)
    assert entry.key == "detection/rcnn" and entry.bundled and entry.borrows == photos.key
    assert (entry.bytes, entry.parameters) == (photos.bytes, photos.parameters)
    assert entry.changed == photos.changed and entry.languages == ("en", "zh")
    assert catalog.labels(entry) == catalog.labels(photos)
    seen: list[tuple[int, int]] = []
    model = entry.load("cpu", lambda *p: seen.append(p))
    assert seen[-1][0] == seen[-1][1] > 0 and model.labels == model.classifier.labels
    assert model.bytes > 0
    (answer,) = model.predict([drawn(64, 96, ((10, 10, 60, 50), RED))])
    assert {one["label"] for one in answer["objects"]} <= set(model.labels) - places()


def test_a_folder_can_borrow_from_the_bundled_only(folder: Path) -> None:
    config = checkpoint.read_json(folder, "config.json")
    for other in ("../elsewhere", "classification/nothing", 3):
        checkpoint.write_json(folder, "config.json", {**config, "borrows": other})
        with pytest.raises(BadCheckpoint, match="safetensors"):
            catalog.from_folder(folder)


def test_it_is_scored_by_coco_s_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Image.fromarray(drawn(200, 320, (CAT, RED)))
    left, top, right, bottom = CAT
    bbox = [float(left), float(top), float(right - left), float(bottom - top)]
    row: dict[str, Any] = {"category": "cat", "bbox": bbox, "segmentation": None, "iscrowd": False}
    file = tiny_detection.table([(picture, [row], "own")] * 3, tmp_path / "some.parquet")
    monkeypatch.setattr(rcnn, "load", lambda *_: RCNN(Colours(), "detection/rcnn"))
    result = evaluate.evaluate(catalog.from_folder(folder), file)
    assert result["metrics"]["box_ap50"]["value"] == pytest.approx(1.0)
    assert result["metrics"]["catdog_box_ap50"]["n"] == 3
    assert "mask_ap50" not in result["metrics"]


def test_nothing_of_it_is_learnt(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = catalog.from_folder(folder)
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    with pytest.raises(NotTunable, match="detection/everyday"):
        train.train(entry.key, tmp_path, tmp_path / "out", Run(smoke=True))
