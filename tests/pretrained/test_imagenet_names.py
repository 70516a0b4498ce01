"""The short names of the 1,000 ImageNet kinds: complete, told apart, grouped, in order."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import pytest

from pretrained.classification import imagenet_names as names


@pytest.mark.parametrize("language", [names.english, names.chinese])
def test_every_kind_has_a_name_and_no_two_share_one(language):
    found = language()
    assert len(found) == 1000 and all(name and name == name.strip() for name in found)
    assert [name for name, n in Counter(map(str.lower, found)).items() if n > 1] == []


def test_chinese_names_are_chinese_and_english_ones_are_not():
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in names.chinese())
    assert not any(re.search(r"[\u3000-\uffef]", name) for name in names.english())


def test_the_names_are_short():
    assert max(map(len, names.english())) <= 32 and max(map(len, names.chinese())) <= 10


def test_every_kind_has_a_known_group_and_every_group_is_used():
    assert set(names.groups()) == set(names.GROUPS)
    assert 15 <= len(names.GROUPS) <= 25
    for group in names.GROUPS.values():
        assert all(group)


def test_an_article_fits_its_name():
    for kind in names.kinds():
        assert kind.article in ("", "a", "an"), kind
        if kind.article and kind.english[:1] in "aeiAEI":
            assert kind.article == "an", kind
    said = {kind.english: kind.article for kind in names.kinds()}
    assert said["hourglass"] == "an" and said["unicycle"] == "a" and said["sunglasses"] == ""


@pytest.mark.parametrize(
    ("index", "english", "chinese", "group"),
    [
        (0, "tench", "丁鱥", "fish"),
        (134, "crane (bird)", "鹤", "birds"),
        (151, "Chihuahua", "吉娃娃", "dogs"),
        (268, "Mexican hairless dog", "墨西哥无毛犬", "dogs"),
        (285, "Egyptian cat", "埃及猫", "cats"),
        (291, "lion", "狮子", "wild-cats"),
        (517, "crane (machine)", "起重机", "tools"),
        (837, "sunglasses", "太阳镜", "clothing"),
        (967, "espresso", "意式浓缩咖啡", "food"),
        (999, "toilet paper", "卫生纸", "home"),
    ],
)
def test_names_stand_where_the_network_expects_them(index, english, chinese, group):
    kind = names.kinds()[index]
    assert (kind.english, kind.chinese, kind.group) == (english, chinese, group)


def test_dogs_are_the_breeds_and_nothing_else():
    assert [i for i, group in enumerate(names.groups()) if group == "dogs"] == [*range(151, 269)]


def test_reading_the_names_loads_no_torch_and_no_timm():
    code = (
        "import sys; from pretrained.classification import imagenet_names; "
        "imagenet_names.english(); print({'torch', 'timm', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_a_kind_is_known_by_every_name_that_it_does_not_share():
    numbers = names.numbers()
    assert numbers["Egyptian cat"] == 285 and numbers["tabby"] == numbers["tabby, tabby cat"] == 281
    assert "crane" not in numbers and numbers["crane (bird)"] != numbers["crane (machine)"]
