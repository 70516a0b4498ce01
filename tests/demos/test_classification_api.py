"""The tab as a server: `/classify` for scripts, nothing else public, no file but the caller's."""

from __future__ import annotations

import asyncio

import gradio as gr
import httpx
import pytest
from bad_pictures import REFUSED, encoded, photo
from fake_classifiers import FakeEngine
from gradio_client import Client, handle_file
from served import WORDS, client, served

from demos import classification
from demos.classification import tryout


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return FakeEngine(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def page(engine):
    with served(lambda: classification.build(engine, WORDS)) as page:
        yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(photo(), "PNG"))
    return handle_file(str(path))


def test_the_answer_is_plain_json_with_the_data_sets_names(english, picture):
    answer = english.predict(picture, "classification/cifar10", 2, api_name="/classify")
    assert answer == {
        "label": "lion",
        "confidences": [
            {"label": "lion", "confidence": 0.9},
            {"label": "tabby", "confidence": pytest.approx(0.07)},
        ],
    }


def test_every_argument_but_the_first_has_a_default(english, picture, engine):
    answer = english.predict(picture, api_name="/classify")
    assert answer["label"] == "lion" and len(answer["confidences"]) == 3
    assert engine.asked[-1][0] == "classification/imagenet"
    api = english.view_api(return_format="dict")
    [_, *rest] = api["named_endpoints"]["/classify"]["parameters"]
    assert [(p["parameter_name"], p["parameter_has_default"]) for p in rest] == [
        ("model", True),
        ("top_k", True),
    ]


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2.0, 2), ("2", 2), (20, 3)])
def test_so_many_names_are_given_as_were_asked_for(english, picture, asked, given):
    assert len(english.predict(picture, "imagenet", asked)["confidences"]) == given


@pytest.mark.parametrize(
    "asked", ["abc", "Infinity", "NaN", [5], {"a": 1}, [], {}, True, 0, -4, 21, 2.5]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_number_of_names_is_refused_in_a_sentence(page, picture, asked, lang):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        client.predict(picture, "imagenet", asked, api_name="/classify")
    assert WORDS.say(lang, "error.top_k", most=20) in str(refusal.value)


def test_classify_is_the_only_door(english):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/classify"] and not api["unnamed_endpoints"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["empty", "text", "truncated JPEG", "one pixel", "header bomb"])
def test_a_caller_gets_the_sentence_too(page, tmp_path, name, lang):
    content, code = REFUSED[name]
    path = tmp_path / ("picture.txt" if name == "text" else "picture.png")
    path.write_bytes(content)
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        client.predict(handle_file(str(path)), api_name="/classify")
    sentence = WORDS.say(lang, f"error.{code}").split("{")[0]
    assert sentence in str(refusal.value)


def test_a_drawing_is_refused_as_a_drawing(english, tmp_path):
    (tmp_path / "picture.svg").write_bytes(REFUSED["SVG"][0])
    with pytest.raises(Exception, match="SVG"):
        english.predict(handle_file(str(tmp_path / "picture.svg")), api_name="/classify")


def test_an_unknown_model_is_named_in_the_refusal(english, picture):
    with pytest.raises(Exception, match="no model called classification/nothing"):
        english.predict(picture, "classification/nothing", api_name="/classify")


def outcome(url: str, image: object) -> str:
    """Call by hand, as somebody would who wants another's file: all that the server sends back."""
    body = {"data": [image, "classification/imagenet", 5]}
    reply = httpx.post(f"{url}gradio_api/call/classify", json=body)
    if reply.status_code != 200:
        return reply.text
    event = reply.json()["event_id"]
    return httpx.get(f"{url}gradio_api/call/classify/{event}", timeout=20).text


@pytest.mark.parametrize("meta", [{"_type": "gradio.FileData"}, None])
@pytest.mark.parametrize("path", ["{own}", "/etc/hostname", "/proc/self/environ", "../../x.png"])
def test_no_file_of_the_server_can_be_named(page, tmp_path, path, meta):
    own = tmp_path / "private.png"
    own.write_bytes(encoded(photo(), "PNG"))
    image = {"path": path.format(own=own)} | ({"meta": meta} if meta else {})
    told = outcome(page.local_url, image)
    assert "event: error" in told or "error" in told.lower()
    assert "confidences" not in told and "Traceback" not in told


@pytest.mark.parametrize("image", [None, 7, "x", [], {}, {"path": None}, {"path": {"a": 1}}])
def test_nonsense_is_refused_without_a_traceback(page, image):
    told = outcome(page.local_url, image)
    assert "confidences" not in told and "Traceback" not in told and "/work" not in told


def test_events_that_ask_the_engine_may_run_as_a_batch(page, engine):
    """One call at a time would leave nothing to batch. Who asks has a limit: see `test_events`."""
    most = max(entry.max_batch for entry in engine.entries.values())
    asking = [fn for fn in page.fns.values() if fn.concurrency_limit != "default"]
    assert len(asking) >= 7
    assert all(fn.concurrency_limit == most for fn in asking), [fn.name for fn in asking]


def test_a_new_picture_or_model_ends_what_is_said_of_the_one_before(page, tmp_path):
    """A late comparison, table or download would else be shown beside another picture."""
    events = {fn.name: fn.fn for fn in page.fns.values()}
    mine, picture = tryout.Visit(), {"path": str(tmp_path / "none.png")}

    async def run():
        mine.about = tryout.subject(picture, "imagenet")
        said = events["on_compare"](mine, picture, "imagenet", None)
        bar = await anext(said)
        async for _ in events["on_picture"](mine, None, "imagenet", None):
            pass
        return bar, [step async for step in said]

    bar, late = asyncio.run(run())
    assert "<progress" in bar and late and all(step == gr.skip() for step in late)


def test_what_is_asked_of_a_picture_before_is_not_begun(page):
    """It may have waited in the queue while another picture was given."""
    events = {fn.name: fn.fn for fn in page.fns.values()}
    mine, old = tryout.Visit(), {"path": "old.png"}

    async def run():
        async for _ in events["on_picture"](mine, None, "imagenet", None):
            pass
        return [step async for step in events["on_compare"](mine, old, "imagenet", None)]

    assert asyncio.run(run()) == [gr.skip()]


def test_the_page_carries_no_word_of_one_language_only(page):
    """What is sent at once is markers, which the browser puts into the visitor's language."""
    config = httpx.get(f"{page.local_url}config").text
    assert "classification.try.compare" in config
    components = config[config.index('"components"') : config.index('"dependencies"')]
    for lang, sample in (("en", "Compare then and now"), ("zh", "今昔对比")):
        assert sample in WORDS.tables[lang].values() and sample not in components
