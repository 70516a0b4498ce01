"""A file that somebody names as data, looked at before it is read: whether it is there, what it is
where it is no data, in which encoding its text is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretrained.errors import BadData

if TYPE_CHECKING:
    import pyarrow

#: How files begin that hold no data yet, and what to do with them.
OTHERS = (
    (b"PK\x03\x04", "it is an archive: unpack it and name the folder or file that was in it"),
    (b"Rar!", "it is an archive: unpack it and name the folder or file that was in it"),
    (b"7z\xbc\xaf", "it is an archive: unpack it and name the folder or file that was in it"),
    (b"\x1f\x8b", "it is packed: unpack it and name what was in it"),
    (b"BZh", "it is packed: unpack it and name what was in it"),
    (b"\xfd7zXZ", "it is packed: unpack it and name what was in it"),
    (b"\x28\xb5\x2f\xfd", "it is packed: unpack it and name what was in it"),
    (b"%PDF", "it is a PDF: save its text as a plain text file"),
    (b"{\\rtf", "it is a document with formatting (RTF): save it as plain text"),
    (b"\xd0\xcf\x11\xe0", "it is a document of an office program: save it as plain text"),
    (b"\xff\xd8\xff", "it is one picture: name the folder that it is in"),
    (b"\x89PNG", "it is one picture: name the folder that it is in"),
    (b"PAR1", "it is a Parquet file, whatever its name ends in: let its name end in .parquet"),
    (b"SQLite format 3", "it is a data base: export it as a text file"),
)
OFFICE = {".docx", ".xlsx", ".pptx", ".odt", ".ods"}  # archives, by their first bytes
#: Marks at the start of text in other encodings than UTF-8 (Unicode 16, 23.8); the longer first.
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: The commonest characters of Chinese, simplified or not, and their least share of a Chinese text,
#: ASCII not counted; of other encodings, read as Chinese, they are hardly any.
COMMONEST, SHARE = frozenset("的一不是了人在有我"), 0.02
#: What follows the first byte of a character in UTF-8, read so.
REST = "[\u0080-\u00bf\u0152-\u017e\u02c6\u2013-\u203a\u20ac\u2122]"
#: UTF-8 that was read as Latin-1 or Windows-1252 (é as Ã©), or was lost; told from so many on.
BROKEN = re.compile(
    f"[\u00c2\u00c3]{REST}|\u00e2\u20ac[^\\s\\w]|\ufffd"
    # Beyond the accents, as Cyrillic and Chinese are, two characters in a row show it.
    f"|(?:[\u00c4-\u00df]{REST}|[\u00e0-\u00ef]{REST}{{2}}){{2}}"
)
LEAST_BROKEN = 10
#: What stands in a text that is no text to most, by the form of it; told from so many on.
ODD_SIGNS = {
    "tags such as {} are learnt as they stand: save it as plain text if they are not meant": (
        re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
    ),
    "codes of HTML such as {} are learnt as they stand: put their characters there if they are not "
    "meant": re.compile(r"&(?:#\d{1,7}|#x[\dA-Fa-f]{1,6}|[A-Za-z]{2,8}\d{0,2});"),
    "time codes such as {} are learnt as they stand: take them out if they are not meant": (
        re.compile(
            r"\d\d:\d\d[:.,\d]*\d --> \d\d:\d\d[:.,\d]*\d|\[\d\d:\d\d[.:]\d{2,3}\]"  # .srt; .lrc
        )
    ),
    "dates with times such as {} are learnt as they stand: take them out if they are not meant": (
        re.compile(  # as chats have them at the start of a message
            r"^[\u200e\u200f[]*"
            r"\d{1,4}[./年-]\d{1,2}[./月-]\d{1,4}日?,?[ \u00a0\u202f][^\d\n]{0,4}\d{1,2}:\d\d",
            re.MULTILINE,
        )
    ),
}
LEAST_ODD = 10
#: A cell of a table in quotation marks, and one that only begins with some: "Hi" he said.
QUOTED = r' *+"([^"]*+(?:""[^"]*+)*+)" *(?=[{0}\r\n]|\Z)'
BEGUN = r' *+("[^"\r\n]*+(?:""[^"\r\n]*+)*+"[^{0}\r\n]*)'
BARE = r" *+(?!\")([^{0}\r\n]*)"
ROW_END = re.compile(r"\r\n|\n|\r")
LOOKED_AT = 50  # rows of a table, to find out what parts their cells
MOST_ZEROS = 0.01  # of a text; beyond it something else is wrong


def missing(path: Path) -> str:
    """Why nothing is read from a path where nothing is, and what beside it was perhaps meant."""
    others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, others, 1)
    near = f", perhaps {path.parent / close[0]} is meant" if close else ""
    return f"there is no such file or folder: check the path{near}"


def parts(source: Path | str) -> list[Path]:
    """A path, or several with commas between them."""
    if Path(source).exists():
        return [Path(source)]
    return [Path(one.strip()) for one in str(source).split(",")]


def other_kind(path: Path) -> str | None:
    """What a file is that is no data, and what to do about it; None where its start tells nothing.

    Raises:
        OSError: it cannot be read.
    """
    if path.suffix.lower() in OFFICE:
        return "it is a document of an office program: save it as plain text, a table with tabs"
    with path.open("rb") as opened:
        start = opened.read(512)
    if start[257:262] == b"ustar":
        return OTHERS[0][1]
    if start.startswith(b"PAR1") and path.suffix.lower() == ".parquet":
        return "it is a Parquet file: save its text as a .txt, .csv or .jsonl file"
    return next((reason for begin, reason in OTHERS if start.startswith(begin)), None)


def text(path: Path, told: list[str] | None = None) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 where a mark says so.

    Args:
        told: gets a sentence where it is taken for Chinese in GB18030 (GBK is a part of it); None:
            nothing may be guessed.

    Raises:
        BadData: it is not there, is no text, or is in an encoding that has no mark.
    """
    try:
        if reason := other_kind(path):
            raise BadData(path=path, reason=reason)
        content = path.read_bytes()
    except IsADirectoryError:
        raise BadData(path=path, reason="it is a folder: name one file in it") from None
    except (FileNotFoundError, NotADirectoryError):
        raise BadData(path=path, reason=missing(path)) from None
    except OSError:
        reason = "it cannot be read: check its permissions"
        raise BadData(path=path, reason=reason) from None
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        found = content.decode(encoding)
    except UnicodeDecodeError:
        guessed = _chinese(content) if told is not None else None
        if guessed is None or told is None:
            reason = "it is not UTF-8: save it as UTF-8 text"
            raise BadData(path=path, reason=reason) from None
        told.append(f"{path.name} is in GB18030, an encoding of Chinese, and is read so")
        found = guessed
    if found.count("\0") > MOST_ZEROS * len(found):
        reason = "it is no text in UTF-8, a good part of it are zero bytes: save it as UTF-8 text"
        raise BadData(path=path, reason=reason)
    return found


def lines(path: Path, told: list[str]) -> list[str]:
    """The lines of a text: parted by line feeds, or by carriage returns where there are no others.

    Args:
        told: gets a sentence where the encoding was guessed.

    Raises:
        BadData: it is no text.
    """
    content = text(path, told).replace("\r\n", "\n")
    return content.split("\n" if "\n" in content else "\r")


def _chinese(content: bytes) -> str | None:
    """Bytes as Chinese in GB18030; None where they are hardly that."""
    try:
        found = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    beyond = [c for c in found if not c.isascii()]
    return found if sum(c in COMMONEST for c in beyond) >= SHARE * len(beyond) else None


def broken(text: str) -> str | None:
    """A sentence on characters that come of reading UTF-8 as another encoding, counted."""
    found = BROKEN.findall(text)
    if len(found) < LEAST_BROKEN:
        return None
    return (
        f"{len(found):,} characters such as {found[0]} seem to be UTF-8 that was read as another "
        "encoding: save the file anew from its source as UTF-8"
    )


def odd(text: str) -> Iterator[str]:
    """Sentences on what of a text is hardly meant to be learnt, counted."""
    for told, form in ODD_SIGNS.items():
        found = Counter(form.findall(text))
        if found.total() >= LEAST_ODD:
            (first, _), *_ = found.most_common(1)
            yield f"{found.total():,} {told.format(first)}"
    if sentence := broken(text):
        yield sentence


def whole(text: str) -> str:
    """Text without halves of characters (lone surrogates), which JSON can hold and no file can."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def lines_in(text: str) -> int:
    """How often a text goes on in another line."""
    return sum(1 for _ in ROW_END.finditer(text))


class Unclosed(ValueError):
    """A quotation mark that is not closed: in line ``first``, and what it takes in ends in
    ``last``."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(first, last)
        self.first, self.last = first, last


def cells(text: str, sign: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table whose cells may stand in quotation marks (RFC 4180), each with its line;
    a blank line has no cells. Marks within one line that are not a cell's own stay in its text.

    Args:
        sign: what parts the cells.

    Raises:
        Unclosed: a quotation mark takes in lines, and neither a cell nor the text ends where it is
            closed.
    """
    quoted, begun, bare = (re.compile(one.format(sign)) for one in (QUOTED, BEGUN, BARE))
    at, line = 0, 1
    while at < len(text):
        first, row = line, []
        while True:
            found = quoted.match(text, at)
            cell = found[1].replace('""', '"') if found else ""
            if found is None and (found := begun.match(text, at) or bare.match(text, at)):
                cell = found[1]
            if found is None:
                start = text.index('"', at) + 1
                closed = text.find('"', start)
                inside = text[start : closed if closed >= 0 else len(text)]
                raise Unclosed(line, line + lines_in(inside.rstrip()))
            line += lines_in(found[0])
            row.append(cell)
            at = found.end()
            if text[at : at + 1] != sign:
                break
            at += 1
        yield first, [] if row == [""] and not found[0].strip() else row
        end = ROW_END.match(text, at)
        at = end.end() if end else len(text)
        line += 1


def parted_by(text: str, signs: Iterable[str]) -> str:
    """The sign that parts the greatest share of a table's first rows into equally many cells, two
    or more; of equals the first. A quotation mark that is not closed ends what is looked at."""

    def share(sign: str) -> float:
        widths: Counter[int] = Counter()
        with suppress(Unclosed):
            for _, row in islice(cells(text, sign), LOOKED_AT):
                widths[len(row)] += 1
        alike = max((rows for width, rows in widths.items() if width > 1), default=0)
        return alike / max(1, widths.total())

    return max(signs, key=share)


def json_values(
    text: str, is_row: Callable[[Mapping[str, Any]], bool] = lambda _: False
) -> Iterator[tuple[str, Any]]:
    """Each value of JSON lines, of one list, of the only list of objects in one object, or of the
    rows of a table that one object holds, and where it stands. A value may run over several lines
    and a comma may follow it. What is no JSON is None, and nothing comes after it where the next
    value cannot be told.

    Args:
        is_row: whether one object is a value itself, whatever lists it holds.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _json_lines(text)
        return
    if isinstance(whole, Mapping) and not is_row(whole):
        lists = [v for v in whole.values() if isinstance(v, list) and v]
        if len(lists) == 1 and all(isinstance(one, Mapping) for one in lists[0]):
            whole = lists[0]
        else:
            whole = _rows_of(whole) or whole
    if isinstance(whole, list):
        yield from ((f"object {number}", row) for number, row in enumerate(whole, start=1))
    else:
        yield "line 1", whole


def _rows_of(table: Mapping[str, Any]) -> list[Any]:
    """The rows of an object that holds columns, each a list or, as pandas saves a table, an object
    with the numbers of the rows, or that holds the rows by their numbers; none of another one."""
    numbered = [
        isinstance(one, Mapping) and bool(one) and all(key.isdigit() for key in one)
        for one in (table, *table.values())
    ]
    if numbered[0] and all(isinstance(row, Mapping) for row in table.values()):
        return [*table.values()]
    columns = [[*v.values()] if isinstance(v, Mapping) else v for v in table.values()]
    alike = all(numbered[1:]) or all(isinstance(one, list) for one in table.values())
    if not alike or len({*map(len, columns)}) != 1:
        return []
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_lines(text: str) -> Iterator[tuple[str, Any]]:
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines or _json(lines[0][1]) is not None:
        yield from ((f"line {number}", _json(line)) for number, line in lines)
        return
    at, reader = len(text) - len(text.lstrip().removeprefix("[")), json.JSONDecoder()
    line, counted = 1, 0
    while rest := text[at : at + 1]:
        if rest.isspace() or rest == ",":
            at += 1
        elif rest == "]" and not text[at + 1 :].strip():
            return
        else:
            line, counted = line + text.count("\n", counted, at), at
            place = f"line {line}"
            try:
                value, at = reader.raw_decode(text, at)
            except (ValueError, RecursionError):
                yield place, None
                return
            yield place, value


def _json(line: str) -> Any:
    """The value of a line, perhaps with a comma after it; None where it is no JSON."""
    try:
        return json.loads(line.strip().removesuffix(","))
    except (ValueError, RecursionError):
        return None


def table(path: Path) -> pyarrow.Table:
    """A Parquet file.

    Raises:
        BadData: it is none, or is damaged.
    """
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        raise BadData(path=path, reason=missing(path)) from None
    except (pyarrow.ArrowException, OSError) as error:
        reason = "it is not a readable Parquet file: fetch or write it again"
        if path.suffix.lower() != ".parquet":
            reason = other_kind(path) or "it is no Parquet file: name one, or a folder"
        raise BadData(path=path, reason=reason) from error
