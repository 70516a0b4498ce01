"""What is known of every job, in one SQLite file: it is there again when the server is.

Owners are kept as a hash of their token, so that whoever reads the file is not them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.errors import NoSpace

QUEUED, RUNNING, PAUSED = "queued", "running", "paused"
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
ACTIVE = (QUEUED, RUNNING)
ENDED = (DONE, FAILED, CANCELLED)

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, address TEXT NOT NULL, key TEXT NOT NULL,
    data TEXT NOT NULL, options TEXT NOT NULL, state TEXT NOT NULL, asked TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL, changed REAL NOT NULL, queued REAL NOT NULL,
    seconds REAL NOT NULL DEFAULT 0, futile INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '{}', name TEXT NOT NULL DEFAULT '', begun REAL NOT NULL DEFAULT 0,
    link TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS events (
    job TEXT NOT NULL, n INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (job, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (caller TEXT PRIMARY KEY, served INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Record:
    """A row of the table ``jobs``.

    Attributes:
        owner: hash of the owner's token. address: where it was asked from, or the same hash.
        data: what is learnt from, relative to the job's folder.
        asked: what its owner wants of a running one: pause, cancel, remove, or nothing.
        created, changed, queued: seconds since 1970; ``queued`` orders an owner's own jobs.
        seconds: that its workers have run.
        futile: times in a row that a worker ended without having kept anything new.
        error: code and fields of the refusal that it failed with.
        name: that its owner gave it; "" where they gave none.
        begun: how many of ``seconds`` had run when the time began that it may take by now: when
            somebody went on with it, or at its last update.
        link: by which others use what it has become; it tells nothing of ``id``, which shows the
            training and what it was measured on.
    """

    id: str
    owner: str
    address: str
    key: str
    data: str
    options: Mapping[str, Any]
    state: str
    created: float
    changed: float
    queued: float
    asked: str = ""
    seconds: float = 0.0
    futile: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    begun: float = 0.0
    link: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Event:
    """Something that happened to a job: the ``n``-th, counted from 1. `jobs` lists the kinds."""

    n: int
    at: float
    kind: str
    body: Mapping[str, Any]


class Store:
    """Any thread may call any method. A method that writes raises `NoSpace` on a full disk, and
    has then changed nothing."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._file.row_factory = sqlite3.Row
        with self.change():
            for statement in TABLES.split(";"):
                self._file.execute(statement)
            columns = {row["name"] for row in self._file.execute("PRAGMA table_info(jobs)")}
            #: Whether this was a file of before jobs had names.
            self.nameless = "name" not in columns
            if self.nameless:
                self._file.execute("ALTER TABLE jobs ADD COLUMN name TEXT NOT NULL DEFAULT ''")
            if "begun" not in columns:
                self._file.execute("ALTER TABLE jobs ADD COLUMN begun REAL NOT NULL DEFAULT 0")
            if "link" not in columns:  # what was shared then stays shared
                self._file.execute("ALTER TABLE jobs ADD COLUMN link TEXT NOT NULL DEFAULT ''")
                self._file.execute("UPDATE jobs SET link = id")
            self._file.execute("CREATE UNIQUE INDEX IF NOT EXISTS links ON jobs (link)")

    @contextmanager
    def change(self) -> Iterator[None]:
        """What is written inside is there as a whole, or not at all."""
        with self._lock:
            nested = self._file.in_transaction
            try:
                if not nested:
                    self._file.execute("BEGIN IMMEDIATE")
                yield
                if not nested:
                    self._file.execute("COMMIT")
            except BaseException as error:
                if not nested and self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
                if full or (isinstance(error, sqlite3.OperationalError) and "disk" in str(error)):
                    raise NoSpace from error
                raise

    def add(self, record: Record) -> None:
        row = {**vars(record), "options": _json(record.options), "error": _json(record.error)}
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        with self.change():
            self._file.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", row)

    def get(self, id: str) -> Record | None:
        found = self._records("WHERE id = ?", id)
        return found[0] if found else None

    def linked(self, link: str) -> Record | None:
        found = self._records("WHERE link = ?", link)
        return found[0] if found else None

    def of(self, owner: str) -> list[Record]:
        """All of one owner's, the newest first."""
        return self._records("WHERE owner = ? ORDER BY created DESC, id", owner)

    def within(self, *states: str) -> list[Record]:
        """All that are in one of the states, in the order in which they were queued."""
        marks = ", ".join("?" * len(states))
        return self._records(f"WHERE state IN ({marks}) ORDER BY queued, id", *states)

    def ids(self) -> set[str]:
        with self._lock:
            return {row["id"] for row in self._file.execute("SELECT id FROM jobs")}

    def change_record(self, id: str, **fields: Any) -> None:
        """Set some of a record's fields."""
        if "error" in fields:
            fields["error"] = _json(fields["error"])
        names = ", ".join(f"{name} = :{name}" for name in fields)
        with self.change():
            self._file.execute(f"UPDATE jobs SET {names} WHERE id = :id", {**fields, "id": id})

    def remove(self, id: str) -> None:
        with self.change():
            self._file.execute("DELETE FROM events WHERE job = ?", (id,))
            self._file.execute("DELETE FROM jobs WHERE id = ?", (id,))

    def tell(self, id: str, at: float, news: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add events behind those that a job has."""
        with self.change():
            (last,) = self._file.execute(
                "SELECT COALESCE(MAX(n), 0) FROM events WHERE job = ?", (id,)
            ).fetchone()
            rows = [(id, last + i, at, kind, _json(body)) for i, (kind, body) in enumerate(news, 1)]
            self._file.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)

    def events(self, id: str, after: int = 0, most: int = -1) -> list[Event]:
        """What happened to a job after its ``after``-th event, ``most`` of it at most."""
        query = "SELECT n, at, kind, body FROM events WHERE job = ? AND n > ? ORDER BY n LIMIT ?"
        with self._lock:
            rows = self._file.execute(query, (id, after, most)).fetchall()
        return [Event(r["n"], r["at"], r["kind"], json.loads(r["body"])) for r in rows]

    def served(self) -> dict[str, int]:
        """When each caller had a turn, as a number that grows with every turn."""
        with self._lock:
            return dict(map(tuple, self._file.execute("SELECT caller, served FROM turns")))

    def serve(self, *callers: str) -> None:
        """Each of them has had a turn now."""
        with self.change():
            (last,) = self._file.execute("SELECT COALESCE(MAX(served), 0) FROM turns").fetchone()
            for caller in callers:
                self._file.execute("REPLACE INTO turns VALUES (?, ?)", (caller, last + 1))

    def forget_callers(self) -> None:
        """Of callers who have no job any more."""
        with self.change():
            self._file.execute(
                "DELETE FROM turns WHERE caller NOT IN "
                "(SELECT owner FROM jobs UNION SELECT address FROM jobs)"
            )

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _records(self, where: str, *values: Any) -> list[Record]:
        with self._lock:
            rows = self._file.execute(f"SELECT * FROM jobs {where}", values).fetchall()
        return [
            Record(**{**row, "options": json.loads(row["options"]), "error": _read(row["error"])})
            for row in map(dict, rows)
        ]


def hashed(token: str) -> str:
    """An owner's token, or an address, as it is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def owns(record: Record, token: str) -> bool:
    """Whether this is the token of a job's owner; nobody's is empty."""
    return bool(token) and hmac.compare_digest(record.owner, hashed(token))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)


def _read(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value
