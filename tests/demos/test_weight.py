"""What the page weighs on its way to a visitor, and that streams are never held up."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import app
from demos import web
from demos.language import LANGUAGES, LOCALES, Words
from inference import Engine, Settings
from pretrained import catalog

MOST = 120_000  # bytes over the wire for `/`
COMPRESSED = {"accept-encoding": "gzip"}


def stream(request: Request) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        for number in range(3):
            yield f"data: {number} {'.' * 2000}\n\n"
            await asyncio.sleep(0)

    return StreamingResponse(events(), media_type="text/event-stream")


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


@pytest.fixture(scope="module")
def client(words: Words) -> Iterator[TestClient]:
    """The whole page as the app serves it."""
    engine = Engine(catalog.entries(), Settings())
    page = app.build(engine, words)
    kwargs = web.app_kwargs(engine, words)
    kwargs["routes"].append(Route("/stream", stream))
    server, _, _ = page.launch(
        app_kwargs=kwargs,
        i18n=web.Unsent(),
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        _frontend=False,
    )
    with TestClient(server) as client:
        yield client
    page.close()


def weight(client: TestClient, path: str) -> tuple[int, Any]:
    """(bytes over the wire, headers) of an answer to a browser."""
    with client.stream("GET", path, headers=COMPRESSED) as answer:
        assert answer.status_code == 200
        return sum(len(part) for part in answer.iter_raw()), answer.headers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_light(client: TestClient, lang: str) -> None:
    sent, headers = weight(client, f"/?lang={lang}")
    assert sent == int(headers["content-length"]) <= MOST
    assert headers["content-encoding"] == "gzip"
    assert {"Accept-Encoding", "Accept-Language"} <= set(re.split(", *", headers["vary"]))


def config(page: str) -> dict[str, Any]:
    found = re.search(r"window\.gradio_config = (.*?);</script>", page, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_every_word_that_it_is_built_of_in_one_language(
    client: TestClient, words: Words, lang: str
) -> None:
    for sent in (
        config(client.get(f"/?lang={lang}").text),
        client.get(f"/config?lang={lang}").json(),
    ):
        table = sent["i18n_translations"]
        assert set(table) == {LOCALES[lang]}
        parts = json.dumps([sent["components"], sent["dependencies"]])
        asked = set(re.findall(r'translation_metadata[\\", ]+key[\\": ]+([\w.]+)', parts))
        assert len(asked) > 100 and asked <= set(table[LOCALES[lang]])
        assert all(words.tables[lang][key] == text for key, text in table[LOCALES[lang]].items())


def test_the_language_of_the_browser_is_sent_where_the_address_names_none(
    client: TestClient,
) -> None:
    page = client.get("/", headers={"accept-language": "zh-TW,en"}).text
    assert set(config(page)["i18n_translations"]) == {"zh-CN"} and 'data-sent="zh"' in page


def test_articles_come_on_their_own(client: TestClient, words: Words) -> None:
    key = words.apart(lambda say: f"# {say.lang} </script>")
    answer = client.get(f"/house/words/{key}.zh")
    assert answer.text == "# zh </script>" and "script" not in answer.headers["content-type"]
    known = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/house/words/{key}.zh", headers=known).status_code == 304
    assert client.get(f"/house/words/{key}.en", headers=known).status_code == 200
    for other in (f"{key}.fr", "house.name.zh", "error.busy.en", "nothing.zh"):
        assert client.get(f"/house/words/{other}").status_code == 404


def test_what_is_neither_stream_nor_picture_is_compressed(client: TestClient) -> None:
    script = re.search(r'src="\./(assets/index-[^"]+)"', client.get("/").text)
    assert script
    for path in ("/config", "/house/page.css", "/house/tabs.css", "/house/page.js", script[1]):
        assert weight(client, path)[1]["content-encoding"] == "gzip", path
    for path in ("/stream", "/house/preview.png"):
        assert "content-encoding" not in weight(client, path)[1], path


def test_a_label_that_a_callback_says_is_in_the_visitors_language(words: Words) -> None:
    from gradio.context import LocalContext

    assert words("house.dark").key == "house.dark"
    asking = Request({"type": "http", "query_string": b"lang=zh", "headers": []})
    token = LocalContext.request.set(gr.Request(asking))
    try:
        assert words("house.dark") == "深色"
    finally:
        LocalContext.request.reset(token)


def test_the_page_is_made_once_for_each_way_to_it(client: TestClient) -> None:
    first = client.get("/?lang=en", headers={"host": "a.org"})
    again = client.get("/?lang=en&tab=text", headers={"host": "a.org"})
    assert again.text == first.text and again.headers == first.headers
    for other in ({"host": "b.org"}, {"host": "a.org", "x-forwarded-proto": "https"}):
        assert client.get("/?lang=en", headers=other).text != first.text
    assert client.get("/?lang=zh", headers={"host": "a.org"}).text != first.text
    for number in range(40):
        assert client.get("/", headers={"host": f"{number}.org"}).status_code == 200
