"""Real handwriting for training: read, brought to one scale, cleaned, and packed into sequences.

`read` takes the Parquet files described in the project's README (columns ``text``, ``writer``,
``dx``, ``dy``, ``pen_up``; ``y`` up). A row that cannot be what its label says is left out: lines
that wrap over several lines, and writings far too wide, narrow, dense or sparse for their text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrained import own_files
from pretrained.errors import BadData
from pretrained.handwriting import strokes
from pretrained.handwriting.strokes import Array

COLUMNS = ["text", "writer", "dx", "dy", "pen_up"]
#: Width of a character in x-heights, and points of a character, outside which a row is left out.
WIDTHS, POINTS = (0.35, 3.2), (3.0, 26.0)
#: A row whose size differs by more than this factor from its writer's is mislabelled or wrapped.
ODD_SIZE = 2.2
#: White between two words that are put side by side, in x-heights: mean and spread.
GAP = (1.1, 0.25)


@dataclass(frozen=True)
class Writing:
    """One row: what was written, by whom, and the pen's offsets in x-heights [T, 3]."""

    text: str
    writer: int
    points: Array
    width: float  # from the left end to the right end, in x-heights
    end: tuple[float, float]  # where the pen left the paper

    def __len__(self) -> int:
        return len(self.points)

    def absolute(self) -> NDArray[np.float64]:
        """As the pen gives its writings: x, y, up; [T, 3]."""
        points = self.points.astype(np.float64)
        points[:, :2] = points[:, :2].cumsum(0)
        return points


def rows(source: Path | str, split: str) -> tuple[list[dict[str, list[Any]]], str]:
    """The columns of every Parquet file of a split, and the split's name.

    Raises:
        BadData: nothing there, or other columns.
    """
    path = Path(source)
    files = [path] if path.is_file() else sorted(path.glob(f"{split}*.parquet"))
    if not files:
        reason = f"it holds no {split}*.parquet: check the path"
        raise BadData(path=source, reason=reason if path.is_dir() else own_files.missing(path))
    tables = []
    for file in files:
        table = own_files.table(file)
        if missing := [name for name in COLUMNS if name not in table.column_names]:
            reason = f"it has no column {', '.join(missing)}: {', '.join(COLUMNS)} are needed"
            raise BadData(path=file, reason=reason)
        tables.append(table.select(COLUMNS).to_pydict())
    folder = path.resolve().parent if path.is_file() else path.resolve()
    return tables, f"{folder.name}/{path.stem if path.is_file() else split}"


def read(
    source: Path | str, split: str, *, clean: bool = True, blind: bool = False
) -> tuple[list[Writing], str]:
    """Every usable row of one split, and the split's name.

    Args:
        clean: leave out what is badly labelled; False keeps every row that has strokes and text.
        blind: bring each row to size as a reader must, who does not know its text.

    Raises:
        BadData: nothing there that can be read.
    """
    tables, name = rows(source, split)
    found: list[tuple[str, int, list[NDArray[np.float64]], float]] = []
    sizes = defaultdict(list)
    for table in tables:
        for text, writer, dx, dy, up in zip(*(table[c] for c in COLUMNS), strict=True):
            if not text or not dx:
                continue
            drawn = [s * (1, -1) for s in strokes.cut(dx, dy, up)]
            size = strokes.size(drawn, text)
            if size > 0:
                found.append((text, writer, drawn, size))
                sizes[writer].append(size)
    if not found:
        raise BadData(path=source, reason=f"its {split} rows hold no strokes")
    usual = {writer: float(np.median(values)) for writer, values in sizes.items()}
    kept = []
    for text, writer, drawn, size in found:
        # One row tells its size with an error of a fifth, so the writer's own size counts as much.
        odd = max(size / usual[writer], usual[writer] / size)
        scaled = [s / np.sqrt(size * usual[writer]) for s in drawn]
        if clean and (odd > ODD_SIZE or wraps(scaled)):
            continue
        one = place(text, writer, scaled)
        if clean and not usable(one):
            continue
        kept.append(place(text, writer, strokes.blind(drawn)) if blind else one)
    return kept, name


def wraps(drawn: Sequence[NDArray[np.float64]]) -> bool:
    """Whether the pen went back a good part of the width and down: a second line begins."""
    xy = np.concatenate(drawn)
    wide = float(np.ptp(xy[:, 0]))
    ends = np.array([s[-1] for s in drawn[:-1]])
    starts = np.array([s[0] for s in drawn[1:]])
    if not len(ends) or wide < 6:
        return False
    jump = starts - ends
    return bool(((jump[:, 0] < -0.4 * wide) & (jump[:, 1] > 1.2)).any())


def place(text: str, writer: int, drawn: Sequence[NDArray[np.float64]]) -> Writing:
    """Strokes in x-heights, moved so that they stand on the baseline at the left end."""
    xy = np.concatenate(drawn)
    hang = strokes.HANG if any(c in strokes.HANGING for c in text) else 0.0
    corner = np.array([xy[:, 0].min(), xy[:, 1].max() - hang])
    points = strokes.resample([s - corner for s in drawn])
    last = points[:, :2].sum(0)
    wide = float(np.ptp(xy[:, 0]))
    return Writing(text, writer, points, wide, (float(last[0]), float(last[1])))


def usable(one: Writing) -> bool:
    """Whether a row can be what its label says, by its width and its number of points."""
    width, points = one.width / len(one.text), len(one) / len(one.text)
    narrow = 0.1 if len(one.text) == 1 else WIDTHS[0]
    return narrow < width < WIDTHS[1] and POINTS[0] - 2 * (len(one.text) < 3) < points < POINTS[1]


def apart(
    writings: Sequence[Writing], share: float, seed: int = 0
) -> tuple[list[Writing], list[Writing]]:
    """Some training writers kept aside, to watch and to choose by: (train, held out).

    The split is by writer and depends on the writers and the seed only.
    """
    writers = sorted({one.writer for one in writings})
    aside = set(np.random.default_rng(seed).permutation(writers)[: round(share * len(writers))])
    return (
        [one for one in writings if one.writer not in aside],
        [one for one in writings if one.writer in aside],
    )


def repeats(writings: Sequence[Writing], share: float = 0.004, most: float = 5.0) -> Array:
    """How often a row should be seen in one epoch: rows with rare characters more often.

    By the square root of how much rarer than ``share`` the row's rarest character is.
    """
    counts = Counter(c for one in writings for c in one.text)
    total = sum(counts.values())
    worth = {c: min(most, max(1.0, (share * total / n) ** 0.5)) for c, n in counts.items()}
    return np.array([max(worth[c] for c in one.text) for one in writings], np.float32)


def join(parts: Sequence[Writing], random: np.random.Generator) -> Writing:
    """Writings of one writer side by side, as one line with spaces between."""
    if len(parts) == 1:
        return parts[0]
    points, at, right = [], np.zeros(2), 0.0
    for one in parts:
        moved = one.points.copy()
        # The first offset leads from the left end of its own baseline to the first point.
        moved[0, :2] += np.array([right, 0.0]) - at
        points.append(moved)
        at = np.array([right + one.end[0], one.end[1]])
        last, right = right, right + one.width + max(0.5, random.normal(*GAP))
    text = " ".join(one.text for one in parts)
    wide = last + parts[-1].width
    return Writing(
        text, parts[0].writer, np.concatenate(points), wide, (float(at[0]), float(at[1]))
    )


def lines(
    writings: Sequence[Writing],
    random: np.random.Generator,
    *,
    shortest: int,
    longest: int,
    worth: Array | None = None,
) -> list[Writing]:
    """One epoch of lines: each writer's rows in random order, joined up to random lengths.

    Args:
        shortest, longest: bounds in points of the random length that a line is filled up to.
        worth: from `repeats`; fractions are rounded up or down by chance.
    """
    by_writer: dict[int, list[Writing]] = defaultdict(list)
    for i, one in enumerate(writings):
        times = 1 if worth is None else int(worth[i] + random.random())
        by_writer[one.writer] += [one] * times
    found = []
    for own in by_writer.values():
        line: list[Writing] = []
        room = random.integers(shortest, longest + 1)
        for i in random.permutation(len(own)):
            if line and sum(map(len, line)) + len(own[i]) > room:
                found.append(join(line, random))
                line, room = [], random.integers(shortest, longest + 1)
            if len(own[i]) <= 2 * longest:
                line.append(own[i])
        if line:
            found.append(join(line, random))
    return found


def alphabet_of(writings: Iterable[Writing], least: int = 10) -> str:
    """The characters that occur at least so often, sorted; letters and digits always belong."""
    counts = Counter(c for one in writings for c in one.text)
    always = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 "
    return "".join(sorted(set(always) | {c for c, n in counts.items() if n >= least}))
