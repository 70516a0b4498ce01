"""The Train rooms of Translate, Images and the Pen in a real browser, with a worker that is quick:
data in, shown as they will be learnt, a training that ends."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from demos.handwriting.train import GIVEN, LEAST
from demos.language import Words
from tests.browser.accessible import keeps_out
from tests.browser.server import serving

NewPage = Callable[..., Page]
WORDS = Words()
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app whose trainings take a second."""
    folder = tmp_path_factory.mktemp("train")
    with serving(folder, "--offline", script="tests/browser/quick_training.py") as url:
        yield url


def visit(page: Page, url: str, place: str, lang: str = "en") -> Locator:
    """Open a room, once its script has taken over."""
    page.goto(f"{url}/?{place}&room=train&lang={lang}")
    room = page.locator("[data-mounted]:visible")
    expect(room).to_be_visible()
    return room


def ends(room: Locator, lang: str = "en") -> None:
    """Start the training that is set up, and see it end; no part is wider than the page."""
    room.locator("[data-do=start]").click()
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say(lang, "training.done"))
    expect(room.locator(".train-curve path.loss")).to_be_visible()
    assert "job=" in room.page.url
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert room.page.evaluate(wide)
    assert keeps_out(room.page, "[data-mounted]") == []


def test_pairs_are_shown_before_they_are_learnt(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=translation")
    room.locator("[data-starter=pairs]").click()
    rows = room.locator(".train-pairs tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first.locator("td").nth(1)).to_have_attribute("lang", "fr")
    page.reload()  # what was sent stays
    expect(rows).to_have_count(3)
    ends(room)
    expect(room.locator("[data-show=state]")).to_be_visible()
    page.reload()  # and so does the training
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.done"))


def test_pasted_pairs_that_cannot_be_learnt_are_refused_at_once(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=translation")
    room.locator("textarea").fill("I am here.\tJe suis ici.\nYou are there.\tTu es là.")
    room.locator("textarea").blur()
    refusal = room.locator(":scope > .refusal")
    expect(refusal).to_contain_text("What you pasted")
    expect(room.locator(".train-pairs tbody tr")).to_have_count(0)
    room.locator("[data-do=start]").click()  # nothing begins that would only fail
    expect(refusal).to_contain_text("What you pasted")
    expect(room.locator(".train-form")).to_be_visible()
    lines = [f"I have {n} cats.\tJ'ai {n} chats à la maison." for n in range(40)]
    room.locator("textarea").fill("\n".join(lines))
    room.locator("textarea").blur()
    expect(room.locator(".train-pairs tbody tr")).to_have_count(3)
    expect(refusal).to_be_hidden()


def test_pictures_are_shown_as_they_will_be_learnt(new_page: NewPage, app_url: str) -> None:
    room = visit(new_page(**PHONE), app_url, "tab=images", "zh")
    room.locator("[data-starter]").click()
    expect(room.locator(".train-thumbs img")).to_have_count(24)
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture"}
    room.locator("[data-give=files]").set_input_files([broken])
    told = room.locator(".train-pictures .note").filter(has_text="broken.png")
    expect(told).to_have_text(re.compile("[\u4e00-\u9fff]{4}"))  # said in Chinese, and marked so
    assert told.evaluate("(one) => one.closest('[lang]').lang").startswith("zh")
    ends(room, "zh")


def told_of(page: Page, **changed: Any) -> None:
    """Load the page anew; of its training it hears what the server says, but for ``changed``."""

    def otherwise(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["job"] |= changed
        route.fulfill(response=answer, json=told)

    page.route(re.compile(r"/train/jobs/[\w-]+\?after="), otherwise)
    page.reload()


def test_what_follows_the_last_step_is_said(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=images")
    room.locator("[data-starter]").click()
    ends(room)

    told_of(page, state="running")  # its steps are done, its model is not there yet
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.ending"))
    expect(room.locator("[data-do=pause]")).to_be_visible()
    expect(room.locator("[data-do=cancel]")).to_be_hidden()  # a model comes: nothing is to be lost
    page.unroute_all()


def test_what_is_shown_of_a_training_goes_on_with_it(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=images")
    room.locator("[data-starter]").click()
    room.locator("[data-do=start]").click()
    lines = ["first"]
    log = re.compile(r"/train/jobs/[\w-]+/log")
    page.route(log, lambda route: route.fulfill(json={"log": lines[-1]}))
    state = {"state": "running"}

    def told(route: Route) -> None:
        if route.request.method == "POST":
            return route.fallback()
        answer = route.fetch()
        found = answer.json()
        for job in found.get("jobs", [found.get("job")]):
            job.update(state)
        route.fulfill(response=answer, json=found)

    page.route(re.compile(r"/train/jobs(/[\w-]+)?\?"), told)
    room.locator(".train-log summary").click()
    expect(room.locator(".train-log pre")).to_have_text("first")
    room.locator(".train-mine summary").click()
    mine = room.locator(".train-mine li").first
    expect(mine).to_contain_text(WORDS.say("en", "training.running"))
    lines.append("second")
    state["state"] = "done"
    expect(room.locator("[data-show=state]")).to_have_text(WORDS.say("en", "training.done"))
    expect(room.locator(".train-log pre")).to_have_text("second")
    expect(mine).to_contain_text(WORDS.say("en", "training.done"))
    like, _, _ = WORDS.say("en", "training.unnamed").partition("{")
    expect(mine).to_contain_text(like)
    page.unroute_all()


def test_one_too_many_is_refused_beside_those_there_are(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=images")
    room.locator("[data-starter]").click()
    ends(room)
    room = visit(page, app_url, "tab=translation")
    room.locator("[data-starter=pairs]").click()
    expect(room.locator(".train-pairs tbody tr")).to_have_count(3)
    told = {"error": {"code": "jobs_yours", "sentence": "You have 2 trainings here already."}}

    def refused(route: Route) -> None:
        post = route.request.method == "POST"
        route.fulfill(status=400, json=told) if post else route.fallback()  # as conftest allows

    page.route(re.compile(r"/train/jobs\?"), refused)
    room.locator("[data-do=start]").click()
    link = room.locator(":scope > .refusal a").first
    link.click()
    expect(page.locator("[data-mounted]:visible [data-show=state]")).to_have_text(
        WORDS.say("en", "training.done")
    )
    assert "tab=images" in page.url
    page.unroute_all()


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_stopped_says_what_is_left_of_it(page: Page, app_url: str, kept: bool) -> None:
    room = visit(page, app_url, "tab=images")
    room.locator("[data-starter]").click()
    ends(room)
    told_of(page, state="cancelled", kept=kept, model=None)
    said = WORDS.say("en", "training.stopped_kept" if kept else "training.stopped_nothing")
    expect(room.locator(".train-stopped")).to_have_text(said)
    expect(room.locator("[data-do=resume]")).to_be_visible()
    page.unroute_all()


def test_words_are_written_one_after_the_other(new_page: NewPage, app_url: str) -> None:
    room = visit(new_page(**PHONE), app_url, "tab=text&exhibit=pen")
    page, word = room.page, room.locator(".pen-word b")
    room.locator("[data-do=start]").click()
    told = WORDS.say("en", "handwriting.train.too_few", n=0, least=LEAST)
    expect(room.locator(":scope > .refusal")).to_have_text(told)
    room.locator("[data-do=skip]").click()
    expect(word).to_have_text(GIVEN[1])
    for number in range(LEAST):
        written = word.inner_text()
        loops(page, room.locator("[data-pad]"))
        room.locator("[data-do=undo]").click()
        expect(room.locator("[data-do=next]")).to_be_disabled()
        loops(page, room.locator("[data-pad]"))
        room.locator("[data-do=next]").click()
        expect(room.locator(".pen-done li")).to_have_count(number + 1)
        expect(word).not_to_have_text(written)
    page.reload()  # what was written stays
    expect(room.locator(".pen-done li")).to_have_count(LEAST)
    ends(room)


def loops(page: Page, pad: Locator) -> None:
    """One stroke."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(box["x"] + 30 + 12 * step, box["y"] + 60 + 40 * (step % 2))
    page.mouse.up()


#: Draws a curve and gives, of each line, its values as its own labels have them: those of its
#: class, or those without one, which are of every line.
READ_BY_ITS_LABELS = """async ([losses, held, name]) => {
    const { curve } = await import(new URL("house/training_live.js", document.baseURI));
    const figure = document.createElement("figure");
    figure.innerHTML = "<svg></svg><figcaption></figcaption>";
    const steps = losses.map((loss, n) => ({ progress: (n + 1) / losses.length, loss }));
    const rows = held.map((value, n) => ({ progress: n / held.length, [name]: value }));
    const words = { curve: "", loss: "", held_out: "{name}", figure: {}, right: "RIGHT" };
    curve(figure, steps, rows, words);
    const texts = [...figure.querySelectorAll("text")];
    const read = { labels: texts.length, caption: figure.textContent.includes("RIGHT") };
    for (const kind of ["loss", "held"]) {
        const drawn = figure.querySelector(`path.${kind}`).getAttribute("d").slice(1);
        const ys = drawn.split("L").map((place) => +place.split(" ")[1]);
        const [[top, high], [bottom, low] = [top + 1, high]] = texts
            .filter((one) => ["", kind].includes(one.getAttribute("class") ?? ""))
            .map((one) => [+one.getAttribute("y") - 4, +one.textContent]);
        read[kind] = ys.map((y) => high + (y - top) / (bottom - top) * (low - high));
    }
    return read;
}"""


@pytest.mark.parametrize(
    ("losses", "held", "name", "labels"),
    [
        ([0.21, 0.15, 0.132], [0.175, 0.171], "held_out_loss", 2),  # of one kind: one scale
        ([3.0, 1.5, 1.27], [2.0, 1.25], "held_out_nats", 2),
        ([2.3, 1.9, 0.8], [0.2, 0.85], "held_out_top1", 4),
        ([1.2341, 1.2342], [0.5, 0.6], "held_out_top1", 4),  # too close for three digits
        ([0.7, 0.6], [0.5], "held_out_top1", 3),  # one value has one label
    ],
)
def test_the_labels_of_a_curve_are_true_of_every_line(
    page: Page, app_url: str, losses: list[float], held: list[float], name: str, labels: int
) -> None:
    visit(page, app_url, "tab=images")
    read = page.evaluate(READ_BY_ITS_LABELS, [losses, held, name])
    for kind, values in (("loss", losses), ("held", held)):
        labelled = values if labels > 2 else [*losses, *held]
        most = 0.006 * (max(labelled) - min(labelled)) or 1e-6
        assert read[kind] == pytest.approx(values, abs=most)
    assert read["labels"] == labels and read["caption"] == (labels > 2)


def test_the_address_names_a_training_while_its_tab_is_open(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=translation")
    room.locator("[data-starter=pairs]").click()
    ends(room)
    link = page.locator("#translation-rooms [data-show=link]")
    expect(link).to_have_value(re.compile("tab=translation.*room=train.*job="))
    named = page.url
    page.locator("#images-button").click()
    expect(page).to_have_url(re.compile("tab=images"))
    assert "job=" not in page.url
    page.locator("#translation-button").click()
    expect(page).to_have_url(re.compile("tab=translation"))
    assert page.url == named
    page.go_back()
    expect(page).to_have_url(re.compile("tab=images"))
    assert "job=" not in page.url


def test_a_training_that_began_in_another_tab_is_not_named(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=translation")
    room.locator("[data-starter=pairs]").click()
    expect(room.locator(".train-pairs tbody tr")).to_have_count(3)
    held: list[Route] = []
    page.route(re.compile(r"/train/jobs\?"), lambda route: held.append(route))
    room.locator("[data-do=start]").click()
    page.locator("#images-button").click()
    expect(page).to_have_url(re.compile("tab=images"))
    for route in held:
        route.continue_()
    page.unroute_all()
    link = page.locator("#translation-rooms [data-show=link]")
    expect(link).to_have_value(re.compile("tab=translation.*room=train.*job="))
    assert "job=" not in page.url
    page.locator("#translation-button").click()
    expect(page).to_have_url(re.compile("tab=translation.*job="))


ROOMS = [
    ("tab=text", {"name": "a.txt", "buffer": b"Some words to learn from. " * 90}),
    ("tab=translation", {"name": "a.tsv", "buffer": b"no pairs"}),
    ("tab=images", {"name": "a.png", "buffer": b"no picture"}),
]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("place", "file"), ROOMS)
def test_what_was_sent_can_be_removed_after_a_reload_too(
    page: Page, app_url: str, place: str, file: dict[str, Any], lang: str
) -> None:
    room = visit(page, app_url, place, lang)
    came, clear = room.locator(".train-data"), room.locator("[data-do=forget]")
    expect(clear).to_be_hidden()
    room.locator("[data-give=files]").set_input_files([{**file, "mimeType": "text/plain"}])
    one = WORDS.say(lang, "training.one_file")
    expect(came).to_contain_text(one)  # and not "1 files"
    expect(clear).to_have_text(WORDS.say(lang, "training.clear"))
    if "text" in place:
        page.reload()
        expect(came).to_contain_text(one)
        expect(room.locator(".train-read")).not_to_be_empty()
    clear.click()
    expect(came).to_be_empty()
    expect(clear).to_be_hidden()
    expect(room.locator(".train-read:not(:empty), .train-pairs:not(:empty)")).to_have_count(0)
    room.locator("[data-do=start]").click()  # nothing of it is left
    paste = room.locator("textarea[name=text]").count()  # is named only where there is a field
    nothing = WORDS.say(lang, "training.nothing_pasted" if paste else "training.nothing_sent")
    expect(room.locator(":scope > .refusal")).to_have_text(nothing)
    page.reload()
    expect(room).to_be_visible()
    expect(came).to_be_empty()


def test_removing_a_pasted_text_empties_its_field(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=text")
    field = room.locator("textarea")
    field.fill("Some words to learn from. " * 90)
    field.blur()
    expect(room.locator(".train-read")).not_to_be_empty()
    room.locator("[data-do=forget]").click()
    expect(field).to_have_value("")
    expect(room.locator(".train-data")).to_be_empty()


def test_what_was_sent_as_it_is_can_be_removed_in_detect(page: Page, app_url: str) -> None:
    room = visit(page, app_url, "tab=detection")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("a.png", b"no picture")
    sent = {"name": "a.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    room.locator("[data-give=files]").set_input_files([sent])
    clear = room.locator("[data-do=forget]")
    expect(clear).to_be_visible()
    clear.click()
    expect(clear).to_be_hidden()
    expect(room.locator(".train-data")).to_be_empty()
    expect(room.locator(".boxes-handed")).to_be_hidden()
