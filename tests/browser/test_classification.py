"""Image classification in a real browser, by the real models: every room, every bad picture."""

from __future__ import annotations

import csv
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from gradio_client import Client, handle_file
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from demos import pictures
from demos.classification import examples, learn
from demos.language import Words
from demos.page import articles, layout
from pretrained import catalog
from pretrained.classification import imagenet_names
from pretrained.classification.efficientnet import STAGES, STEM
from tests.browser.settling import settle

sys.path.insert(0, str(Path(__file__).parent.parent / "demos"))
from bad_pictures import REFUSED, encoded, photo

NewPage = Callable[..., Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
ENDINGS = {"text": "txt", "pdf": "pdf", "SVG": "svg", "HEIC": "heic", "postscript": "eps"}


def example(name: str) -> str:
    [path] = [str(e.path) for e in examples.EXAMPLES if e.name == name]
    return path


def visit(page: Page, url: str, lang: str = "en") -> Page:
    """Open the tab and wait for the answer that stands there from the start."""
    page.goto(f"{url}/?tab=classification&lang={lang}")
    expect(page.locator("#classify-answer .answer-name")).to_be_visible()
    expect(page.locator(".examples button").first).to_be_visible()
    return page


@pytest.fixture(scope="module")
def opened(visits: Visits, app_url: str) -> Iterator[Page]:
    """The tab, for tests of its other rooms that leave the picture of Try."""
    with visits() as make:
        yield visit(make(), app_url)


def room(page: Page, name: str) -> Locator:
    tabs = page.locator("#classification-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index(name)).click()
    return page.locator(f"#classification .room-{name}")


def send(page: Page, path: str | Path) -> None:
    page.locator("#classify-picture input[type=file]").set_input_files(str(path))


def choose(page: Page, text: str) -> None:
    page.locator("#classify-model input").click()
    page.locator("ul[role=listbox] li").filter(has_text=text).first.click()


def shown(page: Page) -> str:
    """The file name of the picture in the frame."""
    source = page.locator("#classify-picture .image-frame img").get_attribute("src") or ""
    return source.rpartition("/")[2]


def answered_anew(page: Page, before: str) -> None:
    """Wait until another name stands there than `before`."""
    name = page.locator("#classify-answer .answer-name")
    expect(name).not_to_have_text(before)
    expect(name).to_be_visible()


def answer_name(page: Page) -> str:
    return page.locator("#classify-answer .answer-name").inner_text()


# Try


def test_an_example_is_answered_rightly_when_the_page_opens(page: Page, app_url: str) -> None:
    visit(page, app_url)
    expect(page.locator("#classify-answer .bar")).to_have_count(5)
    expect(page.locator("#classify-answer .quiet")).to_contain_text("million weights, answered in")
    assert shown(page) == Path(str(examples.available()[0].path)).name
    expect(page.locator("#classify-answer .answer-name")).to_contain_text(examples.EXAMPLES[0].name)


def test_labels_speak_the_visitors_language(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    names = page.locator("#classify-answer .bar b")
    expect(names).to_have_count(5)
    assert set(names.all_inner_texts()) <= set(imagenet_names.chinese())
    choose(page, "CIFAR-10")
    expect(page.locator("#classify-answer .quiet")).to_contain_text("CIFAR-10 网络")
    ten = catalog.labels(catalog.find("classification/cifar10"))["zh"]
    assert ten
    expect(names).to_have_count(5)
    assert set(names.all_inner_texts()) <= set(ten)


def test_an_example_is_chosen_by_keyboard(page: Page, app_url: str) -> None:
    visit(page, app_url)
    assert shown(page) != "rocket.jpg"
    before = answer_name(page)
    button = page.get_by_role("button", name="Rocket")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#classify-picture img[src$='rocket.jpg']")).to_be_visible()
    answered_anew(page, before)


def test_the_upload_icon_takes_another_picture_at_once(page: Page, app_url: str) -> None:
    visit(page, app_url)
    before = answer_name(page)
    with page.expect_file_chooser() as chooser:
        page.locator("#classify-picture .source-selection button").first.click()
    chooser.value.set_files(example("rocket"))
    expect(page.locator("#classify-picture img[src$='rocket.jpg']")).to_be_visible()
    answered_anew(page, before)


DROP = """([name, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, {type: kind}));
  return data;
}"""


def test_a_picture_may_be_dropped_on_the_one_that_is_there(page: Page, app_url: str) -> None:
    visit(page, app_url)
    place = "#classify-picture .image-frame img"
    content = [*Path(example("pagoda")).read_bytes()]
    data = page.evaluate_handle(DROP, ["china.jpg", "image/jpeg", content])
    page.dispatch_event(place, "drop", {"dataTransfer": data})
    expect(page.locator("#classify-picture img[src$='china.jpg']")).to_be_visible()
    data = page.evaluate_handle(DROP, ["notes.txt", "text/plain", [97]])
    page.dispatch_event(place, "drop", {"dataTransfer": data})
    sentence = WORDS.say("en", "error.picture_unreadable")
    expect(page.locator("#classify-guard .refusal")).to_have_text(sentence)
    assert shown(page) == "china.jpg"


def dropped(page: Page, file: str, x: float, y: float) -> None:
    """Drops a file as a hand does: what was dropped is gone once the event is over."""
    hand = page.context.new_cdp_session(page)
    data = {"items": [], "files": [file], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    hand.detach()


def test_a_picture_dropped_by_hand_takes_the_place_of_another(page: Page, app_url: str) -> None:
    visit(page, app_url)
    place = page.locator("#classify-picture .image-frame img")
    for name in ("rocket", "pagoda"):
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        assert box
        dropped(page, example(name), box["x"] + box["width"] / 2, box["y"] + 40)
        file = Path(example(name)).name
        expect(page.locator(f"#classify-picture img[src$='{file}']")).to_be_visible()
    dropped(page, example("rocket"), 5, 300)  # beside the place: the page stays
    settle(page)
    assert len(page.context.pages) == 1 and shown(page) == file


def test_a_camera_that_cannot_be_opened_says_so(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#classify-picture .source-selection button").nth(1).click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    sentence = WORDS.say("en", "classification.try.no_camera")
    expect(page.locator("#classify-guard .refusal")).to_have_text(sentence)


PASTE = """([name, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, {type: kind}));
  const event = new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: data});
  document.body.dispatchEvent(event);
}"""


def test_a_picture_may_be_pasted_anywhere_in_the_room(page: Page, app_url: str) -> None:
    visit(page, app_url)
    content = [*Path(example("pagoda")).read_bytes()]
    page.evaluate(PASTE, ["pasted.jpg", "image/jpeg", content])
    expect(page.locator("#classify-picture img[src$='pasted.jpg']")).to_be_visible()
    expect(page.locator("#classify-answer .answer-name")).to_contain_text("palace")
    page.evaluate(PASTE, ["notes.txt", "text/plain", [97]])
    sentence = WORDS.say("en", "error.picture_unreadable")
    expect(page.locator("#classify-guard .refusal")).to_have_text(sentence)
    page.get_by_role("button", name="Remove Image").click()
    expect(page.locator("#classify-picture img")).to_have_count(0)
    page.evaluate(PASTE, ["again.jpg", "image/jpeg", content])
    expect(page.locator("#classify-picture img[src$='again.jpg']")).to_be_visible()


def test_what_is_pasted_in_another_room_is_not_taken(page: Page, app_url: str) -> None:
    visit(page, app_url)
    room(page, "learn")
    content = [*Path(example("pagoda")).read_bytes()]
    page.evaluate(PASTE, ["pasted.jpg", "image/jpeg", content])
    room(page, "try")
    expect(page.locator("#classify-picture .image-frame img")).to_be_visible()
    assert shown(page) != "pasted.jpg"


def test_where_it_hesitates_the_group_is_the_answer(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(".examples button[data-pick=cat]").click()
    expect(page.locator("#classify-answer .answer-name")).to_contain_text("A cat: perhaps a")
    bars = page.locator("#classify-answer .bar b")
    expect(bars.first).to_have_text("Cats, all together")


def test_the_picture_that_fools_it_stands_apart(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    apart = page.locator(".examples .fools")
    expect(apart).to_contain_text("会骗过它")
    expect(page.locator(".examples button")).to_have_count(10)
    apart.locator("button").click()
    expect(page.locator("#classify-answer .answer-name")).to_contain_text("一种狗")


def test_what_it_knows_is_sent_when_asked_and_searched(page: Page, app_url: str) -> None:
    visit(page, app_url)
    assert page.locator(".known li").count() == 0
    page.locator("#classify-known > button").click()
    lines = page.locator(".known li")
    expect(lines).to_have_count(1000)
    box = page.locator(".known input")
    fish = [kind for kind in imagenet_names.kinds() if kind.group == "fish"]
    by_name = [kind for kind in imagenet_names.kinds() if "fish" in " ".join(kind[:3]).lower()]
    finds = (("border terr", 1), ("边境", 2), ("zucchini", 1), ("courgette", 1))
    for typed, found in (*finds, ("fish", len({*fish, *by_name}))):
        box.fill(typed)
        expect(lines.filter(visible=True)).to_have_count(found)
        expect(page.locator(".known [role=status]")).to_have_text(f"{found} found")
    box.fill("unicorn")
    expect(page.locator(".known [role=status]")).to_contain_text("Nothing of that name")
    box.fill("")
    expect(lines.filter(visible=True)).to_have_count(1000)
    choose(page, "CIFAR-10")
    expect(lines).to_have_count(0)
    page.locator("#classify-known > button").click()
    expect(lines).to_have_count(10)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_bad_picture_is_refused_in_the_visitors_language(
    page: Page, app_url: str, tmp_path: Path, lang: str
) -> None:
    visit(page, app_url, lang)
    heavy = tmp_path / "heavy.jpg"
    with heavy.open("wb") as file:
        file.truncate(60_000_000)
    files = [(heavy, "file_too_large")]
    for name, (content, code) in REFUSED.items():
        path = tmp_path / f"{name.replace(' ', '-')}.{ENDINGS.get(name, 'png')}"
        path.write_bytes(content)
        files.append((path, code))
    good_ones = itertools.cycle(examples.available()[1::-1])
    for path, code in files:
        send(page, path)
        start = WORDS.say(lang, f"error.{code}").partition("{")[0]
        refused = page.locator("#classify-guard .refusal, #classify-refused .refusal")
        expect(refused.filter(has_text=start).filter(visible=True)).to_be_visible()
        good = next(good_ones).name
        pick = page.locator(f".examples button[data-pick={good}]")
        pick.evaluate("button => button.click()")
        there = page.locator(f"#classify-picture img[src$='{Path(example(good)).name}']")
        expect(there).to_be_visible()
        expect(page.locator("#classify-answer .answer-name")).to_be_visible()
        expect(refused.filter(visible=True)).to_have_count(0)


def test_a_file_that_is_no_picture_leaves_an_empty_frame(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    visit(page, app_url)
    (tmp_path / "broken.png").write_bytes(REFUSED["truncated PNG"][0])
    send(page, tmp_path / "broken.png")
    expect(page.locator("#classify-answer")).to_contain_text("There is no picture yet")
    expect(page.locator("#classify-refused .refusal")).to_contain_text("breaks off")
    expect(page.locator("#classify-picture img")).to_have_count(0)
    expect(page.get_by_role("button", name="See how it decided")).to_be_disabled()
    expect(room(page, "inside").locator("#inside-head")).to_contain_text("There is no picture yet")
    room(page, "try")
    page.locator(".examples button").first.click()
    expect(page.get_by_role("button", name="See how it decided")).to_be_enabled()
    expect(page.locator("#classify-refused .refusal")).to_have_count(0)


def test_what_a_browser_cannot_show_is_answered_without_a_torn_picture(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    visit(page, app_url)
    before = answer_name(page)
    (tmp_path / "photo.tiff").write_bytes(encoded(photo(), "TIFF"))
    send(page, tmp_path / "photo.tiff")
    expect(page.locator("#classify-guard .unshown")).to_be_visible()
    expect(page.locator("#classify-picture img[src$='photo.tiff']")).to_be_hidden()
    answered_anew(page, before)
    page.locator(".examples button").first.click()
    expect(page.locator("#classify-picture .image-frame img")).to_be_visible()
    expect(page.locator("#classify-guard .unshown")).to_be_hidden()


def test_taking_the_picture_away_leaves_an_invitation(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.get_by_role("button", name="Remove Image").click()
    expect(page.locator("#classify-answer")).to_contain_text("There is no picture yet")


def test_a_download_is_offered_first_and_offline_says_so(page: Page, app_url: str) -> None:
    visit(page, app_url)
    choose(page, "ResNet-50")
    entry = next(e for e in catalog.entries().values() if e.title == "ResNet-50")
    told = page.locator("#classify-answer")
    expect(told).to_contain_text(f"{entry.bytes / 1e6:.0f} MB")
    expect(told).to_contain_text(entry.licence)
    page.locator("#classify-fetch").click()
    expect(told.locator(".refusal")).to_contain_text("cannot be reached")
    page.locator("#classify-compare").click()
    columns = page.locator(".compare .answered")
    expect(columns).to_have_count(4)
    expect(columns.filter(has=page.locator(".refusal"))).to_have_count(0)
    expect(columns.filter(has=page.locator(".note"))).to_contain_text("MB from Hugging Face")
    choose(page, "ImageNet network")
    expect(page.locator("#classify-answer .answer-name")).to_be_visible()


def test_then_and_now_on_one_picture(page: Page, app_url: str) -> None:
    visit(page, app_url, "zh")
    page.locator("#classify-compare").click()
    expect(page.locator(".compare .answered h3")).to_have_text(
        ["HOG + SVM", "CIFAR-10 网络", "ImageNet 网络"]
    )
    expect(page.locator(".compare .bar")).to_have_count(9)


def test_a_comparison_of_the_picture_before_is_not_shown(page: Page, app_url: str) -> None:
    visit(page, app_url)
    before = answer_name(page)
    page.evaluate("""() => {
      document.querySelector('#classify-compare').click();
      document.querySelector('.examples button[data-pick=rocket]').click();
    }""")
    answered_anew(page, before)
    page.wait_for_timeout(3000)  # a comparison takes less, models loaded or not
    expect(page.locator("#classify-below").locator(".compare, progress")).to_have_count(0)
    page.locator("#classify-compare").click()
    expect(page.locator(".compare .answered")).to_have_count(3)


def test_several_pictures_give_a_table_to_take_along(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    visit(page, app_url)
    (tmp_path / "broken.png").write_bytes(REFUSED["truncated PNG"][0])
    files = [example("lion"), example("espresso"), str(tmp_path / "broken.png")]
    with page.expect_file_chooser() as chooser:
        page.locator("#classify-several").click()
    chooser.value.set_files(files)
    rows = page.locator(".several tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("breaks off")
    with page.expect_download() as download:
        page.locator(".several a[download]").click()
    text = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    table = list(csv.DictReader(text))
    assert [row["file"] for row in table] == ["lion.jpg", "coffee.png", "broken.png"]
    assert 0 < float(table[0]["confidence"]) <= 1 and table[2]["error"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_of_several_that_is_too_large_is_refused_before_it_is_sent(
    page: Page, app_url: str, tmp_path: Path, lang: str
) -> None:
    visit(page, app_url, lang)
    heavy = tmp_path / "heavy.jpg"
    with heavy.open("wb") as file:
        file.truncate(60_000_000)
    with page.expect_file_chooser() as chooser:
        page.locator("#classify-several").click()
    chooser.value.set_files([example("lion"), heavy])
    said = WORDS.say(lang, "error.file_too_large", size=60, limit=50)
    expect(page.locator("#classify-guard .refusal")).to_have_text(said)
    expect(page.locator(".toast-body")).to_have_count(0)


def test_several_pictures_offer_the_download_with_its_button(page: Page, app_url: str) -> None:
    visit(page, app_url)
    choose(page, "ResNet-50")
    expect(page.locator("#classify-fetch")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.locator("#classify-several").click()
    chooser.value.set_files([example("lion"), example("espresso")])
    button = page.locator("#classify-below button")
    expect(button).to_have_text("Download it and answer")
    button.click()
    refused = page.locator("#classify-below .refusal")
    expect(refused).to_contain_text("cannot be reached")
    expect(button).to_be_visible()


def test_no_visitor_sees_anothers_picture(new_page: NewPage, app_url: str, tmp_path: Path) -> None:
    mine, other = visit(new_page(), app_url), visit(new_page(), app_url)
    (tmp_path / "secret-7.png").write_bytes(encoded(photo(), "PNG"))
    send(mine, tmp_path / "secret-7.png")
    expect(mine.locator("#classify-picture img[src$='secret-7.png']")).to_be_visible()
    other.locator(".examples button[data-pick=cat]").click()
    expect(other.locator("#classify-picture img[src$='chelsea.png']")).to_be_visible()
    assert shown(mine) == "secret-7.png" and "secret-7" not in other.content()
    expect(other.locator("#classify-answer .answer-name")).to_be_visible()
    assert "secret-7" not in visit(new_page(), app_url).content()


# Look inside


def test_the_same_picture_is_looked_into(page: Page, app_url: str) -> None:
    visit(page, app_url)
    before = answer_name(page)
    send(page, example("rocket"))
    expect(page.locator("#classify-picture img[src$='rocket.jpg']")).to_be_visible()
    answered_anew(page, before)
    page.get_by_role("button", name="See how it decided").click()
    inside = page.locator("#classification .room-inside")
    expect(inside.locator("#inside-stages button")).to_have_count(8)
    expect(inside.locator("#inside-where figure img")).to_have_count(2)
    expect(inside.locator("#inside-filters img")).to_be_visible()
    for picture in inside.locator("img").all():
        assert picture.get_attribute("alt")
    best = page.locator("#classify-answer .bar b").nth(1).inner_text()  # below its group
    expect(inside.locator("#inside-where")).to_contain_text(best)


def test_a_stage_shows_its_maps_by_click_and_by_keyboard(opened: Page) -> None:
    page = opened
    inside = room(page, "inside")
    stages, maps = inside.locator("#inside-stages button"), inside.locator("#inside-maps h2")
    expect(maps).to_have_text("What the network sees: First layer")
    stages.nth(2).click()
    expect(maps).to_have_text("What the network sees: Stage 2")
    expect(stages.nth(2)).to_have_attribute("aria-pressed", "true")
    stages.nth(1).focus()
    page.keyboard.press("Enter")
    expect(maps).to_have_text("What the network sees: Stage 1")
    expect(inside.locator("#inside-stages [aria-pressed=true]")).to_have_count(1)


def test_the_network_is_drawn_from_the_module(opened: Page) -> None:
    """Seven stages after the first layer, with as many maps as the module's."""
    drawn = room(opened, "inside").locator("#inside-stages button")
    widths = [STEM, *(channels for _, _, _, channels, _ in STAGES)]
    expect(drawn).to_have_count(len(widths))
    for number, width in enumerate(widths):
        expect(drawn.nth(number)).to_contain_text(f"{width} \u00d7 ")


def test_a_convolution_is_done_by_hand(opened: Page) -> None:
    """The place of the map that is shown is what the network itself computes there."""
    page = opened
    inside = room(page, "inside")
    touch = inside.locator("#inside-touch")
    expect(touch.get_by_role("radio")).to_have_count(32)
    picture, line = touch.locator(".given"), touch.locator("#touch-line")
    expect(line).to_contain_text("of the map")
    picture.click(position={"x": 60, "y": 90})
    first = line.inner_text()
    page.keyboard.press("ArrowRight")
    expect(line).not_to_have_text(first)
    row, column = map(int, re.findall(r"Row (\d+), column (\d+)", line.inner_text())[0])
    number = touch.locator("[role=radio][aria-checked=true]").get_attribute("title")
    assert number
    maps = stem_of(example("espresso"))[int(number.rpartition(" ")[2]) - 1]
    value = touch.locator(".convolution").get_attribute("data-value")
    assert value and float(value) == pytest.approx(float(maps[row - 1, column - 1]), abs=2e-3)
    page.keyboard.press("Shift+ArrowDown")
    expect(line).to_contain_text(f"Row {row + 10}, column {column}")


def stem_of(path: str) -> Tensor:
    """The maps of the network's first layer, [32, 112, 112]."""
    from pretrained.classification import imagenet
    from pretrained.classification.efficientnet import normalised

    model = imagenet.load(catalog.find(imagenet.KEY), "cpu", lambda done, total: None)
    pixels = model._pixels([pictures.open_picture(path)])
    with torch.inference_mode():
        return model.network.stem(normalised(pixels))[0]


FILLED = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    .data.filter((value, i) => i % 4 === 3 && value).length / (canvas.width * canvas.height)"""


def test_the_next_map_fills_in(page: Page, app_url: str) -> None:
    visit(page, app_url)
    touch = room(page, "inside").locator("#inside-touch")
    expect(touch.locator("#touch-line")).to_contain_text("of the map")
    made = touch.locator(".made")
    before = made.evaluate(FILLED)
    touch.locator(".given").click(position={"x": 30, "y": 30})
    after = made.evaluate(FILLED)
    assert 0 < before < after < 0.1
    touch.locator("[data-fill]").click()
    page.wait_for_function(f"canvas => ({FILLED})(canvas) === 1", arg=made.element_handle())
    chosen = touch.locator("[role=radio][aria-checked=true]")
    name = chosen.get_attribute("title")
    chosen.focus()
    page.keyboard.press("ArrowRight")
    expect(chosen).not_to_have_attribute("title", str(name))
    assert made.evaluate(FILLED) == 1, "another filter's map is filled in where this one was"


def test_what_hog_sees_stands_beside(page: Page, app_url: str) -> None:
    visit(page, app_url)
    expect(room(page, "inside").locator("#inside-hog img")).to_be_visible()
    room(page, "try")
    choose(page, "HOG + SVM")
    expect(page.locator("#classify-answer .quiet")).to_contain_text("HOG + SVM")
    expect(room(page, "inside")).to_contain_text("has no layers to look into")


# Train and Learn


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_learn_shows_measured_figures(new_page: NewPage, app_url: str, lang: str) -> None:
    page = visit(new_page(), app_url, lang)
    shown_room = room(page, "learn")
    expect(shown_room.locator(".chart")).to_have_count(2)
    text = shown_room.inner_text()
    assert "{{" not in text and "—" not in text
    for key in (learn.CIFAR, learn.HOG):
        result = learn.top1(key)
        assert result and articles.figure("top1", result) in text


def test_train_shows_a_command_that_exists(opened: Page) -> None:
    train = room(opened, "train")
    train.get_by_role("button", name="The same from the command line").click()
    expect(train.locator(".command code").first).to_be_visible()
    commands = train.locator(".command code").all_inner_texts()
    assert len(commands) == 2 and commands[1].startswith("python app.py --model")
    assert commands[0].startswith("python -m pretrained train classification/imagenet --data ")


# The door


def test_scripts_get_the_real_models_answer(app_url: str) -> None:
    client = Client(app_url, verbose=False)
    answer = client.predict(handle_file(example("lion")), api_name="/classify")
    assert set(answer) == {"label", "confidences"} and len(answer["confidences"]) == 5
    assert answer["label"] == answer["confidences"][0]["label"]
    shares = [row["confidence"] for row in answer["confidences"]]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1.0001
    assert {row["label"] for row in answer["confidences"]} <= set(imagenet_names.dataset_names())
