"""A small local Hub: enough of its HTTP interface for huggingface_hub and `pretrained.sources.hub`.

It answers what the real one answers for models: repository information, the file tree, paths,
HEAD and GET of files with entity tags, commit headers, ranges, a redirect to "the CDN" for large
files, and its error codes. Models and Spaces can be sent to it too, as huggingface_hub does without
Xet: create, preupload, LFS batch, PUT, verify, commit. It can also misbehave on request: break off
in the middle, ignore ranges, send other bytes than it promised, hold a body back until it is told
to go on, be silent.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

LARGE = (".safetensors", ".bin", ".model")  # stored in LFS, as the Hub does
WRITER, READER = "hf_aTokenThatMayWrite", "hf_aTokenThatMayRead"
MOST_REGULAR = 10 * 2**20  # bytes of a text file that needs no LFS


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repo:
    """``commits`` maps a commit to its files, oldest first; ``branches`` a name to a commit.
    ``pulls``: number, title and author of its open pull requests."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: list[tuple[int, str, str]] = field(default_factory=list)
    gated: bool = False
    private: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    range: str | None
    authorization: str | None


class HubStandIn:
    """The server and what it holds.

    Attributes:
        requests: every request so far.
        breaks: bytes after which the next bodies of large files end too early, used up in order.
        tampered: path -> what is sent instead of the content, of the same size.
        ignores_ranges: answer every range with the whole file.
        hold: when set to (bytes, event), a large body waits after so many bytes for the event.
        silence: when set, who asks for pull requests waits for this event.
        answers: when set, every request gets this (status, body): a portal, a Hub in trouble.
        writers, readers: token -> the account that it may write for, or only read for.
        large: what was sent to LFS, by its SHA-256, until a commit names it and after.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[Request] = []
        self.breaks: list[int] = []
        self.tampered: dict[str, bytes] = {}
        self.ignores_ranges = False
        self.hold: tuple[int, threading.Event] | None = None
        self.silence: threading.Event | None = None
        self.answers: tuple[int, bytes] | None = None
        self.writers, self.readers = {WRITER: "me"}, {READER: "me"}
        self.large: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.cdn = f"http://localhost:{self._server.server_port}"  # to a client, another host
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def add(
        self,
        hub_id: str,
        files: dict[str, bytes],
        *,
        branch: str = "main",
        gated: bool = False,
        private: bool = False,
    ) -> str:
        """Commit files to a branch, which then has these files only. Gives the commit."""
        repo = self.repos.setdefault(hub_id, Repo())
        repo.gated, repo.private = gated, private
        content = "".join(f"{p}{git_sha1(d)}" for p, d in sorted(files.items()))
        commit = hashlib.sha1(f"{hub_id}{len(repo.commits)}{content}".encode()).hexdigest()
        repo.commits[commit] = dict(files)
        repo.branches[branch] = commit
        return commit

    def add_folder(self, hub_id: str, folder: Path, **options: Any) -> str:
        """Commit the files of a folder, as ``upload_folder`` would."""
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return self.add(hub_id, files, **options)

    def bodies(self) -> list[Request]:
        """The requests for contents, without those that only asked about something."""
        return [r for r in self.requests if r.method == "GET" and not r.path.startswith("/api/")]

    def stop(self) -> None:
        """From now on nobody answers: the network is gone."""
        if self.hold is not None:
            self.hold[1].set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Gone(Exception):
    """The answer is an error: status, X-Error-Code, X-Error-Message, and fields beside it."""


def _handler(hub: HubStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def _answer(self) -> None:
            self.close_connection = True
            url = urlsplit(self.path)
            path = unquote(url.path)
            hub.requests.append(
                Request(
                    self.command, path, self.headers.get("Range"), self.headers.get("Authorization")
                )
            )
            body = self._body()
            try:
                if hub.answers is not None:
                    self._send(*hub.answers, {"Content-Type": "text/html"})
                elif self.command in ("POST", "PUT") and _writes(path):
                    self._write(path, body)
                elif path.startswith("/api/models/"):
                    self._api(path.removeprefix("/api/models/"), parse_qs(url.query), body)
                elif path.startswith("/cdn/"):
                    _, _, owner, name, commit, file = path.split("/", 5)
                    self._content(file, hub.repos[f"{owner}/{name}"].commits[commit][file])
                else:
                    self._resolve(path)
            except _Gone as error:
                status, code, message, *more = error.args
                headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
                self._send(status, json.dumps(dict(*more, error=message)).encode(), headers)

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        def _write(self, path: str, body: bytes) -> None:
            """What changes something. A Space stands in ``repos`` as ``spaces/OWNER/NAME``."""
            if path.startswith("/lfs/"):  # the address itself is the permission
                oid = path.removeprefix("/lfs/")
                if hashlib.sha256(body).hexdigest() != oid:
                    raise _Gone(400, "", "Checksum mismatch")
                hub.large[oid] = body
                return self._told({})
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            account = hub.writers.get(token, hub.readers.get(token))
            if path == "/api/validate-yaml":
                return self._told({"errors": [], "warnings": []})
            if account is None:
                raise _Gone(401, "", "Invalid username or password.")
            if path == "/api/repos/create":
                asked = json.loads(body)
                owner = asked.get("organization") or account
                place = "spaces/" if asked.get("type") == "space" else ""
                hub_id = f"{place}{owner}/{asked['name']}"
            else:
                hub_id, verb, revision = _place(path)
                owner = hub_id.split("/")[-2]
            if token in hub.readers or owner != account:
                raise _Gone(403, "", f"You don't have the rights to write under {owner}")
            if path == "/api/repos/create":
                told = {"url": f"{hub.url}/{hub_id}", "name": hub_id}
                if hub_id in hub.repos:
                    raise _Gone(409, "", "You already created this model repo", told)
                private = asked.get("visibility") == "private" or bool(asked.get("private"))
                hub.add(hub_id, {".gitattributes": b""}, private=private)
                return self._told(told)
            repo = self._repo(hub_id)
            if verb == "preupload":
                asked = json.loads(body)
                files = {f["path"]: _mode(f) for f in asked["files"]}
                ignored = _ignored(asked.get("gitIgnore", ""), list(files))
                told = [
                    {"path": path, "uploadMode": mode, "shouldIgnore": path in ignored}
                    for path, mode in files.items()
                ]
                return self._told({"files": told})
            if verb == "batch":
                return self._told({"transfer": "basic", "objects": [
                    {**one, "actions": {"upload": {"href": f"{hub.cdn}/lfs/{one['oid']}"}}}
                    for one in json.loads(body)["objects"]
                ]})  # fmt: skip
            files = dict(repo.commits[self._commit(repo, revision)])
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = hub.large[value["oid"]]
            commit = hub.add(hub_id, files, branch=revision, private=repo.private)
            url = f"{hub.url}/{hub_id}/commit/{commit}"
            self._told({"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": ""})

        def _told(self, value: Any) -> None:
            self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _repo(self, hub_id: str) -> Repo:
            repo = hub.repos.get(hub_id)
            if repo is None or (repo.private and not self.headers.get("Authorization")):
                # To a stranger the Hub does not tell missing from private.
                raise _Gone(401, "RepoNotFound", "Invalid username or password.")
            return repo

        def _commit(self, repo: Repo, revision: str) -> str:
            commit = repo.branches.get(revision, revision)
            if commit not in repo.commits:
                raise _Gone(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return commit

        def _api(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
            owner, name, *rest = path.split("/")
            repo = self._repo(f"{owner}/{name}")
            kind = rest[0] if rest else "revision"
            if kind == "discussions":
                if hub.silence is not None:
                    hub.silence.wait(10)
                found: Any = [_pull(f"{owner}/{name}", *pull) for pull in repo.pulls]
                found = {"discussions": found, "count": len(found), "start": 0}
                self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})
                return
            named = rest[1:] if kind == "revision" else rest[1:2]  # a branch may have slashes
            commit = self._commit(repo, "/".join(named) or "main")
            files = repo.commits[commit]
            if kind == "revision":
                detailed = "blobs" in query
                siblings = [
                    {"rfilename": p, **(_metadata(p, d, "info") if detailed else {})}
                    for p, d in sorted(files.items())
                ]
                found = {
                    "id": f"{owner}/{name}",
                    "sha": commit,
                    "private": repo.private,
                    "gated": "manual" if repo.gated else False,
                    "siblings": siblings,
                }
            else:  # tree, or the paths that are named in the body of a POST
                wanted = set(files)
                if kind == "paths-info":
                    wanted &= set(json.loads(body)["paths"])
                found = [
                    {"type": "file", "path": p, **_metadata(p, files[p], "tree")}
                    for p in sorted(wanted)
                ]
            self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

        def _resolve(self, path: str) -> None:
            parts = path.lstrip("/").split("/", 4)
            if len(parts) < 5 or parts[2] != "resolve":
                raise _Gone(404, "", "Not found")  # what this Hub does not do
            owner, name, _, revision, file = parts
            repo = self._repo(f"{owner}/{name}")
            if repo.gated and not self.headers.get("Authorization"):
                raise _Gone(401, "GatedRepo", "Access to this model is restricted.")
            commit = self._commit(repo, revision)
            if file not in repo.commits[commit]:
                raise _Gone(404, "EntryNotFound", "Entry not found")
            data = repo.commits[commit][file]
            headers = {"X-Repo-Commit": commit, "ETag": f'"{git_sha1(data)}"'}
            if file.endswith(LARGE):
                headers |= {
                    "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                    "X-Linked-Size": str(len(data)),
                    "Location": f"{hub.cdn}/cdn/{owner}/{name}/{commit}/{file}",
                }
                self._send(302, b"", headers)
            else:
                self._content(file, data, headers)

        def _content(self, file: str, data: bytes, headers: dict[str, str] | None = None) -> None:
            headers = dict(headers or {})
            data = hub.tampered.get(file, data)
            status, start = 200, 0
            asked = self.headers.get("Range")
            if asked and not hub.ignores_ranges:
                start = int(asked.removeprefix("bytes=").split("-")[0])
                if start >= len(data):
                    self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                    return
                status = 206
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            large = file.endswith(LARGE) and self.command == "GET"
            rest = data[start:]
            cut = hub.breaks.pop(0) if large and hub.breaks else len(rest)
            self._send(status, rest, headers, cut, hub.hold if large else None)

        def _send(
            self,
            status: int,
            body: bytes,
            headers: dict[str, str],
            cut: int | None = None,
            hold: tuple[int, threading.Event] | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command == "HEAD":
                return
            body = body[:cut]
            try:
                if hold is not None:
                    count, go_on = hold
                    self.wfile.write(body[:count])
                    self.wfile.flush()
                    go_on.wait(10)
                    body = body[count:]
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client left

    return Handler


def _writes(path: str) -> bool:
    fixed = path in ("/api/repos/create", "/api/validate-yaml") or path.startswith("/lfs/")
    return fixed or path.endswith("/objects/batch") or "/preupload/" in path or "/commit/" in path


def _place(path: str) -> tuple[str, str, str]:
    """Repository, what is wanted of it, and the branch."""
    if path.endswith(".git/info/lfs/objects/batch"):
        return path[1:].removesuffix(".git/info/lfs/objects/batch"), "batch", ""
    _, _, kind, owner, name, verb, revision = path.split("/", 6)
    return f"{'spaces/' if kind == 'spaces' else ''}{owner}/{name}", verb, revision


def _mode(file: dict[str, Any]) -> str:
    """``lfs`` for what the Hub takes for binary, or large."""
    binary = b"\0" in base64.b64decode(file["sample"]) or file["path"].endswith(LARGE)
    return "lfs" if binary or file["size"] > MOST_REGULAR else "regular"


def _ignored(rules: str, paths: list[str]) -> set[str]:
    """Those of the paths that a .gitignore is about, as git itself tells it."""
    if not rules:
        return set()
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["git", "init", "-q", place], check=True)
        Path(place, ".gitignore").write_text(rules, "utf-8")
        asked = ["git", "-C", place, "check-ignore", "--no-index", "-z", "--stdin"]
        told = subprocess.run(asked, input="\0".join(paths).encode(), capture_output=True)
        return set(told.stdout.decode().split("\0"))


def _metadata(path: str, data: bytes, style: str) -> dict[str, Any]:
    """Size and hashes of a file, as the two endpoints name them."""
    blob = git_sha1(data)
    found: dict[str, Any] = {"size": len(data), ("blobId" if style == "info" else "oid"): blob}
    if path.endswith(LARGE):
        sha256 = hashlib.sha256(data).hexdigest()
        name = "sha256" if style == "info" else "oid"
        found["lfs"] = {"size": len(data), name: sha256, "pointerSize": 134}
    return found


def _pull(hub_id: str, number: int, title: str, author: str) -> dict[str, Any]:
    """One open pull request, as the endpoint of discussions tells it."""
    return {
        "num": number,
        "title": title,
        "author": {"name": author},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "status": "open",
        "isPullRequest": True,
        "repo": {"name": hub_id, "type": "model"},
    }


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    """A Hub of this test's own, with an empty cache; HF_ENDPOINT leads to it."""
    from huggingface_hub import close_session, constants

    standin = HubStandIn()
    ours = ("HF_", "BREAKTHROUGHS_")
    for name in [n for n in os.environ if n.startswith(ours) or "PROXY" in n.upper()]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_ENDPOINT", standin.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    close_session()
    yield standin
    standin.stop()
    close_session()
