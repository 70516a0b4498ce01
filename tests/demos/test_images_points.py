"""Points of the Generate images tab, and the links that hold them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fake_faces import latent

from demos.images import points
from demos.images.tryout import grid
from demos.images.tryout.grid import Asked
from pretrained.images.errors import BadCount, BadPoint, BadSeed


def usual(seed: int) -> dict:
    """The face of a seed as the page draws it unless it is told otherwise."""
    return points.single(seed, points.TRUNCATION)


# Points


@pytest.mark.parametrize(
    "text",
    [
        *("7", "0", "4294967295", "7*0.9,12*0.44", "7*-1", "7*0.9,12*0.44~0,1.5,-2", "7~3"),
        *("7@0", "7@1", "7*0.9,12*0.44~0,1.5@0.35"),
    ],
)
def test_what_a_link_holds_is_read_as_it_was_written(text):
    assert points.format(points.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "abc", "7*", "7*0", "7**2", "7*1e5", "-7", "7.5", "1,2,3,4,5,6,7,8,9", "7,7*-1", "7~9",
     "7~1~2", "7~", "7;8", "7@", "7@1.1", "7@-0.1", "7@x", "7@nan", "7@0.5@0.6", "7@0.5~1",
     "<b>7</b>", "７", "7" * 2_000, "7*0.0000001", None, 7, ["7"]],
)  # fmt: skip
def test_a_broken_face_is_refused(text):
    with pytest.raises((BadPoint, BadSeed)) as refusal:
        points.parse(text)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("seed", ["4294967296", "99999999999"])
def test_a_seed_out_of_range_is_told_with_the_range(seed):
    with pytest.raises(BadSeed) as refusal:
        points.parse(f"{seed}*0.5,7")
    assert refusal.value.fields == {"sent": seed, "most": 4294967295}


@pytest.mark.parametrize("sent", [None, "", "x", -1, 1.5, True, 2**32, math.inf, math.nan, [7]])
def test_what_is_no_seed_is_refused(sent):
    with pytest.raises(BadSeed):
        points.checked_seed(sent)


@pytest.mark.parametrize("sent", [0, 17, 2.5, "many", None, False, "1" * 5_000])
def test_what_is_no_count_is_refused(sent):
    with pytest.raises(BadCount):
        points.checked_count(sent, 16)


def test_numbers_may_come_as_text_or_as_floats():
    assert points.checked_seed(" 12 ") == points.checked_seed(12.0) == 12


def test_a_seed_that_occurs_twice_is_one():
    assert points.parse("7*0.5,7*0.25") == {"mix": [[7, 0.75]]}


def test_after_the_last_seed_comes_the_first():
    assert points.several(points.MOST_SEED, 2) == [points.single(2**32 - 1), points.single(0)]


@pytest.mark.parametrize("text", ["7", "7*0.9,12*0.44", "1,2,3,4,5,6,7,8"])
def test_a_face_like_another_holds_four_fifths_of_it(text):
    original = points.parse(text)
    itself, *others = points.nearby(original, 100, 4)
    assert itself == original and len(others) == 3
    for other in others:
        points.check(other)
        own = [w for seed, w in other["mix"] if seed >= 100]
        whole = sum(w * w for _, w in other["mix"])
        assert sum(w * w for w in own) / whole == pytest.approx(0.19, abs=0.005)


def test_likeness_of_likeness_never_holds_too_many_seeds():
    now = points.single(1)
    for seed in range(100, 130):
        now = points.nearby(now, seed, 2)[1]
        points.check(now)
    assert len(now["mix"]) <= points.KEPT + 1


def test_a_walk_ends_at_its_stops_and_moves_evenly():
    stops = [points.parse(text) for text in ("7", "12*0.9,3*0.44", "12")]
    way = points.walk(stops, 8)
    assert [way[0], way[8], way[16]] == stops and len(way) == 17
    here = np.stack([latent(point) for point in points.walk([stops[0], stops[2]], 8)])
    steps = np.linalg.norm(np.diff(here, axis=0), axis=1)
    assert steps.max() < 1.5 * steps.min()


def test_a_face_and_its_opposite_meet_nowhere_and_break_nothing():
    for point in points.walk([points.parse("7"), points.parse("7*-1")], 4):
        points.check(point)


def test_moves_and_truncations_are_walked_too():
    way = points.walk([points.parse("7~2@0.4"), points.parse("7~-2,1")], 2)
    assert way[1]["moves"][:2] == [0.0, 0.5] and way[1]["truncation"] == pytest.approx(0.7)
    assert "truncation" not in points.walk([points.single(1), points.single(2)], 2)[1]


def test_faces_like_another_are_truncated_as_it_is():
    found = points.nearby(points.parse("7@0.4"), 100, 3)
    assert [point["truncation"] for point in found] == [0.4] * 3


# Links


def test_a_link_brings_back_what_was_shown():
    found, stops = grid.linked("?tab=images&seed=3&count=4&near=7*0.9,12*0.44&face=9&walk=1;2;3")
    assert (found.seed, found.count) == (3, 4)
    assert found.near == points.parse(f"7*0.9,12*0.44@{points.TRUNCATION}")
    assert found.face == usual(9)
    assert stops == tuple(map(usual, (1, 2, 3)))


def test_a_link_tells_how_varied_the_faces_are_and_each_face_may_tell_its_own():
    found, stops = grid.linked("?tab=images&seed=3&variety=0.4&face=9&walk=1@0.9;2")
    assert {point["truncation"] for point in found.points} == {0.4}
    assert found.face == points.single(9, 0.4)
    assert stops == (points.single(1, 0.9), points.single(2, 0.4))


def test_a_link_to_one_face_begins_the_grid_with_it():
    found, stops = grid.linked("?tab=images&face=42&lang=zh")
    assert (found.seed, found.face, stops) == (42, usual(42), ())
    assert grid.linked("")[0] == Asked(grid.SEED, grid.COUNT)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [("face=x", BadPoint), ("seed=-1", BadSeed), ("count=99", BadCount), ("walk=1;;2", BadPoint),
     ("near=7*0", BadPoint), ("face=99999999999", BadSeed), ("count=%00", BadCount),
     ("variety=2", BadPoint), ("variety=much", BadPoint)],
)  # fmt: skip
def test_a_broken_link_says_what_is_wrong(query, refusal):
    with pytest.raises(refusal):
        grid.linked(f"?tab=images&{query}")


def test_a_walk_with_an_empty_stop_is_refused_by_what_was_sent():
    with pytest.raises(BadPoint) as refusal:
        grid.linked("?walk=;;")
    assert refusal.value.fields["sent"] == ";;"
