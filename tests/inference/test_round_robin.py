"""Callers take turns, in any order of coming and going."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from inference.round_robin import RoundRobin


class Item:
    def __init__(self, name: str, *caller: str) -> None:
        self.name, self.caller = name, caller


def line(*items: Item) -> RoundRobin[Item]:
    made: RoundRobin[Item] = RoundRobin()
    for item in items:
        made.append(item, item.caller)
    return made


def served(waiting: RoundRobin[Item], count: int = 1) -> str:
    """Names of the next so many, taken one after the other."""
    names = ""
    for _ in range(count):
        item = next(iter(waiting))
        assert waiting.remove(item, item.caller, served=True)
        names += item.name
    return names


def test_one_with_much_waits_for_himself() -> None:
    many = [Item("a", "here") for _ in range(300)]
    waiting = line(*many, Item("b", "there"))
    assert [item.name for item in waiting][:3] == ["a", "b", "a"]
    assert served(waiting, 2) == "ab"
    assert served(waiting) == "a"
    waiting.append(item := Item("b", "there"), item.caller)
    assert "b" in served(waiting, 2), "whoever comes anew waits for one of the other's at most"


def test_each_caller_is_answered_in_order() -> None:
    waiting = line(*(Item(name, name.lower()) for name in "AabBa"))
    assert served(waiting, 5) in ("AbaBa", "AbBaa", "AbaaB")


def test_many_sessions_of_one_address_have_one_address_s_turns() -> None:
    flood = [Item("a", "bad", str(number)) for number in range(100)]
    waiting = line(*flood, *(Item("b", "good", "one") for _ in range(5)))
    assert served(waiting, 10) == "ab" * 5


def test_whoever_has_nothing_left_is_forgotten() -> None:
    items = [Item("a", "x", "1"), Item("b", "x", "2"), Item("c")]
    waiting = line(*items)
    for item in items:
        assert waiting.remove(item, item.caller) and not waiting.remove(item, item.caller)
    assert not waiting and len(waiting) == 0 and not waiting._below


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([(), ("x",), ("x", "1"), ("x", "2"), ("y", "1")])),
        max_size=60,
    )
)
def test_nothing_is_lost_and_nothing_comes_twice(history) -> None:
    waiting: RoundRobin[Item] = RoundRobin()
    held: list[Item] = []
    for comes, caller in history:
        if comes or not held:
            held.append(item := Item("i", *caller))
            waiting.append(item, caller)
        else:
            item = next(iter(waiting))
            # In its caller's own order.
            assert item is next(each for each in held if each.caller == item.caller)
            waiting.remove(item, item.caller, served=True)
            held.remove(item)
        assert Counter(map(id, waiting)) == Counter(map(id, held)) and len(waiting) == len(held)
