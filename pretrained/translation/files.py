"""Files of pairs as rows of (English, the other language): Parquet, text with tabs or commas, JSON
lines.

Lines end at line feeds only: U+2028, U+0085 and the vertical tab stand within sentences, and
`str.splitlines` would cut there. Columns and keys are understood in any order and case, and so is
the ``translation`` column of `datasets`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pretrained import own_files
from pretrained.errors import BadData
from pretrained.translation import columns

Row = tuple[Any, Any]  #: English, and the other language: a sentence, or a list of them
SUFFIXES = (".parquet", ".tsv", ".jsonl", ".txt", ".tab", ".ndjson", ".json", ".csv")
#: The columns of `datasets` that hold an object with both languages, in small letters.
BOTH = ("translation", "translations")
#: Share of the lines that may lack a tab.
MOST_WITHOUT = 0.1
#: Share of the lines beyond which quotation marks around every cell are a spreadsheet's.
MOST_QUOTED = 0.95
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
    every = (_parquet, _tsv, _jsonl, _tsv, _tsv, _jsonl, _jsonl, _csv)
    readers = dict(zip(SUFFIXES, every, strict=True))
    read = readers.get(path.suffix.lower())
    if not path.is_file():
        raise BadData(path=path, reason=own_files.missing(path))
    if read is None:
        reason = "it is no .parquet, .tsv, .csv or .jsonl file: save the pairs as one of them"
        raise BadData(path=path, reason=own_files.other_kind(path) or reason)
    found = list(read(path, languages, told))
    sides = [(a, b) for a, b in found if isinstance(a, str) and isinstance(b, str)]
    if doubt := columns.contradicted(sides, languages):
        one, other = doubt
        reason = f"what it calls {one} is written in {other}: exchange or mend the columns"
        raise BadData(path=path, reason=reason)
    return found


def lines(path: Path) -> list[str]:
    """The lines of a text: parted by line feeds, or by carriage returns where there are no others.

    Raises:
        BadData: it is no text.
    """
    text = own_files.text(path).replace("\r\n", "\n")
    return text.split("\n" if "\n" in text else "\r")


def _parquet(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    table = own_files.table(path)
    names = table.column_names
    places = columns.named(names, languages)
    both = next((name for name in names if name.lower() in BOTH), None)
    if places is None and both is not None:
        for row in table[both].to_pylist():
            yield _both(path, {both: row}, languages, f"its column {both}")
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
    every = enumerate(lines(path), start=1)
    found = [(n, [cell.strip() for cell in line.split("\t")]) for n, line in every if line.strip()]
    if sum(all(map(_quoted, cells)) for _, cells in found) > MOST_QUOTED * len(found):
        found = [(n, [_unquoted(cell) for cell in cells]) for n, cells in found]
    yield from _table(path, found, languages, told, "tab")


def _csv(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    """Cells parted by commas or semicolons, whichever the first line has more of; what holds one
    itself stands in quotation marks (RFC 4180)."""
    text = own_files.text(path)
    first = text.partition("\n")[0]
    sign = max(",;\t", key=first.count)
    read = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        every = [(read.line_num, [cell.strip() for cell in cells]) for cells in read]
    except csv.Error as error:
        reason = f"line {read.line_num} is no row of a table ({error}): mend it or take it out"
        raise BadData(path=path, reason=reason) from None
    found = [(n, cells) for n, cells in every if any(cells)]
    name = {",": "comma", ";": "semicolon", "\t": "tab"}[sign]
    wide = next((row for row in found if len(row[1]) > len(found[0][1])), None)
    if wide:
        reason = (
            f"line {wide[0]} has {len(wide[1])} cells and the first line {len(found[0][1])}: put "
            f"quotation marks around a sentence that has a {name} in it"
        )
        raise BadData(path=path, reason=reason)
    yield from _table(path, found, languages, told, name)


def _table(
    path: Path,
    found: list[tuple[int, list[str]]],
    languages: tuple[str, str],
    told: list[str],
    sign: str,
) -> Iterator[Row]:
    """The two sides of each row of a table, given with its line; ``sign`` parts its cells."""
    if not found:
        return
    places = columns.named(found[0][1], languages)
    if places and len(found) > 1 and columns.named(found[1][1], languages) == places:
        places = None  # no heading: columns that name the language of each sentence
    heading = found[0][1]
    if places is not None or columns.heads(heading):
        del found[0]
    without = [number for number, cells in found if len(cells) < 2]
    if len(without) > MOST_WITHOUT * len(found):
        reason = f"line {without[0]} has no {sign} between two sentences: mend it or take it out"
        raise BadData(path=path, reason=reason)
    if places is None and found:
        places = columns.told([cells for _, cells in found if len(cells) > 1], languages)
        if places is None:
            raise BadData(path=path, reason=untold("\t".join(heading), languages))
        if places != (0, 1) or heading is not found[0][1]:
            first, second = (
                f"{language} in column {n + 1}"
                for language, n in zip(languages, places, strict=True)
            )
            told.append(f"by its sentences {path.name} has {first} and {second}")
    if places is None:
        return
    one, other = places
    for _, cells in found:
        cells += [""] * (max(places) + 1 - len(cells))
        yield cells[one], cells[other]


def _quoted(cell: str) -> bool:
    return len(cell) > 1 and cell.startswith('"') and cell.endswith('"')


def _unquoted(cell: str) -> str:
    """A cell as a spreadsheet's quotation marks mean it."""
    return cell[1:-1].replace('""', '"').strip() if _quoted(cell) else cell


def untold(line: str, languages: tuple[str, str]) -> str:
    """Why a table cannot be read that has no heading, and looks like nothing."""
    return (
        f"nothing tells which column is {languages[0]} and which {languages[1]}; its first line is "
        f"{line[:SHOWN]!r}: put a line with the headings {languages[0]} and {languages[1]} above it"
    )


def _jsonl(path: Path, languages: tuple[str, str], told: list[str]) -> Iterator[Row]:
    every = lines(path)
    if (listed := _json("\n".join(every))) is not None and isinstance(listed, list):
        for number, row in enumerate(listed, start=1):
            yield _both(path, row, languages, f"object {number}")
        return
    for number, line in enumerate(every, start=1):
        if line.strip():
            yield _both(path, _json(line), languages, f"line {number}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _both(path: Path, row: Any, languages: tuple[str, str], where: str) -> Row:
    """The two sides of a JSON object, or of the object under its key ``translation``.

    Raises:
        BadData: it is no object, or has not both languages.
    """
    if isinstance(row, Mapping):
        inner = [_object(row[key]) for key in row if str(key).lower() in BOTH]
        for one in (row, *inner):
            keys: Sequence[str] = list(one)
            if (places := columns.named(keys, languages)) is not None:
                return tuple(map(_whole, (one[keys[n]] for n in places)))
    shown = json.dumps(row, ensure_ascii=False)[:SHOWN] if row is not None else "no JSON"
    sides = " and ".join(languages)
    reason = f"{where} is no JSON object with {sides} ({shown}): mend it or take it out"
    raise BadData(path=path, reason=reason)


def _object(value: Any) -> Mapping[str, Any]:
    """What stands under ``translation`` as an object: JSON as text, pairs of a language and its
    sentence (a map of Parquet), and the two lists of `datasets` become one, too."""
    if isinstance(value, str):
        value = _json(value)
    if isinstance(value, Mapping) and isinstance(value.get("language"), list | tuple):
        languages, sentences = value["language"], value.get("translation")
        value = list(zip(languages, sentences, strict=False)) if isinstance(sentences, list) else {}
    if isinstance(value, list) and all(
        isinstance(one, tuple | list) and len(one) == 2 for one in value
    ):
        value = {str(key): sentence for key, sentence in value}
    return value if isinstance(value, Mapping) else {}


def _whole(value: Any) -> Any:
    """A sentence without halves of characters, which JSON can hold and no file can."""
    return own_files.whole(value) if isinstance(value, str) else value
