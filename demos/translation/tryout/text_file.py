"""The text of a file that a visitor sends, and the small pieces in which it is asked for."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from demos.limits import MB, FileTooLarge
from inference.errors import BadInput, Refusal
from pretrained.translation import languages

#: Characters of a file.
MOST_TEXT = 200_000
UTF_8, GB18030 = "UTF-8", "GB18030"
#: Files that begin with these bytes say how they are written.
BEGINS = (
    (codecs.BOM_UTF8, "utf-8-sig", UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
#: The rows of GB 2312 that hold the 3,755 characters in common use, and those with its signs.
COMMON, SIGNS = range(0xB0, 0xD8), range(0xA1, 0xA4)
#: Share of what is not ASCII that must be those: other encodings, read as Chinese, give rare ones.
COMMON_SHARE = 0.5


class FileNotText(Refusal):
    """A file that is no text, or in an encoding that cannot be told. Field: name."""

    code = "translation_file_encoding"
    sentence = (
        "{name} is neither text in UTF-8 nor Chinese in GB18030: save it as plain text in UTF-8 "
        "and send it again."
    )


class FileWithoutText(Refusal):
    """A file with nothing but blanks, or with nothing at all."""

    code = "translation_file_empty"
    sentence = "There is no text in this file: choose another one."


class FileTooLong(Refusal):
    """More text than one file may hold. Fields: length, most, both in characters."""

    code = "translation_file_too_long"
    sentence = "The file has {length} characters: send one of at most {most}, or in parts."


@dataclass(frozen=True)
class TextFile:
    """The text of a file, with one kind of line end, and the name of the encoding it was in."""

    text: str
    encoding: str


def read(path: object, limit_mb: int, source: str = "") -> TextFile:
    """What a file holds that was sent. ``source``: the language that it should be in, which decides
    where its bytes may be Chinese in GB18030 (GBK is a part of it) or something else.

    Raises:
        FileTooLarge. BadInput: it is gone. FileWithoutText, FileNotText, FileTooLong.
    """
    file = Path(str(path))
    try:
        raw = file.read_bytes() if file.stat().st_size <= limit_mb * MB else None
    except OSError as error:
        raise BadInput() from error
    if raw is None:
        raise FileTooLarge(size=f"{file.stat().st_size / MB:.0f}", limit=limit_mb)
    found = decoded(raw, source)
    if found is None or "\0" in found.text:
        raise FileNotText(name=file.name[:80])
    text = found.text
    if len(text) > MOST_TEXT:
        raise FileTooLong(length=f"{len(text):,}", most=f"{MOST_TEXT:,}")
    if not text.strip():
        raise FileWithoutText
    return TextFile(text.replace("\r\n", "\n").replace("\r", "\n"), found.encoding)


def decoded(raw: bytes, source: str) -> TextFile | None:
    """The text that these bytes are, with its line ends as they stand; None where they are none."""
    codec, name = next((how for mark, *how in BEGINS if raw.startswith(mark)), ("utf-8", UTF_8))
    try:
        return TextFile(raw.decode(codec), name)
    except UnicodeDecodeError:
        if codec != "utf-8":
            return None
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return TextFile(text, GB18030) if chinese(text, source) else None


def chinese(text: str, source: str) -> bool:
    """Whether bytes that were read as GB18030 make sense: Chinese was meant, or nearly all of it is
    Chinese, and most of it is in common use."""
    if source != "zh" and languages.noticed(text) != "zh":
        return False
    odd = [c for c in text if not c.isascii()]
    rows = (next(iter(c.encode("gb2312", "ignore")), 0) for c in odd)
    return sum(row in COMMON or row in SIGNS for row in rows) >= COMMON_SHARE * len(odd)
