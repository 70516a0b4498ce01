"""Try of Detect objects in a real browser: what acts in the page alone, by fakes that find flat
colours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pycocotools.coco import COCO

from demos.detection import answers
from demos.language import Words
from pretrained.detection import rle
from tests.browser.server import ROOT, health
from tests.browser.settling import settle

sys.path.insert(0, str(Path(__file__).parent.parent / "demos"))
from bad_pictures import REFUSED, encoded, photo
from camera import CAMERA
from fake_detectors import drawing

NewPage = Callable[..., Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
FOUND = "#detect-found .found:not([hidden])"
PERSON, CAT, DOG = (10, 20, 110, 180), (130, 40, 230, 120), (250, 60, 310, 190)
#: Whether the mask is drawn where the box is: an eighth inside of its left and right edges.
COVERED = """(figure) => {
    const { objects: [{ box: [x0, y0, x1, y1] }], seen } = JSON.parse(figure.dataset.found);
    const canvas = figure.querySelector("canvas"), pen = canvas.getContext("2d");
    const across = canvas.width / seen[0], middle = ((y0 + y1) / 2 / seen[1]) * canvas.height;
    return [1 / 8, 7 / 8].every((share) =>
        pen.getImageData((x0 + share * (x1 - x0)) * across, middle, 1, 1).data[3] > 0);
}"""


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The tab alone, with fakes."""
    folder = tmp_path_factory.mktemp("detection")
    program = [sys.executable, str(ROOT / "tests/demos/fake_detectors.py"), str(folder)]
    with (folder / "log.txt").open("w") as log:
        files = {"PYTHONPATH": str(ROOT), "GRADIO_TEMP_DIR": str(folder / "files")}
        process = subprocess.Popen(
            program,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **files},
        )
        try:
            assert process.stdout
            url = process.stdout.readline().strip().rstrip("/")
            assert health(url), (folder / "log.txt").read_text()
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A person, a cat, and a dog of whom the fake is not sure."""
    path = tmp_path / "family.png"
    path.write_bytes(encoded(drawing((320, 200), person=PERSON, cat=CAT, dog=DOG), "PNG"))
    return path


def visit(page: Page, url: str, lang: str = "en") -> Page:
    """Open the tab and wait for the answer that stands there from the start."""
    page.goto(f"{url}/?tab=detection&lang={lang}")
    expect(page.locator(f"{FOUND} h2")).to_be_visible()
    expect(page.locator("#detect-examples button").first).to_be_visible()
    settle(page)
    return page


@pytest.fixture(scope="module")
def opened(visits: Visits, app_url: str) -> Iterator[Page]:
    """The tab, for tests that move neither the slider nor a class."""
    with visits() as make:
        yield visit(make(), app_url)


@pytest.fixture
def trying(opened: Page) -> Page:
    """The same, with an example's answer in place of what a test before has sent."""
    opened.locator("#detect-examples button").first.click()
    name = WORDS.say("en", f"detection.example.{answers.EXAMPLES[0].name}")
    answered(opened, name)
    settle(opened)
    return opened


def send(page: Page, *paths: Path) -> None:
    page.locator("#detect-give input[type=file]").set_input_files([str(path) for path in paths])


def answered(page: Page, name: str) -> Locator:
    """The figure of a file, once it stands there."""
    figure = page.locator(f'{FOUND}[data-found*=\'"file": "{name}"\']')
    expect(figure.locator("h2")).to_be_visible()
    return figure


def slide(page: Page, percent: int) -> None:
    page.locator("#detect-least input").fill(str(percent))


def seen(figure: Locator, what: str) -> int:
    return figure.locator(f"{what}[data-n]:not([hidden])").count()


def saved(page: Page, kind: str) -> Any:
    with page.expect_download() as download:
        page.locator(f"{FOUND} [data-save={kind}]").click()
    return download.value


def colour(figure: Locator, place: tuple[float, float]) -> list[int]:
    """What the canvas of masks holds at a place in shares of the picture: red, green, blue,
    opacity."""
    return figure.locator("canvas").evaluate(
        """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
            Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data]""",
        place,
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_example_is_answered_when_the_page_opens(page: Page, app_url: str, lang: str) -> None:
    visit(page, app_url, lang)
    figure = page.locator(FOUND)
    expect(figure.locator("h2")).to_have_text({"en": "3 objects", "zh": "3 个物体"}[lang])
    name = WORDS.say(lang, f"detection.example.{answers.EXAMPLES[0].name}")
    assert json.loads(str(figure.get_attribute("data-found")))["file"] == name
    if lang == "zh":
        assert not re.search("person|dog", figure.inner_text())


def test_score_and_classes_act_at_once_without_the_server(
    page: Page, app_url: str, drawn: Path
) -> None:
    visit(page, app_url)
    send(page, drawn)
    figure = answered(page, drawn.name)
    settle(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    count = figure.locator("h2")
    for percent, n, said in ((5, 3, "3 objects"), (50, 2, "2 objects"), (90, 1, "1 object")):
        slide(page, percent)
        expect(count).to_have_text(said)
        assert seen(figure, "rect") == seen(figure, "tr") == seen(figure, ".tags span") == n
    slide(page, 95)
    figure.locator("[data-class=person]").click()
    expect(count).to_have_text("Every kind found is switched off")
    expect(figure.locator("[data-show=none]")).to_contain_text("The surest is cat, with 83%")
    slide(page, 5)
    expect(count).to_have_text("2 objects")
    expect(figure.locator("[data-class=person]")).to_have_attribute("aria-pressed", "false")
    assert not [url for url in asked if "healthz" not in url and "heartbeat" not in url]


def test_a_class_that_was_switched_off_is_switched_on_again_at_any_picture(
    page: Page, app_url: str, drawn: Path, tmp_path: Path
) -> None:
    visit(page, app_url)
    send(page, drawn)
    switch = answered(page, drawn.name).locator("[data-class=person]")
    switch.click()
    path = tmp_path / "person.png"
    path.write_bytes(encoded(drawing((90, 60), person=(5, 5, 60, 50)), "PNG"))
    send(page, path)
    figure = answered(page, path.name)
    expect(figure.locator("h2")).to_have_text("Every kind found is switched off")
    switch = figure.locator("[data-class=person]")
    switch.click()
    expect(figure.locator("h2")).to_have_text("1 object")
    expect(switch).to_be_visible()


def test_pointing_at_a_box_or_its_row_shows_it_alone(trying: Page, drawn: Path) -> None:
    page = trying
    send(page, drawn)
    figure = answered(page, drawn.name)
    in_person, in_cat, nowhere = (0.2, 0.5), (0.55, 0.4), (0.99, 0.02)
    assert colour(figure, in_person)[3] > 0 and colour(figure, nowhere)[3] == 0
    figure.locator("tr[data-n='1']").hover()
    expect(figure.locator("rect:not([hidden])")).to_have_count(1)
    assert colour(figure, in_cat)[3] == 0 and colour(figure, in_person)[3] > 150
    box = figure.locator(".plate").bounding_box()
    assert box
    page.mouse.move(box["x"] + in_person[0] * box["width"], box["y"] + in_person[1] * box["height"])
    expect(figure.locator("tr[data-n='0']")).to_have_class("alone")
    assert colour(figure, in_person)[3] == 0 and colour(figure, in_cat)[3] > 150
    page.mouse.move(2, 2)
    expect(figure.locator("rect:not([hidden])")).to_have_count(2)


def test_the_rows_are_walked_by_keyboard(trying: Page, drawn: Path) -> None:
    page = trying
    send(page, drawn)
    figure = answered(page, drawn.name)
    figure.locator("tr[data-n='0'] button").focus()
    expect(figure.locator("tr[data-n='0']")).to_have_class("alone")
    page.keyboard.press("ArrowDown")
    expect(figure.locator("tr[data-n='1']")).to_have_class("alone")
    expect(figure.locator("rect:not([hidden])")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(figure.locator("rect:not([hidden])")).to_have_count(2)


@pytest.mark.parametrize(("lang", "name"), [("en", "Minimum confidence"), ("zh", "最低置信度")])
def test_everything_under_try_is_done_by_keyboard(
    page: Page, app_url: str, drawn: Path, lang: str, name: str
) -> None:
    visit(page, app_url, lang)
    send(page, drawn)
    figure = answered(page, drawn.name)
    slider = page.get_by_role("slider", name=name)
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "5%")
    expect(figure.locator("tr[data-n]:not([hidden])")).to_have_count(3)
    figure.locator("[data-class=cat]").focus()
    page.keyboard.press("Space")
    expect(figure.locator("tr[data-n]:not([hidden])")).to_have_count(2)
    page.locator("#detect-compare").focus()
    page.keyboard.press("Enter")
    plate = page.locator("#detect-below .small").nth(1).locator(".plate")
    plate.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    told = page.locator("#detect-below .small").nth(1).locator("[data-show=alone]")
    expect(told).to_have_text({"en": "dog 31%", "zh": "狗 31%"}[lang])
    expect(plate.locator("rect:not([hidden])")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(plate.locator("rect:not([hidden])")).to_have_count(2)


def test_a_finger_shows_one_alone_until_it_taps_elsewhere(
    new_page: NewPage, app_url: str, drawn: Path
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    visit(page, app_url)
    send(page, drawn)
    figure = answered(page, drawn.name)
    shown = figure.locator("rect:not([hidden])")
    place = figure.locator(".plate").bounding_box()
    assert place
    wide, high = place["width"], place["height"]
    figure.locator(".plate").tap(position={"x": 0.2 * wide, "y": 0.5 * high})
    settle(page)
    expect(shown).to_have_count(1)
    figure.locator(".plate").tap(position={"x": 0.98 * wide, "y": 0.03 * high})
    expect(shown).to_have_count(2)
    figure.locator("tr[data-n='1'] button").tap()
    settle(page)
    expect(shown).to_have_count(1)
    expect(figure.locator("tr[data-n='1']")).to_have_class("alone")


#: Colour of the picture as the browser shows it, in the middle of the first box.
UNDER = """(figure) => {
    const { objects: [{ box: [x0, y0, x1, y1] }], seen } = JSON.parse(figure.dataset.found);
    const image = figure.querySelector("img"), canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext("2d"), scale = image.naturalWidth / seen[0];
    pen.drawImage(image, 0, 0);
    return [...pen.getImageData((x0 + x1) / 2 * scale, (y0 + y1) / 2 * scale, 1, 1).data];
}"""


def test_boxes_lie_on_their_things_in_a_turned_photo(trying: Page, tmp_path: Path) -> None:
    page = trying
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    for turn in (3, 6, 8):
        upright, exif = drawing((400, 240), person=(40, 30, 120, 220)), Image.Exif()
        exif[0x0112] = turn
        stored = upright.transpose(turned.get(turn, Image.Transpose.ROTATE_270))
        path = tmp_path / f"turned-{turn}.jpg"
        path.write_bytes(encoded(stored, "JPEG", exif=exif, quality=95))
        send(page, path)
        figure = answered(page, path.name)
        box = figure.locator("rect").first
        sides = [float(str(box.get_attribute(side))) for side in ("x", "y", "width", "height")]
        assert sides == pytest.approx([40, 30, 80, 190], abs=2), turn
        red, green, blue, _ = figure.evaluate(UNDER)
        assert red > 180 and green < 80 and blue < 80, "the picture is shown as the box lies"
        coco = json.loads(Path(saved(page, "coco").path()).read_text("utf-8"))
        assert (coco["images"][0]["width"], coco["images"][0]["height"]) == (400, 240), turn


def test_what_is_taken_home_is_what_is_shown_in_the_pixels_that_were_sent(
    trying: Page, tmp_path: Path
) -> None:
    page = trying
    wide = tmp_path / "wide.png"
    box = (400, 100, 1600, 560)
    picture = drawing((8000, 600), person=box, dog=(6000, 100, 7600, 560))
    wide.write_bytes(encoded(picture, "PNG"))
    send(page, wide)
    answered(page, "wide.png")
    coco = json.loads(Path(saved(page, "coco").path()).read_text("utf-8"))
    assert coco["images"] == [{"id": 1, "file_name": "wide.png", "width": 8000, "height": 600}]
    [person] = coco["annotations"]
    assert coco["categories"] == [{"id": person["category_id"], "name": "person"}]
    assert person["bbox"] == pytest.approx([400, 100, 1200, 460], abs=8)
    assert person["segmentation"]["size"] == [600, 8000]
    assert person["area"] == rle.area(person["segmentation"])
    assert person["area"] == pytest.approx(1200 * 460, rel=0.03)
    download = saved(page, "picture")
    assert download.suggested_filename == "wide-objects.png"
    taken = Image.open(download.path()).convert("RGB")
    assert taken.size == (1280, 96 + 28), "the credit line beneath it"
    red, _, blue = taken.getpixel((160, 50))
    assert blue > 60 > 20 < red, "the person's red under the blue of its class"


def test_others_read_the_coco_file(trying: Page, drawn: Path, tmp_path: Path) -> None:
    page = trying
    nothing = tmp_path / "nothing.png"
    nothing.write_bytes(encoded(drawing((60, 40)), "PNG"))
    send(page, drawn, nothing)
    expect(page.locator("#detect-found .several button")).to_have_count(2)
    path = Path(saved(page, "coco").path())
    coco = COCO(path)
    assert [one["file_name"] for one in coco.loadImgs(coco.getImgIds())] == [
        "family.png",
        "nothing.png",
    ]
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == ["person", "cat"]
    for own, (x0, y0, x1, y1) in zip(coco.loadAnns(coco.getAnnIds()), (PERSON, CAT), strict=True):
        assert own["bbox"] == [x0, y0, x1 - x0, y1 - y0]
        assert coco.annToMask(own)[y0:y1, x0:x1].all() and own["area"] == coco.annToMask(own).sum()


def test_several_pictures_stand_in_a_strip(trying: Page, drawn: Path, tmp_path: Path) -> None:
    page = trying
    (tmp_path / "broken.png").write_bytes(REFUSED["truncated PNG"][0])
    (tmp_path / "cat.png").write_bytes(encoded(drawing((90, 60), cat=(5, 5, 60, 50)), "PNG"))
    send(page, drawn, tmp_path / "broken.png", tmp_path / "cat.png")
    strip = page.locator("#detect-found .several button")
    expect(strip).to_have_count(3)
    expect(strip.nth(1)).to_have_text("⚠ broken.png")
    strip.nth(2).click()
    expect(answered(page, "cat.png").locator("h2")).to_have_text("1 object")
    strip.nth(1).click()
    expect(page.locator(FOUND)).to_contain_text("breaks off")
    expect(strip.nth(1)).to_have_attribute("aria-pressed", "true")
    strip.nth(0).click()
    coco = json.loads(Path(saved(page, "coco").path()).read_text("utf-8"))
    assert [one["file_name"] for one in coco["images"]] == ["family.png", "cat.png"]
    assert [one["image_id"] for one in coco["annotations"]] == [1, 1, 2]


def test_of_several_files_those_that_cannot_be_sent_are_named_and_the_others_looked_at(
    trying: Page, drawn: Path, tmp_path: Path
) -> None:
    page = trying
    nothing = [tmp_path / "nothing.png", tmp_path / "<b>.png"]
    for path in nothing:
        path.write_bytes(b"")
    send(page, nothing[0], drawn, nothing[1])
    expect(answered(page, drawn.name).locator("h2")).to_have_text("2 objects")
    empty = WORDS.say("en", "error.picture_empty")
    said = page.locator("#detect-give .refusal")
    assert said.inner_text().split("\n") == [f"{path.name} {empty}" for path in nothing]


def test_look_inside_and_compare_take_the_picture_that_is_shown(
    trying: Page, drawn: Path, tmp_path: Path
) -> None:
    page = trying
    (tmp_path / "broken.png").write_bytes(REFUSED["truncated PNG"][0])
    send(page, tmp_path / "broken.png", drawn)
    strip = page.locator("#detect-found .several button")
    expect(strip).to_have_count(2)
    expect(page.locator(FOUND)).to_contain_text("breaks off")
    for button in ("#detect-in", "#detect-compare"):
        expect(page.locator(button)).to_be_disabled()
    strip.nth(1).click()
    for button in ("#detect-in", "#detect-compare"):
        expect(page.locator(button)).to_be_enabled()
    page.locator("#detect-compare").click()
    expect(page.locator("#detect-below .small").first).to_be_visible()
    strip.nth(0).click()
    expect(page.locator("#detect-compare")).to_be_disabled()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_refusal_of_a_bad_picture_stands_alone(
    page: Page, app_url: str, tmp_path: Path, lang: str
) -> None:
    visit(page, app_url, lang)
    for name in ("truncated JPEG", "header bomb", "empty", "text", "empty", "HEIC"):
        content, code = REFUSED[name]
        path = tmp_path / f"{name.replace(' ', '-')}.jpg"
        path.write_bytes(content)
        send(page, path)
        start = WORDS.say(lang, f"error.{code}").partition("{")[0]
        refused = page.locator("#detect-give .refusal, #detect-bar .refusal").filter(visible=True)
        expect(refused.filter(has_text=start)).to_be_visible()
        expect(refused).to_have_count(1)
        expect(page.locator(FOUND)).to_have_count(0)
        expect(page.locator("#detect-in")).to_be_disabled()
        page.locator("#detect-examples button").nth(1).click()
        expect(page.locator(f"{FOUND} h2")).to_be_visible()
        expect(refused).to_have_count(0)
        expect(page.locator("#detect-in")).to_be_enabled()


PUT = """([name, kind, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
    return data;
}"""


def test_a_picture_may_be_dropped_or_pasted(page: Page, app_url: str, drawn: Path) -> None:
    visit(page, app_url)
    data = page.evaluate_handle(PUT, ["dropped.png", "image/png", [*drawn.read_bytes()]])
    page.dispatch_event("#detect-found .plate", "drop", {"dataTransfer": data})
    expect(answered(page, "dropped.png").locator("h2")).to_have_text("2 objects")
    data = page.evaluate_handle(PUT, ["pasted.png", "image/png", [*encoded(photo(), "PNG")]])
    page.evaluate(
        "data => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))", data
    )
    answered(page, "pasted.png")


def test_the_camera_goes_on_frame_by_frame_until_one_is_kept(page: Page, app_url: str) -> None:
    page.add_init_script(CAMERA)
    visit(page, app_url)
    page.locator("[data-camera]").click()
    live = page.locator("#detect-live [data-answer]")
    expect(live.locator("h2")).to_have_text("1 object")
    first = int(str(live.get_attribute("data-answer")))
    page.wait_for_function(
        "n => +document.querySelector('#detect-live [data-answer]').dataset.answer >= n",
        arg=first + 3,
    )
    expect(page.locator("#detect-found")).to_be_hidden()
    assert page.locator("#detect-live [data-found]").evaluate(COVERED), "a mask of another frame"
    page.locator("[data-camera]").click()
    expect(answered(page, "camera.jpg").locator("h2")).to_have_text("1 object")
    expect(page.locator("#detect-live")).to_be_hidden()


def switch(page: Page, lang: str) -> None:
    """The page in the other language, as its switch opens it."""
    page.locator("[data-switch=lang]").locator("visible=true").click()
    page.wait_for_url(re.compile(f"lang={lang}"))


def test_ones_own_pictures_stay_in_the_other_language(
    page: Page, app_url: str, drawn: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.bmp"  # as it is it would fill the storage
    large.write_bytes(encoded(drawing((1400, 900), cat=(100, 100, 900, 700)), "BMP"))
    visit(page, app_url)
    send(page, drawn, large)
    expect(page.locator("#detect-found .several button")).to_have_count(2)
    answered(page, drawn.name)
    switch(page, "zh")
    expect(page.locator("#detect-found .several button")).to_have_count(2)
    answered(page, drawn.name)
    page.locator("#detect-found .several button").nth(1).click()
    expect(answered(page, large.name).locator("h2")).to_have_text("1 个物体")
    page.locator("#detect-examples button").nth(1).click()
    answered(page, WORDS.say("zh", f"detection.example.{answers.EXAMPLES[1].name}"))
    page.evaluate(
        """addEventListener("house:language", () => sessionStorage.setItem("carried",
            String(sessionStorage.getItem("breakthroughs.picture.detection"))))"""
    )
    page.locator("#detect-least input").fill("35")
    switch(page, "en")
    answered(page, WORDS.say("en", f"detection.example.{answers.EXAMPLES[1].name}"))
    expect(page.locator("#detect-least output")).to_have_text("35%")
    assert page.evaluate("sessionStorage.getItem('carried')") == "null", (
        "an example is none of theirs"
    )


def test_what_the_camera_saw_stays_in_the_other_language(page: Page, app_url: str) -> None:
    page.add_init_script(CAMERA)
    visit(page, app_url)
    page.locator("[data-camera]").click()
    expect(page.locator("#detect-live [data-answer] h2")).to_have_text("1 object")
    page.locator("[data-camera]").click()
    answered(page, "camera.jpg")
    switch(page, "zh")
    answered(page, "camera.jpg")


@pytest.mark.parametrize(
    "leave",
    [
        "document.querySelector('.room-try').style.display = 'none'",
        "Object.defineProperty(document, 'hidden', { get: () => true })",
        "document.querySelector('#detect-examples [data-pick]').click()",
    ],
    ids=["another room", "another tab", "an example"],
)
def test_the_camera_stops_when_it_is_left(page: Page, app_url: str, leave: str) -> None:
    page.add_init_script(CAMERA)
    visit(page, app_url)
    page.locator("[data-camera]").click()
    expect(page.locator("#detect-live [data-answer] h2")).to_have_text("1 object")
    page.evaluate(leave)
    page.wait_for_function("tracks.every((track) => track.readyState === 'ended')")


def test_without_a_camera_a_sentence_says_so(page: Page, app_url: str) -> None:
    none = "async () => { throw new DOMException('', 'NotFoundError'); }"
    page.add_init_script(f"navigator.mediaDevices.getUserMedia = {none}")
    visit(page, app_url, "zh")
    page.locator("[data-camera]").click()
    expect(page.locator("#detect-give .refusal")).to_contain_text("没有可用的摄像头")


def test_then_and_now_and_a_download_that_is_told_before(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#detect-compare").click()
    columns = page.locator("#detect-below .small")
    expect(columns).to_have_count(2)
    slide(page, 90)
    expect(columns.nth(1).locator("[data-show=count]")).to_have_text("1 object")
    offered = page.locator("#detect-below [data-pick]")
    expect(page.locator("#detect-below")).to_contain_text("81 MB from Hugging Face")
    offered.click()
    expect(columns).to_have_count(3)
    expect(offered).to_have_count(0)


def test_nothing_is_wider_than_a_phone(new_page: NewPage, app_url: str, tmp_path: Path) -> None:
    page = visit(new_page(viewport={"width": 390, "height": 844}), app_url)
    for size in ((4000, 300), (60, 900)):
        path = tmp_path / f"{size[0]}.png"
        path.write_bytes(encoded(drawing(size, cat=(10, 10, 50, 200)), "PNG"))
        send(page, path)
        answered(page, path.name)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_picture_that_a_missing_model_cannot_look_at_takes_the_old_answer_away(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    choice = page.locator("#detect-model input")
    choice.click()
    page.get_by_role("option").nth(2).click()  # the one to be downloaded
    expect(page.locator("#detect-bar")).not_to_be_empty()
    expect(page.locator(f"{FOUND} h2")).to_be_visible()
    page.locator("#detect-examples button").nth(1).click()
    expect(page.locator(f"{FOUND} h2")).to_have_count(0)
    expect(page.locator("#detect-in")).to_be_disabled()
    expect(page.locator("#detect-bar")).not_to_be_empty()
    choice.click()
    page.get_by_role("option").first.click()
    expect(page.locator(f"{FOUND} h2")).to_be_visible()
    expect(page.locator("#detect-in")).to_be_enabled()
