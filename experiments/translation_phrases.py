"""Everyday phrases: how many of a hundred come out acceptable?

    python -m experiments.translation_phrases [--checkpoint DIR ...] [--words] [--all]

25 phrases each for English and French, English and Chinese, both ways: greetings, courtesies,
names, numbers, single words, with and without capital and last sign. A translation is acceptable
when it is one of those that ``translation_phrases.tsv`` allows. Translated as the page does it.
BLEU does not see any of this: one test sentence in ten has up to three words. ``--words``: 110
sentences with a word each that the pairs are likely to lack; acceptable is what renders that word
(``translation_words.tsv``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pretrained import catalog
from pretrained.translation.everyday import Everyday

FILE = Path(__file__).with_suffix(".tsv")
WORDS = Path(__file__).with_name("translation_words.tsv")
KEYS = ("translation/en-fr", "translation/en-zh")


@dataclass(frozen=True)
class Phrase:
    """What is typed, and a pattern of what is acceptable for it."""

    direction: str
    text: str
    acceptable: str

    def accepts(self, translation: str) -> bool:
        """Whether the whole translation, without case and last signs, fits the pattern."""
        return re.fullmatch(self.acceptable, plain(translation)) is not None

    @property
    def learnt(self) -> bool:
        """Whether it stands in our own words that are mixed into the training data."""
        ours = Everyday(*self.direction.split("-"))
        rows = [row for section in ("phrases", "sentences", "words") for row in ours.rows(section)]
        return plain(self.text) in {plain(reads) for reads, _ in rows}


def plain(text: str) -> str:
    """A text without case, signs at its end, and blanks around it."""
    return text.casefold().replace("’", "'").rstrip(" .!?。！？").strip()


def phrases(file: Path = FILE) -> list[Phrase]:
    """The hundred, or those of another file."""
    lines = file.read_text("utf-8").split("\n")
    return [Phrase(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def measured(translator: Any, some: Iterable[Phrase]) -> list[tuple[Phrase, str, bool]]:
    """Each phrase with its translation, and whether that is acceptable."""
    found = []
    for phrase in some:
        source, target = phrase.direction.split("-")
        written = translator.predict([phrase.text], source=source, target=target)[0]["translation"]
        found.append((phrase, written, phrase.accepts(written)))
    return found


def main(
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="Folders, in place of those that are shipped.")
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="The 110 sentences.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Print those that are right, too.")] = False,
) -> None:
    """Translate the hundred and count."""
    entries = (
        [catalog.from_folder(folder) for folder in checkpoint]
        if checkpoint
        else [catalog.find(key) for key in KEYS]
    )
    for entry in entries:
        translator: Any = entry.load("cpu")
        for direction in translator.directions:
            asked = [p for p in phrases(WORDS if words else FILE) if p.direction == direction]
            rows = measured(translator, asked)
            for phrase, written, right in rows:
                if every or not right:
                    print(f"{'right' if right else 'WRONG'}\t{phrase.text}\t{written}")
            new = [right for phrase, _, right in rows if not phrase.learnt]
            print(
                f"{entry.key} {direction}: {sum(r for *_, r in rows)} of {len(rows)} acceptable; "
                f"{sum(new)} of the {len(new)} that do not stand in our own words"
            )


if __name__ == "__main__":
    typer.run(main)
