"""Visitors' files are gone an hour after they came."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from demos import sweeping


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Lets so many seconds pass."""
    real = sweeping.time.time

    def pass_(seconds: float) -> None:
        monkeypatch.setattr(sweeping.time, "time", lambda: real() + seconds)

    return pass_


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_uploads_and_former_runs_left_goes_by_age(tmp_path: Path, later) -> None:
    for name in ("tmpx3f", "abc/picture.png", "deep_links/x/state.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    before = left(tmp_path)
    assert sweeping.sweep(tmp_path) == 0 and left(tmp_path) == before
    later(sweeping.AGE + 5)
    assert sweeping.sweep(tmp_path) > 3
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
    later(2 * sweeping.AGE + 10)  # a folder's hour begins with what was taken out of it
    sweeping.sweep(tmp_path)
    assert left(tmp_path) == set() and tmp_path.is_dir()


def test_what_the_page_is_made_of_stays(tmp_path: Path, later) -> None:
    (tmp_path / "part").mkdir()
    kept = tmp_path / "part" / "example.png"
    kept.write_text("x")
    later(sweeping.AGE + 5)
    sweeping.sweep(tmp_path, keep={str(kept)})
    assert kept.exists()


def test_a_link_is_removed_and_not_what_it_points_at(tmp_path: Path, later) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("x")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "link").symlink_to(tmp_path / "outside" / "file")
    (tmp_path / "ours" / "folder").symlink_to(tmp_path / "outside")
    later(sweeping.AGE + 5)
    sweeping.sweep(tmp_path / "ours")
    assert (tmp_path / "outside" / "file").exists()
    assert not (tmp_path / "ours" / "link").is_symlink()


def test_visitors_files_lie_where_no_other_program_s_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setattr(sweeping.tempfile, "tempdir", str(tmp_path))
    folder = sweeping.own_folder()
    assert folder.parent == tmp_path.resolve() and folder.name.startswith("breakthroughs-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
    folder.chmod(0o777)  # as somebody else might have laid it there
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    assert sweeping.own_folder() != folder
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "named"))
    assert sweeping.own_folder() == (tmp_path / "named").resolve()
