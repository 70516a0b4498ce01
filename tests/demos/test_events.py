"""Every event of the page: refusals are sentences, and whoever has left frees the engine."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import app
from demos import streaming
from demos.language import Words
from demos.page import errors
from inference import Engine, Settings
from pretrained import catalog


@pytest.fixture(scope="module")
def events() -> list[Any]:
    """Those that run Python; what only the browser runs is left out."""
    page = app.build(Engine(catalog.entries(), Settings()), Words())
    return [event for event in page.fns.values() if event.fn is not None]


def layers(event: Any) -> Iterator[str]:
    """The files of what is called for an event, from the outermost wrapper to the callback."""
    fn = event.fn
    while fn is not None:
        yield fn.__code__.co_filename
        fn = getattr(fn, "__wrapped__", None)


def named(event: Any) -> str:
    fn = inspect.unwrap(event.fn)
    return f"{fn.__module__}.{fn.__qualname__}"


def test_what_goes_wrong_in_an_event_is_a_sentence(events: list[Any]) -> None:
    """`guard` is around every callback, but for those that are told nothing and can refuse
    nothing."""
    bare = {
        named(event)
        for event in events
        if inspect.signature(event.fn).parameters and next(layers(event)) != errors.__file__
    }
    assert not bare


def test_who_leaves_while_the_engine_works_is_noticed(events: list[Any]) -> None:
    """An event with a limit of its own asks the engine: it has the heartbeats of `streaming.event`,
    without which Gradio waits on for a page that is closed."""
    asking = {named(event) for event in events if event.concurrency_limit != "default"}
    streamed = {named(event) for event in events if streaming.__file__ in layers(event)}
    assert asking - streamed <= {"app.build.<locals>.status"}
    assert len(streamed) > 30 and not streamed - asking
