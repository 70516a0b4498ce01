"""The models of today in Try of Generate images: what is told before a download, the steps, the
refusals."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from html import unescape

import pytest
from fake_faces import FakeFaces
from served import WORDS

from demos.images import points
from demos.images.tryout import sheet, today
from demos.images.tryout.sheet import Sheet
from inference.errors import Busy
from pretrained import catalog
from pretrained.errors import HubOffline
from pretrained.images.hub.entries import LONGEST, PIPELINES

CAT, THINGS, WILD = "images/ddpm-cat", "images/consistency", "images/sdxs"
POINT = points.single(7)
SAY = WORDS.speaker("en")


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """The models of today as a host offers them who has changed nothing; none is downloaded."""
    found = FakeFaces(tmp_path)
    known = catalog.entries()
    found.entries |= {key: known[key] for key in (CAT, THINGS)}
    found.withheld = {WILD: known[WILD]}
    monkeypatch.setattr(today, "on_disk", lambda entry: False)
    return found


@pytest.fixture
def allowed(engine):
    """The same where the host has allowed what has no filter."""
    engine.entries |= engine.withheld
    engine.withheld = {}
    return engine


def collect(engine, key, text="", lang="en", point=POINT) -> list[str]:
    async def run():
        async with aclosing(today.drawing(engine, WORDS.speaker(lang), key, text, point)) as steps:
            return [step async for step in steps]

    return asyncio.run(run())


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_size_and_licence_are_told_before_a_download(engine, lang):
    html = today.cards(engine, WORDS.speaker(lang))
    told = plain(html)
    assert "455 MB" in told and "1,184 MB" in told and "apache-2.0" in told and "mit" in told
    assert html.count("data-draw=") == 2 and "data-text" not in html
    assert WORDS.say(lang, "images.today.fetch") in told
    assert WORDS.say(lang, "images.today.withheld") in told and "allow-unfiltered" in told


def test_a_model_that_is_here_is_not_offered_for_download(engine, monkeypatch):
    monkeypatch.setattr(today, "on_disk", lambda entry: entry.key == CAT)
    assert "455 MB" not in today.cards(engine, SAY)
    assert (
        today.here(engine, CAT) and not today.here(engine, THINGS) and not today.here(engine, "x")
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_offline_nothing_can_be_pressed_that_would_download(engine, lang):
    engine.settings = engine.settings.model_copy(update={"offline": True})
    html = today.cards(engine, WORDS.speaker(lang))
    assert "data-draw" not in html and plain(html).count("--offline") == 2


def test_only_the_one_that_reads_asks_for_a_text_and_only_where_it_is_allowed(allowed):
    html = today.cards(allowed, SAY)
    assert html.count("data-text") == 1 and html.count("data-draw=") == 3
    assert "--allow-unfiltered" not in html


def test_it_draws_from_the_seed_of_the_face_that_was_picked(engine):
    html = collect(engine, CAT, point={"mix": [[40, 1.0]]})[-1]
    assert [one["mix"] for _, one, _ in engine.asked] == [[[40, 1.0]]]
    assert engine.loaded == [CAT]
    assert "seed of face 40" in plain(html) and "20 steps in" in plain(html)
    assert 'data-save="ddpm-cat-40.png"' in html and html.count("<img") == 1


def test_steps_are_counted_while_the_picture_gets_clearer(engine, monkeypatch):
    monkeypatch.setattr(sheet, "EVERY", 0.0)
    engine.pause = 0.02
    pages = collect(engine, CAT)
    seen = [int(n) for page in pages for n in re.findall(r"Step (\d+) of 20", page)]
    assert seen and seen == sorted(seen)
    assert not any("data-save" in page for page in pages[:-1])


def test_a_page_is_told_only_what_is_new(engine, monkeypatch):
    monkeypatch.setattr(sheet, "EVERY", 0.0)
    engine.pause = 0.01
    pages = collect(engine, CAT)
    assert len(pages) == len(set(pages))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_download_is_counted(engine, lang):
    one = Sheet(engine.entries[CAT], [POINT], loading=True, progress=(100_000_000, 454_692_876))
    html = today.drawn(WORDS.speaker(lang), one)
    assert 'value="100000000"' in html and "100" in plain(html) and "455" in plain(html)


def test_before_the_first_step_it_is_said_that_one_is_under_way(engine):
    html = today.drawn(SAY, Sheet(engine.entries[CAT], [POINT]))
    assert "<progress></progress>" in html and "first step" in html


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("error", [HubOffline(model=CAT), Busy(waiting=3)])
def test_a_download_that_fails_says_why(engine, lang, error):
    engine.failing[CAT] = error
    html = collect(engine, CAT, lang=lang)[-1]
    assert 'role="alert"' in html and "<img" not in html and "data-save" not in html


def test_a_drawing_that_breaks_off_keeps_what_there_is(engine):
    one = Sheet(engine.entries[CAT], [POINT], error=Busy(waiting=3))

    async def broken():
        async for one.events[0] in engine.stream(CAT, POINT):
            return

    asyncio.run(broken())
    html = today.drawn(SAY, one)
    assert "<img" in html and "3 requests are already waiting" in plain(html)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_the_host_has_not_allowed_is_not_drawn(engine, lang):
    [html] = collect(engine, WILD, "a lighthouse", lang)
    assert "--allow-unfiltered" in html and not engine.asked and not engine.loaded


@pytest.mark.parametrize("key", ["", None, "images/nobody", "images/faces-gan", "text/tang", 7])
def test_what_is_no_model_of_today_is_refused(engine, key):
    [html] = collect(engine, key)
    assert 'role="alert"' in html and not engine.loaded


def test_a_text_reaches_the_model_and_the_page_shows_it_harmless(allowed):
    html = collect(allowed, WILD, " <b>a cat</b> ")[-1]
    assert allowed.asked[-1][2]["text"] == "<b>a cat</b>"
    assert "&lt;b&gt;a cat&lt;/b&gt;" in html and "<b>a cat" not in html


def test_a_model_that_does_not_read_is_told_no_text(engine):
    collect(engine, CAT, "a cat")
    assert "text" not in engine.asked[-1][2]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("text", "code", "fields"),
    [
        ("  ", "image_no_text", {}),
        (None, "image_no_text", {}),
        ("x" * (LONGEST + 1), "image_text", {"count": LONGEST + 1, "most": LONGEST}),
        (["cat"], "not_text", {"sent": "['cat']"}),
    ],
)
def test_a_text_that_cannot_be_drawn_is_refused_before_a_download(
    allowed, text, code, fields, lang
):
    [html] = collect(allowed, WILD, text, lang)
    assert WORDS.say(lang, f"error.{code}", **fields) in plain(html) and not allowed.loaded


def test_the_kind_of_thing_is_said_in_english(engine):
    one = Sheet(engine.entries[THINGS], [POINT], seconds=1.5)
    image = [event for event in _events(engine)][-1]["image"]
    one.events[0] = {"image": image, "step": 1, "steps": 1, "label": "tabby & cat"}
    html = today.drawn(WORDS.speaker("zh"), one)
    assert '<span lang="en">tabby &amp; cat</span>' in html and "一步" in plain(html)


def _events(engine) -> list:
    async def run():
        return [event async for event in engine.stream(THINGS, POINT)]

    return asyncio.run(run())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_pipeline_has_its_words(lang):
    for key, model in PIPELINES.items():
        short = key.rpartition("/")[2].replace("-", "_")
        about = WORDS.say(
            lang, f"images.today.about.{short}", side=model.side, steps=model.steps[0]
        )
        assert about and "{" not in about and WORDS.say(lang, f"images.today.era.{short}")


def test_who_leaves_frees_what_was_computed(engine):
    async def run():
        engine.gate = asyncio.Event()
        drawing = today.drawing(engine, SAY, CAT, "", POINT)
        await anext(drawing)
        while not engine.open:
            await asyncio.sleep(0.01)
        await drawing.aclose()
        assert engine.open == 0

    asyncio.run(run())
