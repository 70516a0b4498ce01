"""Train a network that draws: pictures are shown as they will be learnt, what is unreadable is
named."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re

import gradio as gr
import numpy as np
import pytest
from fake_faces import FakeFaces, entry
from PIL import Image

from demos import images as tab
from demos.images.train import RECIPE, pictures
from demos.images.train.preview import SHOWN
from demos.language import LANGUAGES
from demos.streaming import Latest

GAN = "images/faces-gan"


def picture(number: int, size: tuple[int, int] = (90, 70)) -> bytes:
    colours = np.random.default_rng(number).integers(0, 255, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return file.getvalue()


def some(count: int) -> list[tuple[str, bytes]]:
    return [(f"{n:03}.png", picture(n)) for n in range(count)]


def test_the_first_pictures_are_shown_and_the_rest_counted(trainer):
    seen = trainer.preview(trainer.took("shapes-images"), GAN)
    assert len(seen["pictures"]) == SHOWN < seen["least"] <= seen["count"]
    assert all(one.startswith("data:image/webp;base64,") for one in seen["pictures"])
    assert seen["told"] == []


def test_unreadable_pictures_are_named_and_no_place_on_the_server(trainer):
    upload = trainer.gave(*some(5), ("broken.png", b"no picture"), ("notes.txt", b"a note"))
    seen = trainer.preview(upload, GAN)
    assert seen["count"] == 5 < seen["least"]
    told = " ".join(seen["told"])
    assert "broken.png" in told and "notes.txt" in told
    assert upload not in told and str(trainer.jobs.limits.folder) not in told


def test_a_single_picture_is_counted_as_one(trainer):
    assert trainer.preview(trainer.gave(*some(1)), GAN)["count"] == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_picture_at_all_is_a_sentence(trainer, lang):
    upload = trainer.gave(("a.txt", b"a"), ("b.txt", b"b"))
    told = trainer.preview(upload, GAN, lang)["error"]
    assert told["code"] == "bad_data" and upload not in told["sentence"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_room_says_every_word(trainer, lang):
    page = trainer.html(RECIPE, lang, pictures)
    assert page.count('type="radio"') == 3 and "webkitdirectory" in page
    told = json.loads(html.unescape(re.search(r'data-words="([^"]+)"', page)[1]))
    assert all(told.values())


def test_every_start_is_one_of_the_recipes():
    from pretrained.images.train import RECIPES
    from pretrained.starters import STARTERS

    starts = {start.name: start.key for start in RECIPE.starts}
    assert set(starts.values()) <= RECIPES.keys()
    for starter, start in RECIPE.starters.items():
        assert starts[start] in STARTERS[starter].keys


def test_the_words_tell_the_fewest_pictures_that_the_recipe_takes(words):
    from pretrained.images.data import LEAST

    for lang in LANGUAGES:
        for key in ("give_how", "data_how"):
            assert f"{LEAST}" in words.say(lang, f"images.train.{key}")


@pytest.mark.parametrize(("own", "count"), [("images/own-gan", 16), ("images/own", 4)])
def test_try_draws_with_the_model_that_the_address_names(tmp_path, words, own, count):
    engine = FakeFaces(tmp_path)
    hidden = entry(tmp_path, own)
    engine.find = lambda key: {**engine.entries, hidden.key: hidden}.get(key)
    engine.known = lambda key: None
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(engine, words)
    opening, *_ = [fn.fn for fn in page.fns.values() if fn.name == "on_open"]

    async def drawn() -> tuple:
        asked = gr.Request(query_params={"model": own, "lang": "en"})
        event = gr.EventData(None, {"query": f"?model={own}"})
        return [step async for step in opening(Latest(), False, event, asked)][-1]

    _, _, _, _, _, bar, _, line, _, gallery, chosen = asyncio.run(drawn())
    assert not bar and own in line
    assert gallery.key == chosen["key"] == own and f"model={own}" in gallery.query
    assert {key for key, *_ in engine.asked} == {own} and len(gallery.points) == count
