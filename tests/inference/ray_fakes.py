"""A model for a real Ray: small, and imported by its name in a replica's process."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from inference.errors import BadInput


@dataclass(frozen=True)
class FakeEntry:
    key: str
    loader: str = "ray_fakes:load"
    bytes: int = 10
    max_batch: int = 4
    bundled: bool = True


class State:
    def __init__(self, length: int, named: bool) -> None:
        self.length, self.named, self.count = length, named, 0

    @property
    def done(self) -> bool:
        return self.count >= self.length


class FakeModel:
    """Answers (input, process, size of the batch). Refuses "bad" and raises on "bug". Generations
    count up to a length, and say in which process if they are ``named``."""

    bytes = 10

    def predict(self, inputs: list[Any]) -> list[Any]:
        time.sleep(0.02)
        if "bug" in inputs:
            raise ValueError("a secret path")
        answer = os.getpid(), len(inputs)
        return [BadInput() if input == "bad" else (input, *answer) for input in inputs]

    def begin(self, length: int, named: bool = False) -> State:
        return State(length, named)

    def step(self, states: list[State]) -> list[Any]:
        time.sleep(0.02)
        for state in states:
            state.count += 1
        return [(state.count, os.getpid()) if state.named else state.count for state in states]


def load(entry: FakeEntry, device: str, progress: Any) -> FakeModel:
    progress(1, 2)
    if entry.key == "fake/broken":
        raise OSError("a secret path")
    return FakeModel()
