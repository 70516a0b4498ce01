"""A link that is shared opens what was shared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

CAT = re.compile('"file": "[Cc]at')


def test_a_shared_text_is_written_again_and_the_pen_is_given_its_words(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.goto(f"{app_url}/?tab=text&lang=zh")
    page.locator("#write-sheet [data-share]").click()
    expect(page.locator("#write-sheet [data-share]")).to_have_text("已复制")
    link = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as taken:
        page.locator("#write-sheet [data-picture]").click()
    assert taken.value.suggested_filename == "poem.png"
    friend = new_page()
    friend.goto(link)
    expect(friend.locator("#write-sheet [data-share]")).to_be_visible()
    leaf = "#write-sheet .made"
    assert friend.locator(leaf).inner_text() == page.locator(leaf).inner_text()
    friend.goto(f"{app_url}/?tab=text&exhibit=pen&text=hello&bias=1.2&hand=3&pen_seed=5")
    form = friend.locator("#pen-form")
    expect(form.locator("[name=text]")).to_have_value("hello")
    expect(form.locator("[name=style][value='3']")).to_be_checked()
    expect(form.locator("[name=seed]")).to_have_value("5")


def copied(page: Page, place: str) -> str:
    """The link that a button copies, by the keyboard."""
    page.evaluate("navigator.clipboard.writeText('')")  # what another test has copied
    page.locator(f"{place} [data-share]").press("Enter")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('tab='))")
    return str(page.evaluate("navigator.clipboard.readText()"))


def taken(page: Page, button: str) -> tuple[str, tuple[int, int]]:
    """(name, width and height) of the picture that a button saves."""
    with page.expect_download() as download:
        page.locator(button).press("Enter")
    return download.value.suggested_filename, Image.open(download.value.path()).size


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "There is no model called text/nope"), ("zh", "没有名为 text/nope 的模型")],
)
def test_an_address_with_an_unknown_writer_says_so_and_ours_writes(
    page: Page, app_url: str, lang: str, said: str
) -> None:
    page.goto(f"{app_url}/?tab=text&model=text/nope&lang={lang}")
    unmet = page.locator("#write-unmet")
    expect(unmet).to_contain_text(said)
    expect(page.locator("#write-inside")).to_be_visible()  # ours has written
    page.locator("#write-prompt textarea").click()
    expect(unmet).to_be_hidden()


def test_a_shared_translation_is_made_again_whatever_was_typed_before(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.goto(f"{app_url}/?tab=translation&lang=en")
    expect(page.locator("#say-pane .said")).to_be_visible()
    page.locator("#say-direction label").nth(1).click()
    expect(page.locator("#say-pane .said")).to_contain_text("student")
    page.locator("#say-text textarea").fill("Où est la gare ?")
    expect(page.locator("#say-pane .said")).to_contain_text("station")
    said, link = page.locator("#say-pane .said").inner_text(), copied(page, "#say-pane")
    name, (width, height) = taken(page, "#say-pane [data-picture]")
    assert (name, width) == ("translation.png", 900) and height > 300
    page.locator("#say-text textarea").fill("Bonjour !")
    page.goto(link)  # in the same tab, which keeps what was typed
    expect(page.locator("#say-text textarea")).to_have_value("Où est la gare ?")
    expect(page.locator("#say-pane .said")).to_have_text(said)
    expect(page.locator("#say-unmet")).to_be_hidden()
    page.goto(f"{app_url}/?tab=translation&source=Hello.&direction=en-xx&model=nobody&lang=en")
    expect(page.locator("#say-unmet .refusal")).to_have_count(2)
    expect(page.locator("#say-text textarea")).to_have_value("Hello.")
    expect(page.locator("#say-pane .said")).to_be_visible()


def test_a_link_opens_an_example_and_never_a_visitors_picture(
    new_page: Callable[..., Page], app_url: str, tmp_path: Path
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.goto(f"{app_url}/?tab=classification&lang=en")
    answer = page.locator("#classify-answer")
    expect(answer.locator("[data-share]")).to_be_visible()
    page.locator(".room-try .examples [data-pick=lion]").click()
    expect(answer.locator(".answer-name")).to_have_text("lion")
    link = copied(page, "#classify-answer")
    assert taken(page, "#classify-answer [data-picture]")[0] == "answer.png"
    friend = new_page()
    friend.goto(link)
    expect(friend.locator("#classify-answer .answer-name")).to_have_text("lion")
    own = tmp_path / "own.png"
    Image.new("RGB", (300, 200), (40, 90, 160)).save(own)
    page.locator("#classify-picture input[type=file]").set_input_files(own)
    expect(answer.locator(".share .quiet")).to_contain_text("does not carry your own picture")
    expect(answer.locator("[data-share]")).to_have_count(0)
    name, (width, height) = taken(page, "#classify-answer [data-picture]")
    assert (name, width) == ("answer.png", 560) and height > 300
    # A photograph that is not answered yet is not saved beside the answer to another.
    button = answer.locator("[data-picture]")
    button.evaluate("(one) => { one.dataset.photo = 'another/file.png'; }")
    assert taken(page, "#classify-answer [data-picture]")[1][1] == height - 200
    page.goto(f"{app_url}/?tab=classification&classify_picture=nobody&lang=en")
    expect(page.locator("#classify-unmet .refusal")).to_contain_text("no example called nobody")
    expect(answer.locator(".answer-name")).to_have_text("espresso")
    page.locator(".room-try .examples [data-pick=lion]").click()
    expect(page.locator("#classify-unmet")).to_be_hidden()


def test_a_link_to_detected_objects_keeps_the_minimum_confidence(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{app_url}/?tab=detection&detect_picture=cat&confidence=30&lang=en")
    expect(page.locator("#detect-least output")).to_have_text("30%")
    expect(page.locator("#detect-found [data-found]")).to_have_attribute("data-found", CAT)
    page.locator("#detect-least input").fill("61")
    link = copied(page, "#detect-found")
    assert "detect_picture=cat" in link and "confidence=61" in link
    page.goto(f"{app_url}/?tab=detection&detect_picture=cat&confidence=99&lang=en")
    expect(page.locator("#detect-unmet .refusal")).to_contain_text("from 5 to 95")
    expect(page.locator("#detect-least output")).to_have_text("50%")
