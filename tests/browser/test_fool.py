"""Fool it, in the page: what is done to pixels; an answer that changes while the patch moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.accessible import keeps_out

FOLD = "#classification-fool"
#: A grey picture of 40 x 30 with a white square, changed in each way twice.
PIXELS = """async () => {
    const { blurred, noisy, swapped } = await import(location.origin + "/house/fool_pixels.js");
    const { columns } = await import(location.origin + "/house/detection_masks.js");
    const picture = () => {
        const made = new ImageData(40, 30);
        for (let n = 0; n < 1200; n++) {
            const x = n % 40, y = Math.floor(n / 40);
            made.data.fill(x >= 10 && x < 20 && y >= 10 && y < 20 ? 255 : 100, 4 * n, 4 * n + 3);
            made.data[4 * n + 3] = 255;
        }
        return made;
    };
    const changed = (work) => { const made = picture(); work(made); return [...made.data]; };
    const mean = (data) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const red = (data) => data.filter((_, at) => at % 4 === 0);
    const noise = () => changed((made) => noisy(made, 20)), plain = [...picture().data];
    const off = noise().map((value) => value - 100).filter((_, at) => plain[at] === 100);
    const lengths = "f9:d000000000000000000^b0"; // the square, as pycocotools writes it
    const ground = new ImageData(40, 30);
    ground.data.fill(7);
    const cut = red(changed((made) => swapped(made, ground, [columns(lengths, [40, 30])])));
    const soft = changed((made) => blurred(made, 3));
    return {
        same_noise: noise().join() === noise().join(),
        deviation: Math.sqrt(mean(off.map((value) => value * value))),
        opaque: noise().filter((_, at) => at % 4 === 3).every((value) => value === 255),
        still: changed((made) => blurred(made, 0)).join() === plain.join(),
        mean: [mean(red(soft)), mean(red(plain))],
        edge: [red(soft)[15 * 40 + 9], red(soft)[15 * 40 + 10], red(soft)[0]],
        kept: cut.filter((value) => value === 255).length,
        behind: cut.filter((value) => value === 7).length,
    };
}"""
#: How often `latest` works when it is asked ten times while the first is under way.
LATEST = """async () => {
    const { latest } = await import(location.origin + "/house/fool.js");
    let done = 0, together = 0, most = 0, release;
    const gate = new Promise((open) => (release = open));
    const ask = latest(async () => {
        most = Math.max(most, ++together);
        await gate;
        together--;
        done++;
    });
    const all = Array.from({ length: 10 }, () => ask());
    release();
    await Promise.all(all);
    return [done, most];
}"""


def test_pixels_are_changed_as_they_are_said_to_be(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/licence")
    found: dict[str, Any] = page.evaluate(PIXELS)
    assert found["same_noise"] and found["opaque"] and found["still"]
    assert 18 < found["deviation"] < 22
    blurred, before = found["mean"]
    assert abs(blurred - before) < 1
    outside, inside, far = found["edge"]
    assert 100 < outside < inside < 255 and far == 100
    assert (found["kept"], found["behind"]) == (100, 1100)
    assert page.evaluate(LATEST) == [2, 1], "the first and the last wish, one at a time"


def test_the_answer_changes_while_the_patch_moves_by_keys(page: Page, app_url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    fold = page.locator(f"{FOLD} > button")
    expect(fold).to_be_visible()
    assert not any("fool" in url or "/v1/" in url for url in asked), "fetched before it is opened"
    fold.press("Enter")
    verdict = page.locator(f"{FOLD} .verdict")
    expect(verdict).to_contain_text("With the patch it still says espresso")
    patch = page.locator(f"{FOLD} [data-patch]")
    for key in 2 * ["Shift+ArrowLeft"] + 4 * ["Shift+ArrowUp"] + ["ArrowUp"]:
        patch.press(key)
    expect(patch).to_have_attribute("aria-valuetext", "46% from the left, 30% from the top")
    expect(verdict).to_contain_text("With the patch it says toaster")
    page.locator(f"{FOLD} [data-set=patch]").select_option("none")
    expect(verdict).to_contain_text("Nothing is changed")
    assert keeps_out(page, FOLD) == []
    page.locator("button[data-dark]").click()
    assert keeps_out(page, FOLD) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_not_changed_has_one_answer(
    new_page: Callable[..., Page], app_url: str, tmp_path: Path, lang: str
) -> None:
    """A picture larger than the canvas, and fine enough that drawing it anew changes its answer."""
    fine = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8)
    Image.fromarray(fine).save(tmp_path / "fine.png")
    page = new_page()
    page.goto(f"{app_url}/?tab=classification&room=try&lang={lang}")
    answer = page.locator("#classify-answer .bars").first
    expect(answer).to_be_visible()
    before = answer.inner_text()
    page.locator("#classify-picture input[type=file]").set_input_files(tmp_path / "fine.png")
    expect(answer).not_to_have_text(before, use_inner_text=True)
    names, shares = answer.locator("b"), answer.locator("span")
    page.locator(f"{FOLD} > button").press("Enter")
    page.locator(f"{FOLD} [data-set=patch]").select_option("none")
    for shown in ("first", "now"):
        mine = page.locator(f"{FOLD} [data-show={shown}] li")
        expect(mine).to_have_count(3)
        for n in range(3):
            expect(mine.nth(n).locator("span")).to_have_text(names.nth(n).inner_text())
            expect(mine.nth(n).locator("b")).to_have_text(shares.nth(n).inner_text())
