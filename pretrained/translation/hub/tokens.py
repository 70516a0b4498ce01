"""The vocabulary of a Marian or many-to-many model: pieces of words by sentencepiece.

transformers has tokenisers for both. They take what a visitor typed for marks of their own where it
looks like one, so the few lines that are needed stand here; tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pretrained import checkpoint
from pretrained.errors import BadCheckpoint, MissingDependency

#: How sentencepiece writes a blank.
BLANK = "▁"
#: What stands where a sign is not in the vocabulary.
UNKNOWN = "⁇"
#: What Marian models that write several languages want to read first; the first one that is known.
MARKS = {
    "en": (">>eng<<",),
    "fr": (">>fra<<",),
    "zh": (">>cmn_Hans<<", ">>zho_Hans<<", ">>cmn<<", ">>zho<<"),
}
#: Pieces that are no text: those marks, and what opens and ends a text. (Numbers that follow on the
#: pieces have none: languages, and some that are never used.)
MARK = re.compile(r">>.+<<|</?s>|<pad>")
MANY = "sentencepiece.bpe.model"


class PieceWords:
    """Token numbers and back, for the languages of some directions.

    Args:
        folder: with ``vocab.json`` and sentencepiece's files.
        config: the model's ``config.json`` as transformers wrote it.

    Raises:
        BadCheckpoint: a file is missing or damaged.
        MissingDependency: sentencepiece is not installed.
    """

    def __init__(self, folder: Path, config: dict[str, Any], directions: Sequence[str]) -> None:
        try:
            from sentencepiece import SentencePieceProcessor
        except ImportError as error:
            raise MissingDependency(package="sentencepiece") from error
        self.many = config["model_type"] == "m2m_100"
        sources, targets = zip(*(one.split("-") for one in directions), strict=True)
        files = dict.fromkeys(targets, "target.spm") | dict.fromkeys(sources, "source.spm")
        if self.many:
            files = dict.fromkeys(files, MANY)
        vocabulary = checkpoint.read_json(folder, "vocab.json")
        try:
            self.end, self.pad = int(config["eos_token_id"]), int(config["pad_token_id"])
            self.start = int(config["decoder_start_token_id"])
            self.numbers = {str(piece): int(number) for piece, number in vocabulary.items()}
            self.unknown = self.numbers["<unk>"]
            size = int(config["vocab_size"])
            read = {
                name: SentencePieceProcessor(model_file=str(folder / name))
                for name in set(files.values())
            }
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OSError) as error:
            reason = "its vocabulary is damaged or incomplete: fetch it again"
            raise BadCheckpoint(path=folder, reason=reason) from error
        self.processors = {language: read[name] for language, name in files.items()}
        self.marks = self._languages(files) if self.many else {}
        self.pieces = {number: piece for piece, number in self.numbers.items()}
        marks = {n for n in range(size) if MARK.fullmatch(self.pieces.get(n, "<s>"))}
        self.special = {self.end, self.pad, self.start} | marks

    def _languages(self, wanted: Iterable[str]) -> dict[str, int]:
        """The numbers of the languages' marks: they follow on the pieces."""
        from transformers.models.m2m_100 import tokenization_m2m_100

        codes = tokenization_m2m_100.FAIRSEQ_LANGUAGE_CODES["m2m100"]
        return {language: len(self.numbers) + codes.index(language) for language in wanted}

    def spell(self, text: str, language: str) -> list[int]:
        """Token numbers of a text, without an end; whatever it says, none of them is a mark."""
        pieces = self.processors[language].encode(text, out_type=str)
        found = (self.numbers.get(piece, self.unknown) for piece in pieces)
        return [self.unknown if number in self.special else number for number in found]

    def lead(self, source: str, target: str) -> list[int]:
        """What the encoder reads before a sentence."""
        if self.many:
            return [self.marks[source]]
        known = (self.numbers[mark] for mark in MARKS[target] if mark in self.numbers)
        return [next(known)] if any(mark in self.numbers for mark in MARKS[target]) else []

    def begin(self, target: str) -> list[int]:
        """What the decoder reads before it writes."""
        return [self.start, self.marks[target]] if self.many else [self.start]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of token numbers; marks and ends are left out."""
        return "".join(map(self._shown, numbers)).replace(BLANK, " ").strip(" ")

    def spans(self, numbers: Sequence[int]) -> list[tuple[str, int]]:
        """Pieces of text, and how many tokens each is made of: a blank goes with what follows."""
        found: list[tuple[str, int]] = []
        held, count = "", 0
        for number in numbers:
            held, count = held + self._shown(number), count + 1
            if held.strip(BLANK):
                found.append((_spaced(held), count))
                held, count = "", 0
        if count:
            found.append((_spaced(held), count))
        return found

    def _shown(self, number: int) -> str:
        if number == self.unknown:
            return f"{BLANK}{UNKNOWN}{BLANK}"
        return "" if number in self.special else self.pieces.get(number, "")


def _spaced(piece: str) -> str:
    """With its blank, where its language writes blanks between words."""
    text = piece.replace(BLANK, " ")
    return text.lstrip() if text.lstrip()[:1] > "\u2e80" else text
