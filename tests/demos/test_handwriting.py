"""The pen between page and engine: what is asked, written, read, looked into, refused."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from html import unescape

import numpy as np
import pytest
from fake_pens import POINTS, READER, FakePens

from demos.handwriting import inside, learn, request, train, tryout, writing
from demos.handwriting.request import MOST_POINTS, MOST_STROKES, MOST_TEXT, asked
from demos.language import DEMOS, Words
from demos.page import articles
from inference.errors import Busy, Refusal
from pretrained.text.options import BadOption

WORDS = Words()
STROKES = [[[0, 0], [10, 20.5], [20, 0]], [[30, 5], [30, 25]]]


@pytest.fixture
def engine(tmp_path):
    return FakePens(tmp_path)


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def board(engine, lang="en", **sent) -> list[dict]:
    """All updates of the board for a wish."""
    return collect(tryout.updates(engine, WORDS.speaker(lang), {"run": 7, "text": "a cat", **sent}))


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def points(sent: str) -> list[tuple[int, int, bool]]:
    """Points as pen_ink.js reads them."""
    found = re.findall(r"(-?\d+),(-?\d+)(/?)", sent)
    return [(int(x), int(y), bool(up)) for x, y, up in found]


# What is asked


def test_what_is_left_open_gets_its_usual_value(engine):
    wish = asked(engine, {"text": "hello"})
    assert wish.lines == ("hello",) and wish.left_out == ()
    assert (wish.style, wish.bias, wish.samples, wish.seed) == (0, 0.6, 1, 0)
    assert wish.options(2) == {"style": 0, "bias": 0.6, "seed": 2}


def test_a_new_line_begins_a_new_line_and_long_ones_are_folded(engine):
    wish = asked(engine, {"text": "one two\nthree", "columns": 12})
    assert wish.lines == ("one two", "three")
    folded = asked(engine, {"text": "word " * 20, "columns": 16}).lines
    assert len(folded) > 4 and all(len(line) <= 16 for line in folded)
    assert " ".join(folded).split() == ["word"] * 20


@pytest.mark.parametrize(
    ("sent", "kept", "gone"),
    [
        ("tea 茶 for 二", "tea for", ("茶", "二")),
        ("hi 🙂!", "hi !", ("🙂",)),
        ("bell\x07 \x1b[0m", "bell 0m", ("\x07", "\x1b", "[")),
        ("left שלום right", "left right", tuple("שלום")),
        ("\u202eevil", "evil", ("\u202e",)),
        ("half \ud83d", "half", ("\ufffd",)),
        ("茶！tea", "!tea", ("茶",)),
    ],
)
def test_what_the_pen_cannot_write_is_left_out_and_named(engine, sent, kept, gone):
    wish = asked(engine, {"text": sent})
    assert wish.lines == (kept,)
    assert wish.left_out == gone


def test_what_is_named_cannot_steer_the_page_or_carry_markup(engine):
    wish = asked(engine, {"text": "a \u202e\x07<>"})
    for lang in ("en", "zh"):
        said = request.note(WORDS.speaker(lang), wish)
        assert "U+202E U+0007" in said and "\u202e" not in said and "&lt;" in said
        assert said.count("<") == 4  # <p><bdi></bdi></p>


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("“it’s” – …", '"it\'s" - ...'),
        ("Hello，world！", "Hello,world!"),
        ("１２３、Ｔｅａ：（ｘ）；ｗｈｙ？　‘ａ’。", "123,Tea:(x);why? 'a'."),
        ("\ufefflo\u00adve\u200b", "love"),
        ("Hello, world!", "Hello, world!"),
    ],
)
def test_signs_of_a_word_processor_are_written_as_the_hand_does(engine, sent, written):
    wish = asked(engine, {"text": sent})
    assert wish.lines == (written,) and not wish.left_out


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"hand": "99"}, ["There is no hand 99: choose one from 0 to 2."]),
        (
            {"pen_seed": "1", "bias": "abc", "columns": "30.5"},
            [
                "The legibility cannot be “abc”: choose a number from 0 to 3.",
                "The width of a line cannot be “30.5”: choose a whole number from 12 to 60.",
            ],
        ),
        ({"pen_seed": "1", "bias": "2", "columns": "30", "hand": "2", "model": "text/tang"}, []),
        ({"exhibit": "text", "hand": "99"}, []),
    ],
)
def test_what_a_link_cannot_have_is_told(engine, query, told):
    wrong = request.wrong(engine, {"exhibit": "pen"} | query)
    assert [request.sentence_of(error, WORDS.speaker("en")) for error in wrong] == told


REFUSED = {
    "empty": ({"text": ""}, "pen_nothing"),
    "nothing": ({"text": None}, "pen_nothing"),
    "blanks": ({"text": " \n\t "}, "pen_nothing"),
    "chinese": ({"text": "你好，世界"}, "pen_unwritable"),
    "emoji": ({"text": "🙂🙂"}, "pen_unwritable"),
    "control": ({"text": "\x07\x08"}, "pen_unwritable"),
    "endless": ({"text": "a" * 100_000}, "pen_text_too_long"),
    "seed": ({"seed": "abc"}, "bad_option"),
    "seed half": ({"seed": 0.5}, "bad_option"),
    "seed nan": ({"seed": "nan"}, "bad_option"),
    "seed list": ({"seed": [1]}, "bad_option"),
    "seed below": ({"seed": -1}, "bad_option"),
    "bias": ({"bias": 99}, "bad_option"),
    "samples": ({"samples": 5}, "bad_option"),
    "no samples": ({"samples": 0}, "bad_option"),
    "style": ({"style": 3}, "pen_no_such_hand"),
    "style below": ({"style": -1}, "pen_no_such_hand"),
    "style word": ({"style": "Graves"}, "pen_no_such_hand"),
    "no strokes": ({"strokes": [], "written": "a"}, "pen_one_point"),
    "one point": ({"strokes": [[[1, 2]]], "written": "a"}, "pen_one_point"),
    "no words": ({"strokes": STROKES, "written": " "}, "pen_not_spelled"),
    "chinese words": ({"strokes": STROKES, "written": "你好"}, "pen_unwritable"),
    "strokes nan": ({"strokes": [[[float("nan"), 0], [1, 1]]], "written": "a"}, "pen_bad_strokes"),
    "strokes inf": ({"strokes": [[[0, float("inf")], [1, 1]]], "written": "a"}, "pen_bad_strokes"),
    "strokes text": ({"strokes": "M0 0", "written": "a"}, "pen_bad_strokes"),
    "strokes mapping": ({"strokes": {"a": 1}, "written": "a"}, "pen_bad_strokes"),
    "stroke number": ({"strokes": [1, 2], "written": "a"}, "pen_bad_strokes"),
    "three numbers": ({"strokes": [[[1, 2, 3], [1, 2, 3]]], "written": "a"}, "pen_bad_strokes"),
    "letters": ({"strokes": [[["x", "y"], [1, 2]]], "written": "a"}, "pen_bad_strokes"),
    "far": ({"strokes": [[[1e9, 0], [1, 1]]], "written": "a"}, "pen_bad_strokes"),
    "many strokes": (
        {"strokes": [[[0, 0], [1, 1]]] * (MOST_STROKES + 1), "written": "a"},
        "pen_bad_strokes",
    ),
    "many points": (
        {"strokes": [[[0, 0]] * (MOST_POINTS + 1)], "written": "a"},
        "pen_bad_strokes",
    ),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_in_a_sentence_and_nothing_is_written(engine, name, lang):
    sent, code = REFUSED[name]
    [update] = board(engine, lang, **sent)
    assert update["refused"] and update["ended"] and update["run"] == 7
    option = f"text.option.{'number' if name == 'bias' else 'whole'}"
    key = option if code == "bad_option" else f"error.{code}"
    pattern = re.escape(WORDS.say(lang, key))
    assert re.search(re.sub(r"\\{\w+\\}", ".+", pattern), text(update["said"]))
    assert 'role="alert"' in update["said"] and not engine.asked


def test_a_refused_number_is_called_as_the_page_calls_it(engine):
    [update] = board(engine, "zh", seed="<b>")
    assert "随机种子" in update["said"] and "&lt;b&gt;" in update["said"]
    with pytest.raises(BadOption, match=r"^seed cannot be x"):
        asked(engine, {"text": "a", "seed": "x"})


def test_a_visitors_hand_travels_as_numbers(engine):
    wish = asked(engine, {"text": "a", "strokes": STROKES, "written": " my  hand ", "style": 2})
    assert wish.style is None and wish.written == "my hand"
    assert wish.options()["strokes"] == [
        [(0.0, 0.0), (10.0, 20.5), (20.0, 0.0)],
        [(30.0, 5.0), (30.0, 25.0)],
    ]


def test_the_longest_text_is_written(engine):
    assert "".join(asked(engine, {"text": "a" * MOST_TEXT}).lines) == "a" * MOST_TEXT


# Writing


def test_every_point_arrives_and_the_last_update_ends_it(engine):
    *_, last = board(engine)
    assert last["ended"] and last["run"] == 7
    [sample] = last["samples"]
    assert sample["done"] and len(sample["lines"]) == 1
    found = points(sample["lines"][0])
    assert len(found) == 4 * POINTS
    assert sum(up for *_, up in found) == 4


def test_each_update_holds_all_of_the_board(engine):
    """A page may skip updates: Gradio draws the last of those that come together."""
    steps = [u for u in board(engine, text="one two", columns=12, samples=2) if "begin" in u]
    assert all(u["begin"] == steps[0]["begin"] for u in steps)
    assert steps[0]["begin"]["lines"] == ["one two"] and steps[0]["begin"]["samples"] == 2
    grown = [u["samples"][0]["lines"] for u in steps if u.get("samples")]
    for before, after in itertools.pairwise(grown):
        assert all(a.startswith(b) for b, a in zip(before, after, strict=False))


def test_updates_are_few(engine, monkeypatch):
    """One a quarter of a second, and the last: however many points there are."""
    waits = []

    async def wait(tasks, timeout):
        waits.append(timeout)
        for _ in range(20):  # points that come meanwhile
            await asyncio.sleep(0)

    monkeypatch.setattr(writing.asyncio, "wait", wait)
    wish = asked(engine, {"text": "many letters in one line"})
    updates = collect(writing.writing(engine, wish))
    assert writing.EVERY >= 0.2 and set(waits) == {writing.EVERY}
    assert 3 < len(updates) <= len(waits) + 1


def test_places_are_rounded_so_that_a_line_does_not_drift():
    line = writing.Line("x")
    for _ in range(1000):
        line.add(0.004, -0.0049, False)
    assert sum(x for x, *_ in points(line.sent)) == 400
    assert sum(y for _, y, _ in points(line.sent)) == -490


def test_samples_differ_in_their_seed_alone_and_are_written_together(engine):
    board(engine, samples=4, seed=5, bias=1.5, style=2)
    assert [o["seed"] for _, o in engine.asked] == [5, 6, 7, 8]
    assert all(o["bias"] == 1.5 and o["style"] == 2 for _, o in engine.asked)
    assert engine.most_open == 4 and engine.open == 0


def test_a_seed_at_its_end_goes_on_from_the_beginning(engine):
    board(engine, samples=2, seed=2**31 - 1)
    assert [o["seed"] for _, o in engine.asked] == [2**31 - 1, 0]


def test_the_lines_of_a_text_are_written_one_after_the_other(engine):
    board(engine, text="one\ntwo\nthree")
    assert [t for t, _ in engine.asked] == ["one", "two", "three"] and engine.most_open == 1


def test_who_leaves_frees_every_pen(engine):
    async def leave() -> int:
        wish = asked(engine, {"text": "a long line of letters", "samples": 3})
        steps = writing.writing(engine, wish)
        await anext(steps)
        assert engine.open == 3
        await steps.aclose()
        return engine.open

    assert asyncio.run(leave()) == 0


def test_a_refusal_while_it_writes_is_said(engine):
    engine.failing["stream"] = Busy(waiting=9)
    *_, last = board(engine, "zh")
    assert last["refused"] and "9" in last["said"] and engine.open == 0


def test_what_nobody_expected_is_not_swallowed(engine):
    engine.failing["stream"] = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        board(engine)


# Reading


@pytest.mark.parametrize(
    ("meant", "read", "wrong"),
    [("cat", "cat", 0), ("cat", "cot", 1), ("cat", "ct", 1), ("ct", "cat", 1), ("", "ab", 2),
     ("abc", "", 3), ("kitten", "sitting", 3)],
)  # fmt: skip
def test_differences_are_the_fewest(meant, read, wrong):
    pairs = list(writing.alignment(meant, read))
    assert sum(a != b for a, b in pairs) == wrong
    assert "".join(a for a, _ in pairs) == meant and "".join(b for _, b in pairs) == read


def caption(engine, lang="en", **sent) -> str:
    return board(engine, lang, **sent)[-1]["samples"][0]["reads"]


def test_the_readers_reading_stands_under_the_writing(engine):
    said = caption(engine)
    assert "a cat" in text(said) and "<mark" not in said and "All 5 characters" in said


def test_what_it_misreads_is_marked(engine):
    engine.misread = {"a cat": "a <ut"}
    said = caption(engine)
    assert said.count("<mark") == 2 and "2 differences in 5 characters" in said
    assert 'title="Meant: c">&lt;</mark>' in said and "Meant: a" in said
    assert "有 2 处与原文不同" in caption(engine, "zh")


def test_missing_and_added_letters_are_marked(engine):
    engine.misread = {"a cat": "acat!"}
    said = caption(engine)
    assert '<mark class="gap" title="Not read: ␣">␣</mark>' in said
    assert '<mark title="Not in the text">!</mark>' in said


def test_each_line_is_read_by_itself(engine):
    engine.misread = {"two": "tow"}
    said = caption(engine, text="a cat\ntwo")
    assert "in 8 characters" in said and len(engine.read) == 2


def test_the_reader_is_given_places(engine):
    board(engine)
    [places] = engine.read
    assert places.shape == (4 * POINTS, 3) and places[:, 2].sum() == 4
    assert places[-1, 0] > places[POINTS, 0] > places[0, 0]  # absolute


def test_a_reader_that_fails_does_not_take_the_writing_away(engine):
    engine.failing[READER] = Busy(waiting=3)
    [sample] = board(engine)[-1]["samples"]
    assert sample["done"] and "3" in sample["reads"] and sample["lines"][0]


def test_without_a_reader_nothing_is_said_of_it(engine):
    del engine.entries[READER]
    assert caption(engine) == ""


# Look inside


def look(engine, lang="en", **sent) -> list[dict]:
    return collect(inside.looks(engine, WORDS.speaker(lang), {"run": 2, **sent}))


def test_the_trace_holds_every_point_with_window_and_mixture(engine):
    *_, last = look(engine, text="a cat")
    trace = last["trace"]
    assert trace["text"] == "a cat" and len(points(trace["points"])) == 4 * POINTS
    assert trace["at"] == [n for n in (0, 2, 3, 4) for _ in range(POINTS)]
    window = np.frombuffer(base64.b64decode(trace["window"]), np.uint8).reshape(-1, 5)
    assert window.shape == (4 * POINTS, 5) and window[0].tolist() == [191, 0, 0, 0, 0]
    mixture = np.frombuffer(base64.b64decode(trace["mixture"]), "<i2").reshape(-1, 4, 6)
    assert mixture.shape == (4 * POINTS, 4, 6)
    assert mixture[0, 0].tolist()[0] == 4000 and mixture[0, 0].tolist()[3:] == [200, 100, 3000]
    json.dumps(last)


def test_the_page_opens_with_a_hand_and_a_seed_that_were_chosen(engine):
    """Seed 0 of the first hand reads "+ I nearned": the first writing is one that was looked at."""
    form = tryout.form(WORDS.speaker("en"), [{}] * 3)
    assert f'data-seed="{tryout.SEED}"' in form and tryout.SEED != 0
    assert re.search(r'name="seed"[^>]* value=""', form), "and whoever presses Write gets another"
    [chosen] = re.findall(r'name="style" value="(\d+)"\s+data-letter="1" checked', form)
    assert int(chosen) == tryout.HAND
    look(engine)
    assert (
        engine.asked[-1][1]["seed"] == tryout.SEED and engine.asked[-1][1]["style"] == tryout.HAND
    )


def test_it_looks_at_what_was_asked_under_try(engine):
    look(engine, text="two words\nlines", style=1, bias=2, seed=9, samples=4, columns=12)
    [(line, options)] = engine.asked
    assert line == "two words" and options["trace"] is True
    assert (options["style"], options["bias"], options["seed"]) == (1, 2, 9)


def test_without_a_wish_it_looks_at_the_example(engine):
    *_, last = look(engine)
    assert tryout.EXAMPLE.startswith(last["trace"]["text"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_whose_hand_it_is(engine, lang):
    assert (
        WORDS.say(lang, "handwriting.try.hand", number=2) in look(engine, lang, style=1)[-1]["said"]
    )
    own = look(engine, lang, strokes=STROKES, written="my hand")[-1]
    assert WORDS.say(lang, "handwriting.inside.own") in own["said"]


def test_a_model_that_tells_little_leaves_gaps_not_errors():
    assert inside.sized(None, 3).tolist() == [0, 0, 0]
    assert inside.sized((0.5, float("nan"), 0.1, 9), 3).tolist() == [0.5, 0, 0.1]
    assert inside.components(None).shape == (4, 6)
    assert inside.components([(1, 2, 3, 4, 5, 6)] * 9).shape == (4, 6)


def test_bad_input_is_refused_inside_too(engine):
    [last] = look(engine, "zh", text="你好")
    assert "trace" not in last and "你 好" in text(last["said"])


# Markup


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_control_has_a_name(lang):
    form = tryout.form(WORDS.speaker(lang), [{}] * 3)
    controls = re.findall(r"<(?:input|textarea)\b", form)
    assert len(controls) == form.count("<label") == 10
    assert form.count("data-hand=") == 3
    assert "aria-label" in form[form.index("data-pad") : form.index("data-pad") + 60]


def test_the_keyboard_is_told_that_the_pad_needs_a_pointer():
    form = tryout.form(WORDS.speaker("en"), [{}] * 3)
    described = re.search(r'aria-describedby="([^"]+)"', form)
    assert described and all(f'id="{name}"' in form for name in described[1].split())
    assert WORDS.say("en", "handwriting.try.pointer") in text(form)


def test_a_thumbnail_is_drawn_by_the_pen(engine):
    sent = asyncio.run(writing.one_word(engine, "hello", 1))
    assert len(points(sent)) == 5 * POINTS and engine.asked[-1][1]["style"] == 1


def test_every_refusal_of_the_pen_is_a_refusal_with_words():
    for name in REFUSED:
        for lang in ("en", "zh"):
            assert WORDS.say(lang, f"error.{REFUSED[name][1]}")
    assert issubclass(request.PenUnwritable, Refusal)


# Train and Learn


def test_the_pen_is_given_the_time_that_the_words_say():
    assert "--minutes 120" in train.commands.TRAIN
    assert "two hours" in WORDS.say("en", "handwriting.train.run_how")
    assert "两小时" in WORDS.say("zh", "handwriting.train.run_how")


PEN_CARD = {
    "results": [
        {"n": 800, "metrics": {"cer_ratio": {"value": 0.99, "low": 0.83, "high": 1.25},
                               "cer_real": {"value": 0.164, "low": 0.136, "high": 0.19}}}
    ],
    "ladder": [
        {"name": name, "metric": "hand", "value": value, "low": value - 0.03, "high": value + 0.03,
         "n": 151}
        for name, value in (
            ("nearest of 8 hands is the own one: the pen", 0.95),
            ("the same for the pen after reading a line, no vector", 0.48),
            ("the same for real writing", 0.97),
            ("another <row>", 0.3),
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_pen_is_compared_with_people_on_the_same_texts(monkeypatch, lang):
    cards = {request.PEN: PEN_CARD, "handwriting/reader": {"results": [
        {"n": 5047, "metrics": {"cer": {"value": 0.175}}}]}}  # fmt: skip
    monkeypatch.setattr(learn.page, "read_metrics", cards.get)
    said = text(learn.legibility(WORDS.speaker(lang)))
    assert "16.4% ± 2.7" in said and "0.99 ± 0.21" in said and "800" in said and "17.5" not in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_how_well_a_hand_is_kept_stands_on_learn_from_the_card(monkeypatch, lang):
    monkeypatch.setattr(learn.page, "read_metrics", lambda key: PEN_CARD)
    say = WORDS.speaker(lang)
    html = learn.hands(say)
    order = [text(name) for name in re.findall("<li><span>(.*?)</span>", html)]
    assert order == [
        *(unescape(say(f"handwriting.chart.hand.{name}")) for name in ("real", "pen", "read")),
        "another <row>",
    ]
    assert "95.0% ± 3.0<" in html and "8" in text(html) and "151" in text(html)
    article = (DEMOS / "text" / f"learn.{lang}.md").read_text("utf-8")
    assert "{{figure:hands}}" in article and "{{figure:pen}}" in article


def test_the_card_of_the_pen_says_who_chose_its_hands():
    folder = articles.CHECKPOINTS / "handwriting/checkpoints/pen"
    limits = json.loads((folder / "config.json").read_text("utf-8"))["limits"]
    assert "chosen by the very reader" in limits and "0.6" in limits
    assert limits in (folder / "README.md").read_text("utf-8")


def test_the_reader_has_one_name_in_chinese():
    article = (DEMOS / "text/learn.zh.md").read_text("utf-8")
    said = article + (DEMOS / "handwriting/words.zh.toml").read_text("utf-8")
    assert "识别网络" in said and not re.search("阅读网络|读字的网络|真实字行", said)
