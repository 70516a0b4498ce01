"""Train of Detect in a real browser: boxes are drawn, labelled, kept, saved, learnt from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pretrained.detection import data
from tests.browser.server import ROOT, health

sys.path.insert(0, str(Path(__file__).parent.parent / "demos"))
from fake_detectors import drawing

NewPage = Callable[..., Page]
SIZE = (400, 300)
ROOM, STAGE = ".room-train", ".boxes-stage"
THUMBS, LIST = ".boxes-strip button", ".boxes-list button"
#: Files of labels [path, bytes] and pictures of `SIZE`, by their paths -> the boxes of each, the
#: labels that may be of several, and what was counted.
READ = """async ([files, paths]) => {
    const { decoded, readCoco, readVoc } = await import(location.origin + "/house/detection_formats.js");
    const { added, fitted, matched } = await import(location.origin + "/house/detection_labels.js");
    const counts = { again: 0, bad: 0, cut: 0, turned: 0, odd: 0 };
    const rows = files.flatMap(([path, bytes]) => {
        const { text } = decoded(Uint8Array.from(bytes));
        const read = (path.endsWith(".xml") ? readVoc : readCoco)(text, path);
        counts.bad += read.bad;
        counts.odd += read.odd;
        return read.rows;
    });
    const pictures = paths.map((path) => ({ path })), { of, unclear } = matched(rows, pictures);
    const boxes = pictures.map((one) => {
        const coming = (of.get(one) ?? []).flatMap((row) => fitted(row, 400, 300, counts));
        return added([], coming, counts).map(({ label, box }) => [label, ...box]);
    });
    const told = Object.entries(counts).filter(([, count]) => count);
    return [boxes, [...unclear].map(({ path }) => path), Object.fromEntries(told)];
}"""  # noqa: E501


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The tab alone; its detectors and its trainings are fakes."""
    folder = tmp_path_factory.mktemp("detection_train")
    program = [sys.executable, str(ROOT / "tests/demos/served_detection_train.py"), str(folder)]
    with (folder / "log.txt").open("w") as log:
        files = {"PYTHONPATH": str(ROOT), "GRADIO_TEMP_DIR": str(folder / "files")}
        process = subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **files}
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
def pictures(tmp_path: Path) -> list[Path]:
    """Eight with a person and a cat each."""
    made = []
    for number in range(8):
        path = tmp_path / f"walk {number}.png"
        drawn = drawing(SIZE, person=(40, 30, 140, 270), cat=(220, 160 + number, 360, 260))
        drawn.save(path)
        made.append(path)
    return made


def visit(page: Page, url: str, *files: Path, lang: str = "en") -> Page:
    page.goto(f"{url}/?tab=detection&room=train&lang={lang}")
    expect(page.locator(f"{ROOM} [data-mounted]")).to_be_visible()
    if files:
        give(page, *files)
    return page


def give(page: Page, *files: Path) -> None:
    page.locator(f"{ROOM} [data-give=files]").set_input_files([str(file) for file in files])
    expect(page.locator(STAGE)).to_be_visible()


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the picture is on the screen."""
    page.locator(STAGE).scroll_into_view_if_needed()
    box = page.locator(STAGE).bounding_box()
    assert box
    return box["x"] + x / SIZE[0] * box["width"], box["y"] + y / SIZE[1] * box["height"]


def drag(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, *begin))
    page.mouse.down()
    page.mouse.move(*place(page, (begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2))
    page.mouse.move(*place(page, *end))
    page.mouse.up()


def draw_two(page: Page) -> None:
    """A person and a cat, with their labels."""
    drag(page, (40, 30), (140, 270))
    page.keyboard.type("person")  # the new box asks for its label
    page.keyboard.press("Enter")
    page.locator("[name=label]").fill("cat")
    page.keyboard.press("Escape")
    drag(page, (220, 160), (360, 260))
    page.locator("[name=label]").fill("cat")
    page.keyboard.press("Enter")
    expect(page.locator(LIST)).to_have_count(2)


def saved(page: Page, kind: str) -> Path:
    with page.expect_download() as download:
        page.locator(f"[data-boxes={kind}]").click()
    return Path(download.value.path())


def coco(page: Page) -> dict[str, Any]:
    return json.loads(saved(page, "coco").read_text("utf-8"))


def boxes(told: dict[str, Any]) -> dict[str, list[float]]:
    """Label and corners of each box of a COCO file."""
    names = {one["id"]: one["name"] for one in told["categories"]}
    return {names[one["category_id"]]: one["bbox"] for one in told["annotations"]}


def test_two_boxes_are_drawn_labelled_and_saved(page: Page, app_url: str, pictures: list[Path]):
    visit(page, app_url, *pictures)
    expect(page.locator(THUMBS)).to_have_count(8)
    page.locator(THUMBS).first.click()
    draw_two(page)
    told = coco(page)
    found = boxes(told)
    assert found["person"] == pytest.approx([40, 30, 100, 240], abs=2)
    assert found["cat"] == pytest.approx([220, 160, 140, 100], abs=2)
    assert [one["file_name"] for one in told["images"]] == [file.name for file in pictures]
    with zipfile.ZipFile(saved(page, "voc")) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 8
        tree = ET.fromstring(archive.read("Annotations/walk 0.xml"))
    assert [one.findtext("name") for one in tree.iter("object")] == ["person", "cat"]
    assert int(tree.findtext("object/bndbox/xmin") or 0) == pytest.approx(41, abs=2)


def test_a_box_is_moved_made_larger_deleted_and_brought_back(
    page: Page, app_url: str, pictures: list[Path]
):
    visit(page, app_url, pictures[0])
    draw_two(page)
    page.locator(LIST).first.click()
    drag(page, (90, 150), (110, 150))  # the chosen box, by its middle
    drag(page, (160, 270), (180, 280))  # by its lower right corner
    assert boxes(coco(page))["person"] == pytest.approx([60, 30, 120, 250], abs=3)
    page.locator(STAGE).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("2")
    page.keyboard.press("Delete")
    expect(page.locator(LIST)).to_have_count(1)
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert boxes(coco(page))["person"] == pytest.approx([60, 30, 120, 250], abs=3)
    page.keyboard.press("Enter")
    expect(page.locator(LIST)).to_have_count(2)


def test_keys_alone_are_enough(page: Page, app_url: str, pictures: list[Path]):
    visit(page, app_url, pictures[0])
    page.locator(STAGE).focus()
    page.keyboard.press("n")
    page.keyboard.type("hedgehog")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Alt+ArrowDown")
    assert boxes(coco(page))["hedgehog"] == pytest.approx([140, 106, 124, 90], abs=0.2)


def test_a_finger_draws(new_page: NewPage, app_url: str, pictures: list[Path]):
    page = visit(
        new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True),
        app_url,
        pictures[0],
    )
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", *place(page, 40, 30))
    finger("touchMove", *place(page, 100, 100))
    finger("touchMove", *place(page, 140, 270))
    finger("touchEnd")
    expect(page.locator(LIST)).to_have_count(1)
    page.keyboard.type("person")
    page.keyboard.press("Enter")
    assert boxes(coco(page))["person"] == pytest.approx([40, 30, 100, 240], abs=4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_reload_loses_nothing(page: Page, app_url: str, pictures: list[Path]):
    visit(page, app_url, *pictures[:2])
    page.locator(THUMBS).first.click()
    draw_two(page)
    before = coco(page)
    page.reload()
    expect(page.locator(LIST)).to_have_count(2)
    assert coco(page) == before


def test_labels_come_in_with_their_pictures_and_what_does_not_fit_is_said(
    page: Page, app_url: str, pictures: list[Path], tmp_path: Path
):
    told = {
        "images": [
            {"id": 7, "file_name": "photos/WALK 0.png", "width": 800, "height": 600},
            {"id": 8, "file_name": "elsewhere.png", "width": 8, "height": 8},
        ],
        "categories": [{"id": 3, "name": "person"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [80, 60, 200, 480]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [80, 60, -1, 480]},
        ],
    }
    labels, voc, notes = (tmp_path / name for name in ("labels.json", "walk 1.xml", "notes.txt"))
    labels.write_text(json.dumps(told))
    voc.write_text(
        "<annotation><filename>walk 1.png</filename><size><width>400</width><height>300</height>"
        "</size><object><name>cat</name><bndbox><xmin>221</xmin><ymin>162</ymin><xmax>360</xmax>"
        "<ymax>260</ymax></bndbox></object></annotation>"
    )
    notes.write_text("nothing")
    visit(page, app_url, labels, voc, notes, *pictures[:2])
    expect(page.locator(THUMBS)).to_have_count(2)
    found = boxes(coco(page))
    assert found == {"person": [40, 30, 100, 240], "cat": [220, 161, 140, 99]}  # at half size
    said = page.locator(f"{ROOM} .train-data")
    expect(said).to_contain_text("came in: pictures 2, boxes 2")
    expect(said).to_contain_text("neither pictures nor labels of COCO or VOC: 1 (notes.txt)")
    expect(said).to_contain_text("objects without a usable box, left out: 1")
    expect(said).to_contain_text("labels that wait for their pictures: 1")


Labels = tuple[str, bytes]


def in_coco(
    *names: str, box: object = (10, 20, 30, 40), file: str = "a.json", **more: Any
) -> Labels:
    """A file of COCO's: in each picture one object, of the kind that the picture is called."""
    told = {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(names)],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        "annotations": [
            {"image_id": n, "category_id": n, "bbox": box} | more for n in range(len(names))
        ],
    }
    return file, json.dumps(told, ensure_ascii=False).encode()


def in_voc(path: str, name: str, label: str = "x") -> Labels:
    """A file of VOC's with one object."""
    box = "<xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>60</ymax>"
    told = f"<object><name>{label}</name><bndbox>{box}</bndbox></object>"
    return path, f"<annotation><filename>{name}</filename>{told}</annotation>".encode()


def encoded(label: str, encoding: str = "utf-8", told: str = "") -> Labels:
    """The same of p.png in another encoding, and what its first line tells of that."""
    head = f'<?xml version="1.0" encoding="{told}"?>' if told else ""
    name, held = in_voc("p.xml", "p.png", label)
    return name, (head + held.decode()).encode(encoding)


TWICE = in_coco("a/1.png", "b/1.png")
ODD = ("odd.json", b'{"images": [null], "annotations": [null, 3], "categories": []}')
OUTLINE = [[10, 20, 40, 20, 40, 60]]


@pytest.mark.parametrize(
    ("labels", "paths", "boxes", "unclear", "told"),
    [
        # whose they are: by as many folders as agree
        ([TWICE], ["s/a/1.png", "s/b/1.png"], [["a/1.png"], ["b/1.png"]], [], {}),
        ([TWICE], ["b/1.png"], [["b/1.png"]], [], {}),
        ([TWICE], ["1.png"], [[]], ["a/1.png", "b/1.png"], {}),
        ([in_coco("1.png")], ["a/1.png", "b/1.png"], [[], []], ["1.png"], {}),
        ([in_coco("1.png", file="b/b.json")], ["a/1.png", "b/1.png"], [[], ["1.png"]], [], {}),
        ([in_coco("photos\\É 1.PNG")], ["e\u0301 1.png"], [["photos\\É 1.PNG"]], [], {}),
        ([in_coco("a.png", "A.png")], ["A.png", "a.png"], [["A.png"], ["a.png"]], [], {}),
        # by an address, where nothing is called just so
        ([in_coco("my%20p.png")], ["my p.png"], [["my%20p.png"]], [], {}),
        ([in_coco("my%20p.png")], ["my p.png", "my%20p.png"], [[], ["my%20p.png"]], [], {}),
        ([in_coco("100%.png")], ["100%.png"], [["100%.png"]], [], {}),
        ([in_coco("//x.y/p.png?d=1")], ["p.png"], [["//x.y/p.png?d=1"]], [], {}),
        ([in_coco("/data/?d=q/p%20.png")], ["q/p .png"], [["/data/?d=q/p%20.png"]], [], {}),
        # VOC's: by what they say, then by their own name
        (
            [in_voc("c.xml", "c.jpg"), in_voc("c-2.xml", "c.png", "y")],
            *(["c.png", "c.jpg"], [["y"], ["x"]], [], {}),
        ),
        (
            [in_voc("a.xml", "0.jpg"), in_voc("b.xml", "0.jpg", "y")],
            *(["b.jpg", "a.jpg"], [["y"], ["x"]], [], {}),
        ),
        ([in_voc("c.xml", "0.jpg")], ["c.jpg", "c.png"], [[], []], ["0.jpg"], {}),
        # once, however often they are given
        ([TWICE, TWICE], ["a/1.png", "b/1.png"], [["a/1.png"], ["b/1.png"]], [], {"again": 2}),
        ([in_coco("x"), in_voc("x.xml", "x.png")], ["x.png"], [["x"]], [], {"again": 1}),
        ([in_coco("x"), in_voc("x.xml", "x.png", "y")], ["x.png"], [["x", "y"]], [], {}),
        (
            [in_coco("x", box=[11, 20, 30, 40]), in_voc("x.xml", "x.png")],
            *(["x.png"], [["x", "x"]], [], {}),
        ),
        # what is odd
        ([ODD, in_coco("p.png")], ["p.png"], [["p.png"]], [], {"odd": 3}),
        ([in_coco("p.png", box=None)], ["p.png"], [[]], [], {"bad": 1}),
        ([in_coco("p.png", box=[None, 1, 5, 5])], ["p.png"], [[]], [], {"bad": 1}),
        ([in_coco("p.png", box=None, segmentation=[[None]])], ["p.png"], [[]], [], {"bad": 1}),
        ([in_coco("p.png", box=None, segmentation=OUTLINE)], ["p.png"], [["p.png"]], [], {}),
        ([in_coco("p.png", box=[], segmentation=OUTLINE[0])], ["p.png"], [["p.png"]], [], {}),
        # encodings
        ([encoded("猫", "gb2312", "GB2312")], ["p.png"], [["猫"]], [], {}),
        ([encoded("猫", "utf-16", "UTF-16")], ["p.png"], [["猫"]], [], {}),
        ([encoded("猫", told="utf-16")], ["p.png"], [["猫"]], [], {}),
        ([encoded("猫", "utf-8-sig")], ["p.png"], [["猫"]], [], {}),
        ([encoded("猫狗", "gb18030")], ["p.png"], [["猫狗"]], [], {}),
        ([encoded("chèvre")], ["p.png"], [["chèvre"]], [], {}),
        ([encoded("пони")], ["p.png"], [["пони"]], [], {}),
    ],
)
def test_labels_find_their_pictures_and_are_read_as_they_are_meant(
    shared_page: Page,
    app_url: str,
    labels: list[Labels],
    paths: list[str],
    boxes: list[list[str]],
    unclear: list[str],
    told: dict[str, int],
):
    if not shared_page.url.startswith(app_url):
        visit(shared_page, app_url)
    found = shared_page.evaluate(READ, [[[path, list(held)] for path, held in labels], paths])
    names = [[label for label, *_ in each] for each in found[0]]
    assert (names, found[1], found[2]) == (boxes, unclear, told)
    assert all(box[2::2] == [20, 60] for each in found[0] for box in each)


@pytest.mark.parametrize(
    ("box", "kept", "told"),
    [
        ([-50, -50, 100, 100], [[0, 0, 50, 50]], {"cut": 1}),
        ([300, 200, 390, 290], [[300, 200, 400, 300]], {"cut": 1}),
        ([300, 200, 101, 100.5], [[300, 200, 400, 300]], {}),  # rounded
        ([500, 500, 10, 10], [], {"bad": 1}),
    ],
)
def test_boxes_beyond_their_picture_are_cut_and_counted(
    shared_page: Page,
    app_url: str,
    box: list[float],
    kept: list[list[float]],
    told: dict[str, int],
):
    if not shared_page.url.startswith(app_url):
        visit(shared_page, app_url)
    name, held = in_coco("p.png", box=box)
    [found], _, counted = shared_page.evaluate(READ, [[[name, list(held)]], ["p.png"]])
    assert ([place for _, *place in found], counted) == (kept, told)


def test_a_folder_given_twice_and_two_windows_lose_nothing_and_double_nothing(
    page: Page, app_url: str, pictures: list[Path], tmp_path: Path
):
    folder, said = tmp_path / "set", page.locator(f"{ROOM} .train-data")
    for place, colour in (("a", "red"), ("b", "blue")):
        (folder / place).mkdir(parents=True)
        Image.new("RGB", SIZE, colour).save(folder / place / "1.bmp")  # of one size in bytes
    (folder / "labels.json").write_bytes(in_coco("a/1.bmp", "b/1.bmp")[1])
    visit(page, app_url)
    for told in ("came in: pictures 2, boxes 2", "here already: 2 · boxes that are there already"):
        page.locator(f"{ROOM} [data-give=folder]").set_input_files(str(folder))
        expect(said).to_contain_text(told)
    names = {one["id"]: one["file_name"] for one in coco(page)["images"]}
    assert list(names.values()) == ["set/a/1.bmp", "set/b/1.bmp"]
    with zipfile.ZipFile(saved(page, "voc")) as archive:
        assert archive.namelist() == ["Annotations/set/a/1.xml", "Annotations/set/b/1.xml"]

    other = page.context.new_page()
    visit(other, app_url)
    expect(other.locator(THUMBS)).to_have_count(2)
    give(page, pictures[0])  # in one window, of which the other does not know
    expect(said).to_contain_text("pictures 1, boxes 0")
    other.locator(STAGE).focus()
    other.keyboard.press("n")
    expect(other.locator(f"{ROOM} .train-data")).to_contain_text("Another window changes these")
    other.close()
    page.reload()
    expect(page.locator(THUMBS)).to_have_count(3)
    expect(page.locator(".boxes-told")).to_contain_text("boxes: 3")


def test_a_box_without_a_label_is_in_no_file(page: Page, app_url: str, pictures: list[Path]):
    visit(page, app_url, pictures[0])
    drag(page, (40, 30), (140, 270))
    assert coco(page)["annotations"] == coco(page)["categories"] == []
    told = "Boxes without a label, left out of the file: 1"
    expect(page.locator(".boxes-told")).to_have_text(told)
    with zipfile.ZipFile(saved(page, "voc")) as archive:
        assert b"<object>" not in archive.read("Annotations/walk 0.xml")


def test_proposals_count_once_they_are_accepted(page: Page, app_url: str, pictures: list[Path]):
    visit(page, app_url, pictures[0])
    page.locator("[data-boxes=suggest]").click()
    expect(page.locator(LIST)).to_have_count(2)
    assert boxes(coco(page)) == {}
    page.locator(STAGE).focus()
    page.keyboard.press("Enter")  # the surest, a person
    assert list(boxes(coco(page))) == ["person"]
    page.locator("[data-boxes=accept]").click()
    assert boxes(coco(page))["cat"] == pytest.approx([220, 160, 140, 100], abs=3)
    page.locator("[data-boxes=suggest]").click()
    expect(page.locator(".boxes-told")).to_have_text(
        "The network finds nothing here that it knows: draw the boxes yourself."
    )
    expect(page.locator(LIST)).to_have_count(2)


def test_what_is_too_little_to_learn_from_is_refused(
    page: Page, app_url: str, pictures: list[Path]
):
    visit(page, app_url, *pictures[:3])
    refusal, start = page.locator(f"{ROOM} .train > .refusal"), page.locator("[data-do=start]")
    start.click()
    expect(refusal).to_contain_text("There is no box yet")
    drag(page, (40, 30), (140, 270))
    start.click()
    expect(refusal).to_contain_text("Boxes without a label: 1")
    page.locator("[name=label]").fill("person")
    page.keyboard.press("Enter")
    start.click()
    expect(refusal).to_contain_text("Pictures so far: 3. Give 8 or more")


def test_what_was_drawn_is_learnt_from_and_each_error_can_be_seen(
    page: Page, app_url: str, pictures: list[Path], tmp_path: Path
):
    visit(page, app_url, *pictures)
    page.locator(THUMBS).first.click()
    draw_two(page)
    sent: list[Any] = []
    page.on("request", lambda one: sent.append(one) if one.url.count("train/uploads/") else None)
    page.locator("[data-do=start]").click()
    run = page.locator(f"{ROOM} .train-run")
    expect(run.locator("[data-show=state]")).to_have_text("Done")
    expect(run.locator(".train-figures")).to_contain_text("50.0%")
    summary = run.locator(".scored > p").first
    expect(summary).to_contain_text("1 of 2 objects found, 1 missed, 2 false")
    expect(summary).to_contain_text("Before: 0 found, 2 missed, 2 false")
    expect(summary).to_contain_text("can call them by your labels only")
    expect(run.locator(".scored-row").first.locator(".scored-picture")).to_have_count(2)
    run.locator(".scored-errors .missed").click()
    large = page.locator("dialog.scored-large")
    expect(large).to_contain_text("missed: person")
    expect(large.locator("img")).to_have_js_property("naturalWidth", SIZE[0])
    large.get_by_role("button", name="Close").click()
    expect(large).to_have_count(0)
    page.reload()  # the link shows it again
    expect(run.locator("[data-show=state]")).to_have_text("Done")
    run.locator("[data-do=use]").click()
    expect(page.locator("#detect-found .found h2")).to_be_visible()
    assert "model=detection%2F" in page.url or "model=detection/" in page.url


def test_the_recipe_reads_what_the_page_sends(
    page: Page, app_url: str, pictures: list[Path], tmp_path: Path
):
    visit(page, app_url, *pictures)
    page.locator(THUMBS).first.click()
    draw_two(page)
    bodies: list[bytes] = []
    page.route(
        "**/train/uploads/*",
        lambda route: (bodies.append(route.request.post_data_buffer or b""), route.continue_()),
    )
    page.locator("[data-do=start]").click()
    expect(page.locator(f"{ROOM} .train-run [data-show=state]")).to_have_text("Done")
    folder = tmp_path / "sent"
    folder.mkdir()
    for part in b"".join(bodies).split(b"\r\n------")[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if b'filename="' in head:
            name = head.split(b'filename="')[1].split(b'"')[0].decode()
            (folder / name).write_bytes(content)
    scenes = data.read(folder, "train", 8)
    [told] = scenes.left_out  # the other pictures, in which nothing was drawn
    assert told.startswith("pictures without a labelled object, taken as empty: 7 (")
    assert dict(scenes.counts()) == {"person": 1, "cat": 1}


def test_the_shapes_are_opened_in_the_editor(page: Page, app_url: str):
    visit(page, app_url)
    page.locator(f"{ROOM} [data-starter]").click()
    expect(page.locator(THUMBS)).to_have_count(24)
    expect(page.locator(".boxes-labels [data-label]")).to_have_count(4)
    expect(page.locator(".boxes-stage .edge").first).to_be_visible()


def test_a_zip_goes_as_it_is_and_the_page_says_what_is_in_it(
    page: Page, app_url: str, pictures: list[Path], tmp_path: Path
):
    visit(page, app_url, pictures[0])
    packed = tmp_path / "export.zip"
    told = {
        "images": [
            {"id": n, "file_name": one.name, "width": SIZE[0], "height": SIZE[1]}
            for n, one in enumerate(pictures)
        ],
        "categories": [{"id": 3, "name": "person"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 3, "bbox": [40, 30, 100, 240]}
            for n in range(len(pictures))
        ],
    }
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export/train/_annotations.coco.json", json.dumps(told))
        for one in pictures:
            archive.write(one, f"export/train/{one.name}")
    page.locator(f"{ROOM} [data-give=files]").set_input_files(str(packed))
    expect(page.locator(".boxes-handed")).to_contain_text("learnt from as it is")
    expect(page.locator(f"{ROOM} .train-data")).to_have_text("pictures: 8, boxes: 8 (person 8)")
    page.locator("[data-boxes=drawn]").click()
    expect(page.locator(".boxes-handed")).to_be_hidden()
    page.locator("[data-do=start]").click()
    expect(page.locator(f"{ROOM} .train > .refusal")).to_contain_text("There is no box yet")
