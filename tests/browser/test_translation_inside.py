"""Look inside of Translate in a real browser, by the real models: point, walk, choose, force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache

import pytest
from playwright.sync_api import Locator, Page, expect

from demos.language import Words
from demos.page import layout
from tests.browser.settling import settle
from tests.browser.test_translation import typed, visit

NewPage = Callable[..., Page]
Looked = Callable[[str], Locator]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
PLACES = ("align", "choice", "beams", "meaning", "ablation")


def inside(page: Page, url: str, lang: str = "en") -> Locator:
    """Open the tab, wait for the example's translation, look inside, wait until all is there."""
    return look(visit(page, url, lang))


def look(page: Page) -> Locator:
    room(page, "inside")
    # The last piece that is made.
    expect(page.locator("#look-ablation h2")).to_be_visible()
    settle(page)
    return page.locator("#translation .room-inside")


def room(page: Page, name: str) -> None:
    tabs = page.locator("#translation-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index(name)).click()


@pytest.fixture(scope="module")
def looked(visits: Visits, app_url: str) -> Iterator[Looked]:
    """The room by its language, opened once each: for tests that point and walk in it, each in a
    figure of its own, and choose nothing."""
    with visits() as make:
        yield cache(lambda lang: inside(make(), app_url, lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_sentence_of_try_is_looked_into(looked: Looked, lang: str) -> None:
    seen = looked(lang)
    page = seen.page
    for name in PLACES:
        title = WORDS.say(lang, f"translation.inside.{name}.title")
        expect(seen.locator(f"#look-{name} h2")).to_have_text(title)
    head = page.locator("#look-translation-head")
    expect(head).to_contain_text(WORDS.say(lang, "translation.inside.carried").partition("{")[0])
    if lang == "en":
        student = seen.locator("#look-align .lines text").filter(has_text="student").first
        expect(student).to_be_visible()
        expect(seen.locator("#look-choice")).to_contain_text("étudiant")


def test_pointing_at_a_word_lights_its_lines_and_tells_its_shares_as_do_the_keys(
    looked: Looked,
) -> None:
    seen = looked("en")
    page = seen.page
    box = seen.locator("#look-align")
    expect(box.locator(".readout")).to_contain_text("Point at a word")
    box.locator(".lines [data-i='0']").hover()
    expect(box.locator(".readout li")).to_have_count(4)
    expect(box.locator(".readout")).to_contain_text("“Je”")
    assert box.locator(".lines path.on").count() > 0
    assert box.locator(".lines path:not(.on)").count() > 0
    page.mouse.move(2, 2)
    box.locator(".figure").focus()
    expect(box.locator(".readout")).to_contain_text("“Je”")
    page.keyboard.press("ArrowDown")
    expect(box.locator(".readout")).to_contain_text("“suis”")
    page.keyboard.press("ArrowLeft")
    expect(box.locator(".readout")).to_contain_text("was looked at while writing")
    page.keyboard.press("Home")
    expect(box.locator(".lines g.at text")).to_have_text("Je")


def test_coming_back_changes_nothing_and_the_table_stays_when_a_word_is_forced(
    page: Page, app_url: str
) -> None:
    seen = inside(page, app_url)
    seen.locator("#look-choice [data-word]").nth(1).click()
    expect(seen.locator("#look-choice [data-take]").first).to_be_visible()
    room(page, "try")
    room(page, "inside")
    settle(page)
    expect(seen.locator("#look-choice [data-take]").first).to_be_visible()

    table = seen.locator("#look-align .heat")
    expect(table).to_be_hidden()
    seen.locator("#look-align [data-show=heat]").click()
    expect(table).to_be_visible()
    expect(seen.locator("#look-align .lines")).to_be_hidden()
    words = seen.locator("#look-choice [data-word]")
    words.nth(2).focus()
    page.keyboard.press("Enter")
    expect(words.nth(2)).to_have_attribute("aria-pressed", "true")  # no longer the second's
    offered = seen.locator("#look-choice [data-take]")
    expect(offered.nth(1)).to_be_visible()
    other = seen.locator("#look-choice [data-take]:not([aria-current])").first
    word = other.locator("b").inner_text()
    follows = other.locator("em").inner_text()
    other.click()
    expect(seen.locator("#look-choice .own")).to_have_count(3)
    expect(words.nth(2)).to_contain_text(word)
    first = seen.locator("#look-beams .ended td").first
    expect(first).to_have_text(follows)
    stem = seen.locator("#look-beams g.forced")
    expect(stem).to_contain_text(word)
    stem.hover()
    told = seen.locator("#look-beams .readout")
    expect(told).to_contain_text(WORDS.say("en", "translation.inside.beams.told_forced"))
    expect(table.locator("tbody th").nth(2)).to_have_text(word)
    expect(table).to_be_visible()
    seen.locator("#look-choice [data-back]").click()
    expect(seen.locator("#look-choice .own")).to_have_count(0)
    expect(stem).to_have_count(0)
    expect(first).to_contain_text("étudiant")


def test_the_search_and_the_map_are_walked_by_keyboard(looked: Looked) -> None:
    seen = looked("en")
    page = seen.page
    box = seen.locator("#look-beams")
    box.locator(".figure").focus()
    expect(box.locator(".readout")).to_contain_text("“Je”")
    page.keyboard.press("ArrowRight")
    expect(box.locator(".readout")).to_contain_text("“Je suis”")
    expect(box.locator("g.on")).to_have_count(2)  # the way there
    page.keyboard.press("ArrowDown")
    expect(box.locator(".readout")).to_contain_text("2")
    page.keyboard.press("End")
    at = box.locator("g.at")
    expect(at).to_be_in_viewport()

    # A family stands out on the map until it is pressed again.
    box = seen.locator("#look-meaning")
    expect(box.locator("svg g")).to_have_count(101)
    weather = box.locator("[data-show=weather]")
    weather.click()
    expect(box.locator("g.chosen")).to_have_count(10)
    expect(weather).to_have_attribute("aria-pressed", "true")
    box.locator(".figure").focus()
    page.keyboard.press("Home")  # the pointer may lie on a mark since the page moved
    expect(box.locator(".readout")).to_contain_text("I am a student.")
    page.keyboard.press("ArrowRight")
    expect(box.locator(".readout")).to_contain_text("It rained on the garden all night.")
    weather.click()
    expect(box.locator("g.chosen")).to_have_count(0)


def test_another_text_is_looked_into_and_of_several_sentences_any(page: Page, app_url: str) -> None:
    seen = inside(page, app_url)
    room(page, "try")
    typed(page, "The cat is here. Where is the <b dog?")
    look(page)
    chosen = page.locator("#look-translation-head select")
    expect(chosen).to_be_visible()
    expect(seen.locator("#look-align .lines text").filter(has_text="cat")).to_have_count(1)
    chosen.select_option(index=1)
    dog = seen.locator("#look-align .lines text").filter(has_text="dog")
    expect(dog).to_have_count(1)
    expect(page.locator("#look-ablation h2")).to_be_visible()
    assert seen.locator(".lines b, .options b b").count() == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_a_phone(new_page: NewPage, app_url: str, lang: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    seen = inside(page, app_url, lang)
    seen.locator("#look-choice [data-word]").first.click()
    expect(seen.locator("#look-choice [data-take]").first).to_be_visible()
    seen.locator("#look-align [data-show=heat]").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    figure = seen.locator("#look-beams .figure")
    assert figure.evaluate("box => box.scrollWidth > box.clientWidth"), "it scrolls in its own box"
