"""A run that is asked to end (SIGTERM) ends its step and keeps what it has learnt.

Whoever started it may also just be gone: a worker of `jobs` is told by `PARENT` who that was, and
when that is no longer its parent, nobody watches its limits any more.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PARENT = "BREAKTHROUGHS_PARENT"  # process id of whoever watches this run


@contextmanager
def when_asked() -> Iterator[Callable[[], bool]]:
    """Inside, SIGTERM ends nothing by itself; what is given tells whether the run is to end."""
    asked = threading.Event()
    watched_by = os.environ.get(PARENT)

    def ends() -> bool:
        return asked.is_set() or (watched_by is not None and watched_by != str(os.getppid()))

    if threading.current_thread() is not threading.main_thread():  # signals reach that one only
        yield ends
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.set())
    try:
        yield ends
    finally:
        signal.signal(signal.SIGTERM, before)
