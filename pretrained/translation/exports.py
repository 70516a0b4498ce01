"""Tables of pairs as other programs export them, made plain: Anki's settings, Markdown's bars."""

from __future__ import annotations

import re
from html import unescape
from itertools import takewhile

from pretrained import own_files

#: A line of settings above Anki's notes.
SETTING = re.compile(
    r"#(separator|html|columns|tags|deck|notetype|(?:tags|deck|notetype|guid) column):(.*)", re.I
)
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}
#: What parts a Markdown table's heading from its rows.
RULE = re.compile(r"[|:\s-]*--[|:\s-]*")
#: Share of the lines that have a bar in a table of bars.
LEAST_BARRED = 0.9


def plain(rows: list[str], name: str, told: list[str]) -> list[str]:
    """The lines of a table with tabs between its cells, each in the place of its own, so that a
    line keeps its number. What is no such export stays as it is.

    Args:
        name: of the file. told: gets a sentence for what was understood.
    """
    return _bars(_settings(rows, name, told), name, told)


def is_one(rows: list[str]) -> bool:
    """Whether the lines are such an export."""
    return plain(rows, "", []) != rows


def _settings(rows: list[str], name: str, told: list[str]) -> list[str]:
    """Without Anki's settings; its columns, where it names them, as the heading."""
    settings = [*takewhile(bool, map(SETTING.fullmatch, rows))]
    if not settings:
        return rows
    count, found = len(settings), {one[1].lower(): one[2] for one in settings if one}
    told.append(f"the settings of Anki above the pairs of {name} are followed")
    given = found.get("separator", "tab")
    sign = SEPARATORS.get(given.strip().lower(), given or "\t")
    body = rows[count:] if sign == "\t" else _parted(rows[count:], sign)
    if found.get("html", "").strip().lower() == "true":
        breaks = [re.sub(r"(?i)<br ?/?>|</?(?:div|p)\b[^>]*>", " ", row) for row in body]
        body = [unescape(re.sub(r"<[^<>]*>", "", row)).replace("\xa0", " ") for row in breaks]
    heading = found.get("columns", "").replace(sign, "\t")
    return [*[""] * (count - 1), heading, *body]


def _parted(rows: list[str], sign: str) -> list[str]:
    """Cells that another sign parts, parted by tabs."""
    made = [""] * len(rows)
    for number, cells in own_files.cells("\n".join(rows), sign):
        made[number - 1] = "\t".join(" ".join(cell.split()) for cell in cells)
    return made


def _bars(rows: list[str], name: str, told: list[str]) -> list[str]:
    """With tabs in place of bars, where bars part nearly every line and no tab does."""
    filled = [row.strip() for row in rows if row.strip()]
    barred = sum("|" in row.strip("|") for row in filled)
    if "\t" in "".join(filled) or not barred or barred < LEAST_BARRED * len(filled):
        return rows
    told.append(f"the cells of {name} are parted by bars (|)")
    return ["" if RULE.fullmatch(row) else _cells(row) for row in rows]


def _cells(row: str) -> str:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return "\t".join(cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", inner))
