"""The engine as its callers see it, from one event loop, from several, and from none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from engine_fakes import (
    FakeEntry,
    House,
    OutOfMemoryError,
    Spoilt,
    settled,
)

from inference import Answer, Engine
from inference.errors import (
    Busy,
    Closed,
    DeadlineExceeded,
    LoadFailed,
    ModelFailed,
    OutOfMemory,
    Unfiltered,
    UnknownModel,
)
from pretrained.errors import Refusal, ViewUnsupported


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def refusal(task: asyncio.Future[Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await task
    return caught.value


def test_nothing_heavy_is_imported() -> None:
    heavy = ["torch", "torchvision", "timm", "transformers", "diffusers", "gradio"]
    code = f"import sys, inference; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_answers_and_loads_only_when_asked() -> None:
    async def facts() -> None:
        house = House()
        assert house.state("a") == "cold"
        answer = house.ask("a", 1)
        await house.run()
        assert await answer == ("answer", 1)
        assert house.state("a") == "warm"
        assert house.engine.status()["answered"] == 1

    run(facts())


def test_what_waits_while_the_model_is_busy_becomes_the_next_batches() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=4))
        tasks = [house.ask("a", number) for number in range(10)]
        await house.run()
        assert [await task for task in tasks] == [("answer", number) for number in range(10)]
        assert [len(batch) for batch in house.loader.model("a").batches] == [4, 4, 2]

    run(facts())


def test_one_bad_input_fails_alone() -> None:
    async def facts() -> None:
        house = House()
        view = ViewUnsupported(model="a", view="x")
        tasks = [house.ask("a", input) for input in (1, Spoilt(), view)]
        await house.run()
        assert await tasks[0] == ("answer", 1)
        unexpected = await refusal(tasks[1])
        assert isinstance(unexpected, ModelFailed) and unexpected.fields["id"] in str(unexpected)
        assert await refusal(tasks[2]) is view
        status = house.engine.status()
        assert (status["answered"], status["failed"]) == (1, 2)

    run(facts())


def test_a_failed_load_reaches_everyone_and_the_next_one_tries_again() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=1))
        house.loader.errors["a"] = [OSError("torn file")]
        tasks = [house.ask("a", number) for number in range(3)]
        await house.run()
        for task in tasks:
            failed = await refusal(task)
            assert isinstance(failed, LoadFailed) and failed.fields["id"]
        again = house.ask("a", 1)
        await house.run()
        assert await again == ("answer", 1)
        assert house.loader.loads["a"] == 2

    run(facts())


def test_a_loaders_own_refusal_is_passed_on() -> None:
    async def facts() -> None:
        house = House()
        own = ViewUnsupported(model="a", view="x")
        house.loader.errors["a"] = [own]
        task = house.ask("a", 1)
        await house.run()
        assert await refusal(task) is own

    run(facts())


def test_out_of_memory_lets_idle_models_go_before_it_gives_up() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a"), FakeEntry("b"))
        idle = house.ask("b", 1)
        await house.run()
        await idle

        def hungry() -> str:
            if house.state("b") == "warm":
                raise OutOfMemoryError
            return "fits"

        def starving() -> None:
            raise OutOfMemoryError

        tasks = [house.ask("a", hungry), house.ask("a", starving)]
        await house.run()
        assert await tasks[0] == "fits"
        assert isinstance(await refusal(tasks[1]), OutOfMemory)
        assert house.state("a") == "warm"

    run(facts())


def test_the_queue_is_bounded() -> None:
    async def facts() -> None:
        house = House(queue_limit=2)
        tasks = [house.ask("a", number) for number in range(3)]
        await settled()
        assert isinstance(await refusal(tasks[2]), Busy)
        assert house.engine.status()["queue"] == {"waiting": 2, "limit": 2}
        await house.run()
        assert await tasks[0] == ("answer", 0)
        assert house.outcomes() == {"answered": 2, "busy": 1}

    run(facts())


def test_a_cancelled_request_frees_its_place_and_is_not_computed() -> None:
    async def facts() -> None:
        house = House(queue_limit=1)
        task = house.ask("a", 1)
        await settled()
        task.cancel()
        await settled()
        assert task.cancelled()
        other = house.ask("a", 2)
        await house.run()
        assert await other == ("answer", 2)
        assert house.loader.model("a").batches == [[2]]
        assert house.outcomes() == {"cancelled": 1, "answered": 1}

    run(facts())


def test_a_caller_who_leaves_during_the_computation_is_counted_once() -> None:
    async def facts() -> None:
        house = House()
        tasks: list[asyncio.Task[Any]] = []
        tasks.append(house.ask("a", lambda: tasks[0].cancel()))
        await house.run()
        assert tasks[0].cancelled()
        assert house.outcomes().total() == 1

    run(facts())


def test_a_request_whose_time_is_over_is_refused_instead_of_computed() -> None:
    async def facts() -> None:
        house = House()
        tasks = [house.ask("a", 1, deadline=5.0), house.ask("a", 2)]
        await settled()
        house.clock.now = 6
        await house.run()
        assert (await refusal(tasks[0])).fields == {"seconds": 5.0}
        assert await tasks[1] == ("answer", 2)
        assert house.loader.model("a").batches == [[2]]

    run(facts())


def test_a_deadline_ends_the_wait_for_a_computation_under_way() -> None:
    house = House(by_hand=False)
    release = threading.Event()

    async def facts() -> None:
        with pytest.raises(DeadlineExceeded):
            await house.engine.predict("a", lambda: release.wait(30), deadline=0.0)
        release.set()
        assert await house.engine.predict("a", 1) == ("answer", 1)
        await house.engine.close()

    run(facts())
    assert house.outcomes() == {"deadline": 1, "answered": 1}


def test_unknown_models_are_refused_without_a_series_of_their_own() -> None:
    async def facts() -> None:
        house = House()
        assert isinstance(await refusal(house.ask("made up", 1)), UnknownModel)
        assert b"made up" not in house.engine.metrics.render()

    run(facts())


def test_preload_loads_all_that_it_can_and_warming_ends() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a"), FakeEntry("b"))
        house.loader.errors["a"] = [OSError()]
        warm = asyncio.ensure_future(house.engine.preload("a", "b"))
        await settled()
        assert house.engine.status()["warming"]
        await house.run()
        assert isinstance(await refusal(warm), LoadFailed)
        assert (house.state("a"), house.state("b")) == ("cold", "warm")
        assert not house.engine.status()["warming"]
        await house.engine.preload("b")  # it is there already: nothing to wait for

    run(facts())


def test_only_the_first_model_is_warmed_up_to() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a"), FakeEntry("b"))
        first = asyncio.ensure_future(house.engine.preload("a"))
        await house.run()
        await first
        later = asyncio.ensure_future(house.engine.preload("b"))
        await settled()
        assert not later.done() and not house.engine.status()["warming"]
        await house.run()
        await later

    run(facts())


def test_models_preloaded_by_setting_stay() -> None:
    async def facts() -> None:
        house = House(preload=True, keep_alive_s=1.0)
        warm = asyncio.ensure_future(house.engine.preload("a"))
        await house.run()
        await warm
        house.clock.now = 1e9
        await house.run()
        assert house.state("a") == "warm"

    run(facts())


def test_the_status_shows_a_load_under_way() -> None:
    async def facts() -> None:
        house = House()
        rows: list[dict[str, Any]] = []
        house.loader.during = lambda key: rows.append(house.row(key))
        task = house.ask("a", 1)
        await house.run()
        await task
        assert rows[0]["state"] == "loading" and rows[0]["progress"] == [1, 2]
        assert house.row("a")["progress"] is None

    run(facts())


def test_a_model_replaced_during_work_leaves_between_two_batches() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a", max_batch=1))

        def replace() -> str:
            house.engine.add(FakeEntry("a", bytes=20))
            return "done"

        tasks = [house.ask("a", replace), house.ask("a", 2), house.ask("a", 3)]
        await settled()
        house.workers.step("a")
        assert house.loader.loads["a"] == 1 and house.loader.model("a") is not None
        await house.run()
        assert await asyncio.gather(*tasks) == ["done", ("answer", 2), ("answer", 3)]
        assert house.loader.loads["a"] == 2

    run(facts())


def test_an_answer_tells_how_long_it_waited_and_how_long_it_was_computed() -> None:
    async def facts() -> None:
        house = House()
        house.loader.during = lambda key: passes(4.0)

        def passes(seconds: float) -> None:
            house.clock.now += seconds

        first = asyncio.ensure_future(house.engine.ask("a", lambda: passes(0.5)))
        beside = asyncio.ensure_future(house.engine.ask("a", 2))
        await settled()
        passes(1.0)
        await house.run()
        assert await beside == Answer(("answer", 2), queue_s=5.0, compute_s=0.5)
        assert ((await first).queue_s, (await first).compute_s) == (5.0, 0.5)

    run(facts())


def test_a_thread_that_computes_far_longer_than_anybody_waits_is_stuck() -> None:
    async def facts() -> None:
        house = House(deadline_s=1.0)
        stuck: list[Any] = []

        def slow(seconds: float) -> None:
            house.clock.now += seconds
            stuck.append(house.engine.status()["stuck"])

        for seconds in (9.0, 11.0):
            task = house.ask("a", lambda seconds=seconds: slow(seconds))
            await house.run()
            await task
        assert stuck == [[], ["a"]] and house.engine.status()["stuck"] == []

    run(facts())


def test_progress_is_known_by_key_while_a_model_loads() -> None:
    async def facts() -> None:
        house = House()
        seen: list[Any] = []
        house.loader.during = lambda key: seen.append(house.engine.load_progress(key))
        task = house.ask("a", 1)
        assert (
            house.engine.load_progress("a") is None and house.engine.load_progress("nobody") is None
        )
        await house.run()
        await task
        assert seen == [(1, 2)] and house.engine.load_progress("a") is None

    run(facts())


def test_replacing_an_entry_lets_the_old_model_go() -> None:
    async def facts() -> None:
        house = House()
        task = house.ask("a", 1)
        await house.run()
        await task
        house.engine.add(FakeEntry("a"))
        assert house.state("a") == "warm"  # the same entry
        house.engine.add(FakeEntry("a", bytes=20))
        house.engine.add(FakeEntry("new"))
        tasks = [house.ask("a", 1), house.ask("new", 1)]
        await house.run()
        await asyncio.gather(*tasks)
        assert house.row("a")["bytes"] == 20

    run(facts())


def test_a_model_without_a_filter_is_not_offered_unless_the_host_allows_it() -> None:
    async def facts() -> None:
        kept = House(FakeEntry("a"), FakeEntry("wild", unfiltered=True))
        assert set(kept.engine.entries) == {"a"} and set(kept.engine.withheld) == {"wild"}
        assert [row["key"] for row in kept.engine.status()["models"]] == ["a"]
        assert isinstance(await refusal(kept.ask("wild", 1)), Unfiltered)
        with pytest.raises(Unfiltered):
            await kept.engine.preload("wild")
        with pytest.raises(Unfiltered):
            await anext(kept.engine.stream("wild", 1))
        with pytest.raises(Unfiltered):
            kept.engine.add(FakeEntry("wild", unfiltered=True))
        allowed = House(FakeEntry("wild", unfiltered=True), allow_unfiltered=True)
        task = allowed.ask("wild", 1)
        await allowed.run()
        assert await task == ("answer", 1) and not allowed.engine.withheld

    run(facts())


def test_closing_refuses_what_waits_and_lets_every_model_go() -> None:
    async def facts() -> None:
        house = House(FakeEntry("a"), FakeEntry("b"))
        first = house.ask("b", 1)
        await house.run()
        await first
        waiting = house.ask("a", 1)
        await settled()
        closing = asyncio.ensure_future(house.engine.close())
        await settled()
        assert isinstance(await refusal(waiting), Closed)
        await house.run()
        await closing
        assert house.loader.model("b") is None
        assert isinstance(await refusal(house.ask("a", 1)), Closed)
        assert not house.workers.loops
        await house.engine.close()

    run(facts())


def test_closing_does_not_wait_for_ever() -> None:
    house = House(by_hand=False)
    release, begun = threading.Event(), threading.Event()

    def stuck() -> str:
        begun.set()
        release.wait(30)
        return "at last"

    async def facts() -> None:
        task = house.ask("a", stuck)
        await asyncio.to_thread(begun.wait, 30)
        await house.engine.close(patience=0.0)
        release.set()
        assert await task == "at last"

    run(facts())


def test_a_worker_that_breaks_leaves_nobody_waiting() -> None:
    house = House(by_hand=False)
    house.engine._cache.evict_due = lambda: 1 / 0  # type: ignore[assignment, return-value]

    async def facts() -> None:
        assert isinstance(await refusal(house.ask("a", 1)), Refusal)

    run(facts())


def test_a_loop_that_closes_with_requests_in_flight_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(by_hand=False)
    release, begun = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        release.wait(30)

    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(house.engine.predict("a", input)) for input in (slow, 2)]
    loop.run_until_complete(settled())
    begun.wait(30)
    loop.close()
    release.set()
    assert run(house.engine.predict("a", 3)) == ("answer", 3)
    assert "exception calling callback" not in caplog.text
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    run(house.engine.close())


def test_several_loops_ask_at_once_and_a_loop_may_serve_one_question() -> None:
    house = House(FakeEntry("a", max_batch=8), FakeEntry("b", bytes=95), by_hand=False)
    wrong: list[Any] = []

    def loop_of(name: int) -> None:
        async def ask() -> None:
            for turn in range(10):
                inputs = [(name, turn, number) for number in range(5)]
                keys = ["ab"[number % 2] for number in range(5)]
                answers = await asyncio.gather(
                    *[house.engine.predict(key, one) for key, one in zip(keys, inputs, strict=True)]
                )
                wrong.extend(a for a, i in zip(answers, inputs, strict=True) if a != ("answer", i))

        asyncio.run(ask())

    def one_loop_each(name: int) -> None:
        for turn in range(20):
            if run(house.engine.predict("a", (name, turn))) != ("answer", (name, turn)):
                wrong.append((name, turn))

    threads = [threading.Thread(target=loop_of, args=(n,)) for n in range(4)]
    threads += [threading.Thread(target=one_loop_each, args=(n,)) for n in range(4, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    run(house.engine.close())
    for _ in range(1000):  # an answer is counted just after it is given
        if house.outcomes().total() == 4 * 50 + 2 * 20:
            break
        time.sleep(0.01)
    assert house.outcomes() == {"answered": 4 * 50 + 2 * 20}


def test_the_engine_is_made_and_asked_without_a_loop() -> None:
    house = House(by_hand=False)
    assert run(house.engine.predict("a", 1)) == ("answer", 1)
    with pytest.raises(ModelFailed):
        run(house.engine.predict("a", Spoilt()))
    assert isinstance(house.engine, Engine)
    run(house.engine.close())
