"""Synthetic handwriting: every character is a curl of its own, so that tests need no data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

ALPHABET = "".join(sorted("abcdefghijklmnopqrstuvwxyzQXZ0123456789 .,"))


def strokes_of(text: str, size: float = 100.0, slant: float = 0.0) -> list[np.ndarray]:
    """One stroke for each character, y up as in the data."""
    found = []
    for n, c in enumerate(text):
        if c == " ":
            continue
        turns = 1 + ord(c) % 3
        t = np.linspace(0, 2 * np.pi * turns, 14 * turns)
        x = n * 1.2 + 0.4 * np.cos(t + ord(c)) + 0.1 * t / turns
        y = 0.5 + 0.5 * np.sin(t)
        found.append(np.stack([x + slant * y, y], 1) * size)
    return found


def write_split(folder: Path, split: str, *, writers: int = 4, rows: int = 12) -> Path:
    """A Parquet file with the columns of the real data."""
    random = np.random.default_rng(len(split))
    words = ["word", "pen", "Quiz", "Xenon", "Zoo", "42", "7", "a b", "hello", "end."]
    table: dict[str, list] = {name: [] for name in ("text", "writer", "dx", "dy", "pen_up")}
    for writer in range(writers):
        for row in range(rows):
            text = words[(row + writer) % len(words)]
            drawn = strokes_of(text, 80 + 30 * writer, 0.1 * writer)
            xy = np.concatenate(drawn) + random.normal(0, 1, (sum(map(len, drawn)), 2))
            ends = np.cumsum([len(s) for s in drawn]) - 1
            up = np.zeros(len(xy), int)
            up[ends] = 1
            moved = np.diff(xy, axis=0, prepend=np.zeros((1, 2))).round().astype(int)
            table["text"].append(text)
            table["writer"].append(writer)
            table["dx"].append(moved[:, 0].tolist())
            table["dy"].append(moved[:, 1].tolist())
            table["pen_up"].append(up.tolist())
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(table), folder / f"{split}.parquet")
    return folder
