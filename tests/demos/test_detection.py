"""The detection tab between widgets and engine: boxes at their places, refusals, columns, words."""

from __future__ import annotations

import asyncio
import json
import re
import tracemalloc
from html import unescape
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from bad_pictures import REFUSED, SLIVERS, encoded, odd, photo
from fake_detectors import EVERYDAY, NOW, RCNN, FakeDetectors, drawing
from PIL import Image

from demos import columns as then_and_now
from demos import models
from demos.detection import answers, api, tryout
from demos.detection.tryout import answering, compare, controls, sheet
from demos.language import Words
from inference.errors import LoadFailed
from pretrained.detection import rle
from pretrained.detection.coco_names import CHINESE

WORDS = Words()


@pytest.fixture
def engine(tmp_path):
    return FakeDetectors(tmp_path)


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def looked(engine, *given, key=EVERYDAY, lang="en", **options):
    """The last moment of an answer."""
    return collect(answering.answering(engine, WORDS.speaker(lang), given, key, **options))[-1]


def told(html: str) -> list[dict]:
    """What each figure tells the page's script."""
    return [json.loads(unescape(found)) for found in re.findall(r'data-found="([^"]*)"', html)]


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def found_in(engine, payload) -> answers.Found:
    """A picture through the door's way: the file opened, the model asked."""

    async def run():
        return await answers.ask(engine, EVERYDAY, await answers.opened(engine, payload))

    return asyncio.run(run())


# Places


def at(box) -> list[float]:
    return [round(side) for side in box]


def test_boxes_and_masks_lie_where_things_were_drawn(engine, sent):
    picture = drawing((200, 120), person=(10, 20, 60, 110), cat=(100, 5, 190, 45))
    objects = api.as_sent(found_in(engine, sent(encoded(picture, "PNG"))), 0.05)
    assert [(o["label"], at(o["box"])) for o in objects] == [
        ("person", [10, 20, 60, 110]),
        ("cat", [100, 5, 190, 45]),
    ]
    assert [rle.area(o["mask"]) for o in objects] == [50 * 90, 90 * 40]


@pytest.mark.parametrize("turn", range(2, 9))
def test_of_a_turned_photo_boxes_are_told_as_it_is_seen_upright(engine, sent, turn):
    upright = drawing((300, 200), person=(30, 20, 90, 180), cat=(200, 100, 280, 160))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = upright.transpose(undo[turn])
    found = found_in(engine, sent(encoded(stored, "PNG", exif=exif)))
    assert found.sent == (300, 200)
    assert [at(o["box"]) for o in api.as_sent(found, 0.05)] == [
        [30, 20, 90, 180],
        [200, 100, 280, 160],
    ]


@pytest.mark.parametrize("size", [(8000, 600), (600, 8000), (4000, 3000), (2561, 1283)])
def test_in_a_large_picture_boxes_and_masks_are_in_its_own_pixels(engine, sent, size):
    wide, high = size
    box = (wide // 8, high // 4, wide // 2, high // 4 * 3)
    payload = sent(encoded(drawing(size, person=box), "PNG"))
    found = found_in(engine, payload)
    assert max(found.picture.size) == answers.SIDE and found.sent == size
    [person] = api.as_sent(found, 0.05)
    pixel = max(size) / answers.SIDE
    assert person["box"] == pytest.approx(box, abs=2 * pixel)
    assert person["mask"]["size"] == [high, wide]
    rows, columns = np.nonzero(rle.decode(person["mask"]))
    around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert around == pytest.approx(box, abs=2 * pixel)
    assert rle.area(person["mask"]) == pytest.approx(
        (box[2] - box[0]) * (box[3] - box[1]), rel=0.05
    )


def test_a_turned_large_photo_is_told_in_the_pixels_of_the_upright_one(engine, sent):
    upright = drawing((1500, 3000), person=(300, 600, 900, 2400))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    found = found_in(engine, sent(encoded(stored, "JPEG", exif=exif, quality=95)))
    [person] = api.as_sent(found, 0.05)
    assert found.sent == (1500, 3000) and person["mask"]["size"] == [3000, 1500]
    assert person["box"] == pytest.approx((300, 600, 900, 2400), abs=6)


@pytest.mark.parametrize("size", [(64, 48), (31, 90), (7, 5), (20, 15), (1, 1)])
def test_each_pixel_of_a_scaled_mask_is_what_its_middle_falls_on(size):
    wide, high = size
    rng = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9, 1.0):
        mask = rng.random((15, 20)) < share
        scaled = api._scaled_mask(rle.encode(mask, 0, 0, 15, 20), size)
        rows, columns = ((2 * np.arange(n) + 1) * m // (2 * n) for n, m in ((high, 15), (wide, 20)))
        assert (rle.decode(scaled) == mask[np.ix_(rows, columns)]).all()


def test_a_mask_over_eighty_million_pixels_is_never_laid_out():
    full = rle.encode(np.ones((960, 1280), bool), 0, 0, 960, 1280)
    tracemalloc.start()
    scaled = api._scaled_mask(full, (10_400, 7800))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rle.area(scaled) == 10_400 * 7800 and most < 20e6


def test_an_empty_mask_stays_empty_at_any_size():
    nothing = rle.encode(np.zeros((1, 1), bool), 0, 0, 30, 40)
    assert rle.area(api._scaled_mask(nothing, (400, 300))) == 0


def test_weak_objects_are_left_out_by_a_threshold(engine, sent):
    boxes = {"person": (0, 0, 40, 40), "cat": (50, 0, 90, 40), "dog": (0, 50, 40, 90)}
    found = found_in(engine, sent(encoded(drawing((100, 100), **boxes), "PNG")))
    for least, left in ((0.05, 3), (0.31, 3), (0.5, 2), (0.9, 1), (1.0, 0)):
        assert len(api.as_sent(found, least)) == left


# The answer


def test_the_answer_is_the_picture_with_boxes_and_a_table(engine, sent):
    picture = drawing((200, 100), person=(10, 10, 60, 90), dog=(100, 20, 150, 70))
    moment = looked(engine, sent(encoded(picture, "PNG"), "family.png"))
    [one] = told(moment.sheets)
    assert one["file"] == "family.png" and one["seen"] == one["sent"] == [200, 100]
    assert [(o["label"], o["box"]) for o in one["objects"]] == [
        ("person", [10, 10, 60, 90]),
        ("dog", [100, 20, 150, 70]),
    ]
    assert moment.sheets.count("<rect") == 2 and moment.sheets.count("<tr data-n") == 2
    assert 'x="10.0" y="10.0" width="50.0" height="80.0"' in moment.sheets
    said = text(moment.sheets)
    assert "1 object" in said and "97%" in said and "20%" in said, "50 x 80 of 200 x 100 pixels"
    assert re.search(r"3\.4 million weights, answered in <?\d+\sms", said)
    assert moment.bar == ""


def test_what_is_below_the_usual_score_is_there_but_not_shown(engine, sent):
    picture = drawing((200, 100), person=(10, 10, 60, 90), dog=(100, 20, 150, 70))
    html = looked(engine, sent(encoded(picture, "PNG"))).sheets
    assert re.search(r'<rect data-n="1" hidden', html) and not re.search(
        r'<rect data-n="0" hidden', html
    )
    assert re.search(r'<tr data-n="1" hidden', html)


def test_in_chinese_names_and_sentences_are_chinese(engine, sent):
    picture = drawing((200, 100), person=(10, 10, 60, 90), cat=(100, 20, 150, 70))
    html = looked(engine, sent(encoded(picture, "PNG"), "1.png"), lang="zh").sheets
    [one] = told(html)
    assert [o["name"] for o in one["objects"]] == ["人", "猫"]
    assert "2 个物体" in text(html) and not re.search(r"person|object", text(html))


def test_a_name_without_chinese_is_marked_as_english(engine):
    entry = engine.entries[EVERYDAY]
    assert answers.label_in("zh", entry, "hot dog") == ("热狗", "zh")
    assert answers.label_in("zh", entry, "gizmo") == ("gizmo", "en")
    assert answers.label_in("en", entry, "hot dog") == ("hot dog", "en")


def test_every_class_of_coco_has_a_chinese_name_of_its_own():
    assert len(CHINESE) == len(set(CHINESE.values())) == 80
    assert all(re.fullmatch(r"[一-鿿（）]+", name) for name in CHINESE.values())


def test_a_label_or_a_file_name_cannot_carry_markup(engine, sent):
    evil = '"><img src=x onerror=y>'
    picture = photo(100, 80)
    found = answers.Found(
        EVERYDAY,
        evil,
        picture,
        ({"label": evil, "score": 0.9, "box": [1.0, 1.0, 9.0, 9.0], "mask": None},),
        3.0,
    )
    html = sheet.figure(WORDS.speaker("en"), engine.entries[EVERYDAY], found)
    assert "<img src=x" not in html and told(html)[0]["objects"][0]["label"] == evil
    refused = looked(engine, sent(b"x", evil), sent(encoded(picture, "PNG"))).sheets
    assert "<img src=x" not in refused


def test_where_nothing_was_found_a_sentence_says_so(engine, sent):
    grey = sent(encoded(Image.new("RGB", (90, 60), (128, 128, 128)), "PNG"))
    for lang, sentence in (
        ("en", "Nothing that it knows was found"),
        ("zh", "没有找到它认识的东西"),
    ):
        moment = looked(engine, grey, lang=lang)
        assert sentence in text(moment.sheets) and "<table" not in moment.sheets
        known = text(sheet.kinds(WORDS.speaker(lang), engine.entries[EVERYDAY]))
        assert known in text(moment.sheets), "beside it stands what it does know"


def test_one_class_has_one_colour_and_a_lone_one_no_switch_in_sight(engine, sent):
    html = looked(engine, {"example": "astronaut"}).sheets
    [one] = told(html)
    colour = {o["label"]: o["colour"] for o in one["objects"]}
    assert all(o["colour"] == colour[o["label"]] for o in one["objects"])
    assert len(set(colour.values())) == len(colour) == html.count("data-class=")
    alone = drawing((90, 60), cat=(10, 10, 50, 50))
    html = looked(engine, sent(encoded(alone, "PNG"))).sheets
    assert re.search(r'<div class="classes"[^>]* hidden>', html), "the page shows it if it is off"


def test_the_example_that_opens_the_page_is_there():
    assert answers.EXAMPLES[0].path and len([e for e in answers.EXAMPLES if e.path]) >= 4
    assert [e.fools for e in answers.EXAMPLES].count(True) == 1 and not answers.EXAMPLES[0].fools
    for lang in ("en", "zh"):
        html = controls.examples_html(WORDS.speaker(lang))
        assert html.count("<button") == html.count('alt="') >= 4


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", [n for n, (_, code) in REFUSED.items() if "small" not in code])
def test_a_bad_picture_is_answered_with_its_sentence(engine, sent, name, lang):
    content, code = REFUSED[name]
    moment = looked(engine, sent(content), lang=lang)
    pattern = re.sub(r"\\{\w+\\}", r"[\\d,.]+", re.escape(WORDS.say(lang, f"error.{code}")))
    assert re.search(pattern, text(moment.bar)) and 'role="alert"' in moment.bar
    assert moment.sheets is None and not engine.asked


def pages(engine, *given, **options) -> list[tuple]:
    """What stands in the places of Try, step by step."""
    say, mine = WORDS.speaker("en"), tryout.Visit()
    return collect(tryout.steps(engine, say, mine, given, EVERYDAY, **options))


@pytest.mark.parametrize("fresh", [True, False])
def test_a_new_picture_that_is_refused_takes_the_answer_to_another_away(engine, sent, fresh):
    *_, refused, last = pages(engine, sent(b"?"), fresh=fresh)
    cleared = [sheets for _, sheets, *_ in (refused, last) if sheets == ""]
    assert bool(cleared) == fresh
    if fresh:
        _, _, below, given, looked, answered, *buttons = last
        assert 'role="alert"' in refused[0] and (below, looked, answered) == ("", (), None)
        assert len(given) == 1 and not any(button["interactive"] for button in buttons)
        assert last[0] == gr.skip(), "the refusal stays"


def test_a_new_picture_that_is_answered_takes_nothing_away(engine, sent):
    picture = sent(encoded(drawing((90, 60), cat=(5, 10, 50, 50)), "PNG"))
    *_, last = pages(engine, picture, fresh=True)
    assert "data-found" in last[1] and last[6]["interactive"]


@pytest.mark.parametrize("size", SLIVERS)
def test_a_line_of_pixels_is_answered_and_told_to_be_too_small(engine, sent, size):
    grey = sent(encoded(Image.new("RGB", size, (128, 128, 128)), "PNG"))
    for lang, sentence in (("en", f"only {size[0]} × {size[1]}"), ("zh", "看不出里面有什么")):
        moment = looked(engine, grey, lang=lang)
        [one] = told(moment.sheets)
        assert one["sent"] == list(size) and one["objects"] == [] and moment.bar == ""
        assert sentence in text(moment.sheets)
        assert "It found nothing" not in text(moment.sheets), "one sentence says it"


def test_a_low_strip_is_looked_at_like_any_picture(engine, sent):
    strip = drawing((2000, 8), person=(100, 0, 900, 8))
    sheets = looked(engine, sent(encoded(strip, "PNG"))).sheets
    [one] = told(sheets)
    assert one["sent"] == [2000, 8] and one["objects"][0]["label"] == "person"
    assert "too few to tell" not in sheets


@pytest.mark.parametrize("way", odd(photo()))
def test_an_odd_picture_is_answered(engine, sent, way):
    picture = drawing((200, 120), person=(10, 20, 60, 110), cat=(100, 5, 190, 45))
    moment = looked(engine, sent(odd(picture)[way]))
    [one] = told(moment.sheets)
    assert one["seen"] == [200, 120]
    if way in ("CMYK", "palette", "see-through", "animated"):
        person, cat = one["objects"]
        assert (at(person["box"]), at(cat["box"])) == ([10, 20, 60, 110], [100, 5, 190, 45])
    assert ("only the first" in text(moment.sheets)) == (way == "animated")


def test_that_the_end_of_a_file_is_missing_is_told(engine, sent):
    whole = encoded(photo(), "JPEG")
    for content, cut in ((whole, False), (whole[:-2], True)):
        sheets = text(looked(engine, sent(content)).sheets)
        assert ("The end of this file is missing" in sheets) is cut


def test_what_a_model_looks_for_is_said_kind_by_kind_where_they_are_few(engine, sent):
    picture = sent(encoded(drawing((90, 60), cat=(10, 10, 50, 50)), "PNG"))
    few = re.sub("<[^>]+>", "", looked(engine, picture).sheets)
    assert "these kinds only: person, cat, dog." in few
    many = looked(engine, picture, key=NOW, fetch=True).sheets
    assert "It knows 80 kinds of things." in text(many)
    assert "80" in looked(engine, picture, key=NOW, fetch=True, lang="zh").sheets


# Several


def test_several_pictures_are_answered_one_after_the_other(engine, sent):
    good = [
        sent(encoded(drawing((90, 60), cat=(n, 10, 50, 50)), "PNG"), f"{n}.png") for n in (1, 2)
    ]
    steps = collect(
        answering.answering(
            engine, WORDS.speaker("en"), [good[0], sent(b"?", "x.png"), good[1]], EVERYDAY
        )
    )
    last = steps[-1]
    assert [one["file"] for one in told(last.sheets)] == ["1.png", "2.png"]
    assert last.sheets.count("data-sheet=") == 3 and "not a picture" in last.sheets
    assert [one.objects is None for one in last.looked] == [False, True, False]
    assert last.found.name == "1.png"
    assert any("1 of 3 pictures" in step.bar for step in steps)


def test_the_first_sheet_is_shown_at_once_and_each_other_sent_once(engine, sent):
    """A sheet carries its picture: all of them each time would be six times as much for twelve."""
    picture = encoded(drawing((90, 60), cat=(5, 10, 50, 50)), "PNG")
    given = [sent(picture, f"{n}.png") for n in range(5)]
    steps = collect(answering.answering(engine, WORDS.speaker("en"), given, EVERYDAY))
    shown = [step for step in steps if step.sheets is not None]
    assert [step.sheets.count("data-sheet=") for step in shown] == [1, 5]
    assert shown[1].sheets.startswith(shown[0].sheets)
    assert [len(step.looked) for step in shown] == [1, 5], "what is pressed is what is shown"


def test_a_first_picture_that_was_refused_is_not_answered_by_the_second(engine, sent):
    good = sent(encoded(drawing((90, 60), cat=(5, 10, 50, 50)), "PNG"), "1.png")
    steps = collect(answering.answering(engine, WORDS.speaker("en"), [sent(b"?"), good], EVERYDAY))
    shown = [step for step in steps if step.sheets is not None]
    assert [step.found for step in shown] == [None, None] and len(shown[-1].looked) == 2


def test_more_pictures_than_may_be_given_are_cut_and_it_is_said(engine, sent):
    one = sent(encoded(drawing((30, 30), cat=(2, 2, 20, 20)), "PNG"))
    moment = looked(engine, *[one] * (answering.MOST + 3))
    assert len(moment.looked) == answering.MOST and f"first {answering.MOST}" in moment.bar


async def last(steps):
    return [step async for step in steps][-1]


def test_of_two_pictures_chosen_in_haste_the_last_is_answered(engine, monkeypatch):
    """The first may be a large one, which is opened after the second."""
    with gr.Blocks() as page:
        tryout.build(engine, WORDS)
    [choose] = [fn.fn for fn in page.fns.values() if getattr(fn.fn, "__name__", "") == "on_shown"]
    now = [answering.Looked({"path": name}, EVERYDAY, ()) for name in ("large", "small")]

    async def run():
        gate = asyncio.Event()

        async def opened(_, payload):
            if payload["path"] == "large":
                await gate.wait()
            return payload["path"]

        monkeypatch.setattr(answers, "opened", opened)
        mine = tryout.Visit()
        large = asyncio.ensure_future(last(choose(mine, now, SimpleNamespace(at=0))))
        await asyncio.sleep(0.01)
        small = await last(choose(mine, now, SimpleNamespace(at=1)))
        gate.set()
        return small, await large

    small, large = asyncio.run(run())
    assert small[0]["picture"] == "small" and large == (gr.skip(),) * 3


@pytest.mark.parametrize(
    ("event", "count"),
    [
        ({"files": [{"path": "a", "orig_name": "b", "meta": {}}]}, 1),
        ({"files": ["a", None, 7]}, 0),
        ({"files": {"path": "a"}}, 0),
        ({"files": [{}] * 99}, answering.MOST + 1),
        ({"name": "astronaut"}, 1),
        ({"name": "../../etc/passwd"}, 0),
        ({}, 0),
    ],
)
def test_an_event_of_the_page_may_carry_anything(event, count):
    assert len(answering.wanted(SimpleNamespace(**event))) == count


def test_what_is_kept_of_a_visitor_is_bounded():
    """It stays in the server's memory as long as the page is open."""
    frame, name = "data:image/jpeg;base64," + "A" * 400_000, "n" * 9000
    [kept] = answering.wanted(SimpleNamespace(files=[{"url": frame, "orig_name": name}]))
    assert kept["url"] == frame and kept["orig_name"] == "n" * answering.LONGEST
    heavy = {"path": "p" * 9000, "url": "data:," + "A" * 67_000_000, "orig_name": ["x"] * 9000}
    for files in ([heavy], [heavy] * 12, [{"url": frame}] * 12, [{"url": {"deep": frame}}]):
        given = answering.wanted(SimpleNamespace(files=files))
        assert {part for one in given for part in one.values()} == {None, ""}


def test_no_other_file_than_an_upload_is_opened(engine, sent, tmp_path_factory):
    other = tmp_path_factory.mktemp("private") / "x.png"
    other.write_bytes(encoded(photo(), "PNG"))
    assert "There is no picture yet" in looked(engine, {"path": str(other)}).bar
    assert "There is no picture yet" in looked(engine, {"example": "../x"}).bar


# Models that are not here, and what fails


def test_a_download_is_offered_with_size_and_licence_before_anything_is_asked(engine):
    given = {"example": "astronaut"}
    moment = looked(engine, given, key=NOW)
    assert "81 MB" in moment.bar and "apache-2.0" in moment.bar and "data-pick" in moment.bar
    assert not engine.loaded and not engine.asked and moment.sheets is None
    assert looked(engine, given, key=NOW, fetch=True).sheets and set(engine.loaded) == {NOW}


def test_offline_nothing_is_offered_and_it_says_why(tmp_path):
    engine = FakeDetectors(tmp_path, offline=True)
    moment = looked(engine, {"example": "astronaut"}, key=NOW)
    assert "works offline" in moment.bar and "data-pick" not in moment.bar


def test_a_download_that_failed_is_offered_again(engine):
    engine.failing[NOW] = LoadFailed(model="Now-DETR", id="1")
    moment = looked(engine, {"example": "astronaut"}, key=NOW, fetch=True)
    assert 'role="alert"' in moment.bar and "data-pick" in moment.bar and moment.sheets is None


@pytest.mark.parametrize("key", ["nothing", "classification/photos", "", None, "../../etc"])
def test_a_model_that_is_no_detector_is_refused(engine, key):
    assert "There is no model called" in looked(engine, {"example": "astronaut"}, key=key).bar


def test_who_leaves_while_waiting_takes_the_request_along(engine):
    async def run():
        engine.loading = asyncio.Event()
        steps = answering.answering(
            engine, WORDS.speaker("en"), [{"example": "astronaut"}], EVERYDAY
        )
        await anext(steps)
        await steps.aclose()
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1 and not engine.asked


def test_the_models_are_told_with_what_they_weigh(engine):
    for lang, words in (("en", "81 MB to download, apache-2.0"), ("zh", "需下载 81 MB")):
        rows = models.choices(WORDS.speaker(lang), answers.detectors(engine).values())
        assert [key for _, key in rows] == [EVERYDAY, RCNN, NOW] and words in rows[2][0]
    assert answers.usual(engine) == EVERYDAY
    del engine.entries[EVERYDAY]
    assert answers.usual(engine) == RCNN


# The camera


def frame_event(**fields):
    return SimpleNamespace(**fields)


def jpeg(picture) -> str:
    import base64

    return "data:image/jpeg;base64," + base64.b64encode(encoded(picture, "JPEG")).decode()


def test_a_frame_is_answered_without_sending_it_back(engine):
    shown = jpeg(drawing((320, 240), person=(40, 40, 160, 200)))
    event = frame_event(number="7", frame=shown)
    html = asyncio.run(answering.framed(engine, WORDS.speaker("en"), EVERYDAY, event))
    assert 'data-answer="7"' in html and "base64" not in html
    assert told(html)[0]["objects"][0]["label"] == "person"


@pytest.mark.parametrize("frame", [None, 7, "data:image/jpeg;base64,x", "/etc/passwd", ""])
def test_a_frame_that_is_none_ends_the_camera_with_a_sentence(engine, frame):
    event = frame_event(number='"><b>', frame=frame)
    html = asyncio.run(answering.framed(engine, WORDS.speaker("en"), EVERYDAY, event))
    assert "data-over" in html and 'role="alert"' in html and "<b>" not in html
    assert not engine.asked


def test_the_camera_downloads_nothing(engine):
    event = frame_event(number="1", frame=jpeg(photo()))
    html = asyncio.run(answering.framed(engine, WORDS.speaker("en"), NOW, event))
    assert "81 MB" in html and "data-over" in html and not engine.loaded


# Then and now


def beside(engine, fetch="", lang="en", kept=None):
    picture = drawing((200, 100), person=(10, 10, 60, 90))
    one = {"key": EVERYDAY, "picture": picture, "objects": ()}
    kept = compare.Comparison() if kept is None else kept
    if kept.about is not None:
        one["picture"] = kept.about
    return collect(compare.comparing(engine, WORDS.speaker(lang), one, kept, fetch)), kept


def test_then_and_now_stand_in_columns_and_today_is_offered(engine):
    steps, _ = beside(engine)
    last = steps[-1]
    assert [one["model"] for one in told(last)] == [RCNN, EVERYDAY]
    assert "2014" in last and "81 MB" in last and f'data-pick="{NOW}"' in last
    assert told(last)[0]["objects"][0]["mask"] is None and told(last)[1]["objects"][0]["mask"]
    assert set(engine.loaded) == {RCNN, EVERYDAY}


def test_a_model_of_today_is_fetched_and_the_others_are_not_asked_again(engine):
    _, kept = beside(engine)
    asked = len(engine.asked)
    steps, _ = beside(engine, NOW, kept=kept)
    assert [one["model"] for one in told(steps[-1])] == [RCNN, EVERYDAY, NOW]
    assert len(engine.asked) == asked + 1 and "Today" in steps[-1]


def test_an_answer_is_drawn_once_however_long_another_model_takes(engine, monkeypatch):
    drawn, small = [], sheet.small
    monkeypatch.setattr(sheet, "small", lambda *given: drawn.append(given[1].key) or small(*given))
    monkeypatch.setattr(then_and_now, "EVERY", 0.01)
    engine.pause = 0.05
    steps, _ = beside(engine, NOW)
    assert len(steps) > 1 and sorted(drawn) == sorted((EVERYDAY, RCNN, NOW))


def test_one_that_fails_says_so_in_its_own_column(engine):
    engine.failing[RCNN] = LoadFailed(model="R-CNN", id="1")
    steps, _ = beside(engine)
    assert [one["model"] for one in told(steps[-1])] == [EVERYDAY]
    assert "could not be loaded" in steps[-1]


def test_offline_the_columns_say_what_is_missing(tmp_path):
    steps, _ = beside(FakeDetectors(tmp_path, offline=True), lang="zh")
    assert "离线" in steps[-1] and "data-pick" not in steps[-1]


def test_before_there_is_an_answer_nothing_is_compared(engine):
    assert collect(compare.comparing(engine, WORDS.speaker("en"), None, compare.Comparison())) == [
        ""
    ]


# Figures


def test_the_figures_at_the_foot_are_those_of_the_card(monkeypatch):
    person = {"value": 0.612, "low": 0.59, "high": 0.63}
    card = {"results": [{"metrics": {"person_box_ap50": person, "other": person}}]}
    monkeypatch.setattr(controls.page, "read_metrics", lambda key: card)
    assert controls.measured() == [("61.2% ± 2.0", "detection.fact.person_box")]
    monkeypatch.setattr(controls.page, "read_metrics", lambda key: {})
    assert controls.measured() == []
