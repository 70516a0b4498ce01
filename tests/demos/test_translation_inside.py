"""Look inside of Translate: words, lines, the search, another word, the map, the ablation."""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from fake_insides import SENTENCE, STUDENT, InsideEngine, node, state, totalled
from fake_translators import EN_FR, EN_ZH, NOW, PLAIN, answer

from demos.language import Words
from demos.page import layout
from demos.streaming import Latest
from demos.translation import inside, learn, tokens
from demos.translation.answers import Translated
from demos.translation.inside import attention, beams, choice, embeddings, look, pointing
from demos.translation.inside.look import Look, Looked
from demos.translation.tryout import pane
from inference.errors import Busy, OutOfMemory
from pretrained.translation import sentences as splitting

WORDS = Words()
SAY = WORDS.speaker("en")
CHECKPOINTS = Path(__file__).parent.parent.parent / "pretrained/translation/checkpoints"
HELLO = "Hello <b small world"


@pytest.fixture
def engine(tmp_path):
    return InsideEngine(tmp_path)


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def marks(html: str) -> list[dict]:
    return json.loads(unescape(re.search('data-marks="([^"]*)"', html)[1]))


def with_(**changed) -> dict:
    return {**SENTENCE, **changed}


# Words


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" Je", " suis", " étudiant", "."], ["Je", "suis", "étudiant", "."]),
        ([" J'", "ai", " fa", "im", " !"], ["J'ai", "faim", "!"]),
        ([" I", "'m", " don", "'t"], ["I'm", "don't"]),
        ([" petit", "-", "enf", "ants"], ["petit-enfants"]),
        (["我", "是", "学", "生", "。"], ["我", "是", "学", "生", "。"]),
        ([" 2", "0", "2", "6", "."], ["2026", "."]),
        ([" I", " am", "</s>"], ["I", "am", tokens.END]),
        ([" </s>", " am"], ["</s>", "am"]),
        ([], []),
    ],
)
def test_pieces_become_words(pieces, words):
    found = tokens.words(pieces)
    assert [one.text for one in found] == words
    assert [n for one in found for n in one.tokens] == list(range(len(pieces)))


def test_what_stands_before_a_word_is_told_with_its_blanks():
    assert tokens.until([" J'", "ai", " fa", "im"], 1) == " J'ai"
    assert tokens.until([" J'", "ai", " fa", "im"], 0) == ""


@pytest.mark.parametrize(
    "pieces",
    [
        [" L'", "eau", " est", " fr", "oide", "."],
        [" L", "'", "eau", " d", "’", "ici"],
        [" petit", "-", "enf", "ants", " !"],
        ["我", "是", "学", "生", "。"],
    ],
)
def test_try_and_look_inside_cut_the_same_words(pieces):
    translation, given = "".join(pieces).strip(), [0.9] * len(pieces)
    one = with_(target_tokens=pieces, probabilities=given, translation=translation)
    shown = [(word, odd) for word, odd in pane.spelled(one) if word.strip()]
    cut = tokens.words(pieces)
    assert [word for word, _ in shown] == [one.text for one in cut]
    told = [odd for word, odd in shown if odd is not None]
    assert told == [n for one, n in zip(cut, tokens.probabilities(cut, given), strict=True)
                    if one.text[0].isalnum()]  # fmt: skip
    again = tokens.cut(translation)
    assert [word.strip() for word in again] == [one.text for one in cut]
    assert "".join(again) == translation


# Where it looked


def test_a_word_has_the_sum_of_its_pieces_read_and_the_mean_of_its_pieces_written():
    table = attention.aligned(SENTENCE)
    assert table.read == ("I", "am", "a", "student", ".", tokens.END)
    assert table.shares[2][3] == pytest.approx(0.7)
    halves = with_(
        target_tokens=[" étu", "diant"],
        probabilities=[0.5, 0.5],
        attention=[[0.2, 0.8, 0, 0, 0, 0, 0], [0.6, 0.4, 0, 0, 0, 0, 0]],
    )
    table = attention.aligned(halves)
    assert table.written == ("étudiant",) and table.probabilities == (0.25,)
    assert table.shares[0][:2] == pytest.approx((0.4, 0.6))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_alignment_is_told_to_those_who_do_not_see_it(lang):
    html = attention.drawn(WORDS.speaker(lang), SENTENCE, "en", "fr")
    label = unescape(re.search('role="img" aria-label="([^"]*)"', html)[1])
    assert "étudiant ← student" in label and "Je ← I" in label
    table = re.search("<table>.*</table>", html)[0]
    assert table.count('scope="col"') == 6 and table.count('scope="row"') == 4
    assert "70%" in text(table) and "<caption" in table
    assert table.count('lang="en"') == 6 and table.count('lang="fr"') == 4
    lines = html.replace(table, "")
    assert lines.count('lang="en"') == 6 and lines.count('lang="fr"') == 4


def test_only_looks_worth_a_line_have_one_and_each_is_as_thick_as_it_is_large():
    html = attention.lines(SAY, attention.aligned(SENTENCE), "en", "fr")
    shares = [float(share) for share in re.findall(r"--share:([\d.]+)", html)]
    assert min(shares) >= attention.LEAST and max(shares) == 0.7
    assert len(shares) == sum(s >= 0.05 for row in attention.aligned(SENTENCE).shares for s in row)


def test_pointing_at_a_word_tells_its_shares_and_keys_lead_to_the_others():
    rows = marks(attention.drawn(SAY, SENTENCE, "en", "fr"))
    student = rows[2]
    assert "“étudiant”" in student["said"] and "70%" in student["said"]
    assert student["facts"][0] == ["student", "70%"]
    assert student["go"] == {"ArrowDown": 3, "ArrowUp": 1, "ArrowLeft": 4 + 3}
    read = rows[4 + 3]
    assert read["go"]["ArrowRight"] == 2 and read["facts"][0] == ["étudiant", "70%"]
    assert ["(end)", "35%"] in rows[0]["facts"]
    assert all(0 <= to < len(rows) for row in rows for to in row["go"].values())


def test_words_are_text_and_long_ones_are_cut_where_they_would_not_fit():
    sentence = with_(source_tokens=[" <b>", "a" * 40, *SENTENCE["source_tokens"][2:]])
    html = attention.drawn(SAY, sentence, "en", "fr")
    assert "<b>" not in html and "…" in html


def test_a_model_without_shares_says_so():
    html = attention.drawn(SAY, with_(attention=[]), "en", "fr")
    assert "does not show this" in html and "svg" not in html


# The search


def test_all_that_was_kept_is_drawn_and_no_two_branches_share_a_place():
    shown = beams.placed(STUDENT)
    assert {one.number for one in shown} == set(range(len(STUDENT))), "few enough for all"
    crowd = [*STUDENT[:4], *({**STUDENT[3], "token": f" {n}"} for n in range(20))]
    crowd.append({**STUDENT[0], "token": " late"})
    shown = beams.placed(crowd)
    assert len(shown) == beams.ROWS + 1 and shown[-1].number == len(crowd) - 1
    assert len({(one.step, one.rank) for one in shown}) == len(shown)


def test_the_branches_of_the_translation_spell_it():
    path = beams.winner(SENTENCE)
    assert path == [0, 4, 8, 11, 14]
    assert beams.written(STUDENT, path[-1]) == SENTENCE["translation"]
    html = beams.picture(SAY, SENTENCE, "fr")
    assert len(re.findall('<g class="best"', html)) == 5
    assert len(re.findall('<path class="best"', html)) == 4


def test_a_search_that_was_cut_off_shows_the_branch_where_it_stopped():
    cut = {**SENTENCE["alternatives"][0], "probability": np.exp(STUDENT[15]["total"])}
    assert beams.winner(with_(complete=False, alternatives=[cut]))[-1] == 15


def test_pointing_at_a_branch_tells_the_text_so_far_and_lights_the_way_there():
    rows = marks(beams.drawn(SAY, SENTENCE, "fr"))
    end = rows[14]
    assert end["said"].startswith("“Je suis étudiant.”, and the end.")
    assert "Finished" in end["said"] and end["facts"][0][1] == "90%"
    way, at = [], 14
    while at >= 0:
        way += rows[at]["on"]
        at = rows[at]["back"]
    assert way[::-1] == beams.winner(SENTENCE)
    assert rows[0]["go"] == {"ArrowDown": 1, "ArrowRight": 4}
    assert rows[4]["go"]["ArrowLeft"] == 0
    assert all(0 <= to < len(rows) for row in rows for to in row["go"].values())


def test_finished_translations_are_listed_with_probability_and_score():
    html = beams.drawn(SAY, with_(translation="<i>"), "fr")
    assert "Je suis étudiante." in html and "−2.70" in html and "1/100,000" in html
    assert "<i>" not in html.replace('<i class="', "")


#: "Je suis" was forced, then the search kept two beginnings.
FORCED = totalled(
    [
        node(-1, " Je", 0.8),
        node(0, " suis", 0.01),
        node(1, " étudiant", 0.7),
        node(1, " étudi", 0.2),
        node(2, ".", 0.8),
        node(3, "ante", 0.6),
        node(4, "</s>", 0.9, "finished"),
        node(5, ".", 0.9),
    ]
)


def test_what_was_forced_is_told_by_the_tree_itself():
    assert beams.stem(FORCED) == 1 and beams.stem(STUDENT) == -1 and beams.stem(FORCED[:2]) == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_forced_stands_as_one_before_the_search(lang):
    say, whole = WORDS.speaker(lang), {"probability": np.exp(FORCED[6]["total"])}
    forced = with_(tree=FORCED, alternatives=[{**SENTENCE["alternatives"][0], **whole}])
    html = beams.drawn(say, forced, "fr")
    assert len(re.findall("<g class", html)) == len(FORCED) - 1, "its words are one branch"
    assert re.search('<g class="forced" data-i="0".*?>Je suis</text>', html)
    assert len(re.findall('<path class="best"', html)) == 3
    assert say("translation.inside.beams.forced") in html
    label = unescape(re.search('role="img" aria-label="([^"]*)"', html)[1])
    assert "Je suis" in label and " 3 " in label
    rows = marks(html)
    assert "Je suis" in rows[0]["said"] and rows[0]["go"] == {"ArrowRight": 1}
    assert unescape(say("translation.inside.beams.told_forced")) in rows[0]["said"]
    assert [share for _, share in rows[0]["facts"]] == ["0.8%"], "of all its words together"
    assert [row["back"] for row in rows] == [-1, 0, 0, 1, 2, 3, 4]
    assert rows[1]["go"]["ArrowLeft"] == 0 and len(rows[1]["facts"]) == 3
    free = beams.drawn(say, SENTENCE, "fr")
    assert say("translation.inside.beams.forced") not in free and 'class="forced"' not in free


def test_a_long_beginning_shows_its_end():
    assert beams.ending("Je suis", 7) == "Je suis"
    assert beams.ending("Je suis un", 7) == beams.ending("Je suis un", 9) == "…suis un"
    assert beams.ending("anticonstitutionnellement", 7) == "anticonstitutionnellement"
    assert beams.ending("我们都是学生", 8) == "…都是学生"


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.5, "50%"), (0.01234, "1.2%"), (0.0001234, "1/8,100"), (1e-12, "<1/1,000,000,000")],
)
def test_a_small_probability_is_told_as_one_of_so_many(share, told):
    assert beams.tiny(share) == told


def test_words_that_may_come_next_are_whole_words():
    found, unsure = beams.next_words(STUDENT, 4)
    assert set(found) == {" étudiant", " étudiante", " un"}, "étudi goes on in the tree"
    assert found[" étudiant"] == pytest.approx(0.7)
    assert found[" étudiante"] == pytest.approx(0.05 * 0.6)
    assert unsure == {" un"}


def test_an_article_is_offered_with_its_noun_and_the_end_never():
    found, _ = beams.next_words(STUDENT, -1)
    assert set(found) == {" Je", " J'ai", " J'étais", " Il"}
    assert beams.next_words(STUDENT, 11) == ({}, set())


def test_a_compound_is_offered_whole():
    tree = [node(-1, " grand", 0.6), node(0, "-", 0.9), node(1, "mère", 0.9), node(2, ".", 0.9)]
    found, unsure = beams.next_words(tree, -1)
    assert found[" grand-mère"] == pytest.approx(0.6 * 0.9 * 0.9) and not unsure
    assert set(found) == {" grand-mère"}


# Another word


def asked_of(engine, prefixes=None):
    """Asks the fake for one sentence, as `Look.ask` does."""

    async def ask(prefix, view):
        if prefixes is not None:
            prefixes.append((prefix, view))
        one = {"text": "ab cd ef", "source": "en", "target": "fr", "prefix": prefix}
        return (await engine.predict(EN_FR, one, view=view))["sentences"][0]

    return ask


def test_other_words_are_those_that_the_search_met_there(engine):
    prefixes: list[tuple[str, str]] = []
    pieces = [" ba", " dc", " fe"]
    found = asyncio.run(choice.options(asked_of(engine, prefixes), pieces, 1))
    assert [(one.text, round(one.share, 2)) for one in found] == [(" dc", 0.9), (" other", 0.05)]
    assert prefixes == [("ba", "inside"), ("ba dc", "answer"), ("ba other", "answer")]


def test_a_word_whose_sentence_is_refused_is_not_offered(engine):
    pieces, failing = [" ba", " dc", " fe"], {"ba other": Busy(waiting=9)}
    inner = asked_of(engine)

    async def ask(prefix, view):
        if prefix in failing:
            raise failing[prefix]
        return await inner(prefix, view)

    found = asyncio.run(choice.options(ask, pieces, 1))
    assert [one.text for one in found] == [" dc"]
    failing["ba dc"] = Busy(waiting=9)
    with pytest.raises(Busy):
        asyncio.run(choice.options(ask, pieces, 1))
    failing["ba other"] = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(choice.options(ask, pieces, 1))


def test_the_beginning_of_a_longer_word_is_not_offered():
    tree = [STUDENT[0], {**STUDENT[4], "parent": -1, "token": " étudi", "probability": 0.1}]

    async def ask(prefix, view):
        likely = 0.001 if prefix == "étudi" else 0.5
        return with_(tree=tree, target_tokens=[f" {prefix}", "."], probabilities=[0.3, likely])

    found = asyncio.run(choice.options(ask, [" Je", "."], 0))
    assert [one.text for one in found] == [" Je"]


def test_what_follows_a_beginning_may_be_the_end():
    ended = with_(target_tokens=[" Je"], probabilities=[0.5], alternatives=[{"probability": 0.45}])
    assert choice.follows(ended, "Je") == pytest.approx(0.9)
    assert choice.follows(SENTENCE, "Je suis") == 0.7


def test_the_visitors_words_stand_out_and_can_be_taken_back():
    html = choice.drawn(SAY, SENTENCE, "fr", "Je suis", at=2)
    assert html.count('class="own"') == 2 and "data-back" in html
    assert 'data-word="2" aria-pressed="true"' in html
    html = choice.drawn(SAY, SENTENCE, "fr", "")
    assert 'class="own"' not in html and "data-back" not in html


def test_offered_words_are_text_and_keep_their_blank():
    option = choice.Option(' <b>"', 0.2, "<u> follows")
    html = choice.offered(SAY, [option], "fr", "Je")
    assert "<u>" not in html and "20%" in html
    assert unescape(re.search('data-take="([^"]*)"', html)[1]) == ' <b>"'
    assert "Nothing else" in choice.offered(SAY, [], "fr", "Je")


# The map


def test_the_hundred_are_a_hundred_in_three_languages_and_ten_families():
    every = embeddings.sentences()
    assert len(every) == 100 and len({one.family for one in every}) == 10
    for code in ("en", "fr", "zh"):
        assert len({one.said[code] for one in every}) == 100
        for one in every:
            parts = [part for part in splitting.split(one.said[code]) if part.text]
            assert len(parts) == 1, one.said[code]
    for family in {one.family for one in every}:
        for lang in ("en", "zh"):
            assert WORDS.say(lang, f"translation.inside.family.{family}")


@pytest.mark.parametrize(("name", "codes"), [("en-fr", ("en", "fr")), ("en-zh", ("en", "zh"))])
def test_none_of_the_hundred_stands_in_the_training_data(name, codes):
    from pretrained.translation import copies

    seen = copies.load(CHECKPOINTS / name)
    assert name != "en-fr" or ("en", "I am a student.") in seen, "this one does"
    found = [s for one in embeddings.sentences() for c in codes if (c, s := one.said[c]) in seen]
    assert found == []


def plain_map(count: int = 100, turn: int = 0) -> embeddings.Map:
    """States in a plane, the second language's those of the first, ``turn`` places on."""
    first = np.zeros((count, 5))
    first[:, 0], first[:, 3] = np.cos(np.arange(count)), 3 * np.sin(np.arange(count))
    return embeddings.principal_plane(("en", "fr"), first, np.roll(first, turn, axis=0))


def test_the_plane_is_the_one_in_which_the_points_lie():
    map_ = plain_map()
    assert map_.spread == pytest.approx(1.0)
    assert abs(map_.axes[0][3]) == pytest.approx(1.0, abs=1e-3), "the widest direction first"
    points = map_.place(map_.states[0])
    flat = np.linalg.norm(points[0] - points[7])
    assert flat == pytest.approx(np.linalg.norm(map_.states[0][0] - map_.states[0][7]))


def test_what_is_said_of_neighbours_is_measured():
    assert embeddings.retrieved(plain_map()) == (100, 100)
    assert embeddings.retrieved(plain_map(turn=3)) == (0, 0)
    assert "for 100 of 100 English ones" in embeddings.measured(SAY, plain_map())
    assert "100%" in embeddings.measured(SAY, plain_map())
    apart = SAY("translation.inside.meaning.apart").strip()
    assert apart in embeddings.measured(SAY, plain_map(turn=3))
    assert apart not in embeddings.measured(SAY, plain_map())


def test_the_map_has_every_pair_and_the_visitors_sentence():
    html = embeddings.drawn(SAY, plain_map(), "My <b>", [1.0, 0, 0, 0, 0])
    assert html.count("<circle") == 102 and html.count("<rect") == 100 and "<b>" not in html
    rows = marks(html)
    assert len(rows) == 101 and rows[0]["said"].startswith("“My <b>”")
    assert len(rows[0]["facts"]) == 6 and rows[0]["facts"][0][1] == "English"
    assert rows[0]["facts"][0][0] == embeddings.sentences()[0].said["en"]
    assert "this translation is the nearest" in rows[1]["said"]
    assert rows[100]["go"]["ArrowRight"] == 100 and rows[1]["go"]["ArrowLeft"] == 0
    turned = marks(embeddings.drawn(SAY, plain_map(turn=3), "My", [1.0, 0, 0, 0, 0]))
    assert "Nearer to it than this translation" in turned[1]["said"]


def test_a_map_is_computed_once_and_the_oldest_leaves():
    asked: list[str] = []

    async def ask(text, language):
        asked.append(language)
        return [state(line) for line in text.split("\n")]

    async def run():
        maps = embeddings.Maps(most=1)
        one = await maps.of(ask, "a", ("en", "fr"))
        assert await maps.of(ask, "a", ("en", "fr")) is one
        await maps.of(ask, "b", ("en", "zh"))
        assert await maps.of(ask, "a", ("en", "fr")) is not one

    asyncio.run(run())
    french, chinese = ["en", "fr"], ["en", "zh"]
    assert asked == [*french, *chinese, *french]


def test_visitors_who_come_at_once_wait_for_one_map():
    asked, gate = [], asyncio.Event()

    async def ask(text, language):
        asked.append(language)
        await gate.wait()
        return [state(line) for line in text.split("\n")]

    async def run():
        maps = embeddings.Maps()
        first, *others = (asyncio.ensure_future(maps.of(ask, "a", ("en", "fr"))) for _ in range(3))
        await asyncio.sleep(0)
        assert asked == ["en"]
        first.cancel()  # who computes leaves: another goes on
        gate.set()
        one, same = await asyncio.gather(*others)
        assert one is same and asked == ["en", "en", "fr"]

    asyncio.run(run())


def test_a_map_that_was_refused_is_asked_for_again():
    async def refused(text, language):
        raise Busy(waiting=9)

    async def ask(text, language):
        return [state(line) for line in text.split("\n")]

    async def run():
        maps = embeddings.Maps()
        with pytest.raises(Busy):
            await maps.of(refused, "a", ("en", "fr"))
        assert await maps.of(ask, "a", ("en", "fr"))

    asyncio.run(run())


def test_a_model_that_was_trained_anew_has_another_map(engine):
    maps, start = embeddings.Maps(), look.from_try(translated(), "en")

    def maps_asked_for() -> int:
        async def run():
            look_ = Look(engine, SAY, start, maps)
            await look_.read()
            await look_.meaning()

        asyncio.run(run())
        asked = [one for _, one, options in engine.asked if options["view"] == "meaning"]
        assert {one["target"] for one in asked} == {"fr"}, "both read by the one that translated"
        assert {one["source"] for one in asked} == {"en", "fr"}
        return len(asked)

    assert maps_asked_for() == 2 and maps_asked_for() == 2
    weights = Path(engine.entries[EN_FR].folder) / "model.safetensors"
    os.utime(weights, ns=(1, 1))
    assert maps_asked_for() == 4


# With attention taken away


def test_without_attention_the_visitors_sentence_is_translated_where_it_can_be_and_ours_elsewhere():
    assert attention.ablated("en", "fr", "Mine.") == ("Mine.", True)
    assert attention.ablated("fr", "en", "Le mien.") == (attention.EXAMPLE, False)
    both = (SENTENCE, with_(translation="<b>"))
    html = attention.ablation(SAY, "Mine.", True, *both)
    assert (
        f"{len(SENTENCE['state'])} numbers" in html
        and "Your sentence" in html
        and "<b>" not in html
    )
    assert "English to French only" in attention.ablation(SAY, attention.EXAMPLE, False, *both)


def test_what_attention_bought_is_told_once_both_cards_tell_it(monkeypatch):
    row = {"n": 1234, "metrics": {"bleu": {"value": 50.0, "low": 49.0, "high": 51.0}}}
    known = {attention.FULL: row}
    monkeypatch.setattr(learn, "reached", lambda key, direction: known.get(key, {}))
    assert attention.bought(SAY) == ""
    known[PLAIN] = row
    assert "1,234 sentences" in attention.bought(SAY) and "50.00 ± 1.00" in attention.bought(SAY)


# The room


def translated(text: str = HELLO, key: str = EN_FR, source="en", target="fr") -> Translated:
    result = answer({"text": text, "source": source, "target": target})
    return Translated(text, source, target, key, result)


def opened(engine, looked, lang="en") -> tuple[list[Looked], dict[str, str]]:
    async def run():
        states, pieces = [], {}
        async for now, new in look.opened(Look(engine, WORDS.speaker(lang), looked)):
            states.append(now)
            pieces |= new
        return states, pieces

    return asyncio.run(run())


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("key", "target"), [(EN_FR, "fr"), (EN_ZH, "zh")])
def test_the_sentence_of_try_is_looked_into(engine, lang, key, target):
    start = look.from_try(translated(key=key, target=target), lang)
    states, pieces = opened(engine, start, lang)
    assert all(pieces.values()) and set(pieces) == set(look.PLACES)
    assert escape_of(HELLO) in pieces["head"] and "<b small" not in "".join(pieces.values())
    for name in look.PLACES[1:]:
        assert WORDS.say(lang, f"translation.inside.{name}.title") in text(pieces[name])
    assert states[-1].sentence["translation"] and states[0].sentence is None


def escape_of(sent: str) -> str:
    return sent.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_before_anything_is_translated_an_example_is_looked_into(engine, lang):
    start = look.from_try(None, lang)
    assert start.key == {"en": EN_FR, "zh": EN_ZH}[lang]
    _, pieces = opened(engine, start, lang)
    assert {"en": "I am a student.", "zh": "我是学生。"}[lang] in pieces["head"]
    name = WORDS.model(lang, start.key, start.key)
    assert WORDS.say(lang, "translation.inside.example", model=name) in text(pieces["head"])
    assert "carried" in pieces["head"] and all(pieces.values())


def test_of_several_sentences_one_is_chosen(engine):
    start = look.from_try(translated("One is here. Two are there."), "en")
    assert start.texts == ("One is here.", "Two are there.")
    _, pieces = opened(engine, replace(start, number=1))
    assert pieces["head"].count("<option") == 2
    assert "<option selected>Two are there." in pieces["head"]
    inside_ = [one["text"] for _, one, o in engine.asked if o["view"] == "inside"]
    assert inside_[0] == "Two are there."


def test_a_text_without_a_word_leaves_the_example(engine):
    now = translated("12 34 a")
    empty = Translated("12", "en", "fr", EN_FR, {**now.result, "sentences": []})
    assert look.from_try(empty, "en").texts == ("I am a student.",)


def test_what_was_looked_at_stays_until_something_else_is_translated(engine):
    now = translated()
    start = look.from_try(now, "en")
    assert not look.stays(start, now), "it was not read yet"
    read = opened(engine, start)[0][-1]
    assert look.stays(read, now) and not look.stays(read, translated("Something else"))
    assert not look.stays(None, now)


def test_a_model_that_is_not_here_is_not_looked_into(engine):
    _, pieces = opened(engine, look.from_try(translated(key=NOW), "en"))
    assert "not on this machine yet" in pieces["head"] and not engine.asked
    assert not any(pieces[name] for name in look.PLACES[1:])


def test_a_model_of_the_hub_shows_what_it_tells(engine, monkeypatch):
    monkeypatch.setattr(look, "on_disk", lambda entry: True)
    engine.closed = {NOW}
    _, pieces = opened(engine, look.from_try(translated(key=NOW), "en"))
    assert "<svg" in pieces["align"] and pieces["choice"] == pieces["beams"] == ""
    assert "does not show this" in pieces["meaning"]
    assert "<svg" not in pieces["meaning"] and "Without attention" in pieces["ablation"]


def test_a_network_without_attention_shows_no_alignment(engine):
    folder = Path(engine.entries[PLAIN].folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["architecture"] = {"attention": False}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    _, pieces = opened(engine, look.from_try(translated(key=PLAIN), "en"))
    assert "has no attention" in pieces["align"] and "<svg" not in pieces["align"]
    assert "<svg" in pieces["beams"]
    assert "does not show this" in pieces["meaning"], "it knows one of the two languages only"


def test_a_step_that_is_refused_says_so_in_its_place(engine):
    engine.views["meaning"] = OutOfMemory(model="English–French network")
    _, pieces = opened(engine, look.from_try(translated(), "en"))
    assert 'role="alert"' in pieces["meaning"]
    assert "<svg" in pieces["align"] and "Without attention" in pieces["ablation"]
    engine.views["inside"] = OutOfMemory(model="English–French network")
    _, pieces = opened(engine, look.from_try(translated(), "en"))
    assert 'role="alert"' in pieces["head"] and not pieces["align"]


def test_a_forced_beginning_is_kept_in_all_that_is_about_the_translation(engine):
    start = replace(look.from_try(translated("ab cd ef"), "en"), prefix="other")
    look_ = Look(engine, SAY, start)
    read = asyncio.run(look_.read())
    assert read.sentence["translation"] == "other dc fe" and read.prefix == "other"
    pieces = look_.of_sentence()
    assert ">other<" in pieces["align"]
    assert re.search('<g class="forced"[^/]*/><text[^>]*>other<', pieces["beams"])
    assert 'class="own" aria-pressed="false"><b>other' in pieces["choice"]


def test_the_words_that_the_page_uses_are_there_in_both_languages():
    def known(lang):
        return WORDS.table(lang, "translation.inside")

    used = set()
    for module in (attention, beams, choice, inside, look, embeddings, pointing):
        source = Path(module.__file__).read_text("utf-8")
        used |= set(re.findall(r'"translation\.inside\.([\w.]+)"', source))
    for lang in ("en", "zh"):
        for name in used:
            assert any(f"{key}.".startswith(f"{name}.") for key in known(lang)), name
    assert set(known("en")) == set(known("zh"))


def test_a_late_word_never_stands_over_a_newer_sentence(engine):
    with gr.Blocks() as page, layout.tab("translation", WORDS), layout.room("inside") as room:
        inside.build(engine, WORDS, gr.State(None), room)
    events = {fn.name: fn.fn for fn in page.fns.values()}
    states, _ = opened(engine, look.from_try(translated("Ab cd. Ef gh."), "en"))
    turn, word, late = Latest(), Latest(), []

    async def run():
        engine.gate = asyncio.Event()

        async def choose():
            at = gr.EventData(None, {"at": 1})
            async for step in events["on_word"](word, states[-1], at, gr.Request()):
                late.append(step)

        first = asyncio.ensure_future(choose())
        while not engine.open:
            await asyncio.sleep(0.01)
        at = gr.EventData(None, {"at": 1})
        second = events["on_sentence"](turn, word, states[-1], at, gr.Request())
        begun = await anext(second)
        engine.gate.set()
        await asyncio.wait_for(first, 10)
        return begun, [step async for step in second]

    begun, after = asyncio.run(run())
    assert begun[0].number == 1 and after
    assert late and all(each == gr.skip() for step in late for each in step)


def test_a_word_that_is_chosen_leaves_map_and_ablation_under_way(engine):
    with gr.Blocks() as page, layout.tab("translation", WORDS), layout.room("inside") as room:
        inside.build(engine, WORDS, gr.State(None), room)
    events = {fn.name: fn.fn for fn in page.fns.values()}

    async def run():
        turn, word, shown = Latest(), Latest(), []
        async for step in events["on_open"](turn, word, translated(), None, gr.Request()):
            if isinstance(step[0], Looked) and step[0].sentence and not shown:
                at = gr.EventData(None, {"at": 0})
                shown = [s async for s in events["on_word"](word, step[0], at, gr.Request())]
        return shown, step

    shown, last = asyncio.run(run())
    assert shown[-1][0].at == 0 and last[-2] != gr.skip()


def test_every_event_of_the_room_is_private_and_takes_many_at_a_time(engine):
    with gr.Blocks() as page, layout.tab("translation", WORDS), layout.room("inside") as room:
        before = set(page.fns)
        inside.build(engine, WORDS, gr.State(None), room)
        events = [page.fns[n] for n in set(page.fns) - before]
    assert len(events) == 7
    assert all(event.api_visibility == "private" for event in events)
    heavy = [event for event in events if event.inputs]
    assert {event.concurrency_limit for event in heavy} == {16} and len(heavy) == 6


def test_finished_translations_tell_how_they_lead_back():
    one = {"translation": "Je dors.", "probability": 0.2, "score": -1.0}
    plain_table = beams.finished(SAY, with_(alternatives=[one]), "fr")
    assert SAY("translation.inside.beams.back") not in plain_table
    back = with_(alternatives=[{**one, "back": -2.0, "rank": -1.6}])
    table = beams.finished(SAY, back, "fr")
    assert "−2.00" in table and "−1.60" in table and "plus 0.3 times that" in table
