"""How soon the page and the first answer are there, and what importing the libraries costs.

Each start is a fresh process. The files it reads are in the disk's cache from the second repeat on;
a repeat that was the first of its kind on this machine shows as the highest.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradio_client import Client, handle_file

from benchmarks.samples import SAMPLES
from benchmarks.servers import PATIENCE, ROOT, DidNotStart, Server, server
from benchmarks.table import Table, seconds_beside

KEY = "classification/imagenet"  # what the app loads first, and asks unless told otherwise
OURS, EMPTY, NAIVE = "this app", "empty Gradio app", "naive Gradio app"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Starter:
    """Something to start: arguments of python, and of ``/classify`` after the picture.

    ``asked`` is None for what has no ``/classify``.
    """

    name: str
    command: tuple[str, ...]
    asked: tuple[Any, ...] | None


def starters(device: str) -> list[Starter]:
    naive = ("-m", "benchmarks.rivals.naive_gradio", "{port}", KEY, device)
    return [
        Starter(OURS, ("app.py", "--port", "{port}", "--device", device, "--offline"), (KEY, 5)),
        Starter(EMPTY, ("-m", "benchmarks.rivals.empty_gradio", "{port}"), None),
        Starter(NAIVE, naive, ()),
    ]


def first_answer(running: Server, arguments: tuple[Any, ...]) -> float:
    """Ask for one real answer; gives the server's age in seconds when it is here."""
    client = Client(running.url, verbose=False, download_files=False, analytics_enabled=False)
    try:
        picture = handle_file(SAMPLES[0])
        job = client.submit(picture, *arguments, api_name="/classify")
        if not job.result(timeout=PATIENCE)["label"]:
            raise ValueError(f"{running.url} gave an answer without a label")
        return running.age()
    finally:
        client.close()


def pages(device: str, repeats: int, say: Say) -> tuple[Table, Table]:
    """Until ``GET /`` and ``GET /config`` answer, and until the first answer has come."""
    page: dict[str, list[float]] = {EMPTY: [], OURS: [], NAIVE: []}
    answer: dict[str, list[float]] = {NAIVE: [], OURS: []}
    order = starters(device)
    for repeat in range(repeats):
        for starter in order[repeat % len(order) :] + order[: repeat % len(order)]:
            say(f"start {repeat + 1} of {repeats}: {starter.name}")
            with server(*starter.command) as running:
                page[starter.name].append(running.wait("/", "/config"))
                if starter.asked is not None:
                    answer[starter.name].append(first_answer(running, starter.asked))
    polled = ("from the making of the process until GET / and GET /config answered 200",)
    asked = (
        f"{KEY} on scikit-image's {SAMPLES[0].stem}, asked through gradio_client as soon as the"
        " page was up",
        "the naive app imports torch and loads the model before it shows its page",
    )
    return (
        seconds_beside("Until the page answers", page, EMPTY, polled),
        seconds_beside("Until the first answer", answer, NAIVE, asked),
    )


def visits(device: str, repeats: int, say: Say) -> Table:
    """What a browser that opens the page waits for, no model being loaded meanwhile."""
    from benchmarks.opening import opened  # Playwright, which only this needs

    ours, empty, _ = starters(device)
    with server(*ours.command, "--no-warm") as one, server(*empty.command) as other:
        urls = {EMPTY: other, OURS: one}
        for name, running in urls.items():
            say(f"visit: {name}")
            running.wait("/", "/config")
        return opened({name: running.url for name, running in urls.items()}, EMPTY, repeats)


#: Row -> what is imported before, untimed, and what is timed.
IMPORTS = {
    "gradio": ("", "import gradio"),
    "this app": ("", "import app"),
    "torch": ("", "import torch"),
    "torchvision, after torch": ("import torch", "import torchvision"),
    "timm, after torchvision": ("import torchvision", "import timm"),
    "captum, after torch": ("import torch", "import captum.attr"),
    "scikit-learn's SVM": ("", "import sklearn.svm"),
    "scikit-image's HOG": ("", "from skimage.feature import hog"),
}


def import_seconds(before: str, statement: str) -> float:
    """What one statement takes in a fresh Python. Raises `DidNotStart` if it fails or hangs."""
    program = (
        f"{before}\nimport time\nbegin = time.perf_counter()\n{statement}\n"
        "print('\\n', time.perf_counter() - begin)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise DidNotStart(f"`{statement}` took more than {PATIENCE:g} s") from error
    except subprocess.CalledProcessError as error:
        raise DidNotStart(f"`{statement}` failed:\n{error.stderr[-500:]}") from error
    return float(done.stdout.split()[-1])


def imports(repeats: int, say: Say) -> Table:
    """What the heavy libraries cost whoever imports them before the page is up."""
    seconds: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for repeat in range(repeats):
        for name, (before, statement) in IMPORTS.items():
            say(f"import {repeat + 1} of {repeats}: {name}")
            seconds[name].append(import_seconds(before, statement))
    notes = ("this app imports gradio; it leaves the rest until the page is up or until first use",)
    return seconds_beside("Importing, each in a fresh Python", seconds, "gradio", notes)


def measure(device: str, starts: int, repeats: int, say: Say) -> list[Table]:
    """All of start-up: every server ``starts`` times, every import ``repeats`` times."""
    return [*pages(device, starts, say), visits(device, starts, say), imports(repeats, say)]
