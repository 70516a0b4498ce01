"""A visitor's labels, as the tools that export them lay them out and spell them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
import tiny_detection
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pretrained.detection import data, rle
from pretrained.errors import BadData


def moved(folder, layout, file):
    """A folder of 4 pictures, its labels moved to ``file`` and its pictures to ``layout``."""
    tiny_detection.coco_folder(folder, 4)
    pictures, labels = folder / layout, folder / file
    pictures.mkdir(parents=True, exist_ok=True)
    labels.parent.mkdir(parents=True, exist_ok=True)
    for picture in folder.glob("*.png"):
        picture.rename(pictures / picture.name)
    (folder / "annotations.json").rename(labels)
    return folder


def changed(folder, change, file="annotations.json"):
    """The labels of a folder, changed and written again."""
    told = json.loads((folder / file).read_text())
    change(told)
    (folder / file).write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize(
    ("layout", "file", "split"),
    [
        ("train", "train/_annotations.coco.json", "train"),  # Roboflow
        ("valid", "valid/_annotations.coco.json", "validation"),
        ("images/default", "annotations/instances_default.json", "train"),  # CVAT
        ("images", "annotations/instances_default.json", "train"),
        ("train2017", "annotations/instances_train2017.json", "train"),  # COCO
        ("val2017", "annotations/instances_val2017.json", "validation"),
        ("images", "result.json", "train"),  # Label Studio
        (".", "via_export_coco.json", "train"),  # VIA
        (".", "_annotations.coco.json", "train"),
        ("images/train", "train.json", "train"),
    ],
)
def test_layouts_of_labelling_tools_are_read(tmp_path, layout, file, split):
    scenes = data.read(moved(tmp_path / "own", layout, file), split)
    assert len(scenes) == 4 and scenes.left_out == ()
    assert [scene.pixels().shape for scene in scenes.scenes] == [(64, 96, 3)] * 4
    assert sum(scenes.counts().values()) == 8


def test_another_split_is_not_taken_for_the_one_that_was_asked_for(tmp_path):
    folder = moved(tmp_path / "own", "valid", "valid/_annotations.coco.json")
    told = r"labels are in valid/_annotations.coco.json, .* known to be of train: name one of them"
    with pytest.raises(BadData, match=told):
        data.read(folder, "train")
    assert len(data.read(folder / "valid" / "_annotations.coco.json", "train")) == 4
    (folder / "valid" / "_annotations.coco.json").rename(folder / "valid" / "train.json")
    assert len(data.read(folder, "train")) == 4


@pytest.mark.parametrize(
    ("copies", "told"),
    [
        (["a.json", "b.json"], "labels are in a.json, b.json, and none"),
        (["a.json", "b.json", "classes.txt"], "labels are in a.json, b.json, and none"),
    ],
)
def test_labels_of_coco_are_called_so_though_it_is_not_known_which_are_meant(
    tmp_path, copies, told
):
    folder = moved(tmp_path / "own", ".", "a.json")
    for copy in copies[1:]:
        (folder / copy).write_bytes((folder / "a.json").read_bytes())
    with pytest.raises(BadData, match=told):
        data.read(folder)
    assert len(data.read(folder / "b.json")) == 4


def test_json_files_of_another_kind_are_not_called_coco_s(tmp_path):
    for name in ("0.json", "1.json"):
        (tmp_path / name).write_text('{"shapes": []}')
    with pytest.raises(BadData, match="in 2 JSON files, of which none has COCO's lists"):
        data.read(tmp_path)


def test_tables_of_another_split_are_named(tmp_path):
    folder = tiny_detection.folder_of_shapes(tmp_path / "one", train=3)
    (folder / "train-00000.parquet").rename(folder / "holiday.parquet")
    with pytest.raises(BadData, match=r"no split train, but .*holiday.*: name one of these files"):
        data.read(folder)


@pytest.mark.parametrize(
    "file",
    [
        "My Project.v1i.coco/train/_annotations.coco.json",  # an archive left a folder in another
        "annotations/instances_Train.json",  # a subset of CVAT's
        "Annotations/INSTANCES_DEFAULT.JSON",
        "annotations/person_keypoints_train2017.json",
        "annotations/train.json",
        "train_annotations.json",
        "images/annotations.json",
        "标注/训练集.json",
    ],
)
def test_labels_are_found_under_other_names_too(tmp_path, file):
    assert len(data.read(moved(tmp_path / "own", "图片", file))) == 4


def test_the_file_of_the_labels_may_be_named(tmp_path):
    moved(tmp_path / "own", "images", "annotations/mine.json")
    assert len(data.read(tmp_path / "own" / "annotations" / "mine.json")) == 4


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("data.yaml", "labels are YOLO's"),
        ("Annotations/0.xml", "labels are VOC's"),
        ("pets.zip", "unpack"),
        ("pet", r"no such file"),
    ],
)
def test_what_are_no_labels_is_told_for_what_it_is(tmp_path, file, reason):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    if file != "pet":
        (tmp_path / file).write_bytes(b"PK\x03\x04")
    with pytest.raises(BadData, match=reason):
        data.read(tmp_path / file if file.startswith("pet") else tmp_path)


def as_per_cent(told):
    sizes = {one["id"]: (one["width"], one["height"]) for one in told["images"]}
    for row in told["annotations"]:
        width, height = sizes[row["image_id"]]
        x, y, w, h = row["bbox"]
        row["bbox"] = [100 * x / width, 100 * y / height, 100 * w / width, 100 * h / height]
        row["segmentation"] = None


def test_boxes_in_per_cent_are_refused(tmp_path):
    def change(told):
        as_per_cent(told)
        for one in told["images"]:
            one.update(width=960, height=640)

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 12), change)
    for file in folder.glob("*.png"):
        with Image.open(file) as picture:
            large = picture.resize((960, 640))
        large.save(file)
    with pytest.raises(BadData, match="per cent"):
        data.read(folder)


def test_much_metadata_and_a_missing_end_are_no_damage_and_a_missing_half_is(tmp_path):
    def change(told):
        told["images"][1]["file_name"] = "1.jpg"
        told["images"][2]["file_name"] = "2.jpg"

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 4), change)
    much = PngInfo()
    much.add_text("workflow", "x" * 2_000_000, zip=True)
    with Image.open(folder / "0.png") as picture:
        picture.save(folder / "0.png", pnginfo=much)
    for name, kept in (("1", 0.99), ("2", 0.5)):
        with Image.open(folder / f"{name}.png") as picture:
            picture.convert("RGB").save(folder / f"{name}.jpg", quality=95)
        content = (folder / f"{name}.jpg").read_bytes()
        (folder / f"{name}.jpg").write_bytes(content[: int(kept * len(content))])
        (folder / f"{name}.png").unlink()
    scenes = data.read(folder)
    assert [scene.pixels().shape for scene in scenes.scenes] == [(64, 96, 3)] * 3
    assert scenes.left_out == ("pictures that are damaged or no pictures: 1 (2.jpg)",)


def test_an_outline_in_shares_beside_a_box_in_pixels_is_left_out_and_told(tmp_path):
    def change(told):
        for row in told["annotations"]:
            row["segmentation"] = [[0.1, 0.1, 0.3, 0.1, 0.3, 0.4]]
        told["annotations"][0]["segmentation"] = [[1, 2, 3, 4]]

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 1), change)
    scenes = data.read(folder)
    assert all(thing.mask is None for thing in scenes.scenes[0].things)
    assert scenes.left_out[0] == "outlines of fewer than three corners, left out: 1 (0.png)"


def test_pictures_of_one_name_in_two_splits_are_told_apart(tmp_path):
    folder = moved(tmp_path / "own", "train", "train/_annotations.coco.json")
    (folder / "valid").mkdir()
    for picture in (folder / "train").glob("*.png"):
        Image.new("RGB", (96, 64)).save(folder / "valid" / picture.name)
    scenes = data.read(folder)
    assert {Path(scene.place).parent.name for scene in scenes.scenes} == {"train"}


def test_the_same_name_twice_elsewhere_is_never_guessed(tmp_path):
    folder = tiny_detection.coco_folder(tmp_path / "own", 2)
    for place in ("a", "b"):
        (folder / place).mkdir()
        Image.new("RGB", (96, 64)).save(folder / place / "0.png")
    (folder / "0.png").unlink()
    scenes = data.read(folder)
    assert len(scenes) == 1
    assert scenes.left_out == ("pictures that are not beside the labels: 1 (0.png)",)


def spelled(folder, spell):
    """The labels' names of the pictures, spelled otherwise."""

    def change(told):
        for picture in told["images"]:
            picture["file_name"] = spell(picture["file_name"])

    return changed(folder, change)


@pytest.mark.parametrize(
    "spell",
    [
        lambda name: f"images\\{name}",
        lambda name: f"./{name}",
        lambda name: f"/data/local-files/?d=images%5C{name}",
        lambda name: f"https://example.com/{name}?token=1",
        lambda name: f"..\\..\\media\\upload\\1\\{name}",
        lambda name: f"C:\\Users\\me\\pictures\\{name}",
        lambda name: f"/home/me/pictures/{name}",
        lambda name: name.upper(),
    ],
)
def test_pictures_are_found_however_another_machine_wrote_their_path(tmp_path, spell):
    folder = spelled(tiny_detection.coco_folder(tmp_path / "own", 3), spell)
    assert len(data.read(folder)) == 3


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_in_names_may_be_composed_or_not(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    folder = tiny_detection.coco_folder(tmp_path / "own", 1)
    (folder / "0.png").rename(folder / unicodedata.normalize(form, "été.png"))
    spelled(folder, lambda name: unicodedata.normalize(other, "été.png"))
    changed(folder, lambda told: told["categories"][0].update(name="e\u0301clair"))
    changed(folder, lambda told: told["categories"][1].update(name="\u00e9clair"))
    scenes = data.read(folder)
    assert len(scenes) == 1 and scenes.names() == ["\u00e9clair"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_labels_with_a_byte_order_mark_are_read(tmp_path, encoding):
    folder = tiny_detection.coco_folder(tmp_path / "own", 2)
    text = (folder / "annotations.json").read_text()
    (folder / "annotations.json").write_text(text, encoding)
    assert len(data.read(folder)) == 2


@pytest.mark.parametrize("write", [str, float, lambda number: f" {number} "])
def test_ids_may_be_numbers_or_text(tmp_path, write):
    def change(told):
        for row in told["annotations"]:
            row["image_id"] = write(row["image_id"])
            row["category_id"] = write(row["category_id"])

    scenes = data.read(changed(tiny_detection.coco_folder(tmp_path / "own", 2), change))
    assert sum(scenes.counts().values()) == 4 and scenes.left_out == ()


@pytest.mark.parametrize(
    "shape",
    [
        [[10, 10, 30, 10, 30, 20, 10, 20]],
        [10, 10, 30, 10, 30, 20, 10, 20],  # VIA
        [[10, 10], [30, 10], [30, 20], [10, 20]],
        [[[10, 10], [30, 10], [30, 20], [10, 20]]],
    ],
)
def test_outlines_may_be_flat_or_pairs(shape):
    mask = rle.of_coco(shape, 40, 60)
    assert rle.area(mask) == 200 and rle.box(mask) == [10, 10, 20, 10]


@pytest.mark.parametrize("box", [None, []])
def test_a_box_that_is_missing_is_that_of_its_outline(tmp_path, box):
    def change(told):
        row = told["annotations"][0]
        row.update(bbox=box, segmentation=[[10, 10, 30, 10, 30, 20, 10, 20]])

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 1), change)
    assert data.read(folder).scenes[0].things[0].box == (10, 10, 30, 20)


def test_sizes_that_are_missing_are_those_of_the_pictures(tmp_path):
    def change(told):
        for picture in told["images"]:
            picture.update(width=None, height=None)

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 1), change)
    scene = data.read(folder).scenes[0]
    assert (scene.width, scene.height) == (96, 64)


def as_shares(told):
    sizes = {one["id"]: (one["width"], one["height"]) for one in told["images"]}
    for row in told["annotations"]:
        width, height = sizes[row["image_id"]]
        x, y, w, h = row["bbox"]
        row["bbox"] = [x / width, y / height, w / width, h / height]
        row["segmentation"] = None


def as_corners(told):
    for row in told["annotations"]:
        x, y, w, h = row["bbox"]
        row["bbox"] = [x, y, x + w, y + h]


@pytest.mark.parametrize(("change", "said"), [(as_shares, "shares"), (as_corners, "right")])
def test_boxes_that_are_no_pixels_or_no_width_and_height_are_refused(tmp_path, change, said):
    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 6), change)
    with pytest.raises(BadData, match=said):
        data.read(folder)


def test_shares_in_a_table_are_refused_too(tmp_path):
    picture, rows = tiny_detection.shapes(0)
    for row in rows:
        x, y, w, h = row["bbox"]
        row.update(bbox=[x / 96, y / 64, w / 96, h / 64], segmentation=None)
    with pytest.raises(BadData, match="shares"):
        data.read(tiny_detection.table([(picture, rows, "own")], tmp_path / "a" / "train.parquet"))


def test_all_that_is_left_out_is_counted_and_named_in_one_go(tmp_path, capsys):
    def change(told):
        one, two, three = told["annotations"][:3]
        one["bbox"] = [10, 10, 0, 5]
        two["bbox"] = [0.5, 0.5, 0.5, 0.5]
        three["bbox"] = [90, 10, 30, 30]
        told["annotations"].append({**one, "image_id": 9_999, "bbox": [1, 1, 5, 5]})
        told["images"][4]["file_name"] = "nowhere.png"
        told["images"][7]["width"] = 95

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 8), change)
    (folder / "5.png").write_bytes(b"no picture")
    (folder / "6.png").unlink()
    scenes = data.read(folder)
    assert len(scenes) == 4
    assert scenes.left_out == (
        "objects of pictures that are not listed: 1 (id 9999)",
        "pictures that are not beside the labels: 2 (nowhere.png, 6.png)",
        "pictures that are damaged or no pictures: 1 (5.png)",
        "pictures of another size than their labels say: 1 (7.png)",
        "pictures that the labels do not list, left out: 1 (4.png)",
        "objects left out, their box has no width or height in the picture: 1 (0.png)",
        "objects left out, their box is smaller than a pixel: 1 (0.png)",
        "boxes cut at the edge of their picture: 1 (1.png)",
        "outlines left out, they lie outside of their box: 1 (1.png)",
    )
    scenes.say()
    assert capsys.readouterr().err.splitlines() == list(scenes.left_out)
    assert scenes.told()["left_out"].startswith("objects of pictures")


def test_where_nothing_is_left_what_was_left_out_is_the_reason(tmp_path):
    folder = tiny_detection.coco_folder(tmp_path / "own", 7)
    for picture in folder.glob("*.png"):
        picture.unlink()
    with pytest.raises(BadData, match=r"not beside the labels: 7 \(0.png, .* and 2 more\)"):
        data.read(folder)


def test_what_macos_leaves_behind_is_no_labels_and_no_picture(tmp_path):
    folder = moved(tmp_path / "own", ".", "my_labels.json")
    (folder / "._my_labels.json").write_bytes(b"\0\5\x16\7")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "0.png").write_bytes(b"nothing")
    (folder / "._0.png").write_bytes(b"nothing")
    assert len(data.read(folder)) == 4


@pytest.mark.parametrize("part", ["images", "annotations", "categories"])
def test_labels_that_lack_a_list_are_refused_by_its_name(tmp_path, part):
    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 1), lambda told: told.pop(part))
    with pytest.raises(BadData, match=f"no list called {part}"):
        data.read(folder)


@pytest.mark.parametrize("part", ["id", "file_name", "image_id", "category_id", "name"])
def test_a_field_that_is_missing_is_named(tmp_path, part):
    def change(told):
        for row in [told["images"][0], told["annotations"][0], told["categories"][0]]:
            row.pop(part, None)

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 1), change)
    with pytest.raises(BadData, match=rf"\b{part}\b"):
        data.read(folder)


def test_two_pictures_with_one_id_are_refused(tmp_path):
    def change(told):
        told["images"][1]["id"] = told["images"][0]["id"]

    folder = changed(tiny_detection.coco_folder(tmp_path / "own", 2), change)
    with pytest.raises(BadData, match="id 100"):
        data.read(folder)


def test_an_id_with_two_names_is_refused_and_the_same_name_again_is_not(tmp_path):
    folder = tmp_path / "own"
    tiny_detection.coco_folder(folder, 4)
    changed(folder, lambda told: told["categories"].append(dict(told["categories"][0])))
    assert len(data.read(folder)) == 4
    changed(folder, lambda told: told["categories"][-1].update(name="another"))
    with pytest.raises(BadData, match=r"two categories have the id .* and another: export again"):
        data.read(folder)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_class_without_a_name_is_refused(tmp_path, name):
    folder = tmp_path / "own"
    tiny_detection.coco_folder(folder, 4)
    changed(folder, lambda told: told["categories"][0].update(name=name))
    with pytest.raises(BadData, match="has an empty name: give it one"):
        data.read(folder)


@pytest.mark.parametrize("box", [[1, 2, 3], "box", [1, 2, float("nan"), 4], [1, "a", 2, 3], 7])
def test_one_bad_box_of_many_is_left_out_counted_and_named(tmp_path, box):
    folder = tmp_path / "own"
    tiny_detection.coco_folder(folder, 4)
    changed(folder, lambda told: told["annotations"][0].update(bbox=box))
    found = data.read(folder)
    assert sum(found.counts().values()) == 7
    assert len(found.left_out) == 1 and f"{data.UNREAD}: 1 (" in found.left_out[0]
    changed(folder, lambda told: [one.update(bbox=box) for one in told["annotations"]])
    with pytest.raises(BadData, match=r"none of its boxes can be used.*8"):
        data.read(folder)


def test_several_folders_are_one(tmp_path):
    one = tiny_detection.folder_of_shapes(tmp_path / "one", train=3)
    two = tiny_detection.coco_folder(tmp_path / "two", 2)
    both = data.read(f"{one}, {two}")
    assert len(both) == 5 and both.split == "one/train and two"
