"""Text to tokens, the network's served twin, the search, and what a visitor is answered."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_translators import ENGLISH, TEXTS, network, tiny, vocabulary

from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint, ViewUnsupported
from pretrained.translation import (
    answers,
    beam,
    clauses,
    copies,
    data,
    everyday,
    figures,
    quantities,
    readings,
    sentences,
    serve,
    speech,
)
from pretrained.translation.errors import (
    BadBeams,
    BadPrefix,
    NothingToTranslate,
    SameLanguage,
    TooLong,
    UnknownDirection,
)
from pretrained.translation.stepper import Stepper
from pretrained.translation.vocabulary import Vocabulary

PIECES = vocabulary()
NEVER = [PIECES.pad, *PIECES.marks.values()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("translators") / "tiny")


@pytest.fixture(scope="module")
def translator(folder):
    return catalog.from_folder(folder).load("cpu")


# ---- vocabulary -------------------------------------------------------------------------------


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=40)
def test_nothing_is_lost_between_text_and_tokens(text):
    blank = text[:1] == " "  # the first blank is the one that leads every word
    assert PIECES.decode(PIECES.encode(text)) == (text[1:] if blank else text)


@pytest.mark.parametrize("text", ["</s>", "<2fr>", "<pad>", "a <2en> b"])
def test_what_looks_like_a_mark_is_text(text):
    tokens = PIECES.encode(text)
    assert not {PIECES.end, *NEVER} & set(tokens) and PIECES.decode(tokens) == text


def test_a_word_is_spelled_alike_wherever_it_stands():
    assert PIECES.encode("Tom Tom")[: len(PIECES.encode("Tom"))] == PIECES.encode("Tom")
    half = len(PIECES.encode("Tom Tom")) // 2
    assert PIECES.encode("Tom Tom")[:half] == PIECES.encode("Tom Tom")[half:]


def test_chinese_characters_are_never_merged():
    chinese = vocabulary("zh", 600)
    assert all(count >= 1 for _, count in chinese.spans(chinese.encode("我们赢了！")))
    pieces = [piece for piece, _ in chinese.spans(chinese.encode("我们赢了！"))]
    assert pieces == list("我们赢了！")


def test_shown_pieces_hold_whole_characters():
    tokens = PIECES.encode("龘 é🙂")
    spans = PIECES.spans(tokens)
    assert "".join(piece for piece, _ in spans).strip() == "龘 é🙂"
    assert sum(count for _, count in spans) == len(tokens)
    assert all("\ufffd" not in piece for piece, _ in spans)


def test_dropout_spells_differently_and_is_not_saved(tmp_path):
    pieces = vocabulary()
    pieces.dropout(0.5)
    assert len({tuple(pieces.encode("I am a student.")) for _ in range(20)}) > 1
    pieces.save(tmp_path)
    again = Vocabulary.load(tmp_path, ("en", "fr"))
    assert len({tuple(again.encode("I am a student.")) for _ in range(20)}) == 1
    assert again.encode(ENGLISH[0]) == PIECES.encode(ENGLISH[0])


# ---- sentences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello. How are you?", ["Hello.", "How are you?"]),
        ("Dr. Smith met Mr. J. Brown.", ["Dr. Smith met Mr. J. Brown."]),
        ("It costs 3.50 dollars. Cheap!", ["It costs 3.50 dollars.", "Cheap!"]),
        ('"Stop!" he said. "Why?"', ['"Stop!" he said.', '"Why?"']),
        ("Qu'est-ce que c'est ? Rien.", ["Qu'est-ce que c'est ?", "Rien."]),
        ("« Viens ! » Il partit.", ["« Viens ! » Il partit."]),
        ("你好！你是谁？我是学生。", ["你好！", "你是谁？", "我是学生。"]),
        ("他说：“走吧。”她没动。", ["他说：“走吧。”", "她没动。"]),
        ("wait... what", ["wait... what"]),
        ("He is here.She is not.", ["He is here.", "She is not."]),
        ("Hello!How are you?", ["Hello!", "How are you?"]),
        ("I earn $2,500.He left.", ["I earn $2,500.", "He left."]),
        ("It is -3 °C!Call Tom.", ["It is -3 °C!", "Call Tom."]),
        ("12.Bread", ["12.Bread"]),
        ("你好!再见!", ["你好!", "再见!"]),
        ("Use ASP.NET or node.js.", ["Use ASP.NET or node.js."]),
        ("See e.g.Tom, Mr.Smith, U.S.A.", ["See e.g.Tom, Mr.Smith, U.S.A."]),
        ("他有3.5万元。", ["他有3.5万元。"]),
        ("他走了……她没动…", ["他走了……", "她没动…"]),
        ("one\ntwo\n\nthree", ["one", "two", "", "three"]),
    ],
)
def test_sentences_end_where_a_reader_says(text, parts):
    assert [part.text for part in sentences.split(text)] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('"Stop!" he said. "Why?"', ["Stop!", "he said.", "Why?"]),
        ("« Viens ! » Il partit.", ["Viens !", "Il partit."]),
        ("他说：“走吧。”她没动。", ["他说", "走吧。", "她没动。"]),
        ("“No,” I said, “I do not.”", ["No", "I said", "I do not."]),
        ("He said: “Come in. Sit down.”", ["He said", "Come in.", "Sit down."]),
        ("He left. “Come back!” she cried.", ["He left.", "Come back!", "she cried."]),
        ("他说：“好的”。", ["他说", "好的"]),
        ('I like the word "love".', ['I like the word "love".']),
        (
            'I like "Star Wars," "Alien" too.',
            ['I like "Star Wars," "Alien" too.'],
        ),
        ('I am "happy."', ['I am "happy."']),
        ("这是“爱”，不是“恨”。", ["这是“爱”，不是“恨”。"]),
        ("我喜欢“爱”这个字。", ["我喜欢“爱”这个字。"]),
        ("It is 5' 10\" tall.", ["It is 5' 10\" tall."]),
    ],
)
def test_what_somebody_says_has_sentences_of_its_own(text, parts):
    found = sentences.spoken(text)
    assert [part.text for part in found if not part.mark] == parts
    assert "".join(part.before + part.text + part.after for part in found) == text


@pytest.mark.parametrize(
    ("mark", "target", "written"),
    [
        (", “", "fr", ", « "),
        (",” ", "fr", ", » "),
        (" : « ", "en", ': "'),
        (" », ", "en", '", '),
        ("：“", "en", ': "'),
        (", “", "zh", "，“"),
        (': "', "zh", '："'),
        ("，", "en", ", "),
    ],
)
def test_marks_are_written_as_the_other_language_does(mark, target, written):
    assert speech.written(mark, target) == written


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("我累了，他没有来。", "zh", ["我累了", "他没有来。"]),
        ("好的，他没有来。", "zh", ["好的，他没有来。"]),
        ("我一共有1,000块大洋。", "zh", ["我一共有1,000块大洋。"]),
        ("Tom, he is here.", "en", ["Tom, he is here."]),
        ("He is ill, yes, and stays here.", "en", ["He is ill, yes, and stays here."]),
        ("S'il pleut, je reste ici.", "fr", ["S'il pleut", "je reste ici."]),
        (
            "He is tired, but happy now, and so on.",
            "en",
            ["He is tired", "but happy now", "and so on."],
        ),
        (
            'She said "Hi, my Xavi" and ran, and hid.',
            "en",
            ['She said "Hi, my Xavi" and ran, and hid.'],
        ),
    ],
)
def test_a_sentence_is_cut_at_its_commas(text, language, parts):
    [part] = sentences.split(text)
    found = clauses.cut(part, language)
    assert [one.text for one in found] == parts
    assert "".join(one.text + one.after for one in found) == text
    assert [one.followed for one in found] == [True] * (len(parts) - 1) + [False]
    assert [one.following for one in found] == [False] + [True] * (len(parts) - 1)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("He came", "he came"),
        ("I came", "I came"),
        ("I'm here", "I'm here"),
        ("Tom came", "Tom came"),
        ("Monday is good", "Monday is good"),
        ("English is hard", "English is hard"),
        ("TV is bad", "TV is bad"),
        ("我来了", "我来了"),
        ("", ""),
    ],
)
def test_a_clause_goes_on_in_small_letters(text, written):
    assert readings.going_on(text) == written


@given(st.text(alphabet=" .!?。！？\n\r\taAé我\"'”1", max_size=60))
@settings(deadline=None)
def test_no_character_is_lost_between_sentences(text):
    parts = sentences.split(text)
    assert "".join(part.before + part.text + part.after for part in parts) == text


# ---- the served twin --------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", [{}, {"attention": False}, {"layers": 2}])
def test_the_stepper_is_the_network(architecture):
    net = network(len(PIECES), **architecture)
    stepper = Stepper(net, NEVER)
    source = [*PIECES.encode("I am tired."), PIECES.end]
    written = [PIECES.marks["fr"], *PIECES.encode("Je suis là.")]
    with torch.no_grad():
        logits = net.logits(net(torch.tensor([source]), torch.tensor([written])))[0]
    logits[:, NEVER] = -1e4
    expected = torch.log_softmax(logits, 1)
    read = stepper.read([source])
    state, rows = stepper.begin(read), []
    for token in written:
        odds, weights, state = stepper(read, torch.tensor([[token]]), state)
        rows.append(odds[0, 0])
        assert weights.sum().item() == pytest.approx(1)
    assert torch.allclose(torch.stack(rows).exp(), expected.exp(), atol=2e-2)


def hard(seed: int, ties: bool) -> beam.Search:
    """A search over a random network; with ``ties`` many tokens have the very same odds."""
    net = network(len(PIECES), seed)
    if ties:
        net.embed.weight.data = torch.round(net.embed.weight.data * 2) / 2
        net.embed.weight.data[40:] = net.embed.weight.data[40:].sign() / 2
        net.embed.weight.data[100:] = net.embed.weight.data[99]
    return beam.Search(Stepper(net, NEVER), PIECES)


def told(found: beam.Found) -> list[object]:
    """All of it, to compare bit by bit."""
    rows = [(h.tokens, h.log_probs, h.attention.tolist(), h.score) for h in found.hypotheses]
    return [rows, found.tree, found.meaning.tolist()]


@given(
    seed=st.integers(0, 5),
    ties=st.booleans(),
    beams=st.integers(1, 8),
    lengths=st.lists(st.integers(0, 20), min_size=2, max_size=9),
    data=st.data(),
)
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
def test_a_sentence_is_translated_alike_alone_and_beside_others(seed, ties, beams, lengths, data):
    search = hard(seed, ties)
    chance = np.random.default_rng(seed)
    sources = [[*chance.integers(4, len(PIECES), n).tolist(), PIECES.end] for n in lengths]
    languages = [data.draw(st.sampled_from(["en", "fr"])) for _ in lengths]
    prefixes = [chance.integers(4, len(PIECES), n % 3).tolist() for n in lengths]
    options = {"beams": beams, "tree": True}
    together = search(sources, languages, prefixes=prefixes, **options)
    for n, source in enumerate(sources):
        [alone] = search([source], [languages[n]], prefixes=[prefixes[n]], **options)
        assert told(alone) == told(together[n])
        for one in alone.hypotheses:
            assert one.tokens[: len(prefixes[n])] == prefixes[n][: len(one.tokens)]
            assert len(one.tokens) <= beam.LONGER * len(source) + beam.MORE
            assert one.attention.shape == (len(one.log_probs), len(source))


@pytest.mark.parametrize("seed", range(4))
def test_figures_that_are_written_stand_in_the_source(seed):
    search = hard(seed, False)
    for source in ("Tom 30, 4!", "11", "I am 250"):
        digits = figures.numbers(source)
        [found] = search([[*PIECES.encode(source), PIECES.end]], ["fr"], beams=6)
        written = [PIECES.decode(h.tokens) for h in found.hypotheses if h.finished]
        assert all(set(figures.numbers(text)) <= set(digits) for text in written)
        top = max(h.score for h in found.hypotheses)
        near = [h for h in found.hypotheses if h.finished and h.score >= top - beam.NEAR]
        lacking = [figures.missing(PIECES.decode(h.tokens), digits) for h in near]
        assert lacking == sorted(lacking)


def test_a_number_goes_on_and_ends_where_the_sources_does():
    pieces = Vocabulary.learn(["12 13 11 1"] * 9, 300, ("en", "fr"))
    rules = figures.Figures(pieces)
    one, led, two = (pieces.bytes_of.index(text) for text in (b"1", b" 1", b"2"))
    left = ("12", "3")
    follow = rules.follow
    assert [follow(("", left), led), follow(("1", left), two)] == [("1", left), ("12", left)]
    assert follow(("12", left), pieces.end) == ("", ("3",))
    begun, ended = rules.never(("1", left)), rules.never(("12", left))
    assert not begun[two] and begun[one] and begun[led] and begun[pieces.end]
    assert ended[two] and ended[led] and not ended[pieces.end]  # "12" has been used
    assert not rules.never(("12", ("12", "1")))[led]
    assert not rules.never(("", left))[led] and rules.never(("", left))[two]
    # A forced beginning may hold another number: it can always be ended.
    assert not rules.never(("7", left))[pieces.end]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hello \U0001f600", ["hello"]),
        ("\u2022 Hello %1$s, <b>welcome</b>!", ["Hello", "welcome"]),
        ("See https://example.com/a. It is good.", ["See", "It is good."]),
        ("- Bread\n1. Milk", ["Bread", "Milk"]),
        ("a@b.com \u2764\ufe0f", []),
        ("100% sure, 5 - 3", ["100% sure, 5 - 3"]),
        ("**Hello** ", ["Hello"]),
        ("*one* and *two*", ["*one* and *two*"]),
        ("{{count}} cats", ["cats"]),
    ],
)
def test_what_is_no_language_is_kept_in_its_place(text, parts):
    found = sentences.split(text)
    assert [one.text for one in found if one.text] == parts
    assert "".join(one.before + one.text + one.after for one in found) == text


def test_a_list_of_counted_things_is_read_one_by_one():
    for text, language, things in (
        ("I have 2 cats, 3 dogs and 11 fish.", "en", ["I have 2 cats", "3 dogs", "11 fish"]),
        ("我有2只猫、3条狗和11条鱼。", "zh", ["我有2只猫", "3条狗", "11条鱼"]),
        ("I am 30 and he is 20.", "en", ["I am 30 and he is 20."]),
    ):
        found = sentences.counted(sentences.Part("", text, ""), language)
        assert [one.text for one in found] == things
        assert "".join(one.before + one.text + one.after for one in found) == text


def test_a_hurried_text_is_read_with_capital_and_full_stop_too():
    texts = {one.text: one.signed for one in readings.readings("HELLO", "en", "fr")}
    assert texts == {
        "HELLO": False,
        "hello": False,
        "Hello": False,
        "HELLO.": True,
        "hello.": True,
        "Hello.": True,
    }
    assert [one.text for one in readings.readings("I am here.", "en", "fr")] == ["I am here."]


def test_names_and_long_figures_are_put_back():
    first = readings.readings("My name is Kevin.", "en", "zh")[0]
    assert first.text == "My name is Tom." and first.kept == (("汤姆", "凯文"),)
    assert readings.put_back("我叫汤姆。", first.kept) == "我叫凯文。"
    assert readings.survives(first, "我叫汤姆。") and not readings.survives(first, "我叫。")
    assert readings.put_back_pieces([("我", 1), ("叫", 1), ("汤", 1), ("姆", 1)], first.kept) == [
        ("我", 1),
        ("叫", 1),
        ("凯文", 2),
    ]
    price = readings.readings("It costs 1.80 euros.", "en", "fr")[0]
    assert price.text == "It costs 50 euros." and price.kept == (("50", "1,80"),)
    assert readings.readings("At 7:30.", "en", "fr")[0].kept == ()


@pytest.mark.parametrize(
    ("text", "languages", "read", "kept"),
    [
        ("It costs $3.", "en-fr", "It costs 3 dollars.", None),
        ("It costs $1.", "en-zh", "It costs 1 dollar.", None),
        ("I earn $2,500.", "en-fr", "I earn {} dollars.", "2 500"),
        ("$1.5 million", "en-fr", "{} million dollars", "1,5"),
        ("Il coûte 1 500 €.", "fr-en", "Il coûte {} euros.", "1,500"),
        ("I have 1 234 567 euros.", "en-fr", "I have {} euros.", "1 234 567"),
        ("The answer is -42.", "en-zh", "The answer is {}.", "-42"),
        ("It is -3.5 °C.", "en-fr", "It is {} degrees.", "-3,5"),
        ("Call +33 6 12 34 56 78.", "en-fr", "Call {}.", "+33 6 12 34 56 78"),
        ("我花了$20。", "zh-en", "我花了20美元。", None),
        ("气温是-20度。", "zh-en", "气温是{}度。", "-20"),
        ("气温是－20度。", "zh-en", "气温是{}度。", "-20"),
        ("Add ½ cup of milk.", "en-fr", "Add {} cup of milk.", "½"),
        ("J'ai attendu 1½ heure.", "fr-en", "J'ai attendu {} heure.", "1½"),
        ("Ça coûte 12 345,67 euros.", "fr-en", "Ça coûte {} euros.", "12,345.67"),
        ("Ça coûte 1.000,50 euros.", "fr-en", "Ça coûte {} euros.", "1,000.50"),
        ("It costs 1,234.56 euros.", "en-fr", "It costs {} euros.", "1 234,56"),
        ("3 million people live here.", "en-zh", "{} people live here.", "300万"),
        ("It is worth $1.5 billion.", "en-zh", "It is worth {} dollars.", "15亿"),
        ("3 million people live here.", "en-fr", "3 million people live here.", None),
        ("有3万人。", "zh-en", "有{}人。", "30,000"),
        ("中国有十四亿人口。", "zh-en", "中国有{}人口。", "1.4 billion"),
        ("房子要三百五十万元。", "zh-en", "房子要{}元。", "3.5 million"),
    ],
)
def test_figures_and_their_signs_are_read_as_they_are_said(text, languages, read, kept):
    source, target = languages.split("-")
    first = readings.readings(text, source, target)[0]
    assert [own for _, own in first.kept] == ([kept] if kept else [])
    assert first.text == read.format(*(stand for stand, _ in first.kept))


@pytest.mark.parametrize("text", ["Use 10-20 pieces.", "Chapter 2 300 pages.", "US$", "5km2 wide"])
def test_other_figures_and_signs_stay_as_they_are(text):
    assert readings.readings(text, "en", "fr")[0].text == text


@pytest.mark.parametrize(
    "quantity, languages, own",
    [
        ("1.5万", "zh-en", "15,000"),
        ("12亿", "zh-en", "1.2 billion"),
        ("一亿零五百万三千", "zh-en", "105,003,000"),
        ("三四万", "zh-en", None),  # thirty or forty thousand
        ("20 thousand", "en-zh", "2万"),
        ("3 thousand", "en-zh", "3000"),
        ("1,250 million", "en-zh", "12.5亿"),
        ("1.2345 million", "en-zh", "123.45万"),
    ],
)
def test_large_numbers_are_reckoned_from_thousands_to_ten_thousands_and_back(
    quantity, languages, own
):
    source, target = languages.split("-")
    assert re.fullmatch(quantities.PATTERNS[source], quantity)
    assert quantities.converted(quantity, source, target) == own


@pytest.mark.parametrize("text", ["千万别去！", "万一下雨呢？", "有几十万人。", "成千上万的人。"])
def test_ten_thousands_of_a_saying_are_no_number(text):
    assert readings.readings(text, "zh", "en")[0].kept == ()


def test_a_chinese_name_outside_the_table_stays_as_it_is_written():
    first = readings.readings("你好！我叫李华。", "zh", "en")[0]
    assert first.text == "你好！我叫汤姆。" and first.kept == (("Tom", "李华"),)
    for no_name in ("我叫什么？", "我叫车了。", "叫我回家。"):
        assert readings.readings(no_name, "zh", "en")[0].kept == ()


def test_full_width_figures_are_figures():
    assert data.tidy("我２５岁", "zh") == "我25岁"
    assert data.tidy("Ｈｉ", "en") == "Hi"
    assert figures.missing("J'ai 2 chats.", ("2", "11")) == 1


@pytest.mark.parametrize("text", ["5%", "5 %", "５％", "5 per cent", "cinq pour cent", "百分之五"])
def test_a_percentage_is_told_in_many_ways(text):
    assert figures.percents(text) == 1 and figures.percents("5") == 0


@pytest.mark.parametrize("languages", ["en-fr", "fr-en", "en-zh", "zh-en"])
def test_percentages_are_learnt_with_the_same_figure(languages):
    source, target = languages.split("-")
    rng, found = random.Random(0), 0
    everyday_pairs = everyday.Everyday(source, target)
    for reads, writes in everyday_pairs.sample(20_000, rng):
        assert figures.percents(reads) == figures.percents(writes)
        if figures.percents(reads) and figures.numbers(reads):
            assert figures.numbers(reads) == figures.numbers(writes)
            found += 1
    assert found > 50


@given(st.lists(st.integers(-3, 3), min_size=12, max_size=40), st.integers(1, 8))
def test_of_equal_odds_the_first_are_taken(numbers, count):
    row = torch.tensor([numbers, numbers[::-1]], dtype=torch.float32)
    values, places = beam.best(row, count)
    for odds, found, where in zip(row, values, places, strict=True):
        order = np.argsort(-odds.numpy(), kind="stable")[:count]
        assert where.tolist() == order.tolist() and found.tolist() == odds[order].tolist()


def test_the_beam_finds_what_trying_everything_finds():
    """With a beam as wide as all there is, the best translation of one token."""
    search = hard(3, False)
    source, stepper = [*PIECES.encode("Tom"), PIECES.end], search.stepper
    [found] = search([source], ["fr"], beams=len(PIECES))
    read = stepper.read([source])
    start = stepper.begin(read)
    odds, _, state = stepper(read, torch.tensor([[PIECES.marks["fr"]]]), start)
    first, best = odds[0, 0], []
    for token in range(len(PIECES)):
        if token not in (PIECES.end, *NEVER):
            after, _, _ = stepper(read, torch.tensor([[token]]), state)
            total = float(first[token]) + float(after[0, 0, PIECES.end])
            best.append((total / beam.penalty(2), [token]))
    score, tokens = max(best)
    short = [h for h in found.hypotheses if len(h.tokens) == 1]
    assert short[0].tokens == tokens and short[0].score == pytest.approx(score, abs=1e-5)


def test_hypotheses_come_best_first_and_their_scores_add_up():
    search = hard(1, False)
    [found] = search([[*PIECES.encode(ENGLISH[0]), PIECES.end]], ["fr"], beams=5)
    assert 1 <= len(found.hypotheses) <= 5
    scores = [one.score for one in found.hypotheses]
    assert scores == sorted(scores, reverse=True)
    for one in found.hypotheses:
        whole = sum(one.log_probs) / beam.penalty(len(one.log_probs))
        assert one.score == pytest.approx(whole, abs=1e-6)
        assert np.allclose(one.attention.sum(1), 1)


def test_the_tree_leads_from_the_root_to_every_finished_translation():
    search = hard(2, False)
    [found] = search([[*PIECES.encode(ENGLISH[1]), PIECES.end]], ["fr"], beams=3, tree=True)
    ends = [n for n, node in enumerate(found.tree) if node.fate == "finished"]
    paths = []
    for n in ends:
        path = []
        while n >= 0:
            path.append(found.tree[n].token)
            assert found.tree[n].parent < n
            n = found.tree[n].parent
        paths.append(path[::-1][:-1])
    assert all(one.tokens in paths for one in found.hypotheses if one.finished)
    assert {node.fate for node in found.tree} <= {"kept", "dropped", "finished"}


# ---- answers ----------------------------------------------------------------------------------


def test_an_answer_tells_what_a_page_shows(translator):
    [answer] = translator.predict(["Who are you? We won!"], beams=3)
    assert (answer["source"], answer["target"]) == ("en", "fr")
    assert len(answer["sentences"]) == 2
    for one, source in zip(answer["sentences"], ["Who are you?", "We won!"], strict=True):
        assert one["source"] == source and one["in_training"]
        assert one["translation"] == one["alternatives"][0]["translation"]
        assert "".join(one["target_tokens"]).strip() == one["translation"]
        assert len(one["probabilities"]) == len(one["target_tokens"]) == len(one["attention"])
        for row in one["attention"]:
            assert len(row) == len(one["source_tokens"]) and sum(row) == pytest.approx(1)
        assert all(0 <= p <= 1 for p in one["probabilities"])
    json.dumps(answer)


def test_one_text_in_other_pieces_is_one_alternative(translator):
    pieces = translator.vocabulary
    whole = pieces.encode("Tom")
    apart = [*pieces.encode("T"), *map(pieces.tokenizer.token_to_id, "om")]
    assert whole != apart and pieces.decode(apart) == "Tom"
    found = [
        beam.Hypothesis(tokens, [-0.1] * (len(tokens) + 1), np.zeros((len(tokens), 1)), score, True)
        for tokens, score in ((whole, -0.1), (apart, -0.2))
    ]
    [only] = answers.alternatives(translator.vocabulary, found, readings.Reading(""))
    assert only["translation"] == "Tom" and only["score"] == -0.1


TEXT = "Who are you?\n\n  We won!  Tom isn't here.\r\n***\n"


def test_blanks_and_line_breaks_are_kept(translator):
    [answer] = translator.predict([TEXT], beams=1)
    written = [one["translation"] for one in answer["sentences"]]
    assert answer["translation"] == "{}\n\n  {}  {}\r\n***\n".format(*written)


def test_sentences_typed_without_a_blank_get_one(translator):
    [answer] = translator.predict(["Who are you?Where is Tom?"])
    first, second = answer["sentences"]
    assert answer["translation"] == f"{first['translation']} {second['translation']}"


def test_chinese_needs_no_blank_between_sentences(tmp_path):
    model = catalog.from_folder(tiny(tmp_path / "zh", "zh")).load("cpu")
    [answer] = model.predict(["Who are you? We won!"], beams=1)
    assert answer["translation"] == "".join(one["translation"] for one in answer["sentences"])
    [answer] = model.predict(["你是谁？我们赢了！"], source="zh", target="en", beams=1)
    assert answer["translation"] == " ".join(one["translation"] for one in answer["sentences"])


@pytest.fixture(scope="module")
def bundled():
    """By pair."""
    loaded = {}

    def of(pair):
        if pair not in loaded:
            loaded[pair] = catalog.find(f"translation/{pair}").load("cpu")
        return loaded[pair]

    return of


def test_clauses_are_read_one_by_one_where_that_says_more(bundled):
    """The bundled network forgets the supermarket and the classmate when it reads it whole."""
    text = "昨天我去超市买东西，遇到了老同学，我们一起喝了咖啡。"
    [whole] = bundled("en-zh").predict([{"text": text, "source": "zh"}], view="inside")
    [found] = bundled("en-zh").predict([{"text": text, "source": "zh"}])
    assert len(whole["sentences"]) == 1 and "market" not in whole["translation"]
    assert len(found["sentences"]) > 1 and "market" in found["translation"]
    assert all(one["clause"] for one in found["sentences"])
    assert all(one["translation"] in found["translation"] for one in found["sentences"])
    lead, *rest = (one["translation"] for one in found["sentences"])
    assert lead[0].isupper() and not lead.endswith(".") and rest[-1].endswith(".")
    assert all(
        "".join(one["target_tokens"]).strip() == one["translation"] for one in found["sentences"]
    )


def test_what_was_said_keeps_its_words_and_gets_the_other_languages_marks(bundled):
    texts = [
        ("en-zh", "zh", "他说：“我在这里。”", 'He said: "I\'m here."'),
        ("en-fr", "fr", "Il a dit : « Je suis fatigué. »", 'He said: "I\'m tired."'),
        ("en-zh", "zh", "“谢谢。再见。”“你好！”", '"Thank you. Goodbye." "Hello!"'),
        ("en-fr", "en", "He left. “Come back!” she cried.", "Il est parti. « Reviens ! » "),
        ("en-zh", "zh", "他走了。“回来！”她喊道。", 'He left. "Come back!" '),
        ("en-fr", "en", "“Go to https://a.com/b,c now,” he said.", "« "),
        ("en-fr", "en", "“Hello.”", "« Bonjour. »"),
    ]
    for pair, source, text, wanted in texts:
        [found] = bundled(pair).predict([{"text": text, "source": source}])
        assert found["translation"].startswith(wanted)
        assert ("https://a.com/b,c" in text) is ("https://a.com/b,c" in found["translation"])


def test_a_word_with_a_capital_and_a_full_stop_keeps_them(bundled):
    texts = ["Hello.", "Cat.", "Water.", "Good night."]
    found = bundled("en-fr").predict([{"text": text, "source": "en"} for text in texts])
    written = ["Bonjour.", "Chat.", "Eau.", "Bonne nuit."]
    assert [one["translation"] for one in found] == written


def test_traditional_characters_are_read_as_simplified_ones(bundled):
    texts = ["謝謝你，老師。", "谢谢你，老师。"]
    old, new = bundled("en-zh").predict([{"text": text, "source": "zh"} for text in texts])
    assert old == new


def test_an_answer_does_not_depend_on_the_others(translator):
    texts = [TEXT, "Hello", "zzz 龘 <b>bold</b> & 🙂", "word " * 30, *ENGLISH]
    inputs = [{"text": text} for text in texts]
    inputs += [{"text": text, "source": "fr", "target": "en"} for text in TEXTS["fr"]]
    inputs.append({"text": "Who are you?", "prefix": "Qui"})
    for view in serve.VIEWS:
        together = translator.predict(inputs, view=view, beams=3)
        for one, answer in zip(inputs, together, strict=True):
            assert translator.predict([one], view=view, beams=3) == [answer]


def test_a_forced_beginning_is_kept_and_its_last_word_is_whole(translator):
    [answer] = translator.predict([{"text": "Who are you?", "prefix": "Tu es fatig"}])
    [one] = answer["sentences"]
    assert one["translation"].startswith("Tu es fatig")
    after = one["translation"][len("Tu es fatig") :]
    assert not after[:1].isalnum()


def test_a_long_sentence_is_cut_and_all_of_it_is_translated(translator):
    [answer] = translator.predict(["we won and " * 120], beams=1)
    pieces = answer["sentences"]
    assert len(pieces) > 1
    assert "".join(one["source"].replace(" ", "") for one in pieces) == "wewonand" * 120
    [answer] = translator.predict(["x" * 3_000], beams=1)
    assert "".join(one["source"] for one in answer["sentences"]) == "x" * 3_000


def test_the_inside_tells_the_tree_and_the_state(translator):
    [answer] = translator.predict(["We won!"], view="inside", beams=2)
    [one] = answer["sentences"]
    assert len(one["state"]) == 32 and all(-1 <= x <= 1 for x in one["state"])
    assert {"parent", "token", "probability", "total", "fate"} == set(one["tree"][0])
    [meant] = translator.predict(["We won!"], view="meaning")
    assert meant["sentences"] == [[one["state"]]]
    json.dumps(answer)


def test_a_text_in_one_language_only_names_the_other(translator):
    [answer] = translator.predict([{"text": "Qui ?", "target": "en"}], beams=1)
    assert (answer["source"], answer["target"]) == ("fr", "en")


@pytest.mark.parametrize(
    ("given_", "options", "kind"),
    [
        ("", {}, NothingToTranslate),
        (" \n ", {}, NothingToTranslate),
        ("x" * 50_000, {}, TooLong),
        ("a", {"source": "en", "target": "en"}, SameLanguage),
        ("a", {"source": "en", "target": "zh"}, UnknownDirection),
        ("a", {"beams": 0}, BadBeams),
        ("a", {"beams": 9}, BadBeams),
        ("a", {"beams": "many"}, BadBeams),
        ("a", {"view": "soul"}, ViewUnsupported),
        ("One is. Two are.", {"prefix": "Un"}, BadPrefix),
        ("a", {"prefix": "x1" * 200}, BadPrefix),
    ],
)
def test_what_cannot_be_translated_is_refused(translator, given_, options, kind):
    with pytest.raises(kind):
        translator.predict([given_], **options)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\u202eabc", "龘", "🙂 ok", "a\x00b"]
)
def test_any_text_is_answered(translator, text):
    [answer] = translator.predict([text], beams=2)
    assert answer["sentences"] and math.isfinite(answer["sentences"][0]["probabilities"][0])


def test_what_has_no_letters_stays_as_it_is(translator):
    [answer] = translator.predict(["--- 123 ---"])
    assert answer["translation"] == "--- 123 ---" and answer["sentences"] == []


def test_a_folder_whose_parts_do_not_fit_is_refused(tmp_path):
    broken = tiny(tmp_path / "broken")
    config = checkpoint.read_json(broken, "config.json")
    checkpoint.write_json(broken, "config.json", config | {"architecture": {"hidden": 64}})
    with pytest.raises(BadCheckpoint, match="do not fit"):
        catalog.from_folder(broken).load("cpu")
    checkpoint.write_json(broken, "config.json", config | {"languages": ["en", "zh"]})
    with pytest.raises(BadCheckpoint, match="<2zh>"):
        catalog.from_folder(broken).load("cpu")
    (broken / "tokenizer.json").write_text("{")
    with pytest.raises(BadCheckpoint, match="damaged"):
        catalog.from_folder(broken).load("cpu")


def test_loading_needs_neither_transformers_nor_sacrebleu(folder):
    code = (
        "import sys; from pretrained import catalog;"
        f"catalog.from_folder({str(folder)!r}).load('cpu').predict(['We won!']);"
        "print({'transformers', 'sacrebleu', 'torchvision', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ---- the copy meter ---------------------------------------------------------------------------


def test_the_copy_meter_knows_a_sentence_but_for_case_and_signs(folder):
    seen = copies.load(folder)
    for known in ("I am a student.", "i am  a STUDENT", "Tom isn’t here!"):
        assert ("en", known) in seen
    for new in ("I am a teacher.", "Je suis étudiant.", ""):
        assert ("en", new) not in seen
    assert ("fr", "Je suis étudiant") in seen and ("zh", "我") not in seen


def test_a_network_taught_on_anothers_pairs_knows_what_stands_in_them(
    folder, tmp_path, monkeypatch
):
    mine = shutil.copytree(folder, tmp_path / "mine")
    (mine / copies.FILE).unlink()
    config = checkpoint.read_json(mine, checkpoint.CONFIG)
    checkpoint.write_json(mine, checkpoint.CONFIG, config | {"marks_of": "translation/tiny"})
    monkeypatch.setattr(catalog, "folder_of", lambda key: folder.parent / key.split("/")[1])
    theirs, shared = (catalog.from_folder(one).load("cpu").seen.marks for one in (folder, mine))
    assert {name: marks.tolist() for name, marks in shared.items()} == {
        name: marks.tolist() for name, marks in theirs.items()
    }
