"""A model goes to the Hub under its owner's token, and comes back from there."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pytest
from home_bench import classified, content
from hub_standin import READER, WRITER, HubStandIn

from jobs import errors
from jobs.take_home import push, pushed, unpacked
from pretrained import catalog
from pretrained import errors as hub_errors
from pretrained.sources.hub import fetch, upload

NAME = "me/my-flowers"


def test_what_was_sent_is_the_zip_and_loads_again(
    plain: Path, hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pushed(plain, NAME, WRITER) == f"{hub.url}/{NAME}"
    repo = hub.repos[NAME]
    files = dict(repo.commits[repo.branches["main"]])
    del files[".gitattributes"]
    assert files == content(plain) and repo.private

    monkeypatch.setenv("HF_TOKEN", WRITER)
    folder = fetch(NAME, files=("config.json", "model.safetensors"))
    there = catalog.from_folder(unpacked(plain, tmp_path / "there")).load("cpu")
    here = catalog.from_folder(folder).load("cpu")
    assert classified(here) == classified(there)


@pytest.mark.parametrize(
    ("name", "token", "refusal"),
    [
        (NAME, "hf_nobodyHasThisToken", hub_errors.HubToken),
        (NAME, "two words", hub_errors.HubToken),
        (NAME, "", hub_errors.HubToken),
        (NAME, READER, hub_errors.HubForbidden),
        ("somebody/else", WRITER, hub_errors.HubForbidden),
        ("me/taken", WRITER, hub_errors.HubTaken),
        ("me/public", WRITER, hub_errors.HubTaken),
        ("me", WRITER, hub_errors.HubName),
        ("me/../you", WRITER, hub_errors.HubName),
        ("me/a b", WRITER, hub_errors.HubName),
    ],
)
def test_each_failure_has_its_refusal(
    name: str, token: str, refusal: type[Exception], plain: Path, hub: HubStandIn
) -> None:
    hub.add("me/taken", {"README.md": b"another model"}, private=True)
    hub.add("me/public", {".gitattributes": b""})  # empty, but everybody would see it
    before = {name: dict(repo.branches) for name, repo in hub.repos.items()}
    with pytest.raises(refusal) as refused:
        pushed(plain, name, token)
    assert not token or token not in str(refused.value)
    assert {name: dict(repo.branches) for name, repo in hub.repos.items()} == before


def test_a_second_attempt_fills_what_the_first_left_empty(plain: Path, hub: HubStandIn) -> None:
    hub.add(NAME, {".gitattributes": b""}, private=True)
    assert pushed(plain, NAME, WRITER).endswith(NAME)


def test_no_network_and_a_portal_are_said(plain: Path, hub: HubStandIn) -> None:
    hub.answers = (200, b"<html>Please log in</html>")
    with pytest.raises(hub_errors.HubUnreachable):
        pushed(plain, NAME, WRITER)
    hub.stop()
    with pytest.raises(hub_errors.HubUnreachable):
        pushed(plain, NAME, WRITER)


def test_an_upload_that_takes_too_long_is_ended(
    plain: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SECONDS", 0.01)
    with pytest.raises(hub_errors.HubSlow):
        pushed(plain, NAME, WRITER)
    assert not list(plain.parent.glob(".push.*"))


def test_a_server_without_network_sends_nothing(
    plain: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    with pytest.raises(errors.PushOff):
        pushed(plain, NAME, WRITER)
    assert not hub.requests


def test_few_are_sent_at_once(plain: Path, hub: HubStandIn) -> None:
    for _ in range(push.AT_ONCE):
        push._few.acquire()
    try:
        with pytest.raises(errors.PushBusy):
            pushed(plain, NAME, WRITER)
    finally:
        for _ in range(push.AT_ONCE):
            push._few.release()
    assert pushed(plain, NAME, WRITER), "and the places are given back"


def test_a_full_disk_is_said(plain: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(push.zipfile.ZipFile, "extractall", full)
    with pytest.raises(errors.NoSpace):
        pushed(plain, NAME, WRITER)


def test_the_token_is_in_no_command_variable_log_or_file(
    plain: Path,
    hub: HubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    started = []
    real = subprocess.Popen

    def watched(command: list[str], **options: object) -> object:
        started.append((command, options["env"]))
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("HF_TOKEN", "hf_theHostsOwnToken")
    monkeypatch.setattr(push.subprocess, "Popen", watched)
    caplog.set_level(logging.DEBUG)
    pushed(plain, NAME, WRITER)
    [(command, environment)] = started
    for told in (str(command), str(environment), caplog.text):
        assert WRITER not in told
    assert "hf_theHostsOwnToken" not in str(environment)
    assert {r.authorization for r in hub.requests} <= {None, f"Bearer {WRITER}"}
    assert WRITER.encode() not in b"".join(content(plain).values())
    for file in plain.parent.rglob("*"):
        assert not file.is_file() or WRITER.encode() not in file.read_bytes()


def test_what_nobody_expected_is_no_traceback_with_the_token(
    plain: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upload, "__name__", "no.such.module")
    with pytest.raises(hub_errors.HubUnreachable):
        pushed(plain, NAME, WRITER)
    assert "ended with status 1" in caplog.text and WRITER not in caplog.text
