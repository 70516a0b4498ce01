"""How the server ends, on SIGTERM and Ctrl-C: whoever waits is told, and what was held is freed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 5.0  # seconds for computations under way
TELLING = 2.0  # seconds in which the last sentences reach their visitors

log = logging.getLogger(__name__)


def until_asked(asked: threading.Event | None = None) -> None:
    """Wait for SIGTERM or Ctrl-C. The second one ends the process as it is."""
    asked = asked or threading.Event()

    def ask(number: int, frame: object) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, ask)
    while not asked.wait(1.0):  # in pieces: on Windows a wait without end cannot be interrupted
        pass


def shut_down(engine: Any, page: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """First the engine, which tells those who wait that it ends, then the page that tells them."""
    log.info("shutting down: what is being computed has %.0f s to end", PATIENCE)
    asyncio.run(engine.close(PATIENCE))
    for _ in range(int(TELLING / 0.1)):
        if not any(page._queue.active_jobs):
            break
        sleep(0.1)
    page.close(verbose=False)


def leave() -> None:
    """End the process at once. A thread that still computes would abort it in its libraries."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
