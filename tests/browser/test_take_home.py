"""A model that was taken home is loaded in a third room, used, and taken home again."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import tiny_writers
from home_bench import classifier
from playwright.sync_api import Page, expect

from jobs.take_home import Facts, packed, unpacked
from tests.browser.settling import settle


def test_a_model_comes_back_and_goes_home(page: Page, app_url: str, tmp_path: Path) -> None:
    out = tiny_writers.tiny(tmp_path / "job" / "out")
    taken = packed(out, Facts("text/shakespeare"), onnx=False)
    page.goto(f"{app_url}/?tab=text&room=train&lang=en")
    settle(page)
    room = page.locator("#text-rooms [data-train]:visible")
    expect(room).to_have_attribute("data-mounted", "")

    broken = tmp_path / "broken.zip"
    broken.write_bytes(taken.read_bytes()[:-200])
    room.locator("[data-load]").set_input_files(broken)
    expect(room.locator(":scope > .refusal")).to_contain_text("broken.zip is no zip file")

    room.locator("[data-load]").set_input_files(taken)
    expect(room.locator("[data-show=state]")).to_have_text("Done")
    expect(room.locator(":scope > .refusal")).to_be_hidden()
    naming = room.locator(".train-name")
    naming.get_by_label("Name of the model").fill("Letters of mine")
    naming.get_by_label("Name of the model").press("Enter")
    expect(naming.locator("[role=status]")).to_have_text("Named.")
    expect(room.locator(".train-mine li")).to_contain_text("Letters of mine")
    with page.expect_download(timeout=120_000) as download:
        room.locator("[data-do=take]").click()
    home = tmp_path / download.value.suggested_filename
    assert home.name.startswith("text-") and home.suffix == ".zip"
    download.value.save_as(home)
    back = unpacked(home, tmp_path / "back")
    assert (back / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()

    [job] = parse_qs(urlsplit(room.locator("[data-show=link]").input_value()).query)["job"]
    room.locator("[data-do=use]").click()
    page.wait_for_url(lambda url: "room=try" in url and "model=text" in url)
    expect(page.locator("#write-model input")).to_have_value("★ Letters of mine")

    assert re.search(r"model=text%2F[\w-]{22}", page.url) and job not in page.url
    page.goto(f"{page.url.replace('room=try', 'room=train')}&job={job}")
    page.once("dialog", lambda dialog: dialog.accept())
    room.locator("[data-do=remove]").click()
    expect(room.locator("[data-do=start]")).to_be_visible()
    assert "model=" not in page.url
    page.locator("#text-rooms [role=tab]").first.click()
    expect(page.locator("#write-model input")).to_have_value(re.compile("Shakespeare"))


def test_a_classifier_comes_back_among_those_that_were_kept(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    taken = packed(classifier(tmp_path / "job" / "out"), onnx=False)
    page.goto(f"{app_url}/?tab=classification&room=train&lang=zh")
    settle(page)
    room = page.locator("[data-classroom]:visible")
    expect(room.locator(".classroom-classes > *").first).to_be_visible()
    room.locator("[data-load]").set_input_files(taken)
    expect(room.locator(".classroom-kept article")).to_have_count(1)
    with page.expect_download(timeout=120_000) as download:
        room.locator(".classroom-kept a[download]").click()
    assert download.value.suggested_filename.startswith("classification-")
