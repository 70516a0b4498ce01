"""You against the machine, by keys alone, and a link that challenges a friend to the same items."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessible import keeps_out

GAME, BOX = "#detection-play", "#detection-play [data-box]"


def test_a_game_is_played_by_keys_and_its_link_brings_the_same_items(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_url}/?tab=detection&room=try&lang=en")
    fold = page.locator("#detection-game > button")
    expect(fold).to_be_visible()
    assert not any("contest" in url for url in asked), "fetched before it is opened"
    fold.press("Enter")
    page.locator(f"{GAME} [data-next]").press("Enter")
    pictures = []
    for number in range(1, 6):
        expect(page.locator(GAME)).to_contain_text(f"Round {number} of 5")
        expect(page.locator(BOX)).to_be_focused()
        told = page.locator(f"{GAME} p[data-told]")
        expect(told).to_have_text("Left 25%, top 25%, right 75%, bottom 75%")
        pictures.append(page.locator(f"{BOX} img").get_attribute("src"))
        for key in ("ArrowLeft", "Shift+ArrowDown"):
            page.keyboard.press(key)
        expect(told).to_have_text("Left 24%, top 25%, right 74%, bottom 76%")
        page.keyboard.press("Enter")
        expect(page.locator(f"{GAME} .tally tr").first.locator("td:not(:empty)")).to_have_count(
            number + 1  # the mean is one more
        )
        expect(page.locator(f"{GAME} [data-next]")).to_be_focused()
        if number in (1, 5):
            assert keeps_out(page, "#detection-game") == []
        if number < 5:
            page.keyboard.press("Enter")
    assert len(set(pictures)) == 5
    scrolls = "getComputedStyle(document.querySelector('#detection-game')).overflowY"
    assert page.evaluate(scrolls) == "visible", "a scroll bar within the page"
    expect(page.locator(f"{GAME} .note")).to_contain_text("So few rounds settle nothing")
    link = page.locator(f"{GAME} [data-link]").get_attribute("data-link")

    friend = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    friend.goto(f"{app_url}/?tab=detection&room=try&lang=zh&game={link}")
    score = link.rsplit("-", 1)[1]
    expect(friend.locator(f"{GAME} [data-friend]")).to_contain_text(score)
    friend.locator(f"{GAME} [data-next]").press("Enter")
    expect(friend.locator(f"{BOX} img")).to_have_attribute("src", str(pictures[0]))
    expect(friend.locator(GAME)).to_contain_text("朋友用同样的题向你挑战")
    assert keeps_out(friend, "#detection-game") == []
    assert friend.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("tab", "rounds"), [("text", 10), ("translation", 6)])
def test_a_game_of_choices_is_played_to_its_end_by_keys(
    page: Page, app_url: str, tab: str, rounds: int
) -> None:
    page.goto(f"{app_url}/?tab={tab}&room=try&lang=en")
    game = page.locator(f"#{tab}-play")
    page.locator(f"#{tab}-game > button").press("Enter")
    game.locator("[data-next]").press("Enter")
    for number in range(1, rounds + 1):
        expect(game).to_contain_text(f"Round {number} of {rounds}", timeout=60_000)
        expect(game.locator("[data-choice]").first).to_be_focused()
        page.keyboard.press(str(1 + number % 2))
        expect(game.locator("[data-next]")).to_be_focused()
        if number < rounds:
            page.keyboard.press("Enter")
    expect(game.locator(".note")).to_contain_text("So few rounds settle nothing")


def test_whoever_presses_before_the_script_is_there_stays_in_the_game(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page()
    held: list[Route] = []
    page.route("**/house/contest.js", lambda route: held.append(route))
    page.goto(f"{app_url}/?tab=detection&room=try&lang=en")
    page.locator("#detection-game > button").press("Enter")
    page.locator(f"{GAME} [data-next]").press("Enter")
    expect(page.locator(f"{GAME} [data-next]")).to_be_focused()
    held[0].continue_()
    expect(page.locator(BOX)).to_be_focused()


def test_a_round_comes_into_sight_before_its_clock_has_run(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(viewport={"width": 1440, "height": 757})
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    fold = page.locator("#classification-game > button")
    fold.click()
    game = page.locator("#classification-play")
    game.locator("[data-next]").click()
    for number in (1, 2):
        expect(game).to_contain_text(f"Round {number} of")
        for option in game.locator("[data-choice]").all():
            expect(option).to_be_in_viewport(ratio=1)
        expect(game.locator(".item img")).to_be_in_viewport(ratio=0.9)
        game.locator("[data-choice]").first.click()
        game.locator("[data-next]").click()


def test_whoever_presses_before_the_game_is_fetched_is_heard(page: Page, app_url: str) -> None:
    waiting: list[Route] = []
    page.route("**/house/contest.js", lambda route: waiting.append(route))
    page.goto(f"{app_url}/?tab=detection&room=try&lang=en")
    page.locator("#detection-game > button").press("Enter")
    page.locator(f"{GAME} [data-next]").press("Enter")
    while not waiting:
        page.wait_for_timeout(50)
    waiting[0].continue_()
    expect(page.locator(GAME)).to_contain_text("Round 1 of 5")


def test_on_a_touch_screen_the_options_are_alike_and_no_keys_are_told(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    page.locator("#classification-game > button").tap()
    game = page.locator("#classification-play")
    game.locator("[data-next]").tap()
    options = game.locator("[data-choice]")
    expect(options).to_have_count(4)
    boxes = [option.bounding_box() for option in options.all()]
    assert boxes[0]["height"] == boxes[1]["height"] and boxes[2]["height"] == boxes[3]["height"]
    expect(game.get_by_text("With the keyboard")).to_be_hidden()
    examples = page.locator("#classification .room-try")
    expect(examples.get_by_text("Drop your own picture")).to_be_hidden()
    expect(examples.get_by_text("Choose your own picture")).to_be_visible()


@pytest.mark.parametrize(("lang", "other"), [("en", "zh"), ("zh", "en")])
def test_a_game_goes_on_in_the_other_language(
    page: Page, app_url: str, lang: str, other: str
) -> None:
    page.goto(f"{app_url}/?tab=classification&room=try&lang={lang}")
    page.locator("#classification-game > button").press("Enter")
    game = page.locator("#classification-play")
    item, points = game.locator(".item img"), game.locator(".tally td:not(:empty):not(.whole)")
    for _ in range(2):
        game.locator("[data-next]").click()
        game.locator("[data-choice]").first.click()
    game.locator("[data-next]").click()
    expect(game.locator("[data-choice]")).to_have_count(4)
    before, told = item.get_attribute("src"), points.all_inner_texts()
    assert len(told) == 2 * 2  # two rounds of each

    page.locator("[data-switch=lang]").locator("visible=true").click()
    page.wait_for_url(re.compile(f"lang={other}"))
    expect(game.locator("[data-choice]")).to_have_count(4)
    expect(item).to_have_attribute("src", str(before))
    assert [one[0] for one in points.all_inner_texts()] == [one[0] for one in told]
