"""What the memory cells hold, and which of them track something that can be named.

Cells were not told what to remember. Some come to follow the place in the line or the name of the
speaker (Karpathy, Johnson & Fei-Fei 2015, arXiv 1506.02078). Which do is measured: on one half of a
text kept aside the cell that correlates best with a property is chosen, on the other half its
correlation is taken, so that luck in choosing does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained.text.alphabet import LINE_ENDS, Alphabet
from pretrained.text.model import CharNet


@dataclass(frozen=True)
class Trace:
    """One layer's gates and cells along texts, each [B, T, H]."""

    input: Tensor
    forget: Tensor
    output: Tensor
    candidate: Tensor
    cell: Tensor


@torch.no_grad()
def trace(network: CharNet, x: Tensor) -> list[Trace]:
    """Every layer's gates and cells while indices ``x`` [B, T] are read, one step after another."""
    weights = dict(network.cells.named_parameters())
    below = network.embed(x)
    layers = []
    for n in range(network.cells.num_layers):
        known = below @ weights[f"weight_ih_l{n}"].T + weights[f"bias_ih_l{n}"]
        known = known + weights[f"bias_hh_l{n}"]
        size = (len(x), network.cells.hidden_size)
        h, c = known.new_zeros(size), known.new_zeros(size)
        rows: list[list[Tensor]] = [[], [], [], [], []]
        outs = []
        for t in range(x.shape[1]):
            i, f, g, o = (known[:, t] + h @ weights[f"weight_hh_l{n}"].T).chunk(4, 1)
            i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
            c = f * c + i * g
            h = o * c.tanh()
            for row, value in zip(rows, (i, f, o, g, c), strict=True):
                row.append(value)
            outs.append(h)
        layers.append(Trace(*(torch.stack(row, 1) for row in rows)))
        below = torch.stack(outs, 1)
    return layers


# ---- properties of a text, one number for each character, after it was read -------------------


def since(text: str, ends: str) -> np.ndarray:
    """Characters since the last of ``ends``, 0 at one of them."""
    count, found = 0, []
    for character in text:
        count = 0 if character in ends else count + 1
        found.append(count)
    return np.array(found, float)


def inside(text: str, pattern: str) -> np.ndarray:
    """1 inside every match of a pattern, else 0."""
    found = np.zeros(len(text))
    for match in re.finditer(pattern, text, re.MULTILINE):
        found[match.start() : match.end()] = 1
    return found


def line_number(text: str) -> np.ndarray:
    """Which line of its poem a character belongs to, 0 to 3; the punctuation ends a line."""
    count, found = 0, []
    for character in text:
        found.append(count)
        count = 0 if character == "\n" else count + (character in LINE_ENDS)
    return np.array(found, float)


def long_lines(text: str) -> np.ndarray:
    """1 in a poem with lines of seven, 0 in one with lines of five, from the sixth character on."""
    found: list[float] = []
    for poem in text.splitlines(keepends=True):
        seven = len(poem) > 26
        found += [float(seven and place >= 5) for place in range(len(poem))]
    return np.array(found)


NAME = r"^[A-Z][A-Za-z ]*:$"
EVERYWHERE: dict[str, Callable[[str], np.ndarray]] = {
    "line_position": lambda text: since(text, "\n"),
    "line_start": lambda text: (since(text, "\n") < 1).astype(float),
    "word_position": lambda text: since(text, " \n"),
    "sentence_position": lambda text: np.minimum(since(text, ".!?"), 200),
}
PROPERTIES: dict[str, dict[str, Callable[[str], np.ndarray]]] = {
    "prose": EVERYWHERE
    | {
        "inside_quotes": lambda text: inside(text, r'"[^"\n]{2,300}"'),
        "inside_brackets": lambda text: inside(text, r"\([^)\n]{2,300}\)"),
    },
    "verse": EVERYWHERE
    | {
        "inside_name": lambda text: inside(text, NAME),
        "speech_position": lambda text: _speech_position(text),
        "capital": lambda text: np.array([float(c.isupper()) for c in text]),
    },
    "quatrains": {
        "line_position": lambda text: since(text, LINE_ENDS + "\n"),
        "line_number": line_number,
        "long_lines": long_lines,
        "poem_position": lambda text: since(text, "\n"),
        "line_start": lambda text: (since(text, LINE_ENDS + "\n") < 1).astype(float),
    },
}


def _speech_position(text: str) -> np.ndarray:
    """Lines since the speaker's name."""
    count, found = 0, []
    for line in text.splitlines(keepends=True):
        count = 0 if re.match(NAME, line.rstrip("\n")) else count + 1
        found += [count] * len(line)
    return np.array(found, float)


def rows(text: str, kind: str, parts: int = 40) -> list[str]:
    """A text as the network will read it, each row from an empty state: poems, or equal parts."""
    if kind == "quatrains":
        return text.splitlines(keepends=True)
    length = len(text) // parts
    return [text[n * length : (n + 1) * length] for n in range(parts)] if length >= 50 else []


def search(
    network: CharNet, alphabet: Alphabet, texts: list[str], split: str, kind: str
) -> list[dict[str, Any]]:
    """The cell that tracks each property best, with its correlation on the half not chosen on.

    Args:
        texts: what is read, each from an empty state (`rows`).

    Returns:
        ``{"property", "layer", "cell", "r", "n", "split"}`` each, the strongest first.
    """
    if len(texts) < 2:
        return []
    whole = "".join(texts)
    middle = sum(map(len, texts[: len(texts) // 2]))
    cells = read(network, alphabet, texts)
    found = []
    for name, measure in PROPERTIES[kind].items():
        values = measure(whole)
        if values[:middle].std() == 0 or values[middle:].std() == 0:
            continue
        strengths = [np.abs(correlations(layer[:middle], values[:middle])) for layer in cells]
        layer = int(np.argmax([s.max() for s in strengths]))
        cell = int(strengths[layer].argmax())
        r = correlations(cells[layer][middle:, cell : cell + 1], values[middle:])[0]
        row = {"property": name, "layer": layer, "cell": cell, "r": round(float(r), 3)}
        found.append(row | {"n": len(values) - middle, "split": split})
    return sorted(found, key=lambda row: -abs(row["r"]))


def read(network: CharNet, alphabet: Alphabet, texts: list[str]) -> list[np.ndarray]:
    """What each layer's cells hold, tanh(c), after each character of the texts, one after the
    other: [N, H] a layer. Each text is led in by the sign that parts texts."""
    lengths = torch.tensor([len(text) for text in texts])
    x = torch.zeros(len(texts), int(lengths.max()) + 1, dtype=torch.long)
    for row, text in zip(x, texts, strict=True):
        row[: len(text) + 1] = torch.tensor(alphabet.encode(alphabet.begin + text))
    there = torch.arange(x.shape[1] - 1) < lengths[:, None]
    return [layer.cell.tanh()[:, 1:][there].numpy() for layer in trace(network, x)]


def correlations(cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Pearson's r of every cell of [N, H] with ``values`` [N]; 0 for one that never moves."""
    flat = cells.astype(float)
    flat = flat - flat.mean(0)
    apart = values - values.mean()
    norm = np.sqrt((flat**2).sum(0) * (apart**2).sum())
    return np.divide(flat.T @ apart, norm, out=np.zeros(flat.shape[1]), where=norm > 0)
