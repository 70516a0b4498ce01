"""What a page is shown of one translated sentence: its pieces, their probabilities and attention,
the alternatives, and, when it is looked inside, the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Protocol

import numpy as np

from pretrained.translation import everyday, figures, readings
from pretrained.translation.beam import Found, Hypothesis, penalty
from pretrained.translation.readings import Reading
from pretrained.translation.vocabulary import END

#: What a sentence ends with that is read with a full stop which nobody typed.
STOPS = ".。"


class Words(Protocol):
    """A vocabulary, ours or another's: see `Vocabulary`."""

    @property
    def end(self) -> int: ...
    def decode(self, numbers: Iterable[int]) -> str: ...
    def spans(self, numbers: Sequence[int]) -> list[tuple[str, int]]: ...


@dataclass(frozen=True)
class Task:
    """One sentence to search: token numbers, ended, and what its translation must begin with.

    ``reading``: how it was read; None as it stands. ``others``: the same, read other ways.
    """

    tokens: tuple[int, ...]
    target: str
    prefix: tuple[int, ...] = ()
    reading: Reading | None = None
    others: tuple[Task, ...] = ()


def sentence(words: Words, task: Task, found: Found, view: str) -> dict[str, Any]:
    """One sentence, best translation first; attention has a row for each target token and a
    column for each source token, the last one for the end of the sentence.

    ``mean_probability`` (0..1): the geometric mean over the translation's tokens and its end;
    ``read_back``: the same of the source, read back from the translation, None where it was not.
    ``read_as``: the text as it was read, where that is not as it was typed.
    ``missing_numbers``: how many that the source has in figures it has not, and percentages.
    """
    reading = task.reading or Reading("")
    hypotheses = [_unsigned(words, h, reading) for h in found.hypotheses]
    best = hypotheses[0]
    columns = words.spans(task.tokens[:-1])
    rows = readings.put_back_pieces(words.spans(best.tokens), reading.kept)
    text = text_of(words, best, reading)
    if rows:
        piece, count = rows[0]
        rows[0] = piece.replace(piece.strip()[:1], text[:1], 1), count
    read, written = (words.decode(one) for one in (task.tokens, best.tokens))
    answer = {
        "source": read,
        "translation": text,
        "alternatives": alternatives(words, hypotheses, reading),
        "source_tokens": [*(piece for piece, _ in columns), END],
        "target_tokens": [piece for piece, _ in rows],
        "probabilities": _products(best, [count for _, count in rows]),
        "attention": _gathered(best, [n for _, n in rows], [*(n for _, n in columns), 1]),
        "complete": best.finished,
        "mean_probability": exp(_mean(best)),
        "read_back": _read_back(best, len(task.tokens)),
        "missing_numbers": figures.missing(written, figures.numbers(read))
        + max(0, figures.percents(read) - figures.percents(written)),
    }
    if task.reading and not task.reading.typed:
        answer["read_as"] = read
    if view == "inside":
        answer["state"] = found.meaning.tolist()
        answer["tree"] = [
            {
                "parent": node.parent,
                "token": _shown(words, node.token),
                "probability": exp(node.log_prob),
                "total": node.total,
                "fate": node.fate,
            }
            for node in found.tree
        ]
    return answer


def translated(words: Words, task: Task, found: Found) -> str:
    """The best translation of a sentence."""
    reading = task.reading or Reading("")
    return text_of(words, _unsigned(words, found.hypotheses[0], reading), reading)


def text_of(words: Words, one: Hypothesis, reading: Reading) -> str:
    """A translation as it is shown."""
    text = readings.put_back(words.decode(one.tokens), reading.kept)
    if reading.begins and not reading.following:
        return everyday.capital(text)
    return readings.going_on(text) if reading.following else text


def _unsigned(words: Words, one: Hypothesis, reading: Reading) -> Hypothesis:
    """Without the full stop that stands for one which nobody typed."""
    stops = everyday.SIGNS if reading.followed else STOPS if reading.signed else ""
    last = words.decode(one.tokens[-1:])
    if not one.tokens[1:] or not last or last not in stops:
        return one
    at = len(one.tokens) - 1
    return replace(
        one,
        tokens=one.tokens[:at],
        log_probs=one.log_probs[:at] + one.log_probs[at + 1 :],
        attention=np.delete(one.attention, at, 0),
    )


def alternatives(
    words: Words, hypotheses: Sequence[Hypothesis], reading: Reading
) -> list[dict[str, Any]]:
    """Each different text once, by its best spelling: one text can be written in other pieces,
    and a capital or a blank makes no other translation. The best one always, no empty one.

    ``score``: nats over the length's penalty; ``back``: likewise of the source read back, None
    where it was not; ``rank``: what they are ordered by; ``probability``: of the whole
    sentence.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in hypotheses:
        text = text_of(words, one, reading)
        told = {
            "score": one.score,
            "back": one.back,
            "rank": one.rank,
            "probability": exp(sum(one.log_probs)),
        }
        same = " ".join(text.split()).casefold()
        if same or not found:
            found.setdefault(same, {"translation": text, **told})
    return list(found.values())


def _shown(words: Words, token: int) -> str:
    """A token as text; the end as its sign."""
    if token == words.end:
        return END
    return words.spans([token])[0][0]


def _mean(one: Hypothesis) -> float:
    """The mean log-probability of its tokens."""
    return sum(one.log_probs) / max(1, len(one.log_probs))


def _read_back(one: Hypothesis, length: int) -> float | None:
    """The geometric mean of the probabilities of the source's tokens, of which there are so many:
    `Hypothesis.back` is their logarithms' sum over another measure of the length."""
    return None if one.back is None else exp(one.back * penalty(length) / length)


def _products(one: Hypothesis, counts: Sequence[int]) -> list[float]:
    """The probability of each shown piece, of one token or of several."""
    found, at = [], 0
    for count in counts:
        found.append(exp(sum(one.log_probs[at : at + count])))
        at += count
    return found


def _gathered(one: Hypothesis, rows: Sequence[int], columns: Sequence[int]) -> list[list[float]]:
    """Attention between shown pieces: the mean over a piece's rows, the sum over its columns."""
    table, row = [], 0
    for height in rows:
        mean = one.attention[row : row + height].mean(0)
        row += height
        at, cells = 0, []
        for width in columns:
            cells.append(float(mean[at : at + width].sum()))
            at += width
        table.append(cells)
    return table
