"""/present: every screen has its claim with a source, in both languages, and asks no other host."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import present
from demos.home import living
from inference.settings import Settings
from pretrained import catalog


def client(words: Any, **settings: Any) -> TestClient:
    engine = SimpleNamespace(entries=catalog.entries(), settings=Settings(**settings))
    return TestClient(Starlette(routes=present.routes(engine, words)))


SCREENS = {screen.key: screen for screens in present.SCREENS.values() for screen in screens}


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_a_screen_shows_a_claim_of_a_bundled_models_card(screen):
    entry = catalog.find(screen.key)
    claim = present.claimed(entry, screen)
    assert entry.bundled and claim is not None and claim.n > 100 and claim.split


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_whole(lang, words):
    html = client(words).get(f"/present?lang={lang}").text
    assert html.count('class="screen') == len(present.SCREENS[lang]) + 2
    assert "{" not in re.sub(r'data-told="[^"]*"', "", html)  # no field is left unfilled
    assert not re.search(r"(src|href)=\"(https?:)?//(?!testserver)", html)
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in html


def test_who_writes_and_what_is_translated_into_are_homes_in_each_language():
    for lang, screens in present.SCREENS.items():
        asked = {screen.name: screen for screen in screens}
        assert asked["write"].key == living.WRITERS[lang][0]
        assert asked["write"].answers == lang
        assert asked["translate"].answers == living.TARGETS[lang]
        assert asked["translate"].key == f"translation/en-{living.TARGETS[lang]}"


def test_the_memory_of_a_screens_model_is_told_and_no_others(words):
    engine = SimpleNamespace(entries=catalog.entries(), settings=Settings())
    rows = [{"key": "text/tang", "bytes": 66_000_000}, {"key": "text/smollm2-135m", "bytes": 9}]
    engine.status = lambda: {"models": rows}
    asked = TestClient(Starlette(routes=present.routes(engine, words)))
    assert asked.get("/present/memory/text/tang").json() == {"bytes": 66_000_000}
    assert asked.get("/present/memory/images/faces-gan").json() == {"bytes": 0}
    assert asked.get("/present/memory/text/smollm2-135m").status_code == 404


@pytest.mark.parametrize("name", ["classify", "detect"])
def test_a_picture_stands_there_first(name, words):
    answer = client(words).get(f"/present/{name}.picture")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
    assert client(words).get("/present/other.picture").status_code == 404


@pytest.mark.parametrize("settings", [{"api": False}, {"api_key": "a long secret"}])
def test_where_v1_is_closed_the_page_says_so(settings, words):
    html = client(words, **settings).get("/present?lang=en").text
    assert words.say("en", "present.no_api") in html
    assert words.say("en", "present.no_api") not in client(words).get("/present?lang=en").text
