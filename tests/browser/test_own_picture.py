"""A visitor's own picture of Classify in the other language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

STORED = "() => sessionStorage.getItem('breakthroughs.picture.classification')"


@pytest.mark.parametrize(
    ("lang", "other", "end"), [("en", "zh", "png"), ("zh", "en", "bmp")], ids=["small", "heavy"]
)
def test_ones_own_picture_stays_and_leaves_nothing_in_the_browser(
    page: Page, app_url: str, tmp_path: Path, lang: str, other: str, end: str
) -> None:
    file = tmp_path / f"own.{end}"  # the second is made smaller, as it would fill the storage
    drawn = Image.new("RGB", (900, 700), "teal")
    ImageDraw.Draw(drawn).ellipse((200, 100, 600, 500), fill="orange")
    drawn.save(file)
    assert (file.stat().st_size > 1_500_000) is (end == "bmp")

    page.goto(f"{app_url}/?tab=classification&room=try&lang={lang}")
    shares, shown = (
        page.locator("#classify-answer .bars span"),
        page.locator("#classify-picture img"),
    )
    expect(shares.first).to_be_visible()
    opening = shares.first.inner_text()
    page.locator("#classify-picture input[type=file]").set_input_files(file)
    expect(shares.first).not_to_have_text(opening)
    own = shares.all_inner_texts()

    page.locator("[data-switch=lang]").locator("visible=true").click()
    page.wait_for_url(re.compile(f"lang={other}"))
    expect(shown).to_have_js_property("naturalWidth", 900)
    if end == "png":
        expect(shares).to_have_text(own)
    assert page.evaluate(STORED) is None

    page.locator("#classification .examples [data-pick]").nth(1).click()
    expect(shown).not_to_have_js_property("naturalWidth", 900)
    link = page.locator("#classify-answer [data-share]")
    picked = json.loads(str(link.get_attribute("data-share")))["classify_picture"]
    page.locator("[data-switch=lang]").locator("visible=true").click()
    page.wait_for_url(re.compile(f"lang={lang}"))
    assert page.evaluate(STORED) is None, "an example is none of theirs"
    expect(link).to_have_attribute("data-share", re.compile(f'"classify_picture": "{picked}"'))
