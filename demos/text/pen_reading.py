"""What the reader makes of a writing, beside what was meant: the differences marked.

The reader was trained apart from the pen, on real handwriting alone, so it is a fair judge, and it
errs itself: on real writing by people too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from demos import page
from demos.language import Say, Words
from demos.text.pen_writing import Sample
from inference.errors import Refusal

BLANK = "␣"  # a blank that is wrong must be seen


def alignment(meant: str, read: str) -> Iterator[tuple[str, str]]:
    """Pairs (meant, read) of characters, "" where one of them has none: the fewest differences
    (Levenshtein 1966)."""
    rows = [list(range(len(read) + 1))]
    for i, a in enumerate(meant, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[-1][j - 1] + (a != b), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    i, j = len(meant), len(read)
    back: list[tuple[str, str]] = []
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (meant[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            back.append((meant[i], read[j]))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            back.append((meant[i], ""))
        else:
            j -= 1
            back.append(("", read[j]))
    return reversed(back)


def marked(pairs: Sequence[tuple[str, str]], say: Say) -> str:
    """What was read as HTML: wrong letters underlined, missing ones as a gap, each with what was
    meant as its tooltip."""
    parts = []
    for meant, read in pairs:
        if meant == read:
            parts.append(escape(read))
        elif not read:
            title = say("text.pen.reads.missed", letter=meant.replace(" ", BLANK))
            parts.append(
                f'<mark class="gap" title="{title}">{escape(meant.replace(" ", BLANK))}</mark>'
            )
        else:
            shown = meant.replace(" ", BLANK)
            title = (
                say("text.pen.reads.meant", letter=shown) if meant else say("text.pen.reads.extra")
            )
            parts.append(f'<mark title="{title}">{escape(read.replace(" ", BLANK))}</mark>')
    return "".join(parts)


def reads(words: Words, lang: str, sample: Sample) -> str:
    """The caption of a sample: what the reader reads and how many letters differ; "" until then."""
    if sample.read is None:
        return ""
    say = words.speaker(lang)
    if isinstance(sample.read, Refusal):
        sentence = escape(page.sentence_of(sample.read, words.speaker(lang)))
        heading = say("text.pen.reads.heading")
        return f'<p class="quiet">{page.sentences(lang, heading, sentence)}</p>'
    meant = [line.text for line in sample.lines if line.points]
    pairs = [list(alignment(a, b)) for a, b in zip(meant, sample.read, strict=True)]
    wrong = sum(a != b for line in pairs for a, b in line)
    of = sum(map(len, meant))
    key = "all" if not wrong else "one" if wrong == 1 else "some"
    said = say(f"text.pen.reads.{key}", wrong=wrong, of=of)
    body = "\n".join(marked(line, say) for line in pairs)
    return (
        f'<p class="quiet">{say("text.pen.reads.heading")}</p>'
        f'<p class="reading-of">{body}</p><p class="quiet">{said}</p>'
    )
