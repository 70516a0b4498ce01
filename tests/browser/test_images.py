"""Generating images in a real browser, by the real networks: pick, mix, walk, compare, play. What
they draw is never judged here."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image
from playwright.sync_api import Page, expect

from demos.images.tryout.grid import OPENED, SEED
from demos.language import Words
from tests.browser.settling import settle

NewPage = Callable[..., Page]
WORDS = Words()
FIRST_LOAD = 180_000  # ms that a network may take to load and draw while others' trainings run
FACES, ONE, WALK, GAME = "#face-grid [data-at]", "#face-picked", "#face-walk", "#images-play"
PHONE = {"width": 390, "height": 844}


def visit(page: Page, url: str, lang: str = "en", more: str = "") -> Page:
    """Open the tab and wait for the faces that stand there from the start, and the walk."""
    page.goto(f"{url}/?tab=images&lang={lang}{more}")
    expect(page.locator(f"{ONE} img")).to_be_visible(timeout=FIRST_LOAD)
    expect(page.locator(f"{WALK} .stops")).to_be_visible(timeout=FIRST_LOAD)
    settle(page)
    return page


def picture(page: Page, where: str) -> str | None:
    """The bytes of a picture, as its address holds them."""
    return page.locator(f"{where} img").first.get_attribute("src")


def asked_of(page: Page) -> list[str]:
    """Fills with what the page asks of the server from now on."""
    found: list[str] = []
    page.on("request", lambda r: found.append(r.url) if "/queue/join" in r.url else None)
    return found


@pytest.mark.parametrize(("lang", "called"), [("en", f"Face {OPENED}"), ("zh", f"{OPENED} 号脸")])
def test_faces_stand_there_when_the_page_opens(
    new_page: NewPage, app_url: str, lang: str, called: str
) -> None:
    page = visit(new_page(viewport=PHONE), app_url, lang)
    expect(page.locator(FACES)).to_have_count(16)
    expect(page.locator(f"{FACES}[aria-pressed=true]")).to_have_count(1)
    expect(page.locator(f"{ONE} h2")).to_have_text(called)
    assert picture(page, ONE) == picture(page, f"{FACES}[aria-pressed=true]")


def test_home_draws_nothing(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=home&lang=en")
    expect(page.locator("#home h1")).to_be_visible()
    settle(page)
    assert page.locator(FACES).count() == 0


def test_a_click_or_a_key_picks_a_face(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(FACES).nth(2).click()
    expect(page.locator(f"{ONE} h2")).to_have_text(f"Face {SEED + 2}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(f"{ONE} h2")).to_have_text(f"Face {SEED + 7}")
    expect(page.locator(f"{FACES}[aria-pressed=true]")).to_have_attribute("data-at", "7")
    assert picture(page, ONE) == picture(page, f"{FACES}[data-at='7']")


def test_another_seed_gives_other_faces_and_the_same_seed_the_same(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    first = picture(page, FACES)
    page.locator("#face-seed input").fill("100")
    expect(page.locator("#face-grid")).to_contain_text("The faces of the seeds 100 to 115")
    assert picture(page, FACES) != first
    page.locator("#face-seed input").fill(str(SEED))
    expect(page.locator("#face-grid")).to_contain_text(f"seeds {SEED} to {SEED + 15}")
    assert picture(page, FACES) == first
    page.locator("#face-new").click()
    expect(page.locator("#face-grid")).not_to_contain_text(f"seeds {SEED} to")


def test_variety_draws_the_same_seeds_nearer_to_the_average_face(page: Page, app_url: str) -> None:
    visit(page, app_url)
    before = picture(page, FACES)
    page.locator("#face-variety input[type=range]").fill("0")
    expect(page.locator(f"{FACES} img").first).not_to_have_attribute("src", str(before))
    settle(page)
    drawn = page.locator(f"{FACES} img").evaluate_all("all => all.map((one) => one.src)")
    assert len(drawn) == 16 and len(set(drawn)) == 1
    expect(page.locator("#face-picked [data-link]")).to_have_attribute(
        "data-link", f"seed={SEED}&count=16&variety=0&face={OPENED}@0"
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_seed_out_of_range_is_refused_and_the_faces_stay(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = visit(new_page(), app_url, lang)
    page.locator("#face-seed input").fill("-3")
    said = WORDS.say(lang, "error.image_seed", sent="-3", most=4294967295)
    expect(page.locator("#face-bar .refusal")).to_have_text(said)
    expect(page.locator(FACES)).to_have_count(16)


def test_more_like_one_begins_with_it(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(FACES).nth(3).click()
    expect(page.locator(f"{ONE} h2")).to_have_text(f"Face {SEED + 3}")
    page.locator("#face-like").click()
    expect(page.locator("#face-grid")).to_contain_text(f"Faces like face {SEED + 3}")
    page.locator(FACES).nth(5).click()
    expect(page.locator(ONE)).to_contain_text(f"0.9 × {SEED + 3} + 0.436 ×")


def test_the_other_language_shows_the_same_faces_and_the_same_walk(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    page.locator("#face-seed input").fill("100")
    expect(page.locator("#face-grid")).to_contain_text("seeds 100 to 115")
    page.locator(FACES).nth(3).click()
    expect(page.locator(f"{ONE} h2")).to_have_text("Face 103")
    page.locator("#face-keep").click()
    said = WORDS.say("en", "images.try.kept", count=3, most=6, face="face 103")
    expect(page.locator("#face-kept")).to_have_text(said)
    expect(page.locator(f"{WALK} [data-drop]")).to_have_count(3)
    shown = picture(page, ONE)
    page.locator("[data-switch=lang]").click()
    expect(page.locator(f"{ONE} h2")).to_have_text("103 号脸", timeout=FIRST_LOAD)
    expect(page.locator("#face-grid")).to_contain_text("100 到 115")
    expect(page.locator(f"{WALK} [data-drop]")).to_have_count(3)
    assert picture(page, ONE) == shown


def test_the_slider_walks_without_asking_the_server(page: Page, app_url: str) -> None:
    visit(page, app_url)
    asked = asked_of(page)
    seen = set()
    slider = page.locator(f"{WALK} input[type=range]")
    for place in (0, 6, 12, 18, 24):
        slider.fill(str(place))
        seen.add(picture(page, f"{WALK} .way"))
    expect(page.locator(f"{WALK} [data-show=place]")).to_have_text(f"At face {OPENED + 1}")
    expect(slider).to_have_attribute("aria-valuetext", f"At face {OPENED + 1}")
    assert len(seen) == 5 and not asked
    slider.fill("12")
    page.locator(f"{WALK} [data-take]").click()
    expect(page.locator(ONE)).to_contain_text(f"0.707 × {OPENED} + 0.707 × {OPENED + 1}")


def test_stops_are_added_and_taken_away(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(FACES).nth(4).click()
    expect(page.locator(f"{ONE} h2")).to_have_text(f"Face {SEED + 4}")
    page.locator("#face-keep").click()
    expect(page.locator(f"{WALK} .stops li")).to_have_count(3)
    page.locator(f"{WALK} [data-drop='0']").click()
    expect(page.locator(f"{WALK} .stops li")).to_have_count(2)
    expect(page.locator(f"{WALK} .stops")).to_have_attribute(
        "data-stops", f"{OPENED + 1}@0.7;{SEED + 4}@0.7"
    )


def test_a_link_brings_back_what_was_shown(new_page: NewPage, app_url: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    visit(page, app_url, "en", "&seed=40&count=4&walk=3;9*0.9,4*0.44")
    page.locator(FACES).nth(2).click()
    expect(page.locator(f"{ONE} h2")).to_have_text("Face 42")
    page.locator(f"{ONE} [data-link]").click()
    expect(page.locator(f"{ONE} [data-link]")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    other = new_page()
    other.goto(link)
    expect(other.locator(f"{ONE} img")).to_be_visible()
    expect(other.locator(FACES)).to_have_count(4)
    assert picture(other, ONE) == picture(page, ONE)
    expect(other.locator(f"{WALK} .stops")).to_have_attribute(
        "data-stops", "3@0.7;9*0.9,4*0.44@0.7"
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_broken_link_is_told_and_the_example_stands(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = visit(new_page(), app_url, lang, "&face=%3Cb%3Ex")
    said = WORDS.say(lang, "error.image_point", sent="<b>x")
    expect(page.locator("#face-bar .refusal")).to_have_text(said)
    expect(page.locator(FACES)).to_have_count(16)


def test_what_is_saved_is_what_was_drawn(page: Page, app_url: str) -> None:
    visit(page, app_url, more="&variety=1")  # the API draws without truncation
    with page.expect_download() as saved:
        page.locator(f"{ONE} [data-save]").click()
    assert saved.value.suggested_filename == f"face-{OPENED}_1.png"
    one = np.asarray(Image.open(saved.value.path()).convert("RGB"))
    with page.expect_download() as saved:
        page.locator("#face-grid [data-save]").click()
    assert saved.value.suggested_filename == f"faces-{SEED}-16.png"
    sheet = np.asarray(Image.open(saved.value.path()).convert("RGB"))
    assert sheet.shape == (256, 256, 3)
    top, left = (64 * n for n in divmod(OPENED - SEED, 4))
    assert np.array_equal(sheet[top : top + 64, left : left + 64], one)
    client = Client(app_url, verbose=False)
    path = client.predict("faces-gan", OPENED, api_name="/generate_image")
    with open(path, "rb") as file:
        drawn = np.asarray(Image.open(io.BytesIO(file.read()))).astype(int)
    assert np.abs(drawn - one).max() <= 2  # drawn alone, and together with others


def test_both_networks_draw_the_same_seeds(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#face-compare").click()
    columns = page.locator("#face-beside .answered")
    expect(columns.nth(1)).to_contain_text(
        re.compile(r"4 drawn in .*, 20 steps"), timeout=FIRST_LOAD
    )
    expect(columns.nth(0)).to_contain_text(re.compile(r"4 drawn in .*, one step"))
    expect(page.locator("#face-beside img")).to_have_count(8)


def test_the_game_is_played_by_keys_and_tells_nothing_before(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(f"{GAME} [data-next]").press("Enter")
    choices = page.locator(f"{GAME} button[data-choice]")
    expect(choices.first).to_be_focused(timeout=FIRST_LOAD)
    told = re.compile(r'(src|data-choice|alt|class)="[^"]*"')
    bare = [told.sub("", choice.inner_html()) for choice in choices.all()]
    assert bare[0].replace("Left", "Right") == bare[1]
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{GAME} .tally")).to_contain_text("of 1")
    expect(page.locator(f"{GAME} .gan")).to_have_count(1)
    expect(page.locator(f"{GAME} [data-next]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(choices.first).to_be_focused(timeout=FIRST_LOAD)
    expect(page.locator(GAME)).to_contain_text("Round 2 of 10")


def test_look_inside_is_one_click_away(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#face-seen").click()
    expect(page.locator("#images .room-inside")).to_be_visible()


def test_a_link_to_faces_of_many_steps_draws_as_many_as_it_says(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=images&lang=en&model=images/faces-diffusion&count=6&face=5")
    expect(page.locator(FACES)).to_have_count(6, timeout=FIRST_LOAD)
    expect(page.locator("#face-grid [aria-pressed=true]")).to_have_count(1)
    expect(page.locator("#face-variety")).to_be_hidden()  # it truncates nothing
    page.locator("#face-model input").click()
    page.locator("[role=option]").first.click()
    expect(page.locator("#face-variety")).to_be_visible()
