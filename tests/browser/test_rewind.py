"""Rewind in a real browser: one input, asked of two moments of a training."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from demos.language import Words
from tests.browser.accessible import keeps_out
from tests.browser.server import serving

WORDS = Words()
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app whose trainings end at once, with two moments."""
    folder = tmp_path_factory.mktemp("rewind")
    with serving(folder, "--offline", script="tests/browser/rewound_training.py") as url:
        yield url


def test_a_slider_goes_back_to_what_the_network_said_before_it_had_learnt(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(**PHONE)
    page.goto(f"{app_url}/?tab=text&room=train&lang=zh")
    room = page.locator("[data-mounted]:visible")
    room.locator("[data-starter=text]").click()
    room.locator("[data-do=start]").click()
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say("zh", "training.done"))
    for _ in range(2):  # and by its link again
        rewind = room.locator(".train-rewind")
        rewind.locator("summary").click()
        rewind.locator("textarea").fill("ROMEO:")
        answer, slider = rewind.locator(".rewind-answer"), rewind.locator("[type=range]")
        late = rewind.locator(".rewind-answer[data-moment='31']:not(.asking)")
        expect(late).to_contain_text("ROMEO:")
        told = answer.inner_text()
        said = WORDS.say("zh", "training.moments.end", step=60)
        expect(slider).to_have_attribute("aria-valuetext", said)
        slider.press("Home")
        expect(rewind.locator("output")).to_have_text(WORDS.say("zh", "training.moments.begin"))
        expect(answer).to_have_attribute("data-moment", "00")
        assert answer.inner_text() not in ("", told)
        slider.press("End")
        expect(answer).to_have_text(told, use_inner_text=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert keeps_out(page, ".train-rewind") == []
        page.reload()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_network_too_large_to_be_rewound_is_said_to_be(
    new_page: Callable[..., Page], app_url: str, lang: str
) -> None:
    page = new_page(**PHONE)
    page.goto(f"{app_url}/?tab=text&room=train&lang={lang}")
    room = page.locator("[data-mounted]:visible")
    said, rewind = room.locator(".train-no-rewind"), room.locator(".train-rewind")
    room.locator("textarea").first.fill("A large network learns this.\n" * 400)
    room.locator("[data-do=start]").click()
    expect(said).to_be_visible()
    expect(said).to_have_text(WORDS.say(lang, "training.no_moments"))
    expect(rewind).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    room.locator("[data-do=new]").click()
    room.locator("[data-starter=text]").click()
    room.locator("[data-do=start]").click()
    expect(rewind).to_be_visible()  # the next one is small
    expect(said).to_be_hidden()


def test_what_was_trained_is_listed_under_try_until_it_is_deleted(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=text&room=train&lang=en")
    rooms = page.locator("#text-rooms")
    room, opened = rooms.locator("[data-mounted]:visible"), page.locator("#write-model input")
    own = page.locator("[role=option]").filter(has_text="★")

    def turn(name: str) -> None:
        rooms.locator(":scope > .tab-wrapper").get_by_role("tab", name=name).click()

    room.locator("[data-starter=text]").click()
    room.locator("[data-do=start]").click()
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.done"))
    turn(WORDS.say("en", "page.room.try"))  # the same page, not loaded anew
    expect(page.locator("#write-sheet .leaf")).to_be_visible()
    opened.click()
    expect(own).to_have_count(1)
    own.click()
    expect(opened).to_have_value(re.compile("^★ "))

    turn(WORDS.say("en", "page.room.train"))
    page.once("dialog", lambda dialog: dialog.accept())
    room.locator("[data-do=remove]").click()
    expect(room.locator(".train-form")).to_be_visible()
    turn(WORDS.say("en", "page.room.try"))
    expect(opened).not_to_have_value(re.compile("★"))
    opened.click()
    expect(page.locator("[role=option]").first).to_be_visible()
    expect(own).to_have_count(0)
