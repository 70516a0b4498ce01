"""The guided tour: by keys from its first step to its last, and again from an address."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from camera import CAMERA
from PIL import Image
from playwright.sync_api import Page, expect

from demos.language import Words
from tests.browser.accessible import keeps_out
from tests.browser.settling import settle

WORDS = Words()
#: Whether the panel lies over what its step points at: what the ring is drawn around.
OVER = """() => {
    const box = (one) => document.querySelector(one).getBoundingClientRect();
    const [a, b] = [box(".tour"), box(".tour-ring")];
    const across = Math.min(a.right, b.right) > Math.max(a.left, b.left);
    return across && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);
}"""


def at_step(page: Page, number: int, lang: str = "en") -> None:
    """The panel shows this step, has the focus, and lies beside what it points at."""
    said = WORDS.say(lang, "tour.step", number=number, count=5)
    expect(page.locator(".tour")).to_contain_text(said)
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


@pytest.mark.parametrize(
    ("tab", "lang"),
    [
        ("classification", "zh"),
        ("detection", "en"),
        ("text", "zh"),
        ("translation", "en"),
        ("images", "zh"),
    ],
)
def test_every_step_of_every_tour_stands_beside_what_it_points_at_on_a_phone(
    new_page: Callable[..., Page], app_url: str, tab: str, lang: str
) -> None:
    page = new_page(reduced_motion="reduce", viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/?tab={tab}&room=try&lang={lang}&tour=1")
    for number in range(1, 6):
        at_step(page, number, lang)
        page.keyboard.press("ArrowRight")
    expect(page.locator(".tour h2")).to_have_text(WORDS.say(lang, "tour.over.title"))
    expect(page.locator(".tour-ring")).to_be_hidden()


#: Puts a picture into the clipboard.
COPIED = """async (png) => {
    const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
    await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
}"""


def choose(page: Page, file: Path) -> None:
    icon = "#classify-picture .source-selection button, #detect-give [data-choose]"
    with page.expect_file_chooser() as chooser:
        page.locator(icon).locator("visible=true").first.click()
    chooser.value.set_files(file)


def paste(page: Page, file: Path) -> None:
    page.evaluate(COPIED, b64encode(file.read_bytes()).decode())
    page.keyboard.press("Control+V")


def drop(page: Page, file: Path) -> None:
    """Where the panel never lies: onto the picture, or onto what the step points at."""
    place = page.locator("#classify-picture img, #detect-examples").locator("visible=true").first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + min(100, box["height"] / 2)}
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def camera(page: Page, file: Path) -> None:
    page.locator("#detect-give [data-camera]").click()


@pytest.mark.parametrize(
    ("tab", "lang", "give"),
    [
        ("classification", "en", choose),
        ("classification", "zh", paste),
        ("classification", "en", drop),
        ("detection", "zh", choose),
        ("detection", "en", paste),
        ("detection", "zh", drop),
        ("detection", "en", camera),
    ],
)
def test_a_picture_of_ones_own_is_a_picture_however_it_is_given(
    new_page: Callable[..., Page],
    app_url: str,
    tmp_path: Path,
    tab: str,
    lang: str,
    give: Callable[[Page, Path], None],
) -> None:
    file = tmp_path / "own.png"
    Image.new("RGB", (300, 200), "teal").save(file)
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.add_init_script(CAMERA if give is camera else "")
    page.goto(f"{app_url}/?tab={tab}&room=try&lang={lang}&tour=1")
    expect(page.locator(".tour-ring")).to_be_visible()
    expect(page.locator("#classify-answer li, #detect-found tr").first).to_be_visible()
    settle(page)
    give(page, file)
    page.wait_for_url("**tour=2**")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_chosen_already_may_be_chosen(
    new_page: Callable[..., Page], app_url: str, lang: str
) -> None:
    page = new_page()
    page.goto(f"{app_url}/?tab=text&room=try&exhibit=pen&lang={lang}&tour=4")
    pen = page.locator("#text .room-try [data-exhibit-of=pen]")
    expect(pen).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".tour-ring")).to_be_visible()
    settle(page)
    pen.click()
    page.wait_for_url("**tour=5**")
