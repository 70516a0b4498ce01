"""Try of Detect objects with the model that is bundled: what a first visit and a script meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Page, expect

from demos.detection import answers
from pretrained.detection import rle

FIRST = next(example for example in answers.EXAMPLES if example.path)


@pytest.mark.parametrize(("lang", "person"), [("en", "person"), ("zh", "人")])
def test_the_page_opens_on_a_person_who_was_found(
    page: Page, app_url: str, lang: str, person: str
) -> None:
    page.goto(f"{app_url}/?tab=detection&lang={lang}")
    figure = page.locator("#detect-found .found")
    for part in ("tbody tr", ".tags span", "rect"):
        expect(figure.locator(f"{part}:not([hidden])").first).to_be_visible()
    expect(figure.locator("tbody tr:not([hidden]) th").first).to_have_text(person)


@pytest.fixture
def found(app_url: str, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """What the server finds in a picture that a script sends."""
    caller = Client(app_url, verbose=False)

    def ask(picture: Image.Image, **saved: Any) -> list[dict[str, Any]]:
        path = tmp_path / "picture.png"
        picture.save(path, **saved)
        answer = caller.predict(handle_file(str(path)), api_name="/detect")
        return list(answer["objects"])

    return ask


def test_scripts_get_people_with_boxes_and_masks_wherever_they_stand(
    found: Callable[..., list[dict[str, Any]]],
) -> None:
    photo = Image.open(str(FIRST.path)).convert("RGB")
    person = found(photo)[0]
    assert set(person) == {"label", "score", "box", "mask"} and person["score"] >= 0.5
    assert person["label"] == "person" and rle.area(person["mask"]) > 0

    turned = Image.Exif()
    turned[0x0112] = 6
    again = found(photo.transpose(Image.Transpose.ROTATE_90), exif=turned)[0]
    assert again["box"] == pytest.approx(person["box"], abs=3), "upright, as it is seen"

    wide = Image.new("RGB", (photo.width * 4, photo.height), (200, 200, 200))
    wide.paste(photo, (photo.width * 2, 0))
    right = found(wide)[0]
    x0, _, x1, _ = right["box"]
    assert photo.width * 2 - 60 <= x0 < x1 <= photo.width * 3 + 60 and right["label"] == "person"
    assert right["mask"]["size"] == [wide.height, wide.width]
