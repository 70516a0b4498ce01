"""Pairs to learn from, batches, the recipe, the scores."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace
from itertools import product

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch
from tiny_translators import (
    ARCHITECTURE,
    CHINESE,
    ENGLISH,
    FRENCH,
    network,
    tiny,
    vocabulary,
)
from typer.testing import CliRunner

from pretrained import __main__ as command_line
from pretrained import catalog, checkpoint
from pretrained.errors import BadData, UnknownEntry
from pretrained.translation import (
    clock_times,
    columns,
    data,
    dictionary,
    evaluate,
    everyday,
    exchange,
    grow,
    networks,
    numerals,
    scores,
    tasks,
    train,
)
from pretrained.translation.data import Scored
from pretrained.translation.everyday import Everyday
from pretrained.translation.model import TranslationNet
from pretrained.translation.passes import Mixture, Passes
from training.errors import CannotResume
from training.run import Run

NAMES = ["Tom", "Mary", "John", "Anna", "Paul", "Lucy", "Mark", "Jane"]
VERBS = {"sees": "voit", "knows": "connaît", "likes": "aime", "follows": "suit", "calls": "appelle"}


def grammar() -> list[tuple[str, str]]:
    """A language so small that a network learns it in seconds."""
    return [
        (f"{a} {verb} {b}.", f"{a} {french} {b}.")
        for a in NAMES
        for verb, french in VERBS.items()
        for b in NAMES
        if a != b
    ]


def write_folder(folder, pairs, other="fr"):
    """A folder with the three splits, as the data come."""
    folder.mkdir(parents=True)
    columns = {"en": [a for a, _ in pairs], other: [b for _, b in pairs]}
    parquet.write_table(pa.table(columns), folder / "train.parquet")
    few = {"en": columns["en"][::7], other: [[b] for b in columns[other][::7]]}
    for split in ("validation", "test"):
        parquet.write_table(pa.table(few), folder / f"{split}.parquet")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("pairs") / "en-fr", grammar())


# ---- data -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "tidied"),
    [
        ("Where  are\u00a0you?\n", "en", "Where are you?"),
        ("don’t… e\u0301t\u00ad", "en", "don't... ét"),
        ("Quoi?", "fr", "Quoi ?"),
        ("Quoi\u202f?!", "fr", "Quoi ?!"),
        ("Il est 10:30.", "fr", "Il est 10:30."),
        ("«Oui», dit-il.", "fr", "« Oui », dit-il."),
        ("Why?", "fr", "Why ?"),
        ("你是谁?", "zh", "你是谁？"),
        ("是的,我是.", "zh", "是的，我是。"),
        ("Tom, why?", "zh", "Tom, why?"),
        ("<b>a</b> & c", "en", "<b>a</b> & c"),
    ],
)
def test_a_sentence_is_tidied_as_the_data_have_it(text, language, tidied):
    assert data.tidy(text, language) == tidied
    assert data.tidy(tidied, language) == tidied


def test_a_folder_has_its_splits(folder):
    pairs = data.read(folder, ("en", "fr"))
    assert len(pairs.train) == 280 and len(pairs.held_out) == 40
    assert (pairs.split, pairs.held_out_split) == ("en-fr/train", "en-fr/validation")


def test_further_files_are_learnt_from_but_for_what_the_folder_keeps_aside(tmp_path, folder):
    aside = grammar()[::7]
    (tmp_path / "more.tsv").write_text(
        "en\tfr\nA red cup.\tUne tasse rouge.\nA red cup.\tUne tasse rouge.\n"
        f"{aside[0][0].lower()}\tUne autre.\nAnother one.\t{aside[1][1]} !\n"
    )
    pairs = data.read(f"{folder}, {tmp_path}/more.tsv", ("en", "fr"))
    assert len(pairs.train) == 280 and pairs.more == [("A red cup.", "Une tasse rouge.")]
    assert pairs.every[280:] == pairs.more
    assert pairs.split == f"en-fr/train and {tmp_path.name}/more.tsv"
    assert "2 pairs of more.tsv hold a sentence kept aside and were left out" in pairs.told


def test_further_files_want_a_folder_before_them(tmp_path, folder):
    with pytest.raises(BadData, match="name that first"):
        data.read(f"{folder}/train.parquet,{folder}/test.parquet", ("en", "fr"))


ROWS = [(f"a{n // 2}", f"b{n}") for n in range(500)]


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet"])
def test_a_visitors_pairs_come_in_four_formats(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    if suffix == ".csv":
        path.write_text("en;fr\n" + "".join(f'"{a}";{b}\n' for a, b in ROWS))
    elif suffix == ".tsv":
        path.write_text("en\tfr\n" + "".join(f"{a}\t{b}\tcredit\n" for a, b in ROWS))
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps({"en": a, "fr": b}) + "\n" for a, b in ROWS))
    else:
        columns = {"en": [a for a, _ in ROWS], "fr": [b for _, b in ROWS]}
        parquet.write_table(pa.table(columns), path)
    pairs = data.read(path, ("en", "fr"))
    assert sorted(pairs.train + pairs.held_out) == sorted(ROWS)
    assert not {a for a, _ in pairs.train} & {a for a, _ in pairs.held_out}
    assert data.read(path, ("en", "fr")) == pairs


def test_commas_and_line_ends_within_quotation_marks_are_part_of_a_sentence(tmp_path):
    path = tmp_path / "mine.csv"
    row = '"Yes, I ""am"".\nGo.",Oui\n'
    path.write_bytes(("\ufeffen,fr\n" + row + "".join(f"a{n},b{n}\n" for n in range(40))).encode())
    pairs = data.read(path, ("en", "fr"))
    assert ('Yes, I "am".\nGo.', "Oui") in pairs.train + pairs.held_out


def test_of_few_pairs_five_are_kept_aside_and_what_stands_twice_is_left_out(tmp_path):
    path = tmp_path / "mine.tsv"
    rows = [f"a{n}\tb{n}\n" for n in range(30)]
    path.write_text("en\tfr\n" + "".join(rows + rows[:3]))
    pairs = data.read(path, ("en", "fr"))
    assert (len(pairs.train), len(pairs.held_out)) == (25, 5)
    assert (pairs.split, pairs.held_out_split) == ("83% of mine.tsv", "17% of mine.tsv, kept aside")
    assert pairs.told == ("3 pairs stand in mine.tsv again and were left out there",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tsv", None, "no such file"),
        ("a.csv", b"a", "no comma between"),
        ("a.csv", b"en,fr\nYes, I am.,Oui\n", "line 2 has 3 cells and the line of headings 2: put"),
        ("a.doc", b"a,b", "no .parquet"),
        ("a.tmx", b"<tmx>", r"\(TMX\): export its pairs there as a table"),
        ("a.XLF", b"<xliff>", r"\(XLIFF\): export its pairs there as a table"),
        ("a.tsv", b"", "empty"),
        ("a.tsv", b"one\ttwo\nthree\n", "line 2"),
        ("a.tsv", b"en\tfr\none\ttwo\n\tthree\n", "row 2"),
        ("a.tsv", b"\xff\xfe\x00", "UTF-8"),
        ("a.xlsx", b"PK\x03\x04", "office"),
        ("a.zip", b"PK\x03\x04", "unpack"),
        ("a.jsonl", b"[" * 100_000, "line 1"),
        ("a.json", b'[{"en": "a", "fr": "b"}, {"en": "a"}]', "object 2"),
        ("a.tsv", b"en\tfr\n" + b"one\tdeux\n" * 5, "too few"),
        ("a.tsv", b"en\tfr\none\t" + b"x" * 2_000 + b"\n", "row 1 has 2,000"),
        ("a.tsv", b"xop\tqar\n" * 300, "nothing tells which column is en.*'xop.tqar'"),
        ("a.jsonl", b'{"en": "a", "fr": "b"}\n{"en": "a"}\n', "line 2"),
        ("a.jsonl", b'{"en": "a", "fr": 3}\n', "row 1"),
        ("a.jsonl", b"soup\n", "line 1"),
        ("a.parquet", b"soup", "not a readable Parquet"),
    ],
)
def test_pairs_that_cannot_be_used_are_refused_with_the_row(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=reason):
        data.read(tmp_path / name, ("en", "fr"))


SENTENCES = [(f"I am {n} and you are here.", f"J'ai {n} ans et vous êtes là.") for n in range(300)]


def with_tabs(path, rows, heading=""):
    path.write_text(heading + "".join("\t".join(map(str, row)) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "heading", "cells"),
    [
        ("a.tsv", "fr\ten\n", lambda n, en, fr: (fr, en)),
        ("A.TSV", "French\tID\tENGLISH\n", lambda n, en, fr: (fr, n, en)),
        ("a.tsv", "", lambda n, en, fr: (n, en, n + 4_000, fr)),  # Tatoeba's own download
        ("a.tsv", "", lambda n, en, fr: (n, fr, n + 4_000, en)),
        ("a.txt", "", lambda n, en, fr: (fr, en)),
        ("a.tsv", "", lambda n, en, fr: (en, fr, "CC-BY 2.0 (France) Attribution: tatoeba.org")),
        ("a.tab", "", lambda n, en, fr: (n, "fra", fr, n, "eng", en)),
        ("a.tsv", "", lambda n, en, fr: (f"a{n:05x}", f"{n / 7:.3f}", en, fr)),
        ("a.tsv", "source\ttarget\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "原文\t译文\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "franc\u0327ais\tanglais\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "fr-CA\ten_GB\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "French (France)\tEnglish (US)\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "text_fr\ttext_en\n", lambda n, en, fr: (fr, en)),
        ("a.tsv", "", lambda n, en, fr: (f'"{en}"', f'"{fr}"')),
    ],
)
def test_columns_are_understood_in_any_order(tmp_path, name, heading, cells):
    rows = [cells(n, *pair) for n, pair in enumerate(SENTENCES)]
    pairs = data.read(with_tabs(tmp_path / name, rows, heading), ("en", "fr"))
    assert sorted(pairs.train + pairs.held_out) == sorted(SENTENCES)
    # What was guessed is said; what a heading or the usual order tells is no guess.
    usual = bool(columns.named(heading.strip().split("\t"), ("en", "fr")))
    usual = usual or [str(one).strip('"') for one in rows[0][:2]] == [*SENTENCES[0]]
    assert bool(pairs.told) is not usual


@pytest.mark.parametrize(
    "heading", ["中文（简体）\t英文", "zh-Hans-CN\ten-US", "Chinese\tEnglish", ""]
)
def test_chinese_is_known_by_its_heading_and_by_its_characters(tmp_path, heading):
    rows = [(f"我今年{n}岁了。", f"I am {n} and you are here.") for n in range(300)]
    path = with_tabs(tmp_path / "句子.tsv", rows, heading and heading + "\n")
    pairs = data.read(path, ("en", "zh"))
    assert sorted(pairs.train + pairs.held_out) == sorted((en, zh) for zh, en in rows)
    with pytest.raises(BadData, match=r"nothing tells|what it calls fr is written in zh"):
        data.read(path, ("en", "fr"))


def test_what_stands_under_another_heading_is_refused(tmp_path):
    path = with_tabs(tmp_path / "a.tsv", [(b, a) for a, b in SENTENCES], "en\tfr\n")
    with pytest.raises(BadData, match="what it calls en is written in fr"):
        data.read(path, ("en", "fr"))
    rows = ({"en": a, "fr": "我在这里，你也在。"} for a, _ in SENTENCES)
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(BadData, match="what it calls fr is written in zh"):
        data.read(path, ("en", "fr"))
    path = with_tabs(tmp_path / "b.tsv", [(n, "eng", a) for n, (a, _) in enumerate(SENTENCES)])
    with pytest.raises(BadData, match="nothing tells"):  # sentences of one language only
        data.read(path, ("en", "fr"))


@pytest.mark.parametrize(
    "names",
    [
        ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test.tsv"),
        ("TRAIN.TSV", "train2.tsv", "test.tsv"),
        ("训练.tsv", "训练集.tsv", "测试.tsv"),
        ("training.txt", "train.txt", "test.txt"),
    ],
)
@pytest.mark.parametrize("aside", ["validation", "Dev", "验证集"])
def test_all_parts_of_a_split_are_read_whatever_it_is_called(tmp_path, names, aside):
    parts = (SENTENCES[:210], SENTENCES[210:280], [("Not me.", "Pas moi.")])
    for name, rows in (*zip(names, parts, strict=True), (f"{aside}.tsv", SENTENCES[280:])):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name.endswith("parquet"):
            table = pa.table({"en": [a for a, _ in rows], "fr": [b for _, b in rows]})
            parquet.write_table(table, tmp_path / name)
        else:
            with_tabs(tmp_path / name, rows, "en\tfr\n")
    pairs = data.read(tmp_path, ("en", "fr"))
    assert (sorted(pairs.train), pairs.held_out) == (sorted(SENTENCES[:280]), SENTENCES[280:])


@pytest.mark.parametrize(
    "spell",
    [
        lambda en, fr: {"Translation": {"FR": fr, "EN": en}},
        lambda en, fr: {"translations": {"fr-FR": fr, "en-US": en}},
        lambda en, fr: {"translation": json.dumps({"en": en, "fr": fr})},
        lambda en, fr: {"translation": [["fr", fr], ["en", en]]},
        lambda en, fr: {"translation": {"language": ["fr", "en"], "translation": [fr, en]}},
    ],
)
def test_the_translation_column_may_be_spelled_in_many_ways(tmp_path, spell):
    rows = [spell(*pair) for pair in SENTENCES]
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    for name in ("a.ndjson", "a.json"):
        pairs = data.read(tmp_path / name, ("en", "fr"))
        assert sorted(pairs.train + pairs.held_out) == sorted(SENTENCES)


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b", "\x1c"])
def test_a_line_ends_at_a_line_feed_only(tmp_path, sign):
    rows = [(en.replace(" and", sign + "and"), fr) for en, fr in SENTENCES]
    for name in ("a.tsv", "a.jsonl"):
        path = with_tabs(tmp_path / name, rows, "en\tfr\n")
        if name == "a.jsonl":
            lines = (json.dumps({"en": a, "fr": b}, ensure_ascii=False) for a, b in rows)
            path.write_text("\n".join(lines), "utf-8")
        pairs = data.read(path, ("en", "fr"))
        assert sorted(pairs.train + pairs.held_out) == sorted(rows)
    assert data.tidy(f"I am{sign}here.", "en") in ("I am here.", "I amhere.")


def test_the_translation_column_of_datasets_is_read_from_json_lines_and_parquet(tmp_path):
    both = [{"en": a, "fr": b} for a, b in SENTENCES]
    text = "".join(json.dumps({"id": n, "translation": row}) + "\n" for n, row in enumerate(both))
    (tmp_path / "a.jsonl").write_text(text)
    parquet.write_table(pa.table({"translation": both}), tmp_path / "a.parquet")
    (tmp_path / "b.jsonl").write_text(
        "".join(json.dumps({"French": b, "English": a}) + "\n" for a, b in SENTENCES)
    )
    for name in ("a.jsonl", "a.parquet", "b.jsonl"):
        pairs = data.read(tmp_path / name, ("en", "fr"))
        assert sorted(pairs.train + pairs.held_out) == sorted(SENTENCES)


def test_rows_that_are_left_out_are_counted_and_many_are_refused(tmp_path):
    bad = [("", "Rien."), ("Long.", "x" * 2_000)]
    path = with_tabs(tmp_path / "a.tsv", [*SENTENCES, *bad], "en\tfr\n")
    pairs = data.read(path, ("en", "fr"))
    assert sorted(pairs.train + pairs.held_out) == sorted(SENTENCES)
    assert pairs.told == (
        "2 rows lack a sentence or run over 1,000 characters and were left out, the first for "
        "this: row 301 lacks a sentence in one language",
    )
    with pytest.raises(BadData, match="row 301 lacks"):
        data.read(with_tabs(path, [*SENTENCES, *bad * 151], "en\tfr\n"), ("en", "fr"))
    with pytest.raises(BadData, match="row 301 lacks"):  # figures are over all rows or none
        data.to_score(with_tabs(path, [*SENTENCES, *bad], "en\tfr\n"), "en-fr")


def test_a_missing_column_and_a_missing_split_are_named(tmp_path):
    write_folder(tmp_path / "x", grammar())
    with pytest.raises(BadData, match="no column zh"):
        data.read(tmp_path / "x", ("en", "zh"))
    (tmp_path / "x" / "test.parquet").unlink()
    with pytest.raises(BadData, match=r"no test\.parquet"):
        data.to_score(tmp_path / "x", "en-fr", "test")


def test_turned_around_each_foreign_sentence_is_a_source_with_all_its_english(tmp_path):
    path = tmp_path / "few.jsonl"
    rows = [
        ("I am tired.", ["Je suis fatigué.", "Je suis fatiguée."]),
        ("I'm tired.", ["Je suis fatigué."]),
    ]
    path.write_text("".join(json.dumps({"en": a, "fr": b}) + "\n" for a, b in rows))
    onward, name = data.to_score(path, "en-fr")
    assert onward == [Scored(a, tuple(b)) for a, b in rows]
    assert name == f"{tmp_path.name}/few en-fr"
    back, name = data.to_score(path, "fr-en")
    assert back == [
        Scored("Je suis fatigué.", ("I am tired.", "I'm tired.")),
        Scored("Je suis fatiguée.", ("I am tired.",)),
    ]


@pytest.mark.parametrize("direction", ["en-en", "fr-zh", "en", "english-french", ""])
def test_another_direction_is_refused(direction):
    with pytest.raises(BadData, match="name one of them"):
        data.languages_of(direction)


# ---- batches ----------------------------------------------------------------------------------


def task_of(pieces, **options):
    rows = [(a, b, "fr") for a, b in grammar()] + [(b, a, "en") for a, b in grammar()]
    return tasks.PairsTask(network(len(pieces)), pieces, rows, rows[:20], "cpu", **options)


def test_no_padding_reaches_the_encoder_and_every_pair_is_seen_once():
    pieces = vocabulary()
    task = task_of(pieces, tokens=200)
    seen = []
    for part in range(task.parts):
        for sources, given, wanted in task.batches(part, 0.0):
            assert (sources[:, -1] == pieces.end).all() and (sources != pieces.pad).all()
            assert wanted.shape == given.shape and wanted.numel() <= 200
            assert set(given[:, 0].tolist()) <= set(pieces.marks.values())
            assert torch.equal(
                given[:, 1:][wanted[:, :-1] != pieces.pad],
                wanted[:, :-1][wanted[:, :-1] != pieces.pad],
            )
            seen += [
                (pieces.decode(s.tolist()), pieces.decode(w.tolist()))
                for s, w in zip(sources, wanted, strict=True)
            ]
    both = grammar() + [(b, a) for a, b in grammar()]
    assert sorted(seen) == sorted(both)


def test_the_order_depends_on_the_seed_and_the_round_only():
    pieces = vocabulary()
    one, two, other = (task_of(pieces, tokens=100, seed=seed) for seed in (1, 1, 2))
    list(one.batches(5, 0.0))
    for mine, same in zip(one.batches(0, 0.3), two.batches(0, 0.9), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, same, strict=True))
    first, second = next(iter(one.batches(0, 0.0))), next(iter(other.batches(0, 0.0)))
    assert first[0].shape != second[0].shape or not torch.equal(first[0], second[0])


def passes(**mixture):
    return Passes(grammar(), "fr", ("en-fr", "fr-en"), Mixture(**mixture))


def test_of_a_pass_a_share_of_the_sources_is_typed_in_a_hurry_and_no_target():
    plain, hurried = passes()(1), passes(casual=0.5)(1)
    assert plain == [(a, b, "fr") for a, b in grammar()] + [(b, a, "en") for a, b in grammar()]
    changed = [one for one, other in zip(plain, hurried, strict=True) if one[0] != other[0]]
    assert 0.3 * len(plain) < len(changed) < 0.6 * len(plain)
    assert [row[1:] for row in hurried] == [row[1:] for row in plain]
    assert hurried == passes(casual=0.5)(1) != passes(casual=0.5)(2)


def test_short_sentences_come_several_times_and_our_own_words_beside_them():
    short = passes(short=3)(0)  # every sentence of the grammar has three words
    assert len(short) == 3 * len(passes()(0))
    mixed = passes(everyday=0.5)(0)
    ours = [row for row in mixed if row not in set(passes()(0))]
    assert len(ours) == len(grammar())
    assert {language for *_, language in ours} == {"en", "fr"}


def test_of_further_pairs_each_pass_draws_a_share():
    more = [(f"More {n}.", f"Encore {n}.") for n in range(40)]
    drawn = Passes(grammar(), "fr", ("en-fr",), Mixture(more=0.25), more=more)
    first, second = ({*drawn(number)} - {*passes()(0)} for number in (0, 1))
    assert len(first) == len(second) == 10 and first != second
    assert first < {(a, b, "fr") for a, b in more}


def test_the_task_learns_from_what_is_drawn_for_each_pass():
    pieces = vocabulary()
    task = task_of(pieces, tokens=200, draw=lambda number: [("Tom", "Tom" * number, "fr")] * 3)
    for number in (1, 2):
        task.passed(number)
        assert {pieces.decode(target) for _, target in task._spelled} == {"Tom" * number}


@pytest.mark.parametrize("direction", ["en-fr", "fr-en", "en-zh", "zh-en"])
def test_our_own_words_have_one_answer_for_each_sentence_and_no_open_slot(direction):
    ours = Everyday(*direction.split("-"))
    drawn = ours.sample(3_000, random.Random(0))
    assert not [pair for pair in drawn if "{" in "".join(pair) or "|" in "".join(pair)]
    assert all(reads.strip() and writes.strip() for reads, writes in drawn)
    for section in ("phrases", "sentences", "words"):
        sources = [reads for reads, _ in ours.rows(section)]
        assert len(sources) == len({one.rstrip(".!。！ ").casefold() for one in sources})
    figures = [(re.findall(r"\d+", a), re.findall(r"\d+", b)) for a, b in drawn]
    assert all(sorted(a) == sorted(b) for a, b in figures) and any(a for a, _ in figures)


def test_our_sentences_end_alike_in_each_language_and_are_no_phrases():
    phrases, rows = (everyday.table()[section] for section in ("phrases", "sentences"))
    read = {way for english, *_ in phrases for way in english.split("|")}
    assert len(rows) > 900
    for english, french, chinese in rows:
        sign = english[-1]
        assert sign in ".!?" and not read & {*english.split("|")}
        for cell, end in ((english, sign), (french, everyday.SIGN["fr"][sign])):
            assert all(way.endswith(end) for way in cell.split("|")), cell
        assert all(way.endswith(everyday.SIGN["zh"][sign]) for way in chinese.split("|")), chinese


def test_names_and_numbers_are_exchanged_on_both_sides():
    rng = random.Random(0)
    found = [exchange.exchanged("Tom is 30.", "Tom a 30 ans.", "fr", rng) for _ in range(60)]
    assert len(set(found)) > 20
    for english, french in found:
        assert english.split()[0] == french.split()[0]
        assert re.findall(r"\d+", english) == re.findall(r"\d+", french)
    # A name that only one side has, a single thing, a vowel that elides: nothing is broken.
    assert exchange.exchanged("Mary came.", "Marie est venue.", "fr", rng)[1] == "Marie est venue."
    assert exchange.other_numbers("1 cat", "1 chat", rng) == ("1 cat", "1 chat")
    vowels = {exchange.other_names("Emma's", "d'Emma", "fr", rng)[1][2] for _ in range(40)}
    assert vowels - set("AEIOUHÉ") == set() or all(v.isupper() for v in vowels)


@pytest.mark.parametrize("language", ["fr", "zh"])
def test_the_dictionary_has_one_answer_for_each_word(language):
    words = dictionary.table(language)
    assert len(words) > 2_500
    assert {word.kind for word in words} == {*dictionary.FRAMES[language], "word"}
    assert all(re.fullmatch(r"[A-Z]?[a-z]+([ -][a-z]+){0,2}", word.english) for word in words)
    if language == "zh":
        assert len({word.other for word in words}) == len(words)
        assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,}", word.other) for word in words)
        assert all(re.fullmatch(r"[\u4e00-\u9fff]?", word.detail) for word in words)
    else:
        assert len({(word.english, word.kind) for word in words}) == len(words)
        assert all((word.detail in ("un", "une")) == (word.kind == "noun") for word in words)


KNOWN = {
    "zh": [
        ("The horse is on the table.", "那匹马在桌子上。"),
        ("I like the music.", "我喜欢音乐。"),
    ],
    "fr": [("The site is calm.", "Le site est calme.")] * 20,
}
#: The first pair with another noun: what stays around it.
AROUND = {
    "zh": (r"The horse is on the (.+)\.", r"那匹马在(.+)上。"),
    "fr": (r"The (.+) is calm\.", r"Le (.+) est calme\."),
}


@pytest.mark.parametrize("language", ["fr", "zh"])
@pytest.mark.parametrize("side", [0, 1])
def test_words_that_the_pairs_lack_are_learnt_alone_and_in_frames(language, side):
    words = dictionary.Dictionary(KNOWN[language], language, ("en", language)[side])
    reads = [(word.english, word.other)[side] for word in words.lacking]
    assert len(reads) == len(set(reads)) > 2_000
    held = {"fr": ("site", "site"), "zh": ("music", "音乐")}[language][side]
    assert held not in reads
    rank = {(word.english, word.other): number for number, word in enumerate(words.lacking)}
    drawn = words.sample(2_000, random.Random(0))
    alone = [rank[pair] for pair in drawn if pair in rank]
    assert 400 < len(alone) < 900  # half are in a frame, half of the rest have a capital
    last = sum(number >= len(reads) - 500 for number in alone)
    assert sum(number < 500 for number in alone) > 1.3 * last  # what is used more comes more often
    framed = [" ".join(pair) for pair in drawn if len(pair[0].split()) > 2]
    assert 500 < len(framed) < 1_100
    assert not [text for text in framed if re.search(r"[{}]|\b(de le|l[ea] [aeéêioœu])", text)]


@pytest.mark.parametrize("language", ["fr", "zh"])
def test_a_noun_of_a_pair_gives_its_place_to_one_that_the_pairs_lack(language):
    pairs, around = KNOWN[language], AROUND[language]
    words, rng = dictionary.Dictionary(pairs, language, "en"), random.Random(0)
    new = {(word.english, word.other) for word in words.new_nouns}
    found = {words.exchanged(*pairs[0], rng) for _ in range(200)} - {pairs[0]}
    assert len(found) > 20
    for pair in found:
        matches = [re.fullmatch(one, text) for one, text in zip(around, pair, strict=True)]
        assert all(matches) and tuple(match[1] for match in matches if match) in new
    # a noun on one side only, or twice: the pair stays as it is
    alone, twice = {
        "zh": (("The table is old.", "它很旧。"), ("The table, the table", "桌子和桌子")),
        "fr": (("The site is old.", "Il est vieux."), ("The site", "Le site, le site")),
    }[language]
    for pair in (alone, twice):
        assert {words.exchanged(*pair, rng) for _ in range(20)} == {pair}


def test_another_noun_brings_its_own_english_article():
    pair = ("I saw a site.", "J'ai vu un site.")
    words = dictionary.Dictionary([pair] * 20, "fr", "en")
    found = {words.exchanged(*pair, random.Random(n))[0] for n in range(400)} - {pair[0]}
    articles = {(sentence.split()[2], sentence.split()[3][0] in "aeiou") for sentence in found}
    assert articles == {("a", False), ("an", True)}
    words.new_nouns = [dictionary.Word("engraving", "dessin", "noun", "un")]
    found = {words.exchanged(*pair, random.Random(n)) for n in range(20)} - {pair}
    assert found == {("I saw an engraving.", "J'ai vu un dessin.")}


def test_a_french_noun_has_the_forms_that_its_gender_and_its_first_letter_ask_for():
    forms = [
        dictionary.Word("", word, "noun", article).forms()
        for article, word in (
            ("un", "volcan"),
            ("une", "lentille"),
            ("un", "écran"),
            ("une", "île"),
        )
    ]
    assert [form["the"] for form in forms] == ["le volcan", "la lentille", "l'écran", "l'île"]
    assert [form["of"] for form in forms] == [
        "du volcan",
        "de la lentille",
        "de l'écran",
        "de l'île",
    ]
    assert [form["this"].split()[0] for form in forms] == ["ce", "cette", "cet", "cette"]
    assert [form["my"].split()[0] for form in forms] == ["Mon", "Ma", "Mon", "Mon"]
    assert not dictionary.Word("hero", "héros", "noun", "un").framed


def test_another_noun_brings_its_own_measure_word():
    pair = ("This embassy is old.", "这座大使馆很旧。")
    words = dictionary.Dictionary([pair], "zh", "zh")
    new = {word.other: word.detail or dictionary.GENERAL for word in words.new_nouns}
    found = {words.exchanged(*pair, random.Random(n))[1] for n in range(80)} - {pair[1]}
    counted = [re.fullmatch(r"这(.)(.+)很旧。", chinese) for chinese in found]
    assert len(found) > 20 and len({match[1] for match in counted if match}) > 1
    assert all(match and new[match[2]] == match[1] for match in counted)


def test_a_noun_without_a_measure_word_brings_none():
    pair = ("I like the music.", "我喜欢音乐。")
    words = dictionary.Dictionary([pair], "zh", "zh")
    words.nouns = {"music": [dictionary.Word("music", "音乐", "noun")]}
    new = {word.other for word in words.new_nouns}
    found = {words.exchanged(*pair, random.Random(n))[1] for n in range(60)} - {pair[1]}
    assert len(found) > 20 and {chinese[3:-1] for chinese in found} <= new


def test_a_pass_mixes_in_words_that_its_pairs_lack():
    plain = Passes(KNOWN["zh"], "zh", ("en-zh", "zh-en"), Mixture())(0)
    mixed = Passes(KNOWN["zh"] * 50, "zh", ("en-zh", "zh-en"), Mixture(dictionary=0.5))(0)
    ours = [row for row in mixed if row not in set(plain)]
    assert len(mixed) == 2 * (100 + 50) and {language for *_, language in ours} == {"en", "zh"}
    assert all((language == "zh") == reads.isascii() for reads, _, language in ours)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero/zéro/零"),
        (17, "seventeen/dix-sept/十七"),
        (21, "twenty-one/vingt et un/二十一"),
        (71, "seventy-one/soixante et onze/七十一"),
        (80, "eighty/quatre-vingts/八十"),
        (99, "ninety-nine/quatre-vingt-dix-neuf/九十九"),
        (105, "one hundred five/cent cinq/一百零五"),
        (200, "two hundred/deux cents/二百"),
        (1_015, "one thousand fifteen/mille quinze/一千零一十五"),
    ],
)
def test_numbers_in_words(number, words):
    assert "/".join(numerals.spelled(number, language) for language in ("en", "fr", "zh")) == words


def test_a_network_made_wider_and_given_more_pieces_says_the_same():
    pieces = vocabulary(size=300)
    old = network(len(pieces), layers=2)
    texts = [*ENGLISH, *FRENCH] * 20
    more, merges = grow.more_pieces(pieces, texts, 320, ("en", "fr"))
    assert len(more) == 320 and len(merges) == 20
    assert all(more.bytes_of[n] == pieces.bytes_of[n] for n in range(len(pieces)))
    assert len(more.encode(ENGLISH[0])) < len(pieces.encode(ENGLISH[0]))
    assert more.decode(more.encode(ENGLISH[0])) == ENGLISH[0]
    new = TranslationNet(len(more), **{**ARCHITECTURE, "layers": 2, "hidden": 48}).eval()
    grow.wider(old, new, merges)
    source = torch.tensor([[*pieces.encode(ENGLISH[0]), pieces.end]])
    given = torch.tensor([[pieces.marks["fr"], *pieces.encode(FRENCH[0])]])
    before, after = old.logits(old(source, given)), new.logits(new(source, given))
    torch.testing.assert_close(after[..., : len(pieces)], before, rtol=1e-4, atol=1e-4)


def test_typed_in_a_hurry_a_sentence_loses_capital_and_mark_and_nothing_else():
    rng = random.Random(0)
    found = {data.casually("Hello!", rng) for _ in range(50)}
    assert found == {"hello", "Hello", "HELLO!", "Hello."}
    assert {data.casually("我是学生。", rng) for _ in range(50)} == {"我是学生", "我是学生。"}


def test_every_token_of_a_pass_weighs_the_same():
    pieces = vocabulary()
    task = task_of(pieces, tokens=200, smoothing=0.0)
    lot = task.passed(0)[0]
    whole = task.stacked([task._spelled[n] for n in lot])
    one = task.stacked([task._spelled[lot[0]]])
    nll, count = task._nll(task.model, one)
    assert task.loss(task.model, one).item() == pytest.approx(nll.item() / 160)
    nll, count = task._nll(task.model, whole)
    assert task.loss(task.model, whole).item() == pytest.approx(nll.item() / max(160, count))


def test_padding_of_targets_changes_nothing():
    pieces = vocabulary()
    task = task_of(pieces, smoothing=0.0)
    rows = tasks.spell(pieces, [("Tom", "Tom", "fr"), ("Tom", "Tom " * 8, "fr")])
    together, _ = task._nll(task.model, task.stacked(rows))
    apart = sum(task._nll(task.model, task.stacked([row]))[0].item() for row in rows)
    assert together.item() == pytest.approx(apart, rel=1e-5)


# ---- training and scoring ---------------------------------------------------------------------


def small(monkeypatch, key="translation/en-fr", **changes):
    shape = {"embedding": 24, "hidden": 48, "dropout": 0.0}
    recipe = train.RECIPES[key]
    architecture = {**recipe.architecture, **shape}
    recipe = replace(
        recipe,
        **{
            "vocabulary": 330,
            "tokens": 400,
            "mixture": Mixture(),
            "architecture": architecture,
            **changes,
        },
    )
    monkeypatch.setitem(train.RECIPES, key, recipe)


def test_training_learns_and_the_folder_serves(tmp_path, folder, monkeypatch):
    small(monkeypatch, smoothing=0.0, tokens=120)
    out = tmp_path / "en-fr"
    train.train("translation/en-fr", folder, out, Run(epochs=24, lr=0.01, command="c"))
    history = [json.loads(row) for row in (out / "history.jsonl").read_text().splitlines()]
    assert history[-1]["held_out_nats"] < 0.3 < 1 < history[0]["held_out_nats"]
    entry = catalog.from_folder(out)
    assert (entry.key, entry.task) == ("translation/en-fr", "translation")
    [answer] = entry.load("cpu").predict(["Tom likes Mary."])
    assert answer["translation"] == "Tom aime Mary."
    for direction in ("en-fr", "fr-en"):
        scored = evaluate.evaluate(entry, folder, split="test", direction=direction)
        assert scored["split"] == f"en-fr/test {direction}" and scored["n"] == 40
        figure = scored["metrics"]["bleu"]
        assert 80 < figure["low"] <= figure["value"] <= figure["high"] <= 100.1
        assert "|tok:13a|" in figure["signature"]
        # This test set is part of the training set, and the meter says so.
        assert scored["in_training"] == 1 and "bleu_new" not in scored["metrics"]


def test_training_goes_on_where_it_stopped(tmp_path, folder, monkeypatch):
    small(monkeypatch)
    for out, resume in ((tmp_path / "a", False), (tmp_path / "a", True)):
        epochs = 2 if resume else 1
        train.train("translation/en-fr", folder, out, Run(epochs=epochs, resume=resume))
    history = (tmp_path / "a" / "history.jsonl").read_text().splitlines()
    assert [json.loads(row)["epoch"] for row in history] == [1, 2]


def test_a_training_on_other_pairs_is_not_gone_on_with(tmp_path, folder, monkeypatch):
    small(monkeypatch)
    train.train("translation/en-fr", folder, tmp_path / "a", Run(epochs=1))
    other = write_folder(tmp_path / "other", grammar()[:-20])
    with pytest.raises(CannotResume, match="data"):
        train.train("translation/en-fr", other, tmp_path / "a", Run(epochs=2, resume=True))


@pytest.mark.parametrize("key", list(train.RECIPES))
def test_every_recipe_takes_two_steps(tmp_path, folder, monkeypatch, key):
    if key.endswith("zh"):
        pairs = list(zip(ENGLISH * 50, CHINESE * 50, strict=True))
        folder = write_folder(tmp_path / "en-zh", pairs, "zh")
    small(monkeypatch, key)
    out = train.train(key, folder, tmp_path / "out", Run(smoke=True))
    config = checkpoint.read_json(out, "config.json")
    assert config["key"] == key and config["directions"] == list(train.RECIPES[key].directions)
    assert {"command", "seed", "hardware", "wall_seconds", "data"} <= set(
        checkpoint.read_json(out, "metrics.json")["training"]
    )
    catalog.from_folder(out).load("cpu").predict(["We won!"])


def test_a_visitors_pairs_start_from_the_trained_weights(tmp_path, monkeypatch):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "translation/en-fr")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    mine = tmp_path / "mine.tsv"
    mine.write_text("en\tfr\n" + "".join(f"{a}\t{b}\n" for a, b in grammar()))
    for scratch, start in ((None, "translation/en-fr"), (True, "random weights")):
        out = tmp_path / f"mine-{scratch}"
        train.train(entry.key, mine, out, Run(smoke=True, scratch=scratch))
        made = checkpoint.read_json(out, "metrics.json")["training"]
        assert made["started_from"] == start
        assert checkpoint.read_json(out, "config.json")["key"] == f"translation/{out.name}"


def test_no_recipe_no_training(tmp_path):
    with pytest.raises(UnknownEntry):
        train.train("translation/en-de", tmp_path, tmp_path)


def test_the_recipes_fit_into_what_may_be_shipped():
    for recipe in train.RECIPES.values():
        net = networks.built(recipe.vocabulary, recipe.directions, recipe.architecture)
        for direction in recipe.directions:  # a file for each network
            one = networks.writing(net, direction.partition("-")[2])
            assert sum(p.numel() for p in one.parameters()) * 2 < 11.4e6


def test_scores_are_sacrebleus_with_all_references():
    scored = [
        Scored("a", ("the cat sat on the mat", "a cat sat on a mat")),
        Scored("b", ("he ran away",)),
    ]
    perfect = scores.metrics(["a cat sat on a mat", "he ran away"], scored, "en", draws=100)
    assert perfect["bleu"]["value"] == pytest.approx(100)
    assert perfect["chrf"]["value"] == pytest.approx(100)
    worse = scores.metrics(["a cat sat on a dog", "he ran away"], scored, "en", draws=100)
    assert worse["bleu"]["low"] <= worse["bleu"]["value"] <= worse["bleu"]["high"]
    assert "tok:13a" in worse["bleu"]["signature"] and "nrefs:var" in worse["bleu"]["signature"]
    chinese = scores.metrics(["我是学生。"], [Scored("x", ("我是学生。",))], "zh", draws=1)
    assert "tok:zh" in chinese["bleu"]["signature"] and chinese["bleu"]["value"] > 99


def test_the_curve_sorts_sentences_by_length():
    scored = [Scored("word " * n, ("mot " * n,)) for n in (2, 5) for _ in range(12)]
    scored += [Scored("word " * 20, ("mot",))]
    found = scores.curve([one.references[0] for one in scored], scored, ("en", "fr"))
    assert list(found) == ["1-3 words", "4-5 words"]
    assert all(bucket["n"] == 12 for bucket in found.values())


def test_the_copy_meter_parts_known_from_new(tmp_path):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "translation/base")
    path = tmp_path / "set" / "mixed.jsonl"
    path.parent.mkdir()
    rows = [*zip(ENGLISH, FRENCH, strict=True), *((f"New {n}.", f"Neuf {n}.") for n in range(5))]
    path.write_text("".join(json.dumps({"en": a, "fr": [b]}) + "\n" for a, b in rows))
    scored = evaluate.evaluate(entry, path)
    assert (scored["split"], scored["n"], scored["in_training"]) == ("set/mixed en-fr", 10, 0.5)
    assert scored["metrics"]["bleu_new"]["n"] == 5
    assert all(math.isfinite(figure["value"]) for figure in scored["metrics"].values())


def test_the_command_line_turns_pairs_around_for_translators_only(tmp_path, folder):
    base = tiny(tmp_path / "base")
    typed = ["evaluate", "translation/base", "--checkpoint", str(base), "--data", str(folder)]
    done = CliRunner().invoke(
        command_line.app, [*typed, "--direction", "fr-en", "--json", "--keep"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["direction"] == "fr-en"
    [row] = checkpoint.read_json(base, "metrics.json")["results"]
    assert row["split"] == "en-fr/validation fr-en"
    typed = ["evaluate", "classification/hog-svm", "--data", "x", "--direction", "fr-en"]
    done = CliRunner().invoke(command_line.app, typed)
    assert done.exit_code == 2 and "leave it out" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("hour", "minute", "english", "french", "chinese"),
    [
        (7, 0, "seven o'clock", "sept heures", "七点"),
        (16, 10, "ten past four", "quatre heures dix", "四点十分"),
        (10, 15, "a quarter past ten", "dix heures et quart", "十点一刻"),
        (7, 30, "half past seven", "sept heures et demie", "七点半"),
        (20, 45, "a quarter to nine", "neuf heures moins le quart", "差一刻九点"),
        (1, 50, "ten to two", "deux heures moins dix", "差十分两点"),
        (13, 5, "five past one", "une heure cinq", "一点五分"),
        (14, 0, "two o'clock", "deux heures", "两点"),
        (12, 0, "noon", "midi", "中午十二点"),
        (0, 0, "midnight", "minuit", "午夜"),
        (11, 55, "five to twelve", "midi moins cinq", "差五分十二点"),
        (23, 45, "a quarter to twelve", "minuit moins le quart", "差一刻十二点"),
        (12, 30, "half past twelve", "midi et demi", "十二点半"),
    ],
)
def test_a_time_is_written_as_people_say_it(hour, minute, english, french, chinese):
    said = clock_times.said(hour, minute)
    assert [said[language][0] for language in ("en", "fr", "zh")] == [english, french, chinese]


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_no_way_to_say_a_time_is_that_of_another_one(language):
    ways = {}
    for hour, minute in product(range(24), range(0, 60, 5)):
        for way in clock_times.said(hour, minute)[language]:
            ways.setdefault(way, set()).add((hour % 12, minute))
        if language == "fr" and hour > 12:
            ways.setdefault(clock_times.full_day(hour, minute), set()).add((hour % 12, minute))
    assert all(len(told) == 1 for told in ways.values())
    assert len(set().union(*ways.values())) == 12 * 12


def test_a_time_after_noon_is_drawn_with_its_part_of_the_day():
    rng = random.Random(0)
    french = {clock_times.drawn("fr", rng, beside=1) for _ in range(2_000)}
    assert {row[2] for row in french if row[1] == "dix-huit heures trente"} == {"晚上六点半"}
    figures = [
        row for row in (clock_times.drawn("en", rng, 1) for _ in range(500)) if "m" in row[0][-3:]
    ]
    assert figures
    for row in figures:
        assert len({tuple(re.findall(r"\d+", way)) for way in row}) == 1, row
