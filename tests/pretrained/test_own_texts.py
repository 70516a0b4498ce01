"""A visitor's own text in the forms in which people have it: read as it was meant, or refused, and
never changed or left out without a word."""

from __future__ import annotations

import json

import pytest

from demos.language import reasons
from pretrained import own_files
from pretrained.errors import BadData
from pretrained.text import data

LINES = [f"On day {n} we had tea and talked about the weather." for n in range(60)]
TEXT = "".join(f"{line}\n" for line in LINES)
ROWS = [json.dumps({"id": n, "text": line}) for n, line in enumerate(LINES)]


def learnt(path):
    texts = data.own(path)
    return texts.train + texts.held_out, texts.told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("commas.jsonl", ",\n".join(ROWS) + ","),
        ("glued.jsonl", "".join(ROWS)),
        ("spread.jsonl", "\n".join(json.dumps(json.loads(row), indent=2) for row in ROWS)),
        ("last_comma.json", "[\n" + "".join(f"{row},\n" for row in ROWS) + "]\n"),
        ("within.json", json.dumps({"version": 1, "data": [json.loads(row) for row in ROWS]})),
        ("one.json", json.dumps({"title": "Tea", "text": TEXT}, indent=1)),
        ("list.json", json.dumps(LINES)),
        ("pandas.json", json.dumps({"text": dict(enumerate(LINES))})),
        ("columns.json", json.dumps({"id": [*range(len(LINES))], "text": LINES})),
        ("capitals.jsonl", "\n".join(ROWS).replace('"text"', '"TEXT"')),
        ("tags.json", json.dumps({"text": TEXT, "tags": [{"name": "tea"}]})),
        ("twice.txt", TEXT.replace("\n", "\r\r\n")),
    ],
)
def test_what_says_what_is_meant_is_read_so(tmp_path, name, content):
    (tmp_path / name).write_bytes(content.encode())
    assert learnt(tmp_path / name) == (TEXT, ())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.csv",
            "id,Text\n" + "".join(f'{n},"{s}"\n' for n, s in enumerate(LINES)),
            "column text",
        ),
        ("a.tsv", "text\tid\n" + "".join(f"{s}\t1\n" for s in LINES), "column text"),
        ("b.csv", "id\ttext\n" + "".join(f"1\t{s}\n" for s in LINES), "column text"),
        ("c.csv", "id, text\n" + "".join(f'1, "{s}"\n' for s in LINES), "column text"),
        ("d.csv", "text\n" + "".join(f'"{s}"\n' for s in LINES), "column text"),
        (
            "a.csv",
            "id;text\n" + "".join(f'{n};"{s}"\n' for n, s in enumerate(LINES)),
            "column text",
        ),
        (
            "a.csv",
            '"id, of ours, here";text\n' + "".join(f"{n};{s}\n" for n, s in enumerate(LINES)),
            "column text",
        ),
        ("e.csv", "id,text\n" + "".join(f'"{n}" , {s}\n' for n, s in enumerate(LINES)), "column"),
        ("a.txt", f"[{','.join(ROWS)}]", "its lines are JSON objects"),
        ("a.jsonl", "\n".join([*ROWS, '{"text": null}']), "1 empty texts were left out"),
        ("b.txt", TEXT.replace("tea", "\atea"), "60 control characters were left out: U+0007 60"),
    ],
)
def test_what_is_guessed_or_left_out_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_text(content, "utf-8")
    text, sentences = learnt(tmp_path / name)
    assert text == TEXT
    assert len(sentences) == 1 and told in sentences[0]
    assert reasons.said(sentences[0], "zh") != sentences[0]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.html", "".join(f"<p>{line}</p>\n" for line in LINES), "120 tags such as <p>"),
        ("b.html", TEXT.replace("day", "day&#39;s"), "60 codes of HTML such as &#39;"),
        (
            "c.txt",
            TEXT.replace("tea", "чай").encode().decode("cp1252"),
            "60 characters such as Ñ‡Ð",
        ),
        (
            "d.txt",
            TEXT.replace("tea", "今天").encode().decode("cp1252"),
            "60 characters such as ä»Šå",
        ),
        ("a.srt", TEXT.replace("On", "00:00:01,000 --> 00:00:02,000\nOn"), "60 time codes such as"),
        ("a.lrc", TEXT.replace("On", "[00:05.50]On"), "60 time codes such as [00:05.50]"),
        (
            "a.txt",
            TEXT.replace("On", "12/31/20, 9:15 PM - Anna: On"),
            "60 dates with times such as",
        ),
        ("a.txt", TEXT.replace("On", "[31.12.2020, 21:15:30] Anna: On"), "60 dates with times"),
        ("a.txt", TEXT.replace("On", "2020/12/31 下午9:15 - Anna: On"), "60 dates with times"),
        (
            "a.txt",
            TEXT.replace("On", "2020年12月31日 21:15 Anna: On"),
            "60 dates with times such as",
        ),
        ("a.txt", TEXT.replace("tea", "thé").encode().decode("cp1252"), "60 characters such as Ã©"),
        ("b.txt", "\n".join(ROWS).replace('"text"', '"content"'), "JSON without a text"),
        (
            "c.txt",
            '{"text": 7}\n' * 200,
            "names are learnt too (text)",
        ),
        (
            "d.txt",
            '{"txt": 7}\n' * 200,
            "names are learnt too (txt)",
        ),
        ("a.csv", TEXT.replace(" ", ","), "a table without a column called text"),
    ],
)
def test_what_is_hardly_meant_to_be_learnt_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_text(content, "utf-8")
    [sentence] = learnt(tmp_path / name)[1]
    assert told in sentence and reasons.said(sentence, "zh") != sentence


MODERN, OLD = (
    "我是学生，在北京的大学学习了一年。\n",
    "白日依山盡，黃河入海流。欲窮千里目，更上一層樓，不見人。\n",
)


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030"])
def test_chinese_in_another_encoding_is_read_and_told(tmp_path, encoding):
    for whole in (MODERN, MODERN + OLD):
        if whole is MODERN or encoding != "gb2312":  # which has no traditional characters
            (tmp_path / "a.txt").write_bytes((whole * 150 + TEXT).encode(encoding))
            text, [told] = learnt(tmp_path / "a.txt")
            assert text == whole * 150 + TEXT
            assert told == "a.txt is in GB18030, an encoding of Chinese, and is read so"
            assert reasons.said(told, "zh") != told


@pytest.mark.parametrize(
    ("sentence", "encoding"),
    [
        ("我們都是學生，歡迎你來北京，這裡的人很好。", "big5"),
        ("Он не знал, как сказать об этом своим друзьям.", "koi8-r"),
        ("Он не знал, как сказать об этом своим друзьям.", "cp1251"),
        ("나는 학생이고 서울에서 공부합니다.", "euc-kr"),
        ("私は学生です。東京で日本語を勉強しています。", "euc-jp"),
        ("Voilà où l'été a été passé, là-bas, à côté.", "cp1252"),
    ],
)
def test_what_is_in_yet_another_encoding_is_not_taken_for_chinese(tmp_path, sentence, encoding):
    (tmp_path / "a.txt").write_bytes(f"{sentence}\n".encode(encoding) * 150)
    with pytest.raises(BadData, match="it is not UTF-8"):
        data.own(tmp_path / "a.txt")


def test_a_parquet_file_is_told_how_to_save_its_text(tmp_path):
    for name, reason in (("a.parquet", "save its text as"), ("a.txt", "let its name end in")):
        (tmp_path / name).write_bytes(b"PAR1")
        with pytest.raises(BadData, match=f"it is a Parquet file.*{reason}"):
            data.own(tmp_path / name)


def test_signs_that_only_look_odd_are_not_told(tmp_path):
    signs = ("AT&T; R&D;", "il est né\u00a0» et ÀÉ", "a <3 b > c", "ESPAÑ–A Ð Ñ")
    for text in (
        *signs,
        "[12:30] by 9:15",
        "on 1/2/2020 at 9:15,",
        "\n1/2/2020 tea",
        "\n1.2.3 is 4",
    ):
        (tmp_path / "a.txt").write_text(TEXT.replace("tea", text), "utf-8")
        assert not any("such as" in one for one in learnt(tmp_path / "a.txt")[1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\n".join(ROWS).replace('"text"', '"body"'), 'line 1 has no "text", but id, body'),
        ("\n".join(ROWS) + '\n{"text": "cut', "line 61 is no JSON"),
        ("[" + ",\n".join(ROWS) + ',\n{"text": "cut', "line 61 is no JSON"),
        ('{"text": 7}', 'line 1 is no JSON object with a "text"'),
    ],
)
def test_a_refusal_names_the_line_and_what_stands_there(tmp_path, content, reason):
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(BadData, match=reason):
        data.own(tmp_path / "a.jsonl")


POEM = "Roses, red,\nviolets, blue,\nsugar, sweet,\nand, so,\nare, you,\nmy, dear.\n"


@pytest.mark.parametrize(
    ("heading", "row", "text"),
    [
        ("text", f'"{POEM}"', POEM),
        ("id,text", f'1,"{POEM}"', POEM),
        ("text,id", f'"{POEM}",1', POEM),
        ("text", '"Hello, ""world"""', 'Hello, "world"\n'),
        ("id,text", '1,"Hi" he said', '"Hi" he said\n'),
        ("id,text,note", '1,"Hi, you" he said', '"Hi, you" he said\n'),
    ],
)
def test_a_cell_in_a_table_is_read_to_its_end(tmp_path, heading, row, text):
    other = "".join(f"{'1,' * heading.startswith('id')}{line}\n" for line in LINES)
    (tmp_path / "a.csv").write_text(f"{heading}\n{row}\n{other}")
    found = learnt(tmp_path / "a.csv")[0]
    assert found.replace("\n\n", "\n") == text + TEXT


def test_a_quotation_mark_that_is_not_closed_is_refused(tmp_path):
    rows = "".join(f'{n},"{line}\n' for n, line in enumerate(LINES))
    (tmp_path / "a.csv").write_text("id,text\n" + rows)
    with pytest.raises(BadData, match="a quotation mark takes several rows"):
        data.own(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text(f"id,text\n1,{TEXT.replace(chr(10), ' ') * 50}\n")
    assert len(learnt(tmp_path / "a.csv")[0]) > 131_072  # what the csv module reads by itself


def test_of_a_folder_nothing_is_left_out_without_its_reason(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "copy of a.txt").write_text(TEXT)
    (tmp_path / "thé.txt").write_bytes("thé".encode("cp1252"))
    (tmp_path / "z.json").write_text('{"a": 1}')
    text, told = learnt(tmp_path)
    assert text == TEXT
    assert told == (
        "1 files were read",
        "1 files were left out, it is not UTF-8: save it as UTF-8 text (thé.txt)",
        '1 files were left out, line 1 has no "text", but a: call so what is to be learnt (z.json)',
        "1 files hold what another one holds and were left out: copy of a.txt",
    )
    for sentence in told:
        assert reasons.said(sentence, "zh") != sentence


@pytest.mark.parametrize("names", [("train.txt", "test.txt"), ("Training/1.txt", "valid/1.txt")])
def test_of_a_folder_with_splits_the_training_is_learnt(tmp_path, names):
    for name, text in zip(names, (TEXT, TEXT.upper()), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    text, told = learnt(tmp_path)
    first, second = (name.partition("/")[0] for name in names)
    assert text == TEXT
    assert told[1] == f"{tmp_path}: it has splits; {first} is taken, not {second}"


def test_of_a_folder_with_splits_what_names_no_split_is_learnt(tmp_path):
    for name in ("dubliners", "train", "test", "dev"):
        (tmp_path / f"{name}.txt").write_text(TEXT.replace("tea", name))
    text, told = learnt(tmp_path)
    assert text == TEXT.replace("tea", "dubliners") + "\n" + TEXT.replace("tea", "train")
    assert told[1].endswith("dubliners.txt, train.txt is taken, not dev.txt, test.txt")


def test_of_many_files_to_test_with_some_are_named_and_the_rest_counted(tmp_path):
    for name in ("train", *(f"test_{n}" for n in range(7))):
        (tmp_path / f"{name}.txt").write_text(TEXT)
    told = learnt(tmp_path)[1][1]
    named = ", ".join(f"test_{n}.txt" for n in range(5))
    assert told.endswith(f"train.txt is taken, not {named} and 2 more")
    assert reasons.said(told, "zh").endswith(f"不取 {named} 等，另有 2 个")


def test_long_files_are_read_to_their_end():
    rows = [json.dumps(json.loads(row), indent=2) for row in ROWS] * 300
    *_, (place, value) = own_files.json_values("\n".join(rows))
    assert (place, value["text"]) == (f"line {4 * len(rows) - 3}", LINES[-1])
    assert data._newlines("\r" * 200_000 + "a\r\r\nb") == "\n" * 200_000 + "a\nb"
    *_, (line, cells) = own_files.cells('1,"a\n""b"""\r\n' * 50_000, ",")
    assert (line, cells) == (99_999, ["1", 'a\n"b"'])


def test_of_many_files_left_out_some_are_named_and_the_rest_counted(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    for n in range(7):
        (tmp_path / f"copy {n}.txt").write_text(TEXT)
    told = learnt(tmp_path)[1][-1]
    assert told.endswith(": copy 0.txt, copy 1.txt, copy 2.txt, copy 3.txt, copy 4.txt and 2 more")
    assert reasons.said(told, "zh").endswith("copy 4.txt 等，另有 2 个")


def test_values_of_json_are_told_where_they_stand():
    assert [*own_files.json_values('{"a": 1}\n\nno\n[2]')] == [
        ("line 1", {"a": 1}),
        ("line 3", None),
        ("line 4", [2]),
    ]
    assert [*own_files.json_values("")] == []
