"""What a classifier of a thousand kinds says when it hesitates, and the list of what it knows."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import re
from html import unescape

import pytest
from bad_pictures import encoded, photo
from fake_classifiers import FakeEngine, entry

from demos.classification import examples, kinds, several
from demos.classification.answers import DEFAULT
from demos.classification.tryout import answering, comparison
from demos.language import Words
from pretrained.classification import imagenet_names

WORDS = Words()
LABELS = list(imagenet_names.dataset_names())
SHORT = dict(zip(imagenet_names.english(), LABELS, strict=True))


@pytest.fixture
def thousand(tmp_path):
    """An engine whose default model knows ImageNet and answers what it is told to."""
    engine = FakeEngine(tmp_path)
    chinese = list(imagenet_names.chinese())
    engine.entries[DEFAULT] = entry(tmp_path, DEFAULT, labels=LABELS, labels_zh=chinese)

    def tell(shares: dict[str, float], limit: float = 0.5) -> FakeEngine:
        rows = [
            {"label": SHORT[name], "confidence": share}
            for name, share in sorted(shares.items(), key=lambda row: -row[1])
        ]
        first = rows[0]
        engine.answer = lambda picture, top_k: {
            "label": first["label"],
            "confidences": rows[:top_k],
            "sure": first["confidence"] >= limit,
        }
        return engine

    return tell


def asked(engine: FakeEngine, payload, lang: str = "en") -> str:
    async def run():
        return [step async for step in answering(engine, WORDS.speaker(lang), payload, DEFAULT)]

    return asyncio.run(run())[-1][0]


def heading(html: str) -> str:
    return unescape(re.search(r"<h2[^>]*>(.*?)</h2>", html)[1])


@pytest.fixture
def picture(sent):
    return sent(encoded(photo(), "PNG"))


TERRIERS = {"Border terrier": 0.43, "Irish terrier": 0.2, "cairn terrier": 0.15, "lynx": 0.1}


def test_who_hesitates_among_dogs_says_a_dog(thousand, picture):
    said = asked(thousand(TERRIERS), picture)
    assert heading(said) == "A dog: perhaps a Border terrier (43%)"
    assert "Dogs, all together" in said and "78.0%" in said
    assert "no single kind is likely enough" in said and "118" in said


def test_in_chinese_it_says_a_dog_too(thousand, picture):
    said = asked(thousand(TERRIERS), picture, "zh")
    assert heading(said) == "一种狗，也许是边境梗（43%）"
    assert "狗，合计" in said and "terrier" not in said


def test_a_kind_that_is_likely_enough_is_named_alone(thousand, picture):
    said = asked(thousand({"Border terrier": 0.6, "Irish terrier": 0.2}), picture)
    assert heading(said) == "Border terrier" and "all together" not in said
    assert "six times in seven" in said


def test_where_no_group_is_likely_enough_it_is_not_sure(thousand, picture):
    said = asked(thousand({"Border terrier": 0.3, "lynx": 0.2, "teapot": 0.2}), picture)
    assert heading(said) == "Not sure. Perhaps a Border terrier?"
    assert "often wrong" in said and "all together" not in said


def test_a_group_is_the_sum_over_all_its_kinds_not_over_those_that_are_shown(thousand, picture):
    dogs = [kind.english for kind in imagenet_names.kinds() if kind.group == "dogs"]
    said = asked(thousand({"teapot": 0.05} | dict.fromkeys(dogs, 0.9 / len(dogs))), picture)
    assert heading(said).startswith("A dog: perhaps a") and "90.0%" in said


def test_the_kind_that_is_named_is_of_the_group_that_is_named(thousand, picture):
    shares = {"teapot": 0.3, "Border terrier": 0.28, "Irish terrier": 0.28}
    assert heading(asked(thousand(shares), picture)) == "A dog: perhaps a Border terrier (28%)"


@pytest.mark.parametrize(
    ("name", "said"),
    [("sunglasses", "sunglasses"), ("hourglass", "an hourglass"), ("unicycle", "a unicycle")],
)
def test_a_kind_has_the_article_that_it_needs(name, said):
    assert kinds.with_article("en", SHORT[name]) == said


def test_the_limit_is_held_exactly(thousand, picture):
    just = {"Border terrier": 0.25, "Irish terrier": kinds.SURE_OF_GROUP - 0.25}
    assert heading(asked(thousand(just), picture)).startswith("A dog")
    below = just | {"Irish terrier": kinds.SURE_OF_GROUP - 0.26}
    assert heading(asked(thousand(below), picture)).startswith("Not sure")


def test_short_names_are_for_the_page_and_the_data_sets_own_for_the_rest(thousand, picture):
    engine = thousand({"sunglasses": 0.8, "lion": 0.1})
    said = asked(engine, picture)
    assert "sunglasses" in said and "dark glasses" not in said and "king of beasts" not in said

    async def run():
        steps = several.table(engine, WORDS.speaker("en"), [picture], DEFAULT)
        return [step async for step in steps][-1]

    table = asyncio.run(run())
    assert ">sunglasses<" in table
    data = base64.b64decode(re.search(r"base64,([^\"]+)", table[table.index("download=") :])[1])
    _, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert row[1] == "sunglasses, dark glasses, shades" and row[4:6] == ["yes", ""]


def test_a_table_tells_the_group_where_that_is_the_answer(thousand, picture):
    async def run():
        steps = several.table(thousand(TERRIERS), WORDS.speaker("en"), [picture], DEFAULT)
        return [step async for step in steps][-1]

    table = asyncio.run(run())
    assert "A dog: perhaps a Border terrier (43%)" in table and "of the group" in table
    data = base64.b64decode(re.search(r"base64,([^\"]+)", table[table.index("download=") :])[1])
    _, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert row[1] == "Border terrier" and row[4:6] == ["group", "Dogs"]


def test_side_by_side_the_group_stands_in_its_column(thousand, picture):
    html = asyncio.run(comparison(thousand(TERRIERS), WORDS.speaker("en"), picture, DEFAULT))
    assert html.count("Dogs, all together") == 1


def test_a_model_of_other_labels_has_no_groups(tmp_path, picture):
    said = asked(FakeEngine(tmp_path, share=0.4), picture)
    assert heading(said) == "Not sure. Perhaps lion?" and "all together" not in said


@pytest.mark.parametrize(
    ("name", "one"),
    [("snail", "an insect, spider, snail, worm"), ("roundworm", "worm"), ("slug", "snail")],
)
def test_a_snail_is_no_insect(thousand, picture, name, one):
    shares = {name: 0.4, "tick": 0.3}
    assert one in heading(asked(thousand(shares), picture)).lower()
    assert "蜗牛" in heading(asked(thousand(shares), picture, "zh"))


@pytest.mark.parametrize(
    ("shares", "told"), [({"lion": 0.9}, 1), ({"lion": 0.4, "teapot": 0.1}, 0)]
)
def test_a_table_says_once_what_to_beware_of_where_it_is_sure(thousand, picture, shares, told):
    async def run():
        steps = several.table(thousand(shares), WORDS.speaker("en"), [picture] * 3, DEFAULT)
        return [step async for step in steps][-1]

    table = asyncio.run(run())
    assert table.count("Shown anything else, it still names something") == told
    assert table.count("<td>yes</td>") == 3 * told


# What it knows


def test_the_list_of_what_it_knows_has_every_kind_once_in_its_group(thousand):
    engine = thousand(TERRIERS)
    html = kinds.known(WORDS.speaker("en"), engine.entries[DEFAULT])
    assert html.count("<li") == 1000 and "1,000 kinds" in html
    assert html.count("<section ") == len(imagenet_names.GROUPS)
    sections = dict(re.findall(r"<section [^>]*><h3>(.*?) <i>.*?</h3>(.*?)</section>", html))
    assert '<section data-group="fish 鱼">' in html, "found by the group's name in both languages"
    assert "Border terrier" in sections["Dogs"] and "边境梗" in sections["Dogs"]
    assert "<h3>Dogs <i>118</i></h3>" in html
    assert 'data-own="sunglasses, dark glasses, shades"' in html, "found by other words, too"


def test_the_list_puts_the_visitors_language_first(thousand):
    html = kinds.known(WORDS.speaker("zh"), thousand(TERRIERS).entries[DEFAULT])
    assert '<b lang="zh">边境梗</b> <span lang="en">Border terrier</span>' in html
    assert "共 1,000 种" in html and "<h3>狗" in html


def test_the_list_of_a_model_without_groups_is_its_labels(tmp_path):
    html = kinds.known(WORDS.speaker("zh"), FakeEngine(tmp_path).entries[DEFAULT])
    assert html.count("<li") == 3 and "<h3>" not in html and "狮子" in html and "lion" in html


def test_a_label_cannot_carry_markup_into_the_list(tmp_path):
    bad = entry(tmp_path, "classification/bad", labels=["<img onerror=x>"], labels_zh=None)
    html = kinds.known(WORDS.speaker("en"), bad)
    assert "<img" not in html and "&lt;img" in html


# Examples


def test_the_page_shows_nine_pictures_and_one_that_fools_it():
    fools = [example for example in examples.EXAMPLES if example.fools]
    assert len(examples.EXAMPLES) == 10 and len(fools) == 1
    assert not examples.EXAMPLES[0].fools


@pytest.fixture(scope="module")
def real():
    from pretrained import catalog
    from pretrained.classification import imagenet

    return imagenet.load(catalog.find(DEFAULT), "cpu", lambda done, total: None)


@pytest.mark.parametrize("example", examples.EXAMPLES, ids=lambda example: example.name)
def test_the_real_model_answers_the_examples_as_the_page_says(real, example):
    """Rightly, and with what is right on top; but for the one that is there to fool it."""
    from demos import pictures
    from pretrained import catalog

    [said] = real.predict([pictures.open_picture(str(example.path))], top_k=1000)
    rows = [(row["label"], row["confidence"]) for row in said["confidences"]]
    right = {SHORT[name] for name in example.right}
    found = kinds.certain(catalog.find(DEFAULT), rows)
    group = kinds._kinds()[said["label"]].group if said["sure"] else found and found.group
    assert (group == example.group) is not example.fools, (said["label"], found)
    if right and not example.fools:
        assert said["label"] in right
