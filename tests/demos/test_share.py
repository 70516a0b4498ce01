"""Share: what an address asks of Translate, Classify and Detect, and what of it cannot be had."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape

import fake_classifiers
import fake_detectors
import fake_translators
import gradio as gr
import pytest
from fake_translators import EN_FR, EN_ZH, PLAIN
from served import WORDS

from demos import classification, share, translation
from demos.classification import examples
from demos.classification import sharing as classified
from demos.classification import tryout as classify
from demos.detection import answers as detection
from demos.detection.tryout import answering as looking
from demos.detection.tryout import sharing as detected
from demos.share import MOST_LINKED
from demos.translation import answers
from demos.translation.tryout import answering as translating
from demos.translation.tryout import sharing as translated

SAY = WORDS.speaker("en")
LONG = "a" * 5_000


def last(steps):
    async def run():
        return [step async for step in steps][-1]

    return asyncio.run(run())


def told(html: str, name: str = "share") -> dict | None:
    """What a button tells the page's script: of the link, or what the picture shows."""
    found = re.search(rf'data-{name}="([^"]*)"', html)
    return json.loads(unescape(found[1])) if found else None


def codes(shared) -> list[str]:
    return [error.code for error in shared.wrong]


# Translate


@pytest.fixture
def translators(tmp_path):
    return fake_translators.FakeEngine(tmp_path)


def said(engine, text, direction="en-fr", key=EN_FR, lang="en") -> str:
    say = WORDS.speaker(lang)
    return last(translating.answering(engine, say, text, direction, key)).html


@pytest.mark.parametrize("text", ["Hello there.", 'A "<b>\n& more.'])
def test_a_link_asks_for_the_same_translation(translators, text):
    link = told(said(translators, text, "fr-en", EN_FR))
    assert link is not None and (link["tab"], link["model"]) == ("translation", EN_FR)
    assert translated.linked(translators, link) == translated.Shared(text, "fr-en")


def test_a_text_that_no_address_holds_is_said_and_has_a_picture(translators):
    html = said(translators, "word " * (MOST_LINKED // 5 + 1))
    assert told(html) is None and f"{MOST_LINKED} characters" in html and told(html, "drawn")


def test_of_nothing_translated_there_is_nothing_to_take(translators):
    assert "share" not in said(translators, "   ")


def test_the_picture_holds_both_texts_and_where_it_looked(translators):
    drawn = told(said(translators, "one two"), "drawn")
    assert drawn is not None and drawn["said"] == ["English → French"]
    [one] = drawn["sentences"]
    assert (one["source"], one["translation"]) == ("one two", "eno owt")
    assert (one["read"], one["written"]) == (["one", "two", "(end)"], ["eno", "owt"])
    assert one["lines"] == [[i, j, 0.33] for i in range(2) for j in range(3)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_picture_of_many_sentences_says_how_many_it_leaves_out(translators, lang):
    drawn = told(said(translators, "One. Two. Three. Four.", lang=lang), "drawn")
    assert drawn is not None and len(drawn["sentences"]) == translated.MOST_DRAWN
    assert "3" in drawn["said"][1] and "4" in drawn["said"][1]


@pytest.mark.parametrize("query", [{}, {"direction": "en-fr"}, {"text": "Hello."}])
def test_an_address_that_asks_for_no_translation_is_none(translators, query):
    assert translated.linked(translators, query) is None


@pytest.mark.parametrize(
    ("query", "direction", "wrong"),
    [
        ({}, None, []),
        ({"direction": "zh-en", "model": EN_ZH}, "zh-en", []),
        ({"direction": "en-xx"}, None, ["translation_direction"]),
        ({"direction": LONG}, None, ["translation_direction"]),
        ({"direction": "en-zh", "model": PLAIN}, "en-zh", ["translation_direction"]),
        ({"direction": "en-fr", "model": "nobody"}, "en-fr", ["unknown_model"]),
        ({"direction": "en-fr", "model": "text/tang"}, "en-fr", ["unknown_model"]),
    ],
)
def test_what_a_link_to_a_translation_cannot_have_is_said(translators, query, direction, wrong):
    shared = translated.linked(translators, {"source": "Hello."} | query)
    assert shared is not None and (shared.direction, codes(shared)) == (direction, wrong)
    html = share.refused(SAY, shared.wrong, answers.refusal)["value"]
    assert html.count('role="alert"') == len(wrong) and len(html) < 400


@pytest.mark.parametrize(
    ("query", "direction"),
    [({"direction": "zh-en"}, "zh-en"), ({"direction": "xx"}, "en-fr"), ({}, "en-fr")],
)
def test_the_form_opens_with_what_a_link_asks_for(translators, query, direction):
    with gr.Blocks(analytics_enabled=False) as page:
        translation.build(translators, WORDS)
    opening = next(fn.fn for fn in page.fns.values() if fn.name == "on_open")
    request = gr.Request(query_params={"source": "Bonne nuit.", "lang": "en"} | query)
    got = asyncio.run(opening("", False, "", EN_FR, None, request))
    assert got[:2] == (direction, "Bonne nuit.")
    assert got[-2]["visible"] is (query.get("direction") == "xx")


# Classify


@pytest.fixture
def classifiers(tmp_path):
    return fake_classifiers.FakeEngine(tmp_path)


def named(engine, path, key="classification/cifar10", lang="en", **payload) -> str:
    steps = classify.answering(engine, WORDS.speaker(lang), {"path": str(path)} | payload, key)
    return last(steps)[0]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Copies a file to where the page keeps what it shows."""
    monkeypatch.setattr("demos.uploads.get_upload_folder", lambda: str(tmp_path))

    def keep(path, name="picture"):
        copy = tmp_path / f"{name}{path.suffix}"
        copy.write_bytes(path.read_bytes())
        return copy

    return keep


def test_a_link_leads_to_the_example_that_was_named(classifiers, kept):
    lion = examples.available()[1]
    link = told(named(classifiers, kept(lion.path)))
    assert link is not None and link["classify_picture"] == lion.name == "lion"
    shared = classified.linked(classifiers, link)
    assert shared == classified.Shared(lion, classifiers.entries["classification/cifar10"])
    assert shared.opens


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "does not carry your own picture"), ("zh", "链接带不走你自己的图片")]
)
def test_a_link_never_carries_a_visitors_picture(classifiers, kept, lang, words):
    own = kept(examples.available()[0].path.with_name("rocket.jpg"))
    own.write_bytes(own.read_bytes() + b"\0")  # one byte from being an example
    html = named(classifiers, own, lang=lang)
    assert told(html) is None and words in html and "data-picture" in html


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"path": None}, {"path": ""}, {"path": "/nowhere"}, {"path": "/dev/zero"}],
)
def test_what_is_no_file_is_no_example(payload):
    assert classified.example_of(payload) is None


def test_what_came_as_data_is_not_looked_for_among_files():
    path = str(examples.available()[0].path)
    assert classified.example_of({"path": path}) == examples.available()[0]
    assert classified.example_of({"path": path, "url": "data:image/png;base64,"}) is None


@pytest.mark.parametrize(
    ("query", "wrong", "opens"),
    [
        ({"classify_picture": "espresso"}, [], False),
        ({"classify_picture": "lion"}, [], True),
        ({"classify_picture": "espresso", "model": "classification/hog-svm"}, [], True),
        ({"classify_picture": "../etc"}, ["no_such_example"], False),
        ({"classify_picture": LONG}, ["no_such_example"], False),
        ({"classify_picture": "", "model": "nobody"}, ["no_such_example", "unknown_model"], False),
    ],
)
def test_what_a_link_to_a_picture_cannot_have_is_said(classifiers, query, wrong, opens):
    shared = classified.linked(classifiers, query)
    assert shared is not None and (codes(shared), shared.opens) == (wrong, opens)
    with gr.Blocks(analytics_enabled=False) as page:
        classification.build(classifiers, WORDS)
    load = next(fn.fn for fn in page.fns.values() if fn.name == "on_load")
    _, picture, said = asyncio.run(load(gr.Request(query_params=query)))
    assert said["visible"] is bool(wrong) and said["value"].count('role="alert"') == len(wrong)
    assert len(said["value"]) < 400
    assert (picture == gr.skip()) is ("no_such_example" in wrong)


def test_an_address_that_names_no_picture_is_none(classifiers):
    assert classified.linked(classifiers, {"model": "nobody", "detect_picture": "cat"}) is None


# Detect


@pytest.fixture
def detectors(tmp_path):
    return fake_detectors.FakeDetectors(tmp_path)


def test_a_link_leads_to_the_example_that_was_looked_at(detectors):
    key = fake_detectors.EVERYDAY
    html = last(looking.answering(detectors, SAY, [{"example": "cat"}], key)).sheets
    link = told(html)
    assert link is not None and (link["model"], link["detect_picture"]) == (key, "cat")
    shared = detected.linked(detectors, link | {"confidence": "30"}, SAY)
    assert shared == detected.Shared({"example": "cat"}, detectors.entries[key])
    assert "own picture" not in html


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, []),
        ({"confidence": "5"}, []),
        ({"confidence": "95"}, []),
        ({"confidence": "4"}, ["out_of_range"]),
        ({"confidence": "96"}, ["out_of_range"]),
        ({"confidence": "50.5"}, ["out_of_range"]),
        ({"confidence": "٥٠"}, ["out_of_range"]),
        ({"confidence": ""}, ["out_of_range"]),
        ({"confidence": LONG}, ["out_of_range"]),
        ({"model": "classification/imagenet"}, ["unknown_model"]),
        ({"detect_picture": LONG}, ["no_such_example"]),
        ({"detect_picture": "lion"}, ["no_such_example"]),
    ],
)
def test_what_a_link_to_objects_cannot_have_is_said(detectors, query, wrong):
    shared = detected.linked(detectors, {"detect_picture": "cat"} | query, SAY)
    assert shared is not None and codes(shared) == wrong
    assert (shared.payload is None) is ("no_such_example" in wrong)
    assert all(len(str(error)) < 300 for error in shared.wrong)


def test_an_address_that_names_no_picture_to_look_at_is_none(detectors):
    assert detected.linked(detectors, {"confidence": "0", "classify_picture": "cat"}, SAY) is None
    assert detection.first_example() == {"example": "astronaut"}
