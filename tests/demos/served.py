"""A tab as a server of its own, for the tests of its doors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr
from gradio_client import Client

from demos.language import Words

WORDS = Words()
PATIENCE = 20.0  # seconds that anything may take here on a busy machine


@contextmanager
def served(build: Callable[[], object]) -> Iterator[gr.Blocks]:
    """A page with what ``build`` lays out, for as long as the context lasts."""
    with gr.Blocks(analytics_enabled=False) as page:
        build()
    page.queue()
    page.launch(prevent_thread_lock=True, quiet=True, i18n=WORDS.i18n, ssr_mode=False)
    try:
        yield page
    finally:
        page.close()


def laid_out(build: Callable[[Words], object], lang: str = "en") -> str:
    """The fixed pieces of what ``build`` lays out, as one piece of HTML in one language."""
    words = Words()
    with gr.Blocks() as page:
        build(words)
    keys = [str(block.value) for block in page.blocks.values() if isinstance(block, gr.HTML)]
    tables = {k: v for k, v in words.tables[lang].items() if k.startswith("markup.")}
    return "".join(html for key, html in tables.items() if any(key in k for k in keys))


def client(page: gr.Blocks) -> Client:
    """Somebody who asks in English."""
    return Client(page.local_url, verbose=False, analytics_enabled=False)


def soon(true: Callable[[], bool]) -> bool:
    """Whether something comes true while one would wait for it."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
