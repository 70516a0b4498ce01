"""Bodies are bounded, and a full queue is said in the visitor's language, against real Gradio."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from demos import limits, web
from demos.language import Words
from demos.limits import Limits, whole_signs
from tests.conftest import FakeEngine

ENOUGH = 1 * 1_000_000 * 4 // 3 + 1_000_000  # for files of one megabyte


@pytest.fixture(scope="module")
def address(words: Words) -> Iterator[str]:
    """A Gradio page whose one event never ends before the test does, with room for one to wait."""
    end = threading.Event()

    def slow(text: str) -> str:
        end.wait(60)
        return text

    with gr.Blocks() as page:
        text, out = gr.Textbox(), gr.Textbox()
        text.submit(slow, text, out, api_name="slow")
    page.queue(max_size=1)
    page.launch(
        app_kwargs=web.app_kwargs(FakeEngine(), words, max_upload_mb=1),
        quiet=True,
        prevent_thread_lock=True,
    )
    yield f"{page.local_url}gradio_api"
    end.set()
    page.close()


def join(address: str, lang: str = "en", text: Any = "x", **headers: str) -> httpx.Response:
    body = {"data": [text], "fn_index": 0, "session_hash": "abc"}
    return httpx.post(f"{address}/queue/join?lang={lang}", json=body, headers=headers, timeout=60)


@pytest.mark.parametrize("path", ["queue/join", "call/slow"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_larger_than_any_file_is_refused(address: str, path: str, chunked: bool) -> None:
    body = b'{"data": ["' + b"x" * ENOUGH + b'"]}'
    answer = httpx.post(
        f"{address}/{path}?lang=zh",
        content=(body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body,
        headers={"content-type": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"] and "请求过大" in answer.json()["detail"]


def test_a_file_of_the_largest_size_gets_through(address: str) -> None:
    picture = "data:image/png;base64," + "A" * (1_000_000 * 4 // 3)
    assert httpx.post(f"{address}/call/none", json={"data": [picture]}).status_code != 413


def test_several_files_may_come_in_one_upload(address: str) -> None:
    files = [("files", (f"{n}.png", b"x" * 900_000)) for n in range(4)]
    answer = httpx.post(f"{address}/upload", files=files, timeout=60)
    assert answer.status_code == 200 and len(answer.json()) == 4


def test_a_full_queue_is_said_in_the_visitors_language(address: str, words: Words) -> None:
    for _ in range(20):
        answer = join(address, "zh")
        if answer.status_code != 200:
            break
    assert answer.status_code == 429  # Gradio's page shows no sentence but its own with 503
    assert answer.json()["detail"] == words.say("zh", "error.busy", waiting=1)
    assert join(address, "en").json()["detail"] == words.say("en", "error.busy", waiting=1)
    client = join(address, **{"user-agent": "gradio_client/2.0"})
    assert client.status_code == 503  # what gradio_client understands


def test_a_megabyte_of_text_is_enough(address: str, words: Words) -> None:
    for path in ("queue/join", "call/slow", "cancel", "component_server"):
        body = {"data": ["x" * 1_050_000], "fn_index": 0, "session_hash": "abc"}
        answer = httpx.post(f"{address}/{path}?lang=zh", json=body, timeout=60)
        assert answer.status_code == 413, path
        assert answer.json()["detail"] == words.say("zh", "error.text_too_large", limit=1)
    small = {"data": ["x" * 900_000]}
    assert httpx.post(f"{address}/call/none", json=small).status_code != 413


@pytest.mark.parametrize("fn_index", [None, 99_999, 10**399])
def test_an_endpoint_that_is_not_there_is_told(
    address: str, words: Words, capfd: pytest.CaptureFixture[str], fn_index: int | None
) -> None:
    path = "run/predict" if fn_index else "call/nothing"
    body = {"data": ["x"]} | ({"fn_index": fn_index, "session_hash": "abc"} if fn_index else {})
    answer = httpx.post(f"{address}/{path}?lang=zh", json=body)
    assert answer.status_code == 404
    assert answer.json()["detail"] == words.say("zh", "error.no_endpoint")
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("body", ["{", "[1]", '"x"', '{"data": "x"}', "null"])
@pytest.mark.parametrize("path", ["call/slow", "queue/join", "run/slow"])
def test_a_body_that_is_no_call_is_told(address: str, words: Words, path: str, body: str) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{address}/{path}?lang=zh", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"] == words.say("zh", "error.no_call")


def test_a_picture_in_the_middle_of_a_text_is_no_text(address: str) -> None:
    shown = "<img src='data:image/webp;base64," + "A" * 1_200_000 + "'>"
    assert httpx.post(f"{address}/call/none", json={"data": [shown]}).status_code != 413


@pytest.mark.parametrize(
    "path",
    ["file=http://127.0.0.1:1/", "file=HTTPS://example.org/x", "file/http://127.0.0.1:1/"],
)
def test_nothing_is_relayed(address: str, words: Words, path: str) -> None:
    answer = httpx.get(f"{address}/{path}?lang=zh")
    assert answer.status_code == 403
    assert answer.json()["detail"] == words.say("zh", "error.picture_address")


@pytest.mark.parametrize("path", ["dev/reload", "deep_link?session_hash=abc", "proxy=a.hf.space"])
def test_what_the_page_does_not_use_is_closed(address: str, path: str) -> None:
    assert httpx.get(f"{address}/{path}").status_code == 404


def test_a_part_of_a_file_is_answered_without_the_visitors_cookie(address: str) -> None:
    files = [("files", ("a.txt", b"0123456789"))]
    [path] = httpx.post(f"{address}/upload", files=files, timeout=60).json()
    headers = {"range": "bytes=2-4", "cookie": "secret=1"}
    answer = httpx.get(f"{address}/file={path}", headers=headers)
    assert answer.content == b"0123456789" and "cookie" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'["\ud800"]', rb'["\ufffd"]'),
        (rb'["a\uDFFFb"]', rb'["a\ufffdb"]'),
        (rb'["\ud83d\ude00"]', rb'["\ud83d\ude00"]'),
        (rb'["\\ud800"]', rb'["\\ud800"]'),
        (rb'["\\\ud800"]', rb'["\\\ufffd"]'),
    ],
)
def test_half_a_character_is_replaced(sent: bytes, read: bytes) -> None:
    assert whole_signs(sent) == read


def test_a_full_disk_is_said(words: Words) -> None:
    async def full(scope: Any, receive: Any, send: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    client = TestClient(Limits(full, words, 1))
    answer = client.post("/gradio_api/upload?lang=zh", content=b"x")
    assert answer.status_code == 507
    assert answer.json()["detail"] == words.say("zh", "error.disk_full")


@pytest.mark.parametrize("path", ["uploads/abc", "models", "classify/abc/pictures"])
@pytest.mark.parametrize(("room", "status"), [("more", 200), ("answer", 413)])
def test_what_is_trained_on_may_be_more_than_text(words, path: str, room: str, status: int) -> None:
    async def read(request: Request) -> Response:
        await request.body()
        return Response()

    where = f"/train/{path}" if room == "more" else "/train/jobs"
    app = Starlette(
        routes=[Route("/{path:path}", read, methods=["POST"])],
        middleware=[Middleware(limits.Limits, words=words, max_upload_mb=1)],
    )
    with TestClient(app) as client:
        assert client.post(where, content=b"x" * 3_000_000).status_code == status
