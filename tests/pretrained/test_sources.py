"""Labelled pictures from files that others made: what is read, what is refused, in which words."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from pretrained.classification import data, sources
from pretrained.errors import BadData


def png(colour=(200, 30, 40)):
    buffer = io.BytesIO()
    Image.new("RGB", (12, 12), colour).save(buffer, "PNG")
    return buffer.getvalue()


def parquet(path, cells, labels):
    pq.write_table(pa.table({"image": cells, "label": labels}), path)
    return path


@pytest.fixture
def folders(tmp_path):
    """Splits train and validation of a data set called flowers, two classes each."""
    for split in ("train", "validation"):
        for name in ("daisy", "rose"):
            folder = tmp_path / "flowers" / split / name
            folder.mkdir(parents=True)
            for n in range(2):
                (folder / f"{n}.png").write_bytes(png())
    return tmp_path / "flowers"


def test_pictures_may_be_plain_bytes(tmp_path):
    found = data.read(parquet(tmp_path / "x.parquet", [png(), png()], [0, 1]), "train", 8)
    assert found.images.shape == (2, 3, 8, 8)


@pytest.mark.parametrize(
    ("cells", "labels", "reason"),
    [
        ([png(), png()], [None, None], "none of its rows has a label"),
        ([png(), png()], [[0], [1]], "row 0 has neither a word nor a whole number"),
        ([png(), png()], [0.5, 1.0], "row 0 has neither a word nor a whole number"),
        ([None, None], [0, 1], "none of its rows has a picture"),
        (["a.png", "b.png"], [0, 1], "not encoded bytes"),
        ([png(), png()], [0, -1], "number them from 0"),
    ],
)
def test_columns_of_another_kind_are_refused(tmp_path, cells, labels, reason):
    with pytest.raises(BadData, match=reason):
        sources.listing(parquet(tmp_path / "x.parquet", cells, labels), "train")


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (["dog", "cat", "dog"], ("cat", "dog"), [1, 0, 1]),
        (["狗", "猫 ", "狗"], ("狗", "猫"), [0, 1, 0]),
        (["1", "0", "10"], tuple(map(str, range(11))), [1, 0, 10]),
        ([1.0, 0.0, 1.0], ("0", "1"), [1, 0, 1]),
    ],
)
def test_labels_may_be_words_or_numbers_of_any_kind(tmp_path, labels, names, numbers):
    for column in ("label", "Labels", "标签"):
        table = pa.table({"Image": [png()] * 3, column: labels})
        pq.write_table(table, tmp_path / "x.parquet")
        found = sources.listing(tmp_path / "x.parquet", "train")
        assert (found.names, found.labels) == (names, numbers)


def test_a_row_without_a_picture_is_left_out_and_named(tmp_path):
    found = sources.listing(parquet(tmp_path / "x.parquet", [png(), None], ["a", "b"]), "train")
    assert (found.labels, found.names) == ([0], ("a", "b"))
    assert "1 of 2 rows have no picture" in found.told[0] and "row 1" in found.told[0]


@pytest.mark.parametrize("note", [b"{", b"null", b'{"info": {"features": {"label": null}}}'])
def test_a_note_that_nobody_understands_names_no_classes(tmp_path, note):
    table = pa.table({"image": [png()], "label": [0]})
    pq.write_table(table.replace_schema_metadata({b"huggingface": note}), tmp_path / "x.parquet")
    assert sources.listing(tmp_path / "x.parquet", "train").names == ("0",)


def test_a_table_of_a_split_may_be_called_in_capitals(tmp_path):
    for name, label in (("TRAIN.PARQUET", 0), ("Valid.parquet", 1)):
        parquet(tmp_path / name, [png()] * 2, [label] * 2)
    assert sources.listing(tmp_path, "train").labels == [0, 0]
    assert sources.listing(tmp_path, "validation").labels == [1, 1]


@pytest.mark.parametrize(
    ("name", "start", "reason"),
    [
        ("pets.zip", b"PK\x03\x04", "unpack it"),
        ("pets.tar.gz", b"\x1f\x8b\x08", "unpack it"),
        ("pets.rar", b"Rar!\x1a\x07", "unpack it"),
        ("pet.png", b"\x89PNG\r\n", "one picture: name the folder"),
        ("labels.csv", b"file,label\n", "no Parquet file: name one, or a folder"),
        ("x.parquet", b"PAR1soup", "not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_data_is_told_for_what_it_is(tmp_path, name, start, reason):
    (tmp_path / name).write_bytes(start)
    with pytest.raises(BadData, match=reason):
        sources.listing(tmp_path / name, "train")


def test_a_damaged_picture_is_named(tmp_path, folders):
    found = sources.listing(parquet(tmp_path / "x.parquet", [png(), png()[:40]], [0, 1]), "train")
    assert found.picture(0).size == (12, 12)
    with pytest.raises(BadData, match=r"x, row 1, cannot be used: this picture is damaged: remove"):
        found.picture(1)
    (folders / "train" / "rose" / "1.png").write_bytes(b"no picture")
    assert "rose/1.png" in data.read(folders, "train", 8).told[-1]


def test_the_splits_of_a_folder_have_names_of_their_own(folders, monkeypatch):
    names = [sources.listing(folders, split).split for split in ("train", "validation")]
    assert names == ["flowers/train", "flowers/validation"]
    assert sources.listing(folders / "train", "any").split == "train"
    monkeypatch.chdir(folders)
    assert sources.listing(".", "train").split == "flowers/train"


def pictures(*counts):
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    images = torch.arange(len(labels)).view(-1, 1, 1, 1)
    return data.Pictures(images, labels, tuple("abcdef"[: len(counts)]), "x/train")


def test_the_split_that_the_shipped_checkpoints_were_calibrated_on_stays():
    whole = pictures(50, 70)
    order = torch.randperm(120, generator=torch.Generator().manual_seed(3))
    learn, aside = data.split_held_out(whole, 20, seed=3)
    assert torch.equal(aside.images, whole.images[order[:20]])
    assert torch.equal(learn.images, whole.images[order[20:]])


def test_a_stratified_split_keeps_some_of_each_class_on_both_sides():
    learn, aside = data.split_held_out(pictures(200, 5, 40), 30, seed=0, stratified=True)
    assert aside.labels.bincount().tolist() == [24, 1, 5]
    assert learn.labels.bincount().tolist() == [176, 4, 35]
    both = torch.cat([learn.images, aside.images]).flatten()
    assert both.sort().values.tolist() == list(range(245))


@pytest.mark.parametrize("counts", [(9, 4), (2, 2), (30, 0)])
@pytest.mark.parametrize("stratified", [True, False])
def test_too_few_pictures_of_a_class_are_refused(counts, stratified):
    with pytest.raises(
        BadData, match=r"at least 5 pictures a class and '[ab]' has [420].*: add some"
    ):
        data.split_held_out(pictures(*counts), 10, seed=0, stratified=stratified)


def test_a_photo_is_learnt_upright_and_glass_on_white(tmp_path):
    """As it is served: turned by its EXIF note, transparency on white, 16 bits scaled."""
    seen = Image.new("RGB", (64, 64), "white")
    seen.paste((255, 0, 0), (0, 0, 32, 32))  # red in the upper left
    exif = Image.Exif()
    exif[274] = 6  # the camera lay on its side
    stored = seen.transpose(Image.Transpose.ROTATE_90)
    glass = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    deep = Image.fromarray(np.full((64, 64), 32768, np.uint16))
    cells = []
    for picture, kind, options in (
        (stored, "JPEG", {"exif": exif, "quality": 95}),
        (glass, "PNG", {}),
        (deep, "PNG", {}),
    ):
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        cells.append(buffer.getvalue())
    found = sources.listing(parquet(tmp_path / "x.parquet", cells, [0, 0, 0]), "train")
    red, green, _ = found.picture(0).getpixel((10, 10))
    assert red > 200 and green < 60
    assert found.picture(1).getpixel((5, 5)) == (255, 255, 255)
    assert abs(found.picture(2).getpixel((5, 5))[0] - 128) <= 1
