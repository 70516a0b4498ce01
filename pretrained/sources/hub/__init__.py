"""Models from the Hugging Face Hub: sizes first, then a download that can be trusted.

`fetch` brings the files of one commit into the Hub client's own cache (`cache` draws it), so
that what came by ``hf download`` or transformers is used and nothing is stored twice. The client
(huggingface_hub) tells what the Hub has; the bytes are read in `download`, because the
client's own download (2.4) starts over after a break and tells of progress in steps of 10 MB.

Nothing that runs code is taken: weights as safetensors, beside them JSON and plain text. The
client's variables hold here too: HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN, HF_HUB_CACHE, HF_HOME.
BREAKTHROUGHS_CACHE_DIR and BREAKTHROUGHS_OFFLINE go before them. Imports no torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Protocol

from pretrained.disk import free_bytes
from pretrained.errors import HubNoSpace, HubNotFound, HubOffline, HubUnsafe
from pretrained.sources.hub.cache import (
    COMMIT,
    HASH,
    UNSAFE,
    File,
    arrived,
    commit_of,
    has_size,
    is_inside,
    is_safe,
    link,
    pin,
    pinned,
    present,
    repo_folder,
    write,
)
from pretrained.sources.hub.conversion import converted
from pretrained.sources.hub.download import bring
from pretrained.sources.hub.errors import disk_errors, endpoint, hub_errors, megabytes

Progress = Callable[[int, int], None]

ONE_MODEL = ("config.json", "model.safetensors")
MARGIN = 64 * 2**20  # bytes of disk that a download leaves free


@dataclass(frozen=True)
class Listing:
    """What a repository holds at one commit."""

    hub_id: str
    commit: str
    files: tuple[File, ...]

    def choose(self, patterns: Sequence[str]) -> tuple[File, ...]:
        """The files to bring: those named, and those safe ones that match a pattern with ``*``.

        Raises:
            HubUnsafe: the weights are there as pickle only, or an unsafe file was named.
            HubNotFound: a file that was named is not there.
        """
        by_path = {file.path: file for file in self.files}
        chosen: dict[str, File] = {}
        for pattern in patterns:
            if "*" in pattern:
                found = [f for f in self.files if fnmatchcase(f.path, pattern) and is_safe(f.path)]
            else:
                if not is_safe(pattern):
                    raise HubUnsafe(model=self.hub_id)
                found = [by_path[pattern]] if pattern in by_path else []
            pickles = any(PurePosixPath(f.path).suffix in UNSAFE for f in self.files)
            if not found and pickles and pattern.endswith(".safetensors"):
                raise HubUnsafe(model=self.hub_id)
            if not found and "*" not in pattern:
                raise HubNotFound(model=f"{self.hub_id}/{pattern}", revision=self.commit)
            chosen |= {file.path: file for file in found}
        return tuple(chosen.values())


class Source(Protocol):
    """The part of a catalogue entry that this module reads."""

    @property
    def hub_id(self) -> str | None: ...
    @property
    def revision(self) -> str | None: ...
    @property
    def folder(self) -> str | None: ...
    @property
    def bytes(self) -> int: ...
    @property
    def files(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class State:
    """Where a model is: whether it loads with no network, and how many bytes are on disk."""

    here: bool
    done: int
    total: int
    commit: str | None

    def __str__(self) -> str:
        if self.here or not self.done:
            return "yes" if self.here else "no"
        return f"{megabytes(self.done)} of {megabytes(self.total)}"


def fetch(
    hub_id: str,
    revision: str | None = None,
    files: Sequence[str] = ONE_MODEL,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Bring files of a model and give the local folder that holds them.

    What is complete is not asked for again, and no network is then needed. What broke off goes on
    from its last byte. An exception raised by ``progress`` ends the download and is passed on;
    what has arrived is kept.

    Args:
        hub_id: ``owner/name``.
        revision: a commit of 40 hexadecimal digits; else a branch or tag (None: the main branch,
            or what `conversion` finds where that has pickles only), whose commit is fixed by
            the first complete download and then kept.
        files: paths in the repository, or patterns with ``*``. A path must exist.
        progress: called with bytes on disk and bytes in all, first of all with what is there.

    Raises:
        HubOffline, HubNotFound, HubGated, HubUnsafe: as they say.
        HubTruncated: it broke off or does not have the size or the hash that the Hub promised.
        HubNoSpace: it does not fit on the disk; found out before the download starts.
        DownloadNotAllowed, NoAllowance: whoever hosts the app says so (`sources.allowance`).
    """
    from pretrained.sources import allowance

    ready = local(hub_id, revision, files)
    if ready is not None:
        allowance.used(repo_folder(hub_id, revision))
        total = sum((ready / name).stat().st_size for name in present(ready, files))
        progress(total, total)
        return ready
    allowance.check(hub_id)
    repo = repo_folder(hub_id, revision)
    listing = _listed(hub_id, pinned(repo, revision) or revision, files)
    wanted = listing.choose(files)
    total = sum(file.bytes for file in wanted)
    missing = sum(f.bytes - arrived(repo, f) for f in wanted)
    with allowance.room(hub_id, repo, missing):
        _check_space(repo, hub_id, missing)
        finished = 0
        for file in wanted:
            before = finished

            def report(done: int, before: int = before) -> None:
                progress(before + done, total)

            with disk_errors(repo, hub_id, file.bytes):
                bring(repo, hub_id, listing.commit, file, report)
                link(repo, listing.commit, file)
            finished += file.bytes
    with disk_errors(repo, hub_id, 0):
        write(repo / "breakthroughs" / f"{listing.commit}.json", json.dumps(asdict(listing)))
        if not COMMIT.fullmatch(revision or ""):
            write(pin(repo, revision), listing.commit)
        allowance.used(repo)
    return repo / "snapshots" / listing.commit


def local(
    hub_id: str, revision: str | None = None, files: Sequence[str] = ONE_MODEL
) -> Path | None:
    """The folder of a model that is complete on this machine, else None. Uses no network."""
    repo = repo_folder(hub_id, revision)
    commit = commit_of(repo, revision)
    if commit is None:
        return None
    folder = repo / "snapshots" / commit
    listing = _remembered(repo, hub_id, commit)
    if listing is not None:
        try:
            wanted = listing.choose(files)
        except (HubNotFound, HubUnsafe):
            return None
        complete = all(has_size(folder / file.path, file.bytes) for file in wanted)
    else:  # brought by another program, which keeps whole files only
        complete = all(present(folder, [pattern]) for pattern in files)
    return folder if complete and folder.is_dir() else None


def state(entry: Source) -> State:
    """Where the model of a catalogue entry is, for the page and for `list`. Uses no network."""
    files = entry.files
    if entry.hub_id is None:
        return State(entry.folder is not None, entry.bytes, entry.bytes, None)
    repo = repo_folder(entry.hub_id, entry.revision)
    folder = local(entry.hub_id, entry.revision, files)
    if folder is not None:
        size = sum((folder / name).stat().st_size for name in present(folder, files))
        return State(True, size, size, folder.name)
    blobs = (repo / "blobs").glob("*")
    done = sum(blob.stat().st_size for blob in blobs if blob.is_file())
    return State(False, min(done, entry.bytes), entry.bytes, commit_of(repo, entry.revision))


def describe(hub_id: str, revision: str | None = None) -> Listing:
    """Ask the Hub what a repository holds, one request: the sizes are known before a download.

    Raises:
        HubOffline, HubNotFound, HubGated: as they say.
    """
    from huggingface_hub import HfApi, constants

    try:
        with hub_errors(hub_id, revision):
            info = HfApi(endpoint=endpoint()).model_info(
                hub_id,
                revision=revision,
                files_metadata=True,
                timeout=constants.HF_HUB_ETAG_TIMEOUT,
            )
        files = tuple(
            File(
                path=sibling.rfilename,
                bytes=int(sibling.lfs.size if sibling.lfs else sibling.size),  # type: ignore[arg-type]
                sha1=str(sibling.blob_id),
                sha256=str(sibling.lfs.sha256) if sibling.lfs else None,
            )
            for sibling in info.siblings or ()
            if is_inside(sibling.rfilename)
        )
        listing = Listing(hub_id, str(info.sha), files)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubOffline(model=hub_id) from error  # a portal in between, not the Hub's language
    if not COMMIT.fullmatch(listing.commit) or not all(HASH.fullmatch(f.hash) for f in files):
        raise HubOffline(model=hub_id)
    if COMMIT.fullmatch(revision or "") and listing.commit != revision:
        raise HubNotFound(model=hub_id, revision=revision)
    return listing


def _listed(hub_id: str, revision: str | None, files: Sequence[str]) -> Listing:
    """As `describe`. Where the main branch has pickles only, that of its converted weights."""
    listing = describe(hub_id, revision)
    if revision is None:
        try:
            listing.choose(files)
        except HubUnsafe:
            offer = converted(hub_id)
            return describe(hub_id, offer) if offer else listing
    return listing


def forget(hub_id: str, revision: str | None = None) -> None:
    """Let go of the commit that was fixed, so that the next `fetch` takes what is current."""
    pin(repo_folder(hub_id, revision), revision).unlink(missing_ok=True)


def _remembered(repo: Path, hub_id: str, commit: str) -> Listing | None:
    try:
        kept = json.loads((repo / "breakthroughs" / f"{commit}.json").read_text("utf-8"))
        return Listing(hub_id, commit, tuple(File(**file) for file in kept["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_space(repo: Path, hub_id: str, needed: int) -> None:
    free = free_bytes(repo)
    if needed + MARGIN > free and needed > 0:
        raise HubNoSpace(model=hub_id, needed=megabytes(needed), free=megabytes(free))
