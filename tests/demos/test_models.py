"""Whether a model is here is asked before an endpoint answers: none downloads for anyone."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import pytest

from demos import models
from demos.images import points
from demos.language import DEMOS, Words
from pretrained import sources


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_endpoint_fetches_nothing(
    lang: str, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "offline", lambda: offline)
    entry = SimpleNamespace(key="text/large", bytes=500_000_000, licence="MIT")
    monkeypatch.setattr(sources, "state", lambda entry: SimpleNamespace(here=True))
    models.check_here(entry)
    monkeypatch.setattr(sources, "state", lambda entry: SimpleNamespace(here=False))
    with pytest.raises(models.NotHere) as refusal:
        models.check_here(entry)
    sentence = Words().say(lang, f"error.{refusal.value.code}", **refusal.value.fields)
    assert "text/large" in sentence and ("--offline" in sentence) == offline
    assert offline or ("500 MB" in sentence and "MIT" in sentence)


@pytest.mark.parametrize("tab", ["classification", "text", "translation", "images", "detection"])
def test_every_endpoint_that_takes_a_model_asks(tab: str) -> None:
    tree = ast.parse((DEMOS / tab / "api.py").read_text("utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called & {"models.check_here", "check_here"}


@pytest.mark.parametrize("sent", [10**400, -(10**400), float("inf"), float("nan"), 1e300, True])
def test_a_number_of_any_length_is_refused_in_words(sent: float) -> None:
    with pytest.raises(points.BadSeed):
        points.checked_seed(sent)
    with pytest.raises(points.BadCount):
        points.checked_count(sent, 16)


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0.0004, "<1 ms", "<1 毫秒"),
        (0.0251, "25 ms", "25 毫秒"),
        (0.9994, "999 ms", "999 毫秒"),
        (0.9996, "1.0 s", "1.0 秒"),
        (12.34, "12.3 s", "12.3 秒"),
    ],
)
def test_a_time_is_told_in_the_unit_that_one_would_say(seconds, en, zh):
    for lang, said in (("en", en), ("zh", zh)):
        told = models.took(Words().speaker(lang), seconds)
        assert told == said.replace(" ", "\u00a0"), "the unit never stands on a line of its own"
