"""Which language a visitor gets, and how words are said in it."""

from __future__ import annotations

import types

import pytest

from demos.language import Words


def request(lang: str | None = None, accept: str | None = None) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        query_params={"lang": lang} if lang else {},
        headers={"accept-language": accept} if accept else {},
    )


@pytest.mark.parametrize(
    ("lang", "accept", "expected"),
    [
        ("zh", "en-US", "zh"),
        ("en", "zh-CN", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr-FR,fr;q=0.9,zh;q=0.5,en;q=0.3", "zh"),
        (None, "de", "en"),
        ("klingon", "zh-TW", "zh"),
        (None, None, "en"),
    ],
)
def test_the_visitors_language(lang: str | None, accept: str | None, expected: str) -> None:
    assert Words().lang(request(lang, accept)) == expected


def test_the_default_language_is_a_setting() -> None:
    assert Words("zh").lang(request()) == "zh"
    assert Words("zh").lang(None) == "zh"
    assert Words("fr").lang(None) == "en"


def test_a_missing_word_fails_at_once(words: Words) -> None:
    with pytest.raises(KeyError, match=r"home\.nothing"):
        words("home.nothing")
    with pytest.raises(KeyError, match=r"home\.nothing"):
        words.say("en", "home.nothing")


def test_the_speaker_escapes(words: Words) -> None:
    assert words.speaker("en")("error.unknown_model", model="<i>").count("&lt;i&gt;") == 1


def test_markup_is_made_once_per_language() -> None:
    words = Words()
    marker = words.markup(lambda say: f"<p>{say.lang}</p>")
    key = marker.split('"key": "')[1].split('"')[0]
    assert words.i18n.translations_dict["en"][key] == "<p>en</p>"
    assert words.i18n.translations_dict["zh-CN"][key] == "<p>zh</p>"
