"""A server in a process of its own, on a port of its own: started, waited for, always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PATIENCE = 120.0  # seconds that anything may take to start, or to give its first answer
GRACE = 10.0  # seconds to end by itself
EVERY = 0.02  # seconds between two looks whether it is up: what a start-up time is exact to


class DidNotStart(RuntimeError):
    """What was started ended, or was silent for too long. Says how its log ends."""


@dataclass
class Server:
    """A running one. ``started`` is when its process was made, on `time.perf_counter`."""

    process: subprocess.Popen[bytes]
    command: list[str]
    port: int
    log: Path
    started: float

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def age(self) -> float:
        """Seconds since its process was made."""
        return time.perf_counter() - self.started

    def wait(self, *paths: str) -> float:
        """Until each path has answered 200, in this order. Gives `age` then.

        Raises:
            DidNotStart: it ended, or did not answer within `PATIENCE`.
        """
        with httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE) as client:
            for path in paths:
                while not answers(client, path):
                    if self.process.poll() is not None or self.age() > PATIENCE:
                        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
                        command = " ".join(self.command)
                        raise DidNotStart(f"`{command}` does not answer at {path}:\n{end}")
                    time.sleep(EVERY)
        return self.age()


def answers(client: httpx.Client, path: str) -> bool:
    """Whether a path answers 200."""
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(*arguments: str) -> Iterator[Server]:
    """Run ``python ARGUMENTS`` in the repository's root; ``{port}`` stands for the port.

    Nothing outside this machine is asked for anything, and uploads go where they are deleted.
    """
    port = free_port()
    command = [sys.executable, *(argument.format(port=port) for argument in arguments)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder, "log.txt")
        environment = {
            **os.environ,
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": folder,
            "HF_HUB_OFFLINE": "1",
        }
        with log.open("wb") as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its workers can be ended with it
            )
            try:
                yield Server(process, command, port, log, started)
            finally:
                end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process and its workers to end, and insist after a while."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
