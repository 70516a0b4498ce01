"""What is not learnt from: counted, named, and said in one go."""

from __future__ import annotations

#: So many of each kind are named, the others counted.
NAMED = 5


class LeftOut:
    """Pictures and objects that were left out, cut or guessed, by reason."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def add(self, what: str, name: str) -> None:
        """One more: ``what`` is a plural such as "pictures that are damaged"."""
        self.names.setdefault(what, []).append(name)

    def sentences(self) -> tuple[str, ...]:
        """One for each reason: what, how many, and the first names."""
        return tuple(
            f"{what}: {len(names)} ({_listed(list(dict.fromkeys(names)))})"
            for what, names in self.names.items()
        )


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
