"""Scoring the reader on real writing, and the pen by what the reader makes of its writing.

``cer`` is the character error rate: insertions, deletions and replacements over characters meant.
``cer_ratio`` compares the pen with people: the reader's rate on the pen's samples of some texts
over its rate on the real writings of the very same texts. Intervals come from a bootstrap over
writers, since rows of one writer are alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.errors import BadCheckpoint, BadData
from pretrained.handwriting import alphabet, data, strokes
from pretrained.handwriting.reader import errors
from pretrained.metrics import ratio_of_sums

#: Texts that the pen writes, and how often each rare character is written for its own figure.
TEXTS, EACH = 800, 24
LEGIBLE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Counts = NDArray[np.int64]


def evaluate(
    entry: Entry, source: Path | str, *, split: str = "validation", device: str = "cpu"
) -> dict[str, Any]:
    """Error rates of the reader, or of the pen as the bundled reader reads it, on one split.

    Returns:
        ``{"key", "split", "n", "metrics": {NAME: {"value", "low", "high"}}, "per_class"}``.
        n counts writings: every row for the reader, samples for the pen.

    Raises:
        BadData: writings that cannot be read.
        BadCheckpoint: there is no reader to read the pen with.
    """
    model = entry.load(device)
    if hasattr(model, "begin"):
        return score_pen(entry, model, source, split)
    return score_reader(entry, model, source, split)


def score_reader(entry: Entry, model: Any, source: Path | str, split: str) -> dict[str, Any]:
    """The reader on every row of a split that has strokes, well labelled or not."""
    drawn, texts, writers, name = real(source, split)
    read = reading(model, drawn, entry.key)
    wrong, total = counts(read, texts)
    groups = grouped(writers)
    return {
        "key": entry.key,
        "split": name,
        "n": len(texts),
        "metrics": {"cer": ratio_of_sums(wrong, total, groups)},
        "per_class": legibility(read, texts),
    }


def score_pen(entry: Entry, model: Any, source: Path | str, split: str) -> dict[str, Any]:
    """The pen's samples of a split's texts beside the real writings of the same texts.

    Badly labelled rows are left out, as in training: they would flatter the pen.
    """
    reader = bundled_reader()
    writings, name = data.read(source, split)
    random = np.random.default_rng(0)
    known = [one for one in writings if not alphabet.missing(one.text, model.characters)]
    if not known:
        raise BadData(path=source, reason="none of its texts is in the pen's alphabet")
    chosen = [known[i] for i in random.permutation(len(known))[:TEXTS]]
    texts = [one.text for one in chosen]
    real_read = reading(reader, [one.absolute() for one in chosen], "real writing")
    samples = written(model, texts)
    read = reading(reader, samples, entry.key)
    wrong, total = counts(read, texts)
    real_wrong, _ = counts(real_read, texts)
    groups = grouped([one.writer for one in chosen])
    rare = rare_texts(texts, random)
    more = reading(reader, written(model, rare), "rare characters")
    return {
        "key": entry.key,
        "split": name,
        "n": len(texts),
        "metrics": {
            "cer_ratio": ratio_of_sums(wrong, real_wrong, groups),
            "cer": ratio_of_sums(wrong, total, groups),
            "cer_real": ratio_of_sums(real_wrong, total, groups),
        },
        "per_class": legibility([*read, *more], [*texts, *rare]),
    }


def bundled_reader() -> Any:
    """The reader that ships with the app.

    Raises:
        BadCheckpoint: there is none.
    """
    folder = catalog.folder_of("handwriting/reader")
    return catalog.from_folder(folder, "handwriting/reader").load("cpu")


def real(
    source: Path | str, split: str
) -> tuple[list[list[NDArray[np.float64]]], list[str], list[int], str]:
    """Every row as a visitor would send it: strokes in device units with y down, text, writer."""
    tables, name = data.rows(source, split)
    drawn, texts, writers = [], [], []
    for table in tables:
        for text, writer, dx, dy, up in zip(*(table[c] for c in data.COLUMNS), strict=True):
            if text and dx:
                drawn.append([s * (1, -1) for s in strokes.cut(dx, dy, up)])
                texts.append(text)
                writers.append(writer)
    if not texts:
        raise BadData(path=source, reason=f"its {split} rows hold no strokes")
    return drawn, texts, writers, name


def reading(reader: Any, drawn: Sequence[Any], title: str) -> list[str]:
    """What the reader reads, one text for each writing; nothing where it refuses."""
    return [
        answer["text"] if isinstance(answer, dict) else ""
        for each in tqdm(drawn, desc=title, disable=None)
        for answer in reader.predict([each])
    ]


def written(pen: Any, texts: Sequence[str]) -> list[NDArray[np.float64]]:
    """The pen's samples at its usual bias, text n in hand n, taking turns, with seed n."""
    jobs: list[dict[str, Any]] = [{"text": text, "seed": n} for n, text in enumerate(texts)]
    for n, job in enumerate(jobs):
        if pen.names:
            job["style"] = n % len(pen.names)
    found: list[NDArray[np.float64]] = [np.zeros((0, 3))] * len(jobs)
    # Alike in length together, so that few places stand empty; a sample is the same in any batch.
    order = sorted(range(len(jobs)), key=lambda n: len(texts[n]))
    for begin in tqdm(range(0, len(order), 64), desc="writing", disable=None):
        part = order[begin : begin + 64]
        for n, answer in zip(part, pen.predict([jobs[n] for n in part]), strict=True):
            if isinstance(answer, Exception):
                raise BadCheckpoint(path="the pen", reason=f"{texts[n]!r}: {answer}") from answer
            found[n] = answer["points"]
    return found


def counts(read: Sequence[str], meant: Sequence[str]) -> tuple[Counts, Counts]:
    """Errors and characters of each writing."""
    wrong = [errors(a, b) for a, b in zip(read, meant, strict=True)]
    return np.array(wrong), np.array([len(text) for text in meant])


def grouped(writers: Iterable[int]) -> list[Counts]:
    """Indices of the rows of each writer."""
    rows = defaultdict(list)
    for n, writer in enumerate(writers):
        rows[writer].append(n)
    return [np.array(each) for each in rows.values()]


def matched(read: str, meant: str) -> list[bool]:
    """Which characters of ``meant`` the best alignment finds in ``read``."""
    table = np.zeros((len(read) + 1, len(meant) + 1), np.int64)
    table[:, 0], table[0] = np.arange(len(read) + 1), np.arange(len(meant) + 1)
    for i, a in enumerate(read, 1):
        for j, b in enumerate(meant, 1):
            replaced = table[i - 1, j - 1] + (a != b)
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, replaced)
    found = [False] * len(meant)
    i, j = len(read), len(meant)
    while i and j:
        same = read[i - 1] == meant[j - 1]
        if table[i, j] == table[i - 1, j - 1] + (not same):
            i, j = i - 1, j - 1
            found[j] = same
        elif table[i, j] == table[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return found


def legibility(read: Sequence[str], meant: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each character that was meant: the share that was read, and how many there were."""
    seen: dict[str, list[bool]] = defaultdict(list)
    for a, b in zip(read, meant, strict=True):
        for c, right in zip(b, matched(a, b), strict=True):
            seen[c].append(right)
    return {
        c: {"recall": round(float(np.mean(rights)), 4), "n": len(rights)}
        for c, rights in sorted(seen.items())
        if c != " "
    }


def rare_texts(texts: Sequence[str], random: np.random.Generator) -> list[str]:
    """Texts for every letter and digit that occurs too seldom: it leads a word or a number."""
    words = [word for text in texts for word in text.split() if word.isalpha() and word.islower()]
    words = [word for word in words if 3 <= len(word) <= 7] or ["word"]
    together = "".join(texts)
    found = []
    for c in LEGIBLE:
        for _ in range(EACH - together.count(c)):
            rest = str(random.integers(10, 1000)) if c.isdigit() else random.choice(words)[1:]
            found.append(c + rest)
    return found
