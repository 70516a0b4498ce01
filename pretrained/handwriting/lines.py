"""Long text to lines that the pen writes one at a time. Imports no torch."""

from __future__ import annotations

#: Characters of a line on the page, unless told otherwise.
MOST = 36


def split(text: str, most: int = MOST) -> list[str]:
    """Lines of at most ``most`` characters, broken at spaces where there are any.

    The visitor's own line ends are kept; empty lines are left out. A word longer than a line is
    cut.
    """
    if most < 1:
        raise ValueError("a line holds at least one character")
    found: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > most:
                found.append(line)
                line = ""
            line = f"{line} {word}" if line else word
            while len(line) > most:
                found.append(line[:most])
                line = line[most:]
        if line:
            found.append(line)
    return found
