"""Look inside of Detect objects: the steps, where it looked, the way of 2014."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode
from html import unescape

import gradio as gr
import numpy as np
import pytest
from fake_detectors import EVERYDAY, GREEN, RCNN, RED, FakeDetectors, drawing
from fake_detectors import inference_steps as steps_of
from PIL import Image

from demos.detection import answers, inside
from demos.detection.inside import attribution, inference_steps, rcnn
from demos.detection.inside.look import Look, Subject
from demos.language import Words
from inference.errors import Busy
from pretrained.detection import model, suppression

WORDS = Words()
PICTURE = drawing((320, 240), person=(20, 30, 120, 230), cat=(200, 100, 300, 220))


@pytest.fixture
def engine(tmp_path):
    return FakeDetectors(tmp_path)


def answered(picture=PICTURE, key=EVERYDAY):
    """What Try holds."""
    return {"key": key, "picture": picture, "objects": ()}


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def filled(engine, now=None, lang="en") -> dict:
    """What stands in each place when all is there."""
    found: dict = {}
    for pieces in collect(inside.opened(engine, WORDS.speaker(lang), now)):
        new = zip(inside.PLACES, pieces, strict=True)
        found |= {name: piece for name, piece in new if piece != gr.skip()}
    return found


def look(engine, picture=PICTURE, lang="en") -> Look:
    objects = tuple(steps_of(np.array(picture))["objects"])
    return Look(engine, WORDS.speaker(lang), Subject(picture, EVERYDAY, objects))


def data_of(html: str) -> dict:
    return json.loads(unescape(re.search(r'data-steps="([^"]*)"', html)[1]))


# The room


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_of_try_goes_all_the_way(engine, lang):
    found = filled(engine, answered(), lang)
    assert set(found) == set(inside.PLACES)
    steps = ("pyramid", "proposals", "scores", "suppression", "refined", "masks")
    titles = [WORDS.say(lang, f"detection.inside.{name}.title") for name in steps]
    assert re.findall(r"<h2>(.*?)</h2>", found["steps"]) == titles
    for name in ("head", "steps", "rcnn"):
        assert "{" not in text(found[name]), name
    assert found["steps"].count('type="range"') == 6 and "<progress" not in found["head"]
    assert found["looked"].picture is PICTURE and found["looked"].whole
    assert found["start"]["visible"] and RCNN not in engine.loaded


def test_the_network_is_asked_once_for_all_steps(engine):
    filled(engine, answered())
    assert [(key, size, o["view"]) for key, size, o in engine.asked] == [
        (EVERYDAY, (320, 240), "steps")
    ]


def test_before_try_has_answered_the_first_example_is_looked_at(engine):
    found = filled(engine)
    first = next(example for example in answers.EXAMPLES if example.path)
    assert found["looked"].picture.size == Image.open(first.path).size
    assert "first example" in text(found["head"])
    assert found["looked"].stays(None) and not found["looked"].stays(answered())


def test_an_answer_of_another_model_is_told_apart(engine):
    told = text(filled(engine, answered(key=RCNN))["head"])
    assert WORDS.model("en", RCNN, "") in told and "may differ" in told
    assert "may differ" not in text(filled(engine, answered())["head"])


def test_the_same_answer_stays_and_another_does_not():
    subject = Subject(PICTURE, EVERYDAY)
    assert subject.stays(answered())
    assert not subject.stays(answered(PICTURE.copy()))
    assert not subject.stays(answered(key=RCNN))
    assert not subject.stays(None)


def test_what_is_refused_is_said_and_tried_again(engine):
    engine.failing[EVERYDAY] = Busy(waiting=9)
    found = filled(engine, answered())
    assert 'role="alert"' in found["head"] and "<progress" not in found["head"]
    assert found["steps"] == "" and not found["looked"].whole
    assert found["start"]["visible"], "the old way can still be asked"


def test_without_the_network_the_room_says_so(engine):
    del engine.entries[EVERYDAY]
    found = filled(engine, answered())
    assert "not on this machine" in text(found["head"]) and not engine.asked


def test_leaving_ends_what_is_waited_for(engine):
    async def run():
        engine.loading = asyncio.Event()
        opening = inside.opened(engine, WORDS.speaker("en"), answered())
        await anext(opening)
        before = asyncio.all_tasks()
        waiting = asyncio.ensure_future(anext(opening))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled() and asyncio.all_tasks() == before

    asyncio.run(asyncio.wait_for(run(), 20))


def wired(engine) -> dict:
    """The room's events, by the names of what answers them."""
    with gr.Blocks() as page, gr.Tabs(), gr.Tab("inside") as room:
        inside.build(engine, WORDS, gr.State(None), room)
    return {fn.fn.__name__: fn for fn in page.fns.values() if fn.fn and "on_" in fn.fn.__name__}


def test_the_room_is_wired_without_names_and_as_wide_as_a_batch(engine):
    events = wired(engine)
    assert set(events) == {"on_open", "on_pick", "on_start", "on_left"}
    for fn in events.values():
        assert fn.api_visibility == "private" and fn.concurrency_limit == 4


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_whoever_goes_to_another_room_ends_the_old_way_and_may_ask_again(engine, lang):
    events, visit = wired(engine), inside.Visit()
    subject, request = Subject(PICTURE, EVERYDAY), gr.Request(query_params={"lang": lang})
    nothing = [gr.skip(), gr.skip()]

    async def run():
        leave = events["on_left"].fn
        assert list(await anext(leave(visit, request))) == nothing, "nothing is under way"
        engine.loading = asyncio.Event()
        work = events["on_start"].fn(visit, subject, request)
        bar, button = await anext(work)
        assert "<progress" in bar and not button["visible"]
        html, button = await anext(leave(visit, request))
        assert WORDS.say(lang, "detection.inside.rcnn.title") in html and button["visible"]
        engine.loading.set()
        assert [list(step) async for step in work] == [nothing]
        assert not engine.asked and not visit.rcnn.under_way
        done = [html async for html, _ in events["on_start"].fn(visit, subject, request)]
        assert "<progress" not in done[-1]
        assert list(await anext(leave(visit, request))) == nothing, "what is there stays"

    asyncio.run(asyncio.wait_for(run(), 60))


# The steps


def test_what_travels_is_what_the_network_said(engine):
    seen = steps_of(np.array(PICTURE))
    data = data_of(inference_steps.drawn(look(engine), seen))
    count = len(seen["candidates"]["labels"])
    assert data["size"] == [320, 240]
    assert np.allclose(np.reshape(data["proposals"], (-1, 4)), seen["proposals"]["boxes"], atol=0.1)
    assert np.allclose(
        np.reshape(data["candidates"], (-1, 4)), seen["candidates"]["boxes"], atol=0.1
    )
    labels = [data["names"][number][0] for number in data["classes"]]
    assert labels == seen["candidates"]["labels"]
    origins = seen["proposals"]["boxes"][data["from"]]
    assert len(data["from"]) == count and np.array_equal(origins, seen["candidates"]["from"])


def test_each_object_knows_its_candidate_and_its_mask(engine):
    seen = steps_of(np.array(PICTURE))
    data = data_of(inference_steps.drawn(look(engine), seen))
    assert len(data["objects"]) == len(seen["objects"]) == 2
    for thing, one in zip(seen["objects"], data["objects"], strict=True):
        assert data["candidates"][4 * one["at"] : 4 * one["at"] + 4] == thing["box"]
        assert data["names"][data["classes"][one["at"]]][0] == thing["label"]
    sent = [b64decode(one["cells"]) for one in data["objects"]]
    assert sent == [mask.tobytes() for mask in seen["masks"]]


def test_many_steps_travel_light(engine):
    """A thousand proposals, a thousand candidates, a hundred objects, on a noisy picture."""
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (960, 1280, 3), np.uint8))
    picture = picture.resize((80, 60)).resize((1280, 960))
    seen = steps_of(np.array(PICTURE))
    boxes = np.sort(rng.random((1000, 2, 2)), 1).reshape(1000, 4) * (1280, 960, 1280, 960)
    scores = np.sort(rng.random(1000))[::-1]
    seen["proposals"] |= {"boxes": boxes, "scores": scores}
    labels = ["person", "cat"] * 500
    seen["candidates"] = {
        "boxes": boxes + 1,
        "from": boxes,
        "labels": labels,
        "scores": scores,
        "parts": [],
    }
    seen["objects"], seen["masks"] = seen["objects"] * 50, np.tile(seen["masks"], (50, 1, 1))
    html = inference_steps.drawn(look(engine, picture), seen)
    assert len(html) < 300_000
    assert html.count("data-pick") == 2 * inference_steps.MOST, (
        "no more can be picked than one can survey"
    )


def test_doubtful_objects_can_be_followed_too_but_few_and_apart(engine):
    def found(*scores):
        return {"objects": [{"score": score} for score in scores]}

    def kept(*scores):
        return [thing["score"] for thing in inference_steps.followed(found(*scores))]

    assert kept(0.9, 0.5, 0.4, 0.3, 0.2, 0.1, 0.06) == [0.9, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert len(kept(*[0.9] * 20)) == len(kept(*[0.9] * 10, *[0.1] * 9)) == inference_steps.MOST
    cats = [{"label": "cat", "score": score} for score in (0.9, 0.3, 0.2)]
    html = inference_steps.picks(look(engine), cats)
    assert html.count("Below 50%") == 1 and html.index("90%") < html.index("Below") < html.index(
        "30%"
    )
    assert "Below" not in inference_steps.picks(look(engine), cats[:1])


@pytest.mark.parametrize("size", [(1280, 1), (1280, 96), (8, 900)])
def test_strips_and_panoramas_are_drawn(engine, size):
    picture = Image.new("RGB", size, (10, 10, 10))
    html = inference_steps.drawn(look(engine, picture), steps_of(np.array(picture)))
    assert f"--w:{size[0]};--h:{size[1]}" in html


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_nothing_is_found_there_is_nothing_to_follow(engine, lang):
    picture = Image.new("RGB", (200, 100), (128, 128, 128))
    html = inference_steps.drawn(look(engine, picture, lang), steps_of(np.array(picture)))
    assert WORDS.say(lang, "detection.inside.nothing") in text(html)
    assert "data-pick" not in html and data_of(html)["objects"] == []
    assert html.count("data-dial") == 4


def test_every_level_has_its_map_over_as_much_of_the_picture_as_it_covers(engine):
    seen = steps_of(np.array(PICTURE)) | {
        "size": [250, 100],
        "pyramid": [
            {"stride": 8, "map": np.full((13, 32), 255, np.uint8)},
            {"stride": 32, "map": np.zeros((4, 8), np.uint8)},
        ],
    }
    html = inference_steps.pyramid(look(engine), seen)
    assert re.findall(r"width:([\d.]+)%;height:([\d.]+)%", html) == [
        ("102.400", "104.000"),
        ("102.400", "128.000"),
    ]
    assert html.count('class="level" hidden') == 1
    for weak, strong in ((0, 255), (90, 140)):
        veil = np.array(inference_steps.glow(np.array([[weak, strong]], np.uint8)))
        assert veil[0, 0, 3] == 0 and veil[0, 1, 3] > 200
    assert not np.array(inference_steps.glow(np.full((2, 2), 7, np.uint8)))[..., 3].any()


def test_the_slider_of_scores_begins_where_something_is_shown(engine):
    for best, first in ((0.9, "0.5"), (0.2, "0.05")):
        control = inference_steps.scores(look(engine), {"scores": [best, 0.1]})
        assert re.search(r'data-dial="scores".*?value="([\d.]+)"', control)[1] == first


def test_the_room_tells_what_the_network_really_does():
    assert (
        inference_steps.SAME,
        inference_steps.ACROSS,
        inference_steps.LOOKED_AT,
        inference_steps.LEAST,
    ) == (
        suppression.SAME,
        suppression.ACROSS,
        model.LOOKED_AT,
        model.LEAST_SCORE,
    )


def test_names_are_escaped_and_in_the_visitors_language(engine):
    seen = steps_of(np.array(PICTURE))
    data = data_of(inference_steps.drawn(look(engine, lang="zh"), seen))
    assert data["names"][0][:2] == ["人", "zh"]
    evil = inference_steps.picks(look(engine), [{"label": '<b "x">', "score": 0.5}])
    assert "<b" not in evil.replace("<button", "")


# Where it looked


def test_the_heat_of_the_picked_object_is_asked_for_its_box_and_class(engine):
    first, last = collect(attribution.asked(look(engine), 1))
    _, _, options = engine.asked[-1]
    assert options == {"view": "attribution", "box": [200.0, 100.0, 300.0, 220.0], "label": "cat"}
    assert "<progress" in first and "<progress" not in last
    assert first.count("<img") == last.count("<img") == 1, "nothing jumps while it is computed"
    for html in (first, last):
        assert re.findall(r'aria-pressed="(\w+)"', html) == ["false", "true"]


def test_the_share_of_the_heat_within_a_box():
    heat = np.ones((4, 8))
    assert attribution.within(heat, (0, 0, 160, 40), (160, 40)) == pytest.approx(1)
    assert attribution.within(heat, (0, 0, 80, 40), (160, 40)) == pytest.approx(0.5)
    assert attribution.within(heat, (5, 0, 15, 40), (160, 40)) == pytest.approx(1 / 16)
    heat = np.zeros((4, 8))
    heat[0, 0] = 1
    assert attribution.within(heat, (20, 0, 160, 40), (160, 40)) == 0


def test_a_flat_heat_is_told_in_a_sentence(engine):
    html = attribution.drawn(look(engine), 0, {"heat": np.zeros((4, 4))})
    assert "No place of the picture" in text(html) and 'class="scale"' not in html


def test_a_heat_that_is_refused_leaves_the_buttons(engine):
    async def refuse(*_, **__):
        raise Busy(waiting=3)

    engine.predict = refuse
    html = collect(attribution.asked(look(engine), 0))[-1]
    assert 'role="alert"' in html and html.count("data-pick") == 2


# 2014


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_old_way_shows_every_step_and_its_seconds(engine, lang):
    html, again = collect(rcnn.sent(look(engine, lang=lang)))[-1]
    assert not again["visible"]
    assert "{" not in text(html) and "<progress" not in html
    parts = ("regions", "rectangles", "objects", "clock")
    titles = [WORDS.say(lang, f"detection.inside.rcnn.{name}.title") for name in parts]
    assert re.findall(r"<h3>(.*?)</h3>", html) == titles
    told = text(html)
    assert all(seconds in told for seconds in ("0.80", "2.1", "0.01", "2.9"))
    assert [(key, options["view"]) for key, _, options in engine.asked] == [
        (RCNN, "steps"),
        (EVERYDAY, "answer"),
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_rectangles_are_counted_while_it_works(engine, lang):
    *before, (last, _) = collect(rcnn.sent(look(engine, lang=lang)))
    bars = re.findall(r'max="2" value="(\d)"', "".join(html for html, _ in before))
    assert bars == ["0", "1", "2"] and "<progress" not in last
    said = WORDS.say(lang, "detection.inside.rcnn.waiting", done=1, total=2)
    assert any(said in text(html) for html, _ in before)


def test_rectangles_come_the_surest_first_each_with_what_it_was_taken_for(engine):
    seen = {
        "rectangles": np.array([[0, 0, 10, 10], [5, 5, 50, 60]]),
        "labels": ["cat", "<i>dog"],
        "scores": [0.2, 0.7],
    }
    html = rcnn.rectangles(look(engine), seen)
    boxes = json.loads(unescape(re.search(r'data-boxes="([^"]*)"', html)[1]))
    said = json.loads(unescape(re.search(r'data-said="([^"]*)"', html)[1]))
    assert boxes == [[5, 5, 50, 60], [0, 0, 10, 10]]
    assert "1 of 2" in said[0] and "<i>dog" in said[0] and "70%" in said[0]
    assert "<i>dog" not in html


def test_regions_are_painted_in_their_mean_colour_with_a_border():
    picture = Image.new("RGB", (8, 4), RED)
    picture.paste(GREEN, (4, 0, 8, 4))
    segments = np.repeat([[7, 7, 7, 7, 2, 2, 2, 2]], 4, 0)
    painted = np.array(rcnn.flattened(picture, segments))
    assert tuple(painted[0, 0]) == RED and tuple(painted[3, 7]) == GREEN
    assert (painted[:, 4] == 255).all() and not (painted[:, 3] == 255).all()


def test_a_picture_without_rectangles_says_so(engine):
    seen = {
        "objects": [],
        "segments": np.zeros((2, 4), np.uint16),
        "rectangles": np.zeros((0, 4)),
        "labels": [],
        "scores": [],
        "seconds": dict.fromkeys(rcnn.STAGES, 0.0),
    }
    told = text(rcnn.drawn(look(engine), seen, None))
    assert "No rectangle was proposed" in told and "No rectangle is sure enough" in told


def test_the_old_way_is_told_even_where_our_network_is_missing(engine):
    del engine.entries[EVERYDAY]
    html, _ = collect(rcnn.sent(Look(engine, WORDS.speaker("en"), Subject(PICTURE, RCNN))))[-1]
    assert "times as long" not in text(html) and "all together" in text(html)


def test_a_refusal_of_the_old_way_stands_in_its_place(engine):
    engine.failing[RCNN] = Busy(waiting=3)
    html, again = collect(rcnn.sent(look(engine)))[-1]
    assert 'role="alert"' in html and "<progress" not in html and again["visible"]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.001, "<0.01"), (0.0125, "0.01"), (0.25, "0.25"), (12.34, "12.3")]
)
def test_seconds_have_the_digits_that_they_are_worth(seconds, told):
    assert rcnn.digits(seconds) == told


def test_words_are_whole_in_both_languages():
    keys = [key for key in WORDS.tables["en"] if key.startswith("detection.inside.")]
    assert len(keys) > 70
    fields = re.compile(r"{(\w+)}")
    for key in keys:
        english, chinese = (WORDS.tables[lang][key] for lang in ("en", "zh"))
        assert set(fields.findall(english)) == set(fields.findall(chinese)), key
