"""Share: the link of a text writes the same again; where none can, there is none."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape

import pytest
from fake_writers import FakeEngine
from served import WORDS

from demos import page
from demos.text.tryout import Order, answering, form, openings, sharing, writing
from demos.text.tryout.writing import Written

SAY = WORDS.speaker("en")
SHAKESPEARE, TANG = "text/shakespeare", "text/tang"


@pytest.fixture
def engine(tmp_path):
    return FakeEngine(tmp_path)


def last(engine, order, stopped=None) -> answering.Step:
    async def run():
        steps = answering.steps(engine, SAY, order, stopped or asyncio.Event())
        return [step async for step in steps][-1]

    return asyncio.run(run())


def link(html: str) -> dict[str, str] | None:
    found = re.search(r'data-share="([^"]*)"', html)
    return json.loads(unescape(found[1])) if found else None


def wish(engine, key=SHAKESPEARE, prompt="ROMEO:\n", acrostic="", **options):
    return writing.wished(engine.entries[key], prompt, acrostic, **options)


@pytest.mark.parametrize(
    ("key", "prompt", "acrostic"),
    [(SHAKESPEARE, 'A "<b>', ""), (TANG, "春风", ""), (TANG, "", "春夏")],
)
def test_a_link_asks_for_the_same_text(engine, key, prompt, acrostic):
    asked = wish(engine, key, prompt, acrostic, length=60, temperature=0.5, seed=41)
    told = link(last(engine, Order(wish=asked)).html)
    assert told is not None and told["tab"] == "text" and told["model"] == key
    shared = sharing.linked(told)
    assert shared is not None
    temperature, length, seed = shared.numbers
    again = wish(
        engine, key, shared.prompt, shared.acrostic,
        temperature=temperature, length=length, seed=seed,
    )  # fmt: skip
    assert (again, again.options) == (asked, asked.options)


def test_a_text_that_was_continued_or_stopped_has_a_picture_and_no_link(engine):
    asked = wish(engine, length=60, seed=1)
    start = Written(asked, "Speak, ", (0.5,) * 7)
    continued = last(engine, Order(start=start, fetch=True)).html
    assert link(continued) is None and "data-picture" in continued
    html = sharing.buttons(SAY, engine.entries[SHAKESPEARE], start, again=False)
    assert link(html) is None and "data-picture" in html


def test_what_no_address_holds_has_no_link(engine):
    now = Written(wish(engine, prompt="a" * (sharing.MOST_LINKED + 1), seed=1), "x", (0.5,))
    html = sharing.buttons(SAY, engine.entries[SHAKESPEARE], now, again=True)
    assert link(html) is None and "data-picture" in html
    assert sharing.buttons(SAY, engine.entries[SHAKESPEARE], Written(now.wish), again=True) == ""


@pytest.mark.parametrize(
    "query", [{}, {"prompt": "a"}, {"seed": "1"}, {"text_seed": "1", "exhibit": "pen"}]
)
def test_an_address_that_asks_for_no_text_is_none(query):
    assert sharing.linked(query) is None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"tab": "text", "model": "text/nope"}, ["text/nope"]),
        ({"text_seed": "1", "model": "classification/imagenet"}, ["classification/imagenet"]),
        ({"tab": "text", "model": SHAKESPEARE}, []),
        ({"tab": "text"}, []),
        ({"tab": "translation", "model": "text/nope"}, []),
        ({"tab": "text", "exhibit": "pen", "model": "handwriting/nope"}, []),
    ],
)
def test_a_model_that_is_not_here_is_told_where_the_address_leads(engine, query, told):
    assert [error.fields["model"] for error in sharing.wrong(engine, query, SAY)] == told


@pytest.mark.parametrize(
    ("temperature", "length", "numbers", "told"),
    [
        ("1.8", "60", (1.5, "60"), ["The temperature is a number from 0.1 to 1.5"]),
        ("0.5", "30", ("0.5", 50), ["The length is a number from 50 to 2000"]),
        ("0.01", "1e9", (0.1, 2_000), ["The temperature", "The length"]),
        ("1.5", "50", ("1.5", "50"), []),
        ("warm", "", ("warm", None), []),  # refused where it is written
        (None, "nan", (None, "nan"), []),
    ],
)
def test_numbers_of_a_link_stay_within_the_sliders(engine, temperature, length, numbers, told):
    query = {"text_seed": "5", "temperature": temperature, "length": length}
    query = {name: value for name, value in query.items() if value is not None}
    assert sharing.linked(query).numbers == (*numbers, "5")
    wrong = [page.sentence_of(error, SAY) for error in sharing.wrong(engine, query, SAY)]
    assert len(wrong) == len(told)
    assert all(sentence.startswith(begin) for sentence, begin in zip(wrong, told, strict=True))


def test_the_form_shows_what_a_link_asked_for(engine):
    asked = wish(engine, TANG, "", "春夏", length=60, temperature=0.5, seed=41)
    told = form(SAY, engine, TANG, openings.Opening(""), asked)
    assert told[1]["value"] == "春夏" and told[-3:] == (0.5, 60, "41")
