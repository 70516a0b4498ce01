"""What visitors send: within bounds, inside its folder, under names that every system has."""

from __future__ import annotations

import io
import os
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest

from jobs import Intake, errors


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path / "upload", most_mb=3, most_files=10)


def packed(path: Path, entries: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = attributes.get("mode", stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return path


def there(intake: Intake) -> list[str]:
    return sorted(
        p.relative_to(intake.folder).as_posix() for p in intake.folder.rglob("*") if p.is_file()
    )


def test_files_folders_and_zips_come_in_beside_each_other(intake, tmp_path):
    (tmp_path / "one.jpg").write_bytes(b"1")
    folder = tmp_path / "dogs"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "two.jpg").write_bytes(b"22")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "one.jpg")
    archive = packed(
        tmp_path / "z", {"cats/a.jpg": b"a", "__MACOSX/cats/._a.jpg": b"m", "cats/Thumbs.db": b"t"}
    )
    got = intake.receive([tmp_path / "one.jpg", folder, (archive, "cats.zip")])
    assert there(intake) == ["cats/a.jpg", "deep/two.jpg", "one.jpg"]
    assert (got.files, got.bytes, got.links, got.passed_over) == (3, 4, 1, 3)
    more = intake.receive([(tmp_path / "one.jpg", "one.jpg")], under="dogs/..")
    assert more.files == 1 and "dogs／．．/one.jpg" in there(intake)
    intake.receive([tmp_path / "one.jpg"])
    assert "one (2).jpg" in there(intake)


def test_classes_that_differ_by_their_signs_stay_apart(intake, tmp_path):
    (tmp_path / "one.jpg").write_bytes(b"1")
    names = ["<5", ">5", "car: red", "car? red", "v1", "v1."]
    for name in names:
        intake.receive([tmp_path / "one.jpg"], under=name)
    places = {place.partition("/")[0] for place in there(intake)}
    assert places == {"＜5", "＞5", "car： red", "car？ red", "v1", "v1．"}


def test_the_folders_of_a_zip_of_old_powershell_are_folders(intake, tmp_path):
    archive = packed(tmp_path / "z.zip", {"cats\\": b"", "cats\\a.jpg": b"a", "dogs\\b.jpg": b"b"})
    assert intake.receive([archive]).files == 2
    assert there(intake) == ["cats/a.jpg", "dogs/b.jpg"]


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "/etc/out.txt", "a/../../out.txt", "C:\\out.txt", "..\\out.txt", "C:/out.txt"],
)
def test_what_would_land_outside_is_refused_as_a_whole(intake, tmp_path, name):
    archive = packed(tmp_path / "z.zip", {"good.txt": b"good", name: b"bad"})
    with pytest.raises(errors.ZipUnsafe):
        intake.receive([archive])
    assert there(intake) == [] and (intake.files, intake.bytes) == (0, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["upload", "z.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_refused(intake, tmp_path, kind):
    archive = packed(tmp_path / "z.zip", {"passwd": b"/etc/passwd"}, mode=kind | 0o777)
    with pytest.raises(errors.ZipUnsafe):
        intake.receive([archive])


def test_a_bomb_is_refused_by_what_it_says_and_by_what_comes_out(intake, tmp_path):
    archive = packed(tmp_path / "z.zip", {"zeros": bytes(2 * 10**6)})
    with pytest.raises(errors.ZipBomb):
        intake.receive([archive])
    lying = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = lying.index(mark) + place
        lying[at : at + 4] = struct.pack("<I", 10)  # "ten bytes"
    archive.write_bytes(lying)
    with pytest.raises((errors.ZipBomb, errors.ZipUnreadable)):
        intake.receive([archive])
    assert there(intake) == []


def test_too_much_too_many_and_nothing(intake, tmp_path):
    noise = packed(tmp_path / "z.zip", {"noise": os.urandom(4 * 2**20)})
    with pytest.raises(errors.DataTooLarge, match="3 MB"):
        intake.receive([noise])
    many = packed(tmp_path / "m.zip", {str(n): b"x" for n in range(11)})
    with pytest.raises(errors.TooManyFiles, match="10 files"):
        intake.receive([many])
    with pytest.raises(errors.NoData):
        intake.receive([packed(tmp_path / "e.zip", {})])
    (tmp_path / "no.zip").write_bytes(b"PK no zip at all")
    with pytest.raises(errors.ZipUnreadable):
        intake.receive([tmp_path / "no.zip"])
    for _ in range(2):  # counted over all calls
        intake.receive([packed(tmp_path / "f.zip", {str(n): b"x" for n in range(5)})])
    with pytest.raises(errors.TooManyFiles):
        intake.receive([packed(tmp_path / "f.zip", {"one": b"x"})])


def test_a_locked_zip_is_refused(intake, tmp_path):
    archive = packed(tmp_path / "z.zip", {"a": b"secret"})
    locked = bytearray(archive.read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    locked[6] |= 1
    archive.write_bytes(locked)
    with pytest.raises(errors.ZipEncrypted):
        intake.receive([archive])


def test_names_are_composed(intake, tmp_path):
    apart = unicodedata.normalize("NFD", "café.txt")
    intake.receive([packed(tmp_path / "n.zip", {apart: b"x"})])
    assert there(intake) == ["café.txt"]


@pytest.mark.parametrize(
    ("name", "encoding", "guessed"),
    [
        ("猫/照片.txt", "gbk", "gb18030"),
        ("猫/雪镕.txt", "gbk", "gb18030"),
        ("ネコ/しゃしん.txt", "cp932", "cp932"),
        ("猫/写真のねこ.txt", "cp932", "cp932"),
        ("é/猫.txt", "utf-8", "utf-8"),
    ],
)
def test_names_of_other_windows_are_read(intake, tmp_path, name, encoding, guessed):
    stand = "X" * len(name.encode(encoding))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(stand, b"x")
    raw = content.getvalue().replace(stand.encode(), name.encode(encoding))
    (tmp_path / "g.zip").write_bytes(raw)
    assert intake.receive([tmp_path / "g.zip"]).guessed == guessed
    assert there(intake) == [name]


def test_a_full_disk_leaves_nothing_behind(intake, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Intake, "_file", full)
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(errors.NoSpace):
        intake.receive([tmp_path / "a"])
    assert there(intake) == [] and [p.name for p in tmp_path.iterdir() if p.name[0] == "."] == []


def test_a_file_that_goes_while_they_are_counted_is_not_counted(tmp_path, monkeypatch):
    (tmp_path / "stays").write_bytes(b"12345")
    (tmp_path / "going").write_bytes(b"67")
    (tmp_path / "link").symlink_to(tmp_path / "stays")
    look = os.lstat

    def late(path, **more):
        if Path(path).name == "going":
            Path(path).unlink()
        return look(path, **more)

    monkeypatch.setattr(os, "lstat", late)
    intake = Intake(tmp_path, 1, 10)
    assert (intake.files, intake.bytes) == (1, 5)
