"""Real Chromium against the real app: one server a test session, one browser a file.

Fixtures: `app_url`, `page` (1280x900, English, light), `new_page(**context options)`, and
`shared_page` for the tests of a file that only read. A test fails when a page it opened logs an
error, or asks anything of another host. Each page is a visitor of its own, but not always a
context: an emptied one keeps the scripts that it fetched and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, find
from tests.browser.server import serving
from tests.browser.settling import watch

#: What Gradio's own API panel asks for, and does without; and what its page sends to cancel an
#: event whose number the server has not told it yet (422): the event's own order ends it then.
ASKED_IN_VAIN = (
    *("/gradio_api/mcp/schema", "/monitoring/summary"),
    *("/gradio_api/cancel", "/gradio_api/reset"),
)
#: What Gradio logs when a page is left or reloaded while an answer is on its way.
LEFT = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
PATIENCE = 60_000  # ms that anything on a page may take on two busy cores
expect.set_options(timeout=PATIENCE)


def refused(url: str, told: str) -> bool:
    """Whether the browser logs what the page says itself: data that cannot be learnt from."""
    return "/train/" in url and "status of 400" in told


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that reaches for nothing outside this machine."""
    with serving(tmp_path_factory.mktemp("app"), "--offline") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield browser
        browser.close()


#: What a visit leaves behind and the next must not find. What was fetched and compiled stays:
#: on two cores that is a quarter of what it costs to open the app.
LEFT_BEHIND = "cookies,local_storage,indexeddb,cache_storage,service_workers,file_systems"
MEDIA = {"color_scheme", "reduced_motion"}  # what a page can be told itself
Blank = dict[str, list[Page]]  # first pages of contexts in which nobody is, by their options


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Blank:
    return {}


def ticks(page: Page) -> bool:
    """Whether its clock is the browser's: Playwright's would stay with the context for good."""
    try:
        return not page.evaluate("'__pwClock' in window")
    except Error:  # the test has closed the page, or it has crashed
        return False


def emptied(context: BrowserContext, url: str) -> Page:
    """A blank page of a context that is now as if nobody had ever been at `url` in it."""
    for page in context.pages:
        page.close()
    page = context.new_page()
    told = context.new_cdp_session(page)
    told.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": LEFT_BEHIND})
    told.detach()
    context.clear_cookies()
    return page


@contextmanager
def visitors(browser: Browser, app_url: str, blank: Blank) -> Iterator[Callable[..., Page]]:
    """What `new_page` makes; asks in the end whether all went well on them."""
    pages: list[tuple[str, Page]] = []
    wrong: list[str] = []

    def make(**options: Any) -> Page:
        options = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}} | options
        media = {name: options.pop(name) for name in MEDIA & options.keys()}
        viewport = options["viewport"] if options.get("is_mobile") else options.pop("viewport")
        key = repr(sorted(options.items()))
        waiting = blank.setdefault(key, [])
        page = waiting.pop() if waiting else browser.new_context(**options).new_page()
        page.context.set_default_timeout(PATIENCE)
        page.set_viewport_size(viewport)
        page.emulate_media(**media)
        pages.append((key, page))
        watch(page)
        page.on("pageerror", lambda error: wrong.append(f"error in the page: {error}"))
        page.on(
            "console",
            lambda message: (
                wrong.append(f"console: {message.text} ({message.location})")
                if message.type == "error"
                and not message.location.get("url", "").endswith(ASKED_IN_VAIN)
                and not message.text.startswith(LEFT)
                and not refused(message.location.get("url", ""), message.text)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                wrong.append(f"asked another host: {request.url}")
                if not request.url.startswith((app_url, "data:", "blob:"))
                else None
            ),
        )
        return page

    yield make
    again = [ticks(page) for _, page in pages]
    said = list(wrong)  # what a page says while it is being left is no fault of it
    for (key, page), kept in zip(pages, again, strict=True):
        if kept:
            blank[key].append(emptied(page.context, app_url))
        else:
            page.context.close()
    assert not said, "\n".join(said)


Visits = Callable[[], AbstractContextManager[Callable[..., Page]]]


@pytest.fixture(scope="module")
def visits(browser: Browser, app_url: str, blank: Blank) -> Visits:
    """What `new_page` is made by, for the fixtures of a file: ``with visits() as make``."""
    return partial(visitors, browser, app_url, blank)


@pytest.fixture
def new_page(visits: Visits) -> Iterator[Callable[..., Page]]:
    """Makes pages in contexts of their own: ``new_page(locale="zh-CN", color_scheme="dark")``."""
    with visits() as make:
        yield make


@pytest.fixture(scope="module")
def shared_page(visits: Visits) -> Iterator[Page]:
    """One page for the tests of a file that read it, or reckon by its scripts, and change nothing:
    what it logs fails the last of them."""
    with visits() as make:
        yield make()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
