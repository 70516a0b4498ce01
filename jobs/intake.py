"""What a visitor sends, put into a folder: files, folders and zips, within bounds.

Nothing is believed that an archive says of itself: bytes are counted as they come out. An archive
that was made to do harm is refused as a whole; what systems leave beside pictures is passed over,
as `pretrained.classification.folders` does, and counted with whatever else is left out.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from jobs.errors import (
    DataTooLarge,
    NoData,
    NoSpace,
    TooManyFiles,
    ZipBomb,
    ZipEncrypted,
    ZipUnreadable,
    ZipUnsafe,
)
from pretrained.classification.folders import passed_over

RATIO = 200  # bytes that one packed byte may become; text comes to about 10, deflate ends at 1,032
SMALL = 1_000_000  # bytes that no ratio is asked of
CHUNK = 2**20
KANA = re.compile("[\u3041-\u30fa]")
LONGEST = 120  # characters of one name, so that even a Chinese one fits into 255 bytes with a mark
FULL = (errno.ENOSPC, errno.EDQUOT)
#: Signs that mean something to a system, and their full-width twins, so that two names stay two.
TWINS = str.maketrans('/<>:"|?*\\', "／＜＞：＂｜？＊＼")
UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


@contextmanager
def disk_errors() -> Iterator[None]:
    """A full disk is said in words. Raises: NoSpace."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace from error
        raise


@dataclass(frozen=True)
class Received:
    """What came: number of files and bytes; how many links, and files of systems, were left out;
    the encoding that names were guessed to have, or none."""

    files: int = 0
    bytes: int = 0
    links: int = 0
    passed_over: int = 0
    guessed: str = ""


def sizes(folder: Path) -> Iterator[int]:
    """Bytes of each file below; what goes while this looks, as another thread writes, is none."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                told = os.lstat(os.path.join(place, name))
                if stat.S_ISREG(told.st_mode):
                    yield told.st_size


class Intake:
    """Puts what is sent into ``folder``, which may hold at most so much: count it all together."""

    def __init__(self, folder: Path, most_mb: int, most_files: int) -> None:
        self.folder, self.most_mb, self.most_files = folder, most_mb, most_files
        folder.mkdir(parents=True, exist_ok=True)
        there = list(sizes(folder))
        self.files, self.bytes = len(there), sum(there)
        self._links = self._passed = 0
        self._guessed = ""

    def receive(self, sources: Iterable[Path | tuple[Path, str]], under: str = "") -> Received:
        """Copy files and folders, and what is in zips.

        Args:
            sources: each a path, or a path and the name that it had at the visitor's. What is in a
                folder comes without its name, unless that is given.
            under: a sub-folder for all of them, such as the name of a class.

        Raises:
            JobRefusal: too much, nothing, or a zip that is not taken. Of that call then nothing
                has come in.
        """
        before = self.files, self.bytes
        self._links, self._passed, self._guessed = 0, 0, ""
        place = self.folder.parent / f".{self.folder.name}.{secrets.token_hex(8)}"
        top = place / clean(under) if under else place
        try:
            top.mkdir(parents=True)
            for source in sources:
                path, name = source if isinstance(source, tuple) else (source, source.name)
                if path.is_symlink():
                    self._links += 1
                elif path.is_dir():
                    named = isinstance(source, tuple)
                    self._folder(path, top / clean(name) if named else top)
                elif zipfile.is_zipfile(path) and name.lower().endswith(".zip"):
                    self._zip(path, name, top)
                elif name.lower().endswith(".zip"):
                    raise ZipUnreadable(name=name)
                elif path.is_file():
                    with path.open("rb") as opened:
                        self._file(opened, top / clean(name))
            if self.files == before[0]:
                raise NoData
            merge(place, self.folder)
        except BaseException as error:
            self.files, self.bytes = before
            if isinstance(error, OSError) and error.errno in FULL:
                raise NoSpace from error
            raise
        finally:
            shutil.rmtree(place, ignore_errors=True)
        files, size = self.files - before[0], self.bytes - before[1]
        return Received(files, size, self._links, self._passed, self._guessed)

    def _folder(self, source: Path, into: Path) -> None:
        for path in sorted(source.iterdir()):
            if path.is_symlink():
                self._links += 1
            elif passed_over(path):
                self._passed += 1
            elif path.is_dir():
                self._folder(path, into / clean(path.name))
            elif path.is_file():
                with path.open("rb") as opened:
                    self._file(opened, into / clean(path.name))

    def _zip(self, source: Path, name: str, into: Path) -> None:
        try:
            with zipfile.ZipFile(source) as archive:
                entries = archive.infolist()
                if len(entries) > self.most_files:
                    raise TooManyFiles(limit=self.most_files)
                names = _parted(self._decoded(entries))
                for entry, inside in zip(entries, names, strict=True):
                    _check(entry, inside, name)
                if self.bytes + sum(entry.file_size for entry in entries) > self.most_mb * CHUNK:
                    raise DataTooLarge(limit=self.most_mb)
                for entry, inside in zip(entries, names, strict=True):
                    parts = PurePosixPath(inside).parts
                    if inside.endswith("/"):
                        continue
                    if any(passed_over(Path(part)) for part in parts):
                        self._passed += 1
                        continue
                    with archive.open(entry) as opened:
                        packed = max(entry.compress_size, SMALL // RATIO)
                        target = into.joinpath(*map(clean, parts))
                        self._file(opened, target, packed * RATIO, name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise ZipUnreadable(name=name) from error
        except RuntimeError as error:  # a password is asked for
            raise ZipEncrypted(name=name) from error

    def _file(
        self, opened: IO[bytes], target: Path, most: int | None = None, zip: str = ""
    ) -> None:
        """Copy one file, counting; a second one of a name gets a number."""
        self.files += 1
        if self.files > self.most_files:
            raise TooManyFiles(limit=self.most_files)
        target.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with free(target).open("xb") as file:
            while chunk := opened.read(CHUNK):
                written += len(chunk)
                self.bytes += len(chunk)
                if most is not None and written > most:
                    raise ZipBomb(name=zip)
                if self.bytes > self.most_mb * CHUNK:
                    raise DataTooLarge(limit=self.most_mb)
                file.write(chunk)

    def _decoded(self, entries: list[zipfile.ZipInfo]) -> list[str]:
        """Names of entries. Without the mark for UTF-8 they are in whatever the packer's machine
        used: UTF-8, Japanese Windows where there is kana in them, or Chinese Windows, the first
        by which all of them can be read."""
        raw = [
            None if entry.flag_bits & 0x800 else entry.orig_filename.encode("cp437", "replace")
            for entry in entries
        ]
        if all(name is None or name.isascii() for name in raw):
            return [entry.filename for entry in entries]
        for encoding in ("utf-8", "gb2312", "cp932", "gb18030"):
            try:
                names = [
                    entry.filename if name is None else name.decode(encoding)
                    for entry, name in zip(entries, raw, strict=True)
                ]
            except UnicodeDecodeError:
                continue
            if encoding == "cp932" and not KANA.search("".join(names)):
                continue  # the rarer Chinese characters can be read as Japanese, too
            self._guessed = "gb18030" if encoding == "gb2312" else encoding  # a part of it
            return names
        self._guessed = "cp437"
        return [entry.filename for entry in entries]


def _parted(names: list[str]) -> list[str]:
    """Names with folders parted by "/": old PowerShell and .NET part them by "\\"."""
    if any("/" in name for name in names):
        return names
    return [name.replace("\\", "/") for name in names]


def _check(entry: zipfile.ZipInfo, inside: str, name: str) -> None:
    """Refuse an archive for an entry that no honest one has."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    parts = inside.replace("\\", "/").split("/")
    outside = inside.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", inside) or ".." in parts
    if outside or "\0" in entry.orig_filename or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ZipUnsafe(name=name, inside=clean(inside[-LONGEST:]))
    if entry.flag_bits & 1:
        raise ZipEncrypted(name=name)
    if entry.file_size > SMALL and entry.file_size > RATIO * max(1, entry.compress_size):
        raise ZipBomb(name=name)


def clean(name: str) -> str:
    """A name that is one name on every system: composed (NFC), short, what has a meaning to any of
    them in full width ("v1." is "v1．")."""
    name = UNSEEN.sub("_", unicodedata.normalize("NFC", name)).translate(TWINS).strip()
    stem = name.rstrip(".")
    name = stem + "．" * (len(name) - len(stem)) if stem else "_"
    if len(name) > LONGEST or len(name.encode("utf-8", "replace")) > 2 * LONGEST:
        stem, dot, suffix = name.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) < 10 else ""
        stem = name.removesuffix(suffix)[: LONGEST - len(suffix)]
        while len((stem + suffix).encode("utf-8", "replace")) > 2 * LONGEST:
            stem = stem[:-1]
        name = stem + suffix
    return name.encode("utf-8", "replace").decode()


def free(target: Path) -> Path:
    """That name, or one like it that is not taken."""
    free, number = target, 1
    while os.path.lexists(free):
        number += 1
        free = target.with_stem(f"{target.stem} ({number})")
    return free


def merge(source: Path, into: Path) -> None:
    """Move every file of one folder into another, keeping what is there."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            target = into / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(path, free(target))
