"""Where a visitor is: address, history, title, what outlives a reload, and what a phone shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos import TABS
from tests.browser.settling import settle

NewPage = Callable[..., Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
LOW: Any = {"width": 390, "height": 600}
STILL_PHONE = PHONE | {"reduced_motion": "reduce"}


def visit(page: Page, url: str, place: str) -> None:
    page.goto(f"{url}/?lang=en&{place}")
    expect(page.locator(".title h1:visible")).to_be_visible()
    settle(page)


def asked(page: Page) -> tuple[str | None, str | None]:
    """The tab and the room that stand in the address."""
    query = parse_qs(urlsplit(page.url).query)
    return query.get("tab", [None])[0], query.get("room", [None])[0]


def room(page: Page, tab: str, name: str) -> Any:
    return page.locator(f"#{tab}-rooms > .tab-wrapper [data-tab-id={name}]")


def test_every_change_of_tab_or_room_is_a_step_that_back_takes_back(
    page: Page, app_url: str
) -> None:
    page.goto(app_url)
    expect(page).to_have_title("Breakthroughs")
    settle(page)
    page.locator("#classification-button").click()
    expect(page).to_have_title("Classify images · Breakthroughs")
    expect(room(page, "classification", "try")).to_be_visible()
    room(page, "classification", "learn").click()
    expect(page).to_have_title("Learn · Classify images · Breakthroughs")
    assert asked(page) == ("classification", "learn")
    page.locator("#results-button").click()
    expect(page).to_have_title("Results · Breakthroughs")
    assert asked(page) == ("results", None)

    page.go_back()
    expect(page.locator("#classification .room-learn")).to_be_visible()
    expect(page).to_have_title("Learn · Classify images · Breakthroughs")
    page.go_back()
    expect(page.locator("#classification .room-try")).to_be_visible()
    assert asked(page) == ("classification", "try")
    page.go_back()
    expect(page.locator("#home h1")).to_be_visible()
    expect(page).to_have_title("Breakthroughs")
    assert asked(page) == (None, None)
    page.go_forward()
    expect(page.locator("#classification .room-try")).to_be_visible()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_reload_keeps_the_room(page: Page, app_url: str, lang: str) -> None:
    page.goto(f"{app_url}/?lang={lang}&tab=detection&room=learn")
    expect(page.locator("#detection .room-learn .prose.article h2").first).to_be_visible()
    page.reload()
    expect(page.locator("#detection .room-learn .prose.article h2").first).to_be_visible()
    assert asked(page) == ("detection", "learn")
    title = "Learn · Detect objects" if lang == "en" else "学原理 · 目标检测"
    expect(page).to_have_title(f"{title} · Breakthroughs")


def test_a_room_that_there_is_not_is_no_step(page: Page, app_url: str) -> None:
    visit(page, app_url, "tab=detection&room=kitchen")
    expect(page.locator("#detection .room-try")).to_be_visible()
    assert asked(page) == ("detection", "try")
    page.go_back()
    expect(page.locator(".title h1")).to_have_count(0)


def test_a_reload_keeps_what_was_typed(page: Page, app_url: str) -> None:
    visit(page, app_url, "tab=text")
    prompt = page.locator("#write-prompt textarea")
    expect(prompt).not_to_have_value("")
    prompt.press("ControlOrMeta+a")
    page.keyboard.type("To whom it may concern")
    page.reload()
    expect(prompt).to_have_value("To whom it may concern")
    settle(page)
    expect(prompt).to_have_value("To whom it may concern")
    # What stands there goes on from it, and not from the page's own opening.
    expect(page.locator("#write-sheet")).to_contain_text("To whom it may concern")


def test_a_reload_keeps_what_is_translated(page: Page, app_url: str) -> None:
    visit(page, app_url, "tab=translation")
    text = page.locator("#say-text textarea")
    expect(text).not_to_have_value("")
    text.press("ControlOrMeta+a")
    page.keyboard.type("I am tired.")
    page.reload()
    expect(text).to_have_value("I am tired.")


def test_a_lost_connection_is_said_where_an_article_would_stand(
    new_page: NewPage, app_url: str
) -> None:
    page = new_page()
    page.add_init_script("""const fetched = window.fetch; window.fetch = (...given) =>
        String(given[0]).includes("/house/words/") ? Promise.reject(new TypeError())
            : fetched(...given);""")
    page.goto(f"{app_url}/?lang=en&tab=results")
    expect(page.locator("#results [role=alert]")).to_contain_text("could not be fetched")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tabs_of_a_phone_are_one_line_that_scrolls(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = new_page(**STILL_PHONE)
    page.goto(f"{app_url}/?lang={lang}&tab={TABS[-1]}")
    bar = page.locator("#site > .tab-wrapper .tab-container")
    tabs = bar.locator("[role=tab]")
    expect(tabs).to_have_count(len(TABS))
    settle(page)
    assert len({tab.bounding_box()["y"] for tab in tabs.all()}) == 1  # type: ignore[index]
    expect(tabs.last).to_be_in_viewport(ratio=1)
    expect(tabs.first).not_to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(
    ("tab", "tapped", "answered"),
    [
        ("translation", "#say-examples [data-pick] >> nth=1", ".get"),
        ("translation", "#say-swap", ".get"),
        ("translation", "#say-compare", "#say-beside"),
        ("classification", ".room-try [data-pick] >> nth=2", ".get"),
        ("images", "#face-new", "#face-grid"),
    ],
)
def test_the_answer_comes_into_view_after_a_tap(
    new_page: NewPage, app_url: str, tab: str, tapped: str, answered: str
) -> None:
    page = new_page(**STILL_PHONE)
    page.set_viewport_size(LOW)
    visit(page, app_url, f"tab={tab}")
    answer = page.locator(f"#{tab} .room-try {answered}")
    page.evaluate("scrollTo(0, 0)")
    expect(answer).not_to_be_in_viewport(ratio=0.2)
    page.locator(f"#{tab} {tapped}").tap()
    expect(answer).to_be_in_viewport(ratio=0.2)


def test_the_answer_to_a_file_comes_into_view(new_page: NewPage, app_url: str) -> None:
    page = new_page(**STILL_PHONE)
    visit(page, app_url, "tab=detection")
    page.set_viewport_size(LOW)
    page.evaluate("scrollTo(0, 0)")
    given = io.BytesIO()
    Image.new("RGB", (320, 240), (120, 130, 140)).save(given, "PNG")
    answer = page.locator("#detect-found")
    expect(answer).not_to_be_in_viewport(ratio=0.2)
    file = {"name": "grey.png", "mimeType": "image/png", "buffer": given.getvalue()}
    page.locator("#detect-give input[type=file]").set_input_files(file)
    expect(answer.locator("h2")).to_have_text("Nothing that it knows was found")
    expect(answer).to_be_in_viewport(ratio=0.2)


def test_a_translation_begins_on_the_first_screen_of_a_phone(
    new_page: NewPage, app_url: str
) -> None:
    for lang in ("en", "zh"):
        page = new_page(**STILL_PHONE)
        page.goto(f"{app_url}/?lang={lang}&tab=translation")
        expect(page.locator("#say-pane .said")).to_be_visible()
        settle(page)
        assert page.evaluate("scrollY") == 0
        expect(page.locator("#say-pane .said")).to_be_in_viewport(ratio=0.5)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_why_there_is_no_answer_comes_into_view_instead(new_page: NewPage, app_url: str) -> None:
    page = new_page(**STILL_PHONE)
    visit(page, app_url, "tab=classification")
    no_picture = {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all"}
    page.locator("#classify-picture input[type=file]").set_input_files(no_picture)
    refused = page.locator("#classification .room-try .refusal:visible")
    expect(refused).to_have_count(1)
    expect(refused).to_be_in_viewport(ratio=1)
    expect(page.locator("#classification .unshown")).to_be_hidden()


def test_what_a_finger_taps_is_large_enough(new_page: NewPage, app_url: str) -> None:
    page = new_page(**PHONE, is_mobile=True)
    visit(page, app_url, "tab=classification")
    expect(page.locator("#classification .room-try .share .link").first).to_be_visible()
    picture = "#classify-picture"
    for small in (f"{picture} .source-selection button", f"{picture} .icon-button-wrapper button"):
        expect(page.locator(small).first).to_be_visible()
    tapped = f"{picture} button:visible, .share .link:visible, .foot .link:visible, .foot a:visible"
    for one in page.locator(tapped).all():
        box = one.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, (one.inner_text(), box)


def test_an_answer_in_sight_moves_nothing(page: Page, app_url: str) -> None:
    visit(page, app_url, "tab=translation")
    page.locator("#say-examples [data-pick]").nth(1).click()
    settle(page)
    assert page.evaluate("scrollY") == 0


def test_typing_does_not_move_the_page(new_page: NewPage, app_url: str) -> None:
    page = new_page(**STILL_PHONE)
    visit(page, app_url, "tab=translation")
    text = page.locator("#say-text textarea")
    text.tap()
    settle(page)  # the answer that the page opens with may still come
    before = page.evaluate("scrollY")
    page.keyboard.type(" Yes.")
    settle(page)
    assert page.evaluate("scrollY") == before


def test_the_contents_of_learn_lead_to_a_section_which_the_address_keeps(
    page: Page, app_url: str
) -> None:
    at_the_top = "({ top }) => top >= 0 && top < 40"
    page.goto(f"{app_url}/?tab=detection&room=learn&lang=en")
    contents = page.locator("#detection .contents")
    contents.get_by_role("link", name="How it is measured").press("Enter")
    section = page.locator("#detection-learn-5")
    expect(page).to_have_url(re.compile(r"tab=detection.*#detection-learn-5$"))
    current = contents.locator("a[aria-current]")
    expect(current).to_have_text("How it is measured")
    for reloaded in (False, True, True):
        if reloaded:
            page.reload()
            expect(section).to_be_visible()
        page.wait_for_function(
            f"(one) => ({at_the_top})(one.getBoundingClientRect())", arg=section.element_handle()
        )
    page.evaluate("scrollTo(0, 0)")
    expect(current).to_have_count(0)


def test_the_chosen_tab_is_in_sight_on_a_phone_though_its_letters_come_late(
    new_page: NewPage, app_url: str
) -> None:
    page = new_page(**PHONE)
    visit(page, app_url, "tab=translation")
    chosen = page.locator("#translation-button")
    page.wait_for_timeout(3_000)  # until nothing else on the page moves any more
    page.add_style_tag(
        content="@keyframes late { to { letter-spacing: .3em; } } "
        "#site > .tab-wrapper button { animation: late 1s forwards; }"
    )
    page.wait_for_timeout(1_500)
    expect(chosen).to_be_in_viewport(ratio=1, timeout=2_000)
