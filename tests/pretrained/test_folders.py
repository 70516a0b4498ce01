"""Folders of pictures as people have them: what is passed over, left out, guessed, and told."""

import io
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos.language import reasons
from pretrained.classification import data, decoding, folders, sources
from pretrained.errors import BadData


def picture(seed, kind="PNG"):
    """Encoded noise, another for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def pets(tmp_path):
    """Two classes of six pictures each."""
    for number, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for n in range(6):
            (tmp_path / "pets" / name / f"{n}.png").write_bytes(picture(10 * number + n))
    return tmp_path / "pets"


def test_archives_of_classes_are_to_be_unpacked(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / f"{name}-samples.zip").write_bytes(b"PK")
    with pytest.raises(BadData, match="two classes or more: unpack each archive into one") as told:
        sources.listing(tmp_path, "train")
    assert "cat-samples.zip, dog-samples.zip" in str(told.value)
    assert "压缩包" in reasons.said(told.value.fields["reason"], "zh")


def test_a_tidy_folder_has_nothing_to_tell(pets):
    found = sources.listing(pets, "train")
    assert (found.names, len(found.cells), found.told) == (("cat", "dog"), 12, ())


@pytest.mark.parametrize(
    "file",
    [
        "cat/._0.png",  # macOS, beside each file on a foreign disk
        "__MACOSX/cat/._0.png",  # macOS, in an archive
        "cat/.ipynb_checkpoints/0-checkpoint.png",
        "cat/Thumbs.db",
        "cat/.DS_Store",
        ".git/index.png",
        "cat/deep/.cache/0.png",
        "cat/@eaDir/0.png",  # Synology
        "$RECYCLE.BIN/0.png",
        "System Volume Information/0.png",
        "cat/~$0.png",  # an office program, while a file is open
    ],
)
def test_what_systems_leave_there_is_passed_over(pets, file):
    (pets / file).parent.mkdir(parents=True, exist_ok=True)
    (pets / file).write_bytes(picture(0))
    found = sources.listing(pets, "train")
    assert (found.names, len(found.cells), found.told) == (("cat", "dog"), 12, ())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jfif", "JPEG"),
        ("a.JPG", "JPEG"),
        ("a.tif", "TIFF"),
        ("a.TIFF", "TIFF"),
        ("a.avif", "AVIF"),
        ("a.webp", "WEBP"),
        ("a.bmp", "BMP"),
        ("without_ending", "PNG"),
        ("download.php", "JPEG"),
    ],
)
def test_every_kind_that_the_page_opens_is_learnt_from(pets, name, kind):
    (pets / "cat" / name).write_bytes(picture(99, kind))
    found = data.read(pets, "train", 8)
    assert len(found) == 13 and found.told == ()


def heic(seed):
    """A HEIC picture, or what begins like one where none can be written."""
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    return picture(seed, "HEIF")


def test_a_heic_is_learnt_from_whatever_its_name_ends_in(pets):
    (pets / "cat" / "IMG_1.HEIC").write_bytes(heic(98))
    (pets / "cat" / "IMG_2.jpg").write_bytes(heic(99))
    assert len(data.read(pets, "train", 8)) == 14


def test_a_heic_that_cannot_be_read_is_called_one(pets, monkeypatch):
    (pets / "dog" / "IMG_1.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    openers = {name: one for name, one in Image.OPEN.items() if name != "HEIF"}
    decoding.picture_files._register()
    monkeypatch.setattr(Image, "OPEN", openers)
    (told,) = data.read(pets, "train", 8).told
    assert "1 of 13" in told and "HEIC" in told and "IMG_1.jpg" in told


def test_what_is_left_out_is_counted_and_named_all_at_once(pets):
    (pets / "cat" / "notes.txt").write_text("x")
    (pets / "dog" / "clip.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    (pets / "loose.png").write_bytes(picture(50))
    (pets / "empty").mkdir()
    (pets / "cat" / "broken.png").write_bytes(picture(51)[:60])
    (pets / "cat" / "fake.jpg").write_text("no picture")
    (pets / "cat" / "drawing.png").write_text("<svg xmlns='x'/>")
    found = data.read(pets, "train", 8)
    told = "\n".join(found.told)
    assert len(found) == 12 and found.names == ("cat", "dog")
    assert "2 (cat/notes.txt, dog/clip.mp4)" in told
    assert "beside the folders of the classes, so of no class: 1 (loose.png)" in told
    assert "so no class: 1 (empty)" in told
    assert "2 of 15" in told and "broken.png" in told and "fake.jpg" in told
    assert "1 of 15" in told and "SVG" in told


def test_a_row_of_a_table_that_is_damaged_is_left_out_and_named(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [picture(0), picture(1)[:50], picture(2)]
    pq.write_table(pa.table({"image": cells, "label": [0, 1, 1]}), tmp_path / "x.parquet")
    found = data.read(tmp_path / "x.parquet", "train", 8)
    assert found.labels.tolist() == [0, 1]
    assert "1 of 3" in found.told[0] and "row 1" in found.told[0]


def test_every_class_that_has_too_few_is_named_and_why(pets):
    for n in range(3):
        for name in ("cat", "dog"):
            (pets / name / f"{n}.png").write_text("damaged")
    found = data.read(pets, "train", 8)
    with pytest.raises(BadData) as refused:
        data.split_held_out(found, 10, 0, stratified=True)
    assert "'cat' has 3, 'dog' has 3" in str(refused.value)
    assert "6 of 12" in str(refused.value)


def test_two_ways_to_write_one_name_are_one_class(tmp_path):
    for n, name in enumerate(("café", unicodedata.normalize("NFD", "café"), "thé")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{n}.png").write_bytes(picture(n))
    found = sources.listing(tmp_path, "train")
    assert found.names == ("café", "thé") and found.labels == [0, 0, 1]
    assert "one class" in found.told[0]
    known = ["thé", unicodedata.normalize("NFD", "café")]  # as an older checkpoint has them
    assert sources.listing(tmp_path, "train", known).labels == [1, 1, 0]


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val"),
        ("Training", "valid"),
        ("train", "dev"),
        ("training_set", "validation_set"),
        ("seg_train", "seg_val"),
        ("train2017", "val2017"),
        ("Trainset", "Validset"),
        ("训练集", "验证集"),
        ("entraînement", "validation"),
    ],
)
def test_a_folder_of_splits_is_noticed(tmp_path, pets, names):
    whole = tmp_path / "whole"
    whole.mkdir()
    for name in names:
        folder = whole / name
        for animal in ("cat", "dog"):
            (folder / animal).mkdir(parents=True)
            (folder / animal / "0.png").write_bytes((pets / animal / "0.png").read_bytes())
    (whole / names[0] / "cat" / "1.png").write_bytes(picture(5))
    learn = sources.listing(whole, "train")
    assert (len(learn.cells), learn.split, learn.names) == (3, "whole/train", ("cat", "dog"))
    assert f"{names[0]} is taken, not {names[1]}" in learn.told[0]
    assert len(sources.listing(whole, "validation").cells) == 2
    with pytest.raises(BadData, match="train, validation and no test: name the folder"):
        sources.listing(whole, "test")


def laid(root, *places):
    """A picture in each of the places."""
    for n, place in enumerate(places):
        (root / place).mkdir(parents=True, exist_ok=True)
        (root / place / f"{n}.png").write_bytes(picture(n))
    return root


@pytest.mark.parametrize(
    ("places", "names", "split"),
    [
        (("pets/train/cat", "pets/train/dog", "pets/test/cat", "pets/test/dog"), 2, "x/train"),
        (("training_set/training_set/cat", "training_set/training_set/dog", "test_set/x"), 2, 0),
        (("cat/train", "cat/test", "dog/train", "dog/test"), 2, "x/train"),
        (("cat/训练集", "cat/测试集", "dog/训练集", "dog/测试集"), 2, "x/train"),
        (("a/b/cat", "a/b/dog"), 2, "x"),
    ],
)
def test_splits_are_noticed_however_deep_they_lie(tmp_path, places, names, split):
    found = sources.listing(laid(tmp_path / "x", *places), "train")
    assert found.names == ("cat", "dog") and len(found.cells) == names
    assert found.split == (split or "x/train") and found.told


@pytest.mark.parametrize("places", [("train", "test"), ("train/cat", "val/cat"), ("训练", "测试")])
def test_splits_are_never_learnt_as_classes(tmp_path, places):
    with pytest.raises(BadData, match="it has splits"):
        sources.listing(laid(tmp_path, *places), "train")


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (("fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog"), "fold1, fold2 are parts for cross"),
        (("x/Fold 1/a", "x/Fold 1/b", "x/Fold 2/a", "x/Fold 2/b"), "parts for cross"),
        (("第1折/猫", "第1折/狗", "第2折/猫", "第2折/狗"), "parts for cross"),
        (("train/images/0", "train/masks/0"), "images, masks hold pictures and their masks"),
        (("JPEGImages", "SegmentationClass"), "hold pictures and their masks"),
    ],
)
def test_folds_and_masks_are_never_learnt_as_classes(tmp_path, places, reason):
    with pytest.raises(BadData, match=reason):
        sources.listing(laid(tmp_path, *places), "train")


@pytest.mark.parametrize(
    "places",
    [
        ("fold1", "fold2", "fold3"),  # of paper, say
        ("fold1/cat", "fold2/dog"),
        ("scene1/cat", "scene1/dog", "scene2/cat", "scene2/dog"),
        ("mask", "no mask"),
        ("photos", "paintings"),
        ("labels", "bottles"),
    ],
)
def test_classes_called_nearly_so_are_learnt(tmp_path, places):
    names = sorted({place.split("/")[0] for place in places})
    assert sources.listing(laid(tmp_path, *places), "train").names == tuple(names)


def test_folders_within_a_class_are_told(tmp_path):
    found = sources.listing(laid(tmp_path, "animal/cat", "animal/dog", "fruit"), "train")
    assert found.names == ("animal", "fruit")
    assert "folders of animal are one class (cat, dog)" in found.told[0]


def test_a_link_to_what_holds_it_is_not_followed(pets):
    (pets / "cat" / "loop").symlink_to(pets, target_is_directory=True)
    assert len(sources.listing(pets, "train").cells) == 12


def test_names_that_are_no_utf8_are_read_as_chinese_and_can_be_kept(pets):
    (pets / "cat").rename(os.fsdecode(os.fsencode(pets) + b"/" + "狗狗".encode("gbk")))
    odd = os.fsdecode(os.fsencode(pets / "dog") + b"/" + "说明".encode("gbk") + b".txt")
    Path(odd).write_text("no picture")
    found = sources.listing(pets, "train")
    assert found.names == ("dog", "狗狗")
    assert "no picture that is read here: 1" in found.told[0]
    "".join(found.told).encode()  # as a card keeps it


def test_names_that_differ_in_blanks_are_one_class(tmp_path):
    found = sources.listing(laid(tmp_path, "cat", "cat ", "my  dog", "my dog"), "train")
    assert found.names == ("cat", "my dog")


def test_trains_may_be_a_class(pets):
    (pets / "cat").rename(pets / "train")
    assert sources.listing(pets, "train").names == ("dog", "train")


def test_a_folder_in_a_folder_is_looked_into(pets):
    found = sources.listing(pets.parent, "train")
    assert found.names == ("cat", "dog") and "taken from pets" in found.told[0]


def test_copies_and_contradictions_are_told(pets):
    (pets / "cat" / "copy.png").write_bytes((pets / "cat" / "0.png").read_bytes())
    (pets / "dog" / "cat.png").write_bytes((pets / "cat" / "1.png").read_bytes())
    told = "\n".join(sources.listing(pets, "train").told)
    assert "1 pictures stand in two classes" in told and "cat/1.png" in told
    assert "1 pictures are there twice" in told and "cat/0.png" in told


def test_names_that_differ_in_capitals_are_told(pets):
    (pets / "Cat").mkdir()
    (pets / "Cat" / "0.png").write_bytes(picture(77))
    assert "Cat and cat are learnt as 2 classes" in sources.listing(pets, "train").told[0]


def test_a_mistyped_path_is_told_at_once(pets, monkeypatch):
    import huggingface_hub

    asked = []

    def unreachable(self, name, timeout):
        asked.append((name, timeout))
        raise OSError

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    with pytest.raises(BadData, match="no such folder here"):
        sources.listing("my/pictures", "train")
    assert asked == [("my/pictures", sources.HUB_SECONDS)]
    with pytest.raises(BadData, match=r"perhaps .*pets is meant"):
        sources.listing(pets.parent / "pet", "train")
    assert len(asked) == 1


def test_many_names_are_cut_with_their_number():
    many = [f"{n}.txt" for n in range(folders.NAMED + 5)]
    assert folders.named_briefly(many).endswith("39.txt and 5 more")
