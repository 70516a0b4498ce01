"""What a browser waits for: how much `/` weighs on its way, and when a tab can be clicked.

Real Chromium, a fresh profile a visit, on the machine of the server: no network's delay is in it.
"""

from __future__ import annotations

import time

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks.table import Spread, Table
from tests.browser.chromium import ARGUMENTS, find

#: A row of tabs whose second one is clicked, in any Gradio app.
SECOND = "[role=tab] >> nth=1"
CHOSEN = "() => document.querySelectorAll('[role=tab]')[1]?.ariaSelected === 'true'"
PATIENCE = 60_000  # ms


def weight(url: str) -> int:
    """Bytes of `/` over the wire, as a browser is sent them."""
    accepted = {"accept-encoding": "gzip, br"}
    with (
        httpx.Client(trust_env=False, timeout=PATIENCE / 1000) as client,
        client.stream("GET", url, headers=accepted) as answer,
    ):
        answer.raise_for_status()
        return sum(len(part) for part in answer.iter_raw())


def clicked(browser: Browser, url: str) -> float:
    """Seconds from the address until the second tab, clicked, is the chosen one."""
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(SECOND).click()
        page.wait_for_function(CHOSEN)
        return time.perf_counter() - began


def opened(urls: dict[str, str], baseline: str, repeats: int) -> Table:
    """Both figures of every app in ``urls``, in turns; the time beside that of ``baseline``."""
    seconds: dict[str, list[float]] = {name: [] for name in urls}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for _ in range(repeats):
            for name, url in urls.items():
                seconds[name].append(clicked(browser, url))
        browser.close()
    spreads = {name: Spread.of(values) for name, values in seconds.items()}
    rows = tuple(
        (name, weight(url) / 1000, spreads[name], spreads[name].median / spreads[baseline].median)
        for name, url in urls.items()
    )
    columns = ("", "kB of /", "seconds to a click", f"times {baseline}")
    notes = ("a fresh profile a visit, on the server's machine; median (lowest to highest)",)
    return Table("Until a tab can be clicked", columns, rows, notes)
