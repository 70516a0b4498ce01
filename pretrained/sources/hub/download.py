"""One file from the Hub: its bytes, the rest of them after a break, and the proof of its hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pretrained.errors import HubTruncated
from pretrained.sources.hub.cache import File, arrived, has_size
from pretrained.sources.hub.errors import endpoint, hub_errors

if TYPE_CHECKING:
    import httpx2

ATTEMPTS = 5  # connections for one file in one call, each of which must have brought some bytes


def bring(repo: Path, hub_id: str, commit: str, file: File, report: Callable[[int], None]) -> None:
    """Download one file, or the rest of it, into ``blobs``. One download at a time per file."""
    from filelock import FileLock

    blob = repo / "blobs" / file.hash
    part = blob.with_name(f"{file.hash}.part")
    locks = repo.parent / ".locks" / repo.name
    locks.mkdir(parents=True, exist_ok=True)
    blob.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{file.hash}.breakthroughs.lock"):
        report(arrived(repo, file))
        if has_size(blob, file.bytes):
            return
        if part.exists() and part.stat().st_size > file.bytes:
            part.unlink()
        with part.open("ab") as stream:
            _read(hub_id, commit, file, stream, report)
        if not has_size(part, file.bytes):
            raise HubTruncated(model=hub_id)
        if not _hash_is_right(part, file):
            part.unlink()  # nothing of it can be used again
            raise HubTruncated(model=hub_id)
        os.replace(part, blob)


def _read(
    hub_id: str, commit: str, file: File, stream: BinaryIO, report: Callable[[int], None]
) -> None:
    """Append what is missing to ``stream``; a broken connection is taken up again at once, as
    long as each one brought something."""
    import httpx2
    from huggingface_hub import constants, get_session, hf_hub_url, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    url = hf_hub_url(hub_id, file.path, revision=commit, endpoint=endpoint())
    for _ in range(ATTEMPTS):
        start = stream.tell()
        if start == file.bytes:
            return
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with hub_errors(hub_id, commit):
            try:
                with get_session().stream(
                    "GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
                ) as response:
                    hf_raise_for_status(response)
                    if response.status_code != 206 or not _starts_at(response, start):
                        stream.truncate(0)  # the server sends it from the beginning
                        stream.seek(0)
                    for chunk in response.iter_bytes():
                        stream.write(chunk)
                        report(stream.tell())
                        if stream.tell() > file.bytes:
                            raise HubTruncated(model=hub_id)
            except httpx2.TransportError as error:
                if stream.tell() <= start:
                    if start:
                        raise HubTruncated(model=hub_id) from error
                    raise  # nothing at all came: the Hub cannot be reached
            finally:
                stream.flush()


def _starts_at(response: httpx2.Response, start: int) -> bool:
    """Whether a partial answer is the part that was asked for."""
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {start}-")


def _hash_is_right(path: Path, file: File) -> bool:
    """SHA-256 of the content for large files; for small ones git's SHA-1 of header and content."""
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.bytes)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest() == file.hash
