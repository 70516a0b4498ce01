"""Where the second network looked: lines between the words of both sides, or a table of shades; and
the same sentence with attention taken away.

For each token that it writes, attention (Bahdanau 2014) gives every token that was read a share,
together 1. A word written has the mean of its tokens, a word read their sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from demos import page
from demos.language import Say
from demos.page import percent
from demos.translation import answers, learn
from demos.translation.answers import TAGS
from demos.translation.inside import pointing
from demos.translation.inside.pointing import Mark, clipped
from demos.translation.tokens import END, probabilities, words

LEAST = 0.05  # a share below it has no line
TOLD = 4  # shares that are told of one word
#: The drawing, in its own units: row, width, where the columns of words begin and end.
ROW, WIDE, LEFT, RIGHT, GAP = 34, 420, 148, 272, 8
WORDS = "translation.inside.align"
LONGEST = 15  # letters of a word that fit beside the lines
SOURCE, TARGET = "en", "fr"  # all that the network without attention knows
FULL = answers.BUNDLED[f"{SOURCE}-{TARGET}"]
#: For the other directions: long enough to be hard to hold in one vector.
EXAMPLE = "I would like to know why you did not come to the party last night."


@dataclass(frozen=True)
class Aligned:
    """``read`` [S] and ``written`` [T] words, ``shares`` [T][S], ``probabilities`` [T]: that which
    the network gave each word it wrote, 0..1."""

    read: tuple[str, ...]
    written: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    probabilities: tuple[float, ...]


def aligned(sentence: Mapping[str, Any]) -> Aligned:
    """The alignment of one sentence of an answer, between words instead of tokens."""
    rows, columns = words(sentence["target_tokens"]), words(sentence["source_tokens"])
    table = sentence["attention"]
    shares = [
        tuple(
            sum(table[n][m] for n in row.tokens for m in column.tokens) / len(row.tokens)
            for column in columns
        )
        for row in rows
    ]
    return Aligned(
        tuple(one.text for one in columns),
        tuple(one.text for one in rows),
        tuple(shares),
        probabilities(rows, sentence["probabilities"]),
    )


def drawn(say: Say, sentence: Mapping[str, Any], source: str, target: str) -> str:
    """The step of the room: a switch, both figures, how each is read."""
    if not sentence["attention"]:
        return pointing.closed(say, "align", "closed")
    table = aligned(sentence)
    views = [(name, say(f"{WORDS}.{name}")) for name in ("lines", "heat")]
    both = lines(say, table, source, target) + heat(say, table, source, target)
    told = "".join(
        f'<p class="quiet how how-{name}">{say(f"{WORDS}.how_{name}")}</p>'
        for name in ("lines", "heat")
    )
    shown = pointing.figure(say, "align", both, marks(say, table))
    body = pointing.switch(say, "align", views) + told + shown
    return page.section(say, "translation.inside.align", f'<div data-view="lines">{body}</div>')


def named(say: Say, word: str) -> str:
    """A word, or what is said for the end of the sentence. Plain text."""
    return say.plain("translation.inside.end") if word == END else word


def marks(say: Say, table: Aligned) -> list[Mark]:
    """What is told of each word written, then of each word read."""
    count, width = len(table.written), len(table.read)
    found = []
    for i, row in enumerate(table.shares):
        best = ranked(row)
        given = percent(table.probabilities[i])
        said = say.plain(f"{WORDS}.said", word=table.written[i], share=given)
        go = {"ArrowDown": min(i + 1, count - 1), "ArrowUp": max(i - 1, 0)}
        go["ArrowLeft"] = count + best[0]
        facts = [(named(say, table.read[j]), percent(row[j])) for j in best[:TOLD]]
        found.append(Mark(said, facts, [i * width + j for j in range(width)], go=go))
    for j, word in enumerate(table.read):
        column = [row[j] for row in table.shares]
        best = ranked(column)
        said = say.plain(f"{WORDS}.read", word=named(say, word))
        go = {"ArrowDown": count + min(j + 1, width - 1), "ArrowUp": count + max(j - 1, 0)}
        go["ArrowRight"] = best[0]
        facts = [(table.written[i], percent(column[i])) for i in best[:TOLD]]
        found.append(Mark(said, facts, [i * width + j for i in range(count)], go=go))
    return found


def ranked(shares: Sequence[float]) -> list[int]:
    """Places, the largest share first."""
    return sorted(range(len(shares)), key=lambda n: -shares[n])


def summary(say: Say, table: Aligned) -> str:
    """The alignment in words, for those who cannot see it: escaped."""
    pairs = (
        f"{word} ← {named(say, table.read[ranked(row)[0]])}"
        for word, row in zip(table.written, table.shares, strict=True)
    )
    return say(f"{WORDS}.alt", pairs="; ".join(pairs))


def lines(say: Say, table: Aligned, source: str, target: str) -> str:
    """Words read on the left, words written on the right, a line for each share."""
    count, width = len(table.written), len(table.read)
    height = ROW * max(count, width)

    def place(n: int, of: int) -> float:
        return height / of * (n + 0.5)

    drawing = []
    for i, row in enumerate(table.shares):
        for j, share in enumerate(row):
            if share >= LEAST:
                drawing.append(
                    f'<path data-piece="{i * width + j}" d="M{LEFT} {place(j, width):.0f}'
                    f"C{LEFT + 60} {place(j, width):.0f} {RIGHT - 60} {place(i, count):.0f} "
                    f'{RIGHT} {place(i, count):.0f}" '
                    f'style="--share:{share:.2f};--stroke:{0.75 + 6 * share:.1f}px"/>'
                )
    for j, word in enumerate(table.read):
        end = ' class="end"' if word == END else ""
        drawing.append(
            f'<g data-i="{count + j}"{end}>{hit(0, place(j, width), LEFT)}'
            f'<text lang="{TAGS[source]}" x="{LEFT - GAP}" y="{place(j, width):.0f}" '
            'text-anchor="end">'
            f"{clipped(named(say, word), LONGEST)}</text></g>"
        )
    for i, word in enumerate(table.written):
        drawing.append(
            f'<g data-i="{i}">{hit(RIGHT, place(i, count), WIDE - RIGHT)}'
            f'<text lang="{TAGS[target]}" x="{RIGHT + GAP}" y="{place(i, count):.0f}">'
            f"{clipped(word, LONGEST)}</text></g>"
        )
    languages = [say(f"translation.language.{code}") for code in (source, target)]
    heads = (
        f'<div class="sides" aria-hidden="true"><span>{languages[0]}</span>'
        f"<span>{languages[1]}</span></div>"
    )
    return (
        f'<div class="lines">{heads}<svg viewBox="0 0 {WIDE} {height}" role="img" '
        f'aria-label="{summary(say, table)}">{"".join(drawing)}</svg></div>'
    )


def hit(x: float, y: float, width: float) -> str:
    """The ground behind a word, which the pointer may hit."""
    return (
        f'<rect x="{x:.0f}" y="{y - ROW / 2 + 3:.0f}" width="{width:.0f}" height="{ROW - 6}" '
        'rx="4"/>'
    )


def heat(say: Say, table: Aligned, source: str, target: str) -> str:
    """A row for each word written, a column for each word read: a table for screen readers too."""
    head = "".join(
        f'<th scope="col" lang="{TAGS[source]}" data-i="{len(table.written) + j}">'
        f"<span>{escape(named(say, word))}</span></th>"
        for j, word in enumerate(table.read)
    )
    rows = []
    for i, row in enumerate(table.shares):
        cells = "".join(
            f'<td data-piece="{i * len(row) + j}" data-i="{i}" style="--share:{share:.2f}" '
            f'title="{percent(share)}"><span class="sr-only">{percent(share)}</span></td>'
            for j, share in enumerate(row)
        )
        word = escape(table.written[i])
        rows.append(
            f'<tr><th scope="row" lang="{TAGS[target]}" data-i="{i}">{word}</th>{cells}</tr>'
        )
    caption = say(f"{WORDS}.caption")
    return (
        f'<div class="heat"><table><caption class="sr-only">{caption}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def ablated(source: str, target: str, text: str) -> tuple[str, bool]:
    """(the sentence that is asked with attention and without, whether it is the visitor's)."""
    return (text, True) if (source, target) == (SOURCE, TARGET) else (EXAMPLE, False)


def ablation(
    say: Say, text: str, own: bool, full: Mapping[str, Any], plain: Mapping[str, Any]
) -> str:
    """The step of the room that takes attention away: a sentence of the answer with it, and of the
    answer without. ``own``: whether ``text`` is the visitor's."""
    columns = "".join(
        f"<div><h3>{say(f'translation.inside.ablation.{name}')}</h3>"
        f'<p class="spoken" lang="{TAGS[TARGET]}">{escape(one["translation"])}</p></div>'
        for name, one in (("full", full), ("plain", plain))
    )
    told = say(f"translation.inside.ablation.{'yours' if own else 'example'}")
    sentence = f'<p class="spoken" lang="{TAGS[SOURCE]}">{escape(text)}</p>'
    body = (
        f'<p class="quiet">{told}</p>{sentence}<div class="ablation">{columns}</div>{bought(say)}'
    )
    return page.section(say, "translation.inside.ablation", body, numbers=len(plain["state"]))


def bought(say: Say) -> str:
    """What attention bought on the test sentences, from both cards; nothing until both tell it."""
    rows = [learn.reached(key, f"{SOURCE}-{TARGET}") for key in (FULL, answers.PLAIN)]
    if not all(rows):
        return ""
    full, plain = (learn.score(row, "bleu") for row in rows)
    n = f"{rows[0]['n']:,}"
    told = say("translation.inside.ablation.measured", n=n, full=full, plain=plain)
    return f'<p class="quiet">{told}</p>'
