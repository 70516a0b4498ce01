"""What a writing model gives at each step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """Some characters, in the order in which they were written.

    ``nats``: for each character (for a language model of tokens: for each token) its negative
    log-likelihood at temperature 1, ``-log p``, whatever the temperature it was drawn at.
    ``cut``: the text ends here, within a line or a sentence (see `ending`).
    """

    text: str
    nats: tuple[float, ...] = ()
    cut: bool = False
