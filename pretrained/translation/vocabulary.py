"""One vocabulary of pieces of words for both languages of a pair (Sennrich et al. 2016).

Pieces are bytes, merged where they often stand together, so that any text can be written and none
is lost. A Chinese character is never merged with the next one. The whole vocabulary is a plain
``tokenizer.json`` beside the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from pretrained.errors import BadCheckpoint

FILE = "tokenizer.json"
PAD, END = "<pad>", "</s>"
#: An English ending after an apostrophe. A French word before one keeps it: " l'" and "eau".
ENDING = r"'(?:s|t|re|ve|m|ll|d)(?!\p{L})"
#: What pieces never reach across: letters, digits one by one, or signs, each with the blank before
#: it; a Chinese character alone.
WORD = (
    rf"{ENDING}|\p{{Han}}| ?[\p{{L}}\p{{M}}&&[^\p{{Han}}]]+(?:(?!{ENDING})'(?=\p{{L}}))?"
    r"| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s+"
)


def mark(language: str) -> str:
    """The token that tells the decoder which language to write."""
    return f"<2{language}>"


class Vocabulary:
    """Text to token numbers and back.

    Attributes:
        pad, end: numbers of the tokens that fill up a batch and that end a sentence.
        marks: the number of each language's direction mark.
        never: the numbers of what is never written: padding and marks.
    """

    def __init__(self, tokenizer: Tokenizer, languages: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        tokenizer.encode_special_tokens = True  # "</s>" in a visitor's text is text
        numbers: dict[str, int] = {}
        for name in (PAD, END, *map(mark, languages)):
            number = tokenizer.token_to_id(name)
            if number is None:
                raise BadCheckpoint(path=FILE, reason=f"it has no token {name}: train it again")
            numbers[name] = number
        self.pad, self.end = numbers[PAD], numbers[END]
        self.marks = {language: numbers[mark(language)] for language in languages}
        self.never = [self.pad, *self.marks.values()]
        self.bytes_of = [_bytes(tokenizer.id_to_token(n) or "") for n in range(len(self))]
        for number in numbers.values():
            self.bytes_of[number] = b""

    def __len__(self) -> int:
        return self.tokenizer.get_vocab_size()

    @classmethod
    def learn(cls, texts: Iterable[str], size: int, languages: Sequence[str]) -> Vocabulary:
        """The ``size`` most useful pieces of the texts."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(WORD), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[PAD, END, *map(mark, languages)],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(map(_led, texts), trainer)
        return cls(tokenizer, languages)

    @classmethod
    def load(cls, folder: Path, languages: Sequence[str]) -> Vocabulary:
        """The vocabulary of a checkpoint folder.

        Raises:
            BadCheckpoint: it is missing or damaged.
        """
        if not (folder / FILE).is_file():
            raise BadCheckpoint(path=folder, reason=f"it has no {FILE}: check the path")
        try:
            tokenizer = Tokenizer.from_file(str(folder / FILE))
        except Exception as error:  # tokenizers raises nothing more exact
            reason = f"{FILE} is damaged: train or fetch it again"
            raise BadCheckpoint(path=folder, reason=reason) from error
        return cls(tokenizer, languages)

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json``, without the dropout of training."""
        folder.mkdir(parents=True, exist_ok=True)
        self.dropout(0.0)
        self.tokenizer.save(str(folder / FILE))

    def dropout(self, share: float) -> None:
        """Leave out that share of merges at random, to learn from many spellings of one sentence
        (Provilkov et al. 2020, arXiv 1910.13267); 0 for the one best spelling."""
        self.tokenizer.model.dropout = share or None

    def encode(self, text: str) -> list[int]:
        """Token numbers of a text, without an end. A word at the start is spelled as elsewhere."""
        return list(self.tokenizer.encode(_led(text), add_special_tokens=False).ids)

    def encode_all(self, texts: Iterable[str]) -> list[list[int]]:
        """The same for many texts."""
        led = [_led(text) for text in texts]
        return [one.ids for one in self.tokenizer.encode_batch(led, add_special_tokens=False)]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of token numbers; marks and ends are left out."""
        found = b"".join(self.bytes_of[n] for n in numbers).decode("utf-8", "replace")
        return found.removeprefix(" ")

    def spans(self, numbers: Sequence[int]) -> list[tuple[str, int]]:
        """What can be shown of token numbers: pieces of text, and how many tokens each is made of.

        A character of several bytes may be several tokens: those are one piece.
        """
        pieces: list[tuple[str, int]] = []
        held, count = b"", 0
        for number in numbers:
            held, count = held + self.bytes_of[number], count + 1
            try:
                pieces.append((held.decode("utf-8"), count))
            except UnicodeDecodeError:
                continue
            held, count = b"", 0
        if count:
            pieces.append((held.decode("utf-8", "replace"), count))
        return pieces


def _led(text: str) -> str:
    """With a blank before a first letter, so that a word has one spelling wherever it stands."""
    return f" {text}" if text and not text[0].isspace() and text[0] < "\u2e80" else text


def _bytes(token: str) -> bytes:
    return bytes(BYTE_OF[c] for c in token if c in BYTE_OF)


def _byte_alphabet() -> dict[str, int]:
    """The printable character that stands for each byte in `ByteLevel`, turned around."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(rest)}


BYTE_OF = _byte_alphabet()
