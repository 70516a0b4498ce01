"""Try of the Generate images tab between widgets and engine: grids, walks, the two networks side by
side, the guesses."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import aclosing
from dataclasses import replace
from html import unescape
from random import Random

import gradio as gr
import numpy as np
import pytest
from fake_faces import DIFFUSION, GAN, FakeFaces, face
from served import WORDS

from demos.contest import Said
from demos.contest.board import board, failed
from demos.contest.play import Challenge, Play
from demos.images import answers, cards, faces, points, tryout
from demos.images.faces import Gallery
from demos.images.tryout import compare, grid, guess, sheet, walk
from demos.images.tryout.grid import Asked
from inference.errors import Busy, Unfiltered, UnknownModel

SAY = WORDS.speaker("en")


@pytest.fixture
def engine(tmp_path):
    return FakeFaces(tmp_path)


def collect(steps) -> list:
    async def run():
        async with aclosing(steps):
            return [step async for step in steps]

    return asyncio.run(run())


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def usual(seed: int) -> dict:
    """The face of a seed as the page draws it unless it is told otherwise."""
    return points.single(seed, points.TRUNCATION)


def last(engine, wish: Asked, lang: str = "en") -> grid.Drawing:
    return collect(grid.drawing(engine, WORDS.speaker(lang), wish))[-1]


# The grid


def test_a_grid_tells_the_link_to_itself(engine):
    for wish in (
        Asked(5, 3, near=points.parse("7*0.9,12*0.44@0.5"), truncation=0.5),
        Asked(5, 3, truncation=0.3),
    ):
        now = last(engine, wish).gallery
        again, _ = grid.linked("?" + now.query)
        assert again == wish
    assert grid.linked("?face=3", 4)[0].count == 4 and grid.linked("?count=10", 4)[0].count == 10


def test_the_grid_holds_the_faces_of_seeds_in_a_row(engine):
    step = last(engine, Asked(7, 16))
    assert len(re.findall("data-at=", step.grid)) == 16
    assert [one["mix"] for _, one, _ in engine.asked] == [[[7 + n, 1.0]] for n in range(16)]
    assert {key for key, _, _ in engine.asked} == {GAN}
    assert "seeds 7 to 22" in plain(step.grid) and "16 drawn in" in plain(step.line)
    assert step.grid.count('aria-pressed="true"') == 1 and not step.bar


def test_the_first_face_is_picked_and_handed_to_the_other_rooms(engine):
    step = last(engine, Asked(7, 4))
    assert step.chosen["point"] == usual(7) and step.chosen["key"] == GAN
    assert np.array_equal(step.chosen["image"], face(usual(7)))
    assert "Face 7" in plain(step.one) and "shows nobody" in plain(step.one)


def test_a_linked_face_is_picked_where_it_stands_or_drawn_beside_the_grid(engine):
    inside = last(engine, Asked(7, 4, face=usual(9)))
    assert inside.chosen["point"] == usual(9)
    assert re.search('data-at="2" aria-pressed="true"', inside.grid)
    beside = last(engine, Asked(7, 4, face=points.parse("1*0.5,2*0.5")))
    assert 'aria-pressed="true"' not in beside.grid
    assert beside.chosen["point"]["mix"] == [[1, 0.5], [2, 0.5]]
    assert "0.5 × 1 + 0.5 × 2" in plain(beside.one)


def test_pictures_are_packed_without_loss(engine):
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    html = last(engine, Asked(7, 1)).one
    data = re.search(r"data:image/webp;base64,([^\"]+)", html)[1]
    assert np.array_equal(np.asarray(Image.open(BytesIO(b64decode(data)))), face(usual(7)))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_refusal_stands_in_the_page_with_its_fix(engine, lang):
    engine.failing[GAN] = Busy(waiting=256)
    step = last(engine, Asked(7, 4), lang)
    assert step.gallery is None and WORDS.say(lang, "error.busy", waiting=256) in plain(step.bar)


def test_a_copy_without_the_networks_says_so(tmp_path):
    step = last(FakeFaces(tmp_path, DIFFUSION), Asked(7, 4))
    assert "images/faces-gan" in step.bar and step.gallery is None


@pytest.mark.parametrize(("count", "wide"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_a_grid_is_nearly_square(count, wide):
    assert faces.columns(count) == wide


def test_one_visitor_has_few_questions_with_the_engine_at_a_time(engine):
    wanted = points.several(0, 61)
    drawn = asyncio.run(answers.drawn(engine, GAN, wanted))
    assert len(drawn.images) == 61 and engine.most_open == answers.TOGETHER


def test_if_one_face_fails_the_others_are_given_up(engine):
    async def run():
        engine.gate = asyncio.Event()
        task = asyncio.ensure_future(answers.drawn(engine, GAN, points.several(0, 4)))
        while engine.open < 4:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert engine.open == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "key"), [("faces-gan", GAN), (GAN, GAN), (" images/faces-diffusion ", DIFFUSION)]
)
def test_a_model_is_found_by_its_key_or_its_short_name(engine, sent, key):
    assert answers.entry_of(engine, sent).key == key


@pytest.mark.parametrize("sent", ["", None, "nobody", "translation/en-fr"])
def test_what_is_no_model_of_this_tab_is_refused(engine, sent):
    with pytest.raises(UnknownModel):
        answers.entry_of(engine, sent)


# The walk


def test_all_frames_of_a_walk_are_drawn_at_once(engine):
    stops = points.several(7, 2)
    html = asyncio.run(walk.walked(engine, SAY, stops))
    frames = json.loads(unescape(re.search('data-frames="([^"]+)"', html)[1]))
    assert len(frames) == walk.LONGEST_LEG + 1 == len(engine.asked)
    assert 'data-stops="7;8"' in html and html.count("data-drop=") == 2
    assert "50% of the way from face 7 to face 8" in plain(html)


def test_a_walk_of_many_stops_has_no_more_frames(engine):
    stops = points.several(7, walk.MOST_STOPS)
    assert len(points.walk(stops, walk.leg(stops))) <= walk.MOST_FRAMES + 1


def test_a_link_to_more_stops_than_a_walk_has_is_refused():
    stops = ";".join(map(str, range(walk.MOST_STOPS)))
    assert len(walk.parse(stops)) == walk.MOST_STOPS
    with pytest.raises(walk.TooManyStops, match="7 stops: name 6 at most"):
        walk.parse(f"{stops};9")


def test_a_stop_more_is_told_and_so_is_the_one_that_makes_room():
    stops = tuple(points.several(7, walk.MOST_STOPS))
    new = points.single(99)
    more, said = walk.added(SAY, stops[:2], new, GAN)
    assert more == (*stops[:2], new) and "stop 3 of 6 is face 99" in plain(said)
    more, said = walk.added(SAY, stops, new, GAN)
    assert more == (*stops[1:], new) and "face 7 has made room for face 99" in plain(said)
    more, said = walk.added(SAY, stops, stops[-1], GAN)
    assert more == stops and "already" in plain(said)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_visitors_own_model_draws_is_called_no_face(lang):
    say, stops = WORDS.speaker(lang), tuple(points.several(1, 2))
    images = tuple(map(face, stops))
    own = Gallery(1, stops, images, key="images/shells")
    near = replace(own, near=points.single(1))
    shown = [
        faces.grid(say, own, 0),
        faces.grid(say, near, 0),
        faces.picked(say, own.points[0], images[0], own),
        walk.added(say, stops, points.single(9), own.key)[1],
        walk.shelf(say, stops, images, own.key),
        walk.slider(say, stops, images * walk.LONGEST_LEG, "", own.key),
    ]
    for html in shown:
        told = re.sub(
            r'class="[^"]*"|data-(link|file|save|frames)="[^"]*"|src="[^"]*"|{face}', "", html
        )
        assert not re.search("face|nobody|脸|没有人", told, re.IGNORECASE), told
    assert ("Face 1" if lang == "en" else "1 号脸") in faces.grid(say, replace(own, key=GAN), 0)


@pytest.mark.parametrize(
    ("chosen", "scores", "left", "right"),
    [
        (0, (-1.0, 1.0), "You chose this one. So did the discriminator.", ""),
        (1, (-1.0, 1.0), "The discriminator chose this one.", "You chose this one."),
        (1, (1.0, -1.0), "", "You chose this one. So did the discriminator."),
    ],
)
def test_it_is_told_who_chose_which_picture(chosen, scores, left, right):
    cells = list(a_round(gan=1, scores=scores).cells(SAY, Said(chosen)))
    for cell, words in zip((plain(cell).strip() for cell in cells), (left, right), strict=True):
        assert cell.endswith(words) and ("chose" in cell) == bool(words)
        assert ("You chose" in cell) == ("You chose" in words)
    assert [" chosen" in cell for cell in cells] == [not chosen, bool(chosen)]


def test_a_walk_needs_two_faces(engine):
    html = asyncio.run(walk.walked(engine, SAY, points.several(7, 1)))
    assert "two faces" in html and "data-frames" not in html and not engine.asked
    assert walk.dropped(points.several(7, 2), 0) == (points.single(8),)


@pytest.mark.parametrize("at", [None, -1, 25, "3", 1.5])
def test_a_place_off_the_walk_is_none(at):
    assert walk.place(points.several(7, 2), at) is None


def test_a_walk_that_fails_says_why(engine):
    engine.failing[GAN] = Busy(waiting=3)
    stops = points.several(7, 2)

    async def failing(key, one, **options):
        raise Busy(waiting=3)

    engine.predict = failing
    html = asyncio.run(walk.walked(engine, SAY, stops))
    assert "3 requests are already waiting" in plain(html)


# One step, or twenty


def test_both_networks_draw_the_same_seeds(engine):
    wanted = points.several(7, 2)
    html = collect(compare.comparing(engine, SAY, wanted))[-1]
    assert [key for key, _, _ in engine.asked] == [GAN, GAN, DIFFUSION, DIFFUSION]
    assert [one for _, one, _ in engine.asked] == wanted * 2
    assert "2 drawn in" in plain(html) and "20 steps" in plain(html)
    assert html.count("<img") == 4


def test_steps_are_counted_while_the_picture_emerges(engine, monkeypatch):
    monkeypatch.setattr(sheet, "EVERY", 0.0)
    engine.pause = 0.02
    pages = collect(compare.comparing(engine, SAY, points.several(7, 1)))
    seen = [int(told[1]) for told in map(re.compile(r"Step (\d+) of 20").search, pages) if told]
    assert seen and seen == sorted(set(seen))  # and nothing is sent twice


def test_a_network_that_fails_says_so_in_its_own_column(engine):
    engine.failing[DIFFUSION] = Busy(waiting=9)
    html = collect(compare.comparing(engine, SAY, points.several(7, 1)))[-1]
    assert html.count("<img") == 1 and "9 requests are already waiting" in plain(html)


def test_a_model_of_ones_own_stands_beside_them(tmp_path):
    own = FakeFaces(tmp_path, GAN, DIFFUSION, "images/my-gan", "images/my-pipeline")
    keys = [entry.key for entry in answers.yours(own)]
    assert keys == ["images/my-gan", "images/my-pipeline"]
    for key, steps in zip(keys, ("one step", "20 steps"), strict=True):
        wanted = points.several(7, 2)
        html = collect(compare.comparing(own, SAY, wanted, (GAN, DIFFUSION, key)))[-1]
        column = html.rpartition("<section")[2]
        assert html.count("<img") == 6 and "Yours" in column and f"<h3>{key}</h3>" in column
        assert "2 drawn in" in plain(column) and steps in plain(column)


def test_nothing_of_ones_own_is_asked_for_where_there_is_none(engine):
    assert answers.yours(engine) == []


def test_who_leaves_frees_what_was_computed(engine):
    async def run():
        engine.gate = asyncio.Event()
        run = compare.comparing(engine, SAY, points.several(7, 4))
        await anext(run)
        while engine.open < 4:
            await asyncio.sleep(0.01)
        await run.aclose()
        assert engine.open == 0

    asyncio.run(run())


def test_the_picked_face_is_compared_first_and_moves_are_left_out(engine):
    gallery = last(engine, Asked(7, 6)).gallery
    found = compare.wanted(gallery, points.parse(f"9~1@{points.TRUNCATION}"))
    assert [point["mix"][0][0] for point in found] == [9, 7, 8, 10]
    assert not any("moves" in point for point in found)


# The game


def a_round(gan: int = 0, scores=(0.0, 1.0)) -> guess.Pair:
    pictures = (face(points.single(1)), face(points.single(2), 3))
    return guess.Pair(pictures[:: -1 if gan else 1], gan, scores)


def shown(engine, one: guess.Pair) -> Play:
    play = Play(guess.played(engine))
    play.begin(Challenge(1))
    play.coming = one
    play.show()
    return play


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_round_has_one_drawing_of_each_network_and_the_discriminator_scores_both(engine, seed):
    dice = Random(seed)
    side, first, second = dice.randrange(2), *(dice.randrange(points.MOST_SEED + 1) for _ in "ab")
    one = asyncio.run(guess.pair(engine, Random(seed)))
    assert one.gan == side
    assert np.array_equal(one.pictures[side], face(usual((first, second)[side])))
    assert np.array_equal(one.pictures[1 - side], face(usual((first, second)[1 - side]), 3))
    assert [options for _, _, options in engine.asked].count({"view": "score"}) == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_does_not_tell_before_the_visitor_has_chosen(engine, lang):
    say = WORDS.speaker(lang)
    same = (face(points.single(1)),) * 2
    hidden = [
        board(say, shown(engine, guess.Pair(same, gan, (-1.0 + gan, 0.0 - gan)))) for gan in (0, 1)
    ]
    assert hidden[0] == hidden[1]


def test_the_discriminator_is_told_beside_the_visitor(engine):
    play = shown(engine, a_round(gan=1, scores=(0.5, -0.5)))
    assert play.choose(0) and play.told == [(0.0, 1.0)]
    html = board(SAY, play)
    assert "Not so: the GAN drew the right one. The discriminator saw it." in plain(html)
    assert "−0.50" in plain(html) and "data-choice" not in html


@pytest.mark.parametrize("side", [None, 2, -1, "left", "0", True])
def test_what_is_no_side_is_no_choice(engine, side):
    play = shown(engine, a_round())
    assert not play.choose(side) and play.asks


def test_after_ten_rounds_the_discriminator_is_named_in_the_score(engine):
    play = shown(engine, a_round())
    for number in range(guess.ROUNDS):
        play.coming = a_round(gan=0, scores=(0.0, 1.0))
        play.show()
        play.choose(0 if number < 7 else 1)
    html = board(SAY, play)
    assert play.over and "7 to 10" in plain(html) and "Ten rounds are few" in plain(html)
    assert html.count("✓") == 17 and html.count("✗") == 3


def test_a_game_that_cannot_be_drawn_says_why(engine):
    engine.failing[DIFFUSION] = Busy(waiting=2)
    with pytest.raises(Busy):
        collect(guess.played(engine).deal(SAY, 1, 0))
    html = failed(WORDS.speaker("zh"), guess.played(engine), Busy(waiting=2))
    assert "data-next" in html and 'role="alert"' in html


# The figures at the foot


def card(monkeypatch, **row):
    monkeypatch.setattr(cards.page, "read_metrics", lambda key: {"results": [row] if row else []})


def test_figures_stand_with_their_split_and_whether_the_target_was_met(engine, monkeypatch):
    measured = {"fd_ratio": {"value": 7.5, "low": 7.0, "high": 8.0}}
    measured |= {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in ("precision", "recall")}
    card(monkeypatch, split="faces/validation", n=1000, metrics=measured, target={"fd_ratio": 6})
    html = cards.headline(engine)(SAY)
    told = plain(html)
    assert "7.50 ± 0.50" in told and "50.0% ± 10.0" in told and "1,000" in told
    assert "faces/validation" in told and "≤\N{NO-BREAK SPACE}6.00" in told
    assert 'class="missed"' in html


def test_figures_that_are_not_there_yet_are_dashes(engine, monkeypatch):
    card(monkeypatch)
    html = cards.headline(engine)(SAY)
    assert html.count(f"<dd>{cards.DASH}</dd>") == 6 and "Not measured yet" in html


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("key", [GAN, DIFFUSION])
def test_how_long_a_network_has_learnt_is_told_beside_it(monkeypatch, lang, key):
    told = {"pictures": 12_483, "wall_seconds": 3_960.4}
    monkeypatch.setattr(cards.page, "read_metrics", lambda key: {"training": told})
    said = plain(cards.learnt(key, WORDS.speaker(lang)))
    assert "66" in said and "12,483" in said
    told["wall_seconds_in_all"] = 9_000  # with the trainings before it
    assert "150" in plain(cards.learnt(key, WORDS.speaker(lang)))


def test_nothing_is_to_be_seen_where_no_card_tells(engine, monkeypatch):
    monkeypatch.setattr(cards.page, "read_metrics", lambda key: {})
    engine.entries = {}
    for html in (cards.learnt(DIFFUSION, SAY), cards.headline(engine)(SAY)):
        assert " hidden>" in html and not plain(html).strip()


def test_a_model_that_the_host_has_not_allowed_is_refused_by_its_name(engine):
    engine.withheld = {"images/sdxs": engine.entries[GAN]}
    for sent in ("sdxs", "images/sdxs"):
        with pytest.raises(Unfiltered):
            answers.entry_of(engine, sent)


def test_new_faces_are_those_of_a_seed_that_was_typed_and_not_drawn_yet() -> None:
    now = Gallery(7, (), ())
    assert tryout.rolled(12, now) == gr.skip() and tryout.rolled("-1", now) == gr.skip()
    beside = replace(now, near=points.single(3))
    for seed, gallery in ((7, now), (None, now), (7, None), (12, beside)):
        assert tryout.rolled(seed, gallery) in range(tryout.MOST_SAID)
