"""A visitor's own pictures that are read, but perhaps not as they were meant: that is told."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from demos.language import reasons
from pretrained.classification import data
from pretrained.errors import BadData
from pretrained.images import data as faces


def picture(kind="PNG", seed=0, **given):
    noise = np.random.default_rng(seed).integers(0, 255, (20, 24, 3), np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).save(written, kind, **given)
    return written.getvalue()


def deep(most):
    noise = np.random.default_rng(0).integers(0, most, (20, 24)).astype(np.uint16)
    written = io.BytesIO()
    Image.fromarray(noise).save(written, "PNG")
    return written.getvalue()


def big_endian(most):
    """A TIFF of 16 bits, high bytes first, of whose mode Pillow finds no extrema."""
    noise = np.random.default_rng(0).integers(0, most, (20, 24)).astype(">u2")
    written = io.BytesIO()
    Image.frombytes("I;16B", (24, 20), noise.tobytes()).save(written, "TIFF")
    return written.getvalue()


MANY = picture("GIF", save_all=True, append_images=[Image.new("RGB", (24, 20), "red")])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (MANY, "1 pictures of pets have several frames or pages, of which the first is taken"),
        (deep(65_536), None),
        (deep(1), None),  # all zero: rightly black
        (deep(4_096), "1 pictures of pets are nearly black: if they should not be, save them"),
        (big_endian(65_536), None),
        (big_endian(4_096), "1 pictures of pets are nearly black: if they should not be, save"),
        (picture("GIF"), None),
    ],
)
def test_frames_and_unused_bits_are_told(tmp_path, content, told):
    for seed, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "1.png").write_bytes(picture(seed=seed + 1))
    (tmp_path / "pets" / "dog" / "1.png").write_bytes(content)
    for read in (data.read(tmp_path / "pets", "train", 16), faces.read(tmp_path / "pets")):
        sentences = [one for one in read.told if "1 pictures of pets" in one]
        assert len(sentences) == (told is not None)
        for sentence in sentences:
            assert told in sentence and "1.png" in sentence
            assert reasons.said(sentence, "zh") != sentence


def of_labels(tmp_path, labels):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": [picture()] * len(labels), "label": labels}), file)
    return data.read(file, "train", 16)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 1, 10**9], "row 2 has the label 1,000,000,000: number the classes from 0"),
        ([None, "nan", " "], "none of its rows has a label"),
    ],
)
def test_labels_that_name_no_class_are_refused(tmp_path, labels, reason):
    with pytest.raises(BadData, match=reason):
        of_labels(tmp_path, labels)


@pytest.mark.parametrize("missing", ["nan", "NaN", "<NA>", " ", None])
def test_rows_without_a_label_are_left_out_and_told(tmp_path, missing):
    found = of_labels(tmp_path, ["cat", missing, "dog", "naan", "none"])
    assert found.names == ("cat", "dog", "naan", "none") and len(found) == 4
    [told] = found.told
    assert "1 of 5 rows have no label or nan in its place, left out (row 1)" in told
    assert reasons.said(told, "zh") != told


def test_numbers_with_a_gap_are_still_the_numbers_of_classes(tmp_path):
    found = of_labels(tmp_path, [0.0, float("nan"), 1.0])
    assert found.labels.tolist() == [0, 1] and len(found.told) == 1
    with pytest.raises(BadData, match="row 2 has neither a word"):
        of_labels(tmp_path, [0.0, float("nan"), 1.5])


def of_splits(tmp_path, column, values, split="train"):
    """The labels 0, 1, ... of the rows that are taken of a table with such a column."""
    file = tmp_path / "a.parquet"
    count = len(values)
    rows = {"image": [picture()] * count, "label": list(range(count)), column: values}
    pq.write_table(pa.table(rows), file)
    found = data.read(file, split, 16)
    return found.labels.tolist(), found.told


@pytest.mark.parametrize(
    ("column", "values", "split", "labels"),
    [
        ("split", ["train", "test", "train", "val"], "train", [0, 2]),
        ("Split", ["Training", "test", "train", None], "train", [0, 2]),
        ("subset", ["train", "test", "train", "val"], "validation", [3]),
        ("划分", ["训练集", "测试集", "训练集", "验证集"], "test", [1]),
    ],
)
def test_rows_of_other_splits_are_left_out_and_told(tmp_path, column, values, split, labels):
    found, [told] = of_splits(tmp_path, column, values, split)
    assert found == labels
    left = len(values) - len(labels)
    assert (
        told == f"{left} rows of a.parquet are not of {split} by the column {column} and were "
        "left out"
    )
    assert reasons.said(told, "zh") != told


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("split", ["test", "test", "test"]),  # a file that is named is taken whole
        ("split", [0, 1, 2]),
        ("set", ["Star Wars", "City", "Duplo"]),
        ("trained", ["train", "test", "train"]),
    ],
)
def test_a_column_that_names_no_splits_leaves_nothing_out(tmp_path, column, values):
    assert of_splits(tmp_path, column, values) == ([0, 1, 2], ())


def test_a_column_without_the_split_is_refused(tmp_path):
    with pytest.raises(BadData, match="its column split knows test, val and no train: rename"):
        of_splits(tmp_path, "split", ["test", "val", "test"])


@pytest.mark.parametrize(("one", "other"), [("Cat", "cat"), ("red fox", "red_fox")])
def test_labels_of_a_table_that_are_nearly_alike_are_told(tmp_path, one, other):
    [told] = of_labels(tmp_path, [one, other, "dog"]).told
    assert f"{one} and {other} are learnt as 2 classes" in told


def test_one_class_is_none_to_tell_apart(tmp_path):
    with pytest.raises(BadData, match="of one class"):
        data.split_held_out(of_labels(tmp_path, [0] * 9), 2, 0)


def test_a_link_to_the_folder_itself_is_no_class(tmp_path):
    for seed, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(picture(seed=seed))
    (tmp_path / "all").symlink_to(tmp_path)
    found = data.read(tmp_path, "train", 16)
    assert found.names == ("cat", "dog") and found.told == ()
