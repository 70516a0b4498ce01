"""Pairs as Anki and Markdown have them."""

from __future__ import annotations

import pytest
from test_own_pairs import PAIRS, learnt, table

from demos.language import reasons

ANKI = "the settings of Anki above the pairs of {name} are followed"
BARS = "the cells of {name} are parted by bars (|)"


def barred(rows, before="| ", after=" |"):
    return "".join(f"{before}{' | '.join(row)}{after}\n" for row in rows)


def quoted(rows, sign):
    return "".join(sign.join(f'"{cell}"' for cell in row) + "\n" for row in rows)


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("#separator:tab\n#html:false\n" + table(PAIRS), ANKI),
        ("#separator:Semicolon\n#html:false\n" + quoted(PAIRS, ";"), ANKI),
        (
            "#separator:Comma\n#columns:French,English\n" + quoted([p[::-1] for p in PAIRS], ","),
            ANKI,
        ),
        (
            "#separator:tab\n#html:true\n#tags column:3\n"
            + table((f"<b>{a}</b>", b.replace("'", "&#x27;") + "<br>", "tag") for a, b in PAIRS),
            ANKI,
        ),
        (barred([("en", "fr"), ("---", ":--"), *PAIRS]), BARS),
        (barred([("fr", "en"), *(pair[::-1] for pair in PAIRS)], "", ""), BARS),
    ],
)
def test_what_programs_export_is_read_and_told(tmp_path, name, content, told):
    file = tmp_path / name
    file.write_text(content, "utf-8")
    pairs, sentences = learnt(file)
    assert pairs == {*PAIRS}
    assert told.format(name=name) in sentences
    assert all(reasons.said(one, "zh") != one for one in sentences)


def test_a_bar_within_sentences_parts_no_cells(tmp_path):
    rows = [(f"{a} | really", f"{b} | vraiment") for a, b in PAIRS]
    (tmp_path / "a.tsv").write_text(table(rows), "utf-8")
    assert learnt(tmp_path / "a.tsv") == ({*rows}, ())
