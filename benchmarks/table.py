"""Timings in; medians, spreads and ratios out, as text or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Spread:
    """One figure over its ``n`` repeats."""

    median: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        if self.n == 1:
            return figure(self.median)
        return f"{figure(self.median)} ({figure(self.low)} to {figure(self.high)})"


Cell = str | int | float | Spread | None


@dataclass(frozen=True)
class Table:
    """``rows`` have one cell per column; None where nothing could be measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Aligned columns: the first one to the left, figures to the right."""
        lines = [list(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        printed = [
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        printed.insert(1, "-" * max(len(line) for line in printed))
        return "\n".join([self.title, "", *printed, *(f"* {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """The same for machines, with a `Spread` as ``{"median", "low", "high", "n"}``."""
        rows = [
            {
                name: asdict(cell) if isinstance(cell, Spread) else cell
                for name, cell in zip(self.columns, row, strict=True)
            }
            for row in self.rows
        ]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def figure(value: float) -> str:
    """About three digits: 0.0123, 1.23, 12.3, 1,234."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return figure(cell) if isinstance(cell, float) else str(cell)


def paired(values: Sequence[float], references: Sequence[float]) -> Spread:
    """How many times the reference: one ratio for each repeat, each with its own reference."""
    return Spread.of([value / ref for value, ref in zip(values, references, strict=True)])


def seconds_beside(
    title: str,
    seconds: Mapping[str, Sequence[float]],
    reference: str,
    notes: tuple[str, ...] = (),
) -> Table:
    """Durations, and how many times as long as ``reference``, which is one of them.

    Args:
        seconds: for each name one duration a repeat; the i-th of all were measured together.
    """
    rows = tuple(
        (name, Spread.of(taken), paired(taken, seconds[reference]), len(taken))
        for name, taken in seconds.items()
    )
    return Table(title, ("what", "seconds", f"times {reference}", "n"), rows, notes)
