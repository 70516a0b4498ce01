"""From the first click to right answers: drawn shapes to learn from, a camera that is shown a star,
and the page for a phone. The camera is Chromium's own fake one, which plays a film."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from demos.language import Words
from pretrained import starters
from tests.browser.chromium import ARGUMENTS, find

FRAMES = 12


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a camera in front of which stars of the starter data are held."""
    folder = tmp_path_factory.mktemp("film")
    film = folder / "star.mjpeg"
    starters.make("shapes", folder / "shapes", seed=5)  # others than the page draws
    stars = sorted((folder / "shapes" / "star").iterdir())[:FRAMES]
    with film.open("wb") as file:
        for star in stars:
            with Image.open(star) as picture:
                picture.convert("RGB").resize((240, 240)).save(file, "JPEG", quality=90)
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=find(), args=[*ARGUMENTS, *camera])
        yield made
        made.close()


def room(page: Page, name: str) -> None:
    page.locator("#classification-rooms").get_by_role("tab", name=name, exact=True).click()


def opened(new_page: Callable[..., Page], app_url: str, lang: str = "en", **more: object) -> Page:
    page = new_page(**more)
    page.goto(f"{app_url}/?tab=classification&room=train&lang={lang}")
    expect(page.locator(".classroom-class")).to_have_count(3)
    return page


def test_from_the_first_click_to_a_page_for_a_phone(
    new_page: Callable[..., Page], app_url: str, tmp_path: Path
) -> None:
    page = opened(new_page, app_url)
    page.get_by_role("button", name="Start with drawn shapes").click()
    estimate = page.locator("[data-show=estimate]")
    expect(estimate).to_have_text(
        re.compile(r"of 64 pictures \(\d+%\)\. Each was left out in turn,")
    )
    expect(page.locator(".classroom-matrix td")).to_have_count(1 + 16)
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator(".classroom-live .best b")).to_have_text("star")

    page.locator(".classroom-keep input").fill("Shapes")
    page.locator(".classroom-keep button").click()
    card = page.locator(".classroom-card")
    expect(card.locator("h3")).to_have_text("Shapes")
    expect(card.locator(".note")).to_contain_text("--host 0.0.0.0")  # 127.0.0.1: no phone's
    expect(card.locator(".qr")).to_have_count(0)
    link = card.locator("input").input_value()

    phone = new_page(viewport={"width": 390, "height": 780})
    phone.goto(link)
    expect(phone.locator(".answer")).to_have_text("star")
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    picture = tmp_path / "wide.png"
    Image.new("RGB", (600, 400), "teal").save(picture)
    phone.locator("input[type=file]").set_input_files(picture)
    for size in ({"width": 390, "height": 780}, {"width": 1440, "height": 900}):
        phone.set_viewport_size(size)
        shown = phone.locator(".see img")
        expect(shown).to_be_visible()
        expect(shown).to_have_css("object-fit", "contain")
        whole, (width, height) = phone.evaluate(
            "['.see img', '.see'].map((name) => document.querySelector(name))"
            ".map((it) => [it.clientWidth, it.clientHeight])"
        )
        assert whole == [width, height] and width * height > 0.3 * 390 * 780
        letters = phone.locator(".answer").evaluate(
            "it => parseFloat(getComputedStyle(it).fontSize)"
        )
        assert letters >= 40 and phone.locator(".answer").bounding_box()["y"] < size["height"] - 40
    phone.close()  # else it goes on asking

    own = page.get_by_role("option", name="★ Shapes", exact=True)
    room(page, "Try")
    page.locator("#classify-model input").click()
    expect(own).to_be_visible()
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    page.locator("#classify-model input").click()
    own.click()
    expect(page.locator("#classify-answer")).to_contain_text("★ Shapes, ")
    room(page, "Train your own")

    page.on("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Delete it").click()
    expect(card).to_have_count(0)
    assert page.request.get(link).status == 404
    room(page, "Try")
    page.locator("#classify-model input").click()
    expect(page.get_by_role("option", name="HOG")).to_be_visible()
    expect(own).to_have_count(0)


def test_a_burst_by_keyboard_makes_a_class_and_a_reload_keeps_it(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = opened(new_page, app_url, "zh", viewport={"width": 390, "height": 844})
    first = page.locator(".classroom-class").first
    first.locator(".classroom-name input").fill("我的")
    first.locator("[data-do=webcam]").click()
    shutter = first.locator("[data-do=hold]")
    expect(shutter).to_be_visible()
    page.wait_for_function("document.querySelector('.classroom-record video').videoWidth > 0")
    shutter.focus()
    page.keyboard.down("Space")
    expect(first.locator(".classroom-strip img").nth(2)).to_be_visible()
    page.keyboard.up("Space")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.reload()
    expect(first.locator(".classroom-name input")).to_have_value("我的")
    expect(first.locator(".classroom-strip img").first).to_be_visible()

    classes, asked = page.locator(".classroom-class"), []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if len(asked) > 1 else dialog.dismiss()

    page.on("dialog", answer)
    for _ in range(2):  # beside pictures of one's own only when one says so
        expect(classes).to_have_count(3)
        page.locator("[data-do='starter:shapes']").click()
    expect(classes).to_have_count(5)  # two of the three had no picture, and are called anew
    expect(first.locator(".classroom-name input")).to_have_value("我的")
    assert asked == [Words().say("zh", "classification.train.sure_starter")] * 2


@pytest.mark.parametrize(("recorded", "removed"), [(0, 0), (1, 1), (2, 2), (2, 0), (0, 1), (2, 1)])
def test_the_camera_stays_with_its_class_and_goes_with_it(
    new_page: Callable[..., Page], app_url: str, recorded: int, removed: int
) -> None:
    """Even before anything lies on the server, where the classes get their numbers only then."""
    page = opened(new_page, app_url)
    classes = page.locator(".classroom-class")
    name = f"Class {recorded + 1}"
    classes.nth(recorded).locator("[data-do=webcam]").click()
    expect(classes.nth(recorded).locator("[data-do=hold]")).to_be_visible()
    using = "[...document.querySelectorAll('.classroom-record video')].map((it) => !!it.srcObject)"
    assert page.evaluate(using) == [True, True, True]
    classes.nth(removed).locator("[data-do=drop-class]").click()
    expect(classes).to_have_count(2)
    stays = recorded != removed
    shown = page.locator(".classroom-record:visible")
    expect(shown).to_have_count(int(stays))
    assert page.evaluate(using) == [stays, stays]
    if stays:
        card = classes.filter(has=shown)
        expect(card.locator(".classroom-name input")).to_have_value(name)
        expect(card.locator("[data-do=webcam]")).to_have_text(
            Words().say("en", "classification.train.close")
        )
    expect(page.locator("[data-classroom] > .refusal")).to_be_hidden()


def test_a_class_that_is_added_while_the_camera_is_on_shows_it_too(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = opened(new_page, app_url)
    page.locator("[data-classroom] [data-do=camera]").click()
    expect(page.locator(".classroom-see video")).to_be_visible()
    page.locator("[data-do=add]").click()
    added = page.locator(".classroom-class").nth(3)
    added.locator("[data-do=webcam]").click()
    video = added.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function("(it) => it.videoWidth > 0", arg=video.element_handle(), timeout=20_000)

    page.get_by_role("button", name="Start with drawn shapes").click()
    expect(page.locator("[data-show=learnt]")).to_contain_text("Learnt from 64 pictures")
    without = page.locator("[data-show=without]")
    expect(without).to_have_text("No pictures yet, so not among the answers: Class 4.")
    page.get_by_role("button", name="Remove the class Class 4").click()
    expect(without).to_be_empty()
