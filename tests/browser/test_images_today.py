"""The models of today in a real browser: a tiny pipeline comes from a Hub on this machine and draws
in front of the visitor; a model of the host's own stands beside ours."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hub_standin import HubStandIn
from PIL import Image
from playwright.sync_api import Page, expect
from tiny_pipeline import SIDE, save_cat

from demos.images.answers import GAN
from demos.images.tryout.grid import OPENED
from demos.language import Words
from pretrained import catalog
from tests.browser.server import serving
from tests.browser.settling import settle

NewPage = Callable[..., Page]
WORDS = Words()
FIRST_LOAD = 400_000  # ms that diffusers may take to load while others' trainings run
CAT = "images/ddpm-cat"
MODELS, SHEET = "#face-models", "#face-today"
pytestmark = pytest.mark.timeout(900)  # an app of its own, and diffusers loads here and there


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app whose Hub is a stand-in with one tiny pipeline, and that serves a copy of the GAN."""
    folder = tmp_path_factory.mktemp("now")
    save_cat(folder / "cat")
    shutil.copytree(str(catalog.find(GAN).folder), folder / "my-faces")
    hub = HubStandIn()
    hub.add_folder(str(catalog.find(CAT).hub_id), folder / "cat")
    cache = {"HF_HUB_CACHE": str(folder / "hub"), "HF_TOKEN_PATH": str(folder / "no-token")}
    try:
        own = ("--model", str(folder / "my-faces"))
        with serving(folder, *own, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="0", **cache) as url:
            yield url
    finally:
        hub.stop()


def visit(page: Page, url: str, lang: str) -> Page:
    page.goto(f"{url}/?tab=images&lang={lang}")
    expect(page.locator("#face-picked img")).to_be_visible(timeout=FIRST_LOAD)
    expect(page.locator(f"{MODELS} section").first).to_be_visible()
    settle(page)
    return page


def test_a_model_of_today_is_downloaded_and_draws_in_sight(new_page: NewPage, app_url: str) -> None:
    page = visit(new_page(), app_url, "en")
    press = page.locator(f"[data-draw='{CAT}']")
    expect(page.locator(MODELS)).to_contain_text("455 MB to download, licence apache-2.0")
    expect(press).to_have_text("Download it and draw")
    press.press("Enter")
    expect(page.locator(SHEET)).to_contain_text(
        re.compile(r"20 steps in [\d.]+\sm?s"), timeout=FIRST_LOAD
    )
    expect(page.locator(SHEET)).to_contain_text(f"From the seed of face {OPENED}")
    expect(press).to_have_text("Draw", use_inner_text=True)
    expect(press).to_be_focused()
    with page.expect_download() as saved:
        page.locator(f"{SHEET} [data-save]").click()
    assert saved.value.suggested_filename == f"ddpm-cat-{OPENED}.png"
    drawn = np.asarray(Image.open(io.BytesIO(saved.value.path().read_bytes())))
    assert drawn.shape[:2] == (SIDE, SIDE)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_cannot_be_had_says_why_in_its_place(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = visit(new_page(), app_url, lang)
    expect(page.locator(MODELS)).to_contain_text(WORDS.say(lang, "images.today.withheld"))
    expect(page.locator("[data-text], [data-draw='images/sdxs']")).to_have_count(0)
    page.locator("[data-draw='images/consistency']").click()  # this Hub has no such model
    expect(page.locator(f"{SHEET} .refusal")).to_be_visible(timeout=FIRST_LOAD)


def test_a_model_of_ones_own_draws_beside_ours(new_page: NewPage, app_url: str) -> None:
    page = visit(new_page(), app_url, "en")
    expect(page.locator("#face-third label").last).to_have_text("Nothing else")
    page.locator("#face-compare").click()
    columns = page.locator("#face-beside .answered")
    expect(columns).to_have_count(3)
    expect(columns.nth(2)).to_contain_text("4 drawn in", timeout=FIRST_LOAD)
    expect(columns.nth(2)).to_contain_text("Yours")
    page.locator("#face-third label").last.click()
    settle(page)
    page.locator("#face-compare").click()
    expect(columns).to_have_count(2, timeout=FIRST_LOAD)
