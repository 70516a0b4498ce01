"""Files of pairs as rows of (English, the other language): Parquet, text with tabs, JSON lines.

Lines end at line feeds only: U+2028, U+0085 and the vertical tab stand within sentences, and
`str.splitlines` would cut there. Columns and keys are understood in any order and case, and so is
the ``translation`` column of `datasets`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pretrained.errors import BadData
from pretrained.translation import columns

Row = tuple[Any, Any]  #: English, and the other language: a sentence, or a list of them
SUFFIXES = (".parquet", ".tsv", ".jsonl")
#: The column of `datasets` that holds an object with both languages.
BOTH = "translation"
#: What is shown of a first line that nobody understands, in characters.
SHOWN = 80


def rows(path: Path, languages: tuple[str, str], told: list[str]) -> list[Row]:
    """The rows of one file.

    Args:
        told: gets a sentence for whatever was guessed or left out.

    Raises:
        BadData: it is in none of the formats, or nothing tells which side is which language.
    """
    readers: dict[str, Callable[[Path, tuple[str, str], list[str]], Iterator[Row]]]
    readers = {".parquet": _parquet, ".tsv": _tsv, ".txt": _tsv, ".jsonl": _jsonl}
    read = readers.get(path.suffix.lower())
    if read is None:
        reason = "it is no .parquet, .tsv or .jsonl file: save the pairs as one of them"
        raise BadData(path=path, reason=reason)
    if not path.is_file():
        raise BadData(path=path, reason="there is no such file: check the path")
    try:
        return list(read(path, languages, told))
    except UnicodeDecodeError:
        raise BadData(path=path, reason="it is not UTF-8: save it as UTF-8 text") from None


def lines(path: Path) -> list[str]:
    """The lines of a text: parted by line feeds, or by carriage returns where there are no others.

    Raises:
        UnicodeDecodeError: it is no UTF-8.
    """
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    return text.split("\n" if "\n" in text else "\r")


def _parquet(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowInvalid, OSError):
        raise BadData(path=path, reason="it is no Parquet file: save it again") from None
    names = table.column_names
    places = columns.named(names, languages)
    if places is None and BOTH in names:
        for row in table[BOTH].to_pylist():
            yield _both(path, row, languages, f"its column {BOTH}")
        return
    if places is None:
        missing = next(one for one in languages if one not in map(columns.code, names))
        reason = (
            f"it has no column {missing}, only {', '.join(names)[:SHOWN]}: "
            f"name the columns {' and '.join(languages)}"
        )
        raise BadData(path=path, reason=reason)
    yield from zip(*(table[place].to_pylist() for place in places), strict=True)


def _tsv(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    found: list[tuple[int, list[str]]] = []
    empty = 0
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            found.append((number, [cell.strip() for cell in line.split("\t")]))
        else:
            empty += 1
    if not found:
        return
    places = columns.named(found[0][1], languages)
    if places is not None:
        del found[0]
    for number, cells in found:
        if len(cells) < 2:
            reason = f"line {number} has no tab between two sentences: mend it or take it out"
            raise BadData(path=path, reason=reason)
    if places is None:
        places = columns.told([cells for _, cells in found], languages)
        if places is None:
            raise BadData(path=path, reason=untold("\t".join(found[0][1]), languages))
        if places != (0, 1):
            one, other = (
                f"{language} in column {n + 1}"
                for language, n in zip(languages, places, strict=True)
            )
            told.append(f"by its sentences {path.name} has {one} and {other}")
    for _, cells in found:
        yield tuple(cells[n] if n < len(cells) else "" for n in places)  # type: ignore[misc]


def untold(line: str, languages: tuple[str, str]) -> str:
    """Why a table cannot be read that has no heading, and looks like nothing."""
    return (
        f"nothing tells which column is {languages[0]} and which {languages[1]}; its first line is "
        f"{line[:SHOWN]!r}: put a line with the headings {languages[0]} and {languages[1]} above it"
    )


def _jsonl(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield _both(path, row, languages, f"line {number}")


def _both(path: Path, row: Any, languages: tuple[str, str], where: str) -> Row:
    """The two sides of a JSON object, or of the object under its key ``translation``.

    Raises:
        BadData: it is no object, or has not both languages.
    """
    if isinstance(row, Mapping):
        inner = row.get(BOTH)
        for one in (row, inner if isinstance(inner, Mapping) else {}):
            keys: Sequence[str] = list(one)
            if (places := columns.named(keys, languages)) is not None:
                return one[keys[places[0]]], one[keys[places[1]]]
    shown = json.dumps(row, ensure_ascii=False)[:SHOWN] if row is not None else "no JSON"
    sides = " and ".join(languages)
    reason = f"{where} is no JSON object with {sides} ({shown}): mend it or take it out"
    raise BadData(path=path, reason=reason)
