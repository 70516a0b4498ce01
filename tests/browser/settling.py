"""When a page has come to rest: every request answered, and what came of it drawn."""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from playwright.sync_api import Page, Request

PATIENCE = 30.0  # seconds that a page may take to come to rest on two busy cores
#: Requests of a page that are not answered yet: Gradio's streams stay open while an event runs.
_open: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()


def watch(page: Page) -> None:
    """Know from now on which requests of `page` are not answered yet."""
    requests = _open[page] = set()
    page.on("request", lambda r: None if "/heartbeat/" in r.url else requests.add(r))
    page.on("requestfinished", lambda r: requests.discard(r))
    page.on("requestfailed", lambda r: requests.discard(r))


#: Resolves once the page has not been rewritten for five frames. Networks that learn in
#: the page, Home's living pictures and the footer never stop, and are left out.
STILL = """() => new Promise((resolve) => {
    let still = 0;
    const watch = new MutationObserver((changes) => {
        const where = ({ target }) => target.closest ? target : target.parentElement;
        const alive = ".lab, .duel, .living, [data-footer]";
        if (changes.some((change) => !where(change)?.closest(alive))) still = 0;
    });
    watch.observe(document.body, { childList: true, subtree: true, characterData: true });
    const frame = () => {
        if (++still < 5) return requestAnimationFrame(frame);
        watch.disconnect();
        resolve();
    };
    requestAnimationFrame(frame);
})"""


#: The stream of a visit's events. Seldom Gradio leaves one open that has nothing more to tell.
STREAM = "/queue/data"


def settle(page: Page) -> None:
    """Wait until every request is answered and what came of it has been drawn. A stream that stays
    open beyond all patience is given up: what should have come of it is for the test to ask."""
    end = time.monotonic() + PATIENCE
    page.evaluate(STILL)
    while _open[page]:
        if time.monotonic() > end:
            assert all(STREAM in one.url for one in _open[page]), [r.url for r in _open[page]]
            return
        page.wait_for_timeout(20)  # lets playwright hear of answers
        page.evaluate(STILL)
