"""Translating in a real browser, by the real models: type, pause, turn around, send a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Locator, Page, expect

from demos.language import Words
from demos.page import layout
from demos.translation.examples import EXAMPLES
from tests.browser.settling import settle

NewPage = Callable[..., Page]
Trying = Callable[[str], Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
SAID, TEXT = "#say-pane .said", "#say-text textarea"
FIRST_LOAD = 120_000  # ms that the first model may take while others' trainings run
MARKUP = '<img src=x onerror="document.title=1"> & <b>bold</b> words here'


def visit(page: Page, url: str, lang: str = "en") -> Page:
    """Open the tab and wait until the example that stands there from the start is translated."""
    page.goto(f"{url}/?tab=translation&lang={lang}")
    expect(page.locator(SAID)).to_be_visible(timeout=FIRST_LOAD)
    return page


@pytest.fixture(scope="module")
def trying(visits: Visits, app_url: str) -> Iterator[Trying]:
    """The tab by its language, opened once each: for tests that say what they translate and leave
    its direction."""
    with visits() as make:
        yield cache(lambda lang: visit(make(), app_url, lang))


def typed(page: Page, text: str) -> str:
    """What is said to a text, once the visitor pauses."""
    page.evaluate("document.querySelector('#say-pane .said, #say-pane .refusal')?.remove()")
    page.locator(TEXT).fill(text)
    expect(page.locator(SAID)).to_be_visible()
    settle(page)
    return page.locator(SAID).inner_text()


def direction(page: Page, name: str, lang: str = "en") -> Locator:
    source, _, target = name.partition("-")
    said = " → ".join(WORDS.say(lang, f"translation.language.{code}") for code in (source, target))
    return page.locator("#say-direction label").filter(has_text=said)


def test_an_example_is_answered_when_the_page_opens(page: Page, app_url: str) -> None:
    visit(page, app_url)
    expect(page.locator(TEXT)).to_have_value("I am a student.")
    expect(page.locator(SAID)).to_contain_text("étudiant")
    expect(page.locator(SAID)).to_have_attribute("lang", "fr")
    expect(page.locator("#say-pane .quiet").first).to_contain_text("million weights")
    expect(page.locator("#say-details")).to_contain_text("Did it learn this by heart?")


def test_chinese_pages_open_with_a_chinese_sentence(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    expect(page.locator(TEXT)).to_have_value("我是学生。")
    expect(page.locator(SAID)).to_have_attribute("lang", "en")
    expect(direction(page, "zh-en", "zh").locator("input")).to_be_checked()


def test_home_translates_nothing(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=home&lang=en")
    expect(page.locator("#home h1")).to_be_visible()
    settle(page)
    assert page.locator(SAID).count() == 0
    page.locator("#translation-button").click()
    expect(page.locator(SAID)).to_be_visible()


def test_it_answers_as_one_pauses_and_not_at_every_key(trying: Trying) -> None:
    page = trying("en")
    settle(page)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/queue/join" in r.url else None)
    typed(page, "The dog sleeps.")
    at_once = len(asked)
    page.locator(TEXT).fill("")
    expect(page.locator("#say-pane")).to_contain_text(WORDS.say("en", "translation.answer.empty"))
    expect(page.locator("#say-seen")).to_have_count(0)
    settle(page)
    before = len(asked)
    page.locator(TEXT).evaluate("""field => {
      for (const end of Array("The cat sleeps.".length).keys()) {
        field.value = "The cat sleeps.".slice(0, end + 1);
        field.dispatchEvent(new Event("input", {bubbles: true}));
      }
    }""")
    expect(page.locator(SAID)).to_be_visible()
    settle(page)
    assert len(asked) - before == at_once
    assert page.locator("#say-pane.stale").count() == 0


def test_the_last_of_what_was_typed_is_what_is_answered(trying: Trying) -> None:
    page = trying("en")
    alone = typed(page, "We are here.")
    with page.expect_request("**/queue/join*"):
        page.locator(TEXT).fill("One sentence is here. " * 60)
    page.locator(TEXT).fill("We are here.")
    settle(page)
    expect(page.locator(SAID)).to_have_text(alone)


def test_sentences_and_line_breaks_are_kept(trying: Trying) -> None:
    page = trying("en")
    said = typed(page, "I am here. You are there.\n\nWe are\n* 3 *\nhere.")
    lines = said.split("\n")
    assert len(lines) == 5 and not lines[1] and lines[3] == "* 3 *" and all(lines[::2])


def test_another_language_is_noticed_and_the_switch_is_one_click(page: Page, app_url: str) -> None:
    visit(page, app_url)
    typed(page, "Je ne sais pas où elle habite.")
    expect(page.locator("#say-noticed")).to_contain_text("This looks like French.")
    page.locator("#say-noticed button").click()
    expect(direction(page, "fr-en").locator("input")).to_be_checked()
    expect(page.locator("#say-noticed")).to_have_text("")
    expect(page.locator(SAID)).to_have_attribute("lang", "en")
    expect(page.locator(TEXT)).to_have_value("Je ne sais pas où elle habite.")


def test_examples_turn_with_the_direction(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#say-examples [data-pick='2']").click()
    expect(page.locator(TEXT)).to_have_value(EXAMPLES["en"][2])
    direction(page, "zh-en").click()
    expect(page.locator(TEXT)).to_have_value(EXAMPLES["zh"][2])
    expect(page.locator(SAID)).to_have_attribute("lang", "en")
    expect(page.locator("#say-model input")).to_have_value(re.compile("English–Chinese network"))


def test_turning_around_takes_the_translation_along(page: Page, app_url: str) -> None:
    visit(page, app_url)
    settle(page)
    said = page.locator(SAID).inner_text()
    page.locator("#say-swap").click()
    expect(page.locator(TEXT)).to_have_value(said)
    expect(direction(page, "fr-en").locator("input")).to_be_checked()
    expect(page.locator(SAID)).to_have_attribute("lang", "en")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_fifty_thousand_characters_are_refused_in_a_sentence(trying: Trying, lang: str) -> None:
    page = trying(lang)
    page.locator(TEXT).fill("word " * 10_000)
    refusal = page.locator("#say-pane .refusal")
    told = WORDS.say(lang, "error.translation_too_long", length="50,000", most="5,000")
    expect(refusal).to_have_text(told)
    expect(page.locator("#say-seen")).to_have_count(0)


def test_markup_stays_text(trying: Trying) -> None:
    page = trying("en")
    typed(page, MARKUP)
    assert page.locator(".said img, .said b, #say-details img").count() == 0
    assert page.title() != "1"


def test_what_was_typed_stays_when_one_looks_elsewhere(trying: Trying) -> None:
    page = trying("en")
    said = typed(page, "My own words are here.")
    page.locator("#say-seen").click()
    expect(page.locator("#translation .room-inside")).to_be_visible()
    page.locator("#translation-rooms > .tab-wrapper [role=tab]").nth(
        layout.ROOMS.index("try")
    ).click()
    settle(page)
    expect(page.locator(TEXT)).to_have_value("My own words are here.")
    assert page.locator(SAID).inner_text() == said


def test_what_was_typed_stays_when_the_page_changes_its_language(page: Page, app_url: str) -> None:
    visit(page, app_url)
    own = "My own words are here. “So?”"
    direction(page, "en-zh").click()
    expect(page.locator(SAID)).to_have_attribute("lang", "zh-CN")
    settle(page)
    typed(page, own)
    said = page.locator(SAID).inner_text()
    page.locator("[data-switch=lang]").click()
    expect(direction(page, "en-zh", "zh").locator("input")).to_be_checked(timeout=FIRST_LOAD)
    expect(page.locator(TEXT)).to_have_value(own)
    expect(page.locator(SAID)).to_have_text(said)
    assert "own" not in page.url
    page.reload()
    expect(page.locator(TEXT)).to_have_value(own)


def test_an_example_that_nobody_chose_changes_with_the_language(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("[data-switch=lang]").click()
    expect(page.locator(TEXT)).to_have_value("我是学生。")
    expect(direction(page, "zh-en", "zh").locator("input")).to_be_checked()


def test_differences_are_seen_without_their_colour(trying: Trying) -> None:
    page = trying("en")
    typed(page, "My grandmother keeps her glasses in the fridge.")
    page.evaluate("""document.querySelector('#say-details').insertAdjacentHTML('beforeend',
        '<div class="others"><del>a</del></div>')""")
    line = "e => getComputedStyle(e).textDecorationLine"
    assert page.locator("#say-details mark").first.evaluate(line) == "underline"
    assert page.locator("#say-details del").first.evaluate(line) == "line-through"


def test_every_list_shows_that_it_opens(page: Page, app_url: str) -> None:
    visit(page, app_url)
    typed(page, "I am here. You are there.")
    page.locator("#say-seen").click()
    chosen = page.locator("#translation .sentence select")
    expect(chosen).to_be_visible()
    arrow = "e => getComputedStyle(e).backgroundImage"
    page.locator("#home-button").click()
    assert page.locator("#home select").first.evaluate(arrow).count("gradient") == 2
    assert chosen.evaluate(arrow) == page.locator("#home select").first.evaluate(arrow)


def test_a_run_without_end_is_cut_and_said_to_be_lost(trying: Trying) -> None:
    page = trying("en")
    assert typed(page, "我昨天晚上吃了一个苹果。").endswith("…")
    expect(page.locator("#say-details")).to_contain_text("The network lost its thread")


def test_without_a_network_then_and_now_compares_what_is_bundled(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#say-compare").click()
    columns = page.locator("#say-beside .answered")
    expect(columns).to_have_count(2)
    expect(columns.last.locator(".said")).to_contain_text("étudiant")
    expect(page.locator("#say-beside")).to_contain_text("--offline")
    expect(page.locator("#say-fetch-now")).to_have_count(0)
    typed(page, "You are here.")
    expect(columns).to_have_count(0)  # it was about another text


def test_a_file_comes_back_line_by_line(trying: Trying, tmp_path: Path) -> None:
    page, file = trying("en"), tmp_path / "letter.txt"
    lines = ["I am a student.", "", *(f"I have {n} cats." for n in range(2, 60))]
    file.write_text("\n".join(lines), "utf-8")
    page.locator("input[type=file]").last.set_input_files(file)
    take = page.locator("#say-file-out a.btn")
    expect(take).to_be_visible()
    with page.expect_download() as download:
        take.click()
    assert download.value.suggested_filename == "letter.fr.txt"
    made = Path(download.value.path()).read_text("utf-8").split("\n")
    assert len(made) == len(lines) and "étudiant" in made[0] and not made[1]
    expect(page.locator("#say-file-out")).to_contain_text("60 of 60 lines")
    expect(page.locator("#say-file-stop")).to_have_count(0)


def test_a_chinese_file_in_gb18030_is_read(trying: Trying, tmp_path: Path) -> None:
    page, file = trying("zh"), tmp_path / "信.txt"
    file.write_bytes("我是学生。\n".encode("gb18030"))
    page.locator("input[type=file]").last.set_input_files(file)
    expect(page.locator("#say-file-out a.btn")).to_be_visible()
    expect(page.locator("#say-file-out")).to_contain_text("GB18030")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "raw"),
    [("letter.txt", "déjà vu".encode("latin-1")), ("letter.pdf", b"%PDF-1.7\n\xff\0")],
)
def test_a_file_that_is_no_unicode_is_refused(
    trying: Trying, tmp_path: Path, lang: str, name: str, raw: bytes
) -> None:
    page, file = trying(lang), tmp_path / name
    file.write_bytes(raw)
    page.locator("input[type=file]").last.set_input_files(file)
    told = WORDS.say(lang, "error.translation_file_encoding", name=name)
    expect(page.locator("#say-file-out .refusal")).to_have_text(told)


def test_an_empty_file_is_not_sent(trying: Trying, tmp_path: Path) -> None:
    page, file = trying("zh"), tmp_path / "letter.txt"
    file.touch()
    page.locator("input[type=file]").last.set_input_files(file)
    refused = page.locator(".files .refusal:visible")
    expect(refused).to_have_text(WORDS.say("zh", "error.translation_file_empty"))
    file.write_text("我是学生。", "utf-8")
    page.locator("input[type=file]").last.set_input_files(file)
    expect(page.locator("#say-file-out a.btn")).to_be_visible()
    expect(refused).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_reaches_beyond_a_wide_page(trying: Trying, lang: str) -> None:
    """Nor beyond a phone's: test_house asks that of every tab."""
    page = trying(lang)
    before = page.viewport_size
    typed(page, EXAMPLES[lang][0])
    page.set_viewport_size({"width": 1440, "height": 900})
    settle(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(before)  # type: ignore[arg-type]
    assert width <= 1440


def test_the_door_answers_scripts(app_url: str) -> None:
    client = Client(app_url, verbose=False)
    got = client.predict("I am a student.", api_name="/translate")
    assert "étudiant" in got["translation"] and len(got["alternatives"]) == 7
    assert [len(row) for row in got["attention"]] == [len(got["source_tokens"])] * len(
        got["target_tokens"]
    )
