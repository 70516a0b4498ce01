"""The bounded queue, what goes together, and bad inputs that fail alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from engine_fakes import Clock, FakeModel, OutOfMemoryError, Spoilt

from inference.batching import SHARE, Job, LoadRequest, Queue, Request, compute
from inference.errors import Busy, Closed, DeadlineExceeded


class Desk:
    def __init__(self, limit: int = 10) -> None:
        self.clock = Clock()
        self.queue = Queue(limit, self.clock)
        self.told: Counter[str] = Counter()

    def put(
        self,
        input: Any,
        key: str = "a",
        seconds: float = 60.0,
        caller: tuple[str, ...] = (),
        **options: Any,
    ) -> Request:
        job = (key, seconds, self.clock(), self._tell, caller)
        request = Request(*job, input=input, options=options)
        self.queue.put(request)
        return request

    def _tell(self, job: Job, outcome: str) -> None:
        self.told[outcome] += 1

    def take(self, room: int = 10, key: str = "a") -> list[Any]:
        return [request.input for request in self.queue.take(key, Request, room)]


def test_what_waits_is_taken_in_order_and_up_to_the_room() -> None:
    desk = Desk()
    for number in range(5):
        desk.put(number)
    assert [desk.take(3), desk.take(3), desk.take(3)] == [[0, 1, 2], [3, 4], []]


def test_equal_options_go_together_and_the_oldest_goes_first() -> None:
    desk = Desk()
    for number in range(6):
        desk.put(number, top_k=number % 2, labels=["a"])
    assert [desk.take(), desk.take()] == [[0, 2, 4], [1, 3, 5]]


def test_callers_take_turns_and_one_has_a_bounded_share_of_a_batch() -> None:
    desk = Desk(limit=400)
    for number in range(300):
        desk.put(number, caller=("address", "one"))
    desk.put("other", caller=("address", "another"))
    first, second = desk.take(32), desk.take(32)
    assert first[:2] == [0, "other"] and len(first) == SHARE + 1
    assert second == list(range(SHARE, SHARE + 32)), "for nobody's sake a batch is not kept small"


def test_a_turn_is_had_in_each_batch_of_one() -> None:
    desk = Desk()
    for number in range(3):
        desk.put(number, caller=("one",))
    desk.put("a", caller=("two",))
    assert desk.take(1) == [0]
    desk.put("b", caller=("three",))
    assert [desk.take(1) for _ in range(4)] == [["a"], [1], ["b"], [2]]


def test_nobody_in_particular_has_the_whole_batch() -> None:
    desk = Desk(limit=40)
    for number in range(32):
        desk.put(number)
    assert len(desk.take(32)) == 32


def test_options_that_cannot_be_compared_go_alone() -> None:
    desk = Desk()
    for number in range(2):
        desk.put(number, mask=np.zeros(3))
    assert [desk.take(), desk.take()] == [[0], [1]]


def test_models_and_kinds_do_not_mix() -> None:
    desk = Desk()
    desk.put(1)
    desk.put(2, key="b")
    desk.queue.put(LoadRequest("a", 60.0, 0.0, desk._tell))
    assert desk.take(key="b") == [2]
    assert desk.take() == [1]
    assert len(desk.queue.take("a", LoadRequest, 10)) == 1
    assert not desk.queue.waits("a") and len(desk.queue) == 0


def test_a_full_queue_says_busy_and_a_freed_place_can_be_taken() -> None:
    desk = Desk(limit=2)
    first = desk.put(1)
    desk.put(2, key="b")
    with pytest.raises(Busy) as refusal:
        desk.put(3)
    assert refusal.value.fields == {"waiting": 2}
    assert desk.queue.remove(first) and not desk.queue.remove(first)
    desk.put(3)


def test_the_late_are_told_and_make_room() -> None:
    desk = Desk(limit=1)
    late = desk.put(1, seconds=5.0)
    desk.clock.now = 5.0
    desk.put(2)
    assert isinstance(late.future.exception(), DeadlineExceeded)
    assert desk.take() == [2]


def test_the_late_are_told_instead_of_run() -> None:
    desk = Desk()
    late = desk.put(1, seconds=5.0)
    desk.clock.now = 5.0
    assert desk.take() == [] and len(desk.queue) == 0
    assert isinstance(late.future.exception(), DeadlineExceeded)
    assert desk.told == {"deadline": 1}


def test_a_closed_queue_takes_nothing() -> None:
    desk = Desk()
    desk.put(1)
    desk.queue.closed = True
    with pytest.raises(Closed):
        desk.put(2)
    assert len(desk.queue.drain()) == 1 and len(desk.queue) == 0


def test_a_job_ends_once_whoever_comes_second() -> None:
    desk = Desk()
    job = desk.put(1)
    assert job.leave()
    assert not job.finish("late") and not job.expire()
    assert desk.told == {"cancelled": 1}


def model() -> FakeModel:
    return FakeModel("a", 1, "cpu")


def nothing() -> None:
    """No room to be made."""


def test_a_batch_is_one_call() -> None:
    fake = model()
    assert compute(fake.predict, [1, 2], {}, nothing) == [("answer", 1), ("answer", 2)]
    assert fake.batches == [[1, 2]]


def test_an_exception_among_the_answers_is_that_inputs_own() -> None:
    fake, bad = model(), ValueError("this one")
    assert compute(fake.predict, [1, bad], {}, nothing) == [("answer", 1), bad]
    assert len(fake.batches) == 1


def test_a_batch_that_raises_is_tried_one_by_one() -> None:
    fake, bad = model(), Spoilt()
    assert compute(fake.predict, [1, bad, 3], {}, nothing) == [("answer", 1), bad, ("answer", 3)]
    assert fake.batches == [[1, bad, 3], [1], [bad], [3]]


def test_a_wrong_number_of_answers_is_an_error_and_not_a_mix_up() -> None:
    answers = compute(lambda inputs: inputs[1:], [1, 2], {}, nothing)
    assert [type(answer) for answer in answers] == [ValueError, ValueError]


def test_even_an_exit_stays_with_its_input() -> None:
    def leave() -> None:
        raise SystemExit

    answers = compute(model().predict, [1, leave], {}, nothing)
    assert answers[0] == ("answer", 1) and isinstance(answers[1], SystemExit)


def test_out_of_memory_makes_room_and_tries_the_whole_batch_once_more() -> None:
    freed: list[int] = []

    def hungry() -> str:
        if not freed:
            raise OutOfMemoryError
        return "fits"

    fake = model()
    assert compute(fake.predict, [1, hungry], {}, lambda: freed.append(1)) == [
        ("answer", 1),
        "fits",
    ]
    assert len(fake.batches) == 2


def test_still_out_of_memory_fails_alone_after_one_retry() -> None:
    freed: list[int] = []

    def hungry() -> None:
        raise MemoryError

    fake = model()
    answers = compute(fake.predict, [hungry], {}, lambda: freed.append(1))
    assert isinstance(answers[0], MemoryError)
    assert (len(fake.batches), len(freed)) == (2, 1)
