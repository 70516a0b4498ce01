"""You against the machine, by keys alone, and a link that challenges a friend to the same items."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

GAME = "#text-play"


def test_a_game_is_played_by_keys_and_its_link_brings_the_same_items(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_url}/?tab=text&room=try&lang=en")
    fold = page.locator("#text-game > button")
    expect(fold).to_be_visible()
    assert not any("contest" in url for url in asked), "fetched before it is opened"
    fold.press("Enter")
    page.locator(f"{GAME} [data-next]").press("Enter")
    passages = []
    for number in range(1, 11):
        expect(page.locator(GAME)).to_contain_text(f"Round {number} of 10")
        expect(page.locator(f"{GAME} [data-choice]").first).to_be_focused()
        passages.append(page.locator(f"{GAME} .passage").inner_text())
        page.keyboard.press("2")
        expect(page.locator(f"{GAME} .tally tr").first).to_contain_text(f"of {number}")
        expect(page.locator(f"{GAME} [data-next]")).to_be_focused()
        if number < 10:
            page.keyboard.press("Enter")
    assert len(set(passages)) == 10
    expect(page.locator(f"{GAME} .note")).to_contain_text("So few rounds settle nothing")
    link = page.locator(f"{GAME} [data-link]").get_attribute("data-link")

    friend = new_page(viewport={"width": 390, "height": 844})
    friend.goto(f"{app_url}/?tab=text&room=try&lang=en&game={link}")
    friend.locator(f"{GAME} [data-next]").press("Enter")
    expect(friend.locator(f"{GAME} .passage")).to_have_text(passages[0])
    expect(friend.locator(GAME)).to_contain_text("A friend challenges you")
    assert friend.evaluate("document.documentElement.scrollWidth") <= 390
