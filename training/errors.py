"""How a run says no, in one sentence that names the fix. Imports no torch."""

from __future__ import annotations

from pathlib import Path


class BadOption(ValueError):
    """An option that no run can follow; the sentence names the fix."""


class CannotResume(Exception):
    """The run in a folder is another one, or damaged; the sentence names the fix."""

    def __init__(self, out: Path, reason: str) -> None:
        super().__init__(
            f"{out} holds a run that cannot be gone on with: {reason}. Name another folder with "
            "--out, or leave --resume out to begin anew there."
        )
