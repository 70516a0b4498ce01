"""Generating text in a real browser, by the real models: write, stop, continue, look inside."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache

import pytest
from gradio_client import Client
from playwright.sync_api import Locator, Page, expect

from demos.language import Words
from demos.page import layout
from pretrained.text.ending import MOST_OVER
from tests.browser.settling import settle

NewPage = Callable[..., Page]
Written = Callable[[str], Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
LEAF = "#write-sheet .leaf"
DONE = LEAF + "[aria-busy=false]"


def visit(page: Page, url: str, lang: str = "en") -> Page:
    """Open the tab and wait until the example that stands there from the start is written."""
    page.goto(f"{url}/?tab=text&lang={lang}")
    expect(page.locator(DONE)).to_be_visible()
    return page


@pytest.fixture(scope="module")
def written(visits: Visits, app_url: str) -> Iterator[Written]:
    """The tab by its language with its options unfolded, opened once each: for tests that set what
    they write."""

    def open_(lang: str) -> Page:
        page = visit(make(), app_url, lang)
        page.get_by_role("button", name=WORDS.say(lang, "text.try.more")).click()
        return page

    with visits() as make:
        yield cache(open_)


def room(page: Page, name: str) -> Locator:
    tabs = page.locator("#text-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index(name)).click()
    return page.locator(f"#text .room-{name}")


def at_room(page: Page, url: str, name: str, lang: str = "en") -> Locator:
    """Open one room by its address."""
    page.goto(f"{url}/?tab=text&room={name}&lang={lang}")
    shown = page.locator(f"#text .room-{name}")
    expect(shown).to_be_visible()
    settle(page)
    return shown


def write(page: Page, beginning: str) -> None:
    """Ask for a text, and wait until that one is written."""
    page.evaluate("document.querySelector('#write-sheet .leaf, #write-sheet .refusal')?.remove()")
    page.locator("#write-prompt textarea").fill(beginning)
    page.locator("#write-go").click()
    expect(page.locator(DONE)).to_be_visible()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"{name} input, {name} textarea").first


def choose(page: Page, text: str) -> None:
    page.locator("#write-model input").click()
    page.locator("ul[role=listbox] li").filter(has_text=text).first.click()


def test_an_example_is_written_when_the_page_opens(page: Page, app_url: str) -> None:
    visit(page, app_url)
    expect(page.locator(LEAF + " .given")).to_have_text("ROMEO:\n")
    assert len(page.locator(LEAF + " .made").inner_text()) > 300
    expect(page.locator("#write-sheet .quiet")).to_contain_text(
        re.compile(r"4\d\d characters, seed")
    )
    expect(page.locator("#write-below")).to_contain_text("Did it copy?")


def test_chinese_pages_open_with_a_poem(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    expect(page.locator(LEAF)).to_have_class("leaf poem")
    expect(page.locator("#write-sheet .quiet")).to_contain_text("唐诗网络")
    expect(page.locator("#write-more")).to_have_count(0)  # a poem has its own end


def test_home_writes_nothing(page: Page, app_url: str) -> None:
    """The example begins with the first look at the tab, not with the page."""
    page.goto(f"{app_url}/?tab=home&lang=en")
    expect(page.locator("#home h1")).to_be_visible()
    page.wait_for_timeout(2000)
    assert page.locator(LEAF).count() == 0
    page.locator("#text-button").click()
    expect(page.locator(DONE)).to_be_visible()


def test_a_list_closed_without_a_choice_and_a_look_elsewhere_leave_everything(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    write(page, "JULIET:\nMy own")
    settle(page)
    text = page.locator(LEAF).inner_text()
    page.locator("#write-prompt textarea").fill("typed since")
    page.locator("#write-model input").click()
    expect(page.locator("ul[role=listbox]")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#text h1").first.click()
    settle(page)
    room(page, "learn")
    settle(page)
    room(page, "try")
    settle(page)
    assert page.locator(LEAF).inner_text() == text
    expect(page.locator("#write-prompt textarea")).to_have_value("typed since")


def test_a_long_leaf_ends_where_it_began(new_page: NewPage, app_url: str) -> None:
    page = visit(new_page(viewport={"width": 390, "height": 844}), app_url)
    page.get_by_role("button", name=WORDS.say("en", "text.try.more")).click()
    page.get_by_label(WORDS.say("en", "text.try.length")).first.fill("900")
    page.locator("#write-go").click()
    leaf = page.locator(LEAF)
    expect(page.locator(LEAF + "[aria-busy=true]")).to_be_visible()
    scrolled = "document.querySelector('#write-sheet .leaf').scrollTop > 20"
    page.wait_for_function(scrolled, timeout=30_000)  # it follows the writing
    expect(page.locator(DONE)).to_be_visible()
    settle(page)
    assert leaf.evaluate("leaf => leaf.scrollHeight > leaf.clientHeight + 20")
    assert leaf.evaluate("leaf => leaf.scrollTop") == 0


def test_the_theme_in_the_address_wins_until_the_switch_is_pressed(
    page: Page, app_url: str
) -> None:
    def dark() -> bool:
        return bool(page.evaluate("document.body.classList.contains('dark')"))

    page.goto(f"{app_url}/?tab=results&lang=en")
    page.evaluate("localStorage.setItem('breakthroughs.theme', 'light')")
    visit_dark = f"{app_url}/?tab=results&lang=en&__theme=dark"
    page.goto(visit_dark)
    expect(page.locator("#results h1")).to_be_visible()
    assert dark()
    page.locator("[data-switch=theme]").click()
    assert not dark() and "__theme" not in page.url
    page.goto(visit_dark)
    assert dark()


def test_stop_keeps_what_is_there_and_continue_goes_on(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#write-go").click()
    page.locator("#write-stop").click()
    expect(page.locator(DONE)).to_be_visible()
    more = page.locator("#write-more")
    expect(more).to_be_visible()
    stopped = page.locator(LEAF).inner_text()
    more.click()
    expect(page.locator("#write-stop")).to_be_visible()
    expect(page.locator(DONE)).to_be_visible()
    longer = page.locator(LEAF).inner_text()
    assert longer.startswith(stopped.rstrip()) and len(longer) > len(stopped)


def test_the_same_seed_writes_the_same(written: Written) -> None:
    page = written("en")
    field(page, "#write-seed").fill("12")
    write(page, "First Witch:\n")
    once = page.locator(LEAF).inner_text()
    write(page, "First Witch:\n")
    assert page.locator(LEAF).inner_text() == once


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_seed_that_is_no_number_is_refused(written: Written, lang: str) -> None:
    page = written(lang)
    field(page, "#write-seed").fill("abc")
    page.locator("#write-go").click()
    refusal = page.locator("#write-sheet .refusal")
    expect(refusal).to_contain_text("abc")
    expect(refusal).to_contain_text(WORDS.say(lang, "text.option.seed"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_typed_is_never_markup_and_the_unknown_is_named(
    written: Written, lang: str
) -> None:
    page = written(lang)
    field(page, "#write-seed").fill("")
    write(page, "<img> \u0645 \U0001f600 \x07")
    assert page.locator(LEAF + " img").count() == 0
    note = page.locator("#write-sheet .note")
    for named in ("\u0645", "\U0001f600", "U+0007"):
        expect(note).to_contain_text(named)


def test_100_000_characters_are_cut_and_it_says_so(written: Written) -> None:
    page = written("en")
    field(page, "#write-seed").fill("")
    write(page, "the time is out of joint " * 4000)
    expect(page.locator("#write-sheet .note")).to_contain_text("You sent 100,000 characters")


def test_an_acrostic_begins_each_line(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    page.evaluate("document.querySelector('#write-sheet .leaf').remove()")
    field(page, "#write-acrostic").fill("春夏秋冬")
    page.locator("#write-go").click()
    expect(page.locator(DONE)).to_be_visible()
    expect(page.locator(LEAF + " em")).to_have_text(["春", "夏", "秋", "冬"])


def test_another_model_writes_its_own_example_and_a_download_is_offered(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    choose(page, "Tang")
    expect(page.locator(LEAF + ".poem[aria-busy=false]")).to_be_visible()
    choose(page, "SmolLM2 135M")
    expect(page.locator("#write-sheet .note")).to_contain_text("98 MB")
    expect(page.locator("#write-fetch")).to_be_visible()


def ended(app_url: str, outcome: str) -> float:
    """How many texts of the Shakespeare network ended so, by the server's own count."""
    with urllib.request.urlopen(f"{app_url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    name = f'breakthroughs_requests_total{{model="text/shakespeare",outcome="{outcome}"}}'
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_closed_page_frees_its_stream(new_page: NewPage, app_url: str) -> None:
    """It is cut off where it stands, rather than written to its end for nobody."""
    page = visit(new_page(), app_url)
    page.get_by_role("button", name=WORDS.say("en", "text.try.more")).click()
    page.get_by_label(WORDS.say("en", "text.try.length")).first.fill("2000")
    cut, whole = ended(app_url, "cancelled"), ended(app_url, "answered")
    page.locator("#write-go").click()
    expect(page.locator("#write-sheet .leaf[aria-busy=true]")).to_be_visible()
    page.close()
    other = new_page()
    other.goto(f"{app_url}/?tab=server&lang=en")
    while ended(app_url, "cancelled") == cut:
        assert ended(app_url, "answered") == whole, "it was written to its end"
        other.wait_for_timeout(50)
    models = Client(app_url, verbose=False).predict(api_name="/status")["models"]
    assert {m["key"]: m["leases"] for m in models}["text/shakespeare"] == 0


# Look inside


def test_the_text_just_written_is_looked_into(page: Page, app_url: str) -> None:
    visit(page, app_url)
    begun = page.locator(LEAF).inner_text()[:20]
    page.locator("#write-inside").click()
    inside = page.locator("#text .room-inside")
    expect(inside.locator("#look-cell .strips")).to_be_visible()
    rows = json.loads(str(inside.locator(".expected").get_attribute("data-rows")))
    assert "".join(row[0] for row in rows[:5]) == begun[:5]
    inside.locator(".expected").focus()
    page.keyboard.press("ArrowRight")
    expect(inside.locator(".both .readout li")).to_have_count(5)
    page.keyboard.press("Enter")
    path = inside.locator("#look-next .path")
    expect(path).to_have_text(begun[:1])
    inside.locator("#look-next [data-take]").first.click()
    expect(inside.locator("#look-next [data-back]")).to_be_visible()
    assert path.inner_text().startswith(begun[:1])


def test_a_cell_is_chosen_from_those_that_track_something(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    inside = room(page, "inside")
    cells = inside.locator("#look-list [data-cell]")
    expect(inside.locator("#look-cell .strips")).to_be_visible()
    title = inside.locator("#look-cell h3").inner_text()
    cells.nth(1).focus()
    page.keyboard.press("Enter")
    expect(inside.locator("#look-cell h3")).not_to_have_text(title)
    expect(cells.nth(1)).to_have_attribute("aria-pressed", "true")


def test_a_text_of_ones_own_is_looked_into_and_of_a_long_one_the_end(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    inside = room(page, "inside")
    expect(inside.locator("#look-cell .strips")).to_be_visible()
    inside.get_by_role("button", name=WORDS.say("en", "text.inside.yours")).click()
    page.locator("#look-text textarea").fill("My own words.")
    page.locator("#look-go").click()
    expect(inside.locator(".expected [data-i]")).to_have_count(len("My own words."))
    # Of a long text the end is looked into, and it says so.
    page.locator("#look-text textarea").fill("To be, or not to be. " * 100 + "The end.")
    page.locator("#look-go").click()
    expect(inside.locator("#look-head")).to_contain_text("Of its 2,108 characters these are")
    expect(inside.locator("#look-cell")).to_contain_text("the last 600 of the 1,000")
    for place in ("#look-expected [data-i]", "#look-cell .ch b"):
        last = inside.locator(place).all_inner_texts()[-4:]
        assert "".join(last) == "end."


def test_nothing_of_a_text_is_hidden_in_a_box(new_page: NewPage, app_url: str) -> None:
    page = visit(new_page(viewport={"width": 390, "height": 844}), app_url)
    inside = room(page, "inside")
    for name in (".expected", ".strips"):
        box = inside.locator(name)
        expect(box).to_be_visible()
        assert box.evaluate("box => box.scrollHeight - box.clientHeight") <= 1, name
    inside.locator(".strips .ch").first.hover()
    expect(inside.locator(".one-cell .readout")).to_be_in_viewport()


# The rooms


def test_a_phone_shows_commands_and_files_whole(new_page: NewPage, app_url: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    train = at_room(page, app_url, "train")
    train.locator(".exhibit-text").get_by_role(
        "button", name="The same from the command line"
    ).click()
    flags = train.locator(".exhibit-text .command code span")
    expect(flags.first).to_be_visible()
    assert set(flags.evaluate_all("all => all.map(s => s.getClientRects().length)")) == {1}
    file = train.locator(".exhibit-text pre.tree")
    assert file.evaluate("box => box.scrollWidth - box.clientWidth") <= 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_learn_shows_measured_figures(page: Page, app_url: str, lang: str) -> None:
    text = at_room(page, app_url, "learn", lang).inner_text()
    assert "{{" not in text and "—" not in text


def test_the_choice_of_exhibit_follows_through_the_rooms(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#text .room-try [data-exhibit-of=pen]").click()
    expect(page.locator("#write-go")).to_be_hidden()
    for name in layout.ROOMS[1:]:
        pressed = room(page, name).locator("[data-exhibit-of=pen]")
        expect(pressed).to_have_attribute("aria-pressed", "true")
        expect(page.locator(f"#text .room-{name} .exhibit-text").first).to_be_hidden()
    assert "exhibit=pen" in page.url


def test_scripts_get_the_real_models_text(app_url: str) -> None:
    client = Client(app_url, verbose=False)
    one = client.predict("ROMEO:\n", "text/shakespeare", 120, 0.8, 5, api_name="/write")
    assert 120 <= len(one) <= 120 + MOST_OVER and one.endswith("\n")
    assert client.predict("ROMEO:\n", "text/shakespeare", 120, 0.8, 5, api_name="/write") == one


def test_a_reload_keeps_the_model_that_was_chosen(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    choose(page, "莎士比亚")
    expect(page.locator(f"{DONE}:not(.poem)")).to_be_visible()
    page.reload()
    expect(page.locator(f"{DONE}:not(.poem)")).to_be_visible()
    expect(page.locator(f"{DONE} .given")).to_have_text("ROMEO:\n")


def test_the_focus_passes_on_when_its_button_goes(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.get_by_role("button", name=WORDS.say("en", "text.try.more")).click()
    length = page.locator("#write-length input[type=number]")
    length.fill("1999.5")
    page.locator("#write-go").focus()
    expect(length).to_have_value("2000")
    page.keyboard.press("Enter")
    for gone, there in (("stop", "more"), ("more", "stop"), ("stop", "more")):
        page.locator(f"#write-{gone}").press("Enter")
        expect(page.locator(f"#write-{there}")).to_be_focused()
