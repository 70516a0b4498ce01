"""Streams that give a sign of life while nothing is new, so that a leaver is noticed."""

from __future__ import annotations

import asyncio

import pytest

from demos import streaming
from demos.language import Words


def test_who_waits_hears_that_nothing_is_new_and_loses_nothing():
    async def run():
        gate = asyncio.Event()

        async def slow():
            yield 1
            await gate.wait()
            yield 2

        came = []
        async for step in streaming.heartbeats(slow(), every=0.001):
            came.append(step)
            if came.count(streaming.HEARTBEAT) == 3:
                gate.set()
        return came

    first, *still, last = asyncio.run(run())
    assert (first, last) == (1, 2) and len(still) >= 3 and set(still) == {streaming.HEARTBEAT}


def test_who_leaves_while_nothing_is_new_closes_what_was_waited_for():
    async def run():
        closed = []

        async def stuck():
            try:
                await asyncio.Event().wait()
                yield 1
            finally:
                closed.append(True)

        steps = streaming.heartbeats(stuck(), every=0.001)
        assert await anext(steps) is streaming.HEARTBEAT
        await steps.aclose()
        return closed

    assert asyncio.run(run()) == [True]


def test_what_goes_wrong_is_passed_on():
    async def wrong():
        yield 1
        raise ValueError("a bug")

    async def run():
        return [step async for step in streaming.heartbeats(wrong())]

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(run())


def test_an_answer_that_is_there_already_is_a_run_too():
    async def run():
        return [step async for step in streaming.heartbeats(streaming.just("here"))]

    assert asyncio.run(run()) == ["here"]


def test_who_waits_sees_a_bar_and_who_was_replaced_leaves_none():
    async def run():
        place, gate = streaming.Latest(), asyncio.Event()

        @streaming.event(Words(), "as it is", waiting="a bar")
        def on_ask(mine, answer):
            async def slow():
                await gate.wait()
                yield answer

            return slow()

        older = on_ask(place, "old")
        came = [await anext(older)]
        newer = asyncio.ensure_future(anext(on_ask(place, "new")))
        came += [step async for step in older]
        gate.set()
        return came, await newer

    assert asyncio.run(run()) == (["a bar", "as it is"], "new")


@pytest.mark.parametrize(
    ("options", "heard"),
    [({}, ["nothing", "a", "nothing"]), ({"waiting": streaming.AGAIN}, ["nothing", "a", "a"])],
)
def test_what_came_last_may_be_told_again_while_nothing_is_new(monkeypatch, options, heard):
    monkeypatch.setattr(streaming, "EVERY", 0.001)

    async def run():
        gate = asyncio.Event()

        async def steps():
            await gate.wait()
            yield "a"
            await asyncio.Event().wait()

        told, event = [], streaming.event(Words(), "nothing", **options)(steps)()
        while len(told) < 3:
            step = await anext(event)
            if not told or len(told) == 2 or step == "a":
                told.append(step)
            gate.set()
        await event.aclose()
        return told

    assert asyncio.run(run()) == heard
