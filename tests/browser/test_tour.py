"""The guided tour: by keys from its first step to its last, and again from an address."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessible import keeps_out
from tests.browser.settling import settle

#: Whether the panel lies over what its step points at: what the ring is drawn around.
OVER = """() => {
    const box = (one) => document.querySelector(one).getBoundingClientRect();
    const [a, b] = [box(".tour"), box(".tour-ring")];
    const across = Math.min(a.right, b.right) > Math.max(a.left, b.left);
    return across && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);
}"""


def at_step(page: Page, number: int) -> None:
    """The panel shows this step, has the focus, and lies beside what it points at."""
    expect(page.locator(".tour")).to_contain_text(f"Step {number} of 5")
    expect(page.locator(".tour")).to_be_focused()
    expect(page.locator(".tour-ring")).to_be_visible()
    page.wait_for_function(f"() => !({OVER})()")
    assert f"tour={number}" in page.url


def there(page: Page) -> None:
    """From the panel to what its step points at."""
    page.locator(".tour [data-do=there]").press("Enter")
    expect(page.locator(".tour")).not_to_be_focused()


def test_the_tour_waits_for_what_it_asks_and_goes_on_from_its_address(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    begin = page.locator("#classification [data-tour]")
    expect(begin).to_be_visible()
    settle(page)
    assert not any("/tour" in url for url in asked), "fetched before it is wanted"

    begin.press("Enter")
    at_step(page, 1)
    there(page)
    page.keyboard.press("Tab")  # the next picture
    page.keyboard.press("Enter")
    at_step(page, 2)  # by itself
    assert keeps_out(page, ".tour") == []
    page.keyboard.press("ArrowRight")
    at_step(page, 3)
    page.keyboard.press("ArrowLeft")
    at_step(page, 2)

    page.goto(f"{app_url}/?tab=classification&lang=en&tour=4")
    at_step(page, 4)
    expect(page.locator("#classification .room-inside")).to_be_visible()
    there(page)
    page.keyboard.press("Enter")
    at_step(page, 5)
    there(page)
    page.keyboard.press("ArrowRight")  # the convolution's place, not the tour's step
    expect(page.locator(".tour h2")).to_have_text("That was the tour")
    page.locator(".tour [data-do=next]").press("Enter")
    expect(page.locator(".tour")).to_have_count(0)
    assert "tour=" not in page.url and "room=inside" in page.url

    begin.press("Enter")
    at_step(page, 1)
    page.keyboard.press("Escape")
    expect(begin).to_be_focused()
    assert "tour=" not in page.url
