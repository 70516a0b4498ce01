"""The pen as a server: `/handwrite` for scripts, safe SVG, no file but the caller's own."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from fake_pens import PEN, FakePens
from gradio_client import Client
from served import PATIENCE, WORDS, client, served, soon

from demos import handwriting

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return FakePens(tmp_path_factory.mktemp("models"))


def build(engine) -> None:
    for part in (handwriting.tryout, handwriting.inside, handwriting.api):
        part.build(engine, WORDS)


@pytest.fixture(scope="module")
def page(engine, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("files")))
        with served(lambda: build(engine)) as page:
            yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


def drawing(path: str) -> ElementTree.Element:
    """A file as SVG that can do nothing but show paths."""
    root = ElementTree.fromstring(Path(path).read_text("utf-8"))
    kinds = {element.tag for element in root.iter()}
    assert kinds <= {SVG + tag for tag in ("svg", "title", "desc", "g", "path")}
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in names)
    return root


def test_a_text_becomes_one_svg_file(english):
    path = english.predict("a cat", api_name="/handwrite")
    assert path.endswith("handwriting-1.svg")
    root = drawing(path)
    assert root.findtext(SVG + "desc") == "a cat"
    assert len(root.findall(f".//{SVG}path")) == 4


def test_several_samples_are_several_files(english, engine):
    paths = english.predict("a cat", samples=3, seed=4, api_name="/handwrite")
    assert [Path(path).name for path in paths] == [f"handwriting-{n}.svg" for n in (1, 2, 3)]
    assert [options["seed"] for _, options in engine.asked[-3:]] == [4, 5, 6]


def test_every_argument_but_the_first_has_a_default(english):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/handwrite"] and not api["unnamed_endpoints"]
    first, *rest = api["named_endpoints"]["/handwrite"]["parameters"]
    assert first["parameter_name"] == "text" and all(p["parameter_has_default"] for p in rest)
    assert [p["parameter_name"] for p in rest] == ["style", "bias", "samples", "seed"]


def test_options_reach_the_pen(english, engine):
    english.predict("a", 2, 1.5, 1, 7, api_name="/handwrite")
    assert engine.asked[-1] == ("a", {"style": 2, "bias": 1.5, "seed": 7})


def test_what_is_left_out_is_named_in_the_file(english):
    root = drawing(english.predict("a 茶\u202e<b>", api_name="/handwrite"))
    assert root.findtext(SVG + "desc") == "a b"
    title = root.findtext(SVG + "title") or ""
    assert "茶" in title and "U+202E" in title and "\u202e" not in title


def test_markup_in_a_text_stays_text(english):
    root = drawing(english.predict('"&amp;\' onload="alert(1)"', api_name="/handwrite"))
    assert root.findtext(SVG + "desc") == '"&amp;\' onload="alert(1)"'


BAD = {
    "empty": ([""], "pen_nothing"),
    "chinese": (["你好"], "pen_unwritable"),
    "endless": (["a" * 100_000], "pen_text_too_long"),
    "seed": (["a", None, 0.6, 1, "abc"], "bad_option"),
    "samples": (["a", None, 0.6, 99, 0], "bad_option"),
    "bias": (["a", None, "Infinity", 1, 0], "bad_option"),
    "style": (["a", 77, 0.6, 1, 0], "pen_no_such_hand"),
    "list": (["a", [1], 0.6, 1, 0], "pen_no_such_hand"),
    "true": (["a", True, 0.6, 1, 0], "pen_no_such_hand"),
    "true seed": (["a", None, 0.6, 1, True], "bad_option"),
    "mapping": (["a", None, {"a": 1}, 1, 0], "bad_option"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_the_callers_language(page, name, lang):
    sent, code = BAD[name]
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        client.predict(*sent, api_name="/handwrite")
    pattern = re.escape(WORDS.say(lang, f"error.{code}"))
    assert re.search(re.sub(r"\\{\w+\\}", ".+", pattern), str(refusal.value))


@pytest.mark.parametrize("sent", [None, 7, [], {"path": "/etc/hostname"}])
def test_nonsense_is_no_accident(page, sent):
    """By hand, past the client: an answer or a sentence, never a traceback or a path."""
    endpoint = f"{page.local_url}gradio_api/call/handwrite"
    reply = httpx.post(endpoint, json={"data": [sent, None, 0.6, 1, 0]})
    event = reply.json().get("event_id")
    told = httpx.get(f"{endpoint}/{event}", timeout=20).text if event else reply.text
    assert "Traceback" not in told and "root:" not in told and "error id" not in told


@pytest.mark.parametrize("endpoint", ["call", "handwrite", "on_write", "on_look", "on_hands"])
def test_who_hangs_up_frees_every_pen(page, engine, endpoint):
    """A script that is killed, a page that is closed: in the middle of waiting for the pen."""
    drawn = page.fns  # the events by their number
    engine.gate = asyncio.Event()
    try:
        with httpx.Client(base_url=f"{page.local_url}gradio_api", timeout=PATIENCE) as caller:
            data = ["a cat", None, 0.6, 4, 0]
            if endpoint == "call":
                event = caller.post("/call/handwrite", json={"data": data}).json()["event_id"]
                address = f"/call/handwrite/{event}"
            else:
                number = next(n for n, fn in drawn.items() if fn.name == endpoint)
                sent = {"fn_index": number, "session_hash": endpoint, "data": data}
                if endpoint != "handwrite":
                    data = [None] * len(drawn[number].inputs)
                    sent |= {"data": data, "event_data": {"text": "a cat", "samples": 4}}
                assert caller.post("/queue/join", json=sent).is_success
                address = f"/queue/data?session_hash={endpoint}"
            with caller.stream("GET", address):
                pens = 4 if endpoint in ("call", "handwrite", "on_write") else 1
                assert soon(lambda: engine.open == pens)
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate = None


@pytest.mark.parametrize("sent", [["a", "b"], {"a": 1}, 7, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_text_is_refused(page, engine, sent, lang):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    before = len(engine.asked)
    with pytest.raises(Exception) as refusal:
        client.predict(sent, api_name="/handwrite")
    assert WORDS.say(lang, "error.not_text", sent=str(sent)) in unescape(str(refusal.value))
    assert len(engine.asked) == before


def test_files_lie_where_nobody_finds_them_by_guessing(english, page):
    endpoint = f"{page.local_url}gradio_api/call/handwrite"
    found = httpx.post(endpoint, json={"data": ["a", None, 0.6, 1, 0]}).json()
    told = httpx.get(f"{endpoint}/{found['event_id']}", timeout=20).text
    folder = re.search(r"/([0-9a-f]+)/handwriting-1\.svg", told)
    assert folder and len(folder[1]) >= 32
    url = re.search(r'"url":\s*"([^"]+)"', told)
    assert url and "attachment" in httpx.get(url[1]).headers["content-disposition"]


def test_events_that_write_may_run_as_a_batch(page, engine):
    """Gradio's default of one call at a time would leave nothing to write together."""
    names = {"on_write", "on_hands", "on_look", "handwrite"}
    asking = [fn for fn in page.fns.values() if fn.name in names]
    assert {fn.name for fn in asking} == names
    assert all(fn.concurrency_limit == engine.entries[PEN].max_batch for fn in asking)


@pytest.mark.parametrize("how", ["on_write", "on_stop"])
def test_a_new_wish_and_stop_end_what_is_written_for_this_visitor(page, engine, how):
    numbers = {fn.name: number for number, fn in page.fns.items()}
    engine.gate = asyncio.Event()
    try:
        with httpx.Client(base_url=f"{page.local_url}gradio_api", timeout=PATIENCE) as caller:

            def send(name: str, samples: int) -> None:
                sent = {"fn_index": numbers[name], "session_hash": how, "data": [None]}
                sent["event_data"] = {"text": "a cat", "samples": samples}
                assert caller.post("/queue/join", json=sent).is_success

            send("on_write", 4)
            with caller.stream("GET", f"/queue/data?session_hash={how}"):
                assert soon(lambda: engine.open == 4)
                send(how, 2)
                assert soon(lambda: engine.open == (2 if how == "on_write" else 0))
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate = None
