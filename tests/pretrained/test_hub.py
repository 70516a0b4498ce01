"""Downloads from the Hub, against a small local one: nothing is faked but the Hub itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub_standin import HubStandIn

from pretrained.errors import (
    HubGated,
    HubNoSpace,
    HubNotFound,
    HubOffline,
    HubTruncated,
    HubUnsafe,
    Refusal,
)
from pretrained.sources import hub as downloads
from pretrained.sources.hub.conversion import BOT, TITLE
from pretrained.sources.hub.download import ATTEMPTS

MODEL = "museum/tiny"
CONFIG = b'{"architecture": "tiny"}'
WEIGHTS = bytes(range(256)) * 1500  # 384,000 bytes
FILES = {"config.json": CONFIG, "model.safetensors": WEIGHTS, "README.md": b"# Tiny\n"}
BOTH = len(CONFIG) + len(WEIGHTS)


@dataclass(frozen=True)
class Entry:
    hub_id: str | None = MODEL
    revision: str | None = None
    folder: str | None = None
    bytes: int = BOTH
    files: tuple[str, ...] = downloads.ONE_MODEL


def test_brings_the_files_of_one_commit_and_nothing_else(hub: HubStandIn) -> None:
    commit = hub.add(MODEL, FILES)
    folder = downloads.fetch(MODEL)
    assert folder.name == commit
    assert (folder / "config.json").read_bytes() == CONFIG
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_size_is_known_before_any_content_is_asked_for(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    chosen = downloads.describe(MODEL).choose(downloads.ONE_MODEL)
    assert sum(file.bytes for file in chosen) == BOTH
    assert hub.bodies() == []


def test_progress_starts_at_nothing_ends_at_everything_and_never_falls(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    seen: list[tuple[int, int]] = []
    downloads.fetch(MODEL, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, BOTH) and seen[-1] == (BOTH, BOTH)
    assert {total for _, total in seen} == {BOTH}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 4


def test_progress_comes_while_the_body_is_still_on_its_way(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    go_on, halfway = threading.Event(), threading.Event()
    hub.hold = (100_000, go_on)

    def progress(done: int, total: int) -> None:
        if done >= 100_000 and not go_on.is_set():
            halfway.set()
            go_on.set()

    downloads.fetch(MODEL, progress=progress)
    assert halfway.is_set()


def test_what_is_here_needs_no_network(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    folder = downloads.fetch(MODEL)
    hub.stop()
    seen: list[tuple[int, int]] = []
    assert downloads.fetch(MODEL, progress=lambda *p: seen.append(p)) == folder
    assert downloads.local(MODEL) == folder
    assert seen == [(BOTH, BOTH)]


def test_a_broken_connection_is_taken_up_where_it_broke(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    hub.breaks = [150_000]
    folder = downloads.fetch(MODEL)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert [r.range for r in hub.bodies() if r.path.startswith("/cdn/")] == [None, "bytes=150000-"]


def test_a_second_attempt_goes_on_with_what_the_first_left(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    hub.breaks = [100_000, 0]
    with pytest.raises(HubTruncated):
        downloads.fetch(MODEL)
    assert downloads.local(MODEL) is None
    left = downloads.state(Entry())
    assert not left.here and left.done == len(CONFIG) + 100_000

    hub.requests.clear()
    seen: list[int] = []
    folder = downloads.fetch(MODEL, progress=lambda done, total: seen.append(done))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert {r.range for r in hub.bodies()} == {"bytes=100000-"}  # and config.json not again
    assert len(CONFIG) + 100_000 in seen and 50_000 not in seen


def test_a_stopped_download_keeps_what_came_and_tells_why(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)

    class Stop(ValueError):
        pass

    def progress(done: int, total: int) -> None:
        if done > 50_000:
            raise Stop

    with pytest.raises(Stop):
        downloads.fetch(MODEL, progress=progress)
    assert downloads.state(Entry()).done > 50_000
    hub.requests.clear()
    downloads.fetch(MODEL)
    assert all(r.range for r in hub.bodies())


def test_a_server_without_ranges_sends_it_all_again(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    hub.breaks, hub.ignores_ranges = [100_000], True
    folder = downloads.fetch(MODEL)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_ends_when_it_never_gets_further(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    hub.breaks = [10] * 50
    with pytest.raises(HubTruncated, match="try again"):
        downloads.fetch(MODEL)
    assert len([r for r in hub.bodies() if r.path.startswith("/cdn/")]) == ATTEMPTS


@pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
def test_other_bytes_than_promised_are_refused(hub: HubStandIn, path: str) -> None:
    hub.add(MODEL, FILES)
    hub.tampered[path] = b"x" * len(FILES[path])
    with pytest.raises(HubTruncated):
        downloads.fetch(MODEL)
    assert downloads.local(MODEL) is None
    hub.tampered.clear()  # and nothing of the damage stays behind
    folder = downloads.fetch(MODEL)
    assert (folder / path).read_bytes() == FILES[path]


@pytest.mark.parametrize("size", [len(WEIGHTS) - 1000, len(WEIGHTS) + 1000])
def test_another_size_than_promised_is_refused(hub: HubStandIn, size: int) -> None:
    hub.add(MODEL, FILES)
    hub.tampered["model.safetensors"] = (WEIGHTS * 2)[:size]
    with pytest.raises(HubTruncated):
        downloads.fetch(MODEL)
    assert downloads.local(MODEL) is None


def test_main_is_resolved_once_and_the_commit_kept(hub: HubStandIn) -> None:
    first = hub.add(MODEL, FILES)
    downloads.fetch(MODEL)
    second = hub.add(MODEL, {**FILES, "model.safetensors": WEIGHTS[::-1]})
    assert downloads.fetch(MODEL).name == first
    # Another file of the same model comes from the same commit.
    assert downloads.fetch(MODEL, files=["README.md"]).name == first
    downloads.forget(MODEL)
    assert downloads.fetch(MODEL).name == second


def test_an_entry_may_name_the_commit(hub: HubStandIn) -> None:
    first = hub.add(MODEL, FILES)
    hub.add(MODEL, {**FILES, "model.safetensors": WEIGHTS[::-1]})
    folder = downloads.fetch(MODEL, first)
    assert folder.name == first
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert downloads.local(MODEL) is None  # main was not asked for


def test_a_lost_blob_is_noticed_and_brought_again(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    folder = downloads.fetch(MODEL)
    (folder / "model.safetensors").resolve().write_bytes(b"cut")
    assert downloads.local(MODEL) is None
    assert (downloads.fetch(MODEL) / "model.safetensors").read_bytes() == WEIGHTS


def test_not_found(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    for hub_id, revision, files in [
        ("museum/nothing", None, downloads.ONE_MODEL),
        (MODEL, "no-such-branch", downloads.ONE_MODEL),
        (MODEL, "0" * 40, downloads.ONE_MODEL),
        (MODEL, None, ["tokenizer.json"]),
        ("../../etc", None, downloads.ONE_MODEL),
        (MODEL, "../../../escape", downloads.ONE_MODEL),
    ]:
        with pytest.raises(HubNotFound):
            downloads.fetch(hub_id, revision, files)


def test_a_private_model_looks_like_none(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES, private=True)
    with pytest.raises(HubNotFound):
        downloads.fetch(MODEL)


def test_gated_until_there_is_a_token(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(MODEL, FILES, gated=True)
    with pytest.raises(HubGated, match="HF_TOKEN"):
        downloads.fetch(MODEL)
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_test")
    assert (downloads.fetch(MODEL) / "config.json").read_bytes() == CONFIG
    config, resolve, cdn = hub.bodies()[-3:]
    assert config.authorization == resolve.authorization == "Bearer hf_of_this_test"
    assert cdn.path.startswith("/cdn/") and cdn.authorization is None  # it stays with the Hub


def test_offline(hub: HubStandIn) -> None:
    hub.stop()
    with pytest.raises(HubOffline, match="connect"):
        downloads.fetch(MODEL)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "BREAKTHROUGHS_OFFLINE"])
def test_told_to_stay_offline_it_sends_nothing(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    hub.add(MODEL, FILES)
    monkeypatch.setenv(variable, "1")
    with pytest.raises(HubOffline):
        downloads.fetch(MODEL)
    assert hub.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>Log in to the hotel's network</html>"),
        (200, b"[]"),
        (200, b'{"id": "a", "sha": "../.."}'),
        (500, b"oops"),
        (429, b"slow down"),
        (503, b""),
    ],
)
def test_whoever_answers_instead_of_the_hub_is_no_hub(
    hub: HubStandIn, answer: tuple[int, bytes]
) -> None:
    hub.answers = answer
    with pytest.raises(HubOffline):
        downloads.fetch(MODEL)


def test_weights_that_the_hubs_converter_offers_stand_in_for_pickles(hub: HubStandIn) -> None:
    hub.add(MODEL, {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    safe = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"pickle"}
    evil = hub.add(MODEL, {**safe, "model.safetensors": b"evil"}, branch="refs/pr/9")
    offered = hub.add(MODEL, safe, branch="refs/pr/7")
    hub.repos[MODEL].pulls = [
        (9, TITLE, "somebody"),
        (8, "Update README.md", BOT),
        (7, TITLE, BOT),
    ]
    assert downloads.fetch(MODEL).name == offered != evil
    assert not any(request.path.endswith(".bin") for request in hub.requests)
    hub.stop()
    folder = downloads.fetch(MODEL)  # it is the one that is kept
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_a_hub_that_is_silent_about_pull_requests_holds_nobody(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 1)
    hub.add(MODEL, {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    hub.add(MODEL, {"config.json": b"{}", "model.safetensors": b"w"}, branch="refs/pr/7")
    hub.repos[MODEL].pulls = [(7, TITLE, BOT)]
    hub.silence = threading.Event()
    with pytest.raises(HubOffline):
        downloads.fetch(MODEL)
    assert hub.requests[-1].path.endswith("/discussions")
    hub.silence.set()
    assert (downloads.fetch(MODEL) / "model.safetensors").read_bytes() == b"w"


def test_a_named_revision_is_not_exchanged(hub: HubStandIn) -> None:
    commit = hub.add(MODEL, {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    hub.add(MODEL, {"config.json": b"{}", "model.safetensors": b"w"}, branch="refs/pr/7")
    hub.repos[MODEL].pulls = [(7, TITLE, BOT)]
    for revision in (commit, "main"):
        with pytest.raises(HubUnsafe):
            downloads.fetch(MODEL, revision)


def test_pickles_are_refused(hub: HubStandIn) -> None:
    hub.add(MODEL, {"config.json": CONFIG, "pytorch_model.bin": WEIGHTS})
    for files in (downloads.ONE_MODEL, ["config.json", "pytorch_model.bin"], ["*.safetensors"]):
        with pytest.raises(HubUnsafe, match="safetensors"):
            downloads.fetch(MODEL, files=files)
    assert hub.bodies() == []


def test_a_pattern_brings_what_matches_and_is_safe(hub: HubStandIn) -> None:
    hub.add(
        MODEL,
        {
            "unet/model.safetensors": WEIGHTS,
            "unet/config.json": CONFIG,
            "unet/model.bin": WEIGHTS,
            "unet/modeling.py": b"import os",
        },
    )
    folder = downloads.fetch(MODEL, files=["unet/*"])
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert names == ["unet/config.json", "unet/model.safetensors"]
    assert downloads.local(MODEL, files=["unet/*"]) == folder


def test_a_path_out_of_the_folder_is_never_written(hub: HubStandIn, tmp_path: Path) -> None:
    hub.add(MODEL, {**FILES, "../../../../escaped.json": b"{}", "/tmp/escaped.json": b"{}"})
    downloads.fetch(MODEL, files=["*.json", "model.safetensors"])
    assert not list(tmp_path.rglob("escaped.json"))


def test_no_space_is_found_out_before_the_download(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MODEL, FILES)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(HubNoSpace, match="free"):
        downloads.fetch(MODEL)
    assert hub.bodies() == []


def test_a_disk_that_fills_up_on_the_way(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(MODEL, FILES)

    def progress(done: int, total: int) -> None:
        if done > 100_000:
            raise OSError(28, "No space left on device")

    with pytest.raises(HubNoSpace):
        downloads.fetch(MODEL, progress=progress)


def test_two_at_once_bring_it_once(hub: HubStandIn) -> None:
    hub.add(MODEL, FILES)
    folders: list[Path] = []
    threads = [
        threading.Thread(target=lambda: folders.append(downloads.fetch(MODEL))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(folders) == 4 and len(set(folders)) == 1
    assert len([r for r in hub.bodies() if r.path.startswith("/cdn/")]) == 1


def test_state_of_an_entry(hub: HubStandIn) -> None:
    commit = hub.add(MODEL, FILES)
    assert downloads.state(Entry()) == downloads.State(False, 0, BOTH, None)
    downloads.fetch(MODEL)
    hub.stop()
    assert downloads.state(Entry()) == downloads.State(True, BOTH, BOTH, commit)
    assert str(downloads.State(True, 9, 9, commit)) == "yes"
    assert str(downloads.State(False, 0, 9, None)) == "no"
    assert str(downloads.State(False, 3_000_000, 9_000_000, None)) == "3 MB of 9 MB"
    assert downloads.state(Entry(hub_id=None, folder="/here", bytes=7)).here


def test_speaks_with_the_hubs_own_client(hub: HubStandIn, tmp_path: Path) -> None:
    """The stand-in is good enough for huggingface_hub, and both share one cache."""
    from huggingface_hub import snapshot_download

    commit = hub.add(MODEL, FILES)
    theirs = Path(snapshot_download(MODEL, endpoint=hub.url, cache_dir=tmp_path / "hub"))
    assert theirs.name == commit and (theirs / "model.safetensors").read_bytes() == WEIGHTS
    hub.stop()
    assert downloads.fetch(MODEL) == theirs  # brought by them, used by us, no network


def test_what_we_bring_the_hubs_own_client_finds(hub: HubStandIn, tmp_path: Path) -> None:
    from huggingface_hub import hf_hub_download, scan_cache_dir

    commit = hub.add(MODEL, FILES)
    folder = downloads.fetch(MODEL)
    hub.requests.clear()
    found = hf_hub_download(
        MODEL, "model.safetensors", revision=commit, cache_dir=tmp_path / "hub", endpoint=hub.url
    )
    assert Path(found) == folder / "model.safetensors" and hub.requests == []
    report = scan_cache_dir(tmp_path / "hub")
    assert [repo.repo_id for repo in report.repos] == [MODEL] and not report.warnings


def test_every_refusal_says_what_to_do() -> None:
    fields = {"model": MODEL, "revision": "main", "needed": "3 MB", "free": "1 MB"}
    for kind in (HubOffline, HubNotFound, HubGated, HubTruncated, HubNoSpace, HubUnsafe):
        sentence = str(kind(**fields))
        assert issubclass(kind, Refusal) and MODEL in sentence and ":" in sentence


def test_imports_no_torch() -> None:
    heavy = "{'torch', 'timm', 'huggingface_hub'}"
    code = f"import sys, pretrained.sources.hub; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
