"""Flags and variables, and what is said when they cannot be."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from inference import Settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BREAKTHROUGHS_"):
            monkeypatch.delenv(name)


def test_every_setting_has_a_default_a_flag_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exit:
        Settings.from_command_line(["--help"])
    said = capsys.readouterr().out
    assert exit.value.code == 0
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')} " in said
        assert field.description and not field.is_required()


def test_a_flag_wins_over_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_PORT", "8001")
    assert Settings().port == 8001
    assert Settings.from_command_line([]).port == 8001
    assert Settings.from_command_line(["--port", "8002"]).port == 8002


def test_switches_turn_on_and_off() -> None:
    settings = Settings.from_command_line(["--no-warm", "--offline"])
    assert not settings.warm and settings.offline


def test_models_without_a_filter_are_off_unless_the_host_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not Settings().allow_unfiltered
    assert Settings.from_command_line(["--allow-unfiltered"]).allow_unfiltered
    monkeypatch.setenv("BREAKTHROUGHS_ALLOW_UNFILTERED", "1")
    assert Settings().allow_unfiltered
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--help"])
    assert "--allow-unfiltered" in capsys.readouterr().out


def test_model_folders_may_be_repeated_or_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [Path("/one"), Path("/two")]
    assert Settings.from_command_line(["--model", "/one", "--model", "/two"]).model == expected
    monkeypatch.setenv("BREAKTHROUGHS_MODEL", "/one, /two")
    assert Settings().model == expected


@pytest.mark.parametrize("given", ["demo", "/demo", "/demo/", " /demo "])
def test_a_prefix_is_one_however_it_is_written(given: str) -> None:
    assert Settings(root_path=given).root_path == "/demo"
    assert Settings(root_path="/").root_path == ""
    assert Settings(root_path="https://a.org/demo/").root_path == "https://a.org/demo"


def test_sites_that_may_frame_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_FRAMED_BY", "https://a.org/, http://*.b.org:8080")
    assert Settings().framed_by == ["https://a.org", "http://*.b.org:8080"]
    for wrong in ("a.org", "https://a.org; script-src *", "https://a.org/path", "*"):
        with pytest.raises(SystemExit):
            Settings.from_command_line(["--framed-by", wrong])
        assert "--framed-by" in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--port", "70000"], ["--device", "tpu"], ["--nonsense", "1"]])
def test_what_cannot_be_is_said_in_a_line(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        Settings.from_command_line(given)
    said = capsys.readouterr().err
    assert exit.value.code == 2
    assert given[0] in said and "Traceback" not in said


def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BREAKTHROUGHS_QUEUE_LIMIT", "0")
    with pytest.raises(SystemExit):
        Settings.from_command_line([])
    assert "BREAKTHROUGHS_QUEUE_LIMIT" in capsys.readouterr().err


def test_proxies_are_named_by_address_and_nobody_is_believed_for_everybody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--trusted-proxies", "10.0.0.0/8", "--trusted-proxies", "::1"]
    assert Settings.from_command_line(given).trusted_proxies == ["10.0.0.0/8", "::1"]
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--trusted-proxies", "*"])
    assert "10.0.0.0/8" in capsys.readouterr().err


def test_a_zero_gpu_space_is_known_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().engine == "local"
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert Settings().engine == "zero"


def test_a_login_comes_from_a_variable_or_a_file_and_is_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "login"
    file.write_text("class:secret words\n")
    settings = Settings.from_command_line(["--login-file", str(file)])
    assert settings.login and settings.login.get_secret_value() == "class:secret words"
    assert "secret" not in repr(settings)
    file.write_text("class:hush")
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--login-file", str(file)])
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--login-file", str(tmp_path / "none")])
    monkeypatch.setenv("BREAKTHROUGHS_LOGIN", "class:hush")
    with pytest.raises(SystemExit):
        Settings.from_command_line([])
    said = capsys.readouterr().err
    assert "hush" not in said and said.count("\n") == 3


def test_the_hosts_page_names_settings_that_exist() -> None:
    told = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text("utf-8")
    table = told.partition("## In a container")[0] + told.rpartition("On ZeroGPU")[2]
    named = {flag.replace("-", "_") for flag in re.findall(r"`--(?:no-)?([a-z-]+)", table)}
    assert len(named) > 20 and named - {"help"} <= set(Settings.model_fields)


def test_a_disk_budget_needs_a_folder_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--downloads-disk-mb", "9"])
    assert "--cache-dir" in capsys.readouterr().err
    given = ["--downloads-disk-mb", "9", "--cache-dir", str(tmp_path)]
    assert Settings.from_command_line(given).downloads_disk_mb == 9
