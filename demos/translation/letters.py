"""The text of a file that a visitor sends, and the small pieces in which it is asked for."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demos.limits import MB
from inference.errors import BadInput, Refusal
from pretrained.translation import sentences
from pretrained.translation.errors import NothingToTranslate

#: Characters of a file, and of what is asked at a time.
MOST_TEXT, PIECE = 200_000, 1_200
#: Files that begin with these bytes say how they are written.
BEGINS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileNotText(Refusal):
    """A file that is no text, or in an encoding that does not say what it is. Field: name."""

    code = "translation_file_encoding"
    sentence = "{name} is not text in UTF-8: save it as plain text in UTF-8 and send it again."


class FileTooLong(Refusal):
    """More text than one file may hold. Fields: length, most, both in characters."""

    code = "translation_file_too_long"
    sentence = "The file has {length} characters: send one of at most {most}, or in parts."


def read(path: Any, limit_mb: int) -> str:
    """The text of a file that was sent, with one kind of line end.

    Raises:
        BadInput: it is too heavy, or gone. NothingToTranslate, FileNotText, FileTooLong.
    """
    file = Path(str(path))
    try:
        raw = file.read_bytes() if file.stat().st_size <= limit_mb * MB else None
    except OSError as error:
        raise BadInput("bad_input") from error
    if raw is None:
        raise BadInput("file_too_large", size=f"{file.stat().st_size / MB:.0f}", limit=limit_mb)
    encoding = next((name for mark, name in BEGINS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise FileNotText(name=file.name[:80]) from None
    if "\0" in text:
        raise FileNotText(name=file.name[:80])
    if len(text) > MOST_TEXT:
        raise FileTooLong(length=f"{len(text):,}", most=f"{MOST_TEXT:,}")
    if not text.strip():
        raise NothingToTranslate
    return text.replace("\r\n", "\n").replace("\r", "\n")


def pieces(text: str) -> Iterator[str]:
    """Whole lines together as long as they fit, a long line at the end of a sentence, a sentence
    without an end at a blank. Joined, they are the text."""
    held = ""
    for part in (part for line in text.splitlines(keepends=True) for part in _parts(line)):
        if held and len(held) + len(part) > PIECE:
            yield held
            held = ""
        held += part
    if held:
        yield held


def _parts(line: str) -> Iterator[str]:
    while len(line) > PIECE:
        *whole, _ = sentences.split(line[:PIECE])  # the last one may go on
        size = sum(len(one.before + one.text + one.after) for one in whole)
        size = size or line.rfind(" ", 1, PIECE) + 1 or PIECE
        yield line[:size]
        line = line[size:]
    if line:
        yield line
