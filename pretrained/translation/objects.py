"""Pairs as JSON objects or lists: a line for each, a list of all, or a column of Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pretrained import own_files
from pretrained.errors import BadData
from pretrained.translation import columns

Row = tuple[Any, Any]  #: English, and the other language: a sentence, or a list of them
#: The columns of `datasets` that hold an object with both languages, in small letters.
BOTH = ("translation", "translations")


def is_json(path: Path) -> bool:
    """Whether a text begins as JSON objects or lists do; a table does not, whatever its signs.

    Raises:
        BadData: it is no text.
    """
    text = "\n".join(own_files.lines(path, []))
    if not text.lstrip().startswith(("{", "[")):
        return False
    first = [value for _, value in islice(own_files.json_values(text), 2)]
    return bool(first) and all(isinstance(one, Mapping | list) and one for one in first)


def rows(path: Path, languages: tuple[str, str], told: list[str], split: str) -> Iterator[Row]:
    def is_row(value: Mapping[str, Any]) -> bool:
        places = columns.named([*value], languages)
        return places is not None and all(isinstance([*value.values()][n], str) for n in places)

    values: Sequence[tuple[str, Any]]
    values = [*own_files.json_values("\n".join(own_files.lines(path, told)), is_row)]
    if values and all(isinstance(row, Mapping) for _, row in values):
        names = [*values[0][1]]
        columns.not_doubled(path, names, languages)
        values = columns.of_split(
            path, names, values, lambda one, at: one[1].get(names[at]), split, told
        )
    rows = [row for _, row in values]
    if found := by_sentences(rows, path, languages, told):
        yield from found
        return
    for place, row in values:
        yield both(path, row, languages, place)


def by_sentences(
    rows: list[Any], path: Path, languages: tuple[str, str], told: list[str]
) -> list[Row]:
    """The pairs of objects whose keys name no language (source and target, say), or of lists, by
    what their sentences look like; none where that is not clear."""
    if all(isinstance(row, list) and row for row in rows):
        rows = [dict(enumerate(row)) for row in rows]
    keys = list(rows[0]) if rows and isinstance(rows[0], Mapping) else []
    if not keys or columns.named([*map(str, keys)], languages):
        return []
    if not all(isinstance(row, Mapping) and list(row) == keys for row in rows):
        return []
    texts = [key for key in keys if all(isinstance(row[key], str | None) for row in rows)]
    cells = [[whole(row[key]) or "" for key in texts] for row in rows]
    places = columns.told(cells, languages) if len(texts) > 1 else None
    if places is None:
        return []
    first, second = (
        f"{language} under {texts[n] if isinstance(texts[n], str) else texts[n] + 1}"
        for language, n in zip(languages, places, strict=True)
    )
    told.append(f"by its sentences {path.name} has {first} and {second}")
    return [(row[places[0]], row[places[1]]) for row in cells]


def both(path: Path, row: Any, languages: tuple[str, str], where: str) -> Row:
    """The two sides of a JSON object, or of the object under its key ``translation``.

    Raises:
        BadData: it is no object, or has not both languages.
    """
    if isinstance(row, Mapping):
        inner = [_object(row[key]) for key in row if str(key).lower() in BOTH]
        for one in (row, *inner):
            keys: Sequence[str] = list(one)
            if (places := columns.named(keys, languages)) is not None:
                return tuple(map(whole, (one[keys[n]] for n in places)))
    shown = (
        json.dumps(row, ensure_ascii=False, default=str)[: columns.SHOWN]
        if row is not None
        else "no JSON"
    )
    sides = " and ".join(languages)
    reason = f"{where} is no JSON object with {sides} ({shown}): mend it or take it out"
    raise BadData(path=path, reason=reason)


def _object(value: Any) -> Mapping[str, Any]:
    """What stands under ``translation`` as an object: JSON as text, pairs of a language and its
    sentence (a map of Parquet), and the two lists of `datasets` become one, too."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, Mapping) and isinstance(value.get("language"), list | tuple):
        languages, sentences = value["language"], value.get("translation")
        value = list(zip(languages, sentences, strict=False)) if isinstance(sentences, list) else {}
    if isinstance(value, list) and all(
        isinstance(one, tuple | list) and len(one) == 2 for one in value
    ):
        value = {str(key): sentence for key, sentence in value}
    return value if isinstance(value, Mapping) else {}


def whole(value: Any) -> Any:
    """A sentence without halves of characters, which JSON can hold and no file can; bytes, as
    some programs put them into Parquet, are UTF-8."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return own_files.whole(value) if isinstance(value, str) else value
