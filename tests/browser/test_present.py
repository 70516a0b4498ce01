"""The presentation from start to end by arrow keys, every demonstration answered, nothing fetched
from elsewhere (`new_page` fails otherwise); and on paper."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Page, expect

from demos.classification import examples
from demos.language import Words
from tests.browser.accessible import keeps_out

SCREENS = 7
WORDS = Words()


def test_arrow_keys_lead_through_and_everything_answers(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?present&lang=en")
    expect(page.locator(".place")).to_have_text(f"1 / {SCREENS}")
    for number in range(2, SCREENS + 1):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".place")).to_have_text(f"{number} / {SCREENS}")
        if number < SCREENS:
            shown = page.locator(".screen.shown")
            expect(shown.locator("[data-show=ms]")).not_to_have_text("…")
            expect(shown.locator("[data-show=memory]")).to_have_text(re.compile(r"^\d+$"))
            expect(shown.locator(".get :is(.answer, .leaf, .faces)")).to_be_visible()
            expect(shown.locator(".refusal")).to_have_count(0)
            assert keeps_out(page, ".screen.shown") == []
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(f"{SCREENS} / {SCREENS}")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == SCREENS


def test_a_screen_stands_whole_on_a_laptop(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?present&lang=en")
    for _ in range(2, SCREENS):
        page.keyboard.press("ArrowRight")
        shown = page.locator(".screen.shown")
        expect(shown.locator("[data-show=ms]")).not_to_have_text("…")
        assert "—" not in shown.locator("dd").all_inner_texts()
        for width, height in ((1440, 757), (1280, 720)):
            page.set_viewport_size({"width": width, "height": height})
            place = page.locator(".place").inner_text()
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), place


def test_the_writer_of_the_chinese_page_is_the_tang_network(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/present?lang=zh#4")
    leaf = page.locator(".screen.shown .leaf")
    expect(leaf).to_have_text(re.compile("^明月[\\u4e00-\\u9fff，。\\s]+$"))


def test_an_input_may_be_changed_there_and_then(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/present?lang=zh#5")
    shown = page.locator(".screen.shown")
    expect(shown.locator(".answer")).to_be_visible()
    shown.locator("textarea").fill("Good morning!")
    shown.locator("textarea").press("Enter")
    expect(shown.locator(".answer")).to_contain_text(re.compile("早上好|早安|你好"))
    expect(shown.locator("h1")).to_be_focused()  # the arrow keys lead on
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(f"6 / {SCREENS}")
    page.keyboard.press("ArrowLeft")
    shown.locator("textarea").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(f"5 / {SCREENS}")  # within the text
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(f"6 / {SCREENS}")


#: Drops a file with these bytes (base64) onto the page.
DROP = """([name, type, bytes]) => {
    const data = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([data], name, { type }));
    const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer });
    document.querySelector(".screen.shown h1").dispatchEvent(drop);
    return drop.defaultPrevented;
}"""


def test_a_picture_may_be_dropped_on_a_screen(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/present?lang=en#2")
    shown = page.locator(".screen.shown")
    expect(shown.locator(".answer")).to_be_visible()
    before = shown.locator("img").get_attribute("src")
    content = base64.b64encode(examples.available()[2].path.read_bytes()).decode()
    assert page.evaluate(DROP, ["mine.png", "image/png", content])
    expect(shown.locator("img")).not_to_have_attribute("src", before)
    expect(shown.locator(".get")).not_to_have_class(re.compile("asking"))
    expect(shown.locator(".answer")).to_be_visible()
    dropped = str(shown.locator("img").get_attribute("src"))
    assert page.evaluate(DROP, ["text.png", "image/png", base64.b64encode(b"no picture").decode()])
    expect(shown.locator(".refusal")).to_have_text(WORDS.say("en", "error.picture_unreadable"))
    expect(shown.locator("img")).to_have_attribute("src", dropped)


def test_a_letter_alone_does_nothing_and_the_button_fills_the_screen(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/present?lang=en")
    expect(page.locator(".place")).to_have_text(f"1 / {SCREENS}")
    page.evaluate(
        "() => { window.filled = 0;"
        " document.documentElement.requestFullscreen = async () => { window.filled += 1 } }"
    )
    page.keyboard.press("f")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(f"2 / {SCREENS}")
    assert page.evaluate("window.filled") == 0
    page.locator("[data-do=full]").click()
    assert page.evaluate("window.filled") == 1


@pytest.mark.parametrize(("address", "number"), [("#foo", 1), ("#2.5", 2), ("#99", 7), ("#4", 4)])
def test_any_address_opens_a_screen(page: Page, app_url: str, address: str, number: int) -> None:
    page.goto(f"{app_url}/present?lang=en{address}")
    expect(page.locator(".screen.shown")).to_have_count(1)
    expect(page.locator(".place")).to_have_text(f"{number} / 7")
    page.evaluate("location.hash = '#3'")
    expect(page.locator(".place")).to_have_text("3 / 7")
    page.locator("nav a[lang]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".place")).to_have_text("3 / 7")


def test_what_the_poet_does_not_read_is_said(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/present?lang=zh#4")
    screen = page.locator("[data-screen=write]")
    screen.locator("textarea").fill("明月👩 é")
    screen.locator("textarea").press("Enter")
    expect(screen.locator(".get")).to_contain_text("跳过了的字符：👩 é")
    screen.locator("textarea").fill("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。")
    screen.locator("textarea").press("Enter")
    expect(screen.locator(".get")).to_contain_text("已经是一首完整的诗")
