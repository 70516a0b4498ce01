"""You against the machine: the frame, and the items of each tab."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from html import escape, unescape

import pytest
from fake_writers import FakeEngine
from served import WORDS

from demos.classification import contest as naming
from demos.classification.examples import EXAMPLES
from demos.contest import Choice, Contest, item
from demos.contest.board import board, opening
from demos.contest.event import advancing, told
from demos.contest.play import Challenge, Play, parsed
from demos.detection.tryout import contest as boxing
from demos.language import LANGUAGES
from demos.streaming import HEARTBEAT
from demos.text.tryout import contest as guessing
from demos.translation.inside.embeddings import sentences
from demos.translation.tryout import contest as ranking
from pretrained import catalog
from pretrained.text import alphabet, copies

SAY = WORDS.speaker("en")
ONE = Choice("text", "<p>item</p>", ("a", "b", "c"), right=1, machine=2)


async def nothing(say, seed, number):
    yield replace(ONE)


def contest(tab: str = "text", rounds: int = 3, *, shares: bool = False) -> Contest:
    return Contest(tab, rounds, nothing, 1, shares)


def begun(one=ONE, **options) -> Play:
    play = Play(contest(**options))
    play.begin(Challenge(7))
    play.coming = one
    play.show()
    return play


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# The frame


def test_an_answer_counts_once_and_for_both():
    play = begun()
    assert play.choose(1, 900) and not play.choose(2) and play.told == [(1.0, 0.0)]
    html = board(SAY, play)
    assert "Right, and the machine is not." in plain(html) and "data-choice" not in html


def test_a_round_that_is_dealt_already_is_shown_by_whoever_waits_for_it():
    """By whoever deals it, it could come to the page before the bar, which then stood for ever."""
    gate = asyncio.Event()

    async def slow(say, seed, number):
        await gate.wait()
        yield replace(ONE)

    async def shown(steps):
        return [step async for step in steps if step is not HEARTBEAT]

    async def run():
        play = begun()
        play.contest = replace(play.contest, deal=slow)
        play.choose(1)
        dealing = asyncio.ensure_future(shown(told(SAY, play)))
        while not play.place.under_way:
            await asyncio.sleep(0)
        asked = asyncio.ensure_future(shown(advancing(SAY, play)))
        await asyncio.sleep(0)
        assert await shown(advancing(SAY, play)) == []  # pressed twice
        gate.set()
        return play, await dealing, await asked

    play, [verdict], [bar, item] = asyncio.run(run())
    assert "Right" in verdict and "progress" in bar and "data-choice" in item
    assert play.asks and not play.wanted


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_that_is_opened_anew_goes_on_with_the_game(lang):
    play = Play(contest(rounds=3))
    play.begin(Challenge(7, 2.0))
    play.coming = replace(ONE, speed=40.0)
    play.show()
    play.choose(1, 900)
    found = re.search(r'data-under-way="([^"]*)"', board(WORDS.speaker(lang), play))
    assert found
    kept = json.loads(unescape(found[1]))
    again = Play(play.contest)
    again.begin(parsed(play.contest, kept["game"]), kept["told"], kept["times"])
    assert (again.seed, again.beat) == (7, 2.0)
    assert (again.told, again.times) == (play.told, play.times) == ([(1, 0)], [(900, 40)])
    for _ in range(2):
        play.coming = ONE
        play.show()
        play.choose(1)
    assert play.over and "data-under-way" not in board(WORDS.speaker(lang), play)


@pytest.mark.parametrize(
    "sent",
    [None, 7, "text", [1], [[1]], [[1, "x"]], [[-1, 0]], [[float("nan"), 0]], [[1, 0]] * 3],
)
def test_rounds_that_cannot_have_been_played_are_none(sent):
    play = Play(contest(rounds=3))
    play.begin(Challenge(7), sent, sent)
    assert play.told == play.times == []
    play.begin(Challenge(7), [[5, 0]])
    assert play.told == [(1, 0)]
    play.begin(None, [[1, 0]])  # items that nobody knows yet
    assert play.told == []


@pytest.mark.parametrize("answer", [None, 3, -1, "1", True, [0]])
def test_what_is_no_answer_counts_for_nothing(answer):
    play = begun()
    assert not play.choose(answer) and play.asks and play.told == []


def test_the_page_does_not_tell_what_is_right_before_the_answer():
    assert len({board(SAY, begun(replace(ONE, right=n, machine=2 - n))) for n in range(3)}) == 1


@pytest.mark.parametrize(
    ("sent", "challenge"),
    [
        ("text-7-2", Challenge(7, 2.0)),
        ("text-123456", Challenge(123456)),
        ("text-7-9", Challenge(7)),  # more than there are rounds
        ("images-7-2", None),
        ("text-7-2<b>", None),
        (None, None),
        (7, None),
    ],
)
def test_a_link_challenges_to_the_items_of_its_own_tab(sent, challenge):
    assert parsed(contest(), sent) == challenge


def test_the_link_of_a_game_challenges_to_the_same_items_and_the_score_that_was_reached():
    play = begun()
    for answer in (1, 1, 0):
        play.coming = ONE
        play.show()
        play.choose(answer)
    assert play.over and parsed(play.contest, play.link()) == Challenge(7, 2.0)
    assert f'data-link="{play.link()}"' in board(SAY, play)
    play.begin(parsed(play.contest, play.link()))
    play.coming = ONE
    play.show()
    assert play.told == [] and "2 of 3" in plain(board(SAY, play))


def test_no_item_comes_twice_in_a_game_and_the_same_seed_gives_the_same():
    items = "abcdefgh"
    drawn = [[item("text", seed, n, items) for n in range(8)] for seed in (1, 1, 2)]
    assert sorted(drawn[0]) == sorted(items) and drawn[0] == drawn[1] != drawn[2]


def test_a_visitor_has_a_game_of_ones_own():
    from copy import deepcopy

    play = begun()
    other = deepcopy(play)
    assert other.seed == -1 and other.now is None and other.contest is play.contest


def test_both_times_are_told_where_time_plays_a_part():
    play = begun(replace(ONE, speed=31.4), rounds=1)
    play.choose(1, 2400)
    html = plain(board(SAY, play))
    assert "You took 2.4 s, the machine 31 ms." in html and "you took 2 s, the machine 0.03" in html


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("tab", ["text", "translation", "classification", "detection", "images"])
def test_every_tab_says_what_is_played(tab, lang):
    say = WORDS.speaker(lang)
    told = plain(opening(say, contest(tab, 5)))
    assert "{" not in told and len(told) > 60 and ("5" in told)


# The items


@pytest.mark.parametrize(("lang", "key"), guessing.KEYS.items())
def test_the_passages_are_written_in_what_the_network_knows(lang, key):
    letters = alphabet.of(catalog.entries()[key])
    assert letters is not None
    for one in guessing.passages(lang):
        known = [n for n in one.places(lang) if one.text[n] in letters.characters]
        assert len(known) >= 0.8 * len(one.places(lang)) > 10, one.head


@pytest.mark.parametrize(("lang", "most"), [("en", 0), ("zh", 5)])
def test_no_passage_stands_in_what_the_network_learnt_from(lang, most):
    """By the copy meter: no run that counts, and of a poem less than a line of seven."""
    marks = copies.load(catalog.folder_of(guessing.KEYS[lang]))
    assert marks is not None
    for one in guessing.passages(lang):
        assert marks.report(one.text)["longest"] <= most, one.head


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_right_character_is_the_one_that_stands_there(tmp_path, lang):
    say, engine = WORDS.speaker(lang), FakeEngine(tmp_path)
    for number in range(5):
        one = asyncio.run(guessing.asked(engine, say, 3, number))
        again = asyncio.run(guessing.asked(engine, say, 3, number))
        assert one == again and len(set(one.options)) == guessing.OPTIONS
        right = one.options[one.right]
        assert f"<b>{right}</b>" in one.answered and f"<b>{right}</b>" not in one.item


def test_of_two_translations_the_one_nearer_to_the_reference_is_right():
    rivals = [("The cat sleeps.", 0.1), ("The cat sleeps now.", 0.3), ("A dog.", 0.05)]
    gap, pair = ranking.apart(rivals, "The cat sleeps.")
    assert gap > 50 and {one[0] for one in pair} == {"The cat sleeps.", "A dog."}
    said = sentences()[0].said
    for number in range(4):
        one = ranking.round_of(SAY, 1, number, said, list(pair))
        assert "The cat sleeps." in one.options[one.right] and one.machine == one.right
    assert ranking.apart(rivals[:1], "The cat sleeps.") == (-1.0, [])


def test_a_round_is_not_between_two_bad_translations(engine, monkeypatch):
    """The first sentence has none that is good, the second has one, and both have a bad one."""
    seen = []

    async def ask(_engine, _key, text, *_languages):
        seen.append(next(one.said for one in sentences() if one.said["fr"] == text))
        best = "Nothing of this." if len(seen) == 1 else seen[-1]["en"]
        rivals = [{"translation": best, "probability": 0.1}]
        rivals += [{"translation": "Zzz.", "probability": 0.2}]
        return {"sentences": [{"alternatives": rivals}]}

    monkeypatch.setattr(ranking.answers, "ask", ask)
    one = asyncio.run(ranking.asked(engine, SAY, 1, 0))
    assert len(seen) == 2 and escape(seen[1]["en"]) in one.options[one.right]


def test_a_game_of_translations_has_sentences_enough():
    assert len(sentences()) >= ranking.ROUNDS * ranking.TRIED


def test_names_to_choose_from_are_known_in_both_languages_and_only_one_is_right():
    for one in (*EXAMPLES, naming.RUNNING):
        for wrong in naming.WRONG.get(one.name, ()):
            assert wrong not in one.right
            assert all(wrong in naming.names(lang) for lang in LANGUAGES)
        assert one.name not in naming.WRONG or one.right
    assert len(naming.photographs()) >= naming.ROUNDS


def test_intersection_over_union():
    assert boxing.iou((0, 0, 1, 1), (0, 0, 1, 1)) == 1
    assert boxing.iou((0, 0, 0.5, 1), (0.5, 0, 1, 1)) == 0
    assert boxing.iou((0, 0, 0.5, 1), (0.25, 0, 0.75, 1)) == pytest.approx(1 / 3)


def test_a_mirrored_box_is_the_box_of_the_mirror_image():
    for one in boxing.LABELLED:
        left, top, right, bottom = one.box
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
        assert boxing.turned(boxing.turned(one.box)) == pytest.approx(one.box)
    assert boxing.turned((0.1, 0.2, 0.4, 0.9)) == (0.6, 0.2, 0.9, 0.9)


@pytest.mark.parametrize(
    "sent",
    [None, "abcd", [0, 0, 1], [0, 0, 0, 1], [0, 0, "1", 1], [0, 0, float("nan"), 1], [2] * 4],
)
def test_what_is_no_box_is_no_answer(sent):
    assert boxing.box_of(sent) is None


def test_a_box_is_held_within_the_picture_and_scored_against_ours():
    one = boxing.Drawn("<img>", "the horse", (0.0, 0.0, 0.5, 1.0), (0.0, 0.0, 1.0, 1.0), "dog", 0.4)
    assert one.points([-1, 0, 0.5, 1]) == (1.0, 0.5)
    assert replace(one, machine=None).points([0, 0, 0.5, 1]) == (1.0, 0.0)
    play = begun(one, tab="detection", shares=True)
    assert "0.5" not in re.sub(r"<i .*?</i>", "", one.asked(SAY)) and play.choose([0, 0, 0.5, 1])
    html = plain(board(SAY, play))
    assert "1.00 against 0.50: your box fits better. It called it: dog (40%)." in html
