"""`/detect` over HTTP: plain JSON for scripts, nothing else public, no file but the caller's."""

from __future__ import annotations

import asyncio

import gradio as gr
import httpx
import pytest
from bad_pictures import REFUSED, encoded, photo
from fake_detectors import FakeDetectors, drawing
from gradio_client import Client, handle_file
from served import WORDS, client, served

from demos import detection, streaming, uploads
from demos.detection import api
from pretrained.detection import rle


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return FakeDetectors(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def page(engine):
    uploads.fetch_nothing()
    with served(lambda: detection.build(engine, WORDS)) as page:
        yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    drawn = drawing((2600, 1300), person=(260, 130, 1300, 1170), dog=(1400, 200, 2400, 900))
    path.write_bytes(encoded(drawn, "PNG"))
    return handle_file(str(path))


def test_the_answer_is_plain_json_in_pixels_of_the_picture_as_sent(english, picture):
    answer = english.predict(picture, "detection/everyday", 0.05, api_name="/detect")
    person, dog = answer["objects"]
    assert [set(one) for one in answer["objects"]] == [{"label", "score", "box", "mask"}] * 2
    assert (person["label"], person["score"], dog["label"]) == ("person", 0.97, "dog")
    assert person["box"] == pytest.approx([260, 130, 1300, 1170], abs=5)
    assert person["mask"]["size"] == [1300, 2600]
    assert rle.area(person["mask"]) == pytest.approx(1040 * 1040, rel=0.02)


def test_every_argument_but_the_first_has_a_default(english, picture, engine):
    answer = english.predict(picture, api_name="/detect")
    assert [one["label"] for one in answer["objects"]] == ["person"]
    assert engine.asked[-1][0] == "detection/everyday"
    api = english.view_api(return_format="dict")
    [_, *rest] = api["named_endpoints"]["/detect"]["parameters"]
    assert [(p["parameter_name"], p["parameter_has_default"]) for p in rest] == [
        ("model", True),
        ("threshold", True),
    ]


def test_boxes_alone_have_no_mask(english, picture):
    [person] = english.predict(picture, "rcnn", api_name="/detect")["objects"]
    assert person["mask"] is None


@pytest.mark.parametrize("asked", ["abc", "NaN", -0.1, 1.5, [5], {"a": 1}])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_threshold_is_refused_in_a_sentence(page, picture, asked, lang):
    caller = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        caller.predict(picture, "everyday", asked, api_name="/detect")
    end = WORDS.say(lang, "error.detection_threshold").partition("{sent}")[2]
    assert end in str(refusal.value)


def test_detect_is_the_only_endpoint(english):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/detect"] and not api["unnamed_endpoints"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["empty", "text", "truncated JPEG", "header bomb"])
def test_a_caller_gets_the_sentence_too(page, tmp_path, name, lang):
    content, code = REFUSED[name]
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    caller = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        caller.predict(handle_file(str(path)), api_name="/detect")
    assert WORDS.say(lang, f"error.{code}").split("{")[0] in str(refusal.value)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_picture_is_not_fetched_from_an_address(page, monkeypatch, lang):
    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", None)
    caller = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        caller.predict(handle_file("https://example.org/cat.png"), api_name="/detect")
    assert WORDS.say(lang, "error.picture_address") in str(refusal.value)


@pytest.mark.parametrize("size", [(1, 1), (300, 1)])
def test_a_line_of_pixels_has_no_objects(english, tmp_path, size):
    path = tmp_path / "line.png"
    path.write_bytes(encoded(drawing(size), "PNG"))
    assert english.predict(handle_file(str(path)), api_name="/detect") == {"objects": []}


def test_an_unknown_model_is_named_in_the_refusal(english, picture):
    with pytest.raises(Exception, match="no model called nothing"):
        english.predict(picture, "nothing", api_name="/detect")


def test_a_caller_starts_no_download(english, picture, engine):
    with pytest.raises(Exception, match="not on this machine yet"):
        english.predict(picture, "detection/now", api_name="/detect")
    assert "detection/now" not in engine.loaded


def test_a_caller_who_leaves_frees_the_engine(tmp_path, sent, monkeypatch):
    monkeypatch.setattr(streaming, "EVERY", 0.01)
    engine = FakeDetectors(tmp_path)
    with gr.Blocks() as page:
        api.build(engine, WORDS)
    [endpoint] = [fn.fn for fn in page.fns.values() if fn.api_name == "detect"]

    async def run():
        engine.loading = asyncio.Event()
        steps = endpoint(sent(encoded(photo(), "PNG")))
        while not engine.loaded:
            assert await anext(steps) is None, "a sign of life"
        assert await anext(steps) is None
        await steps.aclose()
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1 and not engine.asked


def outcome(url: str, image: object) -> str:
    """Call by hand, as somebody would who wants another's file: all that the server sends back."""
    reply = httpx.post(f"{url}gradio_api/call/detect", json={"data": [image, "everyday", 0.5]})
    if reply.status_code != 200:
        return reply.text
    event = reply.json()["event_id"]
    return httpx.get(f"{url}gradio_api/call/detect/{event}", timeout=20).text


@pytest.mark.parametrize("path", ["{own}", "/etc/hostname", "../../x.png", None, {"a": 1}])
def test_no_file_of_the_server_can_be_named(page, tmp_path, path):
    own = tmp_path / "private.png"
    own.write_bytes(encoded(photo(), "PNG"))
    path = path.format(own=own) if isinstance(path, str) else path
    said = outcome(page.local_url, {"path": path})
    assert '"objects"' not in said and "Traceback" not in said and "/work" not in said


def test_events_that_ask_the_engine_may_run_as_a_batch(page, engine):
    """One call at a time would leave nothing to batch. Who asks has a limit: see `test_events`."""
    most = max(entry.max_batch for entry in engine.entries.values())
    asking = [fn for fn in page.fns.values() if fn.concurrency_limit != "default"]
    assert len(asking) >= 9
    assert all(fn.concurrency_limit == most for fn in asking), [fn.name for fn in asking]


def test_the_page_carries_no_word_of_one_language_only(page):
    """What is sent at once is markers, which the browser puts into the visitor's language."""
    config = httpx.get(f"{page.local_url}config").text
    components = config[config.index('"components"') : config.index('"dependencies"')]
    for lang in ("en", "zh"):
        assert WORDS.say(lang, "detection.try.compare") not in components
