"""Files of pairs as rows of (English, the other language): Parquet, text with tabs or commas, JSON
lines.

Lines end at line feeds only: U+2028, U+0085 and the vertical tab stand within sentences, and
`str.splitlines` would cut there. Columns and keys are understood in any order and case, and so is
the ``translation`` column of `datasets`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pretrained import own_files
from pretrained.classification.folders import named_briefly
from pretrained.errors import BadData
from pretrained.translation import columns, exports, objects
from pretrained.translation.languages import noticed

Row = tuple[Any, Any]  #: English, and the other language: a sentence, or a list of them
SUFFIXES = (".parquet", ".tsv", ".jsonl", ".txt", ".tab", ".ndjson", ".json", ".csv")
#: Files of programs for translators, which are not read.
PROGRAMS = {".tmx": "TMX", ".xlf": "XLIFF", ".xliff": "XLIFF", ".po": "PO"}
#: Share of the lines that may lack a tab.
MOST_WITHOUT = 0.1
#: Share of the lines beyond which quotation marks around every cell are a spreadsheet's.
MOST_QUOTED = 0.95
#: What parts the cells of a table.
SIGNS = {",": "comma", ";": "semicolon", "\t": "tab"}
#: Lines above a heading that are looked over; lines named.
TITLES, NAMED = 5, 5


def rows(
    path: Path, languages: tuple[str, str], told: list[str], split: str = "train"
) -> list[Row]:
    """The rows of one file.

    Args:
        told: gets a sentence for whatever was guessed or left out.
        split: the part of the data that is read, where a column tells them apart.

    Raises:
        BadData: it is in none of the formats, or nothing tells which side is which language.
    """
    readers: dict[str, Callable[[Path, tuple[str, str], list[str], str], Iterator[Row]]]
    every = (_parquet, _tsv, objects.rows, _tsv, _tsv, objects.rows, objects.rows, _csv)
    readers = dict(zip(SUFFIXES, every, strict=True))
    read = readers.get(path.suffix.lower())
    if not path.is_file():
        raise BadData(path=path, reason=own_files.missing(path))
    if read is None:
        reason = "it is no .parquet, .tsv, .csv or .jsonl file: save the pairs as one of them"
        if kind := PROGRAMS.get(path.suffix.lower()):
            reason = (
                f"it is a file of a program for translators ({kind}): export its pairs there as a "
                "table with tabs (.tsv) or commas (.csv)"
            )
        raise BadData(path=path, reason=own_files.other_kind(path) or reason)
    if read in (_tsv, _csv) and objects.is_json(path):
        told.append(f"{path.name} holds JSON, whatever its name ends in, and is read so")
        read = objects.rows
    if read is _csv and exports.is_one(own_files.lines(path, [])):
        read = _tsv
    found = list(read(path, languages, told, split))
    sentences = [row for row in found if not _heads_again(row, languages)]
    if again := len(found) - len(sentences):
        told.append(f"{again:,} lines of {path.name} name the languages again and were left out")
    found = sentences
    sides = [(a, b) for a, b in found if isinstance(a, str) and isinstance(b, str)]
    if doubt := columns.contradicted(sides, languages):
        one, other = doubt
        reason = f"what it calls {one} is written in {other}: exchange or mend the columns"
        raise BadData(path=path, reason=reason)
    told += columns.unread(sides, languages)
    told += own_files.odd("\n".join(map(" ".join, sides)))
    return found


def _heads_again(row: Row, languages: tuple[str, str]) -> bool:
    """Whether a row is the heading of a further file that somebody joined to the first one. No
    translation of "English" is "French"."""
    return all(isinstance(cell, str) for cell in row) and bool(columns.named(row, languages))


def _parquet(path: Path, languages: tuple[str, str], told: list[str], split: str) -> Iterator[Row]:
    table = own_files.table(path)
    names = table.column_names
    columns.not_doubled(path, names, languages)
    every = range(len(table))
    kept = columns.of_split(path, names, every, lambda n, at: table[at][n].as_py(), split, told)
    if len(kept) < len(table):
        table = table.take(kept)
    places = columns.named(names, languages)
    both = next((name for name in names if name.lower() in objects.BOTH), None)
    if places is None and both is not None:
        for row in table[both].to_pylist():
            yield objects.both(path, {both: row}, languages, f"its column {both}")
        return
    if places is None and (found := objects.by_sentences(table.to_pylist(), path, languages, told)):
        yield from found
        return
    if places is None:
        missing = next(one for one in languages if one not in map(columns.code, names))
        reason = (
            f"it has no column {missing}, only {', '.join(names)[: columns.SHOWN]}: "
            f"name the columns {' and '.join(languages)}"
        )
        raise BadData(path=path, reason=reason)
    yield from zip(*(map(objects.whole, table[place].to_pylist()) for place in places), strict=True)


def _tsv(path: Path, languages: tuple[str, str], told: list[str], split: str) -> Iterator[Row]:
    every = enumerate(exports.plain(own_files.lines(path, told), path.name, told), start=1)
    found = [(n, [cell.strip() for cell in line.split("\t")]) for n, line in every if line.strip()]
    if sum(all(map(_quoted, cells)) for _, cells in found) > MOST_QUOTED * len(found):
        found = [(n, [_unquoted(cell) for cell in cells]) for n, cells in found]
    yield from _table(path, found, languages, told, "tab", split)


def _csv(path: Path, languages: tuple[str, str], told: list[str], split: str) -> Iterator[Row]:
    """Cells parted by commas, semicolons or tabs, whichever parts the first lines alike; what holds
    one itself stands in quotation marks (RFC 4180). Excel's ``sep=;`` is understood."""
    text = own_files.text(path, told)
    if named := re.match(r'"?sep=([,;\t])"?\r?\n', text):
        text = text[named.end() :]
    sign = named[1] if named else own_files.parted_by(text, SIGNS)
    skipped = 1 if named else 0
    try:
        read = [(n + skipped, cells) for n, cells in own_files.cells(text, sign)]
    except own_files.Unclosed as mark:
        first, last = mark.first + skipped, mark.last + skipped
        reason = (
            f"a quotation mark in line {first} takes the lines up to {last} for one sentence: "
            "take it out or close it"
        )
        raise BadData(path=path, reason=reason) from None
    every = [(n, [cell.strip() for cell in cells]) for n, cells in read]
    found = [(n, cells) for n, cells in every if any(cells)]
    yield from _table(path, found, languages, told, SIGNS[sign], split)


def _from_heading(
    path: Path, found: list[tuple[int, list[str]]], languages: tuple[str, str], told: list[str]
) -> list[tuple[int, list[str]]]:
    """The rows from the one that names the languages, where those above are a title only."""
    for number, (_, cells) in enumerate(found[:TITLES]):
        if columns.named(cells, languages) or columns.doubled(cells, languages):
            if number:
                told.append(f"{number:,} lines above the headings of {path.name} were left out")
            return found[number:]
        if sum(map(bool, cells)) > 1:
            break
    return found


def _table(
    path: Path,
    found: list[tuple[int, list[str]]],
    languages: tuple[str, str],
    told: list[str],
    sign: str,
    split: str,
) -> Iterator[Row]:
    """The two sides of each row of a table, given with its line; ``sign`` parts its cells."""
    found = _from_heading(path, found, languages, told)
    if not found:
        return
    places = columns.named(found[0][1], languages)
    if places and len(found) > 1 and columns.named(found[1][1], languages) == places:
        places = None  # no heading: columns that name the language of each sentence
    heading = found[0][1]
    if len(found) > 1 and not columns.doubled(found[1][1], languages):
        columns.not_doubled(path, heading, languages)
    is_heading = places is not None or columns.heads(heading)
    if places is None and columns.foreign(heading):
        raise BadData(path=path, reason=_other_languages(heading, languages))
    if not is_heading and columns.stands_out(heading, [cells for _, cells in found[1:]]):
        is_heading = True
    if is_heading and places is None:
        told.append(f"the first line of {path.name} was taken for headings: {_shown(heading)}")
    if is_heading:
        del found[0]
    found = _as_wide(path, found, heading if is_heading else None, languages, told, sign)
    without = [number for number, cells in found if len(cells) < 2]
    if sign == "tab" and len(without) == len(found) > 1:
        reason = (
            "no line has a tab between two sentences: put one there, or let its name end in .csv "
            "where commas or semicolons part them"
        )
        raise BadData(path=path, reason=reason)
    if len(without) > MOST_WITHOUT * len(found):
        reason = f"line {without[0]} has no {sign} between two sentences: mend it or take it out"
        raise BadData(path=path, reason=reason)
    if places is None and found:
        places = columns.told([cells for _, cells in found if len(cells) > 1], languages)
        if places is None:
            raise BadData(path=path, reason=untold("\t".join(heading), languages))
        if places != (0, 1) or is_heading:
            first, second = (
                f"{language} in column {n + 1}"
                for language, n in zip(languages, places, strict=True)
            )
            told.append(f"by its sentences {path.name} has {first} and {second}")
    if places is None:
        return
    if is_heading:
        found = [*columns.of_split(path, heading, found, _cell, split, told)]
    one, other = places
    for _, cells in found:
        cells += [""] * (max(places) + 1 - len(cells))
        yield cells[one], cells[other]


def _as_wide(
    path: Path,
    found: list[tuple[int, list[str]]],
    heading: list[str] | None,
    languages: tuple[str, str],
    told: list[str],
    sign: str,
) -> list[tuple[int, list[str]]]:
    """The rows without those of more cells than the heading has; without one, than most have, where
    the sentences do not stand in the same places: in one of theirs stands the sign that parts
    cells, so nothing tells which cell is which. A cell that other rows have empty is no such one.

    Raises:
        BadData: more than `MOST_WITHOUT` of them are so.
    """
    if not found:
        return found
    filled = {number: _filled(cells) for number, cells in found}
    given = [len(cells) for _, cells in found]
    every = sorted(given)[int(MOST_WITHOUT * len(given))]  # cells that nearly all rows have
    if heading is not None:
        # Of a text with tabs every line may go on, without a heading, with who wrote it.
        most = max(_filled(heading), every if sign == "tab" else 0)
        room = max(most, len(heading))
    else:
        [(most, _)] = Counter(filled.values()).most_common(1)
        room = every
    wide = [row for row in found if filled[row[0]] > most > 1 and len(row[1]) > room]
    if heading is None and wide:
        usual = [cells for n, cells in found if filled[n] == most]
        wide = _misplaced(wide, columns.told(usual, languages), languages, len(found))
    if len(wide) > MOST_WITHOUT * len(found):
        number, cells = wide[0]
        mend = f"put quotation marks around a sentence that has a {sign} in it"
        if sign == "tab":
            mend = "take out the tabs within sentences"
        others = f"where {most} are usual"
        if heading is not None:
            others = f"and the line of headings {_filled(heading)}"
        reason = f"line {number} has {len(cells)} cells {others}: {mend}"
        raise BadData(path=path, reason=reason)
    if wide:
        lines = named_briefly([str(number) for number, _ in wide], NAMED)
        told.append(
            f"{len(wide):,} lines of {path.name} with too many cells were left out ({lines})"
        )
    left_out = {number for number, _ in wide}
    width = max(filled.values())
    return [(number, cells[:width]) for number, cells in found if number not in left_out]


def _cell(row: tuple[int, list[str]], place: int) -> str:
    """What a row has in a column; "" where it ends before that."""
    return row[1][place] if place < len(row[1]) else ""


def _filled(cells: Sequence[str]) -> int:
    """Up to which cell there is something in a row."""
    return max((n for n, cell in enumerate(cells, start=1) if cell), default=0)


def _misplaced(
    wide: list[tuple[int, list[str]]],
    places: tuple[int, int] | None,
    languages: tuple[str, str],
    of: int,
) -> list[tuple[int, list[str]]]:
    """Those of the wider rows whose sentences do not stand where the others have them.

    A few have to show that they do; where they are many, all are such unless more of them show that
    they do than that they do not.
    """
    if places is None:
        return []
    agree, against = set(), set()
    last = places.index(max(places))  # what follows may be the rest of that side, or a note
    for number, cells in wide:
        found = [noticed(cell) for cell in cells]
        pair = tuple(found[place] for place in places)
        rest = {one for n, one in enumerate(found) if n not in places}
        crossed = pair[0] == languages[1] or pair[1] == languages[0]
        if crossed or (pair[last] is None and languages[last] in rest):
            against.add(number)
        elif pair == languages and languages[last] not in rest:
            agree.add(number)
    if len(wide) > MOST_WITHOUT * of:
        return wide if len(against) > len(agree) else []
    return [row for row in wide if row[0] not in agree]


def _shown(cells: Sequence[str]) -> str:
    return ", ".join(cells)[: columns.SHOWN]


def _other_languages(heading: Sequence[str], languages: tuple[str, str]) -> str:
    """Why a table of other languages is none to learn from."""
    return (
        f"its headings are {_shown(heading)}, and the model is for {' and '.join(languages)}: "
        "give pairs of these two"
    )


def _quoted(cell: str) -> bool:
    return len(cell) > 1 and cell.startswith('"') and cell.endswith('"')


def _unquoted(cell: str) -> str:
    """A cell as a spreadsheet's quotation marks mean it."""
    return cell[1:-1].replace('""', '"').strip() if _quoted(cell) else cell


def untold(line: str, languages: tuple[str, str]) -> str:
    """Why a table cannot be read that has no heading, and looks like nothing."""
    return (
        f"nothing tells which column is {languages[0]} and which {languages[1]}; its first line is "
        f"{line[: columns.SHOWN]!r}: put a line with the headings {languages[0]} and "
        f"{languages[1]} above it"
    )
