"""Who is asking, and that nobody's many requests keep another's few waiting.

A visitor is told apart by address and session. Each has at most `AT_ONCE` requests under way, and
an address half of the queue's places; of those who wait, who has the least under way comes next.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.queueing import Event, Queue

from demos import proxy

AT_ONCE = 8  # of one visitor: the page's own table of pictures asks for so many

_push = Queue.push


def current() -> tuple[str, ...]:
    """The visitor for whom a callback runs, as the engine's ``caller``; () outside of one."""
    request: gr.Request | None = LocalContext.request.get(None)
    if request is None:
        return ()
    client = getattr(request, "client", None)
    return (getattr(client, "host", None) or "", getattr(request, "session_hash", None) or "")


def share_queue() -> None:
    """From now on Gradio's queue, first come first served in 6.31, lets visitors take turns."""
    Queue.push = pushed  # type: ignore[method-assign, assignment]
    Queue.get_events = next_events  # type: ignore[method-assign, assignment]


def of(event: Event) -> tuple[str, str]:
    """The visitor of an event. One that names no session has only an address."""
    known: tuple[str, str] | None = vars(event).get("visitor")
    if known is None:
        session = "" if event.session_hash == event._id else event.session_hash
        known = event.visitor = (_address(event.request), session)  # type: ignore[attr-defined]
    return known


def _address(request: Any) -> str:
    client = getattr(request, "client", None)
    return proxy.network(client.host if client else "")


async def pushed(queue: Queue, body: Any, request: Any, username: str | None) -> Any:
    """As Gradio's own, unless this address has half of the places already: sessions cost nothing,
    and who opens many gets no more of them."""
    if queue.max_size is not None:
        lines = queue.event_queue_per_concurrency_id.values()
        waiting = Counter(of(event)[0] for line in lines for event in line.queue)
        if waiting[_address(request)] >= max(1, queue.max_size // 2):
            size = waiting.total()
            return False, f"Queue is full. Max size is {size} and size is {size}.", "queue_full"
    return await _push(queue, body, request, username)


def next_events(queue: Queue) -> tuple[list[Event], bool, str] | None:
    """The next event of a visitor who has the least under way, of the longest wait among such.

    Addresses are compared first, so that nobody gains by opening many sessions."""
    under_way = Counter(of(event) for job in queue.active_jobs for event in job or ())
    addresses: Counter[str] = Counter()
    for (address, _), count in under_way.items():
        addresses[address] += count
    lines = list(queue.event_queue_per_concurrency_id.items())
    random.shuffle(lines)
    for name, line in lines:
        if (
            line.concurrency_limit is not None
            and line.current_concurrency >= line.concurrency_limit
        ):
            continue
        first = {of(event): event for event in reversed(line.queue)}
        ready = [visitor for visitor in first if under_way[visitor] < AT_ONCE]
        if ready:
            order = {id(event): place for place, event in enumerate(line.queue)}
            chosen = min(ready, key=lambda v: (addresses[v[0]], under_way[v], order[id(first[v])]))
            line.queue.remove(first[chosen])
            return [first[chosen]], False, name
    return None
