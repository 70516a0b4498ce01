"""Data to begin with: the same for the same seed, and read by the recipes that they are for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pretrained import __main__ as command_line
from pretrained import catalog, starters
from pretrained.detection import rle
from pretrained.starters import words


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a recipe is given of each kind, made once."""
    top = tmp_path_factory.mktemp("starters")
    return {name: starters.make(name, top / name) for name in starters.STARTERS}


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", sorted(starters.STARTERS))
def test_a_seed_gives_the_same_data_and_another_seed_others(name, made, tmp_path):
    first = made[name].parent if made[name].is_file() else made[name]
    starters.make(name, tmp_path / "again")
    starters.make(name, tmp_path / "other", seed=1)
    assert contents(tmp_path / "again") == contents(first)
    assert contents(tmp_path / "other") != contents(first)


def test_every_key_is_one_of_the_catalogue():
    for starter in starters.STARTERS.values():
        assert set(starter.keys) <= catalog.entries().keys()


def test_shapes_and_digits_are_classes_of_pictures(made):
    from pretrained.classification import data

    shapes = data.read(made["shapes"], "train", 32)
    assert set(shapes.names) == {"circle", "square", "star", "triangle"}
    assert shapes.labels.bincount().tolist() == [40] * 4 and not shapes.told
    digits = data.read(made["digits"], "train", 32)
    assert digits.names == tuple("0123456789") and len(digits) == 400


def test_a_scene_has_boxes_and_outlines_where_its_shapes_are(made):
    from pretrained.detection import data

    scenes = data.read(made["shapes-boxes"])
    assert len(scenes) == 24 and not scenes.left_out
    assert set(scenes.names()) == {"circle", "square", "star", "triangle"}
    assert min(scenes.counts().values()) >= 8
    for scene in scenes.scenes:
        ground = np.median(scene.pixels().reshape(-1, 3), axis=0)
        for thing in scene.things:
            inside = scene.pixels()[rle.decode(thing.mask).astype(bool)]
            assert np.linalg.norm(np.median(inside, axis=0) - ground) > 100


def test_images_are_pictures_of_one_shape_each(made):
    from pretrained.images import data

    found = data.read(made["shapes-images"], least=data.LEAST)
    assert len(found) == 200 and not found.told
    with Image.open(made["shapes-images"] / "000.png") as picture:
        assert picture.size == (64, 64)


@pytest.mark.parametrize(("name", "key"), [("text", "shakespeare"), ("text-zh", "tang")])
def test_a_text_is_long_enough_and_written_in_what_the_bundled_network_knows(name, key, made):
    from pretrained.text import alphabet, data

    text = data.own(made[name])
    assert len(text.train) > 5_000 and not text.told
    known = alphabet.of(catalog.find(f"text/{key}"))
    missing = Counter(c for c in text.train if known.unknown(c))
    assert sum(missing.values()) < 0.005 * len(text.train), missing


@pytest.mark.parametrize(("name", "other"), [("pairs", "fr"), ("pairs-zh", "zh")])
def test_pairs_are_read_without_a_word_left_out(name, other, made):
    from pretrained.translation import data

    pairs = data.read(made[name], ("en", other))
    assert len(pairs.train) + len(pairs.held_out) == 420 and not pairs.told
    assert not {a for a, _ in pairs.train} & {a for a, _ in pairs.held_out}


@pytest.mark.parametrize(
    ("n", "english", "french", "feminine", "chinese"),
    [
        (1, "one", "un", "une", "一"),
        (11, "eleven", "onze", "onze", "十一"),
        (21, "twenty-one", "vingt et un", "vingt et une", "二十一"),
        (70, "seventy", "soixante-dix", "soixante-dix", "七十"),
        (71, "seventy-one", "soixante et onze", "soixante et onze", "七十一"),
        (80, "eighty", "quatre-vingts", "quatre-vingts", "八十"),
        (81, "eighty-one", "quatre-vingt-un", "quatre-vingt-une", "八十一"),
        (91, "ninety-one", "quatre-vingt-onze", "quatre-vingt-onze", "九十一"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf", "quatre-vingt-dix-neuf", "九十九"),
    ],
)
def test_numbers_are_spelled_right(n, english, french, feminine, chinese):
    assert words.number(n) == english
    assert words.number_fr(n) == french and words.number_fr(n, True) == feminine
    assert words.number_zh(n) == chinese


def test_things_agree_with_their_number_and_colour():
    assert words.counted(2, "car", "white") == (
        "two white cars",
        "deux voitures blanches",
        "两辆白色的汽车",
    )
    assert words.counted(1, "bird", "grey")[1] == "un oiseau gris"
    assert words.counted(21, "flower", "brown")[1] == "vingt et une fleurs marron"
    assert words.dated(1, 4, 0)[1:] == ("Nous sommes le lundi 1er mai.", "今天是五月一日，星期一。")


def test_the_command_line_makes_them_and_names_them_all(tmp_path, capsys):
    command_line.starter("pairs", tmp_path)
    assert (tmp_path / "pairs.tsv").is_file()
    assert "train translation/en-fr --data" in capsys.readouterr().out
    with pytest.raises(starters.UnknownStarter, match="choose one of shapes, digits"):
        command_line.starter("cats", tmp_path)
