"""What callers of a named endpoint send: as a file, a path, an address, too little, nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from demos.inputs import Page
from demos.language import Words


def look(image: Any, times: float = 3, kind: str = "cat") -> str:
    return f"{'a picture' if image else 'nothing'}, {times:g} {kind}"


@pytest.fixture(scope="module")
def server(words: Words) -> Iterator[gr.Blocks]:
    with Page(words, analytics_enabled=False) as page:
        image = gr.Image(type="filepath", visible=False, label="image")
        times = gr.Slider(1, 5, 3, visible=False, label="times")
        kind = gr.Textbox("cat", visible=False, label="kind")
        out = gr.Textbox(visible=False)
        ask = gr.Button(visible=False)
        ask.click(look, [image, times, kind], out, api_name="look", preprocess=False)
        read = gr.Button(visible=False)
        read.click(lambda times: str(times), times, out, api_name="read")
    page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, _frontend=False)
    yield page
    page.close()


def call(server: gr.Blocks, endpoint: str, *sent: Any, lang: str = "en") -> str:
    """What the endpoint's stream says in the end."""
    url = f"{server.local_url}gradio_api/call/{endpoint}"
    with httpx.Client(headers={"accept-language": lang}, trust_env=False, timeout=30) as client:
        event = client.post(url, json={"data": list(sent)}).json()["event_id"]
        return client.get(f"{url}/{event}").text.encode().decode("unicode_escape")


def test_what_is_left_out_has_its_default(server: gr.Blocks) -> None:
    assert "nothing, 3 cat" in call(server, "look", None)
    assert "nothing, 3 cat" in call(server, "look")
    assert "nothing, 2 cat" in call(server, "look", None, 2)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("./cat.jpg", "handle_file"),
        ("", "handle_file"),
        ("https://example.com/cat.jpg", "No address is fetched"),
        ("data:image/png;base64,A", "holds no picture"),
        ("data:image/png", "holds no picture"),
        ("data:image/png;base64,", "holds no picture"),
        ({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "handle_file"),
        ({"path": "/etc/passwd"}, "none that was uploaded here"),
        ({"path": "a\0b"}, "handle_file"),
        ({"url": "https://example.com/cat.jpg"}, "No address is fetched"),
        ({"path": "https://example.com/cat.jpg"}, "No address is fetched"),
        (7, "image cannot be read"),
        ([["x"]], "image cannot be read"),
    ],
)
def test_what_is_no_file_is_refused_in_a_sentence(
    server: gr.Blocks, capfd: pytest.CaptureFixture[str], sent: Any, said: str
) -> None:
    answer = call(server, "look", sent)
    assert "event: error" in answer and said in answer
    assert "Traceback" not in capfd.readouterr().err


def test_a_picture_as_a_data_url_gets_through(server: gr.Blocks) -> None:
    for sent in ({"url": "data:image/png;base64,AAAA"}, "data:image/png;base64,AA\nAA"):
        assert "a picture, 3 cat" in call(server, "look", sent)


def test_in_the_callers_language(server: gr.Blocks) -> None:
    url = f"{server.local_url}gradio_api/call/look"
    with httpx.Client(headers={"accept-language": "zh"}, trust_env=False, timeout=30) as client:
        event = client.post(url, json={"data": ["cat.jpg"]}).json()["event_id"]
        said = client.get(f"{url}/{event}").text
    assert "应当是" in said or "\\u5e94\\u5f53\\u662f" in said


def test_a_slider_that_cannot_be_read_is_named(
    server: gr.Blocks, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "times cannot be read" in call(server, "read", "many")
    assert "times is a number from 1 to 5, and 7 is none of these" in call(server, "read", 7)
    assert "应是 1 到 5 之间的数" in call(server, "read", 7, lang="zh")
    assert "Traceback" not in capfd.readouterr().err
