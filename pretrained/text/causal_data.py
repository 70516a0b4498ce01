"""A visitor's texts, as a language model of tokens learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from pretrained.errors import BadData
from pretrained.text.causal_tokens import Tokens
from pretrained.text.data import read_text_raw, records

SUFFIXES = (".txt", ".md", ".jsonl")
#: Files of a kind that are named; the others are counted.
MOST_NAMED = 5
#: Fewest characters that are worth fine-tuning on: about half a page.
LEAST = 1_000


def documents(source: Path | str) -> tuple[list[str], list[str]]:
    """The texts of a file or of all files below a folder: each text file one, each line of JSONL
    one, under ``text``. And what was left out, counted and named, in sentences.

    Raises:
        BadData: there is none, or one cannot be read, or all together are too little.
    """
    path, told = Path(source), []
    if path.is_dir():
        every = sorted(file for file in path.rglob("*") if file.is_file())
        seen = [file for file in every if not _hidden(file.relative_to(path))]
        files = [file for file in seen if file.suffix.lower() in SUFFIXES]
        if not files:
            reason = f"no file in it ends in {', '.join(SUFFIXES)}: put the texts there"
            raise BadData(path=path, reason=reason)
        others = [str(file.relative_to(path)) for file in seen if file not in files]
        told += _counted("hidden files left out", len(every) - len(seen))
        told += _counted("files left out that are no texts", len(others), others)
    elif path.is_file():
        files = [path]
    else:
        raise BadData(path=path, reason="there is no such file or folder: check the path")
    each = [(file, text) for file in files for text in _texts(file)]
    texts = [text for _, text in each if text.strip()]
    empty = [file.name for file, text in each if not text.strip()]
    told += _counted("empty texts left out", len(empty), empty)
    found = sum(map(len, texts))
    if found < LEAST:
        reason = f"{found:,} characters are too few to learn from: give {LEAST:,} or more"
        raise BadData(path=path, reason=reason)
    return texts, told


def _hidden(path: Path) -> bool:
    """Whether a file is one that an editor or a Mac put beside the texts."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _counted(what: str, count: int, names: Sequence[str] = ()) -> list[str]:
    listed = ", ".join(dict.fromkeys(names[:MOST_NAMED])) + ("..." if count > MOST_NAMED else "")
    return [f"{what}: {count}" + (f" ({listed})" if names else "")] if count else []


def _texts(file: Path) -> Iterator[str]:
    text = read_text_raw(file)
    if file.suffix.lower() == ".jsonl":
        yield from records(text, file)
    else:
        yield text


def stream(texts: list[str], tokens: Tokens) -> Tensor:
    """All texts as one row of ids [T], each opened by the mark that serving opens a text with; the
    mark after a text is how the model learns where to stop."""
    ids: list[int] = []
    for text in texts:
        ids += [tokens.opening, *tokens.encode(text)]
    return torch.tensor([*ids, tokens.opening])


def windows(ids: Tensor, length: int) -> Tensor:
    """[T] -> [N, length + 1]: rows that predict each id but the first once; the last row reaches
    back so that nothing is left out."""
    steps = len(ids) - 1
    length = min(length, steps)
    starts = [*range(0, steps - length + 1, length)]
    if starts[-1] + length < steps:
        starts.append(steps - length)
    return torch.stack([ids[start : start + length + 1] for start in starts])
