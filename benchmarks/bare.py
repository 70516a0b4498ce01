"""The bare model in a process of its own, as every rival has one.

Not only for the look of it. libgomp, with which torch computes on a CPU, keeps a team of threads
for each thread that computes, and lets teams sleep between any two parallel regions once they have
more threads than there are cores together. A bare loop on the benchmark's own thread made the
engine's calls, on theirs, 1.4 times as long (80 regions a call of classification/cifar10), and
itself too. Visitors who use several models within minutes of each other pay the same.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.load import Effort, Load, bare_loop
from benchmarks.samples import opened
from pretrained import catalog

_loaded: Any = None  # in the process that was started


class Bare:
    """A context manager: the process, with one model loaded on ``device``."""

    def __init__(self, key: str, device: str) -> None:
        self._process = ProcessPoolExecutor(
            1, get_context("spawn"), initializer=_load, initargs=(key, device)
        )

    def labels(self) -> list[str]:
        """What the model says of each sample alone."""
        return self._process.submit(_labels).result()

    def loop(self, batch: int, effort: Effort, rest: float = 0.0) -> Load:
        """`bare_loop` over the samples."""
        return self._process.submit(_loop, batch, effort, rest).result()

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown()


def _load(key: str, device: str) -> None:
    global _loaded
    _loaded = catalog.find(key).load(device)


def _labels() -> list[str]:
    return [_loaded.predict([picture])[0]["label"] for picture in opened()]


def _loop(batch: int, effort: Effort, rest: float) -> Load:
    return bare_loop(_loaded, opened(), batch, effort, rest)
