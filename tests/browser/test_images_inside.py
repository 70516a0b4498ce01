"""Look inside of Generate images in a real browser, by the real models."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from demos.language import Words
from demos.page import layout
from tests.browser.settling import settle
from tests.browser.test_images import FIRST_LOAD, asked_of, visit

NewPage = Callable[..., Page]
Looked = Callable[[str], Locator]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
STEPS = ("layers", "moves", "discriminator", "replay", "denoise", "copy")


def inside(page: Page, url: str, lang: str = "en") -> Locator:
    """Open the tab, wait for the first face, look inside, wait until all is there."""
    visit(page, url, lang)
    tabs = page.locator("#images-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index("inside")).click()
    # The last piece that is made.
    expect(page.locator("#look-denoise .film").first).to_be_visible(timeout=FIRST_LOAD)
    settle(page)
    return page.locator("#images .room-inside")


def source(image: Locator) -> str:
    return str(image.get_attribute("src"))


@pytest.fixture(scope="module")
def looked(visits: Visits, app_url: str) -> Iterator[Looked]:
    """The room by its language, opened once each: each test has a figure to itself."""

    def open_(lang: str) -> Locator:
        seen = inside(make(), app_url, lang)
        expect(seen.locator(".refusal:visible")).to_have_count(0)
        return seen

    with visits() as make:
        yield cache(open_)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_face_of_try_is_looked_into(looked: Looked, lang: str) -> None:
    seen = looked(lang)
    page = seen.page
    for name in STEPS:
        title = WORDS.say(lang, f"images.inside.{name}.title")
        expect(seen.locator(f"#look-{name} h2")).to_have_text(title)
    head = page.locator("#look-images-head")
    expect(head).to_contain_text(WORDS.say(lang, "images.inside.carried").partition("{face}")[2])
    expect(seen.locator("#look-layers li")).to_have_count(6)


def test_a_slider_moves_the_face_and_reset_brings_it_back(looked: Looked) -> None:
    seen = looked("en")
    image = seen.locator("#look-moved img")
    before = source(image)
    slider = seen.get_by_label("Direction 2").first
    slider.fill("2.5")
    expect(seen.locator(".sliders output").nth(1)).to_have_text("+2.5")
    expect(image).not_to_have_attribute("src", before)
    moved = source(image)
    seen.locator("[data-strip='1']").click()
    strip = seen.locator("#look-strip img")
    expect(strip.first).to_have_attribute("alt", "Direction 2 at −3.0")
    expect(strip).to_have_count(7)
    seen.locator("[data-reset]").click()
    expect(slider).to_have_value("0")
    expect(image).to_have_attribute("src", before)
    assert moved != before


def rest(seen: Locator) -> None:
    """The sliders where they began, and the face drawn there."""
    seen.locator("[data-reset]").click()
    expect(seen.get_by_label("Direction 1").first).to_have_value("0")
    settle(seen.page)


def test_however_fast_a_slider_moves_the_last_place_is_the_one_that_is_drawn(
    looked: Looked,
) -> None:
    seen = looked("en")
    page = seen.page
    rest(seen)
    asked = asked_of(page)
    image = seen.locator("#look-moved img")
    before = source(image)
    seen.locator(".sliders").evaluate("""box => {
        const slider = box.querySelector("input");
        for (let n = 1; n <= 300; n++) {
            slider.value = n / 100;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }""")
    expect(seen.locator(".sliders output").first).to_have_text("+3.0")
    expect(image).not_to_have_attribute("src", before)
    settle(page)
    assert 1 <= len(asked) <= 2, "three hundred moves in one go are one question, or two"
    fast = source(image)
    seen.locator("[data-reset]").click()
    expect(image).not_to_have_attribute("src", fast)
    seen.get_by_label("Direction 1").first.fill("3")
    expect(image).to_have_attribute("src", fast)


def test_spots_tell_their_number_under_the_pointer_and_the_keys(looked: Looked) -> None:
    seen = looked("en")
    page = seen.page
    told = seen.locator("#look-verdict .readout")
    expect(told).to_have_text(WORDS.say("en", "images.inside.discriminator.point"))
    seen.locator(".spots [data-i='20'] .ground").hover(force=True)
    expect(told).to_contain_text("Row 2, column 7")
    seen.locator(".spots").focus()
    page.keyboard.press("Home")
    expect(told).to_contain_text("Row 1, column 1")
    page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text("Row 1, column 1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("Row 2, column 2")
    expect(seen.locator(".spots .at")).to_have_count(1)


def test_a_picture_of_ones_own_is_scored_and_what_is_none_is_refused(looked: Looked) -> None:
    seen = looked("en")
    field = seen.locator("#look-discriminator").locator(
        "xpath=following::input[@type='file'][1]"
    )  # Gradio puts the field beside its button
    file = io.BytesIO()
    Image.new("RGB", (120, 90), (60, 120, 160)).save(file, "PNG")
    drawing = {"name": "blue.png", "mimeType": "image/png", "buffer": file.getvalue()}
    field.set_input_files(drawing)  # type: ignore[arg-type]
    verdict = seen.locator("#look-verdict")
    expect(verdict).to_contain_text("your picture")
    back = seen.locator("#discriminator-back")
    expect(back).to_be_visible()
    torn = {"name": "torn.png", "mimeType": "image/png", "buffer": file.getvalue()[:40]}
    field.set_input_files(torn)  # type: ignore[arg-type]
    expect(verdict.locator(".refusal")).to_be_visible()
    back.click()
    expect(verdict).to_contain_text("this face")
    expect(back).to_be_hidden()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_file_too_large_is_refused_before_it_is_sent(
    looked: Looked, tmp_path: Path, lang: str
) -> None:
    seen = looked(lang)
    page = seen.page
    heavy = tmp_path / "heavy.jpg"
    with heavy.open("wb") as file:
        file.truncate(60_000_000)
    with page.expect_file_chooser() as chooser:
        seen.locator("#discriminator-picture").click()
    chooser.value.set_files(heavy)
    said = WORDS.say(lang, "error.file_too_large", size=60, limit=50)
    expect(seen.locator(".refusal:visible")).to_have_text(said)
    expect(page.locator(".toast-body")).to_have_count(0)


def test_the_training_plays_and_its_marker_follows(looked: Looked) -> None:
    seen = looked("en")
    page = seen.page
    replay = seen.locator("#look-replay")
    slider = replay.locator("input[type=range]")
    last = int(str(slider.get_attribute("max")))
    expect(slider).to_have_value(str(last))
    slider.focus()
    page.keyboard.press("Home")
    expect(replay.locator(".told")).to_have_text(WORDS.say("en", "images.inside.replay.before"))
    place = "e => new DOMMatrix(getComputedStyle(e).transform)"
    marker, film = replay.locator(".now"), replay.locator(".film img")
    assert marker.evaluate(f"e => ({place})(e).e") == 0
    replay.locator("[data-play]").click()
    expect(slider).to_have_value(str(last))
    expect(replay.locator("[data-play]")).to_have_text("Play")
    assert marker.evaluate(f"e => ({place})(e).e") > 300
    shown = film.evaluate(f"e => -({place})(e).f / e.offsetHeight")
    assert abs(shown - last / (last + 1)) < 0.01


def test_nothing_plays_for_whoever_asks_for_less_motion(new_page: NewPage, app_url: str) -> None:
    page = new_page(reduced_motion="reduce")
    seen = inside(page, app_url)
    expect(seen.locator("[data-play]")).to_have_count(2)
    expect(seen.locator("[data-play]:visible")).to_have_count(0)
    slider = seen.locator("#look-denoise input[type=range]")
    slider.fill("0")
    expect(seen.locator("#look-denoise .told")).to_contain_text("nothing but noise")


def test_another_face_is_looked_into_and_the_same_one_stays(page: Page, app_url: str) -> None:
    seen = inside(page, app_url)
    tabs = page.locator("#images-rooms > .tab-wrapper [role=tab]")
    seen.get_by_label("Direction 1").first.fill("1")
    tabs.nth(0).click()
    tabs.nth(1).click()
    settle(page)
    expect(seen.get_by_label("Direction 1").first).to_have_value("1")
    first = source(seen.locator("#look-images-head img"))
    tabs.nth(0).click()
    page.locator("#face-grid [data-at='1']").click()
    settle(page)
    tabs.nth(1).click()
    expect(seen.locator("#look-images-head img")).not_to_have_attribute("src", first)
    expect(seen.get_by_label("Direction 1").first).to_have_value("0")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_a_phone(looked: Looked, lang: str) -> None:
    """What is opened there on a phone: test_house."""
    page = looked(lang).page
    desktop = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(desktop)  # type: ignore[arg-type]
    assert width <= 390
