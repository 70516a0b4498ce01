"""The official MCP client lists the tools and calls them, over HTTP."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_models import FakeModels
from fake_translators import turned
from fake_writers import VERSE
from mcp.client.client import Client
from served import PATIENCE, WORDS
from served_v1 import served_v1
from test_v1 import BASE64

from demos.v1 import tools
from demos.v1.endpoints import ENDPOINTS
from pretrained.errors import MissingDependency

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FakeModels:
    return FakeModels(tmp_path_factory.mktemp("models"), mcp=True)


@pytest.fixture(scope="module")
def address(engine: FakeModels) -> Iterator[str]:
    with served_v1(engine) as address:
        yield address


@asynccontextmanager
async def connected(address: str, mode: str) -> AsyncIterator[Client]:
    async with Client(
        f"{address}/v1/mcp", mode=mode, read_timeout_seconds=PATIENCE  # type: ignore[arg-type]
    ) as client:  # fmt: skip
        yield client


#: The protocol's handshake, and its form of 2026 without one.
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


def text_of(answer: Any) -> str:
    return "".join(part.text for part in answer.content if part.type == "text")


@MODES
async def test_every_endpoint_is_a_tool_that_says_what_it_is_good_for(
    address: str, mode: str
) -> None:
    async with connected(address, mode) as client:
        found = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(found) == {one.name for one in ENDPOINTS}
    for one in ENDPOINTS:
        tool = found[one.name]
        assert WORDS.say("en", f"v1.{one.name}.use") in (tool.description or "")
        assert set(tool.input_schema["properties"]) == set(one.arguments) - {"stream"}


@MODES
async def test_a_tool_is_called(address: str, mode: str, engine: FakeModels) -> None:
    async with connected(address, mode) as client:
        answer = await client.call_tool("translate", {"text": "Good day", "target": "fr"})
    assert not answer.is_error
    assert json.loads(text_of(answer))["translation"] == turned("Good day")
    assert answer.structured_content["translation"] == turned("Good day")
    assert engine.callers[-1] == ("127.0.0.1", "")


async def test_pictures_come_and_go_as_base64(address: str) -> None:
    async with connected(address, "auto") as client:
        named = await client.call_tool("classify", {"image": BASE64, "top_k": 1})
        drawn = await client.call_tool("images", {"seed": 7, "count": 2})
    assert named.structured_content["label"] == "lion"
    pictures = [part for part in drawn.content if part.type == "image"]
    assert len(pictures) == 2 and pictures[0].mime_type == "image/png"
    assert base64.b64decode(pictures[0].data).startswith(b"\x89PNG")
    assert json.loads(text_of(drawn))["images"] == [{"seed": 7}, {"seed": 8}]


async def test_a_text_and_handwriting_come_whole(address: str) -> None:
    async with connected(address, "auto") as client:
        text = await client.call_tool("write", {"prompt": "ROMEO:", "length": 20})
        svg = await client.call_tool("handwrite", {"text": "Dear"})
    assert text.structured_content["text"] == VERSE[:20]
    assert svg.structured_content["svgs"][0].startswith("<svg ")


@MODES
@pytest.mark.parametrize(
    ("tool", "sent", "code", "fields"),
    [
        ("classify", {"image": "https://example.com/cat.jpg"}, "picture_address", {}),
        ("classify", {}, "v1_no_picture", {}),
        ("translate", {"text": "a", "tarket": "fr"}, "v1_unknown_argument",
         {"name": "tarket", "known": "text, source, target, model, beams"}),
        ("nothing", {}, "v1_unknown_tool",
         {"name": "nothing", "known": ", ".join(one.name for one in ENDPOINTS)}),
    ],
)  # fmt: skip
async def test_a_refusal_is_a_sentence(
    address: str, mode: str, tool: str, sent: Any, code: str, fields: Any
) -> None:
    async with connected(address, mode) as client:
        answer = await client.call_tool(tool, sent)
    assert answer.is_error and text_of(answer) == WORDS.say("en", f"error.{code}", **fields)


async def test_the_unexpected_is_an_id_and_nothing_more(
    address: str, engine: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.failing, "translation/en-fr", RuntimeError("secret"))
    async with connected(address, "auto") as client:
        answer = await client.call_tool("translate", {"text": "a"})
    assert answer.is_error and "report the number" in text_of(answer)
    assert "secret" not in text_of(answer)


def test_the_key_guards_the_tools_too(tmp_path: Path) -> None:
    with served_v1(FakeModels(tmp_path, mcp=True, api_key="a-long-key")) as address:
        answer = httpx.post(f"{address}/v1/mcp", json={}, timeout=PATIENCE)
        assert answer.status_code == 401


def test_they_are_off_until_a_setting_says_otherwise(tmp_path: Path) -> None:
    with served_v1(FakeModels(tmp_path)) as address:
        assert httpx.post(f"{address}/v1/mcp", json={}).status_code == 404


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="pip install mcp"):
        tools.check_installed()


@pytest.mark.parametrize("mcp", [False, True])
def test_starting_imports_no_package_for_them(mcp: bool) -> None:
    program = f"""
import sys
import app
from demos import v1
from demos.language import Words
from inference import Engine, Settings
from pretrained import catalog
v1.routes(Engine(catalog.entries(), Settings(mcp={mcp})), Words())
print([name for name in ("mcp", "mcp_types", "openai", "torch") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=240,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
