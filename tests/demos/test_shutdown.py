"""How the server ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

from demos import shutdown


class Ending:
    """An engine and a page that note what is done to them; one event needs two looks to end."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._queue = SimpleNamespace(active_jobs=[None, ["event"]])
        self.engine = SimpleNamespace(close=self.close_engine)

    async def close_engine(self, patience: float) -> None:
        self.done.append("engine")

    def sleep(self, seconds: float) -> None:
        self.done.append("told")
        self._queue.active_jobs[1] = None

    def close(self, verbose: bool) -> None:
        self.done.append("page")


def test_the_engine_ends_first_and_the_page_when_all_are_told() -> None:
    ending = Ending()
    shutdown.shut_down(ending.engine, ending, ending.sleep)
    assert ending.done == ["engine", "told", "page"]


def test_whoever_is_never_told_does_not_hold_it_up() -> None:
    ending = Ending()
    shutdown.shut_down(ending.engine, ending, lambda seconds: ending.done.append("told"))
    assert ending.done[-1] == "page"


WAITING = """
import os, signal, threading
from demos import shutdown
ready = threading.Event()
threading.Thread(target=lambda: (ready.wait(), os.kill(os.getpid(), NUMBER))).start()
class Asked(threading.Event):
    def wait(self, seconds):
        ready.set()
        return super().wait(seconds)
shutdown.until_asked(Asked())
print("asked", flush=True)
threading.Thread(target=threading.Event().wait).start()  # what would never end
shutdown.leave()
"""


def run(number: int) -> subprocess.CompletedProcess[Any]:
    program = WAITING.replace("NUMBER", str(number))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_both_signals_are_heard_and_no_thread_keeps_or_breaks_the_process() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        ended = run(int(number))
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "asked\n", "")
