"""The copy meter: how long a run of a text stands, word for word, in the text that was trained on.

The training text is not shipped. What is shipped is a fingerprint: a hash of every run of ``gram``
characters (Karp & Rabin 1987) that starts at a multiple of ``stride``, in the order of the text. A
run that a text shares with the training text shows as hashes in a row, and tells its place. Of
poems, one to a line, it is also told where each begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pretrained import checkpoint
from pretrained.text.data import CLOSE, quatrain

FILE = "copies.safetensors"
#: Multiplier and modulus 2^64 of the rolling hash; 32 of its 64 bits are kept.
BASE = np.uint64(0x9E3779B97F4A7C15)
#: Hashes that a fingerprint holds at most: a long text is sampled at every stride-th place.
MOST = 400_000


def hashes(text: str, gram: int, stride: int = 1) -> np.ndarray:
    """One uint32 for each run of ``gram`` characters that starts at a multiple of ``stride``."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64) + np.uint64(
        1
    )
    count = len(codes) - gram + 1
    if count <= 0:
        return np.zeros(0, np.uint32)
    total = np.zeros(len(range(0, count, stride)), np.uint64)
    with np.errstate(over="ignore"):
        for place in range(gram):
            total = total * BASE + codes[place : place + count : stride]
        total ^= total >> np.uint64(29)
        total *= np.uint64(0xBF58476D1CE4E5B9)
    return (total >> np.uint64(32)).astype(np.uint32)


def poems(text: str) -> np.ndarray:
    """The first character of each poem, int32 [N], if most lines are quatrains; else none."""
    starts, quatrains, place = [], 0, 0
    for line in text.split(CLOSE):
        if line:
            starts.append(place)
            quatrains += quatrain(line)
        place += len(line) + 1
    return np.array(starts if 2 * quatrains > len(starts) else [], np.int32)


def save(folder: Path, text: str, gram: int) -> None:
    """Write the fingerprint of a training text beside the weights."""
    from safetensors.numpy import save_file

    stride = max(1, -(-len(text) // MOST))
    found = {"hashes": hashes(text, gram, stride), "poems": poems(text)}
    metadata = {"gram": str(gram), "stride": str(stride), "length": str(len(text))}
    save_file(found, folder / FILE, metadata=metadata)


class Fingerprint:
    """A training text as the copy meter knows it."""

    def __init__(self, folder: Path, works: list[Any]) -> None:
        from safetensors import safe_open

        with safe_open(folder / FILE, "numpy") as file:
            told = file.metadata()
            found = file.get_tensor("hashes")
            parts = list(file.keys())
            # Fingerprints made before poems were told apart have none.
            self.poems = file.get_tensor("poems") if "poems" in parts else ()
        self.gram, self.stride = int(told["gram"]), int(told["stride"])
        self.length = int(told["length"])
        self.works = works
        self._order = np.argsort(found, kind="stable")
        self._sorted, self._hashes = found[self._order], found

    @property
    def least(self) -> int:
        """The shortest run that is sure to be found, in characters."""
        return self.gram + self.stride - 1

    def runs(self, text: str) -> list[dict[str, int]]:
        """Shared runs, longest first: start and length in ``text``, place in the training text.

        A length is a lower bound, short of the truth by less than two strides.
        """
        own = hashes(text, self.gram)
        first = np.searchsorted(self._sorted, own, "left")
        last = np.searchsorted(self._sorted, own, "right")
        found: dict[tuple[int, int], int] = {}  # (start, place) -> length
        ends: dict[tuple[int, int], tuple[int, int]] = {}
        for start in np.nonzero(last > first)[0]:
            for slot in range(first[start], min(last[start], first[start] + 64)):
                place = int(self._order[slot])
                run = ends.pop((int(start), place), (int(start), place))
                found[run] = int(start) - run[0] + self.gram
                ends[(int(start) + self.stride, place + 1)] = run
        rows = [
            {"start": start, "length": length, "place": place * self.stride}
            for (start, place), length in found.items()
        ]
        rows.sort(key=lambda row: (-row["length"], row["start"]))
        kept: list[dict[str, int]] = []
        for row in rows:
            apart = all(
                row["start"] >= other["start"] + other["length"]
                or other["start"] >= row["start"] + row["length"]
                for other in kept
            )
            if apart:
                kept.append(row)
            if len(kept) == 3:
                break
        return kept

    def report(self, text: str) -> dict[str, Any]:
        """What the page shows: the longest run, where it stands, the next ones, what counts."""
        kept = self.runs(text)
        top = kept[0] if kept else None
        return {
            "longest": top["length"] if top else 0,
            "start": top["start"] if top else 0,
            "where": self.where(top["place"]) if top else None,
            "runs": [{"start": row["start"], "length": row["length"]} for row in kept],
            "least": self.least,
        }

    def where(self, place: int) -> dict[str, Any]:
        """The work that holds a character of the training text, and how far through it; of poems,
        which have no titles here, the poem's number from 1, and of how many."""
        if len(self.poems):
            number = int(np.searchsorted(self.poems, place, "right"))
            return {"work": None, "poem": max(1, number), "of": len(self.poems)}
        begun = [(title, start) for title, start in self.works if start <= place]
        if not begun:
            return {"work": "", "share": place / max(1, self.length)}
        title, start = begun[-1]
        after = [s for _, s in self.works if s > start]
        end = after[0] if after else self.length
        return {"work": title, "share": (place - start) / max(1, end - start)}


def load(folder: Path) -> Fingerprint | None:
    """The fingerprint in a checkpoint folder; None where there is none."""
    if not (folder / FILE).is_file():
        return None
    works = checkpoint.read_json(folder, checkpoint.CONFIG).get("works", [])
    return Fingerprint(folder, works)
