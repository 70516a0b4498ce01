"""A visitor's own pairs in the forms in which people have them: read as they were meant, or
refused, and never turned, guessed or left out without a word."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demos.language import reasons
from pretrained.errors import BadData
from pretrained.translation import data

NOUNS = [("cat", "chat"), ("dog", "chien"), ("book", "livre"), ("friend", "ami"), ("tree", "arbre")]
PAIRS = [
    pair
    for one, other in NOUNS
    for pair in (
        (f"The {one} is here with you.", f"Le {other} est ici avec vous."),
        (f"We do not want the {one}.", f"Nous ne voulons pas le {other}."),
        (f"Where is the {one} of my father?", f"Où est le {other} de mon père ?"),
        (f"I have a {one} and it is very old.", f"J'ai un {other} et il est très vieux."),
        (f"This {one} was not there.", f"Ce {other} n'était pas là."),
    )
]
LANGUAGES = ("en", "fr")


def table(rows, sign="\t"):
    return "".join(sign.join(row) + "\n" for row in rows)


def objects(one, other):
    return [{one: a, other: b} for a, b in PAIRS]


def learnt(path):
    pairs = data.read(path, LANGUAGES)
    return {*pairs.train, *pairs.held_out}, pairs.told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", table([("eng_Latn", "fra_Latn"), *PAIRS])),
        ("a.tsv", table([("English sentence", "French translation"), *PAIRS])),
        ("a.tsv", table([("英文原文", "法文译文"), *PAIRS])),
        ("a.tsv", table([("Französisch", "Englisch"), *((b, a) for a, b in PAIRS)])),
        ("a.csv", "en, fr\n" + "".join(f'"{a}", "{b}"\n' for a, b in PAIRS)),
        ("a.tsv", table([("en_XX", "fr_XX"), *PAIRS])),
        ("a.csv", "sep=;\n" + table([("en", "fr"), *PAIRS], ";")),
        ("a.csv", '"English, US";French\n' + table(PAIRS, ";")),
        ("a.csv", table(PAIRS, ";")),
        ("a.jsonl", ",\n".join(json.dumps(row) for row in objects("eng_Latn", "fra_Latn"))),
        ("a.jsonl", "\n".join(json.dumps(row, indent=2) for row in objects("en", "fr"))),
        ("a.json", json.dumps({"data": objects("en", "fr")})),
        (  # as pandas saves a table: by its columns, or by its rows
            "a.json",
            json.dumps(
                {"en": {n: a for n, (a, _) in enumerate(PAIRS)}}
                | {"fr": {n: b for n, (_, b) in enumerate(PAIRS)}}
            ),
        ),
        ("a.json", json.dumps(dict(enumerate(objects("en", "fr"))))),
        ("a.json", json.dumps(dict(zip(LANGUAGES, zip(*PAIRS, strict=True), strict=True)))),
    ],
)
def test_headings_and_keys_are_understood(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    assert learnt(tmp_path / name) == ({*PAIRS}, ())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.tsv",
            table([("Input", "Output"), *PAIRS]),
            "by its sentences a.tsv has en in column 1",
        ),
        ("a.tsv", table([("sent1", "sent2"), *PAIRS]), "has en in column 1"),
        (
            "a.tsv",
            table([("Phrase A", "Phrase B"), *PAIRS]),
            "taken for headings: Phrase A, Phrase",
        ),
        ("a.csv", "Words\n" + table([("en", "fr"), *PAIRS], ";"), "1 lines above the headings"),
        ("a.jsonl", "\n".join(map(json.dumps, objects("src", "tgt"))), "has en under src and fr"),
        ("a.json", json.dumps(PAIRS), "has en under 1 and fr under 2"),
        *(
            (name, text, f"{name} holds JSON, whatever its name ends in")
            for name, text in (
                ("a.csv", "\n".join(map(json.dumps, objects("en", "fr")))),
                ("a.tsv", json.dumps(objects("en", "fr"), indent=1)),
                ("a.txt", "\n".join(map(json.dumps, PAIRS))),
            )
        ),
        ("a.tsv", table([*PAIRS[:3], *(p[::-1] for p in PAIRS[3:6]), *PAIRS[6:]]), "3 pairs stood"),
        (
            "a.tsv",
            table([*PAIRS, ("It is not here.",) * 2]),
            "1 pairs say the same in one language",
        ),
        (
            "a.tsv",
            table([*PAIRS, ("We are", "here.", "Nous sommes ici.")]),
            "1 lines of a.tsv with",
        ),
    ],
)
def test_what_is_guessed_turned_or_left_out_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_text(content, "utf-8")
    pairs, sentences = learnt(tmp_path / name)
    assert pairs == {*PAIRS}
    assert any(told in sentence for sentence in sentences)
    for sentence in sentences:
        assert reasons.said(sentence, "zh") != sentence


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
@pytest.mark.parametrize("heading", [("en", "fr", "fr"), ("fr_FR", "fr_CA", "en")])
def test_two_columns_for_one_language_are_refused(tmp_path, name, heading):
    rows = [(a, b, b.upper()) if heading[0] == "en" else (b, b.upper(), a) for a, b in PAIRS]
    unlike = (heading[0], heading[1], heading[2] + "_old" * (heading[1] == heading[2]))
    names = (*heading[:2], heading[2].upper())  # neither JSON nor Parquet has one name twice
    if name == "a.csv":
        (tmp_path / name).write_text("Words\n" + table([heading, *rows], ";"), "utf-8")
    elif name == "a.json":
        found = [dict(zip(names, row, strict=True)) for row in rows]
        (tmp_path / name).write_text(json.dumps(found))
    else:
        pq.write_table(pa.table([*zip(*rows, strict=True)], names), tmp_path / name)
    with pytest.raises(BadData, match="several columns stand for one language") as refused:
        data.read(tmp_path / name, LANGUAGES)
    assert "同一种语言有好几列" in reasons.said(refused.value.fields["reason"], "zh")
    if unlike != heading:  # another name tells them apart
        (tmp_path / "b.csv").write_text(table([unlike, *rows], ";"), "utf-8")
        assert learnt(tmp_path / "b.csv") == ({*PAIRS}, ())


@pytest.mark.parametrize("again", ["en,fr", "\ufeffen,fr", "French;English", '\ufeff"en";"fr"'])
def test_headings_of_a_joined_file_are_no_pair(tmp_path, again):
    again = again.replace(",", ";") + "\n"
    words = [("English", "anglais"), ("French", "français"), ("in", "en")]
    rows = table([LANGUAGES, *PAIRS[:9]], ";") + again + table([*PAIRS[9:], *words], ";")
    (tmp_path / "a.csv").write_text(rows, "utf-8")
    pairs, [told] = learnt(tmp_path / "a.csv")
    assert pairs == {*PAIRS, *words}
    assert told == "1 lines of a.csv name the languages again and were left out"
    assert reasons.said(told, "zh") != told


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_column_that_names_parts_of_the_data_is_followed(tmp_path, name):
    heading = ("en", "fr", "split")

    def written(parts):
        rows = [(*pair, part) for pair, part in zip((*PAIRS, *MORE), parts, strict=True)]
        if name == "a.csv":
            (tmp_path / name).write_text(table([heading, *rows], ";"), "utf-8")
        elif name == "a.jsonl":
            found = (json.dumps(dict(zip(heading, row, strict=True))) for row in rows)
            (tmp_path / name).write_text("\n".join(found))
        else:
            pq.write_table(pa.table([*zip(*rows, strict=True)], [*heading]), tmp_path / name)
        return tmp_path / name

    told = f"5 rows of {name} are not of train by the column split and were left out"
    path = written(["train"] * len(PAIRS) + ["test", "dev", "test", "", "test"])
    assert learnt(path) == ({*PAIRS}, (told,))
    assert reasons.said(told, "zh") != told
    assert [one.source for one in data.to_score(path, "en-fr")[0]] == [
        MORE[n][0] for n in (0, 2, 4)
    ]
    for parts in (["test"] * 30, ["easy", "hard"] * 15):  # of one part, or of other things
        assert learnt(written(parts)) == ({*PAIRS, *MORE}, ())
    with pytest.raises(BadData, match="its column split knows dev, test and no train: rename"):
        data.read(written(["dev", "test"] * 15), LANGUAGES)


MORE = [(f"{a} {n}", f"{b} {n}") for n, (a, b) in enumerate(PAIRS[:5])]


@pytest.mark.parametrize("cell", ["nan", "None", "#N/A", "null", "<NA>", "#NAME?"])
def test_what_programs_write_into_empty_cells_is_no_sentence(tmp_path, cell):
    words = [("None", "Aucun"), ("null", "nul"), ("Nope", "nan"), ("None", "None")]
    path = tmp_path / "a.tsv"
    path.write_text(table([LANGUAGES, *PAIRS, *words, (MORE[0][0], cell)]), "utf-8")
    pairs, [told] = learnt(path)
    assert pairs == {*PAIRS, *words}
    assert told.endswith(f"the first for this: row 30 has only {cell} for a sentence")
    assert f"第 30 行的句子只是 {cell}" in reasons.said(told, "zh")
    path.write_text(table([LANGUAGES, *((cell, b) for _, b in MORE), *PAIRS[:4]]), "utf-8")
    with pytest.raises(BadData, match=rf"row 1 has only {re.escape(cell)} for a sentence: mend"):
        data.read(path, LANGUAGES)


@pytest.mark.parametrize(("name", "sign"), [("a.tsv", "\t"), ("a.csv", ",")])
@pytest.mark.parametrize("heading", [[], [LANGUAGES]])
def test_a_table_that_is_half_translated_gives_what_there_is(tmp_path, name, sign, heading):
    empty = [(f"{a} Soon.", "") for a, _ in PAIRS[:12]] + [("", f"{b} Bien.") for _, b in PAIRS[:8]]
    (tmp_path / name).write_text(table([*heading, *empty, *PAIRS], sign), "utf-8")
    pairs, [*_, told] = learnt(tmp_path / name)
    assert pairs == {*PAIRS}
    assert told.startswith("20 rows lack a sentence or run over 1,000 characters and were left out")
    with pytest.raises(BadData, match="row 1 lacks"):
        data.to_score(tmp_path / name, "en-fr")


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.txt", "a.jsonl"])
def test_chinese_in_another_encoding_is_read_and_told(tmp_path, name):
    rows = [(f"I have {n} books and it is good.", f"我有{n}本书，这是很好的。") for n in range(30)]
    content = table([("en", "zh"), *rows], "," if name == "a.csv" else "\t")
    if name == "a.jsonl":
        objects = [json.dumps({"en": a, "zh": b}, ensure_ascii=False) for a, b in rows]
        content = "\n".join(objects)
    (tmp_path / name).write_bytes(content.encode("gbk"))
    pairs = data.read(tmp_path / name, ("en", "zh"))
    assert {*pairs.train, *pairs.held_out} == {*rows}
    assert pairs.told == (f"{name} is in GB18030, an encoding of Chinese, and is read so",)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (PAIRS[:1] * 300, "1 different pairs, of which 1 are kept aside, are too few .* again and"),
        (PAIRS[:24], "24 different pairs, of which 5 are kept aside, are too few .*: give 25 or"),
        ([(a, a) for a, _ in PAIRS] + PAIRS[:9], "9 different .* 25 pairs say the same in one"),
    ],
)
def test_too_few_pairs_are_told_why_they_are_so_few(tmp_path, rows, reason):
    (tmp_path / "a.tsv").write_text(table([LANGUAGES, *rows]), "utf-8")
    with pytest.raises(BadData, match=reason) as refused:
        data.read(tmp_path / "a.tsv", LANGUAGES)
    chinese = reasons.said(refused.value.fields["reason"], "zh")
    assert "要留出，太少" in chinese and "pairs" not in chinese


@pytest.mark.parametrize(
    ("one", "told"),
    [("<p>{}</p>", "100 tags such as <p>"), ("{} &amp; &#39;", "100 codes of HTML such as &amp;")],
)
def test_markup_in_pairs_is_told(tmp_path, one, told):
    rows = [(one.format(a), one.format(b)) for a, b in PAIRS]
    (tmp_path / "a.tsv").write_text(table([LANGUAGES, *rows]), "utf-8")
    pairs, [sentence] = learnt(tmp_path / "a.tsv")
    assert pairs == {*rows} and sentence.startswith(told)


def test_bytes_in_parquet_are_read_as_text(tmp_path):
    cells = [[one.encode() for one in side] for side in zip(*PAIRS, strict=True)]
    pq.write_table(pa.table(cells, ["en", "fr"]), tmp_path / "a.parquet")
    assert learnt(tmp_path / "a.parquet") == ({*PAIRS}, ())


def test_a_sentence_in_brackets_is_no_json(tmp_path):
    first = [("[1] We are here.", "[1] Nous sommes ici."), ('{"We": 1} is here.', "Il est ici.")]
    for rows in (first, first[::-1]):
        (tmp_path / "a.tsv").write_text(table([*rows, *PAIRS]), "utf-8")
        assert learnt(tmp_path / "a.tsv") == ({*first, *PAIRS}, ())


def noted(every, *, ragged):
    """The pairs with a note in every so many rows; in the others the cell is empty or missing."""
    note = "This is a note."
    rows = [(a, b, "" if n % every else note) for n, (a, b) in enumerate(PAIRS)]
    return [row if row[2] or not ragged else row[:2] for row in rows]


@pytest.mark.parametrize("every", [3, 20])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("heading", [(), (("en", "fr", "note"),), (("id", "en", "fr", "tags"),)])
@pytest.mark.parametrize(("name", "sign"), [("a.tsv", "\t"), ("a.csv", ",")])
def test_a_column_that_few_rows_fill_costs_none(tmp_path, every, ragged, heading, name, sign):
    rows = noted(every, ragged=ragged)
    if heading and heading[0][0] == "id":
        rows = [(str(n), *row) for n, row in enumerate(rows)]
    (tmp_path / name).write_text(table([*heading, *rows], sign), "utf-8")
    assert learnt(tmp_path / name) == ({*PAIRS}, ())


def test_a_row_whose_sentence_holds_the_sign_is_left_out(tmp_path):
    odd = ("We are", "here.", "Nous sommes ici.", "")
    rows = [*noted(20, ragged=False), odd]
    (tmp_path / "a.tsv").write_text(table([("en", "fr", "note"), *rows[:-1], odd[:3]]), "utf-8")
    assert {*PAIRS} <= learnt(tmp_path / "a.tsv")[0]  # as wide as its heading
    (tmp_path / "a.tsv").write_text(table([LANGUAGES, *PAIRS, odd]), "utf-8")
    pairs, [told] = learnt(tmp_path / "a.tsv")
    assert pairs == {*PAIRS} and "1 lines of a.tsv with too many cells" in told


def test_of_many_lines_left_out_some_are_named_and_the_rest_counted(tmp_path):
    rows = [(f"{a} {n}", f"{b} {n}") for n in range(4) for a, b in PAIRS]
    odd = [("We are", f"here {n}.", "Nous sommes ici.") for n in range(7)]
    (tmp_path / "a.tsv").write_text(table([LANGUAGES, *odd, *rows]), "utf-8")
    pairs, [told] = learnt(tmp_path / "a.tsv")
    assert pairs == {*rows}
    assert told == ("7 lines of a.tsv with too many cells were left out (2, 3, 4, 5, 6 and 2 more)")
    assert reasons.said(told, "zh").endswith("（第 2、3、4、5、6 及另外 2 行）")


@pytest.mark.parametrize(
    ("name", "sign", "heading", "told"),
    [
        ("a.tsv", "\t", [], "line 1 has 4 cells where 2 are usual"),
        ("a.csv", ";", [], "line 1 has 4 cells where 2 are usual"),
        ("a.tsv", "\t", [LANGUAGES], "line 2 has 4 cells and the line of headings 2"),
        ("a.csv", ";", [("Words",), LANGUAGES], "line 3 has 4 cells and the line of headings 2"),
    ],
)
def test_a_line_that_is_too_wide_is_held_against_what_is_so(tmp_path, name, sign, heading, told):
    odd = [(*a.split(" ", 2), b) for a, b in PAIRS[:9]]
    (tmp_path / name).write_text(table([*heading, *odd, *PAIRS], sign), "utf-8")
    with pytest.raises(BadData) as refused:
        data.read(tmp_path / name, LANGUAGES)
    reason = refused.value.fields["reason"]
    assert reason.startswith(f"{told}: ")
    assert "个单元格，而" in reasons.said(reason, "zh")


def test_a_sign_within_quoted_lines_parts_no_cells(tmp_path):
    long = '"The sea, the sky;\nthe sun, the day;\nthe end, my dear.";"La mer, le ciel."\n'
    (tmp_path / "a.csv").write_text(long * 3 + table(PAIRS, ";"), "utf-8")
    one = ("The sea, the sky;\nthe sun, the day;\nthe end, my dear.", "La mer, le ciel.")
    assert learnt(tmp_path / "a.csv")[0] == {one, *PAIRS}


@pytest.mark.parametrize(
    ("row", "pair"),
    [
        (
            '"Hi," he said.;"Salut", dit-il.',
            ('"Hi," he said.', '"Salut", dit-il.'),
        ),
        ('"We are; here.";"Nous ""sommes"" ici."', ("We are; here.", 'Nous "sommes" ici.')),
        (
            '"The sea;\nthe sky;\nthe sun;\nthe day;\nthe end.";"La mer;\nle ciel."',
            ("The sea;\nthe sky;\nthe sun;\nthe day;\nthe end.", "La mer;\nle ciel."),
        ),
    ],
)
def test_quotation_marks_in_one_row_cost_no_other(tmp_path, row, pair):
    (tmp_path / "a.csv").write_text(f"{table([LANGUAGES, *PAIRS], ';')}{row}\n", "utf-8")
    assert learnt(tmp_path / "a.csv") == ({*PAIRS, pair}, ())


@pytest.mark.parametrize(
    ("same", "told"),
    [
        ("Les Misérables", ()),
        ("Merci", ()),
        ("The Times", ()),
        # Four words that read as one language are no name to whoever learns: they are told.
        (
            "La Fin des temps",
            ("1 pairs say the same in one language twice and were left out",),
        ),
    ],
)
def test_a_name_that_is_the_same_in_both_languages_stays_or_is_told(tmp_path, same, told):
    (tmp_path / "a.tsv").write_text(table([(same, same), *PAIRS]), "utf-8")
    assert len(data.to_score(tmp_path / "a.tsv", "en-fr")[0]) == 1 + len(PAIRS)
    assert learnt(tmp_path / "a.tsv") == ({*PAIRS} | ({(same, same)} if not told else set()), told)


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (("German", "allemand"), ()),
        (("Latin", "Latin"), ()),
        (("English", "anglais"), ()),
        (("Deutsch", "Italian"), ("the first line of a.tsv was taken for headings: Deutsch, It",)),
        (("German", "espagnol"), ("the first line of a.tsv was taken for headings: German, es",)),
        (("Question", "Question"), ("the first line of a.tsv was taken for headings: Question,",)),
    ],
)
def test_a_list_of_words_keeps_its_first_or_tells(tmp_path, first, told):
    (tmp_path / "a.tsv").write_text(table([first, *PAIRS]), "utf-8")
    pairs, sentences = learnt(tmp_path / "a.tsv")
    assert pairs == {*PAIRS} | ({first} if not told else set())
    assert all(any(one in sentence for sentence in sentences) for one in told)
    assert bool(told) == bool(sentences)


@pytest.mark.parametrize(
    "heading",
    [
        ("de", "es"),
        ("German", "Spanish"),
        ("Deutsch", "Italiano"),
        ("latin", "grec"),
        ("id", "English", "德语"),
    ],
)
def test_headings_of_other_languages_are_refused(tmp_path, heading):
    rows = [("1", *pair)[-len(heading) :] for pair in PAIRS]
    (tmp_path / "a.tsv").write_text(table([heading, *rows]), "utf-8")
    with pytest.raises(BadData, match=f"its headings are {', '.join(heading)}") as refused:
        data.read(tmp_path / "a.tsv", LANGUAGES)
    assert "模型只用于 en 和 fr，" in reasons.said(refused.value.fields["reason"], "zh")


@pytest.mark.parametrize(
    "row",
    [
        lambda a, b: {"translation": json.dumps([["en", a], ["fr", b]])},
        lambda a, b: {"translation": json.dumps({"en": a, "fr": b})},
    ],
)
def test_a_translation_in_json_within_json_is_read(tmp_path, row):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row(*pair)) for pair in PAIRS))
    assert learnt(tmp_path / "a.jsonl") == ({*PAIRS}, ())


def test_a_row_that_holds_a_list_is_a_row(tmp_path):
    row = {"en": PAIRS[0][0], "fr": PAIRS[0][1], "tags": [{"name": "x"}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert len(data.to_score(tmp_path / "a.jsonl", "en-fr")[0]) == 1


def test_keys_are_told_in_chinese_as_a_whole():
    said = reasons.said("by its sentences x.jsonl has en under source and fr under target", "zh")
    assert said == "从句子看，x.jsonl 的“source”一项是 en，“target”一项是 fr"


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("El gato está aquí con los niños del pueblo.", "of 25 sentences that stand for fr only 0"),
        ("Voilà les élèves déjà là.".encode().decode("cp1252", "replace"), "seem to be UTF-8 that"),
    ],
)
def test_what_is_hardly_the_language_is_told(tmp_path, other, told):
    (tmp_path / "a.tsv").write_text(
        table([LANGUAGES, *((a, f"{other} {n}") for n, (a, _) in enumerate(PAIRS))]), "utf-8"
    )
    found = [one for one in data.read(tmp_path / "a.tsv", LANGUAGES).told if told in one]
    assert found and reasons.said(found[0], "zh") != found[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tsv", table([("en", "es"), *PAIRS]), "its headings are en, es, and the model is for"),
        (
            "a.csv",
            table([("en", "fr"), ('"a', "b"), *PAIRS], ","),
            "mark in line 2 takes the lines",
        ),
        ("a.tsv", table([(a.replace(" ", "\t", 1), b) for a, b in [*PAIRS[:5]]] + PAIRS), "tabs"),
        ("a.tsv", table([(a, "") for a, _ in PAIRS] + PAIRS[1:]), "row 1 lacks a sentence in one"),
        ("a.txt", table([LANGUAGES, *PAIRS], ","), "no line has a tab .* end in .csv where commas"),
        ("a.tsv", table([LANGUAGES, *PAIRS], ";"), "no line has a tab .* end in .csv where commas"),
    ],
)
def test_what_cannot_be_told_is_refused_at_its_line(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(BadData, match=reason):
        data.read(tmp_path / name, LANGUAGES)


def test_the_sentences_tell_the_columns_of_parquet_too(tmp_path):
    columns = dict(zip(("source", "target"), zip(*PAIRS, strict=True), strict=True))
    pq.write_table(pa.table({"id": range(len(PAIRS)), **columns}), tmp_path / "a.parquet")
    pairs, told = learnt(tmp_path / "a.parquet")
    assert pairs == {*PAIRS}
    assert told == ("by its sentences a.parquet has en under source and fr under target",)


def test_a_pair_that_stands_the_other_way_round_is_not_scored(tmp_path):
    (tmp_path / "a.tsv").write_text(table([*PAIRS[:3], PAIRS[3][::-1], *PAIRS[4:]]), "utf-8")
    with pytest.raises(BadData, match="row 4 is not en, then fr"):
        data.to_score(tmp_path / "a.tsv", "en-fr")


def test_of_a_folder_with_splits_what_flatters_or_is_not_read_is_told(tmp_path):
    (tmp_path / "train.tsv").write_text(table(PAIRS), "utf-8")
    (tmp_path / "dev.tsv").write_text(table(PAIRS[:4]), "utf-8")
    (tmp_path / "train.jsonl").write_text("")
    (tmp_path / "~$train.csv").write_text("")  # of a spreadsheet that is open
    told = data.read(tmp_path, LANGUAGES).told
    assert told == (
        f"{tmp_path.name} has train in two formats; train.tsv is read, not train.jsonl",
        "4 pairs that are kept aside are learnt from, too: the figures flatter",
    )
    for sentence in told:
        assert reasons.said(sentence, "zh") != sentence


def test_a_file_for_each_language_is_told_what_to_do(tmp_path):
    for name in ("train.en", "train.fr"):
        (tmp_path / name).write_text("one\n")
    with pytest.raises(BadData, match=r"put train\.en and train\.fr side by side"):
        data.read(tmp_path, LANGUAGES)
