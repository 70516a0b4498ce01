"""Texts written at once are counted and compared. Nothing is timed here."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.load import Effort
from benchmarks.streaming import COLUMNS, Reference, Setting, table, weights_bytes
from benchmarks.streams import OPENINGS, Run, Wish, alone, loop, of_one, read, wishes
from pretrained.text.piece import Piece


class Writer:
    """Writes its prompt and seed again and again, two characters a step; a first step of none."""

    class State:
        def __init__(self, text: str) -> None:
            self.left, self.begun, self.done = text, False, False

    def begin(self, prompt: str, *, length: int, temperature: float, seed: int) -> State:
        return self.State((f"{prompt}{seed}" * length)[:length])

    def step(self, states: list[State]) -> list[Piece | None]:
        return [self._next(state) for state in states]

    def _next(self, state: State) -> Piece | None:
        if not state.begun:
            state.begun = True
            return None
        now, state.left = state.left[:2], state.left[2:]
        state.done = not state.left
        return Piece(now, (1.0,) * len(now))


WISH = Wish("ab", 5, 7)
RIGHT = "ab7ab"
EFFORT = Effort(seconds=60, calls=10)


def reading(write, readers: int = 3) -> Run:
    return asyncio.run(read(write, [(WISH, RIGHT)], readers, EFFORT))


def test_a_text_alone_is_its_pieces() -> None:
    assert list(alone(Writer(), WISH)) == ["ab", "7a", "b"]


def test_a_loop_counts_the_characters_of_every_text() -> None:
    run = loop(of_one(Writer(), WISH), EFFORT)
    assert run.characters == 5 * 10 and len(run.firsts) == 10 and run.failed == 0


def test_no_two_wishes_are_alike() -> None:
    assert len(set(wishes(40))) == len(OPENINGS) == len({wish.seed for wish in wishes(40)})


def test_right_texts_count_and_say_when_they_began() -> None:
    async def write(reader: int, wish: Wish, first) -> str:
        first()
        await asyncio.sleep(0)
        return "".join(alone(Writer(), wish))

    run = reading(write)
    assert (run.characters, len(run.firsts), run.failed) == (50, 10, 0)
    assert all(second > 0 for second in run.firsts)


def test_a_text_that_differs_from_the_one_alone_is_a_failure() -> None:
    """One reader of three gets another text: one wrong character is enough."""

    async def write(reader: int, wish: Wish, first) -> str:
        await asyncio.sleep(0)
        first()
        return "ab7aX" if reader == 1 else RIGHT

    run = reading(write)
    assert run.failed > 0 and run.characters == 5 * (10 - run.failed) == 5 * len(run.firsts)
    assert run.reason == "'ab7aX' instead of 'ab7ab'"


def test_a_text_that_breaks_off_is_a_failure_and_the_reader_goes_on() -> None:
    calls: list[int] = []

    async def write(reader: int, wish: Wish, first) -> str:
        await asyncio.sleep(0)
        calls.append(reader)
        if len(calls) == 2:
            raise ConnectionError("gone")
        return RIGHT

    run = reading(write)
    assert len(calls) == 10 and run.failed == 1 and run.reason == "ConnectionError: gone"


def test_a_row_stands_beside_one_text_alone_and_the_memory_limit() -> None:
    setting = Setting(
        "a way",
        4,
        step_bytes=1000,
        runs=[Run(2.0, 800, (0.1, 0.3, 0.2)), Run(1.0, 100, (0.4,), 1, "TimeoutError: ")],
        references=[Reference(100, 200_000), Reference(50, 100_000)],
    )
    found = table([setting], ["another left out"]).as_json()
    assert tuple(found["rows"][0]) == COLUMNS
    assert found["rows"] == [
        {
            "way": "a way",
            "texts at once": 4,
            "characters/s": {"median": 250, "low": 100, "high": 400, "n": 2},
            "times one alone": {"median": 3, "low": 2, "high": 4, "n": 2},
            # Each weight read once for four texts: 4 * 200,000 / 1,000 characters a second.
            "of the memory limit": {"median": 0.375, "low": 0.25, "high": 0.5, "n": 2},
            "first p50 ms": pytest.approx(200),
            "texts": 4,
            "failed": 1,
        }
    ]
    assert found["notes"][-2:] == [
        "another left out",
        "a way, 4 at once, a failure: TimeoutError: ",
    ]


def test_a_step_reads_its_weights_but_not_what_is_looked_up() -> None:
    import torch

    module = torch.nn.Linear(10, 3)
    assert weights_bytes(module) == 4 * 33
    assert weights_bytes(module, "bias") == 4 * 30


def test_the_rival_has_as_many_weights_as_the_network() -> None:
    pytest.importorskip("transformers")
    from benchmarks.rivals.one_by_one import generate, gpt2

    rival = gpt2(200_000, 67, 12, "cpu")
    assert sum(p.numel() for p in rival.parameters()) == pytest.approx(200_000, rel=0.2)
    calls: list[int] = []
    assert generate(rival, 3, 9, 2)(lambda: calls.append(1)) == 18
    assert len(calls) == 9
