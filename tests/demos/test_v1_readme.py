"""The command lines of the README and of /v1/docs, run as they stand, and /v1 inside the page."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from fake_models import FakeModels
from PIL import Image
from served import PATIENCE, WORDS
from served_v1 import served_v1

from demos import v1, web
from demos.v1.endpoints import ENDPOINTS

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
LINES = re.findall(r"^curl .*$", README, re.M)
HOST = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FakeModels:
    return FakeModels(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def address(engine: FakeModels) -> Iterator[str]:
    with served_v1(engine) as address:
        yield address


def run(line: str, folder: Path) -> str:
    """What a command line prints, run beside a picture called cat.jpg."""
    Image.effect_noise((64, 64), 90).convert("RGB").save(folder / "cat.jpg")
    done = subprocess.run(
        ["bash", "-c", f"{line} -sS --fail-with-body"],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE * 3,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_has_a_line_for_every_endpoint() -> None:
    named = {re.findall(r"/v1/([\w/]+)", line)[0] for line in LINES}
    others = {"chat/completions", "completions", "models"}
    assert named == {one.name for one in ENDPOINTS} | others


@pytest.mark.parametrize("line", LINES, ids=lambda line: re.findall(r"/v1/([\w/]+)", line)[0])
def test_the_readmes_lines_are_answered(line: str, address: str, tmp_path: Path) -> None:
    assert HOST in line
    answer = run(line.replace(HOST, address), tmp_path)
    for part in re.findall(r"^data: (\{.*)$", answer, re.M) or [answer]:
        assert json.loads(part)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lines_of_the_page_about_it_are_answered(
    address: str, tmp_path: Path, lang: str
) -> None:
    page = httpx.get(f"{address}/v1/docs?lang={lang}").text
    lines = re.findall(r"<pre>(curl .*?)</pre>", page)
    assert len(lines) == len(ENDPOINTS)
    for line in lines:
        assert run(html.unescape(line), tmp_path)


# ---- inside the page ---------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["", "/demo"])
def inside(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """/v1 beside a small Gradio page, at the root of its host or below a prefix."""
    engine = FakeModels(tmp_path_factory.mktemp("inside"), root_path=request.param)
    beside = v1.routes(engine, WORDS)  # type: ignore[arg-type]
    with gr.Blocks() as page:
        gr.Markdown("hello")
    page.launch(
        app_kwargs=web.app_kwargs(engine, WORDS, 1, request.param, more=beside),
        root_path=request.param or None,
        quiet=True,
        prevent_thread_lock=True,
        _frontend=False,
    )
    base = f"http://127.0.0.1:{page.server_port}{request.param}"
    with httpx.Client(base_url=base, timeout=PATIENCE) as client:
        yield client
    page.close()


def test_it_is_served_beside_the_page(inside: httpx.Client) -> None:
    answer = inside.post("/v1/translate", json={"text": "abc"})
    assert answer.json()["translation"] == "cba"
    assert answer.headers["x-content-type-options"] == "nosniff"
    prefix = inside.base_url.path.rstrip("/")
    assert inside.get("/v1/openapi.json").json()["servers"] == [{"url": f"{prefix}/v1"}]
    assert f"{str(inside.base_url).rstrip('/')}/v1/classify" in inside.get("/v1/docs").text
    with inside.stream("POST", "/v1/write", json={}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in stream.headers


def test_gradio_tells_other_sites_nothing_of_it(inside: httpx.Client) -> None:
    """It would let every site read what is answered, but on localhost."""
    headers = {"origin": "https://example.com", "host": "breakthroughs.example"}
    found = inside.get("/v1/models", headers=headers).headers
    assert not [name for name in found if name.startswith("access-control")]
    gradios = inside.get("/config", headers=headers).headers
    assert "access-control-allow-origin" in gradios, "Gradio has changed: is demos.v1.cors needed?"
    asked = headers | {"access-control-request-method": "POST"}
    refused = inside.options("/v1/translate", headers=asked)
    assert refused.status_code == 403
    assert not [name for name in refused.headers if name.startswith("access-control")]
