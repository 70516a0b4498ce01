"""A link that is shared opens what was shared."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect


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
