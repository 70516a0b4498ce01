"""Teach the pen a hand: the words that are given, the file that the page sends, the pen in Try."""

from __future__ import annotations

import asyncio
import html
import json
import re

import pytest
from fake_pens import FakePens, entry

from demos.handwriting import request, tryout
from demos.handwriting.train import GIVEN, LEAST, RECIPE, pad
from demos.language import LANGUAGES
from inference.errors import UnknownModel
from pretrained import checkpoint
from pretrained.catalog import folder_of

PEN = "handwriting/pen"


def zigzag(word: str) -> list[list[tuple[float, float]]]:
    """Strokes in pixels, y down, about as many and as wide as a word has."""
    tall = 2.7 if any(c in "bdfhklt" or c.isupper() for c in word) else 1.8
    return [[(20 * n + 3 * step, 60 - 20 * tall * (step % 2)) for step in range(6)]
            for n, _ in enumerate(word.replace(" ", ""))]  # fmt: skip


def test_the_given_words_have_every_letter_and_none_that_the_pen_cannot_write():
    known = checkpoint.read_json(folder_of(PEN), checkpoint.CONFIG)["characters"]
    assert set("".join(GIVEN)) <= set(known)
    assert set("abcdefghijklmnopqrstuvwxyz") <= set("".join(GIVEN))
    assert len(set(GIVEN)) == len(GIVEN) == 15


def test_the_room_asks_for_as_many_words_as_the_recipe():
    from pretrained.handwriting import adapt

    assert LEAST == adapt.LEAST and RECIPE.starts[0].key == adapt.KEY


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_room_says_every_word_and_takes_no_files(trainer, lang):
    page = trainer.html(RECIPE, lang, pad)
    assert "data-give" not in page
    told = json.loads(html.unescape(re.search(r'data-hand="([^"]+)"', page)[1]))
    assert told["given"] == list(GIVEN) and all(told["words"].values())
    for action in ("next", "undo", "clear", "skip"):
        assert f'data-do="{action}"' in page


def test_the_file_that_the_page_sends_is_what_the_recipe_reads(trainer):
    from pretrained.handwriting import adapt

    rows = [{"text": word, "strokes": zigzag(word)} for word in GIVEN]
    upload = trainer.gave(("writings.json", json.dumps(rows).encode()))
    job = trainer.trained(upload, PEN)
    assert trainer.jobs.store.get(job.id).data == "data/writings.json"
    file = job.out.parent / "data" / "writings.json"
    known = checkpoint.read_json(folder_of(PEN), checkpoint.CONFIG)["characters"]
    assert adapt.is_own(file)
    kept, _ = adapt.read(file, known)
    assert len(kept) >= LEAST


def test_try_writes_with_the_pen_that_was_taught(tmp_path, words):
    engine = FakePens(tmp_path)
    own = entry(tmp_path, "handwriting/own", styles=[{"name": "Own hand", "width": 1.2}])
    engine.entries[own.key] = own
    asked = {"text": "hello", "style": 0, "model": own.key, "run": 1}
    assert request.asked(engine, asked).key == own.key
    assert request.asked(engine, {"text": "hello"}).key == PEN
    wrote, stream = [], engine.stream
    engine.stream = lambda key, *told, **more: wrote.append(key) or stream(key, *told, **more)

    async def shown() -> list:
        return [one async for one in tryout.updates(engine, words.speaker("en"), asked)]

    steps = asyncio.run(shown())
    assert steps[-1]["ended"] and steps[-1]["samples"]
    assert wrote == [own.key]


@pytest.mark.parametrize("key", ["handwriting/reader", "handwriting/none", "text/shakespeare", 7])
def test_what_is_no_pen_writes_nothing(tmp_path, key):
    with pytest.raises(UnknownModel):
        request.asked(FakePens(tmp_path), {"text": "hello", "model": key})


def test_the_hand_that_was_taught_is_offered_where_the_address_names_it(words):
    form = tryout.form(words.speaker("en"), [])
    assert re.search(r'data-show="trained" hidden><input type="radio" name="style"\s', form)
