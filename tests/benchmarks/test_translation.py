"""Translations are counted and compared, and the rivals write as much. Nothing is timed here."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from tiny_translators import ENGLISH, tiny

from benchmarks import translation
from benchmarks.load import Effort, Load
from benchmarks.sentences import TEXTS, Sentence
from benchmarks.translation import BEAMS, COLUMNS, Setting, differences, prepared, served, table
from pretrained.translation import everyday

SENTENCES = [
    Sentence("one", (5, 1), {1: 3, 4: 5}),
    Sentence("one two three", (5, 6, 7, 1), {1: 6, 4: 8}),
]


class Pieces:
    """A token for each word."""

    pad, end, marks = 0, 1, {"en": 2, "fr": 3}

    def encode(self, text: str) -> list[int]:
        return [3 + len(word) for word in text.split()]

    def __len__(self) -> int:
        return 60


class Translator:
    """Writes a sentence backwards, and with four beams a word more."""

    vocabulary, config = Pieces(), {"parameters": 60_000}

    def predict(self, texts, *, source, target, beams):
        assert (source, target) == ("en", "fr")
        end = " !" if beams > 1 else ""
        return [{"translation": text[::-1] + end} for text in texts]


def test_no_two_sentences_are_alike_and_they_are_as_many_as_the_largest_batch() -> None:
    assert len(set(TEXTS)) == len(TEXTS) == max(translation.BATCHES)


def test_a_sentence_knows_its_tokens_and_how_many_its_translation_has() -> None:
    sentences, alone = prepared(Translator(), ["a bc", "abc"])
    assert [one.tokens for one in sentences] == [(4, 5, 1), (6, 1)]
    assert alone == {1: ["cb a", "cba"], 4: ["cb a !", "cba !"]}
    assert [one.written for one in sentences] == [{1: 3, 4: 4}, {1: 2, 4: 3}]


def test_what_a_batch_gives_is_compared_with_the_sentence_alone() -> None:
    """The translator forgets the last sentence of every batch of two."""

    def translate(batch, beams):
        return [*served(Translator(), batch[:1], beams), *("?" for _ in batch[1:])]

    rows = {batch: Setting("a way", batch, beams=1) for batch in (1, 2)}
    alone = ["eno", "eerht owt eno"]
    assert differences(translate, SENTENCES, alone, rows[1]) == []
    assert differences(translate, SENTENCES, alone, rows[2]) == ["'?' instead of 'eerht owt eno'"]


def test_a_row_stands_beside_one_by_one_and_says_what_failed() -> None:
    setting = Setting(
        "a way",
        8,
        beams=4,
        loads=[Load(2.0, (0.1, 0.3, 0.2, 0.2)), Load(1.0, (0.4,), 1, "TimeoutError: ")],
        references=[1.0, 0.5],
        wrong=["'a' instead of 'b'"],
    )
    found = table("cpu", [setting], ["another left out"]).as_json()
    assert tuple(found["rows"][0]) == COLUMNS and found["title"] == "Translating on cpu"
    assert found["rows"] == [
        {
            "way": "a way",
            "beams": 4,
            "at once": 8,
            "sentences/s": {"median": 1.5, "low": 1.0, "high": 2.0, "n": 2},
            "times one by one": {"median": 2.0, "low": 2.0, "high": 2.0, "n": 2},
            "p50 ms": pytest.approx(200),
            "sentences": 5,
            "failed": 2,
        }
    ]
    assert found["notes"][-2:] == [
        "another left out",
        "a way, 8 at once, a failure: 'a' instead of 'b'",
    ]


def test_every_way_is_measured_with_every_number_of_beams_and_sentences(monkeypatch) -> None:
    """The engine here gives one sentence another translation: only its rows have failures."""
    from benchmarks.rivals import translators

    entry = SimpleNamespace(load=lambda device: Translator())
    naive = SimpleNamespace(predict=lambda batch: [[1] for _ in batch])

    @asynccontextmanager
    async def engine(device, sentences, beams):
        async def ask(caller: int, sample: int) -> str:
            await asyncio.sleep(0)
            return served(Translator(), [sentences[sample]], beams)[0] if sample else "?"

        yield ask

    monkeypatch.setattr(translation, "TEXTS", ("one", "one two", "one two three"))
    monkeypatch.setattr(
        translation,
        "catalog",
        SimpleNamespace(entries=lambda: {translation.KEY: entry}, find=lambda key: entry),
    )
    monkeypatch.setattr(translation, "through_engine", engine)
    monkeypatch.setattr(translators.OneByOne, "of", lambda *given: naive)
    monkeypatch.setattr(
        translation, "rivals", lambda *given: ({"a rival": served_by_nobody}, ["no other rival"])
    )
    said: list[str] = []
    effort = Effort(repeats=2, seconds=60, calls=6, callers=(1, 3))
    found = asyncio.run(translation.measure("cpu", effort, said.append)).as_json()
    rows = [(row["way"], row["beams"], row["at once"]) for row in found["rows"]]
    ways = ("the translator, predict", "this app's engine", "a rival")
    assert rows == [
        (translation.ALONE, 1, 1),
        *((way, beams, batch) for way in ways for beams in BEAMS for batch in effort.callers),
    ]
    assert all(
        row["sentences/s"]["n"] == row["times one by one"]["n"] == 2 for row in found["rows"]
    )
    failed = {row["way"] for row in found["rows"] if row["failed"]}
    assert failed == {"this app's engine"}
    assert "no other rival" in found["notes"]
    assert "this app's engine, 3 at once, a failure: '?' instead of 'eno'" in found["notes"]
    assert said[-1] == "a rival: 4 beams, 3 at once, 2 of 2"


def served_by_nobody(batch, beams):
    return ["anything"] * len(batch)


def test_without_the_model_the_table_says_so(monkeypatch) -> None:
    monkeypatch.setattr(translation, "catalog", SimpleNamespace(entries=dict))
    found = asyncio.run(translation.measure("cpu", Effort(), print)).as_json()
    assert found["rows"] == [] and translation.KEY in found["notes"][-1]


# ---- rivals --------------------------------------------------------------------------------------


def test_one_by_one_writes_what_the_translator_writes(tmp_path) -> None:
    """The likeliest token each time: the served arithmetic agrees with nn.LSTM's."""
    from benchmarks.rivals.translators import OneByOne
    from pretrained import catalog

    entry = catalog.from_folder(tiny(tmp_path / "tiny"))
    model = entry.load("cpu")
    naive = OneByOne.of(entry, model.vocabulary, "fr", "cpu")
    sentences, alone = prepared(model, ENGLISH)
    written = naive.predict(sentences)
    # a served sentence begins with a capital, whatever the network wrote
    texts = [everyday.capital(model.vocabulary.decode(tokens)) for tokens in written]
    assert texts == [everyday.capital(text) for text in alone[1]]
    assert any(alone[1]) and written[0][-1] == model.vocabulary.end


@pytest.mark.parametrize("parameters", [60_000, 3_580_528])
def test_the_marian_has_as_many_weights_as_the_network(parameters: int) -> None:
    pytest.importorskip("transformers")
    from benchmarks.rivals.translators import Marian

    assert Marian(parameters, 60, 1, "cpu").parameters == pytest.approx(parameters, rel=0.05)


def test_a_batch_of_the_marian_writes_as_many_tokens_as_the_translator() -> None:
    pytest.importorskip("transformers")
    from benchmarks.rivals.translators import Marian

    marian = Marian(60_000, 60, 1, "cpu")
    # The start and, on the average of 3 and 6, or of 5 and 8, so many tokens for each sentence.
    assert marian.generate(SENTENCES[:1], 1).shape == (1, 1 + 3)
    assert marian.generate(SENTENCES, 1).shape == (2, 1 + 4)
    assert marian.generate(SENTENCES, 4).shape == (2, 1 + 6)


def test_ctranslate2_runs_that_very_marian(tmp_path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("ctranslate2")
    from benchmarks.rivals.translators import Converted, Marian, convert

    marian = Marian(60_000, 60, 1, "cpu")
    converted = Converted(convert(marian, tmp_path / "marian"), 1, "cpu", "float32")
    expected = marian.generate(SENTENCES, 1)[:, 1:].tolist()
    assert converted.generate(SENTENCES, 1) == [[str(n) for n in row] for row in expected]
    assert [len(row) for row in converted.generate(SENTENCES, 4)] == [6, 6]


@pytest.mark.parametrize(
    ("missing", "ways", "reason"),
    [
        ("transformers", [], "Marian left out: transformers is not installed"),
        (
            "ctranslate2",
            ["Marian, transformers"],
            "CTranslate2 left out: `make setup-dev` installs it",
        ),
    ],
)
def test_a_rival_that_is_not_installed_is_left_out(
    monkeypatch, tmp_path, missing: str, ways: list[str], reason: str
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(
        translation, "find_spec", lambda name: None if name == missing else find_spec(name)
    )
    found, left_out = translation.rivals(Translator(), "cpu", tmp_path)
    assert (list(found), left_out) == (ways, [reason])
