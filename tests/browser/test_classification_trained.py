"""Classify, Train, once it has learnt: a picture is tested, and every layer trained by a
worker that is quick."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from demos.language import Words
from pretrained import starters
from tests.browser.server import serving

NewPage = Callable[..., Page]
WORDS = Words()


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app whose trainings take a second."""
    folder = tmp_path_factory.mktemp("trained")
    with serving(folder, "--offline", script="tests/browser/quick_training.py") as url:
        yield url


def taught(page: Page, url: str, lang: str) -> None:
    """The room, which has learnt the shapes that are drawn there."""
    page.goto(f"{url}/?tab=classification&room=train&lang={lang}")
    expect(page.locator(".classroom-class")).to_have_count(3)
    page.locator("[data-do='starter:shapes']").click()
    expect(page.locator(".classroom-matrix td")).to_have_count(1 + 16)


def begins(page: Page) -> list[Request]:
    """The trainings that a page has asked for, as they come."""
    found: list[Request] = []
    page.on("request", lambda one: found.append(one) if one.url.count("/whole") else None)
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_double_click_asks_for_one_training_and_the_page_lists_it(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = new_page()
    taught(page, app_url, lang)
    asked = begins(page)
    page.locator("[data-do=whole_start]").dblclick()
    state = page.locator(".classroom-whole [data-show=state]")
    expect(state).to_have_text(WORDS.say(lang, "training.done"))
    assert len(asked) == 1
    expect(page.locator("[data-classroom] > .refusal")).to_be_hidden()

    page.locator(".classroom-whole .train-run [data-do=new]").click()
    expect(state).to_be_hidden()
    mine = page.locator(".classroom .train-mine")
    mine.locator("summary").click()
    done = mine.get_by_role("button", name=re.compile(WORDS.say(lang, "training.done")))
    expect(done).to_have_count(1)
    page.reload()
    mine.locator("summary").click()
    done.click()
    expect(state).to_have_text(WORDS.say(lang, "training.done"))
    assert "job=" in page.url


#: Shows what a training told of its held-out pictures: two of a were taken for b.
TOLD = """async (mine) => {
    const { renderers } = await import(new URL("house/training.js", document.baseURI));
    const wrong = ["a/1.png", "a/2.png"].map((file) => ({ file, label: "a", predicted: "b" }));
    const place = Object.assign(document.createElement("div"), { id: "told" });
    document.querySelector("#told")?.remove();
    document.querySelector("[data-classroom]").append(place);
    const told = { labels: ["a", "b"], matrix: [[3, 2], [0, 4]], n: 9, split: "", wrong };
    await renderers.classification(place, told, { mine });
}"""


def test_a_cell_of_the_whole_networks_matrix_opens_its_mistakes(
    new_page: NewPage, app_url: str
) -> None:
    page = new_page()
    taught(page, app_url, "en")
    known = str(page.locator(".classroom-class img").first.get_attribute("src"))
    here = re.search(r"pictures/(\d+)", known)
    assert here is not None
    ids = {"ids": [int(here[1]), None]}  # the other one has been removed since
    page.route("**/train/classify/*/ids?*", lambda route: route.fulfill(json=ids))
    page.evaluate(TOLD, True)
    cell = page.get_by_role("button", name="2 pictures of a, answered b")
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#told img")).to_have_count(1)
    expect(page.locator("#told")).to_contain_text("1 more of them cannot be shown")
    cell.click()
    expect(page.locator("#told img")).to_have_count(0)
    page.evaluate(TOLD, False)  # a training that somebody else shared
    expect(page.locator("#told button")).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_file_that_is_no_picture_is_refused_where_the_answer_would_stand(
    new_page: NewPage, app_url: str, lang: str, tmp_path: Path
) -> None:
    starters.make("shapes", tmp_path / "shapes", seed=5)
    good = next((tmp_path / "shapes" / "circle").iterdir())
    notes, broken, odd = tmp_path / "notes.txt", tmp_path / "broken.jpg", tmp_path / "shape.tiff"
    notes.write_text("no picture")
    broken.write_bytes(b"\xff\xd8\xff\xe0" + bytes(400))
    with Image.open(good) as picture:
        picture.save(odd)  # which a browser cannot show, and the server can read

    page = new_page(viewport={"width": 390, "height": 844})
    page.on("dialog", lambda dialog: dialog.accept())
    taught(page, app_url, lang)
    live = page.locator(".classroom-live")
    bars, shown, refusal = live.locator(".bar"), live.locator("img"), live.locator(".refusal")
    for file in (notes, broken):
        live.locator("[data-give=ask]").set_input_files(good)
        expect(bars).to_have_count(4)
        expect(shown).to_be_visible()
        live.locator("[data-give=ask]").set_input_files(file)
        expect(refusal).to_be_in_viewport(ratio=0.9)
        assert bool(re.search("[一-鿿]", refusal.inner_text())) is (lang == "zh")
        expect(bars).to_have_count(0)
        expect(shown).to_be_hidden()
    expect(page.locator("[data-classroom] > .refusal")).to_be_hidden()
    live.locator("[data-give=ask]").set_input_files(odd)
    expect(bars).to_have_count(4)
    expect(refusal).to_be_hidden()
    expect(shown).to_be_hidden()
