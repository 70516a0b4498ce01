"""Look inside of Detect objects in a real browser, by the real models."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from demos.detection import answers
from demos.detection.inside.inference_steps import MOST, SAME
from demos.language import Words
from demos.page import layout
from pretrained.detection import rle
from tests.browser.settling import settle
from tests.browser.test_images import FIRST_LOAD

Looked = Callable[[str], Locator]
Visits = Callable[[], AbstractContextManager[Callable[..., Page]]]
WORDS = Words()
STEPS = ("pyramid", "proposals", "scores", "suppression", "refined", "masks")
#: What is drawn over the picture of a step, whatever it is drawn with.
SHOWN = """(step) => [...step.querySelectorAll("path")].map((one) => one.getAttribute("d"))
    + [...step.querySelectorAll("canvas")].map((one) => one.toDataURL())
    + [...step.querySelectorAll(".level")].map((one) => one.hidden)"""
#: By the page's own script: the boxes that stay, the first objects' pixels at one half of a mask.
RECKONED = """async (same) => {
    const inside = await import(new URL("house/detection_inside.js", document.baseURI));
    const data = JSON.parse(document.querySelector("#look-steps .steps").dataset.steps);
    const at = (n) => inside.boxAt(data.candidates, n);
    return {
        size: data.size,
        kept: inside.suppressed(data, 0, same).kept.map((n) => [
            ...at(n), data.names[data.classes[n]][0],
        ]),
        pixels: data.objects.map(({ at: n, cells }) => {
            const bytes = Uint8Array.from(atob(cells), (letter) => letter.charCodeAt(0));
            const { values } = inside.stretched(bytes, at(n), data.size);
            return values.filter((value) => value >= 0.5).length;
        }),
    };
}"""


def opened(page: Page, url: str, lang: str = "en") -> Locator:
    """Look inside, once the picture that Try opens with has gone all the way."""
    page.goto(f"{url}/?tab=detection&lang={lang}")
    expect(page.locator("#detect-found .found h2").first).to_be_visible(timeout=FIRST_LOAD)
    settle(page)
    room(page, "inside")
    expect(page.locator("#look-attribution .scale")).to_be_visible(timeout=FIRST_LOAD)
    settle(page)
    return page.locator("#detection .room-inside")


def room(page: Page, name: str) -> None:
    tabs = page.locator("#detection-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index(name)).click()


def said(lang: str, key: str, **fields: Any) -> str:
    return WORDS.say(lang, f"detection.inside.{key}", **fields)


def dials(seen: Locator, lang: str = "en") -> Iterator[tuple[str, Locator]]:
    """The six sliders, found by their names."""
    for name in STEPS:
        yield name, seen.get_by_label(said(lang, f"{name}.slider"), exact=True)


@pytest.fixture(scope="module")
def looked(visits: Visits, app_url: str) -> Iterator[Looked]:
    """The room by its language, opened once each: for tests that hold whatever a slider or another
    object shows."""
    with visits() as make:
        yield cache(lambda lang: opened(make(), app_url, lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_step_is_shown_and_told(looked: Looked, lang: str) -> None:
    seen = looked(lang)
    expect(seen.locator("#look-steps h2")).to_have_text([said(lang, f"{n}.title") for n in STEPS])
    for name in ("attribution", "rcnn"):
        expect(seen.locator(f".step-{name} h2")).to_have_text(said(lang, f"{name}.title"))
    for name, dial in dials(seen, lang):
        expect(dial).to_have_count(1)
        step = seen.locator(f"[data-step={name}]")
        told = step.locator(".told").inner_text()
        assert told and told == dial.get_attribute("aria-valuetext"), name
    assert "{" not in seen.inner_text()
    if lang == "zh":
        assert not re.search("person|cat|dog", seen.inner_text())
    expect(seen.locator(".refusal:visible, progress:visible")).to_have_count(0)


def test_each_slider_changes_the_picture_and_what_is_told_by_keyboard(looked: Looked) -> None:
    seen = looked("en")
    page = seen.page
    for name, dial in dials(seen):
        step = seen.locator(f"[data-step={name}]")
        dial.focus()
        found = []
        for key in ("End", "Home"):
            page.keyboard.press(key)
            found.append((step.evaluate(SHOWN), step.locator("output").inner_text()))
        assert found[0][0] != found[1][0], f"{name}: the same picture"
        assert found[0][1] != found[1][1], f"{name}: the same value"


def test_what_the_page_drops_and_cuts_is_what_the_network_drops_and_cuts(
    looked: Looked, app_url: str
) -> None:
    """By the boxes and masks that the door gives to scripts, for the same picture."""
    mine = looked("en").page.evaluate(RECKONED, SAME)
    path = next(str(example.path) for example in answers.EXAMPLES if example.path)
    sent = handle_file(path)
    objects = Client(app_url, verbose=False).predict(sent, threshold=0, api_name="/detect")
    theirs = objects["objects"]
    assert [one[4] for one in mine["kept"]] == [one["label"] for one in theirs]
    scale = Image.open(path).width / mine["size"][0]
    for (*box, _), one in zip(mine["kept"], theirs, strict=True):
        assert [side * scale for side in box] == pytest.approx(one["box"], abs=0.02 * scale)
    assert 0 < len(mine["pixels"]) <= MOST
    for pixels, one in zip(mine["pixels"], theirs, strict=False):
        assert pixels * scale**2 == pytest.approx(rle.area(one["mask"]), rel=0.02, abs=4)


def test_another_object_is_followed_through_all_that_comes_after(looked: Looked) -> None:
    seen = looked("en")
    page = seen.page
    seen.locator("[data-pick='0']").first.click()
    expect(seen.locator("[data-pick='0'][aria-pressed=true]")).to_have_count(3)
    expect(seen.locator("#look-attribution .scale")).to_be_visible()
    settle(page)
    refined, masks, heat = (
        seen.locator("[data-step=refined] .kept"),
        seen.locator("[data-step=masks]"),
        seen.locator("#look-attribution img"),
    )
    before = refined.get_attribute("d"), masks.evaluate(SHOWN), heat.get_attribute("src")
    picks = seen.locator("[data-pick='1']")
    expect(picks).to_have_count(3)
    picks.last.focus()
    page.keyboard.press("Enter")
    expect(refined).not_to_have_attribute("d", str(before[0]))
    expect(seen.locator("#look-attribution .scale")).to_be_visible()
    settle(page)
    expect(heat).not_to_have_attribute("src", str(before[2]))
    assert masks.evaluate(SHOWN) != before[1]
    for one in picks.all():
        expect(one).to_have_attribute("aria-pressed", "true")
    expect(picks.last).to_be_focused()
    name = picks.last.locator("span").inner_text()
    expect(seen.locator("[data-heard]")).to_contain_text(f"Now following: {name}")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_way_of_2014_shows_its_steps_and_its_clock_to_whoever_stays(
    looked: Looked, lang: str
) -> None:
    seen = looked(lang)
    page = seen.page
    go = page.locator("#look-rcnn-go")
    go.click()
    expect(seen.locator("#look-rcnn progress")).to_be_visible()
    expect(go).to_be_hidden()
    room(page, "learn")  # nobody waits for it in another room
    settle(page)
    room(page, "inside")
    expect(go).to_be_visible()
    settle(page)
    expect(seen.locator("#look-rcnn progress, .old-clock")).to_have_count(0)
    go.click()
    expect(seen.locator("#look-rcnn progress")).to_be_visible()
    expect(go).to_be_hidden()
    expect(seen.locator(".old-clock li")).to_have_count(5, timeout=FIRST_LOAD)
    steps = ("regions", "rectangles", "objects", "clock")
    titles = [said(lang, f"rcnn.{name}.title") for name in steps]
    expect(seen.locator("#look-rcnn h3")).to_have_text(titles)
    times = WORDS.say(lang, "detection.inside.rcnn.clock.told", times="")
    expect(seen.locator(".old-clock .told")).to_contain_text(times.partition("R-CNN")[2][:4])
    dial = seen.get_by_label(said(lang, "rectangle.slider"), exact=True)
    told = seen.locator(".old-rectangles .told")
    first = told.inner_text()
    dial.focus()
    page.keyboard.press("ArrowRight")
    expect(told).not_to_have_text(first)
    assert dial.get_attribute("aria-valuetext") == told.inner_text()
    assert "{" not in seen.inner_text()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_nothing_is_found_a_sentence_says_so(page: Page, app_url: str, lang: str) -> None:
    page.goto(f"{app_url}/?tab=detection&lang={lang}")
    found = page.locator("#detect-found .found")
    expect(found.locator("h2").first).to_be_visible(timeout=FIRST_LOAD)
    settle(page)
    file = io.BytesIO()
    Image.new("RGB", (300, 40), (128, 128, 128)).save(file, "PNG")
    grey = {"name": "grey.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.locator("#detect-give input[type=file]").set_input_files(grey)  # type: ignore[arg-type]
    expect(page.locator("#detect-found [data-found*='grey.png']")).to_be_visible()
    room(page, "inside")
    expect(page.locator("#look-steps .note")).to_have_text(said(lang, "nothing"))
    expect(page.locator("#look-steps h2")).to_have_count(4)
    expect(page.locator("#look-attribution h2")).to_have_count(0)
