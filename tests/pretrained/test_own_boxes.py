"""A visitor's own boxes with the oddities of the tools that write them: read as they were meant, or
refused, and never left out without a word."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import tiny_detection
from PIL import Image

from demos.language import reasons
from pretrained.detection import boxes, data
from pretrained.errors import BadData


def changed(folder, change):
    """The labels of four pictures with two objects each, changed."""
    tiny_detection.coco_folder(folder, 4)
    told = json.loads((folder / "annotations.json").read_text())
    change(told)
    (folder / "annotations.json").write_text(json.dumps(told))
    return folder


def each(part, name, value):
    """Give every row of a part another value."""

    def change(told):
        for row in told[part]:
            row[name] = value(row)

    return change


def names_for_ids(told):
    names = {one["id"]: one["file_name"] for one in told["images"]}
    for row in told["annotations"]:
        row["image_id"] = names[row["image_id"]]


@pytest.mark.parametrize(
    "change",
    [
        each("annotations", "iscrowd", lambda row: "0"),
        each("images", "width", lambda row: str(row["width"])),
        names_for_ids,
    ],
)
def test_what_tools_write_otherwise_is_read_as_it_is_meant(tmp_path, change):
    scenes = data.read(changed(tmp_path / "own", change))
    assert len(scenes) == 4 and scenes.left_out == ()
    assert sum(scenes.counts().values()) == 8


def listed_again(told):
    told["images"].append({**told["images"][0], "id": 77})
    added = {"image_id": 77, "bbox": [1, 1, 9, 9], "segmentation": None}
    told["annotations"].append({**told["annotations"][0], **added})


def called(one, other):
    """Of the first two objects one is of a class, one of another."""

    def change(told):
        for number, name in enumerate((one, other)):
            told["categories"].append({"id": 98 + number, "name": name})
            told["annotations"][number]["category_id"] = 98 + number

    return change


@pytest.mark.parametrize(
    ("change", "told", "objects"),
    [
        (listed_again, "pictures that are listed twice, taken once: 1 (0.png)", 9),
        (
            lambda told: told["annotations"].extend(told["annotations"][:3]),
            "objects that are listed twice, left out once: 3",
            8,
        ),
        (
            lambda told: told["annotations"].__delitem__(slice(2)),
            "pictures without a labelled object, taken as empty: 1 (0.png)",
            6,
        ),
        (
            lambda told: told["annotations"][0].update(
                segmentation={"size": [96, 64], "counts": [0, 96 * 64]}
            ),
            "outlines left out, their run lengths are not of the picture's size: 1 (0.png)",
            8,
        ),
        (called("Fox", "fox"), "own: Fox and fox are learnt as 2 classes", 8),
        (called("red fox", "red_fox"), "own: red fox and red_fox are learnt as 2 classes", 8),
        (called("fox", "ｆｏｘ"), "own: fox and ｆｏｘ are learnt as 2 classes", 8),
        (
            lambda told: told["annotations"][0].update(iscrowd=1),
            "crowds, which are not learnt as objects: 1",
            7,
        ),
        (
            lambda told: (told["images"].pop(), told["annotations"].__delitem__(slice(6, 8))),
            "pictures that the labels do not list, left out: 1 (3.png)",
            6,
        ),
        (
            lambda told: told["annotations"][0].update(ignore=1),
            "objects that are marked to be ignored, which are not learnt as objects: 1",
            7,
        ),
        (
            lambda told: told["annotations"][0].update(score=0.31),
            "objects with a score, as a detector writes them, taken as sure: 1",
            8,
        ),
        (
            lambda told: told["annotations"][0].update(category_id=77),
            "objects of a category that categories lacks: 1 (id 77)",
            7,
        ),
        (
            called("caf\u00e9", "cafe\u0301"),
            "names of classes in another Unicode form, taken as one: 1 (cafe\u0301)",
            8,
        ),
        (
            lambda told: told["images"][0].update(file_name="0.jpeg"),
            "pictures found under another ending: 1 (0.jpeg as 0.png)",
            8,
        ),
        (
            lambda told: told["images"][0].update(width=64, height=96),
            "pictures of another size than their labels say: 1 (0.png)",
            6,
        ),
    ],
)
def test_what_is_odd_is_counted_and_named(tmp_path, change, told, objects):
    scenes = data.read(changed(tmp_path / "own", change))
    [sentence] = scenes.left_out
    assert sentence.startswith(told)
    assert sum(scenes.counts().values()) == objects
    assert reasons.said(sentence, "zh") != sentence
    for scene in scenes.scenes:
        scene.pixels()  # none is refused later


def test_labels_of_other_categories_alone_are_refused(tmp_path):
    with pytest.raises(BadData, match="of category 77, which categories lacks"):
        data.read(changed(tmp_path / "own", each("annotations", "category_id", lambda _: 77)))


@pytest.mark.parametrize(
    ("angle", "box"),
    [(90, [12, 8, 4, 8]), (180, [10, 10, 8, 4]), (45, [9.757, 7.757, 8.485, 8.485])],
)
def test_a_turned_box_is_the_upright_one_around_it(angle, box):
    told = {"bbox": [10, 10, 8, 4], "attributes": {"rotation": angle}}
    assert (boxes.turned(told) or told["bbox"]) == pytest.approx(box, abs=1e-3)
    assert boxes.turned({**told, "segmentation": [[1, 1, 9, 1, 9, 9]]}) is None  # that tells more


def test_turned_boxes_are_told(tmp_path):
    def turned(told):
        one = told["annotations"][0]
        one.update(bbox=[20, 20, 20, 10], attributes={"rotation": 90.0})
        one.pop("segmentation", None)

    scenes = data.read(changed(tmp_path / "own", turned))
    what = "turned boxes, in whose place the upright box around each is taken"
    assert [one for one in scenes.left_out if one.startswith(f"{what}: 1")]
    assert scenes.scenes[0].things[0].box == (25, 15, 35, 35)


@pytest.mark.parametrize("turn, way", [(6, "stored"), (3, "shown")])
def test_how_the_boxes_of_a_turned_photograph_are_taken_is_told_where_no_size_tells(
    tmp_path, turn, way
):
    def change(told):
        told["images"][0].update(width=None, height=None)

    file = changed(tmp_path / "own", change) / "0.png"
    note = Image.Exif()
    note[0x0112] = turn
    with Image.open(file) as picture:
        picture.copy().save(file, exif=note)
    scenes = data.read(tmp_path / "own")
    what = f"pictures that the camera turned, their boxes taken as drawn on them as {way}"
    assert scenes.left_out == (f"{what}: 1 (0.png)",)
    assert reasons.said(scenes.left_out[0], "zh") != scenes.left_out[0]
    with Image.open(file) as picture:
        stored = np.asarray(picture.convert("RGB"))
    first = scenes.scenes[0].pixels()
    assert np.array_equal(first, stored if way == "stored" else stored[::-1, ::-1])


def test_frames_and_dark_pictures_are_told_as_where_classes_are_learnt(tmp_path):
    folder = tiny_detection.coco_folder(tmp_path / "own", 4)
    with Image.open(folder / "0.png") as first, Image.open(folder / "1.png") as second:
        size = first.size
        first.save(folder / "0.png", save_all=True, append_images=[second.copy()])
    dark = np.linspace(0, 900, size[0] * size[1]).reshape(size[::-1]).astype(np.uint16)
    Image.fromarray(dark).save(folder / "1.png")
    told = data.read(folder).left_out
    assert told == (
        "pictures that have several frames or pages, of which the first is taken: 1 (0.png)",
        "pictures that are nearly black: if they should not be, save them with 8 bits: 1 (1.png)",
    )
    assert all(reasons.said(one, "zh") != one for one in told)


@pytest.mark.parametrize(
    ("file", "line", "whose"),
    [
        ("0.txt", "0 .5 .5 .2 .2\n", "labels are YOLO's"),  # beside its picture
        ("anywhere/0.txt", "0 0.5 0.5 0.2 0.2 0.1 0.9\r\n", "labels are YOLO's"),  # an outline
        ("label_2/0.txt", "Car 0.00 0 -1.5 1 2 3 4 1 1 1 1 1 1 0.1\n", "labels are KITTI's"),
        ("labels/0.txt", "Car 0.00 0 -1.5 1 2 3 4 1 1 1 1 1 1 0.1\n", "labels are KITTI's"),
        ("labelTxt/0.txt", "gsd:0.1\n1 1 2 1 2 2 1 2 plane 0\n", "labels are DOTA's"),
        ("README.txt", "My pictures of 2024, from 3 to 5\n", "pictures and no labels"),
        ("0.txt", "A cat on 2 mats\n", "pictures and no labels"),
    ],
)
def test_labels_in_text_files_are_told_by_their_lines(tmp_path, file, line, whose):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(line.encode())
    (tmp_path / "0.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(BadData, match=whose) as caught:
        data.read(tmp_path)
    reason = caught.value.fields["reason"]
    assert reasons.said(reason, "zh") != reason


def test_rows_of_other_splits_in_a_table_are_left_out_and_told(tmp_path):
    rows = [(*tiny_detection.shapes(n), "drawn") for n in range(4)]
    file = tiny_detection.table(rows, tmp_path / "a.parquet")
    column = pa.array(["train", "test", "train", "train"])
    parquet.write_table(parquet.read_table(file).append_column("split", column), file)
    found = data.read(file)
    assert len(found) == 3
    assert found.left_out == (
        "1 rows of a.parquet are not of train by the column split and were left out",
    )


@pytest.mark.parametrize(
    ("whose", "other", "told"),
    [
        ("train", "val.json", []),
        ("validation", "val.json", []),
        (
            "train",
            "captions.json",
            ["pictures that the labels do not list, left out: 2 (2.png, 3.png)"],
        ),
    ],
)
def test_a_picture_that_another_split_lists_is_not_told(tmp_path, whose, other, told):
    """Both splits share a folder of pictures; a file of another kind lists none."""
    folder = tmp_path / "own"
    tiny_detection.coco_folder(folder, 4)
    labels = json.loads((folder / "annotations.json").read_text())
    (folder / "annotations.json").unlink()
    for name in ("annotations", "images"):
        (folder / name).mkdir()
    for picture in folder.glob("*.png"):
        picture.rename(folder / "images" / picture.name)
    for name, part in (("train.json", slice(2)), (other, slice(2, 4))):
        images = labels["images"][part]
        ids = {one["id"] for one in images}
        annotations = [one for one in labels["annotations"] if one["image_id"] in ids]
        its = {**labels, "images": images, "annotations": annotations}
        if name == "captions.json":
            its = [one["file_name"] for one in images]
        (folder / "annotations" / name).write_text(json.dumps(its))
    (folder / "val").symlink_to(tmp_path)  # leads out of the folder: nothing is looked for there
    scenes = data.read(folder, whose)
    assert len(scenes) == 2 and list(scenes.left_out) == told


def test_a_picture_may_be_labelled_as_it_is_shown(tmp_path):
    def change(told):
        told["images"][0].update(width=64, height=96)
        for row in told["annotations"][:2]:
            row.update(bbox=[1, 70, 20, 20 + row["id"] % 2], segmentation=None)

    changed(tmp_path / "own", change)
    turned, written = Image.Exif(), io.BytesIO()
    turned[0x0112] = 6
    Image.open(tmp_path / "own" / "0.png").save(written, "PNG", exif=turned)
    (tmp_path / "own" / "0.png").write_bytes(written.getvalue())
    scenes = data.read(tmp_path / "own")
    assert len(scenes) == 4 and scenes.left_out == ()
    assert scenes.scenes[0].pixels().shape == (96, 64, 3)


def random_boxes(seed, corners, share):
    """3,000 boxes within 640 x 480 whose areas are a share of their own, two numbers between which
    it lies."""
    rng = np.random.default_rng(seed)
    sides = rng.uniform(8, (320, 240), (3_000, 2))
    places = rng.uniform(0, (640, 480) - sides)
    areas = sides.prod(1) * rng.uniform(*share, 3_000)
    boxes = np.hstack([places, places + sides if corners else sides])
    return [
        {"bbox": box, "area": area}
        for box, area in zip(boxes.tolist(), areas.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("corners", "share", "refused"),
    [
        (False, (1, 1), False),
        (False, (0.3, 0.9), False),  # of the mask
        (False, (0.25, 0.25), False),  # of before the pictures were made twice as wide and high
        (True, (0.3, 0.9), False),  # tells nothing
        (True, (1, 1), True),
        (True, (0.99, 1.01), True),
    ],
)
def test_corners_are_told_by_the_areas_of_nearly_all_boxes(tmp_path, corners, share, refused):
    for seed in range(10):
        drawn = random_boxes(seed, corners, share)
        assert boxes.are_corners(drawn) is refused
        assert boxes.are_corners(drawn[: boxes.AREAS - 1]) is False

    def change(told):
        for row, one in zip(told["annotations"], drawn, strict=False):
            row.update(one, segmentation=[])

    labelled = changed(tmp_path / "own", change)
    with pytest.raises(BadData, match="left, top, right, bottom") if refused else nullcontext():
        data.read(labelled)


@pytest.mark.parametrize("area", [10**400, float("nan"), float("inf"), -1, "600"])
def test_areas_that_tell_nothing_change_nothing(tmp_path, area):
    def change(told):
        for row in told["annotations"]:
            row.update(area=area, segmentation=None)

    scenes = data.read(changed(tmp_path / "own", change))
    assert sum(scenes.counts().values()) == 8 and scenes.left_out == ()
    drawn = random_boxes(0, True, (1, 1))[: boxes.AREAS]
    assert boxes.are_corners([*drawn, *({**one, "area": area} for one in drawn)])


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("data.yml", "labels are YOLO's"),
        ("classes.txt", "labels are YOLO's"),
        ("train/labels/1.txt", "labels are YOLO's"),
        ("VOCdevkit/VOC2012/Annotations/1.xml", "labels are VOC's"),
        ("annotations.xml", "labels are CVAT's"),
        ("_annotations.csv", "labels are a table"),
        ("_annotations.tsv", "labels are a table"),
        ("metadata.jsonl", "labels are JSON lines"),
        ("pets/1.png", "pictures and no labels"),
        ("~$open.csv", "neither a Parquet file nor a folder"),
        ("__MACOSX/data.yaml", "neither a Parquet file nor a folder"),
    ],
)
def test_labels_of_other_kinds_are_called_what_they_are(tmp_path, file, reason):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadData, match=reason):
        data.read(tmp_path)
    if reason.startswith("labels"):
        with pytest.raises(BadData, match=reason):
            data.read(tmp_path / file)
