"""Train a translator: pairs are shown as they will be learnt; refusals are sentences."""

from __future__ import annotations

import asyncio
import html
import json
import re

import gradio as gr
import pytest
from fake_translators import FakeEngine, entry

from demos import translation as tab
from demos.language import LANGUAGES, Words
from demos.translation.train import RECIPE, pairs

FRENCH, CHINESE = "translation/en-fr", "translation/en-zh"
LINES = [(f"I have {n} cats.", f"J'ai {n} chats dans la maison.") for n in range(40)]


def table(rows, sign: str = "\t", head: str = "") -> bytes:
    return "\n".join([*([head] if head else []), *(sign.join(row) for row in rows)]).encode()


@pytest.mark.parametrize(("starter", "key"), [("pairs", FRENCH), ("pairs-zh", CHINESE)])
def test_the_first_pairs_are_shown_before_anything_begins(trainer, starter, key):
    seen = trainer.preview(trainer.took(starter), key)
    assert seen["languages"] == key.removeprefix("translation/").split("-")
    assert len(seen["pairs"]) == 3 and all(len(pair) == 2 for pair in seen["pairs"])
    assert seen["learn"] > 300 and seen["aside"] >= 5
    assert trainer.ask("jobs", method="GET") == {"jobs": []}


def test_columns_the_other_way_round_are_read_by_their_heading(trainer):
    turned = table([pair[::-1] for pair in LINES], head="français\tanglais")
    seen = trainer.preview(trainer.gave(("letters.tsv", turned)), FRENCH)
    assert all(one.startswith("I have") and two.startswith("J'ai") for one, two in seen["pairs"])


def test_commas_do_as_well(trainer):
    rows = table([(one, f'"{two}"') for one, two in LINES], ",", "en,fr")
    seen = trainer.preview(trainer.gave(("letters.csv", rows)), FRENCH)
    assert seen["learn"] + seen["aside"] == len(LINES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_recipe_would_refuse_is_said_and_no_place_on_the_server(trainer, lang):
    upload = trainer.gave(("few.tsv", table(LINES[:9])))
    told = trainer.preview(upload, FRENCH, lang)["error"]
    assert told["code"] == "bad_data"
    assert "few.tsv" in told["sentence"] and upload not in told["sentence"]
    assert str(trainer.jobs.limits.folder) not in told["sentence"]


CHINESE_LINES = [(f"I have {n} cats at home.", f"我家里有{n}只猫。") for n in range(40)]


@pytest.mark.parametrize(
    ("rows", "key", "lang", "told"),
    [
        (CHINESE_LINES, FRENCH, "zh", "这些是英语和汉语的句对：请在“怎样学习”中选择英汉"),
        (CHINESE_LINES, FRENCH, "en", "choose English–Chinese under “How to learn”"),
        (LINES, CHINESE, "zh", "请在“怎样学习”中选择英法"),
        (LINES, CHINESE, "en", "choose English–French under “How to learn”"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_pairs_for_the_other_languages_name_the_start_to_choose(
    trainer, rows, key, lang, told, turned
):
    upload = trainer.gave(("pairs.tsv", table([row[::-1] if turned else row for row in rows])))
    sent = {"key": key, "pasted": True}
    answer = trainer.ask(f"uploads/{upload}/preview", lang, json=sent)["error"]
    begins = {"en": "What you pasted cannot be used: ", "zh": "粘贴的内容无法使用："}[lang]
    assert answer["sentence"].startswith(begins) and told in answer["sentence"]
    assert "pairs.tsv" in trainer.preview(upload, key, lang)["error"]["sentence"]  # as a file


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pairs_of_neither_languages_are_not_said_to_be_of_the_other(trainer, lang):
    rows = [(one, f"我家里有{n}只猫。") for n, (_, one) in enumerate(LINES)]
    sentence = trainer.preview(trainer.gave(("a.tsv", table(rows))), FRENCH, lang)["error"]
    assert not re.search("English–|英汉|英法", sentence["sentence"])


@pytest.mark.parametrize(("lang", "first"), [("en", "french"), ("zh", "chinese")])
def test_the_room_opens_with_the_languages_of_the_page(trainer, lang, first):
    page = trainer.html(RECIPE, lang, pairs)
    assert re.findall(r'value="(\w+)" checked', page) == [first]


def test_what_was_given_can_be_taken_back(trainer):
    upload = trainer.gave(("letters.tsv", table(LINES)))
    assert trainer.ask(f"uploads/{upload}", method="DELETE") == {}
    assert trainer.preview(upload, FRENCH)["error"]["code"] == "upload_unknown"


def test_a_recipe_that_is_not_there_has_no_preview(trainer):
    upload = trainer.gave(("letters.tsv", table(LINES)))
    assert trainer.preview(upload, "translation/en-xx")["error"]["code"] == "unknown_model"
    assert trainer.preview(upload, "classification/imagenet") == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_room_says_every_word(trainer, lang):
    page = trainer.html(RECIPE, lang, pairs)
    assert page.count('type="radio"') == 4 and page.count("data-starter=") == 2
    told = json.loads(html.unescape(re.search(r'data-words="([^"]+)"', page)[1]))
    assert told["languages"].keys() == told["tags"].keys() == {"en", "fr", "zh"}


def test_every_start_is_one_of_the_recipes():
    from pretrained.starters import STARTERS
    from pretrained.translation.train import RECIPES

    starts = {start.name: start.key for start in RECIPE.starts}
    assert set(starts.values()) <= RECIPES.keys()
    for starter, start in RECIPE.starters.items():
        assert starts[start] in STARTERS[starter].keys


def test_a_file_of_pairs_is_what_the_training_is_given(trainer):
    job = trainer.trained(trainer.gave(("letters.tsv", table(LINES))), FRENCH)
    assert trainer.jobs.store.get(job.id).data == "data/letters.tsv"


@pytest.mark.parametrize(("lang", "opens"), [("en", "en-zh"), ("zh", "zh-en")])
def test_try_takes_the_model_that_the_address_names(tmp_path, lang, opens):
    engine = FakeEngine(tmp_path)
    own = entry(tmp_path, "translation/own", "en-zh", "zh-en")
    engine.find = lambda key: {**engine.entries, own.key: own}.get(key)
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(engine, Words())
    opening, *_ = [fn.fn for fn in page.fns.values() if fn.name == "on_open"]
    asked = gr.Request(query_params={"lang": lang, "model": own.key})
    direction, _, model, *_ = asyncio.run(opening("", False, "", FRENCH, None, asked))
    assert direction == opens and model["value"] == own.key
    assert own.key in [key for _, key in model["choices"]]
    asked = gr.Request(query_params={"lang": lang})
    _, _, model, *_ = asyncio.run(opening("", False, "", FRENCH, None, asked))
    assert own.key not in [key for _, key in model["choices"]]
