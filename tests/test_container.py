"""The Dockerfile, as far as it can be held without a Docker daemon: linted, its sources there, its
command one that the app takes. Nothing is built here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from inference import Settings

ROOT = Path(__file__).parents[1]
TEXT = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
STEPS = [tuple(line.split(" ", 1)) for line in TEXT.splitlines() if re.match("[A-Z]+ ", line)]


def steps(kind: str) -> list[str]:
    return [rest for name, rest in STEPS if name == kind]


def kept(path: str) -> bool:
    """Whether .dockerignore lets a file or folder at the root through: the last rule wins."""
    found = True
    for rule in (ROOT / ".dockerignore").read_text("utf-8").split("\n"):
        if rule and not rule.startswith("#") and fnmatchcase(path, rule.lstrip("!")):
            found = rule.startswith("!")
    return found


def test_the_linter_has_nothing_to_say() -> None:
    lint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert lint, "pip install -r requirements-dev.txt"
    done = subprocess.run([lint, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_there_and_nothing_else_travels() -> None:
    for copied in steps("COPY"):
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
    needed = ("app.py", "demos", "inference", "jobs", "pretrained", "training", "LICENSE")
    for name in (*needed, "requirements.txt", "constraints.txt"):
        assert (ROOT / name).exists() and kept(name), name
    for name in (".git", ".venv", "runs", "tests", "shared", "benchmarks", ".env"):
        assert not kept(name), name


def test_its_command_and_its_variables_are_settings_that_exist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in re.findall(r"(BREAKTHROUGHS_\w+)=(\S+)", " ".join(steps("ENV"))):
        assert name.removeprefix("BREAKTHROUGHS_").lower() in Settings.model_fields, name
        monkeypatch.setenv(name, value)
    [command] = steps("CMD")
    python, script, *options = json.loads(command)
    assert (python, script) == ("python", "app.py")
    settings = Settings.from_command_line(options)
    assert settings.host == "0.0.0.0" and f"{settings.port}" in steps("EXPOSE")
    [check] = steps("HEALTHCHECK")
    assert f":{settings.port}/healthz" in check


def test_it_does_not_run_as_root_and_has_no_gpu_unless_asked() -> None:
    [user] = steps("USER")
    assert int(user) > 0 and f"--uid {user} " in " ".join(steps("RUN"))
    assert "DEVICE=cpu" in steps("ARG")
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    assert re.search(r"^torch==", pinned, re.M) and re.search(r"^torchvision==", pinned, re.M)
