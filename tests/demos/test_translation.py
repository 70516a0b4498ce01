"""Try of the Translate tab between widgets and engine: answering, noticing, refusing, files."""

from __future__ import annotations

import asyncio
import base64
import re
import types
from contextlib import aclosing
from html import unescape

import gradio as gr
import pytest
from fake_translators import EN_FR, EN_ZH, KNOWN, NOW, PLAIN, FakeEngine, sentence, turned

from demos import columns as side_by_side
from demos import models, streaming
from demos import translation as tab
from demos.language import Words
from demos.page import layout
from demos.streaming import HEARTBEAT, Latest, in_place
from demos.translation import answers, examples, tokens
from demos.translation.tryout import alternatives, answering, compare, files, pane, text_file
from demos.translation.tryout.text_file import FileNotText, FileTooLong, FileWithoutText
from inference import Settings
from inference.errors import BadInput, Busy, DeadlineExceeded
from pretrained.errors import HubOffline
from pretrained.translation import languages, sentences
from pretrained.translation.errors import TooLong, UnknownDirection

WORDS = Words()
SAY = WORDS.speaker("en")
MARKUP = '<img src=x onerror="alert(1)"> & <b>bold</b>'


@pytest.fixture
def engine(tmp_path):
    return FakeEngine(tmp_path)


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def ask(engine, text, direction="en-fr", key=EN_FR, lang="en", fetch=False) -> answering.Step:
    run = answering.answering(engine, WORDS.speaker(lang), text, direction, key, fetch)
    return collect(run)[-1]


def said(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", re.search(r'<div class="said".*?</div>', html, re.S)[0]))


# Answering


def test_a_text_is_asked_in_its_direction_and_stands_in_the_pane(engine):
    step = ask(engine, "I am here.", "fr-en")
    assert engine.asked == [
        (
            EN_FR,
            {"text": "I am here.", "source": "fr", "target": "en", "prefix": ""},
            {"view": "answer", "beams": None},  # as many beams as the model usually keeps
        )
    ]
    assert said(step.html) == turned("I am here.") and 'lang="en"' in step.html
    assert (step.now.text, step.now.source, step.now.target) == ("I am here.", "fr", "en")
    assert not step.offered and not step.bar


def test_sentences_and_line_breaks_are_kept(engine):
    sent = "One is here. Two is there.\r\n\r\n  * 3 *\nFour!"
    step = ask(engine, sent)
    assert said(step.html) == "enO si .ereh owT si .ereht\n\n  * 3 *\n!ruoF"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("text", ["", "   ", "\n\n", None])
def test_nothing_to_translate_asks_nobody(engine, text, lang):
    step = ask(engine, text, lang=lang)
    assert plain(step.html) == WORDS.say(lang, "translation.answer.empty")
    assert step.now is None and not engine.asked


def test_a_text_without_a_word_is_left_and_said_to_be(engine):
    step = ask(engine, "1 + 1 = 2")
    assert said(step.html) == "1 + 1 = 2"
    assert "no word" in plain(step.details)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_fifty_thousand_characters_are_refused_before_they_are_computed(engine, lang):
    step = ask(engine, "a" * 50_000, lang=lang)
    assert 'role="alert"' in step.html and "50,000" in step.html and "5,000" in step.html
    assert not engine.asked


def test_the_most_that_is_asked_is_what_the_translators_take():
    from pretrained.translation import serve

    assert answers.MOST_TEXT == serve.MOST_TEXT


def test_markup_is_text_and_never_rendered(engine):
    step = ask(engine, MARKUP + " a word")
    for html in (step.html, step.details, step.beneath):
        assert "<img" not in html and "<b>bold" not in html
    assert "&lt;" in step.html
    # A tag stays as it is; what stands between is translated.
    assert said(step.html) == '<img src=x onerror="alert(1)"> & <b>dlob</b> a drow'


def test_the_wrong_language_is_said_and_still_tried(engine):
    step = ask(engine, "Où est la gare ?", "en-fr")
    assert "This looks like French." in plain(step.beneath)
    assert 'data-turn="fr-en"' in step.beneath
    assert said(step.html) == turned("Où est la gare ?")
    assert "read as English" in plain(step.beneath) and "came out" not in step.beneath
    step = ask(engine, "Où est la gare ?", "en-fr", lang="zh")
    assert "看起来是法语" in plain(step.beneath)


def test_what_came_out_in_another_language_than_the_direction_says_is_told(engine):
    step = ask(engine, "Je ne sais pas. siht si ton eht noitats", "en-fr")
    assert "What came out looks like English, not French." in plain(step.beneath)
    assert 'class="said"' in step.html and 'lang="en"' in step.html
    step = ask(engine, "I do not know. tse'c ed al", "en-fr")
    assert 'lang="fr"' in step.html and step.beneath == ""


def test_the_right_language_is_not_spoken_of(engine):
    assert ask(engine, "Where is the station?").beneath == ""


@pytest.mark.parametrize("error", [Busy(waiting=9), DeadlineExceeded(seconds=60)])
def test_a_refusal_stands_where_the_answer_would(engine, error):
    engine.refusing["Hello."] = error
    step = ask(engine, "Hello.")
    assert 'role="alert"' in step.html and step.now is None
    assert not step.offered


def test_a_model_of_the_hub_is_offered_before_it_is_fetched(engine, monkeypatch):
    monkeypatch.setattr(answering, "on_disk", lambda entry: False)
    step = ask(engine, "Hello.", key=NOW)
    assert step.offered and "301 MB" in step.html and "apache-2.0" in step.html
    assert not engine.loaded and not engine.asked
    step = ask(engine, "Hello.", key=NOW, fetch=True)
    assert engine.loaded == [NOW] and said(step.html) == turned("Hello.")


def test_a_download_that_fails_is_offered_again(engine):
    engine.failing[NOW] = HubOffline(model=NOW)
    step = ask(engine, "Hello.", key=NOW, fetch=True)
    assert step.offered and 'role="alert"' in step.html


def test_languages_are_named_in_a_refusal():
    error = UnknownDirection(source="fr", target="zh", known="en-fr, fr-en")
    assert answers.sentence_of(error, WORDS.speaker("en")) == (
        "This model does not translate from French to Chinese: it knows English → French, "
        "French → English."
    )
    assert "从法语翻译到汉语" in answers.sentence_of(error, WORDS.speaker("zh"))


# What the pane tells


def test_words_are_underlined_by_how_sure_it_was(engine):
    step = ask(engine, "one two three four")
    levels = re.findall(r'<span class="u(\d)" title="([\d.]+)%">(\w+)', step.html)
    assert levels == [("1", "65", "owt"), ("1", "35", "eerht"), ("3", "5.0", "ruof")]
    assert "It doubted most: ruof 5.0%, eerht 35%" in plain(step.html)


def test_a_word_that_was_doubted_twice_is_named_once():
    one = sentence("one two three one")
    one["probabilities"] = [0.31, 0.4, 0.9, 0.2]
    told = plain(pane.sureness(SAY, {"sentences": [one], "translation": one["translation"]}))
    first = one["translation"].split(" ")[0]
    assert told.count(f"{first} ") == 1 and "20%" in told and "31%" not in told


def test_where_every_word_is_sure_one_sentence_says_so(engine):
    step = ask(engine, "one")
    assert 'class="u' not in step.html and "70% or more" in plain(step.html)


def test_a_words_probability_is_the_product_of_its_pieces():
    one = sentence("x") | {
        "translation": "J'ai mangé, 你好.",
        "target_tokens": [" J'", "ai", " man", "gé", ",", " ", "你", "好", "."],
        "probabilities": [0.5, 0.5, 0.9, 0.5, 0.1, 0.9, 0.8, 0.7, 0.6],
    }
    words = [(word, odd) for word, odd in pane.spelled(one) if word.strip()]
    assert words == [
        ("J'ai", 0.25), ("mangé", 0.45), (",", None), ("你", 0.9 * 0.8), ("好", 0.7), (".", None),
    ]  # fmt: skip
    assert "".join(word for word, _ in pane.spelled(one)) == one["translation"]


def test_pieces_that_do_not_spell_the_translation_are_not_drawn():
    one = sentence("x") | {"translation": "other", "target_tokens": [" x"], "probabilities": [0.1]}
    assert pane.spelled(one) == [("other", None)]


def test_alternatives_are_listed_with_what_differs(engine):
    step = ask(engine, "Hello")
    assert step.details.count("<mark>") == 3 and "<mark>!</mark>" in step.details
    assert "the one above has 40%" in plain(step.details)
    assert alternatives.marked("Je suis là.", "Je suis <ici>.") == (
        "Je suis <mark>&lt;ici&gt;</mark>."
    )
    assert alternatives.marked("Je suis un étudiant.", "Je suis étudiant.") == (
        "Je suis <del>un</del> étudiant."
    )
    assert alternatives.marked("我是学生。", "我是一个学生。") == "我是<mark>一个</mark>学生。"


def test_an_order_that_the_probabilities_do_not_tell_is_explained():
    result = {"sentences": [sentence("Hello")], "translation": "olleH"}
    now = answers.Translated("Hello", "en", "fr", EN_FR, result)
    ways = result["sentences"][0]["alternatives"]
    for n, one in enumerate(ways):
        one["probability"] = 0.5 - n / 10
    told = {why: SAY.plain(f"translation.answer.others_{why}") for why in ("length", "back")}
    assert not [why for why, about in told.items() if about in plain(alternatives.listed(SAY, now))]
    ways[1]["probability"] = 0.9  # of a network that reads nothing back
    assert told["length"] in plain(alternatives.listed(SAY, now))
    ways[1]["back"] = -2.0
    assert told["back"] in plain(alternatives.listed(SAY, now))


def test_alternatives_that_are_not_listed_are_counted():
    result = {"sentences": [sentence("Hello", 8)], "translation": "olleH"}
    now = answers.Translated("Hello", "en", "fr", EN_FR, result)
    told = plain(alternatives.listed(SAY, now))
    assert "And 4 more, which Look inside lists." in told


def test_a_very_small_probability_is_told_as_such():
    result = {"sentences": [sentence("Hello")], "translation": "olleH"}
    for one in result["sentences"][0]["alternatives"]:
        one["probability"] = 0.0004
    now = answers.Translated("Hello", "en", "fr", EN_FR, result)
    told = plain(alternatives.listed(SAY, now))
    assert told.count("<0.1%") == 4 and "&" not in told


def test_alternatives_of_many_sentences_are_folded_and_bounded(engine):
    step = ask(engine, "Go on. " * 60)
    assert '<details class="others">' in step.details
    assert step.details.count("<ol>") == alternatives.MOST_SHOWN
    assert f"And {60 - alternatives.MOST_SHOWN} more sentences" in plain(step.details)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (KNOWN, "your sentence stands in what it was trained on"),
        ("Hello there.", "No sentence of yours stands in"),
        (f"{KNOWN} Hello there.", "1 of your 2 sentences stand in"),
    ],
)
def test_the_copy_meter_counts_sentences_of_the_training_data(engine, text, told):
    assert told in plain(ask(engine, text).details)


def test_a_model_that_does_not_know_what_it_was_trained_on_has_no_copy_meter(engine):
    result = {"sentences": [sentence("Hello")], "translation": "olleH"}
    del result["sentences"][0]["in_training"]
    now = answers.Translated("Hello", "en", "fr", NOW, result)
    assert pane.notes(SAY, engine.entries[NOW], now) == ""


def test_signs_that_a_model_of_the_hub_cannot_read_are_spoken_of(engine):
    result = {"sentences": [sentence("Hello ⁇")], "translation": turned("Hello ⁇")}
    now = answers.Translated("Hello 🍕", "en", "fr", NOW, result)
    assert "reads ⁇ in their place" in plain(pane.notes(SAY, engine.entries[NOW], now))
    now = answers.Translated("Hello ⁇", "en", "fr", NOW, result)
    assert "in their place" not in plain(pane.notes(SAY, engine.entries[NOW], now))


def test_characters_without_a_piece_are_named(engine):
    entry = engine.entries[EN_FR]
    assert tokens.byte_level(entry, "abc é ж 🍕 ж") == ["ж", "🍕"]
    assert tokens.byte_level(engine.entries[NOW], "ж") == []
    told = plain(ask(engine, "I like ж here").details)
    assert "has no piece for ж" in told and "byte by byte" in told
    many = "".join(map(chr, range(0x430, 0x430 + 20)))
    assert "and 8 more" in plain(ask(engine, many).details)


def test_real_vocabularies_have_what_their_languages_are_written_with():
    from pretrained import catalog

    known = catalog.entries()
    if EN_FR not in known:
        pytest.skip("the translators are not in this checkout")
    assert tokens.byte_level(known[EN_FR], "Où est le cœur, ça va ? — « déjà »") in ([], ["—"])
    assert tokens.byte_level(known[EN_FR], "北京") == ["北", "京"]
    assert tokens.byte_level(known[EN_ZH], "我是学生。你好吗？") == []


RUN = "visit sourire vaut le sourire, visitez" + " le sourire, visitez" * 9 + " le sou"


@pytest.mark.parametrize(
    ("source", "made", "complete", "shown", "how"),
    [
        ("我", RUN, False, "visit sourire vaut le sourire, visitez…", "repeated"),
        ("<b>", "Le petit-di-se-se-se-se-se-se-se de", True, "Le petit-di-se…", "repeated"),
        ("x", "好的好的好的好的。", True, "好的…", "repeated"), ("x", "On and", False, "On and…",
                                                        "incomplete"),
        ("No, no, no!", "Non, non, non !", True, "Non, non, non !", ""),
        ("1,000,000,000", "1 000 000 000", True, "1 000 000 000", ""),
        ("ha " * 9, "ah " * 9, True, "ah " * 9, ""), ("x", "!" * 9 + ".", True, "!" * 9 + ".", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_translation_is_cut_where_it_lost_its_thread(source, made, complete, shown, how, lang):
    one = sentence("x") | {"source": source, "translation": made, "complete": complete}
    result = {"sentences": [one], "translation": made}
    assert unescape(pane.shaded(result)) == shown and tokens.repetition(one) == how
    now = answers.Translated(source, "en", "fr", EN_FR, result)
    say = WORDS.speaker(lang)
    told = say.plain(f"translation.answer.{how}") if how else ""
    assert plain(pane.warned(say, now)) == told
    assert bool(alternatives.listed(say, now)) is not bool(how)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("text", "made", "extra", "key"),
    [
        ("I like “it”.", "J'aime ça.", {}, "quotes"),
        ("I like “it”.", "J'aime « ça ».", {}, ""),
        ("I am, he is.", "Je suis, il est.", {"clause": True}, "clauses"),
    ],
)
def test_what_became_of_quotation_marks_and_clauses_is_said(lang, text, made, extra, key):
    one = sentence("x") | {"source": text, "translation": made} | extra
    now = answers.Translated(text, "en", "fr", EN_FR, {"sentences": [one], "translation": made})
    say = WORDS.speaker(lang)
    told = plain(pane.notes(say, types.SimpleNamespace(folder=None), now))
    for each in ("quotes", "clauses"):
        assert (say.plain(f"translation.answer.{each}") in told) is (each == key)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_how_a_text_was_read_is_said(lang):
    result = {"sentences": [sentence("x") | {"read_as": "<i>."}], "translation": "y"}
    entry = types.SimpleNamespace(folder=None)
    told = pane.notes(
        WORDS.speaker(lang), entry, answers.Translated("x", "en", "fr", EN_FR, result)
    )
    assert "<bdi>&lt;i&gt;.</bdi>" in told and "<i>" not in told


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({}, []),
        ({"mean_probability": 0.9, "missing_numbers": 0}, []),
        ({"mean_probability": 0.05}, ["unlikely"]),
        ({"mean_probability": 0.05, "read_back": 0.01}, ["unlikely"]),
        ({"mean_probability": 0.9, "read_back": None}, []),
        ({"mean_probability": 0.9, "read_back": 0.5}, []),
        ({"mean_probability": 0.9, "read_back": 0.0}, ["lost"]),
        ({"read_back": 0.01, "missing_numbers": 1}, ["lost", "numbers"]),
        ({"missing_numbers": 1}, ["numbers"]),
    ],
)
def test_what_the_network_holds_unlikely_or_lost_is_said_in_one_line(lang, more, keys):
    result = {"sentences": [sentence("x") | more], "translation": "y"}
    now = answers.Translated("x", "en", "fr", EN_FR, result)
    told = "".join(WORDS.say(lang, f"translation.answer.{key}") for key in keys)
    assert plain(pane.warned(WORDS.speaker(lang), now)) == told


# Which language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I am a student.", "en"), ("Where's the station?", "en"), ("Thank you", "en"),
        ("Je suis étudiant.", "fr"), ("C'est la vie", "fr"), ("L’eau est froide", "fr"),
        ("bonjour", "fr"), ("Chien", "fr"), ("au revoir!", "fr"), ("monday", "en"), ("Dog.", "en"),
        ("Merci beaucoup", "fr"), ("我是学生。", "zh"), ("我爱 Python 编程语言", "zh"),
        ("The café is closed", "en"), ("She said “déjà vu” and left the room.", "en"),
    ],
)  # fmt: skip
def test_a_language_is_noticed(text, code):
    assert languages.noticed(text) == code


@pytest.mark.parametrize(
    "text",
    ["", "12345 !?", "Paris", "table", "OK", "pain", "comment", "Orange",
     "東京へ行きます", "Привет, как дела?",
     "¿Dónde está la biblioteca?", "Ich bin ein Student.", "La casa è bella.", "I love 北京",
     "서울에 갑니다", "<b></b>", "🍕🍕"],
)  # fmt: skip
def test_where_it_is_not_clear_nothing_is_said(text):
    assert languages.noticed(text) is None


@pytest.mark.parametrize(
    ("text", "direction", "wanted"),
    [
        ("Je ne sais pas.", "en-fr", ("fr", "fr-en")),
        ("Je ne sais pas.", "en-zh", ("fr", "fr-en")),
        ("我不知道。", "en-fr", ("zh", "zh-en")), ("I do not know.", "zh-en", ("en", "en-zh")),
        ("I do not know.", "fr-en", ("en", "en-fr")), ("I do not know.", "en-zh", None),
    ],
)  # fmt: skip
def test_the_direction_that_is_suggested_reads_the_language_noticed(text, direction, wanted):
    assert languages.suggested(text, direction, answers.DIRECTIONS) == wanted


def test_every_example_is_noticed_as_its_own_language():
    for code, own in examples.EXAMPLES.items():
        assert {languages.noticed(text) for text in own} <= {code, None}
        assert not {languages.suggested(t, f"{code}-en", answers.DIRECTIONS) for t in own} - {None}


# Examples and models


def test_an_example_turns_with_the_direction_and_a_visitors_text_stays():
    assert examples.turned("I am a student.", "zh") == "我是学生。"
    assert examples.turned("", "fr") == "Je suis étudiant."
    assert examples.turned("I am a teacher.", "zh") == "I am a teacher."
    assert len({len(own) for own in examples.EXAMPLES.values()}) == 1


def test_each_direction_has_its_models_the_bundled_one_first(engine):
    assert list(answers.known(engine, "en-fr")) == [EN_FR, PLAIN, NOW]
    assert list(answers.known(engine, "zh-en")) == [EN_ZH]
    labels = models.choices(SAY, answers.known(engine, "en-fr").values())
    assert labels[0] == ("English–French network · 3.6 million weights", EN_FR)
    assert "301 MB to download" in labels[2][0]


# One answer at a time


async def waits(engine, turn, text, out):
    halt = turn.take()
    run = answering.answering(engine, SAY, text, "en-fr", EN_FR)
    async with aclosing(streaming.while_latest(halt, run)) as steps:
        async for step in steps:
            if step is not streaming.HEARTBEAT:
                out.append(step)


def test_a_newer_question_ends_an_older_one_and_frees_its_place(engine):
    async def run():
        engine.gate, turn, out = asyncio.Event(), streaming.Latest(), []
        older = asyncio.ensure_future(waits(engine, turn, "Old.", out))
        while not engine.open:
            await asyncio.sleep(0.01)
        newer = asyncio.ensure_future(waits(engine, turn, "New.", out))
        await asyncio.wait_for(older, 10)
        while engine.asked[-1][1]["text"] != "New.":
            await asyncio.sleep(0.01)
        assert engine.open == 1
        engine.gate.set()
        await asyncio.wait_for(newer, 10)
        return [said(step.html) for step in out if step.now]

    assert asyncio.run(run()) == [turned("New.")]


def test_however_fast_one_types_one_question_is_with_the_engine(engine):
    async def run():
        engine.gate, turn, out = asyncio.Event(), streaming.Latest(), []
        typed = [asyncio.ensure_future(waits(engine, turn, "a" * n, out)) for n in range(1, 30)]
        for _ in range(200):
            await asyncio.sleep(0)
        engine.gate.set()
        await asyncio.gather(*typed)
        return [step.now.text for step in out if step.now]

    assert asyncio.run(run()) == ["a" * 29]
    assert engine.most_open == 1


def test_stop_says_what_there_is_of_a_file(engine, monkeypatch):
    monkeypatch.setattr(files, "EVERY", 0)

    async def run():
        stop, came = streaming.Cancellation(), []
        job = files.Job("a.txt", "ab\n" * 2_000, "en-fr", engine.entries[EN_FR])
        async for step in files.told(engine, SAY, job, stop):
            came.append(step)
            if len(engine.asked) == 2:
                stop.stop()
        return came

    *_, (html, button) = asyncio.run(run())
    assert button["visible"] is False
    data = re.search(r'base64,([^"]+)"', html)[1]
    assert 0 < base64.b64decode(data).decode().count("ba\n") < 2_000 and "2,000 lines" in html


# Then and now


def columns(engine, text="Hello.", direction="en-fr", key=EN_FR, fetch=False):
    return collect(compare.comparing(engine, SAY, text, direction, key, fetch))


def test_the_bundled_model_stands_beside_one_of_today(engine, monkeypatch):
    monkeypatch.setattr(compare, "on_disk", lambda entry: True)
    html, offered = columns(engine)[-1]
    assert html.count('class="said"') == 2 and not offered
    assert {key for key, *_ in engine.asked} == {EN_FR, NOW}


def test_a_model_of_today_that_is_not_here_is_offered(engine):
    html, offered = columns(engine)[-1]
    assert html.count('class="said"') == 1 and offered and "301 MB" in html
    html, offered = columns(engine, fetch=True)[-1]
    assert html.count('class="said"') == 2 and not offered


def test_where_there_is_none_of_today_it_is_said(engine):
    html, offered = columns(engine, direction="zh-en", key=EN_ZH)[-1]
    assert "no translator of today" in plain(html) and not offered


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_network_the_comparison_is_of_what_is_bundled(engine, lang):
    engine.settings = Settings(offline=True)
    run = compare.comparing(engine, WORDS.speaker(lang), "Hello.", "en-fr", EN_FR)
    html, offered = collect(run)[-1]
    assert html.index("2014") < html.index("2015") and html.count('class="said"') == 2
    assert {key for key, *_ in engine.asked} == {PLAIN, EN_FR} and not offered
    needed = WORDS.say(lang, "translation.compare.offline")
    assert needed in plain(html) and "MB" not in plain(html)
    run = compare.comparing(engine, WORDS.speaker(lang), "Hello.", "zh-en", EN_ZH)
    html, offered = collect(run)[-1]
    assert html.count('class="said"') == 1 and needed in plain(html) and not offered


def test_a_side_that_fails_says_why_in_its_column(engine):
    engine.failing[NOW] = HubOffline(model=NOW)
    html, offered = columns(engine, fetch=True)[-1]
    assert html.count('class="said"') == 1 and 'role="alert"' in html and offered


@pytest.mark.parametrize(
    ("key", "told"),
    [(EN_FR, "2015: two"), (PLAIN, "2014: two recurrent networks without"), (NOW, "Today")],
)
def test_each_network_stands_under_its_own_era(engine, key, told):
    entry = engine.entries[key]
    drawn = side_by_side.headed(SAY, compare.era(entry), entry, "")
    assert f'<p class="era">{told}' in drawn


def test_a_comparison_never_renders_markup(engine):
    html, _ = columns(engine, MARKUP)[-1]
    assert "<img" not in html and "<b>bold" not in html


# Files


def sent(tmp_path, raw: bytes, name="letter.txt"):
    file = tmp_path / name
    file.write_bytes(raw)
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_in_unicode_is_read(tmp_path, encoding):
    file = sent(tmp_path, "Où ?\r\n北京\r".encode(encoding))
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    assert text_file.read(file, 1) == text_file.TextFile("Où ?\n北京\n", name)


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030"])
@pytest.mark.parametrize(
    ("text", "source"),
    [("北京欢迎你。\r\n", ""), ("“我是学生”", "en"), ("ResNet (残差网络) is deep.", "zh")],
)
def test_chinese_in_its_own_encoding_is_read(tmp_path, encoding, text, source):
    letter = text_file.read(sent(tmp_path, text.encode(encoding)), 1, source)
    assert letter == text_file.TextFile(text.replace("\r", ""), "GB18030")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_encoding_that_was_read_is_told_where_it_is_not_the_usual_one(engine, lang):
    job = files.Job("a.txt", "我是学生。", "zh-en", engine.entries[EN_ZH], "GB18030")
    usual = files.Job("a.txt", "我是学生。", "zh-en", engine.entries[EN_ZH])
    for step in (files.Done("I", 0, 1), files.Done("I", 1, 1, ended=True)):
        assert "GB18030" in files.shown(WORDS.speaker(lang), job, step)
        assert "GB18030" not in files.shown(WORDS.speaker(lang), usual, step)


@pytest.mark.parametrize(
    "raw", ["déjà vu".encode("latin-1"), "Il a été là, hélas".encode("latin-1"),
            "Привет, как дела?".encode("cp1251"), "私は学生です。".encode("shift_jis"),
            "我們都是學生，歡迎你來北京".encode("big5"), "ResNet (残差网络)".encode("gbk")[:-2],
            b"\x89PNG\r\n\x1a\n\x00", b"a\x00b", b"\xff\xfe\x00"]
)  # fmt: skip
@pytest.mark.parametrize(("lang", "source"), [("en", "en"), ("zh", "zh")])
def test_another_encoding_is_refused_in_a_sentence(tmp_path, raw, lang, source):
    with pytest.raises(FileNotText) as refusal:
        text_file.read(sent(tmp_path, raw), 1, source)
    told = answers.sentence_of(refusal.value, WORDS.speaker(lang))
    assert "letter.txt" in told and "UTF-8" in told


def test_what_is_too_much_or_nothing_is_refused(tmp_path):
    with pytest.raises(FileTooLong):
        text_file.read(sent(tmp_path, b"a" * (text_file.MOST_TEXT + 1)), 1)
    with pytest.raises(BadInput, match="at most 1 MB"):
        text_file.read(sent(tmp_path, b"a" * 1_000_001), 1)
    for raw in (b"", b" \n\n"):
        with pytest.raises(FileWithoutText):
            text_file.read(sent(tmp_path, raw), 1)
    with pytest.raises(BadInput):
        text_file.read(tmp_path / "gone.txt", 1)


@pytest.mark.parametrize(
    "text",
    [
        "One.\nTwo.\n\nThree.",
        "a " * 5_000,
        "字" * 4_000,
        "Short. " * 2_000 + "\nEnd.",
        "\n" * 3_000,
    ],
)
def test_a_file_is_cut_into_small_pieces_that_are_the_whole(text):
    cut = list(sentences.pieces(text, 300, 600))
    assert "".join(cut) == text and max(map(len, cut)) <= 600


@pytest.mark.parametrize("signs", [".", "!?", "…", '."', "a." + " " * 199_000, '. "', "Mr. "])
def test_a_run_of_signs_takes_time_as_it_is_long(signs):
    """Squared, it would be minutes."""
    text = (signs * (200_000 // len(signs) + 1))[:200_000]
    assert "".join(one.before + one.text + one.after for one in sentences.split(text)) == text


def test_a_long_line_is_looked_at_a_piece_at_a_time(monkeypatch):
    seen, split = [], sentences.split
    monkeypatch.setattr(sentences, "split", lambda text: seen.append(len(text)) or split(text))
    text = "Short one. " * 2_000 + "." * 5_000
    cut = list(sentences.pieces(text, 300, 600))
    assert "".join(cut) == text and max(seen) == 600
    assert all(one.endswith("one. ") for one in cut[:15])


def done(engine, text, direction="en-fr", key=EN_FR) -> list[files.Done]:
    job = files.Job("letter.txt", text, direction, engine.entries[key])
    return collect(files.translating(engine, SAY, job))


def test_a_file_is_asked_piece_by_piece_and_counted_in_lines(engine):
    text = "".join(f"Line {n} has a few words in it.\n" for n in range(200))
    steps = done(engine, text)
    assert steps[-1].ended and steps[-1].lines == steps[-1].of == 200
    assert steps[-1].made == "".join(turned(line) + "\n" for line in text.splitlines())
    assert len(engine.asked) > 3 and engine.most_open == 1
    counts = [step.lines for step in steps]
    assert counts == sorted(counts) and len(set(counts)) > 3


LONG = "I know a few words in this line.\n" * 100  # more than five pieces


def test_a_long_text_is_asked_piece_by_piece_and_shown_as_it_grows(engine):
    steps = collect(answering.answering(engine, SAY, LONG, "en-fr", EN_FR))
    asked = [one["text"] for _, one, _ in engine.asked]
    assert "".join(asked) == LONG and len(asked) > 5 and engine.most_open == 1
    growing = [step for step in steps if step.html and step.bar]
    assert len(growing) == len(asked) - 1 and 'aria-busy="true"' in growing[0].html
    assert f'max="{len(LONG)}" value="{len(asked[0])}"' in growing[0].bar
    sizes = [len(step.html) for step in growing]
    assert sizes == sorted(set(sizes))
    last = steps[-1]
    assert not last.bar and last.now.result["translation"] == "\n".join(
        map(turned, LONG.split("\n"))
    )
    assert len(last.now.result["sentences"]) == 100 and last.now.text == LONG
    beside = asyncio.run(answers.translate(engine, engine.entries[EN_FR], LONG, "en", "fr"))
    assert beside.result == last.now.result


def test_a_refusal_in_the_middle_of_a_long_text_keeps_what_there_is(engine):
    first, second = "I know a few words.\n" * 6, "Nobody knows them all.\n" * 5
    engine.refusing[second] = Busy(waiting=3)
    last = collect(answering.answering(engine, SAY, first + second, "en-fr", EN_FR))[-1]
    assert turned("words.") in last.html and 'role="alert"' in last.html and not last.bar


def test_a_piece_takes_the_signs_after_what_is_kept_along():
    text = "Please write a mail to me@x.org, please. " * 20
    cut = list(sentences.pieces(text, 300, 600))
    whole = [one.text for one in sentences.split(text)]
    assert len(cut) > 2 and [one.text for each in cut for one in sentences.split(each)] == whole


@pytest.mark.parametrize(
    "text",
    [
        "妈妈对我说：“你今天要早点回家。我们一起吃晚饭。别忘了带上你的作业。”我点了点头。",
        'She said: "I am tired of all this. We should go home now. There is nothing left for us in '
        'this old and cold and noisy place, is there?" He only nodded.',
    ],
)
def test_what_somebody_says_is_not_torn(text):
    cut = list(sentences.pieces(text * 2, 40, 600))
    assert "".join(cut) == text * 2 and len(cut) > 1
    assert all(piece.count("“") == piece.count("”") for piece in cut)
    assert all(piece.count('"') % 2 == 0 for piece in cut)


def test_who_leaves_a_long_text_leaves_no_more_than_a_piece_of_it(engine):
    """A visitor pasted 4,400 characters and then something short, which waited for all of them."""

    async def run():
        visit = Latest()
        async with aclosing(
            in_place(visit, answering.answering(engine, SAY, LONG, "en-fr", EN_FR))
        ) as steps:
            async for step in steps:
                if step is not HEARTBEAT and step.html:
                    visit.end()
        return len(engine.asked)

    assert asyncio.run(run()) <= 2


def test_pieces_of_chinese_are_put_together_with_the_blanks_of_the_other_language(engine):
    text = "我们在花园里。" * 200
    entry = engine.entries[EN_ZH]
    found = asyncio.run(answers.translate(engine, entry, text, "zh", "en")).result["translation"]
    pieces = [one["text"] for _, one, _ in engine.asked]
    assert len(pieces) > 2 and found == " ".join(map(turned, pieces))


def test_pieces_without_a_word_are_kept_and_asked_of_nobody(engine):
    assert done(engine, "1\n\n2\n")[-1].made == "1\n\n2\n" and not engine.asked


def test_a_refusal_in_the_middle_keeps_what_was_made(engine):
    first, second = "ab\n" * 40, "cd\n" * 40
    engine.refusing[second] = Busy(waiting=3)
    last = done(engine, first + second)[-1]
    assert last.ended and last.lines == 40 and last.made == "ba\n" * 40
    html = files.shown(SAY, files.Job("letter.txt", "", "en-fr", engine.entries[EN_FR]), last)
    assert 'role="alert"' in html and "download=" in html


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_finished_file_travels_in_the_page(engine, lang):
    job = files.Job('<b>"x".txt', "é <i>x</i>\n", "en-fr", engine.entries[EN_FR])
    last = collect(files.translating(engine, WORDS.speaker(lang), job))[-1]
    html = files.shown(WORDS.speaker(lang), job, last)
    data = re.search(r'href="data:text/plain;charset=utf-8;base64,([^"]+)"', html)[1]
    assert base64.b64decode(data).decode() == last.made
    assert 'download="&lt;b&gt;&quot;x&quot;.fr.txt"' in html
    assert "<b>" not in html and "<i>" not in html


def callback(engine, name):
    """A callback of the tab by its name, the one of Try where there are several."""
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(engine, WORDS)
    found, *_ = [fn.fn for fn in page.fns.values() if fn.name == name]
    return found


def file_of(engine, visit, file):
    return callback(engine, "on_file")(visit, file, "en-fr", EN_FR, gr.Request())


def test_what_nobody_expected_in_the_middle_keeps_what_was_made(engine, tmp_path):
    first, second = "ab\n" * 40, "cd\n" * 40
    engine.refusing[second] = ValueError("a bug")
    came = []

    async def run():
        async for step in file_of(engine, files.Visit(), sent(tmp_path, (first + second).encode())):
            came.append(step)

    with pytest.raises(gr.Error):
        asyncio.run(run())
    data = re.search(r'base64,([^"]+)"', came[-1][0])[1]
    assert base64.b64decode(data).decode() == "ba\n" * 40
    assert came[-1][1]["visible"] is False


def test_a_file_that_is_refused_leaves_the_one_under_way(engine, tmp_path):
    async def run():
        engine.gate, visit, came = asyncio.Event(), files.Visit(), []

        async def read():
            async for step in file_of(engine, visit, sent(tmp_path, b"Hello.\n", "one.txt")):
                came.append(step)

        first = asyncio.ensure_future(read())
        while not engine.open:
            await asyncio.sleep(0.01)
        with pytest.raises(gr.Error, match="UTF-8"):
            async for _ in file_of(engine, visit, sent(tmp_path, b"\xff", "two.txt")):
                pass
        engine.gate.set()
        await asyncio.wait_for(first, 10)
        assert not visit.file.under_way
        [refused] = [s async for s in file_of(engine, visit, sent(tmp_path, b"\xff", "two.txt"))]
        return came, refused

    came, refused = asyncio.run(run())
    assert "download=" in came[-1][0] and 'role="alert"' in refused[0]


@pytest.mark.parametrize("raw", [b"Hello.\n", b"\xff"])
def test_a_file_does_not_stay_on_the_server(engine, tmp_path, raw):
    file = sent(tmp_path, raw)
    collect(file_of(engine, files.Visit(), file))
    assert not file.exists()


def test_lines_are_counted_alike_on_the_way_and_at_the_end(engine):
    steps = done(engine, "ab cd\u2028" * 1_000 + "end")
    assert steps[-1].lines == steps[-1].of == 1_001
    assert steps[-2].lines > 600


# Setting up


def test_what_does_not_change_is_not_written_back(engine):
    """The visitor may have typed on while the click was on its way."""
    skip, turn, own = gr.skip(), streaming.Latest(), "I am a teacher."

    def set_up(name, *sent):
        return list(asyncio.run(callback(engine, name)("", turn, *sent, gr.Request())))

    direction, text, model, _ = set_up("on_direction", "en-fr", own, PLAIN)
    assert direction == text == skip and "value" not in model
    _, text, model, _ = set_up("on_direction", "zh-en", "I am a student.", PLAIN)
    assert text == "我是学生。" and model["value"] == EN_ZH
    direction, text, *_ = set_up("on_swap", "en-fr", own, EN_FR, None)
    assert direction == "fr-en" and text == skip
    event = gr.EventData(None, {"name": "fr-en"})
    direction, text, *_ = set_up("on_turn", EN_FR, event)
    assert direction == "fr-en" and text == skip
    opening = callback(engine, "on_open")
    _, text, *_ = asyncio.run(opening("", False, own, EN_FR, None, gr.Request()))
    assert text == skip


@pytest.mark.parametrize(
    ("text", "direction", "stays"),
    [
        ("I am a teacher.", "en-zh", True), ("I am a teacher.", "en-fr", True),
        ("Je suis étudiant.", "fr-en", True), (examples.EXAMPLES["en"][2], "en-fr", True),
        ("I am a student.", "en-fr", False), (" ", "fr-en", False), ("I am.", "en-xx", False),
        (None, None, False),
    ],
)  # fmt: skip
def test_what_was_chosen_before_the_language_changed_is_set_up_again(
    engine, text, direction, stays
):
    opening = callback(engine, "on_open")
    asked = gr.Request(query_params={"lang": "zh"})
    got = asyncio.run(opening("", False, text or "", EN_FR, direction, asked))
    if stays:
        assert got[:2] == (direction, text) and got[-1] is True
    else:
        assert got[0] == "zh-en"


def test_no_code_is_a_name_while_the_page_opens(engine):
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(engine, WORDS)
    listed = [b for b in page.blocks.values() if isinstance(b, gr.Radio | gr.Dropdown)]
    assert len(listed) >= 2
    assert {name for one in listed for name, _ in one.choices} == {layout.UNNAMED}


def test_the_last_direction_chosen_counts(engine):
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(engine, WORDS)
    [found] = [fn for fn in page.fns.values() if fn.name == "on_direction"]
    assert found.trigger_mode == "always_last"


# The page


def test_the_tab_builds_and_its_events_run_as_a_batch(engine):
    with gr.Blocks() as page:
        tab.build(engine, WORDS)
    limits = {fn.name: fn.concurrency_limit for fn in page.fns.values()}
    for name in ("on_say", "on_compare", "on_file", "translate"):
        assert limits[name] == 16
    public = {fn.api_name for fn in page.fns.values() if fn.api_visibility == "public"}
    assert public == {"translate"}


def test_no_text_is_refused_in_a_sentence():
    with pytest.raises(TooLong):
        answers.checked("x" * (answers.MOST_TEXT + 1))
    with pytest.raises(Exception, match="This is no text but"):
        answers.checked(["a"])


def test_what_nobody_expected_takes_the_bar_away_and_is_raised(engine):
    engine.refusing["Hello."] = ValueError("a bug")
    asked = callback(engine, "on_say")
    came = []

    async def read():
        places = streaming.Latest(), streaming.Latest()
        async for step in asked(*places, "Hello.", "en-fr", EN_FR, False, gr.Request()):
            came.append(step)

    with pytest.raises(gr.Error):
        asyncio.run(read())
    assert came[-1] == ("", *[gr.skip()] * 10)
