"""The app as a process of its own, for as long as a test needs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def health(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url + "/healthz", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


@contextmanager
def serving(folder: Path, *flags: str, script: str = "app.py", **variables: str) -> Iterator[str]:
    """The address of a running app whose first model is warm; its files lie in ``folder``.
    ``script``: what makes and starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "log.txt"
    files = {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "GRADIO_TEMP_DIR": str(folder / "files"),
        "BREAKTHROUGHS_JOBS_DIR": str(folder / "jobs"),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, script, "--port", str(port), *flags],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **files, **variables},
        )
        try:
            ready = None
            for _ in range(360):
                ready = health(url)
                if process.poll() is not None or (ready and ready["warm"]):
                    break
                time.sleep(0.5)
            assert ready, f"the app did not start:\n{log.read_text()}"
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)
