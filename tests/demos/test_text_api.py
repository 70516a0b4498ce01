"""The tab as a server: `/write` streams for scripts; leaving frees the engine's place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import unescape

import httpx
import pytest
from fake_writers import POEM, VERSE, FakeEngine
from gradio_client import Client
from served import PATIENCE, WORDS, client, served, soon

from demos import text


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return FakeEngine(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def page(engine):
    with served(lambda: text.build(engine, WORDS)) as page:
        yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


def test_the_whole_text_comes_last_and_without_the_prompt(english, engine):
    job = english.submit("ROMEO:\n", "text/shakespeare", 120, 0.8, 3, api_name="/write")
    assert job.result() == (VERSE * 3)[:120]
    assert all(VERSE.startswith(part[:40]) for part in job.outputs())
    key, prompt, options = engine.begun[-1]
    assert (key, prompt) == ("text/shakespeare", "ROMEO:\n")
    assert {"length": 120, "temperature": 0.8, "seed": 3}.items() <= options.items()


def test_a_text_that_had_to_be_cut_ends_in_dots(english, engine, monkeypatch):
    monkeypatch.setattr(engine, "cuts", True)
    assert english.predict("", "text/shakespeare", 20, api_name="/write") == VERSE[:20] + "…"


def test_every_argument_but_the_first_has_a_default(english, engine):
    assert english.predict("", api_name="/write") == (VERSE * 9)[:400]
    assert engine.begun[-1][2]["seed"] == 0
    api = english.view_api(return_format="dict")
    [first, *rest] = api["named_endpoints"]["/write"]["parameters"]
    assert first["parameter_name"] == "prompt"
    assert [(p["parameter_name"], p["parameter_has_default"]) for p in rest] == [
        (name, True) for name in ("model", "length", "temperature", "seed")
    ]


def test_the_short_name_of_a_model_will_do(english):
    assert english.predict("", "tang", api_name="/write") == POEM


@pytest.mark.parametrize(
    ("place", "sent", "name"),
    [(2, 0, "length"), (2, 10**6, "length"), (2, "many", "length"), (3, "hot", "temperature"),
     (3, 9, "temperature"), (4, "x", "seed"), (4, 1.5, "seed"), (4, [1], "seed"),
     (4, [], "seed"), (4, 10**400, "seed"), (2, "9" * 400, "length"),
     (4, "%00", "seed"), (3, "\x00", "temperature"), (4, {}, "seed"), (4, True, "seed")],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_bad_option_is_refused_in_a_sentence(page, engine, place, sent, name, lang):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    arguments = ["ROMEO:", "text/shakespeare", 50, 0.8, 0]
    arguments[place] = sent
    before = len(engine.begun)
    with pytest.raises(Exception) as refusal:
        client.predict(*arguments, api_name="/write")
    assert WORDS.say(lang, f"text.option.{name}") in str(refusal.value)
    assert len(engine.begun) == before


@pytest.mark.parametrize("model", [[], {}, ["text/tang"], False])
def test_what_is_no_model_is_not_taken_for_the_usual_one(english, model):
    with pytest.raises(Exception, match="no model called"):
        english.predict("", model, api_name="/write")


def test_an_unknown_model_is_named_in_the_refusal(english):
    with pytest.raises(Exception, match="no model called classification/photos"):
        english.predict("", "classification/photos", api_name="/write")


def test_write_is_the_only_door(english):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/write"] and not api["unnamed_endpoints"]


def test_who_cancels_frees_the_engines_place(page, english, engine):
    engine.gate = asyncio.Event()
    try:
        job = english.submit("", "text/shakespeare", 400, api_name="/write")
        assert soon(lambda: engine.open == 1)
        assert soon(lambda: len(job.outputs()) > 0)
        job.cancel()
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate = None


def closed_early(page, open_stream: Callable[[httpx.Client], str], begun: Callable[[], bool]):
    """A caller who hangs up once it has ``begun``: as a closed page or a script that is killed."""
    with (
        httpx.Client(base_url=f"{page.local_url}gradio_api", timeout=PATIENCE) as caller,
        caller.stream("GET", open_stream(caller)),
    ):
        assert soon(begun)


@pytest.mark.parametrize("free", [0, 8])
def test_a_caller_who_hangs_up_frees_the_engines_place(page, engine, free):
    """Before the first character too, where Gradio has nothing to hand on and looks at nothing."""

    def call(caller):
        sent = {"data": ["", "text/shakespeare", 400, 0.8, 0]}
        return f"/call/write/{caller.post('/call/write', json=sent).json()['event_id']}"

    engine.gate, engine.free = asyncio.Event(), free
    try:
        closed_early(page, call, lambda: engine.held > 0)
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate, engine.free, engine.held = None, 8, 0


@pytest.mark.parametrize("free", [0, 8])
def test_a_page_that_is_closed_frees_the_engines_place(page, engine, free):
    number = {fn.name: n for n, fn in page.fns.items()}
    session = f"session{free}"

    def join(caller, name, data):
        sent = {"fn_index": number[name], "data": data, "session_hash": session}
        assert caller.post("/queue/join", json=sent).is_success
        return f"/queue/data?session_hash={session}"

    def write(caller):
        asked = [None, "ROMEO:", "", "text/shakespeare", 0.8, 400, ""]
        return join(caller, "on_write", asked)

    engine.gate, engine.free = asyncio.Event(), free
    try:
        closed_early(page, write, lambda: engine.held > 0)
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate, engine.free, engine.held = None, 8, 0


@pytest.mark.parametrize("sent", [["a", "b"], {"a": 1}, 7, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_text_is_refused(page, engine, sent, lang):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    before = len(engine.begun)
    with pytest.raises(Exception) as refusal:
        client.predict(sent, api_name="/write")
    assert WORDS.say(lang, "error.not_text", sent=str(sent)) in unescape(str(refusal.value))
    assert len(engine.begun) == before


def test_events_that_ask_the_engine_may_run_as_a_batch(page, engine):
    """Gradio's default of one call at a time would leave visitors waiting for each other."""
    most = max(entry.max_batch for entry in engine.entries.values())
    names = {"on_write", "on_continue", "on_open", "on_model", "on_pick", "on_compare", "write"}
    names |= {"on_shown", "on_own", "on_place", "on_take", "on_back", "on_cell"}
    asking = [fn for fn in page.fns.values() if fn.name in names]
    assert {fn.name for fn in asking} == names
    assert all(fn.concurrency_limit == most for fn in asking), [fn.name for fn in asking]
