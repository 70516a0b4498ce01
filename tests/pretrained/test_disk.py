"""How much a folder takes, counted while others write and remove in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pretrained import disk


def test_bytes_below_counts_files_and_no_links(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"123")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert disk.bytes_below(tmp_path) == 8
    assert disk.bytes_below(tmp_path / "none") == 0
    assert disk.bytes_below(tmp_path / "b") == 3


def test_a_folder_that_vanishes_while_it_is_counted_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installer removes what it has unpacked between our listing and our look into it."""
    (tmp_path / "kept").write_bytes(b"12345")
    gone = tmp_path / "pip-unpack"
    gone.mkdir()
    (gone / "part").write_bytes(b"123")
    scandir: Callable[[Any], Iterator[os.DirEntry[str]]] = os.scandir

    def vanishing(place: Any) -> Iterator[os.DirEntry[str]]:
        if Path(place) == gone:
            (gone / "part").unlink()
            gone.rmdir()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", vanishing)
    assert disk.bytes_below(tmp_path) == 5
    assert not gone.exists()


def test_a_file_that_vanishes_while_it_is_counted_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    gone = tmp_path / "gone"
    monkeypatch.setattr(disk, "files_below", lambda _: iter([gone, tmp_path / "kept"]))
    assert disk.bytes_below(tmp_path) == 5
