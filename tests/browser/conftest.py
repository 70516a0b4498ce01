"""Real Chromium against the real app: one server a test session, one browser a file.

Fixtures: `app_url`, `page` (1280x900, English, light) and `new_page(**context options)`. A test
fails when a page it opened logs an error, or asks anything of another host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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


@pytest.fixture
def new_page(browser: Browser, app_url: str) -> Iterator[Callable[..., Page]]:
    """Makes pages in contexts of their own: ``new_page(locale="zh-CN", color_scheme="dark")``."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def make(**options: Any) -> Page:
        options = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}} | options
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
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
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
