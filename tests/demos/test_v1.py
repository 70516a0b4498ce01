"""Plain HTTP against a real server: what is answered, what is refused and how, who may ask."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_models import FakeModels
from fake_translators import LOSING, turned
from fake_writers import POEM, VERSE
from PIL import Image
from served import PATIENCE, WORDS, soon
from served_v1 import served_v1
from starlette.requests import Request

from demos import proxy
from demos.v1 import bodies, callers, description, errors
from demos.v1.endpoints import ENDPOINTS
from inference import Settings
from inference.errors import Busy, DeadlineExceeded


def picture(side: int = 64) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(file, "PNG")
    return file.getvalue()


PICTURE = picture()
BASE64 = base64.b64encode(PICTURE).decode()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FakeModels:
    return FakeModels(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def server(engine: FakeModels) -> Iterator[httpx.Client]:
    with (
        served_v1(engine) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=PATIENCE) as client,
    ):
        yield client


def told(answer: httpx.Response, status: int, code: str, lang: str = "en", **fields: Any) -> None:
    """That a refusal has its status and is said in a sentence of the caller's language."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"] == WORDS.say(lang, f"error.{code}", **fields)


# ---- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["form", "base64", "data"])
def test_a_picture_comes_as_a_file_or_as_base64(server: httpx.Client, sent: str) -> None:
    if sent == "form":
        files = {"image": ("cat.png", PICTURE)}
        answer = server.post("/classify", files=files, data={"top_k": "2"})
    else:
        image = BASE64 if sent == "base64" else f"data:image/png;base64,{BASE64}"
        answer = server.post("/classify", json={"image": image, "top_k": 2})
    assert answer.json()["label"] == "lion"
    assert [row["label"] for row in answer.json()["confidences"]] == ["lion", "tabby"]


def test_base64_may_be_broken_into_lines(server: httpx.Client) -> None:
    lines = re.sub("(.{76})", "\\1\r\n", BASE64)
    assert server.post("/classify", json={"image": lines}).json()["label"] == "lion"


def test_base64_may_be_of_either_alphabet_and_without_padding(server: httpx.Client) -> None:
    bare = BASE64.rstrip("=").replace("+", "-").replace("/", "_")
    for image in (bare, f"data:image/png;base64, {BASE64}"):
        assert server.post("/classify", json={"image": image}).json()["label"] == "lion"


def test_objects_come_as_from_the_named_endpoint(server: httpx.Client) -> None:
    sent = {"image": BASE64, "threshold": 0.6, "model": "everyday"}
    found = server.post("/detect", json=sent).json()["objects"]
    assert [thing["label"] for thing in found] == ["person", "dog"]
    assert len(found[0]["box"]) == 4 and found[0]["mask"]["size"] == [64, 64]


def test_a_text_is_translated(server: httpx.Client) -> None:
    answer = server.post("/translate", json={"text": "Good morning", "beams": 2}).json()
    assert answer["translation"] == turned("Good morning")
    assert len(answer["alternatives"]) == 1 and answer["attention"]
    assert answer["warnings"] == []


def test_what_to_check_in_a_translation_is_told_of_each_sentence(server: httpx.Client) -> None:
    text = f"Good morning. {LOSING}"
    answer = server.post("/translate", json={"text": text, "target": "fr"}).json()
    assert answer["warnings"] == ["numbers"]
    told = [(one["source"], one["missing_numbers"]) for one in answer["sentences"]]
    assert told == [("Good morning.", 0), (LOSING, 1)]


def test_handwriting_is_svg_and_says_what_it_left_out(server: httpx.Client) -> None:
    answer = server.post("/handwrite", json={"text": "Dear 你", "samples": 2}).json()
    assert len(answer["svgs"]) == 2 and answer["left_out"] == ["你"]
    assert all(svg.startswith("<svg ") and "你" in svg for svg in answer["svgs"])


def test_pictures_come_as_base64_with_the_seeds_that_draw_them(server: httpx.Client) -> None:
    answer = server.post("/images", json={"seed": 7, "count": 2}).json()
    assert [one["seed"] for one in answer["images"]] == [7, 8]
    for one in answer["images"]:
        with Image.open(io.BytesIO(base64.b64decode(one["png"]))) as drawn:
            assert drawn.size == (64, 64) and "no photograph" in drawn.info["Description"]


def test_a_truncation_of_one_changes_nothing_and_a_small_one_does(server: httpx.Client) -> None:
    def drawn(**more: Any) -> str:
        [one] = server.post("/images", json={"seed": 7, **more}).json()["images"]
        return str(one["png"])

    assert drawn(truncation=1) == drawn() != drawn(truncation=0.2)
    assert drawn(truncation=1, model="faces-diffusion") == drawn(model="faces-diffusion")


def test_every_argument_but_the_first_has_a_default(server: httpx.Client) -> None:
    assert len(server.post("/images").json()["images"]) == 1
    assert server.post("/write", json={"stream": False}).json()["text"] == (VERSE * 9)[:400]


def events(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each event of a stream."""
    found = []
    for part in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.splitlines())
        found.append((fields.get("event", ""), json.loads(fields["data"])))
    return found


READ = {"whole": False, "left_out": [], "unread": 0}  # of the beginning all was read


def test_a_text_comes_as_it_grows_and_whole_at_the_end(server: httpx.Client) -> None:
    answer = server.post("/write", json={"prompt": "ROMEO:", "length": 30, "seed": 3})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *grown, (name, last) = events(answer.text)
    assert "".join(data["text"] for _, data in grown) == VERSE[:30]
    assert name == "done" and last == {"text": VERSE[:30], "cut": False, "seed": 3} | READ


@pytest.mark.parametrize("stream", [False, "false"])
def test_without_a_stream_the_text_is_one_answer(server: httpx.Client, stream: Any) -> None:
    answer = server.post("/write", json={"length": 12, "stream": stream})
    assert answer.json() == {"text": VERSE[:12], "cut": False, "seed": 0} | READ


def test_what_of_a_beginning_is_not_read_is_told(server: httpx.Client) -> None:
    prompt = "春" + "a" * 2_000
    said = server.post("/write", json={"prompt": prompt, "stream": False}).json()
    assert (said["left_out"], said["unread"]) == (["春"], 1)


def test_a_line_end_is_one_character(server: httpx.Client) -> None:
    said = server.post("/write", json={"prompt": "ab\r\n" * 600, "stream": False}).json()
    assert (said["left_out"], said["unread"]) == ([], 0)


@pytest.mark.parametrize(("prompt", "whole"), [(POEM, True), (POEM[:-6], False)])
def test_a_whole_poem_is_told(server: httpx.Client, prompt: str, whole: bool) -> None:
    sent = {"prompt": prompt, "model": "text/tang", "stream": False}
    assert server.post("/write", json=sent).json()["whole"] == whole
    notes = server.post("/completions", json=sent).json().get("notes", [])
    assert (WORDS.say("en", "v1.note.whole") in notes) == whole


def test_a_text_that_breaks_off_says_why_in_its_last_event(
    server: httpx.Client, engine: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.of["text"], "breaking", DeadlineExceeded(seconds=60))
    name, last = events(server.post("/write?lang=zh", json={}).text)[-1]
    assert name == "error" and last["error"]["message"] == WORDS.say(
        "zh", "error.deadline", seconds=60
    )


def test_the_models_are_listed_with_licence_and_size(
    server: httpx.Client, engine: FakeModels
) -> None:
    listed = server.get("/models").json()["data"]
    assert {one["id"] for one in listed} == set(engine.entries)
    hub = next(one for one in listed if one["id"] == "text/now")
    assert (hub["licence"], hub["here"], hub["owned_by"]) == ("apache-2.0", False, "nobody")
    assert server.get("/models/text/now").json() == hub
    assert server.get("/models/").json()["data"] == listed
    told(server.get("/models/text/nothing"), 404, "unknown_model", model="text/nothing")


@pytest.mark.parametrize(
    ("like", "path", "sent"),
    [
        ("classification/imagenet", "classify", {"image": BASE64}),
        ("detection/everyday", "detect", {"image": BASE64}),
        ("translation/en-fr", "translate", {"text": "Hello", "source": "en", "target": "fr"}),
        ("text/shakespeare", "write", {"length": 5}),
        ("text/shakespeare", "completions", {"prompt": "a", "max_tokens": 5}),
        ("handwriting/pen", "handwrite", {"text": "Dear"}),
        ("images/faces-gan", "images", {}),
    ],
)
def test_a_model_that_a_visitor_trained_answers_by_its_key_and_is_listed_nowhere(
    server: httpx.Client, engine: FakeModels, monkeypatch: pytest.MonkeyPatch, like: str,
    path: str, sent: dict[str, Any],
) -> None:  # fmt: skip
    task = like.partition("/")[0]
    key = f"{task}/{'k' * 22}"
    own = replace(engine.entries[like], key=key)
    monkeypatch.setitem(engine.unlisted, key, own)
    monkeypatch.setitem(engine.of[task].entries, key, own)
    engine.asked.clear()
    answer = server.post(f"/{path}", json=sent | {"model": key})
    assert answer.status_code == 200, answer.text
    assert engine.asked and set(engine.asked) == {key}
    assert key not in server.get("/models").text
    assert server.get(f"/models/{key}").json()["id"] == key


# ---- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("path", "sent", "status", "code", "fields"),
    [
        ("classify", {}, 422, "v1_no_picture", {}),
        ("classify", {"image": "cat.jpg"}, 422, "v1_no_picture", {}),
        ("classify", {"image": {"path": "/etc/passwd"}}, 422, "v1_no_picture", {}),
        ("classify", {"image": "https://example.com/cat.jpg"}, 422, "picture_address", {}),
        ("classify", {"image": "file:///etc/passwd"}, 422, "picture_address", {}),
        ("classify", {"image": "data:image/png;base64,A"}, 422, "picture_data_url", {}),
        ("classify", {"image": "aGVsbG8="}, 415, "picture_unreadable", {}),
        ("classify", {"image": BASE64, "top_k": "x"}, 422, "top_k", {"most": 20}),
        ("classify", {"image": BASE64, "top_k": 21}, 422, "top_k", {"most": 20}),
        ("classify", {"image": BASE64, "top_k": 2.5}, 422, "top_k", {"most": 20}),
        ("classify", {"image": BASE64, "model": "nothing"}, 404, "unknown_model",
         {"model": "nothing"}),
        ("classify", {"image": BASE64, "model": "everyday"}, 404, "unknown_model",
         {"model": "everyday"}),
        ("classify", {"image": BASE64, "model": " detection/everyday"}, 404, "v1_other_task",
         {"sent": "detection/everyday", "endpoint": "detect"}),
        ("write", {"model": "handwriting/pen"}, 404, "v1_other_task",
         {"sent": "handwriting/pen", "endpoint": "handwrite"}),
        ("detect", {"image": BASE64, "threshold": 2}, 422, "detection_threshold", {"sent": "2"}),
        ("detect", {"image": BASE64, "threshold": True}, 422, "detection_threshold",
         {"sent": "True"}),
        ("translate?target=zh", {"text": "Hello"}, 422, "v1_in_address", {"name": "target"}),
        ("translate", {"text": "x" * 5_001}, 413, "translation_too_long",
         {"length": "5,001", "most": "5,000"}),
        ("translate", {"text": ["a"]}, 422, "not_text", {"sent": "['a']"}),
        ("handwrite", {"text": "x" * 301}, 413, "pen_text_too_long", {"count": 301, "most": 300}),
        ("images", {"count": 17}, 422, "image_count", {"sent": "17", "most": 16}),
        ("images", {"truncation": -1}, 422, "image_truncation", {"sent": "-1"}),
        ("images", {"truncation": 0.1, "model": "images/faces-diffusion"}, 422,
         "image_no_truncation", {"sent": "images/faces-diffusion", "known": "images/faces-gan"}),
        ("completions", {"max_tokens": 1.5}, 422, "bad_option",
         {"name": "max_tokens", "sent": "1.5", "allowed": "1–2000"}),
        ("write", {"stream": "maybe"}, 422, "v1_stream", {"sent": "maybe"}),
        ("completions", {"stream": 1}, 422, "v1_stream", {"sent": "1"}),
        ("write", {"prompt": "a", "temprature": 1}, 422, "v1_unknown_argument",
         {"name": "temprature", "known": "prompt, model, length, temperature, seed, stream"}),
    ],
)  # fmt: skip
def test_a_refusal_is_a_sentence_with_its_status(
    server: httpx.Client, lang: str, path: str, sent: Any, status: int, code: str, fields: Any
) -> None:
    answer = server.post(f"/{path}", json=sent, headers={"accept-language": lang})
    told(answer, status, code, lang, **fields)
    assert answer.headers["content-language"] == lang


def test_the_address_may_name_the_language(server: httpx.Client) -> None:
    told(server.post("/classify?lang=zh", json={}), 422, "v1_no_picture", "zh")


def test_options_and_languages_are_called_as_the_page_calls_them(server: httpx.Client) -> None:
    said = server.post("/write?lang=zh", json={"length": 0}).json()["error"]["message"]
    assert WORDS.say("zh", "text.option.length") in said
    said = server.post("/handwrite", json={"text": "a", "bias": 9}).json()["error"]["message"]
    assert WORDS.say("en", "handwriting.option.bias") in said
    said = server.post("/translate", json={"text": "a", "target": "en"}).json()["error"]
    assert "English" in said["message"]


def test_a_model_that_is_not_here_is_not_fetched(server: httpx.Client) -> None:
    answer = server.post("/classify", json={"image": BASE64, "model": "classification/now"})
    assert answer.status_code == 404 and answer.json()["error"]["code"] == "not_here"


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"text=hello", b"[" * 100_000, b"1" * 5_000]
)
@pytest.mark.parametrize("path", ["translate", "classify", "chat/completions"])
def test_a_body_that_is_no_object_is_told(server: httpx.Client, path: str, body: bytes) -> None:
    told(server.post(f"/{path}?lang=zh", content=body), 400, "v1_malformed", "zh")


def test_a_form_that_is_none_is_told(server: httpx.Client) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = server.post("/classify", content=b"nothing", headers={"content-type": kind})
        assert answer.status_code in (400, 422) and "error" in answer.json()


def test_another_kind_of_body_is_told(server: httpx.Client) -> None:
    answer = server.post("/classify", content=PICTURE, headers={"content-type": "image/png"})
    told(answer, 415, "v1_kind", sent="image/png")


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_packed_body_is_told(server: httpx.Client, coding: str) -> None:
    answer = server.post("/translate", content=b"\x1f\x8b", headers={"content-encoding": coding})
    told(answer, 415, "v1_coding", sent=coding)


@pytest.mark.parametrize("headers", [{}, {"content-encoding": "identity"}])
def test_a_byte_order_mark_is_no_part_of_a_body(
    server: httpx.Client, headers: dict[str, str]
) -> None:
    answer = server.post("/translate", content=b'\xef\xbb\xbf{"text": "a"}', headers=headers)
    assert answer.json()["translation"] == "a"


@pytest.mark.parametrize("name", ["image", "top_k"])
def test_one_request_takes_one_of_each(server: httpx.Client, name: str) -> None:
    picture = ("image", ("cat.png", PICTURE))
    more = picture if name == "image" else ("top_k", (None, b"2"))
    form: Any = [picture, ("top_k", (None, b"1")), more]
    told(server.post("/classify?lang=zh", files=form), 422, "v1_twice", "zh", name=name)


def test_a_second_file_that_is_no_argument_is_told(server: httpx.Client) -> None:
    answer = server.post("/classify", files={"image": PICTURE, "mask": PICTURE})
    told(answer, 422, "v1_unknown_argument", name="mask", known="image, model, top_k")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
async def test_who_hangs_up_within_a_body_is_no_error(kind: str) -> None:
    first = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc'
    coming: list[dict[str, Any]] = [
        {"type": "http.request", "body": first, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return coming.pop(0)

    scope = {"type": "http", "headers": [(b"content-type", kind.encode())]}
    with pytest.raises(errors.Gone):
        await bodies.arguments(Request(scope, receive), 1, True)


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_a_body_is_told(server: httpx.Client, chunked: bool) -> None:
    def send(size: int) -> Any:
        pieces = [b"x" * 65_536] * (size // 65_536)
        return iter(pieces) if chunked else b"".join(pieces)

    told(server.post("/classify", content=send(2_500_000)), 413, "body_too_large", limit=1)
    told(server.post("/translate", content=send(1_100_000)), 413, "text_too_large", limit=1)


def test_too_large_a_file_is_told(server: httpx.Client) -> None:
    answer = server.post("/classify", files={"image": b"x" * 1_200_000})
    told(answer, 413, "file_too_large", size=1, limit=1)
    image = base64.b64encode(b"x" * 1_200_000).decode()
    told(server.post("/classify", json={"image": image}), 413, "file_too_large", size=1, limit=1)


def test_half_a_character_comes_back_whole(server: httpx.Client) -> None:
    answer = server.post("/translate", content=b'{"text": "a", "model": "\\ud800"}')
    assert answer.status_code == 404 and "\ufffd" in answer.json()["error"]["message"]


def test_addresses_and_methods_that_are_not_there_are_told(server: httpx.Client) -> None:
    told(server.get("/nothing?lang=zh"), 404, "v1_no_address", "zh")
    told(server.get("/classify"), 405, "v1_method", method="GET")


@pytest.mark.parametrize("path", ["models", "models/text/now", "docs", "openapi.json", ""])
def test_whether_an_address_answers_can_be_asked(server: httpx.Client, path: str) -> None:
    answer = server.head(f"/{path}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == server.get(f"/{path}").headers["content-type"]


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [(Busy(waiting=3), 503, "5"), (DeadlineExceeded(seconds=60), 504, None)],
)
def test_what_the_engine_refuses_has_a_status(
    server: httpx.Client, engine: FakeModels, monkeypatch: pytest.MonkeyPatch, error: Any,
    status: int, retry: str | None,
) -> None:  # fmt: skip
    monkeypatch.setitem(engine.failing, "classification/imagenet", error)
    answer = server.post("/classify", json={"image": BASE64})
    told(answer, status, error.code, **error.fields)
    assert answer.headers.get("retry-after") == retry


@pytest.mark.parametrize("path", ["classify", "write"])
def test_the_unexpected_is_an_id_and_nothing_more(
    server: httpx.Client, engine: FakeModels, monkeypatch: pytest.MonkeyPatch, path: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for key in ("classification/imagenet", "text/shakespeare"):
        monkeypatch.setitem(engine.failing, key, RuntimeError("secret"))
    answer = server.post(f"/{path}", json={"image": BASE64} if path == "classify" else {})
    assert answer.status_code == 500 and "secret" not in answer.text
    [number] = re.findall(r"\b[0-9a-f]{8}\b", answer.json()["error"]["message"])
    assert any(number in record.getMessage() for record in caplog.records)


def test_every_status_belongs_to_a_refusal_that_there_is() -> None:
    assert all(f"error.{code}" in WORDS.tables["en"] for code in errors.STATUS)


# ---- who asks ----------------------------------------------------------------------------------


def test_the_engine_is_told_who_asks(server: httpx.Client, engine: FakeModels) -> None:
    server.post("/classify", json={"image": BASE64})
    assert engine.callers[-1] == ("127.0.0.1", "")


@pytest.fixture
def held(engine: FakeModels) -> Iterator[FakeModels]:
    """The engine, whose answers to pictures do not come before the test's end."""
    engine.gate, engine.held = asyncio.Event(), 0
    yield engine
    engine.gate.set()
    engine.gate = None
    assert soon(lambda: engine.open == 0)


def hung_up(server: httpx.Client, path: str, sent: Any, begun: Any) -> None:
    """A caller who hangs up once it has ``begun``."""
    body = json.dumps(sent).encode()
    head = f"POST /v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    address = (server.base_url.host, server.base_url.port)
    with socket.create_connection(address, PATIENCE) as caller:
        caller.sendall(head.encode() + body)
        assert soon(begun)


def test_who_hangs_up_frees_the_model(server: httpx.Client, held: FakeModels) -> None:
    hung_up(server, "classify", {"image": BASE64}, lambda: held.held > 0)
    assert soon(lambda: held.open == 0)


@pytest.mark.parametrize("path", ["write", "chat/completions", "completions"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("free", [0, 8])
def test_who_hangs_up_frees_the_writer(
    server: httpx.Client, engine: FakeModels, path: str, stream: bool, free: int
) -> None:
    writer = engine.of["text"]
    writer.gate, writer.free, writer.held = asyncio.Event(), free, 0
    sent: dict[str, Any] = {"stream": stream}
    if path == "chat/completions":
        sent["messages"] = [{"role": "user", "content": "a"}]
    try:
        hung_up(server, path, sent, lambda: writer.held > 0)
        assert soon(lambda: writer.open == 0)
    finally:
        writer.gate, writer.free = None, 8


def test_one_address_has_so_many_requests_at_a_time(server: httpx.Client, held: FakeModels) -> None:
    most = held.settings.api_at_once
    body = json.dumps({"image": BASE64}).encode()
    head = f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    address = (server.base_url.host, server.base_url.port)
    callers = [socket.create_connection(address, PATIENCE) for _ in range(most)]
    try:
        for caller in callers:
            caller.sendall(head + body)
        assert soon(lambda: held.held == most)
        answer = server.post("/translate", json={"text": []})
        told(answer, 429, "v1_too_many", most=most)
        assert answer.headers["retry-after"] == "1"
        assert server.get("/models").status_code == 200
    finally:
        for caller in callers:
            caller.close()
    assert soon(lambda: server.post("/translate", json={"text": []}).status_code == 422)


def test_no_other_sites_page_may_read(server: httpx.Client) -> None:
    headers = {"origin": "https://example.com"}
    answer = server.get("/models", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("site", ["https://example.com", "null"])
def test_no_other_sites_page_may_ask(server: httpx.Client, site: str) -> None:
    answer = server.post("/translate?lang=zh", json={"text": "a"}, headers={"origin": site})
    told(answer, 403, "v1_other_site", "zh", site=site)
    own = {"origin": str(server.base_url).removesuffix("/v1/")}
    assert server.post("/translate", json={"text": "a"}, headers=own).status_code == 200


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with a key, that one other site may ask."""
    engine = FakeModels(
        tmp_path_factory.mktemp("guarded"), api_key="a-long-key", api_origins="https://example.com"
    )
    with (
        served_v1(engine) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=PATIENCE) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "sent", [None, "a-long-key", "Bearer", "Bearer a-long-kex", "Basic a-long-key", "Bearer \xfc"]
)
def test_without_the_key_nothing_is_answered(guarded: httpx.Client, sent: str | None) -> None:
    headers = {"authorization": sent.encode("latin-1")} if sent else {}
    answer = guarded.post("/translate?lang=zh", json={"text": "a"}, headers=headers)
    told(answer, 401, "v1_key", "zh")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/models", headers=headers).status_code == 401


def test_with_the_key_it_is(guarded: httpx.Client) -> None:
    headers = {"authorization": "bearer a-long-key"}
    assert guarded.post("/translate", json={"text": "a"}, headers=headers).status_code == 200


def test_what_describes_it_asks_for_no_key_and_says_that_there_is_one(
    guarded: httpx.Client, server: httpx.Client
) -> None:
    for lang in ("en", "zh"):
        page, other = (unescape(each.get(f"/docs?lang={lang}").text) for each in (guarded, server))
        assert WORDS.say(lang, "v1.docs.key_asked") in page
        assert WORDS.say(lang, "v1.docs.key_none") in other
    assert guarded.get("/openapi.json").json()["security"] == [{"key": []}]


#: What OpenAI's client for a page's scripts sends.
STAINLESS = "authorization,content-type,openai-organization,x-stainless-os,x-request-id,x-title"


@pytest.mark.parametrize("asked", ["authorization", STAINLESS])
@pytest.mark.parametrize(
    ("site", "status"), [("https://example.com", 200), ("https://example.org", 400)]
)
def test_a_site_that_is_named_may_send_any_header(
    guarded: httpx.Client, asked: str, site: str, status: int
) -> None:
    headers = {
        "origin": site,
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
    }
    answer = guarded.options("/chat/completions", headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["access-control-allow-headers"] == asked


def test_a_site_that_is_named_may_ask(guarded: httpx.Client) -> None:
    headers = {"origin": "https://example.com", "authorization": "Bearer a-long-key"}
    answer = guarded.post("/translate", json={"text": "a"}, headers=headers)
    assert answer.json()["translation"] == "a"
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
    other = guarded.get("/docs", headers={"origin": "https://example.org"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_is_hardly_one_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="api_key"):
        Settings(api_key=key)


def test_a_setting_turns_it_off(tmp_path: Any) -> None:
    with served_v1(FakeModels(tmp_path, api=False)) as address:
        assert httpx.get(f"{address}/v1/models").status_code == 404


# ---- what describes it -------------------------------------------------------------------------


def test_openapi_names_every_endpoint_and_argument(server: httpx.Client) -> None:
    found = server.get("/openapi.json").json()
    assert found["openapi"].startswith("3.1") and found["servers"] == [{"url": "/v1"}]
    for one in ENDPOINTS:
        post = found["paths"][f"/{one.name}"]["post"]
        schema = post["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == set(one.arguments)
        assert all(each["description"] for each in schema["properties"].values())
        assert ("multipart/form-data" in post["requestBody"]["content"]) == one.picture
    assert {"/chat/completions", "/completions", "/models"} <= set(found["paths"])
    chinese = server.get("/openapi.json?lang=zh").json()
    assert chinese["paths"]["/write"]["post"]["summary"] == WORDS.say("zh", "v1.write.about")


def test_the_page_about_it_fetches_nothing(server: httpx.Client) -> None:
    page = server.get("/docs").text
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", page)
    assert all(f"POST /v1/{one.name}" in page for one in ENDPOINTS)
    here = str(server.base_url).rstrip("/")
    assert not [url for url in re.findall(r"https?://[^\s<\"']+", page) if not url.startswith(here)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_what_opens_it_and_how_often_one_may_ask(lang: str) -> None:
    say = WORDS.speaker(lang)
    login = {"login": "class:eight or more"}
    for settings, told, scheme in (
        ({}, "key_none", []),
        (login, "login", [{"login": []}]),
        ({**login, "api_key": "a-long-key"}, "key_or_login", [{"key": []}]),
    ):
        made = Settings(**settings)  # type: ignore[arg-type]
        facts = description.facts(say, made)
        assert WORDS.say(lang, f"v1.docs.{told}") in facts
        assert description.openapi(say, made, "/v1").get("security", []) == scheme
    limited = description.facts(say, Settings(api_per_minute=7))
    assert WORDS.say(lang, "v1.docs.minute", most=7) in limited
    assert len(limited) == len(description.facts(say, Settings())) + 1


def test_a_key_that_is_refused_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Settings.from_command_line(["--api-key", "secret"])
    said = capsys.readouterr().err
    assert "--api-key" in said and "secret" not in said


# ---- how often ---------------------------------------------------------------------------------


def test_a_minute_has_so_many_requests_of_an_address_and_says_when_the_next_may_come() -> None:
    now = 0.0
    rate = callers.Rate(2, lambda: now)
    rate.count("a")
    now = 30.0
    rate.count("a")
    rate.count("b")
    with pytest.raises(errors.TooOften) as refused:
        rate.count("a")
    assert refused.value.fields == {"most": 2, "seconds": 30}
    now = 60.0
    rate.count("a")
    now = 200.0
    rate.count("c")
    assert list(rate.asked) == ["c"], "who has not asked for a minute is forgotten"


@pytest.mark.parametrize("trusted", [["127.0.0.1"], ["10.0.0.0/8"]])
def test_behind_a_trusted_proxy_each_caller_has_its_own_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: list[str]
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    proxy.trust(trusted)
    slow = FakeModels(tmp_path)
    slow.settings = Settings(api_per_minute=1)
    with served_v1(slow) as address, httpx.Client(base_url=f"{address}/v1") as client:

        def ask(caller: str) -> httpx.Response:
            return client.post(
                "/translate?lang=zh", json={"text": []}, headers={"X-Forwarded-For": caller}
            )

        assert ask("192.0.2.1").status_code == 422
        again = ask("2001:db8::1" if trusted == ["10.0.0.0/8"] else "192.0.2.1")
        assert again.json()["error"]["code"] == "v1_too_often", "an untrusted word counts nothing"
        assert again.status_code == 429 and 1 <= int(again.headers["retry-after"]) <= 60
        if trusted == ["127.0.0.1"]:
            assert ask("2001:db8::1").status_code == 422
            assert ask("2001:db8::2").status_code == 429, "one subscriber's network"
