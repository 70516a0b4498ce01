"""The house in a real browser: language, tabs, dark, small screens, keyboard, accessibility."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, NamedTuple

import gradio as gr
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from demos import TABS
from demos.language import DEMOS
from demos.page import layout
from demos.server import EVERY
from tests.browser.settling import settle, watch

NewPage = Callable[..., Page]
Visits = Callable[[], AbstractContextManager[NewPage]]
#: What sticks out at the right, outside boxes that scroll on purpose.
CUT = """() => [...document.querySelectorAll("main *")].filter((e) => {
    const box = e.getBoundingClientRect();
    if (!box.width || !box.height || box.right <= innerWidth + 1) return false;
    for (let up = e; up; up = up.parentElement)
        if (/auto|scroll/.test(getComputedStyle(up).overflowX)) return false;
    return !e.closest(".sr-only, .hide, svg") && getComputedStyle(e).position !== "absolute";
}).map((e) => e.outerHTML.slice(0, 120))"""
#: Heights at which the tabs of the rooms in sight stand.
LINES = """() => [...new Set([...document.querySelectorAll(".rooms > .tab-wrapper [role=tab]")]
    .filter((tab) => tab.checkVisibility()).map((tab) => tab.offsetTop))]"""
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
ROUND = int(EVERY * 1000)  # ms between two looks of the Server page
WITH_ROOMS = tuple(tab for tab in TABS if (DEMOS / tab / "learn.en.md").is_file())


def visit(page: Page, url: str, tab: str = "home", lang: str = "en") -> None:
    """Open a tab and wait until what it shows has settled."""
    page.goto(f"{url}/?tab={tab}&lang={lang}")
    expect(page.locator(f"#{tab} .title h1")).to_be_visible()
    settle(page)


def rooms(page: Page, tab: str) -> Iterator[str]:
    """Open the rooms of a tab one after the other; a tab without rooms is one."""
    if tab not in WITH_ROOMS:
        yield "page"
        return
    for number, room in enumerate(layout.ROOMS):
        page.locator(f"#{tab}-rooms > .tab-wrapper [role=tab]").nth(number).click()
        expect(page.locator(f"#{tab} .room-{room}")).to_be_visible()
        settle(page)
        yield room


def test_the_page_opens(page: Page, app_url: str) -> None:
    page.goto(app_url)
    expect(page).to_have_title("Breakthroughs")
    expect(page.locator(".title h1:visible")).to_have_count(1)
    expect(page.locator("[data-footer] [data-show=warm]")).to_contain_text("Models in memory")
    expect(page.locator("[data-footer] [data-show=device]")).to_contain_text("CPU")


def test_the_footer_follows_the_models_without_a_storm(page: Page, app_url: str) -> None:
    """Asked again soon after an answer and while nothing happens; not at all out of sight."""
    answered: list[str] = []

    def answer(route: Route) -> None:
        answered.append(str(len(answered)))
        fields = {"warm": answered, "models": 99, "warming": False, "device": "CPU", "status": "ok"}
        route.fulfill(json=fields)

    page.route("**/healthz", answer)
    # Counted where the question is put: it may reach this process late.
    page.add_init_script("""window.asked = 0; const fetched = window.fetch;
        window.fetch = (...given) => {
            if (String(given[0]).endsWith("healthz")) window.asked++;
            return fetched(...given);
        };""")
    page.clock.install()
    page.goto(app_url)
    warm = page.locator("[data-footer] [data-show=warm]")
    expect(warm).to_contain_text("of 99")
    settle(page)
    page.clock.pause_at(page.evaluate("Date.now() + 1"))

    def asked_within(seconds: int) -> int:
        """How often it was asked; whenever it was, the footer says the new count."""
        before = page.evaluate("asked")
        page.clock.run_for(seconds * 1000)
        after: int = page.evaluate("asked")
        expect(warm).to_have_text(f"Models in memory, ready to answer: {after} of 99")
        return after - int(before)

    asked_within(16)
    assert 1 <= asked_within(60) <= 4
    page.evaluate("""() => { for (let n = 0; n < 20; n++) document.querySelector("#site")
        .insertAdjacentHTML("beforeend", `<p aria-live="polite">answer ${n}</p>`); }""")
    assert asked_within(4) == 1
    seen = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(seen, True)
    assert asked_within(60) == 0
    page.evaluate(seen, False)
    assert asked_within(1) == 1


def test_a_phone_has_the_tagline_too(new_page: NewPage, app_url: str) -> None:
    page = new_page(viewport=PHONE)
    visit(page, app_url)
    expect(page.get_by_text("five deep-learning ideas you can touch")).to_be_visible()


def test_the_figures_are_folded_until_asked_for_and_have_chinese_colons_on_a_phone(
    new_page: NewPage, app_url: str
) -> None:
    page = new_page(viewport=PHONE)
    visit(page, app_url, "results", "zh")
    cells = page.locator("#results .results td:not(:first-child)")
    expect(cells.first).to_be_hidden()
    model = page.locator('[id="measure-translation/en-fr"]')
    for asked, shown in ("#results-claims", cells.first), ("#measure-translation/en-fr", model):
        page.evaluate("hash => location.hash = hash", asked)
        expect(shown).to_be_visible()
    page.reload()
    expect(model).to_be_in_viewport()
    before = "cell => getComputedStyle(cell, '::before').content"
    said = {cell.evaluate(before) for cell in cells.all()[:12]}
    assert said and all("：" in text and ":" not in text for text in said), said


def test_the_language_follows_the_browser(new_page: NewPage, app_url: str) -> None:
    page = new_page(locale="zh-TW")
    page.goto(app_url)
    expect(page.locator(".title h1:visible")).to_have_text("深度学习能做什么，又是怎样做到的？")
    assert "lang=zh" in page.url
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    other = new_page(locale="fr-FR")
    other.goto(app_url)
    expect(other.locator(".title h1:visible")).to_have_text("What can deep learning do, and how?")


def test_the_language_switch_is_remembered(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=results")
    expect(page.locator("#results h1")).to_have_text("How good is it, really?")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#results h1")).to_have_text("到底有多准？")  # and the tab stays
    page.goto(app_url)
    expect(page.locator(".title h1:visible")).to_have_text("深度学习能做什么，又是怎样做到的？")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".title h1:visible")).to_have_text("What can deep learning do, and how?")


def test_the_other_language_opens_at_the_same_room(page: Page, app_url: str) -> None:
    visit(page, app_url, "detection")
    rooms_of = page.locator("#detection-rooms > .tab-wrapper [role=tab]")
    rooms_of.nth(layout.ROOMS.index("learn")).click()
    page.locator("[data-switch=lang]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#detection .room-learn")).to_be_visible()
    expect(rooms_of.nth(layout.ROOMS.index("learn"))).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize(
    ("tab", "place", "english", "chinese"),
    [
        ("classification", "classify-model", "HOG + SVM", "HOG + SVM"),
        ("detection", "detect-model", "R-CNN of 2014", "2014 年的 R-CNN"),
        ("text", "write-model", "Shakespeare network", "莎士比亚网络"),
        ("translation", "say-model", "M2M-100, many languages", "M2M-100 多语模型"),
    ],
)
def test_the_other_language_has_the_model_chosen_that_a_visitor_chose(
    page: Page, app_url: str, tab: str, place: str, english: str, chinese: str
) -> None:
    visit(page, app_url, tab)
    field = page.locator(f"#{place} input")

    def choose(name: str) -> None:
        field.click()
        page.get_by_role("option").filter(has_text=name).click()
        expect(field).to_have_value(re.compile(re.escape(name)))

    if tab == "text":
        field.click()
        field.press("Escape")  # no choice
        page.locator("[data-switch=lang]").click()
        expect(field).to_have_value(re.compile("唐诗网络"))
        assert "model=" not in page.url
        page.locator("[data-switch=lang]").click()
        expect(field).to_have_value(re.compile("Shakespeare"))
        settle(page)
        choose("Tang network")
        settle(page)
    choose(english)  # its answer is still on the way
    page.locator("[data-switch=lang]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(field).to_have_value(re.compile(re.escape(chinese)))


def test_the_address_names_the_language(new_page: NewPage, app_url: str) -> None:
    page = new_page(locale="en-US")
    visit(page, app_url, "server", lang="zh")
    expect(page.locator("#server h1")).to_have_text("这台机器在做什么？")
    # made on the server:
    expect(page.locator("#server .facts")).to_contain_text("启动以来已回答")


@pytest.mark.parametrize(("tab", "other"), [(TABS[1], "results"), ("results", "server")])
def test_the_address_follows_the_tab(page: Page, app_url: str, tab: str, other: str) -> None:
    """That it opens each tab is asked by `test_no_text_is_left_untranslated`."""
    visit(page, app_url, tab)
    page.locator(f"#{other}-button").click()
    expect(page.locator(f"#{other} h1")).to_be_visible()
    assert f"tab={other}" in page.url
    page.reload()
    expect(page.locator(f"#{other} h1")).to_be_visible()


def test_an_unknown_tab_opens_home(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=nothing%22%3E&lang=xx")
    expect(page.locator("#home h1")).to_be_visible()


def test_dark_follows_the_system_and_the_switch_wins(new_page: NewPage, app_url: str) -> None:
    page = new_page(color_scheme="dark")
    paper = "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
    page.goto(app_url)
    page.get_by_role("button", name="Light").click()
    expect(page.get_by_role("button", name="Dark")).to_be_visible()
    assert page.evaluate(paper) == "rgb(251, 250, 247)"
    page.reload()
    expect(page.get_by_role("button", name="Dark")).to_be_visible()
    assert page.evaluate(paper) == "rgb(251, 250, 247)"
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) == "rgb(21, 21, 20)"
    assert page.evaluate("document.body.classList.contains('dark')")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tabs_of_the_site_wrap_without_lines_between_them(
    new_page: NewPage, app_url: str, lang: str
) -> None:
    page = new_page(viewport={"width": 768, "height": 700})
    visit(page, app_url, "server", lang)
    bar = page.locator("#site > .tab-wrapper .tab-container")
    for width in (768, 1024):
        page.set_viewport_size({"width": width, "height": 700})
        settle(page)
        assert bar.evaluate("bar => getComputedStyle(bar).backgroundImage") == "none"
        boxes = bar.evaluate("""bar => [bar, ...bar.querySelectorAll("[role=tab]")].map((e) => {
            const { x, y, right, bottom } = e.getBoundingClientRect();
            return [x, y, right, bottom].map(Math.round);
        })""")
        outer, *tabs = boxes
        assert len(tabs) == len(TABS)
        rows = {top: bottom for _, top, _, bottom in tabs}
        assert len(rows) == 1 or width < 1024
        assert min(rows) == outer[1] and max(rows.values()) == outer[3], "the bar is as high"
        assert all(outer[0] <= left and right <= outer[2] for left, _, right, _ in tabs)


def test_quotes_are_narrow_in_english_and_as_they_are_in_chinese(page: Page, app_url: str) -> None:
    kind = "e => getComputedStyle(e).fontVariantEastAsian"
    for lang, wanted in (("en", "proportional-width"), ("zh", "normal")):
        visit(page, app_url, "home", lang)
        for text in page.locator(".title h1:visible, .title p:visible, .stage p:visible").all():
            assert text.evaluate(kind) == wanted


def test_the_keyboard_reaches_everything(page: Page, app_url: str) -> None:
    visit(page, app_url)
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const e = document.activeElement;
                    const outline = getComputedStyle(e);
                    const { id, name, dataset, className, tagName } = e;
                    return [id || name || dataset.switch || dataset.do || className || tagName,
                            outline.outlineStyle !== "none"
                            && parseFloat(outline.outlineWidth) > 0];
                }"""
            )
        )
    names = [name for name, _ in reached]
    assert names.index("lang") < names.index("theme") < names.index("home-button")
    for wanted in ("shape", "noise", "layers", "activation", "rate", "run", "step", "reset"):
        assert wanted in names, wanted
    unseen = [name for name, seen in reached if not seen and name != "BODY"]
    assert unseen == [], "focus cannot be seen there"


def test_arrow_keys_move_between_tabs_and_rooms(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("#home-button").focus()
    page.keyboard.press("ArrowRight")
    second = TABS[1]
    expect(page.locator(f"#{second}-button")).to_be_focused()
    expect(page.locator(f"#{second} h1")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#home h1")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"#{TABS[-1]} h1")).to_be_visible()
    for tab in WITH_ROOMS:
        page.locator(f"#{tab}-button").click()
        rooms = page.locator(f"#{tab}-rooms > .tab-wrapper [role=tab]")
        rooms.first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#{tab} .room-inside")).to_be_visible()


@pytest.mark.parametrize("clipboard", ["https", "plain http", "none"])
def test_a_command_is_copied_or_selected(new_page: NewPage, app_url: str, clipboard: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    if clipboard != "https":  # as in a browser that came by plain http from another machine
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {})")
    if clipboard == "none":
        page.add_init_script("document.execCommand = () => false")
    visit(page, app_url, WITH_ROOMS[0])
    page.locator(f"#{WITH_ROOMS[0]}-rooms > .tab-wrapper [role=tab]").nth(2).click()
    page.get_by_role("button", name="The same from the command line").and_(
        page.locator(":visible")
    ).click()
    button = page.locator("[data-copy]:visible").first
    line = str(button.get_attribute("data-copy"))
    if clipboard == "https":
        page.evaluate("navigator.clipboard.writeText('')")
    button.dblclick()
    if clipboard != "https":
        page.wait_for_function("line => getSelection().toString().trim() === line", arg=line)
    if clipboard != "none":
        expect(button).to_have_text("Copied")
        reader = page.context.new_page()
        reader.goto(app_url)
        assert reader.evaluate("navigator.clipboard.readText()").strip() == line
        page.bring_to_front()
    else:
        page.wait_for_timeout(300)
    expect(button).to_have_text("Copy")  # comes back, however often it was pressed


def test_a_card_leads_to_its_tab(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator('.cards [data-tab="classification"]').click()
    expect(page.locator("#classification h1")).to_be_visible()
    assert "tab=classification" in page.url


def test_the_warming_state_turns_itself_off(page: Page, app_url: str) -> None:
    answers = [
        {"warm": [], "models": 3, "warming": True, "device": None},
        {"warm": ["a/b"], "models": 3, "warming": False, "device": "CPU"},
    ]
    page.route(
        "**/healthz",
        lambda route: route.fulfill(
            body=json.dumps(answers.pop(0) if len(answers) > 1 else answers[0])
        ),
    )
    page.goto(app_url)
    footer = page.locator("[data-footer]")
    expect(footer).to_contain_text("Warming up")
    expect(footer).to_contain_text("Models in memory, ready to answer: 1 of 3")
    expect(footer).not_to_contain_text("Warming up")


def test_the_api_is_documented(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.locator("[data-footer]").get_by_role("button", name="API").click()
    docs = page.locator(".api-docs")
    expect(docs).to_contain_text("/classify")
    expect(docs).to_contain_text("/status")


def test_the_server_page_is_a_glass_box_while_it_is_in_sight(page: Page, app_url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    visit(page, app_url, "results")
    assert not [url for url in asked if "/server." in url], "nothing of it before it is opened"
    page.locator("#server-button").click()
    expect(page.locator("#server .facts")).to_contain_text("CPU")
    expect(page.locator("#server [data-table=models]")).to_contain_text("ready")
    block = page.locator("#server [data-map=memory] button").first
    name = block.locator("b").text_content() or ""
    block.focus()
    expect(page.locator("#server .server-about")).to_contain_text(name)
    with page.expect_response(lambda answer: "/server.json" in answer.url):
        page.clock.run_for(ROUND)
    expect(block).to_be_focused()
    page.locator("#server [data-map=bundled] button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#server [data-map=bundled] button:focus")).to_have_attribute(
        "tabindex", "0"
    )
    page.locator("#results-button").click()
    expect(page.locator("#server .facts")).to_be_hidden()
    asked.clear()
    page.clock.run_for(3 * ROUND)
    with page.expect_response(lambda answer: answer.url.endswith("/healthz")):
        page.evaluate("void fetch('healthz')")  # what was asked before has been heard of by then
    assert not [url for url in asked if "/server.json" in url]


# ---- accessibility -----------------------------------------------------------------------------

#: What a finding is about: its tag, and the class that names the Svelte component it stands in.
#: Our own HTML stands in none, so that nothing in it is ever excused.
COMPONENT = """(selector) => {
    const { tagName, classList } = document.querySelector(selector);
    return [tagName, [...classList].find((name) => name.startsWith("svelte-")) ?? ""];
}"""
Finding = tuple[str, str, str]  # axe's rule, tag, Svelte component


def serious(page: Page) -> dict[Finding, str]:
    """What axe-core finds that keeps people out, with the first place where it stands."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    found: dict[Finding, str] = {}
    for violation in violations:
        if violation["impact"] not in ("serious", "critical"):
            continue
        for node in violation["nodes"]:
            tag, component = page.evaluate(COMPONENT, node["target"][0])
            place = f"{node['target'][0]}: {node['html'][:160]} {node['failureSummary'][:200]}"
            found.setdefault((violation["id"], tag, component), place)
    return found


@pytest.fixture(scope="module")
def stock(browser: Browser) -> Iterator[set[Finding]]:
    """What axe-core finds on a page of the components that ours uses, as Gradio ships them."""
    with gr.Blocks() as blocks, gr.Tabs(), gr.Tab("Tab"):
        gr.Image(label="Image", sources=["upload", "webcam", "clipboard"])
        gr.Dropdown(["one", "two"], label="Dropdown")
        gr.Checkbox(label="Checkbox")
        gr.HTML("<p>HTML</p>")
        gr.Markdown("Markdown")
        gr.Button("Button")
        gr.UploadButton("Upload")
    blocks.launch(quiet=True, prevent_thread_lock=True)
    context = browser.new_context(locale="en-US", reduced_motion="reduce")
    page = context.new_page()
    watch(page)
    page.goto(blocks.local_url)
    expect(page.get_by_role("button", name="Button", exact=True)).to_be_visible()
    settle(page)
    found = set(serious(page))
    context.close()
    yield {
        finding for finding in found if finding[2] and finding[0] != "color-contrast"
    }  # colours are our theme's
    blocks.close()


# ---- untranslated text -------------------------------------------------------------------------

#: English that belongs on a Chinese page: names, units, abbreviations. Regexes of whole texts.
BELONGS = [
    r"Breakthroughs|English|API|tanh|ReLU|HOG|SVM|HOG \+ SVM|CPU|GAN",
    r"BLEU|chrF|Transformer|n = [\d,]+",
    r"/\w+|[\w.-]+(/[\w.-]+)+|ImageNet",  # routes, model keys, splits
    r"[\w-]*\d[\w .+-]*",  # names with a number in them: ResNet-18, CIFAR-10
    r"(MobileNetV3|ConvNeXt|EVA-02|EfficientNet)[\w .-]*",
]


def english(page: Page) -> list[str]:
    """Visible text without a Chinese character, neither code nor marked as another tongue."""
    texts: list[Any] = page.evaluate(
        """() => {
            const found = [];
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                const node = walk.currentNode, parent = node.parentElement;
                if (parent.closest("script, style, code, pre, a[href^=http]")) continue;
                if (parent.closest("[lang=en], [lang=fr], .article em, .formula")) continue;
                if (!parent.checkVisibility({ visibilityProperty: true })) continue;
                if (node.data.trim()) found.push(node.data.trim());
            }
            const named = "[placeholder], [aria-label], [title], img[alt]";
            for (const e of document.querySelectorAll(named)) {
                if (!e.checkVisibility() || e.closest("[lang=en]")) continue;
                for (const name of ["placeholder", "aria-label", "title", "alt"])
                    if (e.getAttribute(name)?.trim()) found.push(e.getAttribute(name).trim());
            }
            return found;
        }"""
    )
    sentence = re.compile(
        r"[A-Za-z]{2,}(?:[ ,;:]+[A-Za-z]{2,}){3,}"
    )  # four words of English in a row
    left = []
    for text in dict.fromkeys(texts):
        if re.search(r"[\u4e00-\u9fff]", text):
            if sentence.search(text):
                left.append(text)
        elif re.search(r"[A-Za-z]{2}", text) and not any(re.fullmatch(p, text) for p in BELONGS):
            left.append(text)
    return left


# ---- every room of every tab -------------------------------------------------------------------


class Room(NamedTuple):
    """What one room looked like: on a phone, on a desktop, and there without motion."""

    name: str
    width: int  # px to which a phone would scroll
    lines: list[int]
    cut: list[str]
    english: list[str]  # on a Chinese page
    serious: dict[Finding, str]


Walked = Callable[[str, str], list[Room]]


@pytest.fixture(scope="module")
def walked(app_url: str, visits: Visits) -> Walked:
    """One walk through the rooms of a tab, light in English and dark in Chinese: once for all."""

    def walk(tab: str, lang: str) -> list[Room]:
        found = []
        with visits() as make:
            scheme = "dark" if lang == "zh" else "light"
            page = make(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
            visit(page, app_url, tab, lang)
            expect(page.locator(f"#{tab}-button")).to_have_attribute("aria-selected", "true")
            for room in rooms(page, tab):
                page.emulate_media(reduced_motion="no-preference")  # shows what plays, too
                width = page.evaluate("document.documentElement.scrollWidth")
                lines, cut = page.evaluate(LINES), page.evaluate(CUT)
                page.set_viewport_size(DESKTOP)
                settle(page)
                left = english(page) if lang == "zh" else []
                page.emulate_media(reduced_motion="reduce")
                found.append(Room(room, width, lines, cut, left, serious(page)))
                page.set_viewport_size(PHONE)
        return found

    return cache(walk)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_a_phone(walked: Walked, tab: str, lang: str) -> None:
    for room in walked(tab, lang):
        assert room.width <= PHONE["width"], room.name
        assert len(room.lines) <= 1, f"{room.name}: the rooms' tabs stand in one line"
        assert room.cut == [], room.name


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_serious_of_ours(
    walked: Walked, stock: set[Finding], tab: str, lang: str
) -> None:
    for room in walked(tab, lang):
        ours = {key: place for key, place in room.serious.items() if key not in stock}
        assert ours == {}, room.name


@pytest.mark.parametrize("tab", TABS)
def test_no_text_is_left_untranslated(walked: Walked, tab: str) -> None:
    for room in walked(tab, "zh"):
        assert room.english == [], room.name


@pytest.mark.parametrize(("lang", "said"), [("en", "was lost"), ("zh", "连接断开了")])
def test_a_lost_connection_is_said_in_the_visitors_language(
    page: Page, app_url: str, lang: str, said: str
) -> None:
    visit(page, app_url, lang=lang)
    page.evaluate("""() => {
        const toast = document.createElement("div");
        toast.className = "toast-text";
        toast.textContent = "Connection to the server was lost. Attempting reconnection...";
        document.querySelector("main").append(toast);
    }""")
    expect(page.locator(".toast-text")).to_contain_text(said)


def test_no_script_comes_from_elsewhere(browser: Browser, app_url: str) -> None:
    page = browser.new_page()  # the refusal is an error in its console, which others may not have
    page.goto(app_url)
    refused = page.evaluate("""() => new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
        const script = document.createElement("script");
        script.src = "https://example.com/any.js";
        document.head.append(script);
    })""")
    page.close()
    assert refused.startswith("https://example.com")


@pytest.mark.parametrize(("tab", "lang"), [("classification", "en"), ("translation", "zh")])
def test_a_list_of_choices_closes_when_tab_leaves_it(
    page: Page, app_url: str, tab: str, lang: str
) -> None:
    page.goto(f"{app_url}/?tab={tab}&room=try&lang={lang}")
    model = page.locator("#classify-model input, #say-model input").locator("visible=true")
    choices = page.locator("[role=option]:visible")
    expect(model).to_be_visible()
    settle(page)
    for key in ("Tab", "Shift+Tab"):
        model.press("ArrowDown")
        expect(choices.nth(1)).to_be_visible()
        page.keyboard.press(key)
        expect(model).not_to_be_focused()
        settle(page)
        expect(choices).to_have_count(0)
        expect(model).to_have_attribute("aria-expanded", "false")


def test_a_list_of_choices_left_at_once_stays_closed(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?tab=classification&room=try&lang=en")
    model = page.locator("#classify-model input").locator("visible=true")
    expect(model).to_be_visible()
    settle(page)
    model.evaluate(
        """field => {
            field.focus();
            field.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true}));
            field.blur();
        }"""
    )
    page.wait_for_timeout(500)  # the key is heard after the list was left
    expect(model).to_have_attribute("aria-expanded", "false")
    expect(page.locator("[role=option]:visible")).to_have_count(0)
