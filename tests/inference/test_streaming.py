"""Generations that advance together, join and leave at any step, and never outlive their reader."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from engine_fakes import GPU, FakeEntry, House, OutOfMemoryError, settled

from inference.errors import Closed, DeadlineExceeded, ModelFailed, OutOfMemory
from inference.streaming import BUFFER


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 60))


def reading(house: House, length: int, **options: Any) -> asyncio.Task[list[Any]]:
    async def read() -> list[Any]:
        return [event async for event in house.engine.stream("a", length, **options)]

    return asyncio.ensure_future(read())


def test_a_stream_gives_every_event_and_ends() -> None:
    async def facts() -> None:
        house = House()
        task = reading(house, 3)
        await house.run()
        assert await task == [1, 2, 3]
        assert house.outcomes() == {"answered": 1}
        assert house.row("a")["leases"] == 0

    run(facts())


def test_live_generations_share_each_step_and_may_join_late() -> None:
    async def facts() -> None:
        house = House()
        first = reading(house, 4)
        await settled()
        house.workers.step("a")
        house.workers.step("a")
        second = reading(house, 3)
        await house.run()
        assert (await first, await second) == ([1, 2, 3, 4], [1, 2, 3])
        assert house.loader.model("a").steps == [1, 1, 2, 2, 1]

    run(facts())


def test_no_more_than_max_batch_are_live_and_the_others_wait() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=2))
        tasks = [reading(house, 2) for _ in range(3)]
        await house.run()
        assert [await task for task in tasks] == [[1, 2]] * 3
        assert house.loader.model("a").steps == [2, 2, 1, 1]

    run(facts())


def test_requests_are_answered_between_the_steps() -> None:
    async def facts() -> None:
        house = House()
        stream = reading(house, 3)
        await settled()
        house.workers.step("a")
        request = house.ask("a", "x")
        await settled()
        house.workers.step("a")
        await settled()
        assert request.done() and not stream.done()
        await house.run()
        await stream

    run(facts())


def test_newcomers_who_take_long_to_begin_are_let_in_one_between_two_steps() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=9))
        first = reading(house, 5)
        await settled()
        house.workers.step("a")
        model = house.loader.model("a")
        model.on_begin = lambda: setattr(house.clock, "now", house.clock.now + 1.0)
        others = [reading(house, 9) for _ in range(4)]
        await house.run()
        assert await first == [1, 2, 3, 4, 5]
        assert model.steps[:6] == [1, 2, 3, 4, 5, 4]
        assert [len(await other) for other in others] == [9] * 4

    run(facts())


def test_newcomers_who_take_no_time_are_let_in_together() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=9))
        tasks = [reading(house, 2) for _ in range(5)]
        await house.run()
        await asyncio.gather(*tasks)
        assert house.loader.model("a").steps == [5, 5]

    run(facts())


def test_long_questions_are_answered_one_between_two_steps() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=9))
        stream = reading(house, 6)
        await settled()
        house.workers.step("a")
        model, seen = house.loader.model("a"), []

        def long() -> int:
            house.clock.now += 1.0
            seen.append(len(model.steps))
            return 0

        questions = [house.ask("a", long) for _ in range(4)]
        await house.run()
        await asyncio.gather(stream, *questions)
        assert seen == [1, 2, 3, 4]
        assert [len(batch) for batch in model.batches] == [1] * 4

    run(facts())


def test_a_model_may_be_asked_one_by_one_so_that_a_newcomer_waits_for_one_only() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=9))
        questions = [house.ask("a", 0)]
        await house.run()
        model = house.loader.model("a")
        model.one_by_one = True

        def long() -> int:
            house.clock.now += 1.0
            return 0

        questions += [house.ask("a", long) for _ in range(4)]
        stream = reading(house, 3)
        await settled()
        house.workers.step("a")
        assert (len(model.batches), len(model.steps)) == (2, 1)
        await house.run()
        assert await stream == [1, 2, 3]
        await asyncio.gather(*questions)

    run(facts())


def test_closing_the_generator_frees_its_place() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=1))
        stream = house.engine.stream("a", 100)
        first = asyncio.ensure_future(anext(stream))
        waiting = reading(house, 1)
        await settled()
        house.workers.step("a")
        assert await first == 1 and not waiting.done()
        await stream.aclose()
        await house.run()
        assert await waiting == [1]
        assert house.outcomes() == {"cancelled": 1, "answered": 1}

    run(facts())


def test_a_reader_who_leaves_before_the_first_event_frees_its_place() -> None:
    async def facts() -> None:
        house = House(queue_limit=1)
        task = reading(house, 3)
        await settled()
        task.cancel()
        await settled()
        assert house.engine.status()["queue"]["waiting"] == 0

    run(facts())


def test_one_that_fails_fails_alone() -> None:
    async def facts() -> None:
        house = House()
        tasks = [reading(house, 3), reading(house, 3, spoilt_at=1), reading(house, -1)]
        await house.run()
        assert await tasks[0] == [1, 2, 3]
        for task in tasks[1:]:
            with pytest.raises(ModelFailed):
                await task

    run(facts())


def test_what_came_before_the_failure_is_still_read() -> None:
    async def facts() -> None:
        house = House()
        stream = house.engine.stream("a", 3, spoilt_at=2)
        first = asyncio.ensure_future(anext(stream))
        await house.run()
        assert await first == 1
        assert await anext(stream) == 2
        with pytest.raises(ModelFailed):
            await anext(stream)

    run(facts())


def test_a_slow_reader_pauses_only_itself() -> None:
    async def facts() -> None:
        house = House()
        slow = house.engine.stream("a", BUFFER + 10)
        first = asyncio.ensure_future(anext(slow))
        await house.run()
        await first
        quick = reading(house, BUFFER + 20)
        await house.run()
        assert len(await quick) == BUFFER + 20
        assert house.row("a")["leases"] == 1

        async def rest() -> list[int]:
            return [event async for event in slow]

        read = asyncio.ensure_future(rest())
        await house.run()
        assert await read == list(range(2, BUFFER + 11))

    run(facts())


def test_a_reader_who_stays_away_loses_its_place() -> None:
    async def facts() -> None:
        house = House()
        slow = house.engine.stream("a", BUFFER * 2, deadline=5.0)
        first = asyncio.ensure_future(anext(slow))
        await house.run()
        await first
        await house.run()
        house.clock.now = 5.0
        await house.run()
        assert house.row("a")["leases"] == 0
        with pytest.raises(DeadlineExceeded):
            async for _ in slow:
                pass

    run(facts())


def test_no_event_in_time_is_said_and_frees_the_place() -> None:
    async def facts() -> None:
        house = House()
        with pytest.raises(DeadlineExceeded):
            await anext(house.engine.stream("a", 3, deadline=0.0))
        assert house.engine.status()["queue"]["waiting"] == 0
        assert house.outcomes() == {"deadline": 1}

    run(facts())


def test_closing_the_engine_ends_live_generations() -> None:
    async def facts() -> None:
        house = House()
        stream = house.engine.stream("a", 1000)
        first = asyncio.ensure_future(anext(stream))
        await settled()
        house.workers.step("a")
        await first
        closing = asyncio.ensure_future(house.engine.close())
        await house.run()
        await closing
        with pytest.raises(Closed):
            async for _ in stream:
                pass
        assert house.loader.model("a") is None

    run(facts())


def test_a_replaced_model_lets_running_generations_finish_first_and_newcomers_wait() -> None:
    async def facts() -> None:
        house = House()
        first = reading(house, 3)
        await settled()
        house.workers.step("a")
        house.engine.add(FakeEntry("a", bytes=20))
        second = reading(house, 3)
        await house.run()
        assert (await first, await second) == ([1, 2, 3], [1, 2, 3])
        assert house.loader.loads["a"] == 2

    run(facts())


def test_a_reader_that_catches_up_wakes_its_waiting_thread() -> None:
    house = House(by_hand=False)

    async def facts() -> None:
        stream = house.engine.stream("a", 3 * BUFFER)
        assert await anext(stream) == 1
        while len(house.loader.model("a").steps) <= BUFFER:  # until it is full, and pauses
            await asyncio.sleep(0)
        assert [event async for event in stream] == list(range(2, 3 * BUFFER + 1))

    run(facts())
    run(house.engine.close())


def test_streams_run_on_real_threads_and_several_loops_too() -> None:
    house = House(FakeEntry("a", max_batch=3), by_hand=False)

    async def facts() -> None:
        streams = [reading(house, 2 * BUFFER + number) for number in range(6)]
        for number, task in enumerate(streams):
            assert await task == list(range(1, 2 * BUFFER + number + 1))

    run(facts())
    run(facts())
    assert house.outcomes() == {"answered": 12}
    run(house.engine.close())


@pytest.mark.parametrize("times", [1, 9])
def test_out_of_memory_inside_a_step_lets_idle_models_go_and_tries_again(times: int) -> None:
    async def facts() -> None:
        house = House(FakeEntry("a"), FakeEntry("idle"), device=GPU, keep_alive_s=1000.0)
        other = house.ask("idle", 1)
        await house.run()
        await other
        streams = [reading(house, 3), reading(house, 3)]
        await settled()
        house.workers.step("a")
        model = house.loader.model("a")
        assert model is not None and house.loader.model("idle") is not None
        step, failures = model.step, [OutOfMemoryError() for _ in range(times)]

        def hungry(states: list[Any]) -> list[Any]:
            if failures:
                raise failures.pop()
            return step(states)

        model.step = hungry  # type: ignore[method-assign]
        await house.run()
        assert house.loader.model("idle") is None, "an idle model stayed"
        if times == 1:
            assert [await one for one in streams] == [[1, 2, 3], [1, 2, 3]]
        else:  # both alone and together, each twice: refused, and the next is served
            for one in streams:
                with pytest.raises(OutOfMemory):
                    await one
            failures.clear()
            again = reading(house, 2)
            await house.run()
            assert await again == [1, 2]

    run(facts())
