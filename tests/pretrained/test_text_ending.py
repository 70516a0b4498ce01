"""Where a text ends: with its line or sentence, never within a word, and never too late."""

from __future__ import annotations

from typing import Any

import pytest

from pretrained.text.ending import LINE, MOST_OVER, SENTENCE, Ending

LINES = "Speak, I am here.\nAnd gone.\n\nROMEO:\nShall I hear more?\n"
SIGNS = "，。？！；"


def written(text: str, length: int, **how: Any) -> tuple[str, Ending]:
    """What of ``text`` is written when so many characters are asked for, and how it ended."""
    ending, found = Ending(length, **how), ""
    for character in text:
        ending = ending.then(character)
        found += character if ending.written else ""
        if ending.done:
            break
    return found, ending


@pytest.mark.parametrize(
    ("length", "end"),
    [(1, "here.\n"), (18, "here.\n"), (19, "gone.\n"), (28, "gone.\n"), (29, "gone.\n\n")],
)
def test_the_line_that_it_is_in_the_middle_of_is_finished(length, end):
    text, ending = written(LINES, length)
    assert text.endswith(end) and text.count("\n") == LINES[:length].rstrip("\n").count("\n") + (
        2 if length == 29 else 1
    )
    assert ending.done and not ending.cut


def test_a_line_that_only_names_a_speaker_is_not_the_last_of_a_play():
    assert written(LINES, 31, names=True)[0].endswith("ROMEO:\nShall I hear more?\n")
    assert written(LINES, 31)[0].endswith("\n\nROMEO:\n")
    assert written("O:\nAy.\n", 1, line="ROME", names=True)[0] == "O:\nAy.\n"


def test_a_poem_ends_with_a_sign():
    assert (
        written("春眠不觉晓，处处闻啼鸟。夜来", 7, line_ends=SIGNS)[0] == "春眠不觉晓，处处闻啼鸟。"
    )


def test_a_paragraph_is_left_at_the_end_of_a_sentence_after_a_while():
    text, ending = written("They said 3.5 words of it. " * 60, 30)
    assert text.endswith("of it.") and 30 + LINE <= len(text) <= 30 + LINE + SENTENCE
    assert not ending.cut


def test_where_a_line_is_a_paragraph_the_sentence_will_do_at_once():
    assert written('He said "No." And went.', 3, sentences=True)[0] == 'He said "No."'
    assert written("It is 3.5 m long. Then", 6, sentences=True)[0] == "It is 3.5 m long."
    assert written("他来了。他又走了。", 2, sentences=True)[0] == "他来了。"
    assert written("a line\nand more", 2, sentences=True)[0] == "a line\n"


@pytest.mark.parametrize(
    "text", ["and on, and on; o'er " * 60, "明月几时有把酒问青天" * 60, "가나다 라마바사 " * 80]
)
def test_without_a_line_or_a_sentence_it_ends_with_a_word_and_says_so(text):
    found, ending = written(text, 30)
    assert ending.cut and 30 + LINE + SENTENCE <= len(found) < 30 + MOST_OVER
    after = text[len(found)]
    assert after.isspace() or "\u2e80" <= after < "\uac00" or found[-1] in ",;"


def test_a_text_that_never_ends_a_word_is_stopped_all_the_same():
    found, ending = written("x" * 5_000, 30)
    assert ending.cut and len(found) == 30 + MOST_OVER


def test_a_memory_that_is_full_cuts_unless_a_sentence_has_just_ended():
    assert Ending(5, line="and the").broken_off().cut
    assert not Ending(5, line="I came.").broken_off().cut
    assert Ending(5, line="I came.").broken_off().done
