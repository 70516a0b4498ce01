"""A worker: one process that trains, in a group of its own, watched from outside.

Windows has no process groups and no SIGTERM that a process could answer: there a worker is ended
at once, and what it had kept last is what it goes on from.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

PARENT = "BREAKTHROUGHS_PARENT"  # as in `training.stopping`: it ends when we have gone
MARK = "BREAKTHROUGHS_JOB"  # folder of the job, by which a worker is found whose server was killed
NICE = 10  # whoever asks the page something comes first


class Worker:
    """A started process. It is never waited for: `poll` says whether it has ended."""

    def __init__(
        self, command: Sequence[str], folder: Path, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start it.

        Args:
            folder: of its job. log: where what it prints goes, behind what is there.

        Raises:
            OSError: it cannot be started.
        """
        marks = {PARENT: str(os.getpid()), MARK: str(folder)}
        with log.open("ab") as printed:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parent.parent,
                env={**os.environ, **(env or {}), **marks},
                start_new_session=True,
            )
        self.pid = self._process.pid
        with suppress(psutil.Error, OSError):
            psutil.Process(self.pid).nice(NICE if os.name == "posix" else None)

    def poll(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        return self._process.poll()

    def memory(self) -> int:
        """Bytes that it and its children hold in main memory."""
        return sum(_resident(process) for process in _family(self.pid))

    def ask_to_end(self) -> None:
        """Let it keep what it has learnt, and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and its children as they are."""
        for process in reversed(_family(self.pid)):
            with suppress(psutil.Error):
                process.kill()
        if sys.platform != "win32":
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))
        return self._process.poll() is not None


def end_orphans(top: Path, seconds: float) -> int:
    """End the workers of a server that was killed, those whose job lies in ``top``; how many.

    They are asked first, and have so many seconds to keep what they learnt.
    """
    found = list(_orphans(top))
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    end = time.monotonic() + seconds
    while (left := [one for one in found if _lives(one)]) and time.monotonic() < end:
        time.sleep(0.05)
    for process in left:
        for one in reversed(_family(process.pid)):
            with suppress(psutil.Error):
                one.kill()
    psutil.wait_procs(left, 1.0)
    return len(found)


def _orphans(top: Path) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            mark = process.environ().get(MARK)
            if mark and Path(mark).is_relative_to(top) and process.pid != os.getpid():
                yield process


def _lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended and that nobody asks for its status does not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
