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


class CannotKeep(Exception):
    """What a run has learnt cannot be written down; what it wrote before, if it ``kept`` anything,
    is as it was."""

    code = "cannot_keep"

    def __init__(self, out: Path, reason: str, kept: bool) -> None:
        then = "go on with --resume, from where it was last kept" if kept else "begin again"
        super().__init__(
            f"What was learnt cannot be kept in {out} ({reason}): free some space there and {then}."
        )


class Stopped(Exception):
    """The run was asked to end (SIGTERM), and has kept what it learnt."""

    code = "stopped"

    def __init__(self, out: Path) -> None:
        super().__init__(f"{out} keeps what was learnt so far: go on with --resume.")
