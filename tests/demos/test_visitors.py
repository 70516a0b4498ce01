"""Gradio's queue, in which visitors take turns, against real Gradio."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.queueing import Event, Queue
from served import served

from demos import visitors
from inference.batching import SHARE


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Queue, "push", Queue.push)
    monkeypatch.setattr(Queue, "get_events", Queue.get_events)
    visitors.share_queue()


class Line:
    """A queue with one endpoint, and no server."""

    def __init__(self, limit: int | None = None, places: int = 400) -> None:
        with gr.Blocks() as page:
            text = gr.Textbox()
            text.submit(lambda text: text, text, text, concurrency_limit=limit)
        page.queue(max_size=places)
        self.queue, self.fn = page._queue, next(iter(page.fns.values()))
        self.queue.active_jobs = [None] * 40
        self.under_way: list[Event] = []

    def ask(self, address: str, session: str | None = None) -> bool:
        body = SimpleNamespace(
            fn_index=self.fn._id, session_hash=session, data=["x"], request=None, event_id=None
        )
        request = SimpleNamespace(client=SimpleNamespace(host=address))
        return asyncio.run(self.queue.push(body, request, None))[0]

    def begin(self) -> str | None:
        found = self.queue.get_events()
        if found is None:
            return None
        [event], _, name = found
        self.queue.active_jobs[self.queue.active_jobs.index(None)] = [event]
        self.queue.event_queue_per_concurrency_id[name].current_concurrency += 1
        self.under_way.append(event)
        return "/".join(visitors.of(event))

    def end(self, number: int = 0) -> None:
        event = self.under_way.pop(number)
        self.queue.active_jobs[self.queue.active_jobs.index([event])] = None
        self.queue.event_queue_per_concurrency_id[event.concurrency_id].current_concurrency -= 1


def test_one_with_many_has_only_so_many_under_way() -> None:
    line = Line(limit=32)
    for _ in range(100):
        line.ask("1.1.1.1", "many")
    assert [line.begin() for _ in range(9)] == ["1.1.1.1/many"] * visitors.AT_ONCE + [None]
    line.ask("1.1.1.1", "few")
    assert line.begin() == "1.1.1.1/few", "another begins at once"
    line.end()
    assert line.begin() == "1.1.1.1/many"


def test_where_all_places_are_taken_the_next_is_for_whoever_has_least() -> None:
    line = Line(limit=4)
    for _ in range(20):
        line.ask("1.1.1.1", "many")
    assert [line.begin() for _ in range(5)] == ["1.1.1.1/many"] * 4 + [None]
    line.ask("1.1.1.1", "few")
    line.end()
    assert line.begin() == "1.1.1.1/few"


def test_many_sessions_of_one_address_come_after_another_address() -> None:
    line = Line(limit=4)
    for number in range(50):
        line.ask("6.6.6.6", f"s{number}")
    for _ in range(4):
        line.begin()
    line.ask("1.1.1.1", "one")
    line.end()
    assert line.begin() == "1.1.1.1/one"


def test_equals_come_in_the_order_of_their_asking() -> None:
    line = Line()
    for name in "abc":
        line.ask("1.1.1.1", name)
    assert [line.begin() for _ in range(3)] == ["1.1.1.1/a", "1.1.1.1/b", "1.1.1.1/c"]


def test_whoever_names_no_session_is_known_by_address() -> None:
    line = Line()
    for _ in range(20):
        line.ask("1.1.1.1")
    assert [line.begin() for _ in range(9)] == ["1.1.1.1/"] * visitors.AT_ONCE + [None]


def test_nobody_takes_more_than_half_of_the_places() -> None:
    line = Line(places=10)
    assert [line.ask("1.1.1.1", "many") for _ in range(6)] == [True] * 5 + [False]
    assert not line.ask("1.1.1.1", "another session") and line.ask("2.2.2.2")


def test_a_callback_knows_its_visitor_also_in_tasks_that_it_starts() -> None:
    seen: list[Any] = []

    async def ask(text: str):
        seen.append(visitors.current())
        seen.append(await asyncio.ensure_future(later()))
        yield text

    async def later() -> Any:
        return visitors.current()

    def build() -> None:
        text = gr.Textbox()
        text.submit(ask, text, text, api_name="ask")

    with served(build) as page:
        from served import client

        asking = client(page)
        assert asking.predict("x", api_name="/ask") == "x"
    assert seen == [("127.0.0.1", asking.session_hash)] * 2
    assert visitors.current() == ()


def test_one_visitor_s_share_of_a_batch_is_smaller_than_what_is_under_way() -> None:
    assert SHARE <= visitors.AT_ONCE
