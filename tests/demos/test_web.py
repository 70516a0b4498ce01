"""The routes beside the page, and the head that the middleware puts into it."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest
from starlette.testclient import TestClient

from demos import web
from demos.language import DEMOS, Words
from tests.conftest import FakeEngine


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def client(engine: FakeEngine, words: Words) -> Iterator[TestClient]:
    """A small Gradio page behind our routes and middleware."""
    with gr.Blocks() as page:
        gr.Markdown("hello")
    app, _, _ = page.launch(
        app_kwargs=web.app_kwargs(engine, words), quiet=True, prevent_thread_lock=True
    )
    with TestClient(app) as client:
        yield client
    page.close()


def test_healthz_is_red_when_a_models_thread_is_stuck(
    client: TestClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "stuck", ["classification/cifar10"])
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["stuck"] == ["classification/cifar10"]
    assert "classification/cifar10" in answer.json()["sentence"]


def test_healthz_says_which_models_are_warm(client: TestClient, engine: FakeEngine) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "sentence": "All is well.",
        "stuck": [],
        "warm": [next(iter(engine.entries))],
        "models": len(engine.entries),
        "warming": False,
        "device": "CPU",
    }
    engine.warming = True
    assert client.get("/healthz").json()["warming"] is True
    engine.warming = False


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE breakthroughs_requests_total counter" in answer.text


def test_our_head_comes_before_gradios(client: TestClient, words: Words) -> None:
    page = client.get("/").text
    assert page.index("navigator") < page.index("window.gradio_config")
    assert page.count('og:image"') == 1 and "raw.githubusercontent" not in page
    assert '<meta property="og:image" content="http://testserver/house/preview.png">' in page
    assert f'content="{words.say("en", "house.description")}"' in page


def test_the_preview_follows_the_language_and_the_proxy(client: TestClient, words: Words) -> None:
    headers = {"x-forwarded-proto": "https", "x-forwarded-host": 'a.hf.space"><script>'}
    page = client.get("/?lang=zh", headers=headers).text
    assert f'content="{words.say("zh", "house.description")}"' in page
    assert 'content="https://a.hf.space&quot;&gt;&lt;script&gt;/house/preview.png"' in page


def test_content_length_is_right(client: TestClient) -> None:
    answer = client.get("/", headers={"accept-encoding": "identity"})
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_security_headers_on_every_answer(client: TestClient) -> None:
    for path in ("/", "/healthz", "/house/page.js", "/config", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "x-frame-options" not in headers  # a Space is an iframe
    policy = client.get("/").headers["content-security-policy"]
    assert "https://huggingface.co" in policy
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;" in policy


def test_an_operator_names_who_may_frame_the_page(words: Words) -> None:
    inner = web.Head(lambda *_: None, words, framed_by=["https://example.com"])  # type: ignore
    assert "https://*.hf.space https://example.com;" in inner.policy


@pytest.mark.parametrize(
    "name", ["page.js", "history.js", "answer.js", "home.js", "page.css", "preview.png", "icon.svg"]
)
def test_assets_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/house/{name}").status_code == 200


def test_what_a_room_brings_is_served_by_a_name_that_no_other_bears(client: TestClient) -> None:
    files = [file for file in DEMOS.glob("*/**/*") if file.suffix in web.KINDS]
    names = {file.name for file in files}
    assert names <= set(web.ASSETS) and len(names) == len(files)
    css = client.get("/house/tabs.css").text
    for sheet in DEMOS.glob("*/**/*.css"):
        text = sheet.read_text("utf-8")
        if sheet.name in web.ASSETS:  # of a page of its own: it styles whole pages
            assert client.get(f"/house/{sheet.name}").text == text and text not in css
        else:
            assert text in css, sheet


@pytest.mark.parametrize("path", ["/house/../web.py", "/house/%2e%2e/web.py", "/house//etc/passwd"])
def test_nothing_else_is(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 405)


def test_the_preview_picture_has_the_size_it_says() -> None:
    from PIL import Image

    with Image.open(web.ASSETS["preview.png"]) as picture:
        assert picture.size == (1200, 630)


def test_the_source_link_trusts_only_a_space_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert web.source_url() is None
    monkeypatch.setenv("SPACE_ID", "someone/breakthroughs")
    assert web.source_url() == "https://huggingface.co/spaces/someone/breakthroughs/tree/main"
    monkeypatch.setenv("SPACE_ID", 'x/y"><script>')
    assert web.source_url() is None
