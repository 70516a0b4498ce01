"""The pen in a real browser, by the real models: writing, hands, downloads, Look inside."""

from __future__ import annotations

import json
import re
import struct
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from gradio_client import Client
from home_bench import bundled
from playwright.sync_api import Locator, Page, expect

from demos.handwriting.request import hands
from demos.handwriting.tryout import EXAMPLE, SEED
from demos.language import Words
from demos.page import layout
from jobs.take_home import Facts, packed
from pretrained import catalog
from tests.browser.settling import settle
from tests.browser.test_house import CUT

pytestmark = pytest.mark.skipif(
    "handwriting/pen" not in catalog.entries(), reason="no pen is bundled"
)

NewPage = Callable[..., Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
WORDS = Words()
SVG = "{http://www.w3.org/2000/svg}"
PHONE = {"width": 390, "height": 844}
COLD = 120_000  # ms that the first writing may take, while torch and the pen are being loaded


def visit(page: Page, url: str, lang: str = "en") -> Page:
    """Open the exhibit and wait until its example stands there."""
    page.goto(f"{url}/?tab=text&exhibit=pen&lang={lang}")
    expect(page.locator(".board .ink path").first).to_be_attached(timeout=COLD)
    finish(page)
    return page


@pytest.fixture(scope="module")
def opened(visits: Visits, app_url: str) -> Iterator[Page]:
    """The exhibit, for tests that say what they write and leave whose hand writes it."""
    with visits() as make:
        yield visit(make(), app_url)


@pytest.fixture
def writing(opened: Page) -> Page:
    """The same, in the room Try."""
    room(opened, "try")
    return opened


def finish(page: Page) -> None:
    """Do not wait for the pen to draw what has arrived."""
    expect(page.locator("[data-do=stop]")).to_be_hidden()
    page.evaluate("document.querySelector('[data-do=finish]').click()")  # it may be done by itself
    expect(page.locator(".board")).to_have_class("board drawn")


def write(page: Page, text: str) -> None:
    page.locator(".pen textarea").fill(text)
    page.locator(".pen [type=submit]").click()


def rewritten(page: Page) -> None:
    """Wait for another writing than the one marked by `mark`."""
    expect(page.locator(".sheet-of-paper[data-old]")).to_have_count(0)
    finish(page)


def mark(page: Page) -> None:
    page.eval_on_selector_all(
        ".board .sheet-of-paper", "all => all.forEach(s => s.dataset.old = 1)"
    )


def room(page: Page, name: str) -> Locator:
    tabs = page.locator("#text-rooms > .tab-wrapper [role=tab]")
    tabs.nth(layout.ROOMS.index(name)).click()
    return page.locator(f"#text .room-{name}")


def slide(page: Page, name: str, value: float) -> None:
    """Move a slider as a hand does: `input` while it moves, `change` when it is let go."""
    page.locator(f".pen input[name={name}]").fill(str(value))


def ink(page: Page, number: int = 0) -> list[str]:
    """What is drawn of a sample."""
    sheet = page.locator(".board .sheet-of-paper").nth(number)
    return sheet.locator(".ink path").evaluate_all("all => all.map(p => p.getAttribute('d'))")


def scribble(page: Page, strokes: int = 5) -> None:
    """Write something on the pad with the mouse."""
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    for stroke in range(strokes):
        x, y = box["x"] + 20 + stroke * 40, box["y"] + 60
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, 9):
            page.mouse.move(x + 3 * step, y + (30 if step % 4 < 2 else -5))
        page.mouse.up()


# Writing


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_example_is_written_when_the_exhibit_opens(page: Page, app_url: str, lang: str) -> None:
    page.goto(f"{app_url}/?tab=text&exhibit=pen&lang={lang}")
    expect(page.locator(".board .ink path").first).to_be_attached(timeout=COLD)
    expect(page.locator(".pen textarea")).to_have_value(EXAMPLE)
    finish(page)
    expect(page.locator(".board .reading-of")).to_be_visible()
    heading = WORDS.say(lang, "handwriting.reads.heading")
    expect(page.locator(".board .reads")).to_contain_text(heading)
    expect(page.locator(".board svg")).to_have_attribute(
        "aria-label", WORDS.say(lang, "handwriting.try.alt", text=EXAMPLE)
    )


def test_the_pen_draws_while_the_points_arrive(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(".player input").fill("0")
    whole = len("".join(ink(page)))
    page.locator("[data-do=again]").click()
    expect(page.locator(".board .ink path").first).to_be_attached()
    assert len("".join(ink(page))) < whole
    expect(page.locator(".board .nib")).to_be_visible()
    page.locator("[data-do=finish]").click()
    expect(page.locator(".board")).to_have_class("board drawn")
    assert len("".join(ink(page))) == whole
    expect(page.locator(".board .nib")).to_be_hidden()


def test_who_asks_for_less_motion_sees_finished_strokes(new_page: NewPage, app_url: str) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(f"{app_url}/?tab=text&exhibit=pen&lang=en")
    expect(page.locator(".board")).to_have_class("board drawn")
    expect(page.locator(".board .reading-of")).to_be_visible()
    expect(page.locator(".board .player")).to_be_hidden()


def test_the_same_seed_writes_the_same_and_another_another(page: Page, app_url: str) -> None:
    visit(page, app_url)
    first = ink(page)
    for seed, same in (("", False), ("1", False), (str(SEED), True)):
        mark(page)
        page.locator(".pen [name=seed]").fill(seed)
        page.locator(".pen [type=submit]").click()
        rewritten(page)
        assert (ink(page) == first) is same
        expect(page.locator(".board .seed")).to_contain_text(
            seed or WORDS.say("en", "text.try.seed")
        )


def test_every_hand_is_drawn_by_the_pen_and_can_be_chosen(page: Page, app_url: str) -> None:
    visit(page, app_url)
    count = len(hands(catalog.find("handwriting/pen")))
    expect(page.locator(".hand svg path")).to_have_count(count)
    drawn = page.locator(".hand svg path").evaluate_all("all => all.map(p => p.getAttribute('d'))")
    assert len(set(drawn)) == count > 1
    before = ink(page)
    mark(page)
    page.locator(".pen [name=style]").nth(1).focus()
    page.keyboard.press("Space")
    rewritten(page)
    assert ink(page) != before


def test_several_samples_stand_side_by_side(page: Page, app_url: str) -> None:
    visit(page, app_url)
    mark(page)
    slide(page, "samples", 4)
    rewritten(page)
    sheets = page.locator(".board .sheet-of-paper")
    expect(sheets).to_have_count(4)
    boxes = [sheets.nth(n).bounding_box() for n in range(2)]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"]
    assert len({tuple(ink(page, n)) for n in range(4)}) == 4


def test_a_long_text_takes_several_lines(writing: Page) -> None:
    page = writing
    mark(page)
    write(page, "one line that is much too long for the width of the paper\nanother line")
    rewritten(page)
    assert page.locator(".board .rules line").count() >= 3
    box = page.locator(".board .ink").bounding_box()
    assert box and box["height"] > 60


def test_what_cannot_be_written_is_named(writing: Page) -> None:
    page = writing
    mark(page)
    write(page, "tea 茶 🙂 <img src=x onerror=alert(1)>\u202e")
    rewritten(page)
    said = page.locator(".board .note")
    expect(said).to_contain_text("茶 🙂")
    expect(said).to_contain_text("U+202E")
    expect(page.locator(".board img")).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_bad_input_is_refused_in_the_visitors_language(page: Page, app_url: str, lang: str) -> None:
    visit(page, app_url, lang)
    for text, seed, code in (
        ("", "0", "pen_nothing"),
        ("你好，世界", "0", "pen_unwritable"),
        ("שלום", "0", "pen_unwritable"),
        ("\x07\x08", "0", "pen_unwritable"),
        ("a" * 100_000, "0", "pen_text_too_long"),
        ("a", "abc", "bad_option"),
    ):
        page.locator(".pen [name=seed]").fill(seed)
        write(page, text)
        end = WORDS.say(lang, f"error.{code}").rpartition("}")[2]
        expect(page.locator(".board .refusal")).to_contain_text(end)
        expect(page.locator(".board .sheet-of-paper")).to_have_count(0)
        page.locator(".pen [name=seed]").fill("0")
        write(page, "again")
        expect(page.locator(".board .refusal")).to_have_count(0)
        finish(page)


def test_a_new_wish_takes_the_place_of_the_one_before(writing: Page) -> None:
    page = writing
    for text in ("the first of many wishes that nobody waits for", "second", "third"):
        write(page, text)
    label = WORDS.say("en", "handwriting.try.alt", text="third")
    expect(page.locator(".board svg")).to_have_attribute("aria-label", label)
    finish(page)
    expect(page.locator(".board .reading-of")).to_be_visible()


def test_writing_can_be_stopped(page: Page, app_url: str) -> None:
    visit(page, app_url)
    mark(page)
    slide(page, "samples", 4)
    write(page, "a long text that will take the pen quite a while to write down, " * 4)
    expect(page.locator(".sheet-of-paper[data-old]")).to_have_count(0)
    expect(page.locator(".board .ink path").first).to_be_attached()
    page.locator("[data-do=stop]").click()
    finish(page)
    before = ink(page)
    expect(page.locator("[data-do=stop]")).to_be_hidden()
    assert ink(page) == before


def taught(page: Page, app_url: str, tmp_path: Path) -> tuple[Locator, str]:
    """A pen of the visitor's own, which the address of Try names: its training's room, and what
    the training's link says of it."""
    made = bundled("handwriting/pen")(tmp_path / "out")
    taken = packed(made, Facts("handwriting/pen"), onnx=False)
    page.goto(f"{app_url}/?tab=text&exhibit=pen&room=train&lang=en")
    settle(page)
    train = page.locator("#text-rooms [data-train]:visible")
    expect(train).to_have_attribute("data-mounted", "")
    train.locator("[data-load]").set_input_files(taken)
    expect(train.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.done"))
    query = urlsplit(train.locator("[data-show=link]").input_value()).query
    with page.expect_navigation():
        train.locator("[data-do=use]").click()
    expect(page.locator(".board .ink path").first).to_be_attached(timeout=COLD)
    return train, query


def test_a_pen_that_is_deleted_is_listed_and_named_no_more(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    train, query = taught(page, app_url, tmp_path)
    own = page.locator(".pen [name=style][value^='handwriting/']")
    expect(own).to_be_checked()
    expect(own.locator("xpath=..")).to_contain_text("★")
    key = own.get_attribute("value") or ""
    [job] = parse_qs(query)["job"]
    assert job not in key, "who may use it does not see its training"
    page.goto(f"{app_url}/?tab=text&exhibit=pen&lang=en&model={key}&room=try&job={job}")
    expect(own).to_be_checked()
    expect(own.locator("xpath=..")).to_contain_text("★")
    room(page, "train")
    expect(train.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.done"))
    page.once("dialog", lambda dialog: dialog.accept())
    train.locator("[data-do=remove]").click()
    expect(own).to_have_count(0)
    expect(page.locator(".pen [name=style]").first).to_be_checked()
    assert "model=" not in page.url
    page.reload()
    room(page, "try")
    expect(page.locator(".pen [name=style]").first).to_be_checked()
    settle(page)
    expect(own).to_have_count(0)


def test_the_other_language_writes_in_the_same_hand(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    taught(page, app_url, tmp_path)
    styles = page.locator(".pen [name=style]")
    own = page.locator(".pen [name=style][value^='handwriting/']")
    expect(own.locator("xpath=..")).to_contain_text("★")
    for lang, chosen in (("zh-CN", styles.nth(2)), ("en", own)):
        chosen.check(force=True)
        value = chosen.get_attribute("value")
        page.locator("[data-switch=lang]").click()
        expect(page.locator("html")).to_have_attribute("lang", lang)
        expect(page.locator(f".pen [name=style][value='{value}']")).to_be_checked()
        expect(own).to_have_count(1)
        expect(own.locator("xpath=..")).to_contain_text("★")


def ended(app_url: str, outcome: str) -> float:
    """How many lines of the pen ended so, by the server's own count."""
    with urllib.request.urlopen(f"{app_url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    name = f'breakthroughs_requests_total{{model="handwriting/pen",outcome="{outcome}"}}'
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_closed_page_frees_its_pens(new_page: NewPage, app_url: str) -> None:
    """All four are cut off where they stand, rather than write on for nobody."""
    page = visit(new_page(), app_url)
    mark(page)
    slide(page, "samples", 4)
    rewritten(page)
    mark(page)
    write(page, "a long text that will take the pen quite a while to write down, " * 4)
    expect(page.locator(".sheet-of-paper[data-old]")).to_have_count(0)
    expect(page.locator(".board .ink path").first).to_be_attached()
    cut, whole = ended(app_url, "cancelled"), ended(app_url, "answered")
    page.close()
    other = new_page()
    other.goto(f"{app_url}/?tab=server&lang=en")
    while ended(app_url, "cancelled") < cut + 4:
        assert ended(app_url, "answered") < whole + 20, "it was written to its end"
        other.wait_for_timeout(50)
    models = Client(app_url, verbose=False).predict(api_name="/status")["models"]
    assert {m["key"]: m["leases"] for m in models}["handwriting/pen"] == 0


# To take home


def taken(page: Page, kind: str) -> bytes:
    with page.expect_download() as download:
        page.locator(".board .take button").filter(has_text=kind).first.click()
    assert download.value.suggested_filename == f"handwriting-1.{kind.lower()}"
    return Path(download.value.path()).read_bytes()


def test_svg_png_and_strokes_can_be_taken_home(page: Page, app_url: str) -> None:
    visit(page, app_url)
    root = ElementTree.fromstring(taken(page, "SVG"))
    assert {e.tag for e in root.iter()} == {SVG + tag for tag in ("svg", "title", "g", "path")}
    assert root.findtext(f"{SVG}title", "").split() == EXAMPLE.split()
    png = taken(page, "PNG")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert 1000 < width <= 4000 and 100 < height < width
    strokes = json.loads(taken(page, "JSON"))
    assert " ".join(line["text"] for line in strokes["lines"]) == EXAMPLE
    assert all(len(point) == 2 for s in strokes["lines"][0]["strokes"] for point in s)


# A visitor's own hand


def test_strokes_can_be_undone_and_cleared_and_it_continues_in_the_visitors_hand(
    page: Page, app_url: str
) -> None:
    visit(page, app_url)
    page.locator(".pen [value=own]").check()
    expect(page.locator("[data-do=undo]")).to_be_disabled()
    scribble(page, 3)
    page.locator("[data-do=undo]").click()
    expect(page.locator("[data-pad] path")).to_have_count(2)
    page.locator("[data-do=clear]").click()
    expect(page.locator("[data-pad] path")).to_have_count(0)
    expect(page.locator("[data-do=clear]")).to_be_disabled()
    scribble(page)
    expect(page.locator("[data-pad] path")).to_have_count(5)
    mark(page)
    page.locator(".pen [name=written]").fill("mmmmm")
    write(page, "in my hand")
    rewritten(page)
    expect(page.locator(".board .sheet-of-paper")).to_have_count(1)
    inside = room(page, "inside")
    expect(inside.locator(".letters li")).to_have_count(len("in my hand"))
    expect(inside).to_contain_text(WORDS.say("en", "handwriting.inside.own"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_pad_is_told_so_and_a_dot_too(page: Page, app_url: str, lang: str) -> None:
    visit(page, app_url, lang)
    page.locator(".pen [value=own]").check()
    page.locator(".pen [type=submit]").click()
    expect(page.locator("[data-show=need]")).to_have_text(WORDS.say(lang, "handwriting.try.need"))
    page.locator("[data-pad]").click()
    page.locator(".pen [type=submit]").click()
    expect(page.locator(".board .refusal")).to_have_text(WORDS.say(lang, "error.pen_one_point"))


def test_a_finger_writes_and_does_not_scroll(new_page: NewPage, app_url: str) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    visit(page, app_url)
    page.locator(".pen [value=own]").check()
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    x, y = box["x"] + 30, box["y"] + 40
    scrolled = page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", x, y)
    for step in range(1, 9):
        finger("touchMove", x + 12 * step, y + 8 * step)
    finger("touchEnd")
    expect(pad.locator("path")).to_have_count(1)
    assert len((pad.locator("path").get_attribute("d") or "").split("L")) > 4
    assert page.evaluate("scrollY") == scrolled


# Look inside


def test_the_window_moves_over_the_letters(writing: Page) -> None:
    page = writing
    mark(page)
    write(page, "a window")
    rewritten(page)
    inside = room(page, "inside")
    expect(inside.locator(".letters li")).to_have_count(8)
    inside.locator("[data-do=play]").click()  # pause
    time = inside.locator("[data-do=time]")
    last = int(time.get_attribute("max") or 0)
    assert last > 40
    heaviest = """all => all.map(l => +l.style.getPropertyValue('--share'))
        .reduce((best, s, i, a) => s > a[best] ? i : best, 0)"""
    places = []
    for moment in (0, last // 2, last - 1):
        time.fill(str(moment))
        places.append(inside.locator(".letters li").evaluate_all(heaviest))
    assert places[0] <= 1 < places[1] < places[2] and places[2] >= 6
    expect(inside.locator("[data-show=moment]")).to_contain_text(f"{last} of {last + 1}")


def test_ellipses_and_drawing_follow_the_time(page: Page, app_url: str) -> None:
    visit(page, app_url)
    inside = room(page, "inside")
    expect(inside.locator(".letters li").first).to_be_visible()
    play, time = inside.locator("[data-do=play]"), inside.locator("[data-do=time]")
    expect(play).to_have_text("Pause")
    play.click()
    expect(play).to_have_text("Play")
    time.focus()
    page.keyboard.press("Home")
    expect(inside.locator(".loupe .cloud ellipse")).to_have_count(4)
    short = inside.locator(".loupe .ink path").get_attribute("d") or ""
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert time.input_value() == "2"
    assert len(inside.locator(".loupe .ink path").get_attribute("d") or "") > len(short)
    page.keyboard.press("End")
    expect(inside.locator(".loupe .cloud ellipse")).to_have_count(0)
    play.click()  # from the beginning again
    expect(play).to_have_text("Pause")
    expect(inside.locator(".loupe .cloud ellipse")).to_have_count(4)


def test_the_line_inside_is_the_one_that_stands_under_try(writing: Page) -> None:
    page = writing
    mark(page)
    write(page, "the same line")  # longer than what another test has left inside
    rewritten(page)
    outside = ink(page)
    inside = room(page, "inside")
    expect(inside.locator(".letters li")).to_have_count(len("the same line"))
    points = inside.locator("[data-show=stage] .ghost path").get_attribute("d") or ""
    assert points.count("M") == len(outside)


def test_less_motion_does_not_play_by_itself(new_page: NewPage, app_url: str) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(f"{app_url}/?tab=text&exhibit=pen&lang=en")
    inside = room(page, "inside")
    expect(inside.locator(".letters li").first).to_be_visible()
    expect(inside.locator("[data-do=play]")).to_have_text("Play")
    assert inside.locator("[data-do=time]").input_value() == "0"


# The page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_follows_the_theme_and_nothing_stands_in_the_way_of_anyone(
    new_page: NewPage, app_url: str, scheme: Any
) -> None:
    """axe, WCAG 2.1 AA, on the exhibit alone: the rest of the page is test_house's."""
    page = new_page(color_scheme=scheme, viewport=PHONE)
    visit(page, app_url)
    colour = page.locator(".board .ink path").first.evaluate("p => getComputedStyle(p).stroke")
    assert colour == {"light": "rgb(28, 27, 25)", "dark": "rgb(236, 234, 228)"}[scheme]
    page.locator(".pen [value=own]").check()
    found = []
    for name in ("try", "inside"):
        place = f".room-{name} .exhibit-pen"
        if name == "inside":
            expect(room(page, name).locator(".letters li").first).to_be_visible()
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
        report = Axe().run(page, context=place, options={"runOnly": rules})
        for wrong in report.response["violations"]:
            found += [(wrong["id"], node["html"][:120]) for node in wrong["nodes"]]
    assert not found


def test_on_a_phone_the_lines_are_short_and_the_writing_comes_into_sight(
    new_page: NewPage, app_url: str
) -> None:
    page = new_page(viewport=PHONE, has_touch=True)
    visit(page, app_url)
    mark(page)
    write(page, "words that need more than a single line on a phone")
    rewritten(page)
    assert page.locator(".board .rules line").count() >= 2
    expect(page.locator(".board .sheet-of-paper")).to_be_in_viewport()
    expect(page.locator(".board .player")).to_be_visible()
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_door_writes_with_the_real_pen(app_url: str, tmp_path: Path) -> None:
    client = Client(app_url, verbose=False, download_files=str(tmp_path))
    path = client.predict("by hand", bias=1.5, seed=3, api_name="/handwrite")
    again = client.predict("by hand", bias=1.5, seed=3, api_name="/handwrite")
    drawn = Path(path).read_text("utf-8")
    assert drawn == Path(again).read_text("utf-8")
    assert len(ElementTree.fromstring(drawn).findall(f".//{SVG}path")) >= 4


def test_a_reload_and_the_other_language_keep_the_form(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator(".hand input[value=own]").check()
    scribble(page)
    slide(page, "bias", 1.7)
    page.locator(".pen input[name=seed]").fill("7")
    write(page, "Kept words")
    rewritten(page)
    for turn in ("reload", "language"):
        if turn == "reload":
            page.reload()
        else:
            page.locator("[data-switch=lang]").click()
            expect(page.locator("html")).to_have_attribute("lang", re.compile("zh"))
        expect(page.locator(".board svg")).to_have_attribute(
            "aria-label", re.compile("Kept words"), timeout=COLD
        )
        expect(page.locator(".pen textarea")).to_have_value("Kept words")
        expect(page.locator(".pen input[name=bias]")).to_have_value("1.7")
        expect(page.locator(".pen input[name=seed]")).to_have_value("7")
        expect(page.locator(".hand input[value=own]")).to_be_checked()
        expect(page.locator("[data-pad] path")).to_have_count(5)


def test_the_focus_stays_in_the_form_when_its_control_goes(page: Page, app_url: str) -> None:
    visit(page, app_url)
    write(page, "many words " * 20)
    page.locator("[data-do=stop]").press("Enter")
    expect(page.locator(".pen [type=submit]")).to_be_focused()
    page.locator(".hand input[value=own]").check()
    scribble(page, 1)
    page.locator("#pen-form [data-do=undo]").press("Enter")
    expect(page.locator("[data-pad]")).to_be_focused()
