"""The five questions at the end of Learn, by clicks, and in the other language."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.parametrize(("lang", "other"), [("en", "zh"), ("zh", "en")])
def test_what_was_answered_is_answered_in_the_other_language_too(
    page: Page, app_url: str, lang: str, other: str
) -> None:
    page.goto(f"{app_url}/?tab=classification&room=learn&lang={lang}")
    quiz = page.locator("#classification .quiz").locator("visible=true")
    questions = quiz.locator("[data-question]")
    quiz.scroll_into_view_if_needed()
    expect(questions).to_have_count(5)
    questions.nth(0).locator("[data-answer='1']").click()
    questions.nth(3).locator("[data-answer='0']").first.click()
    pressed = quiz.locator("[data-answer][aria-pressed=true]")
    expect(pressed).to_have_count(2)

    page.locator("[data-switch=lang]").locator("visible=true").click()
    page.wait_for_url(re.compile(f"lang={other}"))
    quiz.scroll_into_view_if_needed()
    expect(pressed).to_have_count(2)
    expect(questions.nth(0).locator(".right[aria-pressed=true]")).to_have_count(1)
    expect(questions.nth(3).locator(".wrong[aria-pressed=true]")).to_have_count(1)
    expect(questions.nth(3).locator(".questions-why")).to_be_visible()
    for n in (1, 2, 4):
        questions.nth(n).locator("[data-answer='1']").click()
    expect(quiz.locator("[data-score]")).to_contain_text("4")

    page.goto(f"{app_url}/?tab=classification&room=learn&lang={lang}")  # a new visit
    quiz.scroll_into_view_if_needed()
    expect(questions).to_have_count(5)
    expect(pressed).to_have_count(0)


def test_the_pen_has_questions_of_its_own(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=text&exhibit=pen&room=learn&lang=en")
    quiz = page.locator("#text .quiz").locator("visible=true")
    page.locator("#handwriting-learn-questions").scroll_into_view_if_needed()
    expect(quiz).to_have_count(1)
    question = quiz.locator("[data-question]").nth(1)
    question.locator("[data-answer='1']").click()
    question.locator("[data-see]").click()
    expect(page.locator("#pen-inside [data-show=letters]")).to_be_focused()
