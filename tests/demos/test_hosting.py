"""What stands before every request: the login, and its line in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator

import gradio as gr
import pytest
from gradio.context import LocalContext
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import app
from demos import logs
from demos.language import LANGUAGES, Words
from demos.page.errors import guard
from demos.v1 import sse
from inference import Engine, Settings
from inference.batching import Request as Asked
from inference.errors import UnknownModel
from inference.worker import Worker

LOGIN, KEY = "class:秘密 words", "a key of the api"


def client(words: Words, *others: str, **settings: object) -> TestClient:
    """An app of which every address answers 200, but /train/jobs/..., which refuses."""

    async def answer(request: Request) -> JSONResponse:
        refused = request.url.path.startswith("/train/jobs")
        body = {"error": {"code": "job_unknown", "sentence": "ab12"}} if refused else {}
        return JSONResponse(body, 404 if refused else 200)

    made = Starlette(
        routes=[Route("/{rest:path}", answer, methods=["GET", "POST", "OPTIONS"])],
        middleware=app.before(Settings(**settings), words),  # type: ignore[arg-type]
    )
    return TestClient(made)


PATHS = ("/", "/config", "/v1/classify", "/train/jobs", "/use/x/answer", "/metrics", "/house/a.js",
         "/gradio_api/info", "/present", "/results.json")  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_behind_the_login_but_what_a_machine_asks(words: Words, lang: str) -> None:
    guarded = client(words, login=LOGIN)
    for path in PATHS:
        refused = guarded.get(path, params={"lang": lang})
        assert refused.status_code == 401, path
        assert refused.text == words.say(lang, "error.no_login")
        assert refused.headers["www-authenticate"].startswith("Basic ")
        name, _, password = LOGIN.partition(":")
        auth = (name.encode(), password.encode())
        assert guarded.get(path, auth=auth).status_code != 401, path
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/v1/../healthz/x").status_code == 401


def test_the_key_of_v1_opens_v1_and_nothing_else(words: Words) -> None:
    guarded = client(words, login=LOGIN, api_key=KEY)
    sent = {"Authorization": f"Bearer {KEY}"}
    assert guarded.get("/v1/models", headers=sent).status_code == 200
    assert guarded.get("/train/uploads", headers=sent).status_code == 401
    assert guarded.options("/v1/models").status_code == 200
    none = client(words, login=LOGIN)
    assert none.get("/v1/models", headers={"Authorization": "Bearer None"}).status_code == 401


def test_who_guesses_is_told_to_wait_even_with_the_right_password(words: Words) -> None:
    guarded = client(words, login="class:eight or more")
    for _ in range(20):
        assert guarded.get("/", auth=("class", "wrong")).status_code == 401
    waits = guarded.get("/", auth=("class", "eight or more"))
    assert waits.status_code == 429 and int(waits.headers["retry-after"]) > 0


def test_without_the_settings_nothing_stands_before(words: Words) -> None:
    assert app.before(Settings(), words) == []


def test_a_request_is_one_line_of_json_with_nothing_of_the_visitors(
    words: Words, caplog: pytest.LogCaptureFixture
) -> None:
    asked = client(words, log="json")
    with caplog.at_level(logging.INFO, "requests"):
        refused = asked.post("/train/jobs/ab12secret?q=secret", content=b"secret")
        asked.get("/secret/page")
    lines = [logs.Lines().format(record) for record in caplog.records if record.name == "requests"]
    first, second = map(json.loads, lines)
    assert first["id"] == refused.headers["x-request-id"]
    assert (first["method"], first["path"], first["status"]) == ("POST", "/train/jobs", 404)
    assert first["code"] == "job_unknown" and first["ms"] >= 0
    assert (second["path"], second["status"]) == ("other", 200)
    assert "secret" not in "".join(lines)


def test_a_refusal_inside_an_answer_that_has_begun_is_a_line_with_its_requests_id(
    words: Words, caplog: pytest.LogCaptureFixture
) -> None:
    """As a callback of Gradio's raises it, and as a stream of /v1 ends with it."""

    async def callback(request: Request) -> Response:
        @guard(words)
        def refuses(text: str) -> None:
            raise UnknownModel(model=text)

        LocalContext.request.set(gr.Request(request))
        with pytest.raises(gr.Error):
            refuses("secret")
        return JSONResponse({})

    async def events(request: Request) -> Response:
        async def run() -> AsyncGenerator[bytes, None]:
            yield b"first"
            raise UnknownModel(model="secret")

        LocalContext.request.set(gr.Request(request))
        return await sse.response(request, run(), lambda error: b"failed")

    made = Starlette(
        routes=[Route("/gradio_api/queue", callback), Route("/v1/write", events)],
        middleware=app.before(Settings(log="json"), words),
    )
    for path in ("/gradio_api/queue", "/v1/write"):
        caplog.clear()
        with caplog.at_level(logging.INFO, "requests"):
            asked = TestClient(made).get(path)
        found = [each for each in caplog.records if each.name == "requests"]
        lines = [logs.Lines().format(record) for record in found]
        refused, request = map(json.loads, lines)
        assert refused["id"] == request["id"] == asked.headers["x-request-id"]
        assert refused["code"] == UnknownModel.code and request["status"] == 200
        assert "secret" not in "".join(lines)


def test_an_exception_stays_on_one_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        kind = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("app", logging.ERROR, "f", 1, "failed %s", ("中",), kind)
    line = logs.Lines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "failed 中" and "ValueError" in line


def test_a_model_that_never_ends_its_step_is_stuck_after_the_hosts_own_time() -> None:
    """The engine's own clock and worker; the page's answer to it is in `test_web`."""
    now, seen = 0.0, []

    class Endless:
        bytes = 1

        def predict(self, inputs: list[object]) -> list[object]:
            nonlocal now
            for after in (4.9, 5.1):
                now = after
                seen.append(engine.status()["stuck"])
            return inputs

    class Entry:
        key, loader, bytes, max_batch = "a", "", 1, 1

    begun: list[Worker] = []
    engine = Engine(
        {"a": Entry()},
        Settings(stuck_s=5, deadline_s=60),
        load=lambda *_: Endless(),
        clock=lambda: now,
        start=begun.append,
    )
    engine._submit(Asked(*engine._job("a", None, ()), input=1, options={}))
    next(begun[0].loop())
    assert seen == [[], ["a"]]


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_is_no_name_is_told(host):
    with pytest.raises(app.PortTaken, match="cannot be used"):
        app.claim(host, 7999)


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "folder"))
    with pytest.raises(app.NoFolder, match="GRADIO_TEMP_DIR"):
        app.place_for_visitors()
