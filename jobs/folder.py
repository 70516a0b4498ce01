"""The folder of one job, and what its worker has left there: files become events.

data/       what is learnt from
out/        what the worker writes: history.jsonl, state.pt, progress.jsonl, moments/, samples/,
            no_moments.json, refusal.json (see `training.watching`), and at last a checkpoint that
            the app loads
log.txt     what the worker printed
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs import moments
from jobs.errors import TRAINING, JobFailed, JobRefusal
from jobs.store import Event

DATA, OUT, LOG = "data", "out", "log.txt"
STATE, HISTORY, PROGRESS, REFUSAL, SAMPLES, NO_MOMENTS = (
    "state.pt",
    "history.jsonl",
    "progress.jsonl",
    "refusal.json",
    "samples",
    "no_moments.json",
)
LOG_TAIL = 4000  # characters
OWN_DATA = ", trained on own data"  # what a model that nobody named is called when it goes home
LONGEST = 60  # characters of a model's name
JOINER = "\u200d"  # holds the parts of an emoji together; nothing else that is not seen stays
News = tuple[str, Mapping[str, Any]]


def named(config: Mapping[str, Any]) -> str:
    """The name that somebody gave a model; "" where its recipe called it by the folder in a job."""
    title = str(config.get("title") or "")
    return "" if title == OUT or title.endswith(OWN_DATA) else clean(title)


def clean(name: str, most: int = LONGEST) -> str:
    """A name on one line, of what can be seen, cut with … where it is longer than ``most``."""
    seen = "".join(c if c == JOINER or c.isprintable() else " " * c.isspace() for c in name)
    name = " ".join(seen.split()) if seen.strip(f" {JOINER}") else ""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


@dataclass
class Told:
    """What of a folder has been told already. The last row told of an epoch is the one that
    counts: after a break the epoch is trained again, and may have taken another time."""

    rows: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    step: int = 0
    names: set[str] = field(default_factory=set)
    learnt: bool = False  # its last update is made: what is left is to measure and to write

    @classmethod
    def by(cls, events: Iterable[Event]) -> Told:
        """As it stands after these."""
        told = cls()
        told.take((event.kind, event.body) for event in events)
        return told

    def take(self, news: Iterable[News]) -> None:
        """These have been told now."""
        for kind, body in news:
            self.learnt |= kind in ("step", "row", "moment") and (body.get("progress") or 0) >= 1
            if kind == "row":
                self.rows[body["epoch"]] = body
            elif kind == "step":
                self.step = max(self.step, body["step"])
            elif kind in ("moment", "sample"):
                self.names.add(f"{kind} {body['name']}")
            elif kind == "no_moments":
                self.names.add(kind)


def news(out: Path, told: Told) -> list[News]:
    """What has come since: rows of the history, steps, moments, or that none are kept, and
    samples."""
    found: list[News] = [
        ("step", row)
        for row in lines(out / PROGRESS)
        if isinstance(row.get("step"), int) and row["step"] > told.step
    ]
    found += [
        ("row", row)
        for row in lines(out / HISTORY)
        if isinstance(row.get("epoch"), int) and told.rows.get(row["epoch"]) != row
    ]
    for moment in moments.listed(out):
        if f"moment {moment.name}" not in told.names:
            found.append(("moment", vars(moment)))
    if "no_moments" not in told.names:
        with suppress(OSError, ValueError):
            body = json.loads((out / NO_MOMENTS).read_text("utf-8"))
            found.append(
                ("no_moments", {name: int(body[name]) for name in ("bytes", "most_bytes")})
            )
    with suppress(OSError):
        for file in sorted((out / SAMPLES).iterdir()):
            if not file.name.startswith(".") and f"sample {file.name}" not in told.names:
                found.append(("sample", {"name": file.name}))
    return found


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file that may be written to just now; what is no number is None."""
    with suppress(OSError):
        for line in file.read_bytes().split(b"\n")[:-1]:
            with suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict):
                    yield {
                        name: None if isinstance(v, float) and not math.isfinite(v) else v
                        for name, v in row.items()
                    }


def kept(out: Path) -> str:
    """Tells one state that was kept from another; empty where there is none."""
    with suppress(OSError):
        about = (out / STATE).stat()
        return f"{about.st_mtime_ns} {about.st_size} {about.st_ino}"
    return ""


def refusal(out: Path, data: str = "") -> dict[str, Any] | None:
    """Why a worker ended, as ``code`` and ``fields``, or None where it said nothing.

    Args: data: what it read (`Record.data`), of which no more than its name is told."""
    try:
        told = json.loads((out / REFUSAL).read_text("utf-8"))
        kind, code, fields = told["kind"], told["code"], dict(told["fields"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if code == "stopped":
        return None
    if kind in TRAINING:
        return as_error(TRAINING[kind]())
    if code:
        hidden = {str(out): "…", str(out.parent / DATA): "…"}  # places on the server
        if os.path.isabs(data):
            hidden[str(Path(data).parent)] = "…"
        for name, value in fields.items():
            for place, instead in hidden.items():
                value = str(value).replace(f"{place}/", "").replace(place, instead)
            fields[name] = value
        return {"code": code, "fields": fields}
    return None


def as_error(refused: JobRefusal) -> dict[str, Any]:
    """A refusal as it is kept."""
    return {"code": refused.code, "fields": refused.fields}


def unexpected(id: str) -> dict[str, Any]:
    """Of a job's own number no more is shown than helps to find it in the log."""
    return as_error(JobFailed(id=id[:8]))


def tail(folder: Path) -> str:
    """The end of what the worker printed, its places given from ``folder`` on."""
    with suppress(OSError):
        text = (folder / LOG).read_bytes()[-4 * LOG_TAIL :].decode("utf-8", "replace")
        text = text.replace(f"{folder}/", "")
        return "\n".join(line.rpartition("\r")[2] for line in text[-LOG_TAIL:].split("\n"))
    return ""
